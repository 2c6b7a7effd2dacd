//! Found: the user's region finds the products by words, in Chinese and in English.

use serde_json::{Value, json};

use super::item::Item;
use super::{Part, Walk};
use crate::demo::look::{at, list, number, text};
use crate::exit::Exit;
use crate::problem::{Failure, Result};

impl Walk<'_> {
    /// Each query must find something, and the first one the first product.
    pub(super) async fn find(&mut self) -> Result<()> {
        let began = self.begin(Part::Found);
        let (user, first) = (self.user()?, self.first()?.product.clone());
        let (mut results, mut figures) = (Vec::new(), Vec::new());
        for (index, query) in self.queries().into_iter().enumerate() {
            let page = user.get("/search", &[("q", &query)]).await?;
            let total = number(&page, "total");
            let has_first = list(at(&page, "items")).iter().any(|hit| text(hit, "id") == first);
            if total == 0 || (index == 0 && !has_first) {
                return Err(Failure::new(Exit::Failure, "demo-not-found").with("query", query));
            }
            let args = [("query", query.as_str().into()), ("count", total.into())];
            results.push(self.context.msg("demo-found-one", &args));
            figures.push(json!({"query": query, "total": total}));
        }
        let region = self.network.client("region-3100", None)?.get("/status", &[]).await?;
        let results = results.join(&self.context.msg("demo-semicolon", &[]));
        let args = [("region", text(&region, "area").into()), ("results", results.into())];
        self.done("demo-found", &args, Value::Array(figures), began)
    }

    /// What is searched for: a station and a pollutant where they are known, else what the first file and its first column are called.
    pub(super) fn queries(&self) -> Vec<String> {
        self.items.first().map(queries).unwrap_or_default()
    }
}

fn queries(first: &Item) -> Vec<String> {
    let station = first.named.short.in_zh();
    if first.named.industry.is_some() {
        return vec![format!("{station} 臭氧"), "臭氧".to_owned(), "ozone".to_owned()];
    }
    let column = list(at(first.profile(), "columns")).first().map(|column| text(column, "name"));
    let words: Vec<String> = [Some(station), column]
        .into_iter()
        .flatten()
        .filter(|words| words.chars().any(char::is_alphanumeric))
        .map(|words| words.chars().take(QUERY_CHARS_MAX).collect())
        .collect();
    match words.len() {
        // What has no word in its name is found by its provider's.
        0 => vec![first.provider.clone()],
        _ => words,
    }
}

/// The longest query that is made of a file's or column's name, in characters.
const QUERY_CHARS_MAX: usize = 40;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn asked(file: &str, column: &str) -> Vec<String> {
        let path = Path::new(file);
        let mut item = Item::new(path, crate::demo::titles::named(path), String::new());
        item.provider = "Provider of it".to_owned();
        item.resource = json!({"profile": {"columns": [{"name": column}]}});
        queries(&item)
    }

    #[test]
    fn what_is_searched_for_has_words() {
        assert_eq!(asked("air_tiantan.csv", "No"), ["天坛 臭氧", "臭氧", "ozone"]);
        assert_eq!(asked("river_levels.csv", "day"), ["river levels", "day"]);
        assert_eq!(asked("river.csv", "%"), ["river"]);
        assert_eq!(asked("---.csv", "$"), ["Provider of it"]);
    }
}
