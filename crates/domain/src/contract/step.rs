//! The transitions. One function per input; each is one match over the state.

use serde_json::{Value, json};

use super::{
    Contract, ContractDraft, ContractState, EndCause, Input, PartySignature, Refusal, Role, Round,
    SignatureRefusal, Signatures,
};
use crate::codes::TerminateType;
use crate::id::ContractId;
use crate::terms::Terms;
use crate::{
    CreateContract, Evidence, EvidenceKind, Negotiate, Outbound, Step, Terminate, Timestamp, limits,
};

impl Contract {
    /// Initiates a contract with our proposal; the platform is asked for its id.
    ///
    /// # Errors
    /// [`Refusal`] for a text that is empty or too long, a party that does not own its connector, terms that cannot be
    /// kept, or terms whose time is over.
    pub fn initiate(draft: ContractDraft, terms: Terms, now: Timestamp) -> Result<Step<Self>, Refusal> {
        draft.check()?;
        check_terms(&terms, now)?;
        let issuer = draft.role;
        let contract =
            Self::from_draft(draft, None, issuer, ContractState::Initiated { terms: terms.clone() }, now);
        let evidence = contract.evidence(
            EvidenceKind::ContractInitiated,
            json!({
                "product": contract.product, "provider": contract.provider, "user": contract.user,
                "terms": terms, "at": now,
            }),
        );
        let message = Outbound::CreateContract(Box::new(contract.create_message(terms, now)));
        Ok(Step::logged(contract, evidence).send(message))
    }

    /// Takes up a contract that the peer initiated: its first proposal.
    ///
    /// # Errors
    /// As [`Contract::initiate`].
    pub fn receive(
        draft: ContractDraft,
        id: ContractId,
        terms: Terms,
        now: Timestamp,
    ) -> Result<Step<Self>, Refusal> {
        draft.check()?;
        check_terms(&terms, now)?;
        let issuer = draft.role.other();
        let state = ContractState::Negotiating { terms, proposed_by: issuer };
        let contract = Self::from_draft(draft, Some(id), issuer, state, now);
        let evidence = contract.proposed_evidence(now);
        Ok(Step::logged(contract, evidence))
    }

    /// The only way to change a contract. Pure: the caller commits the whole [`Step`] in one transaction.
    ///
    /// A repeat of an input leaves the contract as it is, with an empty step.
    ///
    /// # Errors
    /// [`Refusal`] that says the state and what is possible, or what is wrong with the input.
    pub fn step(self, input: Input, now: Timestamp) -> Result<Step<Self>, Refusal> {
        match input {
            Input::Propose { terms } => self.propose(terms, now),
            Input::IdAssigned { id } => self.identify(id, now),
            Input::Accept => self.accept(now),
            Input::Sign(signature) => self.sign(*signature, now),
            Input::Reject { reason } => self.reject(reason, now),
            Input::Terminate { reason } => self.terminate(reason, now),
            Input::Expire => self.expire(now),
            Input::PeerProposed { terms } => self.peer_proposed(terms, now),
            Input::PeerAccepted => self.peer_accepted(now),
            Input::PeerSigned(signatures) => self.peer_signed(signatures, now),
            Input::PeerTerminated { reason } => self.peer_terminated(reason, now),
        }
    }

    fn from_draft(
        draft: ContractDraft,
        id: Option<ContractId>,
        issuer: Role,
        state: ContractState,
        now: Timestamp,
    ) -> Self {
        let ContractDraft { key, role, name, abstract_, product, provider, user } = draft;
        let rounds = vec![Round { by: issuer, terms: state.terms().clone(), at: now }];
        Self {
            key,
            role,
            id,
            name,
            abstract_,
            product,
            provider,
            user,
            issuer,
            created_at: now,
            rounds,
            state,
        }
    }

    // Negotiation.

    fn propose(self, terms: Terms, now: Timestamp) -> Result<Step<Self>, Refusal> {
        match &self.state {
            // The very proposal that is on its way already.
            ContractState::Initiated { terms: ours } if *ours == terms => Ok(Step::unchanged(self)),
            ContractState::Negotiating { terms: on_table, proposed_by } => {
                if *on_table == terms {
                    let is_ours = *proposed_by == self.role;
                    return if is_ours { Ok(Step::unchanged(self)) } else { Err(Refusal::SameTerms) };
                }
                if *proposed_by == self.role {
                    return Err(self.not_possible("propose"));
                }
                if let Some(round) = self.round_of(self.role, &terms) {
                    return Err(Refusal::AlreadyProposed { round });
                }
                let us = self.role;
                let next = self.next_round(us, terms, now)?;
                let evidence = next.proposed_evidence(now);
                let message = next.negotiate_message(Vec::new())?;
                Ok(Step::logged(next, evidence).send(message))
            }
            _ => Err(self.not_possible("propose")),
        }
    }

    fn peer_proposed(self, terms: Terms, now: Timestamp) -> Result<Step<Self>, Refusal> {
        let peer = self.role.other();
        let is_repeat = self.round_of(peer, &terms).is_some();
        match &self.state {
            // Our own terms come back without a signature: the peer agrees.
            ContractState::Negotiating { terms: ours, proposed_by }
                if *proposed_by == self.role && *ours == terms =>
            {
                Ok(self.agree(peer, now))
            }
            _ if is_repeat => Ok(Step::unchanged(self)),
            ContractState::Negotiating { proposed_by, .. } if *proposed_by == self.role => {
                let next = self.next_round(peer, terms, now)?;
                let evidence = next.proposed_evidence(now);
                Ok(Step::logged(next, evidence))
            }
            // A late repeat of the acceptance.
            ContractState::Signing { terms: agreed, .. }
            | ContractState::Performing { terms: agreed, .. }
                if *agreed == terms =>
            {
                Ok(Step::unchanged(self))
            }
            _ => Err(self.not_possible("peer proposed")),
        }
    }

    fn accept(self, now: Timestamp) -> Result<Step<Self>, Refusal> {
        match &self.state {
            ContractState::Negotiating { proposed_by, .. } if *proposed_by != self.role => {
                self.check_not_over(now)?;
                let message = self.negotiate_message(Vec::new())?;
                let us = self.role;
                Ok(self.agree(us, now).send(message))
            }
            ContractState::Signing { .. } | ContractState::Performing { .. } => Ok(Step::unchanged(self)),
            _ => Err(self.not_possible("accept")),
        }
    }

    fn peer_accepted(self, now: Timestamp) -> Result<Step<Self>, Refusal> {
        match &self.state {
            ContractState::Negotiating { proposed_by, .. } if *proposed_by == self.role => {
                let peer = self.role.other();
                Ok(self.agree(peer, now))
            }
            ContractState::Signing { .. } | ContractState::Performing { .. } => Ok(Step::unchanged(self)),
            _ => Err(self.not_possible("peer accepted")),
        }
    }

    fn identify(self, id: ContractId, now: Timestamp) -> Result<Step<Self>, Refusal> {
        match (&self.id, &self.state) {
            (Some(known), _) if *known != id => Err(Refusal::id_conflict("contract", known, &id)),
            (Some(_), _) => Ok(Step::unchanged(self)),
            (None, ContractState::Initiated { terms }) => {
                let state = ContractState::Negotiating { terms: terms.clone(), proposed_by: self.role };
                let next = Self { id: Some(id), state, ..self };
                let body = json!({ "key": next.key, "at": now });
                let identified = next.evidence(EvidenceKind::ContractIdentified, body);
                let proposed = next.proposed_evidence(now);
                let message = next.negotiate_message(Vec::new())?;
                Ok(Step::logged(next, identified).log(proposed).send(message))
            }
            // It ended before its id came: the id is kept, and nobody needs to hear of it.
            (None, _) => Ok(Step::unchanged(Self { id: Some(id), ..self })),
        }
    }

    // Signing.

    fn sign(self, signature: PartySignature, now: Timestamp) -> Result<Step<Self>, Refusal> {
        let us = self.role;
        match &self.state {
            ContractState::Negotiating { proposed_by, .. } if *proposed_by != us => {
                self.check_signature(us, &signature)?;
                self.check_not_over(now)?;
                self.agree(us, now).then(|contract| contract.add_ours(signature, now))
            }
            ContractState::Signing { signatures, .. } if signatures.of(us).is_none() => {
                self.check_signature(us, &signature)?;
                self.check_not_over(now)?;
                self.add_ours(signature, now)
            }
            ContractState::Signing { signatures, .. } | ContractState::Performing { signatures, .. } => {
                if signatures.of(us) == Some(&signature) {
                    return Ok(Step::unchanged(self));
                }
                Err(SignatureRefusal::AlreadySigned(self.us().subject.to_string()).into())
            }
            _ => Err(self.not_possible("sign")),
        }
    }

    fn peer_signed(self, given: Vec<PartySignature>, now: Timestamp) -> Result<Step<Self>, Refusal> {
        let given = self.sort_signatures(given)?;
        match &self.state {
            ContractState::Negotiating { proposed_by, .. } if *proposed_by == self.role => {
                let (peer, signature) = self.peer_signature(&given, &Signatures::default())?;
                self.check_not_over(now)?;
                self.agree(peer, now).then(|contract| contract.add_theirs(signature, false, now))
            }
            ContractState::Signing { signatures, .. } => {
                let (peer, signature) = self.peer_signature(&given, signatures)?;
                if signatures.of(peer).is_some() {
                    return Ok(Step::unchanged(self));
                }
                self.check_not_over(now)?;
                let has_ours = given.of(self.role).is_some();
                self.add_theirs(signature, has_ours, now)
            }
            ContractState::Performing { signatures, .. } => {
                self.peer_signature(&given, signatures)?;
                Ok(Step::unchanged(self))
            }
            _ => Err(self.not_possible("peer signed")),
        }
    }

    /// Adds our signature to the agreed terms; the peer gets it, or both where its own is there.
    fn add_ours(self, signature: PartySignature, now: Timestamp) -> Result<Step<Self>, Refusal> {
        let us = self.role;
        let step = self.add_signature(us, signature, now);
        let signatures = step.next.state.signatures().map(Signatures::to_vec).unwrap_or_default();
        let message = step.next.negotiate_message(signatures)?;
        Ok(step.send(message))
    }

    /// Adds the peer's signature. Where that completes the contract and the peer did not show that it has ours, it gets both:
    /// the message with ours may still be on its way, and a repeat does no harm.
    fn add_theirs(
        self,
        signature: PartySignature,
        has_ours: bool,
        now: Timestamp,
    ) -> Result<Step<Self>, Refusal> {
        let peer = self.role.other();
        let step = self.add_signature(peer, signature, now);
        match &step.next.state {
            ContractState::Performing { signatures, .. } if !has_ours => {
                let message = step.next.negotiate_message(signatures.to_vec())?;
                Ok(step.send(message))
            }
            _ => Ok(step),
        }
    }

    fn add_signature(self, by: Role, signature: PartySignature, now: Timestamp) -> Step<Self> {
        let ContractState::Signing { terms, signatures } = self.state else {
            return Step::unchanged(self);
        };
        let body = json!({ "by": by, "signature": signature, "at": now });
        let signatures = signatures.with(by, signature);
        let is_complete = signatures.is_complete();
        let state = if is_complete {
            ContractState::Performing { terms, signatures, since: now }
        } else {
            ContractState::Signing { terms, signatures }
        };
        let next = Self { state, ..self };
        let signed = next.evidence(EvidenceKind::ContractSigned, body);
        let performing = is_complete.then(|| next.performing_evidence(now));
        let step = Step::logged(next, signed);
        performing.into_iter().fold(step, Step::log)
    }

    /// The signatures of a message, each with its side.
    fn sort_signatures(&self, given: Vec<PartySignature>) -> Result<Signatures, Refusal> {
        let mut sorted = Signatures::default();
        for signature in given {
            let entity = signature.entity();
            let role =
                [Role::Provider, Role::User].into_iter().find(|role| self.party(*role).subject == *entity);
            let role = role.ok_or_else(|| SignatureRefusal::NotAParty(entity.to_string()))?;
            if sorted.of(role).is_some() {
                return Err(SignatureRefusal::Twice(entity.to_string()).into());
            }
            sorted = sorted.with(role, signature);
        }
        Ok(sorted)
    }

    /// The peer's signature of a message, checked against what was agreed and what is known. A signature in our own name
    /// must be the one that we gave.
    fn peer_signature(
        &self,
        given: &Signatures,
        known: &Signatures,
    ) -> Result<(Role, PartySignature), Refusal> {
        let peer = self.role.other();
        let subject = || self.peer().subject.to_string();
        let signature = given.of(peer).ok_or_else(|| SignatureRefusal::Missing(subject()))?;
        self.check_signature(peer, signature)?;
        if known.of(peer).is_some_and(|first| first != signature) {
            return Err(SignatureRefusal::AlreadySigned(subject()).into());
        }
        if given.of(self.role).is_some_and(|ours| known.of(self.role) != Some(ours)) {
            return Err(SignatureRefusal::NotGiven(self.us().subject.to_string()).into());
        }
        Ok((peer, signature.clone()))
    }

    /// That a signature signs this contract with its current terms in the name of that side.
    fn check_signature(&self, by: Role, signature: &PartySignature) -> Result<(), Refusal> {
        let body = self.body()?;
        let signed = &signature.body;
        if signed.entity_id != self.party(by).subject {
            return Err(SignatureRefusal::NotAParty(signed.entity_id.to_string()).into());
        }
        if signed.contract_id != body.contract_id {
            let (expected, given) = (body.contract_id.to_string(), signed.contract_id.to_string());
            return Err(SignatureRefusal::Contract { expected, given }.into());
        }
        let (expected, given) = (body.digest()?, signed.contract_digest);
        if expected != given {
            return Err(SignatureRefusal::Digest { expected, given }.into());
        }
        Ok(())
    }

    // The end.

    fn reject(self, reason: String, now: Timestamp) -> Result<Step<Self>, Refusal> {
        Refusal::check_text("reason", &reason, limits::REASON_CHARS_MAX)?;
        let by = self.role;
        match &self.state {
            ContractState::Negotiating { .. } => {
                let message = self.terminate_message(TerminateType::Early, &reason, now)?;
                Ok(self.end(EndCause::Rejected { by, reason }, now).send(message))
            }
            ContractState::Signing { .. } => {
                let message = self.terminate_message(TerminateType::Early, &reason, now)?;
                Ok(self.fail_signing(by, reason, now).send(message))
            }
            ContractState::SigningFailed { .. } | ContractState::Ended { .. } => Ok(Step::unchanged(self)),
            _ => Err(self.not_possible("reject")),
        }
    }

    fn terminate(self, reason: String, now: Timestamp) -> Result<Step<Self>, Refusal> {
        Refusal::check_text("reason", &reason, limits::REASON_CHARS_MAX)?;
        let by = self.role;
        match &self.state {
            ContractState::Ended { .. } => Ok(Step::unchanged(self)),
            // The peer does not know of it yet, or knows that it failed.
            ContractState::Initiated { .. } | ContractState::SigningFailed { .. } => {
                Ok(self.end(EndCause::Terminated { by, reason }, now))
            }
            _ => {
                let message = self.terminate_message(TerminateType::Early, &reason, now)?;
                Ok(self.end(EndCause::Terminated { by, reason }, now).send(message))
            }
        }
    }

    fn expire(self, now: Timestamp) -> Result<Step<Self>, Refusal> {
        if self.is_over() {
            return Ok(Step::unchanged(self));
        }
        let end = self.terms().time.end();
        if now < end {
            return Err(Refusal::NotOver { end });
        }
        // Both sides' clocks end a contract; the issuer reports it besides (annex A.2).
        let is_reported = self.issuer == self.role && matches!(self.state, ContractState::Performing { .. });
        let message =
            if is_reported { Some(self.terminate_message(TerminateType::OnExpiry, "", now)?) } else { None };
        Ok(message.into_iter().fold(self.end(EndCause::Expired, now), Step::send))
    }

    fn peer_terminated(self, reason: String, now: Timestamp) -> Result<Step<Self>, Refusal> {
        let reason: String = reason.chars().take(limits::REASON_CHARS_MAX).collect();
        let by = self.role.other();
        let is_expired = now >= self.terms().time.end();
        match &self.state {
            ContractState::Initiated { .. } => Err(self.not_possible("peer terminated")),
            ContractState::Signing { .. } => Ok(self.fail_signing(by, reason, now)),
            ContractState::Performing { .. } if is_expired => Ok(self.end(EndCause::Expired, now)),
            ContractState::Negotiating { .. } | ContractState::Performing { .. } => {
                Ok(self.end(EndCause::Terminated { by, reason }, now))
            }
            ContractState::SigningFailed { .. } | ContractState::Ended { .. } => Ok(Step::unchanged(self)),
        }
    }

    fn end(self, cause: EndCause, now: Timestamp) -> Step<Self> {
        let kind = match cause {
            EndCause::Rejected { .. } => EvidenceKind::ContractRejected,
            EndCause::Terminated { .. } => EvidenceKind::ContractTerminated,
            EndCause::Expired => EvidenceKind::ContractExpired,
        };
        let evidence =
            self.evidence(kind, json!({ "cause": cause, "before": self.state.status(), "at": now }));
        let signatures = self.state.signatures().cloned().unwrap_or_default();
        let state = ContractState::Ended { terms: self.terms().clone(), signatures, cause, at: now };
        Step::logged(Self { state, ..self }, evidence)
    }

    fn fail_signing(self, by: Role, reason: String, now: Timestamp) -> Step<Self> {
        let body = json!({ "by": by, "reason": reason, "at": now });
        let evidence = self.evidence(EvidenceKind::ContractSigningFailed, body);
        let signatures = self.state.signatures().cloned().unwrap_or_default();
        let state =
            ContractState::SigningFailed { terms: self.terms().clone(), signatures, by, reason, at: now };
        Step::logged(Self { state, ..self }, evidence)
    }

    // Parts of steps.

    /// The terms on the table become the agreed ones.
    fn agree(self, by: Role, now: Timestamp) -> Step<Self> {
        let body = json!({ "by": by, "round": self.rounds.len(), "terms": self.terms(), "at": now });
        let evidence = self.evidence(EvidenceKind::ContractAccepted, body);
        let state = ContractState::Signing { terms: self.terms().clone(), signatures: Signatures::default() };
        Step::logged(Self { state, ..self }, evidence)
    }

    fn next_round(mut self, by: Role, terms: Terms, now: Timestamp) -> Result<Self, Refusal> {
        let limit = limits::ROUNDS_MAX;
        if self.rounds.len() >= limit {
            return Err(Refusal::RoundsExhausted { limit });
        }
        check_terms(&terms, now)?;
        self.rounds.push(Round { by, terms: terms.clone(), at: now });
        let state = ContractState::Negotiating { terms, proposed_by: by };
        Ok(Self { state, ..self })
    }

    /// The round in which that side proposed these terms, from 1.
    fn round_of(&self, by: Role, terms: &Terms) -> Option<usize> {
        let index = self.rounds.iter().position(|round| round.by == by && round.terms == *terms)?;
        Some(index + 1)
    }

    fn check_not_over(&self, now: Timestamp) -> Result<(), Refusal> {
        let end = self.terms().time.end();
        if now >= end { Err(Refusal::Over { end }) } else { Ok(()) }
    }

    fn evidence(&self, kind: EvidenceKind, body: Value) -> Evidence {
        match &self.id {
            Some(id) => Evidence::of_contract(kind, id, body),
            None => Evidence::new(kind, self.key.as_str(), body),
        }
    }

    fn proposed_evidence(&self, now: Timestamp) -> Evidence {
        let by = self.rounds.last().map_or(self.issuer, |round| round.by);
        let body = json!({ "by": by, "round": self.rounds.len(), "terms": self.terms(), "at": now });
        self.evidence(EvidenceKind::ContractProposed, body)
    }

    fn performing_evidence(&self, now: Timestamp) -> Evidence {
        let contract = self.body().ok();
        let signatures = self.state.signatures().map(Signatures::to_vec);
        let body = json!({ "contract": contract, "signatures": signatures, "since": now });
        self.evidence(EvidenceKind::ContractPerforming, body)
    }

    // Messages.

    fn create_message(&self, terms: Terms, now: Timestamp) -> CreateContract {
        CreateContract {
            key: self.key.clone(),
            name: self.name.clone(),
            abstract_: self.abstract_.clone(),
            product: self.product.clone(),
            provider: self.provider.clone(),
            user: self.user.clone(),
            issuer: self.issuer,
            terms,
            issued_at: now,
        }
    }

    fn negotiate_message(&self, signatures: Vec<PartySignature>) -> Result<Outbound, Refusal> {
        let contract = self.id.clone().ok_or_else(|| self.not_possible("negotiate"))?;
        Ok(Outbound::Negotiate(Box::new(Negotiate {
            contract,
            to: self.peer().connector.clone(),
            name: self.name.clone(),
            abstract_: self.abstract_.clone(),
            product: self.product.clone(),
            provider: self.provider.clone(),
            user: self.user.clone(),
            terms: self.terms().clone(),
            signatures,
        })))
    }

    fn terminate_message(
        &self,
        kind: TerminateType,
        reason: &str,
        now: Timestamp,
    ) -> Result<Outbound, Refusal> {
        let contract = self.id.clone().ok_or_else(|| self.not_possible("terminate"))?;
        let time = self.terms().time;
        Ok(Outbound::Terminate(Box::new(Terminate {
            contract,
            to: self.peer().connector.clone(),
            name: self.name.clone(),
            kind,
            reason: reason.to_owned(),
            issued_at: now,
            activation: time.start(),
            scheduled_end: time.end(),
            agreed_end: (kind == TerminateType::Early).then_some(now),
            issuer: self.us().connector.clone(),
            issuer_entity: self.us().subject.clone(),
        })))
    }
}

impl Step<Contract> {
    /// Another step on the result of this one, as one step.
    fn then(self, next: impl FnOnce(Contract) -> Result<Self, Refusal>) -> Result<Self, Refusal> {
        let Step { next: contract, mut outbox, mut evidence } = self;
        let second = next(contract)?;
        outbox.extend(second.outbox);
        evidence.extend(second.evidence);
        Ok(Step { next: second.next, outbox, evidence })
    }
}

/// Terms that can be kept, and whose time is not over.
fn check_terms(terms: &Terms, now: Timestamp) -> Result<(), Refusal> {
    terms.check()?;
    let end = terms.time.end();
    if now >= end { Err(Refusal::Over { end }) } else { Ok(()) }
}
