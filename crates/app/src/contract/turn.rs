//! Steps taken one after the other on one contract, gathered into one change, so that a message, its answer, what follows by itself
//! (an automatic decision, a signature given in advance) and the messages that leave are one commit.

use std::sync::Arc;

use domain::contract::{Contract, ContractState, Input};
use domain::{Evidence, Outbound, Step, Timestamp};
use serde_json::Value;

use super::commit::Change;
use super::entry::{AutoSign, Entry, Held, Trouble};
use super::wire;
use crate::member::Speaker;
use crate::message::Incoming;
use crate::outbox::End;
use crate::{Error, Node, log};

/// A change in the making.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    before: Option<Arc<Held>>,
    pub(super) entry: Entry,
    outbox: Vec<Outbound>,
    evidence: Vec<Evidence>,
    now: Timestamp,
}

impl Turn {
    /// A change of a contract that is held.
    pub(super) fn on(held: &Arc<Held>, now: Timestamp) -> Turn {
        let entry = held.entry.clone();
        Turn { before: Some(held.clone()), entry, outbox: Vec::new(), evidence: Vec::new(), now }
    }

    /// A new contract.
    pub(super) fn new(step: Step<Contract>, auto_sign: AutoSign, now: Timestamp) -> Turn {
        let Step { next, outbox, evidence } = step;
        Turn {
            before: None,
            entry: Entry { contract: next, auto_sign, trouble: None },
            outbox,
            evidence,
            now,
        }
    }

    /// The contract as it stands in this change.
    pub(super) fn contract(&self) -> &Contract {
        &self.entry.contract
    }

    /// Takes a step.
    ///
    /// # Errors
    /// [`Error::State`] where the contract refuses it.
    pub(super) fn step(self, input: Input) -> Result<Turn, Error> {
        self.stepped(input, true)
    }

    /// Takes a step whose message need not be sent: the answer, or a refusal, says as much.
    ///
    /// # Errors
    /// As [`Turn::step`].
    pub(super) fn step_quietly(self, input: Input) -> Result<Turn, Error> {
        self.stepped(input, false)
    }

    fn stepped(mut self, input: Input, sends: bool) -> Result<Turn, Error> {
        let Step { next, outbox, evidence } = self.entry.contract.step(input, self.now)?;
        if sends {
            self.outbox.extend(outbox);
        }
        self.evidence.extend(evidence);
        Ok(Turn { entry: Entry { contract: next, ..self.entry }, ..self })
    }

    /// Sends the messages of a step without taking it: what the peer is told when it ended the contract and may not know.
    ///
    /// # Errors
    /// As [`Turn::step`].
    pub(super) fn tell(mut self, input: Input) -> Result<Turn, Error> {
        self.outbox.extend(self.entry.contract.clone().step(input, self.now)?.outbox);
        Ok(self)
    }

    /// Our side signs by itself when these terms are agreed.
    pub(super) fn signs_when(mut self, auto_sign: AutoSign) -> Turn {
        self.entry.auto_sign = auto_sign;
        self
    }

    /// Notes a message that came to nothing.
    pub(super) fn trouble(mut self, trouble: Trouble) -> Turn {
        self.entry.trouble = Some(trouble);
        self
    }

    /// A message of that kind arrived: what stood in its way is history.
    pub(super) fn relieved(mut self, kind: &str) -> Turn {
        self.entry.trouble = self.entry.trouble.filter(|trouble| trouble.message != kind);
        self
    }

    /// Signs the terms on the table, accepting them where they are the peer's.
    ///
    /// # Errors
    /// [`Error::State`] where there is nothing to sign.
    pub(super) fn sign(self, speaker: &Speaker) -> Result<Turn, Error> {
        let signature = match given(self.contract()) {
            Some(before) => before,
            None => wire::sign(speaker, self.contract(), self.now)?,
        };
        self.step(Input::Sign(Box::new(signature)))
    }

    /// Signs if that was decided in advance.
    ///
    /// # Errors
    /// As [`Turn::sign`].
    pub(super) fn sign_if_due(self, speaker: &Speaker) -> Result<Turn, Error> {
        if self.is_sign_due() { self.sign(speaker) } else { Ok(self) }
    }

    fn is_sign_due(&self) -> bool {
        let ContractState::Signing { terms: agreed, signatures } = &self.entry.contract.state else {
            return false;
        };
        let us = self.entry.contract.role;
        let is_ours_missing = signatures.of(us).is_none();
        match &self.entry.auto_sign {
            AutoSign::Never => false,
            AutoSign::OnAgreement { terms } => is_ours_missing && terms == agreed,
            AutoSign::AfterPeer { terms } => {
                is_ours_missing && terms == agreed && signatures.of(us.other()).is_some()
            }
        }
    }

    /// The change: messages in their wire form, signed where the organisation signs them.
    ///
    /// # Errors
    /// Those of [`wire::letter`].
    pub(super) fn change(
        self,
        node: &Node,
        speaker: &Speaker,
        platform: Option<&domain::id::NodeId>,
    ) -> Result<Change, Error> {
        let (now, key) = (self.now, self.entry.contract.key.as_str());
        let letters = self.outbox.iter().map(|outbound| wire::letter(speaker, key, outbound, platform, now));
        let messages = letters.collect::<Result<Vec<_>, Error>>()?;
        let tenant = speaker.id().to_string();
        let entries = log::Entries::new().record(node, &tenant, &self.evidence, now);
        Ok(Change {
            tenant,
            before: self.before,
            entry: self.entry,
            messages,
            entries,
            answer: None,
            letter: None,
            now,
        })
    }
}

/// Our signature, where it was given before.
fn given(contract: &Contract) -> Option<domain::contract::PartySignature> {
    contract.state.signatures()?.of(contract.role).cloned()
}

impl Change {
    /// The same change as the effect of a message, with its answer.
    pub(super) fn answering(mut self, incoming: &Incoming, data: Value) -> Change {
        let kept = Incoming {
            from: incoming.from.clone(),
            to: incoming.to.clone(),
            msgcode: incoming.msgcode.clone(),
            sequence: incoming.sequence.clone(),
            body: Value::Null,
            body_hash: incoming.body_hash,
        };
        self.answer = Some((kept, data));
        self
    }

    /// The same change as the effect of an answer, or of a message that died.
    pub(super) fn settling(mut self, letter: End) -> Change {
        self.letter = Some(letter);
        self
    }
}
