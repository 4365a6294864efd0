//! Many threads at one store: money is moved between accounts while memtables are flushed, runs are
//! merged and readers look on. No snapshot may ever show money made or lost, and every acknowledged
//! commit must be there after reopening.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use spectradb_storage::vfs::{SimVfs, StdVfs, Vfs};
use spectradb_storage::{
    CommitMeta, Durability, Error, KeyColumn, Observer, Phase, ReadPoint, ScanColumn, ScanRequest,
    StdClock, Store, StoreOptions, SystemTime, TreeColumn, TreeSchema, ValidTime, View,
};
use types::{ColumnId, CommitId, DataType, Period, TreeId, Value};

const TREE: TreeId = TreeId(1);
const ACCOUNTS: u64 = 40;
const BALANCE: i64 = 1_000;
const ACCOUNT: ScanColumn = ScanColumn::Stored(ColumnId(0));
const AMOUNT: ScanColumn = ScanColumn::Stored(ColumnId(1));

fn open(vfs: Arc<dyn Vfs>, path: &Path, options: StoreOptions) -> Store {
    Store::open(vfs, Arc::new(StdClock), path, options).unwrap()
}

fn small(durability: Durability) -> StoreOptions {
    StoreOptions { durability, memtable_bytes: 12_000, shards: 2, ..StoreOptions::default() }
}

fn create(store: &Store) {
    let column = |id| TreeColumn { id: ColumnId(id), ty: DataType::Int64, nullable: false };
    let mut transaction = store.begin();
    transaction.create_tree(TreeSchema {
        id: TREE,
        columns: vec![column(0), column(1)],
        key: vec![KeyColumn { column: ColumnId(0), descending: false }],
    });
    for account in 0..ACCOUNTS as i64 {
        let row = [Value::Int64(account), Value::Int64(BALANCE)];
        transaction.put(TREE, &row, Period::ALWAYS).unwrap();
    }
    transaction.commit(&CommitMeta::default()).unwrap();
}

fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Moves money between two accounts; `None` if somebody else was first.
fn transfer(store: &Store, random: &mut u64) -> Option<CommitId> {
    let from = next_random(random) % ACCOUNTS;
    let to = (from + 1 + next_random(random) % (ACCOUNTS - 1)) % ACCOUNTS;
    let amount = (next_random(random) % 10) as i64;
    let mut transaction = store.begin();
    for (account, change) in [(from, -amount), (to, amount)] {
        let key = [Value::Int64(account as i64)];
        let view = transaction.view();
        let point = ReadPoint::as_of(view.commit());
        let found = view.get(TREE, &key, &[AMOUNT, ScanColumn::CommitFrom], point).unwrap();
        let [row] = found.as_slice() else { panic!("account {account} has {found:?}") };
        let [Value::Int64(balance), Value::Int64(since)] = row[..] else { panic!("{row:?}") };
        let since = CommitId(since as u64);
        transaction.close(TREE, &key, types::TIME_MIN, since).unwrap();
        let row = [key[0].clone(), Value::Int64(balance + change)];
        transaction.put(TREE, &row, Period::ALWAYS).unwrap();
    }
    match transaction.commit(&CommitMeta::default()) {
        Ok(committed) => Some(committed.unwrap().id),
        Err(Error::Conflict { tree: TREE, .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// No account is missing or doubled and no money made or lost, as of one commit.
fn check(view: &View, at: CommitId) {
    let at = ReadPoint { system: SystemTime::AsOf(at), valid: ValidTime::At(0) };
    let columns = vec![ACCOUNT, AMOUNT];
    let request = ScanRequest { tree: TREE, columns, predicates: vec![], key_range: None, at };
    let scan = view.scan(&request).unwrap();
    let (mut accounts, mut money) = (Vec::<i64>::new(), 0);
    for batch in (0..scan.morsels()).flat_map(|morsel| scan.read(morsel)) {
        let batch = batch.unwrap();
        accounts.extend(batch.column(0).as_primitive::<Int64Type>().values());
        money += batch.column(1).as_primitive::<Int64Type>().values().iter().sum::<i64>();
    }
    accounts.sort_unstable();
    assert_eq!(accounts, (0..ACCOUNTS as i64).collect::<Vec<_>>(), "{at:?}");
    assert_eq!(money, ACCOUNTS as i64 * BALANCE, "{at:?}");
}

/// Runs writers and readers, and returns the commits that were acknowledged.
fn work(store: &Store, writers: u64, transfers: u64) -> Vec<CommitId> {
    let done = AtomicBool::new(false);
    let reads = AtomicUsize::new(0);
    let mut acknowledged = Vec::new();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..writers)
            .map(|writer| {
                scope.spawn(move || {
                    let mut random = writer;
                    (0..transfers).filter_map(|_| transfer(store, &mut random)).collect::<Vec<_>>()
                })
            })
            .collect();
        for reader in 0..2 {
            let (done, reads) = (&done, &reads);
            scope.spawn(move || {
                let mut random = 100 + reader;
                while !done.load(Ordering::Relaxed) {
                    let view = store.snapshot();
                    check(&view, view.commit());
                    check(&view, CommitId(1 + next_random(&mut random) % view.commit().0));
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let merger = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                store.compact().unwrap();
            }
        });
        for writer in writers {
            acknowledged.extend(writer.join().unwrap());
        }
        done.store(true, Ordering::Relaxed);
        merger.join().unwrap();
    });
    assert!(reads.load(Ordering::Relaxed) > 3, "readers had a look");
    acknowledged
}

fn check_all(store: &Store, acknowledged: &[CommitId]) {
    let ids: BTreeSet<_> = acknowledged.iter().copied().collect();
    assert_eq!(ids.len(), acknowledged.len(), "an id is given once");
    assert_eq!(store.latest().0, 1 + ids.len() as u64, "ids are dense");
    let view = store.snapshot();
    for commit in (1..=store.latest().0).rev().step_by(7) {
        check(&view, CommitId(commit));
    }
}

#[test]
fn no_reader_sees_money_made_or_lost_while_runs_are_exchanged() {
    let directory = tempfile::tempdir().unwrap();
    let phases = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&phases);
    let observer = Observer(Arc::new(move |phase| {
        if phase == Phase::Manifest {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }));
    let options = StoreOptions { observer: Some(observer), ..small(Durability::Os) };
    let store = open(Arc::new(StdVfs), directory.path(), options.clone());
    create(&store);
    let acknowledged = work(&store, 4, 600);
    assert!(phases.load(Ordering::Relaxed) > 10, "runs were exchanged {phases:?} times");
    check_all(&store, &acknowledged);
    store.close().unwrap();
    let store = open(Arc::new(StdVfs), directory.path(), options);
    check_all(&store, &acknowledged);
    store.compact().unwrap();
    check_all(&store, &acknowledged);
}

#[test]
fn every_acknowledged_commit_survives_a_power_cut() {
    for (seed, durability) in
        [Durability::Sync, Durability::Group { wait_ms: 1 }, Durability::Sync].iter().enumerate()
    {
        let vfs = SimVfs::default();
        let store = open(Arc::new(vfs.clone()), Path::new("db"), small(*durability));
        create(&store);
        let acknowledged = work(&store, 6, 60);
        drop(store);
        vfs.crash(seed as u64);
        let store = open(Arc::new(vfs.clone()), Path::new("db"), small(*durability));
        check_all(&store, &acknowledged);
    }
}

#[test]
fn a_lone_committer_does_not_wait_for_company() {
    let options =
        StoreOptions { durability: Durability::Group { wait_ms: 500 }, ..StoreOptions::default() };
    let store = open(Arc::new(SimVfs::default()), Path::new("db"), options);
    create(&store);
    let mut idle = store.begin();
    idle.snapshot();
    let began = std::time::Instant::now();
    let mut random = 1;
    for _ in 0..5 {
        transfer(&store, &mut random).expect("nobody else writes");
    }
    assert!(began.elapsed().as_millis() < 500, "{:?}", began.elapsed());
}

/// A commit of many times the memtable's budget neither stalls nor deadlocks, and is one commit.
#[test]
fn a_commit_larger_than_the_memtable_goes_through() {
    for background in [false, true] {
        let options = StoreOptions { background, ..small(Durability::Sync) };
        let store = open(Arc::new(SimVfs::default()), Path::new("db"), options);
        create(&store);
        for round in 1..8 {
            let mut transaction = store.begin();
            for account in 0..5_000 {
                let row = [Value::Int64(round * 10_000 + account), Value::Int64(0)];
                transaction.put(TREE, &row, Period::ALWAYS).unwrap();
            }
            transaction.commit(&CommitMeta::default()).unwrap();
        }
        store.compact().unwrap();
        assert_eq!(store.statistics(TREE).unwrap().rows, 7 * 5_000 + ACCOUNTS);
        let stats = store.stats();
        assert_eq!((stats.frozen, stats.memtable_bytes, stats.fresh_runs), (0, 0, 0), "{stats:?}");
    }
}
