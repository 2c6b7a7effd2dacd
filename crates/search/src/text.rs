//! From text to tokens, the same way for what is indexed and for what is asked.
//!
//! Text is folded first (compatibility forms such as `ＰＭ２．５`, `O₃` or `㎥`, accents, case), then cut into runs of
//! Chinese characters and runs of other letters and digits. A decimal point between digits belongs to its run, so
//! `PM2.5` is one word. What a query may ask for is bounded here, by name.

use std::iter::Peekable;
use std::ops::RangeInclusive;
use std::str::CharIndices;

use domain::limits::SEARCH_TEXT_CHARS_MAX;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization;

use crate::dictionary::Dictionary;

/// Words of a query that are searched for; the rest is ignored.
pub const MAX_QUERY_WORDS: usize = 16;
/// Characters of one field of one document that are indexed; the rest is ignored.
pub const MAX_FIELD_CHARS: usize = 200_000;
/// Bytes of one word that are kept, in documents and queries alike.
pub const MAX_WORD_BYTES: usize = 96;
/// Chinese characters outside the dictionary that are searched for as one phrase.
pub const MAX_PHRASE_CHARS: usize = 24;
/// Letters or digits that the last word must have before other words that begin with it are found too.
pub const MIN_PREFIX_CHARS: usize = 2;

/// Combining marks that accents become when a letter is decomposed.
const ACCENTS: RangeInclusive<char> = '\u{300}'..='\u{36f}';
/// Single characters that join words and are not searched for.
const PARTICLES: [&str; 6] = ["的", "了", "与", "及", "和", "或"];
const HAN: [RangeInclusive<char>; 7] = [
    '\u{3005}'..='\u{3007}',
    '\u{3400}'..='\u{4dbf}',
    '\u{4e00}'..='\u{9fff}',
    '\u{f900}'..='\u{faff}',
    '\u{20000}'..='\u{2ebef}',
    '\u{2f800}'..='\u{2fa1f}',
    '\u{30000}'..='\u{323af}',
];

/// One thing that a query asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A word of letters and digits, folded. With `prefix`, words that begin with it are found as well.
    Word { text: String, prefix: bool },
    /// Chinese characters that must stand together; `listed` if they are one word of the dictionary.
    Han { text: String, listed: bool },
}

/// The pieces of a query in their order, without repeats and within the limits. All of them must be found.
pub(crate) fn query_pieces(text: &str, dictionary: &Dictionary) -> Vec<Piece> {
    let folded = fold(cut_at_chars(text, SEARCH_TEXT_CHARS_MAX));
    let mut pieces = Vec::new();
    for run in runs(&folded) {
        match run.kind {
            Kind::Han => han_pieces(run.text, dictionary, &mut pieces),
            Kind::Word => pieces.push(Piece::Word { text: word_text(run.text), prefix: false }),
        }
    }
    if let Some(Piece::Word { text, prefix }) = pieces.last_mut() {
        *prefix = text.chars().count() >= MIN_PREFIX_CHARS;
    }
    without_repeats(pieces)
}

fn without_repeats(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut kept: Vec<Piece> = Vec::new();
    for piece in pieces {
        if kept.len() < MAX_QUERY_WORDS && !kept.contains(&piece) {
            kept.push(piece);
        }
    }
    kept
}

/// Words of the dictionary stand alone; single characters beside each other are one name that it does not know.
fn han_pieces(han: &str, dictionary: &Dictionary, pieces: &mut Vec<Piece>) {
    let mut name = String::new();
    for segment in dictionary.cut_for_query(han) {
        let single = segment.word.chars().nth(1).is_none();
        if single && !PARTICLES.contains(&segment.word) && name.chars().count() < MAX_PHRASE_CHARS {
            name.push_str(segment.word);
            continue;
        }
        flush_name(&mut name, pieces);
        if !single {
            pieces.push(Piece::Han { text: segment.word.to_owned(), listed: true });
        } else if !PARTICLES.contains(&segment.word) {
            name.push_str(segment.word);
        }
    }
    flush_name(&mut name, pieces);
}

fn flush_name(name: &mut String, pieces: &mut Vec<Piece>) {
    if !name.is_empty() {
        pieces.push(Piece::Han { text: std::mem::take(name), listed: false });
    }
}

/// The tokenizer of every text field. Chinese gives each character and each word of the dictionary; other words give
/// themselves and their parts (`pm2.5` also `pm`, `2.5` and `pm25`).
#[derive(Clone, Debug)]
pub(crate) struct CatalogueTokenizer {
    dictionary: Dictionary,
}

impl CatalogueTokenizer {
    pub fn new(dictionary: Dictionary) -> Self {
        Self { dictionary }
    }
}

impl Tokenizer for CatalogueTokenizer {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        Tokens { tokens: index_tokens(text, &self.dictionary).into_iter(), current: Token::default() }
    }
}

/// The tokens of one text.
pub(crate) struct Tokens {
    tokens: std::vec::IntoIter<Token>,
    current: Token,
}

impl TokenStream for Tokens {
    fn advance(&mut self) -> bool {
        match self.tokens.next() {
            Some(token) => {
                self.current = token;
                true
            }
            None => false,
        }
    }

    fn token(&self) -> &Token {
        &self.current
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.current
    }
}

fn index_tokens(text: &str, dictionary: &Dictionary) -> Vec<Token> {
    let folded = fold(cut_at_chars(text, MAX_FIELD_CHARS));
    let mut tokens = Vec::new();
    for run in runs(&folded) {
        match run.kind {
            Kind::Han => han_tokens(&run, dictionary, &mut tokens),
            Kind::Word => word_tokens(&run, &mut tokens),
        }
    }
    tokens.sort_by_key(|token| token.position);
    tokens
}

/// Positions count characters, so that a phrase of characters is found inside and across words.
fn han_tokens(run: &Run<'_>, dictionary: &Dictionary, tokens: &mut Vec<Token>) {
    for (index, c) in run.text.chars().enumerate() {
        tokens.push(token(c.to_string(), run.start + index, 1));
    }
    for segment in dictionary.cut_for_index(run.text) {
        let length = segment.word.chars().count();
        if length > 1 {
            tokens.push(token(segment.word.to_owned(), run.start + segment.start, length));
        }
    }
}

fn word_tokens(run: &Run<'_>, tokens: &mut Vec<Token>) {
    let whole = word_text(run.text);
    let mut forms = vec![whole];
    let parts = word_parts(run.text);
    if parts.len() > 1 {
        forms.extend(parts.into_iter().map(word_text).filter(|part| part.chars().count() > 1));
        forms.push(word_text(&run.text.replace('.', "")));
    }
    forms.sort_unstable();
    forms.dedup();
    tokens.extend(forms.into_iter().map(|text| token(text, run.start, 1)));
}

/// Splits where letters meet digits, and where a capital follows a small letter (`stationName`).
fn word_parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut before) = (0, None);
    for (at, c) in word.char_indices() {
        if before.is_some_and(|before| splits(before, c)) {
            parts.extend(word.get(from..at));
            from = at;
        }
        before = Some(c);
    }
    parts.extend(word.get(from..));
    parts
}

fn splits(before: char, c: char) -> bool {
    let digit = |c: char| c.is_numeric() || c == '.';
    digit(before) != digit(c) || (before.is_lowercase() && c.is_uppercase())
}

fn token(text: String, position: usize, position_length: usize) -> Token {
    Token { offset_from: 0, offset_to: 0, position, text, position_length }
}

fn word_text(word: &str) -> String {
    let mut text = word.to_lowercase();
    text.truncate(floor_char_boundary(&text, MAX_WORD_BYTES));
    text
}

fn floor_char_boundary(text: &str, at_most: usize) -> usize {
    (0..=at_most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn cut_at_chars(text: &str, at_most: usize) -> &str {
    match text.char_indices().nth(at_most) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// Compatibility forms and accents folded; case is kept, because a capital may begin a part of a word.
fn fold(text: &str) -> String {
    text.nfkd().filter(|c| !ACCENTS.contains(c)).map(|c| if c == 'μ' { 'u' } else { c }).nfc().collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Han,
    Word,
}

/// Characters of one kind beside each other. `start` counts characters from the beginning of the text.
#[derive(Debug, PartialEq, Eq)]
struct Run<'a> {
    kind: Kind,
    text: &'a str,
    start: usize,
}

fn kind_of(c: char) -> Option<Kind> {
    if HAN.iter().any(|range| range.contains(&c)) {
        Some(Kind::Han)
    } else if c.is_alphanumeric() {
        Some(Kind::Word)
    } else {
        None
    }
}

fn runs(text: &str) -> Vec<Run<'_>> {
    let mut found = Vec::new();
    let mut chars = text.char_indices().peekable();
    let mut start = 0;
    while let Some((from, c)) = chars.next() {
        let Some(kind) = kind_of(c) else {
            start += 1;
            continue;
        };
        let (to, length) = run_end(&mut chars, kind, (from, c));
        found.extend(text.get(from..to).map(|text| Run { kind, text, start }));
        start += length;
    }
    found
}

/// Reads on to the end of the run that began with `first`; gives its end in bytes and its length in characters.
fn run_end(chars: &mut Peekable<CharIndices<'_>>, kind: Kind, first: (usize, char)) -> (usize, usize) {
    let (mut end, mut length, mut before) = (first.0 + first.1.len_utf8(), 1, first.1);
    while let Some(&(at, c)) = chars.peek() {
        if kind_of(c) != Some(kind) && !(kind == Kind::Word && is_decimal_point(chars.clone(), before)) {
            break;
        }
        chars.next();
        (end, length, before) = (at + c.len_utf8(), length + 1, c);
    }
    (end, length)
}

fn is_decimal_point(mut ahead: Peekable<CharIndices<'_>>, before: char) -> bool {
    let point = ahead.next().is_some_and(|(_, c)| c == '.');
    point && before.is_ascii_digit() && ahead.next().is_some_and(|(_, c)| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    fn indexed(text: &str) -> Vec<String> {
        let mut words: Vec<_> =
            index_tokens(text, &Dictionary::new()).into_iter().map(|token| token.text).collect();
        words.sort_unstable();
        words
    }

    fn asked(text: &str) -> Vec<Piece> {
        query_pieces(text, &Dictionary::new())
    }

    fn word(text: &str, prefix: bool) -> Piece {
        Piece::Word { text: text.to_owned(), prefix }
    }

    fn han(text: &str, listed: bool) -> Piece {
        Piece::Han { text: text.to_owned(), listed }
    }

    #[test]
    fn a_pollutant_is_one_word_and_its_parts() {
        assert_eq!(indexed("PM2.5"), ["2.5", "pm", "pm2.5", "pm25"]);
        assert_eq!(indexed("SO2"), ["so", "so2"]);
        assert_eq!(indexed("stationName"), ["name", "station", "stationname"]);
        assert_eq!(indexed("PRSA_Data_20130301"), ["20130301", "data", "prsa"]);
    }

    #[test]
    fn every_way_to_write_a_unit_folds_to_one() {
        for text in ["μg/m³", "µg/m³", "ug/m3", "ＵＧ／Ｍ３", "㎍/㎥"] {
            assert_eq!(asked(text), [word("ug", false), word("m3", true)], "{text}");
        }
        for text in ["PM2.5", "pm2.5", "ＰＭ２．５", "PM₂.₅"] {
            assert_eq!(asked(text), [word("pm2.5", true)], "{text}");
        }
        assert_eq!(asked("O₃"), [word("o3", true)]);
        assert_eq!(asked("Ünïted Café"), [word("united", false), word("cafe", true)]);
    }

    #[test]
    fn a_point_joins_digits_only() {
        assert_eq!(asked("a.b"), [word("a", false), word("b", false)]);
        assert_eq!(asked("2.5."), [word("2.5", true)]);
        assert_eq!(asked(".5"), [word("5", false)]);
        assert_eq!(asked("1.2.3"), [word("1.2.3", true)]);
    }

    #[test]
    fn chinese_is_cut_into_words_and_unknown_names_stay_whole() {
        assert_eq!(asked("空气质量 臭氧"), [han("空气质量", true), han("臭氧", true)]);
        assert_eq!(asked("龘靐臭氧"), [han("龘靐", false), han("臭氧", true)]);
        assert_eq!(asked("龘靐的臭氧"), [han("龘靐", false), han("臭氧", true)]);
        assert_eq!(asked("北京PM2.5"), [han("北京", true), word("pm2.5", true)]);
    }

    #[test]
    fn every_character_and_word_of_chinese_is_indexed_at_its_place() {
        let tokens = index_tokens("a，北京大学", &Dictionary::new());
        let places: Vec<_> = tokens.iter().map(|token| (token.text.as_str(), token.position)).collect();
        for expected in [("a", 0), ("北", 2), ("京", 3), ("大", 4), ("学", 5), ("北京", 2), ("北京大学", 2)]
        {
            assert!(places.contains(&expected), "{expected:?} in {places:?}");
        }
        assert!(tokens.windows(2).all(|pair| pair[0].position <= pair[1].position));
    }

    #[test]
    fn latin_text_never_loads_the_dictionary() {
        let dictionary = Dictionary::new();
        index_tokens("Air quality at Aotizhongxin, PM2.5 in μg/m³; café — 2013…2017 かな 한글", &dictionary);
        query_pieces("Aotizhongxin O3", &dictionary);
        assert!(!dictionary.is_loaded());
        query_pieces("臭氧", &dictionary);
        assert!(dictionary.is_loaded());
    }

    #[test]
    fn repeats_and_particles_are_dropped() {
        assert_eq!(asked("臭氧 臭氧"), [han("臭氧", true)]);
        assert_eq!(asked("a b a"), [word("a", false), word("b", false)]);
        assert_eq!(asked("的"), []);
    }

    #[test]
    fn a_query_is_read_within_its_limits() {
        let many: String = (0..100).map(|n| format!("w{n} ")).collect();
        assert_eq!(asked(&many).len(), MAX_QUERY_WORDS);
        let long = "x".repeat(1_000_000);
        let Piece::Word { text, .. } = &asked(&long)[0] else { unreachable!("letters make a word") };
        assert_eq!(text.len(), MAX_WORD_BYTES);
        let unknown = "龘".repeat(10_000);
        for piece in asked(&unknown) {
            let Piece::Han { text, .. } = piece else { unreachable!("Chinese stays Chinese") };
            assert!(text.chars().count() <= MAX_PHRASE_CHARS);
        }
        assert_eq!(indexed(&"é".repeat(1000))[0].len(), MAX_WORD_BYTES, "documents are cut like queries");
    }

    #[test]
    fn noise_gives_nothing() {
        for text in ["", "   ", "\0\u{7}\u{1b}", "+-&&||!(){}[]^\"~*?:\\/", "，。！", "🙂"] {
            assert_eq!(asked(text), [], "{text:?}");
        }
    }
}
