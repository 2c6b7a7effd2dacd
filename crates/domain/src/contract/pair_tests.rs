//! Two parties over a bad network: whatever is lost, doubled or reordered, they never perform different terms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crypto::{Signature, Suite};

use super::*;
use crate::testkit::{Rng, contract_id, draft, now, terms};
use crate::{Outbound, Step};

const SIDES: [Role; 2] = [Role::User, Role::Provider];

/// A message on its way; the address is the side that it goes to.
#[derive(Clone, Debug)]
struct Sent {
    to: Role,
    message: Outbound,
}

/// How bad the network is, in percent of deliveries.
#[derive(Clone, Copy)]
struct Faults {
    lost: u64,
    doubled: u64,
    is_reordered: bool,
    /// Percent of operations in which a party signs terms that it did not agree to, and sends that.
    dishonest: u64,
}

const GOOD: Faults = Faults { lost: 0, doubled: 0, is_reordered: false, dishonest: 0 };

struct Pair {
    rng: Rng,
    seed: u64,
    sides: [Option<Contract>; 2],
    network: Vec<Sent>,
    /// Terms that each side ever performed.
    performed: [Option<Terms>; 2],
    clock: Timestamp,
    faults: Faults,
}

fn index(role: Role) -> usize {
    usize::from(role == Role::Provider)
}

/// Few different terms, so that the same ones come up again.
fn some_terms(rng: &mut Rng) -> Terms {
    terms().with_count(1 + rng.next() % 6)
}

impl Pair {
    fn new(seed: u64, faults: Faults) -> Self {
        let step = Contract::initiate(draft(Role::User), terms(), now()).unwrap();
        let mut pair = Self {
            rng: Rng(seed),
            seed,
            sides: [None, None],
            network: Vec::new(),
            performed: [None, None],
            clock: now(),
            faults,
        };
        pair.commit(Role::User, step);
        pair
    }

    fn commit(&mut self, role: Role, step: Step<Contract>) {
        let to = |message: &Outbound| {
            if matches!(message, Outbound::CreateContract(_)) { role } else { role.other() }
        };
        self.network.extend(step.outbox.into_iter().map(|message| Sent { to: to(&message), message }));
        self.check_side(role, &step.next);
        self.sides[index(role)] = Some(step.next);
    }

    /// What must hold for a side after every step.
    fn check_side(&mut self, role: Role, contract: &Contract) {
        let seed = self.seed;
        assert!(contract.rounds.len() <= limits::ROUNDS_MAX, "seed {seed:#x}");
        let ContractState::Performing { terms, signatures, .. } = &contract.state else { return };
        let digest = contract.body().unwrap().digest().unwrap();
        for side in SIDES {
            let signature =
                signatures.of(side).unwrap_or_else(|| panic!("seed {seed:#x}: {side} has not signed"));
            assert_eq!(signature.body.contract_digest, digest, "seed {seed:#x}: {side} signed other terms");
            // Whoever performs has a signature that the other side really gave.
            let given = self.sides[index(side)].as_ref().and_then(|contract| contract.state.signatures());
            let own = given.and_then(|known| known.of(side));
            let is_trusted = side == role || self.faults.dishonest > 0;
            assert!(is_trusted || own == Some(signature), "seed {seed:#x}: {side} did not sign this");
        }
        let before = self.performed[index(role)].replace(terms.clone());
        assert!(
            before.is_none_or(|before| before == *terms),
            "seed {seed:#x}: {role} changed performed terms"
        );
        if let [Some(user), Some(provider)] = &self.performed {
            assert_eq!(user, provider, "seed {seed:#x}: the two sides perform different terms");
        }
    }

    /// Puts an input to a side; a refusal leaves it as it was.
    fn put(&mut self, role: Role, input: Input) -> bool {
        let Some(contract) = self.sides[index(role)].clone() else { return false };
        match contract.clone().step(input.clone(), self.clock) {
            Ok(step) => {
                let again = step.next.clone().step(input.clone(), self.clock);
                let is_peers = input.name().starts_with("peer") || input.name() == "id assigned";
                if is_peers {
                    let again = again.unwrap_or_else(|refusal| {
                        panic!("seed {:#x}: a repeated {} is refused: {refusal}", self.seed, input.name())
                    });
                    assert!(
                        again.is_unchanged() && again.next == step.next,
                        "seed {:#x}: {input:?}",
                        self.seed
                    );
                }
                self.commit(role, step);
                true
            }
            Err(_) => false,
        }
    }

    /// A message arrives, as the application would hand it on.
    fn arrive(&mut self, sent: Sent) {
        let Sent { to, message } = sent;
        match message {
            Outbound::CreateContract(_) => {
                self.put(to, Input::IdAssigned { id: contract_id() });
            }
            Outbound::Negotiate(message) if self.sides[index(to)].is_none() => {
                if message.signatures.is_empty() {
                    let step =
                        Contract::receive(draft(to), message.contract, message.terms, self.clock).unwrap();
                    self.commit(to, step);
                }
            }
            Outbound::Negotiate(message) if message.signatures.is_empty() => {
                self.put(to, Input::PeerProposed { terms: message.terms });
            }
            Outbound::Negotiate(message) => {
                self.put(to, Input::PeerSigned(message.signatures));
            }
            Outbound::Terminate(message) => {
                self.put(to, Input::PeerTerminated { reason: message.reason });
            }
            other => panic!("a contract does not send {other:?}"),
        }
    }

    /// Delivers one message, or loses it, or delivers it and keeps it for a second time.
    fn deliver(&mut self) {
        if self.network.is_empty() {
            return;
        }
        let next = if self.faults.is_reordered { self.rng.below(self.network.len()) } else { 0 };
        let sent = self.network.remove(next);
        if self.rng.chance(self.faults.lost) {
            return;
        }
        if self.rng.chance(self.faults.doubled) {
            self.network.push(sent.clone());
        }
        self.arrive(sent);
    }

    /// A decision of a side, sensible or not.
    fn decide(&mut self) {
        let role = SIDES[self.rng.below(2)];
        let Some(contract) = &self.sides[index(role)] else { return };
        let input = match self.rng.below(100) {
            0..30 => Input::Propose { terms: some_terms(&mut self.rng) },
            30..50 => Input::Accept,
            50..90 => {
                let Ok(body) = contract.signature_body(self.clock) else { return };
                let mark = u8::try_from(self.rng.below(256)).unwrap();
                Input::Sign(Box::new(PartySignature {
                    body,
                    signature: Signature::from_raw(Suite::Sm, [mark; 64]),
                }))
            }
            90..95 => Input::Reject { reason: "no".to_owned() },
            95..98 => Input::Terminate { reason: "over".to_owned() },
            _ => Input::Expire,
        };
        self.put(role, input);
    }

    /// A party signs other terms than those on its table, and sends that, with the other's signature if it has it.
    fn cheat(&mut self) {
        let role = SIDES[self.rng.below(2)];
        let Some(contract) = self.sides[index(role)].clone().filter(|contract| contract.id.is_some()) else {
            return;
        };
        let body = contract.body_with(&some_terms(&mut self.rng)).unwrap();
        let body = body.signature_body(contract.us().subject.clone(), self.clock).unwrap();
        let signature = PartySignature { body, signature: Signature::from_raw(Suite::Sm, [9; 64]) };
        let theirs = contract.state.signatures().and_then(|known| known.of(role.other())).cloned();
        self.put(role.other(), Input::PeerSigned(theirs.into_iter().chain([signature]).collect()));
    }

    fn run(&mut self, operations: usize) {
        for _ in 0..operations {
            self.clock = self.clock.plus_secs(1);
            if self.rng.chance(self.faults.dishonest) {
                self.cheat();
            } else if self.rng.chance(50) {
                self.deliver();
            } else {
                self.decide();
            }
        }
    }

    fn both_performed(&self) -> bool {
        self.performed.iter().all(Option::is_some)
    }
}

/// Runs many pairs; returns in how many of them both sides came to perform.
fn simulate(first_seed: u64, runs: u64, faults: Faults) -> u64 {
    let mut performed = 0;
    for seed in first_seed..first_seed + runs {
        let mut pair = Pair::new(seed, faults);
        pair.run(60);
        performed += u64::from(pair.both_performed());
    }
    performed
}

#[test]
fn a_good_network_brings_pairs_to_perform() {
    let performed = simulate(0x1000, 200, GOOD);
    assert!(performed > 50, "only {performed} of 200 pairs came to perform");
}

#[test]
fn a_bad_network_never_parts_the_terms() {
    let performed = simulate(0x2000, 600, Faults { lost: 15, doubled: 40, is_reordered: true, ..GOOD });
    assert!(performed > 60, "only {performed} of 600 pairs came to perform: the test would prove little");
}

#[test]
fn endless_repeats_do_no_harm() {
    let performed = simulate(0x3000, 200, Faults { doubled: 90, is_reordered: true, ..GOOD });
    assert!(performed > 40, "only {performed} of 200 pairs came to perform: the test would prove little");
}

/// A cheat never brings an honest side to perform anything but what that side itself signed.
#[test]
fn a_party_that_signs_other_terms_gains_nothing() {
    let performed = simulate(0x4000, 300, Faults { doubled: 20, is_reordered: true, dishonest: 20, ..GOOD });
    assert!(performed > 20, "only {performed} of 300 pairs came to perform: the test would prove little");
}

/// Signed messages that were lost come through in the end, because a sender repeats them until they are answered.
#[test]
fn lost_messages_that_are_sent_again_complete_the_contract() {
    for seed in 0..50 {
        let mut pair = Pair::new(seed, Faults { lost: 50, ..GOOD });
        let mut outbox: Vec<Sent> = Vec::new();
        for _ in 0..400 {
            for role in SIDES {
                let Some(contract) = pair.sides[index(role)].clone() else { continue };
                if contract.awaits_us() {
                    let body = contract.signature_body(pair.clock).unwrap();
                    let signature = Signature::from_raw(Suite::Sm, [7; 64]);
                    pair.put(role, Input::Sign(Box::new(PartySignature { body, signature })));
                }
            }
            outbox.append(&mut pair.network);
            let next = pair.rng.below(outbox.len());
            if !pair.rng.chance(pair.faults.lost) {
                pair.arrive(outbox[next].clone());
            }
        }
        assert!(pair.both_performed(), "seed {seed:#x}");
    }
}
