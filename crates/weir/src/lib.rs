//! Command line, configuration, wiring and demo.
//!
//! [`run`] is the whole program: it reads the command line, runs one command, and says how the process ends. Everything that the
//! commands do to a node they do over its management API; what runs a node stands in `wiring`.

pub mod cli;
pub mod client;
pub mod commands;
pub mod config;
pub mod exit;
pub mod i18n;
pub mod problem;
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
        Err(refusal) => commands::refuse(&refusal, &Out::of_process(Mode::Human, &environment)),
        Ok(cli) => {
            let mode = if cli.global.json { Mode::Json } else { Mode::Human };
            let context = Context::new(Out::of_process(mode, &environment), messages, cli.global);
            commands::run(cli.command, &context)
        }
    }
}
