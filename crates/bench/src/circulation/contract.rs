//! Contracts: from the user's proposal to the moment when the contract is active on the user's side. The provider answers from its offer
//! and signs with SM2, the user signs on agreement with ES256, the service node gives the identifier; every message goes over HTTP.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use app::Node;
use app::contract::{self, NewContract, Sign};
use app::member::Speaker;
use domain::catalogue::I18n;
use serde_json::Value;
use tokio::task::JoinSet;

use super::field::Field;
use super::{NAME, Scope};
use crate::error::{Error, Result};
use crate::figure::{Figure, Metric};
use crate::stats::{Samples, per_second};
use crate::wait::PATIENCE;

/// The state in which a contract can be used (TC609-6-2025-14, table C.1).
const ACTIVE: &str = "05";

/// What is proposed again and again.
#[derive(Debug, Clone)]
struct Proposal {
    users: Node,
    user: Arc<Speaker>,
    product: String,
    terms: Value,
}

impl Proposal {
    async fn new(field: &Field, name: &str) -> Result<Proposal> {
        let product = field.offer(small_file(field, name)?, I18n::same(name)).await?;
        Ok(Proposal::of(field, product))
    }

    fn of(field: &Field, product: String) -> Proposal {
        Proposal { users: field.users.clone(), user: field.user.clone(), product, terms: field.terms() }
    }

    /// One contract from its proposal until it is active; answers its identifier and how long that took.
    async fn conclude(&self) -> Result<(String, Duration)> {
        let new = NewContract {
            product: self.product.clone(),
            name: None,
            terms: self.terms.clone(),
            sign: Sign::OnAgreement,
        };
        let started = Instant::now();
        let proposed = contract::propose(&self.users, &self.user, new).await?;
        let view = contract::wait(&self.users, &self.user, &proposed.key, ACTIVE, PATIENCE).await?;
        let took = started.elapsed();
        match (view.state, view.contract_id) {
            (ACTIVE, Some(id)) => Ok((id, took)),
            (state, _) => {
                let trouble = view.trouble.map(|trouble| trouble.reason).or(view.reason).unwrap_or_default();
                Err(Error::Wrong(format!(
                    "contract `{}` is in state {state}, not active: {trouble}",
                    proposed.key
                )))
            }
        }
    }

    /// So many contracts, `at_once` of them at a time, until `time_max`; answers those that were made, with their times.
    async fn conclude_many(
        &self,
        count: u32,
        at_once: u32,
        time_max: Duration,
    ) -> Result<Vec<(String, Duration)>> {
        let (next, began) = (Arc::new(AtomicU32::new(0)), Instant::now());
        let mut workers = JoinSet::new();
        for _ in 0..at_once {
            let (proposal, next) = (self.clone(), next.clone());
            workers.spawn(async move {
                let mut made = Vec::new();
                while next.fetch_add(1, Ordering::Relaxed) < count && began.elapsed() < time_max {
                    made.push(proposal.conclude().await?);
                }
                Ok::<_, Error>(made)
            });
        }
        let mut all = Vec::new();
        while let Some(made) = workers.join_next().await {
            all.extend(
                made.map_err(|error| Error::Wrong(format!("a negotiation was interrupted: {error}")))??,
            );
        }
        Ok(all)
    }
}

/// Contracts one after the other.
///
/// # Errors
/// [`Error::App`]; [`Error::Wrong`] where one ends otherwise than active.
pub async fn one_by_one(field: &Field, scope: &Scope, fsync_ms: f64) -> Result<Vec<Figure>> {
    let proposal = Proposal::new(field, "one by one").await?;
    let made = proposal.conclude_many(scope.contracts, 1, scope.samples_time_max()).await?;
    let times = Samples::new(made.into_iter().map(|(_, took)| took).collect());
    let note = format!(
        "{} contracts one after the other, proposed to active at the user; provider SM2, user ES256, HTTP between them; the baseline is fsync_p50_ms",
        times.len()
    );
    Ok(vec![
        Figure::new(NAME, Metric::ContractP50Ms, times.median_ms(), note.clone()).beside(fsync_ms),
        Figure::new(NAME, Metric::ContractP99Ms, times.percentile_ms(99), note).beside(fsync_ms),
    ])
}

/// Contracts side by side.
///
/// # Errors
/// As [`one_by_one`].
pub async fn side_by_side(field: &Field, scope: &Scope) -> Result<Vec<Figure>> {
    let proposal = Proposal::new(field, "side by side").await?;
    let began = Instant::now();
    let made =
        proposal.conclude_many(scope.contracts, scope.contracts_at_once, scope.samples_time_max()).await?;
    let took = began.elapsed();
    let times = Samples::new(made.into_iter().map(|(_, took)| took).collect());
    let note = format!(
        "{} contracts, {} at once, each active after {:.1} ms in the median and {:.1} ms at the 99th percentile",
        times.len(),
        scope.contracts_at_once,
        times.median_ms(),
        times.percentile_ms(99)
    );
    Ok(vec![Figure::new(NAME, Metric::ContractsPerS, per_second(times.len() as u64, took), note)])
}

/// Active contracts on a small file, for what uses them.
///
/// # Errors
/// As [`one_by_one`].
pub async fn some(field: &Field, scope: &Scope, name: &str) -> Result<Vec<String>> {
    let proposal = Proposal::new(field, name).await?;
    let made = proposal
        .conclude_many(scope.contracts_used, scope.contracts_at_once, scope.samples_time_max())
        .await?;
    Ok(made.into_iter().map(|(id, _)| id).collect())
}

/// One active contract on a product.
///
/// # Errors
/// As [`one_by_one`].
pub async fn on(field: &Field, product: String) -> Result<String> {
    Ok(Proposal::of(field, product).conclude().await?.0)
}

/// A file of a few rows, of its own for each name.
fn small_file(field: &Field, name: &str) -> Result<PathBuf> {
    let path = field.providers.config().folder.join(format!("{}.csv", name.replace(' ', "-")));
    std::fs::write(&path, "hour,PM2.5,O3\n0,12,31\n1,14,29\n2,11,35\n").map_err(Error::io("write", &path))?;
    Ok(path)
}
