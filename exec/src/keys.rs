//! Keys: how rows of several columns are compared, hashed and kept in order.
//!
//! SQL's equality and order are brought down to bytes in two steps. [`normalise`] replaces a column
//! by one whose Arrow order is SQL's: floats with one NaN and one zero, intervals by their length,
//! JSON by order-preserving bytes. Then a key is either *packed* into 120 bits with a NULL bit a
//! column (`packed.rs`; almost every key of practice) or a memcomparable row (arrow-row). Where one
//! value does not fit the packed form, the whole table changes over to rows.

pub(crate) mod dense;
pub(crate) mod groups;
pub(crate) mod json;
pub(crate) mod ordered;
pub(crate) mod packed;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, IntervalMonthDayNanoType};
use arrow_array::{Array, ArrayRef, BinaryViewArray, Decimal128Array};
use arrow_row::{RowConverter, Rows, SortField};
use arrow_schema::SortOptions;
use types::{DataType, MICROS_PER_DAY};

use crate::error::internal;

/// Returns a column whose Arrow comparison is the SQL comparison of `array`, a column of type `ty`.
pub(crate) fn normalise(array: &ArrayRef, ty: DataType) -> ArrayRef {
    match ty {
        DataType::Float32 => canonical_f32(array),
        DataType::Float64 => canonical_f64(array),
        DataType::Interval => interval_lengths(array),
        DataType::Json => json_order(array),
        DataType::Null
        | DataType::Boolean
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Decimal { .. }
        | DataType::Text { .. }
        | DataType::Blob
        | DataType::Date
        | DataType::Timestamp => Arc::clone(array),
    }
}

fn normal_type(ty: DataType) -> arrow_schema::DataType {
    match ty {
        DataType::Interval => arrow_schema::DataType::Decimal128(38, 0),
        DataType::Json => arrow_schema::DataType::BinaryView,
        other => other.arrow(),
    }
}

fn canonical_f32(array: &ArrayRef) -> ArrayRef {
    let floats = array.as_primitive::<Float32Type>();
    Arc::new(floats.unary::<_, Float32Type>(|x| if x.is_nan() { f32::NAN.abs() } else { x + 0.0 }))
}

fn canonical_f64(array: &ArrayRef) -> ArrayRef {
    let floats = array.as_primitive::<Float64Type>();
    // Adding +0.0 turns -0.0 into +0.0 and leaves every other number alone.
    Arc::new(floats.unary::<_, Float64Type>(|x| if x.is_nan() { f64::NAN.abs() } else { x + 0.0 }))
}

fn interval_lengths(array: &ArrayRef) -> ArrayRef {
    let intervals = array.as_primitive::<IntervalMonthDayNanoType>();
    let lengths = intervals.iter().map(|interval| {
        interval.map(|interval| {
            let days = i128::from(interval.months) * 30 + i128::from(interval.days);
            days * i128::from(MICROS_PER_DAY) + i128::from(interval.nanoseconds / 1_000)
        })
    });
    Arc::new(
        lengths
            .collect::<Decimal128Array>()
            .with_precision_and_scale(38, 0)
            .expect("38 and 0 are a decimal's precision and scale"),
    )
}

fn json_order(array: &ArrayRef) -> ArrayRef {
    let texts = array.as_string_view();
    let mut bytes = Vec::new();
    let keys = texts.iter().map(|text| {
        text.map(|text| {
            bytes.clear();
            json::order_key(text, &mut bytes);
            bytes.clone()
        })
    });
    Arc::new(keys.collect::<BinaryViewArray>())
}

/// Turns key columns into memcomparable rows.
pub(crate) struct RowCodec {
    converter: RowConverter,
    types: Vec<DataType>,
}

impl RowCodec {
    /// Returns the codec of rows of these types, all ascending: for equality.
    pub(crate) fn new(types: &[DataType]) -> diag::Result<RowCodec> {
        RowCodec::ordered(types, &vec![SortOptions::default(); types.len()])
    }

    /// Returns the codec whose byte order is the order that `options` say, a column each.
    pub(crate) fn ordered(types: &[DataType], options: &[SortOptions]) -> diag::Result<RowCodec> {
        let fields = types.iter().zip(options);
        let fields =
            fields.map(|(ty, &options)| SortField::new_with_options(normal_type(*ty), options));
        let converter = RowConverter::new(fields.collect())
            .map_err(|error| internal(format!("a key type has no row form: {error}")))?;
        Ok(RowCodec { converter, types: types.to_vec() })
    }

    /// Returns the rows of these columns.
    pub(crate) fn encode(&self, columns: &[ArrayRef]) -> diag::Result<Rows> {
        let normal: Vec<ArrayRef> =
            columns.iter().zip(&self.types).map(|(column, ty)| normalise(column, *ty)).collect();
        self.converter
            .convert_columns(&normal)
            .map_err(|error| internal(format!("key columns do not have the key's types: {error}")))
    }
}

/// Returns a hash of a packed key; good in its high and its low bits.
#[inline]
pub(crate) fn hash_packed(key: u128) -> u64 {
    const A: u64 = 0x9E37_79B9_7F4A_7C15;
    const B: u64 = 0xD6E8_FEB8_6659_FD93;
    let (low, high) = (key as u64, (key >> 64) as u64);
    let product = u128::from(low ^ A) * u128::from(high ^ B | 1);
    let folded = (product as u64) ^ (product >> 64) as u64;
    let mixed = u128::from(folded) * u128::from(A);
    (mixed as u64) ^ (mixed >> 64) as u64
}

/// Returns a hash of a key's row.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // A fixed seed: thread-local tables are merged by the hashes that they keep.
    let mut hasher = foldhash::fast::FixedState::with_seed(0x5EED).build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// Returns which rows have a NULL in any of the columns, or `None` if there are none.
pub(crate) fn any_null<'a>(
    columns: impl IntoIterator<Item = &'a ArrayRef>,
) -> Option<arrow_buffer::NullBuffer> {
    columns.into_iter().fold(None, |nulls, column| {
        arrow_buffer::NullBuffer::union(nulls.as_ref(), column.logical_nulls().as_ref())
    })
}
