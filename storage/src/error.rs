//! What can go wrong in the store: the world's failures, with the facts that a caller acts on.
//!
//! Broken invariants of our own are panics. A user's mistake never comes this far.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::PathBuf;

use types::{CommitId, TreeId, ValueError};

use crate::scan::request::ScanColumn;

/// The result of a store's operation.
pub type Result<T> = std::result::Result<T, Error>;

/// What was being done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoOp {
    /// Opening or creating it.
    Open,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Waiting for written bytes to be on the disk.
    Sync,
    /// Giving it another name.
    Rename,
    /// Unlinking it.
    Remove,
    /// Listing a directory.
    List,
    /// Taking the directory's lock.
    Lock,
}

impl fmt::Display for IoOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IoOp::Open => "open",
            IoOp::Read => "read",
            IoOp::Write => "write",
            IoOp::Sync => "sync",
            IoOp::Rename => "rename",
            IoOp::Remove => "remove",
            IoOp::List => "list",
            IoOp::Lock => "lock",
        })
    }
}

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another transaction committed a change of this key first; the whole may be tried again.
    #[error("a concurrent transaction changed the same key first")]
    Conflict {
        /// The tree.
        tree: TreeId,
        /// The memcomparable key; empty if the whole tree was closed.
        key: Vec<u8>,
    },
    /// A write to the log failed earlier: nothing is accepted until the store is opened again.
    #[error("the store refuses writes after a failed write to its log; open it again")]
    Poisoned,
    /// The operating system refused.
    #[error("cannot {op} {}", file.display())]
    Io {
        /// The file or directory.
        file: PathBuf,
        /// What was tried.
        op: IoOp,
        /// Why it failed.
        source: io::Error,
    },
    /// No space is left for a write.
    #[error("no space left to {op} {}", file.display())]
    DiskFull {
        /// The file.
        file: PathBuf,
        /// What was tried.
        op: IoOp,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what was written to it.
    #[error("{} is damaged at byte {offset}: expected {expected}, found {found}", file.display())]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// Where in the file.
        offset: u64,
        /// What should be there.
        expected: Cow<'static, str>,
        /// What is there.
        found: Cow<'static, str>,
    },
    /// Another process has the directory open.
    #[error("{} is open in process {}", directory.display(), pid.map_or("unknown".into(), |pid| pid.to_string()))]
    Locked {
        /// The directory.
        directory: PathBuf,
        /// The process, if its number could be read.
        pid: Option<u32>,
    },
    /// The directory holds something, but no database.
    #[error("{} is not a database", directory.display())]
    NotADatabase {
        /// The directory.
        directory: PathBuf,
    },
    /// The directory was written by a newer release.
    #[error("{} has format {found}, this release reads up to {supported}", directory.display())]
    NewerFormat {
        /// The directory.
        directory: PathBuf,
        /// Its format's major number.
        found: u32,
        /// The newest that this release reads.
        supported: u32,
    },
    /// A tree that the store does not have.
    #[error("tree {} does not exist", tree.0)]
    NoTree {
        /// The tree.
        tree: TreeId,
    },
    /// A column that the tree does not have.
    #[error("tree {} has no column {column:?}", tree.0)]
    NoColumn {
        /// The tree.
        tree: TreeId,
        /// The column.
        column: ScanColumn,
    },
    /// A version that a transaction wants to close is not there or not open.
    #[error("the version of tree {} from commit {sys_from} is not open", tree.0)]
    NotOpen {
        /// The tree.
        tree: TreeId,
        /// The commit that wrote the version.
        sys_from: CommitId,
    },
    /// A value does not fit its column.
    #[error(transparent)]
    Value(#[from] ValueError),
}

impl Error {
    /// Sorts a system's error into [`Error::DiskFull`] and [`Error::Io`].
    pub(crate) fn io(file: impl Into<PathBuf>, op: IoOp, source: io::Error) -> Error {
        let file = file.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Error::DiskFull { file, op, source }
            }
            _ => Error::Io { file, op, source },
        }
    }

    /// Returns the same failure again, for each of those whom it met together.
    pub(crate) fn again(&self) -> Error {
        let copy = |source: &io::Error| match source.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => source.kind().into(),
        };
        match self {
            Error::Io { file, op, source } => {
                Error::Io { file: file.clone(), op: *op, source: copy(source) }
            }
            Error::DiskFull { file, op, source } => {
                Error::DiskFull { file: file.clone(), op: *op, source: copy(source) }
            }
            Error::Corrupt { file, offset, expected, found } => {
                Error::corrupt(file.clone(), *offset, expected.clone(), found.clone())
            }
            _ => Error::Poisoned,
        }
    }

    /// Returns the error of a file that holds something else than `expected`.
    pub(crate) fn corrupt(
        file: impl Into<PathBuf>,
        offset: u64,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Error {
        Error::Corrupt { file: file.into(), offset, expected: expected.into(), found: found.into() }
    }
}
