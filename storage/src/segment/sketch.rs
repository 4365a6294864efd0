//! Counts distinct values in a kilobyte (HyperLogLog, Flajolet and others 2007), within about 3 %.

const REGISTERS: usize = 1 << BITS;
const BITS: u32 = 10;

/// A sketch of a set of hashes.
#[derive(Clone, Debug)]
pub(super) struct Sketch {
    registers: Box<[u8; REGISTERS]>,
}

impl Sketch {
    pub(super) fn new() -> Sketch {
        Sketch { registers: Box::new([0; REGISTERS]) }
    }

    pub(super) fn add(&mut self, hash: u64) {
        let register = &mut self.registers[(hash >> (64 - BITS)) as usize];
        // The bit that is always set keeps the rank of an all-zero rest in range.
        let rank = ((hash << BITS) | 1 << (BITS - 1)).leading_zeros() as u8 + 1;
        *register = (*register).max(rank);
    }

    /// Returns about how many distinct hashes were added.
    pub(super) fn estimate(&self) -> u64 {
        let count = REGISTERS as f64;
        let sum: f64 = self.registers.iter().map(|rank| f64::from(-i32::from(*rank)).exp2()).sum();
        let empty = self.registers.iter().filter(|rank| **rank == 0).count();
        let raw = 0.7213 / (1.0 + 1.079 / count) * count * count / sum;
        // Few values leave registers empty, and counting those is closer than the harmonic mean.
        if raw <= 2.5 * count && empty > 0 {
            (count * (count / empty as f64).ln()).round() as u64
        } else {
            raw.round() as u64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_near() {
        for distinct in [0_u64, 1, 10, 1_000, 5_000, 200_000] {
            let mut sketch = Sketch::new();
            for number in 0..distinct {
                let hash = twox_hash::XxHash3_64::oneshot(&number.to_le_bytes());
                sketch.add(hash);
                sketch.add(hash);
            }
            let error = (sketch.estimate() as f64 - distinct as f64).abs();
            assert!(error <= distinct as f64 * 0.12, "{} of {distinct}", sketch.estimate());
        }
    }
}
