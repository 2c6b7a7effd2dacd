//! May this use pass? The contract is in force, the windows before it are signed, the terms admit it, and it is counted: durably, and
//! never beyond the contract's count, however many ask at once. `dataplane::gate` keeps the order; the book it asks is the store.

use std::sync::Arc;

use async_trait::async_trait;
use dataplane::gate::{self, Admission, GateRefusal, OpenUse, PassRequest, Standing, UseBook};
use domain::contract::Role;
use domain::delivery::{Delivered, UseId};
use domain::id::ContractId;
use domain::terms::{UseRefusal, UseRequest};
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
            return Err(Error::Forbidden(format!(
                "contract `{}`: its provider is `{}`, ask there",
                contract.id, contract.provider.connector
            )));
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
        Err(Error::Forbidden(format!(
            "contract `{}` is of user `{user}`, not of `{sender}`",
            self.contract.id
        )))
    }

    /// Lets a use pass, and counts it before it does.
    pub(super) async fn admit(&self, node: &Node, use_id: &UseId) -> Result<Admission, Error> {
        let user = &self.contract.user;
        let request = UseRequest {
            at: node.now(),
            region: user.connector.area(),
            user: user.subject.clone(),
            fields: self.contract.terms.fields.clone(),
            used_so_far: 0,
        };
        let pass = PassRequest { contract: self.contract.id.clone(), use_id: use_id.clone(), request };
        let book = StoreBook { node, tenant: self.contract.provider.connector.as_str() };
        gate::admit(&self.contract.terms, &pass, &book).await.map_err(refusal)
    }
}

/// The store as the book of uses.
struct StoreBook<'n> {
    node: &'n Node,
    tenant: &'n str,
}

impl StoreBook<'_> {
    fn key(&self, contract: &ContractId, use_id: &UseId) -> UseKey {
        let (tenant, contract) = (self.tenant.to_owned(), contract.to_string());
        UseKey { tenant, contract, use_id: use_id.as_str().to_owned() }
    }

    /// A use that was closed: sent whole, its bytes may be sent again; abandoned, it is over.
    async fn check_again(&self, key: UseKey, use_id: &UseId) -> Result<(), GateRefusal> {
        let read = self.node.store().peek("use_again", move |read| {
            let key = key.clone();
            Box::pin(async move { Ok::<_, Error>(read.get_use(&key).await?) })
        });
        match read.await.map_err(not_recorded)? {
            Some(row) if row.complete => Ok(()),
            _ => Err(GateRefusal::Over { use_id: use_id.clone() }),
        }
    }
}

#[async_trait]
impl UseBook for StoreBook<'_> {
    /// Nothing is asked here: [`UseBook::open`] compares the count with its limit in the transaction that counts, which alone can be
    /// right about it, so a look before it would only cost time.
    async fn standing(&self, _: &ContractId, _: &UseId) -> Result<Standing, GateRefusal> {
        Ok(Standing { used: 0, known: false })
    }

    async fn open(&self, open: &OpenUse) -> Result<Admission, GateRefusal> {
        let key = self.key(&open.contract, &open.use_id);
        let body = UseBody { fields: open.fields.as_ref().map(|fields| fields.iter().cloned().collect()) };
        let body = Body::of(&body).map_err(not_recorded)?;
        let new = NewUse { key: key.clone(), at: open.at.micros(), limit: open.count_max, body };
        let answer = self.node.store().append_uses(vec![new]).await.map_err(not_recorded)?.pop();
        match answer {
            Some(store::Admission::Admitted { sequence, .. }) => Ok(Admission { sequence, again: false }),
            Some(store::Admission::Repeat { sequence, closed, .. }) => {
                if closed {
                    self.check_again(key, &open.use_id).await?;
                }
                Ok(Admission { sequence, again: true })
            }
            Some(store::Admission::Refused { limit, used }) => Err(UseRefusal::Count { limit, used }.into()),
            None => {
                Err(not_recorded(Error::Corrupt("the store did not say whether it counted a use".to_owned())))
            }
        }
    }

    async fn close(&self, close: &gate::CloseUse) -> Result<(), GateRefusal> {
        let Some(delivered) = &close.delivered else { return Ok(()) };
        let key = self.key(&close.contract, &close.use_id);
        self::close(self.node, &key, delivered).await.map_err(not_recorded)
    }
}

fn not_recorded(error: impl std::error::Error + Send + Sync + 'static) -> GateRefusal {
    GateRefusal::NotRecorded(Box::new(error))
}

/// A refusal of the gate in our own words: what the store said comes through as it was.
fn refusal(refusal: GateRefusal) -> Error {
    match refusal {
        GateRefusal::Terms(refusal) => Error::Use(refusal),
        GateRefusal::NotRecorded(source) => match source.downcast::<store::StoreError>() {
            Ok(error) => Error::Store(*error),
            Err(source) => source
                .downcast::<Error>()
                .map_or_else(|error| Error::Corrupt(error.to_string()), |error| *error),
        },
        over => Error::Metering(over.to_string()),
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
