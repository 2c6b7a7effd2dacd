//! Who a certificate chain says its holder is, remembered from receipt to receipt.
//!
//! A chain costs one signature check for each certificate, and a folder of receipts shows the same few chains again and
//! again. What is remembered is the whole path's validity, so that another time of signing is compared, not checked
//! anew. Refusals are not remembered: nobody has to make the wrong case fast.

use std::collections::HashMap;

use crypto::Hasher;
use crypto::cert::{Certificate, Chain, Roots, Verified};

use crate::tree::Hash;

/// How many chains are remembered; a folder of receipts rarely shows more than a few hundred.
const MAX_KNOWN: usize = 4096;

/// Pinned roots, and the chains that were found to lead to them.
#[derive(Debug)]
pub(super) struct Trust<'r> {
    roots: &'r Roots,
    known: HashMap<Hash, Known>,
}

#[derive(Debug)]
struct Known {
    leaf: Certificate,
    valid_from: i64,
    valid_until: i64,
}

impl<'r> Trust<'r> {
    pub(super) fn new(roots: &'r Roots) -> Self {
        Self { roots, known: HashMap::new() }
    }

    /// The leaf of a chain that was valid at a time, in seconds since the Unix epoch.
    pub(super) fn leaf(&mut self, chain: &Chain, at: i64) -> Result<Certificate, crypto::Error> {
        let name = chain_hash(chain);
        if let Some(known) = self.known.get(&name)
            && (known.valid_from..=known.valid_until).contains(&at)
        {
            return Ok(known.leaf.clone());
        }
        let verified = self.roots.verify(chain, at)?;
        let leaf = verified.leaf.clone();
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        self.known.insert(name, Known::new(chain, verified));
        Ok(leaf)
    }

    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.known.len()
    }
}

impl Known {
    fn new(chain: &Chain, verified: Verified) -> Self {
        let valid_from = chain.iter().map(Certificate::not_before).fold(verified.root.not_before(), i64::max);
        Self { leaf: verified.leaf, valid_from, valid_until: verified.valid_until }
    }
}

fn chain_hash(chain: &Chain) -> Hash {
    let mut hasher = Hasher::new();
    for certificate in chain.iter() {
        hasher.update(certificate.fingerprint().as_bytes());
    }
    hasher.finish()
}
