//! Integration tests: real HTTP on loopback, several nodes in one process. This is their harness; the tests stand in `tests/it`.
//!
//! | module | what it does |
//! |---|---|
//! | [`network`] | nodes with stores on disk, behind a fault proxy each, joined to one network |
//! | [`market`] | the steps of the main flow over the management API: publish, agree, deliver, prove |
//! | [`manage`] | a client of the management API |
//! | [`letter`] | messages between nodes written by hand, right or wrong |
//! | [`proxy`] | what can happen to a message on its way |
//! | [`process`], [`town`] | the real `weir` binary as child processes, and a network of them |
//! | [`stage`] | a town with a process and a fault proxy for each node, whose processes are killed at a chosen message |
//! | [`insist`] | the steps of the main flow by a member who asks until it is answered, whoever is killed meanwhile |
//! | [`cluster`] | a PostgreSQL server of the test's own, and databases on the one that is given |
//! | [`tls`] | certificates for nodes that listen with TLS |
//! | [`data`] | small files |
//! | [`needs`] | what a test needs of the machine, or is skipped without |
//! | [`wait`] | waiting for what another task or process does |
//!
//! It is test code: a step that fails ends the test with what was expected and what came.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

pub mod cluster;
pub mod data;
pub mod insist;
pub mod letter;
pub mod manage;
pub mod market;
pub mod needs;
pub mod network;
pub mod process;
pub mod proxy;
pub mod stage;
pub mod tls;
pub mod town;
pub mod wait;
