//! A list of expressions in which none that may move stands twice.
//!
//! A short list is searched from its start. A long one, as programs write them, is searched by a
//! fingerprint: expressions with one fingerprint are compared, others are taken to differ, which
//! costs at most a repeated condition. Search by comparing alone takes quadratic time.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{Scalar, ScalarKind};

/// The longest list that is searched from its start.
const SHORT: usize = 16;

/// The list, as it grows.
#[derive(Default)]
pub(super) struct Once {
    list: Vec<Scalar>,
    /// Where the expressions of each fingerprint stand; empty while the list is short.
    places: BTreeMap<u64, Vec<usize>>,
}

impl Once {
    /// Adds an expression, unless it may move and is in the list.
    pub(super) fn push(&mut self, item: Scalar) {
        if item.is_movable() && self.contains(&item) {
            return;
        }
        if self.list.len() >= SHORT {
            self.places.entry(fingerprint(&item)).or_default().push(self.list.len());
        }
        self.list.push(item);
    }

    /// Adds expressions whatever they are.
    pub(super) fn extend(&mut self, items: Vec<Scalar>) {
        for item in items {
            if self.list.len() >= SHORT {
                self.places.entry(fingerprint(&item)).or_default().push(self.list.len());
            }
            self.list.push(item);
        }
    }

    fn contains(&self, item: &Scalar) -> bool {
        if self.list.iter().take(SHORT).any(|known| known == item) {
            return true;
        }
        if self.places.is_empty() {
            return false;
        }
        let places = self.places.get(&fingerprint(item));
        places.is_some_and(|places| places.iter().any(|at| self.list[*at] == *item))
    }

    /// Returns the list.
    pub(super) fn into_list(self) -> Vec<Scalar> {
        self.list
    }
}

/// Returns a number that expressions share if they have one shape and their constants one text.
fn fingerprint(scalar: &Scalar) -> u64 {
    let mut hasher = DefaultHasher::new();
    scalar.hash(&mut hasher);
    scalar.walk(&mut |node| {
        if let ScalarKind::Literal(value) = &node.kind {
            format!("{value:?}").hash(&mut hasher);
        }
    });
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use diag::Span;
    use types::{DataType, Value};

    use super::Once;
    use crate::Scalar;

    #[test]
    fn long_lists_drop_what_they_have() {
        let mut once = Once::default();
        for round in 0..3 {
            for number in 0..100 {
                once.push(Scalar::literal(Value::Int64(number), DataType::Int64, Span::NONE));
            }
            assert_eq!(once.list.len(), 100, "round {round}");
        }
    }
}
