//! Where the tests run: fresh stores of every kind.

use sqlx::{AnyConnection, Connection as _};
use store::{Store, StoreOptions, StoreUrl};
use tempfile::TempDir;

/// A fresh place for a store.
pub struct Place {
    pub url: StoreUrl,
    pub options: StoreOptions,
    _folder: Option<TempDir>,
}

impl Place {
    pub fn file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The name has what an address must survive: a space, a per cent sign, Chinese.
        let url = StoreUrl::sqlite(folder.path().join("水 100%.db"));
        Self { url, options: StoreOptions::default(), _folder: Some(folder) }
    }

    fn memory() -> Self {
        Self { url: StoreUrl::SqliteMemory, options: StoreOptions::default(), _folder: None }
    }

    /// A schema of its own for the test of that name, or `None` where no server is given.
    pub async fn postgres(test: &str) -> Option<Self> {
        let url = match std::env::var("WEIR_TEST_POSTGRES") {
            Ok(url) => url,
            Err(_) if std::env::var("WEIR_REQUIRE").is_ok_and(|v| v == "all") => {
                panic!("WEIR_REQUIRE=all, but WEIR_TEST_POSTGRES names no server")
            }
            Err(_) => {
                eprintln!("{test}: skipped on PostgreSQL, WEIR_TEST_POSTGRES names no server");
                return None;
            }
        };
        let schema = format!("weir_test_{test}_{}", std::process::id());
        let options = StoreOptions { schema, ..StoreOptions::default() };
        let place = Self { url: url.parse().unwrap(), options, _folder: None };
        place.clean().await;
        Some(place)
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.url, self.options.clone()).await.unwrap()
    }

    /// A connection that goes around the store.
    pub async fn connect(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        match &self.url {
            StoreUrl::Postgres { url } => {
                let mut conn = AnyConnection::connect(url).await.unwrap();
                sqlx::query("SELECT set_config('search_path', $1, false) AS value")
                    .bind(self.options.schema.as_str())
                    .execute(&mut conn)
                    .await
                    .unwrap();
                conn
            }
            StoreUrl::Sqlite { path } => {
                let encoded = path.to_str().unwrap().replace('%', "%25").replace(' ', "%20");
                AnyConnection::connect(&format!("sqlite://{encoded}?mode=rwc")).await.unwrap()
            }
            StoreUrl::SqliteMemory => panic!("a store in memory has no other door"),
        }
    }

    pub async fn execute(&self, text: &str) {
        let mut conn = self.connect().await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(text.to_owned())).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }

    async fn clean(&self) {
        if let StoreUrl::Postgres { .. } = self.url {
            self.execute(&format!("DROP SCHEMA IF EXISTS {} CASCADE", self.options.schema)).await;
        }
    }

    /// Ends the test: closes the store and leaves nothing behind.
    pub async fn end(self, store: Store) {
        store.close().await;
        self.clean().await;
    }
}

/// Fresh places of every kind; the test's name must be unique.
pub async fn places(test: &str) -> Vec<Place> {
    let mut all = vec![Place::file(), Place::memory()];
    all.extend(Place::postgres(test).await);
    all
}

/// Those whose state outlives the store.
pub async fn lasting_places(test: &str) -> Vec<Place> {
    let mut all = vec![Place::file()];
    all.extend(Place::postgres(test).await);
    all
}

/// Runs a step: `step!(store, |tx, row| tx.put(&row).await)`; what stands after `tx` is cloned into each run.
macro_rules! step {
    ($store:expr, |$tx:ident $(, $given:ident)*| $body:expr) => {{
        $(let $given = $given.clone();)*
        $store
            .run_tx::<_, store::StoreError, _>("test", move |$tx| {
                $(let $given = $given.clone();)*
                Box::pin(async move { $body })
            })
            .await
    }};
}
pub(crate) use step;

/// Reads a snapshot, as `step!`.
macro_rules! look {
    ($store:expr, |$read:ident $(, $given:ident)*| $body:expr) => {{
        $(let $given = $given.clone();)*
        $store
            .read::<_, store::StoreError, _>("test", move |$read| {
                $(let $given = $given.clone();)*
                Box::pin(async move { $body })
            })
            .await
            .unwrap()
    }};
}
pub(crate) use look;
