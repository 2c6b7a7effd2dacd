//! `weir serve` and `weir demo`: both hand over to the wiring.

use tracing_subscriber::EnvFilter;

use crate::cli::Demo;
use crate::commands::Context;
use crate::exit::Exit;
use crate::problem::{Failure, Result};
use crate::wiring;

/// The variable that says what nodes write about themselves, such as `info` or `warn,app::feed=debug`.
const LOG_ENV: &str = "WEIR_LOG";
/// What they write where it says nothing.
const LOG_DEFAULT: &str = "warn";

/// Runs the nodes of the configuration until they are stopped.
pub(super) async fn run(context: &Context) -> Result<()> {
    let nodes = context.nodes()?;
    let filter = filter(std::env::var(LOG_ENV).ok().as_deref())?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    // A second start in one process, as in tests, writes where the first one does.
    let _ = log.try_init();
    wiring::serve(&nodes, context).await
}

fn filter(wanted: Option<&str>) -> Result<EnvFilter> {
    let wanted = wanted.filter(|wanted| !wanted.is_empty()).unwrap_or(LOG_DEFAULT);
    EnvFilter::try_new(wanted).map_err(|error| {
        Failure::new(Exit::Usage, "serve-log").with("variable", LOG_ENV).with("value", wanted).because(error)
    })
}

/// Runs the demonstration network.
pub(super) async fn demo(args: &Demo, context: &Context) -> Result<()> {
    wiring::demo(args, context).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nodes_warn_where_nothing_else_is_wanted() {
        for (wanted, used) in
            [(None, "warn"), (Some(""), "warn"), (Some("app::feed=debug"), "app::feed=debug")]
        {
            assert_eq!(filter(wanted).unwrap().to_string(), used);
        }
        let failure = filter(Some("app=loud")).unwrap_err();
        assert_eq!((failure.exit, failure.message.key), (Exit::Usage, "serve-log"));
    }
}
