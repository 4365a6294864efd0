//! Aggregates whose state is not a fixed-width number: a value a group.

use arrow_array::ArrayRef;
use diag::{Code, Diagnostic, Span};
use ir::{AggregateCall, AggregateFunction, ArithmeticOp, Scalar, ScalarKind};
use types::{DataType, Interval, Value, array_of};

use crate::error::internal;
use crate::eval::{self, EvalContext};

/// One call's states.
pub(super) struct Boxed {
    function: AggregateFunction,
    arguments: Vec<DataType>,
    result: DataType,
    span: Span,
    states: Vec<State>,
    text_bytes: usize,
}

/// One group's state.
#[derive(Clone, Debug, Default)]
enum State {
    /// No value came.
    #[default]
    Empty,
    /// An extreme, a truth value, or a sum and the number of its values.
    One(Value, i64),
    /// Joined text, and the separator that its first value came with.
    Joined { text: String, separator: String },
    /// Count, mean and sum of squared differences from the mean (Welford 1962).
    Moments { count: f64, mean: f64, squares: f64 },
}

impl Boxed {
    pub(super) fn new(call: &AggregateCall) -> Boxed {
        Boxed {
            function: call.function,
            arguments: call.args.iter().map(|argument| argument.ty).collect(),
            result: call.ty,
            span: call.span,
            states: Vec::new(),
            text_bytes: 0,
        }
    }

    pub(super) fn grow(&mut self, groups: usize) {
        if groups > self.states.len() {
            self.states.resize_with(groups, State::default);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.states.len() * size_of::<State>() + self.text_bytes
    }

    pub(super) fn update(
        &mut self,
        args: &[ArrayRef],
        numbers: &[u32],
        context: &EvalContext,
    ) -> diag::Result<()> {
        for (row, number) in numbers.iter().enumerate() {
            let value = Value::from_array(&args[0], row, self.arguments[0]);
            if value.is_null() {
                continue;
            }
            let next = match self.function {
                AggregateFunction::StringAgg => {
                    let separator = Value::from_array(&args[1], row, self.arguments[1]);
                    joined(value, separator)?
                }
                AggregateFunction::StddevSamp
                | AggregateFunction::StddevPop
                | AggregateFunction::VarSamp
                | AggregateFunction::VarPop => moment(&value)?,
                AggregateFunction::CountStar
                | AggregateFunction::Count
                | AggregateFunction::Sum
                | AggregateFunction::Avg
                | AggregateFunction::Min
                | AggregateFunction::Max
                | AggregateFunction::BoolAnd
                | AggregateFunction::BoolOr => State::One(value, 1),
            };
            self.combine(*number as usize, next, context)?;
        }
        Ok(())
    }

    pub(super) fn merge(
        &mut self,
        other: Boxed,
        mapping: &[u32],
        context: &EvalContext,
    ) -> diag::Result<()> {
        for (state, number) in other.states.into_iter().zip(mapping) {
            self.combine(*number as usize, state, context)?;
        }
        Ok(())
    }

    /// Adds one state to a group's: every update is a merge with the state of one value.
    fn combine(&mut self, group: usize, next: State, context: &EvalContext) -> diag::Result<()> {
        let old = std::mem::take(&mut self.states[group]);
        let joined = match (old, next) {
            (State::Empty, state) | (state, State::Empty) => {
                if let State::Joined { text, .. } = &state {
                    self.text_bytes += text.len();
                }
                state
            }
            (State::One(old, count), State::One(new, more)) => {
                State::One(self.fold(old, new, context)?, count + more)
            }
            (
                State::Joined { mut text, separator },
                State::Joined { text: more, separator: by },
            ) => {
                self.text_bytes += by.len() + more.len();
                text.push_str(&by);
                text.push_str(&more);
                State::Joined { text, separator }
            }
            (
                State::Moments { count, mean, squares },
                State::Moments { count: more, mean: other, squares: others },
            ) => {
                let total = count + more;
                let difference = other - mean;
                State::Moments {
                    count: total,
                    mean: mean + difference * more / total,
                    squares: squares + others + difference * difference * count * more / total,
                }
            }
            (State::One(..) | State::Joined { .. } | State::Moments { .. }, _) => {
                return Err(internal("aggregate states of two kinds"));
            }
        };
        self.states[group] = joined;
        Ok(())
    }

    fn fold(&self, old: Value, new: Value, context: &EvalContext) -> diag::Result<Value> {
        let less = |left: &Value, right: &Value| compare(left, right).is_lt();
        Ok(match self.function {
            AggregateFunction::Min => {
                if less(&new, &old) {
                    new
                } else {
                    old
                }
            }
            AggregateFunction::Max => {
                if less(&old, &new) {
                    new
                } else {
                    old
                }
            }
            AggregateFunction::BoolAnd => {
                if less(&new, &old) {
                    new
                } else {
                    old
                }
            }
            AggregateFunction::BoolOr => {
                if less(&old, &new) {
                    new
                } else {
                    old
                }
            }
            AggregateFunction::Sum | AggregateFunction::Avg => match (old, new) {
                (Value::Interval(old), Value::Interval(new)) => {
                    Value::Interval(self.add_intervals(old, new)?)
                }
                (old, new) => self.arithmetic(ArithmeticOp::Add, old, new, context)?,
            },
            AggregateFunction::CountStar
            | AggregateFunction::Count
            | AggregateFunction::StringAgg
            | AggregateFunction::StddevSamp
            | AggregateFunction::StddevPop
            | AggregateFunction::VarSamp
            | AggregateFunction::VarPop => return Err(internal("this aggregate folds no values")),
        })
    }

    fn add_intervals(&self, old: Interval, new: Interval) -> diag::Result<Interval> {
        let sum = || {
            Some(Interval {
                months: old.months.checked_add(new.months)?,
                days: old.days.checked_add(new.days)?,
                micros: old.micros.checked_add(new.micros)?,
            })
        };
        let message = "interval out of range";
        sum().ok_or_else(|| Box::new(Diagnostic::at(Code::InvalidDatetime, self.span, message)))
    }

    /// JSON numbers add by the interpreter's own rule.
    fn arithmetic(
        &self,
        op: ArithmeticOp,
        left: Value,
        right: Value,
        context: &EvalContext,
    ) -> diag::Result<Value> {
        let literal = |value| Box::new(Scalar::literal(value, self.result, self.span));
        let kind = ScalarKind::Arithmetic(op, literal(left), literal(right));
        eval::constant(&Scalar::new(kind, self.result, self.span), context)
    }

    pub(super) fn results(self, context: &EvalContext) -> diag::Result<ArrayRef> {
        let values: Vec<Value> = self
            .states
            .iter()
            .map(|state| self.result(state, context))
            .collect::<diag::Result<_>>()?;
        Ok(array_of(self.result, values))
    }

    fn result(&self, state: &State, context: &EvalContext) -> diag::Result<Value> {
        Ok(match state {
            State::Empty => Value::Null,
            State::One(sum, count) if self.function == AggregateFunction::Avg => {
                self.average(sum, *count, context)?
            }
            State::One(value, _) => value.clone(),
            State::Joined { text, .. } => Value::text(text.as_str()),
            State::Moments { count, squares, .. } => self.deviation(*count, *squares),
        })
    }

    fn average(&self, sum: &Value, count: i64, context: &EvalContext) -> diag::Result<Value> {
        if let Value::Interval(sum) = sum {
            return Ok(Value::Interval(divide_interval(*sum, count)));
        }
        let count = Value::Json(count.to_string().into());
        self.arithmetic(ArithmeticOp::Divide, sum.clone(), count, context)
    }

    fn deviation(&self, count: f64, squares: f64) -> Value {
        let sample =
            matches!(self.function, AggregateFunction::StddevSamp | AggregateFunction::VarSamp);
        let divisor = if sample { count - 1.0 } else { count };
        if divisor <= 0.0 {
            return Value::Null;
        }
        let variance = squares / divisor;
        let root =
            matches!(self.function, AggregateFunction::StddevSamp | AggregateFunction::StddevPop);
        Value::Float64(if root { variance.sqrt() } else { variance })
    }
}

fn joined(value: Value, separator: Value) -> diag::Result<State> {
    let Value::Text(text) = value else { return Err(internal("string_agg of something not text")) };
    let separator = match separator {
        Value::Text(separator) => separator.to_string(),
        _ => String::new(),
    };
    Ok(State::Joined { text: text.to_string(), separator })
}

fn moment(value: &Value) -> diag::Result<State> {
    let mean = match value {
        Value::Int16(number) => f64::from(*number),
        Value::Int32(number) => f64::from(*number),
        Value::Int64(number) => *number as f64,
        Value::Float32(number) => f64::from(*number),
        Value::Float64(number) => *number,
        // Through text, the nearest double: a division of two rounded numbers would be off.
        Value::Decimal(number) => {
            number.to_string().parse().map_err(|_| internal("a decimal is a number"))?
        }
        other => return Err(internal(format!("a deviation of {other:?}"))),
    };
    Ok(State::Moments { count: 1.0, mean, squares: 0.0 })
}

fn compare(left: &Value, right: &Value) -> std::cmp::Ordering {
    left.compare(right)
}

/// Whole months and days carry what is left over downwards, a month as 30 days.
fn divide_interval(sum: Interval, count: i64) -> Interval {
    let count = i128::from(count);
    let day = i128::from(types::MICROS_PER_DAY);
    let (months, rest) = (i128::from(sum.months) / count, i128::from(sum.months) % count);
    let days = i128::from(sum.days) * day + rest * 30 * day;
    let (whole_days, rest) = (days / count / day, days - days / count / day * day * count);
    let micros = (i128::from(sum.micros) + rest) / count;
    Interval {
        months: months as i32,
        days: whole_days as i32,
        micros: i64::try_from(micros).unwrap_or(i64::MAX),
    }
}
