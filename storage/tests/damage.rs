//! What the store says of damage: a log's torn end is cut, damage before it is refused by name, and a
//! directory that is no database of ours is left as it is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use spectradb_storage::vfs::{Fault, SimVfs, StdVfs, Vfs};
use spectradb_storage::{
    CommitMeta, Durability, Error, KeyColumn, ManualClock, ReadPoint, ScanColumn, Store,
    StoreOptions, TreeColumn, TreeSchema,
};
use types::{ColumnId, CommitId, DataType, Period, TreeId, Value};

const TREE: TreeId = TreeId(1);
/// Rows up to this one are small, so that a sector of the log holds more than one commit; the others
/// are large, so that the log soon fills a segment.
const SMALL_TO: i64 = 30;

fn schema() -> TreeSchema {
    let column = |id, ty| TreeColumn { id: ColumnId(id), ty, nullable: false };
    TreeSchema {
        id: TREE,
        columns: vec![column(0, DataType::Int64), column(1, DataType::TEXT)],
        key: vec![KeyColumn { column: ColumnId(0), descending: false }],
    }
}

fn open(vfs: &dyn ToVfs, path: &Path, durability: Durability) -> Result<Store, Error> {
    let options = StoreOptions { durability, background: false, ..StoreOptions::default() };
    Store::open(vfs.to_vfs(), Arc::new(ManualClock::new(1)), path, options)
}

trait ToVfs {
    fn to_vfs(&self) -> Arc<dyn Vfs>;
}

impl ToVfs for SimVfs {
    fn to_vfs(&self) -> Arc<dyn Vfs> {
        Arc::new(self.clone())
    }
}

impl ToVfs for StdVfs {
    fn to_vfs(&self) -> Arc<dyn Vfs> {
        Arc::new(*self)
    }
}

fn text_of(key: i64) -> String {
    let letter = char::from(b'a' + (key % 26) as u8);
    std::iter::repeat_n(letter, if key <= SMALL_TO { 150 } else { 6_000 }).collect()
}

/// The tree in commit 1, then one row a commit: commit `n` holds row `n`.
fn fill(store: &Store, to: u64) {
    for commit in store.latest().0 + 1..=to {
        let mut transaction = store.begin();
        if commit == 1 {
            transaction.create_tree(schema());
        } else {
            let key = commit as i64;
            let row = [Value::Int64(key), Value::text(text_of(key))];
            transaction.put(TREE, &row, Period::ALWAYS).unwrap();
        }
        assert_eq!(transaction.commit(&CommitMeta::default()).unwrap().unwrap().id.0, commit);
    }
}

/// Every commit up to the newest is there as a whole, and nothing of a later one.
fn check(store: &Store) -> u64 {
    let view = store.snapshot();
    let latest = store.latest().0;
    for commit in 2..latest + 3 {
        let key = [Value::Int64(commit as i64)];
        let columns = [ScanColumn::Stored(ColumnId(1)), ScanColumn::CommitFrom];
        let found = match view.get(TREE, &key, &columns, ReadPoint::as_of(view.commit())) {
            Err(Error::NoTree { .. }) if latest == 0 => Vec::new(),
            found => found.unwrap(),
        };
        let wanted = vec![Value::text(text_of(commit as i64)), Value::Int64(commit as i64)];
        let wanted = if commit <= latest { vec![wanted] } else { Vec::new() };
        assert_eq!(found, wanted, "commit {commit} of {latest}");
    }
    latest
}

fn logs(vfs: &SimVfs) -> Vec<PathBuf> {
    let mut logs = vfs.files();
    logs.retain(|file| file.starts_with("db/wal"));
    logs
}

fn used(vfs: &SimVfs, log: &Path) -> usize {
    let bytes = vfs.map(log).unwrap();
    bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1)
}

#[test]
fn what_was_not_synced_is_lost_from_the_end_and_never_in_part() {
    let mut kept = Vec::new();
    for seed in 0..60 {
        let vfs = SimVfs::default();
        let store = open(&vfs, Path::new("db"), Durability::Os).unwrap();
        fill(&store, 30);
        drop(store);
        vfs.crash(seed);
        let store = open(&vfs, Path::new("db"), Durability::Sync).unwrap();
        kept.push(check(&store));
        // What is written after a torn tail must survive the next crash.
        let to = store.latest().0 + 3;
        fill(&store, to);
        drop(store);
        vfs.crash(seed + 1_000);
        let store = open(&vfs, Path::new("db"), Durability::Sync).unwrap();
        assert_eq!(check(&store), to);
    }
    assert!(kept.iter().any(|&kept| kept < 30), "some crash lost the end: {kept:?}");
    assert!(kept.iter().any(|&kept| kept > 3), "some crash kept a part: {kept:?}");
}

#[test]
fn damage_before_the_end_of_the_log_is_refused_and_named() {
    let vfs = SimVfs::default();
    let store = open(&vfs, Path::new("db"), Durability::Sync).unwrap();
    fill(&store, 120);
    store.close().unwrap();
    let segments = logs(&vfs);
    assert!(segments.len() >= 2, "the log spans segments: {segments:?}");
    let mut refused = 0;
    for log in &segments {
        let used = used(&vfs, log);
        for offset in (0..used).step_by(used / 40 + 1).chain([used - 1]) {
            vfs.flip(log, offset, 0x10);
            match open(&vfs, Path::new("db"), Durability::Sync) {
                Err(Error::Corrupt { file, .. }) => {
                    assert_eq!(&file, log, "byte {offset}");
                    refused += 1;
                }
                Err(error) => panic!("{} byte {offset}: {error}", log.display()),
                // Bytes that only fill a frame up to its alignment mean nothing.
                Ok(store) => {
                    assert_eq!(check(&store), 120, "{} byte {offset}", log.display());
                    store.close().unwrap();
                }
            }
            vfs.flip(log, offset, 0x10);
        }
    }
    assert!(refused > 60, "{refused} refusals");
    let store = open(&vfs, Path::new("db"), Durability::Sync).unwrap();
    assert_eq!(check(&store), 120);
}

#[test]
fn a_commit_that_found_the_disk_full_can_be_tried_again() {
    let vfs = SimVfs::default();
    let store = open(&vfs, Path::new("db"), Durability::Sync).unwrap();
    fill(&store, 10);
    let large = || {
        let mut transaction = store.begin();
        let row = [Value::Int64(500), Value::text("x".repeat(300_000))];
        transaction.put(TREE, &row, Period::ALWAYS).unwrap();
        transaction.commit(&CommitMeta::default())
    };
    vfs.set_fault(Some(Fault::Full(0)));
    for _ in 0..2 {
        let refused = large();
        assert!(matches!(refused, Err(Error::DiskFull { .. })), "{refused:?}");
    }
    vfs.set_fault(None);
    assert_eq!(large().unwrap().unwrap().id, CommitId(11));
    drop(store);
    vfs.crash(3);
    let store = open(&vfs, Path::new("db"), Durability::Sync).unwrap();
    assert_eq!(store.latest(), CommitId(11));
}

#[test]
fn a_missing_segment_of_the_log_is_refused() {
    let vfs = SimVfs::default();
    let store = open(&vfs, Path::new("db"), Durability::Sync).unwrap();
    fill(&store, 120);
    drop(store);
    let oldest = logs(&vfs).remove(0);
    vfs.remove(&oldest).unwrap();
    let opened = open(&vfs, Path::new("db"), Durability::Sync);
    assert!(matches!(opened, Err(Error::Corrupt { .. })), "{opened:?}");
}

#[test]
fn damage_to_runs_and_manifest_is_found_and_never_read_as_rows() {
    let vfs = SimVfs::default();
    let store = open(&vfs, Path::new("db"), Durability::Sync).unwrap();
    fill(&store, 40);
    store.compact().unwrap();
    store.close().unwrap();
    let mut found = 0;
    for seed in 0..40 {
        let mut files = vfs.files();
        files.retain(|file| file.starts_with("db/data") || file.starts_with("db/CURRENT"));
        files.extend(vfs.files().into_iter().filter(|file| {
            file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("manifest-"))
        }));
        let file = &files[seed % files.len()];
        let length = vfs.map(file).unwrap().len();
        let offset = seed * 7_919 % length;
        vfs.flip(file, offset, 0x01);
        match open(&vfs, Path::new("db"), Durability::Sync) {
            Err(Error::Corrupt { .. } | Error::NewerFormat { .. }) => found += 1,
            Err(error) => panic!("{} byte {offset}: {error}", file.display()),
            Ok(store) => {
                let view = store.snapshot();
                let point = ReadPoint::as_of(view.commit());
                for key in 2..=40 {
                    let columns = [ScanColumn::Stored(ColumnId(1))];
                    match view.get(TREE, &[Value::Int64(key)], &columns, point) {
                        Ok(rows) => assert_eq!(rows, [[Value::text(text_of(key))]]),
                        Err(Error::Corrupt { .. }) => found += 1,
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        }
        vfs.flip(file, offset, 0x01);
    }
    assert!(found > 10, "{found} found");
}

#[test]
fn a_directory_of_something_else_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let stranger = directory.path().join("thesis.txt");
    std::fs::write(&stranger, "twenty years of work").unwrap();
    let opened = open(&StdVfs, directory.path(), Durability::Sync);
    assert!(matches!(opened, Err(Error::NotADatabase { .. })), "{opened:?}");
    let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing was made there");
    assert_eq!(std::fs::read_to_string(&stranger).unwrap(), "twenty years of work");
}

#[test]
fn a_newer_format_is_refused_as_such() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/database");
    open(&StdVfs, &path, Durability::Sync).unwrap().close().unwrap();
    let text = "spectradb 9\nmanifest-0000000000000001\n";
    let text = format!("{text}{:08x}\n", crc32fast::hash(text.as_bytes()));
    std::fs::write(path.join("CURRENT"), text).unwrap();
    let opened = open(&StdVfs, &path, Durability::Sync);
    assert!(matches!(opened, Err(Error::NewerFormat { found: 9, .. })), "{opened:?}");
}

#[test]
fn files_of_the_system_are_locked_once_and_hold_what_was_closed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/database");
    let store = open(&StdVfs, &path, Durability::Sync).unwrap();
    let second = open(&StdVfs, &path, Durability::Sync);
    let own = std::process::id();
    assert!(matches!(second, Err(Error::Locked { pid: Some(pid), .. }) if pid == own));
    fill(&store, 10);
    store.flush().unwrap();
    fill(&store, 20);
    store.compact().unwrap();
    fill(&store, 30);
    let late = store.begin();
    store.close().unwrap();
    let locked = open(&StdVfs, &path, Durability::Sync);
    assert!(matches!(locked, Err(Error::Locked { .. })), "a transaction still holds the store");
    drop(late);
    let store = open(&StdVfs, &path, Durability::Sync).unwrap();
    assert_eq!(check(&store), 30);
    assert_eq!(store.commit_time(CommitId(31)), None);
}

#[test]
fn without_a_log_a_clean_close_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&StdVfs, directory.path(), Durability::None).unwrap();
    fill(&store, 25);
    store.close().unwrap();
    let store = open(&StdVfs, directory.path(), Durability::Sync).unwrap();
    assert_eq!(check(&store), 25);
    fill(&store, 35);
    drop(store);
    let store = open(&StdVfs, directory.path(), Durability::None).unwrap();
    assert_eq!(check(&store), 35);
    fill(&store, 40);
    store.close().unwrap();
    assert_eq!(check(&open(&StdVfs, directory.path(), Durability::Sync).unwrap()), 40);
}

#[test]
fn the_log_of_a_large_load_goes_with_its_flush() {
    let vfs = SimVfs::default();
    let store = open(&vfs, Path::new("db"), Durability::Sync).unwrap();
    fill(&store, 120);
    let bytes =
        |vfs: &SimVfs| -> usize { logs(vfs).iter().map(|log| vfs.map(log).unwrap().len()).sum() };
    assert!(bytes(&vfs) > 500_000, "{} bytes", bytes(&vfs));
    store.flush().unwrap();
    assert!(bytes(&vfs) < 300_000, "{} bytes", bytes(&vfs));
    fill(&store, 130);
    drop(store);
    vfs.crash(1);
    let store = open(&vfs, Path::new("db"), Durability::Sync).unwrap();
    assert_eq!(check(&store), 130);
}
