//! The demo's walk: the main flow from registering subjects to proven use, over the management API of each node, one file a step.
//!
//! Every step first looks at what is there, so that a walk over a folder that was interrupted anywhere goes on where it stopped.
//! Every figure that is told is what a store, a search, a file on the disk or the verifier returned, and each step ends with a check of
//! it: a step whose check fails fails.

mod catalogue;
mod close;
mod contract;
mod deliver;
mod find;
mod identity;
mod item;
mod list;
mod network;
mod prove;
mod refuse;
mod register;
mod tell;
mod visible;

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use self::item::Item;
use super::data::Examined;
use super::network::Network;
use super::titles::{self, Named, in_lang};
use crate::client::Client;
use crate::commands::Context;
use crate::exit::Exit;
use crate::i18n::Lang;
use crate::problem::{Failure, Result};

/// The user's host among the network's nodes.
const USERS: &str = "user-3100";
/// The providers' host among the network's nodes.
const PROVIDERS: &str = "providers-1100";
/// The use under which the walk downloads: the same when it is resumed, so that nothing is counted twice.
const FIRST_USE: &str = "demo-first";

/// The steps, in the order in which they are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Network,
    Identity,
    Catalogue,
    Register,
    Visible,
    Listed,
    Found,
    Contract,
    Delivered,
    Refused,
    Closed,
    Metering,
    Proven,
}

/// The walk with what it learnt so far.
pub struct Walk<'a> {
    context: &'a Context,
    network: &'a Network,
    folder: &'a Path,
    items: Vec<Item>,
    /// The user's connector.
    user: String,
    skipped: Vec<(String, String)>,
    /// A word that the search found something by.
    word: String,
    /// The step that is walked now.
    part: Part,
    report: Vec<Value>,
    started: Instant,
}

impl<'a> Walk<'a> {
    /// A walk over the files that can be used, one provider each; `subject` gives the credit code of a file's provider.
    pub fn new(
        context: &'a Context,
        network: &'a Network,
        folder: &'a Path,
        examined: &Examined,
        subject: impl Fn(&Path) -> String,
    ) -> Walk<'a> {
        let paths: Vec<&Path> = examined.usable.iter().map(|file| file.path.as_path()).collect();
        let named = titles::all(&paths);
        let items =
            paths.iter().zip(named).map(|(path, named)| Item::new(path, named, subject(path))).collect();
        let left_out = examined.left_out.iter();
        Walk {
            context,
            network,
            folder,
            items,
            user: String::new(),
            skipped: left_out.map(|file| (file.name(), context.sentence(&file.reason))).collect(),
            word: String::new(),
            part: Part::Network,
            report: Vec::new(),
            started: Instant::now(),
        }
    }

    /// Walks the whole flow.
    ///
    /// # Errors
    /// The first step that failed; what was done before it is kept.
    pub async fn run(&mut self) -> Result<()> {
        self.form_network().await?;
        self.identify().await?;
        self.catalogue().await?;
        let seen = self.register().await?;
        self.visible(seen).await?;
        self.list().await?;
        self.find().await?;
        self.contract().await?;
        self.deliver().await?;
        self.refuse().await?;
        self.close().await?;
        let meters = self.meters().await?;
        self.prove(meters)
    }

    /// Where the user's files stand, each with its receipt beside it.
    pub fn downloads(&self) -> PathBuf {
        self.folder.join("downloads")
    }

    /// A word that finds something: for the commands to try.
    pub fn word(&self) -> &str {
        &self.word
    }

    /// The management API of the providers' host, acting for an item's connector.
    fn provider(&self, item: &Item) -> Result<Client> {
        self.network.client(PROVIDERS, Some(item.connector.clone()))
    }

    /// The management API of the user's host.
    fn user(&self) -> Result<Client> {
        self.network.client(USERS, Some(self.user.clone()))
    }

    fn first(&self) -> Result<&Item> {
        self.items.first().ok_or_else(nothing_left)
    }

    fn item(&mut self, index: usize) -> Result<&mut Item> {
        self.items.get_mut(index).ok_or_else(nothing_left)
    }

    fn lang(&self) -> Lang {
        self.context.messages.lang()
    }

    /// An item's short name in the reader's language.
    fn short<'i>(&self, named: &'i Named) -> &'i str {
        in_lang(&named.short, self.lang())
    }
}

fn nothing_left() -> Failure {
    Failure::new(Exit::BadInput, "demo-nothing-left")
}
