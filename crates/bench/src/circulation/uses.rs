//! Metered uses through the provider's gate, in process: each is let through under its contract, counted durably, and closed durably.
//! Windows close, are signed and are sent to the user meanwhile, as they always are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::Node;
use app::member::Speaker;
use crypto::Sha256;
use domain::delivery::Delivered;
use domain::id::ContractId;
use tokio::task::JoinSet;

use super::field::Field;
use super::{NAME, Scope, contract};
use crate::error::{Error, Result};
use crate::figure::{Figure, Metric};
use crate::stats::per_second;
use crate::wait::{passing, until};

/// The provider's gate and the contracts that are used.
#[derive(Debug)]
struct Gate {
    providers: Node,
    provider: Arc<Speaker>,
    users: Node,
    contracts: Vec<ContractId>,
}

/// Many callers use many contracts for some seconds.
///
/// # Errors
/// [`Error::App`] where a use is refused: all of them must pass.
pub async fn through_the_gate(field: &Field, scope: &Scope) -> Result<Vec<Figure>> {
    let gate = Arc::new(Gate::open(field, scope).await?);
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..scope.callers {
        callers.spawn(gate.clone().call(caller, began, scope.using));
    }
    let mut uses = 0;
    while let Some(called) = callers.join_next().await {
        uses += called.map_err(|error| Error::Wrong(format!("a caller was interrupted: {error}")))??;
    }
    let took = began.elapsed();
    let note = format!(
        "{uses} uses of {} contracts by {} callers in {:.1} s: let through, counted and closed durably, windows closed meanwhile",
        gate.contracts.len(),
        scope.callers,
        took.as_secs_f64()
    );
    Ok(vec![Figure::new(NAME, Metric::UsesPerS, per_second(uses, took), note)])
}

impl Gate {
    /// Makes the contracts, and waits until each is active at the provider too.
    async fn open(field: &Field, scope: &Scope) -> Result<Gate> {
        let mut contracts = Vec::new();
        for id in contract::some(field, scope, "for use").await? {
            let tenant = field.provider.id().as_str();
            until("the contract at the provider", || async {
                passing(app::contract::for_gate(&field.providers, tenant, &id).await)
            })
            .await?;
            let id = ContractId::parse(&id).map_err(|error| Error::Wrong(error.to_string()))?;
            contracts.push(id);
        }
        let (providers, users) = (field.providers.clone(), field.users.clone());
        Ok(Gate { providers, provider: field.provider.clone(), users, contracts })
    }

    /// One caller: use after use, each of the next contract, until the time is up; answers how many.
    async fn call(self: Arc<Self>, caller: u32, began: Instant, using: Duration) -> Result<u64> {
        let delivered = Delivered { bytes: 0, rows: 0, digest: Sha256::of(b"") };
        let mut number = 0;
        let contracts = self.contracts.iter().cycle().skip(caller as usize);
        for contract in contracts.take_while(|_| began.elapsed() < using) {
            let id = app::fetch::new_use_id(&self.users)?;
            let admission = app::delivery::use_once(&self.providers, &self.provider, contract, &id).await?;
            if admission.again {
                return Err(Error::Wrong(format!("use `{id}` was known before")));
            }
            app::delivery::close_use(&self.providers, &self.provider, contract, &id, &delivered).await?;
            number += 1;
        }
        Ok(number)
    }
}
