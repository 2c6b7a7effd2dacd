//! Messages between nodes written by hand (docs/WIRE.md, 1): right ones, and wrong ones in one place.

use app::member::Speaker;
use crypto::SigningKey;
use domain::Timestamp;
use domain::id::NodeId;
use ndi::envelope::{Headers, SIGN_VALUE, Sender, VERSION, signing_input};
use net::{Client, ClientOptions};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Who writes.
#[derive(Clone)]
pub struct Voice {
    /// `weir-from`.
    pub from: Sender,
    /// What it signs with.
    pub key: SigningKey,
}

impl Voice {
    /// A node or connector that joined.
    pub fn of(speaker: &Speaker) -> Voice {
        Voice { from: Sender::Node(speaker.id().clone()), key: speaker.key.clone() }
    }
}

/// A message, not yet signed.
#[derive(Clone)]
pub struct Draft {
    /// Who writes.
    pub voice: Voice,
    /// `weir-to`.
    pub to: Option<NodeId>,
    /// The path; its last segment is `msgcode`.
    pub path: String,
    /// The body.
    pub body: Value,
    /// `timestamp`, epoch milliseconds.
    pub timestamp_ms: i64,
    /// `sequenceNum`.
    pub sequence: String,
    /// `msgcode`, where it is not the path's.
    pub msgcode: Option<String>,
    /// `msgversion`.
    pub version: String,
}

impl Draft {
    /// A right message from `voice` to `to`, with a new sequence number.
    pub fn new(voice: &Voice, to: &NodeId, path: &str, body: Value, at: Timestamp) -> Draft {
        Draft {
            voice: voice.clone(),
            to: Some(to.clone()),
            path: path.to_owned(),
            body,
            timestamp_ms: at.millis(),
            sequence: format!("{:016x}{:016x}", rand::random::<u64>(), rand::random::<u64>()),
            msgcode: None,
            version: VERSION.to_owned(),
        }
    }

    /// Signs it as it is, whatever a receiver will say.
    pub fn sign(&self) -> Letter {
        let msgcode = self.path.rsplit('/').next().unwrap_or_default().to_owned();
        let headers = Headers {
            msgcode: self.msgcode.clone().unwrap_or(msgcode),
            msgversion: self.version.clone(),
            timestamp_ms: self.timestamp_ms,
            sequence_num: self.sequence.clone(),
            sign_value: String::new(),
            from: self.voice.from.clone(),
            to: self.to.clone(),
            key: self.voice.key.key_ref(),
        };
        let input = signing_input(&headers, &self.body).unwrap();
        let sign_value = self.voice.key.sign(&input).unwrap().raw_hex();
        let headers = Headers { sign_value, ..headers };
        let pairs = headers.to_pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Letter { path: self.path.clone(), headers: pairs, body: self.body.to_string().into_bytes() }
    }
}

/// A signed message, which a test may still spoil.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Path.
    pub path: String,
    /// Names and values of the envelope's headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// An answer in the documents' form.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Return code.
    pub code: String,
    /// Message.
    pub message: String,
    /// Data.
    pub data: Value,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.status, self.code, self.message)
    }
}

impl Letter {
    /// With another value of a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Letter {
        for (known, old) in &mut self.headers {
            if known.eq_ignore_ascii_case(name) {
                value.clone_into(old);
            }
        }
        self
    }

    /// Without a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Letter {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// With other bytes as body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Letter {
        self.body = body.into();
        self
    }

    /// With one character of the signature changed.
    #[must_use]
    pub fn with_spoilt_signature(mut self) -> Letter {
        for (_, value) in self.headers.iter_mut().filter(|(name, _)| name == SIGN_VALUE) {
            let other = if value.starts_with('0') { "1" } else { "0" };
            value.replace_range(..1, other);
        }
        self
    }

    /// Sends it to the node at that address and reads the answer.
    ///
    /// # Panics
    /// Where there is no answer, or one that is none of the documents' form.
    pub async fn send(&self, address: &str) -> Answer {
        let client = Client::new(ClientOptions { allow_private: true, ..ClientOptions::default() }).unwrap();
        let answer =
            client.post_json(&format!("{address}{}", self.path), &self.headers, &self.body).await.unwrap();
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let text = |name: &str| body[name].as_str().unwrap_or("?").to_owned();
        Answer {
            status: answer.status.as_u16(),
            code: text("code"),
            message: text("message"),
            data: body["data"].clone(),
        }
    }

    /// Sends only so many bytes of the body that it announces, ends the connection, and reads what comes.
    pub async fn send_cut(&self, address: &str, bytes: usize) -> String {
        let host = address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).await.unwrap();
        let mut head =
            format!("POST {} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n", self.path);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&self.body[..bytes]).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}
