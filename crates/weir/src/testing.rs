//! What tests share: a tiny HTTP server whose answers a closure gives, and a context that writes into memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::cli::{self, Command};
use crate::commands::Context;
use crate::config::{Config, NodeSettings};
use crate::i18n::{Lang, Messages};
use crate::term::{Captured, Mode, Out};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub authorization: Option<String>,
    pub body: Value,
}

impl Request {
    /// `GET /path`, without the query.
    pub fn route(&self) -> String {
        format!("{} {}", self.method, self.target.split('?').next().unwrap())
    }

    /// A parameter of the query.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).map(str::to_owned)
    }
}

/// An answer. `cut` breaks the connection after so many bytes of the body, though its whole length was announced.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub cut: Option<usize>,
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Reply {
        let headers = vec![("content-type".into(), "application/json".into())];
        Reply { status, headers, body: body.to_string().into_bytes(), cut: None }
    }

    pub fn with(mut self, name: &str, value: impl ToString) -> Reply {
        self.headers.push((name.into(), value.to_string()));
        self
    }
}

/// A server on loopback that ends with the test.
pub(crate) struct Server {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub async fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (seen.clone(), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, answer) = (kept.clone(), answer.clone());
                tokio::spawn(async move { serve(stream, &kept, answer.as_ref()).await });
            }
        });
        Server { address, seen, task }
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// The routes of every request so far.
    pub fn routes(&self) -> Vec<String> {
        self.seen().iter().map(Request::route).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Request>>,
    answer: &(impl Fn(&Request) -> Reply + ?Sized),
) {
    let Some(request) = read(&mut stream).await else { return };
    seen.lock().unwrap().push(request.clone());
    let reply = answer(&request);
    let mut head = format!(
        "HTTP/1.1 {} X\r\nconnection: close\r\ncontent-length: {}\r\n",
        reply.status,
        reply.body.len()
    );
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let body = &reply.body[..reply.cut.unwrap_or(reply.body.len())];
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length: usize = header("content-length").map_or(0, |text| text.parse().unwrap());
    while bytes.len() < end + 4 + length {
        stream.read_buf(&mut bytes).await.ok()?;
    }
    let mut words = head.lines().next().unwrap().split(' ');
    Some(Request {
        method: words.next().unwrap().to_owned(),
        target: words.next().unwrap().to_owned(),
        authorization: header("authorization"),
        body: serde_json::from_slice(&bytes[end + 4..]).unwrap_or(Value::Null),
    })
}

/// A node whose configuration and token (`s3cret`) stand in `folder`, listening at `address`.
pub(crate) fn node(folder: &Path, address: SocketAddr) -> NodeSettings {
    let path = folder.join("weir.toml");
    let text = format!("[[node]]\nname = \"host\"\nrole = \"connector\"\nlisten = \"{address}\"\n");
    std::fs::write(&path, &text).unwrap();
    let node = Config::load(&path).unwrap().nodes.remove(0);
    std::fs::create_dir_all(&node.folder).unwrap();
    app::keys::write_private(&node.token_file(), b"s3cret\n").unwrap();
    node
}

/// The command of a command line without the program's name.
pub(crate) fn command(args: &[&str]) -> Command {
    parsed(args).command
}

fn parsed(args: &[&str]) -> cli::Cli {
    let args: Vec<_> = ["weir"].iter().chain(args).map(Into::into).collect();
    cli::parse(&args, &Messages::new(Lang::En)).unwrap()
}

/// A context in English with the given global options, and what it writes.
pub(crate) fn context(options: &[&str]) -> (Context, Captured) {
    context_in(Lang::En, options)
}

/// A context in a language.
pub(crate) fn context_in(lang: Lang, options: &[&str]) -> (Context, Captured) {
    let global = parsed(&[options, &["status"]].concat()).global;
    let (out, captured) = Out::captured(if global.json { Mode::Json } else { Mode::Human });
    (Context::new(out, Messages::new(lang), global), captured)
}
