//! Statements about the session, transactions, files and the system.

use diag::Spanned;

use super::{Expr, Name, ObjectKind, ObjectName, Query, Statement, TypeName};

/// `BEGIN [READ ONLY] [ISOLATION LEVEL x] [AS OF x]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// `READ ONLY` (true), `READ WRITE` (false).
    pub read_only: Option<bool>,
    /// The isolation level in lower case: `read committed`, `serializable`, ….
    pub isolation: Option<Name>,
    /// The commit or time that the transaction reads.
    pub as_of: Option<Expr>,
}

/// `ROLLBACK [TO name]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollback {
    /// The savepoint to go back to; the whole transaction without one.
    pub to: Option<Name>,
}

/// `EXPLAIN [ANALYZE] [(options)] statement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explain {
    /// The options; ANALYZE and VERBOSE outside of the parentheses are among them.
    pub options: Vec<OptionItem>,
    /// What is explained.
    pub statement: Statement,
}

node! {
    /// A word with or without a value: `FORMAT json`, `HEADER`, `bucket_size = '1h'`.
    pub struct OptionItem {
        /// The word in lower case.
        pub name: Name,
        /// Its value.
        pub value: Option<Spanned<OptionValue>>,
    }
}

/// The value of an option or setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// A word, folded to lower case unless quoted: `csv`, `on`, `true`, `null`.
    Word(String),
    /// A string.
    String(String),
    /// A number as written, with its sign.
    Number(String),
    /// `(a, b)`.
    List(Vec<Spanned<OptionValue>>),
    /// `*`.
    Star,
}

/// `SET [LOCAL | SESSION] name = value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Whether the value ends with the transaction.
    pub local: bool,
    /// The setting; `SET TIME ZONE x` is `timezone`.
    pub name: ObjectName,
    /// The value.
    pub value: SetValue,
}

/// What a setting is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetValue {
    /// `DEFAULT`.
    Default,
    /// One value, or several for a list such as `search_path`.
    Values(Vec<Spanned<OptionValue>>),
    /// `AS OF x`: for `valid_time` and `system_time`.
    AsOf(Expr),
}

/// `SHOW …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    /// `SHOW ALL`.
    All,
    /// One name, which may be a setting or one of the system's words: `SHOW TABLES`,
    /// `SHOW temporal.strict_as_of`.
    Name(ObjectName),
    /// Two words or more, and values: `SHOW COMPACTION STATUS`, `SHOW SLOW QUERIES LIMIT 5`.
    Words(Vec<Spanned<OptionValue>>),
}

/// `VACUUM [(options)] [tables]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vacuum {
    /// Options; FULL, VERBOSE and ANALYZE outside of the parentheses are among them.
    pub options: Vec<OptionItem>,
    /// The tables; all without one.
    pub tables: Vec<ObjectName>,
}

node! {
    /// `COPY source FROM | TO target options`.
    pub struct Copy {
        /// The rows' place in the database.
        pub source: CopySource,
        /// Into the database or out of it.
        pub direction: CopyDirection,
        /// The file.
        pub target: CopyTarget,
        /// The options, from either form: `(FORMAT csv, HEADER)` or `FORMAT CSV HEADER`.
        /// A bare `CSV`, `JSON`, `NDJSON` or `PARQUET` is `format` with that value.
        pub options: Vec<OptionItem>,
    }
}

/// What COPY reads or fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopySource {
    /// `t`, `t (a, b)`.
    Table {
        /// The table.
        name: ObjectName,
        /// The columns; all without them.
        columns: Vec<Name>,
    },
    /// `(SELECT …)`: only out of the database.
    Query(Box<Query>),
}

/// Which way COPY moves rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyDirection {
    /// `FROM`: into the table.
    From,
    /// `TO`: into the file.
    To,
}

/// The other end of COPY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyTarget {
    /// A path.
    Path(Spanned<String>),
    /// `STDIN`, `STDOUT`.
    Standard,
}

/// `PREPARE name [(types)] AS statement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepare {
    /// The name.
    pub name: Name,
    /// The parameters' types; inferred without them.
    pub types: Vec<TypeName>,
    /// The statement.
    pub statement: Statement,
}

/// `EXECUTE name [(arguments)]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execute {
    /// The name.
    pub name: Name,
    /// The parameters' values.
    pub args: Vec<Expr>,
}

/// `DEALLOCATE name | ALL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deallocate {
    /// One statement.
    Name(Name),
    /// All of them.
    All,
}

/// `DESCRIBE …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Describe {
    /// A table or view.
    Table(ObjectName),
    /// A query's result.
    Query(Box<Query>),
}

/// `COMMENT ON kind name IS text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The kind of object.
    pub kind: ObjectKind,
    /// The object.
    pub name: ObjectName,
    /// The text; `None` is NULL and takes the comment away.
    pub text: Option<Spanned<String>>,
}

node! {
    /// A statement that is known and not built; the rest of it was not read.
    pub struct NotBuilt {
        /// What it is called: `CREATE POLICY`.
        pub what: String,
    }
}
