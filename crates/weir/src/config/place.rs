//! Where in a configuration file something is wrong.

use std::path::Path;

use super::NONE_NEAR;
use super::nearest::{backticked, nearest};
use crate::exit::Exit;
use crate::problem::Failure;

/// A configuration file's text, to say where in it something is wrong.
pub(super) struct Place<'a> {
    pub path: &'a Path,
    pub text: &'a str,
}

impl Place<'_> {
    /// The line (from 1) of the byte at `offset`.
    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// A refusal of what stands at `offset` under `key`.
    pub fn value(&self, sentence: &'static str, offset: usize, key: &str) -> Failure {
        Failure::new(Exit::Usage, sentence)
            .with("path", self.path.display())
            .with("line", self.line(offset))
            .with("key", key)
    }

    /// A refusal of the parser, told apart: an unknown key or word with the nearest known one, a missing key, anything else.
    pub fn toml(&self, error: &toml::de::Error) -> Failure {
        let offset = error.span().map_or(0, |span| span.start);
        let said = error.message();
        let words = backticked(said);
        let (first, rest) = words.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
        let nearest = || nearest(first, rest).unwrap_or(NONE_NEAR);
        if said.starts_with("unknown field") {
            let refusal = self.value("config-unknown-key", offset, first);
            return refusal.with("nearest", nearest()).with("known", rest.join(", "));
        }
        if said.starts_with("unknown variant") {
            let refusal = self.value("config-unknown-word", offset, &self.key_at(offset));
            return refusal.with("value", first).with("nearest", nearest()).with("known", rest.join(", "));
        }
        if said.starts_with("missing field") {
            return self.value("config-missing-key", offset, first);
        }
        let refusal = self.value("config-syntax", offset, &self.key_at(offset));
        refusal.with("reason", said.replace('\n', ", "))
    }

    /// What stands before the `=` of the line at `offset`.
    fn key_at(&self, offset: usize) -> String {
        let line = self.text.lines().nth(self.line(offset) - 1).unwrap_or_default();
        line.split('=').next().unwrap_or_default().trim().to_owned()
    }
}
