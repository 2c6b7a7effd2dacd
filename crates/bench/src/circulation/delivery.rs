//! A large file under a contract, through the user's own connector code: asked for, let through, streamed over HTTP, digested on its way,
//! closed on both sides. Neither side writes it to disk. The rival is [`super::plain`], which takes turns with it.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dataplane::generate::{GenerateOptions, generate};
use domain::catalogue::I18n;
use futures_util::TryStreamExt as _;

use super::field::Field;
use super::plain::{self, Got};
use super::{NAME, Scope, contract};
use crate::error::{Error, Result};
use crate::figure::{Figure, Metric};
use crate::stats::median;

/// Delivers the file several times, each time beside a plain fetch of it.
///
/// # Errors
/// [`Error::Wrong`] where either client got other bytes than the file has.
pub async fn beside_a_plain_server(field: &Field, scope: &Scope, folder: &Path) -> Result<Vec<Figure>> {
    let path = large_file(folder, scope.file_bytes).await?;
    let product = field.offer(path.clone(), I18n::new("大文件", "Large file")).await?;
    let contract = contract::on(field, product).await?;
    let (mut ours, mut plain, mut whole) = (Vec::new(), Vec::new(), None);
    for _ in 0..scope.deliveries {
        let (got, took) = timed(deliver(field, &contract)).await?;
        ours.push(mb_per_s(got, took));
        let (same, took) = timed(plain::fetch(&path)).await?;
        plain.push(mb_per_s(same, took));
        if same != got {
            return Err(Error::Wrong(format!("the delivery gave {got:?}, the plain server {same:?}")));
        }
        whole = Some(got);
    }
    std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
    let note = format!(
        "CSV of {} bytes under a contract, over HTTP on loopback, digest checked; median of {}; the baseline is the same from a plain hyper server",
        whole.map_or(0, |got| got.bytes),
        ours.len()
    );
    Ok(vec![Figure::new(NAME, Metric::DeliveryMbPerS, median(ours), note).beside(median(plain))])
}

async fn timed(fetching: impl Future<Output = Result<Got>>) -> Result<(Got, Duration)> {
    let started = Instant::now();
    let got = fetching.await?;
    Ok((got, started.elapsed()))
}

/// 10⁶ bytes a second.
fn mb_per_s(got: Got, took: Duration) -> f64 {
    got.bytes as f64 / 1e6 / took.as_secs_f64().max(f64::EPSILON)
}

/// One use of the contract. The stream ends well only when the digest of what came is the one announced.
async fn deliver(field: &Field, contract: &str) -> Result<Got> {
    let fetched = app::fetch::open(&field.users, &field.user, contract, None, 0).await?;
    let (digest, announced, mut stream) = (fetched.whole.digest, fetched.whole.bytes, fetched.stream);
    let mut bytes = 0;
    while let Some(piece) = stream.try_next().await? {
        bytes += piece.len() as u64;
    }
    if bytes == announced {
        return Ok(Got { bytes, digest });
    }
    Err(Error::Wrong(format!("{bytes} bytes came, {announced} were announced")))
}

/// A CSV of at least so many bytes: a station's generated rows again and again, forced to the disk, so that its writing is over before
/// anything is measured.
async fn large_file(folder: &Path, bytes: u64) -> Result<PathBuf> {
    let folder = folder.join("large");
    let written = tokio::task::spawn_blocking(move || write_large(&folder, bytes)).await;
    written.map_err(|error| Error::Wrong(format!("generating was interrupted: {error}")))?
}

fn write_large(folder: &Path, bytes: u64) -> Result<PathBuf> {
    let options = GenerateOptions { stations: &["Changping"], ..GenerateOptions::default() };
    let station = generate(folder, &options).map_err(app::Error::from)?.into_iter().next();
    let station = station.ok_or_else(|| Error::Wrong("no file was generated".to_owned()))?.path;
    let text = std::fs::read(&station).map_err(Error::io("read", &station))?;
    let head = text.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let (header, rows) = text.split_at(head);
    let path = folder.join("large.csv");
    let mut file = File::create(&path).map_err(Error::io("make", &path))?;
    file.write_all(header).map_err(Error::io("write", &path))?;
    let mut length = header.len() as u64;
    while length < bytes {
        file.write_all(rows).map_err(Error::io("write", &path))?;
        length += rows.len() as u64;
    }
    file.sync_all().map_err(Error::io("write", &path))?;
    Ok(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_large_file_has_one_header_and_whole_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = write_large(folder.path(), 6_000_000).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.len() >= 6_000_000 && text.ends_with('\n'));
        assert_eq!(text.lines().filter(|line| line.contains("PM2.5")).count(), 1);
        let columns = text.lines().next().unwrap().split(',').count();
        assert!(text.lines().all(|line| line.split(',').count() == columns));
    }

    #[test]
    fn a_rate_is_in_millions_of_bytes() {
        let got = Got { bytes: 5_000_000, digest: crypto::Sha256::of(b"") };
        assert_eq!(mb_per_s(got, Duration::from_millis(500)), 10.0);
    }
}
