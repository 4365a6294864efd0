//! NOT NULL and CHECK, tested batch by batch before any row of the batch is written.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use diag::{Code, Diagnostic, Span};
use ir::PhysicalWrite;
use types::{Batch, DataType, Value};

use crate::eval::{self, EvalContext};

/// Tests the new rows, whose columns are the table's.
pub(super) fn check(plan: &PhysicalWrite, rows: &Batch, context: &EvalContext) -> diag::Result<()> {
    for (at, column) in plan.table.columns.iter().enumerate() {
        let required = column.not_null || plan.table.primary_key.contains(&column.id);
        let nulls =
            rows.column(at).logical_nulls().filter(|nulls| required && nulls.null_count() > 0);
        if let Some(nulls) = nulls {
            let row = (0..rows.rows()).find(|row| nulls.is_null(*row)).unwrap_or(0);
            return Err(null_value(plan, at, rows, row));
        }
    }
    for (name, condition) in &plan.checks {
        let truth = eval::eval(condition, rows, context)?;
        let truth = truth.as_boolean();
        // NULL passes: only what is known to be false violates a check.
        if let Some(row) = (0..rows.rows()).find(|row| truth.is_valid(*row) && !truth.value(*row)) {
            return Err(violated(plan, name, rows, row));
        }
    }
    Ok(())
}

fn null_value(plan: &PhysicalWrite, at: usize, rows: &Batch, row: usize) -> Box<Diagnostic> {
    let (table, column) = (&plan.table.name, &plan.table.columns[at].name);
    let message = format!("null value in column \"{column}\" of \"{table}\"");
    let span = plan.spans.get(at).copied().unwrap_or(Span::NONE);
    let diagnostic = match span == Span::NONE {
        true => Diagnostic::new(Code::NotNullViolation, message),
        false => Diagnostic::at(Code::NotNullViolation, span, message)
            .primary(format!("\"{column}\" does not take NULL")),
    };
    Box::new(diagnostic.detail(format!("failing row: {}", shown(plan, rows, row))))
}

fn violated(plan: &PhysicalWrite, name: &str, rows: &Batch, row: usize) -> Box<Diagnostic> {
    let message = format!("new row of \"{}\" violates check \"{name}\"", plan.table.name);
    Box::new(
        Diagnostic::new(Code::CheckViolation, message)
            .detail(format!("failing row: {}", shown(plan, rows, row))),
    )
}

fn shown(plan: &PhysicalWrite, rows: &Batch, row: usize) -> String {
    let cells = plan.table.columns.iter().zip(rows.columns());
    let cells = cells.map(|(column, values)| text(&Value::from_array(values, row, column.ty)));
    format!("({})", cells.collect::<Vec<_>>().join(", "))
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
