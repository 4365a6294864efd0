//! What an expression gives for a batch, and the loops over it.
//!
//! A [`Vector`] is an array of the batch's rows, or one row that stands for all of them. Loops are
//! chosen once a batch by which operand is constant ([`Lanes`]); inside they touch values only, and
//! validity is a bitmap joined separately, so the compiler can vectorise them. Values under NULL
//! are computed too; a failure among them is told apart afterwards.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, UInt32Array, new_null_array};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use types::{DataType, Value, array_of};

/// The value of an expression over a batch.
#[derive(Clone, Debug)]
pub(crate) struct Vector {
    array: ArrayRef,
    constant: bool,
}

impl Vector {
    /// Returns a vector with a value a row.
    pub(crate) fn dense(array: ArrayRef) -> Vector {
        Vector { array, constant: false }
    }

    /// Returns one value that stands for every row.
    pub(crate) fn constant(value: Value, ty: DataType) -> Vector {
        Vector { array: array_of(ty, [value]), constant: true }
    }

    /// Returns NULL for every row.
    pub(crate) fn null(ty: DataType) -> Vector {
        Vector { array: new_null_array(&ty.arrow(), 1), constant: true }
    }

    /// Returns an array that is constant if `like` says so.
    pub(crate) fn of_width(array: ArrayRef, constant: bool) -> Vector {
        Vector { array, constant }
    }

    pub(crate) fn is_constant(&self) -> bool {
        self.constant
    }

    pub(crate) fn array(&self) -> &ArrayRef {
        &self.array
    }

    /// Returns the index in the array of a row of the batch.
    pub(crate) fn index(&self, row: usize) -> usize {
        if self.constant { 0 } else { row }
    }

    /// Returns the value of a row.
    pub(crate) fn value(&self, row: usize, ty: DataType) -> Value {
        Value::from_array(&self.array, self.index(row), ty)
    }

    /// Returns an array of `rows` rows.
    pub(crate) fn into_array(self, rows: usize) -> ArrayRef {
        if !self.constant || (rows == 1 && self.array.len() == 1) {
            return self.array;
        }
        let first = UInt32Array::from(vec![0; rows]);
        arrow_select::take::take(&self.array, &first, None).expect("row 0 is there")
    }

    /// True if it is NULL for every row by being constant.
    pub(crate) fn is_null_constant(&self) -> bool {
        self.constant && self.array.logical_null_count() == 1
    }

    /// Returns which rows are not NULL; `None` if all are.
    pub(crate) fn validity(&self, rows: usize) -> Option<NullBuffer> {
        if self.constant {
            return self.is_null_constant().then(|| NullBuffer::new_null(rows));
        }
        self.array.logical_nulls()
    }

    /// Returns the values for a loop.
    pub(crate) fn lanes<T: ArrowPrimitiveType>(&self) -> Lanes<'_, T::Native> {
        let values = self.array.as_primitive::<T>().values();
        if self.constant { Lanes::Same(values[0]) } else { Lanes::Each(values) }
    }

    /// Returns a text or JSON vector for reading by row.
    pub(crate) fn strings(&self) -> Strings<'_> {
        Strings { array: self.array.as_string_view(), constant: self.constant }
    }
}

/// Text by row.
#[derive(Clone, Copy)]
pub(crate) struct Strings<'a> {
    array: &'a arrow_array::StringViewArray,
    constant: bool,
}

impl<'a> Strings<'a> {
    /// Returns the row's text; anything at all if it is NULL.
    pub(crate) fn at(&self, row: usize) -> &'a str {
        self.array.value(if self.constant { 0 } else { row })
    }
}

/// Returns how many rows an operation over these vectors computes, and whether they are constant.
pub(crate) fn width(vectors: &[&Vector], rows: usize) -> (usize, bool) {
    let constant = vectors.iter().all(|vector| vector.constant);
    (if constant { 1 } else { rows }, constant)
}

/// Returns the rows in which none of the vectors is NULL; `None` for all.
pub(crate) fn validity(vectors: &[&Vector], rows: usize) -> Option<NullBuffer> {
    vectors.iter().fold(None, |joined, vector| {
        NullBuffer::union(joined.as_ref(), vector.validity(rows).as_ref())
    })
}

/// The values of one operand.
#[derive(Clone, Copy)]
pub(crate) enum Lanes<'a, N> {
    /// A value a row.
    Each(&'a [N]),
    /// The same for all.
    Same(N),
}

/// Applies `f` to each row of one operand.
pub(crate) fn map<A: Copy, R>(input: Lanes<'_, A>, rows: usize, f: impl Fn(A) -> R) -> Vec<R> {
    match input {
        Lanes::Each(values) => values.iter().map(|value| f(*value)).collect(),
        Lanes::Same(value) => (0..rows).map(|_| f(value)).collect(),
    }
}

/// Applies `f` to each row of two operands.
pub(crate) fn map2<A: Copy, B: Copy, R>(
    left: Lanes<'_, A>,
    right: Lanes<'_, B>,
    rows: usize,
    f: impl Fn(A, B) -> R,
) -> Vec<R> {
    match (left, right) {
        (Lanes::Each(left), Lanes::Each(right)) => {
            left.iter().zip(right).map(|(a, b)| f(*a, *b)).collect()
        }
        (Lanes::Each(left), Lanes::Same(b)) => left.iter().map(|a| f(*a, b)).collect(),
        (Lanes::Same(a), Lanes::Each(right)) => right.iter().map(|b| f(a, *b)).collect(),
        (Lanes::Same(a), Lanes::Same(b)) => (0..rows).map(|_| f(a, b)).collect(),
    }
}

/// Applies a checked `f`; returns the values and whether any row failed, be it NULL or not.
pub(crate) fn checked_map2<A: Copy, B: Copy, R>(
    left: Lanes<'_, A>,
    right: Lanes<'_, B>,
    rows: usize,
    f: impl Fn(A, B) -> (R, bool),
) -> (Vec<R>, bool) {
    let failed = std::cell::Cell::new(false);
    let values = map2(left, right, rows, |a, b| {
        let (value, fails) = f(a, b);
        failed.set(failed.get() | fails);
        value
    });
    (values, failed.get())
}

/// Applies a checked `f` to one operand.
pub(crate) fn checked_map<A: Copy, R>(
    input: Lanes<'_, A>,
    rows: usize,
    f: impl Fn(A) -> (R, bool),
) -> (Vec<R>, bool) {
    checked_map2(input, Lanes::Same(()), rows, |a, ()| f(a))
}

/// Returns a bit a row: `f` of two operands.
pub(crate) fn bits2<A: Copy, B: Copy>(
    left: Lanes<'_, A>,
    right: Lanes<'_, B>,
    rows: usize,
    f: impl Fn(A, B) -> bool,
) -> BooleanBuffer {
    match (left, right) {
        (Lanes::Each(left), Lanes::Each(right)) => pack(rows, |from, flags| {
            for ((flag, a), b) in flags.iter_mut().zip(&left[from..]).zip(&right[from..]) {
                *flag = u8::from(f(*a, *b));
            }
        }),
        (Lanes::Each(left), Lanes::Same(b)) => pack(rows, |from, flags| {
            for (flag, a) in flags.iter_mut().zip(&left[from..]) {
                *flag = u8::from(f(*a, b));
            }
        }),
        (Lanes::Same(a), Lanes::Each(right)) => pack(rows, |from, flags| {
            for (flag, b) in flags.iter_mut().zip(&right[from..]) {
                *flag = u8::from(f(a, *b));
            }
        }),
        (Lanes::Same(a), Lanes::Same(b)) => all_bits(f(a, b), rows),
    }
}

/// Returns `rows` equal bits.
pub(crate) fn all_bits(bit: bool, rows: usize) -> BooleanBuffer {
    if bit { BooleanBuffer::new_set(rows) } else { BooleanBuffer::new_unset(rows) }
}

/// Packs flags, filled 64 at a time, into bits: bytes vectorise where single bits do not.
fn pack(rows: usize, fill: impl Fn(usize, &mut [u8; 64])) -> BooleanBuffer {
    let words = rows.div_ceil(64);
    let mut packed = Vec::with_capacity(words);
    for word in 0..words {
        let mut flags = [0_u8; 64];
        fill(word * 64, &mut flags);
        packed.push(pack_word(&flags));
    }
    BooleanBuffer::new(Buffer::from_vec(packed), 0, rows)
}

fn pack_word(flags: &[u8; 64]) -> u64 {
    // Each product gathers the low bits of eight bytes in its top byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = flags.as_chunks::<8>();
    let mut word = 0;
    for (at, eight) in eights.iter().enumerate() {
        word |= (u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56) << (8 * at);
    }
    word
}

/// Returns an array of numbers of type `ty`.
pub(crate) fn numbers<T: ArrowPrimitiveType>(
    values: Vec<T::Native>,
    validity: Option<NullBuffer>,
    ty: DataType,
) -> ArrayRef {
    let array = PrimitiveArray::<T>::new(ScalarBuffer::from(values), validity);
    Arc::new(array.with_data_type(ty.arrow()))
}

/// Returns an array of booleans.
pub(crate) fn booleans(values: BooleanBuffer, validity: Option<NullBuffer>) -> ArrayRef {
    Arc::new(BooleanArray::new(values, validity))
}

#[cfg(test)]
mod tests {
    use super::{Lanes, bits2};

    #[test]
    fn bits_stand_where_their_rows_do() {
        let values: Vec<i64> = (0..200).collect();
        let bits = bits2(Lanes::Each(&values), Lanes::Same(3), 200, |a, b| a % b == 0);
        assert_eq!(bits.len(), 200);
        for (row, bit) in bits.iter().enumerate() {
            assert_eq!(bit, row % 3 == 0, "row {row}");
        }
    }
}
