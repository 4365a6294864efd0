//! The order of inner joins: the cheapest tree over each group of inputs that conditions connect.
//!
//! Every connected bushy tree is weighed while there are at most [`PAIRS_MAX`] pairs of sets to join
//! (dynamic programming over the hypergraph of conditions); a group with more is put in a good line,
//! and the trees over its intervals are weighed beside a greedy one. Columns made equal form classes:
//! joining two sets needs one equality a class, whichever the query wrote, so
//! `a.x = b.x AND b.x = c.x` may join `a` with `c` first. docs/internals/cost.md has the figures.

mod graph;
mod hypergraph;
mod linear;
mod search;
mod sizes;

use std::sync::Arc;

use crate::cost::Facts;
use crate::logical::Join;
use crate::{JoinKind, Logical, PlanContext, Query, Scalar};

use graph::Graph;
use search::Search;

/// Most pairs that are weighed exactly: all of a chain of 56 inputs, a cycle of 39, a star of 13, and
/// of 10 that are all connected with each other.
const PAIRS_MAX: usize = 30_000;
/// Most inputs of one group: sets are words of 64 bits.
const INPUTS_MAX: usize = 64;

pub(super) fn apply(query: &mut Query, context: &PlanContext<'_>) {
    if !joins(&query.root) {
        return;
    }
    let facts = Facts::of(query, context);
    visit(&mut query.root, &facts);
}

fn joins(plan: &Logical) -> bool {
    matches!(plan, Logical::Join(_)) || plan.inputs().into_iter().any(|input| joins(input))
}

fn is_inner(plan: &Logical) -> bool {
    matches!(plan, Logical::Join(Join { kind: JoinKind::Inner, .. }))
}

fn visit(plan: &mut Arc<Logical>, facts: &Facts<'_>) {
    if plan.inputs().is_empty() {
        return;
    }
    if !is_inner(plan) {
        for input in Arc::make_mut(plan).inputs_mut() {
            visit(input, facts);
        }
        return;
    }
    let (mut inputs, mut on) = (Vec::new(), Vec::new());
    flatten(plan, &mut inputs, &mut on);
    inputs.iter_mut().for_each(|input| visit(input, facts));
    if (3..=INPUTS_MAX).contains(&inputs.len()) {
        let graph = Graph::new(inputs, on, facts);
        *plan = Search::new(&graph, PAIRS_MAX).ordered();
    } else {
        *plan = rebuilt(plan, &mut inputs.into_iter());
    }
}

/// Collects the inputs of a tree of inner joins from left to right, and its conditions.
fn flatten(plan: &Arc<Logical>, inputs: &mut Vec<Arc<Logical>>, on: &mut Vec<Scalar>) {
    match &**plan {
        Logical::Join(join) if join.kind == JoinKind::Inner => {
            flatten(&join.left, inputs, on);
            flatten(&join.right, inputs, on);
            on.extend(join.on.iter().cloned());
        }
        _ => inputs.push(Arc::clone(plan)),
    }
}

/// Returns the same tree over other inputs.
fn rebuilt(plan: &Arc<Logical>, inputs: &mut impl Iterator<Item = Arc<Logical>>) -> Arc<Logical> {
    match &**plan {
        Logical::Join(join) if join.kind == JoinKind::Inner => {
            let left = rebuilt(&join.left, inputs);
            let right = rebuilt(&join.right, inputs);
            let on = join.on.clone();
            Arc::new(Logical::Join(Join { kind: join.kind, left, right, on }))
        }
        _ => inputs.next().expect("flatten collected an input for each leaf"),
    }
}
