//! INSERT, UPDATE and DELETE onto a store in memory: keys, constraints, valid time.

use std::path::Path;
use std::sync::Arc;

use diag::{Code, Span};
use ir::{
    Access, Estimate, EstimateSource, Operator, Physical, PhysicalScan, PhysicalWrite, Scalar,
    ScanColumn, Table, TableColumn, TableId, TemporalRead, ValidTime, WriteAction,
};
use spectradb_exec::eval::EvalContext;
use spectradb_exec::{
    CancelToken, ExecContext, Governor, JitMode, Kernels, Progress, Workers, run, stage, write,
};
use storage::vfs::MemVfs;
use storage::{
    CommitMeta, Committed, KeyColumn, ManualClock, Store, StoreOptions, Transaction, TreeColumn,
    TreeSchema, View,
};
use types::{ColumnId, CommitId, DataType, TIME_MAX, TIME_MIN, Timestamp, TreeId, Value};

const TREE: TreeId = TreeId(7);
const ALWAYS: (i64, i64) = (TIME_MIN, TIME_MAX);

fn node(operator: Operator, types: Vec<DataType>) -> Physical {
    let names = types.iter().map(|_| "c".to_owned()).collect();
    let estimate = Estimate { rows: 1.0, source: EstimateSource::Guess };
    Physical { operator, types, names, estimate }
}

/// A table of two BIGINT columns, the first its key unless `keyed` is false.
fn table(keyed: bool) -> Arc<Table> {
    let column = |id, name: &str| TableColumn {
        id: ColumnId(id),
        name: name.into(),
        ty: DataType::Int64,
        not_null: id == 2,
        default: None,
    };
    Arc::new(Table {
        id: TableId(1),
        tree: TREE,
        name: "staff".into(),
        columns: vec![column(1, "id"), column(2, "pay")],
        primary_key: if keyed { vec![ColumnId(1)] } else { Vec::new() },
        checks: Vec::new(),
        document: false,
        period: None,
    })
}

fn store(table: &Table) -> Store {
    let clock = Arc::new(ManualClock::new(1));
    let vfs = Arc::new(MemVfs::default());
    let options = StoreOptions { background: false, ..StoreOptions::default() };
    let store = Store::open(vfs, clock, Path::new("/db"), options).unwrap();
    let mut transaction = store.begin();
    let columns =
        [0, 1, 2].map(|id| TreeColumn { id: ColumnId(id), ty: DataType::Int64, nullable: true });
    let key = table.key().into_iter().map(|column| KeyColumn { column, descending: false });
    transaction.create_tree(TreeSchema { id: TREE, columns: columns.to_vec(), key: key.collect() });
    transaction.commit(&CommitMeta::default()).unwrap();
    store
}

fn context(view: View) -> ExecContext {
    let snapshot = view.commit();
    ExecContext {
        view: Some(view),
        eval: Arc::new(EvalContext::new(Timestamp(0), Vec::new(), snapshot, 1)),
        governor: Governor::new(usize::MAX),
        cancel: CancelToken::without_clock(),
        jit: JitMode::Off,
        kernels: Kernels::new(),
        threads: 1,
        workers: Workers::new(1),
        external: None,
        progress: Arc::new(Progress::default()),
        measure: false,
    }
}

fn big(number: i64) -> Scalar {
    Scalar::literal(Value::Int64(number), DataType::Int64, Span::NONE)
}

fn time(at: i64) -> Scalar {
    Scalar::literal(Value::Timestamp(Timestamp(at)), DataType::Timestamp, Span::NONE)
}

fn slot(at: u32, ty: DataType) -> Scalar {
    Scalar::slot(at, ty)
}

fn apply(
    transaction: &mut Transaction,
    table: &Arc<Table>,
    input: Physical,
    action: WriteAction,
) -> diag::Result<u64> {
    let spans = vec![Span::new(1, 2), Span::new(3, 4)];
    let plan = PhysicalWrite { table: Arc::clone(table), action, checks: Vec::new(), spans };
    let root = node(Operator::Write { input: Box::new(input), write: plan }, Vec::new());
    let view = transaction.view();
    write(&Arc::new(stage(&root)), context(view), transaction).map(|written| written.rows)
}

fn insert(
    transaction: &mut Transaction,
    table: &Arc<Table>,
    rows: &[(i64, Option<i64>, (i64, i64))],
    upsert: bool,
) -> diag::Result<u64> {
    let row = |(id, pay, (from, to)): &(i64, Option<i64>, (i64, i64))| {
        let pay = pay.map_or(Value::Null, Value::Int64);
        let pay = Scalar::literal(pay, DataType::Int64, Span::NONE);
        vec![big(*id), pay, time(*from), time(*to)]
    };
    let rows = Arc::new(rows.iter().map(row).collect());
    let (number, at) = (DataType::Int64, DataType::Timestamp);
    let input = node(Operator::Values(rows), vec![number, number, at, at]);
    apply(transaction, table, input, WriteAction::Insert { upsert })
}

const HIDDEN: [ScanColumn; 3] =
    [ScanColumn::CommitFrom, ScanColumn::ValidFrom, ScanColumn::ValidTo];

fn scan(table: &Arc<Table>, columns: Vec<ScanColumn>, valid: ValidTime) -> Physical {
    let ty = |column: &ScanColumn| match column {
        ScanColumn::Stored(_) | ScanColumn::CommitFrom | ScanColumn::CommitTo => DataType::Int64,
        ScanColumn::SystemFrom
        | ScanColumn::SystemTo
        | ScanColumn::ValidFrom
        | ScanColumn::ValidTo => DataType::Timestamp,
    };
    let types = columns.iter().map(ty).collect();
    let scan = PhysicalScan {
        table: Arc::clone(table),
        alias: "staff".into(),
        columns,
        temporal: TemporalRead { valid, ..TemporalRead::default() },
        access: Access::Full,
        predicates: Vec::new(),
        residual: Vec::new(),
    };
    node(Operator::Scan(scan), types)
}

/// Every current version: id, pay, valid_from, valid_to; sorted.
fn current(view: View, table: &Arc<Table>) -> Vec<(i64, i64, i64, i64)> {
    let stored = [1, 2].map(|id| ScanColumn::Stored(ColumnId(id)));
    let plan = scan(table, [&stored[..], &HIDDEN[1..]].concat(), ValidTime::All);
    let mut found = Vec::new();
    for batch in run(&Arc::new(stage(&plan)), context(view)).unwrap() {
        let batch = batch.unwrap();
        for row in 0..batch.rows() {
            let cell = |at: usize| match Value::from_array(batch.column(at), row, plan.types[at]) {
                Value::Int64(number) => number,
                Value::Timestamp(at) => at.0,
                other => panic!("{other:?}"),
            };
            found.push((cell(0), cell(1), cell(2), cell(3)));
        }
    }
    found.sort_unstable();
    found
}

/// UPDATE staff SET id = `new[0]`, pay = `new[1]`, over the slots id, pay.
fn update(
    transaction: &mut Transaction,
    table: &Arc<Table>,
    new: [Scalar; 2],
    portion: Option<ValidTime>,
) -> diag::Result<u64> {
    let stored = [1, 2].map(|id| ScanColumn::Stored(ColumnId(id)));
    let input = scan(table, [&stored[..], &HIDDEN[..]].concat(), portion.unwrap_or_default());
    let (number, at) = (DataType::Int64, DataType::Timestamp);
    let [id, pay] = new;
    let mut items = vec![slot(0, number), slot(2, number), slot(3, at), id, pay];
    items.extend([slot(3, at), slot(4, at)]);
    if portion.is_some() {
        items.extend([slot(0, number), slot(1, number), slot(4, at)]);
    }
    let types = items.iter().map(|item| item.ty).collect();
    let input = node(Operator::Project { input: Box::new(input), items }, types);
    apply(transaction, table, input, WriteAction::Update { portion })
}

fn commit(transaction: Transaction) -> Option<Committed> {
    transaction.commit(&CommitMeta::default()).unwrap()
}

#[test]
fn a_key_is_unique_within_a_statement_and_against_what_is_there() {
    let table = table(true);
    let store = store(&table);
    let mut transaction = store.begin();
    let twice = [(1, Some(10), ALWAYS), (1, Some(20), ALWAYS)];
    let error = insert(&mut transaction, &table, &twice, false).unwrap_err();
    assert_eq!(error.code, Code::UniqueViolation);
    assert!(error.message.contains("(id)=(1)"), "{}", error.message);
    drop(transaction);

    let mut transaction = store.begin();
    assert_eq!(insert(&mut transaction, &table, &[(1, Some(10), ALWAYS)], false).unwrap(), 1);
    let again = insert(&mut transaction, &table, &[(1, Some(5), ALWAYS)], false).unwrap_err();
    assert_eq!(again.code, Code::UniqueViolation);
}

#[test]
fn one_key_may_hold_at_times_that_do_not_overlap() {
    let table = table(true);
    let store = store(&table);
    let mut transaction = store.begin();
    let rows = [(1, Some(10), (0, 5)), (1, Some(20), (5, 9))];
    assert_eq!(insert(&mut transaction, &table, &rows, false).unwrap(), 2);
    commit(transaction).unwrap();
    let mut transaction = store.begin();
    let error = insert(&mut transaction, &table, &[(1, Some(30), (8, 12))], false).unwrap_err();
    assert_eq!(error.code, Code::UniqueViolation);
    assert_eq!(current(store.snapshot(), &table), [(1, 10, 0, 5), (1, 20, 5, 9)]);
}

#[test]
fn null_in_a_not_null_column_points_at_the_value() {
    let table = table(true);
    let store = store(&table);
    let mut transaction = store.begin();
    let error = insert(&mut transaction, &table, &[(1, None, ALWAYS)], false).unwrap_err();
    assert_eq!(error.code, Code::NotNullViolation);
    assert!(error.message.contains("\"pay\""), "{}", error.message);
    assert_eq!(error.span(), Some(Span::new(3, 4)));
}

#[test]
fn an_update_may_swap_two_keys() {
    let table = table(true);
    let store = store(&table);
    let mut transaction = store.begin();
    let rows = [(1, Some(2), ALWAYS), (2, Some(1), ALWAYS)];
    insert(&mut transaction, &table, &rows, false).unwrap();
    commit(transaction).unwrap();
    let mut transaction = store.begin();
    let (id, pay) = (slot(0, DataType::Int64), slot(1, DataType::Int64));
    assert_eq!(update(&mut transaction, &table, [pay, id], None).unwrap(), 2);
    let (from, to) = ALWAYS;
    assert_eq!(current(transaction.view(), &table), [(1, 2, from, to), (2, 1, from, to)]);
    let same_key = update(&mut transaction, &table, [big(9), big(9)], None).unwrap_err();
    assert_eq!(same_key.code, Code::UniqueViolation);
}

#[test]
fn an_update_that_changes_nothing_matches_but_writes_nothing() {
    let table = table(true);
    let store = store(&table);
    let mut transaction = store.begin();
    insert(&mut transaction, &table, &[(1, Some(2), ALWAYS)], false).unwrap();
    commit(transaction).unwrap();
    let mut transaction = store.begin();
    let (id, pay) = (slot(0, DataType::Int64), slot(1, DataType::Int64));
    assert_eq!(update(&mut transaction, &table, [id, pay], None).unwrap(), 1);
    assert!(commit(transaction).is_none());
}

#[test]
fn a_portion_is_changed_and_the_rest_keeps_standing() {
    let table = table(true);
    let store = store(&table);
    let mut transaction = store.begin();
    insert(&mut transaction, &table, &[(1, Some(100), (0, 100))], false).unwrap();
    commit(transaction).unwrap();
    let mut transaction = store.begin();
    let portion = Some(ValidTime::Range { from: 20, to: 40 });
    let new = [slot(0, DataType::Int64), big(200)];
    assert_eq!(update(&mut transaction, &table, new, portion).unwrap(), 1);
    commit(transaction).unwrap();
    let expected = [(1, 100, 0, 20), (1, 100, 40, 100), (1, 200, 20, 40)];
    assert_eq!(current(store.snapshot(), &table), expected);
}

#[test]
fn an_upsert_replaces_what_it_overlaps() {
    let table = table(true);
    let store = store(&table);
    let mut transaction = store.begin();
    let rows = [(1, Some(10), (0, 100)), (1, Some(20), (30, 50)), (1, Some(30), (40, 60))];
    assert_eq!(insert(&mut transaction, &table, &rows, true).unwrap(), 3);
    commit(transaction).unwrap();
    let expected = [(1, 10, 0, 30), (1, 10, 60, 100), (1, 20, 30, 40), (1, 30, 40, 60)];
    assert_eq!(current(store.snapshot(), &table), expected);
}

#[test]
fn rows_without_a_primary_key_may_be_equal() {
    let table = table(false);
    let store = store(&table);
    let mut transaction = store.begin();
    let rows = [(1, Some(10), ALWAYS), (1, Some(10), ALWAYS)];
    assert_eq!(insert(&mut transaction, &table, &rows, false).unwrap(), 2);
    commit(transaction).unwrap();
    assert_eq!(current(store.snapshot(), &table).len(), 2);
    assert_eq!(store.latest(), CommitId(2));
}

#[test]
fn a_statement_reads_none_of_the_rows_that_it_writes() {
    let table = table(false);
    let store = store(&table);
    let mut transaction = store.begin();
    insert(&mut transaction, &table, &[(1, Some(1), ALWAYS), (2, Some(2), ALWAYS)], false).unwrap();
    for rows in [2, 4, 8] {
        let stored = [1, 2].map(|id| ScanColumn::Stored(ColumnId(id)));
        let source = scan(&table, [&stored[..], &HIDDEN[1..]].concat(), ValidTime::All);
        let action = WriteAction::Insert { upsert: false };
        assert_eq!(apply(&mut transaction, &table, source, action).unwrap(), rows);
    }
}
