//! The stopwatch behind EXPLAIN ANALYZE: the only place in this crate that reads a machine clock.
//!
//! It measures how long work took; no result and no decision about rows depends on it.

use std::time::Instant;

/// Charges the time that passes to one operator at a time.
pub(crate) struct Stopwatch {
    last: Option<Instant>,
    current: usize,
    /// The few operators of one worker: a plan of thousands has as many workers.
    busy_ns: Vec<(usize, u64)>,
}

impl Stopwatch {
    /// Returns a stopwatch; it stands still unless `measure`.
    pub(crate) fn new(measure: bool) -> Stopwatch {
        Stopwatch { last: measure.then(Instant::now), current: 0, busy_ns: Vec::new() }
    }

    /// Charges the time so far to the operator that had it; `operator` has it from now on.
    pub(crate) fn enter(&mut self, operator: usize) -> usize {
        if let Some(last) = &mut self.last {
            let now = Instant::now();
            let passed = nanoseconds(now - *last);
            *last = now;
            match self.busy_ns.iter_mut().find(|(charged, _)| *charged == self.current) {
                Some((_, busy_ns)) => *busy_ns += passed,
                None => self.busy_ns.push((self.current, passed)),
            }
        }
        std::mem::replace(&mut self.current, operator)
    }

    /// Starts to measure again after a pause that nobody is charged for.
    pub(crate) fn resume(&mut self, operator: usize) {
        self.last = self.last.map(|_| Instant::now());
        self.current = operator;
    }

    /// Returns operators and their nanoseconds; empty if nothing was measured.
    pub(crate) fn busy_ns(&self) -> &[(usize, u64)] {
        &self.busy_ns
    }
}

fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
