//! Found: the user's region finds the products by words, in Chinese and in English.

use serde_json::{Value, json};

use super::item::Item;
use super::{Part, Walk};
use crate::demo::look::{at, list, number, text};
use crate::exit::Exit;
use crate::problem::{Failure, Result};

impl Walk<'_> {
    /// The first product must be found. Of files that the demo knows, so must each query find something.
    pub(super) async fn find(&mut self) -> Result<()> {
        let began = self.begin(Part::Found);
        let (user, first) = (self.user()?, self.first()?.product.clone());
        let is_known = self.first()?.named.industry.is_some();
        let (mut results, mut figures, mut is_found) = (Vec::new(), Vec::new(), false);
        for (index, query) in self.queries().into_iter().enumerate() {
            let page = user.get("/search", &[("q", &query)]).await?;
            let total = number(&page, "total");
            is_found |= list(at(&page, "items")).iter().any(|hit| text(hit, "id") == first);
            if is_known && (total == 0 || !is_found) {
                return Err(not_found(query));
            }
            let args = [("query", query.as_str().into()), ("count", total.into())];
            results.push(self.context.msg("demo-found-one", &args));
            figures.push(json!({"query": query, "total": total}));
            if total > 0 && (index < WORD_QUERIES || self.word.is_empty()) {
                self.word = query;
            }
            if is_found && !is_known {
                break;
            }
        }
        if !is_found {
            return Err(not_found(self.queries().join(", ")));
        }
        let region = self.network.client("region-3100", None)?.get("/status", &[]).await?;
        let results = results.join(&self.context.msg("demo-semicolon", &[]));
        let args = [("region", text(&region, "area").into()), ("results", results.into())];
        self.done("demo-found", &args, Value::Array(figures), began)
    }

    /// What is searched for: a station and a pollutant where they are known; else, one after the other until the first product is
    /// found, what the first file and its first column are called, and its provider's name.
    fn queries(&self) -> Vec<String> {
        self.items.first().map(queries).unwrap_or_default()
    }
}

fn not_found(query: String) -> Failure {
    Failure::new(Exit::Failure, "demo-not-found").with("query", query)
}

fn queries(first: &Item) -> Vec<String> {
    let station = first.named.short.in_zh();
    if first.named.industry.is_some() {
        return vec![format!("{station} 臭氧"), "臭氧".to_owned(), "ozone".to_owned()];
    }
    let column = list(at(first.profile(), "columns")).first().map(|column| text(column, "name"));
    let names = [Some(station), column, Some(&first.provider)].into_iter().flatten();
    names.filter(|name| name.chars().any(char::is_alphanumeric)).map(beginning).collect()
}

/// The first words of a name, each of them whole: half a word finds nothing.
fn beginning(name: &str) -> String {
    let mut words = String::new();
    for word in name.split_whitespace() {
        let chars = words.chars().count() + 1 + word.chars().count();
        if !words.is_empty() && chars > QUERY_CHARS_MAX {
            break;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    words
}

/// The queries from whose last the word for the commands to try is taken.
const WORD_QUERIES: usize = 2;
/// How long a query that is made of a file's or column's name becomes, in characters, where its first word is not longer.
const QUERY_CHARS_MAX: usize = 40;

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
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
        assert_eq!(asked("river_levels.csv", "day"), ["river levels", "day", "Provider of it"]);
        assert_eq!(asked("river.csv", "%"), ["river", "Provider of it"]);
        assert_eq!(asked("---.csv", "$"), ["Provider of it"]);
        let long = "hourly_air_quality_observations_of_the_city_network.csv";
        assert_eq!(asked(long, "No")[0], "hourly air quality observations of the");
        let one_word = "x".repeat(60);
        assert_eq!(asked(&format!("{one_word}.csv"), "No")[0], one_word);
    }
}
