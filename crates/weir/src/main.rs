//! The program: everything it does stands in the library, so that tests reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    weir::run(std::env::args_os().collect(), |name| std::env::var(name).ok()).into()
}
