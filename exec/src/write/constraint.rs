//! NOT NULL and CHECK, tested batch by batch before any row of the batch is written.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use diag::{Code, Diagnostic, Span};
use ir::{PhysicalWrite, Scalar, ScalarKind};
use types::{Batch, DataType, Value};

use crate::eval::{self, EvalContext};

/// Tests the new rows, whose columns are the table's; `first` of the statement's rows came before.
pub(super) fn check(
    plan: &PhysicalWrite,
    rows: &Batch,
    first: usize,
    context: &EvalContext,
) -> diag::Result<()> {
    for (at, column) in plan.table.columns.iter().enumerate() {
        let required = column.not_null || plan.table.primary_key.contains(&column.id);
        let nulls =
            rows.column(at).logical_nulls().filter(|nulls| required && nulls.null_count() > 0);
        if let Some(nulls) = nulls {
            let row = (0..rows.rows()).find(|row| nulls.is_null(*row)).unwrap_or(0);
            let found = null_value(plan, at, first + row);
            return Err(Box::new(found.detail(failing(plan, rows, row))));
        }
    }
    for (name, condition) in &plan.checks {
        let truth = eval::eval(condition, rows, context).map_err(|error| {
            // The check's text is not this statement's: its place is where the row comes from.
            Diagnostic::from(error).primary(format!("while testing check \"{name}\""))
        })?;
        let truth = truth.as_boolean();
        // NULL passes: only what is known to be false violates a check.
        if let Some(row) = (0..rows.rows()).find(|row| truth.is_valid(*row) && !truth.value(*row)) {
            let found = violated(plan, name, condition, first + row);
            return Err(Box::new(found.detail(failing(plan, rows, row))));
        }
    }
    Ok(())
}

fn null_value(plan: &PhysicalWrite, at: usize, row: usize) -> Diagnostic {
    let (table, column) = (&plan.table.name, &plan.table.columns[at].name);
    let message = format!("null value in column \"{column}\" of \"{table}\"");
    placed(Code::NotNullViolation, place(plan, row, at), message)
        .primary(format!("\"{column}\" does not take NULL"))
        .help("give it a value, or a DEFAULT in CREATE TABLE")
}

fn violated(plan: &PhysicalWrite, name: &str, condition: &Scalar, row: usize) -> Diagnostic {
    let message = format!("new row of \"{}\" violates check \"{name}\"", plan.table.name);
    // Of the values that the condition reads, the one written last: the others are often the
    // table's name, where a column keeps what it had.
    let mut span = Span::NONE;
    condition.walk(&mut |node| {
        if let ScalarKind::Slot(column) = node.kind {
            span = span.max(place(plan, row, column as usize));
        }
    });
    let text = plan.table.checks.iter().find(|check| check.name == name).map(|check| &check.text);
    placed(Code::CheckViolation, span, message)
        .primary("with this value it is false")
        .help_opt(text.map(|text| format!("the check is: {text}")))
}

/// Returns where the value of a column of the statement's `row`-th new row stands.
pub(super) fn place(plan: &PhysicalWrite, row: usize, column: usize) -> Span {
    let width = plan.table.columns.len();
    let at = if plan.spans.len() > width { row * width + column } else { column };
    plan.spans.get(at).copied().unwrap_or(Span::NONE)
}

/// Returns a diagnostic at a place, if there is one.
pub(super) fn placed(code: Code, span: Span, message: String) -> Diagnostic {
    match span == Span::NONE {
        true => Diagnostic::new(code, message),
        false => Diagnostic::at(code, span, message),
    }
}

fn failing(plan: &PhysicalWrite, rows: &Batch, row: usize) -> String {
    format!("failing row: {}", shown(plan, rows, row))
}

fn shown(plan: &PhysicalWrite, rows: &Batch, row: usize) -> String {
    let cells = plan.table.columns.iter().zip(rows.columns());
    let cells = cells.map(|(column, values)| text(&Value::from_array(values, row, column.ty)));
    format!("({})", cells.collect::<Vec<_>>().join(", "))
}

/// Returns a name as a statement writes it: quoted unless it is a plain word that folds to itself.
pub(super) fn named(name: &str) -> String {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let rest = |letter: char| plain(letter) || letter.is_ascii_digit();
    match name.starts_with(plain) && name.chars().all(rest) {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// Returns a value as an error shows it.
pub(super) fn text(value: &Value) -> String {
    value.cast_text().unwrap_or_else(|| "null".into())
}

/// Returns row `row` of columns of these types.
pub(super) fn values(
    columns: &[arrow_array::ArrayRef],
    types: &[DataType],
    row: usize,
) -> Vec<Value> {
    columns.iter().zip(types).map(|(column, ty)| Value::from_array(column, row, *ty)).collect()
}
