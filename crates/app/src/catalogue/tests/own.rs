//! The catalogue's near side: what a connector holds and offers, through concurrent changes and repeats. Messages are carried by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::PathBuf;
use std::sync::Arc;

use domain::catalogue::I18n;
use domain::id::{AreaCode, IdKind, NodeId, ProductId};
use ndi::weir_v1::catalogue::PRODUCT_LIST_MSG;
use serde_json::json;
use store::MessageRow;

use super::Market;
use crate::catalogue::product::{self, Negotiation, NewOffer, OwnProduct};
use crate::catalogue::resource::{self, NewResource, OwnResource};
use crate::catalogue::{offer, search};
use crate::testkit::say;
use crate::{Error, Part, outbox};

impl Market {
    /// Writes the provider's file, and says what is to be added.
    fn file(&self, content: &str) -> NewResource {
        let path = self.town.host.folder.path().join("air.csv");
        std::fs::write(&path, content).unwrap();
        NewResource {
            path,
            encoding: None,
            title: None,
            description: domain::catalogue::I18n::default(),
            keywords: domain::catalogue::Keywords::default(),
            column_titles: std::collections::BTreeMap::new(),
        }
    }

    /// Messages of the host that are due.
    async fn due(&self) -> Vec<MessageRow> {
        let now = self.town.clock_now().micros();
        let leased = self.town.host.node.store().run_tx("test_lease", move |tx| {
            Box::pin(async move { Ok::<_, Error>(tx.lease_due(10, now, 1_000_000).await?) })
        });
        leased.await.unwrap()
    }

    /// The next messages, once they are there.
    async fn next_ones(&self) -> Vec<MessageRow> {
        let mut bell = self.town.host.node.store().watch_outbox();
        loop {
            bell.mark_unchanged();
            let due = self.due().await;
            if !due.is_empty() {
                return due;
            }
            bell.changed().await.unwrap();
        }
    }

    /// The next message, once it is there.
    async fn next(&self) -> MessageRow {
        self.next_ones().await.pop().unwrap()
    }

    /// Carries a message to the region, and its answer back.
    async fn carry(&self, row: &MessageRow) {
        let (town, body) = (&self.town, serde_json::from_str(&row.body).unwrap());
        let reply = say(&town.provider, &town.region.node, &row.kind, &body).await;
        assert!(reply.code.is_success(), "{}", reply.message);
        offer::answered(&town.host.node, row, &reply.data).await.unwrap();
    }

    async fn add(&self, new: NewResource) -> OwnResource {
        let (node, speaker) = (&self.town.host.node, &self.town.provider);
        let adding = resource::add(node, speaker, new, Arc::new(|_| ()));
        let (added, ()) = tokio::join!(adding, async { self.carry(&self.next().await).await });
        added.unwrap()
    }

    async fn offer(&self, resource: &OwnResource, count: u64) -> OwnProduct {
        let (node, speaker) = (&self.town.host.node, &self.town.provider);
        let registering = product::register(node, speaker, order(resource, count));
        let (product, ()) = tokio::join!(registering, async { self.carry(&self.next().await).await });
        product.unwrap()
    }

    async fn own(&self, product: &OwnProduct) -> OwnProduct {
        let id = product.product.id.as_ref().unwrap();
        product::find(&self.town.host.node, &self.town.provider, id.as_str()).await.unwrap()
    }

    /// The answer of a service node to a listing.
    async fn listed(&self, product: &OwnProduct, service: &NodeId) -> Result<(), Error> {
        let row = MessageRow {
            destination: service.to_string(),
            kind: PRODUCT_LIST_MSG.to_owned(),
            stream: format!("product/{}", product.product.key),
            ..self.blank()
        };
        offer::answered(&self.town.host.node, &row, &json!({"status": "listed"})).await
    }

    fn blank(&self) -> MessageRow {
        MessageRow {
            id: 0,
            tenant: self.town.provider.id().to_string(),
            stream: String::new(),
            destination: String::new(),
            kind: String::new(),
            body: "{}".to_owned(),
            attempts: 0,
            next_at: 0,
            created_at: 0,
            lease_until: None,
            last_error: None,
            dead_at: None,
        }
    }
}

fn order(resource: &OwnResource, count: u64) -> NewOffer {
    NewOffer {
        resource: resource.resource.id.as_ref().unwrap().to_string(),
        title: None,
        description: None,
        keywords: None,
        industry: None,
        offer: Some(
            json!({"action": "read", "count": count, "from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}),
        ),
        terms: None,
        negotiation: None,
    }
}

fn service(number: u64) -> NodeId {
    let subject = domain::id::SubjectCode::uscc(&crate::testkit::credit_code(77)).unwrap();
    let area = AreaCode::parse("1100").unwrap();
    let mut number = number;
    NodeId::mint(IdKind::ServiceNode, &subject, area, || {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        number
    })
    .unwrap()
}

#[tokio::test]
async fn a_file_that_is_added_again_keeps_its_identifier_while_the_region_is_away() {
    let market = Market::open().await;
    let (node, tenant) = (market.town.host.node.clone(), market.town.provider.clone());
    let first = market.add(market.file("O3\n1\n")).await;
    let id = first.resource.id.clone().unwrap();
    let again = market.file("O3\n1\n2\n");
    let adding = tokio::spawn({
        let (node, tenant) = (node.clone(), tenant.clone());
        async move { resource::add(&node, &tenant, again, Arc::new(|_| ())).await }
    });
    let message = market.next().await;
    let kept = resource::list(&node, &tenant, &Part::all()).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|own| (own.resource.id.clone(), own.resource.profile.rows)).collect();
    assert_eq!(kept, [(Some(id.clone()), 2)], "found by its identifier, with what is new");
    assert!(!adding.is_finished(), "the region has not answered");
    market.carry(&message).await;
    let added = adding.await.unwrap().unwrap();
    assert_eq!((added.resource.id, added.resource.created_at), (Some(id), first.resource.created_at));
}

#[tokio::test]
async fn a_product_that_is_registered_again_keeps_its_identifier_and_its_listings() {
    let market = Market::open().await;
    let resource = market.add(market.file("O3\n1\n")).await;
    let first = market.offer(&resource, 1).await;
    market.listed(&first, &service(1)).await.unwrap();
    let (node, tenant) = (market.town.host.node.clone(), market.town.provider.clone());
    let registering = tokio::spawn({
        let new = order(&resource, 5);
        async move { product::register(&node, &tenant, new).await }
    });
    let message = market.next().await;
    let between = market.own(&first).await;
    assert_eq!((between.product.listings().len(), between.product.offer.count), (1, Some(5)));
    assert!(between.product.is_offered() && between.awaits_region);
    assert!(!registering.is_finished(), "the region has not answered");
    market.carry(&message).await;
    let second = registering.await.unwrap().unwrap();
    assert_eq!(second.product.id, first.product.id);
    assert_eq!((second.product.listings().len(), second.awaits_region), (1, false));
    let resolved = search::resolve(&market.town.region.node, first.product.id.unwrap().as_str()).await;
    assert_eq!(resolved.unwrap().kind, "product");
}

/// Registers while the region answers.
async fn register(market: &Market, new: NewOffer) -> OwnProduct {
    let (node, tenant) = (market.town.host.node.clone(), market.town.provider.clone());
    let registering = tokio::spawn(async move { product::register(&node, &tenant, new).await });
    let message = market.next().await;
    market.carry(&message).await;
    registering.await.unwrap().unwrap()
}

#[tokio::test]
async fn a_product_that_is_registered_again_opens_nothing_that_was_closed() {
    let market = Market::open().await;
    let resource = market.add(market.file("O3,id\n1,2\n")).await;
    let narrow = json!({"action": "read", "count": 2, "fields": ["O3"], "from": "2026-01-01T00:00:00Z",
        "to": "2027-01-01T00:00:00Z"});
    let description = Some(I18n::new("说明", "words"));
    let first = NewOffer {
        offer: Some(narrow),
        industry: Some("0077".to_owned()),
        negotiation: Some(Negotiation::Manual),
        description: description.clone(),
        ..order(&resource, 1)
    };
    let first = register(&market, first).await;
    let silent = || NewOffer { offer: None, ..order(&resource, 1) };
    let again = register(&market, silent()).await;
    assert_eq!((&again.product.offer, again.negotiation), (&first.product.offer, Negotiation::Manual));
    assert_eq!(
        (Some(&again.product.description), again.product.industry),
        (description.as_ref(), first.product.industry)
    );

    // One dimension that is named takes the place of the earlier one; the others stay.
    let changes = json!({"count": 7}).as_object().cloned();
    let changed = register(&market, NewOffer { terms: changes.clone(), ..silent() }).await;
    assert_eq!(changed.product.offer, first.product.offer.clone().with_count(7));
    let both = NewOffer { terms: changes, ..order(&resource, 1) };
    let (node, tenant) = (&market.town.host.node, &market.town.provider);
    let refused = product::register(node, tenant, both).await.unwrap_err();
    assert!(matches!(&refused, Error::Input { field, .. } if field == "terms"), "{refused}");
}

#[tokio::test]
async fn a_new_product_without_terms_is_offered_for_a_year() {
    let market = Market::open().await;
    let resource = market.add(market.file("O3\n1\n")).await;
    let own = register(&market, NewOffer { offer: None, ..order(&resource, 1) }).await;
    let offer = own.product.offer;
    assert_eq!((offer.count, offer.time.end().secs() - offer.time.start().secs()), (None, 365 * 86_400));
    assert_eq!(own.negotiation, Negotiation::Automatic);
}

#[tokio::test]
async fn answers_that_come_at_once_lose_no_listing() {
    let market = Market::open().await;
    let resource = market.add(market.file("O3\n1\n")).await;
    let product = market.offer(&resource, 1).await;
    let services: Vec<NodeId> = (1..=4).map(service).collect();
    let answers = services.iter().map(|service| market.listed(&product, service));
    for answered in futures_util::future::join_all(answers).await {
        answered.unwrap();
    }
    let mut listed: Vec<NodeId> =
        market.own(&product).await.product.listings().into_iter().map(|one| one.node).collect();
    let mut expected = services;
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn two_who_add_the_same_file_at_once_have_one_resource() {
    let market = Market::open().await;
    let (node, speaker) = (&market.town.host.node, &market.town.provider);
    let new = market.file("O3\n1\n");
    let carried = async {
        for _ in 0..2 {
            let message = market.next().await;
            market.carry(&message).await;
        }
    };
    let (one, other, ()) = tokio::join!(
        resource::add(node, speaker, new.clone(), Arc::new(|_| ())),
        resource::add(node, speaker, new, Arc::new(|_| ())),
        carried
    );
    assert_eq!(one.unwrap().resource.id, other.unwrap().resource.id);
    assert_eq!(resource::list(node, speaker, &Part::all()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_registration_that_was_refused_says_so_and_can_be_repeated() {
    let market = Market::open().await;
    let (node, speaker) = (&market.town.host.node, &market.town.provider);
    let new = NewResource { path: PathBuf::from(&market.file("O3\n1\n").path), ..market.file("O3\n1\n") };
    let adding = resource::add(node, speaker, new.clone(), Arc::new(|_| ()));
    let refusing = async {
        let error = Error::Forbidden("not here".into());
        offer::undelivered(node, &market.next().await, &error).await.unwrap();
    };
    let (added, ()) = tokio::join!(adding, refusing);
    assert!(matches!(added, Err(Error::Forbidden(text)) if text.contains("not here")));
    assert!(market.add(new).await.resource.id.is_some());
}

impl Market {
    fn withdraw(&self, product: &OwnProduct) -> tokio::task::JoinHandle<Result<OwnProduct, Error>> {
        let (node, speaker) = (self.town.host.node.clone(), self.town.provider.clone());
        let id = product.product.id.clone().unwrap();
        tokio::spawn(async move { product::withdraw(&node, &speaker, id.as_str(), "over").await })
    }

    /// The message could not be delivered in all its time.
    async fn give_up(&self, row: &MessageRow) {
        offer::undelivered(&self.town.host.node, row, &Error::NotYet("the region is away".into()))
            .await
            .unwrap();
    }

    async fn letters(&self, state: outbox::State) -> Vec<outbox::Letter> {
        outbox::list(&self.town.host.node, Some(state), 0, 10).await.unwrap()
    }

    async fn is_withdrawn_at_the_region(&self, product: &OwnProduct) -> bool {
        let id = product.product.id.clone().unwrap();
        let found = search::resolve(&self.town.region.node, id.as_str()).await.unwrap();
        found.status == ndi::weir_v1::Status::Withdrawn
    }
}

#[tokio::test]
async fn a_withdrawal_that_was_given_up_is_a_dead_letter_and_leaves_when_it_is_said_again() {
    let market = Market::open().await;
    let resource = market.add(market.file("O3\n1\n")).await;
    let product = market.offer(&resource, 1).await;
    for is_dismissed in [false, true] {
        let withdrawing = market.withdraw(&product);
        let message = market.next().await;
        market.give_up(&message).await;
        let refused = withdrawing.await.unwrap().unwrap_err();
        assert!(matches!(&refused, Error::Forbidden(why) if why.contains("region is away")), "{refused}");
        let dead = market.letters(outbox::State::GivenUp).await;
        assert_eq!((dead.len(), dead[0].message.as_str(), dead[0].id), (1, "productWithdraw", message.id));
        assert!(!market.is_withdrawn_at_the_region(&product).await);
        if is_dismissed {
            outbox::dismiss(&market.town.host.node, message.id).await.unwrap();
        }
        let again = market.withdraw(&product);
        let sent = market.next().await;
        assert_eq!(sent.id == message.id, !is_dismissed, "the same message, or another where it is gone");
        assert!(market.own(&product).await.problem.is_some(), "nobody has answered yet");
        market.carry(&sent).await;
        assert_eq!(again.await.unwrap().unwrap().problem, None);
        assert!(market.is_withdrawn_at_the_region(&product).await);
        assert!(market.letters(outbox::State::GivenUp).await.is_empty());
        // What was answered is not said again.
        market.withdraw(&product).await.unwrap().unwrap();
        assert!(market.letters(outbox::State::Waiting).await.is_empty());
        market.offer(&resource, 1).await;
    }
}

#[tokio::test]
async fn a_withdrawal_that_waits_says_so_and_is_tried_at_once_when_it_is_said_again() {
    let market = Market::open().await;
    let resource = market.add(market.file("O3\n1\n")).await;
    let product = market.offer(&resource, 1).await;
    let withdrawing = market.withdraw(&product);
    let message = market.next().await;
    let later = market.town.clock_now().plus_secs(300).micros();
    let tried = message.clone();
    let away = market.town.host.node.store().run_tx("test_retry", move |tx| {
        let tried = tried.clone();
        Box::pin(async move { Ok::<_, Error>(tx.retry_message(&tried, later, "no route").await?) })
    });
    assert!(away.await.unwrap());
    let told = tokio::time::timeout(std::time::Duration::from_secs(60), withdrawing).await.unwrap().unwrap();
    assert!(matches!(&told, Err(Error::NotYet(why)) if why.case() == Some("unanswered")), "{told:?}");
    assert!(market.due().await.is_empty(), "its next try is minutes away");
    let again = market.withdraw(&product);
    let sent = market.next().await;
    assert_eq!((sent.id, sent.attempts), (message.id, 2));
    market.carry(&sent).await;
    again.await.unwrap().unwrap();
    assert!(market.is_withdrawn_at_the_region(&product).await);
}

#[tokio::test]
async fn a_registration_that_was_refused_is_a_dead_letter_until_it_is_done_again() {
    let market = Market::open().await;
    let (node, speaker) = (market.town.host.node.clone(), market.town.provider.clone());
    let file = market.file("O3\n1\n");
    let adding = tokio::spawn(async move { resource::add(&node, &speaker, file, Arc::new(|_| ())).await });
    let message = market.next().await;
    let no = Error::Peer { peer: "2".into(), code: "300107".into(), message: "no".into(), data: json!({}) };
    offer::undelivered(&market.town.host.node, &message, &no).await.unwrap();
    adding.await.unwrap().unwrap_err();
    let dead = market.letters(outbox::State::GivenUp).await;
    assert_eq!((dead.len(), dead[0].message.as_str()), (1, "resourceRegister"));
    assert!(dead[0].reason.as_deref().unwrap().contains("300107"), "{dead:?}");
    let added = market.add(market.file("O3\n1\n2\n")).await;
    assert_eq!(added.problem, None);
    assert!(market.letters(outbox::State::GivenUp).await.is_empty(), "the newer one took its place");
}

#[tokio::test]
async fn a_service_node_that_is_away_holds_up_no_region_and_its_problem_stays_its_own() {
    let market = Market::open().await;
    let resource = market.add(market.file("O3\n1\n")).await;
    let product = market.offer(&resource, 1).await;
    market.listed(&product, &service(1)).await.unwrap();
    let withdrawing = market.withdraw(&product);
    let messages = market.next_ones().await;
    let [delist, withdraw] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!((delist.kind.as_str(), withdraw.kind.as_str()), ("productDelist", "productWithdraw"));
    market.carry(withdraw).await;
    withdrawing.await.unwrap().unwrap();
    market.give_up(delist).await;
    assert!(market.own(&product).await.problem.is_some());
    // The region answers once more.
    let again = MessageRow { id: 0, ..withdraw.clone() };
    offer::answered(&market.town.host.node, &again, &json!({"status": "withdrawn"})).await.unwrap();
    let own = market.own(&product).await;
    assert_eq!(
        own.problem_with.as_deref(),
        Some(service(1).as_str()),
        "the region has answered, the service node has not"
    );
    assert_eq!(market.letters(outbox::State::GivenUp).await.len(), 1);
}

/// A product that a service node has listed.
struct Shelved {
    market: Market,
    resource: OwnResource,
    product: OwnProduct,
    id: ProductId,
    on: NodeId,
}

impl Shelved {
    async fn open() -> Shelved {
        let market = Market::open().await;
        let resource = market.add(market.file("O3\n1\n")).await;
        let product = market.offer(&resource, 1).await;
        let (id, on) = (product.product.id.clone().unwrap(), service(1));
        market.listed(&product, &on).await.unwrap();
        Shelved { market, resource, product, id, on }
    }
}

#[tokio::test]
async fn a_dead_letter_undoes_nothing_that_was_decided_later() {
    let Shelved { market, resource, product, id, on } = Shelved::open().await;
    let (node, speaker) = (&market.town.host.node, &market.town.provider);
    let (delisting, delist) =
        tokio::join!(product::delist(node, speaker, id.as_str(), Some(on.as_str()), "away"), async {
            let delist = market.next().await;
            market.give_up(&delist).await;
            delist
        });
    delisting.unwrap_err();
    let again = market.offer(&resource, 2).await;
    assert_eq!(again.problem_with.as_deref(), Some(on.as_str()), "the service node has not answered");
    // Listed by an answer while the letter is there: it is outdated.
    market.listed(&product, &on).await.unwrap();
    let refused = outbox::try_again(node, delist.id).await.unwrap_err();
    assert!(matches!(&refused, Error::Forbidden(why) if why.case() == Some("letter-obsolete")), "{refused}");
    assert_eq!(outbox::try_all_again(node).await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_said_to_a_service_node_takes_the_place_of_its_dead_letters_without_a_problem() {
    let Shelved { market, resource: _, product, id, on } = Shelved::open().await;
    let (node, speaker) = (&market.town.host.node, &market.town.provider);
    let (delisting, ()) =
        tokio::join!(product::delist(node, speaker, id.as_str(), Some(on.as_str()), "away"), async {
            market.give_up(&market.next().await).await;
        });
    delisting.unwrap_err();
    // An answer of the service node to an earlier message ends the problem; the letter is still there.
    let earlier = MessageRow {
        destination: on.to_string(),
        kind: ndi::weir_v1::catalogue::PRODUCT_DELIST_MSG.to_owned(),
        stream: format!("product/{}", product.product.key),
        ..market.blank()
    };
    offer::answered(node, &earlier, &json!({})).await.unwrap();
    assert_eq!(market.own(&product).await.problem, None);
    assert_eq!(market.letters(outbox::State::GivenUp).await.len(), 1);
    let (listing, ()) =
        tokio::join!(product::list_on(node, speaker, id.as_str(), Some(on.as_str())), async {
            let list = market.next().await;
            assert_eq!(list.kind, PRODUCT_LIST_MSG);
            offer::answered(node, &list, &json!({"status": "listed"})).await.unwrap();
        });
    listing.unwrap();
    assert!(market.letters(outbox::State::GivenUp).await.is_empty());
}

#[tokio::test]
async fn a_dead_withdrawal_is_not_tried_again_after_a_new_registration() {
    let market = Market::open().await;
    let node = market.town.host.node.clone();
    let resource = market.add(market.file("O3\n1\n")).await;
    let product = market.offer(&resource, 1).await;
    let withdrawing = market.withdraw(&product);
    let withdraw = market.next().await;
    // It is under way when the product is registered again, and fails only then.
    let (other, speaker) = (node.clone(), market.town.provider.clone());
    let new = order(&resource, 3);
    let registering = tokio::spawn(async move { product::register(&other, &speaker, new).await });
    while market.letters(outbox::State::Waiting).await.len() < 2 {
        tokio::task::yield_now().await;
    }
    market.give_up(&withdraw).await;
    market.carry(&market.next().await).await;
    registering.await.unwrap().unwrap();
    drop(withdrawing.await.unwrap());
    let dead = market.letters(outbox::State::GivenUp).await;
    assert_eq!((dead.len(), dead[0].id), (1, withdraw.id));
    assert_eq!(outbox::try_all_again(&node).await.unwrap(), 0);
    assert!(!market.is_withdrawn_at_the_region(&product).await);
    outbox::dismiss(&node, withdraw.id).await.unwrap();
}

#[tokio::test]
async fn a_listing_that_was_given_up_does_not_come_back_after_a_withdrawal() {
    let market = Market::open().await;
    let node = market.town.host.node.clone();
    let resource = market.add(market.file("O3\n1\n")).await;
    let product = market.offer(&resource, 1).await;
    let (other, speaker, id) =
        (node.clone(), market.town.provider.clone(), product.product.id.clone().unwrap().to_string());
    let listing =
        tokio::spawn(async move { product::list_on(&other, &speaker, &id, Some(service(1).as_str())).await });
    let list = market.next().await;
    market.give_up(&list).await;
    assert!(listing.await.unwrap().is_err());
    let withdrawing = market.withdraw(&product);
    market.carry(&market.next().await).await;
    withdrawing.await.unwrap().unwrap();
    register(&market, order(&resource, 2)).await;
    assert!(market.own(&product).await.product.is_offered());
    assert_eq!(market.letters(outbox::State::GivenUp).await.len(), 1);
    assert_eq!(outbox::try_all_again(&node).await.unwrap(), 0, "nobody asked for it since");
}

#[tokio::test]
async fn a_registration_said_again_waits_for_its_own_answer() {
    let market = Market::open().await;
    let resource = market.add(market.file("O3\n1\n")).await;
    let product = market.offer(&resource, 1).await;
    let register = |count| {
        let (node, speaker) = (market.town.host.node.clone(), market.town.provider.clone());
        let new = order(&resource, count);
        tokio::spawn(async move { product::register(&node, &speaker, new).await })
    };
    let earlier = register(2);
    let first = market.next().await;
    let later = register(3);
    while market.letters(outbox::State::Waiting).await.len() < 2 {
        tokio::task::yield_now().await;
    }
    market.carry(&first).await;
    let second = market.next().await;
    // The later call looks as often as this one does.
    for _ in 0..20 {
        assert!(market.own(&product).await.awaits_region, "the newest one was not answered");
        assert!(!later.is_finished());
    }
    let no = Error::Peer { peer: "2".into(), code: "300107".into(), message: "no".into(), data: json!({}) };
    offer::undelivered(&market.town.host.node, &second, &no).await.unwrap();
    assert!(matches!(later.await.unwrap(), Err(Error::Forbidden(_))));
    drop(earlier.await.unwrap());
}
