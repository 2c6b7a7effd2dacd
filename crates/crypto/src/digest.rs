//! Content digests: SHA-256 everywhere (FIPS 180-4), SM3 beside it where a contract asks (GB/T 32905).

use std::fmt;
use std::io;
use std::str::FromStr;

use ring::digest;
use sm3::Digest as _;

use crate::serde_text::{from_lower_hex, serde_as_text};
use crate::{Error, Result};

/// A SHA-256 digest. Text and JSON form: 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Thirty-two zero bytes: stands for "no predecessor" at the head of a chain of digests.
    pub const ZERO: Sha256 = Sha256([0; 32]);

    /// The digest of some bytes.
    pub fn of(data: &[u8]) -> Self {
        Self::from_ring(&digest::digest(&digest::SHA256, data))
    }

    /// Takes a digest that was computed elsewhere.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn from_ring(digest: &digest::Digest) -> Self {
        let mut bytes = [0; 32];
        // SHA-256 has 32 bytes; `zip` keeps that without a conversion that could fail.
        bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        Self(bytes)
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl FromStr for Sha256 {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        from_lower_hex("digest", text).map(Self)
    }
}

impl AsRef<[u8]> for Sha256 {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

serde_as_text!(Sha256);

/// SHA-256 of a stream, piece by piece. Also an [`io::Write`], so that readers can be copied through it.
#[derive(Clone)]
pub struct Hasher(digest::Context);

impl Hasher {
    /// Begins an empty stream.
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Adds the next piece.
    pub fn update(&mut self, data: impl AsRef<[u8]>) {
        self.0.update(data.as_ref());
    }

    /// The digest of everything so far.
    pub fn finish(self) -> Sha256 {
        Sha256::from_ring(&self.0.finish())
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").finish_non_exhaustive()
    }
}

impl io::Write for Hasher {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.update(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The SM3 digest of some bytes (GB/T 32905).
pub fn sm3(data: &[u8]) -> [u8; 32] {
    sm3::Sm3::digest(data).into()
}
