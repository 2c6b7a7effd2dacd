//! What may be wrong with a running node, and what to do about it (`GET /doctor`).
//!
//! Each check stands for itself: one that cannot be made is a finding, not the end of the others. What can be seen without the
//! node (its configuration, its port) is checked by the command line.

use std::path::{Path, PathBuf};

use dataplane::FileStamp;
use domain::Timestamp;
use ledger::checkpoint::Checkpoint;
use serde::{Deserialize, Serialize};
use store::WindowRow;

use crate::catalogue::resource::{self, OwnResource};
use crate::member::{PeerNode, Speaker};
use crate::status::{self, OutboxView};
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
            let way_out = "check free space, the disk and the rights of the store's folder, or the database server";
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
    let open: Vec<PathBuf> = std::iter::once(keys.clone()).chain(files).filter(|path| is_open(path)).collect();
    if open.is_empty() {
        return Check::good("keys", format!("`{}` is for its owner only", keys.display()));
    }
    let way_out = "chmod 700 the folder and chmod 600 the files; think of keys that others could read as stolen";
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
    let first: Vec<String> = paths.iter().take(NAMED_MAX).map(|path| format!("`{}`", path.display())).collect();
    match paths.len().saturating_sub(NAMED_MAX) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Everybody who signs here: the node and its connectors.
fn members(node: &Node) -> Vec<std::sync::Arc<Speaker>> {
    let own = node.standing().ok().map(|standing| standing.speaker.clone());
    own.into_iter().chain(node.tenants()).collect()
}

fn certificates_check(members: &[std::sync::Arc<Speaker>], now: Timestamp) -> Check {
    let ends = members.iter().flat_map(|member| {
        let organisation = member.organisation.as_ref().map(|organisation| organisation.chain.leaf().not_after());
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
    let detail = format!("the first to end is that of `{whose}`, at {}, in {days} days", Timestamp::from_secs(end));
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
        Ok(theirs) => clock_found(node, upstream, theirs, before, node.now().millis()),
        Err(error) => {
            let detail = format!("`{}` does not tell its time: {error}", upstream.name);
            Check::of("clock", Found::Warning, detail, "see whether the upstream node runs and can be reached from here")
        }
    }
}

async fn peer_time(node: &Node, upstream: &PeerNode) -> Result<i64, Error> {
    let answer = node.client().get(&format!("{}/weir/v1/time", upstream.address), &[]).await?.success()?;
    let time: PeerTime = serde_json::from_slice(&answer.body)
        .map_err(|error| Error::input("timestamp", format!("the answer is no time: {error}")))?;
    Ok(time.timestamp)
}

/// Compares with the middle of the exchange, so that a slow line is no wrong clock.
fn clock_found(node: &Node, upstream: &PeerNode, theirs: i64, before: i64, after: i64) -> Check {
    let ours = before.saturating_add(after.saturating_sub(before) / 2);
    let (ahead, limit) = (ours.saturating_sub(theirs), node.limits().clock_skew_ms);
    let side = if ahead >= 0 { "ahead of" } else { "behind" };
    let detail = format!("{} ms {side} `{}`; messages are taken up to {limit} ms", ahead.saturating_abs(), upstream.name);
    let found = match ahead.saturating_abs() {
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

async fn outbox_check(node: &Node) -> Result<Check, Error> {
    let next = node
        .store()
        .read("doctor_outbox", |read| {
            Box::pin(async move { Ok::<_, Error>(read.next_message_at().await?) })
        })
        .await?;
    let outbox = status::status(node).await?.outbox;
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
            let detail = format!("{detail}; such as `{}` to `{}`: {}", letter.message, letter.to, letter.reason);
            Check::of("outbox", Found::Warning, detail, "mend the reason, then do again what caused the message")
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
        let detail = format!("{} refused by the user, such as {} of `{}`", refused.len(), window.number, window.contract);
        let way_out = "compare both sides' uses of that contract; the refusal names the first that differs";
        return Check::of("windows", Found::Failed, detail, way_out);
    }
    let late = |window: &&WindowRow| now.micros().saturating_sub(window.closed_at) > UNSIGNED_MICROS;
    match signed.iter().find(late) {
        Some(window) => {
            let at = Timestamp::from_micros(window.closed_at);
            let detail = format!("window {} of `{}` waits since {at}", window.number, window.contract);
            let way_out = "see whether the user's connector runs: without its counter-signatures new uses stop";
            Check::of("windows", Found::Warning, detail, way_out)
        }
        None => Check::good("windows", format!("{} wait for their counter-signature", signed.len())),
    }
}

async fn sources_check(node: &Node) -> Result<Check, Error> {
    let mut all = Vec::new();
    for tenant in node.tenants() {
        all.extend(resource::list(node, &tenant).await?);
    }
    let looked = tokio::task::spawn_blocking(move || sources_found(&all)).await;
    looked.map_err(|error| Error::Corrupt(format!("looking at files was interrupted: {error}")))
}

fn sources_found(resources: &[OwnResource]) -> Check {
    let stamps = resources.iter().map(|own| (own, stamp_of(&own.source)));
    let (mut missing, mut changed) = (Vec::new(), Vec::new());
    for (own, stamp) in stamps {
        match stamp {
            None => missing.push(own.source.clone()),
            Some(stamp) if stamp != own.stamp => changed.push(own.source.clone()),
            Some(_) => {}
        }
    }
    let way_out = "restore them, or catalogue them again with `weir resource add`";
    if !missing.is_empty() {
        let detail = format!("{} of {} files cannot be read: {}", missing.len(), resources.len(), named(&missing));
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
    Check::good("sources", format!("{} files are as they were catalogued", resources.len()))
}

fn stamp_of(path: &Path) -> Option<FileStamp> {
    // Opening a named pipe would wait for its writer.
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    FileStamp::of(&std::fs::File::open(path).ok()?, path).ok()
}
