//! The catalogues agree with each other and with the code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fluent_bundle::FluentResource;

use super::*;

/// Beginnings of keys that the code puts together from parts; the tests of the command line hold that none is missing or left over.
const COMPOSED: [&str; 4] = ["help-", "told-", "problem-", "word-"];

/// Calls that take a key as their first literal.
const NAMES_A_KEY: [&str; 4] = ["msg(", "Message::new(", "Failure::new(", "Failure::file("];

/// Keys of a file, each with the variables of its sentence.
fn sentences(lang: Lang) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut key = String::new();
    for line in source(lang).lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let text = match line.split_once(" = ") {
            Some((name, text)) if !line.starts_with(' ') => {
                key = name.to_owned();
                assert!(found.insert(key.clone(), BTreeSet::new()).is_none(), "{lang}: `{key}` stands twice");
                text
            }
            _ => line,
        };
        found.get_mut(&key).unwrap().extend(variables(text));
    }
    found
}

fn variables(text: &str) -> Vec<String> {
    let name = |after: &str| {
        after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-').collect()
    };
    text.split('$').skip(1).map(name).collect()
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            found.push((path.clone(), without_tests(&fs::read_to_string(&path).unwrap())));
        }
    }
    found
}

/// Tests stand at the end of a file, and may make keys up.
fn without_tests(source: &str) -> String {
    source.split("#[cfg(test)]\n").next().unwrap().to_owned()
}

/// What a key may look like: words of small letters and digits with hyphens between them.
fn is_key(text: &str) -> bool {
    text.contains('-') && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The keys that calls take: a literal as the first argument, or after one that is a path (`Exit::Usage`).
fn named(source: &str) -> Vec<&str> {
    NAMES_A_KEY.iter().flat_map(|call| source.split(call).skip(1)).filter_map(first_literal).collect()
}

fn first_literal(arguments: &str) -> Option<&str> {
    let (before, rest) = arguments.split_once('"')?;
    let is_path = |c: char| c.is_alphanumeric() || c.is_whitespace() || c == ':' || c == ',';
    let key = rest.split('"').next()?;
    (before.chars().all(is_path) && is_key(key)).then_some(key)
}

fn program() -> Vec<(PathBuf, String)> {
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

#[test]
fn every_file_can_be_read_whole() {
    for lang in Lang::ALL {
        if let Err((_, errors)) = FluentResource::try_new(source(lang).to_owned()) {
            panic!("{lang}: {errors:?}");
        }
    }
}

#[test]
fn both_files_have_the_same_keys_and_variables() {
    let (en, zh) = (sentences(Lang::En), sentences(Lang::Zh));
    assert!(en.len() > 100, "the scan found only {}", en.len());
    assert_eq!(en.keys().collect::<Vec<_>>(), zh.keys().collect::<Vec<_>>());
    for (key, variables) in &en {
        assert_eq!(variables, &zh[key], "{key}");
    }
}

#[test]
fn no_file_holds_the_other_language() {
    let han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    assert!(!han(EN));
    let messages = Messages::new(Lang::Zh);
    let chinese = sentences(Lang::Zh).keys().filter(|key| han(&messages.msg(key, &[]))).count();
    assert!(chinese * 10 > sentences(Lang::Zh).len() * 8, "only {chinese} sentences are Chinese");
}

#[test]
fn every_sentence_can_be_written_with_all_its_values() {
    for lang in Lang::ALL {
        let messages = Messages::new(lang);
        for (key, variables) in sentences(lang) {
            for value in [Arg::from("text"), Arg::Count(0), Arg::Count(1), Arg::Count(u64::MAX)] {
                let args: Vec<_> = variables.iter().map(|name| (name.as_str(), value.clone())).collect();
                let sentence = messages.msg(&key, &args);
                assert!(!sentence.contains("{$") && !sentence.contains("{ $"), "{lang} {key}: {sentence}");
                assert!(!sentence.is_empty() && sentence != key, "{lang} {key}");
            }
        }
    }
}

#[test]
fn every_key_that_the_code_names_is_in_the_catalogue() {
    let known = sentences(Lang::En);
    for (path, source) in program() {
        for key in named(&source) {
            assert!(known.contains_key(key), "{}: no sentence `{key}` in locales/", path.display());
        }
    }
}

#[test]
fn every_sentence_is_used() {
    let sources = program();
    let used = |key: &str| sources.iter().any(|(_, source)| source.contains(&format!("\"{key}\"")));
    let sentences = sentences(Lang::En);
    let composed = |key: &str| COMPOSED.iter().any(|start| key.starts_with(start));
    let unused: Vec<_> = sentences.keys().filter(|key| !composed(key) && !used(key)).collect();
    assert!(unused.is_empty(), "no code uses {unused:?}: remove them from locales/");
}

/// Keys also stand in tables, away from the calls that take them.
#[test]
fn every_word_of_a_family_of_keys_is_in_the_catalogue() {
    let families = [
        "client-", "config-", "doctor-", "error-", "failure-", "get-", "head-", "init-", "state-", "terms-",
        "token-", "verify-",
    ];
    let (known, mut found) = (sentences(Lang::En), 0);
    for (path, source) in program() {
        for word in source.split('"').skip(1).step_by(2).filter(|word| is_key(word)) {
            if families.iter().any(|family| word.len() > family.len() && word.starts_with(family)) {
                found += 1;
                assert!(known.contains_key(word), "{}: no sentence `{word}`", path.display());
            }
        }
    }
    assert!(found > 150, "the scan found only {found}");
}

#[test]
fn the_scan_sees_keys_and_nothing_else() {
    let source = r#"m.msg("step-found", &[]); m.msg(
            "step-listed", &[]); msg(key); say("c-d"); msg("{}"); Message::new("a-b");
            Failure::new(Exit::Usage, "e-f"); Failure::new(exit, key).with("g-h", 1)"#;
    assert_eq!(named(source), ["step-found", "step-listed", "a-b", "e-f"]);
    assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests { b }"), "a\n");
    assert_eq!(variables("{ $a } { $b-c ->"), ["a", "b-c"]);
}

#[test]
fn numbers_are_grouped_and_choose_their_plural() {
    let messages = Messages::new(Lang::En);
    let verified = |count: u64| messages.msg("verify-all", &[("receipts", count.into())]);
    assert_eq!(verified(1), "1 receipt verified");
    assert_eq!(verified(0), "0 receipts verified");
    assert_eq!(verified(420_768), "420,768 receipts verified");
    assert_eq!(verified(u64::MAX), "18,446,744,073,709,551,615 receipts verified");
    let zh = Messages::new(Lang::Zh);
    assert_eq!(zh.msg("verify-all", &[("receipts", 12_usize.into())]), "12 份回执验证通过");
}

#[test]
fn text_stays_as_it_is() {
    let messages = Messages::new(Lang::En);
    let args = [("port", "8080".into()), ("reason", "in use".into())];
    let sentence = messages.msg("demo-port-taken", &args);
    assert!(sentence.starts_with("Port 8080 on 127.0.0.1 cannot be used (in use)"), "{sentence}");
    assert!(sentence.is_ascii(), "no isolation marks: {sentence:?}");
    let hostile = messages.msg("error-other", &[("reason", "{ $x } %s {\"\"}".into())]);
    assert_eq!(hostile, "{ $x } %s {\"\"}", "a value is no pattern");
}

#[test]
fn a_hole_is_shown_not_hidden() {
    let messages = Messages::new(Lang::En);
    assert_eq!(messages.msg("test-nowhere", &[]), "test-nowhere");
    assert!(!messages.has("test-nowhere") && messages.has("step-found"));
    assert!(messages.msg("verify-all", &[]).contains("receipts"));
}

#[test]
fn languages_are_read_from_tags_and_locales() {
    for text in ["zh", "ZH", "zh-CN", "zh_CN.UTF-8", "zh_TW@radical", "zh-Hans-CN"] {
        assert_eq!(text.parse(), Ok(Lang::Zh), "{text}");
    }
    for text in ["en", "en_GB.UTF-8", "EN-us"] {
        assert_eq!(text.parse(), Ok(Lang::En), "{text}");
    }
    for text in ["", "C", "POSIX", "de_DE.UTF-8", "zhong", "english", "-"] {
        assert_eq!(text.parse::<Lang>(), Err(UnknownLang(text.to_owned())));
    }
    assert_eq!("fr".parse::<Lang>().unwrap_err().to_string(), "unknown language `fr`: expected en or zh");
}

#[test]
fn the_first_variable_that_is_set_decides() {
    let from = Lang::from_env;
    assert_eq!(from(None, None, Some("zh_CN.UTF-8")), Lang::Zh);
    assert_eq!(from(Some(""), Some("zh_CN"), Some("en_GB")), Lang::Zh);
    assert_eq!(from(Some("C"), Some("zh_CN"), Some("zh_CN")), Lang::En, "LC_ALL=C asks for plain English");
    assert_eq!(from(Some("zh_CN"), Some("en"), None), Lang::Zh);
    assert_eq!(from(None, None, None), Lang::En);
    assert_eq!(from(None, None, Some("de_DE")), Lang::En);
}

#[test]
fn messages_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Messages::new(Lang::En));
}
