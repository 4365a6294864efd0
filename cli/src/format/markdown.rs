//! A Markdown table.

use std::io::{self, Write};

use spectradb::{ResultColumn, Value};

pub(super) fn write(
    out: &mut impl Write,
    columns: &[ResultColumn],
    rows: &[Vec<Value>],
) -> io::Result<()> {
    row(out, columns.iter().map(|column| escape(&column.name)))?;
    row(out, columns.iter().map(|column| rule(column).to_owned()))?;
    for values in rows {
        row(out, values.iter().map(|value| escape(&super::text(value).unwrap_or_default())))?;
    }
    Ok(())
}

fn rule(column: &ResultColumn) -> &'static str {
    if column.ty.is_numeric() { "---:" } else { "---" }
}

fn row(out: &mut impl Write, cells: impl Iterator<Item = String>) -> io::Result<()> {
    let cells: Vec<_> = cells.collect();
    writeln!(out, "| {} |", cells.join(" | "))
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', "<br>")
}
