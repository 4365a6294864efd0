//! From records to typed batches.

use std::io::Read;

use types::{BATCH_ROWS, Batch, DataType};

use super::column::ColumnBuilder;
use super::record::{Record, RecordError, Records};
use super::{CsvError, CsvFault, CsvOptions};

/// Reads a CSV file as batches of typed columns.
pub struct CsvReader<R> {
    records: Records<R>,
    record: Record,
    file: String,
    columns: Vec<(String, DataType)>,
    null: Vec<u8>,
    rows: u64,
    header: bool,
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl<R: Read> CsvReader<R> {
    /// Returns a reader of `source`, which errors call `file`, for columns of these names and types.
    pub fn new(
        source: R,
        file: impl Into<String>,
        columns: Vec<(String, DataType)>,
        options: &CsvOptions,
    ) -> CsvReader<R> {
        CsvReader {
            records: Records::new(source, options),
            record: Record::default(),
            file: file.into(),
            columns,
            null: options.null.clone().into_bytes(),
            rows: 0,
            header: options.header,
        }
    }

    /// Returns the rows read so far, without the header.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the next rows, at most 2,048, or `None` at the end.
    ///
    /// # Errors
    /// A record with a wrong number of fields, a field that does not read as its type, text that is
    /// not UTF-8, an open quote, or a source that fails. The reader is of no use afterwards.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, CsvError> {
        if self.header {
            self.header = false;
            self.advance()?;
        }
        let mut builders: Vec<_> =
            self.columns.iter().map(|(_, ty)| ColumnBuilder::new(*ty)).collect();
        let mut rows = 0;
        while rows < BATCH_ROWS && self.advance()? {
            self.append(&mut builders)?;
            rows += 1;
        }
        self.rows += rows as u64;
        let columns = builders.into_iter().map(ColumnBuilder::finish).collect();
        Ok((rows > 0).then(|| Batch::new(columns, rows)))
    }

    fn advance(&mut self) -> Result<bool, CsvError> {
        let first = self.record.line == 0;
        let read = self.records.read(&mut self.record).map_err(|error| match error {
            RecordError::OpenQuote(line) => self.fault(line, None, CsvFault::OpenQuote),
            RecordError::Io(error) => self.fault(self.record.line, None, CsvFault::Io(error)),
        })?;
        if first && read {
            self.drop_byte_order_mark();
        }
        Ok(read)
    }

    fn drop_byte_order_mark(&mut self) {
        if self.record.text.starts_with(BYTE_ORDER_MARK)
            && let Some(field) = self.record.fields.first_mut()
        {
            field.range.start = BYTE_ORDER_MARK.len().min(field.range.end);
        }
    }

    fn append(&self, builders: &mut [ColumnBuilder]) -> Result<(), CsvError> {
        let fields = self.fields()?;
        for (at, (field, builder)) in fields.iter().zip(builders).enumerate() {
            let bytes = &self.record.text[field.range.clone()];
            if !field.quoted && bytes == self.null {
                builder.append_null();
                continue;
            }
            let text = std::str::from_utf8(bytes).map_err(|_| self.at(at, CsvFault::Utf8))?;
            builder.append(text).map_err(|reason| {
                let ty = self.columns[at].1;
                self.at(at, CsvFault::Value { value: text.to_owned(), ty, reason })
            })?;
        }
        Ok(())
    }

    /// The record's fields, one a column, without the empty one behind a closing delimiter.
    fn fields(&self) -> Result<&[super::record::Field], CsvError> {
        let fields = self.record.fields.as_slice();
        let expected = self.columns.len();
        if let Some((last, rest)) = fields.split_last()
            && rest.len() == expected
            && last.range.is_empty()
            && !last.quoted
        {
            return Ok(rest);
        }
        if fields.len() == expected {
            return Ok(fields);
        }
        let fault = CsvFault::FieldCount { expected, found: fields.len() };
        Err(self.fault(self.record.line, self.columns.get(fields.len()).map(name), fault))
    }

    fn at(&self, column: usize, fault: CsvFault) -> CsvError {
        self.fault(self.record.line, self.columns.get(column).map(name), fault)
    }

    fn fault(&self, line: u64, column: Option<String>, fault: CsvFault) -> CsvError {
        CsvError { file: self.file.clone(), line, column, fault }
    }
}

fn name(column: &(String, DataType)) -> String {
    column.0.clone()
}
