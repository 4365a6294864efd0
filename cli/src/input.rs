//! Statements from a stream: split at `;` as they arrive, so that a program at the other end of a
//! pipe gets each answer before it sends the next statement.

use std::io::{self, BufRead};

use spectradb::script;

/// A piece of input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// One statement, from its first token to its last.
    Statement(String),
    /// A line that begins with a dot where a statement could begin.
    Dot(String),
    /// A statement with bytes that are not UTF-8; each stands as U+FFFD, the first at this offset.
    NotUtf8(String, u32),
}

/// Cuts a stream into pieces.
pub(crate) struct Statements<R> {
    source: R,
    pending: String,
    bad_at: Option<usize>,
    ended: bool,
    ready: std::collections::VecDeque<Piece>,
}

impl<R: BufRead> Statements<R> {
    pub(crate) fn new(source: R) -> Statements<R> {
        Statements {
            source,
            pending: String::new(),
            bad_at: None,
            ended: false,
            ready: std::collections::VecDeque::new(),
        }
    }

    /// Returns the next piece, or `None` at the end of the stream.
    pub(crate) fn next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            if self.ended {
                return Ok(None);
            }
            self.read_line()?;
        }
    }

    fn read_line(&mut self) -> io::Result<()> {
        let mut line = Vec::new();
        self.ended = self.source.read_until(b'\n', &mut line)? == 0;
        let text = String::from_utf8_lossy(&line);
        if std::str::from_utf8(&line).is_err() && self.bad_at.is_none() {
            let offset = text.find('\u{fffd}').unwrap_or(0);
            self.bad_at = Some(self.pending.len() + offset);
        }
        if self.pending.trim().is_empty() && text.trim_start().starts_with('.') {
            self.pending.clear();
            self.ready.push_back(Piece::Dot(text.trim().to_owned()));
            return Ok(());
        }
        self.pending.push_str(&text);
        // Only a line with a semicolon can end a statement; a long INSERT is not lexed line by line.
        if self.ended || text.contains(';') {
            self.cut();
        }
        Ok(())
    }

    fn cut(&mut self) {
        let split = script::split(&self.pending);
        let rest = split.rest.filter(|_| self.ended);
        for span in split.complete.into_iter().chain(rest) {
            self.take(span.start as usize..span.end as usize);
        }
        let consumed = split.consumed as usize;
        self.pending.drain(..consumed);
        self.bad_at = self.bad_at.and_then(|at| at.checked_sub(consumed));
    }

    fn take(&mut self, range: std::ops::Range<usize>) {
        let text = self.pending[range.clone()].to_owned();
        self.ready.push_back(match self.bad_at {
            Some(at) if range.contains(&at) => {
                Piece::NotUtf8(text, u32::try_from(at - range.start).unwrap_or(u32::MAX))
            }
            _ => Piece::Statement(text),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece, Statements};

    fn pieces(bytes: &[u8]) -> Vec<Piece> {
        let mut statements = Statements::new(bytes);
        let mut found = Vec::new();
        while let Some(piece) = statements.next().expect("memory") {
            found.push(piece);
        }
        found
    }

    fn statement(text: &str) -> Piece {
        Piece::Statement(text.to_owned())
    }

    #[test]
    fn statements_end_at_semicolons_outside_strings() {
        let text = b"SELECT ';'\n  ; -- ;\nSELECT\n2;SELECT 3\n";
        let expected = [statement("SELECT ';'"), statement("SELECT\n2"), statement("SELECT 3")];
        assert_eq!(pieces(text), expected);
    }

    #[test]
    fn dot_lines_count_only_between_statements() {
        let text = b".tables\nSELECT\n.5;\n  .quit\n";
        let expected =
            [Piece::Dot(".tables".into()), statement("SELECT\n.5"), Piece::Dot(".quit".into())];
        assert_eq!(pieces(text), expected);
    }

    #[test]
    fn bytes_that_are_no_text_spoil_only_their_statement() {
        let found = pieces(b"SELECT 1;\nSELECT 'a\xff';\nSELECT 2;\n");
        let bad = Piece::NotUtf8("SELECT 'a\u{fffd}'".to_owned(), 9);
        assert_eq!(found, [statement("SELECT 1"), bad, statement("SELECT 2")]);
    }
}
