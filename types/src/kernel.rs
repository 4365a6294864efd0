//! The inner loops over bit-packed codes, compiled for more than one processor.
//!
//! Codes of `width` bits (0 to 64) lie in **lanes**, so that a vector register unpacks neighbours
//! with one shift: up to 32 bits there are 32 lanes of u32 (value `i` in lane `i % 32`, row
//! `i / 32`), beyond that 16 lanes of u64 (lane `i % 16`, row `i / 16`). Row `r` of a lane holds bits
//! `[r * width, (r + 1) * width)` of that lane's little-endian stream of words, and word `w` of all
//! lanes is stored together: 128 bytes, a *stripe*. Nothing is reordered, so any one value is two
//! loads away. (FastLanes, Afroozeh and Boncz, VLDB 2023, without its transposition: nothing here
//! is delta-coded.)
//!
//! Every function has a portable body; on x86-64 the same work is compiled for AVX2 and chosen at
//! run time. The two agree by property tests. Work comes in groups of [`GROUP`] values.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;
mod views;

pub(crate) use views::{Places, byte_views, concat_bytes, concat_text, text_views};

/// Values a kernel handles at a time.
pub(crate) const GROUP: usize = 32;
/// Bytes of one word of all lanes.
pub const STRIPE_BYTES: usize = 128;
/// The widest code that is kept in 32-bit lanes.
pub(crate) const NARROW_BITS_MAX: u8 = 32;

/// A type that a packed column can be unpacked to.
pub(crate) trait Native: Copy + Default {
    /// Returns the native form of a word.
    fn from_word(word: i64) -> Self;
}

impl Native for i64 {
    #[inline(always)]
    fn from_word(word: i64) -> i64 {
        word
    }
}

/// Truncating is right: a column of this type holds only words that fit.
impl Native for i32 {
    #[inline(always)]
    fn from_word(word: i64) -> i32 {
        word as i32
    }
}

/// Truncating is right: a column of this type holds only words that fit.
impl Native for i16 {
    #[inline(always)]
    fn from_word(word: i64) -> i16 {
        word as i16
    }
}

/// Truncating is right: only codes of at most 32 bits are unpacked so.
impl Native for u32 {
    #[inline(always)]
    fn from_word(word: i64) -> u32 {
        word as u32
    }
}

impl Native for f64 {
    #[inline(always)]
    fn from_word(word: i64) -> f64 {
        f64::from_bits(flip_negative(word) as u64)
    }
}

impl Native for f32 {
    #[inline(always)]
    fn from_word(word: i64) -> f32 {
        let word = word as i32;
        f32::from_bits((word ^ (((word >> 31) as u32) >> 1) as i32) as u32)
    }
}

/// Maps the bits of a double to an integer of the same order, and back.
#[inline(always)]
pub(crate) fn flip_negative(bits: i64) -> i64 {
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// Returns the bytes that `values` codes of `width` bits take.
pub(crate) fn packed_bytes(values: usize, width: u8) -> usize {
    let stripes = (values.div_ceil(GROUP) * usize::from(width)).div_ceil(32);
    stripes * STRIPE_BYTES
}

/// Returns the codes packed at `width` bits.
///
/// # Panics
/// If `width` is over 64, or a code is wider than `width`.
pub(crate) fn pack(codes: &[u64], width: u8) -> Vec<u8> {
    portable::pack(codes, width)
}

/// Returns code `at`. `packed` must hold it.
#[inline]
pub(crate) fn code(packed: &[u8], width: u8, at: usize) -> u64 {
    portable::code(packed, width, at)
}

/// Writes `base + code` for the values from `first` on.
///
/// `first` and the length of `out` are multiples of [`GROUP`]; `packed` must hold them all.
pub(crate) fn unpack<T: Native>(packed: &[u8], width: u8, base: i64, first: usize, out: &mut [T]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, as the line above asked; the function needs nothing else.
        return unsafe { avx2::unpack(packed, width, base, first, out) };
    }
    portable::unpack(packed, width, base, first, out);
}

/// Writes a word of 32 bits a group: bit `k` is set if `low <= code <= low + span`.
///
/// `packed` must hold `GROUP * out.len()` codes, and `low + span` must not overflow.
pub(crate) fn in_range(packed: &[u8], width: u8, low: u64, span: u64, out: &mut [u32]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, as the line above asked; the function needs nothing else.
        return unsafe { avx2::in_range(packed, width, low, span, out) };
    }
    portable::in_range(packed, width, low, span, out);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codes() -> impl Strategy<Value = (u8, Vec<u64>)> {
        (0_u8..=64).prop_flat_map(|width| {
            let most = if width == 64 { u64::MAX } else { (1_u64 << width) - 1 };
            (Just(width), prop::collection::vec(0..=most, 0..2_100))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn unpack_and_code_give_back_what_was_packed((width, codes) in codes(), base: i64) {
            let packed = pack(&codes, width);
            prop_assert_eq!(packed.len(), packed_bytes(codes.len(), width));
            for (at, wanted) in codes.iter().enumerate() {
                prop_assert_eq!(code(&packed, width, at), *wanted);
            }
            let groups = codes.len().div_ceil(GROUP);
            let mut fast = vec![0_i64; groups * GROUP];
            let mut slow = fast.clone();
            unpack(&packed, width, base, 0, &mut fast);
            portable::unpack(&packed, width, base, 0, &mut slow);
            prop_assert_eq!(&fast, &slow);
            for (found, wanted) in fast.iter().zip(&codes) {
                prop_assert_eq!(*found, base.wrapping_add(*wanted as i64));
            }
        }

        #[test]
        fn unpacking_may_start_at_any_group((width, codes) in codes(), skip in 0_usize..64) {
            let packed = pack(&codes, width);
            let groups = codes.len().div_ceil(GROUP);
            let skip = skip.min(groups);
            let mut all = vec![0_i32; groups * GROUP];
            let mut part = vec![0_i32; (groups - skip) * GROUP];
            unpack(&packed, width, -7, 0, &mut all);
            unpack(&packed, width, -7, skip * GROUP, &mut part);
            prop_assert_eq!(&all[skip * GROUP..], &part[..]);
        }

        #[test]
        fn in_range_equals_the_portable_one_and_a_loop(
            (width, codes) in codes(), at in any::<prop::sample::Index>(), span: u64, narrow: bool,
        ) {
            prop_assume!(!codes.is_empty());
            let low = codes[at.index(codes.len())];
            let span = if narrow { span % 5 } else { span % (u64::MAX - low).max(1) };
            let packed = pack(&codes, width);
            let mut fast = vec![0_u32; codes.len().div_ceil(GROUP)];
            let mut slow = fast.clone();
            in_range(&packed, width, low, span, &mut fast);
            portable::in_range(&packed, width, low, span, &mut slow);
            prop_assert_eq!(&fast, &slow);
            for (at, code) in codes.iter().enumerate() {
                let found = fast[at / GROUP] >> (at % GROUP) & 1 == 1;
                prop_assert_eq!(found, low <= *code && *code - low <= span);
            }
        }
    }

    #[test]
    fn words_of_floats_keep_their_order() {
        let ordered =
            [f64::NEG_INFINITY, -2.5, -f64::MIN_POSITIVE, -0.0, 0.0, 1e-300, 7.0, f64::INFINITY];
        let words = ordered.map(|number| flip_negative(number.to_bits() as i64));
        assert!(words.is_sorted());
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]));
        for (word, number) in words.iter().zip(ordered) {
            assert_eq!(f64::from_word(*word).to_bits(), number.to_bits());
        }
    }
}
