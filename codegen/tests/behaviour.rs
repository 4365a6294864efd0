//! What the pipeline relies on beyond values: memory that is never writable and executable,
//! code shared between statements, modes that are really used, cuts that keep laziness.

use std::sync::Arc;

use diag::{Code, Span};
use ir::{
    AggregateFunction, AggregateUpdate, ArithmeticOp, CompareOp, KernelSpec, Scalar, ScalarKind,
    StateLayout, StateRows,
};
use spectradb_codegen::{Cache, CompileOptions, Compiler, States, compile, split};
use types::{Batch, DataType, Decimal, Value, array_of};

const PRICE: DataType = DataType::Decimal { precision: 15, scale: 2 };

fn node(kind: ScalarKind, ty: DataType) -> Scalar {
    Scalar::new(kind, ty, Span::new(3, 7))
}

fn arithmetic(op: ArithmeticOp, l: Scalar, r: Scalar, ty: DataType) -> Scalar {
    node(ScalarKind::Arithmetic(op, Box::new(l), Box::new(r)), ty)
}

fn compare(op: CompareOp, l: Scalar, r: Scalar) -> Scalar {
    node(ScalarKind::Compare(op, Box::new(l), Box::new(r)), DataType::Boolean)
}

fn integer(value: i64) -> Scalar {
    Scalar::literal(Value::Int64(value), DataType::Int64, Span::NONE)
}

fn plus(constant: i64) -> KernelSpec {
    let slot = Scalar::slot(0, DataType::Int64);
    let sum = arithmetic(ArithmeticOp::Add, slot, integer(constant), DataType::Int64);
    KernelSpec {
        inputs: vec![DataType::Int64],
        filter: None,
        outputs: vec![sum],
        aggregates: Vec::new(),
    }
}

fn integers(values: impl IntoIterator<Item = i64>) -> Batch {
    let column = array_of(DataType::Int64, values.into_iter().map(Value::Int64));
    let rows = column.len();
    Batch::new(vec![column], rows)
}

/// `price * (1 - discount)`, then `* (1 + tax)`: sums and a count, the shape of TPC-H Q1.
fn charges() -> KernelSpec {
    let one = || {
        let ty = DataType::Decimal { precision: 1, scale: 0 };
        Scalar::literal(Value::Decimal(Decimal::new(1, 0)), ty, Span::NONE)
    };
    let factor = DataType::Decimal { precision: 16, scale: 2 };
    let wide = |scale| DataType::Decimal { precision: 38, scale };
    let slot = |at| Scalar::slot(at, PRICE);
    let less = arithmetic(ArithmeticOp::Subtract, one(), slot(1), factor);
    let more = arithmetic(ArithmeticOp::Add, one(), slot(2), factor);
    let net = arithmetic(ArithmeticOp::Multiply, slot(0), less, wide(4));
    let gross = arithmetic(ArithmeticOp::Multiply, net.clone(), more, wide(6));
    let sum =
        |argument| AggregateUpdate { function: AggregateFunction::Sum, argument: Some(argument) };
    KernelSpec {
        inputs: vec![PRICE; 3],
        filter: None,
        outputs: Vec::new(),
        aggregates: vec![sum(slot(0)), sum(net), sum(gross)],
    }
}

fn prices(rows: i64, scale: i64) -> Batch {
    let value = |unscaled: i64| Value::Decimal(Decimal::new(unscaled.into(), 2));
    let columns = vec![
        array_of(PRICE, (0..rows).map(|row| value((90_000 + row * 37) * scale))),
        array_of(PRICE, (0..rows).map(|row| value(row % 11))),
        array_of(PRICE, (0..rows).map(|row| value(row % 9))),
    ];
    Batch::new(columns, rows as usize)
}

#[test]
fn pages_are_never_writable_and_executable() {
    let kernel = compile(&charges(), CompileOptions::default()).unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let rights = |line: &str| line.split_whitespace().nth(1).map(str::to_owned);
    assert!(maps.lines().filter_map(rights).any(|rights| rights.starts_with("r-x")));
    for line in maps.lines() {
        assert!(!rights(line).unwrap().starts_with("rwx"), "{line}");
    }
    assert!(kernel.code_bytes() > 0);
}

#[test]
fn a_kernel_over_its_budget_is_refused() {
    let options = CompileOptions { code_bytes_max: 64, ..CompileOptions::default() };
    let refused = compile(&charges(), options).unwrap_err();
    assert!(refused.what.contains("64 bytes"), "{refused}");
}

#[test]
fn wide_sums_are_exact_whether_the_fast_mode_holds_or_not() {
    let spec = charges();
    let kernel = compile(&spec, CompileOptions::default()).unwrap();
    let layout = StateLayout::of(&spec.aggregates).unwrap();
    // The second scale makes products that two lanes of 32 bits cannot hold.
    for scale in [1, 1_000_000] {
        let mut states = StateRows::new(&layout);
        states.grow(1);
        kernel.run(&prices(2_001, scale), &[], States::Single(&mut states)).unwrap();
        let mut wanted = [0_i128; 3];
        for row in 0..2_001_i128 {
            let price = (90_000 + row * 37) * i128::from(scale);
            let net = price * (100 - row % 11);
            wanted[0] += price;
            wanted[1] += net;
            wanted[2] += net * (100 + row % 9);
        }
        let found = layout.slots.iter().map(|slot| states.slot(0, slot.offset)[0] as i128);
        assert_eq!(found.collect::<Vec<_>>(), wanted, "scale {scale}");
    }
}

#[test]
fn an_overflow_names_its_row_and_place() {
    let kernel = compile(&plus(1), CompileOptions::default()).unwrap();
    let values = (0..1_000).map(|row| if row == 700 { i64::MAX } else { row });
    let error = kernel.run(&integers(values), &[], States::None).unwrap_err();
    assert_eq!((error.code, error.row), (Code::NumericOverflow, 700));
    assert_eq!(error.span, Span::new(3, 7));
}

#[test]
fn statements_with_other_constants_share_code() {
    let cache = Cache::new(1 << 20);
    let options = CompileOptions::default();
    for constant in [1, 2, 40] {
        let kernel = cache.kernel(&plus(constant), options).unwrap();
        let output = kernel.run(&integers(0..5), &[], States::None).unwrap();
        let wanted = array_of(DataType::Int64, (0..5).map(|n| Value::Int64(n + constant)));
        assert_eq!(&output.columns[0], &wanted);
    }
    let counters = cache.counters();
    assert_eq!((counters.misses, counters.hits, counters.entries), (1, 2, 1));
    assert!(cache.peek(&plus(9), CompileOptions { simd: false, ..options }).is_none());
}

#[test]
fn the_least_recently_used_code_goes_first() {
    let cache = Cache::new(1);
    let options = CompileOptions::default();
    let first = cache.kernel(&plus(1), options).unwrap();
    cache.kernel(&charges(), options).unwrap();
    let counters = cache.counters();
    assert_eq!((counters.entries, counters.evictions), (1, 1));
    let output = first.run(&integers([4]), &[], States::None).unwrap();
    assert_eq!(Value::from_array(&output.columns[0], 0, DataType::Int64), Value::Int64(5));
    assert!(cache.peek(&plus(1), options).is_none());
}

#[test]
fn parameters_are_read_at_run_time() {
    let ty = DataType::Int64;
    let parameter = node(ScalarKind::Parameter(0), ty);
    let mut spec = plus(0);
    spec.outputs = vec![arithmetic(ArithmeticOp::Multiply, Scalar::slot(0, ty), parameter, ty)];
    let kernel = compile(&spec, CompileOptions::default()).unwrap();
    let run = |value| kernel.run(&integers([3, 4]), &[value], States::None);
    let at = |value, row| Value::from_array(&run(value).unwrap().columns[0], row, ty);
    assert_eq!(at(Value::Int64(5), 1), Value::Int64(20));
    assert_eq!(at(Value::Null, 1), Value::Null);
    assert_eq!(run(Value::Boolean(true)).unwrap_err().code, Code::CannotCast);
    let none = kernel.run(&integers([3]), &[], States::None).unwrap_err();
    assert_eq!(none.code, Code::UnknownParameter);
}

#[test]
fn a_submitted_spec_fills_its_slot() {
    let compiler = Compiler::start(Arc::new(Cache::new(1 << 20)));
    let slot = compiler.submit(&plus(1), CompileOptions::default());
    assert!(slot.wait().is_ok());
    // Known code is there at once.
    let again = compiler.submit(&plus(2), CompileOptions::default());
    assert!(again.get().is_some_and(|outcome| outcome.is_ok()));
}

fn like(slot: u32) -> Scalar {
    let text = |value: &str| Scalar::literal(Value::text(value), DataType::TEXT, Span::NONE);
    let kind = ScalarKind::Like {
        input: Box::new(Scalar::slot(slot, DataType::TEXT)),
        pattern: Box::new(text("%green%")),
        escape: Some('\\'),
        case_insensitive: false,
        negated: false,
    };
    node(kind, DataType::Boolean)
}

fn with_text(filter: Scalar, outputs: Vec<Scalar>) -> KernelSpec {
    let inputs = vec![DataType::Int64, DataType::TEXT];
    KernelSpec { inputs, filter: Some(filter), outputs, aggregates: Vec::new() }
}

#[test]
fn one_like_does_not_keep_the_rest_interpreted() {
    let positive = compare(CompareOp::Gt, Scalar::slot(0, DataType::Int64), integer(0));
    let both = node(ScalarKind::And(vec![positive, like(1)]), DataType::Boolean);
    let output = Scalar::slot(1, DataType::TEXT);
    let spec = with_text(both, vec![output]);
    assert!(compile(&spec, CompileOptions::default()).unwrap_err().what.contains("LIKE"));
    let split = split(&spec, false).unwrap();
    assert_eq!(split.interpreted, [like(1)]);
    assert_eq!(split.spec.inputs.len(), 3);
    compile(&split.spec, CompileOptions::default()).unwrap();
}

#[test]
fn what_may_fail_is_not_computed_on_rows_that_are_decided() {
    let number = || {
        let input = Box::new(Scalar::slot(1, DataType::TEXT));
        node(ScalarKind::Cast { input, lenient: false }, DataType::Int64)
    };
    let positive = compare(CompareOp::Gt, Scalar::slot(0, DataType::Int64), integer(0));
    let readable = compare(CompareOp::Eq, number(), integer(1));
    let guarded =
        node(ScalarKind::And(vec![positive.clone(), readable.clone()]), DataType::Boolean);
    // The interpreter may do the conjunction as a whole, which keeps the order.
    let whole = split(&with_text(guarded.clone(), Vec::new()), false).unwrap();
    assert_eq!(whole.interpreted, [guarded]);
    // First in the conjunction it is evaluated on every row, so it may be computed ahead.
    let first = node(ScalarKind::And(vec![readable, positive.clone()]), DataType::Boolean);
    assert_eq!(split(&with_text(first, Vec::new()), false).unwrap().interpreted, [number()]);
    // Behind the filter it is not.
    let output = arithmetic(ArithmeticOp::Add, number(), integer(1), DataType::Int64);
    assert!(split(&with_text(positive, vec![output]), false).is_err());
}

#[test]
fn explain_shows_both_forms_and_the_vector_mode() {
    let kernel = compile(&charges(), CompileOptions::default()).unwrap();
    assert!(kernel.clif().contains("; exact rows") && kernel.clif().contains("function"));
    assert!(kernel.asm().contains("; exact update"));
    if cfg!(target_arch = "x86_64") {
        assert_eq!(kernel.mode(), "vector");
        assert!(kernel.clif().contains("i64x2"));
        assert!(kernel.asm().contains("pmuldq"));
    }
}
