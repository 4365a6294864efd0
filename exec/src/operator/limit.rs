//! LIMIT and OFFSET: rows take numbers as they pass, and those in `[offset, offset + limit)` go on.

use std::sync::atomic::{AtomicU64, Ordering};

use diag::{Code, Diagnostic};
use ir::Scalar;
use types::{Batch, Value};

use super::Flow;
use crate::eval::{self, EvalContext};

/// The window of row numbers that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Rows skipped.
    pub(crate) offset: u64,
    /// One past the last row that passes.
    pub(crate) end: u64,
}

impl Bounds {
    /// Evaluates the clauses; NULL is no limit and no offset.
    pub(crate) fn of(
        limit: Option<&Scalar>,
        offset: Option<&Scalar>,
        context: &EvalContext,
    ) -> diag::Result<Bounds> {
        let offset = count(offset, "OFFSET", context)?.unwrap_or(0);
        let limit = count(limit, "LIMIT", context)?;
        Ok(Bounds { offset, end: limit.map_or(u64::MAX, |limit| offset.saturating_add(limit)) })
    }
}

fn count(clause: Option<&Scalar>, name: &str, context: &EvalContext) -> diag::Result<Option<u64>> {
    let Some(scalar) = clause else { return Ok(None) };
    let number = match eval::constant(scalar, context)? {
        Value::Int16(number) => i64::from(number),
        Value::Int32(number) => i64::from(number),
        Value::Int64(number) => number,
        Value::Null => return Ok(None),
        other => {
            return Err(crate::error::internal(format!("{name} is {other:?}, not an integer")));
        }
    };
    u64::try_from(number).map(Some).map_err(|_| {
        let message = format!("{name} must not be negative");
        Box::new(
            Diagnostic::at(Code::InvalidLimit, scalar.span, message)
                .detail(format!("it is {number}")),
        )
    })
}

/// The counter of one LIMIT, shared by the workers.
#[derive(Debug)]
pub(crate) struct LimitCounter {
    bounds: Bounds,
    seen: AtomicU64,
}

impl LimitCounter {
    /// Returns a counter that has seen no row.
    pub(crate) fn new(bounds: Bounds) -> LimitCounter {
        LimitCounter { bounds, seen: AtomicU64::new(0) }
    }

    /// Returns the part of the batch that passes, and whether rows after it may.
    pub(crate) fn pass(&self, batch: &Batch) -> (Option<Batch>, Flow) {
        let rows = batch.rows() as u64;
        let first = self.seen.fetch_add(rows, Ordering::Relaxed);
        let last = first.saturating_add(rows);
        let flow = if last >= self.bounds.end { Flow::Enough } else { Flow::More };
        let start = self.bounds.offset.clamp(first, last);
        let end = self.bounds.end.clamp(first, last);
        if start >= end {
            return (None, flow);
        }
        // Both lie within the batch, so the differences fit.
        (Some(batch.slice((start - first) as usize, (end - start) as usize)), flow)
    }
}
