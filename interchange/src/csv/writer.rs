//! From batches to a CSV file.
//!
//! NULL is the NULL text, unquoted; text that equals it is quoted, so that a file read back gives
//! the same rows.

use std::io::{self, Write};

use types::{Batch, DataType, Value};

use super::CsvOptions;

/// Writes batches as CSV. Lines end with `\n`.
pub struct CsvWriter<W> {
    target: W,
    types: Vec<DataType>,
    options: CsvOptions,
    line: Vec<u8>,
}

impl<W: Write> CsvWriter<W> {
    /// Returns a writer to `target`; writes the header if the options ask for one.
    ///
    /// # Errors
    /// If the target cannot be written.
    pub fn new(
        target: W,
        columns: &[(String, DataType)],
        options: CsvOptions,
    ) -> io::Result<CsvWriter<W>> {
        let types = columns.iter().map(|(_, ty)| *ty).collect();
        let mut writer = CsvWriter { target, types, options, line: Vec::new() };
        if writer.options.header {
            for (at, (name, _)) in columns.iter().enumerate() {
                writer.field(at, Some(name));
            }
            writer.end_line()?;
        }
        Ok(writer)
    }

    /// Writes the rows of `batch`.
    ///
    /// # Errors
    /// If the target cannot be written.
    pub fn write(&mut self, batch: &Batch) -> io::Result<()> {
        for row in 0..batch.rows() {
            for at in 0..self.types.len() {
                let value = Value::from_array(batch.column(at), row, self.types[at]);
                let text = (!value.is_null()).then(|| value.to_string());
                self.field(at, text.as_deref());
            }
            self.end_line()?;
        }
        Ok(())
    }

    /// Flushes the file and returns the target.
    ///
    /// # Errors
    /// If the target cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.target.flush()?;
        Ok(self.target)
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.line.push(b'\n');
        self.target.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }

    fn field(&mut self, at: usize, text: Option<&str>) {
        if at > 0 {
            self.line.push(self.options.delimiter);
        }
        match text {
            None => self.line.extend_from_slice(self.options.null.as_bytes()),
            Some(text) if self.needs_quotes(text) => self.quoted(text),
            Some(text) => self.line.extend_from_slice(text.as_bytes()),
        }
    }

    fn needs_quotes(&self, text: &str) -> bool {
        let special = [self.options.delimiter, self.options.quote, b'\n', b'\r'];
        text == self.options.null || text.bytes().any(|byte| special.contains(&byte))
    }

    fn quoted(&mut self, text: &str) {
        self.line.push(self.options.quote);
        for byte in text.bytes() {
            if byte == self.options.quote {
                self.line.push(byte);
            }
            self.line.push(byte);
        }
        self.line.push(self.options.quote);
    }
}
