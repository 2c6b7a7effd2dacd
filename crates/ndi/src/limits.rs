//! Every limit of the wire in one place. A limit is the document's where it gives one, else the domain's, else ours.

/// Longest `msgcode` (NDI-TR-2025-03, table 16), in characters.
pub const MSGCODE_CHARS: usize = 20;
/// Longest `msgversion` (table 16), in characters.
pub const MSGVERSION_CHARS: usize = 20;
/// Digits of `timestamp` (table 16): milliseconds since 1970.
pub const TIMESTAMP_DIGITS: usize = 13;
/// Longest `timestamp` that is looked at, in characters; only 13 digits are accepted.
pub const STAMP_CHARS_READ: usize = 64;
/// Longest `sequenceNum` that we write (table 16), in characters.
pub const SEQUENCE_CHARS_WRITTEN: usize = 32;
/// Longest `sequenceNum` that we read: annex B's own sample has more than table 16 allows.
pub const SEQUENCE_CHARS_READ: usize = 64;
/// Longest `signValue` that we read: annex B's own sample has more than table 16 allows.
pub const SIGN_VALUE_CHARS_READ: usize = 256;
/// Longest `weir-key`, in characters: suite, colon, 32 hexadecimal digits.
pub const KEY_CHARS: usize = 48;
/// Longest `message` of a reply (table 17), in characters.
pub const REPLY_MESSAGE_CHARS: usize = 255;
/// Longest request or reply body, in bytes.
pub const BODY_BYTES: usize = 1 << 20;
/// Longest `usageWindow` body, in bytes: it carries up to 4,096 uses.
pub const USAGE_WINDOW_BODY_BYTES: usize = 4 << 20;
/// Most headers bytes of a request, ours and HTTP's own.
pub const HEADER_BYTES: usize = 8 << 10;
/// Deepest nesting of a body.
pub const BODY_DEPTH: usize = 32;
/// Largest whole number on the wire: the largest that JSON readers, and RFC 8785, hold exactly.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;
/// How far a sender's clock may differ from the receiver's, in milliseconds.
pub const CLOCK_SKEW_MS: i64 = 300_000;
/// Longest text without a limit of the document's own, in characters.
pub const TEXT_CHARS: usize = 1024;
/// Longest name without a limit of the document's own, in characters (table C.1 has 128 for names).
pub const NAME_CHARS: usize = 128;
/// Longest identifier: a product or resource with the longest extension (NDI-TR-2025-04, 4.3).
pub const ID_CHARS: usize = 65;
/// Characters of a node's or connector's identifier (NDI-TR-2025-04, 4.2).
pub const NODE_ID_CHARS: usize = 32;
/// Characters of a subject code (NDI-TR-2025-04, 4.1).
pub const SUBJECT_CHARS: usize = 18;
/// Characters of a contract's identifier (TC609-6-2025-14, table C.1).
pub const CONTRACT_ID_CHARS: usize = 47;
/// Longest time in ISO 8601, in characters.
pub const TIME_CHARS: usize = 40;
/// Longest address of a node, in characters.
pub const ADDRESS_CHARS: usize = 255;
/// Longest signature text, `<suite>:<hex>`, in characters.
pub const SIGNATURE_CHARS: usize = 256;
/// Most actions of a strategy.
pub const ACTIONS: usize = 32;
/// Most constraints of a strategy.
pub const CONSTRAINTS: usize = domain::limits::CONSTRAINTS_MAX;
/// Longest value of one constraint, in characters (lists of columns are the longest).
pub const CONSTRAINT_VALUE_CHARS: usize = domain::limits::CONSTRAINT_VALUE_CHARS_MAX;
/// Most signatures of a contract in one message.
pub const SIGNATURES: usize = 16;
/// Longest `policyExpansion`, in characters.
pub const EXPANSION_CHARS: usize = 65_536;
/// Most columns that a profile or a fields term names.
pub const COLUMNS: usize = 5_000;
/// Most keywords of a resource or product, both languages together.
pub const KEYWORDS: usize = 2 * domain::limits::KEYWORDS_MAX;
/// Most hashes of a Merkle proof: trees of 2^64 leaves have no more.
pub const PROOF_HASHES: usize = 64;
/// Most items of one page or one feed frame.
pub const PAGE_ITEMS: usize = 1_000;
/// Most certificates in one chain.
pub const CHAIN_CERTIFICATES: usize = 8;
/// Longest signed note (a checkpoint with its cosignatures), in characters.
pub const NOTE_CHARS: usize = 16_384;
/// Most hits of one page of a search.
pub const SEARCH_ITEMS: usize = 100;
/// Most uses of one window (docs/WIRE.md, 6).
pub const WINDOW_USES: usize = 4_096;
/// Most origins that one node follows: a chain of a few hundred regions, industries and their service nodes.
pub const ORIGINS: usize = 4_096;
/// Longest origin of a log, `weir/<id>/public`, in characters.
pub const ORIGIN_CHARS: usize = 128;
/// Longest verifier key of a log, in characters.
pub const VKEY_CHARS: usize = 512;
/// Longest certificate in base64 DER, in characters.
pub const CERTIFICATE_CHARS: usize = 16_384;
/// Longest use id, in characters.
pub const USE_ID_CHARS: usize = domain::limits::USE_ID_CHARS_MAX;
/// Longest minimum or maximum of a column's profile, in characters.
pub const CELL_CHARS: usize = 256;
/// Longest column name, in characters.
pub const COLUMN_CHARS: usize = domain::limits::COLUMN_NAME_CHARS_MAX;
/// Longest line of a feed, in bytes: a frame of many bodies.
pub const FEED_LINE_BYTES: usize = 16 << 20;
/// Longest certificate request in PEM, in characters.
pub const CSR_CHARS: usize = 16_384;
/// Longest local name of a resource or product, in characters.
pub const LOCAL_KEY_CHARS: usize = domain::limits::KEY_CHARS_MAX;
/// Longest keyword, in characters.
pub const KEYWORD_CHARS: usize = domain::limits::KEYWORD_CHARS_MAX;
/// Longest text of a search, in characters.
pub const SEARCH_TEXT_CHARS: usize = domain::limits::SEARCH_TEXT_CHARS_MAX;
