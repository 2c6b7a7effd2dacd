//! From the bytes of a file to checked UTF-8, without holding more than a buffer of it.
//!
//! [`TextReader`] reads, digests, decodes and bounds in one go, so that a file is passed over once. Which encoding a file has,
//! [`crate::encoding`] finds out.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crypto::{Hasher, Sha256};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

use crate::DataError;

/// The longest row, in bytes of UTF-8 (the check is as coarse as a buffer).
pub(crate) const ROW_BYTES_MAX: usize = 8 << 20;

/// How much is read at once.
pub(crate) const BUFFER_BYTES: usize = 256 << 10;

/// What reports the number of bytes read so far.
pub(crate) type Progress<'a> = &'a (dyn Fn(u64) + 'a);

/// A reader that gives UTF-8, whatever the file is in. The buffers it is given must have room for a character.
pub(crate) struct TextReader<R, P> {
    inner: R,
    path: PathBuf,
    mode: Mode,
    hasher: Option<Hasher>,
    raw_bytes: u64,
    since_row: usize,
    line_end: LineEnd,
    last_byte: u8,
    progress: P,
}

/// How the lines of a text end, as far as the first of them says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineEnd {
    /// No line feed so far.
    NoLf,
    Lf,
    CrLf,
}

enum Mode {
    Utf8(Utf8Check),
    Decode {
        decoder: Decoder,
        raw: Box<[u8]>,
        start: usize,
        end: usize,
        /// The file is at its end, and the decoder is to be told so.
        finished: bool,
        /// The decoder was told and gave its last: it must not be called again.
        over: bool,
    },
}

impl<R: Read, P: FnMut(u64)> TextReader<R, P> {
    /// A reader of `inner`, which holds text of `encoding`; `digest` says whether the bytes are hashed on the way.
    pub(crate) fn new(inner: R, path: &Path, encoding: &'static Encoding, digest: bool, progress: P) -> Self {
        let mode = if encoding == UTF_8 {
            Mode::Utf8(Utf8Check::default())
        } else {
            let raw = vec![0; BUFFER_BYTES].into_boxed_slice();
            let decoder = encoding.new_decoder_with_bom_removal();
            Mode::Decode { decoder, raw, start: 0, end: 0, finished: false, over: false }
        };
        let hasher = digest.then(Hasher::new);
        Self {
            inner,
            path: path.to_owned(),
            mode,
            hasher,
            raw_bytes: 0,
            since_row: 0,
            line_end: LineEnd::NoLf,
            last_byte: 0,
            progress,
        }
    }

    /// To be called after each row: the limit on rows counts from here.
    pub(crate) fn row_done(&mut self) {
        self.since_row = 0;
    }

    /// How the lines end.
    pub(crate) fn line_end(&self) -> LineEnd {
        self.line_end
    }

    fn note_line_end(&mut self, text: &[u8]) {
        if let Some(at) = text.iter().position(|byte| *byte == b'\n') {
            let before = at.checked_sub(1).and_then(|at| text.get(at).copied()).unwrap_or(self.last_byte);
            self.line_end = if before == b'\r' { LineEnd::CrLf } else { LineEnd::Lf };
        }
        self.last_byte = text.last().copied().unwrap_or(self.last_byte);
    }

    /// Bytes of the file and their digest (if it was asked for), once everything is read.
    pub(crate) fn finish(self) -> (u64, Option<Sha256>) {
        (self.raw_bytes, self.hasher.map(Hasher::finish))
    }

    fn read_text(&mut self, buf: &mut [u8]) -> Result<usize, DataError> {
        let Self { inner, path, mode, hasher, raw_bytes, progress, .. } = self;
        let mut fetch = |into: &mut [u8]| {
            let count = read_retrying(inner, into).map_err(DataError::io(path, "read"))?;
            let fresh = into.get(..count).unwrap_or_default();
            if let Some(hasher) = hasher {
                hasher.update(fresh);
            }
            *raw_bytes += count as u64;
            progress(*raw_bytes);
            Ok::<_, DataError>(count)
        };
        match mode {
            Mode::Utf8(check) => {
                let count = fetch(buf)?;
                let fresh = buf.get(..count).unwrap_or_default();
                check.feed(fresh, count == 0).map_err(|at| not_utf8(path, at))?;
                Ok(count)
            }
            Mode::Decode { over: true, .. } => Ok(0),
            Mode::Decode { decoder, raw, start, end, finished, over } => loop {
                if *start == *end && !*finished {
                    (*start, *end) = (0, fetch(raw)?);
                    *finished = *end == 0;
                }
                let rest = raw.get(*start..*end).unwrap_or_default();
                let (result, used, written) =
                    decoder.decode_to_utf8_without_replacement(rest, buf, *finished);
                *start += used;
                match result {
                    DecoderResult::Malformed(bad, after) => {
                        let offset = *raw_bytes - (*end - *start) as u64 - u64::from(bad + after);
                        return Err(malformed(path, offset, decoder.encoding()));
                    }
                    DecoderResult::OutputFull if written == 0 => {
                        // Nothing given would mean the end.
                        let small = io::Error::new(io::ErrorKind::InvalidInput, "no room for one character");
                        return Err(DataError::io(path, "decode")(small));
                    }
                    DecoderResult::OutputFull => return Ok(written),
                    DecoderResult::InputEmpty if written > 0 || *finished => {
                        *over = *finished;
                        return Ok(written);
                    }
                    DecoderResult::InputEmpty => {}
                }
            },
        }
    }
}

impl<R: Read, P: FnMut(u64)> Read for TextReader<R, P> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.since_row > ROW_BYTES_MAX {
            // The line is filled in by whoever counts rows.
            let (path, limit) = (self.path.clone(), ROW_BYTES_MAX);
            return Err(io::Error::other(DataError::RowTooLong { path, line: 0, limit }));
        }
        let count = self.read_text(buf).map_err(io::Error::other)?;
        self.since_row += count;
        if self.line_end == LineEnd::NoLf {
            self.note_line_end(buf.get(..count).unwrap_or_default());
        }
        Ok(count)
    }
}

pub(crate) fn read_retrying(reader: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buf) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Checks UTF-8 that comes in pieces.
#[derive(Default)]
pub(crate) struct Utf8Check {
    /// The beginning of a character whose end is in the next piece.
    carry: [u8; 4],
    carried: usize,
    /// Bytes before the piece that comes next.
    pub(crate) passed: u64,
}

impl Utf8Check {
    /// Takes the next piece; `Err` is the offset in the stream of what is no UTF-8.
    pub(crate) fn feed(&mut self, piece: &[u8], last: bool) -> Result<(), u64> {
        let borrowed = self.complete_carry(piece)?;
        let rest = piece.get(borrowed..).unwrap_or_default();
        if let Err(error) = std::str::from_utf8(rest) {
            let valid = error.valid_up_to();
            let tail = rest.get(valid..).unwrap_or_default();
            if error.error_len().is_some() {
                return Err(self.passed + (borrowed + valid) as u64);
            }
            self.carry(tail);
        }
        self.passed += piece.len() as u64;
        match last && self.carried > 0 {
            true => Err(self.passed - self.carried as u64),
            false => Ok(()),
        }
    }

    fn carry(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(slot) = self.carry.get_mut(self.carried) {
                *slot = *byte;
                self.carried += 1;
            }
        }
    }

    /// Completes the carried character from the head of `piece`, and says how much of it that took.
    fn complete_carry(&mut self, piece: &[u8]) -> Result<usize, u64> {
        let [lead, ..] = self.carry;
        let wanted = match lead {
            _ if self.carried == 0 => return Ok(0),
            0xf0.. => 4,
            0xe0.. => 3,
            _ => 2,
        };
        let (start, missing) = (self.passed - self.carried as u64, wanted - self.carried.min(wanted));
        let head = piece.get(..missing.min(piece.len())).unwrap_or_default();
        self.carry(head);
        if self.carried < wanted {
            return Ok(head.len());
        }
        let whole = self.carry.get(..wanted).unwrap_or_default();
        std::str::from_utf8(whole).map_err(|_| start)?;
        self.carried = 0;
        Ok(head.len())
    }
}

/// The line, counted from 1, of the byte at `offset`. Only errors ask, so the file is read again.
pub(crate) fn line_of(path: &Path, offset: u64) -> u64 {
    let Ok(file) = File::open(path) else { return 1 };
    let (mut reader, mut buffer, mut line) = (file.take(offset), vec![0; 64 << 10], 1);
    while let Ok(count) = reader.read(&mut buffer) {
        if count == 0 {
            break;
        }
        line += buffer.iter().take(count).filter(|byte| **byte == b'\n').count() as u64;
    }
    line
}

/// UTF-8 was expected; the caller may look for another encoding.
fn not_utf8(path: &Path, offset: u64) -> DataError {
    malformed(path, offset, UTF_8)
}

fn malformed(path: &Path, offset: u64, encoding: &'static Encoding) -> DataError {
    let (path, line) = (path.to_owned(), line_of(path, offset));
    DataError::Malformed { path, line, offset, encoding: encoding.name().to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use encoding_rs::GBK;

    use super::*;

    /// Gives at most `step` bytes at once.
    struct Slow<'a> {
        bytes: &'a [u8],
        step: usize,
    }

    impl Read for Slow<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let count = self.step.min(buf.len()).min(self.bytes.len());
            buf[..count].copy_from_slice(&self.bytes[..count]);
            self.bytes = &self.bytes[count..];
            Ok(count)
        }
    }

    fn read(bytes: &[u8], step: usize, encoding: &'static Encoding) -> Result<String, DataError> {
        let path = Path::new("no.csv");
        let mut reader = TextReader::new(Slow { bytes, step }, path, encoding, true, |_| ());
        let (mut text, mut buffer) = (Vec::new(), [0; 16]);
        loop {
            match reader.read(&mut buffer).map_err(|error| DataError::unwrap_io(path, error))? {
                0 => break,
                count => text.extend_from_slice(&buffer[..count]),
            }
        }
        for _ in 0..2 {
            assert_eq!(reader.read(&mut buffer).unwrap(), 0, "the end stays the end");
        }
        assert_eq!(reader.finish(), (bytes.len() as u64, Some(Sha256::of(bytes))));
        Ok(String::from_utf8(text).unwrap())
    }

    const TEXT: &str = "站点,é,𠀀\n奥体中心,x,y\n";

    #[test]
    fn characters_survive_every_cut() {
        let gbk = GBK.encode("站点,臭氧\n奥体中心,77\n").0;
        for step in 1..12 {
            assert_eq!(read(TEXT.as_bytes(), step, UTF_8).unwrap(), TEXT, "step {step}");
            assert_eq!(read(&gbk, step, GBK).unwrap(), "站点,臭氧\n奥体中心,77\n", "step {step}");
        }
        assert_eq!(read(b"", 1, UTF_8).unwrap(), "");
        assert_eq!(read(b"", 1, GBK).unwrap(), "");
    }

    #[test]
    fn a_buffer_without_room_is_an_error_and_no_end() {
        let gbk = GBK.encode("站").0;
        let slow = Slow { bytes: &gbk, step: 9 };
        let mut reader = TextReader::new(slow, Path::new("no.csv"), GBK, false, |_| ());
        assert!(reader.read(&mut [0; 2]).is_err());
        assert_eq!(reader.read(&mut [0; 16]).unwrap(), 3, "nothing is lost");
    }

    #[test]
    fn the_offset_of_a_defect_is_exact_at_every_cut() {
        let cases: [(&[u8], u64); 5] = [
            (b"ab\xffcd", 2),
            (b"ab\xe7\xab", 2),
            (b"ab\xe7x", 2),
            (b"\xe7\xab\x99\xc3(", 3),
            (b"a\xf0\xa0\x80x", 1),
        ];
        for (bytes, expected) in cases {
            for step in 1..6 {
                match read(bytes, step, UTF_8) {
                    Err(DataError::Malformed { offset, .. }) => {
                        assert_eq!(offset, expected, "{bytes:?} by {step}")
                    }
                    other => panic!("{bytes:?} by {step}: {other:?}"),
                }
            }
        }
        for step in 1..6 {
            match read(b"ab\xd5\xbe\xffcd", step, GBK) {
                Err(DataError::Malformed { offset: 4, encoding, .. }) => assert_eq!(encoding, "GBK"),
                other => panic!("by {step}: {other:?}"),
            }
        }
    }

    #[test]
    fn line_ends_are_seen_across_cuts() {
        for (text, expected) in
            [("a\r\nb", LineEnd::CrLf), ("a\nb\r\n", LineEnd::Lf), ("a\rb", LineEnd::NoLf)]
        {
            for step in 1..5 {
                let slow = Slow { bytes: text.as_bytes(), step };
                let mut reader = TextReader::new(slow, Path::new("no.csv"), UTF_8, false, |_| ());
                io::copy(&mut reader, &mut io::sink()).unwrap();
                assert_eq!(reader.line_end(), expected, "{text:?} by {step}");
            }
        }
    }

    #[test]
    fn a_row_without_end_is_stopped_and_finished_rows_are_not() {
        let bytes = vec![b'x'; ROW_BYTES_MAX + (4 << 20)];
        let error = read(&bytes, BUFFER_BYTES, UTF_8).unwrap_err();
        assert!(matches!(error, DataError::RowTooLong { limit: ROW_BYTES_MAX, .. }), "{error}");
        let slow = Slow { bytes: &bytes, step: BUFFER_BYTES };
        let mut reader = TextReader::new(slow, Path::new("no.csv"), UTF_8, false, |_| ());
        let mut buffer = vec![0; BUFFER_BYTES];
        while reader.read(&mut buffer).unwrap() > 0 {
            reader.row_done();
        }
        assert_eq!(reader.finish(), (bytes.len() as u64, None));
    }

    #[test]
    fn lines_are_counted_from_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data.csv");
        std::fs::write(&path, "a\nb\nc").unwrap();
        assert_eq!([0, 1, 2, 4, 99].map(|offset| line_of(&path, offset)), [1, 1, 2, 3, 3]);
        assert_eq!(line_of(Path::new("no.csv"), 5), 1);
    }
}
