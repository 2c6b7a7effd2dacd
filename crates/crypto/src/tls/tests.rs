//! Tests of TLS keys and certificates, with rustls as the judge.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use super::*;
use crate::cert::{Certificate, Roots, self_signed_ca};

const NOW: i64 = 1_795_478_400;

#[derive(Debug)]
struct FixedTime(i64);

impl TimeProvider for FixedTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(self.0).unwrap())))
    }
}

fn subject(cn: &str) -> Subject {
    Subject { cn: cn.to_owned(), ou: "tls".to_owned(), o: "堰".to_owned() }
}

fn validity() -> Validity {
    Validity::days(NOW - 10, 30).unwrap()
}

fn sans(hosts: &[&str]) -> Vec<San> {
    hosts.iter().map(|host| host.parse().unwrap()).collect()
}

fn authority(suite: Suite) -> Authority {
    let key = SigningKey::generate(suite).unwrap();
    let certificate = self_signed_ca(&key, &subject("tls-root.test"), validity()).unwrap();
    Authority::root(key, certificate).unwrap()
}

fn identity(authority: &Authority, host: &str) -> TlsIdentity {
    let key = generate_key().unwrap();
    let request = request(&key, &subject(host), &sans(&[host])).unwrap();
    let chain =
        issue_tls_leaf(authority, request.subject(), request.public_key(), validity(), request.sans())
            .unwrap();
    TlsIdentity::new(key, chain).unwrap()
}

fn rustls_parts(identity: &TlsIdentity) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain = CertificateDer::pem_slice_iter(identity.chain_pem().as_bytes()).map(Result::unwrap).collect();
    (chain, PrivateKeyDer::from_pem_slice(identity.key_pem().unwrap().as_bytes()).unwrap())
}

fn store(root: &Certificate) -> Arc<RootCertStore> {
    let mut store = RootCertStore::empty();
    store.add(CertificateDer::from(root.to_der().to_vec())).unwrap();
    Arc::new(store)
}

/// A handshake in memory in which both sides show certificates.
fn handshake(
    root: &Certificate,
    server: &TlsIdentity,
    client: &TlsIdentity,
    host: &str,
    at: i64,
) -> Result<(), rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let (chain, key) = rustls_parts(server);
    let clients = WebPkiClientVerifier::builder_with_provider(store(root), provider.clone()).build().unwrap();
    let server = ServerConfig::builder_with_details(provider.clone(), Arc::new(FixedTime(at)))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)?;
    let servers = WebPkiServerVerifier::builder_with_provider(store(root), provider.clone()).build().unwrap();
    let (chain, key) = rustls_parts(client);
    let client = ClientConfig::builder_with_details(provider, Arc::new(FixedTime(at)))
        .with_safe_default_protocol_versions()?
        .with_webpki_verifier(servers)
        .with_client_auth_cert(chain, key)?;
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name)?;
    let mut server = ServerConnection::new(Arc::new(server))?;
    // Three flights each way are more than TLS 1.3 needs.
    for _ in 0..3 {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut wire = Vec::new();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(())
}

#[test]
fn rustls_accepts_both_sides_by_name_and_by_address() {
    let authority = authority(Suite::Intl);
    let client = identity(&authority, "client.test");
    for host in ["node.test", "127.0.0.1", "::1"] {
        let server = identity(&authority, host);
        handshake(authority.certificate(), &server, &client, host, NOW).unwrap();
    }
}

#[test]
fn rustls_refuses_other_hosts_times_and_roots() {
    let ours = authority(Suite::Intl);
    let (server, client) = (identity(&ours, "node.test"), identity(&ours, "client.test"));
    let root = ours.certificate();
    assert!(handshake(root, &server, &client, "other.test", NOW).is_err());
    assert!(handshake(root, &server, &client, "node.test", NOW + 40 * 86_400).is_err());
    assert!(handshake(root, &server, &client, "node.test", NOW - 60).is_err());
    let stranger = authority(Suite::Intl);
    assert!(handshake(root, &identity(&stranger, "node.test"), &client, "node.test", NOW).is_err());
    assert!(handshake(root, &server, &identity(&stranger, "client.test"), "node.test", NOW).is_err());
}

#[test]
fn rustls_accepts_an_intermediate_authority() {
    let root = authority(Suite::Intl);
    let key = SigningKey::generate(Suite::Intl).unwrap();
    let chain = root.issue_ca(&subject("tls-1100.test"), key.public_key(), validity(), 0).unwrap();
    let region = Authority::intermediate(key, chain).unwrap();
    let (server, client) = (identity(&region, "node.test"), identity(&root, "client.test"));
    assert_eq!(server.chain().len(), 2);
    handshake(root.certificate(), &server, &client, "node.test", NOW).unwrap();
}

#[test]
fn a_message_certificate_is_no_tls_certificate() {
    let authority = authority(Suite::Intl);
    let key = generate_key().unwrap();
    let chain = authority.issue_leaf(&subject("node.test"), key.public_key(), validity(), &[]).unwrap();
    let server = TlsIdentity::new(key, chain).unwrap();
    let client = identity(&authority, "client.test");
    assert!(handshake(authority.certificate(), &server, &client, "node.test", NOW).is_err());
}

#[test]
fn a_tls_certificate_signs_no_messages() {
    let authority = authority(Suite::Intl);
    let roots = Roots::new(vec![authority.certificate().clone()]).unwrap();
    let tls = identity(&authority, "node.test");
    roots.verify_tls(tls.chain(), NOW).unwrap();
    let error = roots.verify(tls.chain(), NOW).unwrap_err();
    assert!(matches!(error, Error::KeyUsage { usage: "anyExtendedKeyUsage", .. }), "{error}");
    assert!(matches!(roots.verify_tls(tls.chain(), NOW + 40 * 86_400), Err(Error::Expired { .. })));
}

#[test]
fn sm2_is_refused_wherever_it_would_end_in_tls() {
    let (sm, intl) = (authority(Suite::Sm), authority(Suite::Intl));
    let (sm_key, key) = (SigningKey::generate(Suite::Sm).unwrap(), generate_key().unwrap());
    let hosts = sans(&["node.test"]);
    let wrong = |verdict: Result<()>| {
        let error = verdict.unwrap_err();
        assert!(matches!(error, Error::WrongSuite { expected: Suite::Intl, found: Suite::Sm }), "{error}");
    };
    wrong(request(&sm_key, &subject("node.test"), &hosts).map(drop));
    wrong(issue_tls_leaf(&sm, &subject("node.test"), key.public_key(), validity(), &hosts).map(drop));
    wrong(issue_tls_leaf(&intl, &subject("node.test"), sm_key.public_key(), validity(), &hosts).map(drop));
    // An ES256 authority below an SM2 root.
    let region_key = generate_key().unwrap();
    let chain = sm.issue_ca(&subject("1100.test"), region_key.public_key(), validity(), 0).unwrap();
    let region = Authority::intermediate(region_key, chain).unwrap();
    wrong(issue_tls_leaf(&region, &subject("node.test"), key.public_key(), validity(), &hosts).map(drop));
    let chain = sm.issue_leaf(&subject("node.test"), key.public_key(), validity(), &hosts).unwrap();
    wrong(TlsIdentity::new(key, chain).map(drop));
}

#[test]
fn an_identity_is_a_key_with_its_own_certificate_for_some_host() {
    let authority = authority(Suite::Intl);
    let identity = identity(&authority, "node.test");
    let other = generate_key().unwrap();
    let mismatch = TlsIdentity::new(other.clone(), identity.chain().clone());
    assert!(matches!(mismatch, Err(Error::KeyMismatch { .. })));
    let nowhere = issue_tls_leaf(&authority, &subject("node.test"), other.public_key(), validity(), &[]);
    assert!(matches!(nowhere, Err(Error::Host(_))));
    let again = TlsIdentity::from_pem(&identity.key_pem().unwrap(), &identity.chain_pem()).unwrap();
    assert_eq!(again.chain(), identity.chain());
    assert!(TlsIdentity::from_pem(&identity.chain_pem(), &identity.key_pem().unwrap()).is_err());
    assert!(!format!("{identity:?}").contains(identity.key_pem().unwrap().lines().nth(1).unwrap()));
}
