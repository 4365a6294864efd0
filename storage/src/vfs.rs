//! The seam to files: everything that the engine keeps goes through a [`Vfs`].
//!
//! [`StdVfs`] is the operating system, [`MemVfs`] holds files in memory (in-memory databases), and
//! [`SimVfs`] is a disk that loses what was not synced and fails on command. The contract is
//! POSIX's: written bytes survive a power cut after `sync_data` of their file, a created, renamed
//! or removed name after `sync_dir` of its directory. Files that are mapped never change.

mod disk;
mod memory;
mod posix;
mod simulated;

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

use arrow_buffer::Buffer;

pub(crate) use disk::{Disk, DiskFile};
pub use memory::MemVfs;
pub use posix::StdVfs;
pub use simulated::{Fault, SimVfs};

/// A file system.
pub trait Vfs: Debug + Send + Sync {
    /// Opens a file for reading and writing; `create` makes an empty one, in place of an old one.
    ///
    /// # Errors
    /// Whatever the system says; `NotFound` without `create`.
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn VfsFile>>;

    /// Returns the bytes of a file that will never change again, mapped where possible.
    ///
    /// # Errors
    /// Whatever the system says.
    fn map(&self, path: &Path) -> io::Result<Buffer>;

    /// Gives a file another name in the same directory, replacing what had it.
    ///
    /// # Errors
    /// Whatever the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Unlinks a file.
    ///
    /// # Errors
    /// Whatever the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Returns the names in a directory, sorted; none if there is no such directory.
    ///
    /// # Errors
    /// Whatever the system says.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// Makes a directory and its parents, durably; not an error if it is there.
    ///
    /// # Errors
    /// Whatever the system says.
    fn create_dir(&self, directory: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// Whatever the system says.
    fn sync_dir(&self, directory: &Path) -> io::Result<()>;

    /// Takes the lock of a lock file for as long as the result lives.
    ///
    /// # Errors
    /// [`LockError`]: held by another, or whatever the system says.
    fn lock(&self, path: &Path) -> Result<Box<dyn Debug + Send + Sync>, LockError>;
}

/// An open file.
#[expect(clippy::len_without_is_empty, reason = "nobody asks whether a file is empty")]
pub trait VfsFile: Debug + Send + Sync {
    /// Fills `bytes` from `offset`.
    ///
    /// # Errors
    /// `UnexpectedEof` past the end, or whatever the system says.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`, extending the file as needed.
    ///
    /// # Errors
    /// Whatever the system says; some of the bytes may then be written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns when everything written is on the disk.
    ///
    /// # Errors
    /// Whatever the system says; it is then unknown what is on the disk.
    fn sync_data(&self) -> io::Result<()>;

    /// Returns the length in bytes.
    ///
    /// # Errors
    /// Whatever the system says.
    fn len(&self) -> io::Result<u64>;
}

/// Why a lock was not taken.
#[derive(Debug)]
pub enum LockError {
    /// Another process holds it, with this number if it could be read.
    Held(Option<u32>),
    /// The system refused.
    Io(io::Error),
}
