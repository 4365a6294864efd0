//! The pairs are counted by formula for the textbook's graphs, and by brute force for random ones.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use super::{Hypergraph, Set, bits_below};

fn simple(inputs: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Hypergraph {
    let mut graph = Hypergraph::new(inputs);
    edges.into_iter().for_each(|(one, other)| graph.connect(1 << one, 1 << other));
    graph
}

fn pairs(graph: &Hypergraph, inputs: usize) -> Vec<(Set, Set)> {
    let mut found = Vec::new();
    let all = graph.pairs(bits_below(inputs), |one, other| {
        found.push((one.min(other), one.max(other)));
        ControlFlow::Continue(())
    });
    assert_eq!(all, ControlFlow::Continue(()));
    found
}

#[test]
fn chains_cycles_stars_and_cliques_have_as_many_pairs_as_proved() {
    // Ono and Lohman 1990; Moerkotte and Neumann 2006, table 1 (a pair counted once).
    for n in 3..=9_usize {
        let chain = simple(n, (1..n).map(|at| (at - 1, at)));
        assert_eq!(pairs(&chain, n).len(), (n.pow(3) - n) / 6, "chain of {n}");
        let cycle = simple(n, (0..n).map(|at| (at, (at + 1) % n)));
        assert_eq!(pairs(&cycle, n).len(), (n.pow(3) - 2 * n.pow(2) + n) / 2, "cycle of {n}");
        let star = simple(n, (1..n).map(|at| (0, at)));
        assert_eq!(pairs(&star, n).len(), (n - 1) << (n - 2), "star of {n}");
        let clique = simple(n, (0..n).flat_map(|one| (0..one).map(move |other| (one, other))));
        let twice = 3_usize.pow(n as u32) - (1 << (n + 1)) + 1;
        assert_eq!(2 * pairs(&clique, n).len(), twice, "clique of {n}");
    }
}

#[test]
fn a_hyperedge_joins_only_whole_sides() {
    let mut graph = simple(4, [(0, 1), (2, 3)]);
    graph.connect(0b0011, 0b1100);
    assert_eq!(pairs(&graph, 4), vec![(0b0100, 0b1000), (0b0001, 0b0010), (0b0011, 0b1100)]);
    assert_eq!(graph.components(), vec![0b1111]);
}

#[test]
fn products_open_a_hyperedge_whose_side_nothing_connects() {
    let mut graph = Hypergraph::new(3);
    graph.connect(0b011, 0b100);
    assert_eq!(pairs(&graph, 3), vec![]);
    assert_eq!(pairs(&graph.with_products(), 3), vec![(0b001, 0b010), (0b011, 0b100)]);
}

#[test]
fn a_break_ends_the_walk() {
    let star = simple(17, (1..17).map(|at| (0, at)));
    let mut seen = 0;
    let end = star.pairs(bits_below(17), |_, _| {
        seen += 1;
        if seen == 100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((end, seen), (ControlFlow::Break(()), 100));
}

/// All pairs by the definition: both connected, disjoint, an edge between.
fn by_definition(graph: &Hypergraph, inputs: usize) -> BTreeSet<(Set, Set)> {
    let all = bits_below(inputs);
    let mut connected: Vec<bool> = (0..=all).map(|set| set.count_ones() == 1).collect();
    let mut found = BTreeSet::new();
    for set in 1..=all {
        for one in (1..set).filter(|one| one & !set == 0 && *one < (set ^ one)) {
            let other = set ^ one;
            if connected[one as usize] && connected[other as usize] && graph.connects(one, other) {
                connected[set as usize] = true;
                found.insert((one, other));
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn each_pair_of_a_random_graph_comes_once_and_after_its_parts(
        edges in proptest::collection::vec((any::<u8>(), any::<u8>()), 0..10),
        hyperedges in proptest::collection::vec((any::<u8>(), any::<u8>()), 0..3),
    ) {
        const INPUTS: usize = 7;
        let all = bits_below(INPUTS);
        let at = |byte: u8| usize::from(byte) % INPUTS;
        let distinct = edges.into_iter().map(|(one, other)| (at(one), at(other)));
        let mut graph = simple(INPUTS, distinct.filter(|(one, other)| one != other));
        for (left, right) in hyperedges {
            let left = Set::from(left) & all;
            let right = Set::from(right) & all & !left;
            if left != 0 && right != 0 {
                graph.connect(left, right);
            }
        }
        let found = pairs(&graph, INPUTS);
        let expected = by_definition(&graph, INPUTS);
        let once: BTreeSet<(Set, Set)> = found.iter().copied().collect();
        prop_assert_eq!(once.len(), found.len());
        prop_assert_eq!(&once, &expected);
        for (at, (one, other)) in found.iter().enumerate() {
            for part in [one, other] {
                let late = found[at..].iter().any(|(a, b)| a | b == *part);
                prop_assert!(!late, "{part:b} is used before the last pair that makes it");
            }
        }
    }
}
