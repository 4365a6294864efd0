//! Which physical form carries a type, and the way from a value to it and back.
//!
//! Floats become words of the same order (negative ones have their low bits flipped), so that they
//! are compared, framed and counted like integers. All NaNs become one, which is greater than
//! infinity; -0.0 keeps its sign but compares equal to 0.0. Intervals are kept as they are written
//! and compared by length, a month being 30 days (as PostgreSQL does).

use std::cmp::Ordering;
use std::sync::Arc;

use crate::kernel::{Native, flip_negative};
use crate::row::ValueRef;
use crate::{DataType, Date, Decimal, Interval, MICROS_PER_DAY, Timestamp, Value};

/// How the values of a type are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// i64.
    Words,
    /// i128.
    Wides,
    /// Strings of bytes.
    Bytes,
}

/// The word that stands for -0.0, next to 0.0's.
const NEGATIVE_ZERO: i64 = -1;

impl Form {
    pub(super) fn of(ty: DataType) -> Form {
        match ty {
            DataType::Null
            | DataType::Boolean
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Float32
            | DataType::Float64
            | DataType::Date
            | DataType::Timestamp => Form::Words,
            DataType::Decimal { precision, .. } if precision <= 18 => Form::Words,
            DataType::Decimal { .. } | DataType::Interval => Form::Wides,
            DataType::Text { .. } | DataType::Blob | DataType::Json => Form::Bytes,
        }
    }
}

/// A value in the form in which pages hold it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot<'a> {
    Word(i64),
    Wide(i128),
    Bytes(&'a [u8]),
}

/// Returns the slot of a value; `None` if it is NULL.
///
/// # Panics
/// If the value is not of type `ty`: callers bind types first.
pub(super) fn slot<'a>(ty: DataType, value: ValueRef<'a>) -> Option<Slot<'a>> {
    Some(match value {
        ValueRef::Null => return None,
        ValueRef::Boolean(truth) => Slot::Word(i64::from(truth)),
        ValueRef::Int16(number) => Slot::Word(i64::from(number)),
        ValueRef::Int32(number) => Slot::Word(i64::from(number)),
        ValueRef::Int64(number) => Slot::Word(number),
        ValueRef::Float32(number) => Slot::Word(word_of_f32(number)),
        ValueRef::Float64(number) => Slot::Word(word_of_f64(number)),
        ValueRef::Decimal(number) => slot_of_decimal(ty, number),
        ValueRef::Text(text) | ValueRef::Json(text) => Slot::Bytes(text.as_bytes()),
        ValueRef::Blob(bytes) => Slot::Bytes(bytes),
        ValueRef::Date(Date(days)) => Slot::Word(i64::from(days)),
        ValueRef::Timestamp(Timestamp(micros)) => Slot::Word(micros),
        ValueRef::Interval(interval) => Slot::Wide(wide_of_interval(interval)),
    })
}

/// Returns the slot of a value; `None` if it is NULL.
///
/// # Panics
/// If the value is not of type `ty`.
pub(super) fn slot_of(ty: DataType, value: &Value) -> Option<Slot<'_>> {
    slot(ty, borrow(value))
}

fn borrow(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Null => ValueRef::Null,
        Value::Boolean(truth) => ValueRef::Boolean(*truth),
        Value::Int16(number) => ValueRef::Int16(*number),
        Value::Int32(number) => ValueRef::Int32(*number),
        Value::Int64(number) => ValueRef::Int64(*number),
        Value::Float32(number) => ValueRef::Float32(*number),
        Value::Float64(number) => ValueRef::Float64(*number),
        Value::Decimal(number) => ValueRef::Decimal(*number),
        Value::Text(text) => ValueRef::Text(text),
        Value::Blob(bytes) => ValueRef::Blob(bytes),
        Value::Date(date) => ValueRef::Date(*date),
        Value::Timestamp(at) => ValueRef::Timestamp(*at),
        Value::Interval(interval) => ValueRef::Interval(*interval),
        Value::Json(text) => ValueRef::Json(text),
    }
}

fn slot_of_decimal(ty: DataType, number: Decimal) -> Slot<'static> {
    match ty {
        DataType::Decimal { scale, .. } => {
            assert_eq!(scale, number.scale, "a decimal has the scale of its column");
        }
        other => panic!("a decimal in a column of type {other}"),
    }
    match Form::of(ty) {
        Form::Words => Slot::Word(i64::try_from(number.unscaled).expect("18 digits fit 64 bits")),
        Form::Wides | Form::Bytes => Slot::Wide(number.unscaled),
    }
}

fn word_of_f64(number: f64) -> i64 {
    let number = if number.is_nan() { f64::NAN } else { number };
    flip_negative(number.to_bits() as i64 & if number.is_nan() { i64::MAX } else { -1 })
}

fn word_of_f32(number: f32) -> i64 {
    let bits = if number.is_nan() { f32::NAN.to_bits() & 0x7FFF_FFFF } else { number.to_bits() };
    let bits = bits as i32;
    i64::from(bits ^ (((bits >> 31) as u32) >> 1) as i32)
}

fn wide_of_interval(interval: Interval) -> i128 {
    i128::from(interval.months) << 96
        | i128::from(interval.days as u32) << 64
        | i128::from(interval.micros as u64)
}

pub(super) fn interval_of_wide(wide: i128) -> Interval {
    Interval { months: (wide >> 96) as i32, days: (wide >> 64) as i32, micros: wide as i64 }
}

/// Returns the number that orders words of type `ty`.
#[inline]
pub(super) fn order_of_word(ty: DataType, word: i64) -> i64 {
    if ty.is_float() && word == NEGATIVE_ZERO { 0 } else { word }
}

/// Returns the least and the greatest word that equal the one with order `order`.
pub(super) fn words_equal_to(ty: DataType, order: i64) -> (i64, i64) {
    if ty.is_float() && order == 0 { (NEGATIVE_ZERO, 0) } else { (order, order) }
}

/// Returns the number that orders wides of type `ty`.
pub(super) fn order_of_wide(ty: DataType, wide: i128) -> i128 {
    if ty != DataType::Interval {
        return wide;
    }
    length_of_interval(interval_of_wide(wide))
}

fn length_of_interval(Interval { months, days, micros }: Interval) -> i128 {
    (i128::from(months) * 30 + i128::from(days)) * i128::from(MICROS_PER_DAY) + i128::from(micros)
}

/// Returns how two wides stand in a key: as they compare, and intervals of one length by their months
/// and days, because a key tells them apart.
pub(super) fn key_order_of_wides(ty: DataType, left: i128, right: i128) -> Ordering {
    let by_length = order_of_wide(ty, left).cmp(&order_of_wide(ty, right));
    if ty != DataType::Interval {
        return by_length;
    }
    let (left, right) = (interval_of_wide(left), interval_of_wide(right));
    by_length.then(left.months.cmp(&right.months)).then(left.days.cmp(&right.days))
}

/// Returns the value of a word of type `ty`.
pub(super) fn value_of_word(ty: DataType, word: i64) -> Value {
    match ty {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Boolean(word != 0),
        DataType::Int16 => Value::Int16(i16::from_word(word)),
        DataType::Int32 => Value::Int32(i32::from_word(word)),
        DataType::Int64 => Value::Int64(word),
        DataType::Float32 => Value::Float32(f32::from_word(word)),
        DataType::Float64 => Value::Float64(f64::from_word(word)),
        DataType::Decimal { scale, .. } => Value::Decimal(Decimal::new(i128::from(word), scale)),
        DataType::Date => Value::Date(Date(i32::from_word(word))),
        DataType::Timestamp => Value::Timestamp(Timestamp(word)),
        DataType::Text { .. } | DataType::Blob | DataType::Interval | DataType::Json => {
            panic!("{ty} is not held in words")
        }
    }
}

/// Returns the value of a wide of type `ty`.
pub(super) fn value_of_wide(ty: DataType, wide: i128) -> Value {
    match ty {
        DataType::Decimal { scale, .. } => Value::Decimal(Decimal::new(wide, scale)),
        DataType::Interval => Value::Interval(interval_of_wide(wide)),
        DataType::Null
        | DataType::Boolean
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Text { .. }
        | DataType::Blob
        | DataType::Date
        | DataType::Timestamp
        | DataType::Json => panic!("{ty} is not held in wides"),
    }
}

/// Returns the value of a number in a frame.
pub(super) fn value_of_frame(ty: DataType, number: i128) -> Value {
    match Form::of(ty) {
        Form::Words => value_of_word(ty, number as i64),
        Form::Wides => value_of_wide(ty, number),
        Form::Bytes => panic!("{ty} is not held in frames"),
    }
}

/// Returns the value of a string of type `ty`; text was checked to be UTF-8 when its page was opened.
pub(super) fn value_of_bytes(ty: DataType, bytes: &[u8]) -> Value {
    let text = || Arc::<str>::from(std::str::from_utf8(bytes).expect("checked at open"));
    match ty {
        DataType::Text { .. } => Value::Text(text()),
        DataType::Json => Value::Json(text()),
        DataType::Blob => Value::Blob(Arc::from(bytes)),
        DataType::Null
        | DataType::Boolean
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal { .. }
        | DataType::Date
        | DataType::Timestamp
        | DataType::Interval => panic!("{ty} is not held in bytes"),
    }
}
