//! CSV as RFC 4180 has it, with the delimiter, quote and NULL text of COPY.
//!
//! The tokenizer is ours because COPY tells `""` (empty text) from nothing (NULL), and no kept CSV
//! crate reports whether a field was quoted. A quote may also open in the middle of a field, as in
//! PostgreSQL. One delimiter at a record's end is accepted where the table has exactly that many
//! columns, as `.tbl` files have.

mod column;
mod error;
mod reader;
mod record;
mod writer;

pub use error::{CsvError, CsvFault};
pub use reader::CsvReader;
pub use writer::CsvWriter;

/// How a CSV file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    /// Between fields.
    pub delimiter: u8,
    /// Around fields that hold a delimiter, quote or line break; doubled inside them.
    pub quote: u8,
    /// True if the first record names the columns.
    pub header: bool,
    /// What an unquoted field must be to mean NULL.
    pub null: String,
}

impl Default for CsvOptions {
    fn default() -> CsvOptions {
        CsvOptions { delimiter: b',', quote: b'"', header: false, null: String::new() }
    }
}
