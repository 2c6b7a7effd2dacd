//! Signatures of both suites: 64 bytes r‖s in messages, a DER SEQUENCE of r and s in certificates.

use std::fmt;
use std::str::FromStr;

use der::asn1::UintRef;
use der::{Decode, Encode, Sequence};

use crate::serde_text::{from_hex, serde_as_text};
use crate::suite::split_suite;
use crate::{Error, Result, Suite};

/// A signature that names its suite. Text and JSON form: `<suite>:<128 hexadecimal digits>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature {
    suite: Suite,
    raw: [u8; 64],
}

/// The form that X.509 carries in both suites (RFC 3279, 2.2.3; GB/T 35276, 7.3).
#[derive(Sequence)]
struct Pair<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

impl Signature {
    /// Takes r‖s, 32 bytes each, big-endian.
    pub fn from_raw(suite: Suite, raw: [u8; 64]) -> Self {
        Self { suite, raw }
    }

    /// Reads r‖s from 128 hexadecimal digits of either case, as NDI's `signValue` carries it.
    ///
    /// # Errors
    /// [`Error::MalformedHex`] where it is anything else.
    pub fn from_raw_hex(suite: Suite, text: &str) -> Result<Self> {
        Ok(Self { suite, raw: from_hex("signature", text)? })
    }

    /// The suite that made it.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// r‖s.
    pub fn as_raw(&self) -> &[u8; 64] {
        &self.raw
    }

    /// r‖s as 128 lower-case hexadecimal digits.
    pub fn raw_hex(&self) -> String {
        hex::encode(self.raw)
    }

    /// Reads the DER SEQUENCE of r and s.
    ///
    /// # Errors
    /// [`Error::MalformedSignature`] where it is not strict DER or a number has more than 32 bytes.
    pub fn from_der(suite: Suite, der: &[u8]) -> Result<Self> {
        const EXPECTED: Error =
            Error::MalformedSignature("a DER sequence of two integers of at most 32 bytes");
        let pair = Pair::from_der(der).map_err(|_| EXPECTED)?;
        let mut raw = [0; 64];
        let (r, s) = raw.split_at_mut(32);
        let fits = right_align(r, pair.r.as_bytes()) && right_align(s, pair.s.as_bytes());
        fits.then_some(Self { suite, raw }).ok_or(EXPECTED)
    }

    /// Writes the DER SEQUENCE of r and s, as OpenSSL and other SM2 and ECDSA software reads it.
    ///
    /// # Errors
    /// [`Error::Signing`] where the encoder refuses, which two 32-byte numbers never cause.
    pub fn to_der(&self) -> Result<Vec<u8>> {
        let (r, s) = self.raw.split_at(32);
        let pair = UintRef::new(r).and_then(|r| UintRef::new(s).map(|s| Pair { r, s }));
        pair.and_then(|pair| pair.to_der()).map_err(|_| Error::Signing("signature does not fit DER"))
    }
}

/// Copies a big-endian number to the end of a zeroed field; false where it does not fit.
fn right_align(field: &mut [u8], number: &[u8]) -> bool {
    let Some(start) = field.len().checked_sub(number.len()) else { return false };
    field.iter_mut().skip(start).zip(number).for_each(|(to, from)| *to = *from);
    true
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.suite)?;
        self.raw.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl FromStr for Signature {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (suite, raw) = split_suite("signature", text)?;
        Self::from_raw_hex(suite, raw)
    }
}

serde_as_text!(Signature);

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn sample(r: u8, s: u8) -> Signature {
        let mut raw = [0; 64];
        raw[31] = r;
        raw[32] = s;
        raw[63] = 1;
        Signature::from_raw(Suite::Sm, raw)
    }

    #[test]
    fn text_form_names_the_suite() {
        let text = sample(7, 9).to_string();
        assert!(text.starts_with("sm:0000"), "{text}");
        assert_eq!(text.len(), 3 + 128);
        assert_eq!(text.parse::<Signature>().unwrap(), sample(7, 9));
        let json = serde_json::to_string(&sample(7, 9)).unwrap();
        assert_eq!(serde_json::from_str::<Signature>(&json).unwrap(), sample(7, 9));
    }

    #[test]
    fn raw_hexadecimal_is_read_in_either_case() {
        let text = sample(0xab, 0xcd).raw_hex();
        let upper = Signature::from_raw_hex(Suite::Sm, &text.to_uppercase()).unwrap();
        assert_eq!(upper, sample(0xab, 0xcd));
        assert_eq!(upper.raw_hex(), text);
    }

    #[test]
    fn malformed_texts_are_refused() {
        let digits = sample(1, 1).raw_hex();
        for bad in ["", "sm", "sm:", "sm:00", &digits, &format!("rsa:{digits}"), &format!("sm:{digits}0")] {
            assert!(bad.parse::<Signature>().is_err(), "{bad}");
        }
        // A character of several bytes in the middle must not break the cutting of messages.
        assert!("国".repeat(64).parse::<Signature>().is_err());
    }

    #[test]
    fn der_form_is_minimal_and_reads_back() {
        // r = 7 has one byte; s = 9 << 248 | 1 has thirty-two; 0xff needs a sign byte.
        for signature in [sample(7, 9), sample(0xff, 0xff), Signature::from_raw(Suite::Intl, [0xff; 64])] {
            let der = signature.to_der().unwrap();
            assert_eq!(Signature::from_der(signature.suite(), &der).unwrap(), signature);
        }
        assert_eq!(sample(7, 9).to_der().unwrap()[..5], [0x30, 37, 0x02, 1, 7]);
        assert_eq!(Signature::from_raw(Suite::Intl, [0xff; 64]).to_der().unwrap().len(), 72);
    }

    #[test]
    fn only_strict_der_of_two_small_numbers_is_read() {
        let der = sample(7, 9).to_der().unwrap();
        let too_big = [&[0x30, 38, 0x02, 33, 1][..], &[0; 32], &[0x02, 1, 1]].concat();
        let negative = [0x30, 6, 0x02, 1, 0x80, 0x02, 1, 1];
        let padded = [0x30, 7, 0x02, 2, 0, 1, 0x02, 1, 1];
        let trailing = [&der[..], &[0]].concat();
        for bad in [&too_big[..], &negative, &padded, &trailing, &der[..der.len() - 1], &[], &[0; 64]] {
            assert!(
                matches!(Signature::from_der(Suite::Sm, bad), Err(Error::MalformedSignature(_))),
                "{bad:?}"
            );
        }
    }
}
