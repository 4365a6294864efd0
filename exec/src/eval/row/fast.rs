//! Functions that queries call on every row of big tables, over whole vectors.

use std::sync::Arc;

use arrow_array::builder::StringViewBuilder;
use arrow_array::types::{Date32Type, Float64Type, Int64Type};
use arrow_array::{ArrayRef, StringViewArray};
use ir::{Function, Scalar};
use types::{DataType, json};

use crate::eval::vector::{Strings, Vector, map, numbers, validity, width};

/// Computes a function by a loop, or returns `None` if it has none for these arguments.
pub(in crate::eval) fn fast(
    function: Function,
    args: &[Vector],
    list: &[Scalar],
    ty: DataType,
    rows: usize,
) -> Option<Vector> {
    let first = args.first()?;
    if args.iter().any(Vector::is_null_constant) || args.iter().all(Vector::is_constant) {
        return None;
    }
    let constant_text = |at: usize| {
        list.get(at).and_then(Scalar::as_literal).and_then(|value| match value {
            types::Value::Text(text) => Some(text.as_ref()),
            _ => None,
        })
    };
    match (function, list[0].ty) {
        (Function::Length, DataType::Text { .. }) => {
            Some(lengths(first, rows, ty, |text| text.chars().count()))
        }
        (Function::OctetLength, DataType::Text { .. }) => Some(lengths(first, rows, ty, str::len)),
        (Function::Abs, DataType::Float64) => {
            let values = map(first.lanes::<Float64Type>(), rows, f64::abs);
            Some(dense(numbers::<Float64Type>(values, first.validity(rows), ty)))
        }
        (Function::JsonPath, DataType::Json) => {
            let keys: Option<Vec<&str>> = (1..list.len()).map(constant_text).collect();
            keys.map(|keys| strings(&[first], rows, |row| json::path(row[0], keys.iter().copied())))
        }
        (Function::Extract(ir::TimeField::Year), DataType::Date) => years(first, ty, rows),
        _ => None,
    }
}

fn dense(array: ArrayRef) -> Vector {
    Vector::dense(array)
}

fn lengths(input: &Vector, rows: usize, ty: DataType, of: impl Fn(&str) -> usize) -> Vector {
    let texts = input.strings();
    let values = (0..rows).map(|row| of(texts.at(row)) as i64).collect();
    dense(numbers::<Int64Type>(values, input.validity(rows), ty))
}

/// Returns a text a row, made from the texts of the row; NULL where one of them is.
fn strings<'a>(
    inputs: &[&'a Vector],
    rows: usize,
    f: impl Fn(&[&'a str]) -> Option<&'a str>,
) -> Vector {
    let (rows, constant) = width(inputs, rows);
    let valid = validity(inputs, rows);
    let texts: Vec<Strings<'a>> = inputs.iter().map(|input| input.strings()).collect();
    let mut builder = StringViewBuilder::with_capacity(rows);
    let mut row_texts = Vec::with_capacity(texts.len());
    for row in 0..rows {
        if valid.as_ref().is_some_and(|valid| valid.is_null(row)) {
            builder.append_null();
            continue;
        }
        row_texts.clear();
        row_texts.extend(texts.iter().map(|text| text.at(row)));
        builder.append_option(f(&row_texts));
    }
    let array: StringViewArray = builder.finish();
    Vector::of_width(Arc::new(array), constant)
}

/// EXTRACT(YEAR FROM date) as a narrow decimal; an infinite date is left to the row's operation.
fn years(input: &Vector, ty: DataType, rows: usize) -> Option<Vector> {
    let DataType::Decimal { precision: 5..=18, scale: 0 } = ty else { return None };
    let (values, failed) =
        crate::eval::vector::checked_map(input.lanes::<Date32Type>(), rows, |days| {
            let date = types::Date(days);
            let year = i64::from(types::Civil::of_date(date).year);
            (if year > 0 { year } else { year - 1 }, !date.is_finite())
        });
    let validity = input.validity(rows);
    let array =
        (!failed).then(|| numbers::<arrow_array::types::Decimal64Type>(values, validity, ty))?;
    Some(dense(array))
}
