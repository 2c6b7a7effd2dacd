//! PostgreSQL for tests: a database of the test's own on the server that is given, or a server of its own that can crash.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tempfile::TempDir;

use crate::needs::needed;
use crate::process::free_port;

/// A database that nobody else uses.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Makes one; nothing, with a word, where there is no server ([`crate::network::postgres`]).
    pub async fn create(test: &str) -> Option<Database> {
        let server = crate::network::postgres(test)?;
        let database = Database { server, name: format!("it_{:016x}", rand::random::<u64>()) };
        run(&database.server, format!("CREATE DATABASE {}", database.name)).await;
        Some(database)
    }

    /// Its address: the server's, with the last segment of the path replaced.
    ///
    /// # Panics
    /// Where the server's address names no database.
    pub fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    /// Removes it, whoever is still connected.
    pub async fn end(self) {
        run(&self.server, format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)).await;
    }
}

async fn run(server: &str, statement: String) {
    let mut connection = sqlx::postgres::PgConnection::connect(server).await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.unwrap();
    connection.close().await.unwrap();
}

/// A server of the test's own, on a free port of loopback; it ends with this value.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes a cluster and starts it; nothing, with a word, where PostgreSQL's programs are not installed.
    ///
    /// # Panics
    /// Where they are needed (`WEIR_REQUIRE=all`) and not there, or do not do what they are told.
    pub fn start(test: &str) -> Option<Cluster> {
        let programs = needed(test, "`initdb` of PostgreSQL", programs())?;
        let cluster = Cluster { folder: tempfile::tempdir().unwrap(), programs, port: free_port() };
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(cluster.folder.path(), open).unwrap();
        let data = cluster.data();
        std::fs::create_dir(&data).unwrap();
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(&data));
        }
        let (user, text) = ("--username=weir", "--encoding=UTF8");
        cluster.program("initdb", &["--auth=trust", user, text, "--locale=C"]);
        cluster.start_again();
        Some(cluster)
    }

    /// Where its database is.
    pub fn url(&self) -> String {
        format!("postgres://weir@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends it without a word to anybody: what was not in its log on disk is gone.
    pub fn crash(&self) {
        self.program("pg_ctl", &["--mode=immediate", "--silent", "stop"]);
    }

    /// Starts it on what its folder holds.
    pub fn start_again(&self) {
        let settings = format!("-p {} -c listen_addresses=127.0.0.1 -k '' -c max_connections=100", self.port);
        let log = self.data().join("log").display().to_string();
        self.program("pg_ctl", &["--silent", "--wait", "--log", &log, "--options", &settings, "start"]);
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs one of its programs as a user that may: PostgreSQL refuses to be root.
    fn program(&self, name: &str, args: &[&str]) {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        succeed(command.arg("--pgdata").arg(self.data()).args(args).current_dir("/"));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() {
            self.crash();
        }
    }
}

#[track_caller]
fn succeed(command: &mut Command) {
    let status = command.stdout(std::process::Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

/// The folder of the newest PostgreSQL that is installed.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    folders.filter(|folder| folder.join("initdb").is_file()).max()
}

/// Whether files that this process makes belong to root.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|own| own.uid() == 0)
}
