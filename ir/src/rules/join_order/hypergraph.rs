//! Which inputs conditions connect, and every pair of connected sets that a join can bring together.
//!
//! A condition over two inputs is a simple edge. One over more is a hyperedge: `a.x + b.x = c.x`
//! connects `{a, b}` with `{c}`, and helps nobody who holds `a` alone. [`Hypergraph::pairs`] yields
//! each pair of disjoint connected sets with an edge between them once, and a set only after all
//! pairs that make it. Source: Moerkotte and Neumann, "Dynamic Programming Strikes Back" (2008).

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::ControlFlow;

/// A set of inputs, a bit each.
pub(super) type Set = u64;

/// Hashes a set by one multiplication: sets are small numbers, and equal in every run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SetHasher(u64);

impl Hasher for SetHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, set: u64) {
        // Fibonacci hashing; the table reads the high bits as well as the low ones.
        self.0 = (self.0 ^ set).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
    }
}

/// How a map of sets hashes them.
pub(super) type SetHash = BuildHasherDefault<SetHasher>;

/// Inputs and the edges between them.
#[derive(Clone, Debug)]
pub(super) struct Hypergraph {
    /// The inputs that a simple edge connects with each input.
    neighbors: Vec<Set>,
    hyperedges: Vec<(Set, Set)>,
}

impl Hypergraph {
    /// Returns a graph without edges.
    pub(super) fn new(inputs: usize) -> Hypergraph {
        Hypergraph { neighbors: vec![0; inputs], hyperedges: Vec::new() }
    }

    /// Connects two disjoint sets.
    pub(super) fn connect(&mut self, left: Set, right: Set) {
        debug_assert_eq!(left & right, 0, "an edge connects different inputs");
        if left.is_power_of_two() && right.is_power_of_two() {
            self.neighbors[left.trailing_zeros() as usize] |= right;
            self.neighbors[right.trailing_zeros() as usize] |= left;
        } else {
            self.hyperedges.push((left, right));
        }
    }

    /// Connects all inputs of a set with each other.
    pub(super) fn connect_all(&mut self, set: Set) {
        for input in bits(set) {
            self.neighbors[input] |= set & !(1 << input);
        }
    }

    /// Lets the sides of hyperedges be joined as products, where nothing else connects them.
    pub(super) fn with_products(mut self) -> Hypergraph {
        for (left, right) in self.hyperedges.clone() {
            self.connect_all(left);
            self.connect_all(right);
        }
        self
    }

    /// True if an edge joins the two sets.
    pub(super) fn connects(&self, left: Set, right: Set) -> bool {
        bits(left).any(|input| self.neighbors[input] & right != 0)
            || self.hyperedges.iter().any(|(one, other)| {
                (within(*one, left) && within(*other, right))
                    || (within(*other, left) && within(*one, right))
            })
    }

    /// Returns the sets of inputs that edges connect, directly or not, by their lowest input.
    pub(super) fn components(&self) -> Vec<Set> {
        let mut rest = bits_below(self.neighbors.len());
        let mut components = Vec::new();
        while rest != 0 {
            let component = self.reached(lowest(rest));
            components.push(component);
            rest &= !component;
        }
        components
    }

    fn reached(&self, from: Set) -> Set {
        let mut component = from;
        loop {
            let mut wider = bits(component).fold(component, |set, at| set | self.neighbors[at]);
            for (left, right) in &self.hyperedges {
                if (left | right) & wider != 0 {
                    wider |= left | right;
                }
            }
            if wider == component {
                return component;
            }
            component = wider;
        }
    }

    /// Calls `visit` with each pair of connected sets within `component`, until one breaks.
    pub(super) fn pairs(
        &self,
        component: Set,
        visit: impl FnMut(Set, Set) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut walk = Walk { graph: self, component, known: HashSet::default(), visit };
        for input in bits_downwards(component) {
            let set = 1 << input;
            walk.known.insert(set);
            walk.complements(set)?;
            walk.grow(set, bits_below(input + 1))?;
        }
        ControlFlow::Continue(())
    }

    /// Returns the inputs by which a connected set may grow; a hyperedge's far side by its lowest.
    fn neighborhood(&self, set: Set, excluded: Set) -> Set {
        let blocked = set | excluded;
        let near = bits(set).fold(0, |found, input| found | self.neighbors[input]) & !blocked;
        let mut found = near;
        for (left, right) in &self.hyperedges {
            for (from, to) in [(*left, *right), (*right, *left)] {
                if within(from, set) && to & (blocked | near) == 0 {
                    found |= lowest(to);
                }
            }
        }
        found
    }
}

/// The enumeration on its way.
struct Walk<'a, F> {
    graph: &'a Hypergraph,
    component: Set,
    /// Sets known to be connected.
    known: HashSet<Set, SetHash>,
    visit: F,
}

impl<F: FnMut(Set, Set) -> ControlFlow<()>> Walk<'_, F> {
    fn neighborhood(&self, set: Set, excluded: Set) -> Set {
        self.graph.neighborhood(set, excluded) & self.component
    }

    fn found(&mut self, one: Set, other: Set) -> ControlFlow<()> {
        self.known.insert(one | other);
        (self.visit)(one, other)
    }

    /// Grows a connected set; `excluded` are inputs whose sets have been, or will be, seen elsewhere.
    fn grow(&mut self, set: Set, excluded: Set) -> ControlFlow<()> {
        let around = self.neighborhood(set, excluded);
        for more in subsets(around) {
            if self.known.contains(&(set | more)) {
                self.complements(set | more)?;
            }
        }
        for more in subsets(around) {
            self.grow(set | more, excluded | around)?;
        }
        ControlFlow::Continue(())
    }

    /// Finds the connected sets that can be joined with `set`.
    fn complements(&mut self, set: Set) -> ControlFlow<()> {
        let excluded = set | bits_below(set.trailing_zeros() as usize);
        let around = self.neighborhood(set, excluded);
        for input in bits_downwards(around) {
            let other = 1 << input;
            if self.graph.connects(set, other) {
                self.found(set, other)?;
            }
            self.grow_complement(set, other, excluded | (around & bits_below(input + 1)))?;
        }
        ControlFlow::Continue(())
    }

    fn grow_complement(&mut self, set: Set, other: Set, excluded: Set) -> ControlFlow<()> {
        let around = self.neighborhood(other, excluded);
        for more in subsets(around) {
            let wider = other | more;
            if self.known.contains(&wider) && self.graph.connects(set, wider) {
                self.found(set, wider)?;
            }
        }
        for more in subsets(around) {
            self.grow_complement(set, other | more, excluded | around)?;
        }
        ControlFlow::Continue(())
    }
}

fn within(part: Set, whole: Set) -> bool {
    part & !whole == 0
}

fn lowest(set: Set) -> Set {
    set & set.wrapping_neg()
}

/// Returns the set of the inputs `0..end`.
pub(super) fn bits_below(end: usize) -> Set {
    if end >= Set::BITS as usize { Set::MAX } else { (1 << end) - 1 }
}

/// Returns the inputs of a set in ascending order.
pub(super) fn bits(mut set: Set) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let input = (set != 0).then(|| set.trailing_zeros() as usize)?;
        set &= set - 1;
        Some(input)
    })
}

fn bits_downwards(mut set: Set) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let input = (set != 0).then(|| set.ilog2() as usize)?;
        set &= !(1 << input);
        Some(input)
    })
}

/// Returns the subsets of a set but the empty one, parts before what they are parts of.
fn subsets(set: Set) -> impl Iterator<Item = Set> {
    let mut last: Set = 0;
    std::iter::from_fn(move || {
        last = last.wrapping_sub(set) & set;
        (last != 0).then_some(last)
    })
}

#[cfg(test)]
mod tests;
