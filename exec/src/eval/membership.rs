//! `needle IN (list)`: true if some item equals the needle; else NULL if the needle or an item is
//! NULL; else false. Long lists of constants are hashed.

use std::sync::Arc;

use arrow_array::BooleanArray;
use arrow_array::types::{ArrowPrimitiveType, Date32Type, Int64Type, TimestampMicrosecondType};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use foldhash::HashSet;
use ir::Scalar;
use types::{Batch, DataType, Value, array_of};

use super::compare::{equal_rows, true_rows};
use super::vector::{Lanes, Vector};
use super::{EvalContext, Result, vector};

/// From this many constants on, hashing beats comparing one by one.
const HASHED_FROM: usize = 9;

/// IN and NOT IN.
pub(super) fn contained(
    needle: &Scalar,
    list: &[Scalar],
    negated: bool,
    batch: &Batch,
    context: &EvalContext,
) -> Result<Vector> {
    let rows = batch.rows();
    let input = vector(needle, batch, context)?;
    let literals: Option<Vec<&Value>> = list.iter().map(Scalar::as_literal).collect();
    let hashed = literals
        .filter(|literals| literals.len() >= HASHED_FROM && !input.is_constant())
        .and_then(|literals| hashed(&input, needle.ty, &literals));
    let (found, unknown) = match hashed {
        Some(found) => found,
        None => compared(&input, needle.ty, list, batch, context)?,
    };
    // A needle that is NULL was found nowhere, and is not known to be absent.
    let absent = match input.validity(rows) {
        None => unknown,
        Some(valid) => &unknown | &!valid.inner(),
    };
    let known = &found | &!&absent;
    let values = if negated { !&found } else { found };
    let validity = (known.count_set_bits() < rows).then(|| NullBuffer::new(known));
    Ok(Vector::dense(Arc::new(BooleanArray::new(values, validity))))
}

/// Compares with each item; returns where one equals and where one is NULL.
fn compared(
    input: &Vector,
    ty: DataType,
    list: &[Scalar],
    batch: &Batch,
    context: &EvalContext,
) -> Result<(BooleanBuffer, BooleanBuffer)> {
    let rows = batch.rows();
    let mut found = BooleanBuffer::new_unset(rows);
    let mut unknown = BooleanBuffer::new_unset(rows);
    for item in list {
        let value = vector(item, batch, context)?;
        let value = super::conform(value, item.ty, &Scalar { ty, ..item.clone() }, rows)?;
        found = &found | &true_rows(&equal_rows(input, &value, ty, rows));
        if let Some(valid) = value.validity(rows) {
            unknown = &unknown | &!valid.inner();
        }
    }
    Ok((found, unknown))
}

/// Looks the needle up in a set of the constants; `None` for types that are not hashed.
fn hashed(
    input: &Vector,
    ty: DataType,
    literals: &[&Value],
) -> Option<(BooleanBuffer, BooleanBuffer)> {
    let values = literals.iter().filter(|value| !value.is_null()).copied().cloned();
    let items = Vector::dense(array_of(ty, values));
    let found = match ty {
        DataType::Int64 => lookup::<Int64Type>(input, &items),
        DataType::Date => lookup::<Date32Type>(input, &items),
        DataType::Timestamp => lookup::<TimestampMicrosecondType>(input, &items),
        DataType::Text { .. } => lookup_text(input, &items),
        _ => return None,
    };
    let unknown = literals.iter().any(|value| value.is_null());
    let unknown = super::vector::all_bits(unknown, found.len());
    // What lies under a NULL may equal an item by accident.
    let found = match input.validity(found.len()) {
        None => found,
        Some(valid) => &found & valid.inner(),
    };
    Some((found, unknown))
}

fn lookup<T: ArrowPrimitiveType<Native: std::hash::Hash + Eq>>(
    input: &Vector,
    items: &Vector,
) -> BooleanBuffer {
    let (Lanes::Each(values), Lanes::Each(items)) = (input.lanes::<T>(), items.lanes::<T>()) else {
        panic!("only columns are looked up");
    };
    let set: HashSet<T::Native> = items.iter().copied().collect();
    BooleanBuffer::collect_bool(values.len(), |row| set.contains(&values[row]))
}

fn lookup_text(input: &Vector, items: &Vector) -> BooleanBuffer {
    let (values, texts) = (input.strings(), items.strings());
    let set: HashSet<&str> = (0..items.array().len()).map(|row| texts.at(row)).collect();
    BooleanBuffer::collect_bool(input.array().len(), |row| set.contains(values.at(row)))
}
