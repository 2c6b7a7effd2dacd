//! What can happen to a message on its way: each node stands behind a proxy of its own, under whose address the others know it.
//!
//! One connection carries one exchange (`connection: close` both ways), so that a fault hits exactly one message.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::wait::PATIENCE;

/// What happens to one message.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The request never arrives; the sender sees its connection end.
    LoseRequest,
    /// The request is handled, its answer is lost.
    LoseAnswer,
    /// The request arrives twice, one after the other; the sender gets the second answer.
    Twice,
    /// So many bytes of the answer's body pass, then the connection ends.
    CutAnswer(usize),
    /// The last byte of the answer arrives as another.
    SpoilAnswer,
    /// The request waits until the gate opens. It arrives then, whatever has become of its sender.
    Hold(Gate),
    /// The request is handled, and its whole answer waits until the gate opens. An answer that is no success passes, and the next
    /// try meets the fault.
    HoldAnswer(Gate),
    /// So many bytes of the answer's body pass, then the rest waits until the gate opens.
    HoldAfter(usize, Gate),
    /// Somebody else answers: these bytes with this content type, and the connection stays open for as long as the sender likes.
    Answer {
        /// Content type.
        content_type: &'static str,
        /// Body.
        body: Vec<u8>,
    },
}

/// A gate that is closed until [`Gate::open`].
#[derive(Debug, Clone)]
pub struct Gate(Arc<watch::Sender<Way>>);

/// What a gate sees.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    is_open: bool,
    is_reached: bool,
}

impl Default for Gate {
    fn default() -> Self {
        Gate(Arc::new(watch::Sender::new(Way::default())))
    }
}

impl Gate {
    /// Lets everything pass that waits and will come.
    pub fn open(&self) {
        self.0.send_modify(|way| way.is_open = true);
    }

    /// Waits until something stands before it.
    ///
    /// # Panics
    /// After [`PATIENCE`], with `what` was waited for.
    pub async fn reached(&self, what: &str) {
        let mut way = self.0.subscribe();
        let reached = tokio::time::timeout(PATIENCE, way.wait_for(|way| way.is_reached)).await;
        assert!(reached.is_ok(), "after {} s: still waiting for {what}", PATIENCE.as_secs());
    }

    async fn passed(&self) {
        self.0.send_modify(|way| way.is_reached = true);
        let _ = self.0.subscribe().wait_for(|way| way.is_open).await;
    }
}

/// A request as it passed by.
#[derive(Debug, Clone)]
pub struct Passed {
    /// Its path, with the query.
    pub path: String,
    /// Names and values of its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// Whether a fault hit it.
    pub hit: bool,
}

impl Passed {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

fn find<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The proxy of one node.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    cut: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    target: Option<SocketAddr>,
    faults: Vec<Planned>,
    passed: Vec<Passed>,
}

/// A fault that waits for its message.
struct Planned {
    path: String,
    /// `weir-from`, where only one sender's message is meant.
    from: Option<String>,
    /// Whether only a message is meant that was never tried before.
    is_new: bool,
    fault: Fault,
}

impl Planned {
    fn hits(&self, request: &Request, before: &[Passed]) -> bool {
        let (sender, number) = (request.header("weir-from"), request.header("sequenceNum"));
        request.path.starts_with(&self.path)
            && self.from.as_deref().is_none_or(|from| sender == Some(from))
            && !(self.is_new && before.iter().any(|passed| passed.header("sequenceNum") == number))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request, and takes the fault that is planned for its path.
    fn note(&self, request: &Request) -> Option<Fault> {
        let mut state = self.state();
        let planned = state.faults.iter().position(|planned| planned.hits(request, &state.passed));
        let fault = planned.map(|index| state.faults.remove(index).fault);
        state.passed.push(Passed {
            path: request.path.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            hit: fault.is_some(),
        });
        fault
    }
}

impl Proxy {
    /// A proxy on a free port of loopback that leads nowhere yet.
    pub async fn start() -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let serving = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, serving.clone()));
            }
        });
        Proxy { address, shared, task }
    }

    /// Where others find the node.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads to this address from now on.
    pub fn lead_to(&self, target: SocketAddr) {
        self.shared.state().target = Some(target);
    }

    /// Leads nowhere, and cuts every connection: the node is away for others.
    pub fn away(&self) {
        self.shared.state().target = None;
        self.shared.cut.send_modify(|count| *count += 1);
    }

    /// Cuts every connection, such as held feeds; new ones pass.
    pub fn cut_all(&self) {
        self.shared.cut.send_modify(|count| *count += 1);
    }

    /// The next request to a path that begins like this meets the fault; several faults are met one after the other.
    pub fn fail(&self, path: &str, fault: Fault) {
        self.plan(Planned { path: path.to_owned(), from: None, is_new: false, fault });
    }

    /// The same for the next message that is no repeat: its sequence number did not pass before.
    pub fn fail_new(&self, path: &str, fault: Fault) {
        self.plan(Planned { path: path.to_owned(), from: None, is_new: true, fault });
    }

    fn plan(&self, planned: Planned) {
        self.shared.state().faults.push(planned);
    }

    /// The same for the next such request of one sender.
    pub fn fail_from(&self, sender: &str, path: &str, fault: Fault) {
        self.plan(Planned { path: path.to_owned(), from: Some(sender.to_owned()), is_new: false, fault });
    }

    /// The requests to paths that begin like this, in order.
    pub fn passed(&self, path: &str) -> Vec<Passed> {
        self.shared.state().passed.iter().filter(|passed| passed.path.starts_with(path)).cloned().collect()
    }

    /// Whether every planned fault was met.
    pub fn all_met(&self) -> bool {
        self.shared.state().faults.is_empty()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut_all();
    }
}

struct Request {
    path: String,
    /// Request line.
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
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
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let line = lines.next()?.to_owned();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let length: usize =
            find(&headers, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        while bytes.len() < end + 4 + length {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        let path = line.split(' ').nth(1)?.to_owned();
        Some(Request { path, line, headers, body: bytes[end + 4..].to_vec() })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.line);
        for (name, value) in self.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("connection"))
        {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("connection: close\r\n\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

async fn carry(mut client: TcpStream, shared: Arc<Shared>) {
    let mut cut = shared.cut.subscribe();
    let exchange = async {
        let request = Request::read(&mut client).await?;
        let fault = shared.note(&request);
        exchange(&mut client, &request, fault, &shared).await
    };
    tokio::select! {
        _ = exchange => {}
        _ = cut.changed() => {}
    }
}

async fn exchange(
    client: &mut TcpStream,
    request: &Request,
    fault: Option<Fault>,
    shared: &Shared,
) -> Option<()> {
    match fault {
        None => relay(client, ask(request, shared).await?, None).await,
        Some(Fault::LoseRequest) => Some(()),
        Some(Fault::LoseAnswer) => {
            whole(ask(request, shared).await?).await;
            Some(())
        }
        Some(Fault::Twice) => {
            whole(ask(request, shared).await?).await;
            relay(client, ask(request, shared).await?, None).await
        }
        Some(Fault::CutAnswer(bytes)) => {
            relay(client, ask(request, shared).await?, Some((bytes, None))).await
        }
        Some(Fault::SpoilAnswer) => {
            let mut answer = whole(ask(request, shared).await?).await;
            *answer.last_mut()? ^= 1;
            client.write_all(&answer).await.ok()?;
            client.shutdown().await.ok()
        }
        Some(Fault::HoldAfter(bytes, gate)) => {
            relay(client, ask(request, shared).await?, Some((bytes, Some(gate)))).await
        }
        Some(Fault::HoldAnswer(gate)) => hold_answer(client, request, gate, shared).await,
        Some(Fault::Hold(gate)) => {
            gate.passed().await;
            relay(client, ask(request, shared).await?, None).await
        }
        Some(Fault::Answer { content_type, body }) => {
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\nconnection: close\r\n\r\n");
            client.write_all(head.as_bytes()).await.ok()?;
            client.write_all(&body).await.ok()?;
            let mut rest = [0u8; 1];
            let _ = client.read(&mut rest).await;
            Some(())
        }
    }
}

async fn hold_answer(client: &mut TcpStream, request: &Request, gate: Gate, shared: &Shared) -> Option<()> {
    let answer = match ask(request, shared).await {
        Some(server) => whole(server).await,
        None => Vec::new(),
    };
    if answer.starts_with(b"HTTP/1.1 200") {
        gate.passed().await;
    } else {
        let (path, fault) = (request.path.clone(), Fault::HoldAnswer(gate));
        shared.state().faults.insert(0, Planned { path, from: None, is_new: false, fault });
    }
    client.write_all(&answer).await.ok()?;
    client.shutdown().await.ok()
}

async fn ask(request: &Request, shared: &Shared) -> Option<TcpStream> {
    let target = shared.state().target?;
    let mut server = TcpStream::connect(target).await.ok()?;
    server.set_nodelay(true).ok()?;
    server.write_all(&request.to_bytes()).await.ok()?;
    Some(server)
}

async fn whole(mut server: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = server.read_to_end(&mut bytes).await;
    bytes
}

/// Passes the answer on as it comes: all of it, or its head and so many bytes of its body; the rest waits at the gate, or is lost.
async fn relay(
    client: &mut TcpStream,
    mut server: TcpStream,
    mut limit: Option<(usize, Option<Gate>)>,
) -> Option<()> {
    client.set_nodelay(true).ok()?;
    let mut seen: Vec<u8> = Vec::new();
    let mut body_begins: Option<usize> = None;
    let mut sent = 0;
    let mut chunk = vec![0u8; 64 << 10];
    let mut rest = [0u8; 1];
    loop {
        let read = tokio::select! {
            read = server.read(&mut chunk) => read.ok()?,
            _ = client.read(&mut rest) => return None,
        };
        if read == 0 {
            client.shutdown().await.ok()?;
            return Some(());
        }
        let Some((bytes, gate)) = &limit else {
            client.write_all(&chunk[..read]).await.ok()?;
            continue;
        };
        seen.extend_from_slice(&chunk[..read]);
        if body_begins.is_none() {
            body_begins = seen.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        }
        let Some(begin) = body_begins else { continue };
        let end = seen.len().min(begin + bytes);
        client.write_all(&seen[sent..end]).await.ok()?;
        sent = end;
        if end < begin + bytes {
            continue;
        }
        let Some(gate) = gate else {
            client.shutdown().await.ok()?;
            return Some(());
        };
        gate.passed().await;
        client.write_all(&seen[sent..]).await.ok()?;
        limit = None;
    }
}
