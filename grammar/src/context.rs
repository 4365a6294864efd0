//! What the grammar's actions share: the text, the mistakes found, the count of question marks.

use diag::{Code, Diagnostic, Span};

/// The state of one parse.
pub(crate) struct Context<'i> {
    /// The text that spans point into.
    pub(crate) text: &'i str,
    /// Mistakes that an action found; the tree has a hole or a stand-in at each.
    pub(crate) errors: Vec<Diagnostic>,
    /// How many `?` have been read.
    pub(crate) questions: u32,
    /// Temporal clauses behind the last join's condition: they move to the SELECT.
    pub(crate) hoisted: Vec<crate::ast::TemporalClause>,
}

impl<'i> Context<'i> {
    pub(crate) fn new(text: &'i str) -> Context<'i> {
        Context { text, errors: Vec::new(), questions: 0, hoisted: Vec::new() }
    }

    /// Returns the text between two offsets.
    pub(crate) fn slice(&self, start: u32, end: u32) -> &'i str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    /// Keeps a mistake for the end of the parse.
    pub(crate) fn report(&mut self, mistake: Diagnostic) {
        self.errors.push(mistake);
    }

    /// Keeps a syntax mistake at `span`.
    pub(crate) fn syntax(&mut self, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::at(Code::Syntax, span, message));
    }
}
