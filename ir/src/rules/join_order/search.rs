//! The search: all connected trees within a budget, else the trees over a good line of the inputs.
//!
//! A hash join costs its output, a unit a probe row and two a build row, which has to be copied; a
//! quarter more for each further input whose columns the build row holds. Without an equality every
//! pair costs. The larger input stands left, where it probes. Every pair of sets that is
//! weighed leaves the cheaper tree in one table, so whichever way a set was found first, its best
//! tree known is the one that is built.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::graph::Graph;
use super::hypergraph::{Hypergraph, Set, SetHash, bits};
use super::linear;
use crate::Logical;

/// The cheapest tree known of a set.
#[derive(Clone, Copy)]
struct Tree {
    rows: f64,
    cost: f64,
    /// The two sets that it joins, the larger first; empty for one input.
    sides: (Set, Set),
}

/// The trees of one group of joins.
pub(super) struct Search<'a> {
    graph: &'a Graph,
    trees: HashMap<Set, Tree, SetHash>,
    /// Pairs weighed exactly so far, over all parts of the group.
    pairs: usize,
    pairs_max: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(graph: &'a Graph, pairs_max: usize) -> Search<'a> {
        let leaf = |input: usize| {
            let tree = Tree { rows: graph.rows(1 << input), cost: 0.0, sides: (0, 0) };
            (1 << input, tree)
        };
        Search { graph, trees: (0..graph.inputs()).map(leaf).collect(), pairs: 0, pairs_max }
    }

    /// Returns the joins in the cheapest order found.
    pub(super) fn ordered(&mut self) -> Arc<Logical> {
        let components = self.graph.edges().components();
        components.iter().for_each(|component| self.solve(*component));
        let whole = self.greedy(components);
        self.with_last(self.built(whole))
    }

    fn with_last(&self, plan: Arc<Logical>) -> Arc<Logical> {
        if self.graph.last().is_empty() {
            return plan;
        }
        Arc::new(Logical::Filter { input: plan, predicates: self.graph.last().to_vec() })
    }

    /// Finds a tree over a connected set.
    fn solve(&mut self, component: Set) {
        let graph = self.graph;
        let whole = self.exact(component, graph.edges());
        if whole && !self.trees.contains_key(&component) {
            // A hyperedge has a side that nothing connects: its inputs meet as a product.
            let edges = graph.edges().clone().with_products();
            if self.exact(component, &edges) {
                return;
            }
        } else if whole {
            return;
        }
        self.along_a_line(component);
        self.greedy(bits(component).map(|input| 1 << input).collect());
    }

    /// Weighs every connected tree over the set; false if the budget ended it.
    fn exact(&mut self, component: Set, edges: &Hypergraph) -> bool {
        let walk = edges.pairs(component, |one, other| {
            self.pairs += 1;
            if self.pairs > self.pairs_max {
                return ControlFlow::Break(());
            }
            self.weigh(one, other);
            ControlFlow::Continue(())
        });
        walk.is_continue()
    }

    /// Weighs the trees whose sets are intervals of a good line.
    fn along_a_line(&mut self, component: Set) {
        let graph = self.graph;
        let line = linear::order(component, &|input| graph.rows(1 << input), &shares(graph));
        let interval =
            |from: usize, to: usize| line[from..to].iter().fold(0, |set, at| set | 1 << at);
        for length in 2..=line.len() {
            for from in 0..=line.len() - length {
                for middle in from + 1..from + length {
                    let one: Set = interval(from, middle);
                    let other: Set = interval(middle, from + length);
                    let known = self.trees.contains_key(&one) && self.trees.contains_key(&other);
                    if known && graph.edges().connects(one, other) {
                        self.weigh(one, other);
                    }
                }
            }
        }
    }

    /// Joins the pair with the fewest rows until one set is left; pairs without a condition last.
    fn greedy(&mut self, mut parts: Vec<Set>) -> Set {
        let mut pairs: Vec<(bool, f64, Set, Set)> = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            pairs.extend(parts[..at].iter().map(|other| self.pair(*other, *part)));
        }
        while let Some(best) = pairs.iter().min_by(|one, other| by_rows(one, other)).copied() {
            let (_, _, one, other) = best;
            self.weigh(one, other);
            pairs.retain(|(_, _, a, b)| [*a, *b].iter().all(|side| side & (one | other) == 0));
            parts.retain(|part| part & (one | other) == 0);
            pairs.extend(parts.iter().map(|part| self.pair(*part, one | other)));
            parts.push(one | other);
        }
        parts.pop().expect("a group of joins has inputs")
    }

    /// A pair that greed may choose: whether it is a product, its rows, and its sets.
    fn pair(&self, one: Set, other: Set) -> (bool, f64, Set, Set) {
        let product = !self.graph.edges().connects(one, other);
        (product, self.graph.rows(one | other), one, other)
    }

    /// Keeps the join of two sets if it is the cheapest tree of their union.
    fn weigh(&mut self, one: Set, other: Set) {
        let (left, right) = (self.trees[&one], self.trees[&other]);
        let set = one | other;
        let known = self.trees.get(&set).copied();
        let rows = known.map_or_else(|| self.graph.rows(set), |tree| tree.rows);
        let sides = if left.rows >= right.rows { (one, other) } else { (other, one) };
        let met = if self.graph.hashable(one, other) {
            let build_row = 1.75 + 0.25 * f64::from(sides.1.count_ones());
            left.rows.max(right.rows) + build_row * left.rows.min(right.rows)
        } else {
            left.rows * right.rows
        };
        let cost = left.cost + right.cost + rows + met;
        // Of equals the first stays: the last digit of a sum decides nothing.
        if known.is_none_or(|tree| cost < tree.cost * (1.0 - 1e-9)) {
            self.trees.insert(set, Tree { rows, cost, sides });
        }
    }

    fn built(&self, set: Set) -> Arc<Logical> {
        if set.is_power_of_two() {
            return self.graph.input(set.trailing_zeros() as usize);
        }
        let (left, right) = self.trees[&set].sides;
        self.graph.join((left, self.built(left)), (right, self.built(right)))
    }
}

/// Returns what an edge between two inputs leaves of their product; 1 where there is none.
fn shares(graph: &Graph) -> impl Fn(usize, usize) -> f64 {
    let inputs = graph.inputs();
    let rows: Vec<f64> = (0..inputs).map(|input| graph.rows(1 << input)).collect();
    let share = |one: usize, other: usize| match graph.edges().connects(1 << one, 1 << other) {
        true => graph.rows(1 << one | 1 << other) / (rows[one] * rows[other]),
        false => 1.0,
    };
    // Each is asked for often, and a set's rows are dear.
    let pairs = (0..inputs).flat_map(|one| (0..inputs).map(move |other| (one, other)));
    let table: Vec<f64> = pairs
        .map(|(one, other)| if one == other { 1.0 } else { share(one.min(other), one.max(other)) })
        .collect();
    move |one, other| table[one * inputs + other]
}

fn by_rows(one: &(bool, f64, Set, Set), other: &(bool, f64, Set, Set)) -> std::cmp::Ordering {
    one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
}

#[cfg(test)]
mod tests;
