//! `weir get`: downloads a contract's data, whatever happens in between, under one use.
//!
//! A use counts before its first byte, so its id must outlive this process: it is drawn here and stands in `FILE.part.json` on the disk
//! before the node is asked. Whoever runs the same command again after an interruption (a broken connection, Ctrl-C, `kill -9`, a
//! power cut) goes on under the same use where `FILE.part` ends. The digest is checked over the whole file at the end; where a resumed
//! file does not have it, its beginning is not trusted, and the whole comes once more under the same use. Then the file gets its name, the node is told
//! what arrived, and the receipt is written beside it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crypto::Hasher;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cli::Get;
use crate::client::{Client, Download};
use crate::commands::contract::path as contract_path;
use crate::commands::{Context, absolute, closed};
use crate::config::percent_encoded;
use crate::exit::Exit;
use crate::problem::{Failure, Result};
use crate::term::{Progress, Unit, bytes, thousands};

/// How often a download without progress is taken up again before the command gives up, and how long it pauses in between.
#[derive(Debug, Clone, Copy)]
struct Patience {
    tries_max: u32,
    pause: Duration,
    /// How long the receipt is waited for.
    receipt_max: Duration,
}

const PATIENCE: Patience =
    Patience { tries_max: 5, pause: Duration::from_millis(500), receipt_max: Duration::from_secs(10) };
/// The pause before the receipt is asked for again, where the node names none, in milliseconds.
const RECEIPT_PAUSE_MS: u64 = 500;
/// What the name of a file without `-o` can end in, by its media type.
const EXTENSIONS: [&str; 3] = ["csv", "parquet", UNKNOWN];
/// What it ends in where the media type says nothing.
const UNKNOWN: &str = "bin";

pub(super) async fn run(args: &Get, context: &Context) -> Result<()> {
    let client = context.client()?;
    if args.receipt_only {
        return receipt_only(&client, context, args).await;
    }
    if args.output.as_deref() == Some(Path::new("-")) {
        return to_stdout(&client, context, args).await;
    }
    let got = to_file(&client, context, args, &PATIENCE).await?;
    let answer = got.to_json();
    context.result(&answer, || got.line(context))
}

/// What a finished download is.
#[derive(Debug)]
struct Got {
    contract: String,
    use_id: String,
    file: PathBuf,
    bytes: u64,
    rows: Option<u64>,
    sha256: String,
    receipt: Option<PathBuf>,
}

impl Got {
    fn to_json(&self) -> Value {
        json!({"contract": self.contract, "use": self.use_id, "file": self.file, "bytes": self.bytes, "rows": self.rows,
            "sha256": self.sha256, "receipt": self.receipt})
    }

    fn line(&self, context: &Context) -> String {
        let rows = self.rows.map_or_else(|| "–".to_owned(), thousands);
        let args = [
            ("file", self.file.display().to_string().into()),
            ("bytes", bytes(self.bytes).into()),
            ("rows", rows.into()),
        ];
        context.msg("get-done", &args)
    }
}

/// What `FILE.part.json` keeps: all that another process needs to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    #[serde(rename = "type")]
    kind: StateKind,
    contract: String,
    #[serde(rename = "use")]
    use_id: String,
    sha256: Option<String>,
    bytes: Option<u64>,
    rows: Option<u64>,
    /// What the file's name ends in, where no name was given.
    extension: Option<String>,
    /// The name that the file gets, once the digest was found right.
    complete: Option<PathBuf>,
}

impl State {
    fn new(contract: &str, use_id: String) -> State {
        let contract = contract.to_owned();
        let (sha256, bytes, rows, extension, complete) = (None, None, None, None, None);
        State { kind: StateKind::V1, contract, use_id, sha256, bytes, rows, extension, complete }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum StateKind {
    #[serde(rename = "weir.part/1")]
    V1,
}

/// The places of one download.
#[derive(Debug, Clone)]
struct Places {
    /// The file's name, where it was given; else the beginning of one that gets its extension from the media type.
    name: PathBuf,
    given: bool,
    part: PathBuf,
    state: PathBuf,
}

impl Places {
    fn of(args: &Get) -> Result<Places> {
        let name = match &args.output {
            Some(file) => absolute(file)?,
            None => absolute(Path::new(&plain_name(&args.contract)))?,
        };
        let beside = |ending: &str| PathBuf::from(format!("{}{ending}", name.display()));
        Ok(Places { part: beside(".part"), state: beside(".part.json"), given: args.output.is_some(), name })
    }

    /// Every name that the file could get.
    fn names(&self) -> Vec<PathBuf> {
        match self.given {
            true => vec![self.name.clone()],
            false => EXTENSIONS.iter().map(|extension| self.named(extension)).collect(),
        }
    }

    fn named(&self, extension: &str) -> PathBuf {
        match self.given {
            true => self.name.clone(),
            false => PathBuf::from(format!("{}.{extension}", self.name.display())),
        }
    }

    /// Refuses before a use is spent on a file that could not get its name.
    fn refuse_existing(&self, force: bool) -> Result<()> {
        match self.names().into_iter().find(|name| name.exists()) {
            Some(there) if !force => {
                Err(Failure::new(Exit::Refused, "get-exists").with("path", there.display()))
            }
            _ => Ok(()),
        }
    }

    fn load(&self) -> Result<Option<State>> {
        let unusable = |reason: String| {
            Failure::new(Exit::BadInput, "get-state")
                .with("path", self.state.display())
                .with("reason", reason)
        };
        match std::fs::read(&self.state) {
            Ok(json) => serde_json::from_slice(&json).map(Some).map_err(|error| unusable(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(error.to_string())),
        }
    }

    /// Durable before it returns: the use that it names may be counted right after.
    fn save(&self, state: &State) -> Result<()> {
        let json = serde_json::to_vec(state)
            .map_err(|error| Failure::new(Exit::Failure, "error-other").because(error))?;
        write_durably(&self.state, &json)
    }
}

/// Letters, digits, `-` and `_` of an identifier; everything else becomes `-`.
fn plain_name(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect()
}

fn write_durably(path: &Path, content: &[u8]) -> Result<()> {
    let beside = PathBuf::from(format!("{}.new", path.display()));
    let written = File::create(&beside)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path))
        .and_then(|()| sync_folder(path));
    written.map_err(|error| unwritable(path, error))
}

/// Makes a new name in a folder durable.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn unwritable(path: &Path, error: std::io::Error) -> Failure {
    Failure::file(Exit::Failure, "error-disk-full", path, error)
}

async fn to_file(client: &Client, context: &Context, args: &Get, patience: &Patience) -> Result<Got> {
    let places = Places::of(args)?;
    let begun = begin(args, &places)?;
    let named = begun.state.complete.clone().filter(|file| file.exists() && !places.part.exists());
    let (file, state) = match named {
        Some(file) => (file, begun.state),
        None => fetch(client, context, &places, begun, patience, args.force).await?,
    };
    let (sha256, bytes) = (state.sha256.unwrap_or_default(), state.bytes.unwrap_or_default());
    received(client, &state.contract, &state.use_id, bytes, &sha256).await?;
    let receipt = receipt_beside(&file);
    let receipt = match receipt_within(client, &state.contract, &state.use_id, patience.receipt_max).await? {
        Some(document) => Some(write_receipt(&receipt, &document)?),
        None => receipt_pending(context, &state.contract, &state.use_id)?,
    };
    std::fs::remove_file(&places.state).map_err(|error| unwritable(&places.state, error))?;
    Ok(Got { contract: state.contract, use_id: state.use_id, file, bytes, rows: state.rows, sha256, receipt })
}

/// The state to go on from.
struct Begun {
    state: State,
    /// Whether the node cannot have heard of the use yet.
    fresh: bool,
}

/// The state of an earlier run, or a new one that is on the disk before the node hears of it.
fn begin(args: &Get, places: &Places) -> Result<Begun> {
    if let Some(state) = places.load()? {
        let other_use = args.use_id.as_ref().is_some_and(|id| *id != state.use_id);
        if state.contract != args.contract || other_use {
            return Err(Failure::new(Exit::Refused, "get-other-part")
                .with("path", places.state.display())
                .with("contract", state.contract)
                .with("use", state.use_id));
        }
        if state.complete.is_none() {
            places.refuse_existing(args.force)?;
        }
        return Ok(Begun { state, fresh: false });
    }
    places.refuse_existing(args.force)?;
    // A part without its state is of an unknown use: it is not built upon.
    if places.part.exists() {
        std::fs::remove_file(&places.part).map_err(|error| unwritable(&places.part, error))?;
    }
    let use_id = args.use_id.clone().unwrap_or_else(new_use_id);
    let state = State::new(&args.contract, use_id);
    places.save(&state)?;
    Ok(Begun { state, fresh: args.use_id.is_none() })
}

fn new_use_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Brings the bytes, checks them, and gives the file its name.
async fn fetch(
    client: &Client,
    context: &Context,
    places: &Places,
    begun: Begun,
    patience: &Patience,
    force: bool,
) -> Result<(PathBuf, State)> {
    let Begun { state, fresh } = begun;
    let bar = context.out.progress(&state.contract, state.bytes, Unit::Bytes);
    let mut transfer = Transfer {
        client,
        state,
        bar,
        patience,
        sink: Sink::open(&places.part)?,
        places: Some(places),
        heard_of: !fresh,
    };
    let (at, resumed) = (transfer.sink.written, transfer.sink.written > 0);
    if resumed {
        context.note(&context.msg("progress-resuming", &[("bytes", bytes(at).into())]))?;
    }
    let outcome = match transfer.run().await {
        Ok(()) if !transfer.holds() && resumed => transfer.again().await,
        outcome => outcome,
    };
    outcome.inspect_err(|failure| transfer.forget_if_refused(failure))?;
    let Transfer { sink, mut state, .. } = transfer;
    if state.sha256.as_deref() != Some(sink.digest().as_str()) {
        let wrong = Failure::new(Exit::Unverified, "error-digest").with("file", places.part.display());
        // The use is spent and stays known, so that another try does not cost another one.
        drop(sink);
        std::fs::remove_file(&places.part).map_err(|error| unwritable(&places.part, error))?;
        return Err(wrong);
    }
    sink.sync(&places.part)?;
    let file =
        state.complete.clone().unwrap_or_else(|| places.named(state.extension.as_deref().unwrap_or(UNKNOWN)));
    if file.exists() && !force {
        return Err(Failure::new(Exit::Refused, "get-exists").with("path", file.display()));
    }
    state.complete = Some(file.clone());
    places.save(&state)?;
    std::fs::rename(&places.part, &file)
        .and_then(|()| sync_folder(&file))
        .map_err(|error| unwritable(&file, error))?;
    Ok((file, state))
}

fn extension(media_type: &str) -> &'static str {
    match media_type.split(';').next().unwrap_or_default().trim() {
        "text/csv" => "csv",
        "application/vnd.apache.parquet" | "application/x-parquet" => "parquet",
        _ => UNKNOWN,
    }
}

/// Where the bytes go, with the digest of all that went there.
struct Sink {
    to: Target,
    written: u64,
    hasher: Hasher,
}

enum Target {
    File(File),
    Stdout,
}

impl Sink {
    /// A part as an earlier run left it, or a new one. It is locked: two downloads into one file would spoil it.
    fn open(part: &Path) -> Result<Sink> {
        let failed = |error| unwritable(part, error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(part)
            .map_err(failed)?;
        file.try_lock().map_err(|_| Failure::new(Exit::Refused, "get-busy").with("path", part.display()))?;
        let (mut hasher, mut written) = (Hasher::new(), 0);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = file.read(&mut buffer).map_err(failed)?;
            let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
            hasher.update(read);
            written += count as u64;
        }
        Ok(Sink { to: Target::File(file), written, hasher })
    }

    fn stdout() -> Sink {
        Sink { to: Target::Stdout, written: 0, hasher: Hasher::new() }
    }

    fn put(&mut self, piece: &[u8]) -> std::io::Result<()> {
        match &mut self.to {
            Target::File(file) => file.write_all(piece)?,
            Target::Stdout => std::io::stdout().lock().write_all(piece)?,
        }
        self.hasher.update(piece);
        self.written += piece.len() as u64;
        Ok(())
    }

    /// Forgets what was written; what went to standard output cannot be taken back.
    fn restart(&mut self) -> Result<()> {
        if self.written == 0 {
            return Ok(());
        }
        match &mut self.to {
            Target::File(file) => file
                .set_len(0)
                .and_then(|()| file.seek(SeekFrom::Start(0)))
                .map_err(|error| unwritable(Path::new(".part"), error))?,
            Target::Stdout => return Err(Failure::new(Exit::Failure, "get-not-resumed")),
        };
        (self.written, self.hasher) = (0, Hasher::new());
        Ok(())
    }

    fn digest(&self) -> String {
        self.hasher.clone().finish().to_string()
    }

    fn sync(&self, path: &Path) -> Result<()> {
        match &self.to {
            Target::File(file) => file.sync_all().map_err(|error| unwritable(path, error)),
            Target::Stdout => std::io::stdout().flush().map_err(closed),
        }
    }
}

/// One use on its way.
struct Transfer<'a> {
    client: &'a Client,
    state: State,
    bar: Progress,
    patience: &'a Patience,
    sink: Sink,
    places: Option<&'a Places>,
    /// Whether the provider may have counted the use: after an answer, and after a question whose answer is not known.
    heard_of: bool,
}

impl Transfer<'_> {
    fn is_whole(&self) -> bool {
        self.state.bytes == Some(self.sink.written) && self.state.sha256.is_some()
    }

    fn holds(&self) -> bool {
        self.state.sha256.as_deref() == Some(self.sink.digest().as_str())
    }

    /// Brings what is missing, and takes a broken connection up again where it broke.
    async fn run(&mut self) -> Result<()> {
        let mut tries = 0;
        while !self.is_whole() {
            let before = self.sink.written;
            match self.attempt().await {
                Ok(()) if self.is_whole() => break,
                Err(failure) if failure.exit != Exit::Unreachable => return Err(failure),
                outcome => {
                    self.heard_of = true;
                    tries = if self.sink.written > before { 1 } else { tries + 1 };
                    if tries >= self.patience.tries_max {
                        return Err(self.given_up(outcome.err()));
                    }
                    tokio::time::sleep(self.patience.pause * tries).await;
                }
            }
        }
        Ok(())
    }

    /// Brings the whole once more, under the same use.
    async fn again(&mut self) -> Result<()> {
        self.sink.restart()?;
        self.run().await
    }

    /// A use that was refused at the first question is none: nothing of it stays behind. One that may have been counted stays known,
    /// so that another try does not cost another one.
    fn forget_if_refused(&self, failure: &Failure) {
        let Some(places) = self.places else { return };
        let refused = failure.problem.as_ref().is_some_and(|problem| (400..500).contains(&problem.status));
        if refused && !self.heard_of && self.state.sha256.is_none() {
            for path in [&places.part, &places.state] {
                if let Err(error) = std::fs::remove_file(path) {
                    tracing::debug!(path = %path.display(), "cannot remove what a refused use left: {error}");
                }
            }
        }
    }

    /// One request: from where the sink ends to the end, or to where the connection breaks.
    async fn attempt(&mut self) -> Result<()> {
        let mut offset = self.sink.written;
        if self.state.bytes.is_some_and(|bytes| offset > bytes) {
            self.sink.restart()?;
            offset = 0;
        }
        let mut download = self.client.download(&self.state.contract, &self.state.use_id, offset).await?;
        self.agree(&download)?;
        if offset > 0 && !download.partial {
            self.sink.restart()?;
        }
        self.bar.set(self.sink.written);
        while let Some(piece) = download.next().await {
            let piece = piece.map_err(|error| self.broken().because(error))?;
            if self.sink.written + piece.len() as u64 > download.bytes {
                return Err(Failure::new(Exit::Unverified, "get-too-long").with("bytes", download.bytes));
            }
            self.sink.put(&piece).map_err(|error| self.not_put(error))?;
            self.bar.add(piece.len() as u64);
        }
        Ok(())
    }

    /// What the node says about the whole must be what it said before; the first time it is kept.
    fn agree(&mut self, download: &Download) -> Result<()> {
        let same = self.state.sha256.as_ref().is_none_or(|known| *known == download.sha256)
            && self.state.bytes.is_none_or(|known| known == download.bytes);
        if !same || download.use_id != self.state.use_id {
            return Err(Failure::new(Exit::Unverified, "get-changed").with("use", &self.state.use_id));
        }
        if self.state.sha256.is_some() {
            return Ok(());
        }
        self.state.sha256 = Some(download.sha256.clone());
        self.state.bytes = Some(download.bytes);
        self.state.rows = download.rows;
        self.state.extension = Some(extension(&download.content_type).to_owned());
        self.places.map_or(Ok(()), |places| places.save(&self.state))
    }

    fn not_put(&self, error: std::io::Error) -> Failure {
        match self.places {
            Some(places) => unwritable(&places.part, error),
            None => closed(error),
        }
    }

    fn broken(&self) -> Failure {
        Failure::new(Exit::Unreachable, "client-broken").with("address", self.client.address())
    }

    fn given_up(&self, last: Option<Failure>) -> Failure {
        let last = last.unwrap_or_else(|| self.broken().with("reason", "end of data"));
        if self.sink.written == 0 && self.state.sha256.is_none() {
            return last;
        }
        let reason = last.message.arg("reason").unwrap_or_default().to_owned();
        Failure::new(Exit::Unreachable, "get-interrupted")
            .with("written", bytes(self.sink.written))
            .with("use", &self.state.use_id)
            .with("reason", reason)
    }
}

/// Sends the bytes to standard output. Nothing is kept, so only this process can resume; the use id is named for another try.
async fn to_stdout(client: &Client, context: &Context, args: &Get) -> Result<()> {
    let use_id = args.use_id.clone().unwrap_or_else(new_use_id);
    let state = State::new(&args.contract, use_id);
    let bar = context.out.progress(&state.contract, None, Unit::Bytes);
    let mut transfer = Transfer {
        client,
        state,
        bar,
        patience: &PATIENCE,
        sink: Sink::stdout(),
        places: None,
        heard_of: true,
    };
    transfer.run().await?;
    transfer.sink.sync(Path::new("-"))?;
    if !transfer.holds() {
        return Err(Failure::new(Exit::Unverified, "error-digest").with("file", "-"));
    }
    let (state, sha256) = (&transfer.state, transfer.sink.digest());
    received(client, &state.contract, &state.use_id, transfer.sink.written, &sha256).await?;
    let args = [("contract", state.contract.as_str().into()), ("use", state.use_id.as_str().into())];
    context.note(&context.msg("get-receipt-later", &args))
}

/// Tells the node what is on the disk: its meter closes the use with it.
async fn received(client: &Client, contract: &str, use_id: &str, bytes: u64, sha256: &str) -> Result<()> {
    let path = contract_path(contract, &format!("/uses/{}/received", percent_encoded(use_id)));
    client.post(&path, &json!({"bytes": bytes, "sha256": sha256})).await.map(drop)
}

/// The receipt, once its window is closed and countersigned; nothing when that takes longer.
async fn receipt_within(
    client: &Client,
    contract: &str,
    use_id: &str,
    longest: Duration,
) -> Result<Option<Value>> {
    let path = contract_path(contract, &format!("/receipts/{}", percent_encoded(use_id)));
    let deadline = Instant::now() + longest;
    loop {
        let failure = match client.get(&path, &[]).await {
            Ok(receipt) => return Ok(Some(receipt)),
            Err(failure) => failure,
        };
        let Some(problem) = failure.problem.as_deref().filter(|problem| problem.status == 409) else {
            return Err(failure);
        };
        let pause = Duration::from_millis(problem.number("retry_after_ms").unwrap_or(RECEIPT_PAUSE_MS));
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        tokio::time::sleep(pause.min(left)).await;
    }
}

fn receipt_beside(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.receipt.json", file.display()))
}

fn write_receipt(path: &Path, receipt: &Value) -> Result<PathBuf> {
    let text = serde_json::to_string_pretty(receipt).unwrap_or_else(|_| receipt.to_string());
    write_durably(path, (text + "\n").as_bytes())?;
    Ok(path.to_path_buf())
}

fn receipt_pending(context: &Context, contract: &str, use_id: &str) -> Result<Option<PathBuf>> {
    let args = [("contract", contract.into()), ("use", use_id.into())];
    context.note(&context.msg("get-receipt-later", &args))?;
    Ok(None)
}

/// Fetches the receipt of an earlier use, and nothing else.
async fn receipt_only(client: &Client, context: &Context, args: &Get) -> Result<()> {
    let use_id = args.use_id.clone().unwrap_or_default();
    let Some(receipt) = receipt_within(client, &args.contract, &use_id, PATIENCE.receipt_max).await? else {
        return Err(Failure::new(Exit::Refused, "get-receipt-not-yet").with("use", use_id));
    };
    let file = match &args.output {
        Some(file) if file == Path::new("-") => return context.out.json(&receipt).map_err(closed),
        Some(file) => absolute(file)?,
        None => receipt_beside(&absolute(Path::new(&plain_name(&use_id)))?),
    };
    if file.exists() && !args.force {
        return Err(Failure::new(Exit::Refused, "get-exists").with("path", file.display()));
    }
    let file = write_receipt(&file, &receipt)?;
    context.result(&json!({"contract": args.contract, "use": use_id, "receipt": file}), || {
        file.display().to_string()
    })
}

#[cfg(test)]
#[path = "get_tests.rs"]
mod tests;
