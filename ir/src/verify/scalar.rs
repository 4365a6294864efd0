//! Checks of expressions that both verifiers share.

use types::DataType;

use crate::{Scalar, ScalarKind};

/// True if a value of one type may stand where the other is declared: text of any length is text.
pub(super) fn same(left: DataType, right: DataType) -> bool {
    left.unlimited() == right.unlimited()
}

/// True if the types compare with each other; decimals may differ in precision and scale.
fn comparable(left: DataType, right: DataType) -> bool {
    let decimals = matches!((left, right), (DataType::Decimal { .. }, DataType::Decimal { .. }));
    same(left, right) || decimals || left == DataType::Null || right == DataType::Null
}

/// Checks every node below; `leaf` checks columns and slots.
pub(super) fn check(
    scalar: &Scalar,
    leaf: &mut impl FnMut(&Scalar) -> Result<(), String>,
) -> Result<(), String> {
    let mut found = Ok(());
    scalar.walk(&mut |node| {
        if found.is_ok() {
            found = check_node(node).and_then(|()| leaf(node));
        }
    });
    found
}

/// Checks an expression that must be a condition.
pub(super) fn check_condition(
    scalar: &Scalar,
    leaf: &mut impl FnMut(&Scalar) -> Result<(), String>,
) -> Result<(), String> {
    boolean(scalar)?;
    check(scalar, leaf)
}

fn boolean(scalar: &Scalar) -> Result<(), String> {
    match scalar.ty {
        DataType::Boolean => Ok(()),
        ty => Err(format!("a condition has type {ty}")),
    }
}

fn check_node(node: &Scalar) -> Result<(), String> {
    match &node.kind {
        ScalarKind::Column(_) | ScalarKind::Slot(_) | ScalarKind::Parameter(_) => Ok(()),
        ScalarKind::Literal(value) => literal(value, node.ty),
        ScalarKind::Not(input) => boolean(node).and_then(|()| boolean(input)),
        ScalarKind::And(list) | ScalarKind::Or(list) => {
            if list.len() < 2 {
                return Err(format!("AND or OR of {} operands", list.len()));
            }
            boolean(node)?;
            list.iter().try_for_each(boolean)
        }
        ScalarKind::Is { .. } | ScalarKind::Like { .. } => boolean(node),
        ScalarKind::Compare(op, left, right) => {
            boolean(node)?;
            pair(op.sql(), left.ty, right.ty)
        }
        ScalarKind::In { needle, list, .. } => {
            boolean(node)?;
            list.iter().try_for_each(|item| pair("IN", needle.ty, item.ty))
        }
        ScalarKind::Negate(input) => pair("-", node.ty, input.ty),
        ScalarKind::Case { branches, otherwise } => case(node.ty, branches, otherwise.as_deref()),
        ScalarKind::Arithmetic(..) | ScalarKind::Cast { .. } | ScalarKind::Call(..) => Ok(()),
    }
}

fn case(
    ty: DataType,
    branches: &[(Scalar, Scalar)],
    otherwise: Option<&Scalar>,
) -> Result<(), String> {
    branches.iter().try_for_each(|(when, _)| boolean(when))?;
    let values = branches.iter().map(|(_, then)| then).chain(otherwise);
    values.into_iter().try_for_each(|value| pair("CASE", ty, value.ty))
}

fn pair(what: &str, left: DataType, right: DataType) -> Result<(), String> {
    if comparable(left, right) {
        return Ok(());
    }
    Err(format!("{what} of {left} and {right}"))
}

fn literal(value: &types::Value, ty: DataType) -> Result<(), String> {
    let fits = match (value, ty) {
        (types::Value::Null, _) => true,
        (types::Value::Decimal(number), DataType::Decimal { precision, scale }) => {
            number.scale == scale && number.digits() <= precision.max(1)
        }
        _ => same(value.data_type(), ty),
    };
    if fits { Ok(()) } else { Err(format!("the literal {value:?} has type {ty}")) }
}
