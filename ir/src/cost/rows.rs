//! The rows that each operator yields.

use types::Value;

use super::facts::{Facts, ROWS_GUESSED};
use super::{ROWS_MAX, groups, joins, selectivity};
use crate::{
    CompareOp, Estimate, EstimateSource, Logical, Scalar, ScalarKind, Scan, ScanColumn, SystemTime,
};

/// Rows of a sample that are enough to count on: their number is off by a third, mostly.
const ENOUGH: usize = 10;

/// Returns the rows of a whole plan.
pub(crate) fn estimate_all(plan: &Logical, facts: &Facts<'_>) -> Estimate {
    let inputs = plan.inputs();
    let inputs: Vec<Estimate> = inputs.iter().map(|input| estimate_all(input, facts)).collect();
    estimate(plan, &inputs, facts)
}

/// Returns the rows of an operator whose inputs yield `inputs`: from 0 to [`ROWS_MAX`].
pub(crate) fn estimate(plan: &Logical, inputs: &[Estimate], facts: &Facts<'_>) -> Estimate {
    let found = unbounded(plan, inputs, facts);
    // NaN would compare with nothing; no arithmetic here makes it, but statistics are only data.
    let rows = if found.rows.is_nan() { ROWS_GUESSED } else { found.rows.clamp(0.0, ROWS_MAX) };
    Estimate { rows, ..found }
}

fn unbounded(plan: &Logical, inputs: &[Estimate], facts: &Facts<'_>) -> Estimate {
    let input = inputs.first().copied().unwrap_or(exactly(1.0));
    match plan {
        Logical::Scan(scan) => scanned(scan, facts),
        Logical::SystemScan { .. } | Logical::External { .. } => guess(ROWS_GUESSED),
        Logical::Values { rows, .. } => exactly(rows.len() as f64),
        Logical::GenerateSeries { start, stop, step, .. } => series(start, stop, step),
        Logical::Filter { predicates, .. } => scaled(input, selectivity::all(predicates, facts)),
        Logical::Project { .. } | Logical::Window { .. } | Logical::Sort { .. } => input,
        Logical::Join(join) | Logical::DependentJoin(join) => {
            joins::estimate(join, input, inputs[1], facts)
        }
        Logical::Aggregate { groups, .. } => {
            groups::estimate(groups.iter().map(|(_, key)| key), input, facts)
        }
        Logical::Limit { limit, .. } => limited(limit.as_ref(), input),
        Logical::Distinct { input: below } => groups::distinct(&below.columns(), input, facts),
        Logical::UnionAll { .. } => inputs.iter().copied().fold(exactly(0.0), |sum, one| {
            Estimate { rows: sum.rows + one.rows, source: combined(sum.source, one.source) }
        }),
        Logical::Write(_) => input,
    }
}

pub(super) fn exactly(rows: f64) -> Estimate {
    Estimate { rows, source: EstimateSource::Exact }
}

fn guess(rows: f64) -> Estimate {
    Estimate { rows, source: EstimateSource::Guess }
}

fn scaled(input: Estimate, share: f64) -> Estimate {
    let source = combined(input.source, EstimateSource::Segments);
    Estimate { rows: (input.rows * share).max(input.rows.min(1.0)), source }
}

/// Returns the weaker of two sources.
pub(super) fn combined(left: EstimateSource, right: EstimateSource) -> EstimateSource {
    let rank = |source: EstimateSource| match source {
        EstimateSource::Exact => 0,
        EstimateSource::Sample => 1,
        EstimateSource::Histogram => 2,
        EstimateSource::Segments => 3,
        EstimateSource::Guess => 4,
    };
    if rank(left) >= rank(right) { left } else { right }
}

fn scanned(scan: &Scan, facts: &Facts<'_>) -> Estimate {
    let known = facts.table(scan);
    let source = match known {
        None => EstimateSource::Guess,
        // Statistics are of current rows; how long the history is they do not say.
        Some(_) if scan.temporal.system != SystemTime::Current => EstimateSource::Guess,
        Some(table) if table.exact => EstimateSource::Exact,
        Some(_) => EstimateSource::Segments,
    };
    let all = Estimate { rows: known.map_or(ROWS_GUESSED, |table| table.rows), source };
    if scan.predicates.is_empty() {
        return all;
    }
    if names_one_row(scan) {
        return scaled(Estimate { rows: all.rows.min(1.0), ..all }, 1.0);
    }
    let (share, source) = sampled(scan, facts);
    let source = if all.source == EstimateSource::Guess { all.source } else { source };
    Estimate { rows: (all.rows * share).max(all.rows.min(1.0)), source }
}

/// Returns the share of a table's rows that its conditions leave, from the best that is known.
fn sampled(scan: &Scan, facts: &Facts<'_>) -> (f64, EstimateSource) {
    let by_columns = selectivity::all(&scan.predicates, facts);
    let columns_source = facts.source_of(&scan.predicates);
    let Some(count) = facts.count(scan).filter(|count| count.rows > 0) else {
        return (by_columns, columns_source);
    };
    let rows = count.rows as f64;
    if count.complete || count.kept >= ENOUGH {
        // Of no row in the whole table there is still none in none of the rows since.
        return ((count.kept as f64).max(0.5) / rows, EstimateSource::Sample);
    }
    // So few say only that there are few; how few the columns know, if they agree.
    (by_columns.min(ENOUGH as f64 / rows), columns_source)
}

/// True if conditions give every key column a value.
fn names_one_row(scan: &Scan) -> bool {
    let has_value = |id| {
        scan.predicates.iter().any(|predicate| match &predicate.kind {
            ScalarKind::Compare(CompareOp::Eq, left, right) => {
                let stored = |side: &Scalar| {
                    let found =
                        scan.columns.iter().find(|(made, _)| side.as_column() == Some(*made));
                    found.is_some_and(|(_, source)| *source == ScanColumn::Stored(id))
                };
                stored(left) && right.is_constant() || stored(right) && left.is_constant()
            }
            _ => false,
        })
    };
    scan.table.key().into_iter().all(has_value)
}

fn series(start: &Scalar, stop: &Scalar, step: &Scalar) -> Estimate {
    match (start.as_literal(), stop.as_literal(), step.as_literal()) {
        (Some(Value::Int64(start)), Some(Value::Int64(stop)), Some(Value::Int64(step)))
            if *step != 0 =>
        {
            let steps = (*stop as f64 - *start as f64) / *step as f64;
            exactly((steps.floor() + 1.0).max(0.0))
        }
        _ => guess(ROWS_GUESSED),
    }
}

fn limited(limit: Option<&Scalar>, input: Estimate) -> Estimate {
    match limit.and_then(Scalar::as_literal) {
        Some(Value::Int64(most)) if (*most as f64) < input.rows => {
            Estimate { rows: *most as f64, ..input }
        }
        _ => input,
    }
}
