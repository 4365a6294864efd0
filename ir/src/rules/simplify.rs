//! Three-valued logic made shorter without changing what is TRUE, FALSE or NULL.
//!
//! As a condition of WHERE or ON, an expression may lose the difference between FALSE and NULL:
//! [`as_condition`] uses that.

use types::{DataType, Value};

use crate::rules::once::Once;
use crate::{CompareOp, Function, Scalar, ScalarKind, TruthTest};

/// True of the literal TRUE.
pub(super) fn is_true(scalar: &Scalar) -> bool {
    scalar.as_literal() == Some(&Value::Boolean(true))
}

/// True of the literal FALSE.
fn is_false(scalar: &Scalar) -> bool {
    scalar.as_literal() == Some(&Value::Boolean(false))
}

fn is_null(scalar: &Scalar) -> bool {
    scalar.as_literal() == Some(&Value::Null)
}

/// True of the literals FALSE and NULL: no row passes.
pub(super) fn is_never_true(scalar: &Scalar) -> bool {
    is_false(scalar) || is_null(scalar)
}

/// Simplifies one node whose operands are simple already.
pub(super) fn apply(node: &mut Scalar) {
    match &mut node.kind {
        ScalarKind::Not(_) => negation(node),
        ScalarKind::And(_) => chain(node, true),
        ScalarKind::Or(_) => chain(node, false),
        ScalarKind::Compare(..) => comparison(node),
        ScalarKind::Case { .. } => case(node),
        ScalarKind::In { .. } => list(node),
        ScalarKind::Like { .. } => like(node),
        ScalarKind::Call(Function::Coalesce, _) => coalesce(node),
        ScalarKind::Column(_)
        | ScalarKind::Slot(_)
        | ScalarKind::Literal(_)
        | ScalarKind::Parameter(_)
        | ScalarKind::Is { .. }
        | ScalarKind::Arithmetic(..)
        | ScalarKind::Negate(_)
        | ScalarKind::Cast { .. }
        | ScalarKind::Call(..) => {}
    }
}

/// Simplifies a condition, of which only TRUE counts.
pub(super) fn as_condition(node: &mut Scalar) {
    if let ScalarKind::Is { input, test: TruthTest::True, negated: false } = &mut node.kind {
        let input = take(input);
        *node = input;
        return as_condition(node);
    }
    let ScalarKind::Compare(op, left, right) = &node.kind else { return };
    if left != right || !left.is_movable() {
        return;
    }
    match op {
        CompareOp::Eq | CompareOp::Le | CompareOp::Ge => {
            let input = left.clone();
            node.kind = ScalarKind::Is { input, test: TruthTest::Null, negated: true };
        }
        CompareOp::Ne | CompareOp::Lt | CompareOp::Gt | CompareOp::Distinct => set(node, false),
        CompareOp::NotDistinct => set(node, true),
    }
}

fn set(node: &mut Scalar, value: bool) {
    node.kind = ScalarKind::Literal(Value::Boolean(value));
}

fn take(node: &mut Scalar) -> Scalar {
    std::mem::replace(node, Scalar::boolean(false))
}

fn negation(node: &mut Scalar) {
    let ScalarKind::Not(input) = &mut node.kind else { return };
    match &mut input.kind {
        ScalarKind::Not(inner) => *node = take(inner),
        ScalarKind::Compare(op, ..) => {
            *op = op.inverse();
            *node = take(input);
        }
        ScalarKind::Is { negated, .. }
        | ScalarKind::In { negated, .. }
        | ScalarKind::Like { negated, .. } => {
            *negated = !*negated;
            *node = take(input);
        }
        ScalarKind::And(_) | ScalarKind::Or(_) => de_morgan(node),
        ScalarKind::Column(_)
        | ScalarKind::Slot(_)
        | ScalarKind::Literal(_)
        | ScalarKind::Parameter(_)
        | ScalarKind::Arithmetic(..)
        | ScalarKind::Negate(_)
        | ScalarKind::Cast { .. }
        | ScalarKind::Case { .. }
        | ScalarKind::Call(..) => {}
    }
}

fn de_morgan(node: &mut Scalar) {
    let span = node.span;
    let ScalarKind::Not(input) = &mut node.kind else { return };
    let (list, conjunction) = match &mut input.kind {
        ScalarKind::And(list) => (std::mem::take(list), true),
        ScalarKind::Or(list) => (std::mem::take(list), false),
        _ => return,
    };
    let negated = list.into_iter().map(|item| {
        let mut not = Scalar::new(ScalarKind::Not(Box::new(item)), DataType::Boolean, span);
        negation(&mut not);
        not
    });
    let negated = negated.collect();
    node.kind = if conjunction { ScalarKind::Or(negated) } else { ScalarKind::And(negated) };
}

/// AND and OR: nested ones join, neutral constants go, a deciding one is the answer.
fn chain(node: &mut Scalar, conjunction: bool) {
    let (ScalarKind::And(list) | ScalarKind::Or(list)) = &mut node.kind else { return };
    let mut flat = Once::default();
    for item in list.drain(..) {
        push_chain(item, conjunction, &mut flat);
    }
    let mut flat = flat.into_list();
    let decides = |item: &Scalar| if conjunction { is_false(item) } else { is_true(item) };
    if flat.iter().any(decides) {
        return set(node, !conjunction);
    }
    match flat.len() {
        0 => set(node, conjunction),
        1 => *node = flat.swap_remove(0),
        _ => *list = flat,
    }
}

fn push_chain(item: Scalar, conjunction: bool, flat: &mut Once) {
    let neutral = if conjunction { is_true(&item) } else { is_false(&item) };
    match item.kind {
        ScalarKind::And(list) if conjunction => flat.extend(list),
        ScalarKind::Or(list) if !conjunction => flat.extend(list),
        _ if neutral => {}
        _ => flat.push(item),
    }
}

fn comparison(node: &mut Scalar) {
    let ScalarKind::Compare(op, left, right) = &mut node.kind else { return };
    // Constants stand right, so that later rules look in one place.
    if left.is_constant() && !right.is_constant() {
        std::mem::swap(left, right);
        *op = op.flipped();
    }
    if !is_null(right) || !left.is_movable() {
        return;
    }
    let negated = match op {
        CompareOp::Distinct => true,
        CompareOp::NotDistinct => false,
        CompareOp::Eq
        | CompareOp::Ne
        | CompareOp::Lt
        | CompareOp::Le
        | CompareOp::Gt
        | CompareOp::Ge => {
            node.kind = ScalarKind::Literal(Value::Null);
            return;
        }
    };
    let input = Box::new(take(left));
    node.kind = ScalarKind::Is { input, test: TruthTest::Null, negated };
}

fn case(node: &mut Scalar) {
    let ty = node.ty;
    let ScalarKind::Case { branches, otherwise } = &mut node.kind else { return };
    branches.retain(|(when, _)| !is_never_true(when));
    if let Some(position) = branches.iter().position(|(when, _)| is_true(when)) {
        let (_, then) = branches.swap_remove(position);
        branches.truncate(position);
        *otherwise = Some(Box::new(then));
    }
    if !branches.is_empty() {
        return;
    }
    match otherwise.take() {
        // A branch may be a narrower type of the same family than the whole.
        Some(mut value) if value.ty == ty => *node = take(&mut value),
        Some(value) => node.kind = ScalarKind::Cast { input: value, lenient: false },
        None => node.kind = ScalarKind::Literal(Value::Null),
    }
}

fn coalesce(node: &mut Scalar) {
    let ty = node.ty;
    let ScalarKind::Call(_, args) = &mut node.kind else { return };
    args.retain(|arg| !is_null(arg));
    if let Some(position) = args.iter().position(|arg| arg.as_literal().is_some()) {
        args.truncate(position + 1);
    }
    match args.len() {
        0 => node.kind = ScalarKind::Literal(Value::Null),
        1 if args[0].ty == ty => *node = args.swap_remove(0),
        _ => {}
    }
}

/// A list of one is a comparison; a constant twice is once.
fn list(node: &mut Scalar) {
    let ScalarKind::In { needle, list, negated } = &mut node.kind else { return };
    if list.len() != 1 {
        return;
    }
    let op = if *negated { CompareOp::Ne } else { CompareOp::Eq };
    let (needle, item) = (take(needle), list.swap_remove(0));
    node.kind = ScalarKind::Compare(op, Box::new(needle), Box::new(item));
    comparison(node);
}

/// A pattern without wildcards and escapes is a comparison.
fn like(node: &mut Scalar) {
    let ScalarKind::Like { input, pattern, escape, case_insensitive: false, negated } =
        &mut node.kind
    else {
        return;
    };
    let Some(Value::Text(text)) = pattern.as_literal() else { return };
    if text.contains(['%', '_']) || escape.is_some_and(|escape| text.contains(escape)) {
        return;
    }
    let op = if *negated { CompareOp::Ne } else { CompareOp::Eq };
    node.kind = ScalarKind::Compare(op, Box::new(take(input)), Box::new(take(pattern)));
}
