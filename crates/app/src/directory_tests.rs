//! Who may act: status and validity of the whole chain, the right issuer; a cache that forgets what changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crypto::cert::{Authority, Csr, Subject, Validity, self_signed_ca};
use crypto::{SigningKey, Suite};
use domain::id::{IdKind, NodeId, SubjectCode};

use super::*;
use crate::testkit::{PROVIDER, Town, at, credit_code};

struct Issued {
    root: Authority,
    region: Authority,
    region_id: NodeId,
}

fn mint(kind: IdKind, area: &str) -> NodeId {
    let subject = SubjectCode::uscc(&credit_code(1)).unwrap();
    NodeId::mint(kind, &subject, AreaCode::parse(area).unwrap(), rand::random::<u64>).unwrap()
}

fn name(ou: &str) -> Subject {
    Subject { cn: "localhost".into(), ou: ou.to_owned(), o: "O".into() }
}

fn days(from: &str, days: u32) -> Validity {
    Validity::days(at(from).secs(), days).unwrap()
}

/// A root of ten years, and a region's authority of one.
fn issued() -> Issued {
    let key = SigningKey::generate(Suite::Sm).unwrap();
    let root = self_signed_ca(&key, &name("root"), days("2026-01-01T00:00:00Z", 3650)).unwrap();
    let root = Authority::root(key, root).unwrap();
    let region_id = mint(IdKind::RegionNode, "1100");
    let key = SigningKey::generate(Suite::Sm).unwrap();
    let csr = Csr::new(&key, &name(region_id.as_str()), &[]).unwrap();
    let validity = days("2026-01-01T00:00:00Z", 365);
    let chain = root.issue_ca(&name(region_id.as_str()), csr.public_key(), validity, 0).unwrap();
    Issued { root, region: Authority::intermediate(key, chain).unwrap(), region_id }
}

fn leaf(authority: &Authority, id: &str) -> Chain {
    let key = SigningKey::generate(Suite::Intl).unwrap();
    authority.issue_leaf(&name(id), key.public_key(), days("2026-06-01T00:00:00Z", 730), &[]).unwrap()
}

fn known(chain: Chain, status: &str) -> Known {
    Known {
        id: "5".to_owned(),
        kind: "connector".to_owned(),
        subject: String::new(),
        name: String::new(),
        area: AreaCode::parse("1100").unwrap(),
        address: None,
        key: chain.public_key().clone(),
        chain,
        log: None,
        status: status.to_owned(),
    }
}

#[test]
fn one_may_act_while_certificate_and_issuers_are_valid() {
    let issued = issued();
    let one = known(leaf(&issued.region, "5"), "certified");
    for (time, may) in [
        ("2026-05-31T23:59:59Z", false),
        ("2026-06-01T00:00:00Z", true),
        ("2026-12-31T00:00:00Z", true),
        // The leaf is good until 2028, its issuer is not.
        ("2027-01-02T00:00:00Z", false),
    ] {
        assert_eq!(one.may_act(at(time)), may, "{time}");
    }
    let under_root = known(leaf(&issued.root, "5"), "certified");
    assert!(under_root.may_act(at("2027-01-02T00:00:00Z")));
    assert!(!under_root.may_act(at("2028-06-02T00:00:00Z")));
    assert!(!known(leaf(&issued.region, "5"), "deregistered").may_act(at("2026-07-01T00:00:00Z")));
}

#[test]
fn an_authority_certifies_members_of_its_own_area_alone() {
    let issued = issued();
    let (here, there) = ("1100", "3100");
    let by_region = leaf(&issued.region, mint(IdKind::Connector, "1100").as_str());
    assert!(by_region.check_issuer(false, here).is_ok());
    let elsewhere = by_region.check_issuer(false, there).unwrap_err().to_string();
    assert!(elsewhere.contains(issued.region_id.as_str()), "{elsewhere}");
    assert!(by_region.check_issuer(true, here).is_err(), "no function node");
    for kind in [IdKind::RegionNode, IdKind::IndustryNode, IdKind::ServiceNode, IdKind::Connector] {
        let id = mint(kind, if kind == IdKind::IndustryNode { "0077" } else { "3100" });
        assert_eq!(crypto::cert::area_of(id.as_str()), Some(id.area().to_string().as_str()));
    }
    let by_root = leaf(&issued.root, "5");
    assert!(by_root.check_issuer(false, there).is_ok());
    assert!(by_root.check_issuer(true, there).is_ok());
}

#[test]
fn chains_keep_their_wire_form_and_rubbish_is_refused() {
    let chain = leaf(&issued().region, "5");
    let wire = chain_to_wire(&chain);
    assert_eq!(wire.len(), 2);
    assert_eq!(chain_of(&wire).unwrap(), chain);
    for wrong in [vec![], vec!["rubbish".to_owned()], vec![wire[0].clone(), String::new()]] {
        assert!(matches!(chain_of(&wrong), Err(Error::Corrupt(_))), "{wrong:?}");
    }
}

#[test]
fn what_was_read_before_a_change_is_not_kept_after_it() {
    let directory = Directory::default();
    let entry = Arc::new(known(leaf(&issued().root, "5"), "certified"));
    let generation = directory.read(|cached| cached.generation);
    directory.forget("another");
    directory.keep(entry.clone(), generation);
    assert!(directory.cached("5").is_none(), "somebody may have changed it meanwhile");
    let generation = directory.read(|cached| cached.generation);
    directory.keep(entry, generation);
    assert!(directory.cached("5").is_some());
    directory.forget("5");
    assert!(directory.cached("5").is_none());
}

#[tokio::test]
async fn an_entry_under_anothers_certificate_is_not_known() {
    let town = Town::new().await;
    let region = &town.region.node;
    let genuine = region.known(town.provider.id().as_str()).await.unwrap();
    assert_eq!(genuine.subject, credit_code(PROVIDER));
    let roots = region.roots().unwrap();
    let body = crate::feed::nodes(region, ndi::weir_v1::public_log::NodeKind::Service).await.unwrap();
    let mut service = body.into_iter().next().unwrap();
    assert!(Known::from_body(&PublicBody::Node(service.clone()), &roots, region.now()).is_ok());
    service.sign_chain = chain_to_wire(&genuine.chain);
    let borrowed = Known::from_body(&PublicBody::Node(service), &roots, region.now());
    assert!(matches!(borrowed, Err(Error::Corrupt(_))), "{borrowed:?}");
    let missing = region.known(mint(IdKind::Connector, "1100").as_str()).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn an_entry_that_another_areas_authority_certified_is_not_known() {
    let town = Town::new().await;
    let region = &town.region.node;
    let roots = region.roots().unwrap();
    let authority = region.standing().unwrap();
    let of_area = |area: &str| {
        let id = mint(IdKind::Connector, area);
        let chain = leaf(authority.authority.as_ref().unwrap(), id.as_str());
        PublicBody::Connector(ConnectorBody {
            type_: ndi::weir_v1::public_log::BodyType::Connector,
            at: 0,
            subject: id.subject(),
            name: "C".to_owned(),
            area: id.area(),
            address: "http://127.0.0.1:1".to_owned(),
            suite: ndi::weir_v1::SuiteCode::Intl,
            sign_chain: chain_to_wire(&chain),
            status: ndi::weir_v1::Status::Certified,
            id,
        })
    };
    let now = at("2026-07-01T00:00:00Z");
    assert!(Known::from_body(&of_area("1100"), &roots, now).is_ok());
    let elsewhere = Known::from_body(&of_area("3100"), &roots, now);
    assert!(matches!(elsewhere, Err(Error::Crypto(_))), "{elsewhere:?}");
}
