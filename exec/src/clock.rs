//! The stopwatch behind EXPLAIN ANALYZE: the only place in this crate that reads a machine clock.
//!
//! It measures how long work took; no result and no decision about rows depends on it.

use std::time::Instant;

/// Charges the time that passes to one operator at a time.
pub(crate) struct Stopwatch {
    last: Option<Instant>,
    current: usize,
    busy_ns: Vec<u64>,
}

impl Stopwatch {
    /// Returns a stopwatch for `operators` operators; it stands still unless `measure`.
    pub(crate) fn new(operators: usize, measure: bool) -> Stopwatch {
        let last = measure.then(Instant::now);
        Stopwatch { last, current: 0, busy_ns: vec![0; if measure { operators } else { 0 }] }
    }

    /// Charges the time so far to the operator that had it; `operator` has it from now on.
    pub(crate) fn enter(&mut self, operator: usize) -> usize {
        if let Some(last) = &mut self.last {
            let now = Instant::now();
            self.busy_ns[self.current] += nanoseconds(now - *last);
            *last = now;
        }
        std::mem::replace(&mut self.current, operator)
    }

    /// Starts to measure again after a pause that nobody is charged for.
    pub(crate) fn resume(&mut self, operator: usize) {
        self.last = self.last.map(|_| Instant::now());
        self.current = operator;
    }

    /// Returns the nanoseconds by operator; empty if nothing was measured.
    pub(crate) fn busy_ns(&self) -> &[u64] {
        &self.busy_ns
    }
}

fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
