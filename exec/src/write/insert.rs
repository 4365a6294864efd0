//! INSERT: new rows under keys that must be free; for document tables, in place of what is there.

use types::{Batch, Period, Value};

use super::constraint::{self, values};
use super::target::{Target, leftovers, new_period};

/// Inserts rows of every table column, then valid_from and valid_to; returns how many.
pub(super) fn insert(
    target: &mut Target<'_>,
    upsert: bool,
    batches: impl Iterator<Item = diag::Result<Batch>>,
) -> diag::Result<u64> {
    let width = target.types.len();
    // Keys written by this statement are in the target's ledger, not in this view.
    let view = target.transaction.view();
    let mut count = 0_usize;
    for batch in batches {
        let batch = batch?;
        constraint::check(target.plan, &batch, count, target.context)?;
        for at in 0..batch.rows() {
            let key = match target.has_hidden_key() {
                true => target.new_row_id(),
                false => Vec::new(),
            };
            let columns = values(&batch.columns()[..width], &target.types, at);
            let row = target.stored_row(columns, Some(&key));
            let valid = new_period(target.plan, &batch, width, at, count)?;
            if upsert {
                replace(target, row, valid)?;
            } else {
                target.claim(&view, &row, valid, count)?;
                target.put(&row, valid)?;
            }
            count += 1;
        }
    }
    Ok(count as u64)
}

/// Writes a row over whatever its key holds during `valid`; the rest of that keeps standing.
fn replace(target: &mut Target<'_>, row: Vec<Value>, valid: Period) -> diag::Result<()> {
    let key = target.key_of(&row);
    // A row earlier in the statement may have the same key, so the view is taken anew.
    let view = target.transaction.view();
    let found = target.versions(&view, &key)?;
    let old: Vec<_> = found.into_iter().filter(|old| old.valid.overlaps(valid)).collect();
    if let [same] = old.as_slice()
        && same.valid == valid
        && same.row == row
    {
        return Ok(());
    }
    for version in &old {
        target.close(&key, version.valid.from, version.commit_from)?;
    }
    for version in &old {
        for left in leftovers(version.valid, valid) {
            target.put(&version.row, left)?;
        }
    }
    target.put(&row, valid)
}
