//! The kernels for x86-64 with AVX2.
//!
//! Unpacking is the portable body compiled with wider registers, which vectorises by itself. The
//! comparison is written out, because compilers do not find the move-mask.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_cvtsi32_si128, _mm256_and_si256, _mm256_andnot_si256,
    _mm256_castsi256_pd, _mm256_castsi256_ps, _mm256_cmpeq_epi32, _mm256_cmpgt_epi64,
    _mm256_loadu_si256, _mm256_min_epu32, _mm256_movemask_pd, _mm256_movemask_ps, _mm256_or_si256,
    _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_sll_epi32, _mm256_sll_epi64, _mm256_srl_epi32,
    _mm256_srl_epi64, _mm256_sub_epi32, _mm256_sub_epi64, _mm256_xor_si256,
};

use super::{NARROW_BITS_MAX, Native, STRIPE_BYTES, portable};

const VECTORS: usize = STRIPE_BYTES / 32;

type Stripe = [u8; STRIPE_BYTES];

#[target_feature(enable = "avx2")]
pub(super) fn unpack<T: Native>(packed: &[u8], width: u8, base: i64, first: usize, out: &mut [T]) {
    portable::unpack(packed, width, base, first, out);
}

#[target_feature(enable = "avx2")]
pub(super) fn in_range(packed: &[u8], width: u8, low: u64, span: u64, out: &mut [u32]) {
    let (stripes, _) = packed.as_chunks::<STRIPE_BYTES>();
    if width == 0 {
        portable::in_range(packed, width, low, span, out);
    } else if width <= NARROW_BITS_MAX {
        let Ok(low) = u32::try_from(low) else { return out.fill(0) };
        let room = u32::MAX - low;
        narrow(stripes, width, low, u32::try_from(span).map_or(room, |span| span.min(room)), out);
    } else {
        wide(stripes, width, low, span, out);
    }
}

#[target_feature(enable = "avx2")]
fn narrow(stripes: &[Stripe], width: u8, low: u32, span: u32, out: &mut [u32]) {
    let width = usize::from(width);
    let keep = _mm256_set1_epi32((u32::MAX >> (32 - width)) as i32);
    let low = _mm256_set1_epi32(low as i32);
    let span = _mm256_set1_epi32(span as i32);
    for (row, out) in out.iter_mut().enumerate() {
        let (stripe, shift) = (row * width / 32, row * width % 32);
        let first = &stripes[stripe];
        let second = if shift + width > 32 { &stripes[stripe + 1] } else { first };
        let right = _mm_cvtsi32_si128(shift as i32);
        // A shift by 32 or more gives zero, which is what a code inside one word needs.
        let left = _mm_cvtsi32_si128(if shift + width > 32 { 32 - shift as i32 } else { 32 });
        let mut bits = 0_u32;
        for vector in 0..VECTORS {
            let code = code32(first, second, vector, right, left, keep);
            let above = _mm256_sub_epi32(code, low);
            let inside = _mm256_cmpeq_epi32(_mm256_min_epu32(above, span), above);
            bits |= (_mm256_movemask_ps(_mm256_castsi256_ps(inside)) as u32) << (vector * 8);
        }
        *out = bits;
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn code32(
    first: &Stripe,
    second: &Stripe,
    vector: usize,
    right: __m128i,
    left: __m128i,
    keep: __m256i,
) -> __m256i {
    let low = _mm256_srl_epi32(load(first, vector), right);
    let high = _mm256_sll_epi32(load(second, vector), left);
    _mm256_and_si256(_mm256_or_si256(low, high), keep)
}

#[target_feature(enable = "avx2")]
fn wide(stripes: &[Stripe], width: u8, low: u64, span: u64, out: &mut [u32]) {
    let width = usize::from(width);
    let keep = _mm256_set1_epi64x((u64::MAX >> (64 - width)) as i64);
    let low = _mm256_set1_epi64x(low as i64);
    // AVX2 compares signed only: both sides move by half the range.
    let half = _mm256_set1_epi64x(i64::MIN);
    let span = _mm256_xor_si256(_mm256_set1_epi64x(span as i64), half);
    let all = _mm256_set1_epi64x(-1);
    for (group, out) in out.iter_mut().enumerate() {
        let mut bits = 0_u32;
        for row in 0..2 {
            let bit = (group * 2 + row) * width;
            let (stripe, shift) = (bit / 64, bit % 64);
            let first = &stripes[stripe];
            let second = if shift + width > 64 { &stripes[stripe + 1] } else { first };
            let right = _mm_cvtsi32_si128(shift as i32);
            let left = _mm_cvtsi32_si128(if shift + width > 64 { 64 - shift as i32 } else { 64 });
            for vector in 0..VECTORS {
                let code = code64(first, second, vector, right, left, keep);
                let above = _mm256_xor_si256(_mm256_sub_epi64(code, low), half);
                let inside = _mm256_andnot_si256(_mm256_cmpgt_epi64(above, span), all);
                let four = _mm256_movemask_pd(_mm256_castsi256_pd(inside)) as u32;
                bits |= four << (row * 16 + vector * 4);
            }
        }
        *out = bits;
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn code64(
    first: &Stripe,
    second: &Stripe,
    vector: usize,
    right: __m128i,
    left: __m128i,
    keep: __m256i,
) -> __m256i {
    let low = _mm256_srl_epi64(load(first, vector), right);
    let high = _mm256_sll_epi64(load(second, vector), left);
    _mm256_and_si256(_mm256_or_si256(low, high), keep)
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(stripe: &Stripe, vector: usize) -> __m256i {
    let (vectors, _) = stripe.as_chunks::<32>();
    let bytes: &[u8; 32] = &vectors[vector];
    // SAFETY: `bytes` is 32 readable bytes, and `loadu` asks for no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}
