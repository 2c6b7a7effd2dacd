//! The program: everything it does stands in the library, so that tests reach it.

use std::process::ExitCode;

/// Steps allocate much and free it on other threads, which the C library's allocator is slow at (docs/decisions/0011).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    weir::run(std::env::args_os().collect(), |name| std::env::var(name).ok()).into()
}
