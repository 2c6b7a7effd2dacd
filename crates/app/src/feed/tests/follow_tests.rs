//! Splitting the stream into lines, wherever it is cut; whom a node follows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::testkit::Town;

#[test]
fn lines_are_the_same_wherever_the_stream_is_cut() {
    let text = "{\"at\":1}\n\n{\"城\":\"市\"}\n".as_bytes();
    let whole = Lines::default().push(text).unwrap();
    assert_eq!(whole.concat(), text);
    assert_eq!(whole.len(), 3);
    for first in 0..=text.len() {
        for second in first..=text.len() {
            let mut lines = Lines::default();
            let mut all = Vec::new();
            for chunk in [&text[..first], &text[first..second], &text[second..]] {
                all.extend(lines.push(chunk).unwrap());
            }
            assert_eq!(all, whole, "cut at {first} and {second}");
            assert!(lines.rest.is_empty());
        }
    }
}

#[test]
fn an_unfinished_line_waits_and_an_endless_one_is_refused() {
    let mut lines = Lines::default();
    assert!(lines.push(b"{\"at\"").unwrap().is_empty());
    assert_eq!(lines.push(b":1}\n").unwrap(), [b"{\"at\":1}\n".to_vec()]);
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..8 {
        assert!(lines.push(&chunk).unwrap().is_empty());
    }
    assert!(matches!(lines.push(b"x"), Err(Error::Input { .. })));
    assert_eq!(lines.rest.len(), LINE_BYTES_MAX, "nothing more is kept");
}

#[tokio::test]
async fn each_role_follows_those_above_and_those_it_certified() {
    let town = Town::new().await;
    let id = |site: &crate::testkit::Site| site.node.speaker().unwrap().id().to_string();
    let mut expected = vec![
        (&town.global, vec![id(&town.region), id(&town.other)]),
        (&town.region, vec![id(&town.global), id(&town.service)]),
        (&town.other, vec![id(&town.global)]),
        (&town.service, vec![id(&town.region)]),
        (&town.host, vec![id(&town.region)]),
    ];
    for (site, expected) in &mut expected {
        let found = sources(&site.node).await.unwrap();
        let mut found: Vec<String> = found.into_iter().map(|source| source.id.to_string()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, *expected, "{:?}", site.node);
    }
}
