//! Rows as bytes, for the log and the memtable: compact, and read by the schema that wrote them.
//!
//! `count` (varint) | NULL bits, one a column, ⌈count / 8⌉ bytes, a set bit is NULL | the other
//! values in order. Integers, dates and decimals are zigzag varints, floats and timestamps fixed
//! little-endian, text and bytes a varint length and the bytes, intervals three varints.
//!
//! Columns are only ever added at the end of a schema, so a row that was written before an
//! addition has fewer columns than its reader expects: the missing ones read NULL. Nothing is
//! believed about the bytes; whatever is malformed is a [`RowError`].

use std::sync::Arc;

use crate::{DataType, Date, Decimal, Interval, Timestamp, Value, ValueError};

/// Bytes that are not a row of the wanted types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The bytes end inside a value.
    #[error("the row ends early")]
    Short,
    /// A value that no encoder writes.
    #[error("the row is malformed")]
    Malformed,
    /// More columns than the schema has, or bytes after the last.
    #[error("the row goes on after its last column")]
    Long,
}

/// A value that borrows from the row's bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// NULL of any type.
    Null,
    /// `BOOLEAN`.
    Boolean(bool),
    /// `SMALLINT`.
    Int16(i16),
    /// `INT4`.
    Int32(i32),
    /// `BIGINT`.
    Int64(i64),
    /// `FLOAT4`.
    Float32(f32),
    /// `DOUBLE`.
    Float64(f64),
    /// `DECIMAL`.
    Decimal(Decimal),
    /// `TEXT`.
    Text(&'a str),
    /// `BLOB`.
    Blob(&'a [u8]),
    /// `DATE`.
    Date(Date),
    /// `TIMESTAMP`.
    Timestamp(Timestamp),
    /// `INTERVAL`.
    Interval(Interval),
    /// `JSON`, as minimal text with sorted keys.
    Json(&'a str),
}

impl<'a> ValueRef<'a> {
    /// Returns a value by reference.
    pub fn of(value: &'a Value) -> ValueRef<'a> {
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

    /// Returns the value with bytes of its own.
    pub fn to_value(self) -> Value {
        match self {
            ValueRef::Null => Value::Null,
            ValueRef::Boolean(truth) => Value::Boolean(truth),
            ValueRef::Int16(number) => Value::Int16(number),
            ValueRef::Int32(number) => Value::Int32(number),
            ValueRef::Int64(number) => Value::Int64(number),
            ValueRef::Float32(number) => Value::Float32(number),
            ValueRef::Float64(number) => Value::Float64(number),
            ValueRef::Decimal(number) => Value::Decimal(number),
            ValueRef::Text(text) => Value::Text(Arc::from(text)),
            ValueRef::Blob(bytes) => Value::Blob(Arc::from(bytes)),
            ValueRef::Date(date) => Value::Date(date),
            ValueRef::Timestamp(at) => Value::Timestamp(at),
            ValueRef::Interval(interval) => Value::Interval(interval),
            ValueRef::Json(text) => Value::Json(Arc::from(text)),
        }
    }
}

/// Appends the row of `values`, one for each of `types` in order.
///
/// # Errors
/// [`ValueError`] if a value is of another type than its column; `out` is then unspecified.
///
/// # Panics
/// If the two have different lengths: a schema mixed up by the caller.
pub fn encode(types: &[DataType], values: &[Value], out: &mut Vec<u8>) -> Result<(), ValueError> {
    assert_eq!(types.len(), values.len(), "one value a column");
    put_varint(out, values.len() as u128);
    let bits = out.len();
    out.resize(bits + values.len().div_ceil(8), 0);
    for (at, (value, &data_type)) in values.iter().zip(types).enumerate() {
        match value {
            Value::Null => out[bits + at / 8] |= 1 << (at % 8),
            value => encode_value(value, data_type, out)?,
        }
    }
    Ok(())
}

fn encode_value(value: &Value, data_type: DataType, out: &mut Vec<u8>) -> Result<(), ValueError> {
    match (value, data_type) {
        (Value::Boolean(truth), DataType::Boolean) => out.push(u8::from(*truth)),
        (Value::Int16(number), DataType::Int16) => put_signed(out, i128::from(*number)),
        (Value::Int32(number), DataType::Int32) => put_signed(out, i128::from(*number)),
        (Value::Int64(number), DataType::Int64) => put_signed(out, i128::from(*number)),
        (Value::Float32(number), DataType::Float32) => out.extend(number.to_le_bytes()),
        (Value::Float64(number), DataType::Float64) => out.extend(number.to_le_bytes()),
        (Value::Decimal(number), DataType::Decimal { scale, .. }) if number.scale == scale => {
            put_signed(out, number.unscaled);
        }
        (Value::Text(text), DataType::Text { .. }) | (Value::Json(text), DataType::Json) => {
            put_bytes(out, text.as_bytes());
        }
        (Value::Blob(bytes), DataType::Blob) => put_bytes(out, bytes),
        (Value::Date(date), DataType::Date) => put_signed(out, i128::from(date.0)),
        (Value::Timestamp(at), DataType::Timestamp) => out.extend(at.0.to_le_bytes()),
        (Value::Interval(interval), DataType::Interval) => {
            put_signed(out, i128::from(interval.months));
            put_signed(out, i128::from(interval.days));
            put_signed(out, i128::from(interval.micros));
        }
        (value, wanted) => return Err(ValueError { value: format!("{value:?}"), wanted }),
    }
    Ok(())
}

fn put_varint(out: &mut Vec<u8>, number: u128) {
    // All but large decimals fit a machine word, which is several times faster.
    let Ok(mut number) = u64::try_from(number) else { return put_wide_varint(out, number) };
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_wide_varint(out: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_signed(out: &mut Vec<u8>, number: i128) {
    put_varint(out, ((number << 1) ^ (number >> 127)) as u128);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u128);
    out.extend(bytes);
}

/// Returns the values of a row, one for each of `types`; columns that the row lacks are NULL.
///
/// # Errors
/// [`RowError`] if the bytes are no such row.
pub fn decode(types: &[DataType], bytes: &[u8]) -> Result<Vec<Value>, RowError> {
    let mut reader = RowReader::new(bytes)?;
    let values =
        types.iter().map(|&ty| Ok(reader.next(ty)?.to_value())).collect::<Result<Vec<_>, _>>()?;
    reader.finish()?;
    Ok(values)
}

/// Walks the values of one row, left to right.
pub struct RowReader<'a> {
    nulls: &'a [u8],
    rest: &'a [u8],
    at: usize,
    count: usize,
}

impl<'a> RowReader<'a> {
    /// Starts before the first column.
    ///
    /// # Errors
    /// [`RowError`] if the head is malformed.
    pub fn new(bytes: &'a [u8]) -> Result<RowReader<'a>, RowError> {
        let mut rest = bytes;
        let count = usize::try_from(take_varint(&mut rest)?).map_err(|_| RowError::Malformed)?;
        let (nulls, rest) = rest.split_at_checked(count.div_ceil(8)).ok_or(RowError::Short)?;
        Ok(RowReader { nulls, rest, at: 0, count })
    }

    /// Returns the next column's value; NULL past the columns that the row was written with.
    ///
    /// # Errors
    /// [`RowError`] if the bytes hold no value of this type.
    pub fn next(&mut self, data_type: DataType) -> Result<ValueRef<'a>, RowError> {
        let at = self.at;
        self.at += 1;
        let null = self.nulls.get(at / 8).is_none_or(|bits| bits >> (at % 8) & 1 == 1);
        if at >= self.count || null {
            return Ok(ValueRef::Null);
        }
        self.value(data_type)
    }

    /// Checks that nothing follows the columns read.
    ///
    /// # Errors
    /// [`RowError::Long`] if something does.
    pub fn finish(self) -> Result<(), RowError> {
        let whole = self.at >= self.count && self.rest.is_empty();
        if whole { Ok(()) } else { Err(RowError::Long) }
    }

    fn value(&mut self, data_type: DataType) -> Result<ValueRef<'a>, RowError> {
        Ok(match data_type {
            DataType::Null => return Err(RowError::Malformed),
            DataType::Boolean => match self.array()? {
                [0] => ValueRef::Boolean(false),
                [1] => ValueRef::Boolean(true),
                _ => return Err(RowError::Malformed),
            },
            DataType::Int16 => ValueRef::Int16(self.signed()?),
            DataType::Int32 => ValueRef::Int32(self.signed()?),
            DataType::Int64 => ValueRef::Int64(self.signed()?),
            DataType::Float32 => ValueRef::Float32(f32::from_le_bytes(self.array()?)),
            DataType::Float64 => ValueRef::Float64(f64::from_le_bytes(self.array()?)),
            DataType::Decimal { scale, .. } => {
                ValueRef::Decimal(Decimal { unscaled: self.signed()?, scale })
            }
            DataType::Text { .. } => ValueRef::Text(self.text()?),
            DataType::Json => ValueRef::Json(self.text()?),
            DataType::Blob => ValueRef::Blob(self.bytes()?),
            DataType::Date => ValueRef::Date(Date(self.signed()?)),
            DataType::Timestamp => {
                ValueRef::Timestamp(Timestamp(i64::from_le_bytes(self.array()?)))
            }
            DataType::Interval => ValueRef::Interval(Interval {
                months: self.signed()?,
                days: self.signed()?,
                micros: self.signed()?,
            }),
        })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RowError> {
        let (bytes, rest) = self.rest.split_first_chunk::<N>().ok_or(RowError::Short)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn signed<T: TryFrom<i128>>(&mut self) -> Result<T, RowError> {
        let zigzag = take_varint(&mut self.rest)?;
        let number = (zigzag >> 1) as i128 ^ -((zigzag & 1) as i128);
        T::try_from(number).map_err(|_| RowError::Malformed)
    }

    fn bytes(&mut self) -> Result<&'a [u8], RowError> {
        let length = take_varint(&mut self.rest)?;
        let length = usize::try_from(length).map_err(|_| RowError::Malformed)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(RowError::Short)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn text(&mut self) -> Result<&'a str, RowError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| RowError::Malformed)
    }
}

fn take_varint(bytes: &mut &[u8]) -> Result<u128, RowError> {
    const WORD_BYTES: usize = 9;
    let mut number = 0;
    for (at, &byte) in bytes.iter().take(WORD_BYTES).enumerate() {
        number |= u64::from(byte & 0x7F) << (7 * at);
        if byte < 0x80 {
            *bytes = &bytes[at + 1..];
            return Ok(number.into());
        }
    }
    take_wide_varint(bytes)
}

fn take_wide_varint(bytes: &mut &[u8]) -> Result<u128, RowError> {
    let mut number = 0_u128;
    for shift in (0..128).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(RowError::Short)?;
        *bytes = rest;
        let digits = u128::from(byte & 0x7F);
        if digits << shift >> shift != digits {
            return Err(RowError::Malformed);
        }
        number |= digits << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(RowError::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DECIMAL: DataType = DataType::Decimal { precision: 38, scale: 3 };

    fn column() -> impl Strategy<Value = (DataType, Value)> {
        prop_oneof![
            Just((DataType::Int64, Value::Null)),
            any::<bool>().prop_map(|v| (DataType::Boolean, Value::Boolean(v))),
            any::<i16>().prop_map(|v| (DataType::Int16, Value::Int16(v))),
            any::<i32>().prop_map(|v| (DataType::Int32, Value::Int32(v))),
            any::<i64>().prop_map(|v| (DataType::Int64, Value::Int64(v))),
            any::<f32>().prop_map(|v| (DataType::Float32, Value::Float32(v))),
            any::<f64>().prop_map(|v| (DataType::Float64, Value::Float64(v))),
            any::<i128>()
                .prop_map(|v| (DECIMAL, Value::Decimal(Decimal { unscaled: v, scale: 3 }))),
            any::<String>().prop_map(|v| (DataType::TEXT, Value::text(v))),
            any::<String>().prop_map(|v| (DataType::Json, Value::Json(Arc::from(v)))),
            any::<Vec<u8>>().prop_map(|v| (DataType::Blob, Value::Blob(Arc::from(v)))),
            any::<i32>().prop_map(|v| (DataType::Date, Value::Date(Date(v)))),
            any::<i64>().prop_map(|v| (DataType::Timestamp, Value::Timestamp(Timestamp(v)))),
            any::<(i32, i32, i64)>().prop_map(|(months, days, micros)| {
                (DataType::Interval, Value::Interval(Interval { months, days, micros }))
            }),
        ]
    }

    proptest! {
        #[test]
        fn decoding_gives_the_row_back(columns in prop::collection::vec(column(), 0..20), added in 0..10_usize) {
            let (mut types, mut values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
            let mut bytes = Vec::new();
            encode(&types, &values, &mut bytes).unwrap();
            types.extend(vec![DataType::Int64; added]);
            values.extend(vec![Value::Null; added]);
            prop_assert_eq!(format!("{:?}", decode(&types, &bytes).unwrap()), format!("{values:?}"));
        }

        #[test]
        fn any_bytes_decode_or_fail(columns in prop::collection::vec(column(), 0..20), bytes in any::<Vec<u8>>()) {
            let types: Vec<_> = columns.into_iter().map(|column| column.0).collect();
            if let Ok(values) = decode(&types, &bytes) {
                prop_assert_eq!(values.len(), types.len());
            }
        }

        #[test]
        fn a_cut_row_is_an_error(columns in prop::collection::vec(column(), 1..20), cut in any::<prop::sample::Index>()) {
            let (types, values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
            let mut bytes = Vec::new();
            encode(&types, &values, &mut bytes).unwrap();
            prop_assert!(decode(&types, &bytes[..cut.index(bytes.len())]).is_err());
        }
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let wrong = encode(&[DataType::Int64], &[Value::text("1")], &mut Vec::new());
        assert_eq!(wrong.unwrap_err().wanted, DataType::Int64);
    }
}
