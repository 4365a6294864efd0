//! Statements that change rows.

use super::{Expr, Name, ObjectName, Query, SelectItem, TableAlias, TableRef, With};

node! {
    /// `INSERT INTO t …`.
    pub struct Insert {
        /// Common table expressions.
        pub with: Option<With>,
        /// The table.
        pub table: ObjectName,
        /// `AS alias`, for ON CONFLICT.
        pub alias: Option<Name>,
        /// The columns given; empty means all in their order.
        pub columns: Vec<Name>,
        /// The rows.
        pub source: InsertSource,
        /// `VALID FROM a TO b`.
        pub valid: Option<ValidPeriod>,
        /// `ON CONFLICT …`.
        pub on_conflict: Option<OnConflict>,
        /// `RETURNING …`.
        pub returning: Vec<SelectItem>,
    }
}

/// Where inserted rows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InsertSource {
    /// `VALUES …`, whose items may be `DEFAULT`, or any other query.
    Query(Box<Query>),
    /// `DEFAULT VALUES`.
    DefaultValues,
}

node! {
    /// `VALID FROM a TO b`.
    pub struct ValidPeriod {
        /// From when the facts are true.
        pub from: Expr,
        /// Until when.
        pub to: Expr,
    }
}

node! {
    /// `ON CONFLICT [target] DO …`.
    pub struct OnConflict {
        /// The key meant; any key without one.
        pub target: Option<ConflictTarget>,
        /// What to do.
        pub action: ConflictAction,
    }
}

/// The key whose conflict is handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConflictTarget {
    /// `(a, b)`.
    Columns(Vec<Name>),
    /// `ON CONSTRAINT name`.
    Constraint(Name),
}

/// What a conflict leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConflictAction {
    /// `DO NOTHING`.
    Nothing,
    /// `DO UPDATE SET …`.
    Update {
        /// The new values.
        assignments: Vec<Assignment>,
        /// `WHERE`: which rows are changed.
        filter: Option<Expr>,
    },
}

node! {
    /// `target = value`.
    pub struct Assignment {
        /// What is set.
        pub target: SetTarget,
        /// The value; a row value or subquery for several columns.
        pub value: Expr,
    }
}

/// The left side of an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetTarget {
    /// `a`, or a path into a document: `doc.a.b`.
    Column(Vec<Name>),
    /// `(a, b)`.
    Columns(Vec<Name>),
}

node! {
    /// `FOR PORTION OF period FROM a TO b`.
    pub struct Portion {
        /// The period; `valid_time` and `application_time` always exist.
        pub period: Name,
        /// Start of the portion.
        pub from: Expr,
        /// End of the portion.
        pub to: Expr,
    }
}

node! {
    /// `UPDATE t …`.
    pub struct Update {
        /// Common table expressions.
        pub with: Option<With>,
        /// The table.
        pub table: ObjectName,
        /// Its alias.
        pub alias: Option<TableAlias>,
        /// `FOR PORTION OF …`.
        pub portion: Option<Portion>,
        /// `SET …`, at least one.
        pub assignments: Vec<Assignment>,
        /// `FROM …`.
        pub from: Vec<TableRef>,
        /// `WHERE`.
        pub filter: Option<Expr>,
        /// `RETURNING …`.
        pub returning: Vec<SelectItem>,
    }
}

node! {
    /// `DELETE FROM t …`.
    pub struct Delete {
        /// Common table expressions.
        pub with: Option<With>,
        /// The table.
        pub table: ObjectName,
        /// Its alias.
        pub alias: Option<TableAlias>,
        /// `FOR PORTION OF …`.
        pub portion: Option<Portion>,
        /// `USING …`.
        pub using: Vec<TableRef>,
        /// `WHERE`.
        pub filter: Option<Expr>,
        /// `RETURNING …`.
        pub returning: Vec<SelectItem>,
    }
}
