//! The two files agree with each other, with the code and with the templates.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use ledger::receipt::StepKind;

use fluent_bundle::FluentResource;

use super::*;

/// Keys of a file, each with the variables of its sentence.
fn written(lang: Lang) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut key = String::new();
    for line in source(lang).lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if !line.starts_with(' ') {
            let (name, _) = line.split_once(" =").unwrap();
            key = name.to_owned();
            assert!(found.insert(key.clone(), BTreeSet::new()).is_none(), "`{key}` stands twice");
        }
        let names = line.split('$').skip(1).map(|rest| {
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
        });
        found.get_mut(&key).unwrap().extend(names);
    }
    found
}

/// Everything in quotes in code and templates.
fn literals(folder: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                literals(&path, into);
            }
        } else if !name.ends_with("tests.rs") {
            let source = fs::read_to_string(&path).unwrap();
            into.extend(source.split('"').map(str::to_owned));
        }
    }
}

fn named() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = BTreeSet::new();
    literals(&root.join("src"), &mut all);
    literals(&root.join("templates"), &mut all);
    // Keys that are made from codes of other crates.
    for step in StepKind::ALL {
        all.insert(format!("step-{}", step.code()));
        all.insert(format!("checked-{}", step.code()));
    }
    for fault in crate::pages::receipt::tests::every_fault() {
        all.insert(format!("fault-{}", fault.code()));
    }
    all
}

#[test]
fn every_file_can_be_read_whole() {
    for lang in Lang::ALL {
        if let Err((_, errors)) = FluentResource::try_new(source(lang).to_owned()) {
            panic!("{}: {errors:?}", lang.tag());
        }
    }
}

#[test]
fn both_files_have_the_same_keys_and_variables() {
    let (en, zh) = (written(Lang::En), written(Lang::Zh));
    assert!(en.len() > 200, "the scan found only {}", en.len());
    assert_eq!(en.keys().collect::<Vec<_>>(), zh.keys().collect::<Vec<_>>());
    for (key, variables) in &en {
        assert_eq!(variables, &zh[key], "{key}");
    }
}

#[test]
fn every_sentence_is_used_and_every_key_is_there() {
    let (keys, named) = (written(Lang::En), named());
    let unused: Vec<&String> = keys.keys().filter(|key| !named.contains(*key)).collect();
    assert!(unused.is_empty(), "no code names {unused:?}");
    let prefixes: BTreeSet<&str> =
        keys.keys().filter_map(|key| key.split_once('-')).map(|(p, _)| p).collect();
    let lacking: Vec<&String> = named
        .iter()
        .filter(|text| text.split_once('-').is_some_and(|(prefix, _)| prefixes.contains(prefix)))
        .filter(|text| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'))
        .filter(|text| !text.ends_with('-') && !keys.contains_key(*text))
        .collect();
    assert!(lacking.is_empty(), "no sentence of {lacking:?}");
}

#[test]
fn no_file_holds_the_other_language() {
    let han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let own: Vec<&str> = EN.lines().filter(|line| han(line)).collect();
    assert_eq!(own, ["other-language = 中文"]);
    let messages = sentences(Lang::Zh);
    let chinese = written(Lang::Zh).keys().filter(|key| han(&messages.msg(key, &[]))).count();
    assert!(chinese * 10 > written(Lang::Zh).len() * 9, "only {chinese} sentences are Chinese");
}

#[test]
fn every_sentence_can_be_written_with_all_its_values() {
    for lang in Lang::ALL {
        let messages = sentences(lang);
        for (key, variables) in written(lang) {
            for value in [Arg::from("text"), Arg::Count(0), Arg::Count(1), Arg::Count(u64::MAX)] {
                let args: Vec<_> = variables.iter().map(|name| (name.as_str(), value.clone())).collect();
                let sentence = messages.msg(&key, &args);
                assert!(!sentence.contains("{$") && !sentence.contains("{ $"), "{key}: {sentence}");
                assert!(!sentence.is_empty() && sentence != key, "{key}: {sentence}");
            }
        }
    }
}

#[test]
fn numbers_choose_their_plural_and_are_grouped() {
    let messages = sentences(Lang::En);
    let of = |count: u64| messages.msg("products-all", &[("count", count.into())]);
    assert_eq!([of(1), of(1234)], ["1 product.", "1,234 products."]);
    let listed = |count: u64| messages.msg("products-listed", &[("count", count.into())]);
    assert_eq!([listed(0), listed(1), listed(2)], ["not listed", "on 1 service node", "on 2 service nodes"]);
}

#[test]
fn a_missing_key_comes_back_as_itself() {
    assert_eq!(sentences(Lang::En).msg("no-such-key", &[]), "no-such-key");
}

#[test]
fn tags_are_read_in_any_case_and_others_are_none() {
    for (tag, lang) in [("zh", Lang::Zh), ("ZH-hans-CN", Lang::Zh), ("zh_TW", Lang::Zh), ("en-GB", Lang::En)]
    {
        assert_eq!(tag.parse().ok(), Some(lang), "{tag}");
    }
    for tag in ["", "*", "de", "zhx", "-zh"] {
        assert_eq!(tag.parse::<Lang>().ok(), None, "{tag}");
    }
}
