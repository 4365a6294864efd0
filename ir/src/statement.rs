//! Bound statements: what `frontend` hands to `db`.

use std::sync::Arc;

use diag::Span;
use types::{DataType, Value};

use crate::catalog::{Check, PeriodKey};
use crate::{Query, Table, TemporalRead};

/// A bound statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// A SELECT, VALUES, INSERT, UPDATE or DELETE.
    Query(Query),
    /// A change of the catalog.
    Ddl(Ddl),
    /// Transaction control.
    Transaction(TransactionAction),
    /// `SET name = value`; the default without a value (RESET).
    Set {
        /// The setting, folded.
        name: String,
        /// The value as text.
        value: Option<String>,
        /// Where the name stands.
        span: Span,
        /// Where the value stands.
        value_span: Span,
    },
    /// `SHOW name`, also `SHOW TABLES`, `SHOW ALL`.
    Show {
        /// What, folded; words separated by one space.
        name: String,
        /// Where it stands.
        span: Span,
    },
    /// `DESCRIBE t`.
    Describe(Arc<Table>),
    /// EXPLAIN.
    Explain {
        /// Which stage is printed.
        stage: ExplainStage,
        /// How.
        format: ExplainFormat,
        /// True if the statement is run and measured.
        analyze: bool,
        /// The statement.
        statement: Box<Statement>,
        /// The tree's text form, for `EXPLAIN (AST)`.
        ast: String,
    },
    /// COPY.
    Copy(Copy),
    /// VACUUM: flush and compact; one table or all.
    Vacuum(Option<Arc<Table>>),
    /// ANALYZE.
    Analyze(Option<Arc<Table>>),
    /// `PREPARE name AS statement`: `db` keeps the text and binds it anew where it must.
    Prepare {
        /// Its name, folded.
        name: String,
        /// The statement's text.
        text: String,
    },
    /// `EXECUTE name (values)`.
    Execute {
        /// Its name, folded.
        name: String,
        /// The values, constants.
        values: Vec<Value>,
        /// Where the name stands.
        span: Span,
    },
    /// `DEALLOCATE name`, or all.
    Deallocate {
        /// Its name; all without one.
        name: Option<String>,
        /// Where it stands.
        span: Span,
    },
}

/// A column of a new table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// Its name, folded.
    pub name: String,
    /// Its type.
    pub ty: DataType,
    /// True if NULL is refused.
    pub not_null: bool,
    /// The SQL text of its DEFAULT, checked.
    pub default: Option<String>,
}

/// A new table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDefinition {
    /// Its name, folded.
    pub name: String,
    /// Its columns.
    pub columns: Vec<ColumnDefinition>,
    /// Positions of the key's columns in `columns`.
    pub primary_key: Vec<usize>,
    /// Its CHECK constraints, checked.
    pub checks: Vec<Check>,
    /// True of a JSON-document table.
    pub document: bool,
    /// `PERIOD FOR`.
    pub period: Option<PeriodDefinition>,
}

/// The declared period of a new table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodDefinition {
    /// Its name, folded.
    pub name: String,
    /// Position of the column where a row's valid time begins.
    pub from: usize,
    /// Position of the column where it ends.
    pub to: usize,
    /// What a key may have.
    pub key: PeriodKey,
}

/// A change of the catalog.
#[derive(Clone, Debug, PartialEq)]
pub enum Ddl {
    /// CREATE TABLE; with a query, CREATE TABLE AS.
    CreateTable {
        /// The table.
        definition: TableDefinition,
        /// True for IF NOT EXISTS: nothing happens if the name is taken.
        if_not_exists: bool,
        /// The rows, for CREATE TABLE AS.
        query: Option<Query>,
        /// Where the name stands.
        span: Span,
    },
    /// CREATE VIEW.
    CreateView {
        /// Its name, folded.
        name: String,
        /// Names of its columns; empty to take the query's.
        columns: Vec<String>,
        /// The text of its query, checked.
        text: String,
        /// True for OR REPLACE.
        replace: bool,
        /// Where the name stands.
        span: Span,
    },
    /// DROP TABLE or DROP VIEW. Names that exist, in order; those of IF EXISTS that do not are left out.
    Drop {
        /// Their names, folded.
        names: Vec<String>,
    },
}

/// Transaction control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionAction {
    /// `BEGIN [READ ONLY] [AS OF x]`.
    Begin {
        /// True if writes are refused.
        read_only: bool,
        /// All tables are read so.
        as_of: Option<TemporalRead>,
    },
    /// COMMIT.
    Commit,
    /// ROLLBACK.
    Rollback,
}

/// Which stage EXPLAIN prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are EXPLAIN's words")]
pub enum ExplainStage {
    Ast,
    Logical,
    Optimized,
    Physical,
    Pipelines,
    Clif,
    Asm,
}

/// How EXPLAIN prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are EXPLAIN's words")]
pub enum ExplainFormat {
    Text,
    Json,
}

/// What COPY TO reads, or COPY FROM fills.
#[derive(Clone, Debug, PartialEq)]
pub enum CopySource {
    /// A query's rows (`COPY t TO` is `SELECT * FROM t`).
    Query(Query),
    /// Rows into a table: an INSERT whose leaf is `Logical::External` over `columns`.
    Insert {
        /// The insert.
        insert: Query,
        /// The table.
        table: Arc<Table>,
        /// Names and types of the file's columns.
        columns: Vec<(String, DataType)>,
    },
}

/// The format of a user's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyFormat {
    /// RFC 4180.
    Csv,
}

/// Options of COPY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOptions {
    /// The format.
    pub format: CopyFormat,
    /// Between fields; one byte.
    pub delimiter: u8,
    /// True if the first line names the columns.
    pub header: bool,
    /// What stands for NULL, unquoted.
    pub null: String,
    /// The quote; one byte.
    pub quote: u8,
}

/// COPY.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// Rows out, or rows in.
    pub source: CopySource,
    /// The file.
    pub path: String,
    /// Options.
    pub options: CopyOptions,
    /// Where the path stands.
    pub span: Span,
}
