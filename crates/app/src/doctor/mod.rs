//! What may be wrong with a running node, and what to do about it (`GET /doctor`).
//!
//! Each check stands for itself: one that cannot be made is a finding, not the end of the others. What can be seen without the
//! node (its configuration, its port) is checked by the command line.
//!
//! | module | looks at |
//! |---|---|
//! | [`place`] | store, disk, key files |
//! | [`trust`] | certificates, clocks |
//! | [`logs`] | the logs that are followed |
//! | [`work`] | messages to send, windows, source files |

mod check;
mod logs;
mod place;
mod trust;
mod work;

pub use check::{Check, DoctorView, Found};

use crate::{Error, Node};

/// Makes every check.
pub async fn doctor(node: &Node) -> DoctorView {
    let mut checks = vec![place::store(node).await, place::disk(node), place::keys(&node.config().folder)];
    checks.push(trust::certificates(node));
    for upstream in node.upstreams() {
        checks.push(trust::clock(node, &upstream).await);
        checks.push(made("feed", logs::feed(node, &upstream).await));
    }
    checks.push(made("logs", logs::followed(node).await));
    checks.push(made("outbox", work::outbox(node).await));
    if !node.tenants().is_empty() {
        checks.push(made("windows", work::windows(node).await));
        checks.push(made("sources", work::sources(node).await));
    }
    DoctorView { ok: checks.iter().all(|check| check.ok), checks }
}

fn made(name: &'static str, check: Result<Check, Error>) -> Check {
    check.unwrap_or_else(|error| Check::not_made(name, &error))
}
