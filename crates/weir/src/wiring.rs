//! What runs nodes: `weir init` prepares one, `weir serve` runs those of a configuration, `weir demo` runs a whole network.

use search::Dictionary;

use crate::cli::Demo;
use crate::commands::{self, Context};
use crate::config::NodeSettings;
use crate::demo;
use crate::problem::Result;
use crate::running::{self, Running};

/// Makes a node's keys and store before its first start; a global node makes itself the root of a new network.
///
/// # Errors
/// [`crate::exit::Exit::Failure`] where folder, keys or store cannot be made.
pub async fn prepare(settings: &NodeSettings) -> Result<()> {
    let opened = running::open(settings, &Dictionary::new()).await?;
    opened.prepare(settings).await
}

/// Runs nodes until Ctrl-C or a termination signal.
///
/// # Errors
/// [`crate::exit::Exit::Failure`] where one of them cannot start, with what is wrong and what to do.
pub async fn serve(nodes: &[NodeSettings], context: &Context) -> Result<()> {
    let dictionary = Dictionary::new();
    let mut running: Vec<Running> = Vec::new();
    let started = start_all(nodes, &dictionary, &mut running).await;
    let outcome = match started {
        Ok(()) => run(&running, context).await,
        Err(failure) => Err(failure),
    };
    for node in running.into_iter().rev() {
        node.stop().await;
    }
    outcome
}

async fn start_all(
    nodes: &[NodeSettings],
    dictionary: &Dictionary,
    running: &mut Vec<Running>,
) -> Result<()> {
    for settings in nodes {
        let opened = running::open(settings, dictionary).await?;
        let server = running::bind(settings, None, None).await?;
        running.push(Running::start(opened, settings.clone(), server));
    }
    Ok(())
}

/// Lets nodes become what they are at their first start, says that they run, and waits for the end.
async fn run(running: &[Running], context: &Context) -> Result<()> {
    let settling = async {
        for node in running {
            node.settle(|failure| {
                // Standard error may be closed; the node goes on all the same.
                let _ = context.note(&commands::failure_sentence(context, failure));
            })
            .await?;
            let args = [
                ("node", node.settings.name.as_str().into()),
                ("address", node.settings.address.as_str().into()),
            ];
            context.note(&context.msg("serve-running", &args))?;
        }
        std::future::pending::<()>().await;
        Ok(())
    };
    tokio::select! {
        settled = settling => settled,
        stopped = demo::interrupted() => {
            context.note(&context.msg("next-stopping", &[]))?;
            stopped
        }
    }
}

/// Runs the demonstration network.
///
/// # Errors
/// As [`demo::run`].
pub async fn demo(args: &Demo, context: &Context) -> Result<()> {
    demo::run(args, context).await
}
