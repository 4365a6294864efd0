//! Random aggregates over random rows: machine code must give what the interpreter gives.

use std::sync::Arc;

use diag::Span;
use ir::{AggregateCall, AggregateFunction, Estimate, EstimateSource, Operator, Physical, Scalar};
use types::{CommitId, DataType, Timestamp, Value};

use crate::eval::EvalContext;
use crate::testing::{Rng, TYPES, generate_value, scalar_of};
use crate::{CancelToken, ExecContext, Governor, JitMode, Kernels, Progress, Workers, run, stage};

fn node(operator: Operator, types: Vec<DataType>) -> Physical {
    let names = types.iter().map(|_| "c".to_owned()).collect();
    let estimate = Estimate { rows: 1.0, source: EstimateSource::Guess };
    Physical { operator, types, names, estimate }
}

fn random_rows(rng: &mut Rng) -> Physical {
    let nullable = rng.one_in(2);
    let mut cell = |ty: DataType| loop {
        let value = generate_value(rng, ty);
        if nullable || value != Value::Null {
            return Scalar::literal(value, ty, Span::NONE);
        }
    };
    let rows = (0..150).map(|_| TYPES.iter().map(|ty| cell(*ty)).collect()).collect();
    node(Operator::Values(Arc::new(rows)), TYPES.to_vec())
}

/// A call whose result type is that of the SQL function.
fn random_call(rng: &mut Rng) -> AggregateCall {
    let ty = TYPES[rng.below(TYPES.len())];
    let argument = scalar_of(rng, &TYPES, ty, 3);
    let total = match ty {
        DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            Some(DataType::Decimal { precision: 38, scale: 0 })
        }
        DataType::Decimal { scale, .. } => Some(DataType::Decimal { precision: 38, scale }),
        DataType::Float32 | DataType::Float64 => Some(DataType::Float64),
        _ => None,
    };
    let (function, ty) = match (rng.below(4), total) {
        (0, Some(total)) => (AggregateFunction::Sum, total),
        (1, _) => (AggregateFunction::Count, DataType::Int64),
        (2, _) if ty != DataType::Boolean => (AggregateFunction::Min, ty),
        (_, _) if ty != DataType::Boolean => (AggregateFunction::Max, ty),
        (_, _) => (AggregateFunction::Count, DataType::Int64),
    };
    AggregateCall {
        function,
        args: vec![argument],
        distinct: false,
        filter: None,
        order: Vec::new(),
        ty,
        span: Span::NONE,
    }
}

fn rows_of(plan: &Physical, jit: JitMode, kernels: &Arc<Kernels>) -> diag::Result<Vec<String>> {
    let context = ExecContext {
        view: None,
        eval: Arc::new(EvalContext::new(Timestamp(0), Vec::new(), CommitId(0), 1)),
        governor: Governor::new(usize::MAX),
        cancel: CancelToken::without_clock(),
        jit,
        kernels: Arc::clone(kernels),
        threads: 1,
        workers: Workers::new(1),
        external: None,
        progress: Arc::new(Progress::default()),
        measure: false,
    };
    let mut rows = Vec::new();
    for batch in run(&Arc::new(stage(plan)), context)? {
        let batch = batch?;
        for row in 0..batch.rows() {
            let cells = batch.columns().iter().zip(&plan.types);
            let cells = cells.map(|(column, ty)| Value::from_array(column, row, *ty));
            rows.push(format!("{:?}", cells.collect::<Vec<_>>()));
        }
    }
    Ok(rows)
}

/// Runs a plan both ways; the rows must be equal, or the errors. Returns whether there were rows.
fn agrees(seed: u64, plan: &Physical, kernels: &Arc<Kernels>) -> bool {
    let wanted = rows_of(plan, JitMode::Off, kernels);
    match (wanted, rows_of(plan, JitMode::Force, kernels)) {
        (Ok(wanted), Ok(found)) => {
            assert_eq!(wanted, found, "seed {seed}: {plan:?}");
            true
        }
        (Err(wanted), Err(found)) => {
            assert_eq!(found, wanted, "seed {seed}");
            false
        }
        (wanted, found) => panic!("seed {seed}: {wanted:?} but compiled {found:?}; {plan:?}"),
    }
}

#[test]
fn random_projections_are_equal_compiled_and_interpreted() {
    let kernels = Kernels::new();
    let (mut values, mut errors) = (0, 0);
    for seed in 1_000..1_400 {
        let mut rng = Rng::new(seed);
        let input = random_rows(&mut rng);
        let items: Vec<Scalar> = (0..4)
            .map(|_| {
                let ty = TYPES[rng.below(TYPES.len())];
                let depth = 1 + rng.below(4);
                scalar_of(&mut rng, &TYPES, ty, depth)
            })
            .collect();
        let types = items.iter().map(|item| item.ty).collect();
        let plan = node(Operator::Project { input: Box::new(input), items }, types);
        *(if agrees(seed, &plan, &kernels) { &mut values } else { &mut errors }) += 1;
    }
    let compiled = kernels.counters().misses;
    assert!(compiled > 100 && values > 50 && errors > 50, "{compiled}, {values}, {errors}");
}

#[test]
fn random_filters_are_equal_compiled_and_interpreted() {
    let kernels = Kernels::new();
    let (mut values, mut errors) = (0, 0);
    for seed in 2_000..2_400 {
        let mut rng = Rng::new(seed);
        let input = random_rows(&mut rng);
        let predicates: Vec<Scalar> = (0..1 + rng.below(3))
            .map(|_| scalar_of(&mut rng, &TYPES, DataType::Boolean, 4))
            .collect();
        let plan = node(Operator::Filter { input: Box::new(input), predicates }, TYPES.to_vec());
        *(if agrees(seed, &plan, &kernels) { &mut values } else { &mut errors }) += 1;
    }
    let compiled = kernels.counters().misses;
    assert!(compiled > 50 && values > 50 && errors > 50, "{compiled}, {values}, {errors}");
}

#[test]
fn random_aggregates_are_equal_compiled_and_interpreted() {
    let kernels = Kernels::new();
    let (mut values, mut errors) = (0, 0);
    for seed in 0..150 {
        let mut rng = Rng::new(seed);
        let input = random_rows(&mut rng);
        let calls: Vec<AggregateCall> = (0..3).map(|_| random_call(&mut rng)).collect();
        let groups = match rng.one_in(2) {
            true => vec![Scalar::slot(1, TYPES[1])],
            false => Vec::new(),
        };
        let types = groups.iter().map(|group| group.ty).chain(calls.iter().map(|call| call.ty));
        let types = types.collect();
        let operator =
            Operator::HashAggregate { input: Box::new(input), groups, aggregates: calls };
        let plan = node(operator, types);
        let wanted = rows_of(&plan, JitMode::Off, &kernels);
        match (wanted, rows_of(&plan, JitMode::Force, &kernels)) {
            (Ok(wanted), Ok(found)) => {
                assert_eq!(wanted, found, "seed {seed}: {plan:?}");
                values += 1;
            }
            (Err(wanted), Err(found)) => {
                assert_ne!(found.code, diag::Code::Internal, "seed {seed}: {found:?}; {wanted:?}");
                errors += 1;
            }
            (wanted, found) => panic!("seed {seed}: {wanted:?} but compiled {found:?}; {plan:?}"),
        }
    }
    let compiled = kernels.counters().misses;
    assert!(compiled > 50 && values > 30 && errors > 10, "{compiled}, {values}, {errors}");
}
