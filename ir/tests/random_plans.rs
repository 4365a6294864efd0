//! Random plans: whatever the rules and the planner do to one, it must hold together.
//!
//! `optimize` verifies after every rule and `plan` verifies what it made (debug builds); a plan
//! that loses a column, or reads one in the wrong place, panics there and proptest shrinks it.

#[expect(dead_code, reason = "each test binary uses its own part of the sample")]
mod sample;

use std::sync::Arc;

use diag::Span;
use proptest::prelude::{ProptestConfig, any, proptest};
use sample::{Sample, column_statistics, number};
use spectradb_ir::{
    AggregateFunction, ArithmeticOp, Column, CompareOp, JoinKind, Logical, Physical, Scalar,
    SortKey, TableStatistics, verify,
};
use types::DataType;

/// Choices taken from random bytes; after the last all are the first.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn of(&mut self, count: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % count
    }
}

const COMPARISONS: [CompareOp; 8] = [
    CompareOp::Eq,
    CompareOp::Ne,
    CompareOp::Lt,
    CompareOp::Le,
    CompareOp::Gt,
    CompareOp::Ge,
    CompareOp::Distinct,
    CompareOp::NotDistinct,
];

const JOINS: [JoinKind; 6] = [
    JoinKind::Inner,
    JoinKind::Left,
    JoinKind::Right,
    JoinKind::Full,
    JoinKind::Semi,
    JoinKind::Anti,
];

fn value(s: &Sample, c: &mut Choices<'_>, columns: &[Column], depth: usize) -> Scalar {
    let choice = if depth == 0 { c.of(2) } else { c.of(4) };
    match choice {
        0 if !columns.is_empty() => s.column(columns[c.of(columns.len())]),
        2 | 3 => {
            let ops = [ArithmeticOp::Add, ArithmeticOp::Multiply, ArithmeticOp::Divide];
            let left = value(s, c, columns, depth - 1);
            let right = value(s, c, columns, depth - 1);
            s.arithmetic(ops[c.of(3)], left, right)
        }
        _ => number(i64::try_from(c.of(4)).unwrap()),
    }
}

fn condition(s: &Sample, c: &mut Choices<'_>, columns: &[Column], depth: usize) -> Scalar {
    match if depth == 0 { c.of(4) } else { c.of(8) } {
        4 => s.and(vec![condition(s, c, columns, depth - 1), condition(s, c, columns, depth - 1)]),
        5 | 6 => {
            s.or(vec![condition(s, c, columns, depth - 1), condition(s, c, columns, depth - 1)])
        }
        7 => s.not(condition(s, c, columns, depth - 1)),
        0 if !columns.is_empty() => s.is_null(columns[c.of(columns.len())]),
        _ => {
            let op = COMPARISONS[c.of(8)];
            s.compare_scalars(op, value(s, c, columns, 1), value(s, c, columns, 1))
        }
    }
}

fn plan(s: &mut Sample, c: &mut Choices<'_>, depth: usize) -> Arc<Logical> {
    if depth == 0 {
        return match c.of(3) {
            0 => s.scan("orders", &["id", "customer", "total"]).0,
            1 => s.scan("customers", &["id", "city"]).0,
            _ => s.scan("lines", &["order", "number", "price"]).0,
        };
    }
    let input = plan(s, c, depth - 1);
    let columns = input.columns();
    match c.of(10) {
        0 | 1 => {
            let list = (0..=c.of(3)).map(|_| condition(s, c, &columns, 2)).collect();
            s.filter(input, list)
        }
        2 | 3 => join(s, c, input, depth),
        4 => {
            let items: Vec<Scalar> = (0..=c.of(3)).map(|_| value(s, c, &columns, 2)).collect();
            s.project(input, items.into_iter().map(|item| ("item", item)).collect()).0
        }
        5 if !columns.is_empty() => {
            s.count_by(input, columns[c.of(columns.len())], AggregateFunction::CountStar).0
        }
        6 => {
            let scalar = value(s, c, &columns, 1);
            let key = SortKey { scalar, descending: false, nulls_first: false };
            s.node(Logical::Sort { input, keys: vec![key] })
        }
        7 => s.node(Logical::Limit { input, limit: Some(number(3)), offset: None }),
        8 => s.node(Logical::Distinct { input }),
        _ => union(s, input),
    }
}

fn join(s: &mut Sample, c: &mut Choices<'_>, left: Arc<Logical>, depth: usize) -> Arc<Logical> {
    let right = plan(s, c, depth - 1);
    let columns = [left.columns(), right.columns()].concat();
    let on = (0..c.of(3)).map(|_| condition(s, c, &columns, 2)).collect();
    match c.of(8) {
        6 => marked(s, c, left, right, on),
        7 => s.join(JoinKind::Single { span: Span::NONE }, left, right, on),
        at => s.join(JOINS[at], left, right, on),
    }
}

/// The rows of which a mark is, or is not, true; the mark itself goes.
fn marked(
    s: &mut Sample,
    c: &mut Choices<'_>,
    left: Arc<Logical>,
    right: Arc<Logical>,
    on: Vec<Scalar>,
) -> Arc<Logical> {
    let mark = s.columns.push("mark", DataType::Boolean);
    let items = left.columns().into_iter().map(|column| (column, s.column(column))).collect();
    let joined = s.join(JoinKind::Mark(mark), left, right, on);
    let condition = match c.of(3) {
        0 => s.column(mark),
        1 => s.not(s.column(mark)),
        _ => s.is_null(mark),
    };
    let input = s.filter(joined, vec![condition]);
    s.node(Logical::Project { input, items })
}

/// The same input twice: a shared node of the plan.
fn union(s: &mut Sample, input: Arc<Logical>) -> Arc<Logical> {
    let below = input.columns();
    let types = below.iter().map(|column| s.columns.ty(*column)).collect::<Vec<_>>();
    let columns = types.into_iter().map(|ty| s.columns.push("arm", ty)).collect();
    let inputs = vec![(Arc::clone(&input), below.clone()), (input, below)];
    s.node(Logical::UnionAll { inputs, columns })
}

/// Statistics are only data: none of them may make an estimate that is no number of rows.
fn know(s: &mut Sample, c: &mut Choices<'_>) {
    const FIGURES: [f64; 6] = [1_000.0, 0.0, 1.0, 0.5, 1e300, f64::NAN];
    for (table, columns) in [
        ("orders", ["id", "customer", "total"].as_slice()),
        ("customers", ["id", "city"].as_slice()),
        ("lines", ["order", "number", "price"].as_slice()),
    ] {
        let mut known = TableStatistics { rows: FIGURES[c.of(6)], ..TableStatistics::default() };
        for column in columns {
            let bounds = [(0, 9), (5, 5), (9, 0), (i64::MIN, i64::MAX)][c.of(4)];
            let mut statistics = column_statistics(bounds.0, bounds.1, FIGURES[c.of(6)]);
            statistics.null_fraction = [0.0, 1.0, 0.3][c.of(3)];
            known.columns.insert(s.column_id(table, column), statistics);
        }
        if c.of(3) > 0 {
            s.statistics_of(table, known);
        }
    }
}

fn assert_sane(plan: &Physical) {
    let rows = plan.estimate.rows;
    assert!(rows.is_finite() && rows >= 0.0, "{rows} rows");
    plan.inputs().into_iter().for_each(assert_sane);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn rules_and_planner_keep_plans_whole(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut s = Sample::new();
        let mut choices = Choices(bytes.iter());
        know(&mut s, &mut choices);
        let depth = 1 + choices.of(5);
        let root = plan(&mut s, &mut choices, depth);
        let output = root.columns();
        let query = s.query(root, &output);
        verify::logical(&query).unwrap();
        let physical = s.plan(&query);
        assert_eq!(physical.types.len(), output.len());
        verify::physical(&physical).unwrap();
        assert_sane(&physical);
    }
}
