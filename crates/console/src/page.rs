//! What a request says about its reader: the language, the address, its parameters; and from these, links that keep them.
//!
//! The language is that of `?lang=`, else the one that `Accept-Language` prefers (RFC 9110, 12.5.4), else English. It is not
//! remembered: a link carries it on where it was chosen.

use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts, Query};
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::i18n::{Arg, Lang, Sentences};
use crate::network::Network;
use crate::trouble::Trouble;

/// Rows of a page at most.
pub(crate) const ROWS_MAX: u32 = 100;
/// The last page that can be asked for.
const PAGE_MAX: u64 = 10_000;
/// How many languages of `Accept-Language` are looked at.
const LANGUAGES_MAX: usize = 32;
/// Parameters that links keep.
const KEPT: [&str; 3] = ["q", "at", "page"];

/// The parts of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// Nodes.
    Overview,
    /// Products.
    Products,
    /// Contracts and receipts.
    Contracts,
    /// Meters.
    Usage,
}

impl Section {
    const ALL: [Section; 4] = [Section::Overview, Section::Products, Section::Contracts, Section::Usage];

    const fn path(self) -> &'static str {
        match self {
            Section::Overview => "/",
            Section::Products => "/products",
            Section::Contracts => "/contracts",
            Section::Usage => "/usage",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Section::Overview => "nav-overview",
            Section::Products => "nav-products",
            Section::Contracts => "nav-contracts",
            Section::Usage => "nav-usage",
        }
    }

    fn of_path(path: &str) -> Option<Section> {
        match path.split('/').nth(1).unwrap_or_default() {
            "" => Some(Section::Overview),
            "products" => Some(Section::Products),
            "contracts" | "receipts" => Some(Section::Contracts),
            "usage" => Some(Section::Usage),
            _ => None,
        }
    }
}

/// A link of the navigation.
pub(crate) struct NavLink {
    /// Where it leads.
    pub(crate) href: String,
    /// Its text.
    pub(crate) text: String,
    /// Whether the reader is there.
    pub(crate) here: bool,
}

/// Links from a page of a list to its neighbours.
#[derive(Debug, Default)]
pub(crate) struct Pager {
    /// The page before.
    pub(crate) previous: Option<String>,
    /// The page after.
    pub(crate) next: Option<String>,
}

/// A request as its reader meant it.
#[derive(Debug)]
pub(crate) struct Page {
    messages: Arc<Sentences>,
    path: String,
    query: Vec<(String, String)>,
    is_chosen: bool,
}

impl FromRequestParts<Arc<Network>> for Page {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, network: &Arc<Network>) -> Result<Self, Infallible> {
        Ok(Page::of(&parts.uri, &parts.headers, network))
    }
}

impl Page {
    fn of(uri: &Uri, headers: &HeaderMap, network: &Network) -> Page {
        let query = parameters(uri);
        let named = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let chosen = named("lang").and_then(|tag| tag.parse().ok());
        let lang = chosen.or_else(|| accepted(headers)).unwrap_or(Lang::En);
        let query = query.iter().filter(|(key, _)| KEPT.contains(&key.as_str())).cloned().collect();
        Page {
            messages: network.messages(lang),
            path: own_path(uri.path()),
            query,
            is_chosen: chosen.is_some(),
        }
    }

    /// The reader's language.
    pub(crate) fn lang(&self) -> Lang {
        self.messages.lang()
    }

    /// The language of the page, for its `lang` attribute.
    pub(crate) fn tag(&self) -> &'static str {
        self.lang().html_tag()
    }

    /// A sentence.
    pub(crate) fn t(&self, key: &str) -> String {
        self.messages.msg(key, &[])
    }

    /// A sentence with one value.
    pub(crate) fn t1<'a>(&self, key: &str, name: &str, value: impl Into<Arg<'a>>) -> String {
        self.messages.msg(key, &[(name, value.into())])
    }

    /// A sentence with values.
    pub(crate) fn msg(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        self.messages.msg(key, args)
    }

    /// The other language, by its own name.
    pub(crate) fn other(&self) -> Lang {
        self.lang().other()
    }

    /// This page in the other language.
    pub(crate) fn switch(&self) -> String {
        let lang = ("lang".to_owned(), self.other().tag().to_owned());
        address(&self.path, self.query.iter().chain(std::iter::once(&lang)))
    }

    /// Another page of this site, in the language that was chosen.
    pub(crate) fn link(&self, path: &str) -> String {
        let lang = self.lang_parameter();
        address(path, lang.iter())
    }

    /// The chosen language as a parameter, for forms.
    pub(crate) fn chosen(&self) -> Option<&'static str> {
        self.is_chosen.then(|| self.lang().tag())
    }

    fn lang_parameter(&self) -> Option<(String, String)> {
        self.chosen().map(|code| ("lang".to_owned(), code.to_owned()))
    }

    /// The navigation.
    pub(crate) fn nav(&self) -> Vec<NavLink> {
        let here = Section::of_path(&self.path);
        let link = |section: Section| NavLink {
            href: self.link(section.path()),
            text: self.t(section.key()),
            here: here == Some(section),
        };
        Section::ALL.into_iter().map(link).collect()
    }

    /// A parameter of the address, trimmed; `None` where it is absent or empty.
    ///
    /// # Errors
    /// [`Trouble::TooLong`].
    pub(crate) fn parameter(&self, name: &'static str, chars_max: usize) -> Result<Option<&str>, Trouble> {
        let value = self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
        match value {
            Some(value) if value.chars().nth(chars_max).is_some() => {
                Err(Trouble::TooLong { name, limit: chars_max })
            }
            value => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    /// The number of the list's page that is asked for, from 1.
    ///
    /// # Errors
    /// [`Trouble::Parameter`] where it is none.
    pub(crate) fn number(&self) -> Result<u64, Trouble> {
        let Some(text) = self.parameter("page", 16)? else { return Ok(1) };
        let number = text.parse().ok().filter(|number| (1..=PAGE_MAX).contains(number));
        number.ok_or(Trouble::Parameter("error-page-number"))
    }

    /// Links to the pages beside page `number`; `has_more` says whether there is one after it.
    pub(crate) fn pager(&self, number: u64, has_more: bool) -> Pager {
        let to = |number: u64| {
            let kept = self.query.iter().filter(|(key, _)| key != "page").cloned();
            let page = ("page".to_owned(), number.to_string());
            let all: Vec<(String, String)> = kept.chain([page]).chain(self.lang_parameter()).collect();
            address(&self.path, all.iter())
        };
        Pager {
            previous: (number > 1).then(|| to(number - 1)),
            next: (has_more && number < PAGE_MAX).then(|| to(number + 1)),
        }
    }

    /// The answer that a view or its trouble makes.
    pub(crate) fn answer<T: Template>(&self, view: Result<T, Trouble>) -> Response {
        let rendered = view.and_then(|view| Ok(view.render()?));
        match rendered {
            Ok(html) => html_answer(StatusCode::OK, html),
            Err(trouble) => crate::pages::trouble(self, &trouble),
        }
    }
}

/// An HTML document.
pub(crate) fn html_answer(status: StatusCode, html: String) -> Response {
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

fn parameters(uri: &Uri) -> Vec<(String, String)> {
    Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default()
}

/// The path for links back to the same page. One that begins with two slashes would lead to another host.
fn own_path(path: &str) -> String {
    let is_own = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
    if is_own { path.to_owned() } else { "/".to_owned() }
}

fn address<'a>(path: &str, query: impl Iterator<Item = &'a (String, String)>) -> String {
    let pairs: Vec<String> =
        query.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// Percent-encodes all but the unreserved characters (RFC 3986, 2.3).
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The language that the browser prefers among ours.
fn accepted(headers: &HeaderMap) -> Option<Lang> {
    let text = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    let wanted = text.split(',').take(LANGUAGES_MAX).filter_map(|range| {
        let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
        Some((tag.trim().parse().ok()?, thousandths(weight.trim())?))
    });
    // The first of those that weigh most.
    let best = wanted.filter(|(_, weight)| *weight > 0).reduce(
        |best, next| {
            if next.1 > best.1 { next } else { best }
        },
    );
    best.map(|(lang, _)| lang)
}

/// A weight such as `q=0.8` in thousandths; nothing is 1000.
fn thousandths(weight: &str) -> Option<u32> {
    if weight.is_empty() {
        return Some(1000);
    }
    let (whole, fraction) = match weight.strip_prefix("q=")? {
        value if value.contains('.') => value.split_once('.')?,
        value => (value, ""),
    };
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    let sum = whole.parse::<u32>().ok()?.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    (sum <= 1000).then_some(sum)
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
