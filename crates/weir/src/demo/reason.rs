//! Why a file cannot be used, as a sentence of the reader's catalogue: the place in the file and the way out.

use dataplane::DataError;

use crate::problem::Message;

/// The sentence for an error that a file of the demo's folder can have.
pub fn reason(error: &DataError) -> Message {
    match error {
        DataError::Empty { .. } => Message::new("bad-file-empty"),
        DataError::UnknownText { line, offset, .. } => {
            Message::new("bad-file-text").with("line", line).with("offset", offset)
        }
        DataError::Malformed { line, offset, encoding, .. } => Message::new("bad-file-encoding")
            .with("line", line)
            .with("offset", offset)
            .with("encoding", encoding),
        DataError::Ragged { line, expected, found, .. } => {
            Message::new("bad-file-ragged").with("line", line).with("found", found).with("expected", expected)
        }
        DataError::RowTooLong { line, limit, .. } => {
            Message::new("bad-file-row").with("line", line).with("limit", limit)
        }
        DataError::UnclosedQuote { line, .. } => Message::new("bad-file-quote").with("line", line),
        DataError::TooManyColumns { found, limit, .. } => {
            Message::new("bad-file-columns").with("found", found).with("limit", limit)
        }
        DataError::DuplicateHeader { name, first, second, .. } => {
            Message::new("bad-file-header").with("name", name).with("first", first).with("second", second)
        }
        DataError::EmptyHeader { column, .. } => Message::new("bad-file-nameless").with("column", column),
        DataError::LongHeader { column, chars, limit, .. } => Message::new("bad-file-long-name")
            .with("column", column)
            .with("found", chars)
            .with("limit", limit),
        DataError::ControlInHeader { column, character, .. } => {
            Message::new("bad-file-control-name").with("column", column).with("character", character)
        }
        DataError::ChangedWhileRead { .. } => Message::new("bad-file-changing"),
        DataError::Parquet { reason, .. } => Message::new("bad-file-parquet").with("reason", reason),
        DataError::ReaderFailed { reason, .. } => Message::new("bad-file-defect").with("reason", reason),
        DataError::Io { source, .. } => Message::new("bad-file-unreadable").with("reason", source),
        other => Message::new("bad-file-unreadable").with("reason", other),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::i18n::Lang;

    /// Every error that profiling a file can end with.
    fn errors() -> Vec<DataError> {
        let path = PathBuf::from("/data/air.csv");
        let p = || path.clone();
        vec![
            DataError::Empty { path: p() },
            DataError::UnknownText { path: p(), line: 3, offset: 41 },
            DataError::Malformed { path: p(), line: 3, offset: 41, encoding: "GBK".to_owned() },
            DataError::Ragged { path: p(), line: 3, expected: 4, found: 5, delimiter: ',' },
            DataError::RowTooLong { path: p(), line: 3, limit: 1000 },
            DataError::UnclosedQuote { path: p(), line: 3 },
            DataError::TooManyColumns { path: p(), found: 5000, limit: 1024 },
            DataError::DuplicateHeader { path: p(), name: "O3".to_owned(), first: 2, second: 4 },
            DataError::EmptyHeader { path: p(), column: 2 },
            DataError::LongHeader { path: p(), column: 2, chars: 300, limit: 256 },
            DataError::ControlInHeader { path: p(), column: 2, character: "U+0002".to_owned() },
            DataError::ChangedWhileRead { path: p() },
            DataError::Parquet { path: p(), reason: "EOF".to_owned() },
            DataError::ReaderFailed { path: p(), reason: "task 6 panicked".to_owned() },
            DataError::Io { path: p(), doing: "open", source: std::io::Error::other("locked") },
        ]
    }

    #[test]
    fn every_reason_is_a_whole_sentence_in_both_languages() {
        for error in errors() {
            let message = reason(&error);
            let mut told = Vec::new();
            for lang in Lang::ALL {
                let (context, _) = crate::testing::context_in(lang, &[]);
                let sentence = context.sentence(&message);
                assert!(!sentence.contains('{') && !sentence.contains("bad-file"), "{error:?}: {sentence}");
                for (name, value) in &message.args {
                    assert!(sentence.contains(value.as_str()), "{lang}: {name} is missing in {sentence}");
                }
                told.push(sentence);
            }
            assert_ne!(told.first(), told.last(), "{error:?}");
            assert!(told.iter().all(|sentence| !sentence.contains("air.csv")), "the file is named before");
        }
    }
}
