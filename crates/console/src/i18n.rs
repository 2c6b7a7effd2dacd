//! The catalogue of sentences of the pages, one file per language under `locales/` (Fluent), compiled into the program.
//!
//! Code and templates name a sentence by its key and give the values (`crate::fluent`). Which language a reader wants is `page`'s.

pub(crate) use crate::fluent::{Arg, Lang, Sentences};

const EN: &str = include_str!("../locales/en.ftl");
const ZH: &str = include_str!("../locales/zh.ftl");

/// The catalogue of a language. A test holds that each file can be read whole.
pub(crate) fn sentences(lang: Lang) -> Sentences {
    Sentences::new(lang, source(lang))
}

const fn source(lang: Lang) -> &'static str {
    lang.pick(ZH, EN)
}

#[cfg(test)]
#[path = "i18n_tests.rs"]
mod tests;
