//! The search: exact over sets, or greedy.
//!
//! A hash join costs its probe rows, twice its build rows and its output; without an equality
//! every pair costs. The larger input stands left, where it probes.

use std::sync::Arc;

use super::graph::{Graph, Set};
use crate::Logical;

/// The cheapest tree known of a set.
#[derive(Clone, Copy)]
struct Tree {
    set: Set,
    rows: f64,
    cost: f64,
    /// The two sets that it joins; empty for one input.
    sides: (Set, Set),
}

/// A joined part, on the way to the whole.
struct Part {
    set: Set,
    rows: f64,
    plan: Arc<Logical>,
}

impl Graph<'_> {
    /// Returns the joins in the cheapest order found.
    pub(super) fn ordered(&self, exact_max: usize) -> Arc<Logical> {
        let mut parts = Vec::new();
        for component in self.components() {
            if component.count_ones() as usize <= exact_max {
                parts.push(self.exact(component));
            } else {
                parts.push(self.greedy(self.singles(component)));
            }
        }
        let whole = self.greedy(parts).plan;
        self.with_last(whole)
    }

    fn with_last(&self, plan: Arc<Logical>) -> Arc<Logical> {
        if self.last().is_empty() {
            return plan;
        }
        Arc::new(Logical::Filter { input: plan, predicates: self.last().to_vec() })
    }

    /// Returns the sets of inputs that conditions connect.
    fn components(&self) -> Vec<Set> {
        let mut rest: Vec<Set> = (0..self.len()).map(|input| 1 << input).collect();
        let mut components = Vec::new();
        while let Some(mut component) = rest.pop() {
            while let Some(next) = rest.iter().position(|set| self.connected(component, *set)) {
                component |= rest.swap_remove(next);
            }
            components.push(component);
        }
        components
    }

    fn singles(&self, set: Set) -> Vec<Part> {
        let inputs = (0..self.len()).filter(|input| set & (1 << input) != 0);
        let part = |input: usize| Part {
            set: 1 << input,
            rows: self.rows_of(input),
            plan: self.input(input),
        };
        inputs.map(part).collect()
    }

    fn cost(&self, left: &Tree, right: &Tree, rows: f64) -> f64 {
        let below = left.cost + right.cost + rows;
        if !self.hashable(left.set, right.set) {
            return below + left.rows * right.rows;
        }
        below + left.rows.max(right.rows) + 2.0 * left.rows.min(right.rows)
    }

    /// Weighs every connected tree over the set.
    fn exact(&self, component: Set) -> Part {
        let inputs: Vec<usize> =
            (0..self.len()).filter(|input| component & (1 << input) != 0).collect();
        // Sets are numbered within the component, so that the table is dense.
        let global = |local: usize| {
            let chosen = inputs.iter().enumerate().filter(|(bit, _)| local & (1 << bit) != 0);
            chosen.fold(0, |set: Set, (_, input)| set | 1 << input)
        };
        let mut best: Vec<Option<Tree>> = vec![None; 1 << inputs.len()];
        for local in 1..best.len() {
            best[local] = if local.is_power_of_two() {
                let input = inputs[local.trailing_zeros() as usize];
                let rows = self.rows_of(input);
                Some(Tree { set: 1 << input, rows, cost: 0.0, sides: (0, 0) })
            } else {
                self.cheapest(local, global(local), &best)
            };
        }
        let whole = best.len() - 1;
        let local_of = |set: Set| {
            let chosen = inputs.iter().enumerate().filter(|(_, input)| set & (1 << **input) != 0);
            chosen.fold(0, |local, (bit, _)| local | 1 << bit)
        };
        match best[whole] {
            Some(tree) => {
                let plan = self.built(tree, &|set| best[local_of(set)]);
                Part { set: component, rows: tree.rows, plan }
            }
            // Conditions over three inputs alone connect no two sets: join what is smallest first.
            None => self.greedy(self.singles(component)),
        }
    }

    fn cheapest(&self, local: usize, set: Set, best: &[Option<Tree>]) -> Option<Tree> {
        let mut found: Option<Tree> = None;
        // Each split once: the side with the lowest bit is always the first.
        let lowest = local & local.wrapping_neg();
        let mut side = (local - 1) & local;
        while side > 0 {
            if side & lowest != 0
                && let (Some(one), Some(other)) = (&best[side], &best[local ^ side])
                && self.connected(one.set, other.set)
            {
                let rows = match found {
                    Some(tree) => tree.rows,
                    None => self.rows_joined((one.set, one.rows), (other.set, other.rows)),
                };
                let cost = self.cost(one, other, rows);
                if found.is_none_or(|tree| cost < tree.cost) {
                    let sides = if one.rows >= other.rows {
                        (one.set, other.set)
                    } else {
                        (other.set, one.set)
                    };
                    found = Some(Tree { set, rows, cost, sides });
                }
            }
            side = (side - 1) & local;
        }
        found
    }

    fn built(&self, tree: Tree, best: &impl Fn(Set) -> Option<Tree>) -> Arc<Logical> {
        if tree.set.count_ones() == 1 {
            return self.input(tree.set.trailing_zeros() as usize);
        }
        let side = |set: Set| {
            let below = best(set).expect("a tree joins sets that have trees");
            (set, self.built(below, best))
        };
        self.join(side(tree.sides.0), side(tree.sides.1))
    }

    /// Joins the pair with the fewest rows until one part is left; pairs without a condition last.
    fn greedy(&self, mut parts: Vec<Part>) -> Part {
        while parts.len() > 1 {
            let (one, other) = self.next_pair(&parts);
            // `one` is less than `other`, so removing `other` first keeps its place.
            let right = parts.swap_remove(other);
            let left = parts.swap_remove(one);
            parts.push(self.paired(left, right));
        }
        parts.pop().expect("a group of joins has inputs")
    }

    fn next_pair(&self, parts: &[Part]) -> (usize, usize) {
        let mut chosen = (0, 1);
        let mut least = (true, f64::INFINITY);
        for one in 0..parts.len() {
            for other in one + 1..parts.len() {
                let (a, b) = (&parts[one], &parts[other]);
                let product = !self.connected(a.set, b.set);
                let rows = self.rows_joined((a.set, a.rows), (b.set, b.rows));
                if (product, rows) < least {
                    (chosen, least) = ((one, other), (product, rows));
                }
            }
        }
        chosen
    }

    fn paired(&self, left: Part, right: Part) -> Part {
        let (left, right) = if left.rows >= right.rows { (left, right) } else { (right, left) };
        let rows = self.rows_joined((left.set, left.rows), (right.set, right.rows));
        let set = left.set | right.set;
        let plan = self.join((left.set, left.plan), (right.set, right.plan));
        Part { set, rows, plan }
    }
}
