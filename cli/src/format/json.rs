//! JSON: the machine protocol (`jsonl`) and an array of objects (`json`).
//!
//! The protocol is stable. A statement is one line:
//! `{"columns":[{"name","type"}],"rows":[[…]],"rows_affected":n|null,"commit_id":n|null,"elapsed_us":n}`
//! or `{"error":{"sqlstate","code","message","line","column","help"}}`. Integers are exact numbers,
//! DECIMAL strings, floats shortest round-trip (NaN and infinities strings), BLOB `"\\x…"`, times
//! ISO 8601 strings with `infinity`, JSON nested.

use std::io::{self, Write};

use serde_json::{Value as Json, json};
use spectradb::{Error, ResultColumn, Value};

use super::Answer;

/// Prints an answer as one line.
pub(super) fn answer(out: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let columns: Vec<Json> = answer
        .columns
        .iter()
        .flatten()
        .map(|column| json!({"name": column.name, "type": column.ty.to_string()}))
        .collect();
    write!(out, "{{\"columns\":{},\"rows\":[", Json::Array(columns))?;
    for (at, row) in answer.rows.iter().enumerate() {
        let values: Vec<String> = row.iter().map(value).collect();
        let comma = if at > 0 { "," } else { "" };
        write!(out, "{comma}[{}]", values.join(","))?;
    }
    let number = |number: Option<u64>| number.map_or_else(|| "null".to_owned(), |n| n.to_string());
    writeln!(
        out,
        "],\"rows_affected\":{},\"commit_id\":{},\"elapsed_us\":{}}}",
        number(answer.rows_affected),
        number(answer.commit_id),
        answer.elapsed.as_micros()
    )
}

/// Returns an error's line, without the line break.
pub(crate) fn error(error: &Error) -> String {
    let position = error.position();
    json!({"error": {
        "sqlstate": error.sqlstate(),
        "code": error.code(),
        "message": error.message(),
        "line": position.map(|position| position.line),
        "column": position.map(|position| position.column),
        "help": error.help(),
    }})
    .to_string()
}

/// Prints rows as an array of objects, a row a line.
pub(super) fn array(
    out: &mut impl Write,
    columns: &[ResultColumn],
    rows: &[Vec<Value>],
) -> io::Result<()> {
    for (at, row) in rows.iter().enumerate() {
        let pairs = columns.iter().zip(row);
        let fields: Vec<String> = pairs
            .map(|(column, cell)| format!("{}:{}", string(&column.name), value(cell)))
            .collect();
        let open = if at == 0 { "[" } else { ",\n " };
        write!(out, "{open}{{{}}}", fields.join(","))?;
    }
    writeln!(out, "{}", if rows.is_empty() { "[]" } else { "]" })
}

/// Returns a value as JSON text.
fn value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(_) | Value::Int16(_) | Value::Int32(_) | Value::Int64(_) => {
            value.to_string()
        }
        Value::Float32(number) if number.is_finite() => {
            shorter(number.to_string(), format!("{number:e}"))
        }
        Value::Float64(number) if number.is_finite() => {
            shorter(number.to_string(), format!("{number:e}"))
        }
        Value::Json(text) => text.to_string(),
        Value::Timestamp(time) => string(&time.to_string().replacen(' ', "T", 1)),
        Value::Float32(_)
        | Value::Float64(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Blob(_)
        | Value::Date(_)
        | Value::Interval(_) => string(&value.to_string()),
    }
}

/// Both texts read back as the same number; 1e300 is kinder than 301 digits.
fn shorter(plain: String, scientific: String) -> String {
    if plain.len() <= 21 { plain } else { scientific }
}

fn string(text: &str) -> String {
    Json::String(text.to_owned()).to_string()
}
