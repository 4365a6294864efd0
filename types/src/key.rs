//! Memcomparable keys: values as bytes whose order under `memcmp` is the order of the values.
//!
//! `encode(a) < encode(b)` exactly when `a < b`, column by column, and no encoding is a prefix of
//! another of the same types, so encodings can be concatenated and cut. The format is ours and
//! frozen; docs/formats/key.md has the byte table. A part is a tag and a body:
//!
//! | value | body |
//! |---|---|
//! | NULL | none; its tag sorts after every value, as PostgreSQL's default does |
//! | integers, dates, timestamps | big-endian, sign bit flipped |
//! | floats | IEEE bits, sign flipped or all inverted; -0 is +0, one NaN, last |
//! | decimals (of one scale) | a length byte centred at 0x80, then the shortest big-endian digits |
//! | text, blobs, JSON | the bytes, `00` as `00 FF`, closed by `00 01` |
//! | intervals | length in microseconds (a month is 30 days), then months and days |
//!
//! A descending part has all its bytes inverted, its tag too.

use std::sync::Arc;

use crate::{DataType, Date, Decimal, Interval, MICROS_PER_DAY, Timestamp, Value};

/// The tag of a part that holds a value.
pub const TAG_VALUE: u8 = 0x01;
/// The tag of NULL.
pub const TAG_NULL: u8 = 0x02;
/// The length byte of the decimal zero; n more or fewer for n bytes of digits.
pub const DECIMAL_ZERO: u8 = 0x80;

const ESCAPE: u8 = 0x00;
const ESCAPED_ZERO: u8 = 0xFF;
const END: u8 = 0x01;

/// Bytes that are not a key of the wanted types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes end inside a part.
    #[error("the key ends early")]
    Short,
    /// A tag or escape that no encoder writes, or text that is not UTF-8.
    #[error("the key is malformed")]
    Malformed,
    /// Bytes after the last part.
    #[error("the key goes on after its last column")]
    Long,
}

/// Returns the key of `values`; a part is inverted where `descending` says so.
///
/// # Panics
/// If the two have different lengths: a schema mixed up by the caller.
pub fn encode(values: &[Value], descending: &[bool]) -> Vec<u8> {
    assert_eq!(values.len(), descending.len(), "one direction a key column");
    let mut out = Vec::with_capacity(values.len() * 10);
    for (value, &descending) in values.iter().zip(descending) {
        encode_part(value, descending, &mut out);
    }
    out
}

/// Appends the encoding of one part.
pub fn encode_part(value: &Value, descending: bool, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(if value.is_null() { TAG_NULL } else { TAG_VALUE });
    encode_body(value, out);
    if descending {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

fn encode_body(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::Boolean(truth) => out.push(u8::from(*truth)),
        Value::Int16(number) => out.extend((*number ^ i16::MIN).to_be_bytes()),
        Value::Int32(number) => out.extend((*number ^ i32::MIN).to_be_bytes()),
        Value::Int64(number) => out.extend((*number ^ i64::MIN).to_be_bytes()),
        Value::Float32(number) => out.extend(order_f32(*number).to_be_bytes()),
        Value::Float64(number) => out.extend(order_f64(*number).to_be_bytes()),
        Value::Decimal(number) => encode_decimal(number.unscaled, out),
        Value::Text(text) | Value::Json(text) => encode_bytes(text.as_bytes(), out),
        Value::Blob(bytes) => encode_bytes(bytes, out),
        Value::Date(date) => out.extend((date.0 ^ i32::MIN).to_be_bytes()),
        Value::Timestamp(at) => out.extend((at.0 ^ i64::MIN).to_be_bytes()),
        Value::Interval(interval) => encode_interval(*interval, out),
    }
}

/// Negative numbers sort by inverted bits, others above them; -0 joins +0 and every NaN is one.
fn order_f64(number: f64) -> u64 {
    let number = if number == 0.0 { 0.0 } else { number };
    let bits = if number.is_nan() { f64::NAN.to_bits() & !(1 << 63) } else { number.to_bits() };
    if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }
}

fn order_f32(number: f32) -> u32 {
    let number = if number == 0.0 { 0.0 } else { number };
    let bits = if number.is_nan() { f32::NAN.to_bits() & !(1 << 31) } else { number.to_bits() };
    if bits >> 31 == 1 { !bits } else { bits | (1 << 31) }
}

/// A longer number is farther from zero, so its length byte decides; then the digits do.
fn encode_decimal(unscaled: i128, out: &mut Vec<u8>) {
    let magnitude = unscaled.unsigned_abs();
    let bytes = magnitude.to_be_bytes();
    let skip = magnitude.leading_zeros() as usize / 8;
    let length = (bytes.len() - skip) as u8;
    if unscaled < 0 {
        out.push(DECIMAL_ZERO - length);
        out.extend(bytes[skip..].iter().map(|byte| !byte));
    } else {
        out.push(DECIMAL_ZERO + length);
        out.extend(&bytes[skip..]);
    }
}

fn encode_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.push(byte);
        if byte == ESCAPE {
            out.push(ESCAPED_ZERO);
        }
    }
    out.extend([ESCAPE, END]);
}

fn interval_micros(interval: Interval) -> i128 {
    let days = i128::from(interval.months) * 30 + i128::from(interval.days);
    days * i128::from(MICROS_PER_DAY) + i128::from(interval.micros)
}

fn encode_interval(interval: Interval, out: &mut Vec<u8>) {
    out.extend((interval_micros(interval) ^ i128::MIN).to_be_bytes());
    out.extend((interval.months ^ i32::MIN).to_be_bytes());
    out.extend((interval.days ^ i32::MIN).to_be_bytes());
}

/// Returns the values of a whole key whose parts have these types and directions.
///
/// # Errors
/// [`KeyError`] if the bytes are no such key.
pub fn decode(bytes: &[u8], parts: &[(DataType, bool)]) -> Result<Vec<Value>, KeyError> {
    let mut rest = bytes;
    let mut values = Vec::with_capacity(parts.len());
    for &(data_type, descending) in parts {
        let (value, after) = decode_part(rest, data_type, descending)?;
        values.push(value);
        rest = after;
    }
    if rest.is_empty() { Ok(values) } else { Err(KeyError::Long) }
}

/// Returns the first part's value and the bytes after it.
///
/// # Errors
/// [`KeyError`] if the bytes do not begin with such a part.
pub fn decode_part(
    bytes: &[u8],
    data_type: DataType,
    descending: bool,
) -> Result<(Value, &[u8]), KeyError> {
    let mut reader = Reader { rest: bytes, flip: if descending { 0xFF } else { 0 } };
    let value = match reader.byte()? {
        TAG_NULL => Value::Null,
        TAG_VALUE => decode_body(&mut reader, data_type)?,
        _ => return Err(KeyError::Malformed),
    };
    Ok((value, reader.rest))
}

fn decode_body(reader: &mut Reader<'_>, data_type: DataType) -> Result<Value, KeyError> {
    Ok(match data_type {
        DataType::Null => return Err(KeyError::Malformed),
        DataType::Boolean => Value::Boolean(match reader.byte()? {
            0 => false,
            1 => true,
            _ => return Err(KeyError::Malformed),
        }),
        DataType::Int16 => Value::Int16(i16::from_be_bytes(reader.take()?) ^ i16::MIN),
        DataType::Int32 => Value::Int32(i32::from_be_bytes(reader.take()?) ^ i32::MIN),
        DataType::Int64 => Value::Int64(i64::from_be_bytes(reader.take()?) ^ i64::MIN),
        DataType::Float32 => Value::Float32(unorder_f32(u32::from_be_bytes(reader.take()?))),
        DataType::Float64 => Value::Float64(unorder_f64(u64::from_be_bytes(reader.take()?))),
        DataType::Decimal { scale, .. } => {
            Value::Decimal(Decimal { unscaled: decode_decimal(reader)?, scale })
        }
        DataType::Text { .. } => Value::Text(decode_text(reader)?),
        DataType::Json => Value::Json(decode_text(reader)?),
        DataType::Blob => Value::Blob(Arc::from(decode_bytes(reader)?)),
        DataType::Date => Value::Date(Date(i32::from_be_bytes(reader.take()?) ^ i32::MIN)),
        DataType::Timestamp => {
            Value::Timestamp(Timestamp(i64::from_be_bytes(reader.take()?) ^ i64::MIN))
        }
        DataType::Interval => Value::Interval(decode_interval(reader)?),
    })
}

fn unorder_f64(order: u64) -> f64 {
    f64::from_bits(if order >> 63 == 1 { order & !(1 << 63) } else { !order })
}

fn unorder_f32(order: u32) -> f32 {
    f32::from_bits(if order >> 31 == 1 { order & !(1 << 31) } else { !order })
}

fn decode_decimal(reader: &mut Reader<'_>) -> Result<i128, KeyError> {
    let tag = reader.byte()?;
    let negative = tag < DECIMAL_ZERO;
    let mut magnitude = 0_u128;
    let length = tag.abs_diff(DECIMAL_ZERO);
    if length > 16 {
        return Err(KeyError::Malformed);
    }
    for _ in 0..length {
        let byte = reader.byte()?;
        magnitude = magnitude << 8 | u128::from(if negative { !byte } else { byte });
    }
    let number = i128::try_from(magnitude);
    match (negative, number) {
        (false, Ok(number)) => Ok(number),
        (true, Ok(number)) => Ok(-number),
        (true, Err(_)) if magnitude == i128::MIN.unsigned_abs() => Ok(i128::MIN),
        (_, Err(_)) => Err(KeyError::Malformed),
    }
}

fn decode_bytes(reader: &mut Reader<'_>) -> Result<Vec<u8>, KeyError> {
    let mut bytes = Vec::new();
    loop {
        let byte = reader.byte()?;
        if byte != ESCAPE {
            bytes.push(byte);
            continue;
        }
        match reader.byte()? {
            ESCAPED_ZERO => bytes.push(ESCAPE),
            END => return Ok(bytes),
            _ => return Err(KeyError::Malformed),
        }
    }
}

fn decode_text(reader: &mut Reader<'_>) -> Result<Arc<str>, KeyError> {
    let text = String::from_utf8(decode_bytes(reader)?).map_err(|_| KeyError::Malformed)?;
    Ok(Arc::from(text))
}

fn decode_interval(reader: &mut Reader<'_>) -> Result<Interval, KeyError> {
    let micros = i128::from_be_bytes(reader.take()?) ^ i128::MIN;
    let months = i32::from_be_bytes(reader.take()?) ^ i32::MIN;
    let days = i32::from_be_bytes(reader.take()?) ^ i32::MIN;
    let whole = interval_micros(Interval { months, days, micros: 0 });
    let micros = micros
        .checked_sub(whole)
        .and_then(|micros| i64::try_from(micros).ok())
        .ok_or(KeyError::Malformed)?;
    Ok(Interval { months, days, micros })
}

/// Reads bytes, inverted where the part is descending.
struct Reader<'a> {
    rest: &'a [u8],
    flip: u8,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, KeyError> {
        let (&byte, rest) = self.rest.split_first().ok_or(KeyError::Short)?;
        self.rest = rest;
        Ok(byte ^ self.flip)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], KeyError> {
        let (bytes, rest) = self.rest.split_first_chunk::<N>().ok_or(KeyError::Short)?;
        self.rest = rest;
        Ok(bytes.map(|byte| byte ^ self.flip))
    }
}

/// Returns the least bytes above every key that begins with `prefix`; `None` if there are none.
pub fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte != 0xFF)?;
    let mut bytes = prefix[..=last].to_vec();
    bytes[last] += 1;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;

    /// The order that the codec promises, spelled out a second time.
    fn order(a: &Value, b: &Value) -> Ordering {
        let float = |a: f64, b: f64| match (a.is_nan(), b.is_nan()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => a.partial_cmp(&b).expect("neither is NaN"),
        };
        match (a, b) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Greater,
            (_, Value::Null) => Ordering::Less,
            (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
            (Value::Int16(a), Value::Int16(b)) => a.cmp(b),
            (Value::Int32(a), Value::Int32(b)) => a.cmp(b),
            (Value::Int64(a), Value::Int64(b)) => a.cmp(b),
            (Value::Float32(a), Value::Float32(b)) => float((*a).into(), (*b).into()),
            (Value::Float64(a), Value::Float64(b)) => float(*a, *b),
            (Value::Decimal(a), Value::Decimal(b)) => a.unscaled.cmp(&b.unscaled),
            (Value::Text(a), Value::Text(b)) | (Value::Json(a), Value::Json(b)) => a.cmp(b),
            (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
            (Value::Date(a), Value::Date(b)) => a.cmp(b),
            (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
            (Value::Interval(a), Value::Interval(b)) => interval_micros(*a)
                .cmp(&interval_micros(*b))
                .then(a.months.cmp(&b.months))
                .then(a.days.cmp(&b.days)),
            _ => panic!("values of one type"),
        }
    }

    fn some_type() -> impl Strategy<Value = DataType> {
        prop::sample::select(vec![
            DataType::Boolean,
            DataType::Int16,
            DataType::Int32,
            DataType::Int64,
            DataType::Float32,
            DataType::Float64,
            DataType::Decimal { precision: 38, scale: 2 },
            DataType::TEXT,
            DataType::Blob,
            DataType::Date,
            DataType::Timestamp,
            DataType::Interval,
            DataType::Json,
        ])
    }

    fn value_of(data_type: DataType) -> BoxedStrategy<Value> {
        let bytes =
            || prop::collection::vec(prop_oneof![Just(0), Just(1), Just(255), any::<u8>()], 0..6);
        let text = || {
            prop::collection::vec(prop_oneof![Just('\0'), Just('\u{1}'), any::<char>()], 0..5)
                .prop_map(|chars| Arc::from(chars.into_iter().collect::<String>()))
        };
        let some = match data_type {
            DataType::Null => Just(Value::Null).boxed(),
            DataType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
            DataType::Int16 => any::<i16>().prop_map(Value::Int16).boxed(),
            DataType::Int32 => any::<i32>().prop_map(Value::Int32).boxed(),
            DataType::Int64 => prop_oneof![Just(i64::MIN), Just(i64::MAX), -3..3_i64, any::<i64>()]
                .prop_map(Value::Int64)
                .boxed(),
            DataType::Float32 => {
                prop_oneof![Just(-0.0_f32), Just(0.0), Just(f32::NAN), any::<f32>()]
                    .prop_map(Value::Float32)
                    .boxed()
            }
            DataType::Float64 => {
                prop_oneof![Just(-0.0_f64), Just(0.0), Just(-f64::NAN), any::<f64>()]
                    .prop_map(Value::Float64)
                    .boxed()
            }
            DataType::Decimal { scale, .. } => {
                prop_oneof![Just(i128::MIN), Just(i128::MAX), -300..300_i128, any::<i128>()]
                    .prop_map(move |unscaled| Value::Decimal(Decimal { unscaled, scale }))
                    .boxed()
            }
            DataType::Text { .. } => text().prop_map(Value::Text).boxed(),
            DataType::Json => text().prop_map(Value::Json).boxed(),
            DataType::Blob => bytes().prop_map(|bytes| Value::Blob(Arc::from(bytes))).boxed(),
            DataType::Date => any::<i32>().prop_map(|days| Value::Date(Date(days))).boxed(),
            DataType::Timestamp => {
                any::<i64>().prop_map(|at| Value::Timestamp(Timestamp(at))).boxed()
            }
            DataType::Interval => (any::<i32>(), -40..40_i32, any::<i64>())
                .prop_map(|(months, days, micros)| {
                    Value::Interval(Interval { months: months % 3, days, micros })
                })
                .boxed(),
        };
        prop_oneof![1 => Just(Value::Null), 9 => some].boxed()
    }

    /// Types and directions of a key, and two keys of them that often share a first column.
    fn two_keys() -> impl Strategy<Value = (Vec<(DataType, bool)>, Vec<Value>, Vec<Value>)> {
        prop::collection::vec((some_type(), any::<bool>()), 1..4).prop_flat_map(|parts| {
            let key = || parts.iter().map(|part| value_of(part.0)).collect::<Vec<_>>();
            (Just(parts.clone()), key(), key(), any::<bool>()).prop_map(
                |(parts, a, mut b, share)| {
                    if share {
                        b[0] = a[0].clone();
                    }
                    (parts, a, b)
                },
            )
        })
    }

    fn flags(parts: &[(DataType, bool)]) -> Vec<bool> {
        parts.iter().map(|part| part.1).collect()
    }

    proptest! {
        #[test]
        fn bytes_sort_as_values_do((parts, a, b) in two_keys()) {
            let wanted = parts.iter().zip(a.iter().zip(&b)).fold(Ordering::Equal, |so_far, (part, (a, b))| {
                let one = order(a, b);
                so_far.then(if part.1 { one.reverse() } else { one })
            });
            let flags = flags(&parts);
            prop_assert_eq!(encode(&a, &flags).cmp(&encode(&b, &flags)), wanted);
        }

        #[test]
        fn no_key_is_a_prefix_of_another((parts, a, b) in two_keys()) {
            let flags = flags(&parts);
            let (a, b) = (encode(&a, &flags), encode(&b, &flags));
            prop_assert!(a == b || !b.starts_with(&a));
        }

        #[test]
        fn decoding_gives_the_values_back((parts, a, _) in two_keys()) {
            let decoded = decode(&encode(&a, &flags(&parts)), &parts).unwrap();
            for (decoded, value) in decoded.iter().zip(&a) {
                prop_assert_eq!(order(decoded, value), Ordering::Equal);
            }
        }

        #[test]
        fn any_bytes_decode_or_fail((parts, _, _) in two_keys(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(values) = decode(&bytes, &parts) {
                prop_assert_eq!(values.len(), parts.len());
            }
        }

        #[test]
        fn the_successor_bounds_the_prefix(prefix in prop::collection::vec(prop_oneof![Just(255), any::<u8>()], 0..4), tail in prop::collection::vec(any::<u8>(), 0..4)) {
            let mut key = prefix.clone();
            key.extend(&tail);
            match successor(&prefix) {
                Some(next) => prop_assert!(key < next),
                None => prop_assert!(prefix.iter().all(|&byte| byte == 255)),
            }
        }
    }

    #[test]
    fn the_frozen_bytes() {
        let key = encode(&[Value::Int64(1), Value::text("a\0")], &[false, true]);
        let mut wanted = vec![1, 0x80, 0, 0, 0, 0, 0, 0, 1];
        wanted.extend([1_u8, b'a', 0, 0xFF, 0, 1].map(|byte| !byte));
        assert_eq!(key, wanted);
        let decimal =
            |unscaled| encode(&[Value::Decimal(Decimal { unscaled, scale: 2 })], &[false]);
        assert_eq!(decimal(0), [1, 0x80]);
        assert_eq!(decimal(256), [1, 0x82, 1, 0]);
        assert_eq!(decimal(-1), [1, 0x7F, 0xFE]);
        assert_eq!(encode(&[Value::Null], &[false]), [2]);
    }
}
