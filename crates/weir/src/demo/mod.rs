//! `weir demo`: the whole promise in small. A network of seven nodes in one process, over real HTTP and real stores, and the main flow
//! walked over it on real or generated data.

pub mod data;
mod look;
mod meters;
pub mod network;
mod place;
mod reason;
pub mod titles;
pub mod walk;

use std::path::Path;
use std::pin::Pin;

use crate::cli::Demo;
use crate::commands::{Context, absolute, closed, program};
use crate::exit::Exit;
use crate::files::quoted;
use crate::problem::{Failure, Result};
use crate::term::{Unit, size};
use data::Examined;
use network::{Network, State};
use place::Place;
use walk::Walk;

/// Runs the demo: starts or resumes the network, walks the flow, and keeps the network up until Ctrl-C, or ends with `--once`.
///
/// # Errors
/// The first step that failed, with what it says.
pub async fn run(args: &Demo, context: &Context) -> Result<()> {
    let place = Place::of(args.keep.as_deref())?;
    let mut stop = std::pin::pin!(interrupted());
    let prepared = tokio::select! {
        prepared = prepare(args, context, &place) => prepared?,
        stopped = &mut stop => return stopped.and(Err(place.interrupted())),
    };
    let Prepared { network, state, examined } = &prepared;
    let mut walk = Walk::new(context, network, place.path(), examined, |file| state.provider_of(file));
    let walked = tokio::select! {
        walked = walk.run() => tell(context, &mut walk, walked),
        stopped = &mut stop => stopped.and(Err(place.interrupted())),
    };
    let outcome = match walked {
        Ok(()) if !args.once => stay(context, network, &place, &walk, stop).await,
        walked => walked,
    };
    prepared.network.stop().await;
    outcome
}

/// What a walk needs.
struct Prepared {
    network: Network,
    state: State,
    examined: Examined,
}

/// Finds the data, says what it is, and starts the network.
async fn prepare(args: &Demo, context: &Context, place: &Place) -> Result<Prepared> {
    let kept = State::load(place.path())?;
    let is_resumed = kept.is_some();
    let mut state = match kept {
        Some(state) => state.for_data(args.data.as_deref())?,
        None => fresh(args, place.path())?,
    };
    let files = data::files_of(&state.data)?;
    let progress =
        context.out.progress(&context.msg("progress-reading", &[]), Some(files.len() as u64), Unit::Items);
    let examined = data::examine(files, &progress).await;
    drop(progress);
    heading(context, &state, &examined)?;
    if let Some(folder) = place.kept().filter(|_| is_resumed) {
        context.note(&context.msg("demo-resumed", &[("folder", folder.display().to_string().into())]))?;
    }
    if examined.usable.is_empty() {
        return Err(Failure::new(Exit::BadInput, "demo-nothing-usable").with("folder", state.data.display()));
    }
    state.provide(examined.usable.iter().map(|file| file.path.as_path()));
    let network = Network::start(place.path(), &mut state, args.port).await?;
    Ok(Prepared { network, state, examined })
}

/// The state of a new demo: its data is the folder given, or generated now.
fn fresh(args: &Demo, folder: &Path) -> Result<State> {
    match &args.data {
        Some(data) => Ok(State::new(absolute(data)?, None)),
        None => {
            let data = folder.join(data::GENERATED);
            data::generated(&data, args.seed)?;
            Ok(State::new(data, Some(args.seed)))
        }
    }
}

/// Says what the data is, and which files cannot be used.
fn heading(context: &Context, state: &State, examined: &Examined) -> Result<()> {
    let sum = |of: fn(&data::Usable) -> u64| examined.usable.iter().map(of).sum::<u64>();
    let args = [
        ("files", (examined.usable.len() as u64).into()),
        ("rows", sum(|file| file.rows).into()),
        ("bytes", size(sum(|file| file.bytes)).into()),
    ];
    if !context.out.is_json() {
        context.out.data(&context.msg("demo-title", &args)).map_err(closed)?;
    }
    if let Some(seed) = state.seed {
        context.note(&context.msg("demo-generated", &[("seed", seed.to_string().into())]))?;
    }
    for file in &examined.left_out {
        let args = [("file", file.name().into()), ("reason", context.sentence(&file.reason).into())];
        context.note(&context.msg("demo-file-skipped", &args))?;
    }
    Ok(())
}

/// Tells how the walk ended: programs get the whole report, people the step that failed.
fn tell(context: &Context, walk: &mut Walk<'_>, walked: Result<()>) -> Result<()> {
    let failed = match walked {
        // Whoever read our output has seen enough: nothing is left to be told.
        Err(failure) if failure.is_reader_gone() => return Err(failure),
        Err(failure) => Some((walk.failed(&failure)?, failure)),
        Ok(()) => None,
    };
    if context.out.is_json() {
        context.out.json(&walk.report()).map_err(closed)?;
    }
    match failed {
        Some((step, failure)) => {
            let told = Failure::new(failure.exit, "demo-failed-at").with("step", step);
            Err(Failure { problem: failure.problem, source: failure.source, ..told })
        }
        None => Ok(()),
    }
}

/// Says where to go next, and keeps the network up until Ctrl-C.
async fn stay(
    context: &Context,
    network: &Network,
    place: &Place,
    walk: &Walk<'_>,
    stop: Pin<&mut impl Future<Output = Result<()>>>,
) -> Result<()> {
    let (program, trust) = (program(), network.running("user-3100")?.settings.trust_file());
    let shown = |path: &Path| quoted(&path.display().to_string());
    let line = |key: &str| {
        let args = [
            ("program", program.as_str().into()),
            ("config", shown(&network.config).into()),
            ("address", network.page().into()),
            ("word", quoted(walk.word()).into()),
            ("folder", shown(&walk.downloads()).into()),
            ("trust", shown(&trust).into()),
        ];
        context.note(&context.msg(key, &args))
    };
    context.note("")?;
    for key in ["next-running", "next-page", "next-try", "next-search", "next-status", "next-verify"] {
        line(key)?;
    }
    if let Some(folder) = place.kept() {
        let args = [("folder", shown(folder).into()), ("program", program.as_str().into())];
        context.note(&context.msg("demo-kept", &args))?;
    }
    stop.await?;
    line(if place.kept().is_some() { "next-stopping" } else { "next-stopping-for-good" })
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
