//! How an answer looks: a file a format.

mod csv;
mod json;
mod line;
mod markdown;
mod table;

use std::io::{self, Write};
use std::time::Duration;

use spectradb::{ResultColumn, Value};

pub(crate) use json::error as json_error;

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A drawn table
    Table,
    /// A column a line
    Line,
    /// RFC 4180 with a header
    Csv,
    /// An array of objects
    Json,
    /// One JSON object a statement: the machine protocol
    Jsonl,
    /// A Markdown table
    Markdown,
}

impl Format {
    /// The formats by the names that `--format` and `.mode` take.
    pub(crate) const NAMES: [(&'static str, Format); 6] = [
        ("table", Format::Table),
        ("line", Format::Line),
        ("csv", Format::Csv),
        ("json", Format::Json),
        ("jsonl", Format::Jsonl),
        ("markdown", Format::Markdown),
    ];
}

/// What a statement gave.
pub(crate) struct Answer {
    /// The result's columns; none if it has no rows to give.
    pub(crate) columns: Option<Vec<ResultColumn>>,
    /// The rows.
    pub(crate) rows: Vec<Vec<Value>>,
    /// Rows that a write touched.
    pub(crate) rows_affected: Option<u64>,
    /// The commit that this statement made.
    pub(crate) commit_id: Option<u64>,
    /// From parse to last row.
    pub(crate) elapsed: Duration,
}

/// Prints an answer. `rows_shown` cuts drawn tables only: data formats are whole.
pub(crate) fn write(
    out: &mut impl Write,
    format: Format,
    answer: &Answer,
    rows_shown: Option<usize>,
) -> io::Result<()> {
    if format == Format::Jsonl {
        return json::answer(out, answer);
    }
    let Some(columns) = &answer.columns else {
        return match format {
            Format::Table | Format::Line => done(out, answer),
            Format::Csv | Format::Json | Format::Markdown | Format::Jsonl => Ok(()),
        };
    };
    match format {
        Format::Table => table::write(out, columns, &answer.rows, rows_shown),
        Format::Line => line::write(out, columns, &answer.rows),
        Format::Csv => csv::write(out, columns, &answer.rows),
        Format::Json => json::array(out, columns, &answer.rows),
        Format::Markdown => markdown::write(out, columns, &answer.rows),
        Format::Jsonl => json::answer(out, answer),
    }
}

/// Says what a statement without rows did.
fn done(out: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let rows = answer.rows_affected.map(|rows| match rows {
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
    });
    let commit = answer.commit_id.map(|id| format!("commit {id}"));
    let parts: Vec<String> = rows.into_iter().chain(commit).collect();
    if parts.is_empty() { writeln!(out, "ok") } else { writeln!(out, "{}", parts.join(", ")) }
}

/// The text of a value for people; NULL has none.
fn text(value: &Value) -> Option<String> {
    (!value.is_null()).then(|| value.to_string())
}
