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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::io::Write as _;

    use super::*;

    // FIPS 180-4 and GB/T 32905, appendix A: the digest of `abc`.
    const SHA256_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const SM3_ABC: &str = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";

    #[test]
    fn standards_examples() {
        assert_eq!(Sha256::of(b"abc").to_string(), SHA256_ABC);
        assert_eq!(hex::encode(sm3(b"abc")), SM3_ABC);
        let long = sm3(&b"abcd".repeat(16));
        assert_eq!(hex::encode(long), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
    }

    #[test]
    fn a_stream_in_pieces_has_the_digest_of_the_whole() {
        let data: Vec<u8> = (0..10_000_u32).map(|n| n as u8).collect();
        for size in [1, 63, 64, 65, 4096, 10_000] {
            let mut hasher = Hasher::new();
            data.chunks(size).for_each(|piece| hasher.write_all(piece).unwrap());
            assert_eq!(hasher.finish(), Sha256::of(&data), "pieces of {size}");
        }
        assert_eq!(Hasher::default().finish(), Sha256::of(b""));
    }

    #[test]
    fn one_digest_has_one_text() {
        assert_eq!(SHA256_ABC.parse::<Sha256>().unwrap(), Sha256::of(b"abc"));
        for bad in ["", "ba78", &SHA256_ABC.to_uppercase(), &format!("{SHA256_ABC}00"), &"g".repeat(64)] {
            let error = bad.parse::<Sha256>().unwrap_err();
            assert!(matches!(error, Error::MalformedHex { digits: 64, .. }), "{bad}: {error}");
        }
    }

    #[test]
    fn json_form_is_the_text() {
        let json = serde_json::to_string(&Sha256::of(b"abc")).unwrap();
        assert_eq!(json, format!("\"{SHA256_ABC}\""));
        assert_eq!(serde_json::from_str::<Sha256>(&json).unwrap(), Sha256::of(b"abc"));
        // Also from a reader, where text cannot be borrowed.
        assert_eq!(serde_json::from_reader::<_, Sha256>(json.as_bytes()).unwrap(), Sha256::of(b"abc"));
        assert!(serde_json::from_str::<Sha256>("\"ba78\"").is_err());
    }
}
