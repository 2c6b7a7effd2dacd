//! Ends contracts whose time is over. The gate looks at the clock itself, so nothing is allowed in between.

use std::sync::Arc;
use std::time::Duration;

use domain::codes::ContractStatus;
use domain::contract::Input;
use domain::{Refusal, Timestamp};
use store::Page;

use super::commit::{self, Change};
use super::entry::{self, Held};
use super::turn::Turn;
use crate::{Error, Node};

/// How long the job sleeps at most before it looks at the node's clock again, which may have been set: a look asks nobody but memory.
const LOOK: Duration = Duration::from_secs(1);
/// How long it waits after a failure.
const RETRY: Duration = Duration::from_secs(60);
/// How many rows one page of the first look takes.
const PAGE: u32 = 500;
/// The states, as rows hold them, of contracts that are not over.
const ALIVE: [ContractStatus; 4] = [
    ContractStatus::Initiated,
    ContractStatus::Negotiating,
    ContractStatus::Signing,
    ContractStatus::Performing,
];

/// Job: moves contracts past the end of their terms' time to their end.
pub async fn expire(node: Node) {
    while let Err(error) = expect_all(&node).await {
        tracing::error!(%error, "contracts could not be read for their ends; trying again");
        tokio::time::sleep(RETRY).await;
    }
    loop {
        end_due(&node).await;
        let pause = node.contracts().next_expiry().map_or(RETRY, |at| until(at, node.now()));
        let _ = tokio::time::timeout(pause, node.contracts().sooner.notified()).await;
    }
}

/// The time from `now` to `at`, as far as one may sleep without looking at the node's clock.
pub(super) fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(at.micros_since(now)).unwrap_or(0)).min(LOOK)
}

/// Notes the ends of all contracts that the store has.
async fn expect_all(node: &Node) -> Result<(), Error> {
    for tenant in node.tenants() {
        for state in ALIVE {
            let mut after = String::new();
            while let Some(last) = expect_page(node, tenant.id().as_str(), state, after).await? {
                after = last;
            }
        }
    }
    Ok(())
}

/// One page; the key of its last row, where there may be more.
async fn expect_page(
    node: &Node,
    tenant: &str,
    state: ContractStatus,
    after: String,
) -> Result<Option<String>, Error> {
    let owner = tenant.to_owned();
    let rows = node.store().read("contract_ends", move |read| {
        let (owner, page) = (owner.clone(), Page::after(after.clone(), PAGE));
        Box::pin(async move { Ok::<_, Error>(read.list_contracts_in(&owner, state.code(), &page).await?) })
    });
    let rows = rows.await?;
    for row in &rows {
        let end = entry::held_of(row)?.contract().terms().time.end();
        node.contracts().expect((end, row.tenant.clone(), row.key.clone()));
    }
    Ok(rows.last().filter(|_| rows.len() as u64 == u64::from(PAGE)).map(|row| row.key.clone()))
}

/// Ends every contract whose time is over now.
pub(super) async fn end_due(node: &Node) {
    while let Some((_, tenant, key)) = node.contracts().take_expired(node.now()) {
        match end(node, &tenant, &key).await {
            Ok(()) => {}
            // Other terms were agreed since; that commit noted their end.
            Err(Error::State(Refusal::NotOver { .. })) => {}
            Err(Error::NotFound { .. }) => {}
            Err(error) => {
                tracing::warn!(contract.key = key, %error, "a contract could not be ended at its time; trying again");
                node.contracts().expect((node.now().plus_micros(RETRY_MICROS), tenant, key));
            }
        }
    }
}

/// [`RETRY`] in microseconds.
const RETRY_MICROS: i64 = 60_000_000;

async fn end(node: &Node, tenant: &str, key: &str) -> Result<(), Error> {
    let speaker = node.tenant(tenant)?;
    let turn = |held: &Arc<Held>| -> Result<Change, Error> {
        Turn::on(held, node.now()).step(Input::Expire)?.change(node, &speaker, None)
    };
    commit::change(node, tenant, key, turn).await.map(drop)
}
