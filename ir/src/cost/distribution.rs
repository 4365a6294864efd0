//! How a column's values are spread: the frequent ones by name, all of them by an equi-height histogram.
//!
//! Made from a sorted sample. Between two neighbouring bounds of the histogram lie equally many
//! values of the sample, so a range is as sure where values crowd as where they are rare; a value that
//! fills spans by itself occurs as several bounds, and is counted with them. Source: Piatetsky-Shapiro
//! and Connell, "Accurate estimation of the number of tuples satisfying a condition" (1984).

use types::Value;

use super::facts::number;

/// Spans of a histogram.
const SPANS: usize = 100;
/// Most values that are counted by name.
const FREQUENT_MAX: usize = 64;

/// The spread of a column's values; shares are of the rows that are not NULL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    /// Values clearly more frequent than the average, and their shares, in ascending order.
    frequent: Vec<(Value, f64)>,
    /// Ends of spans of equally many values, ascending; none if there are fewer than two values.
    bounds: Vec<Value>,
}

impl Distribution {
    /// Returns the spread of values that ascend by [`Value::compare`], none of them NULL.
    pub fn of(values: &[Value]) -> Distribution {
        Distribution { frequent: frequent(values), bounds: bounds(values) }
    }

    /// Returns the share of rows equal to a value, where the column has `distinct` values.
    pub(super) fn equal(&self, value: &Value, distinct: f64) -> f64 {
        let found = self.frequent.binary_search_by(|(known, _)| known.compare(value));
        if let Ok(at) = found {
            return self.frequent[at].1;
        }
        let known: f64 = self.frequent.iter().map(|(_, share)| share).sum();
        let others = (distinct - self.frequent.len() as f64).max(1.0);
        ((1.0 - known) / others).clamp(0.0, 1.0)
    }

    /// Returns the share of rows below a value, or also equal to it; `None` without a histogram.
    pub(super) fn below(&self, value: &Value, inclusive: bool) -> Option<f64> {
        let spans = self.bounds.len().checked_sub(1)?;
        let passed = self.bounds.partition_point(|bound| {
            let order = bound.compare(value);
            order.is_lt() || (inclusive && order.is_eq())
        });
        if passed == 0 || passed > spans {
            return Some(if passed == 0 { 0.0 } else { 1.0 });
        }
        let within = part(&self.bounds[passed - 1], value, &self.bounds[passed]);
        Some(((passed - 1) as f64 + within) / spans as f64)
    }
}

/// Where a value lies between two others, from 0 to 1; in the middle if its type has no line.
fn part(low: &Value, value: &Value, high: &Value) -> f64 {
    match (number(low), number(value), number(high)) {
        (Some(low), Some(value), Some(high)) if high > low => {
            ((value - low) / (high - low)).clamp(0.0, 1.0)
        }
        _ => 0.5,
    }
}

fn bounds(values: &[Value]) -> Vec<Value> {
    let Some(last) = values.len().checked_sub(1).filter(|last| *last > 0) else {
        return Vec::new();
    };
    let spans = SPANS.min(last);
    (0..=spans).map(|span| values[span * last / spans].clone()).collect()
}

fn frequent(values: &[Value]) -> Vec<(Value, f64)> {
    let runs = values.chunk_by(|one, other| one.compare(other).is_eq());
    let mut runs: Vec<(&Value, usize)> = runs.map(|run| (&run[0], run.len())).collect();
    let average = values.len() as f64 / runs.len().max(1) as f64;
    // A value seen once says nothing; one a little above the average is the luck of the sample.
    runs.retain(|(_, times)| *times > 1 && *times as f64 > 1.25 * average);
    runs.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    runs.truncate(FREQUENT_MAX);
    runs.sort_by(|one, other| one.0.compare(other.0));
    let share = |times: usize| times as f64 / values.len() as f64;
    runs.into_iter().map(|(value, times)| (value.clone(), share(times))).collect()
}

#[cfg(test)]
mod tests {
    use types::Value;

    use super::Distribution;

    fn of(mut numbers: Vec<i64>) -> Distribution {
        numbers.sort_unstable();
        Distribution::of(&numbers.into_iter().map(Value::Int64).collect::<Vec<Value>>())
    }

    fn below(distribution: &Distribution, value: i64) -> f64 {
        distribution.below(&Value::Int64(value), false).expect("a histogram")
    }

    #[test]
    fn ranges_are_as_sure_where_values_crowd() {
        // Nine tenths lie below 100, the rest up to 1,000,000.
        let mut numbers: Vec<i64> = (0..9_000).map(|number| number % 100).collect();
        numbers.extend((0..1_000).map(|number| number * 1_000));
        let spread = of(numbers);
        assert!((below(&spread, 50) - 0.45).abs() < 0.02);
        assert!((below(&spread, 500_000) - 0.95).abs() < 0.02);
        assert_eq!((below(&spread, -1), below(&spread, 2_000_000)), (0.0, 1.0));
    }

    #[test]
    fn a_frequent_value_is_counted_and_the_others_share_the_rest() {
        let mut numbers = vec![7; 600];
        numbers.extend(0..400);
        let spread = of(numbers);
        assert!((spread.equal(&Value::Int64(7), 400.0) - 0.601).abs() < 1e-9);
        assert!((spread.equal(&Value::Int64(8), 400.0) - 0.399 / 399.0).abs() < 1e-9);
        let with = spread.below(&Value::Int64(7), true).expect("a histogram");
        assert!((with - 0.608).abs() < 0.02, "{with}");
        assert!(below(&spread, 7) < 0.02);
    }

    #[test]
    fn texts_have_an_order_if_no_line() {
        let texts: Vec<Value> = ('a'..='z').map(|letter| Value::text(letter.to_string())).collect();
        let spread = Distribution::of(&texts);
        let half = spread.below(&Value::text("n"), false).expect("a histogram");
        assert!((half - 0.5).abs() < 0.05, "{half}");
    }

    #[test]
    fn one_value_or_none_has_no_histogram() {
        assert_eq!(of(vec![]).below(&Value::Int64(1), true), None);
        assert_eq!(of(vec![3]).below(&Value::Int64(1), true), None);
        assert_eq!(of(vec![]).equal(&Value::Int64(1), 0.0), 1.0);
    }
}
