//! The operating system's files.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

use arrow_buffer::Buffer;
use memmap2::Mmap;

use super::{LockError, Vfs, VfsFile};

/// Files of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct StdVfs;

impl Vfs for StdVfs {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn VfsFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(create).truncate(create);
        Ok(Arc::new(PosixFile(options.open(path)?)))
    }

    fn map(&self, path: &Path) -> io::Result<Buffer> {
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Ok(Buffer::from(Vec::<u8>::new()));
        }
        // SAFETY: only files that the engine has finished and synced are mapped. The directory's
        // lock keeps other engines out, and this one never truncates or rewrites such a file.
        let map = unsafe { Mmap::map(&file)? };
        Ok(buffer(map))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    fn create_dir(&self, directory: &Path) -> io::Result<()> {
        if directory.as_os_str().is_empty() || directory.is_dir() {
            return Ok(());
        }
        let parent = directory.parent().unwrap_or(Path::new(""));
        self.create_dir(parent)?;
        match fs::create_dir(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            // A database in a directory that a power cut takes away is lost as a whole.
            Ok(()) | Err(_) => self.sync_dir(parent),
        }
    }

    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        let here = directory.as_os_str().is_empty();
        File::open(if here { Path::new(".") } else { directory })?.sync_all()
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn Debug + Send + Sync>, LockError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held(holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
        }
        file.set_len(0).map_err(LockError::Io)?;
        write!(file, "{}", std::process::id()).map_err(LockError::Io)?;
        Ok(Box::new(PosixLock(file)))
    }
}

/// A lock, let go by name: a process that was forked meanwhile holds a copy of the descriptor until
/// it starts its own program, and would keep the lock for so long if the file were only closed.
#[derive(Debug)]
struct PosixLock(File);

impl Drop for PosixLock {
    fn drop(&mut self) {
        // If it fails, closing the file lets go too.
        drop(self.0.unlock());
    }
}

/// Reads the number that the holder of the lock left; damage there is no reason to fail.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn buffer(map: Mmap) -> Buffer {
    let length = map.len();
    let start = NonNull::new(map.as_ptr().cast_mut()).expect("a map of a non-empty file has bytes");
    // SAFETY: `start` and `length` are the map's own, and the map is kept by the buffer until its
    // last slice is gone.
    unsafe { Buffer::from_custom_allocation(start, length, Arc::new(map)) }
}

#[derive(Debug)]
struct PosixFile(File);

impl VfsFile for PosixFile {
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::{PosixLock, StdVfs};
    use crate::vfs::Vfs;

    #[test]
    fn a_lock_ends_though_a_forked_process_holds_a_copy_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LOCK");
        let file = File::create(&path).unwrap();
        file.try_lock().unwrap();
        let copy = file.try_clone().unwrap();
        drop(PosixLock(file));
        assert!(StdVfs.lock(&path).is_ok());
        drop(copy);
    }
}
