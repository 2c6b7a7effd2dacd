//! `weir search`: products anywhere in the network, by Chinese and English words.

use serde_json::Value;

use crate::cli::Search;
use crate::commands::Context;
use crate::commands::view::{self, Column, Kind, column};
use crate::problem::Result;

const COLUMNS: [Column; 5] = [
    column("search-product", &["/id", "/product"], Kind::Text),
    column("search-title", &["/title"], Kind::Words),
    column("search-provider", &["/provider"], Kind::Words),
    column("head-rows", &["/rows"], Kind::Count),
    column("head-offer", &["/offer"], Kind::Terms),
];

pub(super) async fn run(args: &Search, context: &Context) -> Result<()> {
    let query = args.words.join(" ");
    let (offset, limit) = (args.offset.to_string(), args.limit.to_string());
    let parameters = [("q", query.as_str()), ("offset", &offset), ("limit", &limit)];
    let answer = context.client()?.get("/search", &parameters).await?;
    let shown = view::items(&answer).len();
    if context.out.is_json() || shown > 0 {
        view::list(context, &answer, &COLUMNS)?;
    }
    let total = answer.get("total").and_then(Value::as_u64).unwrap_or(shown as u64);
    context.note(&match shown {
        0 if total > 0 => context.msg("search-beyond", &[("total", total.into()), ("offset", offset.into())]),
        0 => context.msg("search-none", &[("query", query.into())]),
        _ => context.msg("search-count", &[("shown", shown.into()), ("total", total.into())]),
    })
}
