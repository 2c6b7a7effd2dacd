//! What each command does: one module a group. They speak to a node over its management API and to the reader through the
//! catalogue; a command gives its result to standard output once, as a table or as one JSON document.

mod completions;
mod connector;
mod contract;
mod doctor;
mod get;
mod init;
mod org;
mod outbox;
mod port;
mod product;
mod resource;
mod search;
mod serve;
mod status;
mod terms;
mod token;
pub(crate) mod told;
mod usage;
mod verify;
mod view;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::{self, Command, Global};
use crate::client::Client;
use crate::config::{Config, FILE_NAME, NodeSettings};
use crate::exit::Exit;
use crate::i18n::{Arg, Messages};
use crate::problem::{Failure, Message, Result};
use crate::term::{Out, Tone};

/// What every command needs: where to write, in which language, and the options that all commands share.
#[derive(Debug)]
pub struct Context {
    /// Where results and notes go.
    pub out: Out,
    /// The reader's language.
    pub messages: Messages,
    global: Global,
}

impl Context {
    pub(crate) fn new(out: Out, messages: Messages, global: Global) -> Context {
        Context { out, messages, global }
    }

    /// The sentence `key` in the reader's language.
    pub fn msg(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        self.messages.msg(key, args)
    }

    /// A sentence with its values in the reader's language.
    pub fn sentence(&self, message: &Message) -> String {
        sentence(&self.messages, message)
    }

    /// A line for people on standard error.
    pub fn note(&self, text: &str) -> Result<()> {
        self.out.note(text).map_err(closed)
    }

    /// The result of the command: `value` for programs, the lines of `human` for people.
    pub fn result(&self, value: &Value, human: impl FnOnce() -> String) -> Result<()> {
        self.out.result(value, human).map_err(closed)
    }

    /// The configuration file.
    pub fn config_path(&self) -> &Path {
        &self.global.config
    }

    /// The configuration.
    ///
    /// # Errors
    /// As [`Config::load`]; where the file was not even named, the sentence says how to get one.
    pub fn config(&self) -> Result<Config> {
        Config::load(self.config_path()).map_err(|failure| {
            let unnamed = self.config_path() == Path::new(FILE_NAME);
            match failure.message.key {
                "config-missing" if unnamed => Failure::new(Exit::Usage, "error-config-missing"),
                _ => failure,
            }
        })
    }

    /// The node that the command is about.
    ///
    /// # Errors
    /// As [`Context::config`] and [`Config::node`].
    pub fn node(&self) -> Result<NodeSettings> {
        self.config()?.node(self.global.node.as_deref()).cloned()
    }

    /// The nodes that the command is about: the one that `--node` names, or all of the file.
    ///
    /// # Errors
    /// As [`Context::node`].
    pub fn nodes(&self) -> Result<Vec<NodeSettings>> {
        let config = self.config()?;
        match self.global.node.as_deref() {
            Some(name) => Ok(vec![config.node(Some(name))?.clone()]),
            None => Ok(config.nodes),
        }
    }

    /// The connector that acts, where one is named.
    pub fn acting(&self) -> Option<String> {
        self.global.acting.clone()
    }

    /// A client of the node that the command is about.
    ///
    /// # Errors
    /// As [`Context::node`] and [`Client::new`].
    pub fn client(&self) -> Result<Client> {
        Client::new(&self.node()?, self.acting())
    }
}

fn sentence(messages: &Messages, message: &Message) -> String {
    let program = program();
    let given = message.args.iter().map(|(name, value)| (*name, Arg::from(value)));
    let args: Vec<_> = given.chain([("program", Arg::from(program.as_str()))]).collect();
    messages.msg(message.key, &args)
}

/// The command that the reader typed to get here, to be repeated in hints.
pub fn program() -> String {
    std::env::args_os().next().map_or_else(|| "weir".into(), |name| name.to_string_lossy().into_owned())
}

/// Standard output is closed (a pipe that ended) or full.
pub(crate) fn closed(error: std::io::Error) -> Failure {
    Failure::new(Exit::Failure, "error-output").because(error)
}

/// Reports a command line that clap refused, to programs as any other error; help and version are among them, and end well.
pub(crate) fn refuse(refusal: &clap::Error, messages: &Messages, out: &Out) -> Exit {
    let Some(message) = cli::refusal(refusal, messages) else {
        // The one word of the help that clap has no setting for.
        let text = refusal.render().to_string().replace("[OPTIONS]", &messages.msg("help-note-options", &[]));
        return if out.data(&text).is_err() { Exit::Failure } else { Exit::Ok };
    };
    let sentence = sentence(messages, &message);
    let written = if out.is_json() {
        let failure = Failure { exit: Exit::Usage, message, problem: None, source: None };
        out.note(&failure_json(&failure, &sentence).to_string())
    } else {
        let hint = messages.msg("usage-help", &[("command", "weir".into())]);
        let told = out.labelled(Tone::Bad, &messages.msg("label-error", &[]), &sentence);
        told.and_then(|()| out.note(&hint))
    };
    if written.is_err() { Exit::Failure } else { Exit::Usage }
}

/// Runs one command to its end, and reports its failure.
pub(crate) fn run(command: Command, context: &Context) -> Exit {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(context, &Failure::new(Exit::Failure, "error-other").because(error)),
    };
    match runtime.block_on(dispatch(command, context)) {
        Ok(exit) => exit,
        // Whoever read our output has seen enough, as `| head` does.
        Err(failure) if failure.is_reader_gone() => Exit::Ok,
        Err(failure) => report(context, &failure),
    }
}

async fn dispatch(command: Command, context: &Context) -> Result<Exit> {
    match command {
        Command::Init(args) => init::run(&args, context).await.map(done),
        Command::Token => token::run(context).map(done),
        Command::Serve => serve::run(context).await.map(done),
        Command::Org(args) => org::run(&args, context).await.map(done),
        Command::Connector(args) => connector::run(&args, context).await.map(done),
        Command::Resource(args) => resource::run(&args, context).await,
        Command::Product(args) => product::run(&args, context).await.map(done),
        Command::Search(args) => search::run(&args, context).await.map(done),
        Command::Contract(args) => contract::run(&args, context).await.map(done),
        Command::Get(args) => get::run(&args, context).await.map(done),
        Command::Verify(args) => verify::run(&args, context),
        Command::Usage { contract } => usage::run(contract.as_deref(), context).await.map(done),
        Command::Nodes => status::nodes(context).await.map(done),
        Command::Status => status::run(context).await.map(done),
        Command::Outbox(args) => outbox::run(&args, context).await.map(done),
        Command::Doctor => doctor::run(context).await,
        Command::Demo(args) => serve::demo(&args, context).await.map(done),
        Command::Completions { shell } => completions::run(shell, context).map(done),
    }
}

fn done((): ()) -> Exit {
    Exit::Ok
}

/// Says on standard error why there is no result; programs get a JSON document there.
fn report(context: &Context, failure: &Failure) -> Exit {
    tracing::debug!(exit = failure.exit.code(), "command failed: {failure}");
    let sentence = failure_sentence(context, failure);
    let written = if context.out.is_json() {
        context.out.note(&failure_json(failure, &sentence).to_string())
    } else {
        context.out.labelled(Tone::Bad, &context.msg("label-error", &[]), &sentence)
    };
    // Nothing is left to be said when standard error is closed; the exit code still tells.
    drop(written);
    failure.exit
}

fn failure_json(failure: &Failure, sentence: &str) -> Value {
    let args: serde_json::Map<String, Value> =
        failure.message.args.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let problem = failure.problem.as_deref().map(crate::problem::Problem::to_json);
    json!({"error": {"exit": failure.exit.code(), "code": failure.message.key, "message": sentence,
        "values": args, "problem": problem}})
}

/// The sentence for people. What a node or a use case refused is told by its case, alone or in the sentence of what failed.
pub(crate) fn failure_sentence(context: &Context, failure: &Failure) -> String {
    let Some(problem) = failure.problem.as_deref() else { return context.sentence(&failure.message) };
    let told = told::sentence(context, problem);
    match failure.message.key {
        "failure-problem" => told,
        _ => context.sentence(&failure.message.clone().with("reason", told)),
    }
}

/// A path as the node sees it, which may run in another folder.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| Failure::file(Exit::BadInput, "error-config-read", path, error))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
