//! The nodes of this process as one network: who is hosted, who is known, and what they are called.

use std::sync::Arc;

use app::member::Speaker;
use app::{Error, Node};
use domain::id::AreaCode;

use crate::i18n::{Lang, Sentences, sentences};

/// What the pages are made of.
#[derive(Debug)]
pub(crate) struct Network {
    nodes: Vec<Node>,
    en: Arc<Sentences>,
    zh: Arc<Sentences>,
}

/// A connector that is hosted here, with the node that hosts it.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    /// The host.
    pub(crate) node: Node,
    /// The connector.
    pub(crate) speaker: Arc<Speaker>,
}

impl Seat {
    /// The connector's identifier.
    pub(crate) fn id(&self) -> &str {
        self.speaker.id().as_str()
    }
}

/// Somebody's name and where they belong.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    /// The name.
    pub(crate) name: String,
    /// Region or industry.
    pub(crate) area: AreaCode,
}

impl Network {
    /// A network of these nodes.
    pub(crate) fn new(nodes: Vec<Node>) -> Network {
        Network { nodes, en: Arc::new(sentences(Lang::En)), zh: Arc::new(sentences(Lang::Zh)) }
    }

    /// The sentences of a language.
    pub(crate) fn messages(&self, lang: Lang) -> Arc<Sentences> {
        match lang {
            Lang::En => self.en.clone(),
            Lang::Zh => self.zh.clone(),
        }
    }

    /// The nodes.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Every connector hosted here, host by host.
    pub(crate) fn seats(&self) -> Vec<Seat> {
        let seats = |node: &Node| {
            let node = node.clone();
            node.tenants().into_iter().map(move |speaker| Seat { node: node.clone(), speaker })
        };
        self.nodes.iter().flat_map(seats).collect()
    }

    /// The connector of that identifier, where it is hosted here.
    pub(crate) fn seat(&self, connector: &str) -> Option<Seat> {
        self.nodes.iter().find_map(|node| {
            let speaker = node.tenant(connector).ok()?;
            Some(Seat { node: node.clone(), speaker })
        })
    }

    /// The nodes that can be asked for products: those with an index of their own; where there is none, all that have an identity.
    pub(crate) fn searchable(&self) -> Vec<&Node> {
        let indexed: Vec<&Node> =
            self.nodes.iter().filter(|node| node.search().is_some() && node.standing().is_ok()).collect();
        if indexed.is_empty() {
            return self.nodes.iter().filter(|node| node.speaker().is_ok()).collect();
        }
        indexed
    }

    /// The name of a node, connector or organisation: one hosted here, or one that a node's directory knows.
    ///
    /// # Errors
    /// [`Error::Store`] and what else keeps a directory from answering; nobody known is `None`.
    pub(crate) async fn named(&self, id: &str) -> Result<Option<Named>, Error> {
        for node in &self.nodes {
            if let Some(named) = hosted(node, id) {
                return Ok(Some(named));
            }
            match node.known(id).await {
                Ok(known) => {
                    return Ok(Some(Named { name: known.name.clone(), area: known.area }));
                }
                // A directory that knows nobody, or cannot vouch for them, says nothing about their name.
                Err(Error::NotFound { .. } | Error::NotJoined(_) | Error::Crypto(_) | Error::Corrupt(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// The identifier under which a node answers: its own, or on a connector host its first connector's.
pub(crate) fn own_id(node: &Node) -> Option<String> {
    node.speaker().ok().map(|speaker| speaker.id().to_string())
}

fn hosted(node: &Node, id: &str) -> Option<Named> {
    let id = domain::id::NodeId::parse(id).ok()?;
    let membership = &node.hosted(&id).ok()?.membership;
    Some(Named { name: membership.name.clone(), area: membership.area })
}
