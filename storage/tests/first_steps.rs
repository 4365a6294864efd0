//! The store as its users meet it: write, read at several points of both times, reopen.

use std::path::Path;
use std::sync::Arc;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use spectradb_storage::vfs::{MemVfs, SimVfs, Vfs};
use spectradb_storage::{
    COMMITS, CommitMeta, Durability, Error, KeyColumn, ManualClock, PENDING, Predicate,
    PredicateOp, ReadPoint, ScanColumn, ScanRequest, Store, StoreOptions, SystemTime, TreeColumn,
    TreeSchema, ValidTime, View,
};
use types::{ColumnId, CommitId, DataType, Period, TIME_MIN, Timestamp, TreeId, Value};

const TREE: TreeId = TreeId(7);
const KEY: ColumnId = ColumnId(0);
const VALUE: ColumnId = ColumnId(1);

fn schema() -> TreeSchema {
    let column = |id, nullable| TreeColumn { id, ty: DataType::Int64, nullable };
    TreeSchema {
        id: TREE,
        columns: vec![column(KEY, false), column(VALUE, true)],
        key: vec![KeyColumn { column: KEY, descending: false }],
    }
}

fn open(vfs: &Arc<dyn Vfs>, durability: Durability) -> Store {
    let options = StoreOptions { durability, shards: 4, ..StoreOptions::default() };
    let clock = Arc::new(ManualClock::new(1_000));
    Store::open(Arc::clone(vfs), clock, Path::new("db"), options).unwrap()
}

fn row(key: i64, value: i64) -> [Value; 2] {
    [Value::Int64(key), Value::Int64(value)]
}

fn values(view: &View, at: ReadPoint, predicates: Vec<Predicate>) -> Vec<(i64, Option<i64>)> {
    let columns = vec![ScanColumn::Stored(KEY), ScanColumn::Stored(VALUE)];
    let request = ScanRequest { tree: TREE, columns, predicates, key_range: None, at };
    let scan = view.scan(&request).unwrap();
    let mut rows = Vec::new();
    for morsel in 0..scan.morsels() {
        for batch in scan.read(morsel) {
            let batch = batch.unwrap();
            let keys = batch.column(0).as_primitive::<Int64Type>();
            let values = batch.column(1).as_primitive::<Int64Type>();
            for at in 0..batch.rows() {
                rows.push((keys.value(at), values.is_valid(at).then(|| values.value(at))));
            }
        }
    }
    rows.sort_unstable();
    rows
}

fn now(view: &View) -> Vec<(i64, Option<i64>)> {
    values(view, ReadPoint::as_of(view.commit()), vec![])
}

fn create(store: &Store) {
    let mut transaction = store.begin();
    transaction.create_tree(schema());
    transaction.commit(&CommitMeta::default()).unwrap();
}

fn put(store: &Store, key: i64, value: i64) -> CommitId {
    let mut transaction = store.begin();
    transaction.put(TREE, &row(key, value), Period::ALWAYS).unwrap();
    transaction.commit(&CommitMeta::default()).unwrap().unwrap().id
}

fn update(store: &Store, key: i64, sys_from: CommitId, value: i64) -> Result<CommitId, Error> {
    let mut transaction = store.begin();
    transaction.close(TREE, &[Value::Int64(key)], TIME_MIN, sys_from)?;
    transaction.put(TREE, &row(key, value), Period::ALWAYS)?;
    Ok(transaction.commit(&CommitMeta::default())?.unwrap().id)
}

#[test]
fn every_commit_can_be_read_again_also_after_reopening() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::default());
    let store = open(&vfs, Durability::Sync);
    create(&store);
    let first = put(&store, 1, 10);
    let second = update(&store, 1, first, 11).unwrap();
    assert_eq!((first, second), (CommitId(2), CommitId(3)));
    let check = |store: &Store| {
        let view = store.snapshot();
        let at = |commit| values(&view, ReadPoint::as_of(CommitId(commit)), vec![]);
        assert_eq!(at(0), []);
        assert_eq!(at(1), []);
        assert_eq!(at(2), [(1, Some(10))]);
        assert_eq!(at(3), [(1, Some(11))]);
        let all = ReadPoint { system: SystemTime::All, valid: ValidTime::All };
        assert_eq!(values(&view, all, vec![]), [(1, Some(10)), (1, Some(11))]);
        let columns = [ScanColumn::CommitFrom, ScanColumn::CommitTo, ScanColumn::SystemTo];
        let history = view.get(TREE, &[Value::Int64(1)], &columns, all).unwrap();
        assert_eq!(history[0][..2], [Value::Int64(2), Value::Int64(3)]);
        assert_eq!(history[0][2], Value::Timestamp(store.commit_time(second).unwrap()));
        assert_eq!(history[1][..2], [Value::Int64(3), Value::Null]);
        assert_eq!(store.commit_at(Timestamp(1_001)), CommitId(2));
    };
    check(&store);
    drop(store);
    check(&open(&vfs, Durability::Sync));
}

#[test]
fn a_transaction_sees_its_own_writes_and_nobody_else_does() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::default());
    let store = open(&vfs, Durability::None);
    create(&store);
    let first = put(&store, 1, 10);
    put(&store, 2, 20);
    let mut transaction = store.begin();
    transaction.close(TREE, &[Value::Int64(1)], TIME_MIN, first).unwrap();
    transaction.put(TREE, &row(1, 11), Period::ALWAYS).unwrap();
    let before = transaction.view();
    transaction.put(TREE, &row(3, 30), Period::ALWAYS).unwrap();
    assert_eq!(now(&before), [(1, Some(11)), (2, Some(20))]);
    assert_eq!(now(&transaction.view()), [(1, Some(11)), (2, Some(20)), (3, Some(30))]);
    assert_eq!(now(&before.committed()), [(1, Some(10)), (2, Some(20))]);
    assert_eq!(now(&store.snapshot()), [(1, Some(10)), (2, Some(20))]);
    let columns = [ScanColumn::Stored(VALUE), ScanColumn::CommitFrom];
    let at = ReadPoint::as_of(before.commit());
    let own = transaction.view().get(TREE, &[Value::Int64(3)], &columns, at).unwrap();
    assert_eq!(own, [[Value::Int64(30), Value::Int64(PENDING.0 as i64)]]);
    transaction.close(TREE, &[Value::Int64(3)], TIME_MIN, PENDING).unwrap();
    let again = transaction.close(TREE, &[Value::Int64(1)], TIME_MIN, first);
    assert!(matches!(again, Err(Error::NotOpen { .. })));
    let savepoint = transaction.savepoint();
    transaction.close_all(TREE).unwrap();
    assert_eq!(now(&transaction.view()), []);
    transaction.roll_back_to(savepoint);
    transaction.commit(&CommitMeta::default()).unwrap().unwrap();
    assert_eq!(now(&store.snapshot()), [(1, Some(11)), (2, Some(20))]);
}

#[test]
fn the_first_committer_wins() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::default());
    let store = open(&vfs, Durability::Sync);
    create(&store);
    let first = put(&store, 1, 10);
    let (mut a, mut b, mut c) = (store.begin(), store.begin(), store.begin());
    for transaction in [&mut a, &mut b] {
        transaction.close(TREE, &[Value::Int64(1)], TIME_MIN, first).unwrap();
    }
    c.close_all(TREE).unwrap();
    let latest = a.commit(&CommitMeta::default()).unwrap().unwrap().id;
    assert!(matches!(b.commit(&CommitMeta::default()), Err(Error::Conflict { tree: TREE, .. })));
    assert!(matches!(c.commit(&CommitMeta::default()), Err(Error::Conflict { tree: TREE, .. })));
    assert_eq!(store.latest(), latest);
    let mut d = store.begin();
    d.touch(TREE, &[Value::Int64(5)]).unwrap();
    d.put(TREE, &row(6, 6), Period::ALWAYS).unwrap();
    put(&store, 5, 5);
    assert!(matches!(d.commit(&CommitMeta::default()), Err(Error::Conflict { .. })));
    assert_eq!(store.begin().commit(&CommitMeta::default()).unwrap(), None);
}

#[test]
fn predicates_and_valid_time_are_applied_by_the_scan() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::default());
    let store = open(&vfs, Durability::None);
    create(&store);
    let mut transaction = store.begin();
    for key in 0..10_000 {
        let valid = Period::new(key, key + 10).unwrap();
        transaction.put(TREE, &row(key, key % 7), valid).unwrap();
    }
    transaction.put(TREE, &[Value::Int64(-1), Value::Null], Period::ALWAYS).unwrap();
    transaction.commit(&CommitMeta::default()).unwrap();
    let view = store.snapshot();
    assert!(!view.single_piece(TREE));
    let system = SystemTime::AsOf(view.commit());
    let at = ReadPoint { system, valid: ValidTime::At(5_000) };
    let keys: Vec<_> = values(&view, at, vec![]).iter().map(|row| row.0).collect();
    assert_eq!(keys, [vec![-1], (4_991..=5_000).collect()].concat());
    let predicate = |op, values: &[i64]| Predicate {
        column: ScanColumn::Stored(VALUE),
        op,
        values: values.iter().copied().map(Value::Int64).collect(),
    };
    let count = |predicate| values(&view, ReadPoint::as_of(view.commit()), vec![predicate]).len();
    assert_eq!(count(predicate(PredicateOp::IsNull, &[])), 1);
    assert_eq!(count(predicate(PredicateOp::Ne, &[0])), 10_000 - 1_429);
    assert_eq!(count(predicate(PredicateOp::In, &[0, 9])), 1_429);
}

#[test]
fn who_committed_is_a_row_of_the_same_commit() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::default());
    let store = open(&vfs, Durability::Sync);
    let mut transaction = store.begin();
    transaction.create_tree(schema());
    let meta = CommitMeta { user: Some("ada".into()), ..CommitMeta::default() };
    let commit = transaction.commit(&meta).unwrap().unwrap();
    let view = store.snapshot();
    let columns = [ScanColumn::CommitFrom, ScanColumn::Stored(ColumnId(1))];
    let at = ReadPoint::as_of(view.commit());
    let found = view.get(COMMITS, &[Value::Int64(1)], &columns, at).unwrap();
    assert_eq!(found, [[Value::Int64(commit.id.0 as i64), Value::text("ada")]]);
}

#[test]
fn a_second_opener_is_told_who_has_the_lock() {
    let vfs: Arc<dyn Vfs> = Arc::new(SimVfs::default());
    let _store = open(&vfs, Durability::Sync);
    let clock = Arc::new(ManualClock::new(1));
    let second = Store::open(vfs, clock, Path::new("db"), StoreOptions::default());
    assert!(matches!(second, Err(Error::Locked { pid: Some(_), .. })));
}
