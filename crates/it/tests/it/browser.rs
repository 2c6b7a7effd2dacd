//! The pages of a running demo in a real browser: headless Chromium renders them, follows their own addresses, and reports no error.
//!
//! Where there is no Chromium the test says so; with `WEIR_REQUIRE=all` it fails.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use it::data;
use it::needs::needed;
use it::wait::wait_until_in_thread;

use crate::demo::Demo;

/// How long the browser may take for one page.
const RENDERING: Duration = Duration::from_secs(60);
/// The names under which Chromium is installed.
const NAMES: [&str; 2] = ["chromium", "chromium-browser"];

#[test]
fn a_browser_shows_nodes_search_contract_and_receipt_in_both_languages() {
    let Some(browser) = needed("a_browser_shows", "Chromium (package `chromium`)", browser()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    data::csv(&data, "air_aotizhongxin", 60);
    data::csv(&data, "air_tiantan", 50);
    let mut demo = Demo::start(folder.path(), &["--port", "0", "--data", data.to_str().unwrap()]);
    let address = demo.address();
    let dom = |path: &str| rendered(browser, folder.path(), &format!("{address}{path}"));

    for (lang, heading, query, total, good) in [
        ("en", "<h1>Network</h1>", "ozone", "2 products", "Genuine"),
        ("zh", "<h1>网络</h1>", "臭氧", "2 个产品", "回执真实"),
    ] {
        let overview = dom(&format!("/?lang={lang}"));
        assert!(
            overview.contains(&format!("<html lang=\"{lang}")) && overview.contains(heading),
            "{overview}"
        );
        for name in ["global", "region-1100", "region-3100", "industry-0077", "space-1100", "user-3100"] {
            assert!(overview.contains(&format!("<bdi>{name}</bdi>")), "{name} is missing in {overview}");
        }
        let found = dom(&format!("/products?q={query}&lang={lang}"));
        assert!(found.contains(total), "`{total}` is missing in {found}");
        let contract = dom(&link(&dom(&format!("/contracts?lang={lang}")), "/contracts/"));
        let receipt = dom(&link(&contract, "/receipts/"));
        assert_eq!(receipt.matches("<h3 class=\"good\">").count(), 11, "{receipt}");
        assert!(receipt.contains(good) && !receipt.contains("class=\"bad\""), "{receipt}");
    }
    drop(demo);
}

/// The browser, where one is installed.
fn browser() -> Option<&'static str> {
    let runs = |name: &&str| {
        let asked = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    NAMES.into_iter().find(runs)
}

/// The document as the browser has it after loading; a page with an error in its console fails.
#[track_caller]
fn rendered(browser: &str, folder: &Path, url: &str) -> String {
    let (out, err) = (folder.join("dom.html"), folder.join("browser.log"));
    let to = |path: &Path| Stdio::from(std::fs::File::create(path).unwrap());
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--enable-logging=stderr", "--log-level=0", &profile, "--dump-dom", url])
        .stdin(Stdio::null())
        .stdout(to(&out))
        .stderr(to(&err))
        .spawn()
        .unwrap();
    let ended = wait_until_in_thread("the browser to end", RENDERING, || child.try_wait().unwrap());
    let (dom, log) =
        (std::fs::read_to_string(&out).unwrap(), std::fs::read_to_string(&err).unwrap_or_default());
    assert!(ended.success(), "{url}: {ended:?}\n{log}");
    let complaints: Vec<&str> = log.lines().filter(|line| line.contains(":CONSOLE")).collect();
    assert!(complaints.is_empty(), "{url}: {complaints:?}");
    assert!(dom.contains("</html>"), "{url}: {dom}\n{log}");
    dom
}

/// Where the first link below a path leads.
#[track_caller]
fn link(page: &str, below: &str) -> String {
    let begins = format!("href=\"{below}");
    let at = page.find(&begins).unwrap_or_else(|| panic!("no link below {below} in {page}"));
    page[at + 6..].split('"').next().unwrap().replace("&amp;", "&")
}
