//! Operators against naive row-wise implementations, with one thread and with four.
//!
//! Inputs are VALUES of small integers with NULLs, so that keys meet often; what a plan yields must
//! be what nested loops over the rows say, in any order where the plan has none.

use std::collections::BTreeMap;
use std::sync::Arc;

use diag::{Code, Span};
use ir::{
    AggregateCall, AggregateFunction, Column, CompareOp, Estimate, EstimateSource, JoinKey,
    JoinKind, KeyNulls, Operator, Physical, Scalar, ScalarKind, Side, SortKey, WindowCall,
    WindowFunction,
};
use proptest::prelude::*;
use spectradb_exec::eval::EvalContext;
use spectradb_exec::{
    CancelToken, ExecContext, Governor, JitMode, Kernels, Progress, Workers, run, stage,
};
use types::{CommitId, DataType, Decimal, Timestamp, Value};

type Row = Vec<Option<i64>>;

fn node(operator: Operator, types: Vec<DataType>) -> Physical {
    let names = types.iter().map(|_| "c".to_owned()).collect();
    let estimate = Estimate { rows: 1.0, source: EstimateSource::Guess };
    Physical { operator, types, names, estimate }
}

fn value(cell: Option<i64>) -> Value {
    cell.map_or(Value::Null, Value::Int64)
}

fn number(cell: i64) -> Scalar {
    Scalar::literal(Value::Int64(cell), DataType::Int64, Span::NONE)
}

fn values(rows: &[Row], width: usize) -> Physical {
    let cells = |row: &Row| {
        let cell = |cell: &Option<i64>| Scalar::literal(value(*cell), DataType::Int64, Span::NONE);
        row.iter().map(cell).collect()
    };
    let rows = rows.iter().map(cells).collect();
    node(Operator::Values(Arc::new(rows)), vec![DataType::Int64; width])
}

fn series(stop: i64) -> Physical {
    let operator =
        Operator::GenerateSeries { start: number(1), stop: number(stop), step: number(1) };
    node(operator, vec![DataType::Int64])
}

fn slot(at: u32) -> Scalar {
    Scalar::slot(at, DataType::Int64)
}

fn less(left: u32, right: u32) -> Scalar {
    let kind = ScalarKind::Compare(CompareOp::Lt, Box::new(slot(left)), Box::new(slot(right)));
    Scalar::new(kind, DataType::Boolean, Span::NONE)
}

fn context(threads: usize, memory: usize) -> ExecContext {
    ExecContext {
        view: None,
        eval: Arc::new(EvalContext::new(Timestamp(0), Vec::new(), CommitId(0), 1)),
        governor: Governor::new(memory),
        cancel: CancelToken::without_clock(),
        jit: JitMode::Off,
        kernels: Kernels::new(),
        threads,
        workers: Workers::new(threads),
        external: None,
        progress: Arc::new(Progress::default()),
        measure: true,
    }
}

fn collect(plan: &Physical, context: ExecContext) -> diag::Result<Vec<Vec<Value>>> {
    let mut all = Vec::new();
    for batch in run(&Arc::new(stage(plan)), context)? {
        let batch = batch?;
        assert!(batch.rows() > 0 && batch.rows() <= types::BATCH_ROWS);
        for row in 0..batch.rows() {
            let cells = batch.columns().iter().zip(&plan.types);
            all.push(cells.map(|(column, ty)| Value::from_array(column, row, *ty)).collect());
        }
    }
    Ok(all)
}

fn ordered(plan: &Physical) -> Vec<Row> {
    let one = collect(plan, context(1, usize::MAX)).unwrap();
    let four = collect(plan, context(4, usize::MAX)).unwrap();
    assert_eq!(sorted(one.clone()), sorted(four));
    one.into_iter().map(|row| row.iter().map(cell).collect()).collect()
}

fn unordered(plan: &Physical) -> Vec<Row> {
    let mut rows = ordered(plan);
    rows.sort();
    rows
}

fn sorted(mut rows: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

fn cell(value: &Value) -> Option<i64> {
    match value {
        Value::Null => None,
        Value::Int64(number) => Some(*number),
        Value::Boolean(truth) => Some(i64::from(*truth)),
        Value::Decimal(Decimal { unscaled, scale: 0 }) => Some(i64::try_from(*unscaled).unwrap()),
        other => panic!("{other:?} is no integer"),
    }
}

fn equal_keys(left: Scalar, right: Scalar) -> JoinKey {
    JoinKey { left, right, nulls: KeyNulls::Never }
}

/// OR over all right rows of what is known of a pair; NULL is an unknown one.
fn naive_mark(left: &[Row], right: &[Row], known: impl Fn(&Row, &Row) -> Option<bool>) -> Vec<Row> {
    let mark = |row: &Row| {
        let all: Vec<Option<bool>> = right.iter().map(|other| known(row, other)).collect();
        match (all.contains(&Some(true)), all.contains(&None)) {
            (true, _) => Some(1),
            (false, true) => None,
            (false, false) => Some(0),
        }
    };
    let mut rows: Vec<Row> =
        left.iter().map(|row| [row.clone(), vec![mark(row)]].concat()).collect();
    rows.sort();
    rows
}

/// Three-valued equality.
fn equals(left: Option<i64>, right: Option<i64>) -> Option<bool> {
    Some(left? == right?)
}

/// Three-valued AND.
fn both(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

const KINDS: [JoinKind; 6] = [
    JoinKind::Inner,
    JoinKind::Left,
    JoinKind::Right,
    JoinKind::Full,
    JoinKind::Semi,
    JoinKind::Anti,
];

/// Joins two-column rows by nested loops; `meets` says which pairs.
fn naive_join(
    kind: JoinKind,
    left: &[Row],
    right: &[Row],
    meets: impl Fn(&Row, &Row) -> bool,
) -> Vec<Row> {
    let nothing = vec![None, None];
    let mut joined = Vec::new();
    for row in left {
        let partners: Vec<&Row> = right.iter().filter(|other| meets(row, other)).collect();
        match kind {
            JoinKind::Semi if !partners.is_empty() => joined.push(row.clone()),
            JoinKind::Anti if partners.is_empty() => joined.push(row.clone()),
            JoinKind::Semi | JoinKind::Anti | JoinKind::Mark(_) | JoinKind::Single { .. } => {}
            JoinKind::Left | JoinKind::Full if partners.is_empty() => {
                joined.push([row.clone(), nothing.clone()].concat());
            }
            JoinKind::Inner | JoinKind::Left | JoinKind::Right | JoinKind::Full => {
                joined
                    .extend(partners.iter().map(|other| [row.clone(), (*other).clone()].concat()));
            }
        }
    }
    if matches!(kind, JoinKind::Right | JoinKind::Full) {
        let lonely = right.iter().filter(|other| !left.iter().any(|row| meets(row, other)));
        joined.extend(lonely.map(|other| [nothing.clone(), other.clone()].concat()));
    }
    joined.sort();
    joined
}

fn width(kind: JoinKind) -> usize {
    if matches!(kind, JoinKind::Semi | JoinKind::Anti) { 2 } else { 4 }
}

fn cells() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![1 => Just(None), 6 => (0..6_i64).prop_map(Some), 1 => Just(Some(i64::MIN))]
}

fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(prop::collection::vec(cells(), 2), 0..most)
}

fn lt(left: Option<i64>, right: Option<i64>) -> bool {
    matches!((left, right), (Some(left), Some(right)) if left < right)
}

fn eq(left: Option<i64>, right: Option<i64>) -> bool {
    left.is_some() && left == right
}

fn call(function: AggregateFunction, argument: Option<Scalar>, distinct: bool) -> AggregateCall {
    let ty = function.result(DataType::Int64);
    let args = argument.into_iter().collect();
    AggregateCall {
        function,
        args,
        distinct,
        filter: None,
        order: Vec::new(),
        ty,
        span: Span::NONE,
    }
}

fn key(at: u32, descending: bool, nulls_first: bool) -> SortKey {
    SortKey { scalar: slot(at), descending, nulls_first }
}

/// SQL's order of one column.
fn rank(cell: Option<i64>, descending: bool, nulls_first: bool) -> (bool, i128) {
    let number = i128::from(cell.unwrap_or(0));
    let number = if descending { -number } else { number };
    (cell.is_none() != nulls_first, number)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn hash_joins_equal_nested_loops(left in rows(40), right in rows(40), residual: bool, two: bool) {
        let reversed = [(JoinKind::Semi, Side::Left), (JoinKind::Anti, Side::Left)];
        for (kind, build) in KINDS.map(|kind| (kind, Side::Right)).into_iter().chain(reversed) {
            let mut keys = vec![equal_keys(slot(0), slot(0))];
            if two {
                keys.push(equal_keys(slot(1), slot(1)));
            }
            let plan = node(
                Operator::HashJoin {
                    kind,
                    left: Box::new(values(&left, 2)),
                    right: Box::new(values(&right, 2)),
                    keys,
                    build,
                    residual: if residual { vec![less(1, 3)] } else { Vec::new() },
                },
                vec![DataType::Int64; width(kind)],
            );
            let expected = naive_join(kind, &left, &right, |l, r| {
                eq(l[0], r[0]) && (!two || eq(l[1], r[1])) && (!residual || lt(l[1], r[1]))
            });
            prop_assert_eq!(unordered(&plan), expected, "{:?} {:?}", kind, build);
        }
    }

    #[test]
    fn nested_loop_joins_equal_nested_loops(left in rows(20), right in rows(20), any: bool) {
        for kind in KINDS {
            let plan = node(
                Operator::NestedLoopJoin {
                    kind,
                    left: Box::new(values(&left, 2)),
                    right: Box::new(values(&right, 2)),
                    on: if any { Vec::new() } else { vec![less(0, 3)] },
                },
                vec![DataType::Int64; width(kind)],
            );
            let expected = naive_join(kind, &left, &right, |l, r| any || lt(l[0], r[1]));
            prop_assert_eq!(unordered(&plan), expected, "{:?}", kind);
        }
    }

    #[test]
    fn mark_joins_tell_false_from_unknown(
        left in rows(30),
        right in rows(30),
        two: bool,
        residual: bool,
        guarded: bool,
    ) {
        let nulls = if guarded { KeyNulls::Never } else { KeyNulls::Unknown };
        let mut keys = vec![JoinKey { left: slot(0), right: slot(0), nulls }];
        if two {
            keys.push(JoinKey { left: slot(1), right: slot(1), nulls });
        }
        let mut types = vec![DataType::Int64; 2];
        types.push(DataType::Boolean);
        let plan = node(
            Operator::HashJoin {
                kind: JoinKind::Mark(Column(0)),
                left: Box::new(values(&left, 2)),
                right: Box::new(values(&right, 2)),
                keys,
                build: Side::Right,
                residual: if residual { vec![less(1, 3)] } else { Vec::new() },
            },
            types,
        );
        let key = |l: Option<i64>, r: Option<i64>| match guarded {
            true => Some(equals(l, r) == Some(true)),
            false => equals(l, r),
        };
        let less = |l: Option<i64>, r: Option<i64>| Some(l? < r?);
        let expected = naive_mark(&left, &right, |l, r| {
            let keys = both(key(l[0], r[0]), if two { key(l[1], r[1]) } else { Some(true) });
            both(keys, if residual { less(l[1], r[1]) } else { Some(true) })
        });
        prop_assert_eq!(unordered(&plan), expected);
    }

    #[test]
    fn nested_loop_marks_tell_false_from_unknown(left in rows(20), right in rows(20)) {
        let plan = node(
            Operator::NestedLoopJoin {
                kind: JoinKind::Mark(Column(0)),
                left: Box::new(values(&left, 2)),
                right: Box::new(values(&right, 2)),
                on: vec![less(0, 3)],
            },
            vec![DataType::Int64, DataType::Int64, DataType::Boolean],
        );
        let expected = naive_mark(&left, &right, |l, r| Some(l[0]? < r[1]?));
        prop_assert_eq!(unordered(&plan), expected);
    }

    #[test]
    fn keys_may_say_that_null_meets_null(left in rows(40), right in rows(40)) {
        for kind in KINDS {
            let plan = node(
                Operator::HashJoin {
                    kind,
                    left: Box::new(values(&left, 2)),
                    right: Box::new(values(&right, 2)),
                    keys: vec![
                        JoinKey { left: slot(0), right: slot(0), nulls: KeyNulls::Equal },
                        equal_keys(slot(1), slot(1)),
                    ],
                    build: Side::Right,
                    residual: Vec::new(),
                },
                vec![DataType::Int64; width(kind)],
            );
            let expected =
                naive_join(kind, &left, &right, |l, r| l[0] == r[0] && eq(l[1], r[1]));
            prop_assert_eq!(unordered(&plan), expected, "{:?}", kind);
        }
    }

    #[test]
    fn single_joins_refuse_a_second_partner(left in rows(10), right in rows(10)) {
        let plan = node(
            Operator::HashJoin {
                kind: JoinKind::Single { span: Span::new(3, 5) },
                left: Box::new(values(&left, 2)),
                right: Box::new(values(&right, 2)),
                keys: vec![equal_keys(slot(0), slot(0))],
                build: Side::Right,
                residual: vec![less(1, 3)],
            },
            vec![DataType::Int64; 4],
        );
        let meets = |l: &Row, r: &Row| eq(l[0], r[0]) && lt(l[1], r[1]);
        let several = left.iter().any(|l| right.iter().filter(|r| meets(l, r)).count() > 1);
        if several {
            let error = collect(&plan, context(1, usize::MAX)).unwrap_err();
            prop_assert_eq!(error.code, Code::Cardinality);
            prop_assert_eq!(error.span(), Some(Span::new(3, 5)));
        } else {
            let expected = naive_join(JoinKind::Left, &left, &right, meets);
            prop_assert_eq!(unordered(&plan), expected);
        }
    }

    #[test]
    fn aggregates_equal_a_map_of_groups(input in rows(60), filtered: bool) {
        let mut counted = call(AggregateFunction::Count, Some(slot(1)), false);
        counted.filter = filtered.then(|| less(0, 1));
        let calls = vec![
            call(AggregateFunction::CountStar, None, false),
            counted,
            call(AggregateFunction::Sum, Some(slot(1)), true),
            call(AggregateFunction::Min, Some(slot(1)), false),
            call(AggregateFunction::Max, Some(slot(1)), false),
        ];
        let mut types = vec![DataType::Int64];
        types.extend(calls.iter().map(|call| call.ty));
        let plan = node(
            Operator::HashAggregate {
                input: Box::new(values(&input, 2)),
                groups: vec![slot(0)],
                aggregates: calls,
            },
            types,
        );
        // The sum of i64::MIN and others leaves BIGINT but not the sum's type.
        let mut groups: BTreeMap<Option<i64>, Vec<Option<i64>>> = BTreeMap::new();
        for row in &input {
            groups.entry(row[0]).or_default().push(row[1]);
        }
        let expected: Vec<Vec<Value>> = groups.into_iter().map(|(group, members)| {
            let mut present: Vec<i64> = members.iter().flatten().copied().collect();
            let counted = present.iter().filter(|x| !filtered || lt(group, Some(**x))).count();
            let (min, max) = (present.iter().min().copied(), present.iter().max().copied());
            present.sort_unstable();
            present.dedup();
            let sum: i128 = present.iter().map(|x| i128::from(*x)).sum();
            let sum = (!present.is_empty()).then(|| Value::Decimal(Decimal::new(sum, 0)));
            vec![
                value(group),
                Value::Int64(members.len() as i64),
                Value::Int64(counted as i64),
                sum.unwrap_or(Value::Null),
                value(min),
                value(max),
            ]
        }).collect();
        for threads in [1, 4] {
            let found = collect(&plan, context(threads, usize::MAX)).unwrap();
            prop_assert_eq!(sorted(found), sorted(expected.clone()));
        }
    }

    #[test]
    fn sorts_and_their_first_rows_are_stable(
        input in rows(60), descending: bool, nulls_first: bool, limit in 0..20_usize, offset in 0..9_usize,
    ) {
        let mut expected = input.clone();
        expected.sort_by_key(|row| rank(row[0], descending, nulls_first));
        let keys = vec![key(0, descending, nulls_first)];
        let types = vec![DataType::Int64; 2];
        let source = Box::new(values(&input, 2));
        let sort = node(Operator::Sort { input: source.clone(), keys: keys.clone() }, types.clone());
        prop_assert_eq!(ordered(&sort), expected.clone());
        let first: Vec<Row> = expected.into_iter().skip(offset).take(limit).collect();
        let (limit, offset) = (number(limit as i64), Some(number(offset as i64)));
        let top = Operator::TopN { input: source, keys, limit: limit.clone(), offset: offset.clone() };
        prop_assert_eq!(ordered(&node(top, types.clone())), first.clone());
        let cut = Operator::Limit { input: Box::new(sort), limit: Some(limit), offset };
        prop_assert_eq!(ordered(&node(cut, types)), first);
    }

    #[test]
    fn window_functions_equal_counting(input in rows(40)) {
        let window = |function, args: Vec<Scalar>| WindowCall {
            function, args, ty: DataType::Int64, span: Span::NONE,
        };
        let plan = node(
            Operator::Window {
                input: Box::new(values(&input, 2)),
                partition: vec![slot(0)],
                order: vec![key(1, false, false)],
                calls: vec![
                    window(WindowFunction::Rank, vec![]),
                    window(WindowFunction::DenseRank, vec![]),
                    window(WindowFunction::FirstValue, vec![slot(1)]),
                    window(WindowFunction::LastValue, vec![slot(1)]),
                ],
            },
            vec![DataType::Int64; 6],
        );
        let mut expected: Vec<Row> = input.iter().map(|row| {
            let peers = input.iter().filter(|other| other[0] == row[0]);
            let before: Vec<_> = peers.clone()
                .filter(|other| rank(other[1], false, false) < rank(row[1], false, false)).collect();
            let distinct: std::collections::BTreeSet<_> = before.iter().map(|row| row[1]).collect();
            let first = peers.map(|other| other[1]).min_by_key(|cell| rank(*cell, false, false)).unwrap();
            vec![row[0], row[1], Some(before.len() as i64 + 1), Some(distinct.len() as i64 + 1), first, row[1]]
        }).collect();
        expected.sort();
        prop_assert_eq!(unordered(&plan), expected);
    }
}

#[test]
fn union_all_keeps_every_row_in_order() {
    let (first, second) = (vec![vec![Some(1)], vec![Some(1)]], vec![vec![None], vec![Some(2)]]);
    let inputs = vec![values(&first, 1), values(&second, 1)];
    let plan = node(Operator::UnionAll(inputs), vec![DataType::Int64]);
    assert_eq!(ordered(&plan), [first, second].concat());
}

#[test]
fn workers_share_a_million_rows_and_agree() {
    let grouped = node(
        Operator::HashAggregate {
            input: Box::new(series(1_000_000)),
            groups: Vec::new(),
            aggregates: vec![
                call(AggregateFunction::CountStar, None, false),
                call(AggregateFunction::Sum, Some(slot(0)), false),
            ],
        },
        vec![DataType::Int64, DataType::INTEGER_SUM],
    );
    assert_eq!(ordered(&grouped), [vec![Some(1_000_000), Some(500_000_500_000)]]);
}

#[test]
fn a_limit_ends_an_endless_series_and_a_dropped_result_its_workers() {
    let plan = node(
        Operator::Limit { input: Box::new(series(i64::MAX)), limit: Some(number(3)), offset: None },
        vec![DataType::Int64],
    );
    assert_eq!(collect(&plan, context(1, usize::MAX)).unwrap().len(), 3);
    assert_eq!(collect(&plan, context(4, usize::MAX)).unwrap().len(), 3);
    let mut rows = run(&Arc::new(stage(&series(i64::MAX))), context(4, usize::MAX)).unwrap();
    assert_eq!(rows.next().unwrap().unwrap().rows(), types::BATCH_ROWS);
    drop(rows);
}

#[test]
fn a_cancelled_statement_ends_with_its_code() {
    let context = context(4, usize::MAX);
    let cancel = context.cancel.clone();
    let mut rows = run(&Arc::new(stage(&series(i64::MAX))), context).unwrap();
    assert!(rows.next().unwrap().is_ok());
    cancel.cancel();
    let error = rows.find_map(Result::err).unwrap();
    assert_eq!(error.code, Code::Cancelled);
    assert!(rows.next().is_none());
}

#[test]
fn operators_that_keep_rows_stop_at_the_memory_limit_and_give_back() {
    let input = Box::new(series(1_000_000));
    let plans = [
        ("sort", Operator::Sort { input: input.clone(), keys: vec![key(0, true, false)] }),
        (
            "hash aggregate",
            Operator::HashAggregate {
                input: input.clone(),
                groups: vec![slot(0)],
                aggregates: Vec::new(),
            },
        ),
        (
            "hash join",
            Operator::HashJoin {
                kind: JoinKind::Semi,
                left: Box::new(series(1)),
                right: input,
                keys: vec![equal_keys(slot(0), slot(0))],
                build: Side::Right,
                residual: Vec::new(),
            },
        ),
    ];
    for (name, operator) in plans {
        let context = context(2, 1 << 20);
        let governor = Arc::clone(&context.governor);
        let error = collect(&node(operator, vec![DataType::Int64]), context).unwrap_err();
        assert_eq!(error.code, Code::OutOfMemory, "{name}");
        assert!(error.message.contains(name), "{}", error.message);
        assert!(governor.peak() <= 1 << 20);
    }
}

#[test]
fn two_results_read_in_turns_do_not_starve_each_other() {
    let context = context(2, usize::MAX);
    let plan = Arc::new(stage(&series(1_000_000)));
    let mut first = run(&plan, context.clone()).unwrap();
    assert!(first.next().unwrap().is_ok());
    // The pool's threads may all wait for the first result to be read.
    let rows: usize = run(&plan, context).unwrap().map(|batch| batch.unwrap().rows()).sum();
    assert_eq!(rows, 1_000_000);
    let rest: usize = first.map(|batch| batch.unwrap().rows()).sum();
    assert_eq!(rest, 1_000_000 - types::BATCH_ROWS);
}

#[test]
fn a_profile_counts_rows_by_operator() {
    let plan = node(
        Operator::Filter {
            input: Box::new(values(&[vec![Some(1), Some(2)], vec![Some(3), Some(2)]], 2)),
            predicates: vec![less(0, 1)],
        },
        vec![DataType::Int64; 2],
    );
    let mut rows = run(&Arc::new(stage(&plan)), context(1, usize::MAX)).unwrap();
    assert_eq!(rows.by_ref().map(|batch| batch.unwrap().rows()).sum::<usize>(), 1);
    let profile = rows.profile();
    let counts: Vec<_> = profile.operators.iter().map(|one| (one.name, one.rows)).collect();
    assert_eq!(counts, [("Filter", 1), ("Values", 2)]);
    assert!(profile.operators.iter().all(|one| one.busy_ns > 0));
}

#[test]
fn pipelines_print_feeds_in_the_order_of_their_work() {
    let join = node(
        Operator::HashJoin {
            kind: JoinKind::Full,
            left: Box::new(series(3)),
            right: Box::new(values(&[vec![Some(1)]], 1)),
            keys: vec![equal_keys(slot(0), slot(0))],
            build: Side::Right,
            residual: Vec::new(),
        },
        vec![DataType::Int64; 2],
    );
    let plan = node(
        Operator::Sort { input: Box::new(join), keys: vec![key(0, false, false)] },
        vec![DataType::Int64; 2],
    );
    let expected = "\
P0: Values (1 rows) → Build #1
P1: GenerateSeries → Probe #1 of P0 (Full) → Sort #0
P1: Unmatched rows of P0 → Sort #0
P2: Rows of P1 (in order) → Result
";
    assert_eq!(stage(&plan).to_string(), expected);
}
