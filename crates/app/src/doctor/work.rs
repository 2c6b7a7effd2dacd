//! What the node has to do: messages to send, windows that wait for the other side, and the files behind its resources.

use std::path::{Path, PathBuf};

use dataplane::FileStamp;
use domain::Timestamp;
use store::{MessageRow, WindowRow};

use super::check::{Check, Found};
use super::place::named;
use crate::catalogue::resource;
use crate::status::{self, OutboxView};
use crate::{Error, Node};

/// How long a due message may lie before the sender is taken to be stuck, in microseconds.
const OVERDUE_MICROS: i64 = 120 * 1_000_000;
/// How long a message may be tried in vain before that is a warning, in microseconds.
const LATE_MICROS: i64 = 600 * 1_000_000;
/// How long a window may wait for its counter-signature before that is a warning, in microseconds.
const UNSIGNED_MICROS: i64 = 300 * 1_000_000;
/// How many windows without a counter-signature are looked at.
const WINDOWS_LOOKED_AT: u32 = 1000;

/// Whether messages leave.
pub(super) async fn outbox(node: &Node) -> Result<Check, Error> {
    let before = node.now().micros().saturating_sub(LATE_MICROS);
    let (outbox, next, late) = node
        .store()
        .read("doctor_outbox", move |read| {
            Box::pin(async move {
                let (outbox, next) = (status::outbox(read).await?, read.next_message_at().await?);
                Ok::<_, Error>((outbox, next, read.find_late_message(before).await?))
            })
        })
        .await?;
    Ok(outbox_found(&outbox, next, late.as_ref(), node.now()))
}

fn outbox_found(outbox: &OutboxView, next: Option<i64>, late: Option<&MessageRow>, now: Timestamp) -> Check {
    let detail = format!("{} waiting, {} given up", outbox.waiting, outbox.dead);
    let overdue = next.map_or(0, |next| now.micros().saturating_sub(next));
    let check = if overdue > OVERDUE_MICROS {
        let secs = overdue / 1_000_000;
        let detail = format!("{detail}; the next is overdue for {secs} s");
        let way_out = "restart the node; if it comes back, report it";
        Check::bad("outbox", Found::Failed, "outbox-stuck", detail, way_out).count("overdueSecs", secs)
    } else if let Some(letter) = outbox.dead_letters.last() {
        let detail = format!("{detail}; such as `{}` to `{}`: {}", letter.message, letter.to, letter.reason);
        let way_out = "mend the reason, then try them again (`weir outbox retry`), or dismiss them (`weir outbox dismiss`)";
        Check::bad("outbox", Found::Warning, "outbox-given-up", detail, way_out)
            .with("message", &letter.message)
            .with("to", &letter.to)
            .with("reason", &letter.reason)
    } else if let Some(message) = late {
        let (since, reason) =
            (Timestamp::from_micros(message.created_at), message.last_error.clone().unwrap_or_default());
        let detail = format!(
            "{detail}; `{}` to `{}` is tried since {since}: {reason}",
            message.kind, message.destination
        );
        let way_out = "nothing has to be done again: it arrives once the reason is mended";
        Check::bad("outbox", Found::Warning, "outbox-late", detail, way_out)
            .with("message", &message.kind)
            .with("to", &message.destination)
            .with("since", since)
            .with("reason", &reason)
    } else {
        Check::good("outbox", "outbox-sends", detail)
    };
    check.count("waiting", outbox.waiting).count("dead", outbox.dead)
}

/// Whether users counter-sign.
pub(super) async fn windows(node: &Node) -> Result<Check, Error> {
    let (signed, refused) = node
        .store()
        .read("doctor_windows", |read| {
            Box::pin(async move {
                let signed = read.list_windows_in(WindowRow::SIGNED, WINDOWS_LOOKED_AT).await?;
                Ok::<_, Error>((signed, read.list_windows_in(WindowRow::REFUSED, WINDOWS_LOOKED_AT).await?))
            })
        })
        .await?;
    Ok(windows_found(&signed, &refused, node.now()))
}

fn windows_found(signed: &[WindowRow], refused: &[WindowRow], now: Timestamp) -> Check {
    if let Some(window) = refused.first() {
        let (count, number, contract) = (refused.len(), window.number, &window.contract);
        let detail = format!("{count} refused by the user, such as {number} of `{contract}`");
        let way_out = "compare both sides' uses of that contract; the refusal names the first that differs";
        return Check::bad("windows", Found::Failed, "windows-refused", detail, way_out)
            .count("count", count)
            .count("number", number)
            .with("contract", contract);
    }
    let late = |window: &&WindowRow| now.micros().saturating_sub(window.closed_at) > UNSIGNED_MICROS;
    match signed.iter().find(late) {
        Some(window) => {
            let at = Timestamp::from_micros(window.closed_at);
            let detail = format!("window {} of `{}` waits since {at}", window.number, window.contract);
            let way_out =
                "see whether the user's connector runs: without its counter-signatures new uses stop";
            Check::bad("windows", Found::Warning, "windows-late", detail, way_out)
                .count("number", window.number)
                .with("contract", &window.contract)
                .with("since", at)
        }
        None => {
            let detail = format!("{} wait for their counter-signature", signed.len());
            Check::good("windows", "windows-wait", detail).count("count", signed.len())
        }
    }
}

/// Whether the files are as they were catalogued.
pub(super) async fn sources(node: &Node) -> Result<Check, Error> {
    let mut all = Vec::new();
    for tenant in node.tenants() {
        let own = resource::list(node, &tenant, &crate::Part::all()).await?;
        all.extend(own.into_iter().map(|own| (own.source, own.stamp)));
    }
    let looked = tokio::task::spawn_blocking(move || sources_found(&all)).await;
    looked.map_err(|error| Error::Corrupt(format!("looking at files was interrupted: {error}")))
}

/// Compares files with how they looked when they were catalogued.
fn sources_found(resources: &[(PathBuf, FileStamp)]) -> Check {
    let (mut missing, mut changed) = (Vec::new(), Vec::new());
    for (path, catalogued) in resources {
        match stamp_of(path) {
            None => missing.push(path.clone()),
            Some(stamp) if stamp != *catalogued => changed.push(path.clone()),
            Some(_) => {}
        }
    }
    let count = resources.len();
    let way_out = "restore them, or catalogue them again with `weir resource add`";
    let found = |found, code, files: &[PathBuf], what: &str| {
        let (number, files) = (files.len(), named(files));
        let detail = format!("{number} of {count} files {what}: {files}");
        Check::bad("sources", found, code, detail, way_out).count("number", number).with("files", files)
    };
    let check = if !missing.is_empty() {
        found(Found::Failed, "sources-missing", &missing, "cannot be read")
    } else if !changed.is_empty() {
        found(Found::Warning, "sources-touched", &changed, "were touched since they were catalogued")
    } else {
        Check::good("sources", "sources-unchanged", format!("{count} files, as they were catalogued"))
    };
    check.count("count", count)
}

fn stamp_of(path: &Path) -> Option<FileStamp> {
    // Opening a named pipe would wait for its writer.
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    FileStamp::of(&std::fs::File::open(path).ok()?, path).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use store::Body;

    use super::super::check::results;
    use super::*;
    use crate::status::DeadLetter;

    const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

    fn letters(dead: u64) -> OutboxView {
        let letter = DeadLetter {
            id: 1,
            message: "contractNegotiate".to_owned(),
            from: "5a".to_owned(),
            to: "5b".to_owned(),
            attempts: 12,
            reason: "it refused".to_owned(),
            at: None,
        };
        let dead_letters = if dead == 0 { Vec::new() } else { vec![letter] };
        OutboxView { waiting: 1, dead, dead_letters }
    }

    fn late() -> MessageRow {
        MessageRow {
            id: 2,
            tenant: "5a".to_owned(),
            stream: "s".to_owned(),
            destination: "5b".to_owned(),
            kind: "contractNegotiate".to_owned(),
            body: "{}".to_owned(),
            attempts: 20,
            created_at: NOW.micros() - LATE_MICROS,
            next_at: NOW.micros(),
            lease_until: None,
            last_error: Some("no route".to_owned()),
            dead_at: None,
        }
    }

    #[test]
    fn a_stuck_sender_and_a_dead_letter_are_told() {
        let due = |ago: i64| Some(NOW.micros() - ago);
        let checks = [
            outbox_found(&letters(0), None, None, NOW),
            outbox_found(&letters(0), due(OVERDUE_MICROS), None, NOW),
            outbox_found(&letters(1), due(0), None, NOW),
            outbox_found(&letters(1), due(OVERDUE_MICROS + 1), Some(&late()), NOW),
            outbox_found(&letters(0), due(0), Some(&late()), NOW),
        ];
        use Found::{Failed, Ok, Warning};
        assert_eq!(results(checks), [Ok, Ok, Warning, Failed, Warning]);
        let waits = outbox_found(&letters(0), None, Some(&late()), NOW);
        assert!(
            waits.detail.contains("`contractNegotiate` to `5b` is tried since")
                && waits.detail.ends_with("no route")
        );
        let dead = outbox_found(&letters(1), None, Some(&late()), NOW);
        assert!(dead.detail.contains("`contractNegotiate` to `5b`: it refused"), "{dead:?}");
    }

    fn window(state: &str, age: i64) -> WindowRow {
        WindowRow {
            tenant: "5a".to_owned(),
            contract: "Cx".to_owned(),
            number: 3,
            first: 1,
            last: 2,
            hash: String::new(),
            state: state.to_owned(),
            closed_at: NOW.micros() - age,
            countersigned_at: None,
            body: Body::empty(),
            countersignature: None,
        }
    }

    #[test]
    fn windows_may_wait_for_a_while() {
        let (fresh, old) =
            (window(WindowRow::SIGNED, UNSIGNED_MICROS), window(WindowRow::SIGNED, UNSIGNED_MICROS + 1));
        let refused = window(WindowRow::REFUSED, 0);
        let checks = [
            windows_found(&[], &[], NOW),
            windows_found(std::slice::from_ref(&fresh), &[], NOW),
            windows_found(&[fresh, old], &[], NOW),
            windows_found(&[], &[refused], NOW),
        ];
        use Found::{Failed, Ok, Warning};
        assert_eq!(results(checks), [Ok, Ok, Warning, Failed]);
    }

    #[test]
    fn files_that_changed_or_are_gone_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let catalogued = ["a.csv", "b.csv"].map(|name| {
            let path = folder.path().join(name);
            std::fs::write(&path, "x\n1\n").unwrap();
            let stamp = stamp_of(&path).unwrap();
            (path, stamp)
        });
        assert_eq!(results([sources_found(&catalogued)]), [Found::Ok]);
        std::fs::write(folder.path().join("a.csv"), "x\n1\n2\n").unwrap();
        let changed = sources_found(&catalogued);
        assert_eq!(changed.result, Found::Warning);
        assert!(changed.detail.contains("a.csv") && !changed.detail.contains("b.csv"), "{changed:?}");
        std::fs::remove_file(folder.path().join("b.csv")).unwrap();
        let gone = sources_found(&catalogued);
        assert_eq!(gone.result, Found::Failed);
        assert!(gone.detail.starts_with("1 of 2 files cannot be read"), "{gone:?}");
        assert_eq!(stamp_of(folder.path()), None, "a folder is no file");
    }
}
