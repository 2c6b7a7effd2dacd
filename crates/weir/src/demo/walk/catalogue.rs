//! Catalogue: the provider's node profiles each file and registers it as a resource with the region.

use serde_json::{Value, json};

use super::{Part, Walk, nothing_left};
use crate::commands::failure_sentence;
use crate::demo::look::{at, day, list, number, text};
use crate::exit::Exit;
use crate::i18n::Arg;
use crate::problem::{Failure, Result};
use crate::term::{Unit, share, thousands};

use super::item::Item;

impl Walk<'_> {
    /// A file that its node refuses, though it could be read before, is named with its reason, and the rest goes on.
    pub(super) async fn catalogue(&mut self) -> Result<()> {
        let began = self.begin(Part::Catalogue);
        let length = |item: &Item| item.path.metadata().map_or(0, |data| data.len());
        let progress = self.progress(self.items.iter().map(length).sum(), Unit::Bytes);
        let mut kept = Vec::new();
        for mut item in std::mem::take(&mut self.items) {
            progress.label(&self.context.msg("progress-profiling", &[("file", item.file().into())]));
            match self.resource(&item).await {
                Ok(resource) => {
                    item.resource = resource;
                    progress.add(length(&item));
                    kept.push(item);
                }
                Err(failure) if matches!(failure.exit, Exit::BadInput | Exit::Usage) => {
                    self.leave_out(&item, &failure)?;
                }
                Err(failure) => return Err(failure),
            }
        }
        drop(progress);
        self.items = kept;
        if self.items.is_empty() {
            return Err(nothing_left());
        }
        let (key, args, figures) = profiled(&self.items);
        self.done(key, &args, figures, began)
    }

    fn leave_out(&mut self, item: &Item, failure: &Failure) -> Result<()> {
        let (file, reason) = (item.file(), failure_sentence(self.context, failure));
        let args = [("file", file.as_str().into()), ("reason", reason.as_str().into())];
        self.context.note(&self.context.msg("demo-file-skipped", &args))?;
        self.skipped.push((file, reason));
        Ok(())
    }

    /// The resource of a file: the one that is registered already, or a new one.
    async fn resource(&self, item: &Item) -> Result<Value> {
        let client = self.provider(item)?;
        let path = crate::commands::absolute(&item.path)?;
        let is_this = |one: &&Value| text(one, "path") == path.to_string_lossy() && is_registered(one);
        if let Some(resource) = list(&client.get("/resources", &[]).await?).iter().find(is_this) {
            return Ok(resource.clone());
        }
        let named = &item.named;
        let order = json!({"path": path, "title": named.title, "description": named.description,
            "keywords": named.keywords, "columnTitles": named.columns});
        let added = client.post("/resources", &order).await?;
        match is_registered(&added) {
            true => Ok(added),
            false => Err(Failure::new(Exit::Failure, "demo-not-registered")
                .with("file", item.file())
                .with("reason", text(&added, "problem"))),
        }
    }
}

/// Whether the region has given the resource its identifier.
fn is_registered(resource: &Value) -> bool {
    !text(resource, "id").is_empty()
}

/// What the profiles say together.
fn profiled(items: &[Item]) -> (&'static str, Vec<(&'static str, Arg<'static>)>, Value) {
    let profiles = || items.iter().map(Item::profile);
    let columns_of = |profile: &Value| list(at(profile, "columns")).len() as u64;
    let most = profiles().map(columns_of).max().unwrap_or_default();
    let fewest = profiles().map(columns_of).min().unwrap_or_default();
    let columns = if fewest == most { thousands(most) } else { format!("{fewest}–{most}") };
    let rows: u64 = profiles().map(|profile| number(profile, "rows")).sum();
    let nulls: u64 = profiles().map(|profile| number(profile, "nulls")).sum();
    let cells: u64 = profiles().map(|profile| number(profile, "rows") * columns_of(profile)).sum();
    let from = profiles().filter_map(|profile| day(at(profile, "timeRange/0"))).min();
    let to = profiles().filter_map(|profile| day(at(profile, "timeRange/1"))).max();
    let figures = json!({"resources": items.len(), "rows": rows, "columns": [fewest, most], "nulls": nulls,
        "cells": cells, "from": from, "to": to});
    let mut args: Vec<(&str, Arg<'_>)> = vec![
        ("resources", (items.len() as u64).into()),
        ("rows", rows.into()),
        ("columns", columns.into()),
        ("most", most.into()),
        ("missing", share(nulls, cells).into()),
    ];
    match (from, to) {
        (Some(from), Some(to)) => {
            args.extend([("from", from.into()), ("to", to.into())]);
            ("demo-catalogue", args, figures)
        }
        _ => ("demo-catalogue-timeless", args, figures),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::path::Path;

    use super::*;

    fn item(profile: Value) -> Item {
        let path = Path::new("/data/a.csv");
        let mut item = Item::new(path, crate::demo::titles::named(path), String::new());
        item.resource = json!({"id": "R", "profile": profile});
        item
    }

    #[test]
    fn profiles_are_summed() {
        let one = json!({"rows": 10, "nulls": 2, "columns": [1, 2], "timeRange": ["2013-02-28T16:00:00Z", "2014-01-01T00:00:00Z"]});
        let other = json!({"rows": 5, "nulls": 1, "columns": [1, 2, 3], "timeRange": ["2012-12-31T16:00:00Z", "2013-06-01T00:00:00Z"]});
        let (key, args, figures) = profiled(&[item(one), item(other)]);
        assert_eq!(key, "demo-catalogue");
        let expected = json!({"resources": 2, "rows": 15, "columns": [2, 3], "nulls": 3, "cells": 35, "from": "2013-01-01", "to": "2014-01-01"});
        assert_eq!(figures, expected);
        assert!(args.contains(&("missing", "8.6 %".into())), "{args:?}");
        assert!(args.contains(&("columns", "2–3".into())), "{args:?}");
    }

    #[test]
    fn data_without_times_has_no_range() {
        let (key, _, figures) = profiled(&[item(json!({"rows": 0, "nulls": 0, "columns": [1]}))]);
        assert_eq!((key, &figures["from"]), ("demo-catalogue-timeless", &Value::Null));
    }
}
