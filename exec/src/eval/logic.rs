//! Three-valued logic: NOT, AND, OR and the IS tests.
//!
//! A truth value is two bits, "is true" and "is false"; neither set is NULL. Kleene's tables are
//! then bitwise: AND is true where all are true and false where any is false, OR the reverse.

use arrow_buffer::{BooleanBuffer, NullBuffer};
use ir::{Scalar, TruthTest};
use types::{Batch, DataType};

use super::select::{is_fallible, narrow, scatter};
use super::vector::{Vector, all_bits, booleans};
use super::{EvalContext, Result, as_condition, vector};

/// AND or OR.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Connective {
    And,
    Or,
}

/// Truth values by row.
#[derive(Clone)]
struct Truth {
    yes: BooleanBuffer,
    no: BooleanBuffer,
}

impl Truth {
    /// Reads a boolean vector in its own width.
    fn of(input: &Vector) -> Truth {
        let Some(array) = as_condition(input) else {
            let nothing = BooleanBuffer::new_unset(input.array().len());
            return Truth { yes: nothing.clone(), no: nothing };
        };
        match array.logical_nulls_buffer() {
            None => Truth { yes: array.values().clone(), no: !array.values() },
            Some(valid) => {
                Truth { yes: array.values() & valid.inner(), no: &!array.values() & valid.inner() }
            }
        }
    }

    /// Reads a boolean vector as `rows` rows.
    fn spread(input: &Vector, rows: usize) -> Truth {
        let truth = Truth::of(input);
        if !input.is_constant() {
            return truth;
        }
        Truth { yes: all_bits(truth.yes.value(0), rows), no: all_bits(truth.no.value(0), rows) }
    }

    fn into_vector(self, constant: bool) -> Vector {
        let known = &self.yes | &self.no;
        let validity = (known.count_set_bits() < known.len()).then(|| NullBuffer::new(known));
        Vector::of_width(booleans(self.yes, validity), constant)
    }

    fn swapped(self) -> Truth {
        Truth { yes: self.no, no: self.yes }
    }
}

/// The validity of a boolean array.
trait LogicalNulls {
    fn logical_nulls_buffer(&self) -> Option<&NullBuffer>;
}

impl LogicalNulls for arrow_array::BooleanArray {
    fn logical_nulls_buffer(&self) -> Option<&NullBuffer> {
        arrow_array::Array::nulls(self)
    }
}

/// Returns the rows where a condition is true, in the vector's own width.
pub(super) fn truth(input: &Vector) -> BooleanBuffer {
    Truth::of(input).yes
}

/// NOT.
pub(super) fn not(input: &Vector) -> Vector {
    Truth::of(input).swapped().into_vector(input.is_constant())
}

/// AND or OR of a list, left to right. An operand that can fail runs only on undecided rows.
pub(super) fn connect(
    list: &[Scalar],
    connective: Connective,
    batch: &Batch,
    context: &EvalContext,
) -> Result<Vector> {
    // OR is AND with true and false exchanged, so only one table is written down.
    let orient = |truth: Truth| match connective {
        Connective::And => truth,
        Connective::Or => truth.swapped(),
    };
    let rows = batch.rows();
    let mut sum = Truth { yes: BooleanBuffer::new_set(rows), no: BooleanBuffer::new_unset(rows) };
    for operand in list {
        let decided = sum.no.count_set_bits();
        if decided == rows {
            break;
        }
        let next = if decided > 0 && is_fallible(operand) {
            let undecided = !&sum.no;
            let part = narrow(batch, &undecided, &[operand]);
            let found = orient(Truth::spread(&vector(operand, &part, context)?, part.rows()));
            // Rows that are decided already join as true, which changes nothing.
            let yes = &scatter(&found.yes, &undecided) | &sum.no;
            Truth { yes, no: scatter(&found.no, &undecided) }
        } else {
            orient(Truth::spread(&vector(operand, batch, context)?, rows))
        };
        sum = Truth { yes: &sum.yes & &next.yes, no: &sum.no | &next.no };
    }
    Ok(orient(sum).into_vector(false))
}

/// The IS tests: never NULL.
pub(super) fn is(input: &Vector, test: TruthTest, negated: bool, rows: usize) -> Vector {
    let bits = match test {
        TruthTest::Null if input.is_constant() => {
            return Vector::constant(
                types::Value::Boolean(input.is_null_constant() != negated),
                DataType::Boolean,
            );
        }
        TruthTest::Null => match input.validity(rows) {
            None => BooleanBuffer::new_unset(rows),
            Some(valid) => !valid.inner(),
        },
        TruthTest::True => Truth::of(input).yes,
        TruthTest::False => Truth::of(input).no,
    };
    let bits = if negated { !&bits } else { bits };
    Vector::of_width(booleans(bits, None), input.is_constant())
}
