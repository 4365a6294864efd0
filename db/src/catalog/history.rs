//! From the catalog's rows, all versions of them, to the catalog as of every commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use diag::{Code, Diagnostic};
use ir::{Catalog, CatalogHistory, Relation};
use storage::{ReadPoint, ScanColumn, ScanRequest, SystemTime, ValidTime, View};
use types::{CommitId, DataType, Value};

use super::{CATALOG_TREE, DEFINITION, KIND, NAME, NUMBER, decode_relation};
use crate::error::store_diagnostic;

/// What an opened database knows of its catalog.
pub(crate) struct History {
    /// The catalog as of every commit.
    pub(crate) catalogs: CatalogHistory,
    /// A number that no relation has ever had.
    pub(crate) next_number: u32,
}

/// What happened to a relation at a commit.
enum Change {
    Closed(String),
    Opened(Relation),
}

/// Reads the history of the catalog from a store.
///
/// # Errors
/// If the store cannot be read or holds a row that is not of our making.
pub(crate) fn load(view: &View) -> diag::Result<History> {
    let mut changes: BTreeMap<CommitId, Vec<Change>> = BTreeMap::new();
    let mut next_number = 1;
    for row in versions(view)? {
        let [stored @ .., from, to] = row.as_slice() else {
            return Err(unreadable("a row has too few columns".to_owned()));
        };
        let relation = decode_relation(stored).map_err(|error| unreadable(error.to_string()))?;
        next_number = next_number.max(super::number(&relation).0 + 1);
        if let Some(to) = commit_of(to) {
            let name = super::name(&relation).to_owned();
            changes.entry(to).or_default().push(Change::Closed(name));
        }
        let from = commit_of(from).ok_or_else(|| unreadable("a row has no commit".to_owned()))?;
        changes.entry(from).or_default().push(Change::Opened(relation));
    }
    Ok(History { catalogs: replay(changes), next_number })
}

/// Applies each commit's changes, what it closed before what it opened.
fn replay(changes: BTreeMap<CommitId, Vec<Change>>) -> CatalogHistory {
    let mut history = CatalogHistory::default();
    let mut catalog = Catalog::default();
    for (commit, changes) in changes {
        let (closed, opened): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|change| matches!(change, Change::Closed(_)));
        for change in closed.into_iter().chain(opened) {
            catalog = match change {
                Change::Closed(name) => catalog.without(&name),
                Change::Opened(relation) => catalog.with(relation),
            };
        }
        history.push(commit, Arc::new(catalog.clone()));
    }
    history
}

/// Every version of every row: the four columns, the commit that opened it, the one that closed it.
fn versions(view: &View) -> diag::Result<Vec<Vec<Value>>> {
    // The tree is made together with the first table.
    if matches!(view.schema(CATALOG_TREE), Err(storage::Error::NoTree { .. })) {
        return Ok(Vec::new());
    }
    let stored = [NAME, NUMBER, KIND, DEFINITION].map(ScanColumn::Stored);
    let columns = stored.into_iter().chain([ScanColumn::CommitFrom, ScanColumn::CommitTo]);
    let types = [
        DataType::TEXT,
        DataType::Int64,
        DataType::TEXT,
        DataType::Json,
        DataType::Int64,
        DataType::Int64,
    ];
    let request = ScanRequest {
        tree: CATALOG_TREE,
        columns: columns.collect(),
        predicates: Vec::new(),
        key_range: None,
        at: ReadPoint { system: SystemTime::All, valid: ValidTime::All },
    };
    let failed = |error: storage::Error| Box::new(store_diagnostic(&error));
    let scan = view.scan(&request).map_err(failed)?;
    let mut rows = Vec::new();
    for morsel in 0..scan.morsels() {
        for batch in scan.read(morsel) {
            let batch = batch.map_err(failed)?;
            let value = |row, at: usize| Value::from_array(batch.column(at), row, types[at]);
            rows.extend(
                (0..batch.rows())
                    .map(|row| (0..types.len()).map(|at| value(row, at)).collect::<Vec<_>>()),
            );
        }
    }
    Ok(rows)
}

fn commit_of(value: &Value) -> Option<CommitId> {
    match value {
        Value::Int64(commit) => u64::try_from(*commit).ok().map(CommitId),
        _ => None,
    }
}

fn unreadable(reason: String) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Code::Corrupt, format!("the catalog cannot be read: {reason}")))
}
