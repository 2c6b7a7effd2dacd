//! The command line: what is accepted, what is refused, and that everything has its help in both languages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;

use super::help::{TOP, arg_key};
use super::*;
use crate::testing;

fn parsed(args: &[&str]) -> Result<Cli, clap::Error> {
    let args: Vec<OsString> = ["weir"].iter().chain(args).map(Into::into).collect();
    parse(&args, &Messages::new(Lang::En))
}

/// Every command with its key, the top one first.
fn walk(command: &clap::Command, key: &str, found: &mut Vec<(String, clap::Command)>) {
    found.push((key.to_owned(), command.clone()));
    for sub in command.get_subcommands() {
        walk(sub, &format!("{key}-{}", sub.get_name()), found);
    }
}

fn all(lang: Lang) -> Vec<(String, clap::Command)> {
    let mut found = Vec::new();
    walk(&command(&Messages::new(lang)), TOP, &mut found);
    found
}

#[test]
fn the_definition_is_sound_in_both_languages() {
    for lang in Lang::ALL {
        command(&Messages::new(lang)).debug_assert();
    }
}

#[test]
fn every_command_has_words_and_examples_and_every_argument_has_words() {
    for lang in Lang::ALL {
        for (key, command) in all(lang) {
            assert!(command.get_about().is_some(), "{lang} {key} has no description");
            let more = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(more.contains("\n  weir "), "{lang} {key} has no example: {more}");
            for arg in command.get_arguments() {
                assert!(
                    arg.get_help().is_some_and(|help| !help.to_string().is_empty()),
                    "{lang} {key} {}",
                    arg.get_id()
                );
            }
        }
    }
}

#[test]
fn no_help_of_the_catalogue_is_for_what_does_not_exist() {
    let mut expected: BTreeSet<String> =
        ["usage", "commands", "arguments", "options"].map(|heading| format!("help-heading-{heading}")).into();
    expected.extend(["values", "default", "env", "options"].map(|note| format!("help-note-{note}")));
    let messages = Messages::new(Lang::En);
    for (key, command) in all(Lang::En) {
        let own = if key == TOP { "help-weir" } else { key.as_str() };
        expected.extend([own.to_owned(), format!("{own}-more")]);
        expected.extend(
            command.get_arguments().filter_map(|arg| arg_key(arg.get_id().as_str(), &key, &messages)),
        );
    }
    let source = include_str!("../../locales/en.ftl");
    let written: BTreeSet<String> = source
        .lines()
        .filter(|line| line.starts_with("help-"))
        .filter_map(|line| Some(line.split_once(" =")?.0.to_owned()))
        .collect();
    assert_eq!(written, expected);
}

#[test]
fn every_help_page_names_its_usage_and_its_flags() {
    for (key, mut command) in all(Lang::En) {
        let page = command.render_long_help().to_string();
        assert!(page.contains("Usage: ") && page.contains("Examples:"), "{key}: {page}");
        for arg in command.get_arguments() {
            let name = arg.get_long().map_or_else(|| format!("{}", arg), |long| format!("--{long}"));
            assert!(page.contains(&name), "{key} does not show {name}");
        }
    }
    let (_, mut contract) = all(Lang::Zh).into_iter().find(|(key, _)| key == "help-contract").unwrap();
    let page = contract.render_help().to_string();
    for word in ["用法：", "命令", "选项", "示例：", "propose"] {
        assert!(page.contains(word), "{word}: {page}");
    }
}

#[test]
fn no_help_page_has_words_of_another_language() {
    for lang in Lang::ALL {
        for (key, mut command) in all(lang) {
            for page in [command.render_help().to_string(), command.render_long_help().to_string()] {
                for word in ["ossible values", "[default", "[env", "<COMMAND>", "[COMMAND]"] {
                    assert!(!page.contains(word) || lang == Lang::En, "{lang} {key} has `{word}`: {page}");
                }
                assert!(lang == Lang::Zh || !page.contains("节点"), "{key}: {page}");
            }
        }
    }
    let (_, mut init) = all(Lang::Zh).into_iter().find(|(key, _)| key == "help-init").unwrap();
    let page = init.render_long_help().to_string();
    assert!(
        page.contains("可用：global，region，industry，service，connector") && page.contains("默认：sm"),
        "{page}"
    );
    let page = command(&Messages::new(Lang::Zh)).render_help().to_string();
    assert!(page.contains("（或用变量 WEIR_CONFIG）"), "{page}");
}

#[test]
fn the_example_of_every_help_page_can_be_typed() {
    for (key, command) in all(Lang::En) {
        let more = command.get_after_help().unwrap().to_string();
        for line in more.lines().filter_map(|line| line.strip_prefix("  weir ")) {
            let line = line
                .split([' '])
                .take_while(|word| !matches!(*word, "|" | ">"))
                .collect::<Vec<_>>()
                .join(" ");
            let args = words(&line);
            let args: Vec<_> = args.iter().map(String::as_str).collect();
            parsed(&args).unwrap_or_else(|error| panic!("{key}: weir {line}: {error}"));
        }
    }
}

/// Splits as a shell does, as far as the examples need it: double quotes hold a word together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    for args in [&["--json", "--node", "a", "status"], &["status", "--json", "--node", "a"]] {
        let cli = parsed(args).unwrap();
        assert!(cli.global.json);
        assert_eq!(cli.global.node.as_deref(), Some("a"));
        assert!(matches!(cli.command, Command::Status));
    }
    let cli = parsed(&["usage", "--as", "5A", "--config", "/x/weir.toml", "--lang", "zh_CN.UTF-8"]).unwrap();
    assert_eq!(cli.global.acting.as_deref(), Some("5A"));
    assert_eq!(cli.global.config, PathBuf::from("/x/weir.toml"));
    assert_eq!(cli.global.lang, Some(Lang::Zh));
}

#[test]
fn what_is_missing_or_does_not_fit_is_refused() {
    for args in [
        &["init", "--role", "region"][..],
        &["init", "--role", "regio", "--name", "a", "--listen", "127.0.0.1:1"],
        &["init", "--role", "region", "--name", "a", "--listen", "localhost"],
        &["contract", "propose"],
        &["contract", "propose", "6A", "--count", "0"],
        &["contract", "propose", "6A", "--terms", "t.json", "--count", "1"],
        &["contract", "terminate", "C1"],
        &["product", "list", "--on", "4A"],
        &["get", "C1", "--receipt-only"],
        &["search"],
        &["search", "x", "--limit", "101"],
        &["demo", "--data", "d", "--seed", "2"],
        &["completions", "tcsh"],
        &["status", "--lang", "fr"],
        &[],
    ] {
        let error = parsed(args).err().unwrap_or_else(|| panic!("{args:?} was accepted"));
        assert_eq!(error.exit_code(), i32::from(crate::exit::Exit::Usage.code()), "{args:?}");
    }
}

#[test]
fn lists_are_separated_by_commas_or_repeated() {
    let Command::Contract(Contract::Propose { terms, .. }) = testing::command(&[
        "contract", "propose", "6A", "--field", "PM2.5,O3", "--field", "CO", "--region", "3100",
    ]) else {
        panic!("not a proposal");
    };
    assert_eq!(terms.fields, ["PM2.5", "O3", "CO"]);
    assert_eq!(terms.regions, ["3100"]);
}

#[test]
fn the_language_is_known_before_anything_is_parsed() {
    let of = |args: &[&str], lang: Option<&str>| {
        let args: Vec<OsString> = args.iter().map(Into::into).collect();
        language(&args, |name| (name == "LANG").then(|| lang.map(str::to_owned)).flatten())
    };
    assert_eq!(of(&["weir", "--lang", "zh", "--hlep"], None), Lang::Zh);
    assert_eq!(of(&["weir", "status", "--lang=zh"], Some("en_GB.UTF-8")), Lang::Zh);
    assert_eq!(of(&["weir", "status"], Some("zh_CN.UTF-8")), Lang::Zh);
    assert_eq!(of(&["weir", "--lang", "fr"], Some("zh_CN.UTF-8")), Lang::Zh);
    assert_eq!(of(&["weir", "--lang"], None), Lang::En);
}
