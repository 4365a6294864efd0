//! How what goes wrong below becomes a diagnostic of the statement.

use diag::{Code, Diagnostic};

/// Returns the error of a broken invariant that must not bring the process down.
pub(crate) fn internal(what: impl Into<String>) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Code::Internal, what))
}

/// Returns what a failure of the store means to the statement.
pub(crate) fn storage(error: storage::Error) -> Box<Diagnostic> {
    use storage::Error;
    let code = match &error {
        Error::Conflict { .. } => Code::Conflict,
        Error::Poisoned => Code::Poisoned,
        Error::Io { .. } => Code::Io,
        Error::DiskFull { .. } => Code::DiskFull,
        Error::Corrupt { .. } => Code::Corrupt,
        Error::Locked { .. } => Code::Locked,
        Error::NotADatabase { .. } | Error::NewerFormat { .. } => Code::NotADatabase,
        Error::NoTree { .. } | Error::NoColumn { .. } | Error::NotOpen { .. } | Error::Value(_) => {
            Code::Internal
        }
    };
    let diagnostic = Diagnostic::new(code, error.to_string());
    Box::new(match std::error::Error::source(&error) {
        Some(source) => diagnostic.detail(source.to_string()),
        None => diagnostic,
    })
}
