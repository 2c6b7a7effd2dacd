//! What may be wrong with a running node, and what to do about it (`GET /doctor`).
//!
//! Each check stands for itself: one that cannot be made is a finding, not the end of the others. What can be seen without the
//! node (its configuration, its port) is checked by the command line.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataplane::FileStamp;
use domain::Timestamp;
use ledger::checkpoint::Checkpoint;
use serde::{Deserialize, Serialize};
use store::WindowRow;

use crate::catalogue::resource;
use crate::member::{PeerNode, Speaker};
use crate::status::{self, FollowedView, OutboxView};
use crate::{Error, Node};

/// From which difference on a clock is a warning, in milliseconds. Beyond [`crate::config::Limits::clock_skew_ms`] it is a failure.
const CLOCK_WARNING_MS: i64 = 30_000;
/// Below how much free space the disk is a warning, in bytes.
const DISK_WARNING_BYTES: u64 = 1 << 30;
/// Below how much free space it is a failure, in bytes: a commit may not find room any more.
const DISK_FAILURE_BYTES: u64 = 100 << 20;
/// How long before its end a certificate is a warning, in days.
const CERTIFICATE_WARNING_DAYS: i64 = 30;
/// How long a due message may lie before the sender is taken to be stuck, in microseconds.
const OVERDUE_MICROS: i64 = 120 * 1_000_000;
/// How long a window may wait for its counter-signature before that is a warning, in microseconds.
const UNSIGNED_MICROS: i64 = 300 * 1_000_000;
/// How many windows without a counter-signature are looked at.
const WINDOWS_LOOKED_AT: u32 = 1000;
/// How many files a finding names.
const NAMED_MAX: usize = 3;
/// Where the trial write of the store leaves its time.
const TRIAL: &str = "doctor";
/// The way out where nobody has joined.
const JOIN: &str = "join with an enrolment code";

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Found {
    /// All is well.
    Ok,
    /// It works, and should be looked at.
    Warning,
    /// It does not work.
    Failed,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// What was found.
    pub result: Found,
    /// Whether it works: everything but a failure.
    pub ok: bool,
    /// The figures.
    pub detail: String,
    /// What to do, where there is something.
    pub way_out: Option<String>,
}

impl Check {
    fn of(name: &'static str, result: Found, detail: impl Into<String>, way_out: &str) -> Check {
        let way_out = (!way_out.is_empty()).then(|| way_out.to_owned());
        Check { name, result, ok: result != Found::Failed, detail: detail.into(), way_out }
    }

    fn good(name: &'static str, detail: impl Into<String>) -> Check {
        Check::of(name, Found::Ok, detail, "")
    }

    fn not_made(name: &'static str, error: &Error) -> Check {
        Check::of(name, Found::Failed, format!("could not be looked at: {error}"), "see the store's check")
    }
}

/// All checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DoctorView {
    /// Whether none failed.
    pub ok: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

/// Makes every check.
pub async fn doctor(node: &Node) -> DoctorView {
    let mut checks = vec![store_check(node).await, disk_check(node), keys_check(&node.config().folder)];
    checks.push(certificates_check(&members(node), node.now()));
    for upstream in node.upstreams() {
        checks.push(clock_check(node, &upstream).await);
        checks.push(made("feed", feed_check(node, &upstream).await));
    }
    checks.push(made("logs", logs_check(node).await));
    checks.push(made("outbox", outbox_check(node).await));
    if !node.tenants().is_empty() {
        checks.push(made("windows", windows_check(node).await));
        checks.push(made("sources", sources_check(node).await));
    }
    DoctorView { ok: checks.iter().all(|check| check.ok), checks }
}

fn made(name: &'static str, check: Result<Check, Error>) -> Check {
    check.unwrap_or_else(|error| Check::not_made(name, &error))
}

async fn store_check(node: &Node) -> Check {
    let now = node.now().to_string();
    let written = node
        .store()
        .run_tx("doctor_trial", move |tx| {
            let now = now.clone();
            Box::pin(async move { Ok::<_, Error>(tx.put_meta(TRIAL, &now).await?) })
        })
        .await;
    let location = node.store().location();
    match written {
        Ok(()) => Check::good("store", format!("`{location}` takes writes")),
        Err(error) => {
            let way_out =
                "check free space, the disk and the rights of the store's folder, or the database server";
            Check::of("store", Found::Failed, format!("`{location}`: {error}"), way_out)
        }
    }
}

fn disk_check(node: &Node) -> Check {
    let folder = &node.config().folder;
    match free_bytes(folder) {
        Some(bytes) => disk_found(folder, bytes),
        None => Check::good("disk", "this system does not tell the free space: not checked"),
    }
}

fn disk_found(folder: &Path, bytes: u64) -> Check {
    let found = match bytes {
        0..DISK_FAILURE_BYTES => Found::Failed,
        DISK_FAILURE_BYTES..DISK_WARNING_BYTES => Found::Warning,
        _ => Found::Ok,
    };
    let way_out = if found == Found::Ok { "" } else { "make room: logs and stores only grow" };
    Check::of("disk", found, format!("{} MiB free at `{}`", bytes >> 20, folder.display()), way_out)
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// Whether anybody but the owner can read private keys.
fn keys_check(folder: &Path) -> Check {
    let keys = folder.join("keys");
    let files = std::fs::read_dir(&keys).into_iter().flatten().flatten().map(|entry| entry.path());
    let open: Vec<PathBuf> =
        std::iter::once(keys.clone()).chain(files).filter(|path| is_open(path)).collect();
    if open.is_empty() {
        return Check::good("keys", format!("`{}` is for its owner only", keys.display()));
    }
    let way_out =
        "chmod 700 the folder and chmod 600 the files; think of keys that others could read as stolen";
    Check::of("keys", Found::Failed, format!("others can read {}", named(&open)), way_out)
}

#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}

/// The first few of several paths.
fn named(paths: &[PathBuf]) -> String {
    let first: Vec<String> =
        paths.iter().take(NAMED_MAX).map(|path| format!("`{}`", path.display())).collect();
    match paths.len().saturating_sub(NAMED_MAX) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Everybody who signs here: the node and its connectors.
fn members(node: &Node) -> Vec<Arc<Speaker>> {
    let own = node.standing().ok().map(|standing| standing.speaker.clone());
    own.into_iter().chain(node.tenants()).collect()
}

fn certificates_check(members: &[Arc<Speaker>], now: Timestamp) -> Check {
    let ends = members.iter().flat_map(|member| {
        let organisation =
            member.organisation.as_ref().map(|organisation| organisation.chain.leaf().not_after());
        [Some(member.membership.sign_chain.leaf().not_after()), organisation]
            .into_iter()
            .flatten()
            .map(|end| (end, member.id().to_string()))
    });
    match ends.min() {
        None => Check::of("certificates", Found::Warning, "nobody here has joined", JOIN),
        Some((end, whose)) => certificate_found(end, &whose, now),
    }
}

fn certificate_found(end: i64, whose: &str, now: Timestamp) -> Check {
    let days = end.saturating_sub(now.secs()).div_euclid(86_400);
    let detail =
        format!("the first to end is that of `{whose}`, at {}, in {days} days", Timestamp::from_secs(end));
    let way_out = "ask the function node's operator for a new enrolment code and join again";
    match days {
        ..0 => Check::of("certificates", Found::Failed, detail, way_out),
        0..CERTIFICATE_WARNING_DAYS => Check::of("certificates", Found::Warning, detail, way_out),
        _ => Check::good("certificates", detail),
    }
}

/// What `GET /weir/v1/time` answers.
#[derive(Deserialize)]
struct PeerTime {
    timestamp: i64,
}

async fn clock_check(node: &Node, upstream: &PeerNode) -> Check {
    let before = node.now().millis();
    match peer_time(node, upstream).await {
        Ok(theirs) => {
            // The middle of the exchange, so that a slow line is no wrong clock.
            let ours = before.midpoint(node.now().millis());
            clock_found(&upstream.name, ours, theirs, node.limits().clock_skew_ms)
        }
        Err(error) => {
            let detail = format!("`{}` does not tell its time: {error}", upstream.name);
            Check::of(
                "clock",
                Found::Warning,
                detail,
                "see whether the upstream node runs and can be reached from here",
            )
        }
    }
}

async fn peer_time(node: &Node, upstream: &PeerNode) -> Result<i64, Error> {
    let answer = node.client().get(&format!("{}/weir/v1/time", upstream.address), &[]).await?.success()?;
    let time: PeerTime = serde_json::from_slice(&answer.body)
        .map_err(|error| Error::input("timestamp", format!("the answer is no time: {error}")))?;
    Ok(time.timestamp)
}

/// Compares two clocks, epoch milliseconds.
fn clock_found(upstream: &str, ours: i64, theirs: i64, limit: i64) -> Check {
    let ahead = ours.saturating_sub(theirs);
    let side = if ahead >= 0 { "ahead of" } else { "behind" };
    let off = ahead.saturating_abs();
    let detail = format!("{off} ms {side} `{upstream}`; messages are taken up to {limit} ms");
    let found = match off {
        off if off > limit => Found::Failed,
        off if off > CLOCK_WARNING_MS => Found::Warning,
        _ => Found::Ok,
    };
    let way_out = if found == Found::Ok { "" } else { "set this machine's clock, best by a time service" };
    Check::of("clock", found, detail, way_out)
}

/// Whether the upstream's public log is held as far as its own newest entries that came. A quiet network is not a broken one.
async fn feed_check(node: &Node, upstream: &PeerNode) -> Result<Check, Error> {
    let origin = status::origin_of(&upstream.log_vkey).to_owned();
    let wanted = origin.clone();
    let head = node
        .store()
        .read("doctor_feed", move |read| {
            let origin = wanted.clone();
            Box::pin(async move { Ok::<_, Error>(read.log_head(&origin).await?) })
        })
        .await?;
    let Some(head) = head.filter(|head| head.size > 0) else {
        let detail = format!("nothing of `{origin}` has come from `{}` yet", upstream.name);
        let way_out = "see whether the upstream node runs and can be reached from here";
        return Ok(Check::of("feed", Found::Failed, detail, way_out));
    };
    let last = Timestamp::from_micros(head.updated_at);
    let signed = match head.checkpoint.as_deref().map(str::parse::<ledger::note::Note>) {
        Some(Ok(note)) => Checkpoint::from_text(note.text())?.size,
        _ => 0,
    };
    let detail = format!("{} entries of `{}`, the last at {last}", head.size, upstream.name);
    if signed == head.size {
        return Ok(Check::good("feed", detail));
    }
    let way_out = "the store is damaged: restore it, or delete it and follow anew";
    Ok(Check::of("feed", Found::Failed, format!("{detail}; its checkpoint covers {signed}"), way_out))
}

/// Whether every public log that is followed goes on here.
async fn logs_check(node: &Node) -> Result<Check, Error> {
    Ok(logs_found(&status::followed(node).await?))
}

fn logs_found(followed: &[FollowedView]) -> Check {
    let stopped: Vec<&FollowedView> = followed.iter().filter(|log| log.problem.is_some()).collect();
    let Some((log, problem)) = stopped.first().and_then(|log| Some((*log, log.problem.as_deref()?))) else {
        return Check::good("logs", format!("{} followed logs go on", followed.len()));
    };
    let whose = log.name.as_deref().unwrap_or("nobody known");
    let detail = format!(
        "{} of {} do not go on, such as the one of {whose}: {problem}",
        stopped.len(),
        followed.len()
    );
    let way_out =
        "tell that node's operator: nothing new of it is believed here until its log goes on as it was";
    Check::of("logs", Found::Failed, detail, way_out)
}

async fn outbox_check(node: &Node) -> Result<Check, Error> {
    let (outbox, next) = node
        .store()
        .read("doctor_outbox", |read| {
            Box::pin(async move {
                let outbox = status::outbox(read).await?;
                Ok::<_, Error>((outbox, read.next_message_at().await?))
            })
        })
        .await?;
    Ok(outbox_found(&outbox, next, node.now()))
}

fn outbox_found(outbox: &OutboxView, next: Option<i64>, now: Timestamp) -> Check {
    let detail = format!("{} waiting, {} given up", outbox.waiting, outbox.dead);
    let overdue = next.map_or(0, |next| now.micros().saturating_sub(next));
    if overdue > OVERDUE_MICROS {
        let detail = format!("{detail}; the next is overdue for {} s", overdue / 1_000_000);
        return Check::of("outbox", Found::Failed, detail, "restart the node; if it comes back, report it");
    }
    match outbox.dead_letters.last() {
        Some(letter) => {
            let detail =
                format!("{detail}; such as `{}` to `{}`: {}", letter.message, letter.to, letter.reason);
            Check::of(
                "outbox",
                Found::Warning,
                detail,
                "mend the reason, then do again what caused the message",
            )
        }
        None => Check::good("outbox", detail),
    }
}

async fn windows_check(node: &Node) -> Result<Check, Error> {
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
        let detail = format!(
            "{} refused by the user, such as {} of `{}`",
            refused.len(),
            window.number,
            window.contract
        );
        let way_out = "compare both sides' uses of that contract; the refusal names the first that differs";
        return Check::of("windows", Found::Failed, detail, way_out);
    }
    let late = |window: &&WindowRow| now.micros().saturating_sub(window.closed_at) > UNSIGNED_MICROS;
    match signed.iter().find(late) {
        Some(window) => {
            let at = Timestamp::from_micros(window.closed_at);
            let detail = format!("window {} of `{}` waits since {at}", window.number, window.contract);
            let way_out =
                "see whether the user's connector runs: without its counter-signatures new uses stop";
            Check::of("windows", Found::Warning, detail, way_out)
        }
        None => Check::good("windows", format!("{} wait for their counter-signature", signed.len())),
    }
}

async fn sources_check(node: &Node) -> Result<Check, Error> {
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
    let way_out = "restore them, or catalogue them again with `weir resource add`";
    if !missing.is_empty() {
        let detail =
            format!("{} of {} files cannot be read: {}", missing.len(), resources.len(), named(&missing));
        return Check::of("sources", Found::Failed, detail, way_out);
    }
    if !changed.is_empty() {
        let detail = format!(
            "{} of {} files were touched since they were catalogued: {}",
            changed.len(),
            resources.len(),
            named(&changed)
        );
        return Check::of("sources", Found::Warning, detail, way_out);
    }
    let all = match resources.len() {
        0 => "no file is catalogued".to_owned(),
        1 => "the 1 file is as it was catalogued".to_owned(),
        count => format!("{count} files are as they were catalogued"),
    };
    Check::good("sources", all)
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

    use super::*;
    use crate::status::DeadLetter;

    const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

    fn results(checks: impl IntoIterator<Item = Check>) -> Vec<Found> {
        let results = checks.into_iter().inspect(|check| {
            assert_eq!(check.ok, check.result != Found::Failed, "{check:?}");
            assert_eq!(
                check.way_out.is_none(),
                check.result == Found::Ok,
                "a finding has a way out: {check:?}"
            );
        });
        results.map(|check| check.result).collect()
    }

    #[test]
    fn a_clock_may_be_off_a_little() {
        let off = [0, 30_000, -30_000, 30_001, -300_000, 300_001, -300_001, i64::MIN];
        let checks =
            off.map(|off| clock_found("up", NOW.millis(), NOW.millis().saturating_add(off), 300_000));
        use Found::{Failed, Ok, Warning};
        assert_eq!(results(checks), [Ok, Ok, Ok, Warning, Warning, Failed, Failed, Failed]);
        let behind = clock_found("up", 0, 40_000, 300_000);
        assert!(behind.detail.starts_with("40000 ms behind `up`"), "{behind:?}");
    }

    #[test]
    fn a_full_disk_is_told_before_it_is_full() {
        let free =
            [0, DISK_FAILURE_BYTES - 1, DISK_FAILURE_BYTES, DISK_WARNING_BYTES - 1, DISK_WARNING_BYTES];
        let checks = free.map(|bytes| disk_found(Path::new("/data"), bytes));
        use Found::{Failed, Ok, Warning};
        assert_eq!(results(checks), [Failed, Failed, Warning, Warning, Ok]);
    }

    #[cfg(unix)]
    #[test]
    fn the_free_space_of_a_folder_is_known() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).is_some());
        assert_eq!(free_bytes(&folder.path().join("missing")), None);
    }

    #[test]
    fn a_certificate_is_told_a_month_before_its_end() {
        let day = 86_400;
        let ends = [-1, 0, 29 * day, 30 * day].map(|secs| NOW.secs() + secs);
        let checks = ends.map(|end| certificate_found(end, "5x", NOW));
        use Found::{Failed, Ok, Warning};
        assert_eq!(results(checks), [Failed, Warning, Warning, Ok]);
        assert_eq!(results([certificates_check(&[], NOW)]), [Warning]);
    }

    #[cfg(unix)]
    #[test]
    fn keys_that_others_can_read_are_named() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let keys = crate::keys::KeyFolder::open(folder.path()).unwrap();
        keys.signing("sign", crypto::Suite::Intl).unwrap();
        assert_eq!(keys_check(folder.path()).result, Found::Ok);
        let file = folder.path().join("keys/sign.pem");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let check = keys_check(folder.path());
        assert_eq!(check.result, Found::Failed);
        assert!(check.detail.contains("sign.pem"), "{check:?}");
    }

    fn outbox(dead: u64) -> OutboxView {
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

    #[test]
    fn a_stuck_sender_and_a_dead_letter_are_told() {
        let due = |ago: i64| Some(NOW.micros() - ago);
        let checks = [
            outbox_found(&outbox(0), None, NOW),
            outbox_found(&outbox(0), due(OVERDUE_MICROS), NOW),
            outbox_found(&outbox(1), due(0), NOW),
            outbox_found(&outbox(1), due(OVERDUE_MICROS + 1), NOW),
        ];
        use Found::{Failed, Ok, Warning};
        assert_eq!(results(checks), [Ok, Ok, Warning, Failed]);
        let dead = outbox_found(&outbox(1), None, NOW);
        assert!(dead.detail.contains("`contractNegotiate` to `5b`: it refused"), "{dead:?}");
    }

    #[test]
    fn a_followed_log_that_does_not_go_on_is_told_with_its_reason() {
        let log = |origin: &str, name: Option<&str>, problem: Option<&str>| FollowedView {
            origin: origin.to_owned(),
            node: None,
            name: name.map(str::to_owned),
            size: 1,
            last_entry_at: None,
            problem: problem.map(str::to_owned),
        };
        let well = log("a", Some("上海"), None);
        assert_eq!(results([logs_found(&[]), logs_found(std::slice::from_ref(&well))]), [Found::Ok; 2]);
        let forked = log("b", Some("北京"), Some("log `b` forked"));
        let check = logs_found(&[well, forked, log("c", None, Some("nobody publishes it"))]);
        assert_eq!((check.result, check.ok), (Found::Failed, false));
        assert!(
            check.detail.starts_with("2 of 3") && check.detail.ends_with("北京: log `b` forked"),
            "{check:?}"
        );
        assert!(check.way_out.is_some());
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

    #[test]
    fn of_many_paths_a_few_are_named() {
        let paths: Vec<PathBuf> = (0..5).map(|number| PathBuf::from(number.to_string())).collect();
        assert_eq!(named(&paths), "`0`, `1`, `2` and 2 more");
    }
}
