//! The catalog's rows: tables and views as ordinary bitemporal facts in a tree of their own.
//!
//! A relation is one row, keyed by its name: number, kind and a JSON definition. DDL puts and closes
//! such rows in the same transaction as everything else, so it time-travels, rolls back and survives
//! a crash without a word of its own. At open the history of the rows becomes the
//! [`CatalogHistory`](ir::CatalogHistory) that `AS OF` binds against.

mod definition;
mod history;

use ir::catalog::DeclaredPeriod;
use ir::{Catalog, Relation, Table, TableColumn, TableDefinition, TableId, View};
use storage::{KeyColumn, ReadPoint, ScanColumn, TreeColumn, TreeSchema};
use types::{ColumnId, CommitId, DataType, TreeId, Value};

pub(crate) use definition::{decode_relation, encode_relation};
pub(crate) use history::load;

/// The tree of the catalog.
pub(crate) const CATALOG_TREE: TreeId = TreeId(1);
/// Trees below this number belong to the system.
const FIRST_USER_TREE: u32 = 16;

const NAME: ColumnId = ColumnId(1);
const NUMBER: ColumnId = ColumnId(2);
const KIND: ColumnId = ColumnId(3);
const DEFINITION: ColumnId = ColumnId(4);

/// Returns the schema of the catalog's tree: name, number, kind, definition.
///
/// The key is the name, so that two transactions that make the same name conflict.
pub(crate) fn catalog_schema() -> TreeSchema {
    let column = |id, ty| TreeColumn { id, ty, nullable: false };
    TreeSchema {
        id: CATALOG_TREE,
        columns: vec![
            column(NAME, DataType::TEXT),
            column(NUMBER, DataType::Int64),
            column(KIND, DataType::TEXT),
            column(DEFINITION, DataType::Json),
        ],
        key: vec![KeyColumn { column: NAME, descending: false }],
    }
}

/// Returns the key of a relation's row.
pub(crate) fn row_key(name: &str) -> Vec<Value> {
    vec![Value::text(name)]
}

/// Returns the schema of a table's tree: its columns, behind a row id if it has no primary key.
///
/// The columns of a declared period are the valid time of the rows, which every tree has.
pub(crate) fn table_schema(table: &Table) -> TreeSchema {
    let mut columns = Vec::new();
    if table.primary_key.is_empty() {
        columns.push(TreeColumn { id: ir::catalog::ROW_ID, ty: DataType::Int64, nullable: false });
    }
    columns.extend(stored_columns(table).map(|column| TreeColumn {
        id: column.id,
        ty: column.ty,
        nullable: !column.not_null,
    }));
    let key = table.key().into_iter().map(|column| KeyColumn { column, descending: false });
    TreeSchema { id: table.tree, columns, key: key.collect() }
}

/// Returns the columns that a table's tree holds.
pub(crate) fn stored_columns(table: &Table) -> impl Iterator<Item = &TableColumn> {
    let columns = table.columns.iter();
    columns.filter(|column| table.source(column.id) == ir::ScanColumn::Stored(column.id))
}

/// Returns the table that a definition makes, with the next free number.
pub(crate) fn new_table(definition: &TableDefinition, number: u32) -> Table {
    let columns = definition.columns.iter().enumerate().map(|(at, column)| TableColumn {
        id: column_id(at),
        name: column.name.clone(),
        ty: column.ty,
        not_null: column.not_null,
        default: column.default.clone(),
    });
    Table {
        id: TableId(number),
        tree: TreeId(FIRST_USER_TREE + number),
        name: definition.name.clone(),
        columns: columns.collect(),
        primary_key: definition.primary_key.iter().map(|at| column_id(*at)).collect(),
        checks: definition.checks.clone(),
        document: definition.document,
        period: definition.period.as_ref().map(|period| DeclaredPeriod {
            name: period.name.clone(),
            from: column_id(period.from),
            to: column_id(period.to),
            key: period.key,
        }),
    }
}

/// Columns count from 1: 0 is the hidden row id.
fn column_id(at: usize) -> ColumnId {
    ColumnId(u32::try_from(at + 1).expect("a table has fewer than 2^32 columns"))
}

/// Returns the number of a relation.
pub(crate) fn number(relation: &Relation) -> TableId {
    match relation {
        Relation::Table(table) => table.id,
        Relation::View(view) => view.id,
    }
}

/// Returns the name of a relation.
pub(crate) fn name(relation: &Relation) -> &str {
    match relation {
        Relation::Table(table) => &table.name,
        Relation::View(view) => &view.name,
    }
}

/// Returns a view with the next free number.
pub(crate) fn new_view(name: &str, columns: &[String], text: &str, number: u32) -> View {
    View {
        id: TableId(number),
        name: name.to_owned(),
        columns: columns.to_vec(),
        text: text.to_owned(),
    }
}

/// Closes the row of a relation.
///
/// # Errors
/// If the store refuses.
pub(crate) fn close_row(transaction: &mut storage::Transaction, name: &str) -> storage::Result<()> {
    let key = row_key(name);
    let columns = [ScanColumn::CommitFrom, ScanColumn::ValidFrom];
    let point = ReadPoint::as_of(CommitId::MAX);
    let rows = transaction.view().get(CATALOG_TREE, &key, &columns, point)?;
    for row in rows {
        if let [Value::Int64(commit), Value::Timestamp(valid_from)] = row.as_slice() {
            let sys_from = CommitId(u64::try_from(*commit).unwrap_or(0));
            transaction.close(CATALOG_TREE, &key, valid_from.0, sys_from)?;
        }
    }
    Ok(())
}

/// Returns `latest` with the changes that lead from `before` to `after`.
///
/// Transactions that change different names commit side by side; the same name conflicts in the
/// store before this is asked.
pub(crate) fn merge(latest: &Catalog, before: &Catalog, after: &Catalog) -> Catalog {
    let dropped = before.relations().filter(|(name, _)| after.get(name).is_none());
    let without = dropped.fold(latest.clone(), |catalog, (name, _)| catalog.without(name));
    let made = after.relations().filter(|(name, relation)| before.get(name) != Some(*relation));
    made.fold(without, |catalog, (_, relation)| catalog.with(relation.clone()))
}
