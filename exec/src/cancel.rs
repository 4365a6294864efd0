//! Cancellation: a flag and a deadline that every worker looks at once a batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use diag::{Code, Diagnostic};

/// Tells the time in microseconds; the injected clock of the database.
pub type Now = dyn Fn() -> i64 + Send + Sync;

/// A shared switch that ends a statement. Clones are the same switch.
#[derive(Clone)]
pub struct CancelToken(Arc<State>);

struct State {
    cancelled: AtomicBool,
    deadline_us: AtomicI64,
    now: Box<Now>,
}

impl CancelToken {
    /// Returns a switch that nobody has pulled; `now` tells the time for deadlines.
    pub fn new(now: Box<Now>) -> CancelToken {
        CancelToken(Arc::new(State {
            cancelled: AtomicBool::new(false),
            deadline_us: AtomicI64::new(i64::MAX),
            now,
        }))
    }

    /// Returns a switch without a clock: deadlines never pass.
    pub fn without_clock() -> CancelToken {
        CancelToken::new(Box::new(|| i64::MIN))
    }

    /// Ends the statement at its next batch.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }

    /// Makes the switch usable for the next statement, which may run for `timeout_us`.
    pub fn arm(&self, timeout_us: Option<i64>) {
        let deadline =
            timeout_us.map_or(i64::MAX, |timeout| (self.0.now)().saturating_add(timeout));
        self.0.deadline_us.store(deadline, Ordering::Relaxed);
        self.0.cancelled.store(false, Ordering::Relaxed);
    }

    /// Fails if the statement is to end.
    ///
    /// # Errors
    /// [`Code::Cancelled`], saying whether a user or `statement_timeout` ended it.
    pub fn check(&self) -> diag::Result<()> {
        if self.0.cancelled.load(Ordering::Relaxed) {
            return Err(ended("canceling statement due to user request"));
        }
        let deadline = self.0.deadline_us.load(Ordering::Relaxed);
        if deadline != i64::MAX && (self.0.now)() >= deadline {
            return Err(ended("canceling statement due to statement timeout"));
        }
        Ok(())
    }
}

fn ended(message: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Code::Cancelled, message))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::CancelToken;

    #[test]
    fn a_deadline_passes_by_the_injected_clock() {
        let time = Arc::new(AtomicI64::new(100));
        let clock = Arc::clone(&time);
        let token = CancelToken::new(Box::new(move || clock.load(Ordering::Relaxed)));
        token.arm(Some(50));
        assert!(token.check().is_ok());
        time.store(150, Ordering::Relaxed);
        assert!(token.check().unwrap_err().message.contains("timeout"));
        token.arm(None);
        assert!(token.check().is_ok());
        token.cancel();
        assert!(token.check().unwrap_err().message.contains("user request"));
    }
}
