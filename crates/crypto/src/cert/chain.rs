//! A certificate with those that vouch for it.

use serde::{Deserialize, Serialize};

use super::Certificate;
use crate::{Error, PublicKey, Result, pem_text};

/// The longest chain that is read, leaf and intermediates counted: twice what Weir's own hierarchy needs.
pub const MAX_CHAIN: usize = 8;

/// Certificates from the leaf upwards, the root excluded; never empty. JSON form: a list of base64 DER.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Certificate>", into = "Vec<Certificate>")]
pub struct Chain {
    leaf: Certificate,
    issuers: Vec<Certificate>,
}

impl Chain {
    /// Takes certificates from the leaf upwards.
    ///
    /// # Errors
    /// [`Error::EmptyChain`] or [`Error::ChainTooLong`]. Whether they belong together, [`super::Roots::verify`] says.
    pub fn new(certificates: Vec<Certificate>) -> Result<Self> {
        let found = certificates.len();
        if found > MAX_CHAIN {
            return Err(Error::ChainTooLong { found, max: MAX_CHAIN });
        }
        let mut certificates = certificates.into_iter();
        let leaf = certificates.next().ok_or(Error::EmptyChain)?;
        Ok(Self { leaf, issuers: certificates.collect() })
    }

    /// Reads PEM certificates from the leaf upwards.
    ///
    /// # Errors
    /// [`Error::Pem`], and those of [`Certificate::from_der`] and [`Chain::new`].
    pub fn from_pem(text: &str) -> Result<Self> {
        let blocks = pem_text::decode_all(pem_text::CERTIFICATE, text)?;
        Self::new(blocks.iter().map(|der| Certificate::from_der(der)).collect::<Result<_>>()?)
    }

    /// PEM certificates from the leaf upwards.
    pub fn to_pem(&self) -> String {
        self.iter().map(Certificate::to_pem).collect()
    }

    /// The certificate that the chain is about.
    pub fn leaf(&self) -> &Certificate {
        &self.leaf
    }

    /// Those above the leaf.
    pub fn issuers(&self) -> &[Certificate] {
        &self.issuers
    }

    /// The leaf's key.
    pub fn public_key(&self) -> &PublicKey {
        self.leaf.public_key()
    }

    /// All certificates, from the leaf upwards.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Certificate> {
        std::iter::once(&self.leaf).chain(&self.issuers)
    }

    /// How many certificates it has, at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        1 + self.issuers.len()
    }
}

impl TryFrom<Vec<Certificate>> for Chain {
    type Error = Error;

    fn try_from(certificates: Vec<Certificate>) -> Result<Self> {
        Self::new(certificates)
    }
}

impl From<Chain> for Vec<Certificate> {
    fn from(chain: Chain) -> Self {
        std::iter::once(chain.leaf).chain(chain.issuers).collect()
    }
}
