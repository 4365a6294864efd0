//! Aggregates by machine code: equal rows, equal errors, and code that takes over midway.

use std::sync::Arc;

use diag::{Code, Span};
use ir::{
    AggregateCall, AggregateFunction, ArithmeticOp, Estimate, EstimateSource, Operator, Physical,
    Scalar, ScalarKind,
};
use spectradb_exec::eval::EvalContext;
use spectradb_exec::{
    CancelToken, ExecContext, ExecutionProfile, Governor, JitMode, Kernels, Progress, Tier,
    Workers, run, stage,
};
use types::{CommitId, DataType, Decimal, Timestamp, Value};

const PRICE: DataType = DataType::Decimal { precision: 15, scale: 2 };
const TOTAL: DataType = DataType::Decimal { precision: 38, scale: 2 };
const WIDE: DataType = DataType::Decimal { precision: 38, scale: 0 };

fn node(operator: Operator, types: Vec<DataType>) -> Physical {
    let names = types.iter().map(|_| "c".to_owned()).collect();
    let estimate = Estimate { rows: 1.0, source: EstimateSource::Guess };
    Physical { operator, types, names, estimate }
}

fn context(jit: JitMode, kernels: &Arc<Kernels>, threads: usize) -> ExecContext {
    ExecContext {
        view: None,
        eval: Arc::new(EvalContext::new(Timestamp(0), Vec::new(), CommitId(0), 1)),
        governor: Governor::new(usize::MAX),
        cancel: CancelToken::without_clock(),
        jit,
        kernels: Arc::clone(kernels),
        threads,
        workers: Workers::new(threads),
        external: None,
        progress: Arc::new(Progress::default()),
        measure: false,
    }
}

/// Returns the rows in an order that does not depend on threads, and what was measured.
fn collect(
    plan: &Physical,
    context: ExecContext,
) -> diag::Result<(Vec<Vec<Value>>, ExecutionProfile)> {
    let mut all: Vec<Vec<Value>> = Vec::new();
    let mut rows = run(&Arc::new(stage(plan)), context)?;
    for batch in rows.by_ref() {
        let batch = batch?;
        for row in 0..batch.rows() {
            let cells = batch.columns().iter().zip(&plan.types);
            all.push(cells.map(|(column, ty)| Value::from_array(column, row, *ty)).collect());
        }
    }
    all.sort_by_key(|row| format!("{row:?}"));
    Ok((all, rows.profile()))
}

fn call(function: AggregateFunction, argument: Option<Scalar>, ty: DataType) -> AggregateCall {
    AggregateCall {
        function,
        args: argument.into_iter().collect(),
        distinct: false,
        filter: None,
        order: Vec::new(),
        ty,
        span: Span::new(7, 12),
    }
}

fn arithmetic(op: ArithmeticOp, left: Scalar, right: Scalar, ty: DataType) -> Scalar {
    let kind = ScalarKind::Arithmetic(op, Box::new(left), Box::new(right));
    Scalar::new(kind, ty, Span::new(3, 8))
}

fn integer(value: i64) -> Scalar {
    Scalar::literal(Value::Int64(value), DataType::Int64, Span::NONE)
}

fn aggregate(input: Physical, groups: Vec<Scalar>, calls: Vec<AggregateCall>) -> Physical {
    let types = groups.iter().map(|group| group.ty).chain(calls.iter().map(|call| call.ty));
    let types = types.collect();
    node(Operator::HashAggregate { input: Box::new(input), groups, aggregates: calls }, types)
}

/// A group, an integer, a price, a double and a text a row; NULLs in all of them.
fn table(rows: i64) -> Physical {
    let types = vec![DataType::Int64, DataType::Int64, PRICE, DataType::Float64, DataType::TEXT];
    let unless = |null: bool, value: Value| if null { Value::Null } else { value };
    let row = |row: i64| {
        let cells = [
            unless(row % 13 == 0, Value::Int64(row % 7)),
            unless(row % 5 == 0, Value::Int64(row * 31 - 900)),
            unless(row % 11 == 3, Value::Decimal(Decimal::new((row * 997 - 4_000).into(), 2))),
            unless(row % 17 == 1, Value::Float64(row as f64 / 8.0)),
            unless(row % 3 == 0, Value::text("word")),
        ];
        cells.into_iter().zip(&types).map(|(value, ty)| Scalar::literal(value, *ty, Span::NONE))
    };
    let rows = (0..rows).map(|at| row(at).collect()).collect();
    node(Operator::Values(Arc::new(rows)), types)
}

fn every_call() -> Vec<AggregateCall> {
    use AggregateFunction::{Avg, Count, CountStar, Max, Min, Sum};
    let slot = Scalar::slot;
    let double = || slot(3, DataType::Float64);
    let plus =
        arithmetic(ArithmeticOp::Add, slot(1, DataType::Int64), integer(10), DataType::Int64);
    let mut filtered = call(Sum, Some(slot(1, DataType::Int64)), WIDE);
    let kind = ScalarKind::Compare(
        ir::CompareOp::Gt,
        Box::new(slot(1, DataType::Int64)),
        Box::new(integer(0)),
    );
    filtered.filter = Some(Scalar::new(kind, DataType::Boolean, Span::NONE));
    let mut distinct = call(Count, Some(slot(0, DataType::Int64)), DataType::Int64);
    distinct.distinct = true;
    vec![
        call(CountStar, None, DataType::Int64),
        filtered,
        call(Sum, Some(plus), WIDE),
        call(Sum, Some(slot(2, PRICE)), TOTAL),
        call(Avg, Some(slot(2, PRICE)), DataType::Decimal { precision: 38, scale: 6 }),
        distinct,
        call(Min, Some(slot(2, PRICE)), PRICE),
        call(Max, Some(slot(1, DataType::Int64)), DataType::Int64),
        call(Count, Some(slot(4, DataType::TEXT)), DataType::Int64),
        call(Max, Some(slot(4, DataType::TEXT)), DataType::TEXT),
        call(Sum, Some(double()), DataType::Float64),
        call(Min, Some(double()), DataType::Float64),
        call(Max, Some(double()), DataType::Float64),
    ]
}

/// Returns how the plan's root was computed.
fn tier(profile: &ExecutionProfile) -> &Tier {
    profile.operators[0].tier.as_ref().expect("an aggregate is computed somehow")
}

fn interpreted(profile: &ExecutionProfile) -> Option<&str> {
    match tier(profile) {
        Tier::Interpreted { why } => Some(why),
        Tier::Compiled { .. } => None,
    }
}

#[test]
fn compiled_aggregates_equal_interpreted_ones() {
    let groupings = [vec![], vec![Scalar::slot(0, DataType::Int64)]];
    for groups in groupings {
        for rows in [0, 1, 5_000] {
            let plan = aggregate(table(rows), groups.clone(), every_call());
            let kernels = Kernels::new();
            let (wanted, profile) = collect(&plan, context(JitMode::Off, &kernels, 1)).unwrap();
            assert_eq!(interpreted(&profile), Some("jit is off"));
            for threads in [1, 4] {
                let context = context(JitMode::Force, &kernels, threads);
                let (found, profile) = collect(&plan, context).unwrap();
                assert_eq!(found, wanted, "{rows} rows, {threads} threads");
                let compiled =
                    matches!(tier(&profile), Tier::Compiled { code_bytes, .. } if *code_bytes > 0);
                assert_eq!(compiled, rows > 0, "{:?}", tier(&profile));
            }
        }
    }
}

#[test]
fn an_overflow_is_the_same_error_compiled() {
    let times = arithmetic(
        ArithmeticOp::Multiply,
        Scalar::slot(1, DataType::Int64),
        integer(i64::MAX / 4),
        DataType::Int64,
    );
    let calls = vec![call(AggregateFunction::Sum, Some(times), WIDE)];
    let plan = aggregate(table(3_000), Vec::new(), calls);
    let kernels = Kernels::new();
    let wanted = collect(&plan, context(JitMode::Off, &kernels, 1)).unwrap_err();
    let found = collect(&plan, context(JitMode::Force, &kernels, 1)).unwrap_err();
    assert_eq!(wanted.code, Code::NumericOverflow);
    assert_eq!(found, wanted);
    assert_eq!(kernels.counters().misses, 1, "the sum was compiled");
}

#[test]
fn a_sum_past_128_bits_is_the_same_error_compiled() {
    let huge = Value::Decimal(Decimal::new(10_i128.pow(38) - 1, 0));
    let rows = vec![vec![Scalar::literal(huge, WIDE, Span::NONE)]; 10];
    let input = node(Operator::Values(Arc::new(rows)), vec![WIDE]);
    let calls = vec![call(AggregateFunction::Sum, Some(Scalar::slot(0, WIDE)), WIDE)];
    let plan = aggregate(input, Vec::new(), calls);
    let kernels = Kernels::new();
    let wanted = collect(&plan, context(JitMode::Off, &kernels, 1)).unwrap_err();
    let found = collect(&plan, context(JitMode::Force, &kernels, 1)).unwrap_err();
    assert_eq!(found, wanted);
    assert_eq!(kernels.counters().misses, 1, "the sum was compiled");
}

#[test]
fn code_takes_over_midway_and_the_rows_stay_the_same() {
    let series =
        Operator::GenerateSeries { start: integer(1), stop: integer(200_000), step: integer(1) };
    let series = node(series, vec![DataType::Int64]);
    let value = || Scalar::slot(0, DataType::Int64);
    let group = arithmetic(ArithmeticOp::Modulo, value(), integer(10), DataType::Int64);
    let calls = vec![
        call(AggregateFunction::Sum, Some(value()), WIDE),
        call(AggregateFunction::Min, Some(value()), DataType::Int64),
        call(AggregateFunction::CountStar, None, DataType::Int64),
    ];
    let plan = aggregate(series, vec![group], calls);
    let kernels = Kernels::new();
    let (wanted, _) = collect(&plan, context(JitMode::Off, &kernels, 1)).unwrap();
    // Afterwards the code is known, so that it takes over as soon as it is asked for.
    let (forced, _) = collect(&plan, context(JitMode::Force, &kernels, 1)).unwrap();
    let (found, profile) = collect(&plan, context(JitMode::Auto, &kernels, 1)).unwrap();
    assert_eq!(forced, wanted);
    assert_eq!(found, wanted);
    let Tier::Compiled { rows, rows_before, .. } = tier(&profile) else { panic!("{profile:?}") };
    assert_eq!(rows + rows_before, 200_000);
    assert!(*rows_before >= 65_536, "{rows_before}");
    assert!(kernels.counters().hits >= 1);
}

#[test]
fn few_rows_are_not_compiled_for() {
    let kernels = Kernels::new();
    let plan = aggregate(table(100), Vec::new(), every_call());
    let (_, profile) = collect(&plan, context(JitMode::Auto, &kernels, 1)).unwrap();
    assert_eq!(interpreted(&profile), Some("too few rows to compile for"));
    assert_eq!(kernels.counters().misses, 0);
}

#[test]
fn explain_shows_the_code_of_what_is_compiled() {
    let pipelines = stage(&aggregate(table(1), Vec::new(), every_call()));
    assert_eq!(pipelines.kernels().len(), 1);
    assert!(pipelines.clif().starts_with("HashAggregate #0: compiled\n"));
    assert!(pipelines.clif().contains("function"), "{}", pipelines.clif());
    assert!(pipelines.asm().contains("ret"), "{}", pipelines.asm());
}
