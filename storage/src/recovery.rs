//! Opening: the lock, the state that the manifest names, and the log replayed over it.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use types::{CommitId, row};

use crate::clock::Clock;
use crate::commit::{Change, Sequencer};
use crate::engine::Engine;
use crate::error::{Error, IoOp, Result};
use crate::memtable::Memtable;
use crate::options::{Durability, StoreOptions};
use crate::schema::{COMMITS, commits_schema};
use crate::version::{TreeVersion, Trees, Version};
use crate::vfs::{Disk, LockError, Vfs};
use crate::wal::record::Record;
use crate::wal::replay::{LoggedCommit, replay};
use crate::wal::{WAL_DIRECTORY, Wal, segment_name};

const LOCK_FILE: &str = "LOCK";

type Lock = Box<dyn Debug + Send + Sync>;

/// Opens the directory and returns an engine at its last commit.
pub(crate) fn open(
    vfs: Arc<dyn Vfs>,
    clock: Arc<dyn Clock>,
    path: &Path,
    options: StoreOptions,
) -> Result<(Engine, Lock)> {
    let disk = Disk::new(vfs, path);
    disk.create_dir("")?;
    let lock = take_lock(&disk)?;
    disk.create_dir(WAL_DIRECTORY)?;
    let memtables = vec![Arc::new(Memtable::new(options.shards))];
    let mut trees = Trees::new();
    trees.insert(COMMITS, Arc::new(TreeVersion::new(commits_schema())));
    let version = Version::new(CommitId::ZERO, memtables, Arc::new(trees));
    let engine = Engine::new(disk, clock, options, version);
    replay_log(&engine, 0, CommitId::ZERO)?;
    Ok((engine, lock))
}

fn take_lock(disk: &Disk) -> Result<Lock> {
    let path = disk.path(LOCK_FILE);
    disk.vfs().lock(&path).map_err(|error| match error {
        LockError::Held(pid) => Error::Locked { directory: disk.root().to_owned(), pid },
        LockError::Io(source) => Error::io(path, IoOp::Lock, source),
    })
}

/// Applies every logged commit after the cut and begins a new segment.
fn replay_log(engine: &Engine, database: u128, cut: CommitId) -> Result<()> {
    let disk = engine.disk.clone();
    let replayed = replay(&disk, database, cut, |commit| apply(engine, commit))?;
    let (last, last_time_us) = engine.times.last();
    *engine.sequencer.lock() = Sequencer::starting_at(last, last_time_us);
    if engine.options.durability != Durability::None {
        *engine.log.lock() = Some(Wal::start(disk, database, replayed.tail, replayed.segments)?);
    }
    Ok(())
}

fn apply(engine: &Engine, commit: LoggedCommit) -> Result<()> {
    let file = engine.disk.path(&segment_name(commit.generation));
    let damaged = |expected: &'static str, found: String| {
        Error::corrupt(file.clone(), commit.offset, expected, found)
    };
    let (last, last_time_us) = engine.times.last();
    if commit.id != last.next() {
        return Err(damaged("the next commit", format!("commit {}", commit.id)));
    }
    if commit.time_us <= last_time_us {
        return Err(damaged("a later commit time", commit.time_us.to_string()));
    }
    let _applying = engine.apply.lock();
    for record in commit.records {
        let change = with_key(engine, record)
            .ok_or_else(|| damaged("a row of its tree", "another".into()))?;
        engine.apply(commit.id, vec![change]).map_err(|error| match error {
            Error::NotOpen { tree, sys_from } => damaged(
                "a closing of one open version",
                format!("none of tree {} from commit {sys_from}", tree.0),
            ),
            Error::NoTree { tree } => damaged("a known tree", format!("tree {}", tree.0)),
            error => error,
        })?;
    }
    engine.times.push(commit.id, commit.time_us);
    engine.current().publish(commit.id);
    Ok(())
}

/// Reads the key out of a Put's row, and so checks the row; `None` if it is none of its tree.
fn with_key(engine: &Engine, record: Record) -> Option<Change> {
    let mut key = Vec::new();
    if let Record::Put { tree, row, .. } = &record {
        let version = engine.current();
        let schema = &version.tree(*tree)?.schema;
        let values = row::decode(&schema.types(), row).ok()?;
        key = schema.key_of(&values);
    }
    Some(Change { record, key })
}
