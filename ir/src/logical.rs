//! The logical plan: what a query means, as a DAG of relational operators over column ids.
//!
//! A [`Column`] is made once, by the operator that computes it, and keeps its number through every
//! rewrite; [`Columns`] knows its name and type. An operator's output is a list of columns, so no
//! rule counts positions. Shared inputs (a CTE used twice) are one `Arc`.

use std::sync::Arc;

use diag::Span;
use types::DataType;

use crate::{
    AggregateFunction, Scalar, ScanColumn, Table, TemporalRead, ValidTime, WindowFunction,
    catalog::TableId,
};

/// A column of the query, unique within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Column(pub u32);

/// What a column is called and holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Its name, for people.
    pub name: String,
    /// Its type.
    pub ty: DataType,
}

/// All columns of one query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns(Vec<ColumnInfo>);

impl Columns {
    /// Makes a column.
    pub fn push(&mut self, name: impl Into<String>, ty: DataType) -> Column {
        let number = u32::try_from(self.0.len()).expect("a query has fewer than 2^32 columns");
        self.0.push(ColumnInfo { name: name.into(), ty });
        Column(number)
    }

    /// Gives a column another type: a bare string or NULL gets one when its neighbours are known.
    pub fn retype(&mut self, column: Column, ty: DataType) {
        self.0[column.0 as usize].ty = ty;
    }

    /// Returns what is known of a column.
    pub fn info(&self, column: Column) -> &ColumnInfo {
        &self.0[column.0 as usize]
    }

    /// Returns the type of a column.
    pub fn ty(&self, column: Column) -> DataType {
        self.info(column).ty
    }

    /// Returns a reference to `column`.
    pub fn scalar(&self, column: Column, span: Span) -> Scalar {
        Scalar::column(column, self.ty(column), span)
    }
}

/// A bound query or write.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The plan.
    pub root: Arc<Logical>,
    /// Its columns.
    pub columns: Columns,
    /// The columns of the result in order; empty for a write.
    pub output: Vec<OutputColumn>,
    /// The types of the parameters `$1…`, by number.
    pub parameters: Vec<DataType>,
}

/// A column of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputColumn {
    /// Which column.
    pub column: Column,
    /// What the user calls it.
    pub name: String,
}

/// How two inputs meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// Pairs that match; without a condition, all pairs.
    Inner,
    /// And each left row without a partner, its right side NULL.
    Left,
    /// And each right row without a partner, its left side NULL.
    Right,
    /// And both.
    Full,
    /// Left rows with a partner.
    Semi,
    /// Left rows without a partner.
    Anti,
    /// Left rows and this BOOLEAN: TRUE if the conditions are true of some pair, else NULL if they
    /// are NULL of some, else FALSE. So it is what `IN`, `ANY` and `EXISTS` give; a condition whose
    /// NULL means "no" stands under IS TRUE.
    Mark(Column),
    /// As `Left`, but a left row with two partners is an error: a scalar subquery.
    Single {
        /// Where the subquery stands.
        span: Span,
    },
}

impl JoinKind {
    /// Returns the columns of a join of inputs with these.
    pub fn columns(
        self,
        mut left: Vec<Column>,
        right: impl FnOnce() -> Vec<Column>,
    ) -> Vec<Column> {
        match self {
            JoinKind::Semi | JoinKind::Anti => {}
            JoinKind::Mark(mark) => left.push(mark),
            JoinKind::Inner
            | JoinKind::Left
            | JoinKind::Right
            | JoinKind::Full
            | JoinKind::Single { .. } => left.extend(right()),
        }
        left
    }
}

/// A read of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The table as of the read's commit.
    pub table: Arc<Table>,
    /// What is read, and the query column that it becomes.
    pub columns: Vec<(Column, ScanColumn)>,
    /// Which versions.
    pub temporal: TemporalRead,
    /// Conditions pushed into the scan, all of which must be true.
    pub predicates: Vec<Scalar>,
}

/// A table that the engine computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SystemTable {
    /// `system.commits`: commit_id BIGINT, commit_time TIMESTAMP, user TEXT, application TEXT,
    /// kinds TEXT, rows BIGINT, message TEXT; in order of commit_id.
    Commits,
}

/// A join.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// How rows meet.
    pub kind: JoinKind,
    /// Left input.
    pub left: Arc<Logical>,
    /// Right input.
    pub right: Arc<Logical>,
    /// Conditions, all of which must be true.
    pub on: Vec<Scalar>,
}

/// One aggregate of an aggregation.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregateCall {
    /// The function.
    pub function: AggregateFunction,
    /// Its arguments.
    pub args: Vec<Scalar>,
    /// True for `DISTINCT`.
    pub distinct: bool,
    /// `FILTER (WHERE …)`.
    pub filter: Option<Scalar>,
    /// `ORDER BY` inside the call.
    pub order: Vec<SortKey>,
    /// The type of the result.
    pub ty: DataType,
    /// Where it stands.
    pub span: Span,
}

/// One window function of a window operator.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowCall {
    /// The function.
    pub function: WindowFunction,
    /// Its arguments.
    pub args: Vec<Scalar>,
    /// The type of the result.
    pub ty: DataType,
    /// Where it stands.
    pub span: Span,
}

/// One key of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// What is compared.
    pub scalar: Scalar,
    /// True for DESC.
    pub descending: bool,
    /// True for NULLS FIRST. The default is NULLS LAST ascending and FIRST descending.
    pub nulls_first: bool,
}

/// What a write does with its input rows.
#[derive(Clone, Debug, PartialEq)]
pub enum WriteAction {
    /// Input: every column of the table in order, then valid_from and valid_to (TIMESTAMP).
    Insert {
        /// True if a live key is replaced and not an error: JSON-document tables.
        upsert: bool,
    },
    /// Input: the old row's key columns in key order, its commit_from (BIGINT) and valid_from
    /// (TIMESTAMP); then every column of the new row, then its valid_from and valid_to.
    Update {
        /// `FOR PORTION OF`: the changed part; leftovers keep the old row. The old row's columns
        /// and valid_to follow the new row's in the input.
        portion: Option<ValidTime>,
    },
    /// Input: the old row's key columns in key order, its commit_from and valid_from.
    Delete {
        /// `FOR PORTION OF`: the part deleted; the old row's columns and valid_to follow, and the
        /// checks are those of what stays of it.
        portion: Option<ValidTime>,
    },
}

/// A write to a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The table.
    pub table: Arc<Table>,
    /// What happens.
    pub action: WriteAction,
    /// The rows.
    pub input: Arc<Logical>,
    /// The input's columns in the order that the action names.
    pub columns: Vec<Column>,
    /// CHECK constraints, over the columns of the new row: name and condition. NULL passes.
    pub checks: Vec<(String, Scalar)>,
    /// Where the new row's values stand, a span a table column; row after row for a short VALUES.
    pub spans: Vec<Span>,
}

/// A relational operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Logical {
    /// A table's versions.
    Scan(Scan),
    /// A computed table.
    SystemScan {
        /// Which.
        table: SystemTable,
        /// All its columns, in its order.
        columns: Vec<Column>,
    },
    /// Rows of expressions without columns. No columns and one row is the input of `SELECT 1`.
    Values {
        /// The rows, shared with the physical plan: an INSERT may have very many.
        rows: Arc<Vec<Vec<Scalar>>>,
        /// The columns.
        columns: Vec<Column>,
    },
    /// `generate_series(start, stop [, step])`, bounds included. BIGINT, or TIMESTAMP and INTERVAL.
    GenerateSeries {
        /// First value.
        start: Scalar,
        /// Last value at most.
        stop: Scalar,
        /// Difference; not zero.
        step: Scalar,
        /// The column.
        column: Column,
    },
    /// Rows that the caller supplies while the plan runs: COPY FROM.
    External {
        /// The columns.
        columns: Vec<Column>,
    },
    /// Rows for which every predicate is true.
    Filter {
        /// Input.
        input: Arc<Logical>,
        /// Conditions.
        predicates: Vec<Scalar>,
    },
    /// New columns; others that pass through are items too.
    Project {
        /// Input.
        input: Arc<Logical>,
        /// Column and the expression that computes it (the column itself if it passes through).
        items: Vec<(Column, Scalar)>,
    },
    /// A join.
    Join(Join),
    /// A join whose right input may read columns of the left one, which it is evaluated for row by
    /// row: what a subquery means (Neumann and Kemper 2015). None is left when a plan is run.
    DependentJoin(Join),
    /// Groups and aggregates. Without groups, one row even for no input.
    Aggregate {
        /// Input.
        input: Arc<Logical>,
        /// Group keys.
        groups: Vec<(Column, Scalar)>,
        /// Aggregates.
        aggregates: Vec<(Column, AggregateCall)>,
    },
    /// Adds columns computed over partitions. Calls share partition and order.
    Window {
        /// Input; all its columns pass through.
        input: Arc<Logical>,
        /// PARTITION BY.
        partition: Vec<Scalar>,
        /// ORDER BY.
        order: Vec<SortKey>,
        /// Calls.
        calls: Vec<(Column, WindowCall)>,
    },
    /// Rows in order.
    Sort {
        /// Input.
        input: Arc<Logical>,
        /// Keys, first first.
        keys: Vec<SortKey>,
    },
    /// Rows `[offset, offset + limit)`. Both constant BIGINT; NULL is no limit.
    Limit {
        /// Input.
        input: Arc<Logical>,
        /// Most rows.
        limit: Option<Scalar>,
        /// Rows skipped.
        offset: Option<Scalar>,
    },
    /// Each distinct row of its columns once.
    Distinct {
        /// Input.
        input: Arc<Logical>,
    },
    /// All rows of all inputs.
    UnionAll {
        /// Inputs and, for each, its columns in the order of `columns`.
        inputs: Vec<(Arc<Logical>, Vec<Column>)>,
        /// The columns.
        columns: Vec<Column>,
    },
    /// A write; no columns, the rows affected are its result.
    Write(Write),
}

impl Logical {
    /// Returns the operator's inputs.
    pub fn inputs(&self) -> Vec<&Arc<Logical>> {
        match self {
            Logical::Scan(_)
            | Logical::SystemScan { .. }
            | Logical::Values { .. }
            | Logical::External { .. }
            | Logical::GenerateSeries { .. } => Vec::new(),
            Logical::Filter { input, .. }
            | Logical::Project { input, .. }
            | Logical::Aggregate { input, .. }
            | Logical::Window { input, .. }
            | Logical::Sort { input, .. }
            | Logical::Limit { input, .. }
            | Logical::Distinct { input } => vec![input],
            Logical::Join(join) | Logical::DependentJoin(join) => vec![&join.left, &join.right],
            Logical::UnionAll { inputs, .. } => inputs.iter().map(|(input, _)| input).collect(),
            Logical::Write(write) => vec![&write.input],
        }
    }

    /// Returns the operator's output columns in order.
    pub fn columns(&self) -> Vec<Column> {
        match self {
            Logical::Scan(scan) => scan.columns.iter().map(|(column, _)| *column).collect(),
            Logical::SystemScan { columns, .. }
            | Logical::Values { columns, .. }
            | Logical::External { columns }
            | Logical::UnionAll { columns, .. } => columns.clone(),
            Logical::GenerateSeries { column, .. } => vec![*column],
            Logical::Filter { input, .. }
            | Logical::Sort { input, .. }
            | Logical::Limit { input, .. }
            | Logical::Distinct { input } => input.columns(),
            Logical::Project { items, .. } => items.iter().map(|(column, _)| *column).collect(),
            Logical::Join(join) | Logical::DependentJoin(join) => {
                join.kind.columns(join.left.columns(), || join.right.columns())
            }
            Logical::Aggregate { groups, aggregates, .. } => {
                let groups = groups.iter().map(|(column, _)| *column);
                groups.chain(aggregates.iter().map(|(column, _)| *column)).collect()
            }
            Logical::Window { input, calls, .. } => {
                let mut columns = input.columns();
                columns.extend(calls.iter().map(|(column, _)| *column));
                columns
            }
            Logical::Write(_) => Vec::new(),
        }
    }

    /// Returns the table that a write changes.
    pub fn written_table(&self) -> Option<TableId> {
        match self {
            Logical::Write(write) => Some(write.table.id),
            _ => None,
        }
    }
}
