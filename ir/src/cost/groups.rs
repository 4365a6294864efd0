//! How many groups there are.
//!
//! Columns that are grouped by together seldom vary independently, so of several the one with the
//! most values counts whole, the next by its square root, then by its fourth root. Columns of a
//! table whose whole key is grouped by add nothing. And of as many rows as there are combinations, not
//! all combinations occur: n rows thrown into d cells hit d·(1 - e^(-n/d)) of them.

use super::facts::Facts;
use super::rows::{combined, exactly};
use crate::{Column, Estimate, EstimateSource, Scalar};

/// Returns the groups that an input's rows fall into; one without keys.
pub(super) fn estimate<'a>(
    keys: impl Iterator<Item = &'a Scalar>,
    input: Estimate,
    facts: &Facts<'_>,
) -> Estimate {
    let keys: Vec<&Scalar> = keys.collect();
    let plain: Vec<Column> = keys.iter().filter_map(|key| key.as_column()).collect();
    let free = |key: &&&Scalar| !key.as_column().is_some_and(|own| facts.follows_from(own, &plain));
    let mut source = EstimateSource::Exact;
    let mut values = Vec::new();
    for key in keys.iter().filter(free) {
        let known = distinct_values(key, facts);
        source = combined(
            source,
            if known.is_some() { facts.columns_source() } else { EstimateSource::Guess },
        );
        values.push(known.unwrap_or(input.rows / 10.0).max(1.0));
    }
    if values.is_empty() {
        return exactly(1.0);
    }
    let rows = hit(damped(values), input.rows).max(input.rows.min(1.0));
    Estimate { rows, source: combined(source, input.source) }
}

/// Returns the distinct rows of an input over these columns.
pub(super) fn distinct(columns: &[Column], input: Estimate, facts: &Facts<'_>) -> Estimate {
    let known = |column: &Column| facts.column(*column).distinct;
    let values: Option<Vec<f64>> =
        columns.iter().filter(|column| !facts.follows_from(**column, columns)).map(known).collect();
    let (rows, source) = match values {
        Some(values) if !values.is_empty() => {
            (hit(damped(values), input.rows), facts.columns_source())
        }
        Some(_) => (1.0, EstimateSource::Exact),
        None => (input.rows * 0.5, EstimateSource::Guess),
    };
    let rows = rows.max(input.rows.min(1.0)).min(input.rows);
    Estimate { rows, source: combined(source, input.source) }
}

/// An expression has no more values than the columns that it is computed from.
fn distinct_values(key: &Scalar, facts: &Facts<'_>) -> Option<f64> {
    if key.is_volatile() {
        return None;
    }
    let values = key.columns().into_iter().map(|column| facts.column(column).distinct);
    values.product::<Option<f64>>()
}

fn damped(mut values: Vec<f64>) -> f64 {
    values.sort_by(|one, other| other.total_cmp(one));
    let mut exponent = 1.0;
    let mut product = 1.0;
    for value in values {
        product *= value.max(1.0).powf(exponent);
        exponent /= 2.0;
    }
    product
}

/// Returns how many of `cells` the rows hit.
fn hit(cells: f64, rows: f64) -> f64 {
    // A key of the input itself: no two rows share a cell.
    if cells >= rows { rows } else { cells * (1.0 - (-rows / cells).exp()) }
}
