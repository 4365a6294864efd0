//! Executes pieces of input and prints what comes of them.

use std::io::{self, BufRead, IsTerminal, Write};
use std::time::{Duration, Instant};

use diag::{Code, Diagnostic, Span, Style};
use spectradb::{Database, Error, Outcome, ResultColumn, Session, Value};

use crate::dot::{self, Next};
use crate::format::{self, Answer, Format};
use crate::input::{Piece, Statements};

/// A session and how its results are shown.
pub(crate) struct Runner {
    pub(crate) session: Session,
    pub(crate) format: Format,
    /// True to print how long statements take.
    pub(crate) timer: bool,
    /// Most rows that a table shows; the middle is left out beyond them.
    pub(crate) rows_shown: Option<usize>,
    bail: bool,
    failed: bool,
}

impl Runner {
    pub(crate) fn new(database: &Database, format: Format, bail: bool) -> Runner {
        let session = database.session();
        Runner { session, format, timer: false, rows_shown: None, bail, failed: false }
    }

    /// True if a statement has failed.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    /// Runs all pieces of a stream; stops at a failure if that was asked for, or at `.quit`.
    pub(crate) fn run_all(&mut self, input: &mut Statements<impl BufRead>) -> io::Result<()> {
        while let Some(piece) = input.next()? {
            let next = self.run_piece(piece)?;
            if matches!(next, Next::Quit) || (self.bail && self.failed) {
                break;
            }
        }
        Ok(())
    }

    /// Runs one piece and prints its answer.
    pub(crate) fn run_piece(&mut self, piece: Piece) -> io::Result<Next> {
        match piece {
            Piece::Statement(text) => self.run_statement(&text)?,
            Piece::NotUtf8(text, at) => {
                let mistake = Diagnostic::at(
                    Code::InvalidUtf8,
                    Span::new(at, at + 3),
                    "the statement is not UTF-8",
                )
                .primary("a byte that is part of no character")
                .help("save the script as UTF-8");
                self.print_error(&Error::of(mistake, &text))?;
            }
            Piece::Dot(line) if self.format == Format::Jsonl => {
                let span = Span::new(0, u32::try_from(line.len()).unwrap_or(u32::MAX));
                let mistake = Diagnostic::at(
                    Code::Syntax,
                    span,
                    "dot commands are not part of the machine protocol",
                );
                self.print_error(&Error::of(mistake, &line))?;
            }
            Piece::Dot(line) => return dot::run(self, &line),
        }
        Ok(Next::Statement)
    }

    /// Runs one statement and prints its answer.
    pub(crate) fn run_statement(&mut self, text: &str) -> io::Result<()> {
        let start = Instant::now();
        let outcome = self.session.sql(text).and_then(collect);
        let elapsed = start.elapsed();
        match outcome {
            Ok(mut answer) => {
                answer.elapsed = elapsed;
                self.print_answer(&answer)?;
            }
            Err(error) => self.print_error(&error)?,
        }
        if self.timer && self.format != Format::Jsonl {
            println!("Time: {:.3} ms", elapsed.as_secs_f64() * 1e3);
        }
        Ok(())
    }

    fn print_answer(&self, answer: &Answer) -> io::Result<()> {
        let mut out = io::stdout().lock();
        format::write(&mut out, self.format, answer, self.rows_shown)?;
        out.flush()
    }

    fn print_error(&mut self, error: &Error) -> io::Result<()> {
        self.failed = true;
        if self.format == Format::Jsonl {
            let mut out = io::stdout().lock();
            writeln!(out, "{}", format::json_error(error))?;
            return out.flush();
        }
        io::stdout().flush()?;
        let mut err = io::stderr().lock();
        let style = report_style(&err);
        write!(err, "{}", error.report(style))
    }
}

/// Runs the outcome to its end: the last row is part of the statement's time.
fn collect(outcome: Outcome) -> spectradb::Result<Answer> {
    let mut answer = Answer {
        columns: None,
        rows: Vec::new(),
        rows_affected: None,
        commit_id: None,
        elapsed: Duration::ZERO,
    };
    match outcome {
        Outcome::Rows(mut rows) => {
            answer.columns = Some(rows.columns().to_vec());
            while let Some(row) = rows.next_row()? {
                answer.rows.push(row.into_values());
            }
        }
        Outcome::Done(done) => {
            answer.rows_affected = done.rows_affected;
            answer.commit_id = done.commit_id;
        }
    }
    Ok(answer)
}

/// Colours for a terminal that wants them (<https://no-color.org>).
pub(crate) fn report_style(stream: &impl IsTerminal) -> Style {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted && stream.is_terminal() { Style::Color } else { Style::Plain }
}

/// Returns the rows of a query of ours, for dot commands.
pub(crate) fn query(
    session: &mut Session,
    text: &str,
) -> spectradb::Result<(Vec<ResultColumn>, Vec<Vec<Value>>)> {
    let answer = session.sql(text).and_then(collect)?;
    Ok((answer.columns.unwrap_or_default(), answer.rows))
}
