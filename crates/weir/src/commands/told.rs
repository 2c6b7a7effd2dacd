//! What went wrong at a node, in the reader's language: the sentence of its case with the values, else that of its code with the
//! node's own words in brackets (docs/MANAGEMENT-API.md, "Problems").

use serde_json::{Map, Value};

use super::view;
use crate::commands::{Context, program};
use crate::i18n::Arg;
use crate::problem::Problem;

/// Fields whose values are numbers of something, and are not grouped by thousands.
const NUMBERS: [&str; 10] =
    ["line", "column", "first", "second", "position", "window", "round", "found", "known", "answered"];
/// Fields whose values are words of the node's that have a word in either language.
const WORDS: [&str; 7] = ["object", "state", "kind", "input", "role", "runs", "constraint"];
/// Cases that are about a file, whose sentences do not name it.
const OF_A_FILE: [&str; 15] = [
    "file-empty",
    "file-text",
    "file-encoding",
    "file-ragged",
    "file-row",
    "file-quote",
    "file-columns",
    "file-header",
    "file-nameless",
    "file-long-name",
    "file-control-name",
    "file-changing",
    "file-parquet",
    "file-unreadable",
    "file-defect",
];

/// The sentence of a problem.
pub(crate) fn sentence(context: &Context, problem: &Problem) -> String {
    if problem.detail.is_empty() && problem.title.is_empty() {
        return context.msg("failure-status", &[("status", problem.status.to_string().into())]);
    }
    let told = of_case(context, &problem.fields).unwrap_or_else(|| of_code(context, problem));
    let told = match text(&problem.fields, "peer") {
        Some(peer) => of_peer(context, peer, told, &problem.fields),
        None => told,
    };
    view::times_in(&told)
}

fn of_peer(context: &Context, peer: &str, told: String, fields: &Map<String, Value>) -> String {
    let code = text(fields, "peerCode").unwrap_or_default();
    context.msg("failure-peer", &[("peer", peer.into()), ("told", told.into()), ("code", code.into())])
}

/// The sentence of a case; none for one of a later version.
fn of_case(context: &Context, fields: &Map<String, Value>) -> Option<String> {
    let case = text(fields, "case")?;
    if OF_A_FILE.contains(&case) {
        let told = filled(context, &format!("bad-{case}"), fields);
        let path = text(fields, "path").unwrap_or_default();
        return Some(context.msg("failure-file", &[("path", path.into()), ("told", told.into())]));
    }
    let possible = commands(fields);
    let key = match case {
        "not-possible" if is_withdrawn_product(fields) => "not-possible-withdrawn".to_owned(),
        "not-possible" if possible.is_empty() => "told-not-possible-any-more".to_owned(),
        _ => format!("told-{case}"),
    };
    if !context.messages.has(&key) {
        return None;
    }
    let mut fields = fields.clone();
    if case == "not-possible" {
        fields.insert("possible".to_owned(), possible.into());
    }
    Some(filled(context, &key, &fields))
}

fn is_withdrawn_product(fields: &Map<String, Value>) -> bool {
    text(fields, "object") == Some("product") && text(fields, "state") == Some("withdrawn")
}

fn filled(context: &Context, key: &str, fields: &Map<String, Value>) -> String {
    let program = program();
    let given = fields.iter().map(|(name, value)| (name.as_str(), shown(context, name, value)));
    let args: Vec<(&str, Arg<'_>)> = given.chain([("program", Arg::from(program.as_str()))]).collect();
    context.msg(key, &args)
}

fn shown<'v>(context: &Context, name: &str, value: &'v Value) -> Arg<'v> {
    match value {
        Value::String(word) if WORDS.contains(&name) => {
            let limit = if name == "constraint" { "limit-" } else { "" };
            Arg::from(view::word(context, &format!("{limit}{word}"), word))
        }
        // Who holds a store: the store says `process 7`, or that it is another process.
        Value::String(holder) if name == "holder" => match holder.strip_prefix("process ") {
            Some(id) => Arg::from(format!("{} {id}", view::word(context, "process", "process"))),
            None => Arg::from(view::word(context, holder, holder)),
        },
        Value::String(text) => Arg::from(text.as_str()),
        Value::Number(number) if NUMBERS.contains(&name) => Arg::from(number.to_string()),
        Value::Number(number) => number.as_u64().map_or_else(|| number.to_string().into(), Arg::Count),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(view::plain).collect();
            all.join(&context.msg("list-comma", &[])).into()
        }
        other => other.to_string().into(),
    }
}

/// What is possible in the object's state, as commands; a peer's inputs and the clock's are none.
fn commands(fields: &Map<String, Value>) -> String {
    let object = text(fields, "object").unwrap_or_default();
    let possible = text(fields, "possible").unwrap_or_default();
    let known = possible.split(", ").filter_map(|input| {
        Some(match (object, input) {
            ("contract", "propose") => "`contract counter`",
            ("contract", "accept") => "`contract accept`",
            ("contract", "sign") => "`contract sign`",
            ("contract", "reject") => "`contract reject`",
            ("contract", "terminate") => "`contract terminate`",
            ("product", "list") => "`product list`",
            ("product", "delist") => "`product delist`",
            ("product", "withdraw") => "`product withdraw`",
            _ => return None,
        })
    });
    known.collect::<Vec<_>>().join(", ")
}

/// The sentence of a code, with the node's words in it.
fn of_code(context: &Context, problem: &Problem) -> String {
    let key = format!("problem-{}", problem.code);
    let key = if context.messages.has(&key) { key } else { "problem-other".to_owned() };
    let own = if problem.detail.is_empty() { &problem.title } else { &problem.detail };
    // The sentence of a peer's refusal names the peer and its code; its own words say the rest.
    let words =
        text(&problem.fields, "reason").filter(|_| problem.fields.contains_key("peer")).unwrap_or(own);
    let words = match text(&problem.fields, "field") {
        Some(field) if !words.contains(field) => format!("{words}: `{field}`"),
        _ => words.to_owned(),
    };
    context.msg(&key, &[("reason", words.into())])
}

fn text<'f>(fields: &'f Map<String, Value>, name: &str) -> Option<&'f str> {
    fields.get(name).and_then(Value::as_str)
}

#[cfg(test)]
#[path = "told_tests.rs"]
mod tests;
