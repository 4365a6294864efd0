//! The kernels in plain Rust: the meaning, and the code for processors without AVX2.
//!
//! The bodies are written in loops over fixed-size arrays, so that they vectorise wherever they are
//! inlined; `avx2` inlines them.

use super::{GROUP, NARROW_BITS_MAX, Native, STRIPE_BYTES, packed_bytes};

const NARROW_LANES: usize = 32;
const WIDE_LANES: usize = 16;

type Stripe = [u8; STRIPE_BYTES];

/// Where a code starts: its stripe and the shift inside the word.
struct Place {
    stripe: usize,
    shift: u32,
}

impl Place {
    #[inline(always)]
    fn narrow(row: usize, width: u8) -> Place {
        let bit = row * usize::from(width);
        Place { stripe: bit / 32, shift: (bit % 32) as u32 }
    }

    #[inline(always)]
    fn wide(row: usize, width: u8) -> Place {
        let bit = row * usize::from(width);
        Place { stripe: bit / 64, shift: (bit % 64) as u32 }
    }
}

#[inline(always)]
fn low_bits(width: u8) -> u64 {
    if width == 64 { u64::MAX } else { (1 << width) - 1 }
}

#[inline(always)]
fn word32(stripe: &Stripe, lane: usize) -> u32 {
    let at = lane * 4;
    u32::from_le_bytes([stripe[at], stripe[at + 1], stripe[at + 2], stripe[at + 3]])
}

#[inline(always)]
fn word64(stripe: &Stripe, lane: usize) -> u64 {
    let (words, _) = stripe.as_chunks::<8>();
    u64::from_le_bytes(words[lane])
}

pub(super) fn pack(codes: &[u64], width: u8) -> Vec<u8> {
    let most = if width == 0 { 0 } else { low_bits(width) };
    assert!(codes.iter().all(|code| *code <= most), "a code fits its width");
    let len = packed_bytes(codes.len(), width);
    let mut packed = Vec::with_capacity(len + STRIPE_BYTES);
    if width > NARROW_BITS_MAX {
        pack_wide(codes, width.into(), &mut packed);
    } else if width > 0 {
        pack_narrow(codes, width.into(), &mut packed);
    }
    // The last lanes may end before their group does.
    packed.resize(len, 0);
    packed
}

/// Fills 32 lanes, a row of codes after the other, and lets out a stripe whenever they hold a word.
fn pack_narrow(codes: &[u64], width: u32, packed: &mut Vec<u8>) {
    let mut lanes = [0_u64; NARROW_LANES];
    let mut filled = 0;
    for row in codes.chunks(NARROW_LANES) {
        for (lane, code) in lanes.iter_mut().zip(row) {
            *lane |= code << filled;
        }
        filled += width;
        if filled >= 32 {
            for lane in &mut lanes {
                packed.extend((*lane as u32).to_le_bytes());
                *lane >>= 32;
            }
            filled -= 32;
        }
    }
    if filled > 0 {
        packed.extend(lanes.iter().flat_map(|lane| (*lane as u32).to_le_bytes()));
    }
}

/// Fills 16 lanes, a row of codes after the other, and lets out a stripe whenever they hold a word.
fn pack_wide(codes: &[u64], width: u32, packed: &mut Vec<u8>) {
    let mut lanes = [0_u128; WIDE_LANES];
    let mut filled = 0;
    for row in codes.chunks(WIDE_LANES) {
        for (lane, code) in lanes.iter_mut().zip(row) {
            *lane |= u128::from(*code) << filled;
        }
        filled += width;
        if filled >= 64 {
            for lane in &mut lanes {
                packed.extend((*lane as u64).to_le_bytes());
                *lane >>= 64;
            }
            filled -= 64;
        }
    }
    if filled > 0 {
        packed.extend(lanes.iter().flat_map(|lane| (*lane as u64).to_le_bytes()));
    }
}

#[inline(always)]
pub(super) fn code(packed: &[u8], width: u8, at: usize) -> u64 {
    if width == 0 {
        return 0;
    }
    let (stripes, _) = packed.as_chunks::<STRIPE_BYTES>();
    if width <= NARROW_BITS_MAX {
        let Place { stripe, shift } = Place::narrow(at / NARROW_LANES, width);
        let lane = at % NARROW_LANES;
        let mut bits = u64::from(word32(&stripes[stripe], lane));
        if shift + u32::from(width) > 32 {
            bits |= u64::from(word32(&stripes[stripe + 1], lane)) << 32;
        }
        (bits >> shift) & low_bits(width)
    } else {
        let Place { stripe, shift } = Place::wide(at / WIDE_LANES, width);
        let lane = at % WIDE_LANES;
        let mut bits = u128::from(word64(&stripes[stripe], lane));
        if shift + u32::from(width) > 64 {
            bits |= u128::from(word64(&stripes[stripe + 1], lane)) << 64;
        }
        (bits >> shift) as u64 & low_bits(width)
    }
}

/// Calls `each` with one row of 32 codes after the other, starting at `row`.
#[inline(always)]
fn narrow_rows(
    packed: &[u8],
    width: u8,
    row: usize,
    rows: usize,
    mut each: impl FnMut(usize, &[u32; NARROW_LANES]),
) {
    let (stripes, _) = packed.as_chunks::<STRIPE_BYTES>();
    let keep = low_bits(width) as u32;
    let mut codes = [0_u32; NARROW_LANES];
    for step in 0..rows {
        let Place { stripe, shift } = Place::narrow(row + step, width);
        let low = &stripes[stripe];
        if shift + u32::from(width) <= 32 {
            for (lane, code) in codes.iter_mut().enumerate() {
                *code = (word32(low, lane) >> shift) & keep;
            }
        } else {
            let high = &stripes[stripe + 1];
            for (lane, code) in codes.iter_mut().enumerate() {
                *code = (word32(low, lane) >> shift | word32(high, lane) << (32 - shift)) & keep;
            }
        }
        each(step, &codes);
    }
}

/// Calls `each` with one row of 16 codes after the other, starting at `row`.
#[inline(always)]
fn wide_rows(
    packed: &[u8],
    width: u8,
    row: usize,
    rows: usize,
    mut each: impl FnMut(usize, &[u64; WIDE_LANES]),
) {
    let (stripes, _) = packed.as_chunks::<STRIPE_BYTES>();
    let keep = low_bits(width);
    let mut codes = [0_u64; WIDE_LANES];
    for step in 0..rows {
        let Place { stripe, shift } = Place::wide(row + step, width);
        let low = &stripes[stripe];
        if shift + u32::from(width) <= 64 {
            for (lane, code) in codes.iter_mut().enumerate() {
                *code = (word64(low, lane) >> shift) & keep;
            }
        } else {
            let high = &stripes[stripe + 1];
            for (lane, code) in codes.iter_mut().enumerate() {
                *code = (word64(low, lane) >> shift | word64(high, lane) << (64 - shift)) & keep;
            }
        }
        each(step, &codes);
    }
}

#[inline(always)]
pub(super) fn unpack<T: Native>(packed: &[u8], width: u8, base: i64, first: usize, out: &mut [T]) {
    debug_assert_eq!(first % GROUP, 0, "unpacking starts at a group");
    debug_assert_eq!(out.len() % GROUP, 0, "whole groups are unpacked");
    if width == 0 {
        out.fill(T::from_word(base));
    } else if width <= NARROW_BITS_MAX {
        let (rows, _) = out.as_chunks_mut::<NARROW_LANES>();
        narrow_rows(packed, width, first / NARROW_LANES, rows.len(), |row, codes| {
            for (value, code) in rows[row].iter_mut().zip(codes) {
                *value = T::from_word(base.wrapping_add(i64::from(*code)));
            }
        });
    } else {
        let (rows, _) = out.as_chunks_mut::<WIDE_LANES>();
        wide_rows(packed, width, first / WIDE_LANES, rows.len(), |row, codes| {
            for (value, code) in rows[row].iter_mut().zip(codes) {
                *value = T::from_word(base.wrapping_add(*code as i64));
            }
        });
    }
}

#[inline(always)]
pub(super) fn in_range(packed: &[u8], width: u8, low: u64, span: u64, out: &mut [u32]) {
    if width == 0 {
        out.fill(if low == 0 { u32::MAX } else { 0 });
    } else if width <= NARROW_BITS_MAX {
        narrow_rows(packed, width, 0, out.len(), |row, codes| {
            out[row] = bits(codes.iter().map(|code| u64::from(*code)), low, span);
        });
    } else {
        wide_rows(packed, width, 0, out.len() * 2, |row, codes| {
            let half = bits(codes.iter().copied(), low, span) << (row % 2 * WIDE_LANES);
            if row % 2 == 0 {
                out[row / 2] = half;
            } else {
                out[row / 2] |= half;
            }
        });
    }
}

#[inline(always)]
fn bits(codes: impl Iterator<Item = u64>, low: u64, span: u64) -> u32 {
    codes
        .enumerate()
        .fold(0, |bits, (lane, code)| bits | u32::from(code.wrapping_sub(low) <= span) << lane)
}
