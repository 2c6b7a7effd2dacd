//! `weir status` and `weir nodes`: what a node says about itself and about the network.

use ledger::checkpoint::Checkpoint;
use ledger::note::Note;
use serde_json::{Map, Value, json};

use crate::commands::Context;
use crate::commands::view::{self, Column, Kind, column};
use crate::problem::Result;

const NODES: [Column; 6] = [
    column("head-node", &["/id"], Kind::Text),
    column("head-kind", &["/kind", "/role"], Kind::Word),
    column("head-name", &["/name"], Kind::Words),
    column("head-area", &["/area"], Kind::Text),
    column("head-address", &["/address"], Kind::Text),
    column("head-state", &["/status", "/state"], Kind::State),
];

/// What the node is, and how much it has.
const SELF: [Column; 17] = [
    column("head-node", &["/id"], Kind::Text),
    column("head-name", &["/name"], Kind::Words),
    column("head-role", &["/role"], Kind::Word),
    column("head-area", &["/area"], Kind::Text),
    column("head-address", &["/address"], Kind::Text),
    column("head-suite", &["/suite"], Kind::Text),
    column("head-version", &["/version"], Kind::Text),
    column("head-time", &["/at"], Kind::Time),
    column("head-store", &["/store/backend"], Kind::Text),
    column("head-store-at", &["/store/location"], Kind::Text),
    column("head-organisations", &["/counts/organisations"], Kind::Count),
    column("head-connectors", &["/counts/connectors"], Kind::Count),
    column("head-products", &["/counts/products"], Kind::Count),
    column("head-contracts", &["/counts/contracts"], Kind::Count),
    column("head-open-uses", &["/counts/openUses"], Kind::Count),
    column("head-messages-waiting", &["/outbox/waiting"], Kind::Count),
    column("head-messages-dead", &["/outbox/dead"], Kind::Count),
];

const LOGS: [Column; 6] = [
    column("head-log", &["/origin"], Kind::Text),
    column("head-entries", &["/size"], Kind::Count),
    column("head-waiting", &["/waiting"], Kind::Count),
    column("head-checkpoint-size", &["/signed/size"], Kind::Count),
    column("head-checkpoint-root", &["/signed/root"], Kind::Text),
    column("head-grown-at", &["/grownAt"], Kind::Time),
];

const UPSTREAMS: [Column; 5] = [
    column("head-upstream", &["/id"], Kind::Text),
    column("head-name", &["/name"], Kind::Words),
    column("head-address", &["/address"], Kind::Text),
    column("head-entries", &["/size"], Kind::Count),
    column("head-grown-at", &["/lastEntryAt"], Kind::Time),
];

const SOURCES: [Column; 5] = [
    column("head-source", &["/node"], Kind::Text),
    column("head-name", &["/name"], Kind::Words),
    column("head-address", &["/address"], Kind::Text),
    column("head-last-heard", &["/lastHeardAt"], Kind::Time),
    column("head-silent-ms", &["/lagMs"], Kind::Count),
];

const FOLLOWERS: [Column; 5] = [
    column("head-follower", &["/node"], Kind::Text),
    column("head-name", &["/name"], Kind::Words),
    column("head-since", &["/since"], Kind::Time),
    column("head-sent", &["/sent"], Kind::Count),
    column("head-lacking", &["/lag"], Kind::Count),
];

const FOLLOWED: [Column; 5] = [
    column("head-followed", &["/origin"], Kind::Text),
    column("head-name", &["/name", "/node"], Kind::Words),
    column("head-entries", &["/size"], Kind::Count),
    column("head-grown-at", &["/lastEntryAt"], Kind::Time),
    column("head-problem", &["/problem"], Kind::Text),
];

const DEAD_LETTERS: [Column; 6] = [
    column("head-dead-letter", &["/id"], Kind::Text),
    column("head-message", &["/message"], Kind::Text),
    column("head-recipient", &["/to"], Kind::Text),
    column("head-attempts", &["/attempts"], Kind::Count),
    column("head-time", &["/at"], Kind::Time),
    column("head-reason", &["/reason"], Kind::Words),
];

pub(super) async fn run(context: &Context) -> Result<()> {
    let client = context.client()?;
    if context.acting().is_some() {
        // The status is the node's, whoever asks; a connector that is not hosted here is refused all the same.
        client.get("/resources", &[("limit", "1")]).await?;
    }
    let answer = client.get("/status", &[]).await?;
    context.result(&answer, || shown(context, &answer))
}

pub(super) async fn nodes(context: &Context) -> Result<()> {
    view::list(context, &context.client()?.get("/nodes", &[]).await?, &NODES)
}

/// The node itself, then a table each of what there are several of; a table without rows is left out.
fn shown(context: &Context, answer: &Value) -> String {
    let logs: Vec<Value> = list(answer, "/logs").iter().map(with_checkpoint).collect();
    let tables: [(&[Value], &[Column]); 6] = [
        (&logs, &LOGS),
        (list(answer, "/upstreams"), &UPSTREAMS),
        (list(answer, "/sources"), &SOURCES),
        (list(answer, "/followed"), &FOLLOWED),
        (list(answer, "/followers"), &FOLLOWERS),
        (list(answer, "/outbox/deadLetters"), &DEAD_LETTERS),
    ];
    let shown = tables.iter().filter(|(items, _)| !items.is_empty());
    let tables = shown.map(|(items, columns)| context.out.rendered(&view::table(context, items, columns)));
    std::iter::once(view::members(context, answer, &SELF)).chain(tables).collect::<Vec<_>>().join("\n\n")
}

fn list<'a>(answer: &'a Value, place: &str) -> &'a [Value] {
    answer.pointer(place).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A log with what its newest checkpoint says, which comes as a signed note of several lines.
fn with_checkpoint(log: &Value) -> Value {
    let note = log.get("checkpoint").and_then(Value::as_str).and_then(|text| text.parse::<Note>().ok());
    let Some(checkpoint) = note.and_then(|note| Checkpoint::from_text(note.text()).ok()) else {
        return log.clone();
    };
    let root = view::head(&checkpoint.root);
    let mut members: Map<String, Value> = log.as_object().cloned().unwrap_or_default();
    members.insert("signed".to_owned(), json!({"size": checkpoint.size, "root": format!("{root}…")}));
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::i18n::Lang;
    use crate::testing::context_in;

    const NOTE: &str = "weir/2A/public\n1234\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— weir/2A/public \
        DUWSFAgFgHmkLXvY4OvxLbfHYdKlzg==\n";

    fn answer() -> Value {
        json!({
            "id": "2A", "name": "北京", "role": "region", "area": "1100", "suite": "sm", "address": "http://127.0.0.1:1",
            "store": {"backend": "sqlite", "location": "/srv/weir.db"}, "counts": {"products": 1200},
            "outbox": {"waiting": 3, "dead": 0, "deadLetters": []}, "followed": [], "upstreams": [],
            "logs": [
                {"origin": "weir/2A/public", "size": 1235, "waiting": 1, "grownAt": "2026-01-01T00:00:00Z", "checkpoint": NOTE},
                {"origin": "weir/2A/evidence", "size": 0, "waiting": 0, "grownAt": null, "checkpoint": null},
            ],
        })
    }

    #[test]
    fn a_checkpoint_is_its_size_its_root_and_its_time_on_one_line() {
        for lang in Lang::ALL {
            let (context, _) = context_in(lang, &[]);
            let text = shown(&context, &answer());
            let line = text.lines().find(|line| line.contains("weir/2A/public")).unwrap();
            for figure in ["1,235", "1,234", "0ac5186a91863e8e…", "2026-01-01T08:00:00+08:00"] {
                assert!(line.contains(figure), "{figure}: {text}");
            }
            assert!(!text.contains("CsUYapGG") && !text.contains("— weir"), "{text}");
            assert!(
                text.lines().any(|line| line.contains("weir/2A/evidence") && line.contains('–')),
                "{text}"
            );
        }
    }

    #[test]
    fn who_is_followed_and_who_follows_stand_with_what_they_lack() {
        let mut answer = answer();
        answer["sources"] = json!([
            {"node": "1A", "name": "根", "address": "http://127.0.0.1:2", "lastHeardAt": "2026-01-01T00:00:01Z", "lagMs": 4321},
            {"node": "4A", "name": null, "address": "http://127.0.0.1:3", "lastHeardAt": null, "lagMs": null},
        ]);
        answer["followers"] =
            json!([{"node": "3B", "name": "上海", "since": "2026-01-01T00:00:02Z", "sent": 1200, "lag": 35}]);
        for lang in Lang::ALL {
            let (context, _) = context_in(lang, &[]);
            let text = shown(&context, &answer);
            let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap();
            assert!(line("1A").contains("4,321"), "{text}");
            assert!(line("4A").contains('–'), "{text}");
            assert!(line("3B").contains("1,200") && line("3B").contains("35"), "{text}");
        }
    }

    #[test]
    fn the_lines_of_a_node_are_aligned_by_what_a_terminal_shows() {
        for lang in Lang::ALL {
            let (context, _) = context_in(lang, &[]);
            let text = shown(&context, &answer());
            let column = |value: &str| {
                let line = text.lines().find(|line| line.ends_with(value)).unwrap();
                line.strip_suffix(value).unwrap().width()
            };
            assert_eq!(column("1,200"), column("北京"), "{text}");
            assert_eq!(column("/srv/weir.db"), column("北京"), "{text}");
        }
    }
}
