//! Checkpoints: what a log states about itself, as a signed note (C2SP tlog-checkpoint).
//!
//! Three lines: the origin, the number of leaves, the root in base64. Extension lines are allowed when reading and
//! carry no meaning here; none is written. The origin is the name of the log's keys.
//!
//! Left to others: that a log never signs two checkpoints that do not fit together. Who follows a log checks that with
//! [`crate::tree::verify_consistency`].

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::LedgerError;
use crate::note::{Note, NoteSigner, NoteVerifier};
use crate::tree::{Hash, TreeHead};

/// The state of a log at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name of its keys.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The note text: three lines (C2SP tlog-checkpoint, "Note text").
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()))
    }

    /// Reads a note text; extension lines are skipped.
    ///
    /// # Errors
    /// [`LedgerError::CheckpointFormat`] says which line is wrong.
    pub fn from_text(text: &str) -> Result<Self, LedgerError> {
        let malformed = |reason| LedgerError::CheckpointFormat { reason };
        let text = text.strip_suffix('\n').ok_or_else(|| malformed("it does not end with a newline"))?;
        if text.split('\n').any(str::is_empty) {
            return Err(malformed("it has an empty line"));
        }
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(malformed("it has fewer than three lines"));
        };
        let size = parse_size(size).ok_or_else(|| malformed("its second line is not a number of leaves"))?;
        let root =
            parse_root(root).ok_or_else(|| malformed("its third line is not a SHA-256 root in base64"))?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// Signs with the log's keys; returns the note.
    ///
    /// # Errors
    /// [`LedgerError::Origin`] for a key of another name, [`LedgerError::NoteFormat`] when there is no key.
    pub fn sign(&self, signers: &[&NoteSigner]) -> Result<String, LedgerError> {
        for signer in signers {
            self.require_origin(signer.verifier().name())?;
        }
        Ok(Note::sign(&self.to_text(), signers)?.to_string())
    }

    /// Reads a note and requires that the log signed it and that it is of that log.
    ///
    /// # Errors
    /// What [`Note::verify`] refuses, [`LedgerError::CheckpointFormat`], and [`LedgerError::Origin`] for another log.
    pub fn open(note: &str, log: &LogIdentity) -> Result<Self, LedgerError> {
        let note: Note = note.parse()?;
        note.verify(&log.verifiers())?;
        let checkpoint = Self::from_text(note.text())?;
        checkpoint.require_origin(log.origin())?;
        Ok(checkpoint)
    }

    /// Size and root alone.
    #[must_use]
    pub const fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root }
    }

    fn require_origin(&self, expected: &str) -> Result<(), LedgerError> {
        if self.origin == expected {
            return Ok(());
        }
        Err(LedgerError::Origin { expected: expected.to_owned(), actual: self.origin.clone() })
    }
}

/// The keys of a log: the Ed25519 one that every log has, and the SM2 one of a node of suite `sm`.
///
/// Whoever names a log with both keys asks for both signatures under each of its checkpoints. Text and JSON form: the
/// verifier key, followed by a space and the SM2 one where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogIdentity {
    vkey: NoteVerifier,
    sm2: Option<NoteVerifier>,
}

impl LogIdentity {
    /// A log by its keys.
    ///
    /// # Errors
    /// [`LedgerError::LogKeys`] when the names differ, or when the keys are not one Ed25519 and one SM2 key.
    pub fn new(vkey: NoteVerifier, sm2: Option<NoteVerifier>) -> Result<Self, LedgerError> {
        let paired = sm2.as_ref().is_none_or(|sm2| sm2.is_sm2() && sm2.name() == vkey.name());
        if vkey.is_sm2() || !paired {
            return Err(LedgerError::LogKeys { name: vkey.name().to_owned() });
        }
        Ok(Self { vkey, sm2 })
    }

    /// The name of the log, the first line of its checkpoints.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.vkey.name()
    }

    /// The Ed25519 key, for C2SP tools.
    #[must_use]
    pub const fn vkey(&self) -> &NoteVerifier {
        &self.vkey
    }

    /// The SM2 key, where the log has one.
    #[must_use]
    pub const fn sm2(&self) -> Option<&NoteVerifier> {
        self.sm2.as_ref()
    }

    /// All keys that have to sign.
    #[must_use]
    pub fn verifiers(&self) -> Vec<&NoteVerifier> {
        std::iter::once(&self.vkey).chain(&self.sm2).collect()
    }
}

impl fmt::Display for LogIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.vkey)?;
        self.sm2.as_ref().map_or(Ok(()), |sm2| write!(f, " {sm2}"))
    }
}

impl FromStr for LogIdentity {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(' ') {
            Some((vkey, sm2)) => Self::new(vkey.parse()?, Some(sm2.parse()?)),
            None => Self::new(text.parse()?, None),
        }
    }
}

impl TryFrom<String> for LogIdentity {
    type Error = LedgerError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<LogIdentity> for String {
    fn from(log: LogIdentity) -> Self {
        log.to_string()
    }
}

/// ASCII decimal without leading zeroes.
fn parse_size(line: &str) -> Option<u64> {
    let size: u64 = line.parse().ok()?;
    (size.to_string() == line).then_some(size)
}

fn parse_root(line: &str) -> Option<Hash> {
    let bytes: [u8; 32] = STANDARD.decode(line).ok()?.try_into().ok()?;
    Some(Hash::from_bytes(bytes))
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
