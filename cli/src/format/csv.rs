//! RFC 4180 with a header; NULL is nothing, empty text is `""`.

use std::io::{self, Write};

use spectradb::{ResultColumn, Value};

pub(super) fn write(
    out: &mut impl Write,
    columns: &[ResultColumn],
    rows: &[Vec<Value>],
) -> io::Result<()> {
    let header: Vec<_> = columns.iter().map(|column| field(Some(column.name.clone()))).collect();
    writeln!(out, "{}", header.join(","))?;
    for row in rows {
        let fields: Vec<_> = row.iter().map(|value| field(super::text(value))).collect();
        writeln!(out, "{}", fields.join(","))?;
    }
    Ok(())
}

fn field(text: Option<String>) -> String {
    match text {
        None => String::new(),
        Some(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(text) => text,
    }
}
