//! The only source of time. Commits are stamped by it; nothing else in the store asks the time.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A source of microseconds since the epoch, UTC. It may go backwards: commits never do.
pub trait Clock: Debug + Send + Sync {
    /// Returns the time now.
    fn now_us(&self) -> i64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct StdClock;

impl Clock for StdClock {
    fn now_us(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX - 1)
    }
}

/// A clock that a test sets by hand.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Returns a clock that stands at `now_us`.
    pub fn new(now_us: i64) -> ManualClock {
        ManualClock(AtomicI64::new(now_us))
    }

    /// Moves the hands, backwards too.
    pub fn set(&self, now_us: i64) {
        self.0.store(now_us, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now_us(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}
