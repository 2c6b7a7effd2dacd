//! All SQL of a node, on SQLite (embedded, the default) and PostgreSQL 15.
//!
//! A [`Store`] has five doors: [`Store::run_tx`] for steps (state, messages to send and evidence commit together),
//! [`Store::read`] for snapshots, [`Store::peek`] for single looks, [`Store::append_uses`] and [`Store::close_uses`] for metering.
//! What can be done in a transaction are the methods of [`Tx`] and [`Read`], one file per aggregate; docs/DATA_MODEL.md tells what each table
//! holds. Time is a caller's argument everywhere, in microseconds since 1970 UTC.
//!
//! Every method fails with [`StoreError::Database`] where the database does; further errors are named where they occur.
//!
//! This crate knows no lifecycle and no wire: it keeps what it is given, with the columns that are searched, and
//! keeps the promises about it (all or nothing, once, in order, durable).

mod body;
mod catalogue;
mod chains;
mod columns;
mod conn;
mod contracts;
mod directory;
mod enrolments;
mod error;
mod evidence;
mod inbox;
mod issued;
mod listings;
mod lock;
mod logs;
mod look;
mod many;
mod meta;
mod metering;
mod open;
mod organisations;
mod outbox;
mod page;
mod passed_over;
mod products;
mod readers;
mod received;
mod resources;
mod schema;
mod store;
mod stored;
mod tenants;
mod url;
mod uses;
mod uses_door;
mod wake;
mod windows;
mod writer;

pub use body::{Body, Stored};
pub use catalogue::{CatalogueCount, CatalogueRow};
pub use chains::ChainRow;
pub use conn::{Backend, Read, Tx};
pub use contracts::ContractRow;
pub use directory::DirectoryRow;
pub use enrolments::EnrolmentRow;
pub use error::{Result, StoreError};
pub use evidence::{EvidenceRow, NewEvidence};
pub use inbox::{Arrival, INBOX_KEPT_MICROS, InboxRow};
pub use issued::{Issue, IssuedRow};
pub use listings::ListingRow;
pub use logs::{FollowedEntry, Growth, LogEntry, LogHead, LogNode};
pub use meta::MetaRow;
pub use open::StoreOptions;
pub use organisations::OrganisationRow;
pub use outbox::{MessageRow, NewMessage, OutboxCount};
pub use page::Page;
pub use passed_over::PassedOverRow;
pub use products::ProductRow;
pub use received::ReceivedUseRow;
pub use resources::ResourceRow;
pub use store::Store;
pub use tenants::TenantRow;
pub use url::StoreUrl;
pub use uses::{
    Admission, CloseUse, Closing, NewUse, Unwindowed, UseCounter, UseKey, UseRow, UseSign, UseSum,
};
pub use windows::WindowRow;
