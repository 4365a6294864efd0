//! Clauses that choose a point or range of system time or valid time.
//!
//! `AS OF n`, `AS OF EPOCH n` and `FOR SYSTEM_TIME AS OF n` are one clause, as are `VALID AT n` and
//! `FOR APPLICATION_TIME AS OF n`.

use super::{Expr, Name};

node! {
    /// One temporal clause.
    pub struct TemporalClause {
        /// Which time.
        pub dimension: Dimension,
        /// Which part of it.
        pub range: TemporalRange,
    }
}

/// Which time a clause speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// When facts were recorded: `SYSTEM_TIME`.
    System,
    /// When facts were true: `APPLICATION_TIME`, `VALID_TIME`.
    Valid,
    /// A declared period by its name.
    Period(Name),
}

/// The part of time that a clause chooses. Bounds hold no AND, OR or comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemporalRange {
    /// `AS OF x`.
    AsOf(Expr),
    /// `FROM a TO b`: the end is not part of it.
    FromTo(Expr, Expr),
    /// `BETWEEN a AND b`: the end is part of it.
    Between(Expr, Expr),
    /// `CONTAINED IN (a, b)`.
    ContainedIn(Expr, Expr),
    /// `ALL`.
    All,
    /// `CHANGES FROM a TO b`: what changed from one commit to another.
    Changes(Expr, Expr),
}
