//! `weir get`: downloads a contract's data (`crate::download`), and writes the receipt of the use beside the file.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::Get;
use crate::client::Client;
use crate::commands::contract::path as contract_path;
use crate::commands::{Context, absolute, closed};
use crate::config::percent_encoded;
use crate::download::{self, Arrived, Order, Patience, plain_name, receipt_beside, write_durably};
use crate::exit::Exit;
use crate::problem::{Failure, Message, Result};
use crate::term::{Unit, size, thousands};

/// How long the receipt is waited for.
const RECEIPT_WAIT_MAX: Duration = Duration::from_secs(10);
/// The pause before the receipt is asked for again, where the node names none, in milliseconds.
const RECEIPT_PAUSE_MS: u64 = 500;

pub(super) async fn run(args: &Get, context: &Context) -> Result<()> {
    let client = context.client()?;
    if args.receipt_only {
        return receipt_only(&client, context, args).await;
    }
    if let Some(use_id) = &args.use_id {
        refuse_unknown(&client, &args.contract, use_id).await?;
    }
    if args.output.as_deref() == Some(Path::new("-")) {
        return to_stdout(&client, context, args).await;
    }
    let got = to_file(&client, context, args, Patience::default(), RECEIPT_WAIT_MAX).await?;
    let answer = got.to_json();
    context.result(&answer, || got.line(context))
}

/// Refuses a use that is to be gone on with and is none of the contract's: a slip of the pen would begin another one, which counts.
async fn refuse_unknown(client: &Client, contract: &str, use_id: &str) -> Result<()> {
    let uses = client.get(&contract_path(contract, "/uses"), &[]).await?;
    let told = uses.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_whole = uses.get("total").and_then(Value::as_u64).is_none_or(|total| total <= told.len() as u64);
    let is_known = told.iter().any(|one| one.get("use").and_then(Value::as_str) == Some(use_id));
    match is_whole && !is_known {
        true => {
            Err(Failure::new(Exit::NotFound, "get-no-use").with("use", use_id).with("contract", contract))
        }
        false => Ok(()),
    }
}

fn order(args: &Get, patience: Patience) -> Order<'_> {
    let (contract, use_id) = (args.contract.as_str(), args.use_id.as_deref());
    Order { contract, use_id, file: args.output.as_deref(), force: args.force, patience }
}

/// A finished download with its receipt, where that is ready.
#[derive(Debug)]
struct Got {
    arrived: Arrived,
    receipt: Option<PathBuf>,
}

impl Got {
    fn to_json(&self) -> Value {
        let Arrived { contract, use_id, file, bytes, rows, sha256, .. } = &self.arrived;
        let shown = |path: &PathBuf| path.display().to_string();
        json!({"contract": contract, "use": use_id, "file": shown(file), "bytes": bytes, "rows": rows,
            "sha256": sha256, "receipt": self.receipt.as_ref().map(shown)})
    }

    fn line(&self, context: &Context) -> String {
        let arrived = &self.arrived;
        let rows = arrived.rows.map_or_else(|| "–".to_owned(), thousands);
        let args = [
            ("file", arrived.file.display().to_string().into()),
            ("bytes", size(arrived.bytes).into()),
            ("rows", rows.into()),
        ];
        context.msg("get-done", &args)
    }
}

async fn to_file(
    client: &Client,
    context: &Context,
    args: &Get,
    patience: Patience,
    receipt_wait_max: Duration,
) -> Result<Got> {
    let progress = context.out.progress(&args.contract, None, Unit::Bytes);
    let arrived = download::to_file(client, context, &order(args, patience), &progress).await?;
    drop(progress);
    let receipt = match receipt_within(client, &arrived.contract, &arrived.use_id, receipt_wait_max).await? {
        Some(document) => Some(write_receipt(&receipt_beside(&arrived.file), &document)?),
        None => receipt_pending(context, &arrived.contract, &arrived.use_id)?,
    };
    arrived.forget()?;
    Ok(Got { arrived, receipt })
}

/// Sends the bytes to standard output. The use is named before it counts: the receipt is fetched by it, and who was interrupted goes on
/// under it.
async fn to_stdout(client: &Client, context: &Context, args: &Get) -> Result<()> {
    let use_id = args.use_id.clone().unwrap_or_else(download::new_use_id);
    let message = Message::new("get-use").with("contract", &args.contract).with("use", &use_id);
    context.note(&context.sentence(&message))?;
    let progress = context.out.progress(&args.contract, None, Unit::Bytes);
    download::to_stdout(client, &args.contract, &use_id, Patience::default(), &progress).await?;
    drop(progress);
    receipt_pending(context, &args.contract, &use_id).map(drop)
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

fn write_receipt(path: &Path, receipt: &Value) -> Result<PathBuf> {
    let text = serde_json::to_string_pretty(receipt).unwrap_or_else(|_| receipt.to_string());
    write_durably(path, (text + "\n").as_bytes())?;
    Ok(path.to_path_buf())
}

fn receipt_pending(context: &Context, contract: &str, use_id: &str) -> Result<Option<PathBuf>> {
    let message = Message::new("get-receipt-later").with("contract", contract).with("use", use_id);
    context.note(&context.sentence(&message))?;
    Ok(None)
}

/// Fetches the receipt of an earlier use, and nothing else.
async fn receipt_only(client: &Client, context: &Context, args: &Get) -> Result<()> {
    let use_id = args.use_id.clone().unwrap_or_default();
    let Some(receipt) = receipt_within(client, &args.contract, &use_id, RECEIPT_WAIT_MAX).await? else {
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
    context.result(
        &json!({"contract": args.contract, "use": use_id, "receipt": file.display().to_string()}),
        || file.display().to_string(),
    )
}

#[cfg(test)]
#[path = "get_tests.rs"]
mod tests;
