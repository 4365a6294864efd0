//! `system.commits`: every commit that the view sees, with what was said when it was made.

use std::collections::HashMap;

use storage::{COMMITS, ReadPoint, ScanColumn, ScanRequest, SystemTime, ValidTime, View};
use types::{BATCH_ROWS, Batch, CommitId, DataType, Value, array_of};

use crate::ExecContext;
use crate::error::{internal, storage as failed};

/// commit_id, commit_time, user, application, kinds, rows, message.
const TYPES: [DataType; 7] = [
    DataType::Int64,
    DataType::Timestamp,
    DataType::TEXT,
    DataType::TEXT,
    DataType::TEXT,
    DataType::Int64,
    DataType::TEXT,
];

/// Returns the table in order of commit_id.
pub(crate) fn batches(context: &ExecContext) -> diag::Result<Vec<Batch>> {
    let view =
        context.view.as_ref().ok_or_else(|| internal("a run without a view reads commits"))?;
    let said = said(view)?;
    let all: Vec<u64> = (1..=view.commit().0).collect();
    Ok(all.chunks(BATCH_ROWS).map(|commits| batch(view, commits, &said)).collect())
}

type Said = HashMap<i64, [Value; 5]>;

/// Reads what the store keeps: a row for every commit that said anything.
fn said(view: &View) -> diag::Result<Said> {
    let Ok(schema) = view.schema(COMMITS) else { return Ok(HashMap::new()) };
    // The first column is the row id that keys the tree.
    let stored = schema.columns[1..].iter().map(|column| ScanColumn::Stored(column.id));
    let request = ScanRequest {
        tree: COMMITS,
        columns: std::iter::once(ScanColumn::CommitFrom).chain(stored).collect(),
        predicates: Vec::new(),
        key_range: None,
        at: ReadPoint { system: SystemTime::All, valid: ValidTime::All },
    };
    let types: Vec<DataType> = request
        .columns
        .iter()
        .map(|column| column.data_type(&schema).unwrap_or(DataType::Null))
        .collect();
    let mut said = HashMap::new();
    let scan = view.scan(&request).map_err(failed)?;
    for morsel in 0..scan.morsels() {
        for batch in scan.read(morsel) {
            let batch = batch.map_err(failed)?;
            for row in 0..batch.rows() {
                let cell = |at: usize| Value::from_array(batch.column(at), row, types[at]);
                if let Value::Int64(commit) = cell(0) {
                    said.insert(commit, [1, 2, 3, 4, 5].map(cell));
                }
            }
        }
    }
    Ok(said)
}

fn batch(view: &View, commits: &[u64], said: &Said) -> Batch {
    let column = |at: usize| {
        let values = commits.iter().map(|commit| {
            let id = i64::try_from(*commit).unwrap_or(i64::MAX);
            match at {
                0 => Value::Int64(id),
                1 => view.commit_time(CommitId(*commit)).map_or(Value::Null, Value::Timestamp),
                said_at => said.get(&id).map_or(Value::Null, |said| said[said_at - 2].clone()),
            }
        });
        array_of(TYPES[at], values)
    };
    Batch::new((0..TYPES.len()).map(column).collect(), commits.len())
}
