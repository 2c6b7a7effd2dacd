//! The fields of the index, and how a catalogue entry becomes a document.

use std::collections::BTreeSet;

use domain::engine::SearchDocument;
use domain::id::AreaCode;
use tantivy::schema::{FAST, Field, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::{TantivyDocument, schema::SchemaBuilder};

/// Version of fields and tokens. Raise it with any change of either: an index of another version is built anew.
pub(crate) const SCHEMA_VERSION: u32 = 1;
/// Name under which the text fields find their tokenizer.
pub(crate) const TOKENIZER: &str = "catalogue";
/// Name of the field by which equal ranks are ordered.
pub(crate) const PRODUCT: &str = "product";

const TITLE_RANK: f32 = 100.0;
const KEYWORD_RANK: f32 = 60.0;
const PROVIDER_RANK: f32 = 40.0;
const COLUMN_RANK: f32 = 30.0;
const PLACE_RANK: f32 = 20.0;
const DESCRIPTION_RANK: f32 = 10.0;

/// Handles of the fields.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    /// The product's id, exact.
    pub product: Field,
    /// The codes of the area and of its province, exact.
    pub area: Field,
    title_zh: Field,
    title_en: Field,
    description: Field,
    keywords: Field,
    columns: Field,
    provider: Field,
    /// Codes and names of the area and of its province, as words.
    place: Field,
}

impl Fields {
    /// The fields and the schema that holds them.
    pub fn new() -> (Self, Schema) {
        let mut schema = Schema::builder();
        let fields = Self {
            product: schema.add_text_field(PRODUCT, STRING | FAST),
            area: schema.add_text_field("area", STRING),
            title_zh: text_field(&mut schema, "title_zh"),
            title_en: text_field(&mut schema, "title_en"),
            description: text_field(&mut schema, "description"),
            keywords: text_field(&mut schema, "keywords"),
            columns: text_field(&mut schema, "columns"),
            provider: text_field(&mut schema, "provider"),
            place: text_field(&mut schema, "place"),
        };
        (fields, schema.build())
    }

    /// The fields that words are looked for in, each with the rank of a hit.
    pub fn texts(&self) -> [(Field, f32); 7] {
        [
            (self.title_zh, TITLE_RANK),
            (self.title_en, TITLE_RANK),
            (self.keywords, KEYWORD_RANK),
            (self.provider, PROVIDER_RANK),
            (self.columns, COLUMN_RANK),
            (self.place, PLACE_RANK),
            (self.description, DESCRIPTION_RANK),
        ]
    }
}

fn text_field(schema: &mut SchemaBuilder, name: &str) -> Field {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    schema.add_text_field(name, TextOptions::default().set_indexing_options(indexing))
}

impl Fields {
    /// The document of a catalogue entry. It holds nothing that could be read back but the product's id.
    pub fn document(&self, entry: &SearchDocument) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        document.add_text(self.product, &entry.product);
        for area in areas(entry) {
            document.add_text(self.area, area.to_string());
        }
        document.add_text(self.title_zh, &entry.title.zh);
        document.add_text(self.title_en, &entry.title.en);
        document.add_text(self.description, &entry.description.zh);
        document.add_text(self.description, &entry.description.en);
        // One text each, so that the limit of a field holds for all of them together.
        document.add_text(self.keywords, entry.keywords.zh.join("\n"));
        document.add_text(self.keywords, entry.keywords.en.join("\n"));
        document.add_text(self.columns, entry.columns.join("\n"));
        document.add_text(self.provider, &entry.provider_name);
        for area in areas(entry) {
            document.add_text(self.place, format!("{area}\n{}\n{}", area.name_zh(), area.name_en()));
        }
        document
    }
}

/// The area and its province, once where they are the same.
fn areas(entry: &SearchDocument) -> BTreeSet<AreaCode> {
    BTreeSet::from([entry.area, entry.area.province()])
}
