//! Exit codes of the command line: what a script can tell apart without reading a sentence. `docs/CLI.md` lists them.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was asked was done.
    Ok,
    /// Something failed that none of the others names.
    Failure,
    /// The command line or the configuration cannot be used.
    Usage,
    /// The node, or somebody it needed, cannot be reached.
    Unreachable,
    /// The token is missing, unreadable or wrong.
    Unauthorised,
    /// There is no such object.
    NotFound,
    /// Terms, gate or state refuse it.
    Refused,
    /// A digest, a signature or a receipt does not hold.
    Unverified,
    /// An input file cannot be used.
    BadInput,
}

impl Exit {
    /// Every code, in ascending order.
    pub const ALL: [Exit; 9] = [
        Exit::Ok,
        Exit::Failure,
        Exit::Usage,
        Exit::Unreachable,
        Exit::Unauthorised,
        Exit::NotFound,
        Exit::Refused,
        Exit::Unverified,
        Exit::BadInput,
    ];

    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
            Exit::Unauthorised => 4,
            Exit::NotFound => 5,
            Exit::Refused => 6,
            Exit::Unverified => 7,
            Exit::BadInput => 8,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_documentation() {
        let page = include_str!("../../../docs/CLI.md");
        for exit in Exit::ALL {
            let row = format!("| `{}` |", exit.code());
            assert!(page.contains(&row), "docs/CLI.md has no row {row} for {exit:?}");
        }
        assert!(!page.contains(&format!("| `{}` |", Exit::ALL.len())), "docs/CLI.md names a code too many");
    }

    #[test]
    fn no_two_ends_share_a_code() {
        let codes: std::collections::BTreeSet<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes.len(), Exit::ALL.len());
        assert_eq!(Exit::Ok.code(), 0);
    }
}
