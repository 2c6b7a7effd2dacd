//! The integration tests: real HTTP on loopback, several nodes in one process, and the real binary where a process has to die.
//!
//! Each module names what it shows. A step that fails says what was expected; waiting has a deadline and no test waits for time to pass.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

mod away;
mod browser;
mod chains;
mod crash;
mod delivery;
mod demo;
mod disk;
mod feed;
mod flow;
mod joining;
mod kills;
mod management;
mod messages;
mod outbox;
mod processes;
mod readme;
mod server;
mod sources;
mod terms;
mod tls;
mod windows;
