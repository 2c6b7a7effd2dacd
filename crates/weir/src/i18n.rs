//! The catalogue of sentences of the command line, one file per language under `locales/` (Fluent), compiled into the program.
//!
//! Code names a sentence by its key and gives the values (`console::fluent`); no sentence stands in code.
//! Left to others: which language the reader wants, and where the sentence is shown.

use std::ops::Deref;

use console::fluent::Sentences;
pub use console::fluent::{Arg, Lang, UnknownLang};

const EN: &str = include_str!("../locales/en.ftl");
const ZH: &str = include_str!("../locales/zh.ftl");

/// The sentences of one language.
#[derive(Debug)]
pub struct Messages(Sentences);

impl Messages {
    /// The catalogue of a language. A test holds that each file can be read whole.
    pub fn new(lang: Lang) -> Self {
        Self(Sentences::new(lang, source(lang)))
    }
}

impl Deref for Messages {
    type Target = Sentences;

    fn deref(&self) -> &Sentences {
        &self.0
    }
}

const fn source(lang: Lang) -> &'static str {
    lang.pick(ZH, EN)
}

#[cfg(test)]
#[path = "i18n_tests.rs"]
mod tests;
