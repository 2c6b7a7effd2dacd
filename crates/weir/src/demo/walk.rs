//! The demo's walk: the main flow from registering subjects to proven use, over the management API of each node, one step a line.
//!
//! Every step first looks at what is there, so that a walk over a folder that was interrupted anywhere goes on where it stopped.
//! Every figure that is printed is what a store, a search or the verifier returned.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crypto::Hasher;
use domain::catalogue::I18n;
use ledger::receipt::{Receipt, Verifier};
use serde_json::{Value, json};

use super::look::{at, day, file_name, list, number, text, wait_for};
use super::meters::{Meters, usage_of};
use super::network::{Network, credit_code};
use super::titles::{self, Named};
use crate::client::Client;
use crate::commands::{Context, closed, refused_use};
use crate::exit::Exit;
use crate::i18n::{Arg, Lang};
use crate::problem::{Failure, Result};
use crate::term::{Mark, Step, Unit, bytes, duration, percent, seconds};

/// The uses that each contract allows: the offer's count.
const COUNT_OFFERED: u64 = 1;
/// The uses that the user asks for at first.
const COUNT_ASKED: u64 = 2;
/// Use ids of the walk: the same when it is resumed, so that nothing is counted twice.
const FIRST_USE: &str = "demo-first";
const SECOND_USE: &str = "demo-second";

/// One file on its way through the network.
#[derive(Debug)]
struct Item {
    path: PathBuf,
    named: Named,
    subject: String,
    connector: String,
    resource: Value,
    product: String,
    contract: String,
    delivered: u64,
    receipt: PathBuf,
}

/// The walk with what it learnt so far.
pub struct Walk<'a> {
    context: &'a Context,
    network: &'a Network,
    folder: &'a Path,
    items: Vec<Item>,
    user: String,
    skipped: Vec<(PathBuf, String)>,
    report: Vec<Value>,
    started: Instant,
}

impl<'a> Walk<'a> {
    /// A walk over the files, one provider each.
    pub fn new(context: &'a Context, network: &'a Network, folder: &'a Path, files: &[PathBuf]) -> Walk<'a> {
        let items = files.iter().enumerate().map(|(index, path)| Item::new(index, path)).collect();
        Walk {
            context,
            network,
            folder,
            items,
            user: String::new(),
            skipped: Vec::new(),
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
        self.register().await?;
        self.list().await?;
        self.find().await?;
        self.contract().await?;
        self.deliver().await?;
        self.refuse().await?;
        self.close().await?;
        self.prove().await
    }

    /// What was printed, for `--json`.
    pub fn report(&self) -> Value {
        json!({"steps": self.report, "skipped": self.skipped.iter().map(|(path, reason)| json!({"file": path, "reason": reason})).collect::<Vec<_>>(),
            "elapsedMs": u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)})
    }

    /// Where the receipts stand.
    pub fn receipts(&self) -> PathBuf {
        self.folder.join("receipts")
    }

    /// A word that finds something: for the commands to try.
    pub fn word(&self) -> String {
        match self.items.first() {
            Some(item) if item.named.industry.is_some() => "臭氧".to_owned(),
            Some(item) => item.named.short.in_en().split(' ').next().unwrap_or_default().to_owned(),
            None => String::new(),
        }
    }

    // ------------------------------------------------------------------------------------------ steps

    /// The root makes itself, regions and the industry join it, the service node joins its region.
    async fn form_network(&mut self) -> Result<()> {
        let started = Instant::now();
        self.network.running("global")?.settle().await?;
        let global = self.network.client("global", None)?;
        for (name, runs) in
            [("region-1100", "region"), ("region-3100", "region"), ("industry-0077", "industry")]
        {
            self.join(&global, name, runs).await?;
        }
        let region = self.network.client("region-1100", None)?;
        self.join(&region, "space-1100", "service").await?;
        let nodes = wait_for("nodes", || async {
            let nodes = self.network.client("global", None)?.get("/nodes", &[]).await?;
            Ok((list(&nodes).len() >= 5).then_some(nodes))
        })
        .await?;
        let count = |kind: &str| list(&nodes).iter().filter(|node| text(node, "kind") == kind).count() as u64;
        let hosts = self.network.nodes().len().saturating_sub(list(&nodes).len()) as u64;
        let args = [
            ("global", count("global").into()),
            ("region", count("region").into()),
            ("industry", count("industry").into()),
            ("service", count("service").into()),
            ("hosts", hosts.into()),
        ];
        self.done("step-network", "demo-network", &args, started)
    }

    /// Registers the organisation that runs a node and lets the node join with its code.
    async fn join(&self, at: &Client, name: &str, runs: &str) -> Result<()> {
        let running = self.network.running(name)?;
        if running.node.standing().is_ok() {
            return Ok(());
        }
        let plan = super::network::PLANS.iter().find(|plan| plan.name == name);
        let plan = plan.ok_or_else(|| Failure::new(Exit::NotFound, "node-unknown").with("node", name))?;
        let order = json!({"subject": credit_code(plan.subject), "name": name, "runs": runs,
            "area": (runs != "service").then_some(plan.area)});
        let enrolment = at.post("/organisations", &order).await?;
        let joining = json!({"code": text(&enrolment, "code"), "name": name});
        self.network.client(name, None)?.post("/connectors", &joining).await?;
        Ok(())
    }

    /// Registers an organisation for every file and one for the user, and admits their connectors.
    async fn identify(&mut self) -> Result<()> {
        let started = Instant::now();
        let (region, host) =
            (self.network.client("region-1100", None)?, self.network.client("providers-1100", None)?);
        let present = host.get("/connectors", &[]).await?;
        let lang = self.context.messages.lang();
        for item in &mut self.items {
            item.connector = match connector_of(&present, &item.subject) {
                Some(connector) => connector,
                None => admit(&region, &host, &item.subject, of(lang, &item.named.provider)).await?,
            };
        }
        let (region, host) =
            (self.network.client("region-3100", None)?, self.network.client("user-3100", None)?);
        let subject = credit_code(USER_SUBJECT);
        self.user = match connector_of(&host.get("/connectors", &[]).await?, &subject) {
            Some(connector) => connector,
            None => admit(&region, &host, &subject, user_name(self.context.messages.lang())).await?,
        };
        self.know_each_other().await?;
        let suites = self.suites().await?;
        let organisations = self.items.len() as u64 + 1;
        self.done(
            "step-identity",
            "demo-identity",
            &[("organisations", organisations.into()), ("suites", suites.into())],
            started,
        )
    }

    /// Waits until the providers' host knows the user's connector, and the user's host those of the providers.
    async fn know_each_other(&self) -> Result<()> {
        let providers = self.network.running("providers-1100")?;
        let user = self.network.running("user-3100")?;
        let user_id = self.user.clone();
        wait_for("feed", || async { Ok(providers.node.known(&user_id).await.ok()) }).await?;
        for item in &self.items {
            wait_for("feed", || async { Ok(user.node.known(&item.connector).await.ok()) }).await?;
        }
        Ok(())
    }

    async fn suites(&self) -> Result<String> {
        let mut parts = Vec::new();
        for name in ["providers-1100", "user-3100"] {
            let connectors = self.network.client(name, None)?.get("/connectors", &[]).await?;
            if let Some(first) = list(&connectors).first() {
                let suite = if text(first, "suite") == "sm" { "SM2" } else { "ES256" };
                let args = [("suite", suite.into()), ("region", text(first, "area").into())];
                parts.push(self.context.msg("demo-identity-suite", &args));
            }
        }
        Ok(parts.join(&self.context.msg("demo-comma", &[])))
    }

    /// Profiles every file and registers it as a resource. A file that cannot be used is named with its reason, and the rest goes on.
    async fn catalogue(&mut self) -> Result<()> {
        let started = Instant::now();
        let total: u64 =
            self.items.iter().filter_map(|item| item.path.metadata().ok()).map(|data| data.len()).sum();
        let progress =
            self.context.out.progress(&self.context.msg("step-catalogue", &[]), Some(total), Unit::Bytes);
        let mut kept = Vec::new();
        for mut item in std::mem::take(&mut self.items) {
            let file = file_name(&item.path);
            progress.label(&self.context.msg("progress-profiling", &[("file", file.as_str().into())]));
            match self.resource(&item).await {
                Ok(resource) => {
                    item.resource = resource;
                    kept.push(item);
                }
                Err(failure) if failure.exit == Exit::BadInput || failure.exit == Exit::Usage => {
                    let told = failure.problem.as_deref().map(|problem| problem.detail.clone());
                    let reason = told.unwrap_or_else(|| self.context.sentence(&failure.message));
                    self.skipped.push((PathBuf::from(file), reason));
                }
                Err(failure) => return Err(failure),
            }
            progress.add(kept.last().and_then(|item| item.path.metadata().ok()).map_or(0, |data| data.len()));
        }
        drop(progress);
        self.items = kept;
        for (file, reason) in &self.skipped {
            let args = [("file", file.display().to_string().into()), ("reason", reason.as_str().into())];
            self.context.note(&self.context.msg("demo-file-skipped", &args))?;
        }
        if self.items.is_empty() {
            return Err(Failure::new(Exit::BadInput, "demo-nothing-left"));
        }
        self.profiled(started)
    }

    /// The resource of a file: the one that is registered already, or a new one.
    async fn resource(&self, item: &Item) -> Result<Value> {
        let client = self.network.client("providers-1100", Some(item.connector.clone()))?;
        let path = std::path::absolute(&item.path).unwrap_or_else(|_| item.path.clone());
        let present = client.get("/resources", &[]).await?;
        let same = list(&present)
            .iter()
            .find(|one| text(one, "path") == path.to_string_lossy() && !at(one, "id").is_null());
        if let Some(resource) = same {
            return Ok(resource.clone());
        }
        let named = &item.named;
        let order = json!({"path": path, "title": named.title, "description": named.description,
            "keywords": named.keywords, "columnTitles": named.columns});
        client.post("/resources", &order).await
    }

    fn profiled(&mut self, started: Instant) -> Result<()> {
        let profiles: Vec<&Value> = self.items.iter().map(|item| at(&item.resource, "profile")).collect();
        let columns = profiles
            .iter()
            .map(|profile| list(at(profile, "columns")).len() as u64)
            .max()
            .unwrap_or_default();
        let (mut nulls, mut cells) = (0u64, 0u64);
        for profile in &profiles {
            nulls += number(profile, "nulls");
            cells += number(profile, "rows") * list(at(profile, "columns")).len() as u64;
        }
        let from = profiles.iter().filter_map(|profile| day(at(profile, "timeRange/0"))).min();
        let to = profiles.iter().filter_map(|profile| day(at(profile, "timeRange/1"))).max();
        let mut args: Vec<(&str, Arg<'_>)> = vec![
            ("resources", (profiles.len() as u64).into()),
            ("rows", profiles.iter().map(|profile| number(profile, "rows")).sum::<u64>().into()),
            ("columns", columns.into()),
            ("missing", percent(nulls, cells).into()),
        ];
        let key = match (from, to) {
            (Some(from), Some(to)) => {
                args.extend([("from", from.into()), ("to", to.into())]);
                "demo-catalogue"
            }
            _ => "demo-catalogue-timeless",
        };
        self.done("step-catalogue", key, &args, started)
    }

    /// Registers a product of every resource, and watches until it is seen in the other region, at the industry and at the global node.
    async fn register(&mut self) -> Result<()> {
        let watched @ [(_, region), (_, industry), (_, global)] =
            [("3100", "region-3100"), ("0077", "industry-0077"), ("", "global")];
        let mut slowest = [Duration::ZERO; 3];
        let mut registering = Duration::ZERO;
        for index in 0..self.items.len() {
            let begun = Instant::now();
            let product = self.product(index).await?;
            registering += begun.elapsed();
            let registered = Instant::now();
            let seen = tokio::try_join!(
                self.seen(region, &product, registered),
                self.seen(industry, &product, registered),
                self.seen(global, &product, registered),
            )?;
            for (place, time) in slowest.iter_mut().zip([seen.0, seen.1, seen.2]) {
                *place = (*place).max(time);
            }
            if let Some(item) = self.items.get_mut(index) {
                item.product = product;
            }
        }
        let example = self.items.first().map(|item| item.product.clone()).unwrap_or_default();
        let products = self.items.len() as u64;
        self.say(
            Mark::Done,
            "step-register",
            "demo-register",
            &[("products", products.into()), ("example", example.into())],
            Some(registering),
        )?;
        let places: Vec<String> = watched
            .iter()
            .zip(slowest)
            .map(|((region, _), time)| {
                let key = if region.is_empty() { "demo-visible-global" } else { "demo-visible-region" };
                self.context.msg(key, &[("region", (*region).into()), ("time", duration(time).into())])
            })
            .collect();
        let places = places.join(&self.context.msg("demo-comma", &[]));
        self.say(
            Mark::Done,
            "step-visible",
            "demo-visible",
            &[("places", places.into()), ("products", products.into())],
            None,
        )
    }

    /// How long after its registration a product is seen at a node.
    async fn seen(&self, node: &str, product: &str, registered: Instant) -> Result<Duration> {
        let client = self.network.client(node, None)?;
        let path = format!("/products/{product}");
        wait_for("feed", || async { Ok(client.get(&path, &[]).await.ok()) }).await?;
        Ok(registered.elapsed())
    }

    /// The product of an item: the one that is registered already, or a new one.
    async fn product(&self, index: usize) -> Result<String> {
        let item = self.item(index)?;
        let client = self.network.client("providers-1100", Some(item.connector.clone()))?;
        let resource = text(&item.resource, "id");
        let present = client.get("/products", &[]).await?;
        let present = if present.is_array() { present } else { at(&present, "items").clone() };
        let same = list(&present).iter().find(|one| {
            text(one, "resource") == resource && !at(one, "id").is_null() && text(one, "state") != "withdrawn"
        });
        if let Some(product) = same {
            return Ok(text(product, "id").to_owned());
        }
        let order = json!({"resource": resource, "industry": item.named.industry, "offer": offer(), "negotiation": "automatic"});
        let product = client.post("/products", &order).await?;
        Ok(text(&product, "id").to_owned())
    }

    /// Lists every product on the service node.
    async fn list(&mut self) -> Result<()> {
        let started = Instant::now();
        for item in &self.items {
            let client = self.network.client("providers-1100", Some(item.connector.clone()))?;
            client.post(&format!("/products/{}/list", item.product), &json!({})).await?;
        }
        let user = self.network.client("user-3100", None)?;
        for item in &self.items {
            let path = format!("/products/{}", item.product);
            wait_for("feed", || async {
                let seen = user.get(&path, &[]).await.ok();
                Ok(seen.filter(|product| !list(at(product, "listings")).is_empty()))
            })
            .await?;
        }
        let args = [("products", (self.items.len() as u64).into()), ("region", "1100".into())];
        self.done("step-listed", "demo-listed", &args, started)
    }

    /// Searches in the user's region, in Chinese and in English.
    async fn find(&mut self) -> Result<()> {
        let started = Instant::now();
        let user = self.network.client("user-3100", None)?;
        let mut results = Vec::new();
        for query in self.queries() {
            let found = user.get("/search", &[("q", &query)]).await?;
            let count = number(&found, "total");
            if count == 0 {
                return Err(Failure::new(Exit::Failure, "demo-not-found").with("query", query));
            }
            let args = [("query", query.as_str().into()), ("count", count.into())];
            results.push(self.context.msg("demo-found-one", &args));
        }
        let results = results.join(&self.context.msg("demo-semicolon", &[]));
        self.done(
            "step-found",
            "demo-found",
            &[("region", "3100".into()), ("results", results.into())],
            started,
        )
    }

    fn queries(&self) -> Vec<String> {
        let Some(first) = self.items.first() else { return Vec::new() };
        if first.named.industry.is_some() {
            return vec![
                format!("{} 臭氧", first.named.short.in_zh()),
                "臭氧".to_owned(),
                "ozone".to_owned(),
            ];
        }
        let column = list(at(&first.resource, "profile/columns"))
            .first()
            .map(|column| text(column, "name").to_owned());
        vec![first.named.short.in_en().to_owned(), column.unwrap_or_default()]
    }

    /// With every provider a contract of its own: the user asks for two uses, the provider's offer changes it to one, both sign.
    async fn contract(&mut self) -> Result<()> {
        let started = Instant::now();
        let user = self.network.client("user-3100", None)?;
        let present = user.get("/contracts", &[]).await?;
        let progress = self.context.out.progress(
            &self.context.msg("step-contract", &[]),
            Some(self.items.len() as u64),
            Unit::Items,
        );
        let mut agreed = Vec::new();
        for index in 0..self.items.len() {
            let product = self.item(index)?.product.clone();
            let before = list(&present)
                .iter()
                .find(|one| text(one, "product") == product && text(one, "state") != "06");
            let contract = conclude(&user, &product, before).await?;
            agreed.push(number(at(&contract, "terms"), "count"));
            if let Some(item) = self.items.get_mut(index) {
                item.contract = text(&contract, "contractId").to_owned();
            }
            progress.add(1);
        }
        drop(progress);
        self.await_providers().await?;
        let each = started.elapsed() / u32::try_from(self.items.len().max(1)).unwrap_or(1);
        let count = agreed.iter().max().copied().unwrap_or_default();
        let args = [
            ("contracts", (self.items.len() as u64).into()),
            ("asked", COUNT_ASKED.into()),
            ("agreed", count.into()),
        ];
        let text = self.context.msg("demo-contract", &args);
        let time = self.context.msg("demo-each", &[("time", duration(each).into())]);
        self.line(Mark::Done, "step-contract", &text, Some(&time))
    }

    /// The provider's side is in force too.
    async fn await_providers(&self) -> Result<()> {
        for item in &self.items {
            let client = self.network.client("providers-1100", Some(item.connector.clone()))?;
            let path = format!("/contracts/{}", item.contract);
            wait_for("contract", || async {
                let contract = client.get(&path, &[]).await?;
                Ok((text(&contract, "state") == "05").then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// Downloads every product under its contract and checks the digest over what is on the disk.
    async fn deliver(&mut self) -> Result<()> {
        let started = Instant::now();
        let folder = self.folder.join("downloads");
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failure::file(Exit::Failure, "error-disk-full", &folder, error))?;
        let user = self.network.client("user-3100", None)?;
        let total: u64 = self.items.iter().map(|item| number(at(&item.resource, "profile"), "bytes")).sum();
        let progress =
            self.context.out.progress(&self.context.msg("step-delivered", &[]), Some(total), Unit::Bytes);
        let mut delivered = 0;
        for item in &mut self.items {
            let file = folder.join(file_name(&item.path));
            item.delivered = download(&user, &item.contract, &file, &progress).await?;
            delivered += item.delivered;
        }
        drop(progress);
        let args = [("files", (self.items.len() as u64).into()), ("bytes", bytes(delivered).into())];
        self.done("step-delivered", "demo-delivered", &args, started)
    }

    /// One use more than the contract allows must be refused, and the refusal must say why.
    async fn refuse(&mut self) -> Result<()> {
        let started = Instant::now();
        let user = self.network.client("user-3100", None)?;
        let (contract, short) = (self.item(0)?.contract.clone(), self.short(self.item(0)?).to_owned());
        let refusal = match user.download(&contract, SECOND_USE, 0).await {
            Ok(_) => return Err(Failure::new(Exit::Failure, "demo-not-refused").with("product", short)),
            Err(failure) if failure.exit == Exit::Refused => self.why(&failure),
            Err(failure) => return Err(failure),
        };
        let args = [("product", short.into()), ("reason", refusal.into())];
        self.say(Mark::Refused, "step-refused", "demo-refused", &args, Some(started.elapsed()))
    }

    /// Waits until every use stands in a window that both sides signed, and takes its receipt.
    async fn close(&mut self) -> Result<()> {
        let started = Instant::now();
        let receipts = self.receipts();
        std::fs::create_dir_all(&receipts)
            .map_err(|error| Failure::file(Exit::Failure, "error-disk-full", &receipts, error))?;
        let user = self.network.client("user-3100", None)?;
        let mut windows = std::collections::BTreeSet::new();
        for item in &mut self.items {
            let path = format!("/contracts/{}/receipts/{FIRST_USE}", item.contract);
            let receipt = wait_for("receipt", || async {
                match user.get(&path, &[]).await {
                    Ok(receipt) => Ok(Some(receipt)),
                    Err(failure) if failure.exit == Exit::Refused => Ok(None),
                    Err(failure) => Err(failure),
                }
            })
            .await?;
            let name = file_name(&item.path.with_extension("receipt.json"));
            item.receipt = receipts.join(name);
            std::fs::write(&item.receipt, receipt.to_string())
                .map_err(|error| Failure::file(Exit::Failure, "error-disk-full", &item.receipt, error))?;
            let body = at(&receipt, "window/object/body");
            windows.insert((item.contract.clone(), number(body, "number")));
        }
        self.done("step-closed", "demo-closed", &[("windows", (windows.len() as u64).into())], started)
    }

    /// Verifies every receipt with nothing but the pinned root, and lays both sides' meters side by side.
    async fn prove(&mut self) -> Result<()> {
        let started = Instant::now();
        let trust = self.network.running("user-3100")?.settings.trust_file();
        let verified = self.verify(&trust)?;
        let (rows, uses, equal) = self.meters().await?;
        if !equal {
            return Err(Failure::new(Exit::Unverified, "demo-meters-differ"));
        }
        let args = [("receipts", verified.into()), ("uses", uses.into()), ("rows", rows.into())];
        self.done("step-proven", "demo-proven", &args, started)
    }

    fn verify(&self, trust: &Path) -> Result<u64> {
        let pem = std::fs::read_to_string(trust)
            .map_err(|error| Failure::file(Exit::Failure, "file-unreadable", trust, error))?;
        let wrong =
            |reason: String| Failure::new(Exit::Unverified, "demo-receipt-fails").with("reason", reason);
        let roots = crypto::cert::Roots::from_pem(&pem).map_err(|error| wrong(error.to_string()))?;
        let now = self.network.running("user-3100")?.node.now().micros().div_euclid(1_000_000);
        let mut verifier = Verifier::new(&roots, now);
        for item in &self.items {
            let json = std::fs::read(&item.receipt)
                .map_err(|error| Failure::file(Exit::Failure, "file-unreadable", &item.receipt, error))?;
            let receipt = Receipt::from_json(&json).map_err(|error| wrong(error.to_string()))?;
            let report = verifier.verify(&receipt);
            if let Some(step) = report.first_failure() {
                return Err(wrong(format!("{}: {step}", item.receipt.display())));
            }
        }
        Ok(self.items.len() as u64)
    }

    /// Prints both sides' metering side by side; answers rows, uses, and whether they agree everywhere.
    async fn meters(&mut self) -> Result<(u64, u64, bool)> {
        let user = self.network.client("user-3100", None)?.get("/usage", &[]).await?;
        let mut table = Meters::new(self.context);
        for item in &self.items {
            let client = self.network.client("providers-1100", Some(item.connector.clone()))?;
            let provider = client.get("/usage", &[]).await?;
            let (theirs, ours) = (usage_of(&provider, &item.contract), usage_of(&user, &item.contract));
            table.add(self.context, self.short(item), theirs, ours);
        }
        let (rows, uses, equal) = table.print(self.context)?;
        self.report.push(json!({"step": "metering", "rows": rows, "uses": uses, "equal": equal}));
        Ok((rows, uses, equal))
    }

    // ------------------------------------------------------------------------------------------ printing

    fn item(&self, index: usize) -> Result<&Item> {
        self.items.get(index).ok_or_else(|| Failure::new(Exit::BadInput, "demo-nothing-left"))
    }

    /// Why a use was refused.
    fn why(&self, failure: &Failure) -> String {
        let told = failure.problem.as_deref().and_then(|problem| refused_use(self.context, problem));
        told.unwrap_or_else(|| self.context.sentence(&failure.message))
    }

    /// An item's short name in the reader's language.
    fn short<'i>(&self, item: &'i Item) -> &'i str {
        of(self.context.messages.lang(), &item.named.short)
    }

    fn done(
        &mut self,
        step: &'static str,
        key: &str,
        args: &[(&str, Arg<'_>)],
        started: Instant,
    ) -> Result<()> {
        self.say(Mark::Done, step, key, args, Some(started.elapsed()))
    }

    fn say(
        &mut self,
        mark: Mark,
        step: &'static str,
        key: &str,
        args: &[(&str, Arg<'_>)],
        time: Option<Duration>,
    ) -> Result<()> {
        let text = self.context.msg(key, args);
        let time = time.map(seconds);
        self.line(mark, step, &text, time.as_deref())
    }

    fn line(&mut self, mark: Mark, step: &'static str, text: &str, time: Option<&str>) -> Result<()> {
        let label = self.context.msg(step, &[]);
        self.report.push(json!({"step": step.trim_start_matches("step-"), "ok": mark != Mark::Failed, "text": text, "time": time}));
        if self.context.out.is_json() {
            return Ok(());
        }
        self.context.out.step(&Step { mark, label: &label, text, time }).map_err(closed)
    }
}

/// Body of the credit code of the demo's user.
const USER_SUBJECT: &str = "91310000MA1K00001";
/// A text in the reader's language.
fn of(lang: Lang, text: &I18n) -> &str {
    match lang {
        Lang::Zh => text.in_zh(),
        Lang::En => text.in_en(),
    }
}

/// Name of the demo's user in the reader's language.
fn user_name(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "沪上环境研究所",
        Lang::En => "Shanghai Institute for the Environment",
    }
}

impl Item {
    fn new(index: usize, path: &Path) -> Item {
        Item {
            path: path.to_owned(),
            named: titles::named(path),
            subject: credit_code(&format!("12110000MB0P{:05}", index + 1)),
            connector: String::new(),
            resource: Value::Null,
            product: String::new(),
            contract: String::new(),
            delivered: 0,
            receipt: PathBuf::new(),
        }
    }
}

/// Registers an organisation and admits its connector on a host; answers the connector's identifier.
async fn admit(region: &Client, host: &Client, subject: &str, name: &str) -> Result<String> {
    let order = json!({"subject": subject, "name": name, "runs": "connector"});
    let enrolment = region.post("/organisations", &order).await?;
    let joined = host.post("/connectors", &json!({"code": text(&enrolment, "code"), "name": name})).await?;
    Ok(text(&joined, "connector").to_owned())
}

fn connector_of(connectors: &Value, subject: &str) -> Option<String> {
    let found = list(connectors).iter().find(|one| text(one, "subject") == subject);
    found.map(|one| text(one, "connector").to_owned())
}

/// The terms that every product is offered on: one use within a year from today.
fn offer() -> Value {
    let today = chrono::Utc::now().date_naive();
    let until = today + chrono::Days::new(365);
    json!({"action": "read", "count": COUNT_OFFERED, "from": format!("{today}T00:00:00Z"), "to": format!("{until}T00:00:00Z")})
}

/// Brings a contract on a product into force, from wherever it stands.
async fn conclude(user: &Client, product: &str, before: Option<&Value>) -> Result<Value> {
    let key = match before {
        Some(contract) => text(contract, "key").to_owned(),
        None => {
            let offered = user.get(&format!("/products/{product}"), &[]).await?;
            let mut terms = at(&offered, "offer").clone();
            if let Some(fields) = terms.as_object_mut() {
                fields.insert("count".to_owned(), COUNT_ASKED.into());
            }
            let proposed = user
                .post("/contracts", &json!({"product": product, "terms": terms, "sign": "manual"}))
                .await?;
            text(&proposed, "key").to_owned()
        }
    };
    let path = format!("/contracts/{key}");
    wait_for("contract", || async {
        let contract = user.get(&path, &[]).await?;
        match text(&contract, "state") {
            "05" => Ok(Some(contract)),
            "06" | "0302" => {
                Err(Failure::new(Exit::Refused, "demo-contract-ended")
                    .with("reason", text(&contract, "reason")))
            }
            _ if *at(&contract, "awaitsUs") == Value::Bool(true) => {
                user.post(&format!("{path}/sign"), &json!({})).await?;
                Ok(None)
            }
            _ => Ok(None),
        }
    })
    .await
}

/// Downloads a contract's data to a file, unless the file is there with the right digest; answers its length.
async fn download(
    user: &Client,
    contract: &str,
    file: &Path,
    progress: &crate::term::Progress,
) -> Result<u64> {
    let mut download = user.download(contract, FIRST_USE, 0).await?;
    let unwritable = |error| Failure::file(Exit::Failure, "error-disk-full", file, error);
    let mut out = std::fs::File::create(file).map_err(unwritable)?;
    let (mut hasher, mut length) = (Hasher::new(), 0u64);
    while let Some(chunk) = download.next().await {
        let chunk = chunk.map_err(|error| {
            Failure::new(Exit::Failure, "demo-broken-off").with("reason", &error).because(error)
        })?;
        hasher.update(&chunk);
        out.write_all(&chunk).map_err(unwritable)?;
        length += chunk.len() as u64;
        progress.add(chunk.len() as u64);
    }
    out.sync_all().map_err(unwritable)?;
    let digest = hasher.finish().to_string();
    if digest != download.sha256 || length != download.bytes {
        return Err(Failure::new(Exit::Unverified, "demo-digest-differs").with("file", file.display()));
    }
    Ok(length)
}
