//! A town whose nodes run in a process each, behind a fault proxy each, so that a process can be killed at a chosen message.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crypto::cert::Roots;
use serde_json::json;

use crate::insist;
use crate::manage::Manage;
use crate::proxy::{Fault, Gate, Proxy};
use crate::town::{Plot, Town, apart};

/// Where a message is when somebody is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It was sent, and has not arrived.
    Sent,
    /// It was handled; the answer is on its way.
    Answered,
    /// So many bytes of the answer have arrived.
    Halfway(usize),
}

/// Who is killed. What waits passes on while the process is dead; then it is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// Who sent the message.
    Sender,
    /// Who it was sent to.
    Receiver,
}

/// All four ways to die of a message.
pub const DEATHS: [(Moment, Victim); 4] = [
    (Moment::Sent, Victim::Sender),
    (Moment::Sent, Victim::Receiver),
    (Moment::Answered, Victim::Sender),
    (Moment::Answered, Victim::Receiver),
];

/// A message between two processes.
#[derive(Debug, Clone, Copy)]
pub struct Message {
    /// Its path.
    pub path: &'static str,
    /// Who sends it.
    pub sender: &'static str,
    /// Who gets it.
    pub receiver: &'static str,
}

/// A connector on a host, and the client that acts for it.
#[derive(Clone)]
pub struct Member {
    /// The client.
    pub manage: Manage,
    /// The subject code.
    pub subject: String,
}

/// A kill that waits for its message.
pub struct Blow<'s> {
    stage: &'s Stage,
    message: Message,
    moment: Moment,
    victim: Victim,
    gate: Gate,
}

/// The processes and their proxies.
pub struct Stage {
    town: Mutex<Town>,
    proxies: BTreeMap<&'static str, Proxy>,
}

impl Default for Stage {
    fn default() -> Self {
        Stage { town: Mutex::new(Town::new()), proxies: BTreeMap::new() }
    }
}

impl Stage {
    /// All nodes of [`apart`], joined.
    pub async fn found() -> Stage {
        let mut stage = Stage::default();
        for plot in apart() {
            stage.prepare(&plot).await;
            stage.serve(plot.node);
            if !plot.upstream.is_empty() {
                stage.joined(plot.node);
            }
        }
        stage
    }

    /// The town.
    pub fn town(&self) -> MutexGuard<'_, Town> {
        self.town.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The proxy of a node.
    ///
    /// # Panics
    /// Where there is no such node.
    pub fn proxy(&self, node: &str) -> &Proxy {
        &self.proxies[node]
    }

    /// Makes a node, which does not run yet.
    pub async fn prepare(&mut self, plot: &Plot) {
        let proxy = Proxy::start().await;
        let mut town = self.town();
        tokio::task::block_in_place(|| town.prepare(plot, &["--address", &proxy.url()]));
        proxy.lead_to(town.addresses(plot.process)[0].trim_start_matches("http://").parse().unwrap());
        drop(town);
        self.proxies.insert(plot.node, proxy);
    }

    /// Starts a node, and waits until it answers.
    pub fn serve(&self, node: &str) {
        tokio::task::block_in_place(|| self.town().serve(node));
    }

    /// Waits until a node has its identity. Answers it.
    pub fn joined(&self, node: &str) -> String {
        tokio::task::block_in_place(|| self.town().joined(node, node))
    }

    /// SIGKILL.
    pub fn kill(&self, node: &str) {
        tokio::task::block_in_place(|| self.town().take(node).kill());
    }

    /// SIGKILL, and a new start.
    pub fn strike(&self, node: &str) {
        self.kill(node);
        self.serve(node);
    }

    /// A client of a node's management API.
    pub fn manage(&self, node: &str) -> Manage {
        self.town().manage(node, node, None)
    }

    /// The root that the node pinned.
    ///
    /// # Panics
    /// Where it pinned none.
    pub fn roots(&self, node: &str) -> Roots {
        self.town().roots(node, node)
    }

    /// Registers an organisation, and lets it join a host.
    ///
    /// # Panics
    /// Where region or host refuse.
    pub async fn join(&self, region: &str, host: &str) -> Member {
        let subject = self.town().new_subject();
        let code = self.enrol(region, &subject).await;
        let manage = self.manage(host);
        let joined = insist::post(&manage, "/connectors", &json!({"code": code})).await.ok();
        Member { manage: manage.acting_as(joined["connector"].as_str().unwrap()), subject }
    }

    /// Registers an organisation. Answers its enrolment code.
    ///
    /// # Panics
    /// Where the region refuses.
    pub async fn enrol(&self, region: &str, subject: &str) -> String {
        let body = json!({"subject": subject, "name": "Station", "runs": "connector"});
        let enrolment = insist::post(&self.manage(region), "/organisations", &body).await.ok();
        enrolment["code"].as_str().unwrap().to_owned()
    }

    /// Plans a kill: it comes with the next such message that is no repeat, once [`Blow::fall`] waits for it.
    pub fn plan(&self, message: Message, (moment, victim): (Moment, Victim)) -> Blow<'_> {
        let gate = Gate::default();
        let fault = match moment {
            Moment::Sent => Fault::Hold(gate.clone()),
            Moment::Answered => Fault::HoldAnswer(gate.clone()),
            Moment::Halfway(bytes) => Fault::HoldAfter(bytes, gate.clone()),
        };
        self.proxy(message.receiver).fail_new(message.path, fault);
        Blow { stage: self, message, moment, victim, gate }
    }

    /// Waits until no node has anything to send any more, and holds that none gave anything up and each is well.
    ///
    /// # Panics
    /// With the check that failed.
    pub async fn is_well(&self) {
        for node in self.proxies.keys() {
            let manage = self.manage(node);
            let status =
                insist::get(&manage, "/status", "nothing to send", |it| it["outbox"]["waiting"] == 0).await;
            assert_eq!(status["outbox"]["dead"], 0, "{node}: {status:#}");
            for log in status["followed"].as_array().into_iter().flatten() {
                assert!(log["problem"].is_null(), "{node}: {log:#}");
            }
            let doctor = insist::get(&manage, "/doctor", "checks", |it| it["checks"].is_array()).await;
            assert_eq!(doctor["ok"], true, "{node}: {doctor:#}");
        }
    }
}

impl Blow<'_> {
    /// Waits for the message, kills, lets pass what waits, and starts the process again.
    pub async fn fall(self) {
        let what = format!(
            "{} from {} to {}, {:?}",
            self.message.path, self.message.sender, self.message.receiver, self.moment
        );
        self.gate.reached(&what).await;
        let victim = match self.victim {
            Victim::Sender => self.message.sender,
            Victim::Receiver => self.message.receiver,
        };
        self.stage.kill(victim);
        eprintln!("{what}: {victim} was killed");
        self.gate.open();
        self.stage.serve(victim);
    }
}
