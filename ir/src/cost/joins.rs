//! How many rows joins yield: pairs that share their keys, and rows that find a partner.

use super::facts::Facts;
use super::rows::combined;
use super::selectivity;
use crate::{Column, CompareOp, Estimate, EstimateSource, JoinKind, Scalar, ScalarKind, logical};

/// An equality between the two inputs.
struct Pair {
    columns: [Option<Column>; 2],
    /// Distinct values of each side.
    values: [Option<f64>; 2],
}

/// The conditions of a join between so many rows.
struct Meeting {
    rows: [f64; 2],
    pairs: Vec<Pair>,
    /// The share of pairs that all other conditions leave.
    share: f64,
}

/// Returns the rows of a join of inputs that yield `left` and `right`.
pub(super) fn estimate(
    join: &logical::Join,
    left: Estimate,
    right: Estimate,
    facts: &Facts<'_>,
) -> Estimate {
    let own = if join.on.is_empty() { EstimateSource::Exact } else { facts.columns_source() };
    let source = combined(combined(left.source, right.source), own);
    let meeting = Meeting::of(join, [left.rows, right.rows], facts);
    let matched = meeting.matched(facts);
    let rows = match join.kind {
        JoinKind::Inner => matched,
        JoinKind::Left => matched.max(left.rows),
        JoinKind::Right => matched.max(right.rows),
        JoinKind::Full => matched.max(left.rows + right.rows),
        JoinKind::Semi => left.rows * meeting.found(),
        JoinKind::Anti => left.rows * (1.0 - meeting.found()),
        JoinKind::Mark(_) | JoinKind::Single { .. } => left.rows,
    };
    Estimate { rows: rows.max(1.0), source }
}

impl Meeting {
    fn of(join: &logical::Join, rows: [f64; 2], facts: &Facts<'_>) -> Meeting {
        let left = join.left.columns();
        let mut meeting = Meeting { rows, pairs: Vec::new(), share: 1.0 };
        for predicate in &join.on {
            match pair(predicate, &left, facts) {
                Some(pair) => meeting.pairs.push(pair),
                None => meeting.share *= selectivity::one(predicate, facts),
            }
        }
        meeting
    }

    /// Returns the pairs of rows for which all conditions are true.
    fn matched(&self, facts: &Facts<'_>) -> f64 {
        let mut divisors: Vec<f64> = Vec::new();
        let mut rest: Vec<&Pair> = self.pairs.iter().collect();
        for (key, rows) in facts.keys() {
            // A whole key has as many values as its table has rows, not the product of its columns.
            let has = |side: usize| {
                key.iter().all(|part| rest.iter().any(|pair| pair.columns[side] == Some(*part)))
            };
            if let Some(side) = [0, 1].into_iter().find(|side| has(*side)) {
                rest.retain(|pair| !pair.columns[side].is_some_and(|own| key.contains(&own)));
                divisors.push(rows.max(1.0));
            }
        }
        divisors.extend(rest.into_iter().map(|pair| self.divisor(pair)));
        divisors.sort_by(|one, other| other.total_cmp(one));
        let mut rows = self.rows[0] * self.rows[1] * self.share;
        for (number, divisor) in divisors.into_iter().enumerate() {
            // Further keys of one join depend on the first more often than not (Leis et al. 2015).
            rows /= if number == 0 { divisor } else { divisor.sqrt() };
        }
        rows
    }

    /// Of the side with more values each finds a partner on the other: keys are contained.
    fn divisor(&self, pair: &Pair) -> f64 {
        let [left, right] = self.rows;
        let values = match pair.values {
            [Some(one), Some(other)] => one.min(left).max(other.min(right)),
            [Some(known), None] | [None, Some(known)] => known,
            // Without statistics a join follows a key of the larger side.
            [None, None] => left.max(right),
        };
        values.max(1.0)
    }

    /// Returns the share of left rows that have a partner.
    fn found(&self) -> f64 {
        let right = self.rows[1];
        if self.pairs.is_empty() {
            return (right * self.share).min(1.0);
        }
        let mut share: f64 = 1.0;
        for pair in &self.pairs {
            share = share.min(match pair.values {
                [Some(wanted), Some(offered)] => offered.min(right) / wanted.max(1.0),
                [None, _] | [_, None] => 0.5,
            });
        }
        if self.share == 1.0 {
            return share;
        }
        // Each partner by key is one more chance that the other conditions hold.
        let offered = self.pairs.iter().filter_map(|pair| pair.values[1]).fold(1.0, f64::max);
        let partners = (right / offered).max(1.0);
        share * (1.0 - (1.0 - self.share.clamp(0.0, 1.0)).powf(partners))
    }
}

fn pair(predicate: &Scalar, left: &[Column], facts: &Facts<'_>) -> Option<Pair> {
    let ScalarKind::Compare(CompareOp::Eq | CompareOp::NotDistinct, a, b) = &predicate.kind else {
        return None;
    };
    if !a.reads_any() || !b.reads_any() {
        return None;
    }
    let (a, b) = if a.reads_only(left) { (a, b) } else { (b, a) };
    Some(Pair {
        columns: [a.as_column(), b.as_column()],
        values: [facts.distinct(a), facts.distinct(b)],
    })
}
