//! The rival of the delivery: the same file from a plain hyper server over loopback. No contract, no gate, no meter, no signature.
//! Its reads have the size of ours.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use crypto::{Hasher, Sha256};
use futures_util::TryStreamExt as _;
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::io::ReaderStream;

use crate::error::{Error, Result};

/// How much is read from the file at once.
const CHUNK_BYTES: usize = 512 << 10;

/// What a client got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Got {
    /// Bytes.
    pub bytes: u64,
    /// Their digest.
    pub digest: Sha256,
}

/// Serves a file once and fetches it, digesting what comes.
///
/// # Errors
/// [`Error::Io`], [`Error::Http`].
pub async fn fetch(path: &Path) -> Result<Got> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Error::io("listen for", path))?;
    let address = listener.local_addr().map_err(Error::io("listen for", path))?;
    let server = tokio::spawn(serve(listener, path.to_owned()));
    let stream = TcpStream::connect(address).await.map_err(Error::io("connect for", path))?;
    let got = get(stream).await?;
    server.await.map_err(|error| Error::Http(error.to_string()))??;
    Ok(got)
}

async fn serve(listener: TcpListener, path: PathBuf) -> Result<()> {
    let (stream, _) = listener.accept().await.map_err(Error::io("accept for", &path))?;
    stream.set_nodelay(true).map_err(Error::io("accept for", &path))?;
    let answer = service_fn(move |_: Request<Incoming>| {
        let path = path.clone();
        async move {
            let file = tokio::fs::File::open(&path).await?;
            let frames = ReaderStream::with_capacity(file, CHUNK_BYTES).map_ok(Frame::data);
            Ok::<_, std::io::Error>(Response::new(StreamBody::new(frames)))
        }
    });
    let served =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
    served.map_err(http)
}

async fn get(stream: TcpStream) -> Result<Got> {
    stream.set_nodelay(true).map_err(Error::io("fetch", Path::new("the file")))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(http)?;
    let connection = tokio::spawn(connection);
    let request = Request::get("/").header("host", "localhost").body(Empty::<Bytes>::new());
    let request = request.map_err(|error| Error::Http(error.to_string()))?;
    let mut body = sender.send_request(request).await.map_err(http)?.into_body();
    let (mut hasher, mut bytes) = (Hasher::new(), 0);
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(http)?.into_data() {
            hasher.update(&data);
            bytes += data.len() as u64;
        }
    }
    drop(sender);
    connection.await.map_err(|error| Error::Http(error.to_string()))?.map_err(http)?;
    Ok(Got { bytes, digest: hasher.finish() })
}

fn http(error: hyper::Error) -> Error {
    Error::Http(error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_whole_file_comes_with_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let content: Vec<u8> = (0..3 * CHUNK_BYTES + 17).map(|byte| (byte % 251) as u8).collect();
        std::fs::write(&path, &content).unwrap();
        let got = fetch(&path).await.unwrap();
        assert_eq!(got, Got { bytes: content.len() as u64, digest: Sha256::of(&content) });
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_an_error() {
        assert!(fetch(Path::new("/nowhere/file")).await.is_err());
    }
}
