//! One region node in a process of its own: how soon it answers, and what it holds in memory when nothing happens.
//!
//! The node is initialised: it has joined, and its store, keys and index are there. Its upstream, the global node, runs in this process.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use weir::config::{Config, NodeSettings};

use super::field::{Field, REGION};
use super::{NAME, Work};
use crate::child::{self, Process};
use crate::error::{Error, Result};
use crate::figure::{Figure, Metric};
use crate::stats::{Samples, median};
use crate::wait::PATIENCE;

/// How often a node that does not answer yet is asked again.
const PAUSE: Duration = Duration::from_micros(500);
const REQUEST: &[u8] = b"GET /weir/v1/time HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
const GOOD: &[u8] = b"HTTP/1.1 200 ";

/// Starts the node several times; reads its memory when it was idle.
///
/// # Errors
/// [`Error::Child`] where the node ends, [`Error::TimedOut`] where it does not answer.
pub async fn alone(work: &Work) -> Result<Vec<Figure>> {
    let folder = work.folder.join("node");
    Field::raise(&folder).await?.stop().await;
    let config = Config::load(&folder.join(weir::config::FILE_NAME))?;
    let upstream = child::serve(settings(&config, "global")?).await?;
    let region = settings(&config, REGION)?;
    let (mut starts, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..work.scope.starts {
        let started = Instant::now();
        let mut process = Process::node(&config.path, REGION)?;
        answers(&mut process, region.listen).await?;
        starts.push(started.elapsed());
        tokio::time::sleep(work.scope.idle).await;
        memory.push(resident_mb(process.id())?);
        process.stop().await?;
    }
    upstream.stop().await;
    Ok(figures(&Samples::new(starts), memory, work.scope.idle))
}

fn figures(starts: &Samples, memory: Vec<f64>, idle: Duration) -> Vec<Figure> {
    let note = format!(
        "region node with its store, from spawn to the first answer of /weir/v1/time; median of {}, longest {:.1} ms",
        starts.len(),
        starts.longest_ms()
    );
    let idle =
        format!("VmRSS of the same process after {} ms idle; median of {}", idle.as_millis(), memory.len());
    vec![
        Figure::new(NAME, Metric::StartMs, starts.median_ms(), note),
        Figure::new(NAME, Metric::IdleRssMb, median(memory), idle),
    ]
}

fn settings(config: &Config, name: &str) -> Result<NodeSettings> {
    let found = config.nodes.iter().find(|node| node.name == name).cloned();
    found.ok_or_else(|| Error::Wrong(format!("no node `{name}` in `{}`", config.path.display())))
}

/// Asks until the node answers.
async fn answers(process: &mut Process, address: SocketAddr) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !is_up(address).await? {
        if let Some(status) = process.ended()? {
            return Err(Error::Wrong(format!("the node ended with {status} before it answered")));
        }
        if Instant::now() > deadline {
            return Err(Error::TimedOut {
                what: "the node's first answer".to_owned(),
                seconds: PATIENCE.as_secs(),
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Whether the node answers well now. A client of few bytes, so that its own start does not count.
async fn is_up(address: SocketAddr) -> Result<bool> {
    let unusable = Error::io("ask", Path::new("/weir/v1/time"));
    let mut stream = match TcpStream::connect(address).await {
        Ok(stream) => stream,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(false),
        Err(error) => return Err(unusable(error)),
    };
    let mut answer = Vec::new();
    let asked = async {
        stream.write_all(REQUEST).await?;
        stream.read_to_end(&mut answer).await
    };
    asked.await.map_err(unusable)?;
    Ok(answer.starts_with(GOOD))
}

/// The resident memory of a process, in 10⁶ bytes.
fn resident_mb(process: u32) -> Result<f64> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).map_err(Error::io("read", Path::new(&path)))?;
    let kib = resident_kib(&status).ok_or_else(|| Error::Wrong(format!("`{path}` has no VmRSS")))?;
    Ok(kib as f64 * 1024.0 / 1e6)
}

fn resident_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status() {
        assert_eq!(resident_kib("Name:\tx\nVmHWM:\t  900 kB\nVmRSS:\t  51200 kB\n"), Some(51_200));
        assert_eq!(resident_kib("Name:\tx\n"), None);
        assert!(resident_mb(std::process::id()).unwrap() > 1.0);
    }

    #[test]
    fn the_middle_start_is_the_figure() {
        let starts = Samples::new([90, 100, 300].map(Duration::from_millis).to_vec());
        let figures = figures(&starts, vec![50.0, 40.0, 45.0], Duration::from_secs(2));
        assert_eq!((figures[0].metric, figures[0].value), (Metric::StartMs, 100.0));
        assert_eq!((figures[1].metric, figures[1].value), (Metric::IdleRssMb, 45.0));
        assert!(figures[0].note.contains("longest 300.0 ms"), "{}", figures[0].note);
    }

    #[tokio::test]
    async fn nobody_there_is_not_up() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        assert!(!is_up(address).await.unwrap());
    }
}
