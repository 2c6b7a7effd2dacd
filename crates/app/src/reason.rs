//! Why something is refused: words for the log, and the case with its values, from which people are told in their own language.

use std::fmt;
use std::ops::Deref;

use serde_json::{Map, Value, json};

/// A reason. It reads as its words, which are English; [`Reason::case`] and [`Reason::values`] say the same without words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reason {
    words: String,
    case: Option<&'static str>,
    values: Map<String, Value>,
}

impl Reason {
    /// A reason of a case that the interfaces have a sentence for (docs/MANAGEMENT-API.md, "Problems"), and its words.
    pub fn new(case: &'static str, words: impl Into<String>) -> Reason {
        Reason { words: words.into(), case: Some(case), values: Map::new() }
    }

    /// The same with a value more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Reason {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    /// The case; none where the words are all there is, such as those of a peer.
    pub fn case(&self) -> Option<&'static str> {
        self.case
    }

    /// The values of the case.
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    fn of(words: &impl ToString, case: &'static str, values: Value) -> Reason {
        let values = if let Value::Object(values) = values { values } else { Map::new() };
        Reason { words: words.to_string(), case: Some(case), values }
    }
}

impl Deref for Reason {
    type Target = str;

    fn deref(&self) -> &str {
        &self.words
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl From<String> for Reason {
    fn from(words: String) -> Reason {
        Reason { words, ..Reason::default() }
    }
}

impl From<&str> for Reason {
    fn from(words: &str) -> Reason {
        words.to_owned().into()
    }
}

impl From<domain::id::IdError> for Reason {
    fn from(error: domain::id::IdError) -> Reason {
        let (case, values) = crate::told::id(&error);
        Reason::of(&error, case, values)
    }
}

impl From<domain::codes::UnknownCode> for Reason {
    fn from(error: domain::codes::UnknownCode) -> Reason {
        let (case, values) = crate::told::code(&error);
        Reason::of(&error, case, values)
    }
}

impl From<domain::delivery::UseIdError> for Reason {
    fn from(error: domain::delivery::UseIdError) -> Reason {
        Reason::of(&error, "use-id", json!({}))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_reads_as_its_words_and_keeps_case_and_values() {
        let reason = Reason::new("enrolment-other", "it is for a region of `9`").with("subject", "9");
        assert!(reason.contains("region") && reason.to_string() == "it is for a region of `9`");
        assert_eq!((reason.case(), &reason.values()["subject"]), (Some("enrolment-other"), &json!("9")));
        let foreign: Reason = "no".into();
        assert_eq!((foreign.case(), foreign.values().len()), (None, 0));
    }

    #[test]
    fn a_wrong_check_character_is_told_with_both() {
        let wrong = domain::id::SubjectCode::uscc("110000000000000015").unwrap_err();
        let reason = Reason::from(wrong.clone());
        assert_eq!((reason.case(), reason.to_string()), (Some("credit-code"), wrong.to_string()));
        assert_eq!(reason.values()["found"], "5");
    }
}
