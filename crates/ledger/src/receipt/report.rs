//! What a verification found, in typed figures: the sentence around them comes from the reader's language catalogue.

use std::fmt;

use crypto::{Sha256, Suite};
use serde::Serialize;

use crate::LedgerError;
use crate::contract::Party;
use crate::tree::Hash;
use crate::window::UseLeaf;

/// The steps of a verification, in the order in which they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// The use's record is sound and stands in the window.
    Use,
    /// The window's figures fit together.
    Window,
    /// The window was closed under this very contract.
    Contract,
    /// The providing organisation signed the contract.
    ProviderContract,
    /// The using organisation signed the contract.
    UserContract,
    /// The provider's connector, which the contract names, signed the window.
    ProviderSignature,
    /// The user's connector, which the contract names, counter-signed this very window.
    UserSignature,
    /// The window is in the provider's evidence log.
    ProviderInclusion,
    /// The counter-signature is in the user's evidence log.
    UserInclusion,
    /// The provider's log signed the checkpoint.
    ProviderCheckpoint,
    /// The user's log signed the checkpoint.
    UserCheckpoint,
}

impl StepKind {
    /// All steps in their order.
    pub const ALL: [Self; 11] = [
        Self::Use,
        Self::Window,
        Self::Contract,
        Self::ProviderContract,
        Self::UserContract,
        Self::ProviderSignature,
        Self::UserSignature,
        Self::ProviderInclusion,
        Self::UserInclusion,
        Self::ProviderCheckpoint,
        Self::UserCheckpoint,
    ];

    /// The step's stable code, for catalogues and JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Use => "use",
            Self::Window => "window",
            Self::Contract => "contract",
            Self::ProviderContract => "provider-contract",
            Self::UserContract => "user-contract",
            Self::ProviderSignature => "provider-signature",
            Self::UserSignature => "user-signature",
            Self::ProviderInclusion => "provider-inclusion",
            Self::UserInclusion => "user-inclusion",
            Self::ProviderCheckpoint => "provider-checkpoint",
            Self::UserCheckpoint => "user-checkpoint",
        }
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The figures of a step. Times are microseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Detail {
    /// The use and its place in the window.
    Use {
        /// The use's id.
        use_id: String,
        /// Its number among the contract's uses.
        sequence: u64,
        /// Bytes delivered.
        bytes: u64,
        /// Rows delivered.
        rows: u64,
        /// Whether everything was delivered.
        complete: bool,
        /// SHA-256 over the delivered bytes.
        digest: Option<Sha256>,
        /// When it was admitted.
        opened_at: i64,
        /// When it ended.
        closed_at: i64,
    },
    /// The window's figures.
    Window {
        /// Its number among the contract's windows.
        number: u64,
        /// The number of its first use.
        first: u64,
        /// The number of its last use.
        last: u64,
        /// How many uses.
        uses: u64,
        /// How many of them are complete.
        complete: u64,
        /// Bytes delivered in all of them.
        bytes: u64,
        /// Rows delivered in all of them.
        rows: u64,
    },
    /// The contract and its parties.
    Contract {
        /// The contract's id.
        contract_id: String,
        /// SHA-256 over its canonical body.
        digest: Sha256,
        /// Who provides.
        provider: Party,
        /// Who uses.
        user: Party,
    },
    /// A signature and who made it.
    Signature {
        /// The id in the signer's certificate (OU): a connector, or an organisation's code.
        signer: String,
        /// The organisation's name in the certificate (O).
        organisation: String,
        /// The suite of the key.
        suite: Suite,
        /// When it was signed, as the signature says.
        at: i64,
    },
    /// Where an entry stands in a log.
    Inclusion {
        /// The log.
        origin: String,
        /// The entry's index, from 0.
        index: u64,
        /// The number of entries under the checkpoint.
        size: u64,
    },
    /// A log's signed state.
    Checkpoint {
        /// The log.
        origin: String,
        /// The number of entries.
        size: u64,
        /// The root over them.
        root: Hash,
        /// Whether an SM2 signature stands beside the Ed25519 one.
        sm2: bool,
    },
    /// The step does not hold.
    Failed {
        /// Why not.
        fault: Fault,
    },
}

/// Why a step does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Fault {
    /// A member is not what another part of the receipt makes it.
    Differs {
        /// The member, as it is written in JSON.
        field: &'static str,
        /// What it must be.
        expected: String,
        /// What it is.
        actual: String,
    },
    /// A part cannot be read.
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
    /// A Merkle path does not lead from the leaf to the root.
    NotIncluded {
        /// The number of leaves under the root.
        size: u64,
    },
    /// The certificate chain does not lead to a pinned root, was not valid at the time of signing, or comes from the
    /// authority of another area.
    Untrusted {
        /// Where the chain breaks.
        reason: String,
    },
    /// The signature is not that of the certified key over this content.
    BadSignature {
        /// What does not fit.
        reason: String,
    },
    /// The entry in the log is not this object.
    NotLogged,
    /// A checkpoint bears no signature of the log that was named.
    Unsigned {
        /// The log's name.
        origin: String,
    },
    /// A checkpoint was changed after the log signed it.
    Forged {
        /// The log's name.
        origin: String,
    },
    /// A signature states a time that is still to come.
    FromFuture {
        /// The stated time in seconds since the Unix epoch.
        signed: i64,
        /// The time of verification in seconds since the Unix epoch.
        now: i64,
    },
    /// The step needs a part that another step found unreadable.
    NotChecked {
        /// The step that says why.
        because: StepKind,
    },
}

impl Fault {
    /// The fault's stable code, for catalogues and JSON.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Differs { .. } => "differs",
            Self::Unreadable { .. } => "unreadable",
            Self::NotIncluded { .. } => "not-included",
            Self::Untrusted { .. } => "untrusted",
            Self::BadSignature { .. } => "bad-signature",
            Self::NotLogged => "not-logged",
            Self::Unsigned { .. } => "unsigned",
            Self::Forged { .. } => "forged",
            Self::FromFuture { .. } => "from-future",
            Self::NotChecked { .. } => "not-checked",
        }
    }

    pub(super) fn differs(field: &'static str, expected: &str, actual: &str) -> Self {
        Self::Differs { field, expected: printable(expected), actual: printable(actual) }
    }

    pub(super) fn unreadable(error: &dyn fmt::Display) -> Self {
        Self::Unreadable { reason: printable(&error.to_string()) }
    }

    pub(super) fn untrusted(error: &crypto::Error) -> Self {
        Self::Untrusted { reason: printable(&error.to_string()) }
    }

    pub(super) fn bad_signature(error: &crypto::Error) -> Self {
        Self::BadSignature { reason: printable(&error.to_string()) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { field, expected, actual } => {
                write!(f, "`{field}` is `{actual}`: expected `{expected}`")
            }
            Self::Unreadable { reason } | Self::Untrusted { reason } | Self::BadSignature { reason } => {
                f.write_str(reason)
            }
            Self::NotIncluded { size } => write!(f, "the path does not lead to the root of `{size}` leaves"),
            Self::NotLogged => f.write_str("the logged entry is another object"),
            Self::Unsigned { origin } => {
                write!(f, "no signature of log `{origin}` stands under the checkpoint")
            }
            Self::Forged { origin } => write!(f, "the checkpoint was changed after log `{origin}` signed it"),
            Self::FromFuture { signed, now } => write!(f, "signed at `{signed}`, which is after `{now}`"),
            Self::NotChecked { because } => write!(f, "not checked: step `{because}` did not get that far"),
        }
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Window { field, expected, actual } => Self::differs(field, &expected, &actual),
            LedgerError::Origin { expected, actual } => Self::differs("origin", &expected, &actual),
            LedgerError::LeafOutside { index, size } => {
                Self::differs("index", &format!("below {size}"), &index.to_string())
            }
            LedgerError::ProofFails { size, .. } => Self::NotIncluded { size },
            LedgerError::NoteUnsigned { name } => Self::Unsigned { origin: printable(&name) },
            LedgerError::NoteForged { name } => Self::Forged { origin: printable(&name) },
            other => Self::unreadable(&other),
        }
    }
}

/// A text from a receipt as a terminal may be shown it: shortened, and control and formatting characters escaped.
fn printable(text: &str) -> String {
    const SHOWN: usize = 240;
    let mut shown: String = text.chars().take(SHOWN).flat_map(escaped).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

fn escaped(c: char) -> Vec<char> {
    // `escape_debug` knows which characters do not print; quotes and backslashes do.
    match c {
        '"' | '\'' | '\\' => vec![c],
        _ => c.escape_debug().collect(),
    }
}

/// What one step found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepResult {
    /// Which step.
    pub step: StepKind,
    /// Whether it holds.
    pub ok: bool,
    /// Its figures, or why it does not hold.
    pub detail: Detail,
}

impl StepResult {
    pub(super) fn new(step: StepKind, outcome: Result<Detail, Fault>) -> Self {
        let ok = outcome.is_ok();
        Self { step, ok, detail: outcome.unwrap_or_else(|fault| Detail::Failed { fault }) }
    }

    /// Why the step does not hold, if it does not.
    #[must_use]
    pub const fn fault(&self) -> Option<&Fault> {
        match &self.detail {
            Detail::Failed { fault } => Some(fault),
            _ => None,
        }
    }
}

impl fmt::Display for StepResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault() {
            None => write!(f, "{}: ok", self.step),
            Some(fault) => write!(f, "{}: {fault}", self.step),
        }
    }
}

/// What a verification found, one result for each of [`StepKind::ALL`], in that order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The use's record as the receipt states it; proven only if [`Report::ok`].
    #[serde(rename = "use")]
    pub record: UseLeaf,
    /// The steps.
    pub steps: Vec<StepResult>,
}

impl Report {
    /// Whether every step holds.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.steps.iter().all(|step| step.ok)
    }

    /// The first step that does not hold.
    #[must_use]
    pub fn first_failure(&self) -> Option<&StepResult> {
        self.steps.iter().find(|step| !step.ok)
    }

    /// What a step found.
    #[must_use]
    pub fn step(&self, kind: StepKind) -> Option<&StepResult> {
        self.steps.iter().find(|step| step.step == kind)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "use `{}`", self.record.use_id)?;
        self.steps.iter().try_for_each(|step| write!(f, "\n{step}"))
    }
}
