//! What a node notes about itself: small texts by name, such as its own id, its roles, its trust bundle.

use crate::{
    columns::from_row,
    conn::{Read, Tx, sql},
    error::Result,
    page::Page,
};

/// A note by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaRow {
    /// Its name.
    pub key: String,
    /// Its text.
    pub value: String,
}

from_row!(MetaRow { key: text, value: text });

impl Tx {
    /// Sets a note.
    pub async fn put_meta(&mut self, key: &str, value: &str) -> Result<()> {
        let statement = sql("-- put_meta
            INSERT INTO node_meta (key, value) VALUES ($1, $2)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value");
        self.execute(statement.bind(key).bind(value)).await.map(drop)
    }

    /// Sets a note if there is none of that name; whether it did.
    pub async fn init_meta(&mut self, key: &str, value: &str) -> Result<bool> {
        let statement = sql("-- init_meta
            INSERT INTO node_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING");
        Ok(self.execute(statement.bind(key).bind(value)).await? == 1)
    }

    /// Removes a note; whether there was one.
    pub async fn delete_meta(&mut self, key: &str) -> Result<bool> {
        let statement = sql("-- delete_meta\nDELETE FROM node_meta WHERE key = $1").bind(key);
        Ok(self.execute(statement).await? == 1)
    }
}

impl Read {
    /// A note's text.
    pub async fn get_meta(&mut self, key: &str) -> Result<Option<String>> {
        self.find(sql("-- get_meta\nSELECT value FROM node_meta WHERE key = $1").bind(key)).await
    }

    /// All notes, by name.
    pub async fn list_meta(&mut self, page: &Page) -> Result<Vec<MetaRow>> {
        let statement = sql("-- list_meta
            SELECT * FROM node_meta WHERE key > $1 ORDER BY key LIMIT $2");
        self.list(statement.bind(page.after.as_str()).bind(page.rows())).await
    }
}
