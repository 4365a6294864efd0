//! What a sample says of one column: its distinct values, its NULLs, the spread of the others.
//!
//! Distinct values are estimated by the estimator that Haas and Stokes call Duj1 ("Estimating the
//! number of classes in a finite population", 1998) and PostgreSQL uses.

use std::sync::Arc;

use ir::{ColumnStatistics, Distribution};
use types::Value;

/// Returns what drawn values say of their column in a table of `rows` rows.
///
/// `counted` is the number of distinct values, where it is known better than a sample knows it.
pub(super) fn statistics(values: &[Value], rows: f64, counted: Option<f64>) -> ColumnStatistics {
    let mut present: Vec<Value> = values.iter().filter(|value| !value.is_null()).cloned().collect();
    present.sort_by(Value::compare);
    let nulls = values.len() - present.len();
    ColumnStatistics {
        min: present.first().cloned(),
        max: present.last().cloned(),
        null_fraction: nulls as f64 / values.len().max(1) as f64,
        distinct: counted.or_else(|| distinct(&present, rows)),
        distribution: Some(Arc::new(Distribution::of(&present))),
    }
}

/// Duj1 = nd / (n - f₁ + f₁n/N), of sorted values.
fn distinct(values: &[Value], rows: f64) -> Option<f64> {
    let n = values.len() as f64;
    if n == 0.0 {
        return None;
    }
    let runs = values.chunk_by(|one, other| one.compare(other).is_eq());
    let (mut d, mut once) = (0.0, 0.0);
    for run in runs {
        d += 1.0;
        once += if run.len() == 1 { 1.0 } else { 0.0 };
    }
    let estimate = n * d / (n - once + once * n / rows.max(n));
    Some(estimate.clamp(d, rows.max(d)))
}

#[cfg(test)]
mod tests {
    use types::Value;

    use super::statistics;

    fn of(values: &[Option<i64>], rows: f64) -> ir::ColumnStatistics {
        let value = |value: &Option<i64>| value.map_or(Value::Null, Value::Int64);
        statistics(&values.iter().map(value).collect::<Vec<Value>>(), rows, None)
    }

    #[test]
    fn a_sample_of_a_key_stands_for_a_key() {
        let found = of(&(0..100).map(Some).collect::<Vec<_>>(), 5_000.0);
        assert_eq!(found.distinct, Some(5_000.0));
    }

    #[test]
    fn values_that_all_come_again_are_all_there_are() {
        let found = of(&(0..100).map(|number| Some(number % 5)).collect::<Vec<_>>(), 5_000.0);
        assert_eq!(found.distinct, Some(5.0));
        assert_eq!((found.min, found.max), (Some(Value::Int64(0)), Some(Value::Int64(4))));
    }

    #[test]
    fn nulls_are_counted_apart() {
        let found = of(&[None, Some(1), None, Some(1)], 4.0);
        assert_eq!((found.null_fraction, found.distinct), (0.5, Some(1.0)));
        let nothing = of(&[None, None], 2.0);
        assert_eq!((nothing.null_fraction, nothing.distinct), (1.0, None));
    }
}
