//! Evaluation on some of the rows: what makes AND, OR, CASE and COALESCE lazy.
//!
//! An operand that cannot fail may as well run on all rows; one that can runs on a narrowed batch,
//! which holds the selected rows of the slots that the operand reads and nothing of the others.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, NullArray};
use arrow_buffer::BooleanBuffer;
use ir::{ArithmeticOp, Function, Scalar, ScalarKind};
use types::{Batch, DataType};

/// True if the expression may raise an error on some row, or must not run more often than it has to.
pub(super) fn is_fallible(expr: &Scalar) -> bool {
    node_fails(expr) || expr.children().into_iter().any(is_fallible)
}

fn node_fails(expr: &Scalar) -> bool {
    match &expr.kind {
        ScalarKind::Column(_)
        | ScalarKind::Slot(_)
        | ScalarKind::Literal(_)
        | ScalarKind::Not(_)
        | ScalarKind::And(_)
        | ScalarKind::Or(_)
        | ScalarKind::Is { .. }
        | ScalarKind::Compare(..)
        | ScalarKind::Case { .. }
        | ScalarKind::In { .. } => false,
        ScalarKind::Parameter(_) | ScalarKind::Negate(_) => true,
        ScalarKind::Arithmetic(op, left, right) => {
            !(matches!(op, ArithmeticOp::Subtract)
                && left.ty == DataType::Boolean
                && right.ty == left.ty)
        }
        ScalarKind::Cast { input, lenient } => !lenient && !always_casts(input.ty, expr.ty),
        ScalarKind::Like { pattern, .. } => pattern.as_literal().is_none(),
        ScalarKind::Call(function, _) => !never_fails(*function),
    }
}

/// True of casts that every value survives.
fn always_casts(from: DataType, to: DataType) -> bool {
    use DataType::{Float32, Float64, Int16, Int32, Int64, Json, Text};
    from == to
        || matches!(
            (from, to),
            (Int16, Int32 | Int64 | Float32 | Float64)
                | (Int32, Int64 | Float64)
                | (Int64 | Float32, Float64)
                | (_, Text { length_max: None })
        )
        || (to == Json && !from.is_text())
}

fn never_fails(function: Function) -> bool {
    matches!(
        function,
        Function::Upper
            | Function::Lower
            | Function::InitCap
            | Function::Length
            | Function::OctetLength
            | Function::Trim(_)
            | Function::ConcatOperator
            | Function::Concat
            | Function::ConcatWs
            | Function::Left
            | Function::Right
            | Function::Position
            | Function::StartsWith
            | Function::Coalesce
            | Function::NullIf
            | Function::Greatest
            | Function::Least
            | Function::Now
            | Function::CurrentDate
            | Function::JsonGet
            | Function::JsonGetText
            | Function::JsonPath
            | Function::JsonContains
            | Function::JsonTypeOf
            | Function::ToJson
            | Function::TypeOf
    )
}

/// Returns the rows of `mask`, with the slots that `exprs` read; other columns hold nothing.
pub(super) fn narrow(batch: &Batch, mask: &BooleanBuffer, exprs: &[&Scalar]) -> Batch {
    let mut used = vec![false; batch.columns().len()];
    for expr in exprs {
        expr.walk(&mut |node| {
            if let ScalarKind::Slot(slot) = node.kind {
                used[slot as usize] = true;
            }
        });
    }
    let rows = mask.count_set_bits();
    let keep = BooleanArray::new(mask.clone(), None);
    let columns = batch.columns().iter().zip(used).map(|(column, used)| -> ArrayRef {
        if used {
            arrow_select::filter::filter(column, &keep).expect("mask and column are as long")
        } else {
            Arc::new(NullArray::new(rows))
        }
    });
    Batch::new(columns.collect(), rows)
}

/// Puts the bits of the selected rows back where they came from; other rows get 0.
pub(super) fn scatter(bits: &BooleanBuffer, mask: &BooleanBuffer) -> BooleanBuffer {
    let mut spread = arrow_buffer::BooleanBufferBuilder::new(mask.len());
    spread.append_n(mask.len(), false);
    for (bit, row) in bits.iter().zip(mask.set_indices()) {
        spread.set_bit(row, bit);
    }
    spread.finish()
}
