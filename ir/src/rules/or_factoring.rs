//! What every branch of an OR demands is demanded once: `(a AND b) OR (a AND c)` is
//! `a AND (b OR c)` (TPC-H Q19: the join condition hides in the branches).
//!
//! Only what cannot fail is taken out: a branch's earlier conditions may guard it.
//! An OR of equalities of one expression is an IN list.

use types::DataType;

use super::simplify;
use crate::{CompareOp, Scalar, ScalarKind};

pub(super) fn apply(node: &mut Scalar) {
    factor(node);
    if let ScalarKind::And(list) = &mut node.kind {
        list.iter_mut().for_each(to_list);
    }
    to_list(node);
}

fn factor(node: &mut Scalar) {
    let ScalarKind::Or(branches) = &mut node.kind else { return };
    let common = common(branches);
    if common.is_empty() {
        return;
    }
    let span = node.span;
    let rest: Vec<Scalar> = branches.drain(..).map(|branch| without(branch, &common)).collect();
    let mut rest = Scalar::new(ScalarKind::Or(rest), DataType::Boolean, span);
    simplify::apply(&mut rest);
    let mut list = common;
    list.push(rest);
    node.kind = ScalarKind::And(list);
    simplify::apply(node);
}

/// Returns the conditions of a branch.
pub(super) fn conjuncts(branch: &Scalar) -> &[Scalar] {
    match &branch.kind {
        ScalarKind::And(list) => list,
        _ => std::slice::from_ref(branch),
    }
}

fn common(branches: &[Scalar]) -> Vec<Scalar> {
    let Some((first, rest)) = branches.split_first() else { return Vec::new() };
    let everywhere = |item: &&Scalar| {
        item.is_movable() && rest.iter().all(|branch| conjuncts(branch).contains(item))
    };
    conjuncts(first).iter().filter(everywhere).cloned().collect()
}

fn without(branch: Scalar, common: &[Scalar]) -> Scalar {
    let left = conjuncts(&branch).iter().filter(|item| !common.contains(item));
    Scalar::and(left.cloned().collect())
}

fn to_list(node: &mut Scalar) {
    let ScalarKind::Or(branches) = &node.kind else { return };
    let Some(needle) = branches.first().and_then(|branch| parts(branch)).map(|(needle, _)| needle)
    else {
        return;
    };
    let mut list = Vec::with_capacity(branches.len());
    for branch in branches {
        match parts(branch) {
            Some((same, items)) if same == needle => list.extend_from_slice(items),
            _ => return,
        }
    }
    let needle = Box::new(needle.clone());
    node.kind = ScalarKind::In { needle, list, negated: false };
}

/// Returns the expression and the constants that a branch says it is among.
fn parts(branch: &Scalar) -> Option<(&Scalar, &[Scalar])> {
    let (needle, items) = match &branch.kind {
        ScalarKind::Compare(CompareOp::Eq, left, right) => {
            (left.as_ref(), std::slice::from_ref(right.as_ref()))
        }
        ScalarKind::In { needle, list, negated: false } => (needle.as_ref(), list.as_slice()),
        _ => return None,
    };
    let constant = items.iter().all(|item| item.as_literal().is_some() && item.ty == needle.ty);
    (needle.as_column().is_some() && constant).then_some((needle, items))
}
