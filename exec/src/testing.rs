//! Random typed expressions and batches, for tests that compare two ways to evaluate one.
//!
//! Every node has the operand types that `ir::ScalarKind` documents. Values lean towards the edges:
//! NULL, the ends of each type, NaN and -0, infinite dates. Expressions may fail on some rows, as
//! users' do; what must agree is the values, or that both ways fail.

use diag::Span;
use ir::{ArithmeticOp, CompareOp, Function, Scalar, ScalarKind, TruthTest};
use types::{Batch, DataType, Date, Decimal, Interval, Timestamp, Value, array_of, pow10};

/// A small deterministic generator: SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Returns a generator; equal seeds give equal sequences.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// Returns 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Returns a number below `limit`, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.bits() % limit as u64).expect("below a usize")
    }

    /// True once in `times`.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// The types that expressions are made of.
pub const TYPES: [DataType; 12] = [
    DataType::Boolean,
    DataType::Int16,
    DataType::Int32,
    DataType::Int64,
    DataType::Float32,
    DataType::Float64,
    DataType::Decimal { precision: 9, scale: 2 },
    DataType::Decimal { precision: 18, scale: 4 },
    DataType::Decimal { precision: 30, scale: 6 },
    DataType::TEXT,
    DataType::Date,
    DataType::Timestamp,
];

/// Returns a value of a type, NULL once in six times.
pub fn generate_value(rng: &mut Rng, ty: DataType) -> Value {
    if rng.one_in(6) { Value::Null } else { known_value(rng, ty) }
}

fn known_value(rng: &mut Rng, ty: DataType) -> Value {
    let small = i64::try_from(rng.below(21)).expect("small") - 10;
    let edge = rng.one_in(6);
    match ty {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Boolean(rng.one_in(2)),
        DataType::Int16 if edge => Value::Int16(rng.pick(&[i16::MIN, i16::MAX, 0, -1])),
        DataType::Int16 => Value::Int16(small as i16),
        DataType::Int32 if edge => Value::Int32(rng.pick(&[i32::MIN, i32::MAX, 0, -1])),
        DataType::Int32 => Value::Int32(small as i32),
        DataType::Int64 if edge => Value::Int64(rng.pick(&[i64::MIN, i64::MAX, 0, -1, 1 << 53])),
        DataType::Int64 => Value::Int64(small),
        DataType::Float32 if edge => {
            Value::Float32(rng.pick(&[f32::NAN, -0.0, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE]))
        }
        DataType::Float32 => Value::Float32(small as f32 / 4.0),
        DataType::Float64 if edge => {
            Value::Float64(rng.pick(&[f64::NAN, -0.0, f64::NEG_INFINITY, f64::MAX, 1e-300, 9.5e18]))
        }
        DataType::Float64 => Value::Float64(small as f64 / 4.0),
        DataType::Decimal { precision, scale } => decimal(rng, precision, scale, edge),
        DataType::Text { .. } => Value::text(rng.pick(&[
            "",
            "a",
            "A",
            "abc",
            "7",
            "-12.5",
            "2024-02-29",
            "ä",
            "longer than twelve",
        ])),
        DataType::Blob => Value::Blob(rng.pick(&[b"".as_slice(), b"\x00\xff"]).into()),
        DataType::Date if edge => {
            Value::Date(rng.pick(&[Date::MIN, Date::MAX, Date(0), Date(-719_529)]))
        }
        DataType::Date => Value::Date(Date(19_000 + small as i32 * 40)),
        DataType::Timestamp if edge => Value::Timestamp(rng.pick(&[
            Timestamp::MIN,
            Timestamp::MAX,
            Timestamp(-1),
            Timestamp(0),
        ])),
        DataType::Timestamp => {
            Value::Timestamp(Timestamp(1_700_000_000_000_000 + small * 43_200_000_000))
        }
        DataType::Interval => Value::Interval(Interval {
            months: small as i32,
            days: (small * 3) as i32,
            micros: small * 1_000,
        }),
        DataType::Json => {
            Value::Json(rng.pick(&["null", "1", "1.50", "\"x\"", "[1,2]", "{\"a\":1}"]).into())
        }
    }
}

fn decimal(rng: &mut Rng, precision: u8, scale: u8, edge: bool) -> Value {
    let limit = pow10(precision).expect("a precision is at most 38");
    let digits = if edge {
        rng.pick(&[limit - 1, 1 - limit, 0, 1])
    } else {
        i128::from(rng.bits() as i64 % 100_000) % limit
    };
    Value::Decimal(Decimal::new(digits, scale))
}

/// Returns a batch of columns of these types, up to 200 rows, at least one.
pub fn generate_batch(rng: &mut Rng, types: &[DataType]) -> Batch {
    let rows = 1 + rng.below(200);
    let columns = types.iter().map(|ty| {
        // Whole columns without NULL take other paths.
        let nulls = rng.one_in(2);
        let values: Vec<Value> = (0..rows)
            .map(|_| if nulls { generate_value(rng, *ty) } else { known_value(rng, *ty) })
            .collect();
        array_of(*ty, values)
    });
    let columns = columns.collect();
    Batch::new(columns, rows)
}

/// Returns an expression of a random type over slots of these types.
pub fn generate_scalar(rng: &mut Rng, inputs: &[DataType]) -> Scalar {
    let ty = rng.pick(&TYPES);
    scalar_of(rng, inputs, ty, 4)
}

/// Returns an expression of type `ty` over slots of these types, at most `depth` operators deep.
pub fn scalar_of(rng: &mut Rng, inputs: &[DataType], ty: DataType, depth: usize) -> Scalar {
    if depth == 0 || rng.one_in(5) {
        return leaf(rng, inputs, ty);
    }
    let kind = match rng.below(5) {
        0 => case(rng, inputs, ty, depth - 1),
        1 => cast(rng, inputs, ty, depth - 1),
        2 => {
            let args = (0..1 + rng.below(3)).map(|_| scalar_of(rng, inputs, ty, depth - 1));
            ScalarKind::Call(Function::Coalesce, args.collect())
        }
        _ => operator(rng, inputs, ty, depth - 1),
    };
    Scalar::new(kind, ty, Span::NONE)
}

fn leaf(rng: &mut Rng, inputs: &[DataType], ty: DataType) -> Scalar {
    let slots: Vec<usize> = (0..inputs.len()).filter(|slot| inputs[*slot] == ty).collect();
    if slots.is_empty() || rng.one_in(4) {
        return Scalar::literal(generate_value(rng, ty), ty, Span::NONE);
    }
    Scalar::slot(u32::try_from(rng.pick(&slots)).expect("few slots"), ty)
}

fn case(rng: &mut Rng, inputs: &[DataType], ty: DataType, depth: usize) -> ScalarKind {
    let branches = (0..1 + rng.below(2)).map(|_| {
        let when = scalar_of(rng, inputs, DataType::Boolean, depth);
        (when, scalar_of(rng, inputs, ty, depth))
    });
    let branches = branches.collect();
    let otherwise = (!rng.one_in(3)).then(|| Box::new(scalar_of(rng, inputs, ty, depth)));
    ScalarKind::Case { branches, otherwise }
}

/// A cast between types that have one.
fn cast(rng: &mut Rng, inputs: &[DataType], ty: DataType, depth: usize) -> ScalarKind {
    let numbers = &TYPES[1..9];
    let from = match ty {
        DataType::Text { .. } => rng.pick(&TYPES),
        DataType::Date => DataType::Timestamp,
        DataType::Timestamp => DataType::Date,
        DataType::Boolean => DataType::Int64,
        _ => rng.pick(numbers),
    };
    let input = Box::new(scalar_of(rng, inputs, from, depth));
    ScalarKind::Cast { input, lenient: rng.one_in(4) }
}

fn operator(rng: &mut Rng, inputs: &[DataType], ty: DataType, depth: usize) -> ScalarKind {
    let of = |rng: &mut Rng, ty| Box::new(scalar_of(rng, inputs, ty, depth));
    match ty {
        DataType::Boolean => condition(rng, inputs, depth),
        DataType::Text { .. } => {
            let (a, b) = (of(rng, ty), of(rng, ty));
            ScalarKind::Call(Function::ConcatOperator, vec![*a, *b])
        }
        DataType::Date => {
            let op = rng.pick(&[ArithmeticOp::Add, ArithmeticOp::Subtract]);
            ScalarKind::Arithmetic(op, of(rng, ty), of(rng, DataType::Int64))
        }
        DataType::Int64 if rng.one_in(6) => {
            let (a, b) = (of(rng, DataType::Date), of(rng, DataType::Date));
            ScalarKind::Arithmetic(ArithmeticOp::Subtract, a, b)
        }
        DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal { .. } => {
            if rng.one_in(8) {
                return ScalarKind::Negate(of(rng, ty));
            }
            let op = rng.pick(&[
                ArithmeticOp::Add,
                ArithmeticOp::Subtract,
                ArithmeticOp::Multiply,
                ArithmeticOp::Divide,
                ArithmeticOp::Modulo,
            ]);
            ScalarKind::Arithmetic(op, of(rng, ty), of(rng, ty))
        }
        DataType::Null
        | DataType::Timestamp
        | DataType::Interval
        | DataType::Json
        | DataType::Blob => leaf(rng, inputs, ty).kind,
    }
}

fn condition(rng: &mut Rng, inputs: &[DataType], depth: usize) -> ScalarKind {
    let ty = rng.pick(&TYPES);
    let boolean = |rng: &mut Rng| scalar_of(rng, inputs, DataType::Boolean, depth);
    let operand = |rng: &mut Rng| scalar_of(rng, inputs, ty, depth);
    match rng.below(6) {
        0 => ScalarKind::Not(Box::new(boolean(rng))),
        1 => ScalarKind::And((0..2 + rng.below(2)).map(|_| boolean(rng)).collect()),
        2 => ScalarKind::Or((0..2 + rng.below(2)).map(|_| boolean(rng)).collect()),
        3 => {
            let test = rng.pick(&[TruthTest::Null, TruthTest::True, TruthTest::False]);
            let input = if test == TruthTest::Null { operand(rng) } else { boolean(rng) };
            ScalarKind::Is { input: Box::new(input), test, negated: rng.one_in(2) }
        }
        4 => {
            let count = rng.pick(&[1, 3, 12]);
            let list = (0..count).map(|_| Scalar::literal(generate_value(rng, ty), ty, Span::NONE));
            let list = list.collect();
            ScalarKind::In { needle: Box::new(operand(rng)), list, negated: rng.one_in(2) }
        }
        _ => {
            let op = rng.pick(&[
                CompareOp::Eq,
                CompareOp::Ne,
                CompareOp::Lt,
                CompareOp::Le,
                CompareOp::Gt,
                CompareOp::Ge,
                CompareOp::Distinct,
                CompareOp::NotDistinct,
            ]);
            ScalarKind::Compare(op, Box::new(operand(rng)), Box::new(operand(rng)))
        }
    }
}
