//! Chores: `cargo xtask tidy` checks what the compiler does not: which crate may use which (ARCHITECTURE.md, "Map"), what may not
//! stand in the sources, and that the two READMEs keep step.
//!
//! Formatting, lints and tests are cargo's own commands; `.ci/run` calls them all.

mod tidy;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "usage: cargo xtask tidy\n\n  tidy   check crate edges, dependencies and sources; exits 1 where something is wrong\n";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => report(tidy::check(&workspace_root())),
        ["help" | "--help" | "-h"] => say(std::io::stdout(), HELP, 0),
        _ => say(std::io::stderr(), HELP, 2),
    }
}

/// This crate stands two folders below the root.
fn workspace_root() -> std::path::PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

fn report(outcome: Result<Vec<tidy::Problem>, tidy::Error>) -> ExitCode {
    match outcome {
        Ok(problems) if problems.is_empty() => say(std::io::stdout(), "tidy: nothing to complain about\n", 0),
        Ok(problems) => {
            let lines: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
            say(std::io::stderr(), &format!("{lines}tidy: {} to put right\n", problems.len()), 1)
        }
        Err(error) => say(std::io::stderr(), &format!("tidy: {error}\n"), 2),
    }
}

fn say(mut out: impl Write, text: &str, code: u8) -> ExitCode {
    match out.write_all(text.as_bytes()) {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What `cargo xtask tidy` checks, so that `cargo test --workspace` does too.
    #[test]
    fn the_workspace_is_tidy() {
        let problems = tidy::check(&workspace_root()).unwrap();
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "\n{}", lines.join("\n"));
    }
}
