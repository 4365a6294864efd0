//! From bytes to records: finds where records and fields end.
//!
//! A record is found whole in the buffer first (line breaks outside quotes end it), then cut into
//! fields. Records without a quote, nearly all of them, take the short way: two byte searches.

use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memchr2};

use super::CsvOptions;

const CHUNK_BYTES: usize = 1 << 20;

/// One field of a record.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Where its text lies in [`Record::text`].
    pub(super) range: Range<usize>,
    /// True if any of it was quoted.
    pub(super) quoted: bool,
}

/// One record; reused from record to record.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The fields' text, unquoted.
    pub(super) text: Vec<u8>,
    /// The fields in order.
    pub(super) fields: Vec<Field>,
    /// The line on which the record begins.
    pub(super) line: u64,
}

/// Why the next record could not be read.
pub(super) enum RecordError {
    /// The file ends inside quotes; the record began on this line.
    OpenQuote(u64),
    /// The source failed.
    Io(io::Error),
}

/// A source of records.
pub(super) struct Records<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    line: u64,
    delimiter: u8,
    quote: u8,
}

impl<R: Read> Records<R> {
    pub(super) fn new(source: R, options: &CsvOptions) -> Records<R> {
        Records {
            source,
            buffer: Vec::new(),
            start: 0,
            ended: false,
            line: 1,
            delimiter: options.delimiter,
            quote: options.quote,
        }
    }

    /// Reads the next record; false at the end of the file.
    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool, RecordError> {
        let Some(found) = self.find_record()? else {
            return Ok(false);
        };
        let bytes = &self.buffer[self.start..self.start + found.length];
        record.line = self.line;
        record.fields.clear();
        record.text.clear();
        if found.quotes {
            cut_quoted(bytes, self.delimiter, self.quote, record);
        } else {
            cut_plain(bytes, self.delimiter, record);
        }
        self.line += found.lines;
        self.start += found.length + found.end;
        Ok(true)
    }

    /// Finds the next record in the buffer, filling it as long as the record is not whole.
    fn find_record(&mut self) -> Result<Option<Found>, RecordError> {
        let mut scanned = Scan::default();
        loop {
            if let Some(found) = scanned.go(&self.buffer[self.start..], self.quote) {
                return Ok(Some(found));
            }
            if self.ended {
                return self.last_record(&scanned);
            }
            self.fill().map_err(RecordError::Io)?;
        }
    }

    fn last_record(&self, scanned: &Scan) -> Result<Option<Found>, RecordError> {
        let length = self.buffer.len() - self.start;
        if scanned.inside {
            return Err(RecordError::OpenQuote(self.line));
        }
        let whole = Found { length, end: 0, lines: scanned.lines, quotes: scanned.quotes };
        Ok((length > 0).then_some(whole))
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let before = self.buffer.len();
        self.buffer.resize(before + CHUNK_BYTES, 0);
        let read = loop {
            match self.source.read(&mut self.buffer[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        self.buffer.truncate(before + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(())
    }
}

/// A record's extent: its bytes, the bytes of its line end, its lines.
struct Found {
    length: usize,
    end: usize,
    lines: u64,
    quotes: bool,
}

/// How far the search for a record's end has come.
#[derive(Default)]
struct Scan {
    at: usize,
    inside: bool,
    quotes: bool,
    lines: u64,
}

impl Scan {
    fn go(&mut self, bytes: &[u8], quote: u8) -> Option<Found> {
        while let Some(step) = memchr2(quote, b'\n', &bytes[self.at..]) {
            let at = self.at + step;
            self.at = at + 1;
            if bytes[at] == quote {
                self.inside = !self.inside;
                self.quotes = true;
            } else {
                self.lines += 1;
                if !self.inside {
                    return Some(self.found(bytes, at));
                }
            }
        }
        self.at = bytes.len();
        None
    }

    fn found(&self, bytes: &[u8], newline: usize) -> Found {
        let carriage = usize::from(bytes[..newline].last() == Some(&b'\r'));
        Found {
            length: newline - carriage,
            end: 1 + carriage,
            lines: self.lines,
            quotes: self.quotes,
        }
    }
}

fn cut_plain(bytes: &[u8], delimiter: u8, record: &mut Record) {
    record.text.extend_from_slice(bytes);
    let mut start = 0;
    while let Some(step) = memchr(delimiter, &bytes[start..]) {
        record.fields.push(Field { range: start..start + step, quoted: false });
        start += step + 1;
    }
    record.fields.push(Field { range: start..bytes.len(), quoted: false });
}

fn cut_quoted(bytes: &[u8], delimiter: u8, quote: u8, record: &mut Record) {
    let mut start = 0;
    let mut quoted = false;
    let mut inside = false;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == quote {
            let doubled = inside && bytes.get(at + 1) == Some(&quote);
            if doubled {
                record.text.push(quote);
                at += 1;
            } else {
                inside = !inside;
                quoted = true;
            }
        } else if byte == delimiter && !inside {
            record.fields.push(Field { range: start..record.text.len(), quoted });
            start = record.text.len();
            quoted = false;
        } else {
            record.text.push(byte);
        }
        at += 1;
    }
    record.fields.push(Field { range: start..record.text.len(), quoted });
}
