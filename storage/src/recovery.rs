//! Opening: the lock, the state that the manifest names, and the log replayed over it.
//!
//! A directory without `CURRENT` is new if nothing of value can be in it: a creation that a crash
//! interrupted has left at most a lock and a first manifest. Anything else there means that this is
//! no database, or one that lost its head; neither is touched.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use types::CommitId;
use types::row::{RowError, RowReader, ValueRef};

use crate::clock::Clock;
use crate::commit::{Change, Sequencer};
use crate::engine::Engine;
use crate::error::{Error, IoOp, Result};
use crate::install::{Installer, open_container, snapshot_edits, sort_runs};
use crate::manifest::{self, Manifest, ManifestState, RunRecord, manifest_name};
use crate::memtable::Memtable;
use crate::options::{Durability, StoreOptions};
use crate::run::{DATA_DIRECTORY, Run, RunFile, container_name};
use crate::schema::{COMMITS, TreeSchema, commits_schema};
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
) -> Result<Engine> {
    let disk = Disk::new(vfs, path);
    check_directory(&disk)?;
    disk.create_dir("")?;
    let lock = take_lock(&disk)?;
    let state = match manifest::load(&disk)? {
        Some(state) => state,
        None => ManifestState { database: new_id(&*clock, path), ..ManifestState::default() },
    };
    disk.create_dir(WAL_DIRECTORY)?;
    disk.create_dir(DATA_DIRECTORY)?;
    let memtables = vec![Arc::new(Memtable::new(options.shards))];
    let version = Version::new(state.cut, memtables, Arc::default());
    let engine = Engine::new(disk, clock, options, version, lock);
    restore(&engine, &state)?;
    unlink_strangers(&engine, &state)?;
    replay_log(&engine, &state)?;
    Ok(engine)
}

/// Refuses a directory that is not ours before anything is written to it.
fn check_directory(disk: &Disk) -> Result<()> {
    let names = disk.list("")?;
    if names.iter().any(|name| name == manifest::CURRENT) {
        return Ok(());
    }
    let harmless = |name: &String| {
        name == LOCK_FILE || *name == manifest_name(1) || name.starts_with("CURRENT")
    };
    let empty = |name: &String| {
        (name == WAL_DIRECTORY || name == DATA_DIRECTORY)
            && disk.list(name).is_ok_and(|names| names.is_empty())
    };
    match names.iter().all(|name| harmless(name) || empty(name)) {
        true => Ok(()),
        false => Err(Error::NotADatabase { directory: disk.root().to_owned() }),
    }
}

/// Returns a number that two databases hardly share: time and place of birth.
fn new_id(clock: &dyn Clock, path: &Path) -> u128 {
    let mut hasher = twox_hash::XxHash3_128::new();
    hasher.write(&clock.now_us().to_le_bytes());
    hasher.write(&std::process::id().to_le_bytes());
    hasher.write(path.as_os_str().as_encoded_bytes());
    hasher.finish_128()
}

fn take_lock(disk: &Disk) -> Result<Lock> {
    let path = disk.path(LOCK_FILE);
    disk.vfs().lock(&path).map_err(|error| match error {
        LockError::Held(pid) => Error::Locked { directory: disk.root().to_owned(), pid },
        LockError::Io(source) => Error::io(path, IoOp::Lock, source),
    })
}

/// Rebuilds the state at the cut, and writes it down again in a manifest of its own: what a crash
/// left half-written behind the last one is out of the way.
fn restore(engine: &Engine, state: &ManifestState) -> Result<()> {
    for (id, &time_us) in (1..).zip(&state.times_us) {
        engine.times.push(CommitId(id), time_us);
    }
    engine.raise_row_id(state.next_row_id);
    engine.next_id.fetch_max(state.next_id, Ordering::Relaxed);
    let mut trees = Trees::default();
    trees.insert(COMMITS, Arc::new(TreeVersion::new(commits_schema())));
    let mut runs = restore_runs(engine, state)?;
    for (&id, (schema, single_piece)) in &state.trees {
        let mut tree = TreeVersion::new(schema.clone());
        tree.single_piece.store(*single_piece, Ordering::Release);
        tree.runs = runs.remove(&id).unwrap_or_default();
        sort_runs(&mut tree.runs);
        trees.insert(id, Arc::new(tree));
    }
    if let Some((tree, _)) = runs.first_key_value() {
        return Err(damaged_manifest(
            engine,
            state,
            "the schema of every run",
            format!("none of tree {}", tree.0),
        ));
    }
    let known = |(id, tree): (_, &Arc<TreeVersion>)| {
        (id, (tree.schema.columns.len(), tree.is_single_piece()))
    };
    let known: HashMap<_, _> = trees.iter().map(|(&id, tree)| known((id, tree))).collect();
    let memtables = engine.current().memtables.clone();
    engine.set_current(Version::new(state.cut, memtables, Arc::new(trees)));
    let snapshot = snapshot_edits(engine, &engine.current(), state.cut);
    let disk = engine.disk.clone();
    let manifest = Manifest::create(disk, state.database, state.number + 1, &snapshot)?;
    engine.set_installer(Installer { manifest, cut: state.cut, trees: known });
    Ok(())
}

fn restore_runs(
    engine: &Engine,
    state: &ManifestState,
) -> Result<BTreeMap<types::TreeId, Vec<Arc<Run>>>> {
    let mut by_file: BTreeMap<u64, Vec<&RunRecord>> = BTreeMap::new();
    state.runs.values().for_each(|run| by_file.entry(run.file).or_default().push(run));
    let mut runs: BTreeMap<_, Vec<Arc<Run>>> = BTreeMap::new();
    for (file, records) in by_file {
        let file = Arc::new(RunFile::new(engine.disk.clone(), file));
        let mut segments: BTreeMap<_, _> = open_container(engine, &file)?.into_iter().collect();
        for record in records {
            let Some(segment) = segments.remove(&record.offset) else {
                let expected = format!("a segment at byte {}", record.offset);
                let path = engine.disk.path(&container_name(file.id));
                return Err(Error::corrupt(path, record.offset, expected, "none"));
            };
            let run = Run::new(record.id, record.tier, record.offset, segment, Arc::clone(&file));
            restore_closings(engine, state, &run)?;
            runs.entry(run.tree()).or_default().push(Arc::new(run));
        }
    }
    Ok(runs)
}

fn restore_closings(engine: &Engine, state: &ManifestState, run: &Run) -> Result<()> {
    for closing in state.closings.get(&run.id).into_iter().flatten() {
        let inside = u64::from(closing.ordinal) < run.rows();
        if !inside || !run.closings.close(closing.ordinal, closing.at) {
            let expected = "closings of one open version each";
            let found = format!("one of version {} of run {}", closing.ordinal, run.id);
            return Err(damaged_manifest(engine, state, expected, found));
        }
    }
    Ok(())
}

fn damaged_manifest(
    engine: &Engine,
    state: &ManifestState,
    expected: &'static str,
    found: String,
) -> Error {
    Error::corrupt(engine.disk.path(&manifest_name(state.number)), 0, expected, found)
}

/// Unlinks what no manifest names: the leavings of a flush, a merge or a switch that did not finish.
fn unlink_strangers(engine: &Engine, state: &ManifestState) -> Result<()> {
    let disk = &engine.disk;
    for name in disk.list(DATA_DIRECTORY)? {
        let id = name.strip_suffix(".seg").and_then(|id| id.parse::<u64>().ok());
        if id.is_some_and(|id| state.runs.values().all(|run| run.file != id)) {
            disk.remove(&format!("{DATA_DIRECTORY}/{name}"))?;
        }
    }
    let current = manifest_name(state.number + 1);
    for name in disk.list("")? {
        if name.starts_with("manifest-") && name != current {
            disk.remove(&name)?;
        }
    }
    Ok(())
}

/// Applies every logged commit after the cut and begins a new segment.
fn replay_log(engine: &Engine, state: &ManifestState) -> Result<()> {
    let disk = engine.disk.clone();
    let replayed = replay(&disk, state.database, state.cut, |commit| apply(engine, commit))?;
    let (last, last_time_us) = engine.times.last();
    *engine.sequencer.lock() = Sequencer::starting_at(last, last_time_us);
    let mut log = Wal::start(disk, state.database, replayed.tail, replayed.segments)?;
    log.retire(state.cut)?;
    let crowded = log.segment_count() > SEGMENTS_MAX;
    *engine.log.lock() = Some(log);
    if engine.options.durability == Durability::None {
        // Without a log what it held must be in runs first, or the next opening would miss it.
        engine.flush_all()?;
        *engine.log.lock() = None;
    } else if crowded {
        engine.flush_all()?;
    }
    Ok(())
}

/// Every opening begins a segment; past this many, a flush lets the old ones go.
const SEGMENTS_MAX: usize = 8;

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
        key = key_of_row(&version.tree(*tree)?.schema, row).ok()?;
    }
    Some(Change { record, key })
}

fn key_of_row(schema: &TreeSchema, row: &[u8]) -> std::result::Result<Vec<u8>, RowError> {
    let mut reader = RowReader::new(row)?;
    let mut parts = vec![ValueRef::Null; schema.key.len()];
    for column in &schema.columns {
        let value = reader.next(column.ty)?;
        for (part, of) in parts.iter_mut().zip(&schema.key) {
            if of.column == column.id {
                *part = value;
            }
        }
    }
    reader.finish()?;
    Ok(schema.encode_key(&parts.into_iter().map(ValueRef::to_value).collect::<Vec<_>>()))
}
