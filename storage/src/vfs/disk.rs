//! A database's directory on a [`Vfs`]: relative names, and errors that say which file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_buffer::Buffer;

use super::{Vfs, VfsFile};
use crate::error::{Error, IoOp, Result};

/// The directory of one database.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    vfs: Arc<dyn Vfs>,
    root: PathBuf,
}

impl Disk {
    pub(crate) fn new(vfs: Arc<dyn Vfs>, root: &Path) -> Disk {
        Disk { vfs, root: root.to_owned() }
    }

    pub(crate) fn vfs(&self) -> &dyn Vfs {
        &*self.vfs
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the full path of a name in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn create(&self, name: &str) -> Result<DiskFile> {
        self.open_as(name, true)
    }

    pub(crate) fn open(&self, name: &str) -> Result<DiskFile> {
        self.open_as(name, false)
    }

    fn open_as(&self, name: &str, create: bool) -> Result<DiskFile> {
        let path = self.path(name);
        match self.vfs.open(&path, create) {
            Ok(file) => Ok(DiskFile { file, path }),
            Err(error) => Err(Error::io(path, IoOp::Open, error)),
        }
    }

    pub(crate) fn map(&self, name: &str) -> Result<Buffer> {
        let path = self.path(name);
        self.vfs.map(&path).map_err(|error| Error::io(path, IoOp::Read, error))
    }

    /// Returns the whole content of a small file; `None` if it is not there.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match self.open(name) {
            Ok(file) => file.read_all().map(Some),
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn rename(&self, from: &str, to: &str) -> Result<()> {
        let path = self.path(to);
        let done = self.vfs.rename(&self.path(from), &path);
        done.map_err(|error| Error::io(path, IoOp::Rename, error))
    }

    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        self.vfs.remove(&path).map_err(|error| Error::io(path, IoOp::Remove, error))
    }

    pub(crate) fn list(&self, directory: &str) -> Result<Vec<String>> {
        let path = self.path(directory);
        self.vfs.list(&path).map_err(|error| Error::io(path, IoOp::List, error))
    }

    pub(crate) fn create_dir(&self, directory: &str) -> Result<()> {
        let path = self.path(directory);
        self.vfs.create_dir(&path).map_err(|error| Error::io(path, IoOp::Open, error))
    }

    pub(crate) fn sync_dir(&self, directory: &str) -> Result<()> {
        let path = self.path(directory);
        self.vfs.sync_dir(&path).map_err(|error| Error::io(path, IoOp::Sync, error))
    }
}

/// An open file that names itself in errors.
#[derive(Clone, Debug)]
pub(crate) struct DiskFile {
    file: Arc<dyn VfsFile>,
    path: PathBuf,
}

impl DiskFile {
    pub(crate) fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.file.write_at(offset, bytes).map_err(|error| self.error(IoOp::Write, error))
    }

    pub(crate) fn sync_data(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| self.error(IoOp::Sync, error))
    }

    pub(crate) fn read_all(&self) -> Result<Vec<u8>> {
        let length = self.file.len().map_err(|error| self.error(IoOp::Read, error))?;
        let length = usize::try_from(length)
            .map_err(|_| self.error(IoOp::Read, io::ErrorKind::FileTooLarge.into()))?;
        let mut bytes = vec![0; length];
        self.file.read_at(0, &mut bytes).map_err(|error| self.error(IoOp::Read, error))?;
        Ok(bytes)
    }

    fn error(&self, op: IoOp, source: io::Error) -> Error {
        Error::io(self.path.clone(), op, source)
    }
}
