//! PEM (RFC 7468): strict and wiped for private keys, lenient for certificates that people paste together.

use der::pem::LineEnding;
use zeroize::Zeroizing;

use crate::{Error, Result};

/// Label of a PKCS#8 private key.
pub(crate) const PRIVATE_KEY: &str = "PRIVATE KEY";
/// Label of a public key.
pub(crate) const PUBLIC_KEY: &str = "PUBLIC KEY";
/// Label of a certificate.
pub(crate) const CERTIFICATE: &str = "CERTIFICATE";
/// Label of a PKCS#10 request.
pub(crate) const REQUEST: &str = "CERTIFICATE REQUEST";

/// Writes a private key; the text is wiped when dropped.
pub(crate) fn encode_secret(der: &[u8]) -> Result<Zeroizing<String>> {
    der::pem::encode_string(PRIVATE_KEY, LineEnding::LF, der)
        .map(Zeroizing::new)
        .map_err(|_| Error::PrivateKey("it does not fit PEM"))
}

/// Reads one private key; the bytes are wiped when dropped.
pub(crate) fn decode_secret(text: &str) -> Result<Zeroizing<Vec<u8>>> {
    let (label, der) = der::pem::decode_vec(text.trim().as_bytes())
        .map_err(|error| Error::Pem { expected: PRIVATE_KEY, detail: error.to_string() })?;
    let der = Zeroizing::new(der);
    if label != PRIVATE_KEY {
        return Err(Error::Pem { expected: PRIVATE_KEY, detail: format!("it holds a `{label}`") });
    }
    Ok(der)
}

/// Writes one public object.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, der), config)
}

/// Reads all objects of a text; any of another kind is an error, for a trust file says nothing by halves.
pub(crate) fn decode_all(label: &'static str, text: &str) -> Result<Vec<Vec<u8>>> {
    let blocks =
        pem::parse_many(text).map_err(|error| Error::Pem { expected: label, detail: error.to_string() })?;
    blocks
        .into_iter()
        .map(|block| match block.tag() == label {
            true => Ok(block.into_contents()),
            false => Err(Error::Pem { expected: label, detail: format!("it holds a `{}`", block.tag()) }),
        })
        .collect()
}

/// Reads the one object of a text.
pub(crate) fn decode_one(label: &'static str, text: &str) -> Result<Vec<u8>> {
    let mut blocks = decode_all(label, text)?;
    match (blocks.pop(), blocks.len()) {
        (Some(block), 0) => Ok(block),
        (None, _) => Err(Error::Pem { expected: label, detail: "it holds no object".to_owned() }),
        (Some(_), more) => {
            Err(Error::Pem { expected: label, detail: format!("it holds {} objects", more + 1) })
        }
    }
}
