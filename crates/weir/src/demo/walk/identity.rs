//! Identity: an organisation for every file and one for the user is registered with its region, and its connector is admitted.

use domain::catalogue::I18n;
use serde_json::{Value, json};

use super::{PROVIDERS, Part, USERS, Walk};
use crate::client::Client;
use crate::demo::look::{list, text, wait_for};
use crate::demo::network::credit_code;
use crate::demo::titles::in_lang;
use crate::exit::Exit;
use crate::problem::{Failure, Result};

/// Body of the credit code of the demo's user.
const USER_SUBJECT: &str = "91310000MA1K00001";
/// The state of an organisation that has its certificate.
const CERTIFIED: &str = "certified";

/// The members of one region that the walk is about, as the region and the host know them.
struct Members {
    /// How many of them the region has certified.
    certified: u64,
    suite: String,
    area: String,
}

impl Walk<'_> {
    pub(super) async fn identify(&mut self) -> Result<()> {
        let began = self.begin(Part::Identity);
        self.admit_providers().await?;
        self.admit_user().await?;
        self.know_each_other().await?;
        let subjects: Vec<String> = self.items.iter().map(|item| item.subject.clone()).collect();
        let providers = self.members("region-1100", PROVIDERS, &subjects).await?;
        let users = self.members("region-3100", USERS, &[credit_code(USER_SUBJECT)]).await?;
        let args = [
            ("organisations", (providers.certified + users.certified).into()),
            ("providers", providers.certified.into()),
            ("users", users.certified.into()),
            ("providerSuite", providers.suite.as_str().into()),
            ("providerArea", providers.area.as_str().into()),
            ("userSuite", users.suite.as_str().into()),
            ("userArea", users.area.as_str().into()),
        ];
        let figures = json!({"organisations": providers.certified + users.certified,
            "providers": providers.certified, "users": users.certified});
        self.done("demo-identity", &args, figures, began)
    }

    async fn admit_providers(&mut self) -> Result<()> {
        let region = self.network.client("region-1100", None)?;
        let host = self.network.client(PROVIDERS, None)?;
        let present = host.get("/connectors", &[]).await?;
        let lang = self.lang();
        for item in &mut self.items {
            let joined = match member_of(&present, &item.subject) {
                Some(connector) => connector.clone(),
                None => admit(&region, &host, &item.subject, in_lang(&item.named.provider, lang)).await?,
            };
            item.connector = text(&joined, "connector").to_owned();
            // Perhaps in another language, where an earlier walk registered it.
            item.provider = text(&joined, "name").to_owned();
        }
        Ok(())
    }

    async fn admit_user(&mut self) -> Result<()> {
        let region = self.network.client("region-3100", None)?;
        let host = self.network.client(USERS, None)?;
        let subject = credit_code(USER_SUBJECT);
        let joined = match member_of(&host.get("/connectors", &[]).await?, &subject) {
            Some(connector) => connector.clone(),
            None => admit(&region, &host, &subject, in_lang(&user_name(), self.lang())).await?,
        };
        self.user = text(&joined, "connector").to_owned();
        Ok(())
    }

    /// Waits until the providers' host knows the user's connector, and the user's host those of the providers.
    async fn know_each_other(&self) -> Result<()> {
        let (providers, user) = (self.network.running(PROVIDERS)?, self.network.running(USERS)?);
        wait_for("demo-waited-feed", || async { Ok(providers.node.known(&self.user).await.ok()) }).await?;
        for item in &self.items {
            wait_for("demo-waited-feed", || async { Ok(user.node.known(&item.connector).await.ok()) })
                .await?;
        }
        Ok(())
    }

    /// The organisations of `subjects`, as their region has registered them and their host holds them.
    async fn members(&self, region: &str, host: &str, subjects: &[String]) -> Result<Members> {
        let registered = self.network.client(region, None)?.get("/organisations", &[]).await?;
        let connectors = self.network.client(host, None)?.get("/connectors", &[]).await?;
        let certified = subjects.iter().filter(|subject| is_certified(&registered, subject)).count() as u64;
        let hosted = list(&connectors).iter().find(|one| subjects.iter().any(|s| text(one, "subject") == s));
        let hosted = hosted.unwrap_or(&Value::Null);
        if certified != subjects.len() as u64 {
            return Err(Failure::new(Exit::Failure, "demo-not-certified")
                .with("region", region)
                .with("found", certified)
                .with("expected", subjects.len()));
        }
        let suite = if text(hosted, "suite") == crypto::Suite::Sm.as_str() { "SM2" } else { "ES256" };
        Ok(Members { certified, suite: suite.to_owned(), area: text(hosted, "area").to_owned() })
    }
}

/// Registers an organisation and admits its connector on a host; answers the connector.
async fn admit(region: &Client, host: &Client, subject: &str, name: &str) -> Result<Value> {
    let order = json!({"subject": subject, "name": name, "runs": "connector"});
    let enrolment = region.post("/organisations", &order).await?;
    host.post("/connectors", &json!({"code": text(&enrolment, "code"), "name": name})).await
}

fn member_of<'v>(members: &'v Value, subject: &str) -> Option<&'v Value> {
    list(members).iter().find(|one| text(one, "subject") == subject)
}

fn is_certified(organisations: &Value, subject: &str) -> bool {
    member_of(organisations, subject).is_some_and(|one| text(one, "state") == CERTIFIED)
}

/// Name of the demo's user.
fn user_name() -> I18n {
    I18n::new("沪上环境研究所", "Shanghai Institute for the Environment")
}
