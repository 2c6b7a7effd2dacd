//! From the pieces of a query to what the index can answer.
//!
//! All pieces must be found, each in any field. The field decides the rank: a hit in a title stands above any hit in
//! keywords, that above provider and columns, and so on ([`Fields::texts`]). Within a field, whole words stand above
//! parts of words, and the usual statistics of words (BM25) order the rest.
//!
//! Queries are built from pieces, never parsed as a query language, so no operator can be smuggled in.

use std::collections::BTreeSet;

use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, EmptyQuery, Occur, PhraseQuery,
    Query, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};

use crate::schema::Fields;
use crate::text::Piece;

/// Words that one prefix stands for in one field and segment; later ones in the alphabet are not found by it.
pub const MAX_PREFIX_WORDS: usize = 64;

/// Share of the words' statistics in the rank: with it no sum of them reaches from one field's rank to the next.
const STATISTICS_SHARE: f32 = 0.05;
/// Rank of a hit on a part of a word, as a share of the whole word's.
const PART_SHARE: f32 = 0.5;
/// Rank of the hit on a product's own id.
const ID_RANK: f32 = 1_000.0;

type Clause = Box<dyn Query>;

/// What a search asks for, before it is known which index answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Every product: the text was blank.
    Everything,
    /// Products whose id is one of `ids`, or that have all `pieces` (at least one).
    Matching { ids: Vec<String>, pieces: Vec<Piece> },
}

/// Builds queries for one state of the index.
pub(crate) struct QueryBuilder<'a> {
    pub fields: &'a Fields,
    pub searcher: &'a Searcher,
}

impl QueryBuilder<'_> {
    /// The query for what is wanted, within an area if one is given by its code.
    pub fn build(&self, wanted: &Wanted, area: Option<&str>) -> tantivy::Result<Clause> {
        let query = match wanted {
            Wanted::Everything => Box::new(AllQuery),
            Wanted::Matching { ids, pieces } => self.matching(ids, pieces)?,
        };
        Ok(match area {
            None => query,
            Some(code) => all(vec![query, unranked(Term::from_field_text(self.fields.area, code))]),
        })
    }

    fn matching(&self, ids: &[String], pieces: &[Piece]) -> tantivy::Result<Clause> {
        let mut ways: Vec<Clause> = ids.iter().map(|id| self.id(id)).collect();
        if !pieces.is_empty() {
            let clauses = pieces.iter().map(|piece| self.piece(piece)).collect::<tantivy::Result<_>>()?;
            ways.push(all(clauses));
        }
        Ok(any(ways))
    }

    fn id(&self, id: &str) -> Clause {
        constant(exact(Term::from_field_text(self.fields.product, id)), ID_RANK)
    }

    /// The best field counts: a piece that stands in title and description ranks as in the title.
    fn piece(&self, piece: &Piece) -> tantivy::Result<Clause> {
        let mut ways = Vec::new();
        for (field, rank) in self.fields.texts() {
            match piece {
                Piece::Word { text, prefix } => {
                    ways.push(word(field, text, rank));
                    if *prefix {
                        ways.extend(self.prefix(field, text, rank)?);
                    }
                }
                Piece::Han { text, listed } => ways.push(han(field, text, *listed, rank)),
            }
        }
        Ok(Box::new(DisjunctionMaxQuery::new(ways)))
    }

    /// Words that begin with `text` and are longer, if there are any.
    fn prefix(&self, field: Field, text: &str, rank: f32) -> tantivy::Result<Option<Clause>> {
        let mut words = BTreeSet::new();
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(field)?;
            let mut stream = index.terms().range().gt(text).into_stream()?;
            for _ in 0..MAX_PREFIX_WORDS {
                if !(stream.advance() && stream.key().starts_with(text.as_bytes())) {
                    break;
                }
                words.extend(std::str::from_utf8(stream.key()).map(str::to_owned));
            }
        }
        let terms: Vec<_> = words.iter().map(|word| Term::from_field_text(field, word)).collect();
        Ok((!terms.is_empty())
            .then(|| constant(any(terms.into_iter().map(exact).collect()), rank * PART_SHARE)))
    }
}

/// A whole word: the field's rank and the word's statistics.
fn word(field: Field, text: &str, rank: f32) -> Clause {
    let term = Term::from_field_text(field, text);
    let statistics = TermQuery::new(term.clone(), IndexRecordOption::WithFreqs);
    any(vec![constant(exact(term), rank), Box::new(BoostQuery::new(Box::new(statistics), STATISTICS_SHARE))])
}

/// Characters together rank as a part of a word; where they are a word of the dictionary there, as that word.
fn han(field: Field, text: &str, listed: bool, rank: f32) -> Clause {
    let part = constant(characters(field, text), rank * PART_SHARE);
    if listed { any(vec![part, word(field, text, rank * (1.0 - PART_SHARE))]) } else { part }
}

/// All characters of `text`, beside each other and in this order.
fn characters(field: Field, text: &str) -> Clause {
    let mut terms: Vec<_> =
        text.chars().map(|c| Term::from_field_text(field, c.encode_utf8(&mut [0; 4]))).collect();
    match (terms.len(), terms.pop()) {
        (1, Some(single)) => exact(single),
        (_, Some(last)) => {
            terms.push(last);
            Box::new(PhraseQuery::new(terms))
        }
        (_, None) => Box::new(EmptyQuery),
    }
}

fn exact(term: Term) -> Clause {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

fn unranked(term: Term) -> Clause {
    constant(exact(term), 0.0)
}

fn constant(query: Clause, rank: f32) -> Clause {
    Box::new(ConstScoreQuery::new(query, rank))
}

fn any(ways: Vec<Clause>) -> Clause {
    Box::new(BooleanQuery::new(ways.into_iter().map(|way| (Occur::Should, way)).collect()))
}

fn all(clauses: Vec<Clause>) -> Clause {
    Box::new(BooleanQuery::new(clauses.into_iter().map(|clause| (Occur::Must, clause)).collect()))
}
