//! The store's test suite: every test runs on SQLite (a file, and in memory) and on PostgreSQL.
//!
//! `WEIR_TEST_POSTGRES` names a PostgreSQL database; without it those runs are skipped with a word, unless
//! `WEIR_REQUIRE=all` makes that a failure.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout
)]

mod aggregates;
mod crash;
mod logs;
mod messages;
mod opening;
mod place;
mod steps;
mod upgrading;
mod uses;
