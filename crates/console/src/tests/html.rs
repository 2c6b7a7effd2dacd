//! Reading pages in tests: whether a document is well formed and accessible, and what it says without its tags.

const VOID: [&str; 8] = ["meta", "link", "br", "input", "img", "hr", "col", "source"];

/// Holds a page to what the pages promise: every element closed, one `h1`, a language, a skip link, a caption in each table, a unique
/// `id` everywhere, no script and no inline style.
pub(crate) fn check_html(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').unwrap_or_else(|| panic!("an open bracket in `{piece}`"));
        if tag.starts_with('!') {
            continue;
        }
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "`</{tag}>` in {html}"),
            None => {
                let name = tag.split_whitespace().next().unwrap_or_default();
                if !VOID.contains(&name) {
                    open.push(name);
                }
            }
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    assert_eq!(html.matches("<h1").count(), 1);
    assert!(html.contains("<html lang=\""));
    assert!(html.contains("class=\"skip\" href=\"#main\"") && html.contains("id=\"main\""));
    assert_eq!(html.matches("<table").count(), html.matches("<caption").count());
    assert!(!html.contains("<script") && !html.contains(" style=") && !html.contains("javascript:"));
    let mut ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "an id stands twice");
}

/// What a page says between its header and its footer, one line for each piece of text.
pub(crate) fn text_of(html: &str) -> String {
    let main = html.split("<main").nth(1).and_then(|rest| rest.split("</main>").next()).unwrap_or_default();
    let mut lines = Vec::new();
    for piece in main.split('<') {
        let text = piece.split_once('>').map_or("", |(_, text)| text).trim();
        if !text.is_empty() {
            lines.push(
                text.replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&").replace("&#39;", "'"),
            );
        }
    }
    lines.join("\n") + "\n"
}
