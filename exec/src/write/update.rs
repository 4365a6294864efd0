//! UPDATE and DELETE: old versions are closed, then new ones and leftovers take their place.
//!
//! A change of whole versions looks each up by its key; one `FOR PORTION OF` a period brings the old
//! row along, since the leftovers keep it (temporal.md §4).

use ir::ValidTime;
use storage::View;
use types::{Batch, CommitId, DataType, Period, TIME_MAX, TIME_MIN, Timestamp, Value, array_of};

use super::constraint::{self, values};
use super::target::{Target, Version, commit, leftovers, new_period};
use crate::error::internal;

/// An old version, as the input names it.
struct Old {
    key: Vec<Value>,
    commit_from: CommitId,
    valid_from: i64,
}

impl Old {
    fn of(target: &Target<'_>, batch: &Batch, row: usize) -> diag::Result<Old> {
        let width = target.key_types.len();
        Ok(Old {
            key: values(&batch.columns()[..width], &target.key_types, row),
            commit_from: commit(&Value::from_array(batch.column(width), row, DataType::Int64))?,
            valid_from: instant(batch, width + 1, row)?,
        })
    }

    /// Returns the version itself, whose columns and end stand from `first` on in the input.
    fn carried(
        &self,
        target: &Target<'_>,
        batch: &Batch,
        first: usize,
        row: usize,
    ) -> diag::Result<Version> {
        let width = target.types.len();
        let columns = values(&batch.columns()[first..first + width], &target.types, row);
        let valid = Period::new(self.valid_from, instant(batch, first + width, row)?)
            .ok_or_else(|| internal("an old version ends before it begins"))?;
        let row = target.stored_row(columns, Some(&self.key));
        Ok(Version { row, commit_from: self.commit_from, valid })
    }
}

fn instant(batch: &Batch, column: usize, row: usize) -> diag::Result<i64> {
    match Value::from_array(batch.column(column), row, DataType::Timestamp) {
        Value::Timestamp(Timestamp(at)) => Ok(at),
        _ => Err(internal("an old version lacks a bound of its valid time")),
    }
}

/// What a statement closes and writes, gathered before anything is done.
#[derive(Default)]
struct Changes {
    matched: u64,
    closed: Vec<Old>,
    made: Vec<(Vec<Value>, Period)>,
    /// Positions in `made` of what a split leaves.
    left: Vec<usize>,
}

impl Changes {
    /// Notes the parts of a version that a portion does not cover.
    fn leave(&mut self, version: &Version, part: Period) {
        for left in leftovers(version.valid, part) {
            self.left.push(self.made.len());
            self.made.push((version.row.clone(), left));
        }
    }
}

/// Updates the rows that the input names; returns how many matched.
pub(super) fn update(
    target: &mut Target<'_>,
    portion: Option<ValidTime>,
    batches: &[Batch],
) -> diag::Result<u64> {
    let mut changes = Changes::default();
    let view = target.transaction.view();
    for batch in batches {
        match portion {
            None => update_whole(target, &view, batch, &mut changes)?,
            Some(portion) => update_portion(target, portion, batch, &mut changes)?,
        }
    }
    apply(target, changes)
}

/// Deletes the rows that the input names; returns how many matched.
pub(super) fn delete(
    target: &mut Target<'_>,
    portion: Option<ValidTime>,
    batches: &[Batch],
) -> diag::Result<u64> {
    let first = target.key_types.len() + 2;
    let mut changes = Changes::default();
    for batch in batches {
        for at in 0..batch.rows() {
            let old = Old::of(target, batch, at)?;
            if let Some(portion) = portion {
                let version = old.carried(target, batch, first, at)?;
                let Some(part) = intersection(version.valid, portion) else { continue };
                changes.leave(&version, part);
            }
            changes.matched += 1;
            changes.closed.push(old);
        }
    }
    apply(target, changes)
}

/// Changes whole versions; each keeps its period, or takes the one that the statement gives it.
///
/// A row without a key that moves is a row of its own from then on: the other pieces of the row that
/// it was split from keep the hidden id, and may stand where it goes.
fn update_whole(
    target: &mut Target<'_>,
    view: &View,
    batch: &Batch,
    changes: &mut Changes,
) -> diag::Result<()> {
    let (first, width) = (target.key_types.len() + 2, target.types.len());
    let new = checked_rows(target, batch)?;
    for at in 0..batch.rows() {
        let old = Old::of(target, batch, at)?;
        let found = target.versions(view, &old.key)?;
        let same = |version: &Version| {
            version.valid.from == old.valid_from && version.commit_from == old.commit_from
        };
        let version = found
            .into_iter()
            .find(same)
            .ok_or_else(|| internal("a version to change is not current"))?;
        let valid = new_period(target.plan, batch, first + width, at, 0)?;
        let columns = values(new.columns(), &target.types, at);
        let own = target.has_hidden_key() && valid != version.valid;
        let id = own.then(|| target.new_row_id());
        let row = target.stored_row(columns, Some(id.as_ref().unwrap_or(&old.key)));
        changes.matched += 1;
        if row != version.row || valid != version.valid {
            changes.made.push((row, valid));
            changes.closed.push(old);
        }
    }
    Ok(())
}

/// Changes the part of each version that the portion covers; the rest keeps standing.
fn update_portion(
    target: &Target<'_>,
    portion: ValidTime,
    batch: &Batch,
    changes: &mut Changes,
) -> diag::Result<()> {
    let (first, width) = (target.key_types.len() + 2, target.types.len());
    let new = checked_rows(target, batch)?;
    for at in 0..batch.rows() {
        let old = Old::of(target, batch, at)?;
        let version = old.carried(target, batch, first + width + 2, at)?;
        let Some(part) = intersection(version.valid, portion) else { continue };
        let columns = values(new.columns(), &target.types, at);
        let row = target.stored_row(columns, Some(&old.key));
        changes.matched += 1;
        if row != version.row {
            changes.leave(&version, part);
            changes.made.push((row, part));
            changes.closed.push(old);
        }
    }
    Ok(())
}

/// Returns the new rows of a batch, after NOT NULL and CHECK.
fn checked_rows(target: &Target<'_>, batch: &Batch) -> diag::Result<Batch> {
    let (first, width) = (target.key_types.len() + 2, target.types.len());
    let new = Batch::new(batch.columns()[first..first + width].to_vec(), batch.rows());
    constraint::check(target.plan, &new, 0, target.context)?;
    Ok(new)
}

/// Closes all, then writes all: keys are compared as they are at the statement's end.
fn apply(target: &mut Target<'_>, changes: Changes) -> diag::Result<u64> {
    check_leftovers(target, &changes)?;
    for old in changes.closed {
        target.close(&old.key, old.valid_from, old.commit_from)?;
    }
    let view = target.transaction.view();
    for (row, valid) in &changes.made {
        target.claim(&view, row, *valid, 0)?;
    }
    changes.made.iter().try_for_each(|(row, valid)| target.put(row, *valid))?;
    Ok(changes.matched)
}

/// A CHECK may read the bounds of a declared period, and those of a leftover are new.
fn check_leftovers(target: &Target<'_>, changes: &Changes) -> diag::Result<()> {
    if target.plan.table.period.is_none() || target.plan.checks.is_empty() {
        return Ok(());
    }
    for part in changes.left.chunks(types::BATCH_ROWS) {
        let rows: Vec<Vec<Value>> = part
            .iter()
            .map(|at| &changes.made[*at])
            .map(|(row, valid)| target.table_row(row, *valid))
            .collect();
        let columns = target.types.iter().enumerate();
        let columns =
            columns.map(|(at, ty)| array_of(*ty, rows.iter().map(|row| row[at].clone()))).collect();
        let batch = Batch::new(columns, rows.len());
        constraint::check(target.plan, &batch, 0, target.context)?;
    }
    Ok(())
}

fn intersection(valid: Period, portion: ValidTime) -> Option<Period> {
    let (from, to) = match portion {
        ValidTime::All => (TIME_MIN, TIME_MAX),
        ValidTime::At(at) => (at, at.saturating_add(1)),
        ValidTime::Range { from, to } | ValidTime::ContainedIn { from, to } => (from, to),
    };
    Period::new(valid.from.max(from), valid.to.min(to))
}
