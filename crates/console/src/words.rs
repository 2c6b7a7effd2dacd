//! Codes of the documents in the reader's words: kinds, areas, states, terms.

use std::collections::BTreeSet;

use app::config::Role as NodeRole;
use domain::codes::ContractStatus;
use domain::contract::Role;
use domain::id::{AreaCode, IdKind};
use domain::terms::{Dimension, Terms};
use ndi::Code as _;
use ndi::weir_v1::public_log::{ColumnKind, I18nText};
use ndi::weir_v1::{Status, SuiteCode};

use crate::figures::moment;
use crate::page::Page;

/// How many items of a set a sentence names.
const NAMED_MAX: usize = 12;

/// A node's kind by its word (`global`, `region`, …); a word that is unknown stands for itself.
pub(crate) fn kind(page: &Page, word: &str) -> String {
    match word {
        "global" => page.t("kind-global"),
        "region" => page.t("kind-region"),
        "industry" => page.t("kind-industry"),
        "service" => page.t("kind-service"),
        "connector" => page.t("kind-connector"),
        "organisation" => page.t("kind-organisation"),
        other => other.to_owned(),
    }
}

/// A node's kind by its role.
pub(crate) fn role_kind(page: &Page, role: NodeRole) -> String {
    match role {
        NodeRole::Host => page.t("kind-host"),
        other => kind(page, other.as_str()),
    }
}

/// What an identifier names, by its first character.
pub(crate) fn id_kind(page: &Page, kind: IdKind) -> String {
    match kind {
        IdKind::GlobalNode => page.t("kind-global"),
        IdKind::RegionNode => page.t("kind-region"),
        IdKind::IndustryNode => page.t("kind-industry"),
        IdKind::ServiceNode => page.t("kind-service"),
        IdKind::Connector => page.t("kind-connector"),
        IdKind::DataProduct => page.t("kind-product"),
        IdKind::DataResource => page.t("kind-resource"),
    }
}

/// `Shanghai (3100)`.
pub(crate) fn area(page: &Page, area: AreaCode) -> String {
    let name = page.lang().pick(area.name_zh(), area.name_en());
    page.msg("area-named", &[("name", name.into()), ("code", area.to_string().into())])
}

/// A text of the catalogue in the reader's language, else in the other.
pub(crate) fn text<'t>(page: &Page, text: &'t I18nText) -> &'t str {
    let (zh, en) = (text.zh.as_deref(), text.en.as_deref());
    let (own, other) = match page.lang() {
        crate::i18n::Lang::Zh => (zh, en),
        crate::i18n::Lang::En => (en, zh),
    };
    own.or(other).unwrap_or_default()
}

/// A state of the public log.
pub(crate) fn status(page: &Page, status: Status) -> String {
    page.t(match status {
        Status::Certified => "status-certified",
        Status::Registered => "status-registered",
        Status::Listed => "status-listed",
        Status::Withdrawn => "status-withdrawn",
        Status::Delisted => "status-delisted",
        Status::Deregistered => "status-deregistered",
    })
}

/// A suite, with its algorithms.
pub(crate) fn suite(page: &Page, suite: crypto::Suite) -> String {
    page.t(match SuiteCode::from(suite) {
        SuiteCode::Sm => "suite-sm",
        SuiteCode::Intl => "suite-intl",
    })
}

/// A suite by its word on the wire.
pub(crate) fn suite_code(page: &Page, code: SuiteCode) -> String {
    page.t(if code.code() == "sm" { "suite-sm" } else { "suite-intl" })
}

/// A contract's state: `05 performing`.
pub(crate) fn contract_state(page: &Page, status: ContractStatus) -> String {
    let word = page.lang().pick(status.name_zh(), status.name_en());
    page.msg("contract-state", &[("code", status.code().into()), ("word", word.into())])
}

/// A side of a contract.
pub(crate) fn side(page: &Page, role: Role) -> String {
    page.t(match role {
        Role::Provider => "side-provider",
        Role::User => "side-user",
    })
}

/// A kind of column.
pub(crate) fn column_kind(page: &Page, kind: ColumnKind) -> String {
    page.t(match kind {
        ColumnKind::Integer => "column-integer",
        ColumnKind::Decimal => "column-decimal",
        ColumnKind::Text => "column-text",
        ColumnKind::Boolean => "column-boolean",
        ColumnKind::Date => "column-date",
        ColumnKind::DateTime => "column-datetime",
    })
}

/// One dimension of terms in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// Which.
    pub(crate) dimension: Dimension,
    /// What it is called.
    pub(crate) label: String,
    /// What it allows.
    pub(crate) text: String,
}

/// Terms in words, dimension by dimension; one that is not limited says so.
pub(crate) fn terms(page: &Page, terms: &Terms) -> Vec<Term> {
    let action = page.lang().pick(terms.action.name_zh(), terms.action.name_en()).to_owned();
    let (from, to) = (moment(terms.time.start()), moment(terms.time.end()));
    let count = match terms.count {
        Some(count) => page.t1("term-count", "count", count),
        None => page.t("term-count-any"),
    };
    let named = |area: &AreaCode| page.lang().pick(area.name_zh(), area.name_en()).to_owned();
    let fields = limited(page, terms.fields.as_ref(), Clone::clone, "term-fields", "term-fields-any");
    let regions = limited(page, terms.regions.as_ref(), named, "term-regions", "term-regions-any");
    let users = limited(page, terms.users.as_ref(), ToString::to_string, "term-users", "term-users-any");
    let line = |dimension, label: &str, text| Term { dimension, label: page.t(label), text };
    vec![
        line(Dimension::Action, "term-label-action", action),
        line(Dimension::Count, "term-label-count", count),
        line(
            Dimension::Time,
            "term-label-time",
            page.msg("term-time", &[("from", from.into()), ("to", to.into())]),
        ),
        line(Dimension::Fields, "term-label-fields", fields),
        line(Dimension::Region, "term-label-regions", regions),
        line(Dimension::User, "term-label-users", users),
    ]
}

fn limited<T>(
    page: &Page,
    set: Option<&BTreeSet<T>>,
    name: impl Fn(&T) -> String,
    only: &str,
    any: &str,
) -> String {
    match set {
        Some(set) => page.t1(only, "list", list(page, set.iter().map(name), set.len())),
        None => page.t(any),
    }
}

/// Names in a row; beyond a dozen the rest is counted.
pub(crate) fn list(page: &Page, names: impl Iterator<Item = String>, total: usize) -> String {
    let shown: Vec<String> = names.take(NAMED_MAX).collect();
    let joined = shown.join(page.lang().pick("、", ", "));
    match total.saturating_sub(shown.len()) {
        0 => joined,
        more => page.msg("list-more", &[("list", joined.into()), ("more", more.into())]),
    }
}
