//! `weir resource`: files that a provider catalogues. The node profiles them, so it must see them: they are on its machine.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::cli::{Resource, Words};
use crate::client::Client;
use crate::commands::view::{self, Column, Kind, column};
use crate::commands::{Context, absolute, closed};
use crate::exit::Exit;
use crate::files::{in_json, name_of, no_file};
use crate::problem::{Failure, Result};
use crate::term::{Tone, Unit};

const COLUMNS: [Column; 6] = [
    column("head-resource", &["/id", "/key"], Kind::Text),
    column("head-title", &["/title"], Kind::Words),
    column("head-columns", &["/columns"], Kind::Count),
    column("head-rows", &["/profile/rows", "/rows"], Kind::Count),
    column("head-bytes", &["/profile/bytes", "/bytes"], Kind::Bytes),
    column("head-state", &["/status", "/state"], Kind::State),
];

const LINES: [Column; 9] = [
    column("head-resource", &["/id", "/key"], Kind::Text),
    column("head-title", &["/title"], Kind::Words),
    column("head-columns", &["/columns"], Kind::Count),
    column("head-rows", &["/profile/rows"], Kind::Count),
    column("head-bytes", &["/profile/bytes"], Kind::Bytes),
    column("head-time-range", &["/profile/timeRange"], Kind::Span),
    column("head-encoding", &["/profile/encoding"], Kind::Text),
    column("head-state", &["/state"], Kind::State),
    column("head-problem", &["/problem"], Kind::Text),
];

pub(super) async fn run(command: &Resource, context: &Context) -> Result<Exit> {
    let client = context.client()?;
    match command {
        Resource::List => {
            let answer = with_column_counts(client.get_all("/resources").await?, context.out.is_json());
            view::list(context, &answer, &COLUMNS).map(|()| Exit::Ok)
        }
        Resource::Add { paths, encoding, words } => {
            let files = files(paths)?;
            let extra = Extra { encoding: encoding.as_deref(), words };
            add(&client, context, &files, &extra).await
        }
    }
}

/// What is said about every file of one command.
struct Extra<'a> {
    encoding: Option<&'a str>,
    words: &'a Words,
}

/// Adds file by file. A bad one is named with its reason, and the rest goes on; the first bad one decides how the command ends.
async fn add(client: &Client, context: &Context, files: &[PathBuf], extra: &Extra<'_>) -> Result<Exit> {
    let bar = context.out.progress("", Some(files.len() as u64), Unit::Items);
    let (mut added, mut exit) = (Vec::new(), Exit::Ok);
    for file in files {
        let name = file.with_file_name(name_of(file)).display().to_string();
        bar.label(&context.msg("progress-profiling", &[("file", name.as_str().into())]));
        let answer = match (no_file(file).filter(|_| files.len() > 1), in_json(file)) {
            (Some(reason), _) => {
                Err(Failure { message: reason, ..Failure::new(Exit::BadInput, "bad-file-special") })
            }
            (None, Ok(path)) => client.post("/resources", &body(path, extra)).await,
            (None, Err(failure)) => Err(failure),
        };
        match answer {
            Ok(resource) => added.push(resource),
            Err(failure) if files.len() == 1 || !is_about_one_file(&failure) => return Err(failure),
            Err(failure) => {
                exit = if exit == Exit::Ok { failure.exit } else { exit };
                let reason = super::failure_sentence(context, &failure);
                // A reason that names the file need not be told which one it is.
                let key = if reason.contains(&name) { "resource-left-out" } else { "resource-refused" };
                let text = context.msg(key, &[("file", name.into()), ("reason", reason.into())]);
                tell_left_out(context, file, &failure, &text)?;
            }
        }
        bar.add(1);
    }
    drop(bar);
    let answer = match added.as_slice() {
        [only] if files.len() == 1 => only.clone(),
        _ => Value::Array(added),
    };
    show(context, answer)?;
    Ok(exit)
}

fn show(context: &Context, answer: Value) -> Result<()> {
    let answer = with_column_counts(answer, context.out.is_json());
    if answer.is_object() {
        view::object(context, &answer, &LINES)
    } else {
        view::list(context, &answer, &COLUMNS)
    }
}

/// For people, the number of columns in place of their description.
fn with_column_counts(mut answer: Value, as_it_is: bool) -> Value {
    if as_it_is {
        return answer;
    }
    let count = |item: &mut Value| {
        let columns =
            item.pointer("/profile/columns").or_else(|| item.get("columns")).and_then(Value::as_array);
        if let (Some(count), Some(members)) = (columns.map(Vec::len), item.as_object_mut()) {
            members.insert("columns".into(), json!(count));
        }
    };
    match answer.get_mut("items") {
        Some(Value::Array(items)) => items.iter_mut().for_each(count),
        _ => match &mut answer {
            Value::Array(items) => items.iter_mut().for_each(count),
            other => count(other),
        },
    }
    answer
}

/// A file that is left out, to programs as any other error.
fn tell_left_out(context: &Context, file: &Path, failure: &Failure, text: &str) -> Result<()> {
    if !context.out.is_json() {
        return context.out.labelled(Tone::Bad, &context.msg("label-error", &[]), text).map_err(closed);
    }
    let mut told = super::failure_json(failure, text);
    if let Some(members) = told.as_object_mut() {
        members.insert("file".into(), json!(file.display().to_string()));
    }
    context.note(&told.to_string())
}

/// Whether the other files may fare better.
fn is_about_one_file(failure: &Failure) -> bool {
    failure.problem.is_some() || failure.exit == Exit::BadInput
}

fn body(path: &str, extra: &Extra<'_>) -> Value {
    let mut body = extra.words.members();
    body.insert("path".into(), json!(path));
    if let Some(encoding) = extra.encoding {
        body.insert("encoding".into(), json!(encoding));
    }
    Value::Object(body)
}

impl Words {
    /// The members `title`, `description` and `keywords` of a request, where they were given.
    pub(super) fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let texts = [
            ("title", [&self.title, &self.title_zh, &self.title_en]),
            ("description", [&self.description, &self.description_zh, &self.description_en]),
        ];
        for (name, [both, zh, en]) in texts {
            let text = |one: &Option<String>| one.as_ref().or(both.as_ref()).cloned().unwrap_or_default();
            if [both, zh, en].iter().any(|text| text.is_some()) {
                members.insert(name.into(), json!({"zh": text(zh), "en": text(en)}));
            }
        }
        if !self.keywords.is_empty() {
            let (zh, en): (Vec<&String>, Vec<&String>) =
                self.keywords.iter().partition(|word| is_chinese(word));
            members.insert("keywords".into(), json!({"zh": zh, "en": en}));
        }
        members
    }
}

/// Whether a word has Chinese characters (the unified ideographs, with those of extension A).
fn is_chinese(word: &str) -> bool {
    word.chars().any(|c| matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'))
}

/// The files that were named, and those of the folders that were named: CSV and Parquet, by name.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        let path = absolute(path)?;
        if path.is_dir() {
            found.extend(data_files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

fn data_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::BadInput, "error-no-folder").with("folder", folder.display()).because(error)
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if ["csv", "parquet"].iter().any(|known| extension.eq_ignore_ascii_case(known)) {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(Failure::new(Exit::BadInput, "error-no-data").with("folder", folder.display()));
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use crate::testing::{Reply, Request, Server, context, node};

    #[test]
    fn a_folder_stands_for_its_data_files_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.CSV", "c.parquet", "notes.txt", ".hidden"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(folder.path().join("d.csv")).unwrap();
        let single = folder.path().join("notes.txt");
        let found = files(&[folder.path().to_path_buf(), single.clone()]).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(
            names,
            ["a.CSV", "b.csv", "c.parquet", "d.csv", "notes.txt"],
            "what is no file is named later"
        );
        assert!(found.iter().all(|path| path.is_absolute()));
    }

    #[tokio::test]
    async fn what_is_left_out_is_named_to_people_and_to_programs() {
        let folder = tempfile::tempdir().unwrap();
        let server =
            Server::start(|_: &Request| Reply::json(200, &json!({"id": "7", "state": "registered"}))).await;
        let client = Client::new(&node(folder.path(), server.address), None).unwrap();
        let (good, no_file, odd) =
            (folder.path().join("a.csv"), folder.path().join("d.csv"), folder.path().join("b\u{1b}.csv"));
        std::fs::write(&good, "x").unwrap();
        std::fs::write(&odd, "x").unwrap();
        std::fs::create_dir(&no_file).unwrap();
        let words = Words::default();
        let extra = Extra { encoding: None, words: &words };
        for (flags, told) in [(&[][..], "d.csv"), (&["--json"][..], "\"code\":\"bad-file-folder\"")] {
            let (context, captured) = context(flags);
            let files = [good.clone(), no_file.clone(), odd.clone()];
            let exit = add(&client, &context, &files, &extra).await.unwrap();
            assert_eq!((exit, server.routes().len()), (Exit::BadInput, 1 + usize::from(!flags.is_empty())));
            let err = captured.err();
            assert!(err.contains(told) && !err.contains('\u{1b}'), "{err}");
            let is_json = |line: &str| serde_json::from_str::<Value>(line).is_ok();
            assert!(flags.is_empty() || err.lines().all(is_json), "{err}");
        }
    }

    #[test]
    fn a_folder_without_data_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let failure = files(&[folder.path().to_path_buf()]).unwrap_err();
        assert_eq!((failure.exit, failure.message.key), (Exit::BadInput, "error-no-data"));
    }

    #[test]
    fn one_title_stands_in_both_languages_unless_each_has_its_own() {
        let both = Words { title: Some("ozone".into()), title_zh: Some("臭氧".into()), ..Words::default() };
        assert_eq!(Value::Object(both.members()), json!({"title": {"zh": "臭氧", "en": "ozone"}}));
        let one = Words {
            description_en: Some("hourly".into()),
            keywords: vec!["air".into(), "臭氧".into()],
            ..Words::default()
        };
        assert_eq!(
            Value::Object(one.members()),
            json!({"description": {"zh": "", "en": "hourly"}, "keywords": {"zh": ["臭氧"], "en": ["air"]}})
        );
        assert!(Words::default().members().is_empty());
    }

    #[test]
    fn people_read_how_many_columns_there_are() {
        let answer = json!({"items": [{"profile": {"columns": [{}, {}]}}, {"id": "7"}]});
        let shown = with_column_counts(answer.clone(), false);
        assert_eq!(shown["items"][0]["columns"], 2);
        assert_eq!(shown["items"][1].get("columns"), None);
        assert_eq!(with_column_counts(answer.clone(), true), answer);
        assert_eq!(with_column_counts(json!({"columns": [1]}), false)["columns"], 1);
    }
}
