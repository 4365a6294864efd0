//! Which expressions can raise an error, and which differ from call to call.
//!
//! A condition that can fail must not run before one that guards it, nor on rows that the query
//! would never have shown it. So rules move only what is neither fallible nor volatile.

use types::DataType;

use crate::{CompareOp, Function, Scalar, ScalarKind};

impl Scalar {
    /// True if evaluating the expression can raise an error for some row.
    pub fn is_fallible(&self) -> bool {
        let mut fallible = false;
        self.walk(&mut |node| fallible |= node_fails(node));
        fallible
    }

    /// True if two evaluations on one row can differ.
    pub fn is_volatile(&self) -> bool {
        let mut volatile = false;
        self.walk(&mut |node| {
            volatile |=
                matches!(&node.kind, ScalarKind::Call(function, _) if function.is_volatile());
        });
        volatile
    }

    /// True if the expression may be evaluated on other rows, and in another order, than written.
    pub(crate) fn is_movable(&self) -> bool {
        !self.is_fallible() && !self.is_volatile()
    }

    /// True if the value depends on the execution: a parameter, or the transaction's time.
    pub(crate) fn is_bound_late(&self) -> bool {
        let mut late = false;
        self.walk(&mut |node| {
            late |= match &node.kind {
                ScalarKind::Parameter(_) => true,
                ScalarKind::Call(function, _) => function.is_stable() || function.is_volatile(),
                _ => false,
            };
        });
        late
    }
}

impl Scalar {
    /// True if the expression is TRUE or FALSE for every row.
    pub(crate) fn is_never_null(&self) -> bool {
        match &self.kind {
            ScalarKind::Is { .. } => true,
            ScalarKind::Compare(op, ..) => {
                matches!(op, CompareOp::Distinct | CompareOp::NotDistinct)
            }
            ScalarKind::Literal(value) => !value.is_null(),
            ScalarKind::And(list) | ScalarKind::Or(list) => list.iter().all(Scalar::is_never_null),
            ScalarKind::Not(input) => input.is_never_null(),
            _ => false,
        }
    }
}

fn node_fails(node: &Scalar) -> bool {
    match &node.kind {
        ScalarKind::Column(_)
        | ScalarKind::Slot(_)
        | ScalarKind::Literal(_)
        | ScalarKind::Parameter(_)
        | ScalarKind::Not(_)
        | ScalarKind::And(_)
        | ScalarKind::Or(_)
        | ScalarKind::Is { .. }
        | ScalarKind::Compare(..)
        | ScalarKind::Case { .. }
        | ScalarKind::In { .. } => false,
        ScalarKind::Arithmetic(..) | ScalarKind::Negate(_) => true,
        ScalarKind::Cast { input, lenient } => !lenient && !widens(input.ty, node.ty),
        // A constant pattern was checked when it was bound or folded; a computed one may end in a
        // lone escape character.
        ScalarKind::Like { pattern, .. } => pattern.as_literal().is_none(),
        ScalarKind::Call(function, _) => function_fails(*function),
    }
}

/// True if every value of `from` has a value in `to`: the cast cannot fail.
pub(crate) fn widens(from: DataType, to: DataType) -> bool {
    if from == to || from == DataType::Null {
        return true;
    }
    match to {
        DataType::Text { length_max: None } => !matches!(from, DataType::Blob),
        DataType::Int64 => matches!(from, DataType::Int16 | DataType::Int32),
        DataType::Int32 => from == DataType::Int16,
        DataType::Float64 => from.is_integer() || from == DataType::Float32,
        DataType::Float32 => from == DataType::Int16,
        DataType::Timestamp => from == DataType::Date,
        DataType::Decimal { precision, scale } => digits(from).is_some_and(|(whole, fraction)| {
            whole <= precision - scale.min(precision) && fraction <= scale
        }),
        DataType::Text { length_max: Some(most) } => {
            matches!(from, DataType::Text { length_max: Some(length) } if length <= most)
        }
        DataType::Null
        | DataType::Boolean
        | DataType::Int16
        | DataType::Blob
        | DataType::Date
        | DataType::Interval
        | DataType::Json => false,
    }
}

/// Digits before and after the point that hold every value of an exact number type.
fn digits(ty: DataType) -> Option<(u8, u8)> {
    match ty {
        DataType::Int16 => Some((5, 0)),
        DataType::Int32 => Some((10, 0)),
        DataType::Int64 => Some((19, 0)),
        DataType::Decimal { precision, scale } => Some((precision.saturating_sub(scale), scale)),
        _ => None,
    }
}

fn function_fails(function: Function) -> bool {
    !matches!(
        function,
        Function::Upper
            | Function::Lower
            | Function::InitCap
            | Function::Length
            | Function::OctetLength
            | Function::Trim(_)
            | Function::Position
            | Function::StartsWith
            | Function::Reverse
            | Function::Left
            | Function::Right
            | Function::Concat
            | Function::ConcatOperator
            | Function::Coalesce
            | Function::NullIf
            | Function::Greatest
            | Function::Least
            | Function::Now
            | Function::CurrentDate
            | Function::Extract(_)
            | Function::JsonGet
            | Function::JsonGetText
            | Function::JsonPath
            | Function::JsonContains
            | Function::JsonTypeOf
            | Function::TypeOf
            | Function::CurrentCommitId
            | Function::Version
            | Function::Pi
            | Function::Random
            | Function::Sign
    )
}
