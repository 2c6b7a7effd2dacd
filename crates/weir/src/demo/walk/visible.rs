//! Visible: what one region registers stands in the catalogues of the other region, of the industry and of the global node.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::tell::Told;
use super::{Part, Walk};
use crate::client::Client;
use crate::demo::look::{at, list, text, wait_for};
use crate::exit::Exit;
use crate::problem::{Failure, Result};
use crate::term::{Mark, duration};

/// The nodes that are watched, and the area that each is called by; the global node has none.
const WATCHED: [(&str, &str); 3] = [("region-3100", "3100"), ("industry-0077", "0077"), ("global", "")];

/// When the products that this walk registered were seen: the slowest at each of [`WATCHED`], from the moment in which their provider
/// had their identifier.
#[derive(Debug, Default)]
pub(super) struct Seen {
    products: u64,
    slowest: [Duration; WATCHED.len()],
}

impl Walk<'_> {
    /// Watches until a product that was registered now is seen everywhere.
    pub(super) async fn watch(&self, product: &str, seen: &mut Seen) -> Result<()> {
        let registered = Instant::now();
        let waits = WATCHED.map(|(node, _)| self.seen(node, product, registered));
        let times = futures_util::future::try_join_all(waits).await?;
        for (slowest, time) in seen.slowest.iter_mut().zip(times) {
            *slowest = (*slowest).max(time);
        }
        seen.products += 1;
        Ok(())
    }

    /// How long after its registration a product is seen at a node.
    async fn seen(&self, node: &str, product: &str, registered: Instant) -> Result<Duration> {
        let client = self.network.client(node, None)?;
        let path = format!("/products/{product}");
        wait_for("demo-waited-feed", || async { Ok(client.get(&path, &[]).await.ok()) }).await?;
        Ok(registered.elapsed())
    }

    /// Tells how long it took; on a resumed walk, that they were there before.
    pub(super) async fn visible(&mut self, seen: Seen) -> Result<()> {
        self.begin(Part::Visible);
        let mut products = self.items.len() as u64;
        for (node, _) in WATCHED {
            products = products.min(self.in_catalogue_of(node).await?);
        }
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let slowest: Vec<Value> = WATCHED
            .iter()
            .zip(seen.slowest)
            .map(|((node, _), time)| json!({"node": node, "micros": (seen.products > 0).then(|| micros(time))}))
            .collect();
        let figures = json!({"products": products, "timed": seen.products, "slowest": slowest});
        let places = self.places(&seen);
        let text = match seen.products {
            0 => self
                .context
                .msg("demo-visible-before", &[("products", products.into()), ("places", places.into())]),
            timed => {
                self.context.msg("demo-visible", &[("products", timed.into()), ("places", places.into())])
            }
        };
        self.tell(&Told { mark: Mark::Done, text, time: None, figures })
    }

    fn places(&self, seen: &Seen) -> String {
        let place = |((_, region), time): (&(&str, &str), Duration)| {
            let key = match (region.is_empty(), seen.products) {
                (true, 0) => "demo-visible-global-before",
                (false, 0) => "demo-visible-region-before",
                (true, _) => "demo-visible-global",
                (false, _) => "demo-visible-region",
            };
            self.context.msg(key, &[("region", (*region).into()), ("time", duration(time).into())])
        };
        let places: Vec<String> = WATCHED.iter().zip(seen.slowest).map(place).collect();
        places.join(&self.context.msg("list-comma", &[]))
    }

    /// How many of the walk's products stand in the catalogue of a node.
    ///
    /// # Errors
    /// [`Exit::Failure`] where it is not every one.
    pub(super) async fn in_catalogue_of(&self, node: &str) -> Result<u64> {
        let client = self.network.client(node, None)?;
        let ours = self.products();
        let catalogue = catalogue(&client).await?;
        let found = catalogue.iter().filter(|product| ours.contains(&text(product, "id"))).count();
        self.expect_all(node, found as u64)
    }

    /// The number itself, where it is the number of the walk's products.
    pub(super) fn expect_all(&self, node: &str, found: u64) -> Result<u64> {
        let expected = self.items.len() as u64;
        if found == expected {
            return Ok(found);
        }
        Err(Failure::new(Exit::Failure, "demo-not-in-catalogue")
            .with("node", node)
            .with("found", found)
            .with("expected", expected))
    }
}

/// Every product of a node's catalogue.
pub(super) async fn catalogue(client: &Client) -> Result<Vec<Value>> {
    Ok(list(at(&client.get_all("/products").await?, "items")).to_vec())
}
