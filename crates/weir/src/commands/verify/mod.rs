//! `weir verify`: checks receipts offline, with nothing but the pinned trust (`ledger::receipt`), and holds the data file beside each
//! against it.

mod data;
mod sentences;

use std::path::{Path, PathBuf};

use chrono::Utc;
use crypto::cert::Roots;
use ledger::LedgerError;
use ledger::receipt::{MAX_RECEIPT_BYTES, Receipt, ReceiptKind, Report, Verifier};
use serde::Deserialize as _;
use serde_json::{Value, json};

use self::data::{DataFile, Found};
use self::sentences::{data_sentence, detail, part_key, step_key};
use crate::cli::Verify;
use crate::commands::{Context, closed};
use crate::download::RECEIPT_ENDING;
use crate::exit::Exit;
use crate::files::{name_of, read_within};
use crate::problem::{Failure, Result};
use crate::term::{Mark, Step, Tone, Unit};

/// The longest trust file that is read, in bytes.
const TRUST_BYTES_MAX: u64 = 1 << 20;

/// How a certificate begins in a trust file.
const PEM_BEGIN: &str = "-----BEGIN CERTIFICATE-----";

pub(super) fn run(args: &Verify, context: &Context) -> Result<Exit> {
    let trust = trust_file(args, context)?;
    let roots = read_roots(&trust)?;
    let files = files(&args.paths)?;
    let mut verifier = Verifier::new(&roots, Utc::now().timestamp());
    let bar =
        context.out.progress(&context.msg("progress-verifying", &[]), Some(files.len() as u64), Unit::Items);
    let mut found = Vec::with_capacity(files.len());
    for file in files {
        let checked = read(&file).map(|receipt| {
            let report = verifier.verify(&receipt);
            Verified { data: DataFile::beside(&file, &report.record), report }
        });
        found.push((file, checked));
        bar.add(1);
    }
    drop(bar);
    tell(context, &found)?;
    Ok(exit(&found))
}

/// What was found of a readable receipt.
struct Verified {
    report: Report,
    /// The data file beside it, where its name says which one that would be.
    data: Option<DataFile>,
}

impl Verified {
    fn ok(&self) -> bool {
        self.report.ok() && self.data.as_ref().is_none_or(DataFile::ok)
    }

    /// Nothing is proven to be false, but the data file cannot be read.
    fn is_unreadable(&self) -> bool {
        let unreadable = |data: &DataFile| matches!(data.found, Found::Unreadable { .. });
        self.report.ok() && self.data.as_ref().is_some_and(unreadable)
    }
}

type Checked = (PathBuf, Result<Verified>);

fn exit(found: &[Checked]) -> Exit {
    let exits = found.iter().map(|(_, checked)| match checked {
        Ok(verified) if verified.ok() => Exit::Ok,
        Ok(verified) if verified.is_unreadable() => Exit::BadInput,
        Ok(_) => Exit::Unverified,
        Err(failure) => failure.exit,
    });
    let bad: Vec<Exit> = exits.filter(|exit| *exit != Exit::Ok).collect();
    match bad.contains(&Exit::Unverified) {
        true => Exit::Unverified,
        false => bad.first().copied().unwrap_or(Exit::Ok),
    }
}

/// The pinned trust: the file that was named, or that of the configured node.
fn trust_file(args: &Verify, context: &Context) -> Result<PathBuf> {
    if let Some(path) = &args.trust {
        return Ok(path.clone());
    }
    // All nodes of one configuration belong to one network, so whichever joined first has the root.
    let nodes = context.nodes().map_err(|_| Failure::new(Exit::Usage, "verify-no-trust"))?;
    let files = nodes.iter().map(|node| node.trust_file());
    files.into_iter().find(|file| file.exists()).ok_or_else(|| Failure::new(Exit::Usage, "verify-no-trust"))
}

fn read_roots(path: &Path) -> Result<Roots> {
    let refuse = || Failure::new(Exit::BadInput, "error-trust").with("file", path.display());
    let pem = read_within(path, TRUST_BYTES_MAX).map_err(|error| refuse().because(error))?;
    let pem = String::from_utf8_lossy(&pem);
    if !pem.contains(PEM_BEGIN) {
        return Err(Failure::new(Exit::BadInput, "error-trust-none").with("file", path.display()));
    }
    Roots::from_pem(&pem).map_err(|error| refuse().because(error))
}

fn read(file: &Path) -> Result<Receipt> {
    let refuse = || Failure::new(Exit::BadInput, "error-receipt").with("file", file.display());
    let json = read_within(file, MAX_RECEIPT_BYTES as u64).map_err(|error| refuse().because(error))?;
    Receipt::from_json(&json).map_err(|error| match error {
        LedgerError::ReceiptFormat(reason) if was_receipt(&json) => {
            Failure::new(Exit::BadInput, "error-receipt-damaged").with("file", file.display()).because(reason)
        }
        error @ LedgerError::ReceiptFormat(_) => {
            let failure = Failure::new(Exit::BadInput, "error-receipt-none").with("file", file.display());
            Failure { source: Some(Box::new(error)), ..failure }
        }
        other => refuse().because(other),
    })
}

/// Whether it is a receipt that was changed, or a document that was cut off, and no other kind of file.
fn was_receipt(json: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(json) {
        Ok(document) => document.get("type").is_some_and(|kind| ReceiptKind::deserialize(kind).is_ok()),
        Err(_) => json.trim_ascii_start().first() == Some(&b'{'),
    }
}

/// The files that were named, and the receipts of the folders that were named, by name.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(receipts_of(path)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// What is named as a receipt; where nothing is, every JSON document.
fn receipts_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::BadInput, "error-no-folder").with("folder", folder.display()).because(error)
    };
    let entries =
        std::fs::read_dir(folder).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let mut paths: Vec<PathBuf> =
        entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    let ending = |ending: &str| {
        paths.iter().filter(|path| name_of(path).ends_with(ending)).cloned().collect::<Vec<_>>()
    };
    let named = ending(RECEIPT_ENDING);
    let found = if named.is_empty() { ending(".json") } else { named };
    if found.is_empty() {
        return Err(Failure::new(Exit::BadInput, "verify-none").with("folder", folder.display()));
    }
    Ok(found)
}

fn tell(context: &Context, found: &[Checked]) -> Result<()> {
    if context.out.is_json() {
        return context.out.json(&document(context, found)).map_err(closed);
    }
    for (file, checked) in found {
        match checked {
            Ok(verified) => tell_verified(context, file, verified)?,
            Err(failure) => {
                let sentence = context.sentence(&failure.message);
                context
                    .out
                    .labelled(Tone::Bad, &context.msg("label-error", &[]), &sentence)
                    .map_err(closed)?;
            }
        }
    }
    let failed = found.len() - good(found);
    context.note(&match failed {
        0 => context.msg("verify-all", &[("receipts", found.len().into())]),
        _ => context.msg("verify-some", &[("failed", failed.into()), ("receipts", found.len().into())]),
    })
}

fn good(found: &[Checked]) -> usize {
    found.iter().filter(|(_, checked)| checked.as_ref().is_ok_and(Verified::ok)).count()
}

fn document(context: &Context, found: &[Checked]) -> Value {
    let receipts: Vec<Value> = found
        .iter()
        .map(|(file, checked)| match checked {
            Ok(verified) => {
                let Verified { report, data } = verified;
                json!({"file": file.display().to_string(), "ok": verified.ok(), "use": report.record, "steps": report.steps, "data": data})
            }
            Err(failure) => json!({"file": file.display().to_string(), "ok": false, "error": context.sentence(&failure.message)}),
        })
        .collect();
    json!({"receipts": receipts, "verified": good(found), "failed": found.len() - good(found)})
}

fn tell_verified(context: &Context, file: &Path, verified: &Verified) -> Result<()> {
    context.out.data(&file.display().to_string()).map_err(closed)?;
    let line = |mark, part: &str, text: &str| {
        let label = context.msg(part, &[]);
        context.out.step(&Step { mark, label: &label, text, time: None }).map_err(closed)
    };
    for step in &verified.report.steps {
        let args = [
            ("step", context.msg(step_key(step.step), &[]).into()),
            ("detail", detail(context, step).into()),
        ];
        let text = context.msg("verify-line", &args);
        line(if step.ok { Mark::Done } else { Mark::Failed }, part_key(step.step), &text)?;
    }
    match &verified.data {
        Some(data) => line(data.mark(), "verify-part-data", &data_sentence(context, data)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
