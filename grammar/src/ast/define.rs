//! Statements that define, change and drop objects, and the types they name.

use diag::Spanned;

use super::{Expr, Name, ObjectName, OptionItem, Query};

node! {
    /// A type by name: `DECIMAL(10, 2)`, `TEXT[]`, `TIMESTAMP WITH TIME ZONE`.
    ///
    /// Names of several words become one: `double precision` is `double`, `character varying` is
    /// `varchar`, `character` is `char`, `timestamp with time zone` is `timestamptz`,
    /// `time with time zone` is `timetz`; WITHOUT TIME ZONE is left out.
    pub struct TypeName {
        /// The name in lower case.
        pub name: Name,
        /// The numbers in parentheses.
        pub args: Vec<Spanned<i64>>,
        /// How many `[]` follow.
        pub dimensions: u32,
    }
}

node! {
    /// `CREATE TABLE …`.
    pub struct CreateTable {
        /// `OR REPLACE`.
        pub or_replace: bool,
        /// `TEMPORARY`.
        pub temporary: bool,
        /// `IF NOT EXISTS`.
        pub if_not_exists: bool,
        /// The name.
        pub name: ObjectName,
        /// Columns, constraints and periods; may be empty only with a query.
        pub elements: Vec<TableElement>,
        /// `WITH (true) | WITHOUT (false) SYSTEM VERSIONING`.
        pub system_versioning: Option<Spanned<bool>>,
        /// `WITH (name = value, …)`.
        pub options: Vec<OptionItem>,
        /// `AS query`.
        pub query: Option<Box<Query>>,
        /// Whether `WITH NO DATA` follows the query.
        pub no_data: bool,
    }
}

/// What stands between the parentheses of CREATE TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableElement {
    /// A column.
    Column(ColumnDef),
    /// A constraint of the table.
    Constraint(TableConstraint),
    /// `PERIOD FOR name (from, to)`.
    Period(PeriodDef),
}

node! {
    /// `name type constraints`.
    pub struct ColumnDef {
        /// The column's name.
        pub name: Name,
        /// The type; absent only in CREATE TABLE … (a, b) AS query.
        pub data_type: Option<TypeName>,
        /// `COLLATE c`.
        pub collation: Option<ObjectName>,
        /// The constraints, in their order.
        pub constraints: Vec<ColumnConstraint>,
    }
}

node! {
    /// `[CONSTRAINT name] kind`.
    pub struct ColumnConstraint {
        /// The constraint's name.
        pub name: Option<Name>,
        /// What it asks.
        pub kind: ColumnConstraintKind,
    }
}

/// Constraints of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnConstraintKind {
    /// `NOT NULL`.
    NotNull,
    /// `NULL`.
    Null,
    /// `PRIMARY KEY`.
    PrimaryKey,
    /// `UNIQUE`.
    Unique,
    /// `DEFAULT x`.
    Default(Expr),
    /// `CHECK (x)`.
    Check(Expr),
    /// `REFERENCES t (a)`.
    References(References),
    /// `GENERATED ALWAYS AS (x) [STORED]`.
    Generated(Expr),
    /// `GENERATED ALWAYS (true) | BY DEFAULT (false) AS IDENTITY`.
    Identity {
        /// Whether a given value is refused.
        always: bool,
    },
    /// `GENERATED ALWAYS AS ROW START (true) | END (false)`.
    RowTime {
        /// START or END.
        start: bool,
    },
}

node! {
    /// `REFERENCES t [(a, PERIOD p)] [ON DELETE …] [ON UPDATE …]`.
    pub struct References {
        /// The table referred to.
        pub table: ObjectName,
        /// Its columns; its primary key without them.
        pub columns: Option<KeyColumns>,
        /// What a deletion does, in lower case: `no action`, `restrict`, `cascade`, `set null`,
        /// `set default`.
        pub on_delete: Option<Name>,
        /// What an update does, likewise.
        pub on_update: Option<Name>,
    }
}

node! {
    /// `[CONSTRAINT name] kind`.
    pub struct TableConstraint {
        /// The constraint's name.
        pub name: Option<Name>,
        /// What it asks.
        pub kind: TableConstraintKind,
    }
}

/// Constraints of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableConstraintKind {
    /// `PRIMARY KEY (a, p WITHOUT OVERLAPS)`.
    PrimaryKey(KeyColumns),
    /// `UNIQUE (a, p WITHOUT OVERLAPS)`.
    Unique(KeyColumns),
    /// `CHECK (x)`.
    Check(Expr),
    /// `FOREIGN KEY (a, PERIOD p) REFERENCES …`.
    ForeignKey {
        /// The columns that refer.
        columns: KeyColumns,
        /// What they refer to.
        references: References,
    },
}

/// The columns of a key, and its period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyColumns {
    /// The plain columns.
    pub columns: Vec<Name>,
    /// The last part: `p WITHOUT OVERLAPS`, in a foreign key `PERIOD p`.
    pub period: Option<Name>,
}

node! {
    /// `PERIOD FOR name (from, to)`.
    pub struct PeriodDef {
        /// The period's name; `system_time` is the system's own.
        pub name: Name,
        /// The column with the start.
        pub from: Name,
        /// The column with the end.
        pub to: Name,
    }
}

node! {
    /// `CREATE [OR REPLACE] VIEW name [(columns)] AS query`.
    pub struct CreateView {
        /// `OR REPLACE`.
        pub or_replace: bool,
        /// `TEMPORARY`.
        pub temporary: bool,
        /// `IF NOT EXISTS`.
        pub if_not_exists: bool,
        /// The name.
        pub name: ObjectName,
        /// Names for the columns.
        pub columns: Vec<Name>,
        /// The query. Its text is the statement's text under its span.
        pub query: Box<Query>,
    }
}

node! {
    /// `CREATE [UNIQUE] INDEX [name] ON t [USING method] (…) [WHERE …]`.
    pub struct CreateIndex {
        /// `UNIQUE`.
        pub unique: bool,
        /// `IF NOT EXISTS`.
        pub if_not_exists: bool,
        /// The name.
        pub name: Option<Name>,
        /// The table.
        pub table: ObjectName,
        /// `USING method`.
        pub method: Option<Name>,
        /// The keys.
        pub columns: Vec<IndexColumn>,
        /// `INCLUDE (…)`.
        pub include: Vec<Name>,
        /// `WITH (name = value, …)`.
        pub options: Vec<OptionItem>,
        /// `WHERE`.
        pub filter: Option<Expr>,
    }
}

node! {
    /// One key of an index.
    pub struct IndexColumn {
        /// A column or an expression.
        pub expr: Expr,
        /// An operator class: `vector_cosine_ops`.
        pub class: Option<Name>,
        /// Whether DESC stands after it.
        pub descending: bool,
        /// `NULLS FIRST` (true), `NULLS LAST` (false).
        pub nulls_first: Option<bool>,
    }
}

node! {
    /// `ALTER TABLE [IF EXISTS] name actions`.
    pub struct AlterTable {
        /// `IF EXISTS`.
        pub if_exists: bool,
        /// The table.
        pub name: ObjectName,
        /// The actions, at least one.
        pub actions: Vec<AlterAction>,
    }
}

/// One action of ALTER TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlterAction {
    /// `ADD [COLUMN] [IF NOT EXISTS] …`.
    AddColumn {
        /// The column.
        column: ColumnDef,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP [COLUMN] [IF EXISTS] name [CASCADE]`.
    DropColumn {
        /// The column.
        name: Name,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `RENAME [COLUMN] a TO b`.
    RenameColumn {
        /// The old name.
        from: Name,
        /// The new name.
        to: Name,
    },
    /// `RENAME TO name`.
    RenameTable(Name),
    /// `ALTER [COLUMN] a [SET DATA] TYPE t [USING x]`.
    SetType {
        /// The column.
        column: Name,
        /// The new type.
        data_type: TypeName,
        /// How old values become new ones.
        using: Option<Expr>,
    },
    /// `ALTER [COLUMN] a SET DEFAULT x`; `DROP DEFAULT` has none.
    SetDefault {
        /// The column.
        column: Name,
        /// The new default.
        default: Option<Expr>,
    },
    /// `ALTER [COLUMN] a SET (true) | DROP (false) NOT NULL`.
    SetNotNull {
        /// The column.
        column: Name,
        /// SET or DROP.
        not_null: bool,
    },
    /// `ADD constraint`.
    AddConstraint(TableConstraint),
    /// `DROP CONSTRAINT [IF EXISTS] name [CASCADE]`.
    DropConstraint {
        /// The constraint.
        name: Name,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `ADD PERIOD FOR …`.
    AddPeriod(PeriodDef),
    /// `ADD (true) | DROP (false) SYSTEM VERSIONING`.
    SystemVersioning(bool),
}

node! {
    /// `DROP TABLE [IF EXISTS] a, b [CASCADE | RESTRICT]`.
    pub struct Drop {
        /// The kind of object.
        pub kind: ObjectKind,
        /// `IF EXISTS`.
        pub if_exists: bool,
        /// The names, at least one.
        pub names: Vec<ObjectName>,
        /// `CASCADE`.
        pub cascade: bool,
    }
}

/// Kinds of objects that can be dropped and commented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A table.
    Table,
    /// A view.
    View,
    /// An index.
    Index,
    /// A schema.
    Schema,
    /// A column (COMMENT only).
    Column,
}
