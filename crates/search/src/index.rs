//! The index on disk or in memory: opening, changing, asking.
//!
//! The index is derived data: the store holds the truth, and whoever opens an index that says
//! [`Opened::opened_fresh`] feeds it again. So a damaged index, or one of another version, is not repaired but begun
//! anew. When [`apply`](SearchEngine::apply) returns, the next search sees the change, and the end of this process does not
//! lose it. The end of the machine may: then the index is begun anew, unless [`Index::release`] came before.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::engine::{EngineError, SearchChange, SearchEngine, SearchHit, SearchPage, SearchQuery};
use domain::id::ProductId;
use domain::limits::SEARCH_PAGE_MAX;
use tantivy::collector::sort_key::{SortBySimilarityScore, SortByString};
use tantivy::collector::{Count, TopDocs};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{
    IndexReader, IndexSettings, IndexWriter, Order, ReloadPolicy, Searcher, TantivyDocument, Term,
};

use crate::dictionary::Dictionary;
use crate::error::Error;
use crate::folder;
use crate::query::{QueryBuilder, Wanted};
use crate::schema::{Fields, PRODUCT, TOKENIZER};
use crate::text::{CatalogueTokenizer, query_pieces};
use crate::unsynced;

/// Memory in which documents wait for a commit: the least that the engine takes, in bytes.
const WRITER_BYTES: usize = 15_000_000;
/// Segments of like size that are merged into one. A search reads at most this many per size class.
const MERGED_SEGMENTS: usize = 8;
/// Documents up to which segments are of the smallest size class.
const SMALLEST_CLASS_DOCS: u32 = 64;
/// Share of removed documents from which a segment is written anew.
const REMOVED_SHARE: f32 = 0.3;

/// An index that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The index.
    pub index: Index,
    /// True if the index is empty and must be fed, in one [`apply`](SearchEngine::apply) so that the end of the process cannot
    /// leave half of it: it is new, was never fed, or was damaged or of another version.
    pub opened_fresh: bool,
}

/// A full-text index over the catalogue. Clones share it.
#[derive(Clone)]
pub struct Index {
    inner: Arc<Inner>,
}

struct Inner {
    index: tantivy::Index,
    fields: Fields,
    dictionary: Dictionary,
    reader: IndexReader,
    /// Made at the first change: an index that is only searched has no writer and no threads.
    writer: Mutex<Option<IndexWriter>>,
    /// The folder, where the index is in one.
    dir: Option<PathBuf>,
}

impl Index {
    /// Opens the index in a folder, which is made if it is not there. Files in it that are not the index's stay.
    ///
    /// # Errors
    /// [`Error::Folder`] if the folder cannot be made, read or written.
    pub fn open(dir: &Path, dictionary: &Dictionary) -> Result<Opened, Error> {
        let (fields, schema) = Fields::new();
        let found = folder::open(dir, schema, settings())?;
        let index = Self::from_engine(found.index, fields, dictionary, Some(dir.to_owned()))?;
        let opened_fresh = found.fresh || index.is_empty();
        Ok(Opened { index, opened_fresh })
    }

    /// An empty index that lives as long as the value.
    ///
    /// # Errors
    /// [`Error::Engine`] if the engine refuses, which it has no reason to.
    pub fn in_memory(dictionary: &Dictionary) -> Result<Self, Error> {
        let (fields, schema) = Fields::new();
        let index = tantivy::Index::builder().schema(schema).settings(settings()).create_in_ram()?;
        Self::from_engine(index, fields, dictionary, None)
    }

    fn from_engine(
        index: tantivy::Index,
        fields: Fields,
        dictionary: &Dictionary,
        dir: Option<PathBuf>,
    ) -> Result<Self, Error> {
        let dictionary = dictionary.clone();
        index.tokenizers().register(TOKENIZER, CatalogueTokenizer::new(dictionary.clone()));
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let inner = Inner { index, fields, dictionary, reader, writer: Mutex::new(None), dir };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Products in the index.
    pub fn len(&self) -> u64 {
        self.inner.reader.searcher().num_docs()
    }

    /// Whether the index has no product.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives the writer's memory and threads back after the merges under way, and forces everything to the disk. The next
    /// change takes them again. For the end of a process and for times without changes.
    ///
    /// # Errors
    /// [`Error::Engine`] if a merge failed, [`Error::Folder`] if the disk did not take it; nothing is lost by either, but the
    /// index is begun anew if the machine goes down.
    pub fn release(&self) -> Result<(), Error> {
        let mut slot = self.inner.writer();
        let Some(writer) = slot.take() else { return Ok(()) };
        writer.wait_merging_threads()?;
        self.inner.on_folder(unsynced::settle)
    }

    /// As [`SearchEngine::apply`], with this crate's error.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process changes the same folder, [`Error::Engine`] if the change cannot be written. Then
    /// none of the changes is in the index.
    pub fn change(&self, changes: &[SearchChange]) -> Result<(), Error> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut slot = self.inner.writer();
        let result = self.inner.change(&mut slot, changes);
        if result.is_err() {
            // A writer with half of a batch must not commit it with the next one.
            *slot = None;
        }
        result
    }

    /// As [`SearchEngine::search`], with this crate's error.
    ///
    /// # Errors
    /// [`Error::Engine`] if the index cannot be read. No query is an error: one beyond the limits is cut to them.
    pub fn find(&self, query: &SearchQuery) -> Result<SearchPage, Error> {
        self.inner.find(query)
    }
}

impl SearchEngine for Index {
    fn apply(&self, changes: &[SearchChange]) -> Result<(), EngineError> {
        Ok(self.change(changes)?)
    }

    fn search(&self, query: &SearchQuery) -> Result<SearchPage, EngineError> {
        Ok(self.find(query)?)
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("products", &self.len()).finish_non_exhaustive()
    }
}

impl Inner {
    /// A caller that panicked leaves at worst a writer with an unfinished batch, which is thrown away.
    fn writer(&self) -> MutexGuard<'_, Option<IndexWriter>> {
        self.writer.lock().unwrap_or_else(|poisoned: PoisonError<_>| {
            self.writer.clear_poison();
            let mut slot = poisoned.into_inner();
            *slot = None;
            slot
        })
    }

    fn change(&self, slot: &mut Option<IndexWriter>, changes: &[SearchChange]) -> Result<(), Error> {
        let writer = match slot {
            Some(writer) => writer,
            None => {
                self.on_folder(unsynced::mark)?;
                slot.insert(new_writer(&self.index)?)
            }
        };
        for change in changes {
            self.add_to_batch(writer, change)?;
        }
        writer.commit()?;
        Ok(self.reader.reload()?)
    }

    fn on_folder(&self, act: fn(&Path) -> io::Result<()>) -> Result<(), Error> {
        match &self.dir {
            Some(dir) => act(dir).map_err(|source| Error::Folder { path: dir.clone(), source }),
            None => Ok(()),
        }
    }

    fn add_to_batch(&self, writer: &IndexWriter, change: &SearchChange) -> Result<(), Error> {
        match change {
            SearchChange::Upsert(document) => {
                writer.delete_term(self.product_term(&document.product));
                writer.add_document(self.fields.document(document))?;
            }
            SearchChange::Remove(product) => {
                writer.delete_term(self.product_term(product));
            }
        }
        Ok(())
    }

    fn product_term(&self, product: &ProductId) -> Term {
        Term::from_field_text(self.fields.product, product.as_ref())
    }

    fn find(&self, query: &SearchQuery) -> Result<SearchPage, Error> {
        let Some(wanted) = wanted(&query.text, &self.dictionary) else {
            return Ok(SearchPage { total: 0, hits: Vec::new() });
        };
        let searcher = self.reader.searcher();
        let area = query.area.map(|area| area.to_string());
        let builder = QueryBuilder { fields: &self.fields, searcher: &searcher };
        let built = builder.build(&wanted, area.as_deref())?;
        page(&searcher, built.as_ref(), query)
    }
}

/// `None` if the text is not blank and yet has nothing that can be looked for.
fn wanted(text: &str, dictionary: &Dictionary) -> Option<Wanted> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Wanted::Everything);
    }
    let ids = product_ids(text);
    let pieces = query_pieces(text, dictionary);
    (!ids.is_empty() || !pieces.is_empty()).then_some(Wanted::Matching { ids, pieces })
}

/// The product ids that the text may be, as the index writes them.
fn product_ids(text: &str) -> Vec<String> {
    let written = [text.to_owned(), text.to_uppercase()];
    let mut ids: Vec<_> =
        written.iter().filter_map(|id| id.parse::<ProductId>().ok()).map(|id| id.to_string()).collect();
    ids.dedup();
    ids
}

fn page(
    searcher: &Searcher,
    query: &dyn tantivy::query::Query,
    asked: &SearchQuery,
) -> Result<SearchPage, Error> {
    let products = usize::try_from(searcher.num_docs()).unwrap_or(usize::MAX);
    let limit = (asked.limit as usize).min(SEARCH_PAGE_MAX as usize).min(products);
    let offset = asked.offset as usize;
    if limit == 0 || offset >= products {
        let total = searcher.search(query, &Count)?;
        return Ok(SearchPage { total: total as u64, hits: Vec::new() });
    }
    let by_rank = (SortBySimilarityScore, Order::Desc);
    let by_product = (SortByString::for_field(PRODUCT), Order::Asc);
    let top = TopDocs::with_limit(limit).and_offset(offset).order_by((by_rank, by_product));
    let (found, total) = searcher.search(query, &(top, Count))?;
    let hits = found.into_iter().map(|((rank, product), _)| hit(rank, product)).collect::<Result<_, _>>()?;
    Ok(SearchPage { total: total as u64, hits })
}

fn hit(rank: f32, product: Option<String>) -> Result<SearchHit, Error> {
    let written = product.unwrap_or_default();
    let product = written.parse().map_err(|_| Error::Damaged { product: written })?;
    // A rank is never negative and far below the limit of the type, and the cast saturates.
    Ok(SearchHit { product, score_milli: (rank * 1000.0).round() as u32 })
}

fn settings() -> IndexSettings {
    // Nothing is stored but the product's id, so that a thread for compressing would only cost its start.
    IndexSettings { docstore_compress_dedicated_thread: false, ..IndexSettings::default() }
}

fn new_writer(index: &tantivy::Index) -> Result<IndexWriter, Error> {
    let options = IndexWriterOptions::builder()
        .memory_budget_per_thread(WRITER_BYTES)
        .num_worker_threads(1)
        .num_merge_threads(1)
        .build();
    let writer = index.writer_with_options::<TantivyDocument>(options)?;
    let mut merges = LogMergePolicy::default();
    merges.set_min_num_segments(MERGED_SEGMENTS);
    merges.set_min_layer_size(SMALLEST_CLASS_DOCS);
    merges.set_del_docs_ratio_before_merge(REMOVED_SHARE);
    writer.set_merge_policy(Box::new(merges));
    Ok(writer)
}
