//! `weir outbox`: messages that wait to be sent, and those that were given up.

use serde_json::{Value, json};

use crate::cli::Outbox;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::view::{self, Column, Kind, column};
use crate::problem::Result;

const COLUMNS: [Column; 9] = [
    column("head-message-number", &["/id"], Kind::Text),
    column("head-message", &["/message"], Kind::Text),
    column("head-recipient", &["/to"], Kind::Text),
    column("head-about", &["/about"], Kind::Text),
    column("head-state", &["/state"], Kind::State),
    column("head-attempts", &["/attempts"], Kind::Count),
    column("head-since", &["/writtenAt"], Kind::Time),
    column("head-next-try", &["/nextAt"], Kind::Time),
    // Uncut: it says what has to be mended.
    column("head-reason", &["/reason"], Kind::Text),
];

pub(super) async fn run(command: &Outbox, context: &Context) -> Result<()> {
    let client = context.client()?;
    match command {
        Outbox::List => view::list(context, &all(&client).await?, &COLUMNS),
        Outbox::Retry { all: true, .. } => {
            let answer = client.post("/outbox/retry", &json!({})).await?;
            let retried = answer.get("retried").and_then(Value::as_u64).unwrap_or_default();
            context.result(&answer, || context.msg("outbox-retried", &[("count", retried.into())]))
        }
        Outbox::Retry { messages, .. } => each(context, &client, messages, "retry").await,
        Outbox::Dismiss { messages } => each(context, &client, messages, "dismiss").await,
    }
}

/// Every message of the outbox, page by page.
async fn all(client: &Client) -> Result<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().and_then(|last| last.get("id")).map_or_else(|| "0".to_owned(), view::plain);
        let page = client.get("/outbox", &[("after", &after)]).await?;
        let page = view::items(&page);
        if page.is_empty() {
            return Ok(Value::Array(all));
        }
        all.extend_from_slice(page);
    }
}

/// Does the same to each message; the first that fails ends it.
async fn each(context: &Context, client: &Client, messages: &[u32], action: &str) -> Result<()> {
    let mut done = Vec::with_capacity(messages.len());
    for message in messages {
        done.push(client.post(&path(*message, action), &json!({})).await?);
    }
    view::list(context, &Value::Array(done), &COLUMNS)
}

fn path(message: u32, action: &str) -> String {
    format!("/outbox/{message}/{action}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use crate::i18n::Lang;
    use crate::testing::context_in;

    #[test]
    fn a_message_stands_with_its_state_and_its_reason_in_the_reader_s_language() {
        let letters = json!([
            {"id": 7, "message": "contractTerminate", "from": "5A", "to": "5B", "about": "contract k1", "state": "given_up",
             "attempts": 2020, "reason": "no route", "writtenAt": "2026-01-01T00:00:00Z", "nextAt": null,
             "givenUpAt": "2026-01-08T00:00:00Z"},
            {"id": 8, "message": "productWithdraw", "from": "5A", "to": "2A", "about": "product p1", "state": "waiting",
             "attempts": 0, "reason": null, "writtenAt": "2026-01-01T00:00:00Z", "nextAt": "2026-01-01T00:05:00Z",
             "givenUpAt": null},
        ]);
        for (lang, dead, waiting) in [(Lang::En, "given up", "waiting"), (Lang::Zh, "已放弃", "待发")] {
            let (context, _) = context_in(lang, &[]);
            let text = context.out.rendered(&view::table(&context, view::items(&letters), &COLUMNS));
            let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap();
            for part in ["7", dead, "2,020", "no route"] {
                assert!(line("contractTerminate").contains(part), "{part}: {text}");
            }
            assert!(line("productWithdraw").contains(waiting), "{text}");
            assert!(line("productWithdraw").contains("2026-01-01T08:05:00+08:00"), "{text}");
        }
    }

    #[test]
    fn a_long_reason_stands_whole() {
        let reason = "`http://127.0.0.1:18083` cannot be reached: ".repeat(3) + "the end";
        let letters = json!([{"id": 7, "message": "productList", "reason": reason}]);
        let (context, _) = context_in(Lang::Zh, &[]);
        let text = context.out.rendered(&view::table(&context, view::items(&letters), &COLUMNS));
        assert!(text.contains(&reason), "{text}");
    }

    #[test]
    fn each_message_has_its_own_path() {
        assert_eq!(path(7, "retry"), "/outbox/7/retry");
    }
}
