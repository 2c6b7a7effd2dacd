//! `weir product`: what a provider offers, and where it is listed.

use serde_json::{Value, json};

use crate::cli::{Negotiation, Product};
use crate::client::Client;
use crate::commands::view::{self, Column, Kind, column};
use crate::commands::{Context, terms};
use crate::config::percent_encoded;
use crate::problem::Result;

const COLUMNS: [Column; 5] = [
    column("head-product", &["/id", "/key"], Kind::Text),
    column("head-title", &["/title"], Kind::Words),
    column("head-offer", &["/offer"], Kind::Terms),
    column("head-service-node", &["/listings"], Kind::Text),
    column("head-state", &["/status", "/state"], Kind::State),
];

const LINES: [Column; 16] = [
    column("head-product", &["/id", "/key", "/product"], Kind::Text),
    column("head-title", &["/title"], Kind::Words),
    column("head-description", &["/description"], Kind::Words),
    column("head-provider", &["/provider"], Kind::Text),
    column("head-connector", &["/connector"], Kind::Text),
    column("head-resource", &["/resource"], Kind::Text),
    column("head-industry", &["/industry"], Kind::Text),
    column("head-keywords", &["/keywords"], Kind::Words),
    column("head-rows", &["/rows"], Kind::Count),
    column("head-bytes", &["/bytes"], Kind::Bytes),
    column("head-time-range", &["/timeRange"], Kind::Span),
    column("head-offer", &["/offer"], Kind::Terms),
    column("head-negotiation", &["/negotiation"], Kind::Word),
    column("head-service-node", &["/serviceNode", "/listings"], Kind::Text),
    column("head-state", &["/status", "/state"], Kind::State),
    column("head-problem", &["/problem"], Kind::Text),
];

pub(super) async fn run(command: &Product, context: &Context) -> Result<()> {
    let client = context.client()?;
    match command {
        Product::List { product: None, .. } => {
            view::list(context, &client.get_all("/products").await?, &COLUMNS)
        }
        Product::Show { product } => {
            view::object(context, &client.get(&path(product, ""), &[]).await?, &LINES)
        }
        other => {
            let (path, body) = request(other)?;
            view::object(context, &client.post(&path, &body).await?, &LINES)
        }
    }
}

fn path(product: &str, action: &str) -> String {
    format!("/products/{}{action}", percent_encoded(product))
}

/// Path and body of what changes something.
fn request(command: &Product) -> Result<(String, Value)> {
    Ok(match command {
        Product::Register { resource, words, industry, negotiation, terms: flags } => {
            let mut body = words.members();
            body.insert("resource".into(), json!(resource));
            // A whole offer from a file, or what the flags say on top of the earlier one.
            let member = if flags.terms.is_some() { "offer" } else { "terms" };
            body.insert(member.into(), terms::over(&json!({}), flags)?);
            if let Some(negotiation) = negotiation {
                body.insert("negotiation".into(), json!(word(*negotiation)));
            }
            if let Some(industry) = industry {
                body.insert("industry".into(), json!(industry));
            }
            ("/products".to_owned(), Value::Object(body))
        }
        Product::List { product, on } => {
            (path(product.as_deref().unwrap_or_default(), "/list"), on_node(on.as_deref(), None))
        }
        Product::Show { product } => (path(product, ""), Value::Null),
        Product::Delist { product, on, reason } => {
            (path(product, "/delist"), on_node(on.as_deref(), Some(reason)))
        }
        Product::Withdraw { product, reason } => (path(product, "/withdraw"), on_node(None, Some(reason))),
    })
}

fn on_node(node: Option<&str>, reason: Option<&str>) -> Value {
    let given = [("serviceNode", node), ("reason", reason)];
    given.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text?)))).collect()
}

fn word(negotiation: Negotiation) -> &'static str {
    match negotiation {
        Negotiation::Automatic => "automatic",
        Negotiation::Manual => "manual",
    }
}

/// The terms that a product is offered under.
pub(super) async fn offer_of(client: &Client, product: &str) -> Result<Value> {
    let product = client.get(&path(product, ""), &[]).await?;
    Ok(product.get("offer").cloned().unwrap_or_default())
}

/// A product's title in both languages, where it is known here.
pub(super) async fn title_of(client: &Client, product: &str) -> Result<Option<Value>> {
    let product = client.get(&path(product, ""), &[]).await?;
    Ok(product.get("title").filter(|title| title.is_object()).cloned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use crate::commands::tests::command;

    fn request_of(args: &[&str]) -> (String, Value) {
        let crate::cli::Command::Product(product) = command(args) else {
            panic!("{args:?} is no product command")
        };
        request(&product).unwrap()
    }

    #[test]
    fn each_command_has_its_route_and_body() {
        assert_eq!(request_of(&["product", "list", "6A"]), ("/products/6A/list".into(), json!({})));
        assert_eq!(
            request_of(&["product", "list", "6A•1", "--on", "4B"]),
            ("/products/6A%E2%80%A21/list".into(), json!({"serviceNode": "4B"}))
        );
        assert_eq!(
            request_of(&["product", "delist", "6A", "--on", "4B", "--reason", "moved"]),
            ("/products/6A/delist".into(), json!({"serviceNode": "4B", "reason": "moved"}))
        );
        assert_eq!(
            request_of(&["product", "withdraw", "6A", "--reason", "over"]),
            ("/products/6A/withdraw".into(), json!({"reason": "over"}))
        );
    }

    #[test]
    fn registering_sends_what_was_named_and_nothing_else() {
        let (path, body) = request_of(&[
            "product",
            "register",
            "7A",
            "--count",
            "3",
            "--to",
            "2099-12-31",
            "--negotiation",
            "manual",
            "--industry",
            "0077",
        ]);
        assert_eq!(path, "/products");
        assert_eq!(body["resource"], "7A");
        assert_eq!(body["negotiation"], "manual");
        assert_eq!(body["industry"], "0077");
        assert_eq!(body["terms"], json!({"count": 3, "to": "2100-01-01T00:00:00+08:00"}));
        let (_, bare) = request_of(&["product", "register", "7A"]);
        assert_eq!(bare, json!({"resource": "7A", "terms": {}}), "the node keeps what stands");
    }
}
