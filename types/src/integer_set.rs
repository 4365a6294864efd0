//! The integers that one side of a join has, told to the scan of the other side.
//!
//! Where they lie close together they are a bitmap, which is exact; elsewhere a Bloom filter whose
//! bits of one key share a word (Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom
//! Filters", 2009), which says yes to about one stranger in fifty.

use crate::{DataType, is_narrow};

/// Bits of range a key may take in a bitmap: beyond this a Bloom filter is smaller.
const BITMAP_BITS_PER_KEY: u64 = 32;
/// A range that is always worth a bitmap: it stays in the first-level cache.
const BITMAP_BITS_SMALL: u64 = 1 << 16;
/// Keys a word of 64 bits.
const BLOOM_KEYS_PER_WORD: usize = 4;

/// A set of integers that may say yes to some it does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegerSet {
    min: i64,
    max: i64,
    form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// Every integer from `min` to `max`.
    Range,
    /// A bit an integer from `min` on.
    Bitmap(Vec<u64>),
    /// Four bits a key, in the word that its hash names.
    Bloom(Vec<u64>),
}

impl IntegerSet {
    /// True if values of this type are integers of at most 64 bits, and equal exactly if those are.
    pub fn takes(ty: DataType) -> bool {
        match ty {
            DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Date
            | DataType::Timestamp => true,
            DataType::Decimal { precision, .. } => is_narrow(precision),
            DataType::Null
            | DataType::Boolean
            | DataType::Float32
            | DataType::Float64
            | DataType::Text { .. }
            | DataType::Blob
            | DataType::Interval
            | DataType::Json => false,
        }
    }

    /// Returns the set of these integers; `None` if there are none.
    pub fn of(integers: impl Iterator<Item = i64> + Clone) -> Option<IntegerSet> {
        let mut count = 0;
        let (mut min, mut max) = (i64::MAX, i64::MIN);
        for integer in integers.clone() {
            count += 1;
            min = min.min(integer);
            max = max.max(integer);
        }
        if count == 0 {
            return None;
        }
        let span = max.wrapping_sub(min).cast_unsigned();
        let most = (count as u64).saturating_mul(BITMAP_BITS_PER_KEY).max(BITMAP_BITS_SMALL);
        let form = if span < most { bitmap(integers, min, span) } else { bloom(integers, count) };
        Some(IntegerSet { min, max, form })
    }

    /// Returns the least integer.
    pub fn min(&self) -> i64 {
        self.min
    }

    /// Returns the greatest integer.
    pub fn max(&self) -> i64 {
        self.max
    }

    /// True if the set is every integer from the least to the greatest.
    pub fn is_range(&self) -> bool {
        self.form == Form::Range
    }

    /// False only if the set does not hold `integer`.
    #[inline]
    pub fn may_hold(&self, integer: i64) -> bool {
        match &self.form {
            Form::Range => self.min <= integer && integer <= self.max,
            Form::Bitmap(words) => {
                let bit = integer.wrapping_sub(self.min).cast_unsigned();
                // Past the last word lies nothing, however far.
                let word = usize::try_from(bit >> 6).ok().and_then(|at| words.get(at));
                word.is_some_and(|word| word >> (bit & 63) & 1 == 1)
            }
            Form::Bloom(words) => {
                let (at, bits) = bloom_place(integer, words.len());
                words[at] & bits == bits
            }
        }
    }

    /// Returns the bytes that the set holds.
    pub fn bytes(&self) -> usize {
        match &self.form {
            Form::Range => 0,
            Form::Bitmap(words) | Form::Bloom(words) => words.len() * 8,
        }
    }
}

fn bitmap(integers: impl Iterator<Item = i64>, min: i64, span: u64) -> Form {
    let length = usize::try_from(span / 64 + 1).expect("a bitmap has few bits a key");
    let mut words = vec![0_u64; length];
    for integer in integers {
        let bit = integer.wrapping_sub(min).cast_unsigned();
        words[(bit >> 6) as usize] |= 1 << (bit & 63);
    }
    let held: u64 = words.iter().map(|word| u64::from(word.count_ones())).sum();
    if held == span + 1 { Form::Range } else { Form::Bitmap(words) }
}

fn bloom(integers: impl Iterator<Item = i64>, count: usize) -> Form {
    let mut words = vec![0_u64; count.div_ceil(BLOOM_KEYS_PER_WORD)];
    let length = words.len();
    for integer in integers {
        let (at, bits) = bloom_place(integer, length);
        words[at] |= bits;
    }
    Form::Bloom(words)
}

/// Returns the word of a key and its four bits there.
#[inline]
fn bloom_place(integer: i64, words: usize) -> (usize, u64) {
    let product = u128::from(integer.cast_unsigned() ^ 0x9E37_79B9_7F4A_7C15)
        * u128::from(0xD6E8_FEB8_6659_FD93_u64);
    let hash = (product as u64) ^ (product >> 64) as u64;
    let at = ((hash >> 32) * words as u64) >> 32;
    let bit = |shift: u32| 1_u64 << (hash >> shift & 63);
    (at as usize, bit(0) | bit(6) | bit(12) | bit(18))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Form, IntegerSet};

    #[test]
    fn the_form_follows_the_spread() {
        let set = |integers: Vec<i64>| IntegerSet::of(integers.into_iter()).unwrap();
        assert_eq!(IntegerSet::of(std::iter::empty()), None);
        assert!(set((-5..70).collect()).is_range());
        assert!(matches!(set(vec![1, 3]).form, Form::Bitmap(_)));
        assert!(matches!(set(vec![i64::MIN, i64::MAX]).form, Form::Bloom(_)));
    }

    #[test]
    fn few_strangers_pass_a_bloom_filter() {
        let set = IntegerSet::of((0..10_000).map(|at| at * 1_000_003)).unwrap();
        let strangers = (0..100_000).map(|at| at * 1_000_003 + 1);
        let passed = strangers.filter(|stranger| set.may_hold(*stranger)).count();
        assert!(passed < 4_000, "{passed} of 100,000 passed");
    }

    proptest! {
        #[test]
        fn every_member_is_held(
            integers in prop::collection::vec(prop_oneof![any::<i64>(), -50_i64..50], 1..200),
            other: i64,
        ) {
            let set = IntegerSet::of(integers.iter().copied()).unwrap();
            prop_assert!(integers.iter().all(|integer| set.may_hold(*integer)));
            if !matches!(set.form, Form::Bloom(_)) {
                prop_assert_eq!(set.may_hold(other), integers.contains(&other));
            }
        }
    }
}
