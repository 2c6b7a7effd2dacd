//! The catalogue of sentences of the pages, one file per language under `locales/` (Fluent), compiled into the program.
//!
//! Code and templates name a sentence by its key and give the values. Whole numbers are grouped by thousands and choose singular
//! or plural; what must not be grouped (identifiers, codes) is given as text. Which language a reader wants is `page`'s.

use std::borrow::Cow;
use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::FluentNumber;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::figures::thousands;

const EN: &str = include_str!("../locales/en.ftl");
const ZH: &str = include_str!("../locales/zh.ftl");
/// The largest whole number that the plural rules can hold exactly.
const PLURAL_MAX: u64 = 1 << 53;

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lang {
    /// English.
    En,
    /// Chinese, simplified.
    Zh,
}

impl Lang {
    /// Every language.
    #[cfg(test)]
    pub(crate) const ALL: [Lang; 2] = [Lang::En, Lang::Zh];

    /// The language of a tag such as `zh`, `zh-CN` or `en-GB`, whatever its case.
    pub(crate) fn of_tag(tag: &str) -> Option<Lang> {
        match tag.split(['-', '_']).next().unwrap_or_default() {
            "" => None,
            word if word.eq_ignore_ascii_case("zh") => Some(Lang::Zh),
            word if word.eq_ignore_ascii_case("en") => Some(Lang::En),
            _ => None,
        }
    }

    /// The word in `?lang=`.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh",
        }
    }

    /// The tag of the `lang` attribute (BCP 47).
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh-CN",
        }
    }

    /// The other one.
    pub(crate) const fn other(self) -> Lang {
        match self {
            Lang::En => Lang::Zh,
            Lang::Zh => Lang::En,
        }
    }

    /// The text of this language.
    pub(crate) const fn pick<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        match self {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    const fn source(self) -> &'static str {
        self.pick(ZH, EN)
    }

    /// Both tags are well formed; an unknown language would only lose its plural forms.
    fn identifier(self) -> LanguageIdentifier {
        self.code().parse().unwrap_or_default()
    }
}

/// A value in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arg<'a> {
    /// Shown as it is.
    Text(Cow<'a, str>),
    /// A whole number: grouped by thousands, and chooses singular or plural.
    Count(u64),
}

impl<'a> Arg<'a> {
    fn value(&'a self) -> FluentValue<'a> {
        match self {
            Arg::Text(text) => FluentValue::from(text.as_ref()),
            Arg::Count(count) if *count <= PLURAL_MAX => FluentValue::from(*count),
            Arg::Count(count) => FluentValue::from(thousands(*count)),
        }
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Arg::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Arg::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Arg::Text(Cow::Owned(text))
    }
}

impl From<u64> for Arg<'_> {
    fn from(count: u64) -> Self {
        Arg::Count(count)
    }
}

impl From<&u64> for Arg<'_> {
    fn from(count: &u64) -> Self {
        Arg::Count(*count)
    }
}

impl From<&usize> for Arg<'_> {
    fn from(count: &usize) -> Self {
        Arg::Count(*count as u64)
    }
}

impl From<usize> for Arg<'_> {
    fn from(count: usize) -> Self {
        Arg::Count(count as u64)
    }
}

/// The sentences of one language.
pub(crate) struct Messages {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
}

impl Messages {
    /// The catalogue of a language. A test holds that each file can be read whole.
    pub(crate) fn new(lang: Lang) -> Self {
        let resource =
            FluentResource::try_new(lang.source().to_owned()).unwrap_or_else(|(readable, _)| readable);
        let mut bundle = FluentBundle::new_concurrent(vec![lang.identifier()]);
        // Isolation marks would be copied along with identifiers; a foreign text gets an element of its own instead.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(|value, _| whole_number(value)));
        bundle.add_resource_overriding(resource);
        Self { lang, bundle }
    }

    /// The language.
    pub(crate) fn lang(&self) -> Lang {
        self.lang
    }

    /// The sentence `key` with its values. A key that is not there comes back as itself, a value that is missing as its
    /// name in braces: a sentence with a hole is better than none, and a test keeps both from happening.
    pub(crate) fn msg(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::warn!(key, "no such sentence in the catalogue");
            return key.to_owned();
        };
        let values: FluentArgs<'_> = args.iter().map(|(name, arg)| (*name, arg.value())).collect();
        let mut errors = Vec::new();
        let sentence = self.bundle.format_pattern(pattern, Some(&values), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::warn!(key, "sentence lacks a value: {errors:?}");
        }
        sentence
    }
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("lang", &self.lang).finish_non_exhaustive()
    }
}

fn whole_number(value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(thousands(exact(number))),
        _ => None,
    }
}

/// Only [`Arg::Count`] makes numbers, and only such as a float holds exactly.
fn exact(number: &FluentNumber) -> u64 {
    number.value as u64
}

#[cfg(test)]
#[path = "i18n_tests.rs"]
mod tests;
