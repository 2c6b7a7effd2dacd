//! Register: the region gives a product of each resource its identifier.

use std::time::{Duration, Instant};

use domain::Timestamp;
use domain::engine::Clock as _;
use serde_json::{Value, json};

use super::visible::Seen;
use super::{Part, Walk, nothing_left};
use crate::demo::look::{list, text};
use crate::exit::Exit;
use crate::problem::{Failure, Result};
use crate::running::SystemClock;

/// The uses that each product is offered for.
pub(super) const COUNT_OFFERED: u64 = 1;

impl Walk<'_> {
    /// Registers a product of every resource; each is watched until it is seen everywhere before the next one follows.
    pub(super) async fn register(&mut self) -> Result<Seen> {
        self.begin(Part::Register);
        let (mut seen, mut took) = (Seen::default(), Duration::ZERO);
        for index in 0..self.items.len() {
            let began = Instant::now();
            let (product, is_new) = self.product(index).await?;
            took += began.elapsed();
            if is_new {
                self.watch(&product, &mut seen).await?;
            }
            self.item(index)?.product = product;
        }
        let registered = self.in_catalogue_of("region-1100").await?;
        let example = self.first()?.product.clone();
        let args = [("products", registered.into()), ("example", example.as_str().into())];
        self.done_in("demo-register", &args, json!({"products": self.products()}), took)?;
        Ok(seen)
    }

    /// The identifiers of the products in the order of their files.
    pub(super) fn products(&self) -> Vec<&str> {
        self.items.iter().map(|item| item.product.as_str()).collect()
    }

    /// The product of an item: the one that is registered already, or a new one; and which of them it is.
    async fn product(&self, index: usize) -> Result<(String, bool)> {
        let item = self.items.get(index).ok_or_else(nothing_left)?;
        let client = self.provider(item)?;
        let resource = text(&item.resource, "id");
        let is_this = |one: &&Value| {
            text(one, "resource") == resource
                && !text(one, "id").is_empty()
                && text(one, "state") != "withdrawn"
        };
        if let Some(product) = list(&client.get("/products", &[]).await?).iter().find(is_this) {
            return Ok((text(product, "id").to_owned(), false));
        }
        let order = json!({"resource": resource, "industry": item.named.industry, "offer": offer(), "negotiation": "automatic"});
        let product = client.post("/products", &order).await?;
        match text(&product, "id") {
            "" => Err(Failure::new(Exit::Failure, "demo-not-registered")
                .with("file", item.file())
                .with("reason", text(&product, "problem"))),
            id => Ok((id.to_owned(), true)),
        }
    }
}

/// A year.
const YEAR_SECS: i64 = 365 * 24 * 3600;

/// The terms that every product is offered on: one use within a year from today, in whole days at UTC+8.
fn offer() -> Value {
    let now = SystemClock.now();
    let midnight =
        |at: Timestamp| format!("{}T00:00:00+08:00", at.to_document().get(..10).unwrap_or_default());
    json!({"action": "read", "count": COUNT_OFFERED, "from": midnight(now), "to": midnight(now.plus_secs(YEAR_SECS))})
}
