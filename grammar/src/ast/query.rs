//! Queries: WITH, SELECT, VALUES, set operations, ORDER BY, LIMIT.

use diag::{Span, Spanned};

use super::{Expr, Name, ObjectName, TableRef, TemporalClause, WindowSpec};

node! {
    /// `[WITH …] body [ORDER BY …] [LIMIT …] [temporal clauses]`.
    pub struct Query {
        /// Common table expressions.
        pub with: Option<With>,
        /// What is computed.
        pub body: QueryBody,
        /// The order of the whole result.
        pub order_by: Vec<OrderItem>,
        /// `LIMIT`, `FETCH FIRST`.
        pub limit: Option<Limit>,
        /// `OFFSET`.
        pub offset: Option<Expr>,
        /// Temporal clauses after ORDER BY or LIMIT: they hold for all arms of the body.
        pub temporal: Vec<TemporalClause>,
        /// `FOR UPDATE`, `FOR SHARE`: where it stands.
        pub lock: Option<Spanned<()>>,
    }
}

/// The part of a query that makes rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryBody {
    /// `SELECT …`, `FROM …`.
    Select(Box<Select>),
    /// `VALUES (…), (…)`.
    Values(Values),
    /// A query in parentheses that has clauses of its own.
    Nested(Box<Query>),
    /// Set operations of one precedence, taken from left to right: `first op arm op arm …`.
    ///
    /// INTERSECT binds tighter than UNION and EXCEPT, which bind alike.
    SetChain {
        /// The leftmost arm.
        first: Box<QueryBody>,
        /// One or more further arms.
        rest: Vec<SetArm>,
    },
}

node! {
    /// `UNION ALL body`.
    pub struct SetArm {
        /// The operation.
        pub op: SetOp,
        /// Whether duplicates stay.
        pub all: bool,
        /// The right side.
        pub body: QueryBody,
    }
}

/// Set operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetOp {
    /// `UNION`.
    Union,
    /// `INTERSECT`.
    Intersect,
    /// `EXCEPT`.
    Except,
}

node! {
    /// `VALUES (…), (…)`: one or more rows, whose lengths are checked by the binder.
    pub struct Values {
        /// The rows; only an INSERT's may hold `DEFAULT`.
        pub rows: Vec<Vec<Expr>>,
    }
}

node! {
    /// One SELECT without ORDER BY and LIMIT.
    pub struct Select {
        /// `DISTINCT`, `DISTINCT ON (…)`.
        pub distinct: Option<Distinct>,
        /// The select list; `FROM t` alone has one plain `*`.
        pub items: Vec<SelectItem>,
        /// The tables, joined by comma.
        pub from: Vec<TableRef>,
        /// Temporal clauses of the SELECT as a whole: after WHERE, GROUP BY, HAVING or a join's ON.
        pub temporal: Vec<TemporalClause>,
        /// `WHERE`.
        pub filter: Option<Expr>,
        /// `GROUP BY`.
        pub group_by: Option<GroupBy>,
        /// `HAVING`.
        pub having: Option<Expr>,
        /// `WINDOW w AS (…)`.
        pub windows: Vec<NamedWindow>,
        /// `QUALIFY`.
        pub qualify: Option<Expr>,
    }
}

/// `DISTINCT` and what it compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distinct {
    /// All columns of the result.
    All,
    /// `DISTINCT ON (…)`.
    On(Vec<Expr>),
}

/// One item of a select list or of RETURNING.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectItem {
    /// An expression with or without an alias.
    Expr {
        /// The expression.
        expr: Expr,
        /// `AS alias`.
        alias: Option<Name>,
    },
    /// `*`, `t.*`.
    Wildcard(Box<Wildcard>),
}

node! {
    /// `[t.]* [EXCLUDE (…)] [REPLACE (…)]`.
    pub struct Wildcard {
        /// The table whose columns are meant; all tables without one.
        pub qualifier: Option<ObjectName>,
        /// Columns left out.
        pub exclude: Vec<Name>,
        /// Columns computed anew: the expression and the column's name.
        pub replace: Vec<(Expr, Name)>,
    }
}

/// `GROUP BY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// `GROUP BY ALL`: every item of the select list without an aggregate.
    All(Spanned<()>),
    /// The keys.
    Items(Vec<GroupItem>),
}

/// One key of GROUP BY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupItem {
    /// An expression, an ordinal, an alias, or `ROLLUP(…)` and `CUBE(…)` as calls.
    Expr(Expr),
    /// `GROUPING SETS (…)`; a set of several columns is a row value, `()` an empty one.
    GroupingSets(Vec<Expr>),
}

node! {
    /// `WINDOW name AS (…)`.
    pub struct NamedWindow {
        /// The window's name.
        pub name: Name,
        /// The window.
        pub window: WindowSpec,
    }
}

node! {
    /// `x [ASC | DESC] [NULLS FIRST | LAST]`.
    pub struct OrderItem {
        /// The key: an expression, an ordinal or an alias.
        pub expr: Expr,
        /// Whether DESC stands after it.
        pub descending: bool,
        /// `NULLS FIRST` (true), `NULLS LAST` (false); NULLs are the largest values without one.
        pub nulls_first: Option<bool>,
    }
}

/// `LIMIT` or `FETCH FIRST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// `LIMIT n`, `FETCH FIRST n ROWS ONLY`.
    Rows(Expr),
    /// `LIMIT ALL`, `LIMIT NULL`.
    All,
    /// `FETCH FIRST n ROWS WITH TIES`.
    WithTies(Expr),
}

impl Limit {
    /// Returns the place of the number of rows.
    pub fn span(&self) -> Span {
        match self {
            Limit::Rows(rows) | Limit::WithTies(rows) => rows.span,
            Limit::All => Span::NONE,
        }
    }
}

node! {
    /// `WITH [RECURSIVE] …`.
    pub struct With {
        /// Whether a member may name itself.
        pub recursive: bool,
        /// The members, at least one.
        pub ctes: Vec<Cte>,
    }
}

node! {
    /// `name [(columns)] AS [[NOT] MATERIALIZED] (query)`.
    pub struct Cte {
        /// The name.
        pub name: Name,
        /// Names for the columns.
        pub columns: Vec<Name>,
        /// `MATERIALIZED` (true), `NOT MATERIALIZED` (false).
        pub materialized: Option<bool>,
        /// The query.
        pub query: Box<Query>,
    }
}
