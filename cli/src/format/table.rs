//! A drawn table with a line that counts its rows.

use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, Table, presets};
use spectradb::{ResultColumn, Value};

pub(super) fn write(
    out: &mut impl Write,
    columns: &[ResultColumn],
    rows: &[Vec<Value>],
    rows_shown: Option<usize>,
) -> io::Result<()> {
    let left_out = rows_shown.map_or(0, |most| rows.len().saturating_sub(most));
    let (head, tail) = match rows_shown {
        Some(most) if left_out > 0 => (&rows[..most - most / 2], &rows[rows.len() - most / 2..]),
        _ => (rows, &rows[..0]),
    };
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(columns.iter().map(|column| cell(column, column.name.clone())));
    for row in head {
        table.add_row(cells(columns, row));
    }
    if left_out > 0 {
        table.add_row(columns.iter().map(|column| cell(column, "·".to_owned())));
    }
    for row in tail {
        table.add_row(cells(columns, row));
    }
    writeln!(out, "{table}")?;
    writeln!(out, "{}", count(rows.len(), left_out))
}

fn cells(columns: &[ResultColumn], row: &[Value]) -> Vec<Cell> {
    let texts = row.iter().map(|value| super::text(value).unwrap_or_else(|| "NULL".to_owned()));
    columns.iter().zip(texts).map(|(column, text)| cell(column, text)).collect()
}

fn cell(column: &ResultColumn, text: String) -> Cell {
    let right = column.ty.is_numeric();
    let alignment = if right { CellAlignment::Right } else { CellAlignment::Left };
    Cell::new(text).set_alignment(alignment)
}

fn count(rows: usize, left_out: usize) -> String {
    let rows_word = if rows == 1 { "row" } else { "rows" };
    match left_out {
        0 => format!("({rows} {rows_word})"),
        _ => format!("({rows} {rows_word}, {left_out} in the middle not shown)"),
    }
}
