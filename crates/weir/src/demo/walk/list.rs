//! Listed: the service node puts every product on its shelf, and the user's region sees it there.

use serde_json::{Value, json};

use super::{Part, USERS, Walk};
use crate::demo::look::{at, list, text, wait_for};
use crate::demo::walk::visible::catalogue;
use crate::problem::Result;

/// The node that lists, and the one at which the listing has to be seen.
const SHELF: &str = "space-1100";
const REGION: &str = "region-3100";

impl Walk<'_> {
    pub(super) async fn list(&mut self) -> Result<()> {
        let began = self.begin(Part::Listed);
        for item in &self.items {
            let path = format!("/products/{}/list", item.product);
            self.provider(item)?.post(&path, &json!({})).await?;
        }
        let shelf = self.network.client(SHELF, None)?.get("/status", &[]).await?;
        for node in [SHELF, REGION, USERS] {
            self.await_listings(node, text(&shelf, "id")).await?;
        }
        let on_shelf = self.listed_at(SHELF, text(&shelf, "id")).await?;
        let seen = self.listed_at(REGION, text(&shelf, "id")).await?;
        let args =
            [("products", on_shelf.into()), ("region", text(&shelf, "area").into()), ("seen", seen.into())];
        self.done("demo-listed", &args, json!({"serviceNode": on_shelf, "region": seen}), began)
    }

    /// Waits until a node has heard of every listing.
    async fn await_listings(&self, node: &str, shelf: &str) -> Result<()> {
        let client = self.network.client(node, None)?;
        for item in &self.items {
            let path = format!("/products/{}", item.product);
            wait_for("demo-waited-feed", || async {
                let seen = client.get(&path, &[]).await.ok();
                Ok(seen.filter(|product| is_on(product, shelf)))
            })
            .await?;
        }
        Ok(())
    }

    /// How many of the walk's products a node's catalogue has as listed on a service node; not every one is a failure.
    async fn listed_at(&self, node: &str, shelf: &str) -> Result<u64> {
        let ours = self.products();
        let all = catalogue(&self.network.client(node, None)?).await?;
        let listed =
            all.iter().filter(|product| ours.contains(&text(product, "id")) && is_on(product, shelf));
        self.expect_all(node, listed.count() as u64)
    }
}

fn is_on(product: &Value, shelf: &str) -> bool {
    list(at(product, "listings")).iter().any(|node| node == shelf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_on_the_shelves_that_it_names() {
        let product = json!({"listings": ["S1", "S2"]});
        assert!(is_on(&product, "S2") && !is_on(&product, "S3"));
        assert!(!is_on(&json!({}), ""));
    }
}
