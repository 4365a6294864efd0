//! Keys of up to 120 bits in one `u128`: a hash table then compares them by one instruction.
//!
//! The layout is fixed by the types: narrow types take their width, the wide ones (64-bit and
//! decimal integers, text, bytes) share what is left, and the top byte holds a NULL bit a column. An
//! integer fits if it survives sign extension from its share; text fits if its bytes and a length
//! byte do. Equal keys have equal packed forms and unequal ones unequal forms; order is not kept.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use types::DataType;

use super::normalise;

const VALUE_BYTES: u32 = 15;
const COLUMNS_MAX: usize = 8;

/// Where a column lies in the packed key.
#[derive(Clone, Copy, Debug)]
struct Part {
    ty: DataType,
    bytes: u32,
    shift: u32,
}

/// The layout of the packed keys of some types.
#[derive(Clone, Debug)]
pub(crate) struct Layout(Vec<Part>);

impl Layout {
    /// Returns the layout of keys of these types, or `None` if they cannot be packed.
    pub(crate) fn of(types: &[DataType]) -> Option<Layout> {
        if types.len() > COLUMNS_MAX {
            return None;
        }
        let widths: Vec<Width> = types.iter().map(|ty| width(*ty)).collect::<Option<_>>()?;
        let fixed: u32 = widths.iter().map(|width| width.least()).sum();
        let elastic = widths.iter().filter(|width| matches!(width, Width::Elastic { .. })).count();
        let spare = VALUE_BYTES.checked_sub(fixed)?;
        let share = spare.checked_div(u32::try_from(elastic).ok()?).unwrap_or(0);
        let mut shift = 0;
        let parts = types.iter().zip(widths).map(|(ty, width)| {
            let bytes = match width {
                Width::Fixed(bytes) => bytes,
                Width::Elastic { least, most } => (least + share).min(most),
            };
            let part = Part { ty: *ty, bytes, shift };
            shift += bytes * 8;
            part
        });
        Some(Layout(parts.collect()))
    }

    /// Packs the rows of `columns` into `keys`; the rows that do not fit are pushed to `unfit`.
    pub(crate) fn pack(&self, columns: &[ArrayRef], keys: &mut Vec<u128>, unfit: &mut Vec<usize>) {
        keys.clear();
        unfit.clear();
        keys.resize(columns.first().map_or(0, |column| column.len()), 0);
        for (at, (part, column)) in self.0.iter().zip(columns).enumerate() {
            let column = normalise(column, part.ty);
            part.pack(&column, keys, unfit);
            if let Some(nulls) = column.logical_nulls().filter(|nulls| nulls.null_count() > 0) {
                mark_nulls(&nulls, 120 + at as u32, part.mask(), keys);
            }
        }
    }
}

fn mark_nulls(nulls: &arrow_buffer::NullBuffer, bit: u32, mask: u128, keys: &mut [u128]) {
    for (row, key) in keys.iter_mut().enumerate() {
        if nulls.is_null(row) {
            // What an array holds under a NULL is anything: it must not reach the key.
            *key = *key & !mask | 1 << bit;
        }
    }
}

enum Width {
    Fixed(u32),
    Elastic { least: u32, most: u32 },
}

impl Width {
    fn least(&self) -> u32 {
        match self {
            Width::Fixed(bytes) => *bytes,
            Width::Elastic { least, .. } => *least,
        }
    }
}

fn width(ty: DataType) -> Option<Width> {
    match ty {
        DataType::Boolean => Some(Width::Fixed(1)),
        DataType::Int16 => Some(Width::Fixed(2)),
        DataType::Int32 | DataType::Date | DataType::Float32 => Some(Width::Fixed(4)),
        DataType::Float64 => Some(Width::Fixed(8)),
        DataType::Int64 | DataType::Timestamp => Some(Width::Elastic { least: 3, most: 8 }),
        DataType::Decimal { .. } => Some(Width::Elastic { least: 3, most: 15 }),
        DataType::Text { .. } | DataType::Blob => Some(Width::Elastic { least: 2, most: 15 }),
        DataType::Null | DataType::Interval | DataType::Json => None,
    }
}

impl Part {
    fn mask(&self) -> u128 {
        ((1_u128 << (self.bytes * 8)) - 1) << self.shift
    }

    fn pack(&self, column: &ArrayRef, keys: &mut [u128], unfit: &mut Vec<usize>) {
        match self.ty {
            DataType::Boolean => {
                let bits = column.as_boolean().values();
                for (key, bit) in keys.iter_mut().zip(bits) {
                    *key |= u128::from(bit) << self.shift;
                }
            }
            DataType::Int16 => self.exact::<Int16Type>(column, keys, |x| x as u16 as u64),
            DataType::Int32 => self.exact::<Int32Type>(column, keys, |x| x as u32 as u64),
            DataType::Date => self.exact::<Date32Type>(column, keys, |x| x as u32 as u64),
            DataType::Float32 => self.exact::<Float32Type>(column, keys, |x| x.to_bits().into()),
            DataType::Float64 => self.exact::<Float64Type>(column, keys, f64::to_bits),
            DataType::Int64 => self.narrowed::<Int64Type>(column, keys, unfit, i128::from),
            DataType::Timestamp => {
                self.narrowed::<TimestampMicrosecondType>(column, keys, unfit, i128::from);
            }
            DataType::Decimal { precision, .. } if precision <= 18 => {
                self.narrowed::<Decimal64Type>(column, keys, unfit, i128::from);
            }
            DataType::Decimal { .. } => {
                self.narrowed::<Decimal128Type>(column, keys, unfit, |x| x);
            }
            DataType::Text { .. } => {
                let texts = column.as_string_view();
                self.bytes(texts.views(), keys, unfit);
            }
            DataType::Blob => self.bytes(column.as_binary_view().views(), keys, unfit),
            DataType::Null | DataType::Interval | DataType::Json => {
                unreachable!("a layout has only types that pack")
            }
        }
    }

    fn exact<T: ArrowPrimitiveType>(
        &self,
        column: &ArrayRef,
        keys: &mut [u128],
        bits: impl Fn(T::Native) -> u64,
    ) {
        for (key, value) in keys.iter_mut().zip(column.as_primitive::<T>().values()) {
            *key |= u128::from(bits(*value)) << self.shift;
        }
    }

    fn narrowed<T: ArrowPrimitiveType>(
        &self,
        column: &ArrayRef,
        keys: &mut [u128],
        unfit: &mut Vec<usize>,
        wide: impl Fn(T::Native) -> i128,
    ) {
        let half = 1_i128 << (self.bytes * 8 - 1);
        let mask = (1_u128 << (self.bytes * 8)) - 1;
        let column = column.as_primitive::<T>();
        for (row, (key, value)) in keys.iter_mut().zip(column.values()).enumerate() {
            let value = wide(*value);
            if (value < -half || value >= half) && column.is_valid(row) {
                unfit.push(row);
            }
            *key |= (value as u128 & mask) << self.shift;
        }
    }

    /// Packs short strings: a view of at most 12 bytes is its length and then the bytes.
    fn bytes(&self, views: &[u128], keys: &mut [u128], unfit: &mut Vec<usize>) {
        // Longer strings lie outside the view, so a share beyond 13 bytes is of no use.
        let most = (self.bytes - 1).min(12);
        for (row, (key, view)) in keys.iter_mut().zip(views).enumerate() {
            let length = *view as u32;
            if length > most {
                unfit.push(row);
                continue;
            }
            // The bytes after a short string are zero in its view.
            *key |= ((*view >> 32) << 8 | u128::from(length)) << self.shift;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, Int64Array, StringViewArray};
    use types::DataType;

    use super::Layout;

    fn pack(types: &[DataType], columns: &[ArrayRef]) -> (Vec<u128>, Vec<usize>) {
        let (mut keys, mut unfit) = (Vec::new(), Vec::new());
        Layout::of(types).unwrap().pack(columns, &mut keys, &mut unfit);
        (keys, unfit)
    }

    #[test]
    fn keys_are_equal_exactly_when_values_are() {
        let texts = StringViewArray::from(vec![Some("a"), Some("a"), Some(""), None, Some("a\0")]);
        let numbers = Int64Array::from(vec![Some(1), Some(1), Some(0), Some(0), Some(1)]);
        let columns: Vec<ArrayRef> = vec![Arc::new(texts), Arc::new(numbers)];
        let (keys, unfit) = pack(&[DataType::TEXT, DataType::Int64], &columns);
        assert!(unfit.is_empty());
        for left in 0..5 {
            for right in 0..5 {
                let same = left == right || (left < 2 && right < 2);
                assert_eq!(keys[left] == keys[right], same, "{left} {right}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_reported_and_one_wide_integer_always_fits() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![i64::MIN, -1, i64::MAX]));
        let (_, unfit) = pack(&[DataType::Int64], &[Arc::clone(&numbers)]);
        assert!(unfit.is_empty());
        let (_, unfit) = pack(&[DataType::Int64; 2], &[Arc::clone(&numbers), numbers]);
        assert_eq!(unfit, [0, 2, 0, 2]);
    }

    #[test]
    fn floats_pack_by_value() {
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.0, -0.0, f64::NAN, -f64::NAN]));
        let (keys, _) = pack(&[DataType::Float64], &[floats]);
        assert_eq!(keys[0], keys[1]);
        assert_eq!(keys[2], keys[3]);
        assert_ne!(keys[0], keys[2]);
    }
}
