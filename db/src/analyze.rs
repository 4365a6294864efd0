//! ANALYZE, and the statistics that planning is given.
//!
//! The store counts rows and keeps bounds by itself. ANALYZE draws a sample and keeps two things of
//! it: how each column's values are spread, and rows on which a scan's conditions are counted. Both
//! live in memory, until the database is closed or the table analyzed again.

mod column;
mod sample;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use ir::{ColumnStatistics, Logical, Query, Relation, Table, TableId, TableStatistics};
use storage::{TreeStatistics, View};
use types::ColumnId;

use crate::catalog::stored_columns;
use crate::database::Shared;
use crate::error::store_diagnostic;
use crate::session::Run;
use crate::statement::Done;
use sample::{Drawn, Sample};

/// What ANALYZE has found of a table.
pub(crate) struct Analyzed {
    columns: HashMap<ColumnId, ColumnStatistics>,
    pub(crate) sample: Sample,
}

/// Runs ANALYZE on one table, or on all.
///
/// # Errors
/// If the store cannot be read.
pub(crate) fn analyze(run: &Run<'_>, table: Option<Arc<Table>>) -> diag::Result<Done> {
    let tables = match table {
        Some(table) => vec![table],
        None => all_tables(run),
    };
    let mut transaction = run.session.shared.store.begin();
    let view = transaction.view();
    for table in tables {
        run.session.check_cancelled()?;
        let found = count(&run.session.shared, &view, &table)
            .map_err(|error| Box::new(store_diagnostic(&error)))?;
        run.session.shared.analyzed.write().insert(table.id, Arc::new(found));
    }
    Ok(Done::default())
}

fn all_tables(run: &Run<'_>) -> Vec<Arc<Table>> {
    let relations = run.open.current.relations();
    let tables = relations.filter_map(|(_, relation)| match relation {
        Relation::Table(table) => Some(Arc::clone(table)),
        Relation::View(_) => None,
    });
    tables.collect()
}

/// Returns statistics of every table that a query reads.
pub(crate) fn statistics(shared: &Shared, query: &Query) -> HashMap<TableId, TableStatistics> {
    let mut found = HashMap::new();
    visit(&query.root, &mut |table| {
        if let Entry::Vacant(place) = found.entry(table.id) {
            place.insert(of_table(shared, table));
        }
    });
    found
}

fn visit(plan: &Logical, seen: &mut impl FnMut(&Table)) {
    if let Logical::Scan(scan) = plan {
        seen(&scan.table);
    }
    for input in plan.inputs() {
        visit(input, seen);
    }
}

/// What the store knows now, with the spread of values that the last ANALYZE saw.
fn of_table(shared: &Shared, table: &Table) -> TableStatistics {
    let mut statistics = stored(shared, table);
    if let Some(analyzed) = shared.analyzed.read().get(&table.id) {
        for (id, column) in &analyzed.columns {
            let known = statistics.columns.entry(*id).or_default();
            known.distinct = column.distinct;
            known.distribution.clone_from(&column.distribution);
            // Of rows in memory the store does not know bounds; of those in segments it knows better.
            if known.min.is_none() || known.max.is_none() {
                known.clone_from(column);
            }
        }
    }
    statistics
}

fn stored(shared: &Shared, table: &Table) -> TableStatistics {
    // A table that this transaction has just made is not in the store yet.
    let Ok(known) = shared.store.statistics(table.tree) else {
        return TableStatistics::default();
    };
    let versions = known.versions.max(1) as f64;
    let columns = known.columns.into_iter().map(|column| {
        let statistics = ColumnStatistics {
            min: (!column.min.is_null()).then_some(column.min),
            max: (!column.max.is_null()).then_some(column.max),
            null_fraction: (column.nulls as f64 / versions).min(1.0),
            distinct: (column.distinct > 0).then_some(column.distinct as f64),
            distribution: None,
        };
        (column.column, statistics)
    });
    TableStatistics { rows: known.rows as f64, exact: false, columns: columns.collect() }
}

fn count(shared: &Shared, view: &View, table: &Table) -> storage::Result<Analyzed> {
    let known = shared.store.statistics(table.tree)?;
    let rows = known.rows as f64;
    let drawn = Drawn::from(view, table, rows)?;
    let columns = stored_columns(table).zip(&drawn.columns).map(|(own, values)| {
        (own.id, column::statistics(values, rows.max(drawn.rows as f64), counted(&known, own.id)))
    });
    Ok(Analyzed { columns: columns.collect(), sample: drawn.sample(table) })
}

/// Returns the distinct values that segments have counted, if they hold nearly all rows.
fn counted(known: &TreeStatistics, id: ColumnId) -> Option<f64> {
    let column = known.columns.iter().find(|column| column.column == id)?;
    let nearly_all = known.rows_in_memory.saturating_mul(10) <= known.rows;
    (nearly_all && column.distinct > 0).then_some(column.distinct as f64)
}
