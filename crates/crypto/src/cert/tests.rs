//! Tests of certificates, chains and requests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use der::asn1::{ObjectIdentifier, OctetString};
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{KeyUsage, KeyUsages};

use super::issue::{Tbs, Written, extension, seal};
use super::*;
use crate::{Error, PublicKey, SigningKey, Suite};

const SUITES: [Suite; 2] = [Suite::Sm, Suite::Intl];
/// 2026-11-24.
const NOW: i64 = 1_795_478_400;
const DAY: i64 = 86_400;

fn subject(cn: &str, ou: &str) -> Subject {
    Subject { cn: cn.to_owned(), ou: ou.to_owned(), o: "北京市生态环境监测中心".to_owned() }
}

fn key(suite: Suite) -> SigningKey {
    SigningKey::generate(suite).unwrap()
}

fn days(days: u32) -> Validity {
    Validity::days(NOW - DAY, days).unwrap()
}

/// Root → region → connector, each of its own suite.
struct Path {
    roots: Roots,
    root: Authority,
    region_key: SigningKey,
    region: Authority,
    leaf_key: SigningKey,
    chain: Chain,
}

fn path(root: Suite, region: Suite, leaf: Suite) -> Path {
    let root_key = key(root);
    let certificate = self_signed_ca(&root_key, &subject("global.test", "1"), days(3650)).unwrap();
    let roots = Roots::from_pem(&certificate.to_pem()).unwrap();
    let root = Authority::root(root_key, certificate).unwrap();
    let region_key = key(region);
    let region_chain =
        root.issue_ca(&subject("1100.test", "2"), region_key.public_key(), days(365), 0).unwrap();
    let region = Authority::intermediate(region_key.clone(), region_chain).unwrap();
    let leaf_key = key(leaf);
    let chain = region.issue_leaf(&subject("10.0.0.7", "5"), leaf_key.public_key(), days(90), &[]).unwrap();
    Path { roots, root, region_key, region, leaf_key, chain }
}

/// The same certificate after a change to its content, signed anew.
fn altered(certificate: &Certificate, issuer: &SigningKey, change: impl FnOnce(&mut Tbs)) -> Certificate {
    let mut tbs = Written::from_der(certificate.to_der()).unwrap().tbs;
    change(&mut tbs);
    seal(issuer, tbs).unwrap()
}

/// A root of the same name and key as another authority, but without its limits: what a cheating CA would use.
fn unlimited(key: &SigningKey, subject: &Subject) -> Authority {
    Authority::root(key.clone(), self_signed_ca(key, subject, days(3650)).unwrap()).unwrap()
}

#[test]
fn chains_verify_in_every_mixture_of_suites() {
    for root in SUITES {
        for region in SUITES {
            for leaf in SUITES {
                let path = path(root, region, leaf);
                // Over PEM and JSON, so that nothing rests on what issuing remembered.
                let chain = Chain::from_pem(&path.chain.to_pem()).unwrap();
                let json = serde_json::to_string(&chain).unwrap();
                let chain: Chain = serde_json::from_str(&json).unwrap();
                let verified = path.roots.verify(&chain, NOW).unwrap();
                assert_eq!(verified.id(), Some("5"));
                assert_eq!(verified.public_key(), path.leaf_key.public_key());
                assert_eq!(verified.valid_until, NOW + 89 * DAY);
                assert_eq!(&verified.root, path.root.certificate());
                assert_eq!(chain.len(), 2);
                assert_eq!(chain.leaf().signature_suite(), region);
                assert_eq!(chain.public_key().suite(), leaf);
            }
        }
    }
}

#[test]
fn a_certificate_says_what_it_was_issued_for() {
    let path = path(Suite::Sm, Suite::Sm, Suite::Intl);
    let sans: Vec<San> = ["connector.test", "10.0.0.7", "::1"].map(|san| san.parse().unwrap()).to_vec();
    let chain = path
        .region
        .issue_leaf(&subject("connector.test", "5"), path.leaf_key.public_key(), days(90), &sans)
        .unwrap();
    let leaf = Certificate::from_der(chain.leaf().to_der()).unwrap();
    assert_eq!(leaf.subject_cn(), Some("connector.test"));
    assert_eq!(leaf.subject_ou(), Some("5"));
    assert_eq!(leaf.subject_o(), Some("北京市生态环境监测中心"));
    assert_eq!(leaf.subject(), Some(subject("connector.test", "5")));
    assert_eq!(leaf.sans(), sans);
    assert_eq!((leaf.not_before(), leaf.not_after()), (NOW - DAY, NOW + 89 * DAY));
    assert_eq!(leaf.serial().len(), 32);
    assert!(!leaf.is_ca() && !leaf.is_self_issued());
    assert_eq!(leaf.fingerprint(), crate::Sha256::of(leaf.to_der()));
    assert!(path.region.certificate().is_ca());
    assert_eq!(path.region.certificate().path_len(), Some(0));
    assert!(path.root.certificate().is_self_issued());
    assert_eq!(path.root.certificate().path_len(), None);
    assert_ne!(leaf.serial(), path.chain.leaf().serial());
}

#[test]
fn validity_is_checked_for_every_certificate_at_both_ends() {
    let path = path(Suite::Intl, Suite::Sm, Suite::Intl);
    for (at, good) in [(NOW - DAY - 1, false), (NOW - DAY, true), (NOW + 89 * DAY, true)] {
        assert_eq!(path.roots.verify(&path.chain, at).is_ok(), good, "{at}");
    }
    let error = path.roots.verify(&path.chain, NOW - DAY - 1).unwrap_err();
    assert!(matches!(error, Error::NotYetValid { .. }), "{error}");
    // First the leaf ends, then the region, then the root: each names itself.
    for (after, whose) in [(89, "10.0.0.7 (5)"), (364, "1100.test (2)"), (3649, "global.test (1)")] {
        let error = path.roots.verify(&path.chain, NOW + after * DAY + 1).unwrap_err();
        let Error::Expired { subject, .. } = &error else { panic!("{error}") };
        assert_eq!(subject, whose);
    }
}

#[test]
fn a_certificate_never_outlives_its_issuer() {
    let path = path(Suite::Intl, Suite::Intl, Suite::Intl);
    let chain = path.region.issue_leaf(&subject("a.test", "5"), path.leaf_key.public_key(), days(9999), &[]);
    assert_eq!(chain.unwrap().leaf().not_after(), path.region.certificate().not_after());
    let later = Validity::days(NOW + 400 * DAY, 10).unwrap();
    let error = path.region.issue_leaf(&subject("a.test", "5"), path.leaf_key.public_key(), later, &[]);
    assert!(matches!(error, Err(Error::Validity { .. })));
}

#[test]
fn another_root_does_not_vouch() {
    for suite in SUITES {
        let (ours, theirs) = (path(suite, suite, suite), path(suite, suite, suite));
        // Same names, other keys: the key identifiers differ already.
        let error = theirs.roots.verify(&ours.chain, NOW).unwrap_err();
        assert!(matches!(error, Error::UnknownIssuer { .. }), "{error}");
        // Several roots: each chain finds its own.
        let both = Roots::from_pem(&[ours.roots.to_pem(), theirs.roots.to_pem()].concat()).unwrap();
        assert_eq!(both.certificates().len(), 2);
        assert_eq!(&both.verify(&ours.chain, NOW).unwrap().root, ours.root.certificate());
        assert_eq!(&both.verify(&theirs.chain, NOW).unwrap().root, theirs.root.certificate());
    }
}

#[test]
fn a_forged_signature_is_noticed_even_where_all_names_fit() {
    for suite in SUITES {
        let path = path(suite, suite, suite);
        let forged = altered(path.chain.leaf(), &key(suite), |_| {});
        let chain = Chain::new(vec![forged, path.region.certificate().clone()]).unwrap();
        let error = path.roots.verify(&chain, NOW).unwrap_err();
        assert!(matches!(error, Error::CertificateSignature { .. }), "{error}");
    }
}

#[test]
fn a_signature_of_the_other_suite_is_no_signature_of_the_issuer() {
    let path = path(Suite::Sm, Suite::Sm, Suite::Sm);
    let forged = altered(path.chain.leaf(), &key(Suite::Intl), |tbs| {
        tbs.signature.oid = Suite::Intl.signature_oid();
    });
    let chain = Chain::new(vec![forged, path.region.certificate().clone()]).unwrap();
    let error = path.roots.verify(&chain, NOW).unwrap_err();
    assert!(matches!(error, Error::CertificateSignature { .. }), "{error}");
}

#[test]
fn neighbours_that_do_not_belong_together_are_refused() {
    let (one, other) = (path(Suite::Intl, Suite::Sm, Suite::Sm), path(Suite::Intl, Suite::Sm, Suite::Sm));
    let region = one.region.certificate().clone();
    let swapped = Chain::new(vec![other.chain.leaf().clone(), region.clone()]).unwrap();
    let error = one.roots.verify(&swapped, NOW).unwrap_err();
    assert!(matches!(error, Error::IssuerMismatch { .. }), "{error}");
    let upside_down = Chain::new(vec![region.clone(), one.chain.leaf().clone()]).unwrap();
    assert!(one.roots.verify(&upside_down, NOW).is_err());
    let without_region = Chain::new(vec![one.chain.leaf().clone()]).unwrap();
    let error = one.roots.verify(&without_region, NOW).unwrap_err();
    assert!(matches!(error, Error::UnknownIssuer { .. }), "{error}");
    let doubled = Chain::new(vec![one.chain.leaf().clone(), region.clone(), region]).unwrap();
    let error = one.roots.verify(&doubled, NOW).unwrap_err();
    assert!(matches!(error, Error::PathLen { .. }), "{error}");
}

#[test]
fn a_leaf_cannot_act_as_a_ca() {
    for suite in SUITES {
        let path = path(Suite::Intl, Suite::Intl, suite);
        let cheat = unlimited(&path.leaf_key, &subject("10.0.0.7", "5"));
        let victim = key(suite);
        let forged = cheat.issue_leaf(&subject("bank.test", "6"), victim.public_key(), days(9), &[]).unwrap();
        let mut certificates = vec![forged.leaf().clone()];
        certificates.extend(path.chain.iter().cloned());
        // The region's path length is checked first, from the root downwards; with a longer one, the CA flag stops it.
        let error = path.roots.verify(&Chain::new(certificates.clone()).unwrap(), NOW).unwrap_err();
        assert!(matches!(error, Error::PathLen { limit: 0, found: 1, .. }), "{error}");
        let wide = path.root.issue_ca(&subject("1100.test", "2"), path.region_key.public_key(), days(365), 3);
        certificates[2] = wide.unwrap().leaf().clone();
        let error = path.roots.verify(&Chain::new(certificates).unwrap(), NOW).unwrap_err();
        let Error::NotCa { subject } = &error else { panic!("{error}") };
        assert_eq!(subject, "10.0.0.7 (5)");
        // Nor may it be made an authority in the first place.
        let refused = Authority::intermediate(path.leaf_key, path.chain);
        assert!(matches!(refused, Err(Error::NotCa { .. })));
    }
}

#[test]
fn path_length_limits_cas_but_not_leaves() {
    let path = path(Suite::Sm, Suite::Sm, Suite::Sm);
    let deeper = key(Suite::Sm);
    let asked = path.region.issue_ca(&subject("sub.test", "9"), deeper.public_key(), days(9), 0);
    assert!(matches!(asked, Err(Error::PathLen { limit: 0, found: 1, .. })));
    let cheat = unlimited(&path.region_key, &subject("1100.test", "2"));
    let sub = cheat.issue_ca(&subject("sub.test", "9"), deeper.public_key(), days(9), 0).unwrap();
    let above = vec![sub.leaf().clone(), path.region.certificate().clone()];
    // As the end of a chain, a CA certificate is a leaf like any other.
    path.roots.verify(&Chain::new(above.clone()).unwrap(), NOW).unwrap();
    let sub = Authority::intermediate(deeper, Chain::new(above).unwrap()).unwrap();
    let chain = sub.issue_leaf(&subject("a.test", "5"), path.leaf_key.public_key(), days(9), &[]).unwrap();
    assert_eq!(chain.len(), 3);
    let error = path.roots.verify(&chain, NOW).unwrap_err();
    assert!(matches!(error, Error::PathLen { limit: 0, found: 1, .. }), "{error}");
}

#[test]
fn three_levels_pass_where_the_path_length_allows_them() {
    let path = path(Suite::Intl, Suite::Sm, Suite::Intl);
    let region =
        path.root.issue_ca(&subject("r.test", "2"), path.region_key.public_key(), days(99), 1).unwrap();
    let region = Authority::intermediate(path.region_key, region).unwrap();
    let city_key = key(Suite::Intl);
    let city = region.issue_ca(&subject("c.test", "3"), city_key.public_key(), days(99), 0).unwrap();
    let city = Authority::intermediate(city_key, city).unwrap();
    let chain = city.issue_leaf(&subject("a.test", "5"), path.leaf_key.public_key(), days(9), &[]).unwrap();
    assert_eq!(chain.len(), 3);
    path.roots.verify(&chain, NOW).unwrap();
}

#[test]
fn key_usage_is_honoured() {
    let path = path(Suite::Intl, Suite::Intl, Suite::Intl);
    let only = |usage: KeyUsages| {
        move |tbs: &mut Tbs| {
            let wanted = extension(true, &KeyUsage(usage.into())).unwrap();
            tbs.extensions.retain(|extension| extension.extn_id != wanted.extn_id);
            tbs.extensions.push(wanted);
        }
    };
    let region = altered(path.region.certificate(), path.root.key(), only(KeyUsages::DigitalSignature));
    let chain = Chain::new(vec![path.chain.leaf().clone(), region.clone()]).unwrap();
    let error = path.roots.verify(&chain, NOW).unwrap_err();
    assert!(matches!(error, Error::KeyUsage { usage: "keyCertSign", .. }), "{error}");
    let refused = Authority::intermediate(path.region_key.clone(), Chain::new(vec![region]).unwrap());
    assert!(matches!(refused, Err(Error::KeyUsage { .. })));
    let leaf = altered(path.chain.leaf(), &path.region_key, only(KeyUsages::KeyAgreement));
    let chain = Chain::new(vec![leaf, path.region.certificate().clone()]).unwrap();
    let error = path.roots.verify(&chain, NOW).unwrap_err();
    assert!(matches!(error, Error::KeyUsage { usage: "digitalSignature", .. }), "{error}");
}

#[test]
fn an_unknown_critical_extension_is_refused_and_a_plain_one_ignored() {
    let path = path(Suite::Intl, Suite::Sm, Suite::Intl);
    let private = |critical| Extension {
        extn_id: ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1"),
        critical,
        extn_value: OctetString::new([5, 0]).unwrap(),
    };
    for critical in [false, true] {
        let leaf = altered(path.chain.leaf(), &path.region_key, |tbs| tbs.extensions.push(private(critical)));
        let chain = Chain::new(vec![leaf, path.region.certificate().clone()]).unwrap();
        match path.roots.verify(&chain, NOW) {
            Err(Error::CriticalExtension { oid, .. }) => assert!(critical && oid.ends_with("32473.1")),
            verdict => assert!(!critical && verdict.is_ok(), "{verdict:?}"),
        }
    }
}

#[test]
fn an_extension_that_stands_twice_is_malformed() {
    let path = path(Suite::Intl, Suite::Intl, Suite::Intl);
    let mut tbs = Written::from_der(path.chain.leaf().to_der()).unwrap().tbs;
    tbs.extensions.push(tbs.extensions[0].clone());
    let error = seal(&path.region_key, tbs).unwrap_err();
    assert!(error.to_string().contains("stands twice"), "{error}");
}

#[test]
fn a_root_may_stand_for_itself_or_end_a_chain() {
    let path = path(Suite::Sm, Suite::Intl, Suite::Sm);
    let root = path.root.certificate().clone();
    let alone = path.roots.verify(&Chain::new(vec![root.clone()]).unwrap(), NOW).unwrap();
    assert_eq!((&alone.leaf, &alone.root), (&root, &root));
    let mut with_root: Vec<Certificate> = path.chain.clone().into();
    with_root.push(root);
    path.roots.verify(&Chain::new(with_root).unwrap(), NOW).unwrap();
    // Another self-signed certificate of the same name and key is not the pinned one.
    let twin = unlimited(path.root.key(), &subject("global.test", "1"));
    let stranger = self_signed_ca(&key(Suite::Sm), &subject("global.test", "1"), days(9)).unwrap();
    assert_ne!(twin.certificate(), path.root.certificate());
    let error = path.roots.verify(&Chain::new(vec![stranger]).unwrap(), NOW).unwrap_err();
    assert!(matches!(error, Error::UnknownIssuer { .. }), "{error}");
}

#[test]
fn trust_is_self_signed_ca_certificates_only() {
    let path = path(Suite::Sm, Suite::Intl, Suite::Sm);
    assert!(matches!(Roots::from_pem(""), Err(Error::NoRoot)));
    assert!(matches!(Roots::from_pem("# nothing here\n"), Err(Error::NoRoot)));
    let region = path.region.certificate().to_pem();
    assert!(matches!(Roots::from_pem(&region), Err(Error::IssuerMismatch { .. })));
    let leaf = path.chain.leaf().to_pem();
    assert!(matches!(Roots::from_pem(&leaf), Err(Error::NotCa { .. })));
    let forged = altered(path.root.certificate(), &key(Suite::Sm), |_| {});
    assert!(matches!(Roots::new(vec![forged]), Err(Error::CertificateSignature { .. })));
    // A comment before the block is what people write into such files.
    Roots::from_pem(&format!("# the global node\n{}", path.roots.to_pem())).unwrap();
}

#[test]
fn chains_have_bounds() {
    let path = path(Suite::Intl, Suite::Intl, Suite::Intl);
    assert!(matches!(Chain::new(Vec::new()), Err(Error::EmptyChain)));
    assert!(matches!(Chain::from_pem(""), Err(Error::EmptyChain)));
    assert!(serde_json::from_str::<Chain>("[]").is_err());
    let many = vec![path.chain.leaf().clone(); MAX_CHAIN + 1];
    assert!(serde_json::from_str::<Chain>(&serde_json::to_string(&many).unwrap()).is_err());
    let error = Chain::new(many).unwrap_err();
    assert!(matches!(error, Error::ChainTooLong { found: 9, max: MAX_CHAIN }), "{error}");
}

#[test]
fn no_changed_byte_of_a_certificate_passes() {
    for suite in SUITES {
        let path = path(suite, suite, suite);
        let der = path.chain.leaf().to_der();
        for position in 0..der.len() {
            let mut changed = der.to_vec();
            changed[position] ^= 1 << (position % 8);
            let verdict = Certificate::from_der(&changed)
                .and_then(|leaf| Chain::new(vec![leaf, path.region.certificate().clone()]))
                .and_then(|chain| path.roots.verify(&chain, NOW));
            assert!(verdict.is_err(), "{suite}: byte {position} of {}", der.len());
        }
    }
}

/// Splices of several bytes, from a seed that is printed: nothing panics, and nothing but the original passes.
#[test]
fn no_spliced_certificate_passes() {
    let path = path(Suite::Sm, Suite::Intl, Suite::Intl);
    let der = path.chain.leaf().to_der();
    for seed in 1..=3000_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut draw = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % bound as u64) as usize
        };
        let start = draw(der.len());
        let end = (start + draw(9)).min(der.len());
        let filling: Vec<u8> = (0..draw(9)).map(|_| draw(256) as u8).collect();
        let spliced = [&der[..start], &filling, &der[end..]].concat();
        let verdict = Certificate::from_der(&spliced)
            .and_then(|leaf| Chain::new(vec![leaf, path.region.certificate().clone()]))
            .and_then(|chain| path.roots.verify(&chain, NOW));
        assert!(verdict.is_err() || spliced == der, "seed {seed}");
    }
}

#[test]
fn truncated_and_foreign_texts_are_refused() {
    let path = path(Suite::Sm, Suite::Sm, Suite::Sm);
    let der = path.chain.leaf().to_der();
    for length in 0..der.len() {
        assert!(Certificate::from_der(&der[..length]).is_err(), "{length}");
    }
    assert!(Certificate::from_der(&[der, &[0]].concat()).is_err());
    let pem = path.chain.leaf().to_pem();
    let key = path.leaf_key.to_pkcs8_pem().unwrap();
    let doubled = pem.repeat(2);
    for bad in ["", "text", &pem[..pem.len() / 2], &pem.replace("MI", "!!"), &key, &doubled] {
        let error = Certificate::from_pem(bad).unwrap_err();
        assert!(matches!(error, Error::Pem { .. }), "{error}");
        assert!(!error.to_string().contains(key.lines().nth(1).unwrap()));
    }
    // A private key pasted into a chain is refused as well.
    assert!(matches!(Chain::from_pem(&[pem.as_str(), &key].concat()), Err(Error::Pem { .. })));
    assert!(serde_json::from_str::<Certificate>("\"AAAA\"").is_err());
    assert!(serde_json::from_str::<Certificate>("\"?\"").is_err());
}

#[test]
fn a_signature_is_checked_once_per_certificate_but_the_time_always() {
    let path = path(Suite::Sm, Suite::Sm, Suite::Sm);
    let chain = path.chain.clone();
    path.roots.verify(&chain, NOW).unwrap();
    path.roots.verify(&chain, NOW).unwrap();
    assert!(path.roots.verify(&chain, NOW + 400 * DAY).is_err());
    // What was remembered for one issuer says nothing about another of the same names and key identifier.
    let stranger = key(Suite::Sm);
    let twin = altered(path.root.certificate(), &stranger, |tbs| {
        tbs.key = Decode::from_der(stranger.public_key().to_spki_der()).unwrap();
    });
    let error = Roots::new(vec![twin]).unwrap().verify(&chain, NOW).unwrap_err();
    assert!(matches!(error, Error::CertificateSignature { .. }), "{error}");
}

#[test]
fn an_authority_needs_its_own_key() {
    let path = path(Suite::Sm, Suite::Intl, Suite::Sm);
    let refused = Authority::root(key(Suite::Sm), path.root.certificate().clone());
    assert!(matches!(refused, Err(Error::KeyMismatch { .. })));
    assert_eq!(path.root.key().public_key(), path.root.certificate().public_key());
    assert!(path.root.above().is_empty());
    assert_eq!(path.region.above().len(), 1);
}

#[test]
fn requests_prove_possession_in_both_suites() {
    for suite in SUITES {
        let key = key(suite);
        let sans: Vec<San> = ["node.test", "127.0.0.1"].map(|san| san.parse().unwrap()).to_vec();
        let request = Csr::new(&key, &subject("node.test", "4"), &sans).unwrap();
        for read in [
            Csr::from_der(request.to_der()).unwrap(),
            Csr::from_pem(&request.to_pem()).unwrap(),
            serde_json::from_str(&serde_json::to_string(&request).unwrap()).unwrap(),
        ] {
            assert_eq!(read, request);
            assert_eq!(read.subject(), &subject("node.test", "4"));
            assert_eq!(read.public_key(), key.public_key());
            assert_eq!(read.sans(), sans);
        }
        assert!(Csr::new(&key, &subject("node.test", "4"), &[]).unwrap().sans().is_empty());
    }
}

#[test]
fn no_changed_byte_of_a_request_passes() {
    for suite in SUITES {
        let request = Csr::new(&key(suite), &subject("node.test", "4"), &[]).unwrap();
        for position in 0..request.to_der().len() {
            let mut changed = request.to_der().to_vec();
            changed[position] ^= 1 << (position % 8);
            assert!(Csr::from_der(&changed).is_err(), "{suite}: byte {position}");
        }
    }
    assert!(matches!(Csr::from_pem("text"), Err(Error::Pem { .. })));
}

#[test]
fn a_request_for_a_key_that_its_sender_lacks_is_refused() {
    let (mine, theirs) = (key(Suite::Sm), key(Suite::Sm));
    let honest = Csr::new(&mine, &subject("node.test", "4"), &[]).unwrap();
    // Puts the other's key in place of the signer's: same length, one occurrence.
    let der = replace_once(honest.to_der(), mine.public_key(), theirs.public_key());
    assert!(matches!(Csr::from_der(&der), Err(Error::BadSignature)));
}

fn replace_once(der: &[u8], from: &PublicKey, to: &PublicKey) -> Vec<u8> {
    let width = from.to_spki_der().len();
    let start = der.windows(width).position(|window| window == from.to_spki_der()).unwrap();
    [&der[..start], to.to_spki_der(), &der[start + width..]].concat()
}

#[test]
fn subjects_have_bounds() {
    let key = key(Suite::Intl);
    let long = "长".repeat(64);
    let fits = Subject { cn: long.clone(), ou: "x".repeat(64), o: long.clone() };
    let certificate = self_signed_ca(&key, &fits, days(1)).unwrap();
    assert_eq!(certificate.subject(), Some(fits.clone()));
    for (bad, field) in [
        (Subject { cn: String::new(), ..fits.clone() }, "CN"),
        (Subject { ou: "x".repeat(65), ..fits.clone() }, "OU"),
        (Subject { o: "a\nb".to_owned(), ..fits.clone() }, "O"),
        (Subject { o: "a\0b".to_owned(), ..fits }, "O"),
    ] {
        let error = self_signed_ca(&key, &bad, days(1)).unwrap_err();
        assert!(matches!(&error, Error::SubjectField { field: named, .. } if *named == field), "{error}");
        assert!(Csr::new(&key, &bad, &[]).is_err());
    }
}

#[test]
fn a_subject_cannot_smuggle_another_attribute() {
    let key = key(Suite::Intl);
    let tricky = subject("a.test, OU=1+O=evil\\,/CN=b", "#0c01");
    assert_eq!(self_signed_ca(&key, &tricky, days(1)).unwrap().subject(), Some(tricky));
}

#[test]
fn periods_must_be_periods() {
    for (from, to) in [(10, 9), (-1, 10), (0, i64::MAX), (i64::MIN, i64::MAX)] {
        assert!(matches!(Validity::new(from, to), Err(Error::Validity { .. })), "{from} {to}");
    }
    assert!(Validity::days(i64::MAX, 1).is_err());
    // On both sides of 2050, where X.509 changes how it writes time.
    let key = key(Suite::Intl);
    let long = Validity::new(NOW, NOW + 36_500 * DAY).unwrap();
    let certificate = self_signed_ca(&key, &subject("a.test", "1"), long).unwrap();
    assert_eq!((certificate.not_before(), certificate.not_after()), (NOW, NOW + 36_500 * DAY));
    assert_eq!(Validity::new(5, 5).unwrap().not_before(), 5);
}

#[test]
fn hosts_are_names_or_addresses() {
    for (text, read) in [("Node.Test", "node.test"), ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("a", "a")] {
        assert_eq!(text.parse::<San>().unwrap().to_string(), read);
    }
    let long = format!("{}.test", "a".repeat(64));
    for bad in ["", ".", "a..b", "-a.test", "a-.test", "a_b", "国.test", "a b", "http://a", "*.a.test", &long]
    {
        assert!(matches!(bad.parse::<San>(), Err(Error::Host(_))), "{bad}");
    }
    let json = serde_json::to_string(&"::1".parse::<San>().unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<San>(&json).unwrap(), San::Ip("::1".parse().unwrap()));
}

#[test]
fn signature_bits_are_der_in_both_suites() {
    for suite in SUITES {
        let path = path(suite, suite, suite);
        let written = Written::from_der(path.chain.leaf().to_der()).unwrap();
        let bits = written.signature.as_bytes().unwrap();
        assert_eq!(bits[0], 0x30, "a SEQUENCE");
        let signature = crate::Signature::from_der(suite, bits).unwrap();
        path.region_key.public_key().verify(&written.tbs.to_der().unwrap(), &signature).unwrap();
    }
}

#[test]
fn debug_shows_names_not_keys() {
    let path = path(Suite::Sm, Suite::Sm, Suite::Sm);
    let debug = format!("{:?} {:?}", path.region, path.chain);
    assert!(debug.contains("redacted") && debug.contains("10.0.0.7 (5)"), "{debug}");
    let secret = path.region_key.to_pkcs8_pem().unwrap();
    assert!(!debug.contains(secret.lines().nth(1).unwrap()));
}

#[test]
fn an_authority_certifies_members_of_its_own_area_and_the_root_everybody() {
    let id = |kind: char, area: &str| format!("{kind}911100006000373411{area}000000010");
    let root_key = key(Suite::Sm);
    let root = self_signed_ca(&root_key, &subject("global.test", "root"), days(3650)).unwrap();
    let root = Authority::root(root_key, root).unwrap();
    let leaf_key = key(Suite::Intl);
    let leaf = |authority: &Authority| {
        let name = subject("10.0.0.7", &id('5', "1100"));
        authority.issue_leaf(&name, leaf_key.public_key(), days(90), &[]).unwrap()
    };
    // What the authority is, whether it may certify a member of 1100, and one of 3100.
    for (authority, here, there) in [
        (id('2', "1100"), true, false),
        (id('3', "1100"), true, false),
        (id('4', "1100"), false, false),
        (id('1', "1100"), false, false),
        (format!("{}X", id('2', "1100")), false, false),
        ("2".to_owned(), false, false),
    ] {
        let authority_key = key(Suite::Sm);
        let name = subject("1100.test", &authority);
        let chain = root.issue_ca(&name, authority_key.public_key(), days(365), 0).unwrap();
        let chain = leaf(&Authority::intermediate(authority_key, chain).unwrap());
        assert_eq!(chain.check_issuer(false, "1100").is_ok(), here, "{authority}");
        assert_eq!(chain.check_issuer(false, "3100").is_ok(), there, "{authority}");
        assert!(matches!(chain.check_issuer(false, ""), Err(Error::ForeignIssuer { .. })), "{authority}");
        assert!(matches!(chain.check_issuer(true, "1100"), Err(Error::ForeignIssuer { .. })), "{authority}");
    }
    for by_root in [true, false] {
        assert!(leaf(&root).check_issuer(by_root, "3100").is_ok());
    }
}
