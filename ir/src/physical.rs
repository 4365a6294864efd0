//! The physical plan: how a query runs. Columns are slots of the input batch from here on.
//!
//! Operators name their algorithm; `exec::stage` cuts them into pipelines. Every node carries the
//! estimate it was chosen by, and where that came from, for EXPLAIN.

use std::sync::Arc;

use diag::Span;
use types::DataType;

use crate::{
    AggregateCall, CompareOp, JoinKind, Scalar, ScanColumn, SortKey, SystemTable, Table,
    TemporalRead, WindowCall, WriteAction,
};

/// Where an estimate came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EstimateSource {
    /// Counted: exact at plan time.
    Exact,
    /// Counted on a sample of the table's rows.
    Sample,
    /// From histograms and frequent values of a sample.
    Histogram,
    /// From minima, maxima, nulls and distinct counts of segments.
    Segments,
    /// A guess without statistics.
    Guess,
}

/// How many rows an operator is expected to yield.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Rows.
    pub rows: f64,
    /// Why.
    pub source: EstimateSource,
}

/// How a scan finds its rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    /// All of the tree, blocks skipped by zone maps.
    Full,
    /// The key equals these constants, one a key column.
    KeyGet(Vec<Scalar>),
    /// Equal constants on a prefix of the key, then bounds on the next key column.
    KeyRange {
        /// Values of the prefix.
        prefix: Vec<Scalar>,
        /// Lower bound of the next column and whether it is inside.
        lower: Option<(Scalar, bool)>,
        /// Upper bound of the next column and whether it is inside.
        upper: Option<(Scalar, bool)>,
    },
}

/// A condition on one column that storage evaluates on encoded data and zone maps.
#[derive(Clone, Debug, PartialEq)]
pub enum ScanPredicate {
    /// The column compared with a constant of its type; never true of NULL.
    Compare {
        /// The column.
        column: ScanColumn,
        /// The operator, none of the DISTINCT ones.
        op: CompareOp,
        /// The constant: a literal, parameter or stable expression.
        value: Scalar,
    },
    /// The column is among constants of its type.
    In {
        /// The column.
        column: ScanColumn,
        /// The constants.
        values: Vec<Scalar>,
    },
    /// The column is NULL, or is not.
    Null {
        /// The column.
        column: ScanColumn,
        /// True for IS NOT NULL.
        negated: bool,
    },
}

/// A read of a table. Output: `columns` in order.
#[derive(Clone, Debug, PartialEq)]
pub struct PhysicalScan {
    /// The table.
    pub table: Arc<Table>,
    /// The name it has in the query.
    pub alias: String,
    /// What is read.
    pub columns: Vec<ScanColumn>,
    /// Which versions.
    pub temporal: TemporalRead,
    /// How.
    pub access: Access,
    /// What storage tests.
    pub predicates: Vec<ScanPredicate>,
    /// What is left to test on the decoded columns (slots of `columns`).
    pub residual: Vec<Scalar>,
}

/// An input of a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

/// A write. The input's slots are in the order that [`WriteAction`] names.
#[derive(Clone, Debug, PartialEq)]
pub struct PhysicalWrite {
    /// The table.
    pub table: Arc<Table>,
    /// What happens.
    pub action: WriteAction,
    /// CHECK constraints over the slots of the new row's columns, from 0.
    pub checks: Vec<(String, Scalar)>,
    /// Where the new row's values stand, a span a table column; row after row for a short VALUES.
    pub spans: Vec<Span>,
}

/// What NULL in a key of a join means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyNulls {
    /// It meets nothing: `=` of a condition.
    Never,
    /// It meets NULL: `IS NOT DISTINCT FROM`.
    Equal,
    /// Nobody knows whether it meets: `=` whose NULL a mark shows. Such keys stand alone.
    Unknown,
}

/// A key of a join.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinKey {
    /// An expression over left slots.
    pub left: Scalar,
    /// One over right slots, of the same type.
    pub right: Scalar,
    /// What NULL means.
    pub nulls: KeyNulls,
}

/// An operator and its inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Operator {
    /// A table's versions.
    Scan(PhysicalScan),
    /// A computed table; all its columns.
    SystemScan(SystemTable),
    /// Rows of constants.
    Values(Arc<Vec<Vec<Scalar>>>),
    /// Rows that the caller supplies while the plan runs.
    External,
    /// `generate_series`.
    GenerateSeries {
        /// First value.
        start: Scalar,
        /// Last value at most.
        stop: Scalar,
        /// Difference.
        step: Scalar,
    },
    /// Rows for which every predicate is true.
    Filter {
        /// Input.
        input: Box<Physical>,
        /// Conditions.
        predicates: Vec<Scalar>,
    },
    /// Expressions over the input's slots.
    Project {
        /// Input.
        input: Box<Physical>,
        /// One an output column.
        items: Vec<Scalar>,
    },
    /// Builds a hash table over one input, probes with the other. Output: left slots, right slots
    /// (only left for Semi and Anti, left and a BOOLEAN for Mark).
    HashJoin {
        /// How rows meet.
        kind: JoinKind,
        /// Left input.
        left: Box<Physical>,
        /// Right input.
        right: Box<Physical>,
        /// The input that the table holds; `Left` only for Semi and Anti.
        build: Side,
        /// Equal pairs.
        keys: Vec<JoinKey>,
        /// Further conditions over left slots, then right slots; three-valued for Mark.
        residual: Vec<Scalar>,
    },
    /// Every pair is tested. Output as of a hash join.
    NestedLoopJoin {
        /// How rows meet.
        kind: JoinKind,
        /// Outer side.
        left: Box<Physical>,
        /// Inner side, kept in memory.
        right: Box<Physical>,
        /// Conditions over left slots, then right slots.
        on: Vec<Scalar>,
    },
    /// Groups by hash. Output: groups, aggregates. No groups: one row.
    HashAggregate {
        /// Input.
        input: Box<Physical>,
        /// Group keys.
        groups: Vec<Scalar>,
        /// Aggregates; their arguments over the input's slots.
        aggregates: Vec<AggregateCall>,
    },
    /// Adds the calls' columns to the input's.
    Window {
        /// Input.
        input: Box<Physical>,
        /// PARTITION BY.
        partition: Vec<Scalar>,
        /// ORDER BY.
        order: Vec<SortKey>,
        /// Calls.
        calls: Vec<WindowCall>,
    },
    /// All rows in order.
    Sort {
        /// Input.
        input: Box<Physical>,
        /// Keys.
        keys: Vec<SortKey>,
    },
    /// The first rows in order: `limit + offset` kept, `offset` skipped.
    TopN {
        /// Input.
        input: Box<Physical>,
        /// Keys.
        keys: Vec<SortKey>,
        /// Most rows.
        limit: Scalar,
        /// Rows skipped.
        offset: Option<Scalar>,
    },
    /// Rows `[offset, offset + limit)`.
    Limit {
        /// Input.
        input: Box<Physical>,
        /// Most rows.
        limit: Option<Scalar>,
        /// Rows skipped.
        offset: Option<Scalar>,
    },
    /// All rows of all inputs, whose types are equal.
    UnionAll(Vec<Physical>),
    /// A write.
    Write {
        /// Input.
        input: Box<Physical>,
        /// What is written.
        write: PhysicalWrite,
    },
}

/// A node of the physical plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Physical {
    /// What it does.
    pub operator: Operator,
    /// The types of its slots.
    pub types: Vec<DataType>,
    /// The names of its slots, for EXPLAIN.
    pub names: Vec<String>,
    /// Expected rows.
    pub estimate: Estimate,
}

impl Physical {
    /// Returns the node's inputs.
    pub fn inputs(&self) -> Vec<&Physical> {
        match &self.operator {
            Operator::Scan(_)
            | Operator::SystemScan(_)
            | Operator::Values(_)
            | Operator::External
            | Operator::GenerateSeries { .. } => Vec::new(),
            Operator::Filter { input, .. }
            | Operator::Project { input, .. }
            | Operator::HashAggregate { input, .. }
            | Operator::Window { input, .. }
            | Operator::Sort { input, .. }
            | Operator::TopN { input, .. }
            | Operator::Limit { input, .. }
            | Operator::Write { input, .. } => vec![input],
            Operator::HashJoin { left, right, .. }
            | Operator::NestedLoopJoin { left, right, .. } => vec![left, right],
            Operator::UnionAll(inputs) => inputs.iter().collect(),
        }
    }
}
