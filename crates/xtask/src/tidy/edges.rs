//! Which crate may use which: the table of ARCHITECTURE.md, "Map", and what the pure crates may not bring in.

use super::graph::{Graph, Package};
use super::{Problem, problem};

/// Each crate and the workspace crates that it may use. The crates at the end of the table (`weir`, `it`, `bench`, `xtask`)
/// may use all.
const EDGES: &[(&str, &[&str])] = &[
    ("crypto", &[]),
    ("domain", &["crypto"]),
    ("ledger", &["crypto"]),
    ("ndi", &["domain", "crypto"]),
    ("store", &["domain", "ledger", "crypto"]),
    ("net", &["crypto"]),
    ("dataplane", &["domain", "crypto", "net"]),
    ("search", &["domain"]),
    ("app", BELOW_APP),
    ("api", APP_AND_BELOW),
    ("console", APP_AND_BELOW),
    ("weir", ALL),
    ("it", ALL),
    ("bench", ALL),
    ("xtask", ALL),
];

/// All but the engines.
const BELOW_APP: &[&str] = &["crypto", "domain", "ledger", "ndi", "store", "net", "dataplane"];
const APP_AND_BELOW: &[&str] = &["app", "crypto", "domain", "ledger", "ndi", "store", "net", "dataplane"];
const ALL: &[&str] = &[
    "api",
    "app",
    "bench",
    "console",
    "crypto",
    "dataplane",
    "domain",
    "it",
    "ledger",
    "ndi",
    "net",
    "search",
    "store",
    "weir",
];

/// Crates without runtime, clock, network, storage or randomness.
const PURE: &[&str] = &["crypto", "domain", "ledger", "ndi"];

/// What a pure crate may not have in its closure.
const IMPURE: &[&str] = &[
    "async-std",
    "axum",
    "chrono",
    "fastrand",
    "getrandom",
    "hyper",
    "mio",
    "rand",
    "reqwest",
    "rusqlite",
    "smol",
    "socket2",
    "sqlx",
    "time",
    "tokio",
    "tower",
    "ureq",
];

/// The exception: nonces and keys are drawn inside crypto.
const CRYPTO_MAY: &[&str] = &["getrandom"];

/// Crates of which the whole build has one version only: a second one costs minutes, or does not fit the first.
const ONE_VERSION: &[&str] = &[
    "arrow",
    "axum",
    "hyper",
    "parquet",
    "reqwest",
    "ring",
    "rustls",
    "serde",
    "serde_json",
    "sqlx",
    "tantivy",
    "tokio",
];

/// Foreign packages that bear a name of ours and are borne with, and why.
const NAMESAKES: &[(&str, &str)] =
    &[("console", "indicatif draws with it; only `weir` has it in its closure")];

/// Crates that belong to one place, with the crates that may use them directly.
const RESERVED: &[(&str, &[&str])] = &[
    ("sqlx", &["store", "it"]),
    ("tantivy", &["search"]),
    ("tantivy-jieba", &["search"]),
    ("axum", &["api", "console", "it", "bench"]),
    ("parquet", &["dataplane", "weir", "it", "bench"]),
    ("sm2", &["crypto"]),
    ("ring", &["crypto"]),
];

/// Every edge, dependency and version that should not be.
pub fn check(graph: &Graph) -> Vec<Problem> {
    let mut problems = Vec::new();
    for member in graph.members() {
        problems.extend(edges_of(graph, member));
        problems.extend(reserved_of(graph, member));
        if PURE.contains(&member.name.as_str()) {
            problems.extend(impurities_of(graph, member));
        }
    }
    problems.extend(doubles(graph));
    problems
}

fn edges_of(graph: &Graph, member: &Package) -> Vec<Problem> {
    let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == member.name) else {
        return vec![problem(
            &member.name,
            "is not in the edge table: add it to ARCHITECTURE.md and to xtask",
        )];
    };
    let ours = graph.direct(member).filter(|used| graph.members().any(|other| other.name == used.name));
    let wrong = ours.filter(|used| !allowed.contains(&used.name.as_str()));
    wrong
        .map(|used| {
            let may = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
            problem(&member.name, format!("uses `{}`: the edge table lets it use {may}", used.name))
        })
        .collect()
}

fn reserved_of(graph: &Graph, member: &Package) -> Vec<Problem> {
    let reserved = |used: &Package| RESERVED.iter().find(|(name, _)| *name == used.name);
    let wrong = graph.direct(member).filter_map(|used| {
        let (name, places) = reserved(used)?;
        (!places.contains(&member.name.as_str())).then_some((*name, *places))
    });
    wrong
        .map(|(name, places)| {
            problem(&member.name, format!("uses `{name}`, which belongs to {}", places.join(", ")))
        })
        .collect()
}

fn impurities_of(graph: &Graph, member: &Package) -> Vec<Problem> {
    let exempt = |name: &str| member.name == "crypto" && CRYPTO_MAY.contains(&name);
    let closure = graph.closure(member);
    let wrong = closure.iter().filter(|(name, _)| IMPURE.contains(*name) && !exempt(name));
    wrong
        .map(|(name, user)| {
            problem(
                &member.name,
                format!("is pure, but `{user}` brings in `{name}`: turn the feature off or drop it"),
            )
        })
        .collect()
}

/// Foreign packages that bear the name of one of ours, and second versions of heavy ones.
fn doubles(graph: &Graph) -> Vec<Problem> {
    let mut problems = Vec::new();
    for member in graph.members().filter(|member| !NAMESAKES.iter().any(|(name, _)| *name == member.name)) {
        if let Some(other) = graph.foreign().find(|other| other.name == member.name) {
            let text =
                format!("there is a foreign package of this name, version {}: rename ours", other.version);
            problems.push(problem(&member.name, text));
        }
    }
    for name in ONE_VERSION {
        let versions: Vec<&str> = graph
            .packages()
            .filter(|package| package.name == *name)
            .map(|package| package.version.as_str())
            .collect();
        if versions.len() > 1 {
            problems
                .push(problem(*name, format!("is built in versions {}: keep one", versions.join(" and "))));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    /// Builds metadata from `name → [dependencies]`; names with a capital are foreign, `dev:` marks test dependencies.
    fn graph(packages: &[(&str, &[&str])]) -> Graph {
        let id = |name: &str| format!("id+{name}");
        let node = |(name, uses): &(&str, &[&str])| {
            let deps: Vec<Value> = uses
                .iter()
                .map(|used| match used.strip_prefix("dev:") {
                    Some(used) => json!({"pkg": id(used), "dep_kinds": [{"kind": "dev"}]}),
                    None => json!({"pkg": id(used), "dep_kinds": [{"kind": null}]}),
                })
                .collect();
            json!({"id": id(name), "deps": deps})
        };
        let ours = |name: &str| EDGES.iter().any(|(member, _)| *member == name) || name == "stranger";
        let metadata = json!({
            "packages": packages.iter().map(|(name, _)| json!({
                "id": id(name), "version": name.split_once('@').map_or("1.0.0", |(_, version)| version),
                "name": name.split('@').next(),
            })).collect::<Vec<_>>(),
            "workspace_members": packages.iter().filter(|(name, _)| ours(name)).map(|(name, _)| id(name)).collect::<Vec<_>>(),
            "resolve": {"nodes": packages.iter().map(node).collect::<Vec<_>>()},
        });
        Graph::parse(&metadata).unwrap()
    }

    fn complaints(packages: &[(&str, &[&str])]) -> Vec<String> {
        check(&graph(packages)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn allowed_edges_pass() {
        let packages: &[(&str, &[&str])] = &[
            ("crypto", &["sm2", "serde"]),
            ("domain", &["crypto", "serde"]),
            ("ndi", &["domain", "crypto"]),
            ("net", &["crypto", "tokio"]),
            ("sm2", &["getrandom"]),
            ("serde", &[]),
            ("tokio", &["mio"]),
            ("mio", &[]),
            ("getrandom", &[]),
        ];
        assert_eq!(complaints(packages), Vec::<String>::new());
    }

    #[test]
    fn an_edge_outside_the_table_is_named() {
        let found = complaints(&[("crypto", &["domain"]), ("domain", &[])]);
        assert_eq!(found, ["crypto: uses `domain`: the edge table lets it use nothing"]);
        let found = complaints(&[("api", &["search"]), ("search", &[])]);
        assert_eq!(found.len(), 1);
        assert!(found.concat().starts_with("api: uses `search`: the edge table lets it use app, crypto"));
    }

    #[test]
    fn an_edge_of_tests_counts_too() {
        let found = complaints(&[("domain", &["dev:store"]), ("store", &[])]);
        assert_eq!(found, ["domain: uses `store`: the edge table lets it use crypto"]);
    }

    #[test]
    fn a_crate_that_the_table_does_not_know_is_named() {
        let found = complaints(&[("stranger", &[])]);
        assert_eq!(found, ["stranger: is not in the edge table: add it to ARCHITECTURE.md and to xtask"]);
    }

    #[test]
    fn impurity_is_found_however_deep() {
        let found =
            complaints(&[("ledger", &["one"]), ("one", &["two"]), ("two", &["tokio"]), ("tokio", &[])]);
        let expected = "ledger: is pure, but `two` brings in `tokio`: turn the feature off or drop it";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn randomness_is_cryptos_alone() {
        let found = complaints(&[
            ("crypto", &["getrandom"]),
            ("domain", &["crypto", "getrandom"]),
            ("getrandom", &[]),
        ]);
        let expected = "domain: is pure, but `domain` brings in `getrandom`: turn the feature off or drop it";
        assert_eq!(found, [expected]);
        assert_eq!(complaints(&[("crypto", &["rand"]), ("rand", &[])]).len(), 1);
    }

    #[test]
    fn test_dependencies_do_not_make_a_crate_impure() {
        assert_eq!(complaints(&[("ndi", &["dev:tokio"]), ("tokio", &[])]), Vec::<String>::new());
    }

    #[test]
    fn reserved_crates_stay_in_their_place() {
        let found = complaints(&[("store", &["sqlx"]), ("app", &["sqlx"]), ("sqlx", &[])]);
        assert_eq!(found, ["app: uses `sqlx`, which belongs to store, it"]);
    }

    #[test]
    fn doubles_are_named() {
        let found = complaints(&[("store", &[]), ("store@0.3.0", &[]), ("tokio", &[]), ("tokio@0.2.0", &[])]);
        assert_eq!(
            found,
            [
                "store: there is a foreign package of this name, version 0.3.0: rename ours",
                "tokio: is built in versions 1.0.0 and 0.2.0: keep one"
            ]
        );
    }

    #[test]
    fn the_table_is_closed() {
        for (name, allowed) in EDGES {
            for used in *allowed {
                assert!(
                    EDGES.iter().any(|(other, _)| other == used),
                    "{name} may use `{used}`, which is in no row"
                );
            }
        }
    }
}
