//! The share of rows for which a condition is true.

use types::Value;

use super::facts::{Fact, Facts, number};
use crate::{Column, CompareOp, Scalar, ScalarKind, TruthTest};

/// Share of an equality of which nothing is known.
const EQUAL: f64 = 0.1;
/// Share of a range of which nothing is known.
const RANGE: f64 = 1.0 / 3.0;
/// Share of a LIKE.
const LIKE: f64 = 0.1;
/// Share of NULLs of which nothing is known.
const NULLS: f64 = 0.05;

/// The part of a column's range that conditions leave, from 0 to 1.
struct Span {
    column: Column,
    from: f64,
    to: f64,
}

/// Returns the share of rows for which all conditions are true.
///
/// Bounds on one column meet before they are multiplied: BETWEEN is one span, not two chances.
pub(super) fn all(predicates: &[Scalar], facts: &Facts<'_>) -> f64 {
    let mut spans: Vec<Span> = Vec::new();
    let mut share = 1.0;
    for predicate in predicates {
        match bound(predicate, facts) {
            Some(bound) => narrow(&mut spans, bound),
            None => share *= one(predicate, facts),
        }
    }
    for span in spans {
        let nulls = facts.column(span.column).nulls.unwrap_or(0.0);
        share *= (span.to - span.from).clamp(1e-9, 1.0) * (1.0 - nulls);
    }
    share
}

fn narrow(spans: &mut Vec<Span>, bound: Span) {
    match spans.iter_mut().find(|span| span.column == bound.column) {
        Some(span) => {
            span.from = span.from.max(bound.from);
            span.to = span.to.min(bound.to);
        }
        None => spans.push(bound),
    }
}

/// Returns the part that one bound leaves of a column whose spread or range is known.
fn bound(predicate: &Scalar, facts: &Facts<'_>) -> Option<Span> {
    let ScalarKind::Compare(op, left, right) = &predicate.kind else { return None };
    let (op, column, value) = match (left.as_column(), right.as_column()) {
        (Some(column), None) => (*op, column, right.as_literal()?),
        (None, Some(column)) => (op.flipped(), column, left.as_literal()?),
        _ => return None,
    };
    let part = below(facts.column(column), op, value)?;
    match op {
        CompareOp::Lt | CompareOp::Le => Some(Span { column, from: 0.0, to: part }),
        CompareOp::Gt | CompareOp::Ge => Some(Span { column, from: part, to: 1.0 }),
        CompareOp::Eq | CompareOp::Ne | CompareOp::Distinct | CompareOp::NotDistinct => None,
    }
}

/// Returns the part of a column's values below a constant; with the constant itself if that is on
/// this side of the bound.
fn below(fact: Fact<'_>, op: CompareOp, value: &Value) -> Option<f64> {
    let inclusive = matches!(op, CompareOp::Le | CompareOp::Gt);
    if let Some(part) = fact.distribution.and_then(|spread| spread.below(value, inclusive)) {
        return Some(part);
    }
    let (least, most) = fact.range?;
    let (at, width) = (number(value)?, most - least);
    Some(if width > 0.0 { ((at - least) / width).clamp(0.0, 1.0) } else { 0.5 })
}

/// Returns the share of rows for which one condition is true.
pub(crate) fn one(predicate: &Scalar, facts: &Facts<'_>) -> f64 {
    match &predicate.kind {
        ScalarKind::Literal(Value::Boolean(true)) => 1.0,
        ScalarKind::Literal(_) => 0.0,
        ScalarKind::And(list) => all(list, facts),
        ScalarKind::Or(list) => {
            1.0 - list.iter().map(|item| 1.0 - one(item, facts)).product::<f64>()
        }
        ScalarKind::Not(input) => 1.0 - one(input, facts),
        ScalarKind::Compare(op, left, right) => compare(*op, left, right, predicate, facts),
        ScalarKind::Is { input, test, negated } => is(input, *test, *negated, facts),
        ScalarKind::In { needle, list, negated } => {
            let share: f64 = list.iter().map(|value| equal(needle, Some(value), facts)).sum();
            let share = share.min(1.0);
            if *negated { 1.0 - share } else { share }
        }
        ScalarKind::Like { negated, .. } => {
            if *negated {
                1.0 - LIKE
            } else {
                LIKE
            }
        }
        ScalarKind::Column(_)
        | ScalarKind::Slot(_)
        | ScalarKind::Parameter(_)
        | ScalarKind::Arithmetic(..)
        | ScalarKind::Negate(_)
        | ScalarKind::Cast { .. }
        | ScalarKind::Case { .. }
        | ScalarKind::Call(..) => RANGE,
    }
}

/// Returns the share of rows whose column equals a value, or some value that is not known yet.
fn equal(needle: &Scalar, value: Option<&Scalar>, facts: &Facts<'_>) -> f64 {
    let Some(column) = needle.as_column() else { return EQUAL };
    let fact = facts.column(column);
    let value = value.and_then(Scalar::as_literal);
    let share = match (fact.distribution, value, fact.distinct) {
        (Some(spread), Some(value), Some(distinct)) => spread.equal(value, distinct),
        (_, _, Some(distinct)) => 1.0 / distinct.max(1.0),
        (_, _, None) => EQUAL,
    };
    share * (1.0 - fact.nulls.unwrap_or(0.0))
}

fn compare(op: CompareOp, left: &Scalar, right: &Scalar, whole: &Scalar, facts: &Facts<'_>) -> f64 {
    match op {
        CompareOp::Eq | CompareOp::NotDistinct => equals(left, right, facts),
        CompareOp::Ne | CompareOp::Distinct => 1.0 - equals(left, right, facts),
        CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => {
            bound(whole, facts).map_or(RANGE, |span| (span.to - span.from).clamp(1e-9, 1.0))
        }
    }
}

fn equals(left: &Scalar, right: &Scalar, facts: &Facts<'_>) -> f64 {
    match (facts.distinct(left), facts.distinct(right)) {
        (Some(left), Some(right)) => 1.0 / left.max(right).max(1.0),
        _ if outside(left, right, facts) || outside(right, left, facts) => 1e-9,
        (Some(_), None) => equal(left, Some(right), facts),
        (None, Some(_)) => equal(right, Some(left), facts),
        (None, None) => EQUAL,
    }
}

/// True if a constant lies outside the column's range.
fn outside(column: &Scalar, value: &Scalar, facts: &Facts<'_>) -> bool {
    let range = column.as_column().and_then(|column| facts.column(column).range);
    let at = value.as_literal().and_then(number);
    matches!((range, at), (Some((least, most)), Some(at)) if at < least || at > most)
}

fn is(input: &Scalar, test: TruthTest, negated: bool, facts: &Facts<'_>) -> f64 {
    let share = match test {
        TruthTest::Null => {
            let nulls = input.as_column().and_then(|column| facts.column(column).nulls);
            nulls.unwrap_or(NULLS)
        }
        TruthTest::True => one(input, facts),
        TruthTest::False => 1.0 - one(input, facts),
    };
    if negated { 1.0 - share } else { share }
}
