//! `weir demo`: the whole promise in small. A network of seven nodes in one process, over real HTTP and real stores, and the main flow
//! walked over it on real or generated data.

pub mod data;
mod look;
mod meters;
pub mod network;
pub mod titles;
pub mod walk;

use std::path::{Path, PathBuf};

use crate::cli::Demo;
use crate::commands::{Context, closed, program};
use crate::exit::Exit;
use crate::problem::{Failure, Result};
use crate::term::{Mark, Step};
use network::{Network, State};
use walk::Walk;

/// Runs the demo: starts or resumes the network, walks the flow, and keeps the network up until Ctrl-C, or ends with `--once`.
///
/// # Errors
/// The first step that failed, with what it says.
pub async fn run(args: &Demo, context: &Context) -> Result<()> {
    let place = Place::of(args)?;
    let kept = State::load(place.path())?;
    let resumed = kept.is_some();
    let mut state = match kept {
        Some(state) => state.for_data(args.data.as_deref())?,
        None => fresh(args, place.path())?,
    };
    let files = data::files_of(&state.data)?;
    heading(context, &state, &files, resumed.then_some(place.path()))?;
    let network = Network::start(place.path(), &mut state, args.port).await?;
    let walked = tokio::select! {
        walked = walk(context, &network, place.path(), &files) => walked,
        stopped = interrupted() => stopped.and(Err(Failure::new(Exit::Failure, "demo-interrupted"))),
    };
    let outcome = match walked {
        Ok(next) if !args.once => stay(context, &network, &place, next).await,
        Ok(_) => Ok(()),
        Err(failure) => Err(failure),
    };
    network.stop().await;
    outcome
}

/// Where the state stands: a folder that is kept, or a temporary one that goes with the process.
enum Place {
    Kept(PathBuf),
    Temporary(TemporaryFolder),
}

impl Place {
    fn of(args: &Demo) -> Result<Place> {
        match &args.keep {
            Some(folder) => {
                std::fs::create_dir_all(folder)
                    .map_err(|error| Failure::file(Exit::Failure, "error-disk-full", folder, error))?;
                let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
                Ok(Place::Kept(absolute))
            }
            None => TemporaryFolder::new().map(Place::Temporary),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Place::Kept(path) => path,
            Place::Temporary(folder) => &folder.0,
        }
    }
}

/// A folder below the system's temporary one, removed when it is dropped.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Result<TemporaryFolder> {
        use app::entropy::Entropy as _;
        let name = format!("weir-demo-{:016x}", app::entropy::OsEntropy.next_u64());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path)
            .map_err(|error| Failure::file(Exit::Failure, "error-disk-full", &path, error))?;
        Ok(TemporaryFolder(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "the demo's temporary folder could not be removed");
        }
    }
}

/// The state of a new demo: its data is the folder given, or generated now.
fn fresh(args: &Demo, folder: &Path) -> Result<State> {
    let (data, seed) = match &args.data {
        Some(data) => (std::path::absolute(data).unwrap_or_else(|_| data.clone()), None),
        None => {
            let data = folder.join("data");
            data::generated(&data, args.seed)?;
            (data, Some(args.seed))
        }
    };
    Ok(State { ports: Vec::new(), data, seed })
}

fn heading(context: &Context, state: &State, files: &[PathBuf], resumed: Option<&Path>) -> Result<()> {
    if context.out.is_json() {
        return Ok(());
    }
    let args = [
        ("providers", (files.len() as u64).into()),
        ("regions", (network::PLANS.iter().filter(|plan| plan.serves_an_area()).count() as u64).into()),
        ("users", 1u64.into()),
        ("files", (files.len() as u64).into()),
    ];
    context.out.data(&format!("{}\n", context.msg("demo-title", &args))).map_err(closed)?;
    if let Some(seed) = state.seed {
        context.note(&context.msg("demo-generated", &[("seed", seed.to_string().into())]))?;
    }
    if let Some(folder) = resumed {
        context.note(&context.msg("demo-resumed", &[("folder", folder.display().to_string().into())]))?;
    }
    Ok(())
}

/// What to tell after the walk.
struct Next {
    word: String,
    receipts: PathBuf,
}

async fn walk(context: &Context, network: &Network, folder: &Path, files: &[PathBuf]) -> Result<Next> {
    let mut walk = Walk::new(context, network, folder, files);
    let walked = walk.run().await;
    if context.out.is_json() {
        context.out.json(&walk.report()).map_err(closed)?;
    } else if let Err(failure) = &walked {
        let (label, text) = (context.msg("label-failed", &[]), context.sentence(&failure.message));
        context
            .out
            .step(&Step { mark: Mark::Failed, label: &label, text: &text, time: None })
            .map_err(closed)?;
    }
    walked.map(|()| Next { word: walk.word(), receipts: walk.receipts() })
}

/// Says where to go next, and keeps the network up until Ctrl-C.
async fn stay(context: &Context, network: &Network, place: &Place, next: Next) -> Result<()> {
    let (program, config) = (program(), network.config.display().to_string());
    let line = |key: &str| {
        let trust =
            network.running("user-3100").map(|running| running.settings.trust_file().display().to_string());
        let args = [
            ("program", program.as_str().into()),
            ("config", config.as_str().into()),
            ("address", network.page().into()),
            ("word", next.word.as_str().into()),
            ("folder", next.receipts.display().to_string().into()),
            ("trust", trust.unwrap_or_default().into()),
        ];
        context.note(&context.msg(key, &args))
    };
    context.note("")?;
    line("next-running")?;
    for key in ["next-page", "next-try", "next-search", "next-status", "next-verify"] {
        line(key)?;
    }
    if let Place::Kept(folder) = place {
        let args = [("folder", folder.display().to_string().into()), ("program", program.as_str().into())];
        context.note(&context.msg("demo-kept", &args))?;
    }
    interrupted().await?;
    line("next-stopping")
}

/// Is ready at Ctrl-C or a termination signal.
pub(crate) async fn interrupted() -> Result<()> {
    let failed = |error: std::io::Error| Failure::new(Exit::Failure, "error-signal").because(error);
    #[cfg(unix)]
    {
        let mut terminated =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(failed)?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed.map_err(failed),
            _ = terminated.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map_err(failed)
}
