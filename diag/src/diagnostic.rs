//! A user's mistake as data: code, message, labelled places, help.

use std::fmt;

use crate::{Code, Span, instead};

/// The result of a stage that can refuse a statement.
///
/// The error is boxed: the good path moves one word.
pub type Result<T> = std::result::Result<T, Box<Diagnostic>>;

/// A place in the text and what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The bytes pointed at.
    pub span: Span,
    /// What stands there, in lower case without a full stop; may be empty.
    pub text: String,
}

/// One mistake. The first label is the primary one: its start gives line and column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of mistake.
    pub code: Code,
    /// What is wrong, in lower case without a full stop.
    pub message: String,
    /// Where; empty when no text stands behind the mistake.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// Facts of the world behind it: a failing row, file or limit.
    pub detail: Option<String>,
    /// Further independent mistakes of the same statement.
    pub others: Vec<Diagnostic>,
}

impl Diagnostic {
    /// Returns a diagnostic without places.
    pub fn new(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            message: message.into(),
            labels: Vec::new(),
            help: None,
            detail: None,
            others: Vec::new(),
        }
    }

    /// Returns a diagnostic that points at `span`.
    pub fn at(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, message).label(span, "")
    }

    /// Returns the error of a feature that is not built; `what` names it ("CREATE INDEX").
    pub fn not_built(span: Span, what: impl fmt::Display) -> Diagnostic {
        let what = what.to_string();
        Diagnostic::at(Code::NotBuilt, span, format!("{what} is not built yet"))
            .help(instead::of(&what))
    }

    /// Adds a labelled place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Sets the text of the primary label.
    #[must_use]
    pub fn primary(mut self, text: impl Into<String>) -> Diagnostic {
        if let Some(first) = self.labels.first_mut() {
            first.text = text.into();
        }
        self
    }

    /// Sets the help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Sets the help where there is one.
    #[must_use]
    pub fn help_opt(mut self, help: Option<String>) -> Diagnostic {
        self.help = help.or(self.help);
        self
    }

    /// Sets the detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Diagnostic {
        self.detail = Some(detail.into());
        self
    }

    /// Returns the primary place, if the mistake has one.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }

    /// Joins several mistakes of one statement into one that carries the rest.
    ///
    /// Returns `None` for an empty list.
    pub fn join(mut list: Vec<Diagnostic>) -> Option<Diagnostic> {
        if list.is_empty() {
            return None;
        }
        let mut first = list.remove(0);
        first.others.append(&mut list);
        Some(first)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}
