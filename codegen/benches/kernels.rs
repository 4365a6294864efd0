//! Nanoseconds a row and microseconds a compilation, of the shapes that the design measured.
//!
//! `cargo bench -p spectradb-codegen`. Each shape runs with two lanes, with one, and without the
//! optimiser; the least of several rounds counts, since other work on the machine only adds.

use std::time::Instant;

use diag::Span;
use ir::{
    AggregateFunction, AggregateUpdate, ArithmeticOp, CompareOp, KernelSpec, Scalar, ScalarKind,
    StateLayout, StateRows,
};
use spectradb_codegen::{CompileOptions, States, compile};
use types::{Batch, DataType, Decimal, Value, array_of};

const ROWS: usize = 2_048;
const PRICE: DataType = DataType::Decimal { precision: 15, scale: 2 };

fn arithmetic(op: ArithmeticOp, l: Scalar, r: Scalar, ty: DataType) -> Scalar {
    Scalar::new(ScalarKind::Arithmetic(op, Box::new(l), Box::new(r)), ty, Span::NONE)
}

/// Ten additions and subtractions of BIGINT.
fn ten_integers() -> KernelSpec {
    let ty = DataType::Int64;
    let chain = (0..10).fold(Scalar::slot(0, ty), |sum, step| {
        let op = if step % 3 == 0 { ArithmeticOp::Subtract } else { ArithmeticOp::Add };
        arithmetic(op, sum, Scalar::slot(1 + step % 3, ty), ty)
    });
    KernelSpec { inputs: vec![ty; 4], filter: None, outputs: vec![chain], aggregates: vec![] }
}

/// Ten additions, subtractions and multiplications of DOUBLE.
fn ten_floats() -> KernelSpec {
    let ty = DataType::Float64;
    let ops = [ArithmeticOp::Add, ArithmeticOp::Multiply, ArithmeticOp::Subtract];
    let chain = (0..10).fold(Scalar::slot(0, ty), |sum, step| {
        arithmetic(ops[step as usize % 3], sum, Scalar::slot(1 + step % 3, ty), ty)
    });
    KernelSpec { inputs: vec![ty; 4], filter: None, outputs: vec![chain], aggregates: vec![] }
}

/// TPC-H Q1's aggregates over `price * (1 - discount) * (1 + tax)`.
fn charges(filter: Option<Scalar>) -> KernelSpec {
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
    let update = |function, argument| AggregateUpdate { function, argument };
    let aggregates = vec![
        update(AggregateFunction::Sum, Some(slot(3))),
        update(AggregateFunction::Sum, Some(slot(0))),
        update(AggregateFunction::Sum, Some(net)),
        update(AggregateFunction::Sum, Some(gross)),
        update(AggregateFunction::Avg, Some(slot(3))),
        update(AggregateFunction::Avg, Some(slot(0))),
        update(AggregateFunction::Avg, Some(slot(1))),
        update(AggregateFunction::CountStar, None),
    ];
    KernelSpec { inputs: vec![PRICE; 4], filter, outputs: vec![], aggregates }
}

fn half() -> Scalar {
    let five = Scalar::literal(Value::Decimal(Decimal::new(5, 2)), PRICE, Span::NONE);
    let kind = ScalarKind::Compare(CompareOp::Lt, Box::new(Scalar::slot(1, PRICE)), Box::new(five));
    Scalar::new(kind, DataType::Boolean, Span::NONE)
}

fn batch(spec: &KernelSpec) -> Batch {
    let spread = [37, 1, 1, 3];
    let modulus = [9_000_000, 11, 9, 50];
    let columns = spec.inputs.iter().enumerate().map(|(at, ty)| {
        let values = (0..ROWS as i64).map(|row| {
            let n = row * spread[at % 4] * 7_919 % modulus[at % 4] + 1;
            match ty {
                DataType::Float64 => Value::Float64(n as f64 / modulus[at % 4] as f64),
                DataType::Int64 => Value::Int64(n),
                _ => Value::Decimal(Decimal::new(n.into(), 2)),
            }
        });
        array_of(*ty, values)
    });
    Batch::new(columns.collect(), ROWS)
}

fn measure(name: &str, spec: &KernelSpec, options: CompileOptions) {
    let micros =
        (0..5).map(|_| compile(spec, options).expect("a supported shape").compile_micros());
    let micros = micros.min().expect("five rounds");
    let kernel = compile(spec, options).expect("a supported shape");
    let layout = StateLayout::of(&spec.aggregates).expect("fixed-width states");
    let mut states = StateRows::new(&layout);
    states.grow(4);
    let ids: Vec<u32> = (0..ROWS).map(|row| (row * 7 % 4) as u32).collect();
    let batch = batch(spec);
    let mut best = f64::INFINITY;
    for _ in 0..40 {
        #[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
        let start = Instant::now();
        for _ in 0..50 {
            let target = match (spec.aggregates.is_empty(), options.grouped) {
                (true, _) => States::None,
                (false, true) => States::Grouped { ids: &ids, rows: &mut states },
                (false, false) => States::Single(&mut states),
            };
            let output = kernel.run(&batch, &[], target).expect("no row fails");
            std::hint::black_box(output);
        }
        best = best.min(start.elapsed().as_nanos() as f64 / (50 * ROWS) as f64);
    }
    println!(
        "{name:28} {:7} {:5} opt  {best:7.2} ns/row  {micros:5} us compile  {:5} bytes",
        kernel.mode(),
        options.optimize,
        kernel.code_bytes(),
    );
}

fn main() {
    let shapes = [
        ("ten BIGINT operations", ten_integers(), false),
        ("ten DOUBLE operations", ten_floats(), false),
        ("Q1 aggregates, one group", charges(None), false),
        ("Q1 aggregates, four groups", charges(None), true),
        ("Q1 aggregates, half filtered", charges(Some(half())), true),
    ];
    for (name, spec, grouped) in &shapes {
        for (simd, optimize) in [(true, true), (false, true), (true, false)] {
            let options =
                CompileOptions { grouped: *grouped, simd, optimize, ..CompileOptions::default() };
            measure(name, spec, options);
        }
    }
}
