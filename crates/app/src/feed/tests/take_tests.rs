//! Frames that do not hold, each way that one can be forged; forks and logs that go back; what is believed of what holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crypto::{LogKey, SigningKey, Suite};
use ledger::leaf::{Entry, Salt as LeafSalt};
use ledger::note::NoteSigner;
use serde_json::json;

use super::*;
use crate::feed::{directory_row, passed};
use crate::testkit::{PROVIDER, Site, Town, credit_code, frame, head, join, number, public, size};
use ndi::Code as _;

/// A region that has published a connector which the host has not heard of.
struct Ahead {
    town: Town,
    log: String,
    newcomer: String,
}

impl Ahead {
    async fn open() -> Ahead {
        let town = Town::new().await;
        let guest = town.newcomer("guest", Suite::Sm).await;
        let newcomer = join(&town.region.node, &guest.node, 30, "connector", None).await.unwrap().connector;
        number(&town.region.node).await;
        Ahead { log: public(&town.region.node), town, newcomer }
    }

    fn follower(&self) -> &Node {
        &self.town.host.node
    }

    async fn held(&self) -> u64 {
        size(self.follower(), &self.log).await
    }

    async fn next(&self) -> FeedFrame {
        frame(&self.town.region.node, &self.log, self.held().await).await.unwrap()
    }

    /// The region's own keys, as somebody has them who is the region.
    fn own_signers(&self) -> Vec<NoteSigner> {
        let read = |name: &str| {
            std::fs::read_to_string(self.town.region.folder.path().join("keys").join(name)).unwrap()
        };
        let sm2 = SigningKey::from_pkcs8_pem(&read("log-public-sm2.pem")).unwrap();
        signers(&self.log, LogKey::from_pem(&read("log-public.pem")).unwrap(), sm2)
    }

    async fn take_waiting(&self, frames: Vec<FeedFrame>) -> BTreeSet<String> {
        let id = self.town.region.node.speaker().unwrap().id().clone();
        let source = Target { id, address: String::new() };
        let mut refused = BTreeSet::new();
        take_waiting(self.follower(), &source, frames, &mut refused).await.unwrap();
        refused
    }
}

fn signers(log: &str, ed25519: LogKey, sm2: SigningKey) -> Vec<NoteSigner> {
    vec![NoteSigner::ed25519(log, ed25519).unwrap(), NoteSigner::sm2(log, sm2).unwrap()]
}

fn entry(body: Value) -> FeedEntry {
    FeedEntry::whole(*crypto::Sha256::of(&rand::random::<u64>().to_le_bytes()).as_bytes(), body)
}

/// A frame with these entries onto what a node holds of a log, signed by these.
async fn forge(over: &Node, log: &str, entries: Vec<FeedEntry>, signers: &[NoteSigner]) -> FeedFrame {
    let held = head(over, log).await.unwrap();
    let mut frontier = read_frontier(held.size, &held.frontier).unwrap();
    for entry in &entries {
        let leaf = match (&entry.salt, &entry.body) {
            (Some(Salt(salt)), Some(body)) => {
                Entry::new(LeafSalt::from_bytes(*salt), body.clone()).leaf_hash().unwrap()
            }
            _ => entry.hash.unwrap(),
        };
        frontier.append(leaf).unwrap();
    }
    let checkpoint =
        Checkpoint { origin: log.to_owned(), size: held.size + entries.len() as u64, root: frontier.root() };
    let signers: Vec<&NoteSigner> = signers.iter().collect();
    let checkpoint = checkpoint.sign(&signers).unwrap();
    FeedFrame { origin: log.to_owned(), first: held.size, entries, checkpoint }
}

#[tokio::test]
async fn no_forged_frame_is_taken_and_the_right_one_is() {
    let ahead = Ahead::open().await;
    let (right, before) = (ahead.next().await, ahead.held().await);
    let with = |change: &dyn Fn(&mut FeedFrame)| {
        let mut frame = right.clone();
        change(&mut frame);
        frame
    };
    let sm2 = SigningKey::generate(Suite::Sm).unwrap();
    let strangers = signers(&ahead.log, LogKey::generate().unwrap(), sm2);
    let foreign = forge(ahead.follower(), &ahead.log, right.entries.clone(), &strangers).await;
    let mut half = ahead.own_signers();
    half.truncate(1);
    let half_signed = forge(ahead.follower(), &ahead.log, right.entries.clone(), &half).await;
    let root = right.clone().checkpoint;
    let older = head(ahead.follower(), &ahead.log).await.unwrap().checkpoint.unwrap();
    let cases = [
        ("a changed body", with(&|frame| frame.entries[0].body.as_mut().unwrap()["name"] = json!("x"))),
        ("a changed salt", with(&|frame| frame.entries[0].salt = Some(Salt([0; 32])))),
        ("an entry too few", with(&|frame| drop(frame.entries.pop()))),
        ("an entry too many", with(&|frame| frame.entries.push(entry(json!({"type": "x"}))))),
        ("another order", with(&|frame| frame.entries.reverse())),
        ("a gap", with(&|frame| frame.first += 1)),
        ("an overlap that is none", with(&|frame| frame.first -= 1)),
        ("a checkpoint of before", with(&|frame| frame.checkpoint.clone_from(&older))),
        ("no checkpoint", with(&|frame| frame.checkpoint = "nothing\n".to_owned())),
        ("another log's name", with(&|frame| frame.origin = "weir/0000/public".to_owned())),
        ("the root log's name", with(&|frame| frame.origin = public(&ahead.town.global.node))),
        ("another's key", foreign),
        ("one signature of two", half_signed),
        ("an end beyond all", with(&|frame| frame.first = u64::MAX)),
    ];
    for (what, frame) in cases {
        assert!(take(ahead.follower(), frame).await.is_err(), "{what}");
        assert_eq!(ahead.held().await, before, "{what}: nothing was stored");
        assert!(ahead.follower().known(&ahead.newcomer).await.is_err(), "{what}: nothing was believed");
    }
    assert_eq!(root, right.checkpoint);
    take(ahead.follower(), right.clone()).await.unwrap();
    assert!(ahead.follower().known(&ahead.newcomer).await.is_ok());
    take(ahead.follower(), right).await.expect("again, it says nothing new");
}

/// A joiner hears of the root's log from its region: with which key each node's log is checked, the root says, not the region.
#[tokio::test]
async fn a_carrier_gives_no_node_another_log_key() {
    let town = Town::new().await;
    let guest = town.newcomer("guest", Suite::Sm).await;
    join(&town.region.node, &guest.node, 30, "connector", None).await.unwrap();
    let right = frame(&town.region.node, &public(&town.global.node), 0).await.unwrap();
    let theirs = town.region.node.logs().public().unwrap().identity().to_string();
    let mut forged = right.clone();
    let other = forged.entries.iter_mut().filter_map(|entry| entry.body.as_mut());
    for body in other.filter(|body| body["area"] == "3100") {
        body["logVkey"] = json!(theirs);
    }
    assert_ne!(forged, right);
    assert!(take(&guest.node, forged).await.is_err());
    let log = public(&town.other.node);
    assert!(crate::feed::origins(&guest.node).await.unwrap().of(&log).is_none(), "nothing was believed");
    take(&guest.node, right).await.unwrap();
    let genuine = town.other.node.logs().public().unwrap().identity().to_string();
    let origins = crate::feed::origins(&guest.node).await.unwrap();
    assert_eq!(origins.of(&log).unwrap().identity.to_string(), genuine);
}

#[tokio::test]
async fn a_frame_that_overlaps_what_is_held_continues_it() {
    let ahead = Ahead::open().await;
    let whole = frame(&ahead.town.region.node, &ahead.log, 0).await.unwrap();
    assert!(ahead.held().await > 0);
    take(ahead.follower(), whole).await.unwrap();
    assert!(ahead.follower().known(&ahead.newcomer).await.is_ok());
}

#[tokio::test]
async fn our_own_log_is_nobodys_to_tell() {
    let town = Town::new().await;
    let log = public(&town.region.node);
    let own = frame(&town.global.node, &log, 0).await.unwrap();
    let before = size(&town.region.node, &log).await;
    take(&town.region.node, own).await.unwrap();
    assert_eq!(size(&town.region.node, &log).await, before);
}

#[tokio::test]
async fn erased_and_unknown_entries_keep_their_place_in_the_tree() {
    let ahead = Ahead::open().await;
    take(ahead.follower(), ahead.next().await).await.unwrap();
    let before = ahead.held().await;
    let erased = FeedEntry::erased(ledger::tree::Hash::from_bytes([9; 32]));
    let entries = vec![
        erased,
        entry(json!({"type": "weir.rumour/1", "at": 0, "id": "x"})),
        entry(json!({"type": "weir.connector/1"})),
        entry(json!([1, 2])),
    ];
    let forged = forge(ahead.follower(), &ahead.log, entries, &ahead.own_signers()).await;
    take(ahead.follower(), forged).await.unwrap();
    assert_eq!(ahead.held().await, before + 4);
    let relayed = frame(ahead.follower(), &ahead.log, before).await.unwrap();
    assert!(relayed.entries[0].hash.is_some() && relayed.entries[1].body.is_some(), "and are relayed");
    let service = &ahead.town.service.node;
    let again = frame(ahead.follower(), &ahead.log, size(service, &ahead.log).await).await.unwrap();
    take(service, again).await.expect("whoever carries it");
}

/// What a region published, changed and published by another region under its own key.
async fn said_by_other(town: &Town, kind: &str, change: impl Fn(&mut Value)) -> Value {
    let genuine = frame(&town.region.node, &public(&town.region.node), 0).await.unwrap();
    let mut bodies = genuine.entries.into_iter().filter_map(|entry| entry.body);
    let mut body = bodies.rfind(|body| body["type"] == kind).unwrap();
    change(&mut body);
    body
}

#[tokio::test]
async fn no_region_puts_its_word_in_the_place_of_anothers() {
    let town = Town::new().await;
    let subject = credit_code(PROVIDER);
    let before = town.global.node.known(&subject).await.unwrap().key.clone();
    let usurped = said_by_other(&town, "weir.organisation/1", |body| body["area"] = json!("3100")).await;
    assert_eq!(usurped["subject"], subject.as_str());
    let id = domain::id::NodeId::mint(
        domain::id::IdKind::Connector,
        town.provider.subject(),
        domain::id::AreaCode::parse("3100").unwrap(),
        rand::random::<u64>,
    )
    .unwrap();
    let squatter = said_by_other(&town, "weir.connector/1", |body| {
        body["id"] = json!(id);
        body["area"] = json!("3100");
    })
    .await;
    let log = public(&town.other.node);
    // The other region's log has nothing yet: it begins with these.
    let read =
        |name: &str| std::fs::read_to_string(town.other.folder.path().join("keys").join(name)).unwrap();
    let signer = [NoteSigner::ed25519(&log, LogKey::from_pem(&read("log-public.pem")).unwrap()).unwrap()];
    let forged = forge(&town.other.node, &log, vec![entry(usurped), entry(squatter)], &signer).await;
    take(&town.global.node, forged).await.unwrap();
    assert_eq!(size(&town.global.node, &log).await, 2, "the log itself holds");
    let after = town.global.node.known(&subject).await.unwrap();
    assert_eq!((after.key.clone(), after.area.to_string()), (before, "1100".to_owned()));
    let squatter = town.global.node.known(id.as_str()).await;
    assert!(matches!(squatter, Err(Error::NotFound { .. })), "its organisation is not of that region");

    // Both are told; and where the first registration ends, the second one stands, with what belongs to it.
    let told = passed::passed_over_here(&town.global.node).await.unwrap();
    assert_eq!((told.total, told.items.len()), (2, 2), "{told:?}");
    assert!(told.items.iter().any(|item| item.id == subject && item.reason.contains("1100")), "{told:?}");
    let ended =
        said_by_other(&town, "weir.organisation/1", |body| body["status"] = json!("deregistered")).await;
    let log = public(&town.region.node);
    let read =
        |name: &str| std::fs::read_to_string(town.region.folder.path().join("keys").join(name)).unwrap();
    let signer = signers(
        &log,
        LogKey::from_pem(&read("log-public.pem")).unwrap(),
        SigningKey::from_pkcs8_pem(&read("log-public-sm2.pem")).unwrap(),
    );
    let forged = forge(&town.region.node, &log, vec![entry(ended)], &signer).await;
    let job = tokio::spawn(passed::look_again(town.global.node.clone()));
    // Its look at the start is over, and freed nothing.
    for _ in 0..20 {
        assert_eq!(passed::passed_over_here(&town.global.node).await.unwrap().total, 2);
    }
    take(&town.global.node, forged).await.unwrap();
    nothing_is_passed_over(&town.global.node).await;
    job.abort();
    let told = passed::passed_over_here(&town.global.node).await.unwrap();
    assert_eq!(told, passed::PassedOverView::default());
    for held in [subject.clone(), id.to_string()] {
        let row = town.global.node.store().read("test_directory", move |read| {
            let held = held.clone();
            Box::pin(async move { Ok::<_, Error>(read.get_directory(&held).await?) })
        });
        assert_eq!(row.await.unwrap().unwrap().area, "3100");
    }
}

#[tokio::test]
async fn a_fork_is_refused_and_shown_until_the_log_goes_on() {
    let ahead = Ahead::open().await;
    let right = ahead.next().await;
    take(ahead.follower(), right).await.unwrap();
    let held = head(ahead.follower(), &ahead.log).await.unwrap();
    // The region signs another history: over what the service node holds, which is less.
    let shorter = size(&ahead.town.service.node, &ahead.log).await;
    assert!(shorter < held.size);
    let lies = vec![entry(json!({"type": "x"})); usize::try_from(held.size - shorter).unwrap()];
    let fork = forge(&ahead.town.service.node, &ahead.log, lies, &ahead.own_signers()).await;
    let refused = ahead.take_waiting(vec![fork.clone()]).await;
    assert_eq!(refused, BTreeSet::from([ahead.log.clone()]));
    let trouble = ahead.follower().feed().troubles().remove(&ahead.log).unwrap();
    assert!(trouble.contains("forked"), "{trouble}");
    assert_eq!(head(ahead.follower(), &ahead.log).await.unwrap().frontier, held.frontier);

    let status = crate::status::status(ahead.follower()).await.unwrap();
    let shown = status.followed.iter().find(|log| log.origin == ahead.log).unwrap();
    assert!(shown.problem.as_ref().unwrap().contains("forked"));

    let longer = vec![entry(json!({"type": "x"})); usize::try_from(held.size - shorter + 1).unwrap()];
    let fork = forge(&ahead.town.service.node, &ahead.log, longer, &ahead.own_signers()).await;
    assert!(matches!(take(ahead.follower(), fork).await, Err(Error::Evidence(_))), "nor a longer one");

    let more = vec![entry(json!({"type": "x"}))];
    let onward = forge(ahead.follower(), &ahead.log, more, &ahead.own_signers()).await;
    take(ahead.follower(), onward).await.unwrap();
    assert!(ahead.follower().feed().troubles().is_empty(), "it goes on");
}

#[tokio::test]
async fn a_log_that_went_back_is_noticed() {
    let ahead = Ahead::open().await;
    let before = ahead.held().await;
    let older = head(ahead.follower(), &ahead.log).await.unwrap().checkpoint.unwrap();
    take(ahead.follower(), ahead.next().await).await.unwrap();
    let back = FeedFrame { origin: ahead.log.clone(), first: before, entries: Vec::new(), checkpoint: older };
    assert_eq!(ahead.take_waiting(vec![back.clone()]).await.len(), 1);
    let trouble = ahead.follower().feed().troubles().remove(&ahead.log).unwrap();
    assert!(trouble.contains("went back"), "{trouble}");
    let mut unsigned = back;
    unsigned.checkpoint = "nothing\n".to_owned();
    assert!(take(ahead.follower(), unsigned).await.is_err(), "who says so must be the publisher");
}

#[tokio::test]
async fn a_refused_log_does_not_hold_up_the_others() {
    let ahead = Ahead::open().await;
    let mut bad = ahead.next().await;
    bad.entries.reverse();
    let also = ahead.next().await;
    let town = &ahead.town;
    let log = public(&town.global.node);
    let unrelated = {
        let guest = Site::open(crate::config::Role::Industry, "industry", Suite::Sm, &town.clock).await;
        join(&town.global.node, &guest.node, 70, "industry", Some("0077")).await.unwrap();
        number(&town.global.node).await;
        frame(&town.global.node, &log, size(ahead.follower(), &log).await).await.unwrap()
    };
    let before = size(ahead.follower(), &log).await;
    let refused = ahead.take_waiting(vec![bad, also, unrelated]).await;
    assert_eq!(refused, BTreeSet::from([ahead.log.clone()]));
    assert_eq!(size(ahead.follower(), &log).await, before + 1);
    assert!(ahead.follower().known(&ahead.newcomer).await.is_err(), "nothing more of it on this connection");
}

/// Waits for the job that looks again.
async fn nothing_is_passed_over(node: &Node) {
    let empty = async {
        while passed::passed_over_here(node).await.unwrap().total > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), empty).await.expect("the job was rung");
}

/// What waited when the process ended is looked at by the next one.
#[tokio::test]
async fn what_is_passed_over_is_looked_at_at_the_start() {
    let ahead = Ahead::open().await;
    take(ahead.follower(), ahead.next().await).await.unwrap();
    let organisation = said_by_other(&ahead.town, "weir.organisation/1", |_| {}).await;
    keep_passed(ahead.follower(), passed(&ahead.log, organisation)).await;
    let job = tokio::spawn(passed::look_again(ahead.follower().clone()));
    nothing_is_passed_over(ahead.follower()).await;
    job.abort();
}

/// An entry as it is kept when it is passed over.
fn passed(log: &str, body: Value) -> store::PassedOverRow {
    let body = PublicBody::read(&body).unwrap();
    let (kind, id) = body.key();
    store::PassedOverRow {
        origin: log.to_owned(),
        kind: kind.code().to_owned(),
        id,
        reason: "another stood".to_owned(),
        at: 0,
        body: crate::log::stored_body(&body).unwrap(),
    }
}

async fn keep_passed(node: &Node, row: store::PassedOverRow) {
    let kept = node.store().run_tx("test_passed", move |tx| {
        let row = row.clone();
        Box::pin(async move { Ok::<_, Error>(tx.put_passed_over(&row).await?) })
    });
    kept.await.unwrap();
}

#[tokio::test]
async fn what_was_passed_over_before_does_not_replace_a_later_word_of_the_same_log() {
    let ahead = Ahead::open().await;
    take(ahead.follower(), ahead.next().await).await.unwrap();
    let named = async |name: &str| {
        said_by_other(&ahead.town, "weir.organisation/1", |body| body["name"] = json!(name)).await
    };
    keep_passed(ahead.follower(), passed(&ahead.log, named("before").await)).await;
    let later = named("later").await;
    let subject = later["subject"].as_str().unwrap().to_owned();
    let frame = forge(&ahead.town.region.node, &ahead.log, vec![entry(later)], &ahead.own_signers()).await;
    take(ahead.follower(), frame).await.unwrap();
    assert_eq!(ahead.follower().known(&subject).await.unwrap().name, "later");
    assert_eq!(passed::passed_over_here(ahead.follower()).await.unwrap().total, 0);
}

#[tokio::test]
async fn everything_that_is_passed_over_can_be_looked_at_again() {
    let ahead = Ahead::open().await;
    take(ahead.follower(), ahead.next().await).await.unwrap();
    let organisation = said_by_other(&ahead.town, "weir.organisation/1", |_| {}).await;
    let stands = public(&ahead.town.other.node);
    // Another log's word, of an area that it does not speak for, stays where it is; this log's own is believed.
    keep_passed(ahead.follower(), passed(&ahead.log, organisation.clone())).await;
    keep_passed(ahead.follower(), passed(&stands, organisation)).await;
    passed::look(ahead.follower()).await.unwrap();
    let left = passed::passed_over_here(ahead.follower()).await.unwrap();
    assert_eq!((left.total, left.items[0].origin.as_str()), (1, stands.as_str()));
}

/// A store of an earlier version has chains in its directory alone.
#[tokio::test]
async fn the_chain_that_is_replaced_is_kept_as_well() {
    let ahead = Ahead::open().await;
    let node = &ahead.town.other.node;
    let before = said_by_other(&ahead.town, "weir.organisation/1", |_| {}).await;
    let connector = said_by_other(&ahead.town, "weir.connector/1", |_| {}).await;
    let mut after = before.clone();
    after["chain"] = connector["signChain"].clone();
    let subject = before["subject"].as_str().unwrap().to_owned();
    let (before, after) = (PublicBody::read(&before).unwrap(), PublicBody::read(&after).unwrap());
    let (at, now) = (node.now().secs(), node.now());
    let kept = node.store().run_tx("test_replace", move |tx| {
        let (before, after, subject) = (before.clone(), after.clone(), subject.clone());
        Box::pin(async move {
            let row = directory_row("log", &before, now)?.unwrap();
            tx.put_directory(&row).await?;
            apply(tx, "log", &after, now).await?;
            Ok::<_, Error>(tx.list_chains_at(&subject, at).await?)
        })
    });
    assert_eq!(kept.await.unwrap().len(), 2);
}
