//! The network that the measurements run on: the demo's seven nodes, with one provider in 1100 (SM2) and one user in 3100 (ES256), who
//! trade through the service node. All in this process, each with its own store, all messages over HTTP on loopback.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::Node;
use app::catalogue::product::{self, NewOffer};
use app::catalogue::resource::{self, NewResource};
use app::identity::{self, JoinOrder, NewOrganisation};
use app::member::Speaker;
use domain::Timestamp;
use domain::catalogue::I18n;
use serde_json::{Value, json};
use weir::demo::network::{Network, PLANS, Plan, State, credit_code};

use crate::error::{Error, Result};
use crate::wait::{passing, until};

/// The region of the provider.
pub const REGION: &str = "region-1100";
/// The region of the user.
pub const OTHER_REGION: &str = "region-3100";
const GLOBAL: &str = "global";
const SERVICE: &str = "space-1100";
const PROVIDERS: &str = "providers-1100";
const USERS: &str = "user-3100";
/// Bodies of the credit codes of provider and user.
const PROVIDER_SUBJECT: &str = "91110000MA0BENCH1";
const USER_SUBJECT: &str = "91310000MA0BENCH2";
/// Seconds that offers and contracts are good for, before and after now.
const TERM_SECS: i64 = 24 * 3600;

/// A running network with a provider and a user.
pub struct Field {
    network: Network,
    /// The node that hosts the provider.
    pub providers: Node,
    /// The provider.
    pub provider: Arc<Speaker>,
    /// The node that hosts the user.
    pub users: Node,
    /// The user.
    pub user: Arc<Speaker>,
}

impl Field {
    /// Builds the network in a folder and lets everyone join.
    ///
    /// # Errors
    /// [`Error::Weir`], [`Error::App`], [`Error::TimedOut`].
    pub async fn raise(folder: &Path) -> Result<Field> {
        std::fs::create_dir_all(folder).map_err(Error::io("make", folder))?;
        let mut state = State::new(folder.to_owned(), None);
        let network = Network::start(folder, &mut state, 0).await?;
        join_nodes(&network).await?;
        let (providers, users) = (node(&network, PROVIDERS)?, node(&network, USERS)?);
        let provider =
            admit(&node(&network, REGION)?, &providers, PROVIDER_SUBJECT, "实测数据提供方").await?;
        let user = admit(&node(&network, OTHER_REGION)?, &users, USER_SUBJECT, "实测数据使用方").await?;
        let field = Field { network, providers, provider, users, user };
        field.acquaint().await?;
        Ok(field)
    }

    /// Waits until provider and user know each other.
    async fn acquaint(&self) -> Result<()> {
        until("the provider at the user's", || async {
            passing(self.users.known(self.provider.id().as_str()).await)
        })
        .await?;
        until("the user at the provider's", || async {
            passing(self.providers.known(self.user.id().as_str()).await)
        })
        .await?;
        Ok(())
    }

    /// A node of the network by its name.
    ///
    /// # Errors
    /// [`Error::Weir`] where there is none.
    pub fn node(&self, name: &str) -> Result<Node> {
        node(&self.network, name)
    }

    /// Catalogues a file; answers the identifier of its resource.
    ///
    /// # Errors
    /// [`Error::App`].
    pub async fn catalogue(&self, path: PathBuf) -> Result<String> {
        let new = NewResource {
            path,
            encoding: None,
            title: None,
            description: I18n::default(),
            keywords: domain::catalogue::Keywords::default(),
            column_titles: std::collections::BTreeMap::new(),
        };
        let own = resource::add(&self.providers, &self.provider, new, Arc::new(|_| {})).await?;
        own.resource
            .id
            .map(|id| id.to_string())
            .ok_or_else(|| Error::Wrong("a resource without identifier".to_owned()))
    }

    /// Registers a product of a resource; answers its identifier.
    ///
    /// # Errors
    /// [`Error::App`].
    pub async fn register(&self, resource: &str, title: I18n) -> Result<String> {
        let offer = NewOffer {
            resource: resource.to_owned(),
            title: Some(title),
            description: None,
            keywords: None,
            industry: None,
            offer: Some(self.terms()),
            terms: None,
            negotiation: None,
        };
        let own = product::register(&self.providers, &self.provider, offer).await?;
        own.product
            .id
            .map(|id| id.to_string())
            .ok_or_else(|| Error::Wrong("a product without identifier".to_owned()))
    }

    /// Catalogues a file, registers a product of it, lists it, and waits until the user sees the listing; answers its identifier.
    ///
    /// # Errors
    /// [`Error::App`], [`Error::TimedOut`].
    pub async fn offer(&self, path: PathBuf, title: I18n) -> Result<String> {
        let resource = self.catalogue(path).await?;
        let product = self.register(&resource, title).await?;
        let listing =
            || async { passing(product::list_on(&self.providers, &self.provider, &product, None).await) };
        until("the listing", listing).await?;
        until("the listing at the user's", || async {
            let seen = passing(app::catalogue::product_view(&self.users, &product).await)?;
            Ok(seen.filter(is_listed))
        })
        .await?;
        Ok(product)
    }

    /// Terms that are good for a day, without other bounds.
    pub fn terms(&self) -> Value {
        let today = Timestamp::from_secs(self.users.now().secs() / TERM_SECS * TERM_SECS);
        json!({"action": "read", "from": today.to_string(), "to": today.plus_secs(2 * TERM_SECS).to_string()})
    }

    /// Stops every node.
    pub async fn stop(self) {
        self.network.stop().await;
    }
}

fn is_listed(product: &Value) -> bool {
    product.get("listings").and_then(Value::as_array).is_some_and(|listings| !listings.is_empty())
}

/// The root makes itself, regions and the industry join it, the service node joins its region.
async fn join_nodes(network: &Network) -> Result<()> {
    network.running(GLOBAL)?.settle(|_| ()).await?;
    let global = node(network, GLOBAL)?;
    for (name, runs) in [(REGION, "region"), (OTHER_REGION, "region"), ("industry-0077", "industry")] {
        join_node(&global, network, name, runs).await?;
    }
    join_node(&node(network, REGION)?, network, SERVICE, "service").await
}

async fn join_node(at: &Node, network: &Network, name: &str, runs: &str) -> Result<()> {
    let plan = plan(name)?;
    let area = (runs != "service").then(|| plan.area.to_owned());
    enrol(at, &node(network, name)?, plan.subject, name, runs, area).await
}

/// Registers an organisation at a region and lets its connector join on a host.
async fn admit(region: &Node, host: &Node, subject: &str, name: &str) -> Result<Arc<Speaker>> {
    enrol(region, host, subject, name, "connector", None).await?;
    Ok(host.acting(None)?)
}

async fn enrol(
    at: &Node,
    joiner: &Node,
    subject: &str,
    name: &str,
    runs: &str,
    area: Option<String>,
) -> Result<()> {
    let new =
        NewOrganisation { subject: credit_code(subject), name: name.to_owned(), runs: runs.to_owned(), area };
    let enrolment = identity::register_organisation(at, new).await?;
    identity::join(joiner, JoinOrder { code: enrolment.code, name: Some(name.to_owned()) }).await?;
    Ok(())
}

fn plan(name: &str) -> Result<Plan> {
    let found = PLANS.into_iter().find(|plan| plan.name == name);
    found.ok_or_else(|| Error::Wrong(format!("the demo has no node `{name}`")))
}

fn node(network: &Network, name: &str) -> Result<Node> {
    Ok(network.running(name)?.node.clone())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_has_every_node_that_is_measured_on() {
        for name in [GLOBAL, REGION, OTHER_REGION, SERVICE, PROVIDERS, USERS] {
            assert_eq!(plan(name).unwrap().name, name);
        }
        assert!(plan("region-9999").is_err());
    }

    #[test]
    fn provider_and_user_have_good_credit_codes() {
        for body in [PROVIDER_SUBJECT, USER_SUBJECT] {
            assert!(domain::id::SubjectCode::uscc(&credit_code(body)).is_ok(), "{body}");
        }
    }
}
