//! Evidence, own logs and followed logs.

use store::{EvidenceRow, FollowedEntry, Growth, LogHead, LogNode, NewEvidence, Store, StoreError};

use crate::place::{look, places, step};

fn evidence(log: &str, subject: &str, contract: Option<&str>) -> NewEvidence {
    NewEvidence {
        log: log.into(),
        tenant: "t".into(),
        kind: "window".into(),
        subject: subject.into(),
        contract: contract.map(Into::into),
        salt: [7; 32],
        at: 11,
        body: format!("{{\"of\":\"{subject}\"}}"),
    }
}

fn growth(log: &str, expected_size: u64, nodes: Vec<LogNode>) -> Growth {
    let checkpoint = format!("{log} after {expected_size}");
    Growth { log: log.into(), expected_size, nodes, frontier: vec![1, 2, 3], checkpoint, at: 50 }
}

fn leaf(number: u8) -> [u8; 32] {
    [number; 32]
}

fn node(level: u8, index: u64) -> LogNode {
    LogNode { level, index, hash: [level * 16 + u8::try_from(index).unwrap(); 32] }
}

async fn add(store: &Store, rows: Vec<NewEvidence>) {
    step!(store, |tx, rows| tx.add_evidence(&rows).await).unwrap();
}

async fn take(store: &Store, log: &'static str, limit: u32) -> Vec<EvidenceRow> {
    look!(store, |read| read.take_unsequenced(log, limit).await)
}

async fn sequence(store: &Store, growth: Growth, rows: Vec<EvidenceRow>) -> Result<LogHead, StoreError> {
    let rows: Vec<_> = rows.into_iter().zip(1..).map(|(row, number)| (row, leaf(number))).collect();
    step!(store, |tx, growth, rows| tx.commit_sequenced(&growth, &rows).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_numbered_once_into_its_log() {
    for place in places("sequencer").await {
        let store = place.open().await;
        assert!(step!(store, |tx| tx.create_log("l", 1).await).unwrap());
        assert!(!step!(store, |tx| tx.create_log("l", 2).await).unwrap());
        add(
            &store,
            vec![evidence("l", "s1", Some("c1")), evidence("m", "s2", None), evidence("l", "s3", None)],
        )
        .await;
        let rows = take(&store, "l", 10).await;
        assert_eq!(rows.iter().map(|row| row.subject.as_str()).collect::<Vec<_>>(), ["s1", "s3"]);
        assert_eq!(rows[0].salt, [7; 32]);
        let mut heads = store.watch_heads();
        let grown = growth("l", 0, vec![node(0, 0), node(0, 1), node(1, 0)]);
        let head = sequence(&store, grown.clone(), rows.clone()).await.unwrap();
        assert_eq!((head.size, head.own, head.frontier.as_slice()), (2, true, [1, 2, 3].as_slice()));
        assert!(heads.has_changed().unwrap());
        heads.mark_unchanged();
        let late = sequence(&store, grown, rows.clone()).await.unwrap_err();
        assert!(late.is_conflict(), "another sequencer was faster: {late}");
        let twice = sequence(&store, growth("l", 2, vec![]), rows).await.unwrap_err();
        assert!(twice.is_conflict(), "the rows are numbered already: {twice}");
        assert!(!heads.has_changed().unwrap());
        assert_eq!(look!(store, |read| read.count_unsequenced("l").await), 0);
        assert_eq!(look!(store, |read| read.count_unsequenced("m").await), 1);
        let entries = look!(store, |read| read.log_entries("l", 0, 10).await);
        assert_eq!(entries.iter().map(|entry| entry.position).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(entries[1].leaf, leaf(2));
        assert_eq!(look!(store, |read| read.log_head("l").await), Some(head));
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_nodes_and_checkpoints_are_found() {
    for place in places("found").await {
        let store = place.open().await;
        step!(store, |tx| tx.create_log("l", 1).await).unwrap();
        add(&store, vec![evidence("l", "s1", Some("c1")), evidence("l", "s2", Some("c1"))]).await;
        let nodes = vec![node(0, 0), node(0, 1), node(1, 0)];
        sequence(&store, growth("l", 0, nodes), take(&store, "l", 10).await).await.unwrap();
        add(&store, vec![evidence("l", "s1", None)]).await;
        sequence(&store, growth("l", 2, vec![node(0, 2)]), take(&store, "l", 10).await).await.unwrap();
        let found = look!(store, |read| read.find_entries("l", "window", "s1", 10).await);
        assert_eq!(found.iter().map(|entry| entry.position).collect::<Vec<_>>(), [0, 2]);
        let contract = look!(store, |read| read.contract_entries("l", "c1", 1, 10).await);
        assert_eq!(contract.iter().map(|entry| entry.subject.as_str()).collect::<Vec<_>>(), ["s2"]);
        let mut nodes = look!(store, |read| read.log_nodes("l", &[(0, 2), (1, 0), (1, 1)]).await);
        nodes.sort_unstable_by_key(|node| node.level);
        assert_eq!(nodes, [node(0, 2), node(1, 0)], "only complete nodes");
        let at =
            |size: u64, store: Store| async move { look!(store, |read| read.checkpoint_at("l", size).await) };
        assert_eq!(at(2, store.clone()).await.as_deref(), Some("l after 0"));
        assert_eq!(at(1, store.clone()).await, None);
        for (position, expected) in [(0, Some("l after 0")), (2, Some("l after 2")), (3, None)] {
            let note = look!(store, |read| read.checkpoint_covering("l", position).await);
            assert_eq!(note.as_deref(), expected, "{position}");
        }
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_renewed_only_at_its_size() {
    for place in places("renewed").await {
        let store = place.open().await;
        step!(store, |tx| tx.create_log("l", 1).await).unwrap();
        assert!(!step!(store, |tx| tx.renew_checkpoint("l", 1, "cosigned", 60).await).unwrap());
        assert!(step!(store, |tx| tx.renew_checkpoint("l", 0, "cosigned", 60).await).unwrap());
        let head = look!(store, |read| read.log_head("l").await).unwrap();
        assert_eq!((head.checkpoint.as_deref(), head.updated_at), (Some("cosigned"), 60));
        assert_eq!(look!(store, |read| read.checkpoint_at("l", 0).await).as_deref(), Some("cosigned"));
        assert!(!step!(store, |tx| tx.renew_checkpoint("unknown", 0, "n", 60).await).unwrap());
        place.end(store).await;
    }
}

fn followed(number: u8, body: Option<&str>) -> FollowedEntry {
    FollowedEntry {
        kind: "product".into(),
        subject: format!("p{number}"),
        salt: body.map(|_| [number; 32]),
        leaf: leaf(number),
        at: 5,
        body: body.map(Into::into),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followed_log_grows_from_its_size_only() {
    for place in places("followed").await {
        let store = place.open().await;
        let first = growth("far", 0, vec![node(0, 0)]);
        let head = step!(store, |tx, first| {
            tx.append_followed(&first, &[followed(1, Some("{}")), followed(2, None)]).await
        })
        .unwrap();
        assert_eq!((head.size, head.own), (2, false));
        let again = step!(store, |tx, first| tx.append_followed(&first, &[followed(1, None)]).await);
        assert!(again.unwrap_err().is_conflict());
        let entries = look!(store, |read| read.log_entries("far", 0, 10).await);
        assert_eq!((entries[0].body.as_deref(), entries[1].body.as_deref()), (Some("{}"), None));
        assert_eq!(entries.len(), 2, "the conflict left nothing");
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn own_and_followed_logs_are_not_mixed_up() {
    for place in places("mixed").await {
        let store = place.open().await;
        step!(store, |tx| tx.create_log("own", 1).await).unwrap();
        let grown = growth("own", 0, vec![]);
        let error = step!(store, |tx, grown| tx.append_followed(&grown, &[followed(1, None)]).await);
        assert!(error.unwrap_err().is_conflict(), "nobody writes our log for us");
        let far = growth("far", 0, vec![]);
        step!(store, |tx, far| tx.append_followed(&far, &[]).await).unwrap();
        add(&store, vec![evidence("far", "s", None)]).await;
        let error = sequence(&store, far, take(&store, "far", 1).await).await;
        assert!(error.unwrap_err().is_conflict(), "we do not write another's log");
        let names: Vec<_> =
            look!(store, |read| read.list_logs().await).into_iter().map(|head| head.log).collect();
        assert_eq!(names, ["far", "own"]);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_body_leaves_its_leaf() {
    for place in places("erased").await {
        let store = place.open().await;
        let first = growth("far", 0, vec![]);
        step!(store, |tx, first| tx.append_followed(&first, &[followed(1, Some("{}"))]).await).unwrap();
        assert!(step!(store, |tx| tx.erase_entry("far", 0).await).unwrap());
        assert!(!step!(store, |tx| tx.erase_entry("far", 0).await).unwrap());
        let entry = look!(store, |read| read.log_entries("far", 0, 1).await).remove(0);
        assert_eq!((entry.body, entry.salt, entry.leaf), (None, None, leaf(1)));
        place.end(store).await;
    }
}
