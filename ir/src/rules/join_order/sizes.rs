//! How many rows a set of inputs joins to: a function of the set, not of the tree over it.
//!
//! The rows of all inputs are multiplied, and divided for each equality that holds within the set.
//! Of a class of equal columns all but the one with the fewest values divide, which is the
//! textbook's containment of keys. A table whose whole key is met divides by its rows at once: a
//! key of two columns does not have as many values as the columns would allow. Further equalities of
//! inputs that are linked already count half, since they depend on the first more often than not
//! (Leis et al., "How Good Are Query Optimizers, Really?", 2015). All in logarithms.

use super::hypergraph::{Set, bits};
use crate::cost::ROWS_MAX;

/// The rows and values that meet in a group of joins; figures are natural logarithms.
#[derive(Clone, Debug, Default)]
pub(super) struct Sizes {
    /// Rows of each input.
    pub(super) rows: Vec<f64>,
    pub(super) classes: Vec<Values>,
    /// Keys of several columns, of the largest tables first.
    pub(super) keys: Vec<Key>,
    /// Conditions besides: the inputs that they read, and what they multiply the rows by.
    pub(super) factors: Vec<(Set, f64)>,
}

/// A class of equal columns.
#[derive(Clone, Debug)]
pub(super) struct Values {
    inputs: Set,
    /// The inputs and their distinct values, the fewest first.
    members: Vec<(usize, f64)>,
}

impl Values {
    pub(super) fn new(mut members: Vec<(usize, f64)>) -> Values {
        members.sort_by(|one, other| one.1.total_cmp(&other.1));
        let inputs = members.iter().fold(0, |set, (input, _)| set | 1 << input);
        Values { inputs, members }
    }
}

/// A key of several columns, each in a class.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) input: usize,
    pub(super) classes: Vec<usize>,
    /// Rows of the whole table: the values of the key.
    pub(super) values: f64,
}

impl Sizes {
    /// Returns the rows of a set joined, at least one.
    pub(super) fn of(&self, set: Set) -> f64 {
        let rows: f64 = bits(set).map(|input| self.rows[input]).sum();
        let mut links = Links { groups: Vec::new(), met: Vec::new() };
        let by_key: f64 = self.keys.iter().filter_map(|key| self.meet(key, set, &mut links)).sum();
        let classes = (0..self.classes.len()).map(|class| self.divisor(class, set, &mut links));
        let by_class: f64 = classes.sum();
        let within = self.factors.iter().filter(|(inputs, _)| inputs & !set == 0);
        let factors: f64 = within.map(|(_, factor)| factor).sum();
        // Rounded, so that sums in another order do not make sets of one size differ.
        let total = ((rows - by_key - by_class + factors) * 1e9).round() / 1e9;
        total.exp().clamp(1.0, ROWS_MAX)
    }

    /// The inputs of a class within a set that no key has met.
    fn members(
        &self,
        class: usize,
        set: Set,
        met: &[(usize, usize)],
    ) -> impl Iterator<Item = (usize, f64)> {
        let members = self.classes[class].members.iter().copied();
        members.filter(move |(input, _)| set & (1 << input) != 0 && !met.contains(&(class, *input)))
    }

    /// Meets a whole key, if other inputs of the set have a value for each of its columns.
    fn meet(&self, key: &Key, set: Set, links: &mut Links) -> Option<f64> {
        if set & (1 << key.input) == 0 {
            return None;
        }
        let other = |class: &usize| {
            let mut members = self.members(*class, set, &links.met);
            members.find(|(input, _)| *input != key.input).map(|(input, _)| input)
        };
        let others: Option<Vec<usize>> = key.classes.iter().map(other).collect();
        for (class, other) in key.classes.iter().zip(others?) {
            links.met.push((*class, key.input));
            links.link(key.input, other);
        }
        Some(key.values)
    }

    fn divisor(&self, class: usize, set: Set, links: &mut Links) -> f64 {
        // Most sets hold one member of most classes: nothing meets.
        if (self.classes[class].inputs & set).count_ones() < 2 {
            return 0.0;
        }
        let members: Vec<(usize, f64)> = self.members(class, set, &links.met).collect();
        let Some(((first, _), rest)) = members.split_first() else { return 0.0 };
        let part = |(input, values): &(usize, f64)| {
            if links.link(*first, *input) { *values } else { values / 2.0 }
        };
        rest.iter().map(part).sum()
    }
}

/// Which inputs equalities have linked.
struct Links {
    groups: Vec<Set>,
    /// Members of classes that a key has met: (class, input).
    met: Vec<(usize, usize)>,
}

impl Links {
    /// Links two inputs; false if they are linked already.
    fn link(&mut self, one: usize, other: usize) -> bool {
        let pair: Set = 1 << one | 1 << other;
        if self.groups.iter().any(|group| pair & !group == 0) {
            return false;
        }
        let (touched, mut apart): (Vec<Set>, Vec<Set>) =
            self.groups.drain(..).partition(|group| group & pair != 0);
        apart.push(touched.into_iter().fold(pair, |all, group| all | group));
        self.groups = apart;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Sizes, Values};

    fn close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-6, "{found}, not {expected}");
    }

    /// lineitem 60,000, partsupp 8,000, part 2,000, supplier 100.
    fn parts() -> Sizes {
        let (part, supplier) = (2_000_f64.ln(), 100_f64.ln());
        Sizes {
            rows: [60_000_f64, 8_000.0, 2_000.0, 100.0].map(f64::ln).to_vec(),
            classes: vec![
                Values::new(vec![(0, part), (1, part), (2, part)]),
                Values::new(vec![(0, supplier), (1, supplier), (3, supplier)]),
            ],
            keys: vec![Key { input: 1, classes: vec![0, 1], values: 8_000_f64.ln() }],
            factors: Vec::new(),
        }
    }

    #[test]
    fn a_foreign_key_finds_one_row_however_many_columns_it_has() {
        let sizes = parts();
        close(sizes.of(0b0101), 60_000.0);
        close(sizes.of(0b0011), 60_000.0);
        close(sizes.of(0b1111), 60_000.0);
    }

    #[test]
    fn without_the_key_a_second_equality_counts_half() {
        let sizes = Sizes { keys: Vec::new(), ..parts() };
        close(sizes.of(0b0011), 60_000.0 * 8_000.0 / 2_000.0 / 10.0);
    }

    #[test]
    fn what_nothing_connects_is_multiplied() {
        close(parts().of(0b1100), 200_000.0);
    }

    #[test]
    fn sixty_four_large_inputs_stay_finite() {
        let sizes = Sizes { rows: vec![1e30_f64.ln(); 64], ..Sizes::default() };
        close(sizes.of(u64::MAX), crate::cost::ROWS_MAX);
    }
}
