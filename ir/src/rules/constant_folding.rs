//! Constants are computed once, at plan time, by the interpreter.
//!
//! An expression that raises an error is left: whether it is ever evaluated is for run time. What
//! depends on the execution (parameters, `now()`) is left too, so that a plan may be kept.

use crate::{Function, PlanContext, Scalar, ScalarKind};

pub(super) fn apply(node: &mut Scalar, context: &PlanContext<'_>) {
    if !foldable(node) {
        return;
    }
    if let Ok(value) = (context.evaluate)(node) {
        node.kind = ScalarKind::Literal(value);
    }
}

fn foldable(node: &Scalar) -> bool {
    let operation = match &node.kind {
        ScalarKind::Column(_)
        | ScalarKind::Slot(_)
        | ScalarKind::Literal(_)
        | ScalarKind::Parameter(_) => false,
        ScalarKind::Call(function, _) => !late(*function),
        ScalarKind::Not(_)
        | ScalarKind::And(_)
        | ScalarKind::Or(_)
        | ScalarKind::Is { .. }
        | ScalarKind::Compare(..)
        | ScalarKind::Arithmetic(..)
        | ScalarKind::Negate(_)
        | ScalarKind::Cast { .. }
        | ScalarKind::Case { .. }
        | ScalarKind::In { .. }
        | ScalarKind::Like { .. } => true,
    };
    operation && node.children().iter().all(|child| child.as_literal().is_some())
}

fn late(function: Function) -> bool {
    function.is_volatile() || function.is_stable() || function == Function::Version
}
