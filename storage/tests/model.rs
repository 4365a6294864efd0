//! The store against a model that is obviously right: a list of rectangles.
//!
//! Random histories of puts, updates, splits, closings, flushes, compactions, reopenings and power
//! cuts run on the simulated disk; after them every commit is read again at several valid times,
//! by scan and by key. The same histories run with one and four shards.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use spectradb_storage::vfs::{Fault, SimVfs};
use spectradb_storage::{
    CommitMeta, Error, KeyColumn, ManualClock, Predicate, PredicateOp, ReadPoint, ScanColumn,
    ScanRequest, Store, StoreOptions, SystemTime, TreeColumn, TreeSchema, ValidTime, View,
};
use types::{ColumnId, CommitId, DataType, Period, TreeId, Value};

const TREE: TreeId = TreeId(1);
const KEYS: u64 = 6;
const INSTANTS: i64 = 8;

#[derive(Clone, Debug)]
struct Fact {
    key: i64,
    value: i64,
    valid: Period,
    from: CommitId,
    to: CommitId,
}

#[derive(Clone, Debug, Default)]
struct Model {
    facts: Vec<Fact>,
    last: CommitId,
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn schema() -> TreeSchema {
    let column = |id| TreeColumn { id: ColumnId(id), ty: DataType::Int64, nullable: false };
    TreeSchema {
        id: TREE,
        columns: vec![column(0), column(1)],
        key: vec![KeyColumn { column: ColumnId(0), descending: false }],
    }
}

fn open(vfs: &SimVfs, shards: usize) -> Result<Store, Error> {
    let options = StoreOptions {
        shards,
        background: false,
        memtable_bytes: 4_000,
        ..StoreOptions::default()
    };
    let clock = Arc::new(ManualClock::new(5));
    Store::open(Arc::new(vfs.clone()), clock, Path::new("db"), options)
}

fn create(store: &Store, model: &mut Model) -> Result<(), Error> {
    let mut transaction = store.begin();
    transaction.create_tree(schema());
    let committed = transaction.commit(&CommitMeta::default())?.expect("a tree was written");
    model.last = committed.id;
    Ok(())
}

/// Closes the facts of one key that overlap a period, puts back what is left of them, and a new
/// fact for the period unless it is deleted: what FOR PORTION OF does. `None`: nothing to do.
fn change(
    store: &Store,
    model: &Model,
    random: &mut Random,
    value: i64,
) -> Result<Option<Model>, Error> {
    let mut next = model.clone();
    let commit = model.last.next();
    let mut transaction = store.begin();
    for _ in 0..1 + random.below(3) {
        let key = random.below(KEYS) as i64;
        let from = random.below(INSTANTS as u64) as i64;
        let period = Period { from, to: from + 1 + random.below(4) as i64 };
        let delete = random.below(3) == 0;
        if next.facts.iter().any(|fact| fact.key == key && fact.from == commit) {
            continue;
        }
        let open = |fact: &&mut Fact| {
            fact.key == key && fact.to == CommitId::MAX && fact.valid.overlaps(period)
        };
        let mut pieces = Vec::new();
        for fact in next.facts.iter_mut().filter(open) {
            transaction.close(TREE, &[Value::Int64(key)], fact.valid.from, fact.from)?;
            fact.to = commit;
            let left = Period::new(fact.valid.from, period.from);
            let right = Period::new(period.to, fact.valid.to);
            pieces.extend(left.into_iter().chain(right).map(|valid| (valid, fact.value)));
        }
        if !delete {
            pieces.push((period, value));
        }
        for (valid, value) in pieces {
            transaction.put(TREE, &[Value::Int64(key), Value::Int64(value)], valid)?;
            next.facts.push(Fact { key, value, valid, from: commit, to: CommitId::MAX });
        }
    }
    match transaction.commit(&CommitMeta::default()) {
        Ok(None) => Ok(None),
        Ok(Some(committed)) => {
            assert_eq!(committed.id, commit, "commit ids are dense");
            next.last = commit;
            Ok(Some(next))
        }
        Err(error) => Err(error),
    }
}

fn clear(store: &Store, model: &Model) -> Result<Model, Error> {
    let mut next = model.clone();
    let mut transaction = store.begin();
    transaction.close_all(TREE)?;
    transaction.commit(&CommitMeta::default())?;
    next.last = model.last.next();
    for fact in next.facts.iter_mut().filter(|fact| fact.to == CommitId::MAX) {
        fact.to = next.last;
    }
    Ok(next)
}

type Row = (i64, i64, i64, Option<i64>);

fn expected(model: &Model, at: ReadPoint) -> Vec<Row> {
    let mut rows: Vec<Row> = model
        .facts
        .iter()
        .filter(|fact| match at.system {
            SystemTime::AsOf(commit) => fact.from <= commit && commit < fact.to,
            SystemTime::Range { from, to } => from < to && fact.from < to && fact.to > from,
            SystemTime::All => true,
        })
        .filter(|fact| match at.valid {
            ValidTime::All => true,
            ValidTime::At(instant) => fact.valid.contains(instant),
            ValidTime::Range { from, to } => fact.valid.overlaps(Period { from, to }),
        })
        .map(|fact| {
            let to = (fact.to != CommitId::MAX).then_some(fact.to.0 as i64);
            (fact.key, fact.value, fact.from.0 as i64, to)
        })
        .collect();
    rows.sort_unstable();
    rows
}

fn columns() -> Vec<ScanColumn> {
    vec![
        ScanColumn::Stored(ColumnId(0)),
        ScanColumn::Stored(ColumnId(1)),
        ScanColumn::CommitFrom,
        ScanColumn::CommitTo,
    ]
}

fn scanned(view: &View, at: ReadPoint, predicates: Vec<Predicate>) -> Vec<Row> {
    let request = ScanRequest { tree: TREE, columns: columns(), predicates, key_range: None, at };
    let scan = view.scan(&request).unwrap();
    let mut rows = Vec::new();
    for batch in (0..scan.morsels()).flat_map(|morsel| scan.read(morsel)) {
        let batch = batch.unwrap();
        let column = |at: usize| batch.column(at).as_primitive::<Int64Type>();
        for at in 0..batch.rows() {
            let to = column(3).iter().nth(at).flatten();
            rows.push((column(0).value(at), column(1).value(at), column(2).value(at), to));
        }
    }
    rows.sort_unstable();
    rows
}

fn got(view: &View, at: ReadPoint) -> Vec<Row> {
    let number = |value: &Value| match value {
        Value::Int64(number) => Some(*number),
        _ => None,
    };
    let rows = (0..KEYS as i64)
        .flat_map(|key| view.get(TREE, &[Value::Int64(key)], &columns(), at).unwrap());
    let mut rows: Vec<Row> = rows
        .map(|row| {
            let whole = |at: usize| number(&row[at]).unwrap();
            (whole(0), whole(1), whole(2), number(&row[3]))
        })
        .collect();
    rows.sort_unstable();
    rows
}

/// Reads every commit at several valid times, and both times in ranges, by scan and by key.
fn check(store: &Store, model: &Model, context: &str) {
    assert_eq!(store.latest(), model.last, "{context}");
    let view = store.snapshot();
    let mut points = vec![ReadPoint { system: SystemTime::All, valid: ValidTime::All }];
    for commit in (0..=model.last.0).rev().step_by(1 + model.last.0 as usize / 12) {
        let system = SystemTime::AsOf(CommitId(commit));
        for valid in [ValidTime::All, ValidTime::At(3), ValidTime::Range { from: 1, to: 3 }] {
            points.push(ReadPoint { system, valid });
        }
        let system = SystemTime::Range { from: CommitId(commit / 2), to: CommitId(commit) };
        points.push(ReadPoint { system, valid: ValidTime::At(5) });
    }
    for at in points {
        let wanted = expected(model, at);
        assert_eq!(scanned(&view, at, vec![]), wanted, "{context}: scan {at:?}");
        assert_eq!(got(&view, at), wanted, "{context}: get {at:?}");
        let predicate = Predicate {
            column: ScanColumn::Stored(ColumnId(1)),
            op: PredicateOp::Ge,
            values: vec![Value::Int64(20)],
        };
        let wanted: Vec<_> = wanted.into_iter().filter(|row| row.1 >= 20).collect();
        assert_eq!(scanned(&view, at, vec![predicate]), wanted, "{context}: filter {at:?}");
    }
}

fn history(seed: u64, shards: usize) {
    let vfs = SimVfs::default();
    let mut random = Random(seed);
    let mut model = Model::default();
    let mut store = open(&vfs, shards).unwrap();
    create(&store, &mut model).unwrap();
    let mut done = BTreeMap::<&str, usize>::new();
    for step in 0..60 {
        let kind = match random.below(24) {
            0 | 1 => "flush",
            2 => "compact",
            3 => "reopen",
            4 => "crash",
            5 => "clear",
            _ => "change",
        };
        *done.entry(kind).or_default() += 1;
        match kind {
            "flush" => store.flush().unwrap(),
            "compact" => store.compact().unwrap(),
            "reopen" => {
                store.close().unwrap();
                store = open(&vfs, shards).unwrap();
            }
            "crash" => {
                drop(store);
                vfs.crash(random.below(u64::MAX));
                store = open(&vfs, shards).unwrap();
            }
            "clear" => model = clear(&store, &model).unwrap(),
            _ => {
                if let Some(next) = change(&store, &model, &mut random, step).unwrap() {
                    model = next;
                }
            }
        }
        if step % 5 == 4 || kind != "change" {
            check(&store, &model, &format!("seed {seed}, {shards} shards, step {step} {kind}"));
        }
    }
}

#[test]
fn random_histories_agree_with_the_model() {
    for seed in 0..40 {
        history(seed, if seed % 2 == 0 { 1 } else { 4 });
    }
}

#[test]
#[ignore = "takes minutes: run it after a change of flush, compaction or recovery"]
fn many_random_histories_agree_with_the_model() {
    for seed in 1_000..3_000 {
        history(seed, if seed % 2 == 0 { 1 } else { 4 });
    }
}

/// Runs a workload on a disk that dies at one call, cuts the power, and opens again.
fn dies_at(call: u64, seed: u64) -> bool {
    let vfs = SimVfs::default();
    let mut random = Random(seed);
    let mut model = Model::default();
    let mut store = open(&vfs, 1).unwrap();
    create(&store, &mut model).unwrap();
    vfs.set_fault(Some(Fault::Dead(call)));
    let mut in_flight = None;
    for step in 0..14 {
        let done = match step {
            4 | 9 => store.flush(),
            6 | 12 => store.compact(),
            11 => open_again(&vfs, &mut store),
            _ => {
                let before = random.0;
                match change(&store, &model, &mut random, step) {
                    Ok(next) => {
                        model = next.unwrap_or(model);
                        Ok(())
                    }
                    Err(error) => {
                        in_flight = Some((before, step));
                        Err(error)
                    }
                }
            }
        };
        if done.is_err() {
            break;
        }
    }
    let untouched = vfs.calls() <= call;
    drop(store);
    vfs.crash(seed ^ call);
    let store = open(&vfs, 1).unwrap_or_else(|error| panic!("call {call}: {error}"));
    if store.latest() != model.last {
        // The commit that failed may have reached the disk: then all of it is there.
        let (state, step) = in_flight.unwrap_or_else(|| panic!("call {call}: a commit was lost"));
        let twin = SimVfs::default();
        let mut replayed = Model::default();
        let twin_store = open(&twin, 1).unwrap();
        create(&twin_store, &mut replayed).unwrap();
        let mut again = Random(seed);
        let mut at = 0;
        while again.0 != state {
            if ![4, 6, 9, 11, 12].contains(&at) {
                replayed =
                    change(&twin_store, &replayed, &mut again, at).unwrap().unwrap_or(replayed);
            }
            at += 1;
        }
        model = change(&twin_store, &replayed, &mut again, step).unwrap().unwrap();
    }
    check(&store, &model, &format!("seed {seed}, dead at call {call}"));
    untouched
}

fn open_again(vfs: &SimVfs, store: &mut Store) -> Result<(), Error> {
    let parked = open(&SimVfs::default(), 1).unwrap();
    drop(std::mem::replace(store, parked));
    *store = open(vfs, 1)?;
    Ok(())
}

#[test]
fn a_crash_at_every_call_loses_nothing_that_was_acknowledged() {
    for seed in 0..3 {
        let mut call = 0;
        while !dies_at(call, seed) {
            call += 1;
        }
        assert!(call > 40, "the workload makes {call} calls");
    }
}

#[test]
fn after_a_failed_sync_nothing_is_accepted_and_nothing_acknowledged_is_lost() {
    for nth in 0..12 {
        let vfs = SimVfs::default();
        let mut random = Random(nth);
        let mut model = Model::default();
        let store = open(&vfs, 1).unwrap();
        create(&store, &mut model).unwrap();
        vfs.set_fault(Some(Fault::Sync(nth)));
        let mut failed = false;
        for step in 0..30 {
            match change(&store, &model, &mut random, step) {
                Ok(next) => {
                    assert!(!failed || next.is_none(), "a commit was accepted after a failed sync");
                    model = next.unwrap_or(model);
                }
                Err(error) => {
                    assert!(failed == matches!(error, Error::Poisoned), "{error}");
                    failed = true;
                }
            }
        }
        assert!(failed, "the fault was met");
        let latest = store.latest();
        assert_eq!(latest, model.last, "readers still see what was acknowledged");
        drop(store);
        vfs.crash(nth);
        let store = open(&vfs, 1).unwrap();
        assert!(store.latest() == model.last || store.latest() == model.last.next());
    }
}

#[test]
fn a_full_disk_refuses_and_recovers_without_a_restart() {
    let vfs = SimVfs::default();
    let mut random = Random(9);
    let mut model = Model::default();
    let store = open(&vfs, 1).unwrap();
    create(&store, &mut model).unwrap();
    vfs.set_fault(Some(Fault::Full(0)));
    assert!(matches!(store.flush(), Err(Error::DiskFull { .. })));
    check(&store, &model, "full");
    vfs.set_fault(None);
    for step in 0..40 {
        model = change(&store, &model, &mut random, step).unwrap().unwrap_or(model);
    }
    store.compact().unwrap();
    check(&store, &model, "room again");
}
