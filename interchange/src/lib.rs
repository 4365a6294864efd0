//! Users' files in and out. CSV so far.
//!
//! Together with the shell this is the only place that touches files outside the store's own
//! directory. A reader yields typed batches, a writer takes them; neither knows SQL.

mod csv;

pub use csv::{CsvError, CsvFault, CsvOptions, CsvReader, CsvWriter};
