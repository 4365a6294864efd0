//! Pages against a plain list of values: what was pushed comes out, compared as the values compare.

use std::cmp::Ordering;

use arrow_array::{Array, ArrayRef, cast::AsArray, types};
use arrow_buffer::{BooleanBuffer, Buffer};
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::{Date, Decimal, IntegerSet, Interval, MICROS_PER_DAY, Timestamp};

const COMPARISONS: [Comparison; 6] = [
    Comparison::Eq,
    Comparison::Ne,
    Comparison::Lt,
    Comparison::Le,
    Comparison::Gt,
    Comparison::Ge,
];

const LONG: DataType = DataType::Decimal { precision: 38, scale: 2 };
const SHORT: DataType = DataType::Decimal { precision: 18, scale: 4 };

fn types() -> impl Strategy<Value = DataType> {
    prop::sample::select(vec![
        DataType::Boolean,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::Float32,
        DataType::Float64,
        SHORT,
        LONG,
        DataType::TEXT,
        DataType::Blob,
        DataType::Date,
        DataType::Timestamp,
        DataType::Interval,
        DataType::Json,
    ])
}

fn word() -> BoxedStrategy<i64> {
    prop_oneof![
        4 => -20_i64..20,
        2 => 1_000_000_i64..1_001_000,
        1 => any::<i64>(),
        1 => prop::sample::select(vec![i64::MIN, i64::MAX, 0, -1]),
    ]
    .boxed()
}

fn double() -> BoxedStrategy<f64> {
    let edges = vec![
        0.0,
        -0.0,
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE / 2.0,
        f64::MAX,
    ];
    prop_oneof![any::<f64>(), prop::sample::select(edges), (-9_i32..9).prop_map(f64::from)].boxed()
}

fn string() -> BoxedStrategy<String> {
    prop_oneof![
        3 => prop::sample::select(vec!["", "a", "b", "ab", "zürich", "a\0", "thirteen bytes and more"])
            .prop_map(String::from),
        2 => "[a-c]{0,24}",
        1 => any::<String>(),
    ]
    .boxed()
}

fn value(ty: DataType) -> BoxedStrategy<Value> {
    match ty {
        DataType::Null => Just(Value::Null).boxed(),
        DataType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        DataType::Int16 => word().prop_map(|word| Value::Int16(word as i16)).boxed(),
        DataType::Int32 => word().prop_map(|word| Value::Int32(word as i32)).boxed(),
        DataType::Int64 => word().prop_map(Value::Int64).boxed(),
        DataType::Float32 => double().prop_map(|number| Value::Float32(number as f32)).boxed(),
        DataType::Float64 => double().prop_map(Value::Float64).boxed(),
        DataType::Decimal { scale, precision } if precision <= 18 => word()
            .prop_map(move |word| Value::Decimal(Decimal::new(i128::from(word / 10), scale)))
            .boxed(),
        DataType::Decimal { scale, .. } => {
            let most = 10_i128.pow(38) - 1;
            let wide = prop_oneof![
                word().prop_map(i128::from),
                -most..most,
                prop::sample::select(vec![most, -most]),
            ];
            wide.prop_map(move |wide| Value::Decimal(Decimal::new(wide, scale))).boxed()
        }
        DataType::Text { .. } => string().prop_map(Value::text).boxed(),
        DataType::Json => string().prop_map(|text| Value::Json(text.into())).boxed(),
        DataType::Blob => {
            let bytes = prop_oneof![
                string().prop_map(String::into_bytes),
                prop::collection::vec(any::<u8>(), 0..20),
            ];
            bytes.prop_map(|bytes| Value::Blob(bytes.into())).boxed()
        }
        DataType::Date => word().prop_map(|word| Value::Date(Date(word as i32))).boxed(),
        DataType::Timestamp => word().prop_map(|word| Value::Timestamp(Timestamp(word))).boxed(),
        DataType::Interval => (-3_i32..3, -40_i32..40, word())
            .prop_map(|(months, days, micros)| {
                Value::Interval(Interval { months, days, micros: micros / 1_000 })
            })
            .boxed(),
    }
}

/// Columns of each shape that an encoding is for: repeated values, few distinct ones, many.
fn column() -> impl Strategy<Value = (DataType, Vec<Value>)> {
    types().prop_flat_map(|ty| {
        let nullable = prop_oneof![9 => value(ty), 1 => Just(Value::Null)];
        let runs = prop::collection::vec((nullable.clone(), 1_usize..90), 0..12).prop_map(|runs| {
            runs.into_iter().flat_map(|(value, times)| vec![value; times]).collect::<Vec<_>>()
        });
        let few = prop::collection::vec(value(ty), 1..12).prop_flat_map(|distinct| {
            prop::collection::vec(prop::sample::select(distinct), 0..1_100)
        });
        let many = prop::collection::vec(nullable, 0..400);
        (Just(ty), prop_oneof![runs, few, many])
    })
}

fn encode(ty: DataType, values: &[Value]) -> Page {
    let mut column = ColumnBuilder::new(ty);
    values.iter().for_each(|value| column.push(value));
    column.finish()
}

fn open(ty: DataType, page: &Page) -> Encoded {
    Encoded::open(ty, &Buffer::from_vec(page.bytes.clone())).expect("a page just written")
}

/// What SQL says, from the values alone.
fn naive_order(left: &Value, right: &Value) -> Ordering {
    let float = |left: f64, right: f64| match (left.is_nan(), right.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => left.partial_cmp(&right).expect("neither is NaN"),
    };
    let length = |interval: &Interval| {
        (i128::from(interval.months) * 30 + i128::from(interval.days)) * i128::from(MICROS_PER_DAY)
            + i128::from(interval.micros)
    };
    match (left, right) {
        (Value::Boolean(left), Value::Boolean(right)) => left.cmp(right),
        (Value::Int16(left), Value::Int16(right)) => left.cmp(right),
        (Value::Int32(left), Value::Int32(right)) => left.cmp(right),
        (Value::Int64(left), Value::Int64(right)) => left.cmp(right),
        (Value::Float32(left), Value::Float32(right)) => float(f64::from(*left), f64::from(*right)),
        (Value::Float64(left), Value::Float64(right)) => float(*left, *right),
        (Value::Decimal(left), Value::Decimal(right)) => left.unscaled.cmp(&right.unscaled),
        (Value::Text(left) | Value::Json(left), Value::Text(right) | Value::Json(right)) => {
            left.cmp(right)
        }
        (Value::Blob(left), Value::Blob(right)) => left.cmp(right),
        (Value::Date(left), Value::Date(right)) => left.cmp(right),
        (Value::Timestamp(left), Value::Timestamp(right)) => left.cmp(right),
        (Value::Interval(left), Value::Interval(right)) => length(left).cmp(&length(right)),
        (left, right) => panic!("{left:?} beside {right:?}"),
    }
}

/// Equal as stored: -0.0 is not 0.0, and every NaN is the one NaN.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Float64(left), Value::Float64(right)) => {
            left.to_bits() == right.to_bits() || left.is_nan() && right.is_nan()
        }
        (Value::Float32(left), Value::Float32(right)) => {
            left.to_bits() == right.to_bits() || left.is_nan() && right.is_nan()
        }
        (left, right) => left == right,
    }
}

/// Reads a value from an Arrow array, by the array's own accessors.
fn from_arrow(ty: DataType, array: &ArrayRef, at: usize) -> Value {
    if array.is_null(at) {
        return Value::Null;
    }
    match ty {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Boolean(array.as_boolean().value(at)),
        DataType::Int16 => Value::Int16(array.as_primitive::<types::Int16Type>().value(at)),
        DataType::Int32 => Value::Int32(array.as_primitive::<types::Int32Type>().value(at)),
        DataType::Int64 => Value::Int64(array.as_primitive::<types::Int64Type>().value(at)),
        DataType::Float32 => Value::Float32(array.as_primitive::<types::Float32Type>().value(at)),
        DataType::Float64 => Value::Float64(array.as_primitive::<types::Float64Type>().value(at)),
        DataType::Decimal { precision, scale } => {
            let unscaled = if precision <= 18 {
                i128::from(array.as_primitive::<types::Decimal64Type>().value(at))
            } else {
                array.as_primitive::<types::Decimal128Type>().value(at)
            };
            Value::Decimal(Decimal::new(unscaled, scale))
        }
        DataType::Text { .. } => Value::text(array.as_string_view().value(at)),
        DataType::Json => Value::Json(array.as_string_view().value(at).into()),
        DataType::Blob => Value::Blob(array.as_binary_view().value(at).into()),
        DataType::Date => Value::Date(Date(array.as_primitive::<types::Date32Type>().value(at))),
        DataType::Timestamp => {
            let array = array.as_primitive::<types::TimestampMicrosecondType>();
            Value::Timestamp(Timestamp(array.value(at)))
        }
        DataType::Interval => {
            let span = array.as_primitive::<types::IntervalMonthDayNanoType>().value(at);
            let micros = span.nanoseconds / 1_000;
            Value::Interval(Interval { months: span.months, days: span.days, micros })
        }
    }
}

fn check_array(ty: DataType, array: &ArrayRef, wanted: &[Value]) -> Result<(), TestCaseError> {
    prop_assert_eq!(array.data_type(), &ty.arrow());
    prop_assert_eq!(array.len(), wanted.len());
    array.to_data().validate_full().map_err(|error| TestCaseError::fail(error.to_string()))?;
    for (at, wanted) in wanted.iter().enumerate() {
        let found = from_arrow(ty, array, at);
        prop_assert!(same(&found, wanted), "row {}: {:?}, not {:?}", at, found, wanted);
    }
    Ok(())
}

#[test]
fn hashes_of_small_integers_differ_in_their_highest_bits() {
    let mut column = ColumnBuilder::new(DataType::Int64);
    (-20..=20).for_each(|number| column.push(&Value::Int64(number)));
    let registers: std::collections::BTreeSet<u64> =
        column.hashes().map(|hash| hash >> 54).collect();
    assert!(registers.len() >= 38, "{} registers of 41 integers", registers.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn values_come_back(
        (ty, values) in column(), from: Index, to: Index, bits in prop::collection::vec(any::<u8>(), 1..9),
    ) {
        let page = encode(ty, &values);
        let column = open(ty, &page);
        prop_assert_eq!(column.rows(), values.len());
        prop_assert_eq!(column.null_count(), values.iter().filter(|value| value.is_null()).count());
        prop_assert_eq!(column.zone(), page.zone);
        for (at, wanted) in values.iter().enumerate() {
            prop_assert!(same(&column.value(at), wanted), "row {}: {:?}", at, column.value(at));
        }
        check_array(ty, &column.decode_all(), &values)?;
        let (from, to) = (from.index(values.len() + 1), to.index(values.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        check_array(ty, &column.decode(from..to), &values[from..to])?;
        let chosen = |at: &usize| bits[at / 8 % bits.len()] >> (at % 8) & 1 == 1;
        let mask = BooleanBuffer::collect_bool(values.len(), |at| chosen(&at));
        let kept: Vec<Value> =
            (0..values.len()).filter(chosen).map(|at| values[at].clone()).collect();
        check_array(ty, &column.decode_selected(&mask), &kept)?;
        if to > from {
            let rows = [to - 1, from, (from + to) / 2];
            let picked: Vec<Value> = rows.iter().map(|at| values[*at].clone()).collect();
            check_array(ty, &column.decode_rows(&rows.map(|at| at as u32)), &picked)?;
        }
    }

    #[test]
    fn members_of_a_set_are_kept((ty, values) in column(), every in 1_usize..40, first: Index) {
        prop_assume!(IntegerSet::takes(ty));
        let column = open(ty, &encode(ty, &values));
        let words: Vec<i64> = (0..values.len()).map(|at| column.word(at)).collect();
        let Some(set) = IntegerSet::of(words.iter().copied().skip(first.index(values.len().max(1))))
        else {
            return Ok(());
        };
        let among = BooleanBuffer::collect_bool(values.len(), |at| at % every == 0);
        let kept = column.members(&set, &among);
        for at in 0..values.len() {
            let wanted = at % every == 0 && !values[at].is_null() && set.may_hold(words[at]);
            prop_assert_eq!(kept.value(at), wanted, "row {}", at);
        }
    }

    #[test]
    fn rows_move_between_pages((ty, values) in column()) {
        let column = open(ty, &encode(ty, &values));
        let mut copy = ColumnBuilder::new(ty);
        (0..values.len()).for_each(|at| copy.push_from(&column, at));
        prop_assert_eq!(copy.rows(), values.len());
        check_array(ty, &open(ty, &copy.finish()).decode_all(), &values)?;
    }

    #[test]
    fn comparisons_equal_those_of_values(
        (ty, values, other) in column().prop_flat_map(|(ty, values)| (Just(ty), Just(values), value(ty))),
        at: Index,
    ) {
        let page = encode(ty, &values);
        let column = open(ty, &page);
        let inside = if values.is_empty() { Value::Null } else { values[at.index(values.len())].clone() };
        for constant in [inside, other] {
            for op in COMPARISONS {
                let mask = column.compare(op, &constant);
                let matches = |value: &Value| {
                    !value.is_null() && !constant.is_null() && op.accepts(naive_order(value, &constant))
                };
                let wanted: Vec<bool> = values.iter().map(matches).collect();
                prop_assert_eq!(mask.iter().collect::<Vec<_>>(), wanted.clone(), "{:?} {:?}", op, constant);
                let real = || values.iter().zip(&wanted).filter(|(value, _)| !value.is_null());
                match page.zone.map_or(Verdict::None, |zone| zone.verdict(ty, op, &constant)) {
                    Verdict::None => prop_assert!(real().all(|(_, wanted)| !wanted)),
                    Verdict::All => prop_assert!(real().all(|(_, wanted)| *wanted)),
                    Verdict::Some => {}
                }
            }
            if !constant.is_null() {
                for (at, value) in values.iter().enumerate() {
                    let wanted = crate::key::encode(std::slice::from_ref(value), &[false])
                        .cmp(&crate::key::encode(std::slice::from_ref(&constant), &[false]));
                    prop_assert_eq!(column.key_order(at, &constant), wanted);
                }
            }
        }
    }

    #[test]
    fn lists_equal_a_comparison_with_each(
        (ty, values, list) in column().prop_flat_map(|(ty, values)| {
            let one = prop_oneof![8 => value(ty), 1 => Just(Value::Null)];
            (Just(ty), Just(values), prop::collection::vec(one, 0..30))
        }),
        picked in prop::collection::vec(any::<Index>(), 0..30),
    ) {
        let column = open(ty, &encode(ty, &values));
        let mut list = list;
        if !values.is_empty() {
            list.extend(picked.iter().map(|at| values[at.index(values.len())].clone()));
        }
        let listed = |value: &Value| {
            !value.is_null()
                && list.iter().any(|one| !one.is_null() && naive_order(value, one).is_eq())
        };
        let wanted: Vec<bool> = values.iter().map(listed).collect();
        prop_assert_eq!(column.any_of(&list).iter().collect::<Vec<_>>(), wanted);
        let nulls: Vec<bool> = values.iter().map(Value::is_null).collect();
        prop_assert_eq!(column.null().iter().collect::<Vec<_>>(), nulls);
    }

    /// Without a checksum a damaged page may hold other values, but it never leads outside of itself.
    #[test]
    fn a_damaged_page_is_refused_or_read_in_bounds(
        (ty, values) in column(), flips in prop::collection::vec((any::<Index>(), 1_u8..), 1..4),
        cut in prop::option::of(any::<Index>()),
    ) {
        let mut bytes = encode(ty, &values).bytes;
        for (at, bits) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
        }
        if let Some(cut) = cut {
            let keep = cut.index(bytes.len());
            bytes.truncate(keep);
        }
        let Ok(column) = Encoded::open(ty, &Buffer::from_vec(bytes)) else { return Ok(()) };
        let array = column.decode_all();
        array.to_data().validate_full().map_err(|error| TestCaseError::fail(error.to_string()))?;
        for at in 0..column.rows() {
            column.value(at);
        }
        if let Some(value) = values.iter().find(|value| !value.is_null()) {
            for op in COMPARISONS {
                prop_assert_eq!(column.compare(op, value).len(), column.rows());
            }
        }
    }
}

fn int64(numbers: impl IntoIterator<Item = i64>) -> Vec<Value> {
    numbers.into_iter().map(Value::Int64).collect()
}

#[test]
fn each_encoding_is_chosen_where_it_is_best() {
    let encoding = |ty, values: &[Value]| open(ty, &encode(ty, values)).encoding();
    let text =
        |of: fn(usize) -> String| (0..1_024).map(|row| Value::text(of(row))).collect::<Vec<_>>();
    let integer = DataType::Int64;
    assert_eq!(encoding(integer, &int64([7; 1_024])), "constant");
    assert_eq!(encoding(integer, &int64((0..1_024).map(|row| row / 200 * 1_000_000))), "runs");
    assert_eq!(
        encoding(integer, &int64((0..1_024).map(|row| row % 5 * 1_000_000_007))),
        "dictionary"
    );
    assert_eq!(encoding(integer, &int64(0..1_024)), "frame");
    assert_eq!(encoding(DataType::TEXT, &text(|_| "x".into())), "constant");
    assert_eq!(encoding(DataType::TEXT, &text(|row| format!("run {}", row / 300))), "runs");
    assert_eq!(encoding(DataType::TEXT, &text(|row| format!("state {}", row % 50))), "dictionary");
    assert_eq!(encoding(DataType::TEXT, &text(|row| format!("name {row}"))), "plain");
    assert_eq!(encoding(integer, &[Value::Null, Value::Null]), "constant");
}

#[test]
fn narrow_numbers_take_their_bits_only() {
    let page = encode(DataType::Int64, &int64((0..8_192).map(|row| 1_000_000 + row % 1_000)));
    assert_eq!(page.bytes.len(), PAGE_HEADER_BYTES + 8_192 * 10 / 8);
}

#[test]
fn an_empty_page_opens() {
    for ty in [DataType::Int64, DataType::TEXT, LONG] {
        let column = open(ty, &encode(ty, &[]));
        assert_eq!(column.rows(), 0);
        assert_eq!(column.decode_all().len(), 0);
    }
}

#[test]
fn a_page_of_another_type_is_refused() {
    let page = encode(DataType::Int64, &int64([1, 2, 3]));
    let error = Encoded::open(DataType::TEXT, &Buffer::from_vec(page.bytes)).expect_err("words");
    assert_eq!(error.at, 1);
}
