//! The two ways in which a kernel says no: at compile time and on a row.

use diag::{Code, Span};

/// Why a piece of a pipeline stays interpreted. Not a mistake of the user: EXPLAIN shows it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not compiled")]
pub struct Unsupported {
    /// The operator, type or host feature.
    pub what: String,
}

impl Unsupported {
    pub(crate) fn new(what: impl Into<String>) -> Unsupported {
        Unsupported { what: what.into() }
    }
}

/// A row on which an expression has no value.
///
/// The interpreter raises an error on the same batch too; it may name another row of it first,
/// since it works column by column. Aggregate states are unspecified afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code:?} in row {row}")]
pub struct RuntimeError {
    /// What went wrong.
    pub code: Code,
    /// The expression in the statement.
    pub span: Span,
    /// The row of the input batch.
    pub row: u32,
}

/// What can go wrong in one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FaultKind {
    Overflow,
    DivisionByZero,
    Datetime,
}

/// A node and what went wrong in it, as the number that machine code reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fault {
    pub(crate) node: u32,
    pub(crate) kind: FaultKind,
}

impl Fault {
    pub(crate) fn number(self) -> i64 {
        i64::from(self.node) * 4 + self.kind as i64
    }

    pub(crate) fn from_number(number: u64) -> Fault {
        let kind = match number % 4 {
            0 => FaultKind::Overflow,
            1 => FaultKind::DivisionByZero,
            _ => FaultKind::Datetime,
        };
        let node = u32::try_from(number / 4).expect("machine code reports a node of its shape");
        Fault { node, kind }
    }

    pub(crate) fn code(self) -> Code {
        match self.kind {
            FaultKind::Overflow => Code::NumericOverflow,
            FaultKind::DivisionByZero => Code::DivisionByZero,
            FaultKind::Datetime => Code::InvalidDatetime,
        }
    }
}
