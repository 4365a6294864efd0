//! ANALYZE, and the statistics that planning is given.
//!
//! The store counts rows and keeps bounds by itself. ANALYZE adds the number of distinct values of
//! each column, estimated from a sample with the estimator that Haas and Stokes call Duj1 ("Estimating
//! the number of classes in a finite population", 1998) and PostgreSQL uses.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use ir::{
    ColumnStatistics, Logical, Query, Relation, Table, TableColumn, TableId, TableStatistics,
};
use storage::{ReadPoint, ScanColumn, ScanRequest, View};
use types::{Batch, ColumnId, DataType, Value};

use crate::database::Shared;
use crate::error::store_diagnostic;
use crate::session::Run;
use crate::statement::Done;

/// Batches of the sample, spread over the table.
const SAMPLE_BATCHES: usize = 16;

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
        run.session.shared.analyzed.write().insert(table.id, found);
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

/// What the store knows now, with the distinct counts of the last ANALYZE.
fn of_table(shared: &Shared, table: &Table) -> TableStatistics {
    let mut statistics = stored(shared, table);
    if let Some(analyzed) = shared.analyzed.read().get(&table.id) {
        for (id, column) in &analyzed.columns {
            statistics.columns.entry(*id).or_default().distinct = column.distinct;
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
        };
        (column.column, statistics)
    });
    TableStatistics { rows: known.rows as f64, exact: false, columns: columns.collect() }
}

fn count(shared: &Shared, view: &View, table: &Table) -> storage::Result<TableStatistics> {
    let mut statistics = stored(shared, table);
    let columns: Vec<&TableColumn> = table
        .columns
        .iter()
        .filter(|column| table.source(column.id) == ir::ScanColumn::Stored(column.id))
        .collect();
    let request = ScanRequest {
        tree: table.tree,
        columns: columns.iter().map(|column| ScanColumn::Stored(column.id)).collect(),
        predicates: Vec::new(),
        key_range: None,
        at: ReadPoint::as_of(view.commit()),
    };
    let sample = sample(view, &request)?;
    for (at, column) in columns.into_iter().enumerate() {
        let distinct = distinct(&sample, at, column.ty, statistics.rows);
        statistics.columns.entry(ColumnId(column.id.0)).or_default().distinct = distinct;
    }
    Ok(statistics)
}

/// The first batches of morsels that lie evenly over the table.
fn sample(view: &View, request: &ScanRequest) -> storage::Result<Vec<Batch>> {
    let scan = view.scan(request)?;
    let morsels = scan.morsels();
    let step = morsels.div_ceil(SAMPLE_BATCHES).max(1);
    let each = SAMPLE_BATCHES.div_ceil(morsels.div_ceil(step).max(1));
    let readers = (0..morsels).step_by(step).map(|morsel| scan.read(morsel));
    readers.flat_map(|reader| reader.take(each)).collect()
}

/// Estimates the distinct values of a column in a table of `rows` rows: Duj1 = nd / (n - f₁ + f₁n/N).
fn distinct(sample: &[Batch], at: usize, ty: DataType, rows: f64) -> Option<f64> {
    let mut times: HashMap<String, u32> = HashMap::new();
    for batch in sample {
        for row in 0..batch.rows() {
            let value = Value::from_array(batch.column(at), row, ty);
            if !value.is_null() {
                *times.entry(value.to_string()).or_default() += 1;
            }
        }
    }
    let n = f64::from(times.values().sum::<u32>());
    if n == 0.0 {
        return None;
    }
    let d = times.len() as f64;
    let once = times.values().filter(|times| **times == 1).count() as f64;
    let estimate = n * d / (n - once + once * n / rows.max(n));
    Some(estimate.clamp(d, rows.max(d)))
}
