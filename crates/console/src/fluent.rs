//! Sentences in the reader's language, from catalogues in Fluent's syntax. Pages and command line have catalogues of their own; how one is
//! read, and how values stand in a sentence, is the same for both.
//!
//! Whole numbers are grouped by thousands and choose singular or plural; what must not be grouped (identifiers, codes, ports, years)
//! is given as text. Left to others: which language the reader wants, and where the sentence is shown.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::FluentNumber;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::figures::thousands;

/// The largest whole number that the plural rules can hold exactly.
const PLURAL_MAX: u64 = 1 << 53;

/// A language of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    En,
    /// Chinese, simplified.
    Zh,
}

/// No catalogue for this language.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown language `{0}`: expected en or zh")]
pub struct UnknownLang(pub String);

impl Lang {
    /// Every language.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Zh];

    /// The language of a terminal by the values of `LC_ALL`, `LC_MESSAGES` and `LANG`: the first that is set counts
    /// (POSIX, 8.2); English where none is, or where it names another language.
    pub fn from_env(lc_all: Option<&str>, lc_messages: Option<&str>, lang: Option<&str>) -> Lang {
        let named = [lc_all, lc_messages, lang].into_iter().flatten().find(|value| !value.is_empty());
        named.and_then(|value| value.parse().ok()).unwrap_or(Lang::En)
    }

    /// The language's tag: `en` or `zh`.
    pub const fn tag(self) -> &'static str {
        self.pick("zh", "en")
    }

    /// The tag of HTML's `lang` attribute (BCP 47): Chinese is simplified.
    pub const fn html_tag(self) -> &'static str {
        self.pick("zh-CN", "en")
    }

    /// The other one.
    pub const fn other(self) -> Lang {
        match self {
            Lang::En => Lang::Zh,
            Lang::Zh => Lang::En,
        }
    }

    /// The text of this language.
    pub const fn pick<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        match self {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    /// Both tags are well formed; an unknown language would only lose its plural forms.
    fn identifier(self) -> LanguageIdentifier {
        self.tag().parse().unwrap_or_default()
    }
}

impl FromStr for Lang {
    type Err = UnknownLang;

    /// Reads a tag (`zh`, `zh-CN`) or a locale (`zh_CN.UTF-8`), whatever its case.
    fn from_str(text: &str) -> Result<Self, UnknownLang> {
        let language = text.split(['-', '_', '.', '@']).next().unwrap_or_default();
        let known = Lang::ALL.into_iter().find(|lang| lang.tag().eq_ignore_ascii_case(language));
        known.ok_or_else(|| UnknownLang(text.to_owned()))
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// A value in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg<'a> {
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

impl From<u32> for Arg<'_> {
    fn from(count: u32) -> Self {
        Arg::Count(count.into())
    }
}

impl From<usize> for Arg<'_> {
    fn from(count: usize) -> Self {
        Arg::Count(count as u64)
    }
}

/// The sentences of one language.
pub struct Sentences {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
}

impl Sentences {
    /// The sentences of a catalogue in Fluent's syntax. What of it cannot be read is left out: whoever compiles one in tests that it can be
    /// read whole.
    pub fn new(lang: Lang, catalogue: &str) -> Self {
        let resource = FluentResource::try_new(catalogue.to_owned()).unwrap_or_else(|(readable, _)| readable);
        let mut bundle = FluentBundle::new_concurrent(vec![lang.identifier()]);
        // Isolation marks would be visible bytes in pipes and files, and are copied along with identifiers; neither language is written
        // right to left, and pages give a foreign text an element of its own.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(|value, _| whole_number(value)));
        bundle.add_resource_overriding(resource);
        Self { lang, bundle }
    }

    /// The language.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// Whether there is a sentence of this key.
    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    /// The sentence `key` with its values. A key that is not there comes back as itself, a value that is missing as its
    /// name in braces: a sentence with a hole is better than none, and a test keeps both from happening.
    pub fn msg(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
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

impl fmt::Debug for Sentences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sentences").field("lang", &self.lang).finish_non_exhaustive()
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
