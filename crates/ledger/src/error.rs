//! The one error of this crate. A receipt that does not hold is not an error but a [`crate::receipt::Report`].

use thiserror::Error;

/// What can go wrong while building or reading trees, notes, checkpoints, windows and receipts.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// A proof was asked for a leaf that the tree of that size does not have. Ask with an index below the size.
    #[error("leaf `{index}` is not in a tree of `{size}` leaves: expected an index below the size")]
    LeafOutside {
        /// The leaf that was asked for, counted from 0.
        index: u64,
        /// The number of leaves.
        size: u64,
    },
    /// A consistency proof was asked from a larger tree to a smaller one. Swap the two sizes.
    #[error("a tree of `{old}` leaves cannot have grown into one of `{new}`: expected the older size first")]
    SizesReversed {
        /// The size given as the older one.
        old: u64,
        /// The size given as the newer one.
        new: u64,
    },
    /// A node that a proof needs is not stored. The store is damaged, or the size lies beyond what was stored.
    #[error(
        "the tree has no node at level `{level}`, index `{index}`: rebuild the node hashes from the entries"
    )]
    NodeMissing {
        /// Height above the leaves.
        level: u8,
        /// Position in the level, from the left, from 0.
        index: u64,
    },
    /// A tree cannot take another leaf (2⁶⁴ − 1 leaves).
    #[error("the tree is full")]
    TreeFull,
    /// A stored frontier has not as many hashes as its size has one bits. The stored state is damaged.
    #[error(
        "a frontier of `{size}` leaves has `{expected}` hashes, found `{actual}`: rebuild it from the entries"
    )]
    Frontier {
        /// The number of leaves it claims.
        size: u64,
        /// How many hashes such a frontier has.
        expected: u32,
        /// How many were given.
        actual: usize,
    },
    /// An inclusion or consistency proof does not lead to the root. The proof, the leaf or the root is not genuine.
    #[error("the {kind} proof does not lead to the root of `{size}` leaves")]
    ProofFails {
        /// `inclusion` or `consistency`.
        kind: &'static str,
        /// The size of the (newer) tree.
        size: u64,
    },
    /// A key name is empty or has spaces, control characters or a plus sign (C2SP signed-note, "Format").
    #[error(
        "key name `{name}` cannot be used: expected a name such as `node.example/evidence`, without spaces and `+`"
    )]
    KeyName {
        /// The name as given.
        name: String,
    },
    /// A verifier key is not of the form `name+hash+base64`, or its hash is not that of its key.
    #[error("verifier key `{vkey}` cannot be used: {reason}")]
    VerifierKey {
        /// The text as given, shortened.
        vkey: String,
        /// Which part is wrong.
        reason: &'static str,
    },
    /// The text is not a signed note (C2SP signed-note, "Format").
    #[error("this is not a signed note: {reason}")]
    NoteFormat {
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// No signature of the keys that are trusted stands under the note. Check that the right verifier key is used.
    #[error("the note bears no signature of `{name}`")]
    NoteUnsigned {
        /// The name of the key that was looked for.
        name: String,
    },
    /// A line of a trusted key does not verify: the note was changed after signing. Fetch it again from its source.
    #[error("the signature of `{name}` does not fit the note: it was changed after signing")]
    NoteForged {
        /// The name of the key.
        name: String,
    },
    /// The note's text is not a checkpoint (C2SP tlog-checkpoint, "Note text").
    #[error("this is not a checkpoint: {reason}")]
    CheckpointFormat {
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// A checkpoint of another log was given.
    #[error("the checkpoint is of log `{actual}`: expected one of `{expected}`")]
    Origin {
        /// The log that was expected.
        expected: String,
        /// The log that the checkpoint names.
        actual: String,
    },
    /// A log's two verifier keys do not belong together: other names, or not one of each type.
    #[error(
        "the verifier keys of log `{name}` do not belong together: expected one Ed25519 key and at most one SM2 key of one name"
    )]
    LogKeys {
        /// The name of the first key.
        name: String,
    },
    /// A salt is not 32 bytes in hexadecimal.
    #[error("this is not a salt: expected 64 lower-case hexadecimal digits")]
    Salt,
    /// A window cannot be closed over these uses, or does not hold against the uses or the window before it.
    #[error("window field `{field}` does not hold: expected `{expected}`, found `{actual}`")]
    Window {
        /// The field, as it is written in JSON.
        field: &'static str,
        /// What it must be.
        expected: String,
        /// What it is.
        actual: String,
    },
    /// A document is larger than what is read.
    #[error("the {what} has `{actual}` bytes: at most `{limit}` are read")]
    TooLarge {
        /// What was read.
        what: &'static str,
        /// Its size in bytes.
        actual: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A contract's body does not name its id and parties where a proof looks for them.
    #[error(
        "the contract cannot be proven: {0}; expected `contractId`, `provider` and `user` with `subject` and `connector`"
    )]
    ContractBody(#[source] serde_json::Error),
    /// A time is not RFC 3339 with an offset.
    #[error("`{text}` is not a time: expected RFC 3339 with an offset, such as `2026-01-31T08:00:00+08:00`")]
    Time {
        /// The text as given, shortened.
        text: String,
    },
    /// A window would have no use in it. Close one when there is a use to count.
    #[error("a window needs at least one use")]
    WindowEmpty,
    /// A window would have more uses than fit in one. Close it earlier.
    #[error("a window holds at most `{limit}` uses, found `{actual}`")]
    WindowFull {
        /// [`crate::window::MAX_USES`].
        limit: u64,
        /// How many uses there are.
        actual: u64,
    },
    /// The bytes are not a receipt in JSON.
    #[error(
        "this is not a receipt: {0}; expected the JSON document that the connector hands out for one use"
    )]
    ReceiptFormat(#[source] serde_json::Error),
    /// A value could not be written as JSON.
    #[error("cannot write JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// A key, signature or certificate failed.
    #[error(transparent)]
    Crypto(#[from] crypto::Error),
}
