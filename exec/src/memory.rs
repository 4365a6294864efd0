//! One memory budget a database: blocking operators ask before they keep rows.
//!
//! The invariant is `used <= limit`: a reservation grows or fails, and gives everything back when it
//! is dropped. What streams through a pipeline is not counted; it is bounded by batches and threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diag::{Code, Diagnostic};

/// The budget that all queries of a database share.
#[derive(Debug)]
pub struct Governor {
    limit: AtomicUsize,
    used: AtomicUsize,
    peak: AtomicUsize,
}

impl Governor {
    /// Returns a budget of `limit` bytes.
    pub fn new(limit: usize) -> Arc<Governor> {
        Arc::new(Governor {
            limit: AtomicUsize::new(limit),
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        })
    }

    /// Returns the limit in bytes.
    pub fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Sets the limit; what is reserved already stays reserved.
    pub fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Returns the bytes reserved now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Returns the most bytes that were ever reserved at once.
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    /// Returns an empty reservation; `operator` is the name that an error shows.
    pub fn reservation(self: &Arc<Governor>, operator: &'static str) -> Reservation {
        Reservation { governor: Arc::clone(self), operator, bytes: 0 }
    }

    fn take(&self, bytes: usize) -> bool {
        let limit = self.limit();
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(bytes).filter(|sum| *sum <= limit)
        });
        if let Ok(before) = taken {
            self.peak.fetch_max(before + bytes, Ordering::Relaxed);
        }
        taken.is_ok()
    }
}

/// Bytes that one operator holds.
#[derive(Debug)]
pub struct Reservation {
    governor: Arc<Governor>,
    operator: &'static str,
    bytes: usize,
}

impl Reservation {
    /// Reserves `bytes` more.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`] if the budget has no room for them.
    pub fn grow(&mut self, bytes: usize) -> diag::Result<()> {
        if !self.governor.take(bytes) {
            return Err(self.refused(bytes));
        }
        self.bytes += bytes;
        Ok(())
    }

    /// Reserves what is missing to `bytes` in all; never gives back.
    ///
    /// # Errors
    /// As [`Reservation::grow`].
    pub fn grow_to(&mut self, bytes: usize) -> diag::Result<()> {
        self.grow(bytes.saturating_sub(self.bytes))
    }

    /// Gives back all but `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        let back = self.bytes.saturating_sub(bytes);
        self.bytes -= back;
        self.governor.used.fetch_sub(back, Ordering::Relaxed);
    }

    /// Takes over what `other` holds.
    pub fn absorb(&mut self, mut other: Reservation) {
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// Returns the bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn refused(&self, bytes: usize) -> Box<Diagnostic> {
        let limit = self.governor.limit();
        let message =
            format!("out of memory: {} needs more than memory_limit allows", self.operator);
        Box::new(
            Diagnostic::new(Code::OutOfMemory, message)
                .detail(format!(
                    "{} holds {} bytes and asked for {bytes} more; {} of {limit} bytes are in use",
                    self.operator,
                    self.bytes,
                    self.governor.used()
                ))
                .help("raise memory_limit, or let the query keep fewer rows"),
        )
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.governor.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Returns the bytes that the rows of an array take, without what it shares beyond them.
pub(crate) fn array_bytes(array: &dyn arrow_array::Array) -> usize {
    use arrow_array::cast::AsArray;
    use arrow_schema::DataType as Arrow;
    let rows = array.len();
    match array.data_type() {
        Arrow::Utf8View => view_bytes(array.as_string_view().views()),
        Arrow::BinaryView => view_bytes(array.as_binary_view().views()),
        Arrow::Boolean | Arrow::Null => rows / 8 + 1,
        fixed => rows * fixed.primitive_width().unwrap_or(16) + rows / 8,
    }
}

fn view_bytes(views: &[u128]) -> usize {
    // The low 32 bits of a view are its length; up to 12 bytes lie in the view itself.
    let outside = views.iter().map(|view| (*view as u32) as usize).filter(|length| *length > 12);
    views.len() * 16 + outside.sum::<usize>()
}

/// Returns the bytes that the rows of a batch take.
pub(crate) fn batch_bytes(batch: &types::Batch) -> usize {
    batch.columns().iter().map(|column| array_bytes(column.as_ref())).sum::<usize>() + 64
}

#[cfg(test)]
mod tests {
    use diag::Code;

    use super::Governor;

    #[test]
    fn a_reservation_beyond_the_limit_fails_and_names_the_operator() {
        let governor = Governor::new(1_000);
        let mut first = governor.reservation("sort");
        first.grow(900).unwrap();
        let mut second = governor.reservation("hash join");
        let error = second.grow(101).unwrap_err();
        assert_eq!(error.code, Code::OutOfMemory);
        assert!(error.message.contains("hash join"));
        assert!(error.detail.unwrap().contains("1000"));
        drop(first);
        second.grow(101).unwrap();
        assert_eq!((governor.used(), governor.peak()), (101, 900));
    }
}
