//! What others' trust hangs on: certificates that have not ended, and a clock that is right.

use std::sync::Arc;

use domain::Timestamp;
use serde::Deserialize;

use super::check::{Check, Found};
use crate::member::{PeerNode, Speaker};
use crate::{Error, Node};

/// From which difference on a clock is a warning, in milliseconds. Beyond [`crate::config::Limits::clock_skew_ms`] it is a failure.
const CLOCK_WARNING_MS: i64 = 30_000;
/// How long before its end a certificate is a warning, in days.
const CERTIFICATE_WARNING_DAYS: i64 = 30;
/// The way out where an upstream does not answer.
pub(super) const LOOK_UPSTREAM: &str = "see whether the upstream node runs and can be reached from here";

/// Which of the certificates here ends first.
pub(super) fn certificates(node: &Node) -> Check {
    certificates_found(&members(node), node.now())
}

/// Everybody who signs here: the node and its connectors.
fn members(node: &Node) -> Vec<Arc<Speaker>> {
    let own = node.standing().ok().map(|standing| standing.speaker.clone());
    own.into_iter().chain(node.tenants()).collect()
}

fn certificates_found(members: &[Arc<Speaker>], now: Timestamp) -> Check {
    let ends = members.iter().flat_map(|member| {
        let organisation =
            member.organisation.as_ref().map(|organisation| organisation.chain.leaf().not_after());
        [Some(member.membership.sign_chain.leaf().not_after()), organisation]
            .into_iter()
            .flatten()
            .map(|end| (end, member.id().to_string()))
    });
    match ends.min() {
        None => Check::bad(
            "certificates",
            Found::Warning,
            "certificates-none",
            "nobody here has joined",
            "join with an enrolment code",
        ),
        Some((end, whose)) => certificate_found(end, &whose, now),
    }
}

fn certificate_found(end: i64, whose: &str, now: Timestamp) -> Check {
    let days = end.saturating_sub(now.secs()).div_euclid(86_400);
    let end = Timestamp::from_secs(end);
    let detail = format!("the first to end is that of `{whose}`, at {end}, in {days} days");
    let way_out = "ask the function node's operator for a new enrolment code and join again";
    let check = match days {
        ..0 => Check::bad("certificates", Found::Failed, "certificates-ended", detail, way_out),
        0..CERTIFICATE_WARNING_DAYS => {
            Check::bad("certificates", Found::Warning, "certificates-end-soon", detail, way_out)
        }
        _ => Check::good("certificates", "certificates-hold", detail),
    };
    check.with("id", whose).with("end", end).count("days", days)
}

/// What `GET /weir/v1/time` answers.
#[derive(Deserialize)]
struct PeerTime {
    timestamp: i64,
}

/// How far this clock stands from the upstream's.
pub(super) async fn clock(node: &Node, upstream: &PeerNode) -> Check {
    let before = node.now().millis();
    match peer_time(node, upstream).await {
        Ok(theirs) => {
            // The middle of the exchange, so that a slow line is no wrong clock.
            let ours = before.midpoint(node.now().millis());
            clock_found(&upstream.name, ours, theirs, node.limits().clock_skew_ms)
        }
        Err(error) => {
            let detail = format!("`{}` does not tell its time: {error}", upstream.name);
            Check::bad("clock", Found::Warning, "clock-unknown", detail, LOOK_UPSTREAM)
                .with("upstream", &upstream.name)
                .with("reason", error)
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
    let (side, code_good, code_bad) = match ahead >= 0 {
        true => ("ahead of", "clock-ahead", "clock-ahead-far"),
        false => ("behind", "clock-behind", "clock-behind-far"),
    };
    let off = ahead.saturating_abs();
    let detail = format!("{off} ms {side} `{upstream}`; messages are taken up to {limit} ms");
    let far = |found| {
        Check::bad("clock", found, code_bad, &*detail, "set this machine's clock, best by a time service")
    };
    let check = match off {
        off if off > limit => far(Found::Failed),
        off if off > CLOCK_WARNING_MS => far(Found::Warning),
        _ => Check::good("clock", code_good, &*detail),
    };
    check.with("upstream", upstream).count("offMs", off).count("limitMs", limit)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::check::results;
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

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
    fn a_certificate_is_told_a_month_before_its_end() {
        let day = 86_400;
        let ends = [-1, 0, 29 * day, 30 * day].map(|secs| NOW.secs() + secs);
        let checks = ends.map(|end| certificate_found(end, "5x", NOW));
        use Found::{Failed, Ok, Warning};
        assert_eq!(results(checks), [Failed, Warning, Warning, Ok]);
        assert_eq!(results([certificates_found(&[], NOW)]), [Warning]);
    }
}
