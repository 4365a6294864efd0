//! Mistakes in a user's file, with the place where they stand.

use std::fmt;
use std::io;

use types::DataType;

/// What is wrong with a file, and where.
#[derive(Debug)]
pub struct CsvError {
    /// The file's name.
    pub file: String,
    /// The line on which the record begins, from 1.
    pub line: u64,
    /// The name of the column, where one is at fault.
    pub column: Option<String>,
    /// What is wrong.
    pub fault: CsvFault,
}

/// What can be wrong with a file.
#[derive(Debug)]
pub enum CsvFault {
    /// A record has fewer or more fields than the table has columns.
    FieldCount {
        /// Columns of the table.
        expected: usize,
        /// Fields of the record.
        found: usize,
    },
    /// A field does not read as its column's type.
    Value {
        /// The field.
        value: String,
        /// The column's type.
        ty: DataType,
        /// More about why, where the type's parser says more.
        reason: String,
    },
    /// A field is not UTF-8.
    Utf8,
    /// The file ends inside a quoted field.
    OpenQuote,
    /// The file could not be read or written.
    Io(io::Error),
}

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.file, self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column \"{column}\"")?;
        }
        match &self.fault {
            CsvFault::FieldCount { expected, found } => {
                write!(f, ": {found} fields where the table has {expected} columns")
            }
            CsvFault::Value { value, ty, reason } => {
                write!(f, ": \"{value}\" is not a value of type {ty} ({reason})")
            }
            CsvFault::Utf8 => f.write_str(": the text is not UTF-8"),
            CsvFault::OpenQuote => f.write_str(": the file ends inside a quoted field"),
            CsvFault::Io(error) => write!(f, ": {error}"),
        }
    }
}

impl std::error::Error for CsvError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.fault {
            CsvFault::Io(error) => Some(error),
            CsvFault::FieldCount { .. }
            | CsvFault::Value { .. }
            | CsvFault::Utf8
            | CsvFault::OpenQuote => None,
        }
    }
}
