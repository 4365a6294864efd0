//! What the stages are told about the world: statistics and an evaluator of constants, as data.

use std::collections::HashMap;
use std::sync::Arc;

use types::{ColumnId, Value};

use crate::{Distribution, Scalar, Scan, TableId};

/// Evaluates a constant expression by the interpreter; `db` supplies it, since `exec` lies beyond.
pub type Evaluate<'a> = dyn Fn(&Scalar) -> diag::Result<Value> + 'a;

/// Counts a table's sample: the rows for which a scan's conditions are true. `None` without a sample,
/// or if it cannot tell.
pub type CountSample<'a> = dyn Fn(&Scan) -> Option<SampleCount> + 'a;

/// How many rows of a table's sample meet conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleCount {
    /// Rows of the sample.
    pub rows: usize,
    /// Those that meet the conditions.
    pub kept: usize,
    /// True if the sample was the whole table when it was drawn.
    pub complete: bool,
}

/// What is known of one column.
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
    /// How the values are spread, if the table was analyzed.
    pub distribution: Option<Arc<Distribution>>,
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
    /// The interpreter, for conditions on samples.
    pub sample: &'a CountSample<'a>,
}
