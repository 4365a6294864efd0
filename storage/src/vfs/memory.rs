//! Files that live in memory and end with the process: the store of an in-memory database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_buffer::Buffer;
use parking_lot::{Mutex, RwLock};

use super::{LockError, Vfs, VfsFile};

/// Files in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemVfs {
    files: Arc<Mutex<BTreeMap<PathBuf, Arc<MemFile>>>>,
    locks: Arc<Mutex<BTreeSet<PathBuf>>>,
}

#[derive(Debug, Default)]
struct MemFile(RwLock<Vec<u8>>);

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl MemVfs {
    fn file(&self, path: &Path) -> io::Result<Arc<MemFile>> {
        self.files.lock().get(path).cloned().ok_or_else(not_found)
    }
}

impl Vfs for MemVfs {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn VfsFile>> {
        if !create {
            return Ok(self.file(path)?);
        }
        let file = Arc::new(MemFile::default());
        self.files.lock().insert(path.to_owned(), Arc::clone(&file));
        Ok(file)
    }

    fn map(&self, path: &Path) -> io::Result<Buffer> {
        Ok(Buffer::from(self.file(path)?.0.read().clone()))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.files.lock();
        let file = files.remove(from).ok_or_else(not_found)?;
        files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files.lock().remove(path).map(drop).ok_or_else(not_found)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        Ok(names_in(self.files.lock().keys(), directory))
    }

    fn create_dir(&self, _directory: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _directory: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn Debug + Send + Sync>, LockError> {
        take_lock(&self.locks, path)
    }
}

/// Takes a lock among the users of one in-process file system.
pub(super) fn take_lock(
    locks: &Arc<Mutex<BTreeSet<PathBuf>>>,
    path: &Path,
) -> Result<Box<dyn Debug + Send + Sync>, LockError> {
    if !locks.lock().insert(path.to_owned()) {
        return Err(LockError::Held(Some(std::process::id())));
    }
    Ok(Box::new(MemLock { locks: Arc::clone(locks), path: path.to_owned() }))
}

/// Returns the first components below `directory`, sorted and once each.
pub(super) fn names_in<'a>(
    paths: impl Iterator<Item = &'a PathBuf>,
    directory: &Path,
) -> Vec<String> {
    let names: BTreeSet<String> = paths
        .filter_map(|path| path.strip_prefix(directory).ok()?.components().next())
        .map(|name| name.as_os_str().to_string_lossy().into_owned())
        .collect();
    names.into_iter().collect()
}

#[derive(Debug)]
struct MemLock {
    locks: Arc<Mutex<BTreeSet<PathBuf>>>,
    path: PathBuf,
}

impl Drop for MemLock {
    fn drop(&mut self) {
        self.locks.lock().remove(&self.path);
    }
}

impl VfsFile for MemFile {
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        copy_out(&self.0.read(), offset, bytes)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        copy_in(&mut self.0.write(), offset, bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.read().len() as u64)
    }
}

fn position(offset: u64, length: usize) -> io::Result<(usize, usize)> {
    let start = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let end = start.checked_add(length).ok_or(io::ErrorKind::FileTooLarge)?;
    Ok((start, end))
}

/// Fills `bytes` from a file's content.
pub(super) fn copy_out(content: &[u8], offset: u64, bytes: &mut [u8]) -> io::Result<()> {
    let (start, end) = position(offset, bytes.len())?;
    let source = content.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?;
    bytes.copy_from_slice(source);
    Ok(())
}

/// Writes `bytes` into a file's content, with zeros in a gap.
pub(super) fn copy_in(content: &mut Vec<u8>, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let (start, end) = position(offset, bytes.len())?;
    if content.len() < end {
        content.resize(end, 0);
    }
    content[start..end].copy_from_slice(bytes);
    Ok(())
}
