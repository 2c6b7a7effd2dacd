//! What may not stand in the sources, and what must.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, Problem, problem};

/// Texts that mark unfinished work, built from halves so that this file does not find itself.
fn unfinished() -> [(String, &'static str); 5] {
    [
        (["TO", "DO"].concat(), "finish it or file it"),
        (["FIX", "ME"].concat(), "finish it or file it"),
        (["unimplemented", "!"].concat(), "implement it"),
        (["to", "do!"].concat(), "implement it"),
        (["#[ign", "ore"].concat(), "let the test run, or remove it"),
    ]
}

/// Every problem of the files below `root`.
pub fn check(root: &Path) -> Result<Vec<Problem>, Error> {
    let mut problems = Vec::new();
    for file in files(&root.join("crates"))? {
        let place = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => problems.extend(check_source(&place, &read(&file)?)),
            _ if file.ends_with("Cargo.toml") => problems.extend(check_manifest(&place, &read(&file)?)),
            _ => {}
        }
    }
    let (english, chinese) = ("README.md", "README.zh-CN.md");
    let texts = [english, chinese].map(|name| fs::read_to_string(root.join(name)).ok());
    problems.extend(check_readmes([english, chinese], texts));
    Ok(problems)
}

fn check_source(place: &str, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !text.starts_with("//!") {
        problems.push(problem(
            place,
            "does not open with `//!`: say what the file is and what it leaves to others",
        ));
    }
    for (needle, way_out) in unfinished() {
        for (number, _) in text.lines().enumerate().filter(|(_, line)| line.contains(&needle)) {
            problems.push(problem(format!("{place}:{}", number + 1), format!("has `{needle}`: {way_out}")));
        }
    }
    problems
}

fn check_manifest(place: &str, text: &str) -> Option<Problem> {
    let section = text.split("[lints]").nth(1).and_then(|section| section.lines().nth(1));
    let missing =
        || problem(place, "does not take the workspace's lints: add `[lints]` with `workspace = true`");
    (section.map(str::trim) != Some("workspace = true")).then(missing)
}

/// Both READMEs are there, and one has as many code blocks as the other: commands are the first thing to go stale.
fn check_readmes(names: [&str; 2], texts: [Option<String>; 2]) -> Vec<Problem> {
    let missing = names.iter().zip(&texts).filter(|(_, text)| text.is_none());
    let mut problems: Vec<Problem> = missing.map(|(name, _)| problem(*name, "is missing")).collect();
    if let ([english, chinese], [Some(first), Some(second)]) = (names, &texts) {
        let (first, second) = (code_blocks(first), code_blocks(second));
        if first != second {
            let text = format!("has {second} code blocks, {english} has {first}: bring them in step");
            problems.push(problem(chinese, text));
        }
    }
    problems
}

fn code_blocks(text: &str) -> usize {
    text.lines().filter(|line| line.trim_start().starts_with("```")).count() / 2
}

/// All files below a folder, build output left out.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error| Error::Read(folder.to_owned(), error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            if !path.ends_with("target") {
                found.extend(files(&path)?);
            }
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

pub(super) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::Read(path.to_owned(), error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_file_opens_with_its_purpose() {
        assert_eq!(check_source("a.rs", "//! A thing.\nfn a() {}\n"), []);
        let found = check_source("a.rs", "fn a() {}\n");
        assert_eq!(found.len(), 1);
        assert!(found.concat_text().starts_with("a.rs: does not open with `//!`"));
    }

    #[test]
    fn unfinished_work_is_named_with_its_line() {
        for (needle, _) in unfinished() {
            let found = check_source("b.rs", &format!("//! A thing.\n\n{needle} later\n"));
            assert_eq!(found.len(), 1, "{needle}");
            assert!(
                found.concat_text().starts_with(&format!("b.rs:3: has `{needle}`")),
                "{}",
                found.concat_text()
            );
        }
    }

    #[test]
    fn manifests_take_the_lints() {
        let right = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n";
        assert_eq!(check_manifest("Cargo.toml", right), None);
        assert!(check_manifest("Cargo.toml", "[package]\n[lints]\nworkspace = false\n").is_some());
        assert!(check_manifest("Cargo.toml", "[package]\nname = \"a\"\n").is_some());
    }

    #[test]
    fn readmes_keep_step() {
        let names = ["README.md", "README.zh-CN.md"];
        let block = "```sh\ncargo run\n```\n".to_owned();
        assert_eq!(check_readmes(names, [Some(block.clone()), Some(format!("说明\n{block}"))]), []);
        let found = check_readmes(names, [Some(format!("{block}{block}")), Some(block.clone())]);
        assert_eq!(
            found.concat_text(),
            "README.zh-CN.md: has 1 code blocks, README.md has 2: bring them in step"
        );
        assert_eq!(check_readmes(names, [Some(block), None]).concat_text(), "README.zh-CN.md: is missing");
    }

    trait ConcatText {
        fn concat_text(&self) -> String;
    }

    impl ConcatText for Vec<Problem> {
        fn concat_text(&self) -> String {
            self.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        }
    }
}
