//! `weir init`: a new node's configuration file, folder, administrator's token, keys and store.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::Init;
use crate::commands::{Context, absolute};
use crate::config::{Config, FILE_NAME, NodeSettings, Role, folder_name};
use crate::exit::Exit;
use crate::i18n::Lang;
use crate::private;
use crate::problem::{Failure, Result};
use crate::{running, wiring};

const HEAD_EN: &str = include_str!("../../templates/head.en.toml");
const HEAD_ZH: &str = include_str!("../../templates/head.zh.toml");
const NODE_EN: &str = include_str!("../../templates/node.en.toml");
const NODE_ZH: &str = include_str!("../../templates/node.zh.toml");

pub(super) async fn run(args: &Init, context: &Context) -> Result<()> {
    let file = absolute(&args.dir)?.join(FILE_NAME);
    let (before, text) = file_text(args, &file, context.messages.lang())?;
    // Everything is checked before anything is written: a refusal leaves no half-made node behind.
    if let Some(before) = &before {
        Config::parse(&file, before)?;
    }
    let config = Config::parse(&file, &text).map_err(|failure| of_flags(args, failure))?;
    let node = config.node(Some(args.name.trim()))?;
    if node.token_file().exists() {
        return Err(Failure::new(Exit::Refused, "error-exists").with("path", node.token_file().display()));
    }
    check_root(node)?;
    check_code(node)?;
    std::fs::create_dir_all(&node.folder).map_err(|error| Failure::unwritable(&node.folder, error))?;
    wiring::prepare(node).await?;
    write_new(&node.token_file(), private::new_token()?.as_bytes(), 0o600)?;
    put_file(&file, &text, args.add).inspect_err(|_| {
        // Without its configuration the token is of no use, and would stand in the way of the next try.
        let _ = std::fs::remove_file(node.token_file());
    })?;
    report(context, &file, node)
}

/// What the file would be refused for lies in the flags, and there is no file yet whose lines could be named.
fn of_flags(args: &Init, failure: Failure) -> Failure {
    let key = failure.message.arg("key").unwrap_or_default();
    let sentence = match (failure.message.key, key) {
        ("config-needed-for-role", "subject") => "init-needs-subject",
        ("config-needed-for-role", "area") => "init-needs-area",
        ("config-not-for-role", "code") if args.role == Role::Connector => "init-connectors-join",
        ("config-not-for-role", _) => "init-not-for-role",
        ("config-plain", _) => "init-plain",
        ("config-empty", _) => "init-name-empty",
        ("config-too-long", _) => "init-name-too-long",
        ("config-address", _) => "init-address",
        ("config-store", _) => "init-store",
        ("config-store-password", _) => "init-store-password",
        ("config-twice", _) => "init-twice",
        _ => return failure,
    };
    let flag = format!("--{key}");
    let mut told = Failure::new(failure.exit, sentence).with("flag", flag).with("role", args.role.as_str());
    told.message.args.extend(failure.message.args);
    told
}

/// The subject and area of a global node are good ones: its identifier and its root are made of them.
fn check_root(node: &NodeSettings) -> Result<()> {
    if node.role != Role::Global {
        return Ok(());
    }
    let refused = |flag| {
        move |error: domain::id::IdError| {
            Failure::new(Exit::Usage, "init-root-refused").with("flag", flag).because(error)
        }
    };
    domain::id::SubjectCode::uscc(node.subject.as_deref().unwrap_or_default())
        .map_err(refused("--subject"))?;
    domain::id::AreaCode::parse(node.area.as_deref().unwrap_or_default()).map_err(refused("--area"))?;
    Ok(())
}

/// What is no enrolment code at all would be refused at the first start; whether the node above knows it shows there only.
fn check_code(node: &NodeSettings) -> Result<()> {
    let Some(code) = &node.code else { return Ok(()) };
    app::identity::check_code(code.expose())
        .map_err(|error| Failure { exit: Exit::Usage, ..running::failed(node, error) })
}

fn report(context: &Context, file: &Path, node: &NodeSettings) -> Result<()> {
    let (path, folder) = (file.display().to_string(), node.folder.display().to_string());
    let answer = json!({"config": path, "node": node.name, "folder": folder, "token": node.token_file(),
        "address": node.address});
    let program = super::program();
    context.result(&answer, || {
        let args =
            |key| context.msg(key, &[("path", path.as_str().into()), ("folder", folder.as_str().into())]);
        [args("init-config"), args("init-folder")].join("\n")
    })?;
    if context.out.is_json() {
        return Ok(());
    }
    let next = if node.role.enrols() && node.code.is_none() { "init-next-code" } else { "init-next" };
    context.note(&context.msg(next, &[("program", program.into()), ("path", path.as_str().into())]))
}

/// The text of the configuration file that is there, and its whole text with the new node.
fn file_text(args: &Init, file: &Path, lang: Lang) -> Result<(Option<String>, String)> {
    let (head, node) = match lang {
        Lang::En => (HEAD_EN, NODE_EN),
        Lang::Zh => (HEAD_ZH, NODE_ZH),
    };
    let table = node_table(args, node);
    match (std::fs::read_to_string(file), args.add) {
        (Ok(text), true) if text.trim().is_empty() => Ok((None, format!("{head}\n{table}"))),
        (Ok(text), true) => {
            let whole = format!("{}\n\n{table}", text.trim_end());
            Ok((Some(text), whole))
        }
        (Ok(_), false) => Err(Failure::new(Exit::Refused, "init-exists").with("path", file.display())),
        (Err(error), _) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok((None, format!("{head}\n{table}")))
        }
        (Err(error), _) => Err(Failure::file(Exit::Failure, "error-config-read", file, error)),
    }
}

/// The node's table from its template: `{name}` and the like are values, quoted; a line whose value is not given is a comment.
fn node_table(args: &Init, template: &str) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let given = |text: &Option<String>| text.as_deref().map(quoted);
    let (address, loopback) = (given(&args.address), args.listen.ip().is_loopback());
    let values = [
        ("name", Some(quoted(args.name.trim()))),
        ("role", Some(quoted(args.role.as_str()))),
        ("listen", Some(quoted(&args.listen.to_string()))),
        ("address", Some(address.unwrap_or_else(|| quoted(&format!("http://{}", args.listen))))),
        ("suite", Some(quoted(args.suite().as_str()))),
        ("folder", Some(quoted(&folder_name(&args.name)))),
        ("store", given(&args.store)),
        ("allow_private", Some(loopback.to_string())),
        ("code", given(&args.code)),
        ("subject", given(&args.subject)),
        ("area", given(&args.area)),
    ];
    template.lines().map(|line| filled(line, &values) + "\n").collect()
}

fn filled(line: &str, values: &[(&str, Option<String>)]) -> String {
    for (name, value) in values {
        let place = format!("{{{name}}}");
        match value {
            Some(value) if line.contains(&place) => {
                return line.trim_start_matches("# ").replace(&place, value);
            }
            None if line.contains(&place) => return line.replace(&place, "\"…\""),
            _ => {}
        }
    }
    line.to_owned()
}

fn put_file(file: &Path, text: &str, replace: bool) -> Result<()> {
    if !replace || !file.exists() {
        return write_new(file, text.as_bytes(), 0o644);
    }
    let beside = PathBuf::from(format!("{}.new", file.display()));
    write_new(&beside, text.as_bytes(), 0o644)?;
    std::fs::rename(&beside, file).map_err(|error| Failure::unwritable(file, error))
}

/// Writes a file that must not be there yet, with its mode from the first byte on.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    with_mode(&mut options, mode);
    let mut file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::new(Exit::Refused, "error-exists").with("path", path.display())
        }
        _ => Failure::unwritable(path, error),
    })?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| Failure::unwritable(path, error))
}

#[cfg(unix)]
fn with_mode(options: &mut OpenOptions, mode: u32) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(mode);
}

#[cfg(not(unix))]
fn with_mode(_: &mut OpenOptions, _: u32) {}

#[cfg(test)]
#[path = "init_tests.rs"]
mod tests;
