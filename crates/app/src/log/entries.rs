//! What goes into the logs with a step, and the stored form of public bodies.

use domain::{Evidence, Timestamp};
use ndi::Code as _;
use ndi::weir_v1::public_log::PublicBody;
use serde_json::{Value, json};
use store::{Body, NewEvidence, Tx};

use crate::{Error, Node};

/// What goes into a log with a step: prepared outside the transaction (the salt is random), committed with it.
#[derive(Debug, Clone)]
pub struct Entries(Vec<NewEvidence>);

impl Entries {
    /// No entry yet.
    pub fn new() -> Entries {
        Entries(Vec::new())
    }

    /// Adds the evidence of a step to a node's evidence log; `tenant` is the connector it belongs to, empty for the node itself.
    #[must_use]
    pub fn record(mut self, node: &Node, tenant: &str, evidence: &[Evidence], at: Timestamp) -> Entries {
        self.0.extend(evidence.iter().map(|one| NewEvidence {
            log: node.logs().evidence().origin().to_owned(),
            tenant: tenant.to_owned(),
            kind: one.kind.code().to_owned(),
            subject: one.subject.clone(),
            contract: one.contract.as_ref().map(ToString::to_string),
            salt: node.entropy().bytes32(),
            at: at.micros(),
            body: json!({"kind": one.kind.code(), "subject": one.subject, "at": at.millis(), "body": one.body}).to_string(),
        }));
        self
    }

    /// Adds a body to a node's public log.
    ///
    /// # Errors
    /// [`Error::NotFound`] on a connector host, which has none; [`Error::Message`] where the body is outside its limits.
    pub fn publish(mut self, node: &Node, body: &PublicBody) -> Result<Entries, Error> {
        let log =
            node.logs().public().ok_or_else(|| Error::not_found("public log of", &node.config().name))?;
        let (kind, subject) = body.key();
        self.0.push(NewEvidence {
            log: log.origin().to_owned(),
            tenant: String::new(),
            kind: kind.code().to_owned(),
            subject,
            contract: None,
            salt: node.entropy().bytes32(),
            at: i64::try_from(body.at()).unwrap_or(i64::MAX).saturating_mul(1000),
            body: body.to_body()?.to_string(),
        });
        Ok(self)
    }

    /// Writes them, within the transaction of the step that they belong to.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn write(&self, tx: &mut Tx) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        Ok(tx.add_evidence(&self.0).await?)
    }
}

impl Default for Entries {
    fn default() -> Entries {
        Entries::new()
    }
}

/// A public body as directory and catalogue rows keep it.
///
/// # Errors
/// [`Error::Store`] where the row is of a newer version, [`Error::Corrupt`] where it is no public body: what a row lacks is no fault of
/// the message that has it read.
pub fn public_body(stored: &Body) -> Result<PublicBody, Error> {
    let value: Value = stored.get_versioned(PUBLIC_BODY_VERSION, |_, _| None)?;
    PublicBody::read(&value).map_err(|error| Error::Corrupt(format!("stored public body: {error}")))
}

/// The row form of a public body.
///
/// # Errors
/// [`Error::Message`] where the body is outside its limits.
pub fn stored_body(body: &PublicBody) -> Result<Body, Error> {
    Ok(Body::versioned(PUBLIC_BODY_VERSION, &body.to_body()?)?)
}

/// Version of public bodies in rows.
const PUBLIC_BODY_VERSION: u32 = 1;
