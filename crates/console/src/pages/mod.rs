//! One module per page: what it reads, and the view that its template shows.

pub(crate) mod both;
pub(crate) mod contract;
pub(crate) mod contracts;
pub(crate) mod overview;
pub(crate) mod product;
pub(crate) mod products;
pub(crate) mod receipt;
pub(crate) mod usage;

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::figures::{size, thousands};
use crate::i18n::Arg;
use crate::page::{Page, html_answer};
use crate::trouble::Trouble;

const STYLE: &str = include_str!("../../assets/console.css");

/// A label with its value, for lists of figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Figure {
    /// What it is.
    pub(crate) label: String,
    /// The value.
    pub(crate) value: String,
    /// Whether it is an identifier, digest or other text for machines.
    pub(crate) is_code: bool,
}

impl Figure {
    /// A value in words or figures.
    pub(crate) fn text(label: String, value: impl Into<String>) -> Figure {
        Figure { label, value: value.into(), is_code: false }
    }

    /// A value for machines.
    pub(crate) fn code(label: String, value: impl Into<String>) -> Figure {
        Figure { label, value: value.into(), is_code: true }
    }

    /// A count, grouped by thousands.
    pub(crate) fn count(label: String, count: u64) -> Figure {
        Figure::text(label, thousands(count))
    }
}

/// Bytes for people, with the exact number: `32.5 MB (32,468,512)`.
pub(crate) fn exact_bytes(page: &Page, count: u64) -> String {
    if count < 1000 {
        return size(count);
    }
    page.msg("bytes-exact", &[("size", size(count).into()), ("count", count.into())])
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    page: &'a Page,
    title: String,
    text: String,
}

/// The page of a trouble. Faults of our own are logged here, and not shown.
pub(crate) fn trouble(page: &Page, trouble: &Trouble) -> Response {
    let text = match trouble {
        Trouble::NotFound(name) => page.t1("error-not-found-text", "name", name),
        Trouble::TooLong { name, limit } => {
            page.msg("error-too-long", &[("name", (*name).into()), ("limit", Arg::from(*limit))])
        }
        Trouble::Parameter(key) => page.t(key),
        Trouble::NotYet(_) => page.t("error-not-yet-text"),
        Trouble::Disputed(error) => page.t1("error-disputed-text", "reason", error.to_string()),
        Trouble::Away(error) => {
            tracing::warn!(%error, "a page needs a node that did not answer");
            page.t("error-away-text")
        }
        Trouble::Failed(_) | Trouble::Template(_) => {
            tracing::error!(error = %trouble, "a page could not be shown");
            page.t("error-failed-text")
        }
    };
    error_page(page, trouble.status(), page.t(trouble.title()), text)
}

fn error_page(page: &Page, status: StatusCode, title: String, text: String) -> Response {
    match (ErrorPage { page, title, text }).render() {
        Ok(html) => html_answer(status, html),
        Err(error) => {
            tracing::error!(%error, "the page that tells of an error could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Answers an address that leads nowhere.
pub(crate) async fn not_found(page: Page) -> Response {
    let text = page.t("error-no-page-text");
    error_page(&page, StatusCode::NOT_FOUND, page.t("error-not-found"), text)
}

/// Answers any method but `GET` and `HEAD`.
pub(crate) async fn not_allowed(page: Page) -> Response {
    let text = page.t("error-method-text");
    error_page(&page, StatusCode::METHOD_NOT_ALLOWED, page.t("error-method"), text)
}

/// The style sheet.
pub(crate) async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "max-age=300")], STYLE).into_response()
}
