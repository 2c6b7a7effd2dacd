//! Opening a store: the checks that come before the first statement, the lock, the connections, the migrations.

use std::{
    fs::File,
    io::Read as _,
    path::Path,
    str::FromStr as _,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use sqlx::{
    Any, AnyConnection, AssertSqlSafe, Connection as _, Pool,
    any::{AnyConnectOptions, AnyPoolOptions},
};
use tokio::sync::{Mutex, mpsc};

use crate::{
    conn::Backend,
    error::{Result, StoreError},
    lock::LockFile,
    readers::Readers,
    schema,
    store::{Core, Engine, Store},
    url::{StoreUrl, sqlite_driver_url},
    uses_door::UsesDoor,
    wake::Wake,
    writer::{QUEUE_DEPTH, Writer},
};

/// How long a connection may be waited for.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// The first bytes of every SQLite file.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The application id, which stands in the file's head for tools that tell files apart, spells "WEIR".
const WRITER_PRAGMAS: &str = "-- writer_pragmas
PRAGMA busy_timeout = 5000;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA cache_size = -16000;
PRAGMA temp_store = MEMORY;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA application_id = 1464158546;";
/// How a store is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// The schema in PostgreSQL, one per node, so that one database can hold many nodes. Not used elsewhere.
    pub schema: String,
    /// Whether a store that is not there is created.
    pub create: bool,
    /// The most connections that read at once (and, on PostgreSQL, write).
    pub connections: u32,
}

impl Default for StoreOptions {
    /// Schema `weir`, created if missing, 8 connections.
    fn default() -> Self {
        Self { schema: "weir".to_owned(), create: true, connections: 8 }
    }
}

impl Store {
    /// Opens the store, creates or migrates it where needed, and locks it for this process.
    ///
    /// # Errors
    /// Those of [`StoreError`] that name the location: unreachable, not writable, missing, not a store, newer, locked.
    pub async fn open(url: &StoreUrl, options: StoreOptions) -> Result<Self> {
        // Registers the drivers of the `any` connection, once per process; a second time changes nothing.
        sqlx::any::install_default_drivers();
        let location = url.to_string();
        let wake = Arc::new(Wake::default());
        let engine = match url {
            StoreUrl::Sqlite { path } => open_file(path, &location, &options, &wake).await?,
            StoreUrl::SqliteMemory => open_memory(&location, &wake).await?,
            StoreUrl::Postgres { url } => open_postgres(url, &location, &options).await?,
        };
        let core = Arc::new(Core { engine, wake, closed: AtomicBool::new(false), location });
        Ok(Self { uses: UsesDoor::open(Arc::clone(&core)), core })
    }
}

async fn open_file(path: &Path, location: &str, options: &StoreOptions, wake: &Arc<Wake>) -> Result<Engine> {
    if !options.create && !path.exists() {
        return Err(StoreError::Missing { location: location.to_owned() });
    }
    let lock = LockFile::acquire(path).await?;
    check_file(path, location)?;
    let mode = if options.create { "rwc" } else { "rw" };
    let mut conn = connect(&sqlite_driver_url(path, mode)?, location).await?;
    prepare_sqlite(&mut conn, location).await?;
    let readers = Readers::new(sqlite_driver_url(path, "rw")?, location.to_owned(), options.connections);
    Ok(start_writer(conn, Some(lock), Some(readers), wake))
}

async fn open_memory(location: &str, wake: &Arc<Wake>) -> Result<Engine> {
    let mut conn = connect("sqlite::memory:", location).await?;
    prepare_sqlite(&mut conn, location).await?;
    Ok(start_writer(conn, None, None, wake))
}

fn start_writer(
    conn: AnyConnection,
    lock: Option<LockFile>,
    readers: Option<Readers>,
    wake: &Arc<Wake>,
) -> Engine {
    let (writer, queue) = mpsc::channel(QUEUE_DEPTH);
    // The task ends when the last sender, which is the store, is gone.
    tokio::spawn(Writer::new(conn, Arc::clone(wake), lock).serve(queue));
    Engine::Sqlite { writer, readers }
}

/// Looks at the file before the database does, so that nothing of a stranger's file is touched.
pub(crate) fn check_file(path: &Path, location: &str) -> Result<()> {
    let refuse = |source| StoreError::NotWritable { path: path.to_path_buf(), source: Arc::new(source) };
    if !path.exists() {
        return Ok(());
    }
    let file = File::options().read(true).write(true).open(path).map_err(refuse)?;
    let mut head = Vec::new();
    file.take(SQLITE_MAGIC.len() as u64).read_to_end(&mut head).map_err(refuse)?;
    if head.is_empty() || head == SQLITE_MAGIC {
        Ok(())
    } else {
        Err(StoreError::NotAStore { location: location.to_owned() })
    }
}

/// Migrates first, then sets what is kept in the file: a stranger's database is refused unchanged.
async fn prepare_sqlite(conn: &mut AnyConnection, location: &str) -> Result<()> {
    sqlx::raw_sql("-- begin_migration\nBEGIN IMMEDIATE").execute(&mut *conn).await?;
    schema::migrate(conn, Backend::Sqlite, location).await?;
    sqlx::raw_sql("-- commit_migration\nCOMMIT").execute(&mut *conn).await?;
    sqlx::raw_sql(WRITER_PRAGMAS).execute(conn).await?;
    Ok(())
}

pub(crate) async fn connect(url: &str, location: &str) -> Result<AnyConnection> {
    AnyConnection::connect(url)
        .await
        .map_err(|e| StoreError::Unreachable { location: location.to_owned(), source: Arc::new(e) })
}

async fn open_postgres(url: &str, location: &str, options: &StoreOptions) -> Result<Engine> {
    check_schema_name(&options.schema)?;
    let location = format!("{location} (schema {})", options.schema);
    let mut guard = connect(url, &location).await?;
    lock_schema(&mut guard, &location, &options.schema).await?;
    create_schema(&mut guard, &location, options).await?;
    set_schema(&mut guard, &options.schema).await?;
    let epoch = prepare_postgres(&mut guard, &location).await?;
    let pool = postgres_pool(url, options).await?;
    Ok(Engine::Postgres { pool, guard: Mutex::new(Some(guard)), epoch })
}

pub(crate) fn check_schema_name(name: &str) -> Result<()> {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    let rest = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if first && rest && name.len() <= 63 {
        Ok(())
    } else {
        Err(StoreError::SchemaName { name: name.to_owned() })
    }
}

/// Whether nobody holds the lock of [`lock_schema`], found without taking it.
pub(crate) async fn check_schema_free(conn: &mut AnyConnection, location: &str, schema: &str) -> Result<()> {
    // A key of 64 bits stands in two columns, and `objsubid` tells it from two keys of 32.
    let text = "-- find_schema_lock\nSELECT COUNT(*) AS value FROM pg_locks
                WHERE locktype = 'advisory' AND granted AND objsubid = 1
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND (classid::bigint << 32) | objid::bigint = hashtextextended('weir/' || $1, 0)";
    let held: i64 = sqlx::query_scalar(text).bind(schema).fetch_one(conn).await?;
    if held == 0 { Ok(()) } else { Err(locked(location)) }
}

fn locked(location: &str) -> StoreError {
    StoreError::Locked { location: location.to_owned(), holder: "another process".to_owned() }
}

/// The lock ends with the connection. What a process that lost it still writes is stopped by the epoch.
pub(crate) async fn lock_schema(conn: &mut AnyConnection, location: &str, schema: &str) -> Result<()> {
    let text = "-- lock_schema\nSELECT CASE WHEN pg_try_advisory_lock(hashtextextended('weir/' || $1, 0)) \
                THEN 1::bigint ELSE 0::bigint END AS value";
    let taken: i64 = sqlx::query_scalar(text).bind(schema).fetch_one(conn).await?;
    if taken == 1 { Ok(()) } else { Err(locked(location)) }
}

pub(crate) async fn has_schema(conn: &mut AnyConnection, schema: &str) -> Result<bool> {
    let text =
        "-- find_schema\nSELECT COUNT(*) AS value FROM information_schema.schemata WHERE schema_name = $1";
    let found: i64 = sqlx::query_scalar(text).bind(schema).fetch_one(conn).await?;
    Ok(found > 0)
}

async fn create_schema(conn: &mut AnyConnection, location: &str, options: &StoreOptions) -> Result<()> {
    if has_schema(conn, &options.schema).await? {
        return Ok(());
    }
    if !options.create {
        return Err(StoreError::Missing { location: location.to_owned() });
    }
    // The name was checked to be letters, digits and underscores: it cannot carry anything else.
    let text = format!("-- create_schema\nCREATE SCHEMA {}", options.schema);
    sqlx::raw_sql(AssertSqlSafe(text)).execute(conn).await?;
    Ok(())
}

pub(crate) async fn set_schema(conn: &mut AnyConnection, schema: &str) -> Result<(), sqlx::Error> {
    sqlx::query("-- set_schema\nSELECT set_config('search_path', $1, false) AS value")
        .bind(schema)
        .execute(conn)
        .await
        .map(drop)
}

async fn prepare_postgres(conn: &mut AnyConnection, location: &str) -> Result<i64> {
    let mut transaction = conn.begin().await?;
    schema::migrate(&mut transaction, Backend::Postgres, location).await?;
    let epoch = schema::next_epoch(&mut transaction).await?;
    transaction.commit().await?;
    Ok(epoch)
}

async fn postgres_pool(url: &str, options: &StoreOptions) -> Result<Pool<Any>> {
    let schema = options.schema.clone();
    let pool = AnyPoolOptions::new()
        .max_connections(options.connections.max(2))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(move |conn, _| {
            let schema = schema.clone();
            Box::pin(async move { set_schema(conn, &schema).await })
        })
        .connect_lazy_with(AnyConnectOptions::from_str(url)?);
    Ok(pool)
}
