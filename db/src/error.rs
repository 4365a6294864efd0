//! The one error of the facade: a diagnostic, the statement it is about, and what to do.

use std::fmt;
use std::sync::Arc;

use diag::{Code, Diagnostic, Position, Style};

/// The result of the facade.
pub type Result<T> = std::result::Result<T, Error>;

/// What a caller can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Fix the statement.
    Query,
    /// The data forbids it: a constraint, a value out of range.
    Data,
    /// Run the transaction again: another one was first.
    Retry,
    /// The statement was cancelled or ran out of time.
    Cancelled,
    /// Give it more memory, or ask for less.
    Resources,
    /// Fix the disk, the path or the permissions, then open again.
    Disk,
    /// Restore the files.
    Corrupt,
    /// Wait for a release that has it.
    NotBuilt,
    /// Report it: a broken invariant of ours.
    Bug,
}

/// An error of SpectraDB. Cheap to clone.
#[derive(Clone)]
pub struct Error {
    diagnostic: Arc<Diagnostic>,
    text: Arc<str>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Returns the error that `diagnostic` reports of the statement `text`: for shells and servers,
    /// which find mistakes of their own.
    pub fn of(diagnostic: impl Into<Box<Diagnostic>>, text: &str) -> Error {
        Error { diagnostic: Arc::new(*diagnostic.into()), text: text.into(), source: None }
    }

    /// Returns the error of a failing store, outside any statement.
    pub(crate) fn store(error: storage::Error) -> Error {
        let diagnostic = store_diagnostic(&error);
        Error { diagnostic: Arc::new(diagnostic), text: "".into(), source: Some(Arc::new(error)) }
    }

    /// Returns what a caller can do.
    pub fn kind(&self) -> ErrorKind {
        kind(self.diagnostic.code)
    }

    /// Returns our stable code, such as `S0207`.
    pub fn code(&self) -> &'static str {
        self.diagnostic.code.id()
    }

    /// Returns the SQLSTATE, as PostgreSQL uses it.
    pub fn sqlstate(&self) -> &'static str {
        self.diagnostic.code.sqlstate()
    }

    /// Returns what is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.diagnostic.message
    }

    /// Returns what to do about it, where we know.
    pub fn help(&self) -> Option<&str> {
        self.diagnostic.help.as_deref()
    }

    /// Returns the place in the statement, 1-based in characters from the statement's first token.
    pub fn position(&self) -> Option<Position> {
        self.diagnostic.span().map(|span| diag::position(&self.text, span.start))
    }

    /// Returns the whole diagnostic.
    pub fn diagnostic(&self) -> &Diagnostic {
        &self.diagnostic
    }

    /// Returns the report with the statement's text and marks under it; ends with a line break.
    pub fn report(&self, style: Style) -> String {
        diag::render(&self.diagnostic, "query", &self.text, style)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({} {}: {})", self.code(), self.sqlstate(), self.message())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

fn kind(code: Code) -> ErrorKind {
    match code.sqlstate() {
        "40001" => ErrorKind::Retry,
        "57014" => ErrorKind::Cancelled,
        "53200" => ErrorKind::Resources,
        "58030" | "58P01" | "55006" | "08001" | "53100" => ErrorKind::Disk,
        "XX001" => ErrorKind::Corrupt,
        "XX000" => ErrorKind::Bug,
        "0A000" => ErrorKind::NotBuilt,
        state if state.starts_with("22") || state.starts_with("23") => ErrorKind::Data,
        _ => ErrorKind::Query,
    }
}

/// Says in the user's words what the store reports.
pub(crate) fn store_diagnostic(error: &storage::Error) -> Diagnostic {
    use storage::Error as Store;
    let message = error.to_string();
    match error {
        Store::Conflict { .. } => Diagnostic::new(Code::Conflict, message)
            .help("another transaction committed first: run this one again"),
        Store::Poisoned => Diagnostic::new(Code::Poisoned, message),
        Store::Io { source, .. } => Diagnostic::new(Code::Io, message).detail(source.to_string()),
        Store::DiskFull { .. } => {
            Diagnostic::new(Code::DiskFull, message).help("free space and open the database again")
        }
        Store::Corrupt { .. } => Diagnostic::new(Code::Corrupt, message),
        Store::Locked { .. } => Diagnostic::new(Code::Locked, message)
            .help("a directory is opened by one process at a time: close the other one"),
        Store::NotADatabase { .. } => Diagnostic::new(Code::NotADatabase, message)
            .help("name an empty or new directory to make a database there"),
        Store::NewerFormat { .. } => Diagnostic::new(Code::NotADatabase, message)
            .help("open it with the release that wrote it, or a newer one"),
        Store::NoTree { .. } | Store::NoColumn { .. } | Store::NotOpen { .. } | Store::Value(_) => {
            Diagnostic::new(Code::Internal, message)
        }
    }
}
