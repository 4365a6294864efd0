//! A good line of the inputs, for groups too large to weigh all trees: then only its parts are joined.
//!
//! The line is IKKBZ's: over the spanning tree of the most selective edges it finds, from each input
//! as the first, the left-deep order of the least sum of intermediate rows in O(n log n) (Ibaraki and
//! Kameda 1984; Krishnamurthy, Boral and Zaniolo 1986). The trees whose sets are intervals of the line
//! contain that order and all bushy ones beside it (Neumann and Radke, "Adaptive Optimization of
//! Very Large Join Queries", 2018).

use super::hypergraph::{Set, bits};

/// Products stay finite between these.
const LEAST: f64 = 1e-100;
const MOST: f64 = 1e100;

/// A part of the line that stays together.
#[derive(Clone, Debug)]
struct Run {
    inputs: Vec<usize>,
    /// What the run multiplies the rows before it by.
    growth: f64,
    /// The intermediate rows that it makes, for each row before it.
    cost: f64,
}

impl Run {
    fn one(input: usize, growth: f64) -> Run {
        let growth = growth.clamp(LEAST, MOST);
        Run { inputs: vec![input], growth, cost: growth }
    }

    /// Rows that are gained for the cost: what shrinks most for little goes first.
    fn rank(&self) -> f64 {
        (self.growth - 1.0) / self.cost
    }

    fn then(mut self, next: Run) -> Run {
        self.cost = (self.cost + self.growth * next.cost).clamp(LEAST, MOST);
        self.growth = (self.growth * next.growth).clamp(LEAST, MOST);
        self.inputs.extend(next.inputs);
        self
    }
}

/// Returns the inputs of a component in the cheapest left-deep order.
///
/// `rows` are those of each input, `share` is what an edge leaves of the product of its two inputs;
/// 1 where there is none.
pub(super) fn order(
    component: Set,
    rows: &impl Fn(usize) -> f64,
    share: &impl Fn(usize, usize) -> f64,
) -> Vec<usize> {
    let tree = spanning(component, share);
    let lines = bits(component).map(|root| {
        let below = below(root, None, &tree, rows, share);
        let first = Run { cost: LEAST, ..Run::one(root, rows(root)) };
        below.into_iter().fold(first, Run::then)
    });
    let best = lines.min_by(|one, other| one.cost.total_cmp(&other.cost));
    best.map(|line| line.inputs).unwrap_or_default()
}

/// The edges of the spanning tree that leave the least (Prim).
fn spanning(component: Set, share: &impl Fn(usize, usize) -> f64) -> Vec<(usize, usize)> {
    let mut reached = component & component.wrapping_neg();
    let mut edges = Vec::new();
    while reached != component {
        let candidates =
            bits(reached).flat_map(|from| bits(component & !reached).map(move |to| (from, to)));
        let least = candidates
            .min_by(|one, other| share(one.0, one.1).total_cmp(&share(other.0, other.1)))
            .expect("an input is not reached yet");
        reached |= 1 << least.1;
        edges.push(least);
    }
    edges
}

/// Returns the runs that follow `input`, in ascending rank.
fn below(
    input: usize,
    parent: Option<usize>,
    tree: &[(usize, usize)],
    rows: &impl Fn(usize) -> f64,
    share: &impl Fn(usize, usize) -> f64,
) -> Vec<Run> {
    let across = tree.iter().filter_map(|(one, other)| match (*one == input, *other == input) {
        (true, _) => Some(*other),
        (_, true) => Some(*one),
        _ => None,
    });
    let mut runs = Vec::new();
    for child in across.filter(|child| Some(*child) != parent) {
        let first = Run::one(child, rows(child) * share(input, child));
        runs.extend(led(first, below(child, Some(input), tree, rows, share)));
    }
    runs.sort_by(|one, other| one.rank().total_cmp(&other.rank()));
    runs
}

/// Puts `first` before the runs that need it; who ranks below it can only follow at once.
fn led(mut first: Run, rest: Vec<Run>) -> Vec<Run> {
    let mut rest = rest.into_iter().peekable();
    while let Some(next) = rest.next_if(|next| next.rank() < first.rank()) {
        first = first.then(next);
    }
    std::iter::once(first).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn a_star_begins_with_its_most_selective_arms() {
        // The hub has 1,000 rows; the arms keep 1/2, 1/100 and 1/10 of it.
        let rows = [1_000.0, 50.0, 1.0, 10.0];
        let share = |one: usize, other: usize| match one.min(other) {
            0 => 1.0 / 100.0,
            _ => 1.0,
        };
        let line = order(0b1111, &|input| rows[input], &share);
        assert_eq!(line, vec![0, 2, 3, 1]);
    }

    /// The sum of the rows of all prefixes but the first.
    fn cost(line: &[usize], rows: &[f64], share: &impl Fn(usize, usize) -> f64) -> f64 {
        let (mut size, mut sum) = (rows[line[0]], 0.0);
        for (at, input) in line.iter().enumerate().skip(1) {
            size *= rows[*input];
            line[..at].iter().for_each(|before| size *= share(*before, *input));
            sum += size;
        }
        sum
    }

    fn permutations(inputs: &[usize]) -> Vec<Vec<usize>> {
        let Some((first, rest)) = inputs.split_first() else { return vec![Vec::new()] };
        let shorter = permutations(rest);
        let spread = |line: Vec<usize>| {
            (0..=line.len()).map(move |at| [&line[..at], &[*first], &line[at..]].concat())
        };
        shorter.into_iter().flat_map(spread).collect()
    }

    #[test]
    fn no_connected_line_over_a_tree_is_cheaper() {
        // A tree of six inputs: 0-1, 1-2, 1-3, 3-4, 3-5.
        let edges = [(0, 1, 0.001), (1, 2, 0.02), (1, 3, 0.0005), (3, 4, 0.1), (3, 5, 0.01)];
        let rows = [900.0, 3_000.0, 40.0, 2_000.0, 7.0, 110.0];
        let share = |one: usize, other: usize| {
            let edge = edges.iter().find(|(a, b, _)| (*a, *b) == (one.min(other), one.max(other)));
            edge.map_or(1.0, |(_, _, share)| *share)
        };
        let line = order(0b11_1111, &|input| rows[input], &share);
        let connected = |line: &Vec<usize>| {
            (1..line.len()).all(|at| line[..at].iter().any(|before| share(*before, line[at]) < 1.0))
        };
        let all = permutations(&[0, 1, 2, 3, 4, 5]).into_iter().filter(connected);
        let best = all.map(|line| cost(&line, &rows, &share)).fold(f64::INFINITY, f64::min);
        let found = cost(&line, &rows, &share);
        assert!(found <= best * 1.000_001, "{line:?} costs {found}, the best {best}");
    }
}
