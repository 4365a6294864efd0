//! Kernels against the row-wise reference: random expressions on random batches.
//!
//! Batches hold NULLs, extremes, NaN, -0.0 and infinite dates; every expression runs on one with
//! NULLs (exact mode) and one without (fast mode), sliced so that bitmaps start inside a byte.

mod reference;

use diag::Span;
use ir::{
    AggregateFunction, AggregateUpdate, ArithmeticOp, CompareOp, Function, KernelSpec, Scalar,
    ScalarKind, StateLayout, StateRows, TruthTest,
};
use reference::{Failed, eval, number, order};
use spectradb_codegen::{CompileOptions, States, compile};
use types::{Batch, DataType, Date, Decimal, Timestamp, Value, array_of, pow10};

const fn decimal(precision: u8, scale: u8) -> DataType {
    DataType::Decimal { precision, scale }
}

const INPUTS: [DataType; 11] = [
    DataType::Int16,
    DataType::Int32,
    DataType::Int64,
    decimal(9, 2),
    decimal(15, 2),
    decimal(30, 4),
    DataType::Date,
    DataType::Timestamp,
    DataType::Boolean,
    DataType::Float64,
    DataType::Int64,
];

/// A xorshift generator: the same cases on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 11) as usize % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn integer(&mut self, lo: i128, hi: i128, tame: bool) -> i128 {
        let small = self.below(200) as i128 - 100;
        let value = match self.below(12) {
            0 if !tame => lo,
            1 if !tame => hi,
            2 if !tame => i128::from(self.next().cast_signed()),
            3 if !tame => i128::from(self.next().cast_signed()) * 1_000_003,
            4 => small * 100_000,
            5 => 0,
            _ => small,
        };
        value.clamp(lo, hi)
    }

    fn value(&mut self, ty: DataType, tame: bool) -> Value {
        let range = |lo: i128, hi: i128| (lo, hi);
        let (lo, hi) = match ty {
            DataType::Boolean => return Value::Boolean(self.chance(50)),
            DataType::Float64 => return Value::Float64(self.float(tame)),
            DataType::Int16 => range(i16::MIN.into(), i16::MAX.into()),
            DataType::Int32 | DataType::Date => range(i32::MIN.into(), i32::MAX.into()),
            DataType::Decimal { precision, .. } => {
                let most = pow10(precision).unwrap() - 1;
                range(-most, most)
            }
            _ => range(i64::MIN.into(), i64::MAX.into()),
        };
        let n = self.integer(lo, hi, tame);
        match ty {
            DataType::Date => Value::Date(Date(n as i32)),
            DataType::Timestamp => Value::Timestamp(Timestamp(n as i64)),
            DataType::Decimal { scale, .. } => Value::Decimal(Decimal::new(n, scale)),
            _ => reference::exact(n, ty).unwrap(),
        }
    }

    fn float(&mut self, tame: bool) -> f64 {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 1e300];
        match self.below(10) {
            0 if !tame => self.pick(&odd),
            1 => -0.0,
            2 => 0.5,
            _ => self.below(1000) as f64 / 8.0 - 60.0,
        }
    }

    fn rows(&mut self, rows: usize, nulls: bool, tame: bool) -> Vec<Vec<Value>> {
        (0..rows)
            .map(|_| {
                INPUTS
                    .iter()
                    .map(
                        |ty| {
                            if nulls && self.chance(15) {
                                Value::Null
                            } else {
                                self.value(*ty, tame)
                            }
                        },
                    )
                    .collect()
            })
            .collect()
    }

    fn expression(&mut self, ty: DataType, depth: usize) -> Scalar {
        let node = |kind, ty| Scalar::new(kind, ty, Span::new(0, 1));
        if depth == 0 || self.chance(10) {
            return self.leaf(ty);
        }
        let boxed = |scalar: Scalar| Box::new(scalar);
        if self.chance(15) {
            let branches = (0..=self.below(2))
                .map(|_| {
                    (self.expression(DataType::Boolean, depth - 1), self.expression(ty, depth - 1))
                })
                .collect();
            let otherwise = self.chance(70).then(|| boxed(self.expression(ty, depth - 1)));
            return node(ScalarKind::Case { branches, otherwise }, ty);
        }
        if self.chance(8) {
            let list = (0..2).map(|_| self.expression(ty, depth - 1)).collect();
            return node(ScalarKind::Call(Function::Coalesce, list), ty);
        }
        match ty {
            DataType::Boolean => self.predicate(depth),
            DataType::Float64 => {
                if self.chance(20) {
                    let from = self.pick(&[DataType::Int32, DataType::Int64, decimal(15, 2)]);
                    let input = boxed(self.expression(from, depth - 1));
                    return node(ScalarKind::Cast { input, lenient: false }, ty);
                }
                let ops = [
                    ArithmeticOp::Add,
                    ArithmeticOp::Subtract,
                    ArithmeticOp::Multiply,
                    ArithmeticOp::Divide,
                ];
                let op = self.pick(&ops);
                let (l, r) = (self.expression(ty, depth - 1), self.expression(ty, depth - 1));
                node(ScalarKind::Arithmetic(op, boxed(l), boxed(r)), ty)
            }
            DataType::Date => {
                let op = self.pick(&[ArithmeticOp::Add, ArithmeticOp::Subtract]);
                let days = self.expression(DataType::Int64, depth - 1);
                let date = self.expression(ty, depth - 1);
                node(ScalarKind::Arithmetic(op, boxed(date), boxed(days)), ty)
            }
            DataType::Timestamp => self.leaf(ty),
            DataType::Decimal { .. } => self.decimal(ty, depth),
            _ => self.integer_expression(ty, depth),
        }
    }

    fn leaf(&mut self, ty: DataType) -> Scalar {
        let slots: Vec<usize> = (0..INPUTS.len()).filter(|at| INPUTS[*at] == ty).collect();
        if !slots.is_empty() && self.chance(75) {
            return Scalar::slot(self.pick(&slots) as u32, ty);
        }
        let value = if self.chance(8) { Value::Null } else { self.value(ty, true) };
        Scalar::literal(value, ty, Span::NONE)
    }

    fn predicate(&mut self, depth: usize) -> Scalar {
        let ty = DataType::Boolean;
        let node = |kind| Scalar::new(kind, ty, Span::NONE);
        let boxed = |scalar: Scalar| Box::new(scalar);
        match self.below(6) {
            0 => node(ScalarKind::Not(boxed(self.expression(ty, depth - 1)))),
            1 | 2 => {
                let list =
                    (0..=1 + self.below(2)).map(|_| self.expression(ty, depth - 1)).collect();
                node(if self.chance(50) { ScalarKind::And(list) } else { ScalarKind::Or(list) })
            }
            3 => {
                let test = self.pick(&[TruthTest::Null, TruthTest::True, TruthTest::False]);
                let input = boxed(self.expression(ty, depth - 1));
                let negated = self.chance(50);
                node(ScalarKind::Is { input, test, negated })
            }
            4 => {
                let of = self.pick(&[DataType::Int32, DataType::Date, decimal(15, 2)]);
                let needle = boxed(self.expression(of, depth - 1));
                let list = (0..3).map(|_| Scalar::literal(self.value(of, true), of, Span::NONE));
                let list = list.collect();
                let negated = self.chance(50);
                node(ScalarKind::In { needle, list, negated })
            }
            _ => {
                let ops = [
                    CompareOp::Eq,
                    CompareOp::Ne,
                    CompareOp::Lt,
                    CompareOp::Le,
                    CompareOp::Gt,
                    CompareOp::Ge,
                    CompareOp::Distinct,
                    CompareOp::NotDistinct,
                ];
                let of = self.pick(&INPUTS);
                let other = match of {
                    DataType::Decimal { .. } => self.pick(&[of, decimal(9, 2), decimal(15, 2)]),
                    _ => of,
                };
                let (l, r) = (self.expression(of, depth - 1), self.expression(other, depth - 1));
                node(ScalarKind::Compare(self.pick(&ops), boxed(l), boxed(r)))
            }
        }
    }

    fn integer_expression(&mut self, ty: DataType, depth: usize) -> Scalar {
        let boxed = |scalar: Scalar| Box::new(scalar);
        let kind = match self.below(8) {
            0 => ScalarKind::Negate(boxed(self.expression(ty, depth - 1))),
            1 => {
                let types = [DataType::Int64, DataType::Float64, decimal(15, 2), DataType::Int16];
                let from = self.pick(&types);
                let input = boxed(self.expression(from, depth - 1));
                ScalarKind::Cast { input, lenient: self.chance(30) }
            }
            2 if ty == DataType::Int64 => {
                let (l, r) = (
                    self.expression(DataType::Date, depth - 1),
                    self.expression(DataType::Date, depth - 1),
                );
                ScalarKind::Arithmetic(ArithmeticOp::Subtract, boxed(l), boxed(r))
            }
            _ => {
                let ops = [
                    ArithmeticOp::Add,
                    ArithmeticOp::Subtract,
                    ArithmeticOp::Multiply,
                    ArithmeticOp::Divide,
                    ArithmeticOp::Modulo,
                ];
                let op = self.pick(&ops);
                let (l, r) = (self.expression(ty, depth - 1), self.expression(ty, depth - 1));
                ScalarKind::Arithmetic(op, boxed(l), boxed(r))
            }
        };
        Scalar::new(kind, ty, Span::NONE)
    }

    fn decimal(&mut self, ty: DataType, depth: usize) -> Scalar {
        let DataType::Decimal { scale, .. } = ty else { unreachable!() };
        let boxed = |scalar: Scalar| Box::new(scalar);
        let smaller: Vec<DataType> = [decimal(9, 2), decimal(15, 2), decimal(30, 4)]
            .into_iter()
            .filter(|other| matches!(other, DataType::Decimal { scale: s, .. } if *s <= scale))
            .collect();
        let kind = match self.below(4) {
            0 if scale >= 2 => {
                let exact = decimal(30, scale - 2);
                let l = if scale == 4 { decimal(15, 2) } else { exact };
                let (l, r) =
                    (self.expression(l, depth - 1), self.expression(decimal(9, 2), depth - 1));
                ScalarKind::Arithmetic(ArithmeticOp::Multiply, boxed(l), boxed(r))
            }
            1 => {
                let from = self.pick(&[DataType::Int32, DataType::Int64, decimal(15, 2)]);
                let input = boxed(self.expression(from, depth - 1));
                ScalarKind::Cast { input, lenient: false }
            }
            _ if smaller.is_empty() => return self.leaf(ty),
            _ => {
                let op = self.pick(&[ArithmeticOp::Add, ArithmeticOp::Subtract]);
                let (l, r) = (self.pick(&smaller), self.pick(&smaller));
                let (l, r) = (self.expression(l, depth - 1), self.expression(r, depth - 1));
                ScalarKind::Arithmetic(op, boxed(l), boxed(r))
            }
        };
        Scalar::new(kind, ty, Span::NONE)
    }
}

fn batch(rows: &[Vec<Value>]) -> Batch {
    let columns = INPUTS.iter().enumerate().map(|(at, ty)| {
        // Three rows more in front, sliced away, put bitmaps at an odd bit.
        let padding = std::iter::repeat_n(rows[0][at].clone(), 3);
        array_of(*ty, padding.chain(rows.iter().map(|row| row[at].clone())))
    });
    let columns = columns.collect();
    Batch::new(columns, rows.len() + 3).slice(3, rows.len())
}

fn same(l: &Value, r: &Value) -> bool {
    match (l, r) {
        (Value::Float64(l), Value::Float64(r)) => {
            l.to_bits() == r.to_bits() || l.is_nan() && r.is_nan()
        }
        (l, r) => l == r,
    }
}

/// Runs the reference: surviving rows and their outputs, or the first row without a value.
fn expected(
    spec: &KernelSpec,
    rows: &[Vec<Value>],
) -> Result<(Vec<usize>, Vec<Vec<Value>>), usize> {
    let (mut kept, mut outputs) = (Vec::new(), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        let failed = |Failed| at;
        if let Some(filter) = &spec.filter
            && eval(filter, row).map_err(failed)? != Value::Boolean(true)
        {
            continue;
        }
        kept.push(at);
        let arguments = spec.aggregates.iter().filter_map(|update| update.argument.as_ref());
        for argument in arguments {
            eval(argument, row).map_err(failed)?;
        }
        let values = spec.outputs.iter().map(|output| eval(output, row).map_err(failed));
        outputs.push(values.collect::<Result<Vec<_>, _>>()?);
    }
    Ok((kept, outputs))
}

#[test]
fn kernels_equal_the_reference() {
    let mut random = Random(0x5eed_1234_5678_9abc);
    let (mut compiled, mut fine, mut failing) = (0, 0, 0);
    for case in 0..600 {
        let depth = 1 + case % 4;
        let types = [
            DataType::Int64,
            DataType::Boolean,
            decimal(15, 2),
            decimal(30, 4),
            DataType::Float64,
            DataType::Int16,
            DataType::Date,
            DataType::Int32,
            decimal(38, 4),
        ];
        let spec = KernelSpec {
            inputs: INPUTS.to_vec(),
            filter: random.chance(50).then(|| random.expression(DataType::Boolean, depth)),
            outputs: (0..1 + case % 2)
                .map(|_| {
                    let ty = random.pick(&types);
                    random.expression(ty, depth)
                })
                .collect(),
            aggregates: Vec::new(),
        };
        let options =
            CompileOptions { optimize: case % 2 == 0, simd: case % 5 != 0, ..Default::default() };
        let Ok(kernel) = compile(&spec, options) else { continue };
        compiled += 1;
        for (nulls, tame, rows) in [
            (false, true, 37),
            (true, true, 37),
            (false, false, 21),
            (true, false, 21),
            (false, true, 600),
        ] {
            let rows = random.rows(rows, nulls, tame);
            let result = kernel.run(&batch(&rows), &[], States::None);
            match (result, expected(&spec, &rows)) {
                (Ok(output), Ok((kept, outputs))) => {
                    fine += 1;
                    check_output(&spec, &rows, &output, &kept, &outputs);
                }
                (Err(error), Err(row)) => {
                    failing += 1;
                    assert_eq!(error.row as usize, row, "{spec:#?}\n{:?}", rows[row]);
                }
                (result, expected) => panic!(
                    "kernel {:?}, reference {:?}\n{spec:#?}\n{:?}",
                    result.map(|output| output.rows),
                    expected.as_ref().map(|(kept, _)| kept.len()),
                    expected.as_ref().err().map(|row| &rows[*row]),
                ),
            }
        }
    }
    assert!(compiled > 300, "{compiled} compiled");
    assert!(fine > 500 && failing > 100, "{fine} fine, {failing} failing");
}

fn check_output(
    spec: &KernelSpec,
    rows: &[Vec<Value>],
    output: &spectradb_codegen::Output,
    kept: &[usize],
    outputs: &[Vec<Value>],
) {
    assert_eq!(output.rows, kept.len(), "{spec:#?}");
    if let Some(mask) = &output.mask {
        let set: Vec<usize> = mask.set_indices().collect();
        assert_eq!(set, kept, "{spec:#?}");
    }
    for (at, scalar) in spec.outputs.iter().enumerate() {
        assert_eq!(output.columns[at].len(), kept.len());
        for (n, row) in kept.iter().enumerate() {
            let value = Value::from_array(&output.columns[at], n, scalar.ty);
            let wanted = &outputs[n][at];
            assert!(
                same(&value, wanted),
                "row {row}: {value:?} instead of {wanted:?}\n{spec:#?}\n{:?}",
                rows[*row]
            );
        }
    }
}

fn aggregate(function: AggregateFunction, argument: Option<Scalar>) -> AggregateUpdate {
    AggregateUpdate { function, argument }
}

#[test]
fn aggregate_states_equal_the_reference() {
    let mut random = Random(77);
    for case in 0..120 {
        let depth = case % 3;
        let types = [DataType::Int64, decimal(15, 2), decimal(30, 4), DataType::Int16];
        let ty = random.pick(&types);
        let exact = random.expression(ty, depth);
        let float = random.expression(DataType::Float64, depth);
        let aggregates = vec![
            aggregate(AggregateFunction::CountStar, None),
            aggregate(AggregateFunction::Count, Some(exact.clone())),
            aggregate(AggregateFunction::Sum, Some(exact.clone())),
            aggregate(AggregateFunction::Min, Some(exact.clone())),
            aggregate(AggregateFunction::Max, Some(exact)),
            aggregate(AggregateFunction::Avg, Some(float.clone())),
            aggregate(AggregateFunction::Max, Some(float)),
        ];
        let filter = random.chance(50).then(|| random.expression(DataType::Boolean, 1));
        let spec = KernelSpec { inputs: INPUTS.to_vec(), filter, outputs: Vec::new(), aggregates };
        let grouped = case % 2 == 0;
        let options = CompileOptions { grouped, ..Default::default() };
        let Ok(kernel) = compile(&spec, options) else { continue };
        let layout = StateLayout::of(&spec.aggregates).unwrap();
        for nulls in [false, true] {
            let rows = random.rows(700, nulls, true);
            let groups = if grouped { 3 } else { 1 };
            let ids: Vec<u32> = rows.iter().map(|_| random.below(groups) as u32).collect();
            let mut states = StateRows::new(&layout);
            states.grow(groups);
            let target = if grouped {
                States::Grouped { ids: &ids, rows: &mut states }
            } else {
                States::Single(&mut states)
            };
            let result = kernel.run(&batch(&rows), &[], target);
            let Ok((kept, _)) = expected(&spec, &rows) else {
                assert!(result.is_err(), "{spec:#?}");
                continue;
            };
            result.unwrap();
            for group in 0..groups {
                let members = kept.iter().filter(|row| ids[**row] as usize == group);
                let members: Vec<_> = members.map(|row| rows[*row].as_slice()).collect();
                check_states(&spec, &layout, &states, group, &members);
            }
        }
    }
}

fn check_states(
    spec: &KernelSpec,
    layout: &StateLayout,
    states: &StateRows,
    group: usize,
    members: &[&[Value]],
) {
    for (update, slot) in spec.aggregates.iter().zip(&layout.slots) {
        let words = states.slot(group, slot.offset);
        let Some(argument) = &update.argument else {
            assert_eq!(words[0] as u64, members.len() as u64);
            continue;
        };
        let values = members.iter().map(|row| eval(argument, row).unwrap());
        let values: Vec<Value> = values.filter(|value| !value.is_null()).collect();
        if update.function == AggregateFunction::Count {
            assert_eq!(words[0] as u64, values.len() as u64, "{spec:#?}");
            continue;
        }
        assert_eq!(words[1] as u64, values.len() as u64, "{spec:#?}");
        if values.is_empty() {
            continue;
        }
        let extreme = |greatest: bool| {
            let best = values.iter().reduce(|best, value| {
                let better = if greatest { order(best, value) } else { order(value, best) };
                if better.is_lt() { value } else { best }
            });
            best.unwrap().clone()
        };
        let wanted = match update.function {
            AggregateFunction::Min => extreme(false),
            AggregateFunction::Max => extreme(true),
            AggregateFunction::Sum => {
                let sum: i128 = values.iter().map(number).sum();
                assert_eq!(words[0] as i128, sum, "{spec:#?}");
                continue;
            }
            _ => {
                let sum = values.iter().fold(0.0, |sum, value| match value {
                    Value::Float64(value) => sum + value,
                    _ => unreachable!("the argument is a float"),
                });
                Value::Float64(sum)
            }
        };
        match wanted {
            Value::Float64(wanted) => {
                let value = f64::from_bits(words[0] as u64);
                assert!(same(&Value::Float64(value), &Value::Float64(wanted)), "{value} {wanted}");
            }
            wanted if matches!(argument.ty, DataType::Decimal { precision: 19.., .. }) => {
                assert_eq!(words[0] as i128, number(&wanted), "{spec:#?}");
            }
            wanted => assert_eq!(words[0] as u64 as i64 as i128, number(&wanted), "{spec:#?}"),
        }
    }
}
