//! Every limit of the edge, named in one place (ARCHITECTURE.md, "no unbounded input"). What a node takes in beyond it stands in `app::config::Limits`.

use std::time::Duration;

/// The largest body of a message between nodes, in bytes (docs/WIRE.md, 1).
pub const MESSAGE_BYTES_MAX: usize = ndi::limits::BODY_BYTES;
/// The largest body of `usageWindow`, in bytes: it carries up to 4,096 uses.
pub const USAGE_WINDOW_BYTES_MAX: usize = ndi::limits::USAGE_WINDOW_BODY_BYTES;
/// The largest body of a management request, in bytes.
pub const MANAGE_BYTES_MAX: usize = 1 << 20;
/// The largest head of a message between nodes, in bytes: names and values of all headers.
pub const MESSAGE_HEAD_BYTES_MAX: usize = ndi::limits::HEADER_BYTES;
/// The largest head that is read at all, in bytes. Beyond it the connection is answered with 431 and closed.
pub const HEAD_BYTES_MAX: usize = 16 << 10;
/// The most headers of one request.
pub const HEADERS_MAX: usize = 64;
/// How much of a body beyond its limit is read and thrown away, in bytes, so that the sender gets to read the refusal.
pub const DRAIN_BYTES_MAX: usize = 16 << 20;
/// How long that may take.
pub const DRAIN_TIME_MAX: Duration = Duration::from_secs(2);
/// How much of a message's body is taken in before it has to share [`BODIES_BYTES_MAX`] with all others, in bytes. Most messages are smaller.
pub const BODY_BYTES_FREE: usize = 64 << 10;
/// How many bytes the larger bodies under way may hold together. Nobody is known before his body is read: without this, strangers could
/// fill the memory.
pub const BODIES_BYTES_MAX: usize = 256 << 20;
/// How long a whole body may take.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a head may take, and how long a connection may rest between two requests: longer than a peer's client keeps an
/// idle connection, so that it is never we who close it under a request.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(75);
/// How long a TLS handshake may take.
pub const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// The most connections of one listener. Further ones wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 4096;
/// How long requests and deliveries that are under way may go on after the node was told to stop.
pub const STOP_TIME_MAX: Duration = Duration::from_secs(5);
/// How long the listener rests when the system has no connection to give (too many open files).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The read and write buffer of a connection, in bytes.
pub const BUFFER_BYTES: usize = 256 << 10;
/// The longest that `wait` waits, in milliseconds.
pub const WAIT_MS_MAX: u64 = 60_000;
/// How long `wait` waits where the caller does not say, in milliseconds.
pub const WAIT_MS: u64 = 30_000;
/// How many entries a page has where the caller does not say.
pub const PAGE: u32 = 20;
/// The largest `offset` into a list that is kept in the order of identifiers; `after` reaches every place.
pub const LIST_OFFSET_MAX: u32 = 10_000;
