//! UPDATE and DELETE: old versions are closed, then new ones and leftovers take their place.

use ir::ValidTime;
use storage::View;
use types::{Batch, CommitId, DataType, Period, TIME_MAX, TIME_MIN, Value};

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
        let from = Value::from_array(batch.column(width + 1), row, DataType::Timestamp);
        let Value::Timestamp(valid_from) = from else {
            return Err(internal("an old version has no begin of its valid time"));
        };
        Ok(Old {
            key: values(&batch.columns()[..width], &target.key_types, row),
            commit_from: commit(&Value::from_array(batch.column(width), row, DataType::Int64))?,
            valid_from: valid_from.0,
        })
    }

    fn find(&self, target: &Target<'_>, view: &View) -> diag::Result<Version> {
        let found = target.versions(view, &self.key)?;
        let same = |version: &Version| {
            version.valid.from == self.valid_from && version.commit_from == self.commit_from
        };
        found.into_iter().find(same).ok_or_else(|| internal("a version to change is not current"))
    }
}

/// Updates the rows that the input names; returns how many matched.
pub(super) fn update(
    target: &mut Target<'_>,
    portion: Option<ValidTime>,
    batches: &[Batch],
) -> diag::Result<u64> {
    let first = target.key_types.len() + 2;
    let width = target.types.len();
    let view = target.transaction.view();
    let (mut count, mut closed, mut made) = (0, Vec::new(), Vec::new());
    for batch in batches {
        let new = Batch::new(batch.columns()[first..first + width].to_vec(), batch.rows());
        constraint::check(target.plan, &new, 0, target.context)?;
        for at in 0..batch.rows() {
            let old = Old::of(target, batch, at)?;
            let version = old.find(target, &view)?;
            let valid = match portion {
                None => new_period(batch, first + width, at)?,
                Some(portion) => match intersection(version.valid, portion) {
                    Some(part) => part,
                    None => continue,
                },
            };
            count += 1;
            let columns = values(new.columns(), &target.types, at);
            let row = target.stored_row(columns, Some(&old.key));
            if row == version.row && (portion.is_some() || valid == version.valid) {
                continue;
            }
            if portion.is_some() {
                let left = leftovers(version.valid, valid);
                made.extend(left.map(|left| (version.row.clone(), left)));
            }
            made.push((row, valid));
            closed.push(old);
        }
    }
    replace(target, closed, made)?;
    Ok(count)
}

/// Deletes the rows that the input names; returns how many matched.
pub(super) fn delete(
    target: &mut Target<'_>,
    portion: Option<ValidTime>,
    batches: &[Batch],
) -> diag::Result<u64> {
    let view = target.transaction.view();
    let (mut count, mut closed, mut made) = (0, Vec::new(), Vec::new());
    for batch in batches {
        for at in 0..batch.rows() {
            let old = Old::of(target, batch, at)?;
            if let Some(portion) = portion {
                let version = old.find(target, &view)?;
                let Some(part) = intersection(version.valid, portion) else { continue };
                let left = leftovers(version.valid, part);
                made.extend(left.map(|left| (version.row.clone(), left)));
            }
            count += 1;
            closed.push(old);
        }
    }
    replace(target, closed, made)?;
    Ok(count)
}

/// Closes all, then writes all: keys are compared as they are at the statement's end.
fn replace(
    target: &mut Target<'_>,
    closed: Vec<Old>,
    made: Vec<(Vec<Value>, Period)>,
) -> diag::Result<()> {
    for old in closed {
        target.close(&old.key, old.valid_from, old.commit_from)?;
    }
    let view = target.transaction.view();
    for (row, valid) in &made {
        target.claim(&view, row, *valid, 0)?;
    }
    made.iter().try_for_each(|(row, valid)| target.put(row, *valid))
}

fn intersection(valid: Period, portion: ValidTime) -> Option<Period> {
    let (from, to) = match portion {
        ValidTime::All => (TIME_MIN, TIME_MAX),
        ValidTime::At(at) => (at, at.saturating_add(1)),
        ValidTime::Range { from, to } | ValidTime::ContainedIn { from, to } => (from, to),
    };
    Period::new(valid.from.max(from), valid.to.min(to))
}
