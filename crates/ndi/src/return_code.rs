//! Return codes: NDI-TR-2025-03, annex C. Six digits `ABCDEF`: `A` the class, `BC` the business module, `DEF` the case.
//!
//! The document lets modules and cases be extended; the cases of our own are in [`Extension`], all in the common
//! module and above 100, so that they never meet a later case of the document. The sentences stand in one catalogue
//! per language, `locales/return-codes.*.txt`, keyed by the printed code.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A return code. Codes outside the table are read and kept, since peers may extend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReturnCode(u32);

/// First digit: what kind of answer it is (annex C.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// `0`: done.
    Success = 0,
    /// `1`: the system or the right to use it.
    System = 1,
    /// `2`: the message itself.
    Parameter = 2,
    /// `3`: what the message asks for.
    Business = 3,
}

/// Second and third digit: the business module (annex C.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Module {
    /// `00`: common functions; also everything that has no module of its own.
    Common = 0,
    /// `01`: natural persons.
    Person = 1,
    /// `02`: legal persons and other organisations.
    Organisation = 2,
    /// `03`: persons who act for an organisation.
    Operator = 3,
    /// `04`: platforms.
    Platform = 4,
    /// `05`: connectors.
    Connector = 5,
}

/// Cases of class 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// `000`: unknown error.
    Unknown = 0,
    /// `001`: busy.
    Busy = 1,
    /// `002`: timed out.
    TimedOut = 2,
    /// `003`: network fault.
    NetworkFault = 3,
    /// `004`: unauthorised; also a signature that does not hold.
    Unauthorised = 4,
    /// `005`: the access token is no longer valid.
    TokenExpired = 5,
    /// `006`: the authorisation key is invalid.
    KeyInvalid = 6,
    /// `007`: the source address is not allowed.
    SourceAddress = 7,
}

/// Cases of class 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Parameter {
    /// `000`: unknown error.
    Unknown = 0,
    /// `001`: a required parameter is empty.
    Empty = 1,
    /// `002`: wrong format.
    Format = 2,
    /// `003`: length out of range.
    Length = 3,
    /// `004`: all parameters are empty.
    AllEmpty = 4,
    /// `005`: illegal version.
    Version = 5,
    /// `006`: illegal timestamp.
    Timestamp = 6,
    /// `007`: wrong message name.
    MessageName = 7,
    /// `008`: the message cannot be parsed.
    Unparsable = 8,
}

/// Cases of class 3; the last three exist for the modules 01 to 05 only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Business {
    /// `000`: unknown error.
    Unknown = 0,
    /// `001`: the identity is not found.
    NotFound = 1,
    /// `002`: the identity is no longer valid.
    NoLongerValid = 2,
    /// `003`: the identity is registered (for connectors: reported) twice.
    Duplicate = 3,
}

/// Business cases of our own, `300101` upwards (docs/WIRE.md, 1): the documents' table knows identities only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extension {
    /// `300101`: this `sequenceNum` was used before with another message.
    SequenceReused = 101,
    /// `300102`: the object's state does not allow this.
    WrongState = 102,
    /// `300103`: no such object here.
    ObjectNotFound = 103,
    /// `300104`: the terms are refused; the message names the constraint.
    TermsRefused = 104,
    /// `300105`: the use is refused by the gate; the message names the constraint, its limit and the value.
    UseRefused = 105,
    /// `300106`: a contract signature or a usage window does not hold.
    EvidenceRefused = 106,
    /// `300107`: the source changed since it was catalogued.
    SourceChanged = 107,
    /// `300108`: the enrolment code is unknown, used or expired.
    EnrolmentRefused = 108,
    /// `300109`: the sender may not do this to that object.
    NotAllowed = 109,
}

/// Language of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Chinese, as in the document.
    Zh,
    /// English.
    En,
}

impl Module {
    /// All modules of annex C.1.
    pub const ALL: [Self; 6] =
        [Self::Common, Self::Person, Self::Organisation, Self::Operator, Self::Platform, Self::Connector];
}

impl System {
    /// All cases of class 1.
    pub const ALL: [Self; 8] = [
        Self::Unknown,
        Self::Busy,
        Self::TimedOut,
        Self::NetworkFault,
        Self::Unauthorised,
        Self::TokenExpired,
        Self::KeyInvalid,
        Self::SourceAddress,
    ];
}

impl Parameter {
    /// All cases of class 2.
    pub const ALL: [Self; 9] = [
        Self::Unknown,
        Self::Empty,
        Self::Format,
        Self::Length,
        Self::AllEmpty,
        Self::Version,
        Self::Timestamp,
        Self::MessageName,
        Self::Unparsable,
    ];
}

impl Business {
    /// The cases that `module` has in the document.
    pub const fn of(module: Module) -> &'static [Self] {
        match module {
            Module::Common => &[Self::Unknown],
            _ => &[Self::Unknown, Self::NotFound, Self::NoLongerValid, Self::Duplicate],
        }
    }
}

impl Extension {
    /// All cases of our own.
    pub const ALL: [Self; 9] = [
        Self::SequenceReused,
        Self::WrongState,
        Self::ObjectNotFound,
        Self::TermsRefused,
        Self::UseRefused,
        Self::EvidenceRefused,
        Self::SourceChanged,
        Self::EnrolmentRefused,
        Self::NotAllowed,
    ];
}

impl ReturnCode {
    /// `0XX000`.
    pub const fn success(module: Module) -> Self {
        Self::assemble(Class::Success, module, 0)
    }

    /// `1XXnnn`.
    pub const fn system(module: Module, case: System) -> Self {
        Self::assemble(Class::System, module, case as u32)
    }

    /// `2XXnnn`.
    pub const fn parameter(module: Module, case: Parameter) -> Self {
        Self::assemble(Class::Parameter, module, case as u32)
    }

    /// `3XXnnn`.
    pub const fn business(module: Module, case: Business) -> Self {
        Self::assemble(Class::Business, module, case as u32)
    }

    /// `3001nn`: a case of our own.
    pub const fn extension(case: Extension) -> Self {
        Self::assemble(Class::Business, Module::Common, case as u32)
    }

    const fn assemble(class: Class, module: Module, case: u32) -> Self {
        Self(class as u32 * 100_000 + module as u32 * 1_000 + case)
    }

    /// The class, `None` for a first digit that annex C does not define.
    pub fn class(self) -> Option<Class> {
        match self.0 / 100_000 {
            0 => Some(Class::Success),
            1 => Some(Class::System),
            2 => Some(Class::Parameter),
            3 => Some(Class::Business),
            _ => None,
        }
    }

    /// The business module, `None` where a peer has extended the list.
    pub fn module(self) -> Option<Module> {
        let number = self.0 / 1_000 % 100;
        Module::ALL.into_iter().find(|module| *module as u32 == number)
    }

    /// The last three digits.
    pub fn case(self) -> u32 {
        self.0 % 1_000
    }

    /// Whether the answer is a success: `0XX000`.
    pub fn is_success(self) -> bool {
        self.class() == Some(Class::Success) && self.case() == 0
    }

    /// Whether the same message may succeed later: busy, timed out or network fault.
    pub fn is_retryable(self) -> bool {
        let passing = [System::Busy, System::TimedOut, System::NetworkFault];
        self.class() == Some(Class::System) && passing.iter().any(|case| *case as u32 == self.case())
    }

    /// The sentence of the catalogue; the class's sentence for a code that is not in the table.
    pub fn name(self, lang: Lang) -> &'static str {
        let text = match lang {
            Lang::Zh => include_str!("../locales/return-codes.zh.txt"),
            Lang::En => include_str!("../locales/return-codes.en.txt"),
        };
        let unknown = format!("{}XX???", self.0 / 100_000);
        lookup(text, &self.to_string())
            .or_else(|| lookup(text, &self.any_module()))
            .or_else(|| lookup(text, &unknown))
            .or_else(|| lookup(text, "??????"))
            .unwrap_or_default()
    }

    /// The code as the document prints it for every module: `2XX001`.
    fn any_module(self) -> String {
        format!("{}XX{:03}", self.0 / 100_000, self.case())
    }

    /// Every code of the table (annex C.2, written out for each module) and of [`Extension`], in ascending order.
    pub fn table() -> Vec<Self> {
        let mut codes: Vec<Self> = Module::ALL.into_iter().flat_map(Self::of_module).collect();
        codes.extend(Extension::ALL.map(Self::extension));
        codes.sort();
        codes
    }

    fn of_module(module: Module) -> Vec<Self> {
        let mut codes = vec![Self::success(module)];
        codes.extend(System::ALL.map(|case| Self::system(module, case)));
        codes.extend(Parameter::ALL.map(|case| Self::parameter(module, case)));
        codes.extend(Business::of(module).iter().map(|case| Self::business(module, *case)));
        codes
    }
}

/// Finds `key = sentence` in a catalogue.
fn lookup(catalogue: &'static str, key: &str) -> Option<&'static str> {
    catalogue.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))
}

impl fmt::Display for ReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

/// A return code that is not six digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no return code: expected six digits such as `003000`")]
pub struct ReturnCodeError {
    found: String,
}

impl FromStr for ReturnCode {
    type Err = ReturnCodeError;

    fn from_str(text: &str) -> Result<Self, ReturnCodeError> {
        let digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number.map(Self).ok_or_else(|| ReturnCodeError { found: crate::error::shorten(text) })
    }
}

impl TryFrom<String> for ReturnCode {
    type Error = ReturnCodeError;

    fn try_from(text: String) -> Result<Self, ReturnCodeError> {
        text.parse()
    }
}

impl From<ReturnCode> for String {
    fn from(code: ReturnCode) -> Self {
        code.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::shared;

    /// The whole table as people see it. A change here is a change of what peers and users are told: run the test with
    /// `UPDATE_SNAPSHOT=1` to write the file anew, and read the difference.
    #[test]
    fn the_whole_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/return_code_table.snap");
        let line = |code: ReturnCode| format!("{code}  {}  {}\n", code.name(Lang::Zh), code.name(Lang::En));
        let table: String = ReturnCode::table().into_iter().map(line).collect();
        if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
            std::fs::write(path, &table).unwrap();
        }
        assert_eq!(table, std::fs::read_to_string(path).unwrap());
    }

    /// Annex C.2 as the sheet lists it, `XX` written out for each module.
    fn printed(sheet: &str) -> BTreeSet<String> {
        let annex = sheet.split("- name: return-code\n").nth(1).unwrap().split("\nrules:").next().unwrap();
        let lines = annex.split("entries:\n").nth(1).unwrap().lines();
        let codes = lines.filter_map(|line| line.trim().strip_prefix('\'')?.split('\'').next());
        codes
            .flat_map(|code| match code.contains("XX") {
                true => {
                    Module::ALL.map(|module| code.replace("XX", &format!("{:02}", module as u32))).to_vec()
                }
                false => vec![code.to_owned()],
            })
            .collect()
    }

    #[test]
    fn the_table_is_annex_c_and_our_extension() {
        let Some(sheet) = shared("spec/ndi/identity.yaml") else { return };
        let ours: BTreeSet<String> = ReturnCode::table().iter().map(ToString::to_string).collect();
        let extension: BTreeSet<String> =
            Extension::ALL.map(|case| ReturnCode::extension(case).to_string()).into_iter().collect();
        let annex = printed(&sheet);
        assert_eq!(annex.len(), 6 * (1 + 8 + 9 + 1) + 15, "codes of annex C.2");
        assert_eq!(ours, annex.union(&extension).cloned().collect());
        assert!(annex.is_disjoint(&extension));
    }

    /// docs/WIRE.md tells the world what our codes mean.
    #[test]
    fn the_extension_is_the_one_of_the_wire_document() {
        let wire = include_str!("../../../docs/WIRE.md");
        let rows = wire.lines().filter_map(|line| line.strip_prefix("| `3001")?.split_once('`'));
        let documented: BTreeSet<String> = rows.map(|(digits, _)| format!("3001{digits}")).collect();
        let ours = Extension::ALL.map(|case| ReturnCode::extension(case).to_string());
        assert_eq!(documented, ours.into_iter().collect());
    }

    #[test]
    fn both_catalogues_have_a_sentence_for_each_code_and_no_other() {
        for (lang, catalogue) in [
            (Lang::Zh, include_str!("../locales/return-codes.zh.txt")),
            (Lang::En, include_str!("../locales/return-codes.en.txt")),
        ] {
            let used: BTreeSet<&str> = ReturnCode::table().into_iter().map(|code| code.name(lang)).collect();
            let foreign = ["099999", "199999", "299999", "399999", "999999"];
            let fallback: BTreeSet<&str> =
                foreign.map(|code| crate::testing::parse::<ReturnCode>(code).name(lang)).into();
            assert_eq!(fallback.len(), 5, "each class, and none, has a sentence for codes of peers");
            let lines = catalogue.lines().filter(|line| !line.starts_with('#'));
            for sentence in lines.map(|line| line.split_once(" = ").unwrap().1) {
                assert!(
                    used.contains(sentence) || fallback.contains(sentence),
                    "`{sentence}` belongs to no code"
                );
                assert!(
                    !sentence.is_empty() && sentence.chars().count() <= crate::limits::REPLY_MESSAGE_CHARS
                );
            }
        }
    }

    #[test]
    fn codes_are_taken_apart() {
        let code = ReturnCode::parameter(Module::Connector, Parameter::Length);
        assert_eq!(code.to_string(), "205003");
        assert_eq!(code.class(), Some(Class::Parameter));
        assert_eq!(code.module(), Some(Module::Connector));
        assert_eq!(code.case(), 3);
        assert!(!code.is_success() && !code.is_retryable());
        assert!(ReturnCode::success(Module::Operator).is_success());
        assert_eq!(ReturnCode::success(Module::Operator).to_string(), "003000", "the sample of annex B");
        assert!(ReturnCode::system(Module::Common, System::Busy).is_retryable());
        assert!(!ReturnCode::system(Module::Common, System::Unauthorised).is_retryable());
        assert!(!crate::testing::parse::<ReturnCode>("000001").is_success());
    }

    #[test]
    fn foreign_codes_are_read_and_kept() {
        let code: ReturnCode = crate::testing::parse("977123");
        assert_eq!((code.class(), code.module(), code.case()), (None, None, 123));
        assert_eq!(serde_json::to_string(&code).unwrap(), "\"977123\"");
        assert_eq!(serde_json::from_str::<ReturnCode>("\"001002\"").unwrap().to_string(), "001002");
    }

    #[test]
    fn what_is_not_six_digits_is_refused() {
        for text in ["", "1", "00300", "0030000", "00300a", "+03000", "００３０００"] {
            let error = text.parse::<ReturnCode>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("`{text}` is no return code: expected six digits such as `003000`")
            );
        }
        assert!(serde_json::from_str::<ReturnCode>("3000").is_err());
    }
}
