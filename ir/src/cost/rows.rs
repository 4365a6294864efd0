//! The rows that each operator yields.

use types::Value;

use super::facts::{Facts, ROWS_GUESSED};
use super::selectivity;
use crate::{
    CompareOp, Estimate, EstimateSource, JoinKind, Logical, Scalar, ScalarKind, Scan, ScanColumn,
    SystemTime, logical,
};

/// Returns the rows of a whole plan.
pub(crate) fn estimate_all(plan: &Logical, facts: &Facts<'_>) -> Estimate {
    let inputs = plan.inputs();
    let inputs: Vec<Estimate> = inputs.iter().map(|input| estimate_all(input, facts)).collect();
    estimate(plan, &inputs, facts)
}

/// Returns the rows of an operator whose inputs yield `inputs`.
pub(crate) fn estimate(plan: &Logical, inputs: &[Estimate], facts: &Facts<'_>) -> Estimate {
    let input = inputs.first().copied().unwrap_or(exactly(1.0));
    match plan {
        Logical::Scan(scan) => scanned(scan, facts),
        Logical::SystemScan { .. } | Logical::External { .. } => guess(ROWS_GUESSED),
        Logical::Values { rows, .. } => exactly(rows.len() as f64),
        Logical::GenerateSeries { start, stop, step, .. } => series(start, stop, step),
        Logical::Filter { predicates, .. } => scaled(input, selectivity::all(predicates, facts)),
        Logical::Project { .. } | Logical::Window { .. } | Logical::Sort { .. } => input,
        Logical::Join(join) | Logical::DependentJoin(join) => {
            estimate_join(join, input, inputs[1], facts)
        }
        Logical::Aggregate { groups, .. } => {
            grouped(groups.iter().map(|(_, key)| key), input, facts)
        }
        Logical::Limit { limit, .. } => limited(limit.as_ref(), input),
        Logical::Distinct { .. } => scaled(input, 0.5),
        Logical::UnionAll { .. } => inputs.iter().copied().fold(exactly(0.0), |sum, one| {
            Estimate { rows: sum.rows + one.rows, source: combined(sum.source, one.source) }
        }),
        Logical::Write(_) => input,
    }
}

fn exactly(rows: f64) -> Estimate {
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
fn combined(left: EstimateSource, right: EstimateSource) -> EstimateSource {
    let rank = |source: EstimateSource| match source {
        EstimateSource::Exact => 0,
        EstimateSource::Segments => 1,
        EstimateSource::Guess => 2,
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
    scaled(all, selectivity::all(&scan.predicates, facts))
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

fn grouped<'a>(
    keys: impl Iterator<Item = &'a Scalar>,
    input: Estimate,
    facts: &Facts<'_>,
) -> Estimate {
    let mut groups = 1.0;
    let mut source = EstimateSource::Exact;
    for key in keys {
        source = combined(source, EstimateSource::Segments);
        groups *= facts.distinct(key).unwrap_or_else(|| {
            source = EstimateSource::Guess;
            (input.rows / 10.0).max(1.0)
        });
    }
    if source == EstimateSource::Exact {
        return exactly(1.0);
    }
    let rows = groups.min(input.rows).max(input.rows.min(1.0));
    Estimate { rows, source: combined(source, input.source) }
}

/// Two inputs that meet, as the estimate sees them.
#[derive(Clone, Copy)]
pub(crate) struct Join {
    /// Rows of the left input.
    pub(crate) left: f64,
    /// Rows of the right input.
    pub(crate) right: f64,
}

/// Returns the rows of an inner join whose keys have so many distinct values on each side.
pub(crate) fn joined(join: Join, keys: &[(Option<f64>, Option<f64>)]) -> f64 {
    let mut rows = join.left * join.right;
    for (number, (left, right)) in keys.iter().enumerate() {
        let distinct = match (left, right) {
            (Some(left), Some(right)) => left.min(join.left).max(right.min(join.right)),
            (Some(known), None) | (None, Some(known)) => *known,
            // Without statistics a join follows a key of the larger side.
            (None, None) => join.left.max(join.right),
        };
        // Further keys of one join depend on the first more often than not (Leis et al. 2015).
        rows /= if number == 0 { distinct.max(1.0) } else { distinct.max(1.0).sqrt() };
    }
    rows
}

fn estimate_join(
    join: &logical::Join,
    left: Estimate,
    right: Estimate,
    facts: &Facts<'_>,
) -> Estimate {
    let source = combined(combined(left.source, right.source), EstimateSource::Segments);
    let sides = Join { left: left.rows, right: right.rows };
    let mut keys = Vec::new();
    let mut share = 1.0;
    for predicate in &join.on {
        match &predicate.kind {
            ScalarKind::Compare(CompareOp::Eq, a, b) if a.reads_any() && b.reads_any() => {
                keys.push((facts.distinct(a), facts.distinct(b)));
            }
            _ => share *= selectivity::one(predicate, facts),
        }
    }
    let matched = joined(sides, &keys) * share;
    let half = left.rows * if join.on.is_empty() { 1.0 } else { 0.5 };
    let rows = match join.kind {
        JoinKind::Inner => matched,
        JoinKind::Left => matched.max(left.rows),
        JoinKind::Right => matched.max(right.rows),
        JoinKind::Full => matched.max(left.rows + right.rows),
        JoinKind::Semi | JoinKind::Anti => matched.min(half),
        JoinKind::Mark(_) | JoinKind::Single { .. } => left.rows,
    };
    Estimate { rows: rows.max(1.0), source }
}
