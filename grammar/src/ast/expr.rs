//! Expressions. Operators with a list of operands (AND, OR) are flat; all else is a tree.
//!
//! Special call syntax becomes an ordinary [`Call`], with PostgreSQL's names and argument order:
//!
//! | text | call |
//! |---|---|
//! | `EXTRACT(year FROM x)` | `extract('year', x)` |
//! | `POSITION(a IN b)` | `position(b, a)`: the text first, then what is sought |
//! | `SUBSTRING(x FROM a FOR b)` | `substring(x, a, b)`; without `FROM`: `substring(x, 1, b)` |
//! | `OVERLAY(x PLACING y FROM a FOR b)` | `overlay(x, y, a, b)` |
//! | `TRIM(BOTH y FROM x)`, `LEADING`, `TRAILING` | `btrim(x, y)`, `ltrim`, `rtrim` |
//! | `TRIM(x)` | `btrim(x)` |
//! | `CURRENT_TIMESTAMP` and its kin | `current_timestamp()` |
//! | `COALESCE`, `NULLIF`, `GREATEST`, `IF`, `ROLLUP`, `CUBE`, `PERIOD(a, b)` | calls by these names |

use diag::Spanned;

use super::{Name, ObjectName, OrderItem, Query, TypeName};

/// An expression and its place.
pub type Expr = Spanned<ExprKind>;

/// What an expression is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExprKind {
    /// A constant.
    Literal(Literal),
    /// `$1` or `?`.
    Parameter(Parameter),
    /// A column, possibly qualified, possibly with a path into a document: `a`, `t.a`, `doc.a.b`.
    Column(Vec<Name>),
    /// A sign or another prefix operator.
    Unary {
        /// The operator.
        op: Spanned<UnaryOp>,
        /// What it applies to.
        operand: Box<Expr>,
    },
    /// An infix operator with two operands.
    Binary {
        /// The operator.
        op: Spanned<BinaryOp>,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// Two or more operands of AND; none of them is itself an AND.
    And(Vec<Expr>),
    /// Two or more operands of OR; none of them is itself an OR.
    Or(Vec<Expr>),
    /// `NOT x`.
    Not(Box<Expr>),
    /// `x IS [NOT] NULL | TRUE | FALSE | UNKNOWN`.
    Is {
        /// What is tested.
        operand: Box<Expr>,
        /// The test.
        test: IsTest,
        /// Whether NOT stands before it.
        negated: bool,
    },
    /// `x IS [NOT] DISTINCT FROM y`.
    IsDistinct {
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
        /// True for IS NOT DISTINCT FROM.
        negated: bool,
    },
    /// `x [NOT] BETWEEN [SYMMETRIC] low AND high`.
    Between {
        /// What is tested.
        operand: Box<Expr>,
        /// Lower bound.
        low: Box<Expr>,
        /// Upper bound.
        high: Box<Expr>,
        /// Whether the bounds may stand in either order.
        symmetric: bool,
        /// Whether NOT stands before it.
        negated: bool,
    },
    /// `x [NOT] LIKE | ILIKE | SIMILAR TO pattern [ESCAPE e]`.
    Like {
        /// Which of the three.
        kind: LikeKind,
        /// What is tested.
        operand: Box<Expr>,
        /// The pattern.
        pattern: Box<Expr>,
        /// The escape character.
        escape: Option<Box<Expr>>,
        /// Whether NOT stands before it.
        negated: bool,
    },
    /// `x [NOT] IN (a, b, …)`.
    InList {
        /// What is sought.
        operand: Box<Expr>,
        /// One or more candidates.
        list: Vec<Expr>,
        /// Whether NOT stands before it.
        negated: bool,
    },
    /// `x [NOT] IN (SELECT …)`.
    InQuery {
        /// What is sought; a row value for several columns.
        operand: Box<Expr>,
        /// The candidates.
        query: Box<Query>,
        /// Whether NOT stands before it.
        negated: bool,
    },
    /// `EXISTS (SELECT …)`.
    Exists(Box<Query>),
    /// A scalar subquery.
    Subquery(Box<Query>),
    /// `x op ANY (SELECT …)`, `x op ALL (SELECT …)`.
    QuantifiedQuery {
        /// Left operand.
        operand: Box<Expr>,
        /// A comparison.
        op: Spanned<BinaryOp>,
        /// ANY or ALL.
        quantifier: Quantifier,
        /// The right operands.
        query: Box<Query>,
    },
    /// `x op ANY (array)`, `x op ALL (array)`.
    QuantifiedArray {
        /// Left operand.
        operand: Box<Expr>,
        /// A comparison.
        op: Spanned<BinaryOp>,
        /// ANY or ALL.
        quantifier: Quantifier,
        /// The array of right operands.
        array: Box<Expr>,
    },
    /// `CASE [x] WHEN … THEN … [ELSE …] END`.
    Case {
        /// The value that is compared with each WHEN, if there is one.
        operand: Option<Box<Expr>>,
        /// One or more arms.
        arms: Vec<CaseArm>,
        /// The ELSE value.
        otherwise: Option<Box<Expr>>,
    },
    /// `CAST(x AS t)`, `x::t`, `TRY_CAST(x AS t)`.
    Cast {
        /// What is converted.
        operand: Box<Expr>,
        /// The type wanted.
        target: Box<TypeName>,
        /// Whether a failure gives NULL.
        or_null: bool,
    },
    /// A function call, also of an aggregate or window function.
    Call(Box<Call>),
    /// `x COLLATE c`.
    Collate {
        /// The text.
        operand: Box<Expr>,
        /// The collation.
        collation: ObjectName,
    },
    /// `x AT TIME ZONE zone`; `AT LOCAL` has no zone.
    AtTimeZone {
        /// The time.
        operand: Box<Expr>,
        /// The zone.
        zone: Option<Box<Expr>>,
    },
    /// `(a, b)`, `ROW(a)`.
    Row(Vec<Expr>),
    /// `ARRAY[a, b]`; inside another array also `[a, b]`.
    Array(Vec<Expr>),
    /// `ARRAY(SELECT …)`.
    ArrayQuery(Box<Query>),
    /// `x[i]`.
    Subscript {
        /// The array or document.
        operand: Box<Expr>,
        /// The index.
        index: Box<Expr>,
    },
    /// `x[from:to]`.
    Slice {
        /// The array.
        operand: Box<Expr>,
        /// First index, if given.
        from: Option<Box<Expr>>,
        /// Last index, if given.
        to: Option<Box<Expr>>,
    },
    /// `(x).name`: a field of a value that is not a plain name.
    Field {
        /// The value.
        operand: Box<Expr>,
        /// The field.
        name: Name,
    },
    /// `DEFAULT` as a value in VALUES and SET.
    Default,
    /// A place that could not be read; never in a tree that `parse` returns without an error.
    Error,
}

/// A constant as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `NULL`.
    Null,
    /// `TRUE`, `FALSE`.
    Boolean(bool),
    /// A whole number that fits; the sign is an operator of its own.
    Integer(u64),
    /// Any other number: digits with point or exponent, or too large for [`Literal::Integer`].
    Decimal(String),
    /// A string with its escapes resolved.
    String(String),
    /// `X'1f'`.
    Blob(Vec<u8>),
    /// `DATE '…'`, `INTERVAL '…' DAY`, `UUID '…'`.
    Typed(Box<TypedLiteral>),
}

/// A constant that names its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedLiteral {
    /// The type's name in lower case: `date`, `time`, `timestamp`, `timestamptz`, `timetz`,
    /// `interval`, `uuid`, `json`, `jsonb`.
    pub type_name: Name,
    /// The text between the quotes, escapes resolved.
    pub text: Spanned<String>,
    /// The unit after an interval, in lower case: `day` in `INTERVAL '1' DAY`.
    pub unit: Option<Name>,
    /// The last unit of a range: `second` in `INTERVAL '…' HOUR TO SECOND`.
    pub last_unit: Option<Name>,
}

/// A value given at execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `$n`, from 1.
    Numbered(u32),
    /// `?`; the number counts the question marks of the statement from 1.
    Positional(u32),
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `+x`.
    Plus,
    /// `-x`.
    Minus,
    /// `~x`.
    BitNot,
}

/// Infix operators with two plain operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`.
    Modulo,
    /// `^`.
    Power,
    /// `||`.
    Concat,
    /// `&`.
    BitAnd,
    /// `|`.
    BitOr,
    /// `#`.
    BitXor,
    /// `<<`.
    ShiftLeft,
    /// `>>`.
    ShiftRight,
    /// `=`, `==`.
    Equal,
    /// `<>`, `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `~`.
    Matches,
    /// `~*`.
    MatchesNoCase,
    /// `!~`.
    NotMatches,
    /// `!~*`.
    NotMatchesNoCase,
    /// `->`.
    JsonGet,
    /// `->>`.
    JsonGetText,
    /// `#>`.
    JsonPath,
    /// `#>>`.
    JsonPathText,
    /// `@>`.
    Contains,
    /// `<@`.
    ContainedBy,
    /// `&&`.
    Overlap,
    /// `<->`.
    Distance,
    /// `<=>`.
    CosineDistance,
    /// `<#>`.
    InnerProduct,
    /// `OVERLAPS`.
    PeriodOverlaps,
    /// `CONTAINS`.
    PeriodContains,
    /// `EQUALS`.
    PeriodEquals,
    /// `PRECEDES`.
    PeriodPrecedes,
    /// `SUCCEEDS`.
    PeriodSucceeds,
    /// `IMMEDIATELY PRECEDES`.
    PeriodImmediatelyPrecedes,
    /// `IMMEDIATELY SUCCEEDS`.
    PeriodImmediatelySucceeds,
}

/// What `IS` asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IsTest {
    /// `IS NULL`, `ISNULL`; negated also `NOTNULL`.
    Null,
    /// `IS TRUE`.
    True,
    /// `IS FALSE`.
    False,
    /// `IS UNKNOWN`.
    Unknown,
}

/// The pattern languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LikeKind {
    /// `LIKE`.
    Like,
    /// `ILIKE`.
    ILike,
    /// `SIMILAR TO`.
    SimilarTo,
}

/// How many of the right operands must compare true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// `ANY`, `SOME`.
    Any,
    /// `ALL`.
    All,
}

/// `WHEN condition THEN value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseArm {
    /// The condition, or the value to compare with.
    pub when: Expr,
    /// The result.
    pub then: Expr,
}

/// A function call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The function's name in lower case unless quoted.
    pub name: ObjectName,
    /// The arguments; empty when `star`.
    pub args: Vec<Expr>,
    /// `name => value`, after the others.
    pub named_args: Vec<(Name, Expr)>,
    /// `count(*)`.
    pub star: bool,
    /// `f(DISTINCT x)`.
    pub distinct: bool,
    /// `f(x ORDER BY y)`, or the order of `WITHIN GROUP`.
    pub order_by: Vec<OrderItem>,
    /// Whether the order came by `WITHIN GROUP (ORDER BY …)`.
    pub within_group: bool,
    /// `FILTER (WHERE x)`.
    pub filter: Option<Expr>,
    /// `IGNORE NULLS` (true), `RESPECT NULLS` (false).
    pub ignore_nulls: Option<bool>,
    /// `OVER …`.
    pub over: Option<WindowRef>,
}

/// What stands after `OVER`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowRef {
    /// `OVER w`.
    Named(Name),
    /// `OVER (…)`.
    Inline(WindowSpec),
}

node! {
    /// `([base] PARTITION BY … ORDER BY … frame)`.
    pub struct WindowSpec {
        /// A window of the WINDOW clause that this one extends.
        pub base: Option<Name>,
        /// The keys that rows are grouped by.
        pub partition_by: Vec<Expr>,
        /// The order inside a partition.
        pub order_by: Vec<OrderItem>,
        /// The frame; the default is the standard's.
        pub frame: Option<WindowFrame>,
    }
}

node! {
    /// `ROWS BETWEEN a AND b EXCLUDE c`.
    pub struct WindowFrame {
        /// What is counted.
        pub units: FrameUnits,
        /// Where the frame starts.
        pub start: FrameBound,
        /// Where it ends; `None` (no BETWEEN) is the current row.
        pub end: Option<FrameBound>,
        /// The rows taken out.
        pub exclude: Option<FrameExclusion>,
    }
}

/// What a frame's offsets count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameUnits {
    /// Rows.
    Rows,
    /// Values of the one ORDER BY key.
    Range,
    /// Groups of peers.
    Groups,
}

/// One end of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameBound {
    /// `UNBOUNDED PRECEDING`.
    UnboundedPreceding,
    /// `x PRECEDING`.
    Preceding(Box<Expr>),
    /// `CURRENT ROW`.
    CurrentRow,
    /// `x FOLLOWING`.
    Following(Box<Expr>),
    /// `UNBOUNDED FOLLOWING`.
    UnboundedFollowing,
}

/// `EXCLUDE …` of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameExclusion {
    /// `EXCLUDE CURRENT ROW`.
    CurrentRow,
    /// `EXCLUDE GROUP`.
    Group,
    /// `EXCLUDE TIES`.
    Ties,
    /// `EXCLUDE NO OTHERS`.
    NoOthers,
}
