//! What the search spends and what it finds, over inputs of known sizes.

use std::collections::HashMap;
use std::sync::Arc;

use diag::Span;
use types::{DataType, Value};

use super::super::PAIRS_MAX;
use super::super::graph::Graph;
use super::super::hypergraph::bits_below;
use super::Search;
use crate::cost::Facts;
use crate::{
    ArithmeticOp, Column, Columns, CompareOp, Logical, PlanContext, Query, Scalar, ScalarKind,
};

/// An input of so many rows and `columns` columns.
fn input(columns: &mut Columns, rows: usize, width: usize) -> (Arc<Logical>, Vec<Column>) {
    let made: Vec<Column> = (0..width).map(|_| columns.push("c", DataType::Int64)).collect();
    let zero = Scalar::literal(Value::Int64(0), DataType::Int64, Span::NONE);
    let rows = Arc::new(vec![vec![zero; width]; rows]);
    (Arc::new(Logical::Values { rows, columns: made.clone() }), made)
}

fn column(column: Column) -> Scalar {
    Scalar::column(column, DataType::Int64, Span::NONE)
}

fn equal(left: Scalar, right: Scalar) -> Scalar {
    let kind = ScalarKind::Compare(CompareOp::Eq, Box::new(left), Box::new(right));
    Scalar::new(kind, DataType::Boolean, Span::NONE)
}

/// A group of inputs whose sizes differ, each edge over columns of its own.
fn graph(inputs: usize, edges: &[(usize, usize)]) -> Graph {
    let mut columns = Columns::default();
    let made: Vec<(Arc<Logical>, Vec<Column>)> =
        (0..inputs).map(|at| input(&mut columns, 1 + at * 37 % 101, inputs)).collect();
    let on = edges.iter().map(|(a, b)| equal(column(made[*a].1[*b]), column(made[*b].1[*a])));
    graph_of(made.iter().map(|(plan, _)| Arc::clone(plan)).collect(), on.collect(), columns)
}

fn graph_of(plans: Vec<Arc<Logical>>, on: Vec<Scalar>, columns: Columns) -> Graph {
    let statistics = HashMap::new();
    let evaluate = |_: &Scalar| Ok(Value::Null);
    let context = PlanContext { statistics: &statistics, evaluate: &evaluate, sample: &|_| None };
    let root = Arc::clone(&plans[0]);
    let query = Query { root, columns, output: Vec::new(), parameters: Vec::new() };
    Graph::new(plans, on, &Facts::of(&query, &context))
}

fn leaves(plan: &Logical) -> usize {
    match plan {
        Logical::Values { .. } => 1,
        _ => plan.inputs().into_iter().map(|input| leaves(input)).sum(),
    }
}

fn clique(inputs: usize) -> Vec<(usize, usize)> {
    (0..inputs).flat_map(|one| (0..one).map(move |other| (other, one))).collect()
}

#[test]
fn seventeen_inputs_stay_within_the_budget() {
    const INPUTS: usize = 17;
    let chain: Vec<(usize, usize)> = (1..INPUTS).map(|at| (at - 1, at)).collect();
    let cycle: Vec<(usize, usize)> = (0..INPUTS).map(|at| (at, (at + 1) % INPUTS)).collect();
    let star: Vec<(usize, usize)> = (1..INPUTS).map(|at| (0, at)).collect();
    // Pairs by formula where all are weighed; one past the budget where the walk is broken off.
    let shapes = [
        ("chain", chain, (17_usize.pow(3) - 17) / 6),
        ("cycle", cycle, (17_usize.pow(3) - 2 * 17_usize.pow(2) + 17) / 2),
        ("star", star, PAIRS_MAX + 1),
        ("clique", clique(INPUTS), PAIRS_MAX + 1),
    ];
    for (name, edges, pairs) in shapes {
        let graph = graph(INPUTS, &edges);
        let mut search = Search::new(&graph, PAIRS_MAX);
        let plan = search.ordered();
        assert_eq!(search.pairs, pairs, "{name}");
        assert_eq!(leaves(&plan), INPUTS, "{name}");
    }
}

#[test]
fn sixty_four_inputs_are_joined_along_a_line() {
    let graph = graph(64, &clique(64));
    let mut search = Search::new(&graph, 100);
    assert_eq!(leaves(&search.ordered()), 64);
    assert!(search.trees[&bits_below(64)].cost.is_finite());
}

#[test]
fn without_a_budget_the_line_comes_close_to_the_best_tree() {
    let chain: Vec<(usize, usize)> = (1..9).map(|at| (at - 1, at)).collect();
    let star: Vec<(usize, usize)> = (1..9).map(|at| (0, at)).collect();
    let mut cycle = chain.clone();
    cycle.push((0, 8));
    for (edges, bound) in [(chain, 1.0), (star, 1.05), (cycle, 1.5), (clique(9), 2.0)] {
        let graph = graph(9, &edges);
        let cost = |pairs_max: usize| {
            let mut search = Search::new(&graph, pairs_max);
            let _ = search.ordered();
            search.trees[&bits_below(9)].cost
        };
        let (best, line) = (cost(PAIRS_MAX), cost(0));
        assert!(best <= line * 1.000_001, "{edges:?}: all trees {best}, a line's {line}");
        assert!(line <= best * bound, "{edges:?}: all trees {best}, a line's {line}");
    }
}

#[test]
fn a_sum_of_two_inputs_joins_a_third_by_hash() {
    let mut columns = Columns::default();
    let made: Vec<(Arc<Logical>, Vec<Column>)> =
        [5, 7, 90].map(|rows| input(&mut columns, rows, 1)).into();
    let kind = ScalarKind::Arithmetic(
        ArithmeticOp::Add,
        Box::new(column(made[0].1[0])),
        Box::new(column(made[1].1[0])),
    );
    let sum = Scalar::new(kind, DataType::Int64, Span::NONE);
    let on = vec![equal(sum, column(made[2].1[0]))];
    let plans = made.iter().map(|(plan, _)| Arc::clone(plan)).collect();
    let graph = graph_of(plans, on, columns);
    let mut search = Search::new(&graph, PAIRS_MAX);
    let plan = search.ordered();
    let Logical::Join(join) = &*plan else { panic!("a join is planned") };
    assert_eq!(join.on.len(), 1);
    assert_eq!((leaves(&join.left), leaves(&join.right)), (1, 2), "the product is built");
}
