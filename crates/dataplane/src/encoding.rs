//! Which encoding and delimiter a file has, found out from its first part, or from all of it.

use std::io::Read;
use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{CoderResult, Encoding, UTF_8};

use crate::DataError;
use crate::text::{Utf8Check, line_of, read_retrying};

/// How much of a file is looked at to find delimiter and encoding before the one pass over it.
const SAMPLE_BYTES: u64 = 256 << 10;

/// How much text beyond ASCII the detector sees at most.
const DETECT_BYTES_MAX: usize = 4 << 20;

/// How the text of a file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextForm {
    pub(crate) encoding: &'static Encoding,
    pub(crate) delimiter: u8,
}

/// The encoding of that name.
pub(crate) fn encoding_named(name: &str) -> Result<&'static Encoding, DataError> {
    Encoding::for_label(name.trim().as_bytes())
        .ok_or_else(|| DataError::UnknownEncoding { name: name.to_owned() })
}

/// Finds the encoding (unless it is named) and the delimiter of a file from its first part.
///
/// A file that is UTF-8 in its first part is taken as UTF-8; where a later part is not, the pass over it says so, and
/// [`detect_deep`] is asked. What is looked at is the first [`SAMPLE_BYTES`]: where they are UTF-8 and another encoding is
/// named, the name is refused ([`is_surely_utf8`]), since every encoding of bytes would give senseless text; and where
/// they are UTF-16 without a byte order mark by their line ends, that is said instead of reading zeros as text.
pub(crate) fn detect(path: &Path, named: Option<&'static Encoding>) -> Result<TextForm, DataError> {
    let sample = sample(path)?;
    match named {
        Some(named) if named != UTF_8 && is_surely_utf8(&sample) => {
            return Err(DataError::WrongEncoding {
                path: path.to_owned(),
                encoding: named.name().to_owned(),
            });
        }
        None if Encoding::for_bom(&sample).is_none() => refuse_unmarked_utf16(path, &sample)?,
        _ => {}
    }
    let encoding = match named.or_else(|| Encoding::for_bom(&sample).map(|(encoding, _)| encoding)) {
        Some(encoding) => encoding,
        None if is_utf8_prefix(&sample) => UTF_8,
        None => detect_deep(path)?.unwrap_or(UTF_8),
    };
    let text = decode_prefix(&sample, encoding);
    Ok(TextForm { encoding, delimiter: crate::delimiter::sniff(&text, path) })
}

/// Finds the encoding of a file that is not UTF-8 by all the text beyond ASCII that it has, within a bound. Nothing
/// means that it is UTF-8 after all, with a defect: such bytes would often pass as (senseless) GBK.
pub(crate) fn detect_deep(path: &Path) -> Result<Option<&'static Encoding>, DataError> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let (mut file, _) = crate::stamp::open_file(path)?;
    let mut buffer = vec![0; 64 << 10];
    let (mut survey, mut seen) = (Utf8Survey::default(), 0);
    while seen < DETECT_BYTES_MAX {
        let count = read_retrying(&mut file, &mut buffer).map_err(DataError::io(path, "read"))?;
        let piece = buffer.get(..count).unwrap_or_default();
        survey.feed(piece, count == 0);
        if count == 0 {
            break;
        }
        if !piece.is_ascii() {
            detector.feed(piece, false);
            seen += count;
        }
    }
    if survey.characters >= UTF8_CHARACTERS_CONVINCING {
        return Ok(None);
    }
    detector.feed(&[], true);
    let guess = detector.guess(Some(b"cn"), Utf8Detection::Deny);
    if guess == encoding_rs::GBK || guess == encoding_rs::GB18030 {
        return Ok(Some(guess));
    }
    let offset = survey.bad.unwrap_or_default();
    Err(DataError::UnknownText { path: path.to_owned(), line: line_of(path, offset), offset })
}

/// So many characters in a row that are valid UTF-8 are no accident: of Chinese text in GBK, about one in six is.
const UTF8_CHARACTERS_CONVINCING: usize = 8;

/// How far a file is UTF-8, and how many characters beyond ASCII it has until there.
#[derive(Default)]
struct Utf8Survey {
    check: Utf8Check,
    characters: usize,
    bad: Option<u64>,
}

impl Utf8Survey {
    fn feed(&mut self, piece: &[u8], last: bool) {
        if self.bad.is_some() {
            return;
        }
        let before = self.check.passed;
        self.bad = self.check.feed(piece, last).err();
        let good = self.bad.map_or(piece.len() as u64, |at| at.saturating_sub(before));
        let good = piece.get(..good as usize).unwrap_or_default();
        self.characters += good.iter().filter(|byte| **byte >= 0xc0).count();
    }
}

/// The first part of a file.
fn sample(path: &Path) -> Result<Vec<u8>, DataError> {
    let (file, _) = crate::stamp::open_file(path)?;
    let mut sample = Vec::new();
    file.take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(DataError::io(path, "read"))?;
    Ok(sample)
}

fn is_utf8_prefix(sample: &[u8]) -> bool {
    match std::str::from_utf8(sample) {
        Ok(_) => true,
        // Cut within a character.
        Err(error) => error.error_len().is_none() && sample.len() as u64 == SAMPLE_BYTES,
    }
}

/// Whether the sample is UTF-8 by more than accident: it has a character of three bytes or many of two. A few characters
/// of two bytes may be GBK or the like, and then whoever named that is believed.
fn is_surely_utf8(sample: &[u8]) -> bool {
    if !is_utf8_prefix(sample) {
        return false;
    }
    let leads = sample.iter().filter(|byte| **byte >= 0xc0);
    leads.clone().any(|lead| *lead >= 0xe0) || leads.count() >= UTF8_CHARACTERS_CONVINCING
}

/// Refuses text whose line ends, or first characters, are those of UTF-16.
fn refuse_unmarked_utf16(path: &Path, sample: &[u8]) -> Result<(), DataError> {
    let is_wide = |pair: &[u8]| matches!(pair, [0, b'\n'] | [b'\n', 0]);
    let begins_wide = matches!(sample, [a, b, ..] if (*a == 0) != (*b == 0));
    if !begins_wide && !sample.windows(2).any(is_wide) {
        return Ok(());
    }
    let offset = sample.iter().position(|byte| *byte == 0).unwrap_or_default() as u64;
    Err(DataError::UnknownText { path: path.to_owned(), line: line_of(path, offset), offset })
}

/// The sample as text; what does not fit becomes a replacement character, which no delimiter is.
fn decode_prefix(sample: &[u8], encoding: &'static Encoding) -> String {
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length(sample.len()).unwrap_or_default());
    let (result, ..) = decoder.decode_to_string(sample, &mut text, false);
    debug_assert_eq!(result, CoderResult::InputEmpty, "the string has room for everything");
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use encoding_rs::GBK;

    use super::*;

    #[test]
    fn only_chinese_encodings_are_guessed() {
        let dir = tempfile::tempdir().unwrap();
        let guess = |bytes: &[u8]| {
            let path = dir.path().join("data.csv");
            std::fs::write(&path, bytes).unwrap();
            detect_deep(&path)
        };
        assert_eq!(guess(&GBK.encode("城市,站点\n北京,奥体中心\n北京,昌平\n").0).unwrap(), Some(GBK));
        let mut defective = "城市,站点\n北京,奥体中心\n".as_bytes().to_vec();
        defective.push(0xff);
        assert_eq!(guess(&defective).unwrap(), None, "UTF-8 with a defect");
        let error = guess(b"ascii\nna\xefve,caf\xe9\n").unwrap_err();
        assert!(matches!(error, DataError::UnknownText { line: 2, offset: 8, .. }), "{error}");
    }
}
