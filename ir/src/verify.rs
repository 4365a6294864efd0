//! Checks that a plan holds together: every column read is produced below, types agree.
//!
//! Run on what the binder makes, after every rule and after planning in debug builds: a rule that
//! loses a column is caught where it did, not where a batch lacks it.

mod logical;
mod physical;
mod scalar;

use std::fmt;

pub use logical::logical;
pub use physical::physical;

/// What is wrong with a plan, and in which operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The operator.
    pub operator: &'static str,
    /// What does not hold.
    pub problem: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operator, self.problem)
    }
}

impl std::error::Error for Broken {}
