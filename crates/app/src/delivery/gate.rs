//! May this use pass? The contract is in force, the windows before it are signed, the terms admit it, and it is counted: durably, and
//! never beyond the contract's count, however many ask at once. `dataplane::gate` holds it against the terms; the store counts.

use std::sync::Arc;

use dataplane::gate::{self, Admission, Counted, GateRefusal};
use domain::Timestamp;
use domain::contract::Role;
use domain::delivery::{Delivered, UseId};
use domain::id::ContractId;
use domain::terms::UseRequest;
use store::{Body, CloseUse, NewUse, UseKey};

use crate::contract::GateContract;
use crate::member::Speaker;
use crate::metering::{self, UseBody};
use crate::{Error, Node};

/// A contract in force at its provider, whose uses may be asked for.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) contract: Arc<GateContract>,
}

impl Pass {
    /// The pass of a contract: it is in force, it is ours to provide, and its user signs the windows.
    pub(super) async fn of(node: &Node, provider: &Speaker, contract: &ContractId) -> Result<Pass, Error> {
        let contract = crate::contract::for_gate(node, provider.id().as_str(), contract.as_str()).await?;
        if contract.role != Role::Provider {
            return Err(Error::Forbidden(
                format!(
                    "contract `{}`: its provider is `{}`, ask there",
                    contract.id, contract.provider.connector
                )
                .into(),
            ));
        }
        metering::check_signed(node, provider, &contract.id).await?;
        Ok(Pass { contract })
    }

    /// Only the contract's own user may ask.
    pub(super) fn check_sender(&self, sender: &str) -> Result<(), Error> {
        let user = &self.contract.user.connector;
        if user.as_str() == sender {
            return Ok(());
        }
        Err(Error::Forbidden(
            format!("contract `{}` is of user `{user}`, not of `{sender}`", self.contract.id).into(),
        ))
    }

    /// Lets a use pass, and counts it before it does. Where it cannot be counted, it does not pass.
    pub(super) async fn admit(&self, node: &Node, use_id: &UseId) -> Result<Admission, Error> {
        let at = node.now();
        gate::hold(&self.contract.terms, self.request(at)).map_err(refusal)?;
        self.count(node, use_id, at).await?.admission(use_id).map_err(refusal)
    }

    fn request(&self, at: Timestamp) -> UseRequest {
        let (user, fields) = (&self.contract.user, self.contract.terms.fields.clone());
        UseRequest { at, region: user.connector.area(), user: user.subject.clone(), fields, used_so_far: 0 }
    }

    /// Counts a use durably, unless it is counted already or the contract allows no more.
    async fn count(&self, node: &Node, use_id: &UseId, at: Timestamp) -> Result<Counted, Error> {
        let terms = &self.contract.terms;
        let body = UseBody { fields: terms.fields.as_ref().map(|fields| fields.iter().cloned().collect()) };
        let key = self.key(use_id);
        let new = NewUse { key: key.clone(), at: at.micros(), limit: terms.count, body: Body::of(&body)? };
        match node.store().append_uses(vec![new]).await?.pop() {
            Some(store::Admission::Admitted { sequence, .. }) => Ok(Counted::First { sequence }),
            Some(store::Admission::Repeat { sequence, closed, .. }) => {
                let abandoned = closed && !went_out_whole(node, key).await?;
                Ok(Counted::Again { sequence, abandoned })
            }
            Some(store::Admission::Refused { limit, used }) => Ok(Counted::Beyond { limit, used }),
            None => Err(Error::Corrupt("the store did not say whether it counted a use".to_owned())),
        }
    }

    fn key(&self, use_id: &UseId) -> UseKey {
        let GateContract { id, provider, .. } = &*self.contract;
        let (tenant, contract) = (provider.connector.to_string(), id.to_string());
        UseKey { tenant, contract, use_id: use_id.as_str().to_owned() }
    }
}

/// Of a use that was closed: sent whole, its bytes may be sent again; abandoned, it is over.
async fn went_out_whole(node: &Node, key: UseKey) -> Result<bool, Error> {
    let read = node.store().peek("use_again", move |read| {
        let key = key.clone();
        Box::pin(async move { Ok::<_, Error>(read.get_use(&key).await?) })
    });
    Ok(read.await?.is_some_and(|row| row.complete))
}

/// A refusal of the gate in our own words.
fn refusal(refusal: GateRefusal) -> Error {
    match refusal {
        GateRefusal::Terms(refusal) => Error::Use(refusal),
        GateRefusal::Over { use_id } => Error::Metering(super::use_over(use_id.as_str())),
    }
}

/// Closes a use that went out whole, and notes that it waits for a window.
pub(super) async fn close(node: &Node, key: &UseKey, delivered: &Delivered) -> Result<(), Error> {
    let close = CloseUse {
        key: key.clone(),
        at: node.now().micros(),
        bytes: delivered.bytes,
        rows: delivered.rows,
        digest: Some(delivered.digest.to_string()),
        complete: true,
    };
    metering::close(node, close).await
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use domain::TimeRange;
    use domain::id::AreaCode;
    use domain::terms::{Terms, UseRefusal};
    use store::{StoreError, UseCounter};

    use super::*;
    use crate::delivery::tests::{counter, row};
    use crate::metering::sweep_idle;
    use crate::metering::testkit::{World, at, terms};

    async fn pass(world: &World, contract: &ContractId) -> Pass {
        Pass::of(&world.provider.node, &world.provider.speaker, contract).await.unwrap()
    }

    async fn admit(world: &World, pass: &Pass, use_id: &str) -> Result<Admission, Error> {
        pass.admit(&world.provider.node, &UseId::parse(use_id).unwrap()).await
    }

    /// What refuses a use under these terms, which then is not counted.
    async fn refused(world: &mut World, terms: Terms) -> UseRefusal {
        let contract = world.contract(terms).await;
        let refused = admit(world, &pass(world, &contract).await, "u1").await.unwrap_err();
        assert_eq!(counter(world, &contract).await, UseCounter::default());
        assert!(row(world, &contract, "u1").await.is_none());
        match refused {
            Error::Use(refusal) => refusal,
            other => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn the_count_is_refused_with_limit_and_actual_and_the_last_use_is_taken_up_again() {
        let mut world = World::new(10).await;
        let contract = world.contract(terms().with_count(2)).await;
        let pass = pass(&world, &contract).await;
        assert_eq!(admit(&world, &pass, "u1").await.unwrap(), Admission { sequence: 1, again: false });
        assert_eq!(admit(&world, &pass, "u2").await.unwrap(), Admission { sequence: 2, again: false });
        let refused = admit(&world, &pass, "u3").await.unwrap_err();
        assert!(matches!(refused, Error::Use(UseRefusal::Count { limit: 2, used: 2 })), "{refused}");
        assert!(row(&world, &contract, "u3").await.is_none());
        assert_eq!(admit(&world, &pass, "u2").await.unwrap(), Admission { sequence: 2, again: true });
        assert_eq!(counter(&world, &contract).await.used, 2, "counted once");
    }

    #[tokio::test]
    async fn a_use_is_recorded_with_its_time_and_its_fields() {
        let mut world = World::new(10).await;
        let contract = world.contract(terms().with_fields(["O3"])).await;
        admit(&world, &pass(&world, &contract).await, "u1").await.unwrap();
        let open = row(&world, &contract, "u1").await.unwrap();
        assert_eq!((open.opened_at, open.closing), (world.clock_micros(), None));
        assert_eq!(open.body.get::<UseBody>().unwrap().fields, Some(vec!["O3".to_owned()]));
    }

    #[tokio::test]
    async fn a_region_or_a_user_outside_the_terms_is_refused_and_not_counted() {
        let mut world = World::new(10).await;
        let (beijing, user) = (AreaCode::parse("1100").unwrap(), world.user.speaker.clone());
        let region = refused(&mut world, terms().with_regions([beijing])).await;
        let actual = user.id().area();
        assert_eq!(region, UseRefusal::Region { allowed: [beijing].into(), actual });
        let provider = world.provider.speaker.subject().clone();
        let stranger = refused(&mut world, terms().with_users([provider])).await;
        assert_eq!(stranger, UseRefusal::User { actual: user.subject().clone() });
    }

    #[tokio::test]
    async fn a_time_outside_the_terms_is_refused_and_not_counted() {
        let mut world = World::new(10).await;
        let (end, late) = (at("2027-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"));
        let next_year = Terms::new(terms().action, TimeRange::new(end, late).unwrap());
        let early = refused(&mut world, next_year).await;
        assert_eq!(early, UseRefusal::NotYet { start: end, at: world.provider.node.now() });
        let contract = world.contract(terms()).await;
        let pass = pass(&world, &contract).await;
        world.clock.set(end);
        let over = admit(&world, &pass, "u1").await.unwrap_err();
        assert!(matches!(over, Error::Use(UseRefusal::Over { at, .. }) if at == end), "{over}");
        assert_eq!(counter(&world, &contract).await, UseCounter::default());
    }

    #[tokio::test]
    async fn a_use_that_was_sent_whole_passes_again_and_an_abandoned_one_does_not() {
        let mut world = World::new(10).await;
        let contract = world.contract(terms()).await;
        let pass = pass(&world, &contract).await;
        for use_id in ["whole", "abandoned"] {
            admit(&world, &pass, use_id).await.unwrap();
        }
        let delivered = Delivered { bytes: 1, rows: 1, digest: crypto::Sha256::of(b"x") };
        let whole = pass.key(&UseId::parse("whole").unwrap());
        close(&world.provider.node, &whole, &delivered).await.unwrap();
        world.clock.advance_secs(601);
        assert_eq!(sweep_idle(&world.provider.node).await.unwrap(), 1);
        assert_eq!(admit(&world, &pass, "whole").await.unwrap(), Admission { sequence: 1, again: true });
        let over = admit(&world, &pass, "abandoned").await.unwrap_err();
        assert!(matches!(&over, Error::Metering(text) if text.contains("`abandoned`")), "{over}");
    }

    #[tokio::test]
    async fn what_cannot_be_recorded_does_not_pass() {
        let mut world = World::new(10).await;
        let contract = world.contract(terms()).await;
        let (pass, node) = (pass(&world, &contract).await, world.provider.node.clone());
        world.kill_provider().await;
        let lost = pass.admit(&node, &UseId::parse("u1").unwrap()).await.unwrap_err();
        assert!(matches!(lost, Error::Store(StoreError::Closed)), "{lost}");
        assert_eq!(counter(&world, &contract).await, UseCounter::default());
        assert_eq!(admit(&world, &pass, "u1").await.unwrap(), Admission { sequence: 1, again: false });
    }
}
