//! Counts, sums, averages and extremes of fixed-width values, in the state rows that compiled code
//! shares ([`ir::StateLayout`] says what a slot holds).
//!
//! Sums of integers and decimals are exact in 128 bits. A slot's first word is the sum or extreme,
//! its second the number of values; a count has one word.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use diag::{Code, Diagnostic, Span};
use ir::{AggregateCall, AggregateFunction, StateRows};
use types::{DataType, Date, Decimal, Timestamp, Value, array_of};

use crate::error::internal;

/// Digits of the widest decimal.
const DECIMAL_LIMIT: i128 = 10_i128.pow(38);

/// One call's place in the state rows, and what it does there.
pub(super) struct Flat {
    function: AggregateFunction,
    argument: DataType,
    result: DataType,
    offset: u32,
    span: Span,
}

/// How an argument's values are held in a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Integer,
    Float,
}

impl Flat {
    pub(super) fn new(call: &AggregateCall, offset: u32) -> Flat {
        Flat {
            function: call.function,
            argument: call.args.first().map_or(DataType::Null, |argument| argument.ty),
            result: call.ty,
            offset,
            span: call.span,
        }
    }

    pub(super) fn update(
        &self,
        rows: &mut StateRows,
        argument: Option<&ArrayRef>,
        numbers: &[u32],
    ) -> diag::Result<()> {
        let offset = self.offset;
        let counted = match (self.function, argument) {
            (AggregateFunction::Count, Some(argument)) => argument.logical_nulls(),
            (AggregateFunction::CountStar | AggregateFunction::Count, _) => None,
            (_, Some(argument)) => return self.update_values(rows, argument, numbers),
            (_, None) => return Err(internal("an aggregate lacks its argument")),
        };
        for (row, number) in numbers.iter().enumerate() {
            if counted.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                rows.slot_mut(*number as usize, offset)[0] += 1;
            }
        }
        Ok(())
    }

    fn update_values(
        &self,
        rows: &mut StateRows,
        argument: &ArrayRef,
        numbers: &[u32],
    ) -> diag::Result<()> {
        match self.argument {
            DataType::Int16 => self.integers::<Int16Type>(rows, argument, numbers, i128::from),
            DataType::Int32 => self.integers::<Int32Type>(rows, argument, numbers, i128::from),
            DataType::Int64 => self.integers::<Int64Type>(rows, argument, numbers, i128::from),
            DataType::Date => self.integers::<Date32Type>(rows, argument, numbers, i128::from),
            DataType::Timestamp => {
                self.integers::<TimestampMicrosecondType>(rows, argument, numbers, i128::from)
            }
            DataType::Decimal { precision, .. } if types::is_narrow(precision) => {
                self.integers::<Decimal64Type>(rows, argument, numbers, i128::from)
            }
            DataType::Decimal { .. } => {
                self.integers::<Decimal128Type>(rows, argument, numbers, |value| value)
            }
            DataType::Float32 => self.floats::<Float32Type>(rows, argument, numbers, f64::from),
            DataType::Float64 => self.floats::<Float64Type>(rows, argument, numbers, |value| value),
            other => {
                Err(internal(format!("{} has no flat state for {other}", self.function.sql())))
            }
        }
    }

    fn integers<T: ArrowPrimitiveType>(
        &self,
        rows: &mut StateRows,
        argument: &ArrayRef,
        numbers: &[u32],
        wide: impl Fn(T::Native) -> i128,
    ) -> diag::Result<()> {
        let array = argument.as_primitive::<T>();
        let offset = self.offset;
        let mut overflow = false;
        match self.function {
            AggregateFunction::Sum | AggregateFunction::Avg => {
                each(array, numbers, rows, offset, |slot, value| {
                    let (sum, over) = (slot[0] as i128).overflowing_add(wide(value));
                    overflow |= over;
                    slot[0] = sum as u128;
                });
            }
            AggregateFunction::Min => each(array, numbers, rows, offset, |slot, value| {
                let value = wide(value);
                if slot[1] == 0 || value < self.best(slot[0]) {
                    slot[0] = value as u128;
                }
            }),
            AggregateFunction::Max => each(array, numbers, rows, offset, |slot, value| {
                let value = wide(value);
                if slot[1] == 0 || value > self.best(slot[0]) {
                    slot[0] = value as u128;
                }
            }),
            other => return Err(internal(format!("{} has no flat state", other.sql()))),
        }
        if overflow { Err(self.out_of_range()) } else { Ok(()) }
    }

    fn floats<T: ArrowPrimitiveType>(
        &self,
        rows: &mut StateRows,
        argument: &ArrayRef,
        numbers: &[u32],
        wide: impl Fn(T::Native) -> f64,
    ) -> diag::Result<()> {
        let array = argument.as_primitive::<T>();
        let offset = self.offset;
        match self.function {
            AggregateFunction::Sum | AggregateFunction::Avg => {
                each(array, numbers, rows, offset, |slot, value| {
                    slot[0] = from_float(to_float(slot[0]) + wide(value));
                });
            }
            AggregateFunction::Min => each(array, numbers, rows, offset, |slot, value| {
                let value = wide(value);
                if slot[1] == 0 || float_less(value, to_float(slot[0])) {
                    slot[0] = from_float(value);
                }
            }),
            AggregateFunction::Max => each(array, numbers, rows, offset, |slot, value| {
                let value = wide(value);
                if slot[1] == 0 || float_less(to_float(slot[0]), value) {
                    slot[0] = from_float(value);
                }
            }),
            other => return Err(internal(format!("{} has no flat state", other.sql()))),
        }
        Ok(())
    }

    /// Adds the states of another worker, whose group `n` is `mapping[n]` here.
    pub(super) fn merge(
        &self,
        rows: &mut StateRows,
        other: &StateRows,
        mapping: &[u32],
    ) -> diag::Result<()> {
        for (number, target) in mapping.iter().enumerate() {
            let theirs = other.slot(number, self.offset);
            let ours = rows.slot_mut(*target as usize, self.offset);
            if matches!(self.function, AggregateFunction::CountStar | AggregateFunction::Count) {
                ours[0] += theirs[0];
            } else if theirs[1] != 0 {
                self.merge_slot(ours, theirs)?;
            }
        }
        Ok(())
    }

    fn merge_slot(&self, ours: &mut [u128], theirs: &[u128]) -> diag::Result<()> {
        let first = ours[1] == 0;
        let value = match (self.function, self.word()) {
            (AggregateFunction::Sum | AggregateFunction::Avg, Word::Integer) => (ours[0] as i128)
                .checked_add(theirs[0] as i128)
                .ok_or_else(|| self.out_of_range())?
                as u128,
            (AggregateFunction::Sum | AggregateFunction::Avg, Word::Float) => {
                from_float(to_float(ours[0]) + to_float(theirs[0]))
            }
            (_, word) => {
                let less = match word {
                    Word::Integer => self.best(theirs[0]) < self.best(ours[0]),
                    Word::Float => float_less(to_float(theirs[0]), to_float(ours[0])),
                };
                let wanted = less == (self.function == AggregateFunction::Min);
                if first || wanted { theirs[0] } else { ours[0] }
            }
        };
        ours[0] = value;
        ours[1] += theirs[1];
        Ok(())
    }

    fn word(&self) -> Word {
        if self.argument.is_float() { Word::Float } else { Word::Integer }
    }

    /// Returns the results of the first `groups` groups.
    pub(super) fn results(&self, rows: &StateRows, groups: usize) -> diag::Result<ArrayRef> {
        let values = (0..groups).map(|group| self.result(rows.slot(group, self.offset)));
        Ok(array_of(self.result, values.collect::<diag::Result<Vec<Value>>>()?))
    }

    fn result(&self, slot: &[u128]) -> diag::Result<Value> {
        match self.function {
            AggregateFunction::CountStar | AggregateFunction::Count => {
                Ok(Value::Int64(slot[0] as i64))
            }
            _ if slot[1] == 0 => Ok(Value::Null),
            AggregateFunction::Sum => self.sum(slot[0]),
            AggregateFunction::Avg => self.average(slot[0], slot[1] as i128),
            _ => self.extreme(slot[0]),
        }
    }

    fn sum(&self, word: u128) -> diag::Result<Value> {
        match self.result {
            DataType::Decimal { scale, .. } => self.decimal(word as i128, scale),
            _ => Ok(Value::Float64(to_float(word))),
        }
    }

    fn average(&self, word: u128, count: i128) -> diag::Result<Value> {
        let DataType::Decimal { scale, .. } = self.result else {
            return Ok(Value::Float64(to_float(word) / count as f64));
        };
        let from = match self.argument {
            DataType::Decimal { scale, .. } => scale,
            _ => 0,
        };
        let quotient =
            divide(word as i128, count, scale - from).ok_or_else(|| self.out_of_range())?;
        self.decimal(quotient, scale)
    }

    fn decimal(&self, unscaled: i128, scale: u8) -> diag::Result<Value> {
        if unscaled.abs() >= DECIMAL_LIMIT {
            return Err(self.out_of_range());
        }
        Ok(Value::Decimal(Decimal::new(unscaled, scale)))
    }

    /// Returns an extreme that is an integer; a narrow one has 64 bits, whatever lies above them.
    fn best(&self, word: u128) -> i128 {
        match self.argument {
            DataType::Decimal { precision, .. } if !types::is_narrow(precision) => word as i128,
            _ => i128::from(word as i64),
        }
    }

    fn extreme(&self, word: u128) -> diag::Result<Value> {
        let integer = self.best(word);
        Ok(match self.argument {
            DataType::Int16 => Value::Int16(integer as i16),
            DataType::Int32 => Value::Int32(integer as i32),
            DataType::Int64 => Value::Int64(integer as i64),
            DataType::Date => Value::Date(Date(integer as i32)),
            DataType::Timestamp => Value::Timestamp(Timestamp(integer as i64)),
            DataType::Decimal { scale, .. } => Value::Decimal(Decimal::new(integer, scale)),
            DataType::Float32 => Value::Float32(to_float(word) as f32),
            DataType::Float64 => Value::Float64(to_float(word)),
            other => return Err(internal(format!("{other} has no flat extreme"))),
        })
    }

    fn out_of_range(&self) -> Box<Diagnostic> {
        out_of_range(self.function, self.span)
    }
}

/// A sum or average that no longer fits.
pub(super) fn out_of_range(function: AggregateFunction, span: Span) -> Box<Diagnostic> {
    let message = format!("{}() is out of range", function.sql());
    Box::new(
        Diagnostic::at(Code::NumericOverflow, span, message)
            .help("CAST its argument to DOUBLE, which holds up to 10^308")
            .detail("a sum or average has at most 38 digits"),
    )
}

/// Calls `change` with the slot of every row that is not NULL, and counts the value.
fn each<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    numbers: &[u32],
    rows: &mut StateRows,
    offset: u32,
    mut change: impl FnMut(&mut [u128], T::Native),
) {
    let mut one = |number: u32, value| {
        let slot = rows.slot_mut(number as usize, offset);
        change(slot, value);
        slot[1] += 1;
    };
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => numbers.iter().zip(array.values()).for_each(|(number, value)| one(*number, *value)),
        Some(nulls) => nulls.valid_indices().for_each(|row| one(numbers[row], array.value(row))),
    }
}

fn to_float(word: u128) -> f64 {
    f64::from_bits(word as u64)
}

fn from_float(number: f64) -> u128 {
    u128::from(number.to_bits())
}

/// SQL's order of floats: NaN after every number.
fn float_less(left: f64, right: f64) -> bool {
    left < right || (!left.is_nan() && right.is_nan())
}

/// Returns `sum × 10^digits / count`, rounded half away from zero; `None` if it does not fit.
///
/// Long division digit by digit, since the product may need more than 128 bits.
fn divide(sum: i128, count: i128, digits: u8) -> Option<i128> {
    let magnitude = i128::try_from(sum.unsigned_abs()).ok()?;
    let (mut quotient, mut rest) = (magnitude / count, magnitude % count);
    for _ in 0..digits {
        rest *= 10;
        quotient = quotient.checked_mul(10)?.checked_add(rest / count)?;
        rest %= count;
    }
    if rest * 2 >= count {
        quotient += 1;
    }
    Some(if sum < 0 { -quotient } else { quotient })
}

#[cfg(test)]
mod tests {
    use super::divide;

    #[test]
    fn averages_round_half_away_from_zero_and_never_lose_digits() {
        assert_eq!(divide(5, 2, 0), Some(3));
        assert_eq!(divide(-5, 2, 0), Some(-3));
        assert_eq!(divide(10, 3, 4), Some(33_333));
        assert_eq!(divide(20, 3, 4), Some(66_667));
        assert_eq!(divide(i128::MAX, i128::MAX, 16), Some(10_i128.pow(16)));
        assert_eq!(divide(i128::MAX, 1, 1), None);
    }
}
