//! A database: the store, its catalog's history, and what all sessions share.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use exec::{Governor, Kernels, Workers};
use ir::{CatalogHistory, TableId};
use parking_lot::RwLock;
use storage::vfs::{MemVfs, StdVfs, Vfs};
use storage::{Clock, StdClock, Store};

use crate::analyze::Analyzed;
use crate::catalog;
use crate::error::{Error, Result};
use crate::options::DatabaseOptions;
use crate::session::Session;
use crate::statement::Outcome;

/// A database. Clones are the same database; the last one to go closes it.
#[derive(Clone)]
pub struct Database {
    pub(crate) shared: Arc<Shared>,
}

/// What the sessions of a database share.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    /// Held for reading while a snapshot is taken and for writing while DDL commits, so that a
    /// snapshot and the catalog it is paired with are of one moment.
    pub(crate) catalogs: RwLock<Arc<CatalogHistory>>,
    pub(crate) next_number: AtomicU32,
    pub(crate) governor: Arc<Governor>,
    pub(crate) workers: Arc<Workers>,
    pub(crate) kernels: Arc<Kernels>,
    /// What ANALYZE has found; kept in memory until the database is closed.
    pub(crate) analyzed: RwLock<HashMap<TableId, Arc<Analyzed>>>,
    pub(crate) options: DatabaseOptions,
}

impl Database {
    /// Opens the database in a directory, or makes one there if the directory is new or empty.
    ///
    /// # Errors
    /// If the directory holds something else, is open in another process, has a newer format, is
    /// damaged, or cannot be read and written.
    pub fn open(path: impl AsRef<Path>) -> Result<Database> {
        Database::open_with(path, DatabaseOptions::default())
    }

    /// Opens a database with options.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open_with(path: impl AsRef<Path>, options: DatabaseOptions) -> Result<Database> {
        Database::start(Arc::new(StdVfs), path.as_ref(), options)
    }

    /// Makes a database in memory; it ends with its last session.
    ///
    /// # Errors
    /// None but broken invariants of ours.
    pub fn in_memory() -> Result<Database> {
        Database::in_memory_with(DatabaseOptions::default())
    }

    /// Makes a database in memory, with options.
    ///
    /// # Errors
    /// As [`Database::in_memory`].
    pub fn in_memory_with(options: DatabaseOptions) -> Result<Database> {
        Database::start(Arc::new(MemVfs::default()), Path::new("memory"), options)
    }

    fn start(vfs: Arc<dyn Vfs>, path: &Path, options: DatabaseOptions) -> Result<Database> {
        let clock: Arc<dyn Clock> = Arc::new(StdClock);
        let store = Store::open(vfs, Arc::clone(&clock), path, options.store());
        let store = store.map_err(Error::store)?;
        let view = store.begin().view();
        let history = catalog::load(&view).map_err(|mistake| Error::of(mistake, ""))?;
        let shared = Shared {
            store,
            clock,
            catalogs: RwLock::new(Arc::new(history.catalogs)),
            next_number: AtomicU32::new(history.next_number),
            governor: Governor::new(options.memory_limit),
            workers: Workers::new(options.threads),
            kernels: Kernels::new(),
            analyzed: RwLock::default(),
            options,
        };
        Ok(Database { shared: Arc::new(shared) })
    }

    /// Returns a new session. Sessions of one database may run on different threads.
    pub fn session(&self) -> Session {
        Session::new(Arc::clone(&self.shared))
    }

    /// Runs one statement in a session of its own.
    ///
    /// # Errors
    /// Whatever the statement does wrong; see [`Error::kind`].
    ///
    /// ```
    /// # fn main() -> spectradb::Result<()> {
    /// let database = spectradb::Database::in_memory()?;
    /// database.sql("CREATE TABLE t (a INT)")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn sql(&self, text: &str) -> Result<Outcome> {
        self.session().sql(text)
    }

    /// Writes what is in memory to files and merges them.
    ///
    /// # Errors
    /// If the store cannot write.
    pub fn vacuum(&self) -> Result<()> {
        self.shared.vacuum().map_err(Error::store)
    }
}

impl Shared {
    pub(crate) fn vacuum(&self) -> storage::Result<()> {
        self.store.flush()?;
        self.store.compact()
    }

    /// Returns a number for a new relation; never given twice.
    pub(crate) fn take_number(&self) -> u32 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }
}
