//! `weir verify`: checks receipts offline, with nothing but the pinned trust (`ledger::receipt`).

use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use crypto::cert::Roots;
use ledger::receipt::{Detail, Fault, MAX_RECEIPT_BYTES, Receipt, Report, StepKind, StepResult, Verifier};
use serde_json::{Value, json};

use crate::cli::Verify;
use crate::commands::{Context, closed};
use crate::exit::Exit;
use crate::i18n::Arg;
use crate::problem::{Failure, Result};
use crate::term::{Mark, Step, Tone, Unit, bytes};

/// The longest trust file that is read, in bytes.
const TRUST_BYTES_MAX: u64 = 1 << 20;
/// How receipts that `weir get` writes are named.
const RECEIPT_ENDING: &str = ".receipt.json";

pub(super) fn run(args: &Verify, context: &Context) -> Result<Exit> {
    let trust = trust_file(args, context)?;
    let roots = read_roots(&trust)?;
    let files = files(&args.paths)?;
    let mut verifier = Verifier::new(&roots, Utc::now().timestamp());
    let bar =
        context.out.progress(&context.msg("progress-verifying", &[]), Some(files.len() as u64), Unit::Items);
    let mut found = Vec::with_capacity(files.len());
    for file in files {
        let report = read(&file).map(|receipt| verifier.verify(&receipt));
        found.push((file, report));
        bar.add(1);
    }
    drop(bar);
    tell(context, &found)?;
    Ok(exit(&found))
}

type Checked = (PathBuf, Result<Report>);

fn exit(found: &[Checked]) -> Exit {
    let false_one = found.iter().any(|(_, report)| report.as_ref().is_ok_and(|report| !report.ok()));
    let bad = found.iter().find_map(|(_, report)| report.as_ref().err().map(|failure| failure.exit));
    if false_one { Exit::Unverified } else { bad.unwrap_or(Exit::Ok) }
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
    let bytes = std::fs::metadata(path).map_err(|error| refuse().because(error))?.len();
    if bytes > TRUST_BYTES_MAX {
        return Err(refuse().with("reason", format!("{bytes} > {TRUST_BYTES_MAX} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| refuse().because(error))?;
    Roots::from_pem(&text).map_err(|error| refuse().because(error))
}

fn read(file: &Path) -> Result<Receipt> {
    let refuse = || Failure::new(Exit::BadInput, "error-receipt").with("file", file.display());
    let bytes = std::fs::metadata(file).map_err(|error| refuse().because(error))?.len();
    if bytes > MAX_RECEIPT_BYTES as u64 {
        return Err(refuse().with("reason", format!("{bytes} > {MAX_RECEIPT_BYTES} bytes")));
    }
    let json = std::fs::read(file).map_err(|error| refuse().because(error))?;
    Receipt::from_json(&json).map_err(|error| refuse().because(error))
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

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn tell(context: &Context, found: &[Checked]) -> Result<()> {
    if context.out.is_json() {
        return context.out.json(&document(context, found)).map_err(closed);
    }
    for (file, report) in found {
        match report {
            Ok(report) => tell_report(context, file, report)?,
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
    found.iter().filter(|(_, report)| report.as_ref().is_ok_and(Report::ok)).count()
}

fn document(context: &Context, found: &[Checked]) -> Value {
    let receipts: Vec<Value> = found
        .iter()
        .map(|(file, report)| match report {
            Ok(report) => {
                json!({"file": file, "ok": report.ok(), "use": report.record, "steps": report.steps})
            }
            Err(failure) => json!({"file": file, "ok": false, "error": context.sentence(&failure.message)}),
        })
        .collect();
    json!({"receipts": receipts, "verified": good(found), "failed": found.len() - good(found)})
}

fn tell_report(context: &Context, file: &Path, report: &Report) -> Result<()> {
    context.out.data(&file.display().to_string()).map_err(closed)?;
    for step in &report.steps {
        let name = context.msg(step_key(step.step), &[]);
        let text = format!("{name}: {}", detail(context, step));
        let mark = if step.ok { Mark::Done } else { Mark::Failed };
        let label = context.msg(part_key(step.step), &[]);
        context.out.step(&Step { mark, label: &label, text: &text, time: None }).map_err(closed)?;
    }
    Ok(())
}

/// What a step is about, in one word.
fn part_key(step: StepKind) -> &'static str {
    match step {
        StepKind::Use => "verify-part-use",
        StepKind::Window => "verify-part-window",
        StepKind::Contract | StepKind::ProviderContract | StepKind::UserContract => "verify-part-contract",
        StepKind::ProviderSignature | StepKind::UserSignature => "verify-part-signature",
        StepKind::ProviderInclusion | StepKind::UserInclusion => "verify-part-log",
        StepKind::ProviderCheckpoint | StepKind::UserCheckpoint => "verify-part-checkpoint",
    }
}

fn step_key(step: StepKind) -> &'static str {
    match step {
        StepKind::Use => "verify-step-use",
        StepKind::Window => "verify-step-window",
        StepKind::Contract => "verify-step-same-contract",
        StepKind::ProviderContract => "verify-step-provider-contract",
        StepKind::UserContract => "verify-step-user-contract",
        StepKind::ProviderSignature => "verify-step-provider",
        StepKind::UserSignature => "verify-step-user",
        StepKind::ProviderInclusion => "verify-step-provider-inclusion",
        StepKind::UserInclusion => "verify-step-user-inclusion",
        StepKind::ProviderCheckpoint => "verify-step-provider-checkpoint",
        StepKind::UserCheckpoint => "verify-step-user-checkpoint",
    }
}

/// The step's figures, or why it does not hold.
fn detail(context: &Context, step: &StepResult) -> String {
    let msg = |key: &str, args: &[(&str, Arg<'_>)]| context.msg(key, args);
    match &step.detail {
        Detail::Use { use_id, sequence, bytes: size, rows, complete, closed_at, .. } => {
            let key = if *complete { "verify-figures-use" } else { "verify-figures-use-incomplete" };
            msg(
                key,
                &[
                    ("use", use_id.into()),
                    ("sequence", (*sequence).into()),
                    ("bytes", bytes(*size).into()),
                    ("rows", (*rows).into()),
                    ("at", time(*closed_at).into()),
                ],
            )
        }
        Detail::Window { number, first, last, uses, bytes: size, rows, .. } => msg(
            "verify-figures-window",
            &[
                ("number", (*number).into()),
                ("first", (*first).into()),
                ("last", (*last).into()),
                ("uses", (*uses).into()),
                ("bytes", bytes(*size).into()),
                ("rows", (*rows).into()),
            ],
        ),
        Detail::Contract { contract_id, provider, user, .. } => msg(
            "verify-figures-contract",
            &[
                ("contract", contract_id.into()),
                ("provider", (&provider.subject).into()),
                ("user", (&user.subject).into()),
            ],
        ),
        Detail::Signature { signer, organisation, suite, at } => msg(
            "verify-figures-signature",
            &[
                ("organisation", organisation.into()),
                ("signer", signer.into()),
                ("suite", suite.as_str().into()),
                ("at", time(*at).into()),
            ],
        ),
        Detail::Inclusion { origin, index, size } => msg(
            "verify-figures-inclusion",
            &[("origin", origin.into()), ("index", (*index).into()), ("size", (*size).into())],
        ),
        Detail::Checkpoint { origin, size, root, sm2 } => {
            let key = if *sm2 { "verify-figures-checkpoint-sm2" } else { "verify-figures-checkpoint" };
            let root: String = root.to_string().chars().take(16).collect();
            msg(key, &[("origin", origin.into()), ("size", (*size).into()), ("root", root.into())])
        }
        Detail::Failed { fault } => fault_sentence(context, fault),
    }
}

fn fault_sentence(context: &Context, fault: &Fault) -> String {
    let msg = |key: &str, args: &[(&str, Arg<'_>)]| context.msg(key, args);
    match fault {
        Fault::Differs { field, expected, actual } => msg(
            "verify-fault-differs",
            &[("field", (*field).into()), ("expected", expected.into()), ("actual", actual.into())],
        ),
        Fault::Unreadable { reason } => msg("verify-fault-unreadable", &[("reason", reason.into())]),
        Fault::NotIncluded { size } => msg("verify-fault-not-included", &[("size", (*size).into())]),
        Fault::Untrusted { reason } => msg("verify-fault-untrusted", &[("reason", reason.into())]),
        Fault::BadSignature { reason } => msg("verify-fault-signature", &[("reason", reason.into())]),
        Fault::NotLogged => msg("verify-fault-not-logged", &[]),
        Fault::Unsigned { origin } => msg("verify-fault-unsigned", &[("origin", origin.into())]),
        Fault::Forged { origin } => msg("verify-fault-forged", &[("origin", origin.into())]),
        Fault::FromFuture { signed, now } => msg(
            "verify-fault-future",
            &[
                ("signed", time(signed.saturating_mul(1_000_000)).into()),
                ("now", time(now.saturating_mul(1_000_000)).into()),
            ],
        ),
        Fault::NotChecked { because } => {
            msg("verify-fault-not-checked", &[("because", context.msg(step_key(*because), &[]).into())])
        }
    }
}

/// Microseconds of the epoch as RFC 3339.
fn time(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .map_or_else(|| micros.to_string(), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
