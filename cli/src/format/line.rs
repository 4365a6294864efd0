//! A column a line, an empty line between rows.

use std::io::{self, Write};

use spectradb::{ResultColumn, Value};
use unicode_width::UnicodeWidthStr;

pub(super) fn write(
    out: &mut impl Write,
    columns: &[ResultColumn],
    rows: &[Vec<Value>],
) -> io::Result<()> {
    let widest = columns.iter().map(|column| column.name.width()).max().unwrap_or(0);
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        for (column, value) in columns.iter().zip(row) {
            let pad = " ".repeat(widest - column.name.width());
            let text = super::text(value).unwrap_or_else(|| "NULL".to_owned());
            writeln!(out, "{pad}{} = {text}", column.name)?;
        }
    }
    Ok(())
}
