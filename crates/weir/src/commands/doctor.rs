//! `weir doctor`: what is wrong, and what to do about it. What can be seen from outside is checked here (configuration, token, folder,
//! port, clock), so that it helps where the node does not even start; a running node adds its own checks.

mod start;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crypto::cert::Roots;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::client::{self, Client};
use crate::commands::port::{self, Port};
use crate::commands::view::{moment, time, times_in};
use crate::commands::{Context, closed, failure_sentence, program};
use crate::config::NodeSettings;
use crate::exit::Exit;
use crate::i18n::Arg;
use crate::private;
use crate::problem::{Failure, Message, Result};
use crate::term::{Mark, Step, pad_right};

/// How far the newest file of a node may lie in the future before the clock is taken to have gone back.
const CLOCK_LEAD_MAX: Duration = Duration::from_secs(300);

/// Fields of the node's findings that are times.
const TIMES: [&str; 3] = ["end", "last", "since"];

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Good,
    Warning,
    Bad,
}

impl Found {
    fn as_str(self) -> &'static str {
        match self {
            Found::Good => "ok",
            Found::Warning => "warning",
            Found::Bad => "failed",
        }
    }

    fn mark(self) -> Mark {
        match self {
            Found::Good => Mark::Done,
            Found::Warning => Mark::Refused,
            Found::Bad => Mark::Failed,
        }
    }
}

/// One check: the key of its name, and a sentence with the figures and the way out.
#[derive(Debug)]
struct Check {
    name: &'static str,
    found: Found,
    message: Message,
}

impl Check {
    fn new(name: &'static str, found: Found, message: Message) -> Check {
        Check { name, found, message }
    }

    fn failed(context: &Context, name: &'static str, failure: &Failure) -> Check {
        let told = Message::new("failure-told").with("reason", failure_sentence(context, failure));
        Check::new(name, Found::Bad, told)
    }
}

pub(super) async fn run(context: &Context) -> Result<Exit> {
    let (mut checks, mut from_node) = (Vec::new(), Vec::new());
    match context.node() {
        Err(failure) => checks.push(Check::failed(context, "doctor-config", &failure)),
        Ok(node) => {
            checks.extend(local(context, &node));
            let (port, runs) = port_check(&node).await;
            if !runs {
                checks.extend(start::checks(context, &node).await);
            }
            checks.push(port);
            if runs {
                from_node = ask(context, &node, &mut checks).await;
            }
        }
    }
    tell(context, &checks, &from_node)?;
    let bad = checks.iter().any(|check| check.found == Found::Bad)
        || from_node.iter().any(|check| found(check) == Found::Bad);
    Ok(if bad { Exit::Failure } else { Exit::Ok })
}

/// What needs no running node.
fn local(context: &Context, node: &NodeSettings) -> Vec<Check> {
    let config = Message::new("doctor-config-read")
        .with("path", context.config_path().display())
        .with("name", &node.name);
    vec![
        Check::new("doctor-config", Found::Good, config),
        folder_check(&node.folder),
        token_check(context, node),
        trust_check(&node.trust_file()),
        clock_check(&node.folder, SystemTime::now()),
    ]
}

fn folder_check(folder: &Path) -> Check {
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    let tried = std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe));
    let message = |key| Message::new(key).with("folder", folder.display());
    match tried {
        Ok(()) => Check::new("doctor-folder", Found::Good, message("doctor-folder-writable")),
        Err(error) => {
            Check::new("doctor-folder", Found::Bad, message("doctor-folder-not").with("reason", error))
        }
    }
}

fn token_check(context: &Context, node: &NodeSettings) -> Check {
    let path = node.token_file();
    let message = |key| Message::new(key).with("path", path.display());
    match node.token() {
        Err(failure) => Check::failed(context, "doctor-token", &failure),
        Ok(_) if private::is_open(&path) => {
            Check::new("doctor-token", Found::Bad, message("doctor-token-open"))
        }
        Ok(_) => Check::new("doctor-token", Found::Good, message("doctor-token-closed")),
    }
}

fn trust_check(path: &Path) -> Check {
    let message = |key| Message::new(key).with("path", path.display());
    match std::fs::read_to_string(path) {
        Err(_) => Check::new("doctor-trust", Found::Warning, message("doctor-trust-missing")),
        Ok(text) => match Roots::from_pem(&text) {
            Ok(_) => Check::new("doctor-trust", Found::Good, message("doctor-trust-good")),
            Err(error) => Check::new(
                "doctor-trust",
                Found::Bad,
                Message::new("error-trust").with("file", path.display()).with("reason", error),
            ),
        },
    }
}

/// Without anybody to ask, one thing still shows that a clock went back: files of the node that were written in the future.
fn clock_check(folder: &Path, now: SystemTime) -> Check {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let written = files.filter_map(|entry| entry.metadata().ok()?.modified().ok()).max();
    let lead = written.and_then(|written| written.duration_since(now).ok()).unwrap_or_default();
    if lead > CLOCK_LEAD_MAX {
        let message = Message::new("doctor-clock-back").with("difference", format!("{} s", lead.as_secs()));
        return Check::new("doctor-clock", Found::Bad, message);
    }
    let now = moment(chrono::DateTime::<chrono::Utc>::from(now).timestamp_micros());
    Check::new("doctor-clock", Found::Good, Message::new("doctor-clock-plausible").with("now", now))
}

/// Whether the node's port is free, held by the node, or by somebody else; and whether the node runs.
async fn port_check(node: &NodeSettings) -> (Check, bool) {
    let address = node.local_address();
    let message = |key| Message::new(key).with("address", node.listen);
    match port::look(node.listen) {
        Port::Free => (Check::new("doctor-port", Found::Warning, message("doctor-port-free")), false),
        Port::Unusable { reason } => (
            Check::new("doctor-port", Found::Bad, message("doctor-port-unusable").with("reason", reason)),
            false,
        ),
        Port::Taken { by } => {
            let roots = client::roots(node).unwrap_or_default();
            match client::time_at(&address, roots).await {
                Ok(time) => {
                    let message =
                        message("doctor-port-node").with("id", time.id).with("version", time.version);
                    (Check::new("doctor-port", Found::Good, message), true)
                }
                Err(_) => (taken_by_other(node.listen, by), false),
            }
        }
    }
}

fn taken_by_other(address: SocketAddr, by: Option<String>) -> Check {
    let message = match by {
        Some(by) => Message::new("doctor-port-taken").with("address", address).with("by", by),
        None => Message::new("doctor-port-taken-unknown").with("address", address),
    };
    Check::new("doctor-port", Found::Bad, message)
}

/// The running node's own checks.
async fn ask(context: &Context, node: &NodeSettings, checks: &mut Vec<Check>) -> Vec<Value> {
    let answer = match Client::new(node, context.acting()) {
        Ok(client) => client.get_patiently("/doctor", &[]).await,
        Err(failure) => Err(failure),
    };
    match answer {
        Ok(answer) => answer.get("checks").and_then(Value::as_array).cloned().unwrap_or_default(),
        Err(failure) => {
            checks.push(Check::failed(context, "doctor-node", &failure));
            Vec::new()
        }
    }
}

/// The result of a check of the API (docs/MANAGEMENT-API.md, `GET /doctor`).
fn found(check: &Value) -> Found {
    match member(check, "result") {
        "ok" => Found::Good,
        "warning" => Found::Warning,
        _ => Found::Bad,
    }
}

fn member<'c>(check: &'c Value, name: &str) -> &'c str {
    check.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn tell(context: &Context, checks: &[Check], from_node: &[Value]) -> Result<()> {
    if context.out.is_json() {
        let own = checks.iter().map(|check| {
            json!({"name": check.name.trim_start_matches("doctor-"), "result": check.found.as_str(),
                "detail": context.sentence(&check.message)})
        });
        let all: Vec<Value> = own.chain(from_node.iter().cloned()).collect();
        return context.out.json(&json!({"checks": all})).map_err(closed);
    }
    let own = checks
        .iter()
        .map(|check| (check.found, context.msg(check.name, &[]), context.sentence(&check.message)));
    let lines: Vec<(Found, String, String)> =
        own.chain(from_node.iter().map(|check| line_of(context, check))).collect();
    let label_columns = lines.iter().map(|(_, label, _)| label.width()).max().unwrap_or_default();
    for (found, label, text) in &lines {
        tell_one(context, *found, &pad_right(label, label_columns), text)?;
    }
    Ok(())
}

/// A check of the node's: how it ended, its name, and what it found with the way out.
fn line_of(context: &Context, check: &Value) -> (Found, String, String) {
    let name = member(check, "name");
    let label = label_key(name).map_or_else(|| name.to_owned(), |key| context.msg(key, &[]));
    let text = sentence_key(member(check, "code")).map(|key| said(context, key, check));
    (found(check), label, text.unwrap_or_else(|| as_it_came(check)))
}

/// A finding in the reader's language.
fn said(context: &Context, key: &'static str, check: &Value) -> String {
    let fields = check.get("fields").and_then(Value::as_object).into_iter().flatten();
    let given = fields.map(|(name, value)| (name.as_str(), field(name, value)));
    let program = program();
    let args: Vec<(&str, Arg<'_>)> = given.chain([("program", Arg::from(program.as_str()))]).collect();
    context.msg(key, &args)
}

/// A field of a finding as people read it.
fn field<'v>(name: &str, value: &'v Value) -> Arg<'v> {
    if TIMES.contains(&name) {
        return Arg::from(time(value));
    }
    value.as_u64().map_or_else(|| text_of(value), Arg::Count)
}

fn text_of(value: &Value) -> Arg<'_> {
    value.as_str().map_or_else(|| Arg::Text(value.to_string().into()), Arg::from)
}

/// The finding of a later version, in the words in which it came.
fn as_it_came(check: &Value) -> String {
    let parts = [member(check, "detail"), member(check, "wayOut")];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    times_in(&parts.join(": "))
}

/// The sentence of a finding; none for one of a later version.
fn sentence_key(code: &str) -> Option<&'static str> {
    Some(match code {
        "not-made" => "doctor-said-not-made",
        "store-writes" => "doctor-said-store-writes",
        "store-broken" => "doctor-said-store-broken",
        "disk-free" => "doctor-said-disk-free",
        "disk-little" => "doctor-said-disk-little",
        "disk-unknown" => "doctor-said-disk-unknown",
        "keys-closed" => "doctor-said-keys-closed",
        "keys-open" => "doctor-said-keys-open",
        "certificates-none" => "doctor-said-certificates-none",
        "certificates-hold" => "doctor-said-certificates-hold",
        "certificates-end-soon" => "doctor-said-certificates-end-soon",
        "certificates-ended" => "doctor-said-certificates-ended",
        "clock-unknown" => "doctor-said-clock-unknown",
        "clock-ahead" => "doctor-said-clock-ahead",
        "clock-behind" => "doctor-said-clock-behind",
        "clock-ahead-far" => "doctor-said-clock-ahead-far",
        "clock-behind-far" => "doctor-said-clock-behind-far",
        "feed-nothing" => "doctor-said-feed-nothing",
        "feed-held" => "doctor-said-feed-held",
        "feed-damaged" => "doctor-said-feed-damaged",
        "logs-go-on" => "doctor-said-logs-go-on",
        "logs-stopped" => "doctor-said-logs-stopped",
        "logs-passed-over" => "doctor-said-logs-passed-over",
        "outbox-sends" => "doctor-said-outbox-sends",
        "outbox-given-up" => "doctor-said-outbox-given-up",
        "outbox-late" => "doctor-said-outbox-late",
        "outbox-stuck" => "doctor-said-outbox-stuck",
        "windows-wait" => "doctor-said-windows-wait",
        "windows-late" => "doctor-said-windows-late",
        "windows-refused" => "doctor-said-windows-refused",
        "sources-unchanged" => "doctor-said-sources-unchanged",
        "sources-touched" => "doctor-said-sources-touched",
        "sources-missing" => "doctor-said-sources-missing",
        _ => return None,
    })
}

/// The key of the name of a node's check; none for one of a later version.
fn label_key(name: &str) -> Option<&'static str> {
    Some(match name {
        "store" => "doctor-store",
        "disk" => "doctor-disk",
        "keys" => "doctor-keys",
        "certificates" => "doctor-certificates",
        "clock" => "doctor-clock-above",
        "feed" => "doctor-feed",
        "logs" => "doctor-logs",
        "outbox" => "doctor-outbox",
        "windows" => "doctor-windows",
        "sources" => "doctor-sources",
        _ => return None,
    })
}

/// One line; a warning says so, since its mark differs from a failure's by colour alone.
fn tell_one(context: &Context, found: Found, label: &str, text: &str) -> Result<()> {
    let text = match found {
        Found::Warning => format!("{}{text}", context.msg("label-warning", &[])),
        Found::Good | Found::Bad => text.to_owned(),
    };
    context.out.step(&Step { mark: found.mark(), label, text: &text, time: None }).map_err(closed)
}

#[cfg(test)]
#[path = "doctor_tests.rs"]
mod tests;
