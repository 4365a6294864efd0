//! The catalog as a value with history: which tables and views exist, as of every commit.
//!
//! A [`Catalog`] never changes; DDL makes the next one. [`CatalogHistory::at`] is how `AS OF` binds.
//! Texts of views, defaults and checks are data here: only `frontend` reads them.

use std::collections::BTreeMap;
use std::sync::Arc;

use types::{ColumnId, CommitId, DataType, TreeId};

use crate::ScanColumn;

/// A table, view or index; never reused, not even after DROP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub u32);

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// Its number, stable across renames.
    pub id: ColumnId,
    /// Its name, folded.
    pub name: String,
    /// Its type.
    pub ty: DataType,
    /// True if NULL is refused.
    pub not_null: bool,
    /// The SQL text of its DEFAULT.
    pub default: Option<String>,
}

/// A CHECK constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name, given or made.
    pub name: String,
    /// The SQL text of its condition.
    pub text: String,
}

/// How many current rows a key of a table with a declared period may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeriodKey {
    /// One, whatever its period: a plain PRIMARY KEY.
    OneRow,
    /// One at each instant: `PRIMARY KEY (…, p WITHOUT OVERLAPS)`.
    WithoutOverlaps,
}

/// `PERIOD FOR name (from, to)`: two columns show the valid time of the table's rows.
///
/// They are not stored: a row's rectangle has the two bounds, so that reads, splits and
/// compaction know one valid time. A column of days shows an instant's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPeriod {
    /// Its name, folded.
    pub name: String,
    /// The column that shows where a row's valid time begins.
    pub from: ColumnId,
    /// The column that shows where it ends.
    pub to: ColumnId,
    /// What a key may have.
    pub key: PeriodKey,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its number.
    pub id: TableId,
    /// The tree that holds its rows.
    pub tree: TreeId,
    /// Its name, folded.
    pub name: String,
    /// Its columns in order.
    pub columns: Vec<TableColumn>,
    /// Columns of the primary key in key order; empty if the hidden row id is the key.
    pub primary_key: Vec<ColumnId>,
    /// Its CHECK constraints.
    pub checks: Vec<Check>,
    /// True of a JSON-document table: INSERT upserts, `doc.a.b` reads paths.
    pub document: bool,
    /// Its valid time under names of its own.
    pub period: Option<DeclaredPeriod>,
}

/// The stored column that keys tables without a primary key.
pub const ROW_ID: ColumnId = ColumnId(0);

impl Table {
    /// Returns the columns that key the tree: the primary key, or the hidden row id.
    pub fn key(&self) -> Vec<ColumnId> {
        if self.primary_key.is_empty() { vec![ROW_ID] } else { self.primary_key.clone() }
    }

    /// Returns where the values of a column come from: the store, or a bound of the valid time.
    pub fn source(&self, id: ColumnId) -> ScanColumn {
        match &self.period {
            Some(period) if period.from == id => ScanColumn::ValidFrom,
            Some(period) if period.to == id => ScanColumn::ValidTo,
            Some(_) | None => ScanColumn::Stored(id),
        }
    }

    /// Returns the positions of the columns that show the bounds of the declared period.
    pub fn period_columns(&self) -> Option<(usize, usize)> {
        let at = |id| self.columns.iter().position(|column| column.id == id);
        let period = self.period.as_ref()?;
        at(period.from).zip(at(period.to))
    }

    /// Returns the column of this name.
    pub fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns the column with this id.
    pub fn column_by_id(&self, id: ColumnId) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.id == id)
    }
}

/// A view: a named SELECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Its number.
    pub id: TableId,
    /// Its name, folded.
    pub name: String,
    /// Names given to its columns; empty to take the query's.
    pub columns: Vec<String>,
    /// The SQL text of its query.
    pub text: String,
}

/// What a name in FROM can mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    /// A table.
    Table(Arc<Table>),
    /// A view.
    View(Arc<View>),
}

/// All tables and views at one commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    relations: BTreeMap<String, Relation>,
}

impl Catalog {
    /// Returns the relation of this folded name.
    pub fn get(&self, name: &str) -> Option<&Relation> {
        self.relations.get(name)
    }

    /// Returns all names with their relations, in order of name.
    pub fn relations(&self) -> impl Iterator<Item = (&str, &Relation)> {
        self.relations.iter().map(|(name, relation)| (name.as_str(), relation))
    }

    /// Returns the table with this id.
    pub fn table(&self, id: TableId) -> Option<&Arc<Table>> {
        self.relations.values().find_map(|relation| match relation {
            Relation::Table(table) if table.id == id => Some(table),
            Relation::Table(_) | Relation::View(_) => None,
        })
    }

    /// Returns the catalog with `relation` under its name, replacing what had it.
    #[must_use]
    pub fn with(&self, relation: Relation) -> Catalog {
        let mut next = self.clone();
        let name = match &relation {
            Relation::Table(table) => table.name.clone(),
            Relation::View(view) => view.name.clone(),
        };
        next.relations.insert(name, relation);
        next
    }

    /// Returns the catalog without the relation of this name.
    #[must_use]
    pub fn without(&self, name: &str) -> Catalog {
        let mut next = self.clone();
        next.relations.remove(name);
        next
    }
}

/// Every catalog there has been, by the commit that made it.
#[derive(Clone, Debug, Default)]
pub struct CatalogHistory {
    versions: BTreeMap<CommitId, Arc<Catalog>>,
}

impl CatalogHistory {
    /// Returns the catalog in force at `commit`; the empty one before the first.
    pub fn at(&self, commit: CommitId) -> Arc<Catalog> {
        let before = self.versions.range(..=commit).next_back();
        before.map(|(_, catalog)| Arc::clone(catalog)).unwrap_or_default()
    }

    /// Returns the first commit after `after` whose catalog has a relation of this name.
    pub fn first_with(&self, name: &str, after: CommitId) -> Option<CommitId> {
        let later = self.versions.range(after.next()..);
        later.into_iter().find(|(_, catalog)| catalog.get(name).is_some()).map(|(at, _)| *at)
    }

    /// Records the catalog that `commit` made. Commits come in order.
    pub fn push(&mut self, commit: CommitId, catalog: Arc<Catalog>) {
        debug_assert!(self.versions.last_key_value().is_none_or(|(last, _)| *last <= commit));
        self.versions.insert(commit, catalog);
    }

    /// Returns the newest catalog.
    pub fn latest(&self) -> Arc<Catalog> {
        self.at(CommitId::MAX)
    }
}
