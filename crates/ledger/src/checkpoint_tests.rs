//! Checkpoints against the example of C2SP tlog-checkpoint, with one key and with two.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crypto::{LogKey, SigningKey, Suite};

use super::*;

/// The example of C2SP tlog-checkpoint.
const SOFA: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

const ORIGIN: &str = "weir/l-1/evidence";

struct Log {
    signer: NoteSigner,
    sm2: NoteSigner,
}

impl Log {
    fn new(origin: &str) -> Self {
        Self {
            signer: NoteSigner::ed25519(origin, LogKey::generate().unwrap()).unwrap(),
            sm2: NoteSigner::sm2(origin, SigningKey::generate(Suite::Sm).unwrap()).unwrap(),
        }
    }

    fn plain(&self) -> LogIdentity {
        LogIdentity::new(self.signer.verifier().clone(), None).unwrap()
    }

    fn both(&self) -> LogIdentity {
        LogIdentity::new(self.signer.verifier().clone(), Some(self.sm2.verifier().clone())).unwrap()
    }
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: ORIGIN.into(), size: 12, root: Hash::of(b"root") }
}

#[test]
fn the_specification_s_example_is_read_and_written_back() {
    let note: Note = SOFA.parse().unwrap();
    let checkpoint = Checkpoint::from_text(note.text()).unwrap();
    assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
    assert_eq!(checkpoint.size, 20_852_163);
    assert_eq!(
        checkpoint.root.to_string(),
        "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    );
    assert_eq!(checkpoint.to_text(), note.text());
    assert_eq!(note.signatures()[0].name, checkpoint.origin);
}

#[test]
fn signed_and_opened_with_one_key_and_with_two() {
    let log = Log::new(ORIGIN);
    let one = checkpoint().sign(&[&log.signer]).unwrap();
    assert_eq!(Checkpoint::open(&one, &log.plain()).unwrap(), checkpoint());
    assert!(matches!(Checkpoint::open(&one, &log.both()), Err(LedgerError::NoteUnsigned { .. })));
    let two = checkpoint().sign(&[&log.signer, &log.sm2]).unwrap();
    assert_eq!(
        Checkpoint::open(&two, &log.plain()).unwrap(),
        checkpoint(),
        "a C2SP tool skips the private line"
    );
    assert_eq!(Checkpoint::open(&two, &log.both()).unwrap(), checkpoint());
}

#[test]
fn another_log_s_checkpoint_is_refused() {
    let (log, other) = (Log::new(ORIGIN), Log::new("weir/l-2/evidence"));
    assert!(matches!(checkpoint().sign(&[&other.signer]), Err(LedgerError::Origin { .. })));
    let note = checkpoint().sign(&[&log.signer]).unwrap();
    assert!(matches!(Checkpoint::open(&note, &other.plain()), Err(LedgerError::NoteUnsigned { .. })));
    // A log that signs for another origin, which `sign` does not do.
    let foreign = Note::sign(&checkpoint().to_text(), &[&other.signer]).unwrap().to_string();
    assert!(matches!(
        Checkpoint::open(&foreign, &other.plain()),
        Err(LedgerError::Origin { expected, actual }) if expected == "weir/l-2/evidence" && actual == ORIGIN
    ));
}

#[test]
fn extension_lines_are_skipped_but_signed() {
    let log = Log::new(ORIGIN);
    let text = format!("{}extension 1\nextension 2\n", checkpoint().to_text());
    let note = Note::sign(&text, &[&log.signer]).unwrap().to_string();
    assert_eq!(Checkpoint::open(&note, &log.plain()).unwrap(), checkpoint());
    let stripped = note.replace("extension 2\n", "");
    assert!(matches!(Checkpoint::open(&stripped, &log.plain()), Err(LedgerError::NoteForged { .. })));
}

#[test]
fn sizes_have_one_form_and_the_empty_tree_is_zero() {
    for size in [0, 1, 10, u64::MAX] {
        let text = Checkpoint { size, ..checkpoint() }.to_text();
        assert_eq!(Checkpoint::from_text(&text).unwrap().size, size);
    }
    for size in ["", "00", "01", "+1", "-1", "1 ", "0x1", "١", "18446744073709551616"] {
        let text = checkpoint().to_text().replace("\n12\n", &format!("\n{size}\n"));
        assert!(matches!(Checkpoint::from_text(&text), Err(LedgerError::CheckpointFormat { .. })), "{size}");
    }
}

#[test]
fn what_is_no_checkpoint_is_refused_with_its_reason() {
    let good = checkpoint().to_text();
    let root = good.lines().nth(2).unwrap();
    for (text, reason) in [
        (String::new(), "does not end with a newline"),
        ("\n".to_owned(), "empty line"),
        ("origin\n12\n".to_owned(), "fewer than three lines"),
        (format!("\n12\n{root}\n"), "empty line"),
        (format!("{good}\n"), "empty line"),
        (good.trim_end().to_owned(), "does not end with a newline"),
        (good.replace(root, "AAAA"), "third line"),
        (good.replace(root, &root[..root.len() - 1]), "third line"),
        (good.replace(root, &hex::encode([0; 32])), "third line"),
    ] {
        let error = Checkpoint::from_text(&text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text:?}: {error}");
    }
}

#[test]
fn the_keys_of_a_log_belong_together() {
    let (log, other) = (Log::new(ORIGIN), Log::new("weir/l-2/evidence"));
    let (ed, sm2) = (log.signer.verifier().clone(), log.sm2.verifier().clone());
    assert!(matches!(LogIdentity::new(sm2.clone(), None), Err(LedgerError::LogKeys { .. })));
    assert!(matches!(LogIdentity::new(ed.clone(), Some(ed.clone())), Err(LedgerError::LogKeys { .. })));
    assert!(matches!(
        LogIdentity::new(ed, Some(other.sm2.verifier().clone())),
        Err(LedgerError::LogKeys { name }) if name == ORIGIN
    ));
    assert_eq!(log.both().sm2(), Some(&sm2));
    assert_eq!(log.both().origin(), ORIGIN);
}

#[test]
fn a_log_is_one_text_in_json() {
    let log = Log::new(ORIGIN);
    let plain = serde_json::to_value(log.plain()).unwrap();
    assert_eq!(plain, log.signer.verifier().to_string(), "with one key it is that key");
    for identity in [log.plain(), log.both()] {
        let json = serde_json::to_value(&identity).unwrap();
        assert_eq!(serde_json::from_value::<LogIdentity>(json).unwrap(), identity);
    }
    let three = format!("{} {}", log.both(), log.sm2.verifier());
    assert!(three.parse::<LogIdentity>().is_err());
    assert!("".parse::<LogIdentity>().is_err());
}
