//! Which character separates the fields of a text file.

use std::path::Path;

/// The candidates; the first wins a tie.
const CANDIDATES: [u8; 4] = *b",\t;|";

/// Rows that are looked at.
const ROWS_MAX: usize = 64;

/// The delimiter of `text`, the first part of a file: the candidate that most rows have as often as the header has it.
/// A header with none of them has one column, and then a file named `.tsv` keeps its tab and others the comma.
pub(crate) fn sniff(text: &str, path: &Path) -> u8 {
    let rows = counts(text.as_bytes());
    let is_tsv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tsv"));
    let fallback = if is_tsv { b'\t' } else { b',' };
    let Some((header, body)) = rows.split_first() else { return fallback };
    let mut best = (fallback, 0, 0);
    for (index, candidate) in CANDIDATES.into_iter().enumerate() {
        let of = |row: &[usize; 4]| row.get(index).copied().unwrap_or_default();
        let in_header = of(header);
        let agreeing = 1 + body.iter().filter(|row| of(row) == in_header).count();
        let preferred = candidate == fallback && agreeing == best.1 && in_header == best.2;
        if in_header > 0 && (preferred || (agreeing, in_header) > (best.1, best.2)) {
            best = (candidate, agreeing, in_header);
        }
    }
    best.0
}

/// How often each candidate stands outside quotes, row by row. The last row is left out, since it may be cut, unless it
/// is the only one.
fn counts(text: &[u8]) -> Vec<[usize; 4]> {
    let (mut rows, mut row, mut quoted, mut blank) = (Vec::new(), [0; 4], false, true);
    for byte in text {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => {
                if !std::mem::replace(&mut blank, true) {
                    rows.push(std::mem::take(&mut row));
                }
                if rows.len() == ROWS_MAX {
                    return rows;
                }
                continue;
            }
            _ if quoted => {}
            other => {
                let index = CANDIDATES.iter().position(|candidate| candidate == other);
                if let Some(count) = index.and_then(|index| row.get_mut(index)) {
                    *count += 1;
                }
            }
        }
        blank = false;
    }
    if rows.is_empty() && !blank {
        rows.push(row);
    }
    rows
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn of(text: &str) -> char {
        char::from(sniff(text, Path::new("a.csv")))
    }

    #[test]
    fn each_delimiter_is_found() {
        assert_eq!(of("a,b,c\n1,2,3\n"), ',');
        assert_eq!(of("a;b;c\n1,5;2,5;3,5\n"), ';');
        assert_eq!(of("a\tb\n1\t2\n"), '\t');
        assert_eq!(of("a|b\r\n1|2\r\n"), '|');
    }

    #[test]
    fn delimiters_within_quotes_do_not_count() {
        assert_eq!(of("\"a;b;c;d\",e\n\"1;2\",3\n"), ',');
        assert_eq!(of("\"x\ny;z\",e\n\"1\",3\n"), ',');
        assert_eq!(of("\"say \"\"a;b\"\"\",e\n1,2\n"), ',');
    }

    #[test]
    fn most_rows_decide_and_one_ragged_row_does_not() {
        assert_eq!(of("a;b,c\n1;x\n2;y\n3;z\n4;w\n"), ';');
        assert_eq!(of("a,b\n1,2\n3\n4,5\n"), ',');
    }

    #[test]
    fn without_any_the_name_of_the_file_decides() {
        assert_eq!(of("a\n1\n"), ',');
        assert_eq!(sniff("a\n1\n", Path::new("a.TSV")), b'\t');
        assert_eq!(of(""), ',');
        assert_eq!(of("a;b"), ';', "a header alone");
        assert_eq!(of("\n\na;b\n\n1;2\n"), ';', "blank lines are no rows");
    }

    #[test]
    fn a_tie_goes_to_what_the_name_says() {
        assert_eq!(of("a,b\tc\n1,2\t3\n"), ',');
        assert_eq!(sniff("a,b\tc\n1,2\t3\n", Path::new("a.tsv")), b'\t');
    }
}
