//! What the stages are told about the world: statistics and an evaluator of constants, as data.

use std::collections::HashMap;

use types::{ColumnId, Value};

use crate::{Scalar, TableId};

/// Evaluates a constant expression by the interpreter; `db` supplies it, since `exec` lies beyond.
pub type Evaluate<'a> = dyn Fn(&Scalar) -> diag::Result<Value> + 'a;

/// What storage knows of one column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnStatistics {
    /// Least value, if known.
    pub min: Option<Value>,
    /// Greatest value, if known.
    pub max: Option<Value>,
    /// Share of NULLs, 0 to 1.
    pub null_fraction: f64,
    /// Distinct values, if known.
    pub distinct: Option<f64>,
}

/// What storage knows of one table's current rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableStatistics {
    /// Current rows.
    pub rows: f64,
    /// True if `rows` was counted.
    pub exact: bool,
    /// By stored column.
    pub columns: HashMap<ColumnId, ColumnStatistics>,
}

/// What the optimizer and planner need.
pub struct PlanContext<'a> {
    /// Statistics by table; absent ones are guessed.
    pub statistics: &'a HashMap<TableId, TableStatistics>,
    /// The interpreter, for constants.
    pub evaluate: &'a Evaluate<'a>,
}
