//! The interpreter against PostgreSQL 15's answers, and vectors against single rows.

use diag::{Code, Span};
use ir::{ArithmeticOp, Function, Scalar, ScalarKind};
use types::{Batch, CommitId, DataType, Decimal, Timestamp, Value, array_of};

use super::{EvalContext, EvalError, constant, eval};
use crate::testing::{Rng, TYPES, generate_batch, generate_scalar};

fn context() -> EvalContext {
    EvalContext::new(Timestamp(0), Vec::new(), CommitId(7), 1)
}

fn node(kind: ScalarKind, ty: DataType) -> Scalar {
    Scalar::new(kind, ty, Span::NONE)
}

fn literal(value: Value) -> Scalar {
    let ty = value.data_type();
    Scalar::literal(value, ty, Span::NONE)
}

fn cast(value: Value, to: DataType) -> Scalar {
    node(ScalarKind::Cast { input: Box::new(literal(value)), lenient: false }, to)
}

fn value_of(expr: &Scalar) -> Result<Value, Code> {
    constant(expr, &context()).map_err(|error| error.code)
}

fn truth(value: Option<bool>) -> Scalar {
    Scalar::literal(value.map_or(Value::Null, Value::Boolean), DataType::Boolean, Span::NONE)
}

#[test]
fn kleenes_tables_hold() {
    let (t, f, n) = (Some(true), Some(false), None);
    // a, b, a AND b, a OR b: SQL:2016, 6.39.
    for (a, b, and, or) in [
        (t, t, t, t),
        (t, f, f, t),
        (t, n, n, t),
        (f, t, f, t),
        (f, f, f, f),
        (f, n, f, n),
        (n, t, n, t),
        (n, f, f, n),
        (n, n, n, n),
    ] {
        let both = node(ScalarKind::And(vec![truth(a), truth(b)]), DataType::Boolean);
        let either = node(ScalarKind::Or(vec![truth(a), truth(b)]), DataType::Boolean);
        let wanted = |truth: Option<bool>| truth.map_or(Value::Null, Value::Boolean);
        assert_eq!(value_of(&both), Ok(wanted(and)), "{a:?} AND {b:?}");
        assert_eq!(value_of(&either), Ok(wanted(or)), "{a:?} OR {b:?}");
    }
}

#[test]
fn a_row_already_decided_raises_no_error() {
    let zero = Scalar::slot(0, DataType::Int64);
    let one = literal(Value::Int64(1));
    let quotient = node(
        ScalarKind::Arithmetic(ArithmeticOp::Divide, Box::new(one.clone()), Box::new(zero.clone())),
        DataType::Int64,
    );
    let compare = |op, a: &Scalar, b: &Scalar| {
        node(ScalarKind::Compare(op, Box::new(a.clone()), Box::new(b.clone())), DataType::Boolean)
    };
    let nothing = literal(Value::Int64(0));
    let divides = compare(ir::CompareOp::Eq, &quotient, &one);
    let guard = compare(ir::CompareOp::Ne, &zero, &nothing);
    let batch = Batch::new(
        vec![array_of(DataType::Int64, [Value::Int64(0), Value::Int64(1), Value::Null])],
        3,
    );
    let both = node(ScalarKind::And(vec![guard.clone(), divides.clone()]), DataType::Boolean);
    let array = eval(&both, &batch, &context()).unwrap();
    let found: Vec<Value> =
        (0..3).map(|row| Value::from_array(&array, row, DataType::Boolean)).collect();
    assert_eq!(found, [Value::Boolean(false), Value::Boolean(true), Value::Null]);
    assert_eq!(eval(&divides, &batch, &context()).unwrap_err().code, Code::DivisionByZero);
    let case = node(
        ScalarKind::Case { branches: vec![(guard, quotient)], otherwise: None },
        DataType::Int64,
    );
    let array = eval(&case, &batch, &context()).unwrap();
    assert_eq!(Value::from_array(&array, 0, DataType::Int64), Value::Null);
    assert_eq!(Value::from_array(&array, 1, DataType::Int64), Value::Int64(1));
}

#[test]
fn casts_are_postgresqls() {
    let decimal = |text: &str| Value::Decimal(Decimal::parse(text).unwrap());
    let narrow = DataType::Decimal { precision: 5, scale: 2 };
    for (value, to, wanted) in [
        // SELECT 2.5::float8::int8, 3.5::float8::int8, 2.5::numeric::int8 give 2, 4, 3.
        (Value::Float64(2.5), DataType::Int64, Ok(Value::Int64(2))),
        (Value::Float64(3.5), DataType::Int64, Ok(Value::Int64(4))),
        (decimal("2.5"), DataType::Int64, Ok(Value::Int64(3))),
        (Value::Float64(9.3e18), DataType::Int64, Err(Code::NumericOverflow)),
        (Value::Float64(f64::NAN), DataType::Int64, Err(Code::NumericOverflow)),
        (Value::text(" 42 "), DataType::Int64, Ok(Value::Int64(42))),
        (Value::text("4x"), DataType::Int64, Err(Code::InvalidText)),
        (Value::text("99999999999999999999"), DataType::Int64, Err(Code::NumericOverflow)),
        (Value::text("yes"), DataType::Boolean, Ok(Value::Boolean(true))),
        (Value::text("o"), DataType::Boolean, Err(Code::InvalidText)),
        (Value::Float64(0.1), narrow, Ok(decimal("0.10"))),
        (decimal("999.995"), narrow, Err(Code::NumericOverflow)),
        (decimal("-1.005"), narrow, Ok(decimal("-1.01"))),
        (Value::text("2023-02-29"), DataType::Date, Err(Code::InvalidDatetime)),
        (Value::text("abc  "), DataType::Text { length_max: Some(3) }, Ok(Value::text("abc"))),
        (Value::text("abcd"), DataType::Text { length_max: Some(3) }, Err(Code::StringTooLong)),
        (
            Value::text("{\"b\":1,\"a\":2}"),
            DataType::Json,
            Ok(Value::Json("{\"a\":2,\"b\":1}".into())),
        ),
        (Value::text("{"), DataType::Json, Err(Code::InvalidJson)),
        (Value::Json("1.5".into()), DataType::Float64, Ok(Value::Float64(1.5))),
        (Value::Json("[]".into()), DataType::Int64, Err(Code::CannotCast)),
    ] {
        assert_eq!(value_of(&cast(value.clone(), to)), wanted, "{value} AS {to}");
    }
}

#[test]
fn functions_are_postgresqls() {
    let text = |text: &str| Value::text(text);
    let int = Value::Int64;
    for (function, args, ty, wanted) in [
        (Function::Substr, vec![text("abcdef"), int(0), int(3)], DataType::TEXT, Ok(text("ab"))),
        (Function::Substr, vec![text("äbc"), int(2)], DataType::TEXT, Ok(text("bc"))),
        (
            Function::Substr,
            vec![text("abc"), int(1), int(-1)],
            DataType::TEXT,
            Err(Code::InvalidArgument),
        ),
        (Function::Left, vec![text("abcde"), int(-2)], DataType::TEXT, Ok(text("abc"))),
        (Function::Right, vec![text("abcde"), int(-2)], DataType::TEXT, Ok(text("cde"))),
        (
            Function::LeftPad,
            vec![text("hi"), int(5), text("xy")],
            DataType::TEXT,
            Ok(text("xyxhi")),
        ),
        (Function::LeftPad, vec![text("hello"), int(2)], DataType::TEXT, Ok(text("he"))),
        (
            Function::SplitPart,
            vec![text("a,b,c"), text(","), int(-1)],
            DataType::TEXT,
            Ok(text("c")),
        ),
        (
            Function::SplitPart,
            vec![text("a,b"), text(","), int(0)],
            DataType::TEXT,
            Err(Code::InvalidArgument),
        ),
        (
            Function::InitCap,
            vec![text("hi THOMAS-o'neil")],
            DataType::TEXT,
            Ok(text("Hi Thomas-O'Neil")),
        ),
        (Function::Position, vec![text("äbc"), text("c")], DataType::Int64, Ok(int(3))),
        (Function::Repeat, vec![text("ab"), int(1 << 40)], DataType::TEXT, Err(Code::TooComplex)),
        (Function::Round, vec![Value::Float64(2.5)], DataType::Float64, Ok(Value::Float64(2.0))),
        (
            Function::Round,
            vec![Value::Float64(2.675), int(2)],
            DataType::Float64,
            Ok(Value::Float64(2.68)),
        ),
        (Function::Round, vec![int(1_250), int(-2)], DataType::Int64, Ok(int(1_300))),
        (Function::Ceil, vec![Value::Float64(-0.5)], DataType::Float64, Ok(Value::Float64(-0.0))),
        (Function::Sqrt, vec![Value::Float64(-1.0)], DataType::Float64, Err(Code::InvalidMath)),
        (Function::Greatest, vec![int(1), Value::Null, int(3)], DataType::Int64, Ok(int(3))),
        (
            Function::ConcatWs,
            vec![text("-"), text("a"), Value::Null, text("b")],
            DataType::TEXT,
            Ok(text("a-b")),
        ),
        (
            Function::Md5,
            vec![text("abc")],
            DataType::TEXT,
            Ok(text("900150983cd24fb0d6963f7d28e17f72")),
        ),
        (Function::CurrentCommitId, vec![], DataType::Int64, Ok(int(7))),
    ] {
        let shown = format!("{function:?}{args:?}");
        let call = node(ScalarKind::Call(function, args.into_iter().map(literal).collect()), ty);
        assert_eq!(value_of(&call), wanted, "{shown}");
    }
}

/// Evaluates one row by itself.
fn single(expr: &Scalar, batch: &Batch, row: usize) -> Result<Value, EvalError> {
    let array = eval(expr, &batch.slice(row, 1), &context())?;
    Ok(Value::from_array(&array, 0, expr.ty))
}

/// Equal, where NaN is equal to itself.
fn agree(a: &Value, b: &Value) -> bool {
    a == b || (a.to_string() == "NaN" && b.to_string() == "NaN")
}

#[test]
fn vectors_agree_with_single_rows() {
    for seed in 0..4_000 {
        let mut rng = Rng::new(seed);
        let expr = generate_scalar(&mut rng, &TYPES);
        let batch = generate_batch(&mut rng, &TYPES);
        let rows: Vec<_> = (0..batch.rows()).map(|row| single(&expr, &batch, row)).collect();
        match eval(&expr, &batch, &context()) {
            Ok(array) => {
                assert_eq!(array.data_type(), &expr.ty.arrow(), "seed {seed}");
                for (row, wanted) in rows.iter().enumerate() {
                    let found = Value::from_array(&array, row, expr.ty);
                    let wanted = wanted
                        .as_ref()
                        .unwrap_or_else(|error| panic!("seed {seed} row {row}: {error}"));
                    assert!(
                        agree(&found, wanted),
                        "seed {seed} row {row}: {found} is not {wanted}"
                    );
                }
            }
            Err(error) => {
                let codes: Vec<Code> = rows
                    .iter()
                    .filter_map(|row| row.as_ref().err())
                    .map(|error| error.code)
                    .collect();
                assert!(codes.contains(&error.code), "seed {seed}: {error}");
            }
        }
    }
}
