//! The offline verifier: what each step checks.
//!
//! The parts of a receipt are first read as claims, and compared with each other; the signature steps then hold the very
//! bodies that were read against certified keys. No step relies on another one having passed: a receipt is genuine only
//! if all of them hold.

use crypto::SignedObject;
use crypto::cert::{Chain, Roots, area_of};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::report::{Detail, Fault, Report, StepKind, StepResult};
use super::trust::Trust;
use super::{Endorsed, LogProof, Logged, Receipt};
use crate::checkpoint::{Checkpoint, LogIdentity};
use crate::contract::{CONTRACT_SIGNATURE_TYPE, ContractParties, ContractSignature, Party, contract_digest};
use crate::note::Note;
use crate::tree::{TreeHead, verify_inclusion};
use crate::window::{
    COUNTERSIGNATURE_TYPE, Countersignature, UseLeaf, WINDOW_TYPE, Window, require, require_at_least,
    require_at_most, window_hash,
};
use crate::{LedgerError, tree};

/// How far a stated time may lie ahead of the time of verification, in seconds: clocks differ.
pub const MAX_CLOCK_LEAD_SECS: i64 = 300;

const MICROS_PER_SEC: i64 = 1_000_000;

/// Checks one receipt against pinned roots, at a time in seconds since the Unix epoch. For several receipts, a
/// [`Verifier`] remembers certificate chains.
#[must_use]
pub fn verify(receipt: &Receipt, roots: &Roots, at: i64) -> Report {
    Verifier::new(roots, at).verify(receipt)
}

/// Checks receipts, and remembers the certificate chains that it has seen.
#[derive(Debug)]
pub struct Verifier<'r> {
    trust: Trust<'r>,
    now: i64,
}

impl<'r> Verifier<'r> {
    /// A verifier that trusts the given roots; `at` is the time of verification in seconds since the Unix epoch.
    #[must_use]
    pub fn new(roots: &'r Roots, at: i64) -> Self {
        Self { trust: Trust::new(roots), now: at }
    }

    /// Checks a receipt step by step. The report has a result for each of [`StepKind::ALL`].
    pub fn verify(&mut self, receipt: &Receipt) -> Report {
        let claims = Claims::read(receipt);
        let steps = StepKind::ALL
            .into_iter()
            .map(|step| StepResult::new(step, self.check(step, receipt, &claims)))
            .collect();
        Report { record: receipt.record.clone(), steps }
    }

    fn check(&mut self, step: StepKind, receipt: &Receipt, claims: &Claims) -> Result<Detail, Fault> {
        let Receipt { window, countersignature, contract, .. } = receipt;
        match step {
            StepKind::Use => check_use(receipt, claims),
            StepKind::Window => check_window(claims),
            StepKind::Contract => check_contract(&contract.body, claims),
            StepKind::ProviderContract => {
                let party = claims.parties(step).map(|parties| &parties.provider)?;
                self.check_contract_signature(&contract.provider, party, &contract.body)
            }
            StepKind::UserContract => {
                let party = claims.parties(step).map(|parties| &parties.user)?;
                self.check_contract_signature(&contract.user, party, &contract.body)
            }
            StepKind::ProviderSignature => self.check_window_signature(window, claims),
            StepKind::UserSignature => self.check_countersignature(countersignature, &window.object, claims),
            StepKind::ProviderInclusion => {
                check_inclusion(window, &claims.window(step)?.log, StepKind::ProviderCheckpoint)
            }
            StepKind::UserInclusion => check_inclusion(
                countersignature,
                &claims.countersignature(step)?.log,
                StepKind::UserCheckpoint,
            ),
            StepKind::ProviderCheckpoint => check_checkpoint(&window.log, &claims.window(step)?.log),
            StepKind::UserCheckpoint => {
                check_checkpoint(&countersignature.log, &claims.countersignature(step)?.log)
            }
        }
    }

    fn check_contract_signature(
        &mut self,
        signature: &Endorsed,
        party: &Party,
        body: &Value,
    ) -> Result<Detail, Fault> {
        let claim: ContractSignature = read_body(&signature.object, CONTRACT_SIGNATURE_TYPE)?;
        let expected = ContractSignature::of(body, &party.subject, &claim.signatory_time)?;
        require("contractId", &expected.contract_id, &claim.contract_id)?;
        require("contractDigest", expected.contract_digest, claim.contract_digest)?;
        require("entityId", &expected.entity_id, &claim.entity_id)?;
        let signed = Signed { object: &signature.object, chain: &signature.chain, at: claim.signed_at()? };
        self.check_signature(&signed, CONTRACT_SIGNATURE_TYPE, &party.subject, &party.connector)
    }

    fn check_window_signature(&mut self, window: &Logged, claims: &Claims) -> Result<Detail, Fault> {
        let step = StepKind::ProviderSignature;
        let at = claims.window(step)?.closed_at;
        let connector = &claims.parties(step)?.provider.connector;
        self.check_signature(
            &Signed { object: &window.object, chain: &window.chain, at },
            WINDOW_TYPE,
            connector,
            connector,
        )
    }

    fn check_countersignature(
        &mut self,
        signature: &Logged,
        window: &SignedObject,
        claims: &Claims,
    ) -> Result<Detail, Fault> {
        let step = StepKind::UserSignature;
        let claim = claims.countersignature(step)?;
        claim.refers_to(claims.window(step)?, window_hash(window)?)?;
        let connector = &claims.parties(step)?.user.connector;
        let signed =
            Signed { object: &signature.object, chain: &signature.chain, at: claim.countersigned_at };
        self.check_signature(&signed, COUNTERSIGNATURE_TYPE, connector, connector)
    }

    /// The chain leads to a pinned root and was valid when the object was signed; the root or the authority of the
    /// connector's own area issued its leaf, to `signer`; and its key made the signature.
    fn check_signature(
        &mut self,
        signed: &Signed<'_>,
        type_: &str,
        signer: &str,
        connector: &str,
    ) -> Result<Detail, Fault> {
        let at = signed.at.div_euclid(MICROS_PER_SEC);
        if at > self.now.saturating_add(MAX_CLOCK_LEAD_SECS) {
            return Err(Fault::FromFuture { signed: at, now: self.now });
        }
        let leaf = self.trust.leaf(signed.chain, at).map_err(|error| Fault::untrusted(&error))?;
        require("signer", signer, leaf.subject_ou().unwrap_or_default())?;
        let area = area_of(connector).unwrap_or_default();
        signed.chain.check_issuer(false, area).map_err(|error| Fault::untrusted(&error))?;
        signed.object.check(type_, leaf.public_key()).map_err(|error| Fault::bad_signature(&error))?;
        Ok(Detail::Signature {
            signer: signer.to_owned(),
            organisation: leaf.subject_o().unwrap_or_default().to_owned(),
            suite: leaf.public_key().suite(),
            at: signed.at,
        })
    }

    #[cfg(test)]
    pub(super) fn known_chains(&self) -> usize {
        self.trust.known()
    }
}

/// An object, who is said to have signed it, and when, in microseconds.
struct Signed<'a> {
    object: &'a SignedObject,
    chain: &'a Chain,
    at: i64,
}

/// What the parts of a receipt say, nothing of it verified. Each part's own step reports why it cannot be read.
struct Claims {
    window: Result<Window, Fault>,
    countersignature: Result<Countersignature, Fault>,
    parties: Result<ContractParties, Fault>,
}

impl Claims {
    fn read(receipt: &Receipt) -> Self {
        Self {
            window: read_body(&receipt.window.object, WINDOW_TYPE),
            countersignature: read_body(&receipt.countersignature.object, COUNTERSIGNATURE_TYPE),
            parties: ContractParties::of(&receipt.contract.body).map_err(Fault::from),
        }
    }

    fn window(&self, step: StepKind) -> Result<&Window, Fault> {
        claim(&self.window, StepKind::Window, step)
    }

    fn countersignature(&self, step: StepKind) -> Result<&Countersignature, Fault> {
        claim(&self.countersignature, StepKind::UserSignature, step)
    }

    fn parties(&self, step: StepKind) -> Result<&ContractParties, Fault> {
        claim(&self.parties, StepKind::Contract, step)
    }
}

/// A part that was read; its own step says why it was not, the others point there.
fn claim<T>(part: &Result<T, Fault>, own: StepKind, step: StepKind) -> Result<&T, Fault> {
    part.as_ref()
        .map_err(|fault| if step == own { fault.clone() } else { Fault::NotChecked { because: own } })
}

/// Reads the body of a signed object as what its type says, without looking at the signature.
fn read_body<T: DeserializeOwned>(object: &SignedObject, type_: &str) -> Result<T, Fault> {
    let named = object.claimed_type().unwrap_or_default();
    require("type", type_, named)?;
    let mut members = object.body.as_object().cloned().unwrap_or_default();
    members.remove("type");
    serde_json::from_value(Value::Object(members)).map_err(|error| Fault::unreadable(&error))
}

fn check_use(receipt: &Receipt, claims: &Claims) -> Result<Detail, Fault> {
    let record = &receipt.record;
    let window = claims.window(StepKind::Use)?;
    record.check()?;
    check_place(record, window)?;
    let Some(position) = window.position(record.sequence) else {
        let expected = format!("{} to {}", window.first, window.last);
        return Err(Fault::differs("sequence", &expected, &record.sequence.to_string()));
    };
    let head = TreeHead { size: window.uses, root: window.root };
    verify_inclusion(&record.leaf_hash()?, position, &head, &receipt.path)?;
    Ok(Detail::Use {
        use_id: record.use_id.clone(),
        sequence: record.sequence,
        bytes: record.bytes,
        rows: record.rows,
        complete: record.complete,
        digest: record.digest,
        opened_at: record.opened_at,
        closed_at: record.closed_at,
    })
}

/// A use that does not fit into its window's figures would betray a window that was not summed up from its uses.
fn check_place(record: &UseLeaf, window: &Window) -> Result<(), LedgerError> {
    require("contractId", &window.contract_id, &record.contract_id)?;
    require_at_most("closedAt", window.closed_at, record.closed_at)?;
    require_at_most("bytes", window.bytes, record.bytes)?;
    require_at_most("rows", window.rows, record.rows)?;
    require_at_least("complete", u64::from(record.complete), window.complete)
}

fn check_window(claims: &Claims) -> Result<Detail, Fault> {
    let window = claims.window(StepKind::Window)?;
    window.check()?;
    let Window { number, first, last, uses, complete, bytes, rows, .. } = *window;
    Ok(Detail::Window { number, first, last, uses, complete, bytes, rows })
}

fn check_contract(body: &Value, claims: &Claims) -> Result<Detail, Fault> {
    let step = StepKind::Contract;
    let parties = claims.parties(step)?;
    let window = claims.window(step)?;
    let digest = contract_digest(body)?;
    require("contractId", &window.contract_id, &parties.contract_id)?;
    require("contractDigest", window.contract_digest, digest)?;
    let ContractParties { contract_id, provider, user } = parties.clone();
    Ok(Detail::Contract { contract_id, digest, provider, user })
}

/// The entry logs this very object, and stands where the receipt says under the root that the checkpoint states.
fn check_inclusion(logged: &Logged, log: &LogIdentity, checkpoint: StepKind) -> Result<Detail, Fault> {
    let LogProof { entry, index, proof, checkpoint: note } = &logged.log;
    if !entry.is_evidence_of(&logged.object) {
        return Err(Fault::NotLogged);
    }
    let head = stated_head(note).map_err(|_| Fault::NotChecked { because: checkpoint })?;
    verify_inclusion(&entry.leaf_hash()?, *index, &head, proof)?;
    Ok(Detail::Inclusion { origin: log.origin().to_owned(), index: *index, size: head.size })
}

/// What a checkpoint states; who signed it is another step's question.
fn stated_head(note: &str) -> Result<tree::TreeHead, LedgerError> {
    let note: Note = note.parse()?;
    Ok(Checkpoint::from_text(note.text())?.head())
}

fn check_checkpoint(proof: &LogProof, log: &LogIdentity) -> Result<Detail, Fault> {
    let Checkpoint { origin, size, root } = Checkpoint::open(&proof.checkpoint, log)?;
    Ok(Detail::Checkpoint { origin, size, root, sm2: log.sm2().is_some() })
}
