//! The interpreter: the meaning of every scalar expression.
//!
//! [`eval`] computes an expression over a batch, a node at a time. What a node means for one row is
//! said in [`row`]; the loops here over whole vectors are faster ways to the same values, and
//! when one of them meets a failure it asks the row's operation for the error. Logic is
//! three-valued. AND, OR, CASE and COALESCE evaluate an operand only on the rows that need it, so
//! that a row already decided raises no error. See docs of `ir::ScalarKind` for operand types.

mod arithmetic;
mod cast;
mod compare;
mod conditional;
mod decimal;
mod error;
mod logic;
mod membership;
mod pattern;
mod row;
mod select;
#[cfg(test)]
mod tests;
mod vector;

use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use diag::{Code, Diagnostic};
use ir::{Function, Scalar, ScalarKind};
use types::{Batch, CommitId, DataType, Mask, Timestamp, Value, array_of};

pub use error::EvalError;
pub(crate) use error::{Failure, RowResult};
use vector::Vector;

type Result<T> = std::result::Result<T, EvalError>;

/// What expressions read besides their rows: the same for all of one execution.
#[derive(Debug, Default)]
pub struct EvalContext {
    now: Timestamp,
    parameters: Vec<Value>,
    snapshot: CommitId,
    random: AtomicU64,
    patterns: pattern::Cache,
}

impl EvalContext {
    /// Returns a context: the transaction's time, the values of `$1…`, the commit that it reads,
    /// and a seed for RANDOM.
    pub fn new(
        now: Timestamp,
        parameters: Vec<Value>,
        snapshot: CommitId,
        seed: u64,
    ) -> EvalContext {
        EvalContext {
            now,
            parameters,
            snapshot,
            random: AtomicU64::new(seed),
            patterns: pattern::Cache::default(),
        }
    }

    /// Returns the transaction's time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns the values of `$1…`.
    pub fn parameters(&self) -> &[Value] {
        &self.parameters
    }

    /// Returns the commit that the transaction reads.
    pub fn snapshot(&self) -> CommitId {
        self.snapshot
    }

    /// Returns a double in `[0, 1)`: SplitMix64 (Steele, Lea, Flood 2014) over a shared counter.
    pub(crate) fn random(&self) -> f64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut bits = self.random.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Returns the values of an expression for every row of a batch, as an array of the node's type.
///
/// # Errors
/// The first failing operation's error; which row it names is the first that fails there.
///
/// # Panics
/// If the plan is broken: a query column that is no slot, or operands of other types.
pub fn eval(expr: &Scalar, batch: &Batch, context: &EvalContext) -> Result<ArrayRef> {
    Ok(vector(expr, batch, context)?.into_array(batch.rows()))
}

/// Returns the rows for which a condition is true (neither false nor NULL).
///
/// # Errors
/// As [`eval`].
pub fn filter(expr: &Scalar, batch: &Batch, context: &EvalContext) -> Result<Mask> {
    let condition = vector(expr, batch, context)?;
    let is_constant = condition.is_constant();
    let mask = logic::truth(&condition);
    Ok(if is_constant { vector::all_bits(mask.value(0), batch.rows()) } else { mask })
}

/// Returns the value of an expression that reads no row.
///
/// # Errors
/// The operation's error as a diagnostic at its place.
pub fn constant(expr: &Scalar, context: &EvalContext) -> diag::Result<Value> {
    if let Some(outside) = first_column(expr) {
        let message = "a column cannot be used where a constant is needed";
        return Err(Box::new(Diagnostic::at(Code::InvalidReference, outside, message)));
    }
    let array = eval(expr, &Batch::new(Vec::new(), 1), context)?;
    Ok(Value::from_array(&array, 0, expr.ty))
}

fn first_column(expr: &Scalar) -> Option<diag::Span> {
    let mut found = None;
    expr.walk(&mut |node| {
        if matches!(node.kind, ScalarKind::Column(_) | ScalarKind::Slot(_)) {
            found = found.or(Some(node.span));
        }
    });
    found
}

/// Evaluates one node.
pub(crate) fn vector(expr: &Scalar, batch: &Batch, context: &EvalContext) -> Result<Vector> {
    let rows = batch.rows();
    let of = |operand: &Scalar| vector(operand, batch, context);
    match &expr.kind {
        ScalarKind::Column(column) => {
            panic!("column {} of a physical expression is bound to a slot", column.0)
        }
        ScalarKind::Slot(slot) => Ok(Vector::dense(batch.column(*slot as usize).clone())),
        ScalarKind::Literal(value) => Ok(Vector::constant(value.clone(), expr.ty)),
        ScalarKind::Parameter(number) => parameter(expr, *number, context),
        ScalarKind::Not(input) => Ok(logic::not(&of(input)?)),
        ScalarKind::And(list) => logic::connect(list, logic::Connective::And, batch, context),
        ScalarKind::Or(list) => logic::connect(list, logic::Connective::Or, batch, context),
        ScalarKind::Is { input, test, negated } => {
            Ok(logic::is(&of(input)?, *test, *negated, rows))
        }
        ScalarKind::Compare(op, left, right) => {
            Ok(compare::compare(*op, &of(left)?, left.ty, &of(right)?, right.ty, rows))
        }
        ScalarKind::Arithmetic(op, left, right) => {
            arithmetic::binary(expr, *op, (&of(left)?, left.ty), (&of(right)?, right.ty), rows)
        }
        ScalarKind::Negate(input) => arithmetic::negate(expr, &of(input)?, input.ty, rows),
        ScalarKind::Cast { input, lenient } => {
            cast::cast(&of(input)?, input.ty, expr.ty, *lenient, expr.span, rows)
        }
        ScalarKind::Case { branches, otherwise } => {
            conditional::case(expr, branches, otherwise.as_deref(), batch, context)
        }
        ScalarKind::In { needle, list, negated } => {
            membership::contained(needle, list, *negated, batch, context)
        }
        ScalarKind::Like { .. } => pattern::like(expr, batch, context),
        ScalarKind::Call(Function::Coalesce, list) => {
            conditional::coalesce(expr, list, batch, context)
        }
        ScalarKind::Call(function, list) => call(expr, *function, list, batch, context),
    }
}

fn parameter(expr: &Scalar, number: u32, context: &EvalContext) -> Result<Vector> {
    let Some(value) = context.parameters.get(number as usize) else {
        let message = format!("there is no value for parameter ${}", number + 1);
        return Err(Failure::new(Code::UnknownParameter, message).at(expr.span));
    };
    let value = row::cast(value, expr.ty).map_err(|failure| failure.at(expr.span))?;
    Ok(Vector::constant(value, expr.ty))
}

/// Calls a function row by row.
fn call(
    expr: &Scalar,
    function: Function,
    list: &[Scalar],
    batch: &Batch,
    context: &EvalContext,
) -> Result<Vector> {
    let args: Vec<Vector> =
        list.iter().map(|arg| vector(arg, batch, context)).collect::<Result<_>>()?;
    if let Some(result) = row::fast(function, &args, list, expr.ty, batch.rows()) {
        return Ok(result);
    }
    let columns: Vec<(&Vector, DataType)> =
        args.iter().zip(list).map(|(arg, scalar)| (arg, scalar.ty)).collect();
    let volatile = function.is_volatile();
    by_row(expr, &columns, batch.rows(), volatile, |values| {
        if function.is_strict() && values.iter().any(Value::is_null) {
            return Ok(Value::Null);
        }
        row::call(function, values, &columns, expr.ty, context)
    })
}

/// Computes a node row by row from the values of its operands, and casts each to the node's type.
pub(crate) fn by_row(
    expr: &Scalar,
    operands: &[(&Vector, DataType)],
    rows: usize,
    volatile: bool,
    f: impl Fn(&[Value]) -> RowResult<Value>,
) -> Result<Vector> {
    let vectors: Vec<&Vector> = operands.iter().map(|(vector, _)| *vector).collect();
    let (computed, constant) = if volatile { (rows, false) } else { vector::width(&vectors, rows) };
    let mut values = Vec::with_capacity(operands.len());
    let mut results = Vec::with_capacity(computed);
    for at in 0..computed {
        values.clear();
        values.extend(operands.iter().map(|(vector, ty)| vector.value(at, *ty)));
        let result = f(&values).and_then(|value| row::cast(&value, expr.ty));
        results.push(result.map_err(|failure| failure.at(expr.span))?);
    }
    Ok(Vector::of_width(array_of(expr.ty, results), constant))
}

/// Returns a vector as the type of the node that uses it: decimals to its scale, NULL to its type.
pub(crate) fn conform(input: Vector, from: DataType, to: &Scalar, rows: usize) -> Result<Vector> {
    if input.array().data_type() == &to.ty.arrow() {
        return Ok(input);
    }
    cast::cast(&input, from, to.ty, false, to.span, rows)
}

/// Returns the boolean array of a condition.
pub(crate) fn as_condition(input: &Vector) -> Option<&arrow_array::BooleanArray> {
    // A bare NULL has the type of nothing in particular.
    (input.array().data_type() != &arrow_schema::DataType::Null).then(|| input.array().as_boolean())
}
