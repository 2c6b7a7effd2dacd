//! Sources, profiles, streaming, gate and meter at the byte boundary.
//!
//! | module | does |
//! |---|---|
//! | [`profile`] | one pass over a CSV or Parquet file: columns, kinds, ranges, rows, digest |
//! | [`source`] | opens a catalogued file, refuses a changed one, streams it from any offset |
//! | [`project`] | the named columns of a CSV file as a stream of its own, with rows and digest |
//! | [`gate`] | may this pass? The terms, and what the durable count means, before the first byte |
//! | [`meter`] | what passed? Counts bytes and reports exactly once |
//! | [`generate`] | seeded data for demonstrations and tests |
//!
//! No body is ever held whole: what is read is a buffer at a time. What it leaves to others: where a use is recorded
//! (`store`), HTTP (`api`), and who asks (`app`).

mod chunks;
mod csv_input;
mod delimiter;
mod encoding;
mod error;
pub mod gate;
pub mod generate;
pub mod meter;
pub mod profile;
pub mod project;
pub mod source;
mod stamp;
mod text;

pub use chunks::ByteStream;
pub use error::DataError;
pub use stamp::FileStamp;
