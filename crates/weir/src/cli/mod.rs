//! The command line: what can be typed. The words for people (help, examples) stand in the catalogues of `locales/` under
//! `help-…`, so that both languages have them; [`command`] puts them in.
//!
//! Parsing is clap's: a mistyped command or flag gets its nearest known one. What a command does stands in `commands`.

mod help;
mod refusal;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use crypto::Suite;

use crate::config::{CONFIG_ENV, FILE_NAME, Role};
use crate::i18n::{Lang, Messages};

pub(crate) use self::refusal::refusal;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "weir", version, disable_help_subcommand = true, subcommand_required = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    #[arg(long, global = true, display_order = 900, env = CONFIG_ENV, default_value = FILE_NAME, value_name = "FILE")]
    pub config: PathBuf,
    #[arg(long, global = true, display_order = 900, value_name = "NAME")]
    pub node: Option<String>,
    #[arg(long = "as", id = "as", global = true, display_order = 900, value_name = "CONNECTOR")]
    pub acting: Option<String>,
    #[arg(long, global = true, display_order = 900)]
    pub json: bool,
    #[arg(long, global = true, display_order = 900, value_name = "LANG")]
    pub lang: Option<Lang>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(Init),
    Token,
    Serve,
    #[command(subcommand)]
    Org(Org),
    #[command(subcommand)]
    Connector(Connector),
    #[command(subcommand)]
    Resource(Resource),
    #[command(subcommand)]
    Product(Product),
    Search(Search),
    #[command(subcommand)]
    Contract(Contract),
    Get(Get),
    Verify(Verify),
    Usage {
        #[arg(value_name = "CONTRACT")]
        contract: Option<String>,
    },
    Nodes,
    Status,
    #[command(subcommand)]
    Outbox(Outbox),
    Doctor,
    Demo(Demo),
    Completions {
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    #[arg(long)]
    pub role: Role,
    #[arg(long)]
    pub name: String,
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,
    #[arg(long, value_name = "URL")]
    pub address: Option<String>,
    #[arg(long, default_value = "sm", value_parser = ["sm", "intl"])]
    pub suite: String,
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    #[arg(long, value_name = "USCC")]
    pub subject: Option<String>,
    #[arg(long, value_name = "AREA")]
    pub area: Option<String>,
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub dir: PathBuf,
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    #[arg(long)]
    pub add: bool,
}

impl Init {
    /// The suite that was chosen; clap let nothing else through.
    pub fn suite(&self) -> Suite {
        if self.suite == Suite::Intl.as_str() { Suite::Intl } else { Suite::Sm }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Org {
    Register {
        #[arg(value_name = "USCC")]
        subject: String,
        #[arg(long)]
        name: String,
        #[arg(long, default_value = "connector")]
        runs: Runs,
        #[arg(long, value_name = "AREA")]
        area: Option<String>,
    },
    List,
}

/// What a registered subject will run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Runs {
    Connector,
    Service,
    Region,
    Industry,
}

impl Runs {
    /// The word on the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Runs::Connector => "connector",
            Runs::Service => "service",
            Runs::Region => "region",
            Runs::Industry => "industry",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Connector {
    Join {
        #[arg(value_name = "CODE")]
        code: String,
        #[arg(long)]
        name: Option<String>,
    },
    List,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "made once, from the command line")]
pub(crate) enum Resource {
    Add {
        #[arg(value_name = "FILE|FOLDER", required = true)]
        paths: Vec<PathBuf>,
        #[arg(long, value_name = "NAME")]
        encoding: Option<String>,
        #[command(flatten)]
        words: Words,
    },
    List,
}

/// What people read about a resource or product, in one language or both.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Words {
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub title_zh: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub title_en: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub description_zh: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub description_en: Option<String>,
    #[arg(long = "keyword", id = "keyword", value_name = "WORD", value_delimiter = ',')]
    pub keywords: Vec<String>,
}

/// Terms, one flag a dimension, or a JSON file.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TermsArgs {
    #[arg(long, value_name = "FILE", conflicts_with_all = ["action", "count", "from", "to", "field", "region", "user"])]
    pub terms: Option<PathBuf>,
    #[arg(long)]
    pub action: Option<String>,
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    #[arg(long = "field", id = "field", value_name = "COLUMN", value_delimiter = ',')]
    pub fields: Vec<String>,
    #[arg(long = "region", id = "region", value_name = "AREA", value_delimiter = ',')]
    pub regions: Vec<String>,
    #[arg(long = "user", id = "user", value_name = "USCC", value_delimiter = ',')]
    pub users: Vec<String>,
}

/// How a provider answers proposals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Negotiation {
    Automatic,
    Manual,
}

/// When the user signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sign {
    Manual,
    #[value(name = "on-agreement", alias = "on_agreement")]
    OnAgreement,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "made once, from the command line")]
pub(crate) enum Product {
    Register {
        #[arg(value_name = "RESOURCE")]
        resource: String,
        #[command(flatten)]
        words: Words,
        #[arg(long, value_name = "CODE")]
        industry: Option<String>,
        #[arg(long)]
        negotiation: Option<Negotiation>,
        #[command(flatten)]
        terms: TermsArgs,
    },
    List {
        #[arg(value_name = "PRODUCT")]
        product: Option<String>,
        #[arg(long, value_name = "NODE", requires = "product")]
        on: Option<String>,
    },
    Show {
        #[arg(value_name = "PRODUCT")]
        product: String,
    },
    Delist {
        #[arg(value_name = "PRODUCT")]
        product: String,
        #[arg(long, value_name = "NODE")]
        on: Option<String>,
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    Withdraw {
        #[arg(value_name = "PRODUCT")]
        product: String,
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    #[arg(value_name = "WORD", required = true)]
    pub words: Vec<String>,
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub limit: u32,
    #[arg(long, default_value_t = 0)]
    pub offset: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Contract {
    Propose {
        #[arg(value_name = "PRODUCT")]
        product: String,
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        #[arg(long, default_value = "manual")]
        sign: Sign,
        #[command(flatten)]
        terms: TermsArgs,
        #[arg(long, value_name = "SECONDS")]
        wait: Option<u32>,
    },
    List,
    Show {
        #[arg(value_name = "CONTRACT")]
        contract: String,
    },
    Counter {
        #[arg(value_name = "CONTRACT")]
        contract: String,
        #[command(flatten)]
        terms: TermsArgs,
    },
    Accept {
        #[arg(value_name = "CONTRACT")]
        contract: String,
    },
    Sign {
        #[arg(value_name = "CONTRACT")]
        contract: String,
        #[arg(long, value_name = "SECONDS")]
        wait: Option<u32>,
    },
    Wait {
        #[arg(value_name = "CONTRACT")]
        contract: String,
        #[arg(long, default_value = "05", value_name = "CODE")]
        state: String,
        #[arg(long, default_value_t = 30, value_name = "SECONDS")]
        timeout: u32,
    },
    Reject {
        #[arg(value_name = "CONTRACT")]
        contract: String,
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    Terminate {
        #[arg(value_name = "CONTRACT")]
        contract: String,
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    #[arg(value_name = "CONTRACT")]
    pub contract: String,
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[arg(long = "use", id = "use", value_name = "ID")]
    pub use_id: Option<String>,
    #[arg(long)]
    pub force: bool,
    #[arg(long, requires = "use")]
    pub receipt_only: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[arg(value_name = "RECEIPT|FOLDER", required = true)]
    pub paths: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Outbox {
    List,
    Retry {
        #[arg(value_name = "MESSAGE", required_unless_present = "all")]
        messages: Vec<u32>,
        #[arg(long, conflicts_with = "messages")]
        all: bool,
    },
    Dismiss {
        #[arg(value_name = "MESSAGE", required = true)]
        messages: Vec<u32>,
    },
}

/// Options of the demonstration network.
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// A folder of CSV and Parquet files, one provider each; generated data without it.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// End after the walk instead of keeping the network up.
    #[arg(long)]
    pub once: bool,
    /// Keep the network's state there, and resume it from there.
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// The seed of the generated data.
    #[arg(long, default_value_t = 1, conflicts_with = "data")]
    pub seed: u64,
    /// The port of the page; 0 takes any that is free.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
}

/// The command line with the texts of `messages`.
pub(crate) fn command(messages: &Messages) -> clap::Command {
    help::localised(Cli::command(), help::TOP, messages)
}

/// Reads a command line.
///
/// # Errors
/// clap's own error: help and version are among them, see [`clap::Error::exit_code`].
pub(crate) fn parse(args: &[OsString], messages: &Messages) -> Result<Cli, clap::Error> {
    let matches = command(messages).try_get_matches_from(args)?;
    Cli::from_arg_matches(&matches)
}

/// The language of a command line that is not parsed yet: the help needs it.
pub(crate) fn language(args: &[OsString], env: impl Fn(&str) -> Option<String>) -> Lang {
    let mut texts = args.iter().filter_map(|arg| arg.to_str());
    while let Some(text) = texts.next() {
        let value = if text == "--lang" { texts.next() } else { text.strip_prefix("--lang=") };
        if let Some(lang) = value.and_then(|value| value.parse().ok()) {
            return lang;
        }
    }
    Lang::from_env(env("LC_ALL").as_deref(), env("LC_MESSAGES").as_deref(), env("LANG").as_deref())
}

/// Whether a command line that is not parsed, or cannot be, asks for JSON.
pub(crate) fn wants_json(args: &[OsString]) -> bool {
    args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--json")
}

#[cfg(test)]
mod tests;
