//! Command line, configuration, wiring and demo.
//!
//! [`run`] is the whole program: it reads the command line, runs one command, and says how the process ends. Everything that the
//! commands do to a node they do over its management API; what runs a node stands in `wiring`.

pub mod cli;
pub mod client;
pub mod commands;
pub mod config;
pub mod demo;
pub(crate) mod download;
pub mod exit;
pub(crate) mod files;
pub mod i18n;
pub(crate) mod private;
pub mod problem;
pub mod running;
pub mod term;
#[cfg(test)]
pub(crate) mod testing;
pub mod wiring;

use std::ffi::OsString;

use crate::commands::Context;
use crate::exit::Exit;
use crate::i18n::Messages;
use crate::term::{Environment, Mode, Out};

/// Runs the command line `args` (the program's name first) with the environment that `env` gives by name.
pub fn run(args: Vec<OsString>, env: impl Fn(&str) -> Option<String>) -> Exit {
    let messages = Messages::new(cli::language(&args, &env));
    let environment = Environment::read(&env);
    match cli::parse(&args, &messages) {
        Err(refusal) => {
            // Help and version are for people, whatever else was asked for.
            let is_for_programs = refusal.exit_code() != 0 && cli::wants_json(&args);
            let mode = if is_for_programs { Mode::Json } else { Mode::Human };
            commands::refuse(&refusal, &messages, &Out::of_process(mode, &environment))
        }
        Ok(cli) => {
            let mode = if cli.global.json { Mode::Json } else { Mode::Human };
            let context = Context::new(Out::of_process(mode, &environment), messages, cli.global);
            commands::run(cli.command, &context)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;

    fn ended(args: &[&str]) -> Exit {
        run(["weir"].iter().chain(args).map(Into::into).collect(), |_| None)
    }

    #[test]
    fn the_process_ends_with_the_code_of_the_case() {
        let folder = tempfile::tempdir().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let node = testing::node(folder.path(), free);
        let config = folder.path().join("weir.toml");
        let config = config.to_str().unwrap();
        assert_eq!(ended(&["serch"]), Exit::Usage);
        assert_eq!(ended(&["status", "--config", "/nowhere/weir.toml"]), Exit::Usage);
        assert_eq!(ended(&["status", "--config", config]), Exit::Unreachable);
        assert_eq!(ended(&["verify", "/nowhere.json", "--trust", "/nowhere.pem"]), Exit::BadInput);
        std::fs::remove_file(node.token_file()).unwrap();
        assert_eq!(ended(&["status", "--config", config]), Exit::Unauthorised);
    }
}
