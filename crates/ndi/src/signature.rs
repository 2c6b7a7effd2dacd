//! Texts of `signValue`: NDI-TR-2025-03, 8.2.3 gives a length (128) and no encoding; annex B's samples are longer.
//!
//! We write r‖s in hexadecimal, 128 characters. Reading takes that, the DER form (`SEQUENCE { r, s }`, what most SM2
//! software produces), and either of them in base64.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use crypto::{Signature, Suite};

/// Decodes a `signValue` of the given suite, `None` where it is none of the accepted forms.
pub fn decode(suite: Suite, text: &str) -> Option<Signature> {
    let bytes = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok());
    let bytes = bytes.or_else(|| STANDARD_NO_PAD.decode(text).ok())?;
    match <[u8; 64]>::try_from(bytes.as_slice()) {
        Ok(raw) => Some(Signature::from_raw(suite, raw)),
        Err(_) => Signature::from_der(suite, &bytes).ok(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    fn sample() -> Signature {
        let mut raw = [7; 64];
        // The highest bit set makes DER add a zero byte; a leading zero makes it drop one.
        raw[0] = 0xff;
        raw[32] = 0;
        Signature::from_raw(Suite::Sm, raw)
    }

    #[test]
    fn all_four_forms_are_read() {
        let signature = sample();
        let der = signature.to_der().unwrap();
        let forms = [
            signature.raw_hex(),
            signature.raw_hex().to_uppercase(),
            hex::encode(&der),
            STANDARD.encode(&der),
            STANDARD.encode(signature.as_raw()),
            STANDARD_NO_PAD.encode(signature.as_raw()),
        ];
        for text in forms {
            assert_eq!(decode(Suite::Sm, &text), Some(signature), "{text}");
        }
    }

    #[test]
    fn what_is_none_of_them_is_not() {
        let der = hex::encode(sample().to_der().unwrap());
        let (cut, longer) = (&der[..der.len() - 2], format!("{der}00"));
        for text in ["", "00", "not a signature", cut, &longer, &"0".repeat(127), &"0".repeat(130)] {
            assert_eq!(decode(Suite::Intl, text), None, "{text}");
        }
    }
}
