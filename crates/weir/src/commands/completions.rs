//! `weir completions`: what a shell needs to complete commands and flags.

use std::io::Write;

use clap_complete::Shell;

use crate::cli;
use crate::commands::{Context, closed};
use crate::i18n::Messages;
use crate::problem::Result;

/// The script goes out byte by byte as it was made: its tabs would not survive where text is cleaned for a terminal.
pub(super) fn run(shell: Shell, context: &Context) -> Result<()> {
    std::io::stdout().lock().write_all(&script(shell, &context.messages)).map_err(closed)
}

fn script(shell: Shell, messages: &Messages) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(messages), "weir", &mut script);
    script
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use clap::ValueEnum;

    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn every_shell_completes_commands_and_flags_in_both_languages() {
        for lang in Lang::ALL {
            for shell in Shell::value_variants() {
                let text = String::from_utf8(script(*shell, &Messages::new(lang))).unwrap();
                for word in ["contract", "propose", "completions", "receipt-only"] {
                    assert!(text.contains(word), "{shell} in {lang} does not know `{word}`");
                }
            }
        }
    }
}
