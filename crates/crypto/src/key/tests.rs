//! Tests of signing and verifying keys.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::LogKey;

const SUITES: [Suite; 2] = [Suite::Sm, Suite::Intl];

fn public_key(suite: Suite, x: &str, y: &str) -> PublicKey {
    let point = [vec![4], hex::decode(x).unwrap(), hex::decode(y).unwrap()].concat();
    PublicKey::from_point(suite, &point).unwrap()
}

/// GB/T 32918.5, appendix A.2: signed with the default identifier.
#[test]
fn sm2_standards_example() {
    let key = public_key(
        Suite::Sm,
        "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020",
        "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
    );
    let signature = Signature::from_raw_hex(
        Suite::Sm,
        "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA",
    )
    .unwrap();
    key.verify(b"message digest", &signature).unwrap();
    assert!(matches!(key.verify(b"message digesT", &signature), Err(Error::BadSignature)));
}

/// RFC 7515, appendix A.3.
#[test]
fn es256_standards_example() {
    let key = public_key(
        Suite::Intl,
        "7fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445",
        "c7f144cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad",
    );
    let message = b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = Signature::from_raw_hex(
        Suite::Intl,
        "0ed1215379636c483c2f7f155807d402a3b228033af97c7e17819ac3169ea665c50a07d38c3c70e5d8f12daf084a5480a66590c5f293509a8f3f7f8a83a354d5",
    )
    .unwrap();
    key.verify(message, &signature).unwrap();
    assert!(matches!(key.verify(&message[1..], &signature), Err(Error::BadSignature)));
}

#[test]
fn a_signature_fits_its_message_and_key_only() {
    for suite in SUITES {
        let key = SigningKey::generate(suite).unwrap();
        let signature = key.sign(b"weir").unwrap();
        assert_eq!(signature.suite(), suite);
        key.public_key().verify(b"weir", &signature).unwrap();
        assert!(matches!(key.public_key().verify(b"Weir", &signature), Err(Error::BadSignature)));
        assert!(matches!(key.public_key().verify(b"", &signature), Err(Error::BadSignature)));
        let other = SigningKey::generate(suite).unwrap();
        assert!(matches!(other.public_key().verify(b"weir", &signature), Err(Error::BadSignature)));
    }
}

#[test]
fn every_flipped_bit_breaks_a_signature() {
    for suite in SUITES {
        let key = SigningKey::generate(suite).unwrap();
        let raw = *key.sign(b"weir").unwrap().as_raw();
        for position in 0..64 {
            let mut flipped = raw;
            flipped[position] ^= 1 << (position % 8);
            let signature = Signature::from_raw(suite, flipped);
            let verdict = key.public_key().verify(b"weir", &signature);
            assert!(matches!(verdict, Err(Error::BadSignature)), "{suite}, byte {position}");
        }
    }
}

#[test]
fn numbers_out_of_range_are_no_signature() {
    for suite in SUITES {
        let key = SigningKey::generate(suite).unwrap();
        for raw in [[0; 64], [0xff; 64]] {
            let verdict = key.public_key().verify(b"weir", &Signature::from_raw(suite, raw));
            assert!(matches!(verdict, Err(Error::BadSignature)), "{suite}");
        }
    }
}

#[test]
fn the_other_suite_is_refused_by_name() {
    let [sm, intl] = SUITES.map(|suite| SigningKey::generate(suite).unwrap());
    let error = sm.public_key().verify(b"weir", &intl.sign(b"weir").unwrap()).unwrap_err();
    assert!(matches!(error, Error::WrongSuite { expected: Suite::Sm, found: Suite::Intl }), "{error}");
    let error = intl.public_key().verify(b"weir", &sm.sign(b"weir").unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "wrong suite `sm`: expected `intl`");
}

#[test]
fn private_keys_read_back_from_pem() {
    for suite in SUITES {
        let key = SigningKey::generate(suite).unwrap();
        let pem = key.to_pkcs8_pem().unwrap();
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"), "not PKCS#8");
        let again = SigningKey::from_pkcs8_pem(&format!("\n{}\n\n", *pem)).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        assert_eq!(*again.to_pkcs8_pem().unwrap(), *pem);
        key.public_key().verify(b"weir", &again.sign(b"weir").unwrap()).unwrap();
    }
}

#[test]
fn damaged_private_keys_are_refused_without_repeating_them() {
    for suite in SUITES {
        let pem = SigningKey::generate(suite).unwrap().to_pkcs8_pem().unwrap();
        let body: Vec<&str> = pem.lines().collect();
        let truncated = [body[0], body[1], body[body.len() - 1]].join("\n");
        let renamed = pem.replace("PRIVATE KEY", "EC PRIVATE KEY");
        let cut = &pem[..pem.len() / 2];
        for bad in ["", "text", cut, &truncated, &renamed] {
            let error = SigningKey::from_pkcs8_pem(bad).unwrap_err();
            assert!(matches!(error, Error::Pem { .. } | Error::PrivateKey(_)), "{error}");
            assert!(!error.to_string().contains(body[1]), "the message repeats the key");
        }
    }
}

#[test]
fn keys_of_other_kinds_are_refused() {
    let ed25519 = LogKey::generate().unwrap().to_pem().unwrap();
    let error = SigningKey::from_pkcs8_pem(&ed25519).unwrap_err();
    assert!(error.to_string().contains("neither SM2 nor P-256"), "{error}");
    // A P-256 point under SM2's curve identifier is not taken for an SM2 key.
    let intl = SigningKey::generate(Suite::Intl).unwrap();
    let mislabelled = [&SM_SPKI[..], &intl.public_key().to_spki_der()[26..]].concat();
    assert!(matches!(PublicKey::from_spki_der(&mislabelled), Err(Error::PublicKey)));
}

#[test]
fn public_keys_read_back_in_every_form() {
    for suite in SUITES {
        let key = SigningKey::generate(suite).unwrap().public_key().clone();
        assert_eq!(key.to_spki_der().len(), 91);
        assert_eq!(PublicKey::from_spki_der(key.to_spki_der()).unwrap(), key);
        assert_eq!(PublicKey::from_pem(&key.to_pem()).unwrap(), key);
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<PublicKey>(&json).unwrap(), key);
        assert_eq!(key.key_id().to_string(), Sha256::of(key.to_spki_der()).to_string()[..32]);
    }
}

#[test]
fn malformed_public_keys_are_refused() {
    for suite in SUITES {
        let der = SigningKey::generate(suite).unwrap().public_key().to_spki_der().to_vec();
        let trailing = [&der[..], &[0]].concat();
        let mut compressed = der.clone();
        compressed[26] = 2;
        for bad in [&der[..90], &trailing, &compressed, &der[..26], &[]] {
            assert!(matches!(PublicKey::from_spki_der(bad), Err(Error::PublicKey)), "{suite}: {bad:?}");
        }
    }
    assert!(serde_json::from_str::<PublicKey>("\"!\"").is_err());
    assert!(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n").is_err());
}

#[test]
fn a_point_off_its_curve_verifies_nothing() {
    for suite in SUITES {
        let key = SigningKey::generate(suite).unwrap();
        let mut der = key.public_key().to_spki_der().to_vec();
        der[90] ^= 1;
        let signature = key.sign(b"weir").unwrap();
        let verdict = PublicKey::from_spki_der(&der).and_then(|off| off.verify(b"weir", &signature));
        assert!(verdict.is_err(), "{suite}");
    }
}

#[test]
fn key_references_name_suite_and_id() {
    for suite in SUITES {
        let reference = SigningKey::generate(suite).unwrap().key_ref();
        let text = reference.to_string();
        assert_eq!(text, format!("{suite}:{}", reference.id));
        assert_eq!(text.parse::<KeyRef>().unwrap(), reference);
        let json = serde_json::to_string(&reference).unwrap();
        assert_eq!(serde_json::from_str::<KeyRef>(&json).unwrap(), reference);
        assert!(text.to_uppercase().parse::<KeyRef>().is_err());
    }
    for bad in ["", "sm", "sm:", "sm:12", "x:00112233445566778899aabbccddeeff"] {
        assert!(bad.parse::<KeyRef>().is_err(), "{bad}");
    }
    assert!("00112233445566778899AABBCCDDEEFF".parse::<KeyId>().is_err());
}

#[test]
fn debug_shows_the_public_name_only() {
    for suite in SUITES {
        let key = SigningKey::generate(suite).unwrap();
        let debug = format!("{key:?}");
        assert_eq!(debug, format!("SigningKey({}, private part redacted)", key.key_ref()));
        assert_eq!(format!("{:?}", key.public_key()), format!("PublicKey({})", key.key_ref()));
    }
}

#[test]
fn clones_share_the_parsed_key_across_threads() {
    let key = SigningKey::generate(Suite::Sm).unwrap();
    let handles: Vec<_> = (0..4_u8)
        .map(|n| {
            let key = key.clone();
            std::thread::spawn(move || (n, key.sign(&[n]).unwrap()))
        })
        .collect();
    for handle in handles {
        let (n, signature) = handle.join().unwrap();
        key.public_key().verify(&[n], &signature).unwrap();
    }
}
