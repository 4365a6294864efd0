//! What a statement gives, and statements prepared for running many times.

use std::sync::Arc;

use grammar::ast;
use types::DataType;

use crate::rows::Rows;

/// What a statement gives.
pub enum Outcome {
    /// The rows of a query, an EXPLAIN or a SHOW.
    Rows(Rows),
    /// Everything else.
    Done(Done),
}

/// What a statement without rows did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Rows that an INSERT, UPDATE, DELETE or COPY touched.
    pub rows_affected: Option<u64>,
    /// The commit that this statement made; none inside a transaction, or if nothing changed.
    pub commit_id: Option<u64>,
}

/// A statement parsed once, to be run with different parameters.
///
/// It is bound anew at each run, so that it follows changes of the schema.
#[derive(Clone)]
pub struct Statement {
    pub(crate) text: Arc<str>,
    pub(crate) tree: Arc<ast::Statement>,
    pub(crate) parameters: Vec<DataType>,
}

impl Statement {
    /// Returns the types of the parameters `$1…`.
    pub fn parameters(&self) -> &[DataType] {
        &self.parameters
    }

    /// Returns the statement's text.
    pub fn text(&self) -> &str {
        &self.text
    }
}
