//! The logs that the node follows: whether they come, and go on as they were.

use domain::Timestamp;
use ledger::checkpoint::Checkpoint;

use super::check::{Check, Found};
use super::trust::LOOK_UPSTREAM;
use crate::feed::passed::{PassedOverView, passed_over_here};
use crate::member::PeerNode;
use crate::status::{self, FollowedView};
use crate::{Error, Node};

/// Whether the upstream's public log is held as far as its own newest entries that came. A quiet network is not a broken one.
pub(super) async fn feed(node: &Node, upstream: &PeerNode) -> Result<Check, Error> {
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
        return Ok(Check::bad("feed", Found::Failed, "feed-nothing", detail, LOOK_UPSTREAM)
            .with("origin", origin)
            .with("upstream", &upstream.name));
    };
    let last = Timestamp::from_micros(head.updated_at);
    let signed = match head.checkpoint.as_deref().map(str::parse::<ledger::note::Note>) {
        Some(Ok(note)) => Checkpoint::from_text(note.text())?.size,
        _ => 0,
    };
    let detail = format!("{} entries of `{}`, the last at {last}", head.size, upstream.name);
    let check = if signed == head.size {
        Check::good("feed", "feed-held", detail)
    } else {
        let way_out = "the store is damaged: restore it, or delete it and follow anew";
        let detail = format!("{detail}; its checkpoint covers {signed}");
        Check::bad("feed", Found::Failed, "feed-damaged", detail, way_out)
    };
    Ok(check
        .count("entries", head.size)
        .with("upstream", &upstream.name)
        .with("last", last)
        .count("signedEntries", signed))
}

/// Whether every public log that is followed goes on here.
pub(super) async fn followed(node: &Node) -> Result<Check, Error> {
    let found = logs_found(&status::followed(node).await?);
    match found.result {
        Found::Ok => Ok(passed_found(&passed_over_here(node).await?).unwrap_or(found)),
        _ => Ok(found),
    }
}

/// Whether another word than what a log says stands here.
fn passed_found(passed: &PassedOverView) -> Option<Check> {
    let first = passed.items.first()?;
    let detail = format!(
        "{} entries of followed logs are not believed here, such as the one on `{}`: {}",
        passed.total, first.id, first.reason
    );
    let way_out = "two registrars speak of one object: tell both operators; the word that stands here stays until its registration ends";
    let check = Check::bad("logs", Found::Warning, "logs-passed-over", detail, way_out);
    Some(check.count("count", passed.total).with("id", &first.id).with("reason", &first.reason))
}

fn logs_found(followed: &[FollowedView]) -> Check {
    let count = followed.len();
    let stopped: Vec<&FollowedView> = followed.iter().filter(|log| log.problem.is_some()).collect();
    let Some((log, problem)) = stopped.first().and_then(|log| Some((*log, log.problem.as_deref()?))) else {
        return Check::good("logs", "logs-go-on", format!("{count} followed logs go on"))
            .count("count", count);
    };
    let whose = log.name.as_deref().unwrap_or(&log.origin);
    let detail = format!("{} of {count} do not go on, such as the one of {whose}: {problem}", stopped.len());
    let way_out =
        "tell that node's operator: nothing new of it is believed here until its log goes on as it was";
    Check::bad("logs", Found::Failed, "logs-stopped", detail, way_out)
        .count("stopped", stopped.len())
        .count("count", count)
        .with("whose", whose)
        .with("reason", problem)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::check::results;
    use super::*;
    use crate::feed::passed::PassedOver;

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
        assert_eq!(results([check.clone()]), [Found::Failed]);
        assert!(
            check.detail.starts_with("2 of 3") && check.detail.ends_with("北京: log `b` forked"),
            "{check:?}"
        );
        assert_eq!(passed_found(&PassedOverView::default()), None);
        let passed = PassedOver {
            origin: "a".to_owned(),
            kind: "weir.organisation/1".to_owned(),
            id: "9111".to_owned(),
            reason: "it is registered at 北京 (1100) already".to_owned(),
            at: String::new(),
        };
        let passed = passed_found(&PassedOverView { total: 3, items: vec![passed] }).unwrap();
        assert_eq!(results([passed.clone()]), [Found::Warning]);
        assert!(passed.detail.starts_with("3 entries") && passed.detail.contains("9111"), "{passed:?}");
        let nameless = logs_found(&[log("c", None, Some("nobody publishes it"))]);
        assert_eq!(nameless.fields.get("whose").and_then(|whose| whose.as_str()), Some("c"));
    }
}
