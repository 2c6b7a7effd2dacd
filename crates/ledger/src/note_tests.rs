//! Notes against the example of C2SP signed-note and another implementation's vector, and notes that are none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;

/// The example of C2SP signed-note.
const SALVATORE: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
    — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

/// The well-known example of the notes' first implementation, with its key.
const NEUMANN: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const NEUMANN_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

const TEXT: &str = "one line\n\nand, after an empty one, 另一行\n";

fn ed25519(name: &str) -> NoteSigner {
    NoteSigner::ed25519(name, LogKey::generate().unwrap()).unwrap()
}

fn sm2(name: &str) -> NoteSigner {
    NoteSigner::sm2(name, SigningKey::generate(Suite::Sm).unwrap()).unwrap()
}

#[test]
fn the_specification_s_example_is_read_and_written_back() {
    let note: Note = SALVATORE.parse().unwrap();
    assert!(note.text().ends_with("\n\ned è subito sera.\n"), "an empty line may stand in the text");
    let [line] = note.signatures() else { panic!("{note:?}") };
    assert_eq!(line.name, "quasimodo.example/salvatore");
    assert_eq!(hex::encode(line.key_hash), "367ba04b");
    assert_eq!(line.signature.len(), 64);
    assert_eq!(note.to_string(), SALVATORE);
}

#[test]
fn a_note_of_another_implementation_verifies() {
    let key: NoteVerifier = NEUMANN_KEY.parse().unwrap();
    assert_eq!(key.to_string(), NEUMANN_KEY);
    assert_eq!((key.name(), hex::encode(key.key_hash())), ("PeterNeumann", "c74f20a3".to_owned()));
    let note: Note = NEUMANN.parse().unwrap();
    note.verify(&[&key]).unwrap();
    let forged: Note = NEUMANN.replace("your problem is", "my problem is").parse().unwrap();
    assert!(
        matches!(forged.verify(&[&key]), Err(LedgerError::NoteForged { name }) if name == "PeterNeumann")
    );
}

#[test]
fn signing_gives_the_other_implementation_s_bytes() {
    // The published private key of the example: the type byte and the seed, here wrapped into PKCS#8.
    let seed = STANDARD.decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").unwrap();
    let der = [&hex::decode("302e020100300506032b657004220420").unwrap(), &seed[1..]].concat();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der));
    let signer = NoteSigner::ed25519("PeterNeumann", LogKey::from_pem(&pem).unwrap()).unwrap();
    assert_eq!(signer.verifier().to_string(), NEUMANN_KEY);
    let (text, _) = NEUMANN.rsplit_once("\n\n").unwrap();
    assert_eq!(Note::sign(&format!("{text}\n"), &[&signer]).unwrap().to_string(), NEUMANN);
}

#[test]
fn both_kinds_sign_and_verify_through_their_text_forms() {
    for signer in [ed25519("weir.example/evidence"), sm2("weir.example/evidence")] {
        let note = Note::sign(TEXT, &[&signer]).unwrap().to_string();
        let vkey: NoteVerifier = signer.verifier().to_string().parse().unwrap();
        assert_eq!(&vkey, signer.verifier());
        let note: Note = note.parse().unwrap();
        assert_eq!(note.text(), TEXT);
        note.verify(&[&vkey]).unwrap();
    }
}

#[test]
fn the_private_kind_says_so_in_its_key() {
    let vkey = sm2("weir.example").verifier().to_string();
    let key = STANDARD.decode(vkey.splitn(3, '+').nth(2).unwrap()).unwrap();
    assert!(key.starts_with(b"\xffweir sm2"));
    let hash = Sha256::of(&[b"weir.example\n", key.as_slice()].concat()).to_string();
    assert_eq!(
        vkey.split('+').nth(1).unwrap(),
        &hash[..8],
        "the key hash of C2SP signed-note, \"Signatures\""
    );
}

#[test]
fn every_given_key_must_have_signed_and_others_are_skipped() {
    let (log, other, sm) = (ed25519("weir.example"), ed25519("weir.example"), sm2("weir.example"));
    let both: Note = Note::sign(TEXT, &[&log, &sm]).unwrap().to_string().parse().unwrap();
    both.verify(&[log.verifier()]).unwrap();
    both.verify(&[sm.verifier()]).unwrap();
    both.verify(&[log.verifier(), sm.verifier()]).unwrap();
    assert!(matches!(both.verify(&[other.verifier()]), Err(LedgerError::NoteUnsigned { .. })));
    let one: Note = Note::sign(TEXT, &[&log]).unwrap();
    assert!(matches!(one.verify(&[log.verifier(), sm.verifier()]), Err(LedgerError::NoteUnsigned { .. })));
}

#[test]
fn a_line_of_a_known_key_that_does_not_verify_spoils_the_note() {
    for signer in [ed25519("weir.example"), sm2("weir.example")] {
        let note = Note::sign(TEXT, &[&signer]).unwrap();
        for signature in [vec![0; 64], vec![0xff; 64], vec![1], vec![0; 65]] {
            let mut second = note.clone();
            second.signatures.push(NoteSignature { signature, ..note.signatures[0].clone() });
            let second: Note = second.to_string().parse().unwrap();
            assert!(matches!(second.verify(&[signer.verifier()]), Err(LedgerError::NoteForged { .. })));
        }
    }
}

#[test]
fn each_changed_byte_of_a_note_is_noticed() {
    for signer in [ed25519("n.example"), sm2("n.example")] {
        let genuine = Note::sign("weir\n1\n", &[&signer]).unwrap().to_string();
        for (at, c) in genuine.char_indices() {
            let changed = if c == 'A' { 'B' } else { 'A' };
            let note = format!("{}{changed}{}", &genuine[..at], &genuine[at + c.len_utf8()..]);
            let verdict = note.parse::<Note>().and_then(|note| note.verify(&[signer.verifier()]));
            assert!(verdict.is_err(), "byte {at} of {genuine}");
        }
    }
}

#[test]
fn what_is_no_note_is_refused_with_its_reason() {
    let line = SALVATORE.lines().last().unwrap();
    let sixty_five = format!("text\n\n{}", format!("{line}\n").repeat(65));
    for (note, reason) in [
        ("", "no empty line"),
        ("text\n", "no empty line"),
        ("text\n\n", "does not end with a newline"),
        ("text\n\n\n", "does not end with a newline"),
        ("text\n\nline\n", "does not begin with"),
        ("text\n\n— name", "does not end with a newline"),
        ("text\n\n- name AAAAAAA=\n", "does not begin with"),
        ("text\n\n— name\n", "no signature"),
        ("text\n\n— name AAAAAAA\n", "not base64"),
        ("text\n\n— name AAAAAAB=\n", "not base64"),
        ("text\n\n— name AAAA\n", "shorter than its key hash"),
        ("text\n\n— name AAAAAA==\n", "shorter than its key hash"),
        ("te\txt\n\n— name AAAAAAA=\n", "control characters"),
        (&sixty_five, "more than 64 signatures"),
    ] {
        let error = note.parse::<Note>().unwrap_err().to_string();
        assert!(error.contains(reason), "{note:?}: {error}");
    }
    for name in ["", "na+me", "na\u{a0}me", "na\u{7f}me"] {
        let note = format!("text\n\n— {name} AAAAAAA=\n");
        assert!(matches!(note.parse::<Note>(), Err(LedgerError::KeyName { .. })), "{name:?}");
    }
}

#[test]
fn sixteen_signatures_are_read_and_size_is_limited() {
    let signer = ed25519("weir.example");
    let note = Note::sign(TEXT, &[&signer; 16]).unwrap().to_string();
    note.parse::<Note>().unwrap().verify(&[signer.verifier()]).unwrap();
    let huge = "x".repeat(MAX_NOTE_BYTES + 1);
    assert!(matches!(huge.parse::<Note>(), Err(LedgerError::TooLarge { what: "note", .. })));
    assert!(Note::sign(&format!("{huge}\n"), &[&signer]).is_err());
    assert!(Note::sign("no newline", &[&signer]).is_err());
    assert!(Note::sign(TEXT, &[]).is_err());
}

#[test]
fn what_is_no_verifier_key_is_refused_with_its_reason() {
    let sm = STANDARD.encode(b"\xffweir sm2not a key");
    let long = format!("{}+00000000+AAAA", "n".repeat(300));
    for (vkey, reason) in [
        ("", "expected `name+hash+base64`"),
        ("name+c74f20a3", "expected `name+hash+base64`"),
        ("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "hash is not that"),
        ("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "hash is not that"),
        ("EnochRoot+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "hash is not that"),
        ("PeterNeumann+c74f20a3+AR*c", "not base64"),
        ("PeterNeumann+c74f20a3+", "Ed25519 or SM2"),
        ("PeterNeumann+c74f20a3+AARpc2QcUPDhMQegwxbzhKqiBfsVkmqqLDE4izWy10TW", "Ed25519 or SM2"),
        ("PeterNeumann+c74f20a3+ARpc", "not an Ed25519 key"),
        (&format!("name+c74f20a3+{sm}"), "not a public key"),
        (&long, "Ed25519 or SM2"),
    ] {
        let error = vkey.parse::<NoteVerifier>().unwrap_err().to_string();
        assert!(error.contains(reason), "{vkey}: {error}");
    }
    let huge = "x".repeat(MAX_NOTE_BYTES + 1);
    assert!(
        huge.parse::<NoteVerifier>().unwrap_err().to_string().len() < 200,
        "hostile input is not repeated"
    );
}

#[test]
fn a_key_of_the_other_suite_is_no_sm2_key() {
    let key = SigningKey::generate(Suite::Intl).unwrap();
    assert!(matches!(NoteSigner::sm2("weir.example", key.clone()), Err(LedgerError::VerifierKey { .. })));
    let spki = [TYPE_SM2, key.public_key().to_spki_der()].concat();
    let vkey = format!("weir.example+00000000+{}", STANDARD.encode(spki));
    assert!(vkey.parse::<NoteVerifier>().unwrap_err().to_string().contains("expected an SM2 key"));
}

#[test]
fn a_verifier_is_its_text_in_json_and_a_signer_keeps_its_secret() {
    let signer = ed25519("weir.example");
    let json = serde_json::to_value(signer.verifier()).unwrap();
    assert_eq!(json, serde_json::Value::from(signer.verifier().to_string()));
    assert_eq!(&serde_json::from_value::<NoteVerifier>(json).unwrap(), signer.verifier());
    let debug = format!("{signer:?} {:?}", sm2("weir.example"));
    assert!(debug.contains("redacted"), "{debug}");
}
