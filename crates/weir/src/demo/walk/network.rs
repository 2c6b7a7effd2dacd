//! The network forms: the root makes itself, regions and the industry join it, the service node joins its region.

use app::config::Role;
use serde_json::{Value, json};

use super::{Part, Walk};
use crate::client::Client;
use crate::demo::look::{list, text, wait_for};
use crate::demo::network::{PLANS, Plan, credit_code};
use crate::exit::Exit;
use crate::problem::{Failure, Result};

impl Walk<'_> {
    pub(super) async fn form_network(&mut self) -> Result<()> {
        let began = self.begin(Part::Network);
        self.network.running("global")?.settle(|_| ()).await?;
        let global = self.network.client("global", None)?;
        for name in ["region-1100", "region-3100", "industry-0077"] {
            self.join(&global, name).await?;
        }
        self.join(&self.network.client("region-1100", None)?, "space-1100").await?;
        let known = self.known_to(&global).await?;
        let hosts = self.hosts().await?;
        let count = |role: Role| {
            list(&known).iter().filter(|node| text(node, "kind") == role.as_str()).count() as u64
        };
        let [roots, regions, industries, services] =
            [Role::Global, Role::Region, Role::Industry, Role::Service].map(count);
        let args = [
            ("global", roots.into()),
            ("region", regions.into()),
            ("industry", industries.into()),
            ("service", services.into()),
            ("hosts", hosts.into()),
        ];
        let figures = json!({"global": roots, "region": regions, "industry": industries, "service": services,
            "hosts": hosts});
        self.done("demo-network", &args, figures, began)
    }

    /// Registers the organisation that runs a node, and lets the node join with its code; one that has joined is left alone.
    async fn join(&self, at: &Client, name: &str) -> Result<()> {
        if self.network.running(name)?.node.standing().is_ok() {
            return Ok(());
        }
        let plan = plan(name)?;
        let area = plan.serves_an_area().then_some(plan.area);
        let order = json!({"subject": credit_code(plan.subject), "name": name, "runs": plan.role.as_str(), "area": area});
        let enrolment = at.post("/organisations", &order).await?;
        let joining = json!({"code": text(&enrolment, "code"), "name": name});
        self.network.client(name, None)?.post("/connectors", &joining).await?;
        Ok(())
    }

    /// The nodes that the global node knows, once it knows every one that has an identity of its own.
    async fn known_to(&self, global: &Client) -> Result<Value> {
        let expected = PLANS.iter().filter(|plan| !plan.hosts_connectors()).count();
        wait_for("demo-waited-nodes", || async {
            let known = global.get("/nodes", &[]).await?;
            Ok((list(&known).len() >= expected).then_some(known))
        })
        .await
    }

    /// How many of the running nodes say that they host connectors.
    async fn hosts(&self) -> Result<u64> {
        let mut hosts = 0;
        for running in self.network.nodes() {
            let status = self.network.client(&running.settings.name, None)?.get("/status", &[]).await?;
            hosts += u64::from(text(&status, "role") == Role::Host.as_str());
        }
        Ok(hosts)
    }
}

fn plan(name: &str) -> Result<&'static Plan> {
    let found = PLANS.iter().find(|plan| plan.name == name);
    found.ok_or_else(|| Failure::new(Exit::NotFound, "node-unknown").with("node", name))
}
