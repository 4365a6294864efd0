//! What stands in FROM: tables, subqueries, functions and joins.
//!
//! Parentheses leave no node; a join as the right side of a join was in parentheses.

use diag::{Span, Spanned};

use super::{Call, ColumnDef, Expr, Name, ObjectName, Query, TemporalClause};

/// A source of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableRef {
    /// A table, a view or a common table expression.
    Table(NamedTable),
    /// `(SELECT …) alias`, `(VALUES …) alias`.
    Derived(Box<DerivedTable>),
    /// `generate_series(1, 3) alias`.
    Function(Box<FunctionTable>),
    /// Two sources joined.
    Join(Box<Join>),
}

impl TableRef {
    /// Returns its place.
    pub fn span(&self) -> Span {
        match self {
            TableRef::Table(table) => table.span,
            TableRef::Derived(derived) => derived.span,
            TableRef::Function(function) => function.span,
            TableRef::Join(join) => join.span,
        }
    }
}

node! {
    /// `name [temporal clauses] [AS alias [(columns)]]`.
    pub struct NamedTable {
        /// The name.
        pub name: ObjectName,
        /// The alias.
        pub alias: Option<TableAlias>,
        /// The clauses of this reference alone, before or after the alias.
        pub temporal: Vec<TemporalClause>,
    }
}

node! {
    /// `[LATERAL] (query) [alias] [temporal clauses]`.
    pub struct DerivedTable {
        /// Whether the query may name columns of the tables to its left.
        pub lateral: bool,
        /// The query.
        pub query: Query,
        /// The alias.
        pub alias: Option<TableAlias>,
        /// Clauses for every table of the query that has none of its own.
        pub temporal: Vec<TemporalClause>,
    }
}

node! {
    /// `[LATERAL] f(…) [WITH ORDINALITY] [alias [(columns)]]`.
    pub struct FunctionTable {
        /// Whether LATERAL stands before it; a function may name columns to its left anyway.
        pub lateral: bool,
        /// The call.
        pub call: Call,
        /// Whether a column with the row's number follows.
        pub ordinality: bool,
        /// The alias.
        pub alias: Option<TableAlias>,
        /// Columns with types, for functions that need them: `AS t (a INT, b TEXT)`.
        pub columns: Vec<ColumnDef>,
        /// Temporal clauses, for functions that read tables.
        pub temporal: Vec<TemporalClause>,
    }
}

/// `AS name [(columns)]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableAlias {
    /// The alias.
    pub name: Name,
    /// Names for the first columns.
    pub columns: Vec<Name>,
}

node! {
    /// `left [kind] JOIN right condition`.
    pub struct Join {
        /// Left side.
        pub left: TableRef,
        /// Right side.
        pub right: TableRef,
        /// Which rows without a partner stay.
        pub kind: Spanned<JoinKind>,
        /// Plain, ASOF or TEMPORAL.
        pub style: JoinStyle,
        /// What makes two rows partners.
        pub condition: JoinCondition,
    }
}

impl Join {
    /// Returns whether the join is neither ASOF nor TEMPORAL.
    pub fn is_plain(&self) -> bool {
        self.style == JoinStyle::Plain
    }
}

/// Which rows a join gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// Pairs.
    Inner,
    /// Pairs, and left rows without a partner.
    Left,
    /// Pairs, and right rows without a partner.
    Right,
    /// Pairs, and rows of both sides without a partner.
    Full,
    /// All pairs.
    Cross,
    /// Left rows with a partner.
    Semi,
    /// Left rows without a partner.
    Anti,
}

/// How partners are found in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinStyle {
    /// By the condition alone.
    Plain,
    /// `ASOF`: the nearest earlier partner.
    AsOf,
    /// `TEMPORAL`: overlapping periods.
    Temporal,
}

/// The condition of a join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinCondition {
    /// None: a cross join.
    None,
    /// `NATURAL`: all columns of equal name.
    Natural,
    /// `ON x`.
    On(Expr),
    /// `USING (a, b)`.
    Using(Vec<Name>),
    /// `ON x USING PERIOD p`.
    OnPeriod {
        /// The condition.
        on: Expr,
        /// The period of both sides.
        period: Name,
    },
}
