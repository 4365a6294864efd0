//! The syntax tree: what a statement says, word for word, with nothing looked up.
//!
//! Every node that a diagnostic may point at carries a [`Span`]; equality and `Debug` leave spans
//! out, so two trees are equal when they mean the same text. The depth of a tree is bounded by
//! [`crate::DEPTH_MAX`] (the parser refuses deeper text), so recursive visitors, `Clone`, `Drop`
//! and `Debug` need a small stack only. AND, OR and set operations are lists, never chains.
//!
//! Reading order: [`Statement`], [`Query`], [`Expr`], [`TableRef`], [`TemporalClause`].

use std::fmt;

use diag::{Span, Spanned};

/// Declares a node: a struct with a span that takes no part in equality and `Debug`.
macro_rules! node {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            /// Where it stands.
            pub span: ::diag::Span,
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                true $(&& self.$field == other.$field)*
            }
        }

        impl Eq for $name {}

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($name))$(.field(stringify!($field), &self.$field))*.finish()
            }
        }
    };
}

mod change;
mod define;
mod expr;
mod query;
mod session;
mod table;
mod temporal;

pub use change::{
    Assignment, ConflictAction, ConflictTarget, Delete, Insert, InsertSource, OnConflict, Portion,
    SetTarget, Update, ValidPeriod,
};
pub use define::{
    AlterAction, AlterTable, ColumnConstraint, ColumnConstraintKind, ColumnDef, CreateIndex,
    CreateTable, CreateView, Drop, IndexColumn, KeyColumns, ObjectKind, PeriodDef, References,
    TableConstraint, TableConstraintKind, TableElement, TypeName,
};
pub use expr::{
    BinaryOp, Call, CaseArm, Expr, ExprKind, FrameBound, FrameExclusion, FrameUnits, IsTest,
    LikeKind, Literal, Parameter, Quantifier, TypedLiteral, UnaryOp, WindowFrame, WindowRef,
    WindowSpec,
};
pub use query::{
    Cte, Distinct, GroupBy, GroupItem, Limit, NamedWindow, OrderItem, Query, QueryBody, Select,
    SelectItem, SetArm, SetOp, Values, Wildcard, With,
};
pub use session::{
    Begin, Comment, Copy, CopyDirection, CopySource, CopyTarget, Deallocate, Describe, Execute,
    Explain, NotBuilt, OptionItem, OptionValue, Prepare, Rollback, Set, SetValue, Show, Vacuum,
};
pub use table::{
    DerivedTable, FunctionTable, Join, JoinCondition, JoinKind, JoinStyle, NamedTable, TableAlias,
    TableRef,
};
pub use temporal::{Dimension, TemporalClause, TemporalRange};

/// A name, folded to lower case unless it was quoted.
pub type Name = Spanned<String>;

/// A name of one or more parts: `t`, `schema.t`.
#[derive(Clone, PartialEq, Eq)]
pub struct ObjectName {
    /// The parts from left to right; never empty.
    pub parts: Vec<Name>,
}

impl ObjectName {
    /// Returns the last part: the object's own name.
    pub fn last(&self) -> &Name {
        self.parts.last().expect("the grammar gives every name a part")
    }

    /// Returns the place of the whole name.
    pub fn span(&self) -> Span {
        self.parts.iter().fold(Span::NONE, |all, part| all.to(part.span))
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.parts).finish()
    }
}

/// A statement and its place; the place starts at its first token and ends with its last.
pub type Statement = Spanned<StatementKind>;

/// One statement of the dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// `SELECT`, `VALUES`, `FROM t`, `WITH …` and set operations.
    Query(Box<Query>),
    /// `INSERT`.
    Insert(Box<Insert>),
    /// `UPDATE`.
    Update(Box<Update>),
    /// `DELETE`.
    Delete(Box<Delete>),
    /// `CREATE TABLE`, also from a query.
    CreateTable(Box<CreateTable>),
    /// `CREATE VIEW`.
    CreateView(Box<CreateView>),
    /// `CREATE INDEX`.
    CreateIndex(Box<CreateIndex>),
    /// `ALTER TABLE`.
    AlterTable(Box<AlterTable>),
    /// `DROP TABLE | VIEW | INDEX | SCHEMA`.
    Drop(Drop),
    /// `TRUNCATE`: the tables.
    Truncate(Vec<ObjectName>),
    /// `BEGIN`, `START TRANSACTION`.
    Begin(Begin),
    /// `COMMIT`, `END`.
    Commit,
    /// `ROLLBACK`, `ABORT`, `ROLLBACK TO`.
    Rollback(Rollback),
    /// `SAVEPOINT name`.
    Savepoint(Name),
    /// `RELEASE [SAVEPOINT] name`.
    Release(Name),
    /// `EXPLAIN`.
    Explain(Box<Explain>),
    /// `SET name = value`.
    Set(Set),
    /// `RESET name`; `None` is `RESET ALL`.
    Reset(Option<ObjectName>),
    /// `SHOW …`.
    Show(Show),
    /// `VACUUM`.
    Vacuum(Vacuum),
    /// `ANALYZE [table]`.
    Analyze(Option<ObjectName>),
    /// `COPY`.
    Copy(Box<Copy>),
    /// `PREPARE name AS statement`.
    Prepare(Box<Prepare>),
    /// `EXECUTE name (arguments)`.
    Execute(Execute),
    /// `DEALLOCATE`.
    Deallocate(Deallocate),
    /// `DESCRIBE t`, `DESCRIBE SELECT …`.
    Describe(Describe),
    /// `COMMENT ON … IS …`.
    Comment(Box<Comment>),
    /// A statement that is recognised by its first words and not built.
    NotBuilt(NotBuilt),
}
