//! What the documents name is there: files and folders by their path, functions and types by their name. A map that points nowhere is
//! worse than none.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::sources::{files, read};
use super::{Error, Problem, problem};

/// The documents that name code.
const DOCUMENTS: [&str; 3] = ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/DATA_MODEL.md"];

/// Every name in the documents that nothing in the workspace bears.
pub fn check(root: &Path) -> Result<Vec<Problem>, Error> {
    let known = Known::gather(root)?;
    let mut problems = Vec::new();
    for document in DOCUMENTS {
        let Ok(text) = fs::read_to_string(root.join(document)) else { continue };
        problems.extend(known.check(document, &text));
    }
    Ok(problems)
}

/// What there is: paths from the root, and every word of the code.
struct Known {
    paths: BTreeSet<String>,
    words: BTreeSet<String>,
}

impl Known {
    fn gather(root: &Path) -> Result<Known, Error> {
        let mut known = Known { paths: BTreeSet::new(), words: BTreeSet::new() };
        for folder in ["crates", "docs", ".ci"] {
            for file in files(&root.join(folder))? {
                let relative = file.strip_prefix(root).unwrap_or(&file);
                known.paths.extend(relative.ancestors().map(|path| path.display().to_string()));
                if relative.extension().is_some_and(|ending| ending == "rs" || ending == "sql") {
                    known.words.extend(words(&read(&file)?));
                }
            }
        }
        let top = fs::read_dir(root).map_err(|error| Error::Read(root.to_owned(), error))?;
        known.paths.extend(top.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()));
        Ok(known)
    }

    fn check(&self, document: &str, text: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let unknown = quoted(line).filter(|name| !self.knows(name));
            problems.extend(unknown.map(|name| {
                let text = format!("names `{name}`, which is nowhere in the workspace: correct it");
                problem(format!("{document}:{}", number + 1), text)
            }));
        }
        problems
    }

    /// Whether a name of the documents is borne by something. What is neither path nor name of code (a command, a route) is not looked at.
    fn knows(&self, name: &str) -> bool {
        match () {
            () if is_path(name) => self.has_path(name.trim_end_matches('/')),
            () if is_name(name) => name.rsplit("::").next().is_some_and(|last| self.words.contains(last)),
            () => true,
        }
    }

    /// Paths are those from the root, those below `crates/`, with or without `src/`, and the end of either.
    fn has_path(&self, path: &str) -> bool {
        let end = format!("/{path}");
        let inside = path.split_once('/').map(|(name, rest)| format!("crates/{name}/src/{rest}"));
        inside.is_some_and(|inside| self.paths.contains(&inside))
            || self.paths.contains(path)
            || self.paths.iter().any(|known| known.ends_with(&end))
    }
}

/// The texts between back quotes of a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// A file of this workspace or a folder, as the documents write them.
fn is_path(name: &str) -> bool {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte));
    let is_file = [".rs", ".sql", ".md", ".ftl"].iter().any(|ending| name.ends_with(ending));
    is_plain && !name.starts_with(['/', '.']) && (is_file || name.ends_with('/'))
}

/// A name of code: a path of names, or one with an underscore or a capital inside.
fn is_name(name: &str) -> bool {
    let parts = name.split("::");
    let is_word = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let is_code = name.contains("::") || name.contains('_');
    is_code && parts.into_iter().all(is_word)
}

fn words(source: &str) -> impl Iterator<Item = String> {
    source
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| word.len() > 1)
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Known {
            paths: set(&["README.md", "crates/app/src/feed/take.rs", "crates/app/src/feed", "docs/WIRE.md"]),
            words: set(&["take", "append_uses", "Grown"]),
        }
    }

    #[test]
    fn what_is_there_is_not_complained_of() {
        let text = "`app/src/feed/`, `take.rs`, `feed/take.rs`, `docs/WIRE.md`, `README.md`\n\
            `append_uses`, `feed::take`, `Grown`; `weir verify a.json`, `GET /doctor`, `05`, `*.csv`, `/weir/v1/`";
        assert_eq!(known().check("A.md", text), []);
    }

    #[test]
    fn what_is_not_there_is_named_with_its_line() {
        for name in ["app/src/feed/gone.rs", "gone/", "ake.rs", "feed::gone", "append_use"] {
            let found = known().check("A.md", &format!("fine\nhere is `{name}` ."));
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            let expected = format!("A.md:2: names `{name}`, which is nowhere in the workspace: correct it");
            assert_eq!(found, [expected]);
        }
    }
}
