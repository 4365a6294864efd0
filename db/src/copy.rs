//! COPY: users' files in and out. A failed COPY leaves nothing behind, neither rows nor file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use diag::{Code, Diagnostic, Span};
use interchange::{CsvError, CsvFault, CsvOptions, CsvReader, CsvWriter};
use ir::{Copy, CopyFormat, CopyOptions, CopySource};
use types::DataType;

use crate::session::{Run, result_columns};
use crate::statement::Done;

/// Runs a COPY; returns the rows copied.
///
/// # Errors
/// A file that cannot be read or written, a record that does not fit, or what the rows violate.
pub(crate) fn copy(run: &mut Run<'_>, job: Copy) -> diag::Result<Done> {
    let CopyFormat::Csv = job.options.format;
    let options = csv_options(&job.options);
    let rows = match job.source {
        CopySource::Insert { insert, columns, .. } => {
            let file =
                File::open(&job.path).map_err(|error| unusable(&job.path, job.span, &error))?;
            let mut reader = CsvReader::new(file, job.path.clone(), columns, &options);
            let span = job.span;
            let rows = move || reader.next_batch().map_err(|error| said(&error, span));
            run.write(insert, Some(Box::new(rows)))?
        }
        CopySource::Query(query) => {
            let target = Target::create(&job.path, job.span)?;
            let columns: Vec<_> =
                result_columns(&query).into_iter().map(|column| (column.name, column.ty)).collect();
            let mut rows = run.select(query)?;
            let failed = |error: std::io::Error| unusable(&job.path, job.span, &error);
            let buffer = BufWriter::new(&target.file);
            let mut writer = CsvWriter::new(buffer, &columns, options).map_err(failed)?;
            let mut count = 0;
            while let Some(batch) =
                rows.next_batch().map_err(|error| Box::new(error.diagnostic().clone()))?
            {
                count += batch.rows() as u64;
                writer.write(&batch).map_err(failed)?;
            }
            writer.finish().and_then(|mut buffer| buffer.flush()).map_err(failed)?;
            target.keep().map_err(failed)?;
            count
        }
    };
    Ok(Done { rows_affected: Some(rows), commit_id: None })
}

fn csv_options(options: &CopyOptions) -> CsvOptions {
    CsvOptions {
        delimiter: options.delimiter,
        quote: options.quote,
        header: options.header,
        null: options.null.clone(),
    }
}

/// A file under another name until it is whole.
struct Target {
    file: File,
    partial: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Target {
    fn create(path: &str, span: Span) -> diag::Result<Target> {
        let partial = PathBuf::from(format!("{path}.partial"));
        let file = File::create(&partial).map_err(|error| unusable(path, span, &error))?;
        Ok(Target { file, partial, path: Path::new(path).to_owned(), kept: false })
    }

    fn keep(mut self) -> std::io::Result<()> {
        std::fs::rename(&self.partial, &self.path)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if !self.kept {
            // The statement has failed; what it failed with is reported, not this.
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

fn unusable(path: &str, span: Span, error: &std::io::Error) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::at(Code::File, span, format!("file \"{path}\" cannot be used: {error}"))
            .primary("this file")
            .help("a path that does not begin with / is read from the process's directory"),
    )
}

fn said(error: &CsvError, span: Span) -> Box<Diagnostic> {
    let code = match &error.fault {
        CsvFault::FieldCount { .. } | CsvFault::OpenQuote => Code::BadFileFormat,
        CsvFault::Value {
            ty: DataType::Date | DataType::Timestamp | DataType::Interval, ..
        } => Code::InvalidDatetimeText,
        CsvFault::Value { .. } => Code::InvalidText,
        CsvFault::Utf8 => Code::InvalidUtf8,
        CsvFault::Io(_) => Code::Io,
    };
    let help = match &error.fault {
        CsvFault::FieldCount { .. } => "COPY t (a, b) FROM … names the columns that the file has",
        CsvFault::Value { .. } => "a field that means NULL is empty; WITH (NULL '…') names another",
        CsvFault::OpenQuote => "a quote inside a quoted field is written twice",
        CsvFault::Utf8 => "save the file as UTF-8",
        CsvFault::Io(_) => "the rows before it were read; the disk or its permissions failed here",
    };
    Box::new(
        Diagnostic::at(code, span, error.to_string())
            .primary("while reading this file")
            .help(help)
            .detail("no row of the file was kept"),
    )
}
