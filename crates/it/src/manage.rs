//! A client of the management API (docs/MANAGEMENT-API.md) of one node, acting as one connector.

use futures_util::StreamExt as _;
use net::{Client, ClientOptions, StreamResponse};
use serde_json::Value;

/// The client.
#[derive(Clone)]
pub struct Manage {
    client: Client,
    base: String,
    token: String,
    acting: Option<String>,
}

/// An answer: HTTP status and body.
#[derive(Debug, Clone)]
pub struct Told {
    /// HTTP status.
    pub status: u16,
    /// The JSON body; `null` where it is none.
    pub body: Value,
}

impl Told {
    fn of(status: u16, body: &[u8]) -> Told {
        Told { status, body: serde_json::from_slice(body).unwrap_or(Value::Null) }
    }

    /// The body of a success.
    ///
    /// # Panics
    /// With the whole answer, where it is none.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {:#}", self.status, self.body);
        self.body
    }

    /// `status code: detail` of a problem document.
    ///
    /// # Panics
    /// Where it is a success.
    #[track_caller]
    pub fn problem(&self) -> String {
        assert!(self.status >= 400, "{}: {:#}", self.status, self.body);
        let text = |name: &str| self.body[name].as_str().unwrap_or("?").to_owned();
        format!("{} {}: {}", self.status, text("code"), text("detail"))
    }
}

/// The bytes of a use and what the headers say about them.
#[derive(Debug, Clone)]
pub struct Data {
    /// The use.
    pub use_id: String,
    /// SHA-256 of the whole, as the provider says.
    pub digest: String,
    /// Rows of the whole.
    pub rows: u64,
    /// The bytes that came.
    pub bytes: Vec<u8>,
    /// Whether all announced bytes came.
    pub whole: bool,
}

impl Data {
    fn announced(answer: &StreamResponse) -> Data {
        let text = |name: &str| answer.header(name).unwrap_or_default().to_owned();
        Data {
            use_id: text("weir-use"),
            digest: text("weir-digest"),
            rows: text("weir-rows").parse().unwrap_or_default(),
            bytes: Vec::new(),
            whole: true,
        }
    }
}

impl Manage {
    /// A client of the node that listens at `base` (`http://…`).
    pub fn new(base: &str, token: &str, acting: Option<String>) -> Manage {
        Manage::trusting(None, base, token, acting)
    }

    /// A client of the node that listens at `base` (`https://…`) with a certificate of these roots (PEM).
    ///
    /// # Panics
    /// Where they cannot be used.
    pub fn trusting(roots: Option<String>, base: &str, token: &str, acting: Option<String>) -> Manage {
        let options = ClientOptions { allow_private: true, roots_pem: roots, ..ClientOptions::default() };
        let client = Client::new(options).unwrap();
        Manage { client, base: base.to_owned(), token: token.to_owned(), acting }
    }

    /// The same as another connector of the host.
    #[must_use]
    pub fn acting_as(&self, connector: &str) -> Manage {
        Manage { acting: Some(connector.to_owned()), ..self.clone() }
    }

    /// The connector that acts.
    ///
    /// # Panics
    /// Where none is named.
    pub fn connector(&self) -> &str {
        self.acting.as_deref().unwrap()
    }

    fn url(&self, path: &str) -> String {
        let mut url = format!("{}/manage/v1{path}", self.base);
        if let Some(acting) = &self.acting {
            url.push(if path.contains('?') { '&' } else { '?' });
            url.push_str(&format!("as={acting}"));
        }
        url
    }

    fn headers(&self) -> Vec<(String, String)> {
        vec![("authorization".to_owned(), format!("Bearer {}", self.token))]
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Told {
        self.try_get(path).await.unwrap_or_else(|| panic!("no answer to GET {path}"))
    }

    /// `POST`.
    pub async fn post(&self, path: &str, body: Value) -> Told {
        self.try_post(path, &body).await.unwrap_or_else(|| panic!("no answer to POST {path}"))
    }

    /// Fetches a use's bytes from `offset`; a refusal is `Err`. What the caller got is not yet reported back.
    ///
    /// # Errors
    /// The refusal.
    pub async fn data(&self, contract: &str, use_id: &str, offset: u64) -> Result<Data, Told> {
        self.try_data(contract, use_id, offset).await.unwrap_or_else(|| panic!("no answer to use {use_id}"))
    }

    /// [`Manage::get`]; nothing where nobody answers.
    pub async fn try_get(&self, path: &str) -> Option<Told> {
        let answer = self.client.get(&self.url(path), &self.headers()).await.ok()?;
        Some(Told::of(answer.status.as_u16(), &answer.body))
    }

    /// [`Manage::post`]; nothing where nobody answers.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Told> {
        let bytes = body.to_string();
        let answer = self.client.post_json(&self.url(path), &self.headers(), bytes.as_bytes()).await.ok()?;
        Some(Told::of(answer.status.as_u16(), &answer.body))
    }

    /// [`Manage::data`]; nothing where nobody answers.
    pub async fn try_data(&self, contract: &str, use_id: &str, offset: u64) -> Option<Result<Data, Told>> {
        let url = self.url(&format!("/contracts/{contract}/data?use={use_id}&offset={offset}"));
        let mut answer = self.client.get_stream(&url, &self.headers()).await.ok()?;
        let status = answer.status.as_u16();
        let mut data = Data::announced(&answer);
        while let Some(chunk) = answer.next().await {
            match chunk {
                Ok(chunk) => data.bytes.extend_from_slice(&chunk),
                Err(_) => data.whole = false,
            }
        }
        Some(if status < 400 { Ok(data) } else { Err(Told::of(status, &data.bytes)) })
    }

    /// Reports what the caller has on its disk, which closes the user's meter.
    pub async fn received(&self, contract: &str, use_id: &str, bytes: &[u8]) -> Told {
        let sha256 = crypto::Sha256::of(bytes).to_string();
        let body = serde_json::json!({"bytes": bytes.len(), "sha256": sha256});
        self.post(&format!("/contracts/{contract}/uses/{use_id}/received"), body).await
    }
}
