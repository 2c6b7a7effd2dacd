//! Processes that are measured: this program itself, started again as one node or as `weir`.
//!
//! Both have hidden first arguments. The node serves until its standard input ends, so it never outlives whoever measures it.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use weir::config::Config;
use weir::exit::Exit;
use weir::problem::Failure;
use weir::running::{self, Running};

use crate::error::{Error, Result};

/// Plays one node: `<program> __node <weir.toml> <name>`.
const NODE: &str = "__node";
/// Plays `weir`: `<program> __weir <arguments>`.
const WEIR: &str = "__weir";
/// How often it is looked whether a process ended.
const PAUSE: Duration = Duration::from_millis(2);
/// How much of a failed process's standard error is told, in characters.
const SAID_CHARS_MAX: usize = 400;

/// What the hidden arguments ask for; nothing where there are none.
pub fn play(args: &[OsString]) -> Option<ExitCode> {
    match args {
        [_, what, config, name] if what == NODE => {
            Some(played(node(Path::new(config), &name.to_string_lossy())))
        }
        [program, what, rest @ ..] if what == WEIR => {
            let args = std::iter::once(program.clone()).chain(rest.iter().cloned()).collect();
            Some(weir::run(args, |name| std::env::var(name).ok()).into())
        }
        _ => None,
    }
}

fn played(result: weir::problem::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            crate::say(&failure.to_string());
            failure.exit.into()
        }
    }
}

/// One node of a configuration, served until standard input ends: what `weir serve` does for each of its nodes.
fn node(config: &Path, name: &str) -> weir::problem::Result<()> {
    let settings = Config::load(config)?.nodes.into_iter().find(|node| node.name == name);
    let settings = settings.ok_or_else(|| Failure::new(Exit::NotFound, "node-unknown").with("node", name))?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(Exit::Failure, "node-failed").with("node", name).because(error))?;
    runtime.block_on(async {
        let running = serve(settings).await?;
        // A thread of its own: reading standard input cannot be given up.
        let ended =
            tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()));
        let _ = ended.await;
        running.stop().await;
        Ok(())
    })
}

/// Opens, binds and starts one node on its configured address.
pub async fn serve(settings: weir::config::NodeSettings) -> weir::problem::Result<Running> {
    let opened = running::open(&settings, &search::Dictionary::new()).await?;
    let server = running::bind(&settings, None, None).await?;
    Ok(Running::start(opened, settings, server))
}

/// A running process, which ends when this value does.
#[derive(Debug)]
pub struct Process {
    child: Child,
    command: String,
}

impl Process {
    /// Starts a node of a configuration.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn node(config: &Path, name: &str) -> Result<Process> {
        Process::start([OsStr::new(NODE), config.as_os_str(), OsStr::new(name)], |command| {
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::inherit());
        })
    }

    /// Starts `weir` with these arguments, its temporary files and its output (`weir.out`, `weir.err`) in `folder`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn weir(args: &[&OsStr], folder: &Path) -> Result<Process> {
        let file = |name: &str| {
            let path = folder.join(name);
            std::fs::File::create(&path).map_err(Error::io("make", &path))
        };
        let (out, err) = (file("weir.out")?, file("weir.err")?);
        Process::start(std::iter::once(OsStr::new(WEIR)).chain(args.iter().copied()), |command| {
            command.stdin(Stdio::null()).stdout(out).stderr(err).env("TMPDIR", folder);
        })
    }

    fn start<'a>(
        args: impl IntoIterator<Item = &'a OsStr>,
        prepare: impl FnOnce(&mut Command),
    ) -> Result<Process> {
        let program = std::env::current_exe().map_err(Error::io("find", Path::new("this program")))?;
        let mut command = Command::new(&program);
        command.args(args);
        prepare(&mut command);
        let said = format!("{command:?}");
        let child = command.spawn().map_err(Error::io("start", &program))?;
        Ok(Process { child, command: said })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, where it has.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().map_err(Error::io("wait for", Path::new(&self.command)))
    }

    /// Waits for its end; `err` is where its standard error went.
    ///
    /// # Errors
    /// [`Error::Child`] where it did not end well.
    pub async fn succeeded(mut self, err: &Path) -> Result<()> {
        let status = loop {
            match self.ended()? {
                Some(status) => break status,
                None => tokio::time::sleep(PAUSE).await,
            }
        };
        if status.success() {
            return Ok(());
        }
        let text = std::fs::read_to_string(err).unwrap_or_default();
        let from = text.chars().count().saturating_sub(SAID_CHARS_MAX);
        let said = text.chars().skip(from).collect::<String>().trim().to_owned();
        Err(Error::Child { command: self.command.clone(), status: status.to_string(), said })
    }

    /// Lets a node stop by itself.
    ///
    /// # Errors
    /// As [`Process::succeeded`].
    pub async fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        self.succeeded(Path::new("")).await
    }
}

impl Drop for Process {
    /// A process that is still there is ended: nobody waits for it any more.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_arguments_are_not_played() {
        let args = |args: &[&str]| args.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(play(&args(&["bench"])).is_none());
        assert!(play(&args(&["bench", "circulation", "--quick"])).is_none());
        assert!(play(&args(&["bench", NODE, "only-one"])).is_none());
    }

    #[test]
    fn a_node_that_is_not_configured_is_refused() {
        let missing = [OsString::from("bench"), NODE.into(), "/nowhere/weir.toml".into(), "region".into()];
        assert!(play(&missing).is_some());
        let failure = node(Path::new("/nowhere/weir.toml"), "region");
        assert_eq!(failure.err().map(|failure| failure.exit), Some(Exit::Usage));
    }
}
