//! The system's random source, for keys and certificate serial numbers only.

use ring::rand::{SecureRandom, SystemRandom};

use crate::{Error, Result};

/// Fills a buffer from the operating system.
pub(crate) fn fill(buffer: &mut [u8]) -> Result<()> {
    SystemRandom::new().fill(buffer).map_err(|_| Error::Random)
}
