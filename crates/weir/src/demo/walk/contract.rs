//! Contract: with every provider one of its own. The user asks for two uses, the provider's offer changes that to one, both sign.
//!
//! That it went so is read from what both sides keep: the rounds, and the signatures, which are verified under the organisations'
//! certified keys.

use std::collections::BTreeSet;
use std::time::Instant;

use domain::codes::ContractStatus;
use domain::contract::Role;
use serde_json::{Value, json};

use super::item::Item;
use super::register::COUNT_OFFERED;
use super::tell::Told;
use super::{FIRST_USE, PROVIDERS, Part, USERS, Walk};
use crate::client::Client;
use crate::demo::look::{at, list, number, text, wait_for};
use crate::exit::Exit;
use crate::problem::{Failure, Result};
use crate::term::{Mark, Unit, duration, step_time};

/// The uses that the user asks for at first.
const COUNT_ASKED: u64 = 2;
/// A contract that is in force.
const IN_FORCE: &str = ContractStatus::Performing.code();

/// What both sides keep of the contracts.
#[derive(Debug, Default)]
struct Kept {
    asked: BTreeSet<u64>,
    agreed: BTreeSet<u64>,
    contracts: u64,
    signatures: u64,
}

impl Walk<'_> {
    pub(super) async fn contract(&mut self) -> Result<()> {
        let began = self.begin(Part::Contract);
        let user = self.user()?;
        let progress = self.progress(self.items.len() as u64, Unit::Items);
        let begun = user.get_all("/contracts").await?;
        let mut new = 0u32;
        for index in 0..self.items.len() {
            let product = self.item(index)?.product.clone();
            let before = usable(&user, &begun, &product).await?;
            new += u32::from(before.is_none());
            let contract = conclude(&user, &product, before).await?;
            self.item(index)?.contract = text(&contract, "contractId").to_owned();
            progress.add(1);
        }
        drop(progress);
        let mut kept = Kept::default();
        for item in &self.items {
            self.check(item, &user, &mut kept).await?;
        }
        self.told(&kept, new, began)
    }

    fn told(&mut self, kept: &Kept, new: u32, began: Instant) -> Result<()> {
        let counts = |counts: &BTreeSet<u64>| counts.iter().map(u64::to_string).collect::<Vec<_>>().join("/");
        let args = [
            ("contracts", kept.contracts.into()),
            ("asked", counts(&kept.asked).into()),
            ("agreed", counts(&kept.agreed).into()),
            ("signatures", kept.signatures.into()),
        ];
        let all: Vec<&str> = self.items.iter().map(|item| item.contract.as_str()).collect();
        let figures = json!({"contracts": all, "asked": kept.asked, "agreed": kept.agreed,
            "signatures": kept.signatures, "new": new});
        // Where some were there before, there is no time of each.
        let time = match self.items.len() as u64 == u64::from(new) {
            true => self.context.msg("demo-each", &[("time", duration(began.elapsed() / new.max(1)).into())]),
            false => step_time(began.elapsed()),
        };
        let text = self.context.msg("demo-contract", &args);
        self.tell(&Told { mark: Mark::Done, text, time: Some(time), figures })
    }

    /// Holds what both sides keep of an item's contract against what should have happened.
    async fn check(&self, item: &Item, user: &Client, kept: &mut Kept) -> Result<()> {
        let path = format!("/contracts/{}", item.contract);
        let ours = user.get(&path, &[]).await?;
        let provider = self.provider(item)?;
        // The provider hears of the user's signature last.
        let theirs = wait_for("demo-waited-contract", || async {
            let contract = provider.get(&path, &[]).await?;
            Ok((text(&contract, "state") == IN_FORCE).then_some(contract))
        })
        .await?;
        for side in [&ours, &theirs] {
            let (asked, agreed) = rounds(side).ok_or_else(|| differs(item))?;
            kept.asked.insert(asked);
            kept.agreed.insert(agreed);
        }
        if at(&ours, "signatures") != at(&theirs, "signatures") {
            return Err(differs(item));
        }
        self.signatures(USERS, &self.user, item).await?;
        kept.signatures += self.signatures(PROVIDERS, &item.connector, item).await?;
        kept.contracts += 1;
        Ok(())
    }

    /// Verifies both signatures that a side keeps, under the keys that it knows of both organisations; answers how many held.
    async fn signatures(&self, host: &str, connector: &str, item: &Item) -> Result<u64> {
        let node = &self.network.running(host)?.node;
        let fails = |reason: String| {
            Failure::new(Exit::Unverified, "demo-signature-fails")
                .with("contract", &item.contract)
                .with("reason", reason)
        };
        let held = app::contract::get(node, connector, &item.contract).await;
        let held = held.map_err(|error| fails(error.to_string()))?;
        let contract = held.contract();
        let digest =
            contract.body().and_then(|body| body.digest()).map_err(|error| fails(error.to_string()))?;
        for role in [Role::Provider, Role::User] {
            let signature = contract.state.signatures().and_then(|signatures| signatures.of(role));
            let signature = signature.ok_or_else(|| fails(format!("{role:?}: –")))?;
            let known = node.known(signature.entity().as_str()).await;
            let known = known.map_err(|error| fails(error.to_string()))?;
            signature.verify(&known.key).map_err(|error| fails(error.to_string()))?;
            if signature.body.contract_digest != digest {
                return Err(fails(signature.body.contract_digest.to_string()));
            }
        }
        Ok(2)
    }
}

fn differs(item: &Item) -> Failure {
    Failure::new(Exit::Failure, "demo-rounds-differ").with("contract", &item.contract)
}

/// The uses that the user asked for first and those that the provider answered with and both signed, as one side keeps the rounds;
/// nothing where they went another way.
fn rounds(contract: &Value) -> Option<(u64, u64)> {
    let rounds = list(at(contract, "rounds"));
    let (first, last) = (rounds.first()?, rounds.last()?);
    let (asked, agreed) = (at(first, "terms/count").as_u64()?, at(last, "terms/count").as_u64()?);
    let as_it_went = text(first, "by") == "user"
        && text(last, "by") == "provider"
        && (asked, agreed) == (COUNT_ASKED, COUNT_OFFERED)
        && number(at(contract, "terms"), "count") == agreed
        && list(at(contract, "signatures")).len() == 2;
    as_it_went.then_some((asked, agreed))
}

/// The contract on a product among those that an earlier walk began, if it can still be delivered under.
async fn usable(user: &Client, begun: &Value, product: &str) -> Result<Option<Value>> {
    let ended = [ContractStatus::Ended.code(), ContractStatus::SigningFailed.code()];
    for contract in list(begun) {
        if text(contract, "product") == product
            && !ended.contains(&text(contract, "state"))
            && !is_spent(user, contract).await?
        {
            return Ok(Some(contract.clone()));
        }
    }
    Ok(None)
}

/// Whether the one use of a contract ended without the whole data, as it does long after a walk was interrupted in the middle of it.
async fn is_spent(user: &Client, contract: &Value) -> Result<bool> {
    if text(contract, "state") != IN_FORCE {
        return Ok(false);
    }
    let uses = user.get(&format!("/contracts/{}/uses", text(contract, "key")), &[]).await?;
    let first = list(at(&uses, "items")).iter().find(|one| text(one, "use") == FIRST_USE);
    Ok(first.is_some_and(|one| matches!(text(one, "state"), "incomplete" | "mismatch")))
}

/// Brings a contract on a product into force, from wherever it stands.
async fn conclude(user: &Client, product: &str, before: Option<Value>) -> Result<Value> {
    let begun = match before {
        Some(contract) => contract,
        None => propose(user, product).await?,
    };
    let path = format!("/contracts/{}", text(&begun, "key"));
    wait_for("demo-waited-contract", || async {
        let contract = user.get(&path, &[]).await?;
        match ContractStatus::from_code(text(&contract, "state")) {
            Ok(ContractStatus::Performing) => Ok(Some(contract)),
            Ok(ContractStatus::Ended | ContractStatus::SigningFailed) => {
                Err(Failure::new(Exit::Refused, "demo-contract-ended")
                    .with("reason", text(&contract, "reason")))
            }
            _ if *at(&contract, "awaitsUs") == Value::Bool(true) => {
                user.post(&format!("{path}/sign"), &json!({})).await?;
                Ok(None)
            }
            _ => Ok(None),
        }
    })
    .await
}

async fn propose(user: &Client, product: &str) -> Result<Value> {
    let offered = user.get(&format!("/products/{product}"), &[]).await?;
    let mut terms = at(&offered, "offer").clone();
    if let Some(fields) = terms.as_object_mut() {
        fields.insert("count".to_owned(), COUNT_ASKED.into());
    }
    user.post("/contracts", &json!({"product": product, "terms": terms, "sign": "manual"})).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(asked: u64, agreed: u64, last: &str, signatures: usize) -> Value {
        json!({"terms": {"count": agreed}, "signatures": vec![json!({}); signatures], "rounds": [
            {"by": "user", "terms": {"count": asked}}, {"by": last, "terms": {"count": agreed}}]})
    }

    #[test]
    fn rounds_are_what_was_kept_and_not_what_was_meant() {
        assert_eq!(rounds(&contract(2, 1, "provider", 2)), Some((2, 1)));
        for wrong in [
            contract(1, 1, "provider", 2),
            contract(2, 2, "provider", 2),
            contract(2, 1, "user", 2),
            contract(2, 1, "provider", 1),
            json!({"rounds": []}),
            json!({}),
        ] {
            assert_eq!(rounds(&wrong), None, "{wrong}");
        }
        let mut other_terms = contract(2, 1, "provider", 2);
        if let Some(terms) = other_terms.pointer_mut("/terms/count") {
            *terms = json!(3);
        }
        assert_eq!(rounds(&other_terms), None);
    }
}
