//! `generate_series`: numbers or times, made as they are read.
//!
//! Numbers are cut into morsels that any worker makes by itself. Times step by an interval, whose
//! months have no fixed length, so that one morsel makes each time from the one before.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, TimestampMicrosecondArray};
use diag::{Code, Diagnostic, Span};
use ir::{ArithmeticOp, Scalar, ScalarKind};
use types::{BATCH_ROWS, Batch, DataType, Interval, TIME_MAX, TIME_MIN, Timestamp, Value};

use super::Batches;
use crate::error::internal;
use crate::eval::{self, EvalContext};
use crate::pipeline::Series;
use crate::run::Run;

const MORSEL_ROWS: u64 = 32 * BATCH_ROWS as u64;

/// A series whose bounds are known.
pub(crate) enum OpenSeries {
    /// A NULL bound: no rows.
    Empty,
    /// `count` integers.
    Numbers { start: i64, step: i64, count: u64 },
    /// Times from `start` to `stop`.
    Times { start: i64, stop: i64, step: Interval, down: bool },
}

impl OpenSeries {
    /// Evaluates the bounds.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] if the step is zero.
    pub(crate) fn open(series: &Series, context: &EvalContext) -> diag::Result<OpenSeries> {
        let start = eval::constant(&series.start, context)?;
        let stop = eval::constant(&series.stop, context)?;
        let step = eval::constant(&series.step, context)?;
        match (start, stop, step) {
            (Value::Null, _, _) | (_, Value::Null, _) | (_, _, Value::Null) => {
                Ok(OpenSeries::Empty)
            }
            (Value::Timestamp(start), Value::Timestamp(stop), Value::Interval(step)) => {
                times(start, stop, step, &series.step)
            }
            (start, stop, step) => match (integer(&start), integer(&stop), integer(&step)) {
                (Some(start), Some(stop), Some(step)) => numbers(start, stop, step, &series.step),
                _ => Err(internal(format!("generate_series over {}", series.ty))),
            },
        }
    }

    /// Returns the number of morsels.
    pub(crate) fn morsels(&self) -> usize {
        match self {
            OpenSeries::Empty => 0,
            OpenSeries::Numbers { count, .. } => {
                usize::try_from(count.div_ceil(MORSEL_ROWS)).unwrap_or(usize::MAX)
            }
            OpenSeries::Times { .. } => 1,
        }
    }

    /// Returns the batches of one morsel.
    pub(crate) fn read(&self, morsel: usize, run: &Arc<Run>) -> Batches {
        match *self {
            OpenSeries::Empty => Box::new(std::iter::empty()),
            OpenSeries::Numbers { start, step, count } => {
                let first = morsel as u64 * MORSEL_ROWS;
                let last = count.min(first.saturating_add(MORSEL_ROWS));
                let starts = (first..last).step_by(BATCH_ROWS);
                Box::new(starts.map(move |from| {
                    Ok(number_batch(start, step, from, last.min(from + BATCH_ROWS as u64)))
                }))
            }
            OpenSeries::Times { start, stop, step, down } => {
                let state = Times { next: Some(start), stop, step, down, run: Arc::clone(run) };
                Box::new(state)
            }
        }
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int16(number) => Some(i64::from(*number)),
        Value::Int32(number) => Some(i64::from(*number)),
        Value::Int64(number) => Some(*number),
        _ => None,
    }
}

fn zero_step(step: &Scalar) -> Box<Diagnostic> {
    let message = "the step of generate_series must not be zero";
    Box::new(Diagnostic::at(Code::InvalidArgument, step.span, message))
}

fn numbers(start: i64, stop: i64, step: i64, scalar: &Scalar) -> diag::Result<OpenSeries> {
    if step == 0 {
        return Err(zero_step(scalar));
    }
    let distance = (i128::from(stop) - i128::from(start)) * i128::from(step.signum());
    if distance < 0 {
        return Ok(OpenSeries::Empty);
    }
    let count = distance / i128::from(step.unsigned_abs()) + 1;
    // Every BIGINT once is 2^64 numbers: one more than fits, and more than anybody reads.
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    Ok(OpenSeries::Numbers { start, step, count })
}

fn number_batch(start: i64, step: i64, from: u64, to: u64) -> Batch {
    // The series ends within i64, so every number that is made does; the sums wrap on their way.
    let number = |at: u64| start.wrapping_add(step.wrapping_mul(at as i64));
    let column: ArrayRef = Arc::new(Int64Array::from_iter_values((from..to).map(number)));
    let rows = column.len();
    Batch::new(vec![column], rows)
}

fn times(
    start: Timestamp,
    stop: Timestamp,
    step: Interval,
    scalar: &Scalar,
) -> diag::Result<OpenSeries> {
    let sign = [i64::from(step.months), i64::from(step.days), step.micros].map(i64::signum);
    if sign == [0; 3] {
        return Err(zero_step(scalar));
    }
    let up = sign.iter().all(|sign| *sign >= 0);
    let down = sign.iter().all(|sign| *sign <= 0);
    let finite = |at: Timestamp| at.0 != TIME_MIN && at.0 != TIME_MAX;
    if !(up || down) || !finite(start) || !finite(stop) {
        let message = "generate_series needs finite times and a step in one direction";
        return Err(Box::new(Diagnostic::at(Code::InvalidArgument, scalar.span, message)));
    }
    Ok(OpenSeries::Times { start: start.0, stop: stop.0, step, down })
}

struct Times {
    next: Option<i64>,
    stop: i64,
    step: Interval,
    down: bool,
    run: Arc<Run>,
}

impl Times {
    fn is_past(&self, at: i64) -> bool {
        if self.down { at < self.stop } else { at > self.stop }
    }

    fn advance(&self, at: i64) -> diag::Result<i64> {
        let literal = |value, ty| Box::new(Scalar::literal(value, ty, Span::NONE));
        let sum = Scalar::new(
            ScalarKind::Arithmetic(
                ArithmeticOp::Add,
                literal(Value::Timestamp(Timestamp(at)), DataType::Timestamp),
                literal(Value::Interval(self.step), DataType::Interval),
            ),
            DataType::Timestamp,
            Span::NONE,
        );
        match eval::constant(&sum, &self.run.context.eval)? {
            Value::Timestamp(next) => Ok(next.0),
            other => Err(internal(format!("a timestamp and an interval made {other:?}"))),
        }
    }
}

impl Iterator for Times {
    type Item = diag::Result<Batch>;

    fn next(&mut self) -> Option<diag::Result<Batch>> {
        let mut times = Vec::new();
        while let Some(at) = self.next.filter(|at| !self.is_past(*at)) {
            times.push(at);
            self.next = match self.advance(at) {
                Ok(next) => Some(next),
                Err(error) => {
                    self.next = None;
                    return Some(Err(error));
                }
            };
            if times.len() == BATCH_ROWS {
                break;
            }
        }
        let rows = times.len();
        let column: ArrayRef = Arc::new(TimestampMicrosecondArray::from(times));
        (rows > 0).then(|| Ok(Batch::new(vec![column], rows)))
    }
}
