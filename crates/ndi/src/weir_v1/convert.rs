//! Catalogue parts and terms of the domain as wire types and back.
//!
//! The wire has one list of keywords, the domain one per language: a word with a character beyond ASCII is taken as Chinese.

use std::collections::BTreeSet;

use domain::TimeRange;
use domain::catalogue as d;
use domain::terms::{Action, Terms};

use super::public_log::{Column, ColumnKind, FileFormat, I18nText, Profile};
use super::terms::TermsObject;
use crate::read::{refused, terms_refused};
use crate::{Error, IsoTime, Path};

/// Encoding that the domain gives to files that are no text.
const BINARY: &str = "binary";

impl I18nText {
    /// The text, `None` where it is empty in both languages.
    pub fn of(text: &d::I18n) -> Option<Self> {
        let present = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        (!text.is_empty()).then(|| Self { zh: present(&text.zh), en: present(&text.en) })
    }

    /// The domain's form.
    pub fn to_domain(&self) -> d::I18n {
        d::I18n::new(self.zh.clone().unwrap_or_default(), self.en.clone().unwrap_or_default())
    }
}

/// Keywords as one list: Chinese first, each once.
pub fn keywords_of(keywords: &d::Keywords) -> Vec<String> {
    let mut seen = BTreeSet::new();
    keywords.zh.iter().chain(&keywords.en).filter(|word| seen.insert(word.as_str())).cloned().collect()
}

/// Keywords by language.
pub fn keywords_to_domain(keywords: &[String]) -> d::Keywords {
    let (en, zh) = keywords.iter().cloned().partition(|word| word.is_ascii());
    d::Keywords { zh, en }
}

impl From<&d::Profile> for Profile {
    fn from(profile: &d::Profile) -> Self {
        Self {
            format: profile.format.into(),
            encoding: (profile.encoding != BINARY).then(|| profile.encoding.clone()),
            delimiter: profile.delimiter.map(String::from),
            columns: profile.columns.iter().map(Column::from).collect(),
            rows: profile.rows,
            bytes: profile.bytes,
            digest: profile.sha256,
            time_range: profile.time_range.map(|(first, last)| vec![IsoTime(first), IsoTime(last)]),
            nulls: profile.null_cells,
        }
    }
}

impl Profile {
    /// The domain's form, checked as the domain does.
    ///
    /// # Errors
    /// [`Error::Refused`] at `at` for columns or counts that cannot be.
    pub fn to_domain(&self, at: &Path<'_>) -> Result<d::Profile, Error> {
        let profile = d::Profile {
            format: self.format.into(),
            encoding: self.encoding.clone().unwrap_or_else(|| BINARY.to_owned()),
            delimiter: self.delimiter.as_ref().and_then(|text| text.chars().next()),
            columns: self.columns.iter().map(d::Column::from).collect(),
            rows: self.rows,
            bytes: self.bytes,
            sha256: self.digest,
            time_range: time_pair(self.time_range.as_deref()),
            null_cells: self.nulls,
        };
        profile.check().map_err(|refusal| refused(at, refusal))?;
        Ok(profile)
    }
}

/// Two times, as the domain keeps them.
pub fn time_pair(times: Option<&[IsoTime]>) -> Option<(domain::Timestamp, domain::Timestamp)> {
    match times {
        Some([first, last]) => Some((first.0, last.0)),
        _ => None,
    }
}

impl From<&d::Column> for Column {
    fn from(column: &d::Column) -> Self {
        Self {
            name: column.name.clone(),
            kind: column.kind.into(),
            nulls: column.nulls,
            min: cell(column.min.as_ref()),
            max: cell(column.max.as_ref()),
            title: column.title.as_ref().and_then(I18nText::of),
        }
    }
}

/// A cell for people to read: an empty or very long one says nothing and is left out.
fn cell(text: Option<&String>) -> Option<String> {
    text.filter(|text| (1..=crate::limits::CELL_CHARS).contains(&text.chars().count())).cloned()
}

impl From<&Column> for d::Column {
    fn from(column: &Column) -> Self {
        Self {
            name: column.name.clone(),
            kind: column.kind.into(),
            nulls: column.nulls,
            min: column.min.clone(),
            max: column.max.clone(),
            title: column.title.as_ref().map(I18nText::to_domain),
        }
    }
}

/// Two enums with the same variants, into each other.
macro_rules! same_variants {
    ($wire:ty, $domain:ty: $($variant:ident),+) => {
        impl From<$domain> for $wire {
            fn from(value: $domain) -> Self {
                match value { $(<$domain>::$variant => Self::$variant),+ }
            }
        }

        impl From<$wire> for $domain {
            fn from(value: $wire) -> Self {
                match value { $(<$wire>::$variant => Self::$variant),+ }
            }
        }
    };
}

same_variants!(FileFormat, d::Format: Csv, Parquet);
same_variants!(ColumnKind, d::ColumnKind: Integer, Decimal, Text, Boolean, Date, DateTime);

impl From<&Terms> for TermsObject {
    fn from(terms: &Terms) -> Self {
        Self {
            action: terms.action.code().to_owned(),
            count: terms.count,
            from: IsoTime(terms.time.start()),
            to: IsoTime(terms.time.end()),
            fields: terms.fields.as_ref().map(|set| set.iter().cloned().collect()),
            regions: terms.regions.as_ref().map(|set| set.iter().copied().collect()),
            users: terms.users.as_ref().map(|set| set.iter().cloned().collect()),
        }
    }
}

impl TermsObject {
    /// The domain's form, checked as the domain does.
    ///
    /// # Errors
    /// [`Error::Terms`] with the path of the dimension at fault below `at`.
    pub fn to_domain(&self, at: &Path<'_>) -> Result<Terms, Error> {
        let action =
            Action::parse(&self.action).map_err(|refusal| terms_refused(&at.key("action"), refusal))?;
        let time =
            TimeRange::new(self.from.0, self.to.0).map_err(|error| terms_refused(&at.key("to"), error))?;
        let terms = Terms {
            action,
            count: self.count,
            time,
            fields: self.fields.as_ref().map(|list| list.iter().cloned().collect()),
            regions: self.regions.as_ref().map(|list| list.iter().copied().collect()),
            users: self.users.as_ref().map(|list| list.iter().cloned().collect()),
        };
        terms.check().map_err(|refusal| {
            let field = refusal.dimension().map_or("action", |dimension| match dimension {
                domain::terms::Dimension::Region => "regions",
                domain::terms::Dimension::User => "users",
                domain::terms::Dimension::Time => "from",
                other => other.name(),
            });
            terms_refused(&at.key(field), refusal)
        })?;
        Ok(terms)
    }
}
