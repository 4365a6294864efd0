//! A disk that loses what was never synced, and fails at the call it is told to.
//!
//! Unsynced bytes are kept beside the durable ones. [`SimVfs::crash`] decides for every 512-byte
//! sector that differs whether it reached the disk, did not, or was torn in the middle; and for
//! every directory how many of its last changes, in order, were journaled. All choices come from
//! one seed. Clones share the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_buffer::Buffer;
use parking_lot::Mutex;

use super::memory::{copy_in, copy_out, names_in, take_lock};
use super::{LockError, Vfs, VfsFile};

const SECTOR: usize = 512;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The n-th changing call fails with EIO, later ones succeed.
    Once(u64),
    /// From the n-th changing call on, the disk is full.
    Full(u64),
    /// The n-th changing call and all after it fail: the machine is gone, call `crash`.
    Dead(u64),
    /// The n-th sync fails, later ones claim success.
    Sync(u64),
}

/// A simulated disk.
#[derive(Clone, Debug, Default)]
pub struct SimVfs {
    disk: Arc<Mutex<SimDisk>>,
    locks: Arc<Mutex<BTreeSet<PathBuf>>>,
}

#[derive(Debug, Default)]
struct SimDisk {
    files: Vec<SimContent>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// Changes of names since the last sync of their directory, in order.
    journal: Vec<NameChange>,
    calls: u64,
    syncs: u64,
    fault: Option<Fault>,
}

#[derive(Debug, Default)]
struct SimContent {
    now: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Clone, Debug)]
enum NameChange {
    Link(PathBuf, usize),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf),
}

impl NameChange {
    fn directory(&self) -> Option<&Path> {
        match self {
            NameChange::Link(path, _) | NameChange::Unlink(path) | NameChange::Rename(_, path) => {
                path.parent()
            }
        }
    }

    fn apply(self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            NameChange::Link(path, file) => drop(names.insert(path, file)),
            NameChange::Unlink(path) => drop(names.remove(&path)),
            NameChange::Rename(from, to) => {
                if let Some(file) = names.remove(&from) {
                    names.insert(to, file);
                }
            }
        }
    }
}

/// splitmix64: enough randomness for choosing sectors, and the same on every machine.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

impl SimVfs {
    /// Arms a fault; `None` heals the disk. Calls are counted from here.
    pub fn set_fault(&self, fault: Option<Fault>) {
        let mut disk = self.disk.lock();
        (disk.calls, disk.syncs, disk.fault) = (0, 0, fault);
    }

    /// Returns the number of changing calls since the fault was last set.
    pub fn calls(&self) -> u64 {
        self.disk.lock().calls
    }

    /// Cuts the power: what was not synced is lost, kept or torn as `seed` decides. The disk is
    /// healthy afterwards and locks are free.
    pub fn crash(&self, seed: u64) {
        self.disk.lock().crash(seed);
        self.locks.lock().clear();
    }

    /// Returns the names of all files, for tests that look for leftovers.
    pub fn files(&self) -> Vec<PathBuf> {
        self.disk.lock().names.keys().cloned().collect()
    }

    /// Changes one byte of a file behind everybody's back, on the disk too.
    pub fn flip(&self, path: &Path, offset: usize, bits: u8) {
        let mut disk = self.disk.lock();
        let Some(&file) = disk.names.get(path) else { return };
        let content = &mut disk.files[file];
        for bytes in [&mut content.now, &mut content.durable] {
            if let Some(byte) = bytes.get_mut(offset) {
                *byte ^= bits;
            }
        }
    }
}

impl SimDisk {
    fn crash(&mut self, mut seed: u64) {
        self.fault = None;
        let mut lost = BTreeSet::new();
        for change in std::mem::take(&mut self.journal) {
            let directory = change.directory().map(Path::to_owned);
            if lost.contains(&directory) {
                continue;
            }
            if next_random(&mut seed).is_multiple_of(4) {
                lost.insert(directory);
                continue;
            }
            change.apply(&mut self.durable_names);
        }
        self.names = self.durable_names.clone();
        for content in &mut self.files {
            content.crash(&mut seed);
        }
    }

    /// Counts a changing call and fails it if it is the one.
    fn change(&mut self) -> io::Result<()> {
        let call = self.calls;
        self.calls += 1;
        match self.fault {
            Some(Fault::Once(at)) if call == at => Err(io::Error::from_raw_os_error(5)),
            Some(Fault::Dead(from)) if call >= from => Err(io::Error::from_raw_os_error(5)),
            Some(Fault::Full(from)) if call >= from => Err(io::ErrorKind::StorageFull.into()),
            Some(_) | None => Ok(()),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let sync = self.syncs;
        self.syncs += 1;
        if self.fault == Some(Fault::Sync(sync)) {
            return Err(io::Error::from_raw_os_error(5));
        }
        match self.fault {
            // A full disk can still sync what it has.
            Some(Fault::Full(_)) => Ok(()),
            Some(Fault::Once(_) | Fault::Dead(_) | Fault::Sync(_)) | None => self.change(),
        }
    }

    fn rename_now(&mut self, change: NameChange) {
        change.clone().apply(&mut self.names);
        self.journal.push(change);
    }
}

impl SimContent {
    fn crash(&mut self, seed: &mut u64) {
        let length = match next_random(seed) % 2 {
            0 => self.now.len(),
            _ => self.durable.len(),
        };
        let mut survived = self.durable.clone();
        survived.resize(length, 0);
        for (old, new) in survived.chunks_mut(SECTOR).zip(self.now.chunks(SECTOR)) {
            let shared = old.len().min(new.len());
            let kept = match next_random(seed) % 4 {
                0 => 0,
                1 => next_random(seed) as usize % (shared + 1),
                _ => shared,
            };
            old[..kept].copy_from_slice(&new[..kept]);
        }
        self.now = survived.clone();
        self.durable = survived;
    }
}

impl Vfs for SimVfs {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn VfsFile>> {
        let mut disk = self.disk.lock();
        let file = if create {
            disk.change()?;
            disk.files.push(SimContent::default());
            let file = disk.files.len() - 1;
            disk.rename_now(NameChange::Link(path.to_owned(), file));
            file
        } else {
            *disk.names.get(path).ok_or(io::ErrorKind::NotFound)?
        };
        Ok(Arc::new(SimFile { disk: Arc::clone(&self.disk), file }))
    }

    fn map(&self, path: &Path) -> io::Result<Buffer> {
        let disk = self.disk.lock();
        let file = *disk.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Buffer::from(disk.files[file].now.clone()))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk.lock();
        disk.change()?;
        if !disk.names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        disk.rename_now(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk.lock();
        disk.change()?;
        if !disk.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        disk.rename_now(NameChange::Unlink(path.to_owned()));
        Ok(())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        Ok(names_in(self.disk.lock().names.keys(), directory))
    }

    fn create_dir(&self, _directory: &Path) -> io::Result<()> {
        self.disk.lock().change()
    }

    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        let mut disk = self.disk.lock();
        disk.sync()?;
        let (synced, rest) = std::mem::take(&mut disk.journal)
            .into_iter()
            .partition(|change: &NameChange| change.directory() == Some(directory));
        disk.journal = rest;
        for change in Vec::from_iter::<Vec<NameChange>>(synced) {
            change.apply(&mut disk.durable_names);
        }
        Ok(())
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn Debug + Send + Sync>, LockError> {
        take_lock(&self.locks, path)
    }
}

#[derive(Debug)]
struct SimFile {
    disk: Arc<Mutex<SimDisk>>,
    file: usize,
}

impl VfsFile for SimFile {
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        copy_out(&self.disk.lock().files[self.file].now, offset, bytes)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.disk.lock();
        if let Err(error) = disk.change() {
            // A failing write may have written a part: the worst case is tried, half of it.
            let half = &bytes[..bytes.len() / 2];
            copy_in(&mut disk.files[self.file].now, offset, half)?;
            return Err(error);
        }
        copy_in(&mut disk.files[self.file].now, offset, bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.disk.lock();
        disk.sync()?;
        let content = &mut disk.files[self.file];
        content.durable = content.now.clone();
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.lock().files[self.file].now.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synced_bytes_and_names_survive_every_crash() {
        for seed in 0..200 {
            let vfs = SimVfs::default();
            let file = vfs.open(Path::new("d/a"), true).unwrap();
            file.write_at(0, &[1; 2000]).unwrap();
            file.sync_data().unwrap();
            vfs.sync_dir(Path::new("d")).unwrap();
            file.write_at(0, &[2; 3000]).unwrap();
            vfs.open(Path::new("d/b"), true).unwrap();
            vfs.crash(seed);
            let bytes = vfs.map(Path::new("d/a")).unwrap();
            assert!(bytes.len() == 2000 || bytes.len() == 3000);
            assert!(bytes[..2000].iter().all(|&byte| byte == 1 || byte == 2));
        }
    }

    #[test]
    fn unsynced_bytes_and_names_are_sometimes_lost() {
        let outcomes: BTreeSet<(bool, bool)> = (0..100)
            .map(|seed| {
                let vfs = SimVfs::default();
                let file = vfs.open(Path::new("d/a"), true).unwrap();
                vfs.sync_dir(Path::new("d")).unwrap();
                file.write_at(0, &[7; 512]).unwrap();
                vfs.open(Path::new("d/b"), true).unwrap();
                vfs.crash(seed);
                let bytes = vfs.map(Path::new("d/a")).unwrap();
                (*bytes == [7; 512], vfs.files().len() == 2)
            })
            .collect();
        assert_eq!(outcomes.len(), 4, "each kept and each lost");
    }

    #[test]
    fn the_named_call_fails_and_a_dead_disk_stays_dead() {
        let vfs = SimVfs::default();
        let file = vfs.open(Path::new("d/a"), true).unwrap();
        vfs.set_fault(Some(Fault::Once(1)));
        assert!(file.write_at(0, b"x").is_ok());
        assert!(file.sync_data().is_err());
        assert!(file.sync_data().is_ok());
        vfs.set_fault(Some(Fault::Dead(0)));
        assert!(file.write_at(0, b"x").is_err());
        assert!(file.sync_data().is_err());
    }
}
