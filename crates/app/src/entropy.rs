//! Randomness as a value that a node owns, so that a test can fix it.

/// A source of random bits. Implementations are shared between tasks.
pub trait Entropy: Send + Sync {
    /// 64 random bits.
    fn next_u64(&self) -> u64;

    /// `N` random bytes.
    fn bytes32(&self) -> [u8; 32] {
        let mut out = [0u8; 32];
        for chunk in out.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes());
        }
        out
    }

    /// 128 random bits as 32 hexadecimal characters: sequence numbers, secrets, local keys.
    fn hex128(&self) -> String {
        format!("{:016x}{:016x}", self.next_u64(), self.next_u64())
    }
}

/// The operating system's generator.
#[derive(Debug, Default, Clone, Copy)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn next_u64(&self) -> u64 {
        rand::random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex128_has_32_characters_and_does_not_repeat() {
        let (a, b) = (OsEntropy.hex128(), OsEntropy.hex128());
        assert_eq!(a.len(), 32);
        assert_ne!(a, b);
    }

    #[test]
    fn bytes32_fills_every_word() {
        struct Ones;
        impl Entropy for Ones {
            fn next_u64(&self) -> u64 {
                u64::MAX
            }
        }
        assert_eq!(Ones.bytes32(), [0xff; 32]);
    }
}
