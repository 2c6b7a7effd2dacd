//! Measurements: one scenario a command, one JSON object a line on standard output. docs/BENCHMARKS.md explains the metrics.
//!
//! | module | what |
//! |---|---|
//! | [`circulation`] | the scenario of a running network: publish, find, contract, deliver, count |
//! | [`child`] | processes that are measured: this program itself, as a node or as `weir` |
//! | [`figure`], [`stats`], [`wait`] | figures, samples, patience |
//!
//! Everything is built in a temporary folder, which is removed at the end, also after Ctrl-C.

mod child;
mod circulation;
mod error;
mod figure;
mod stats;
mod wait;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::circulation::{Scope, Work};
use crate::error::{Error, Result};
use crate::figure::{Figure, Metric};

/// Steps allocate much and free it on other threads, which the C library's allocator is slow at (docs/decisions/0011).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long tasks that are under way at the end may take to stop.
const STOP_TIME_MAX: Duration = Duration::from_secs(10);
/// The exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Measurements of Weir: one JSON object a line.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Cli {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// A running network: publish, find, contract, deliver, count.
    Circulation(Options),
}

#[derive(Debug, clap::Args)]
struct Options {
    /// Measure only these metrics.
    #[arg(long, value_name = "METRIC", value_delimiter = ',')]
    only: Vec<Metric>,
    /// Small counts: shows that it runs; the figures say little.
    #[arg(long)]
    quick: bool,
    /// Where the temporary folder is made: stores, files and the fsync figure are on its disk.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    if let Some(code) = child::play(&args) {
        return code;
    }
    let Scenario::Circulation(options) = Cli::parse().scenario;
    match measure(&options) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the scenario in a folder of its own. The folder goes last, when nothing writes into it any more.
fn measure(options: &Options) -> Result<ExitCode> {
    let parent = options.folder.clone().unwrap_or_else(std::env::temp_dir);
    std::fs::create_dir_all(&parent).map_err(Error::io("make", &parent))?;
    let folder = tempfile::Builder::new().prefix("weir-bench-").tempdir_in(&parent);
    let folder = folder.map_err(Error::io("make a folder in", &parent))?;
    let scope = if options.quick { Scope::quick() } else { Scope::full() };
    let work = Work { folder: folder.path().to_owned(), scope, only: options.only.clone() };
    let runtime = tokio::runtime::Runtime::new().map_err(Error::io("start a runtime in", folder.path()))?;
    let (mut on_figure, mut on_line) = (print, say);
    let code = runtime.block_on(async {
        tokio::select! {
            failed = circulation::run(&work, &mut on_figure, &mut on_line) => {
                if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
            }
            () = interrupted() => ExitCode::from(INTERRUPTED),
        }
    });
    runtime.shutdown_timeout(STOP_TIME_MAX);
    folder.close().map_err(Error::io("remove", &work.folder))?;
    Ok(code)
}

/// Is ready at Ctrl-C or a termination signal; never where signals cannot be heard.
async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => if pressed.is_ok() { return },
            _ = terminated.recv() => return,
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// One figure on standard output. Whoever closed it wants no more of them.
fn print(figure: &Figure) {
    let text = serde_json::to_string(figure).unwrap_or_default();
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        say("standard output is closed");
    }
}

/// A line for people, on standard error.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options, clap::Error> {
        Cli::try_parse_from(args).map(|cli| match cli.scenario {
            Scenario::Circulation(options) => options,
        })
    }

    #[test]
    fn metrics_are_named_by_comma() {
        let options = parse(&["bench", "circulation", "--only", "start_ms,demo_ms", "--quick"]).unwrap();
        assert_eq!(options.only, [Metric::StartMs, Metric::DemoMs]);
        assert!(options.quick && options.folder.is_none());
    }

    #[test]
    fn an_unknown_metric_and_an_unknown_scenario_are_refused() {
        let refusal = parse(&["bench", "circulation", "--only", "start_s"]).unwrap_err().to_string();
        assert!(refusal.contains("`start_s`") && refusal.contains("start_ms"), "{refusal}");
        assert!(parse(&["bench", "flow"]).is_err());
        assert!(parse(&["bench"]).is_err());
    }
}
