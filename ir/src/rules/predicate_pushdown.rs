//! Conditions move down to where their columns come from; pairs of a product become joins.
//!
//! Going down, a list of conditions travels with the columns whose NULL no row above survives.
//! Those turn outer joins into inner ones. A condition that can fail or is volatile never goes
//! below a join or aggregation, and never overtakes one that stays behind: it may be its guard.

use std::sync::Arc;

use super::outer_join::{narrowed, rejected};
use super::{or_factoring, transitive};
use crate::logical::Join;
use crate::{Column, JoinKind, Logical, PlanContext, Query, Scalar, ScalarKind};

pub(super) fn apply(query: &mut Query, _: &PlanContext<'_>) {
    query.root = push(Arc::clone(&query.root), Vec::new(), &[]);
}

/// Returns the plan that yields those rows of `plan` for which all conditions are true.
///
/// Rows with NULL in one of `demanded` are dropped above.
pub(super) fn push(
    plan: Arc<Logical>,
    conditions: Vec<Scalar>,
    demanded: &[Column],
) -> Arc<Logical> {
    if plan.inputs().is_empty() {
        return leaf(plan, conditions);
    }
    match Arc::unwrap_or_clone(plan) {
        Logical::Filter { input, mut predicates } => {
            predicates.extend(conditions);
            push(input, predicates, demanded)
        }
        Logical::Project { input, items } => through_project(input, items, conditions, demanded),
        Logical::Join(join) => through_join(join, conditions, demanded),
        Logical::DependentJoin(join) => filtered(Logical::DependentJoin(join), conditions),
        Logical::Aggregate { input, groups, aggregates } => {
            let (below, above) = part(conditions, &groups, false);
            let input = push(input, below, &[]);
            filtered(Logical::Aggregate { input, groups, aggregates }, above)
        }
        Logical::Window { input, partition, order, calls } => {
            let keys = partition.iter().filter_map(|key| Some((key.as_column()?, key.clone())));
            let (below, above) = part(conditions, &keys.collect::<Vec<_>>(), false);
            let input = push(input, below, &[]);
            filtered(Logical::Window { input, partition, order, calls }, above)
        }
        Logical::Sort { input, keys } => {
            Arc::new(Logical::Sort { input: push(input, conditions, demanded), keys })
        }
        Logical::Distinct { input } => {
            let (below, above): (Vec<_>, Vec<_>) =
                conditions.into_iter().partition(Scalar::is_movable);
            filtered(Logical::Distinct { input: push(input, below, demanded) }, above)
        }
        Logical::Limit { input, limit, offset } => {
            let input = push(input, Vec::new(), &[]);
            filtered(Logical::Limit { input, limit, offset }, conditions)
        }
        Logical::UnionAll { inputs, columns } => through_union(inputs, columns, conditions),
        Logical::Write(mut write) => {
            write.input = push(write.input, Vec::new(), &[]);
            Arc::new(Logical::Write(write))
        }
        source @ (Logical::Scan(_)
        | Logical::SystemScan { .. }
        | Logical::Values { .. }
        | Logical::External { .. }
        | Logical::GenerateSeries { .. }) => leaf(Arc::new(source), conditions),
    }
}

fn leaf(mut plan: Arc<Logical>, conditions: Vec<Scalar>) -> Arc<Logical> {
    if conditions.is_empty() {
        return plan;
    }
    match Arc::make_mut(&mut plan) {
        Logical::Scan(scan) => {
            scan.predicates.extend(conditions);
            plan
        }
        _ => Arc::new(Logical::Filter { input: plan, predicates: conditions }),
    }
}

fn filtered(plan: Logical, predicates: Vec<Scalar>) -> Arc<Logical> {
    let input = Arc::new(plan);
    if predicates.is_empty() {
        return input;
    }
    Arc::new(Logical::Filter { input, predicates })
}

/// Parts conditions into those rewritten over the items' expressions, and those that stay.
///
/// `same_rows` says that the operator yields a row for each row below: then what can fail may go
/// too, unless something before it stays.
fn part(
    conditions: Vec<Scalar>,
    items: &[(Column, Scalar)],
    same_rows: bool,
) -> (Vec<Scalar>, Vec<Scalar>) {
    let (mut below, mut above) = (Vec::new(), Vec::new());
    for mut condition in conditions {
        let in_order = same_rows && above.is_empty() && !condition.is_volatile();
        let goes = (condition.is_movable() || in_order) && readable(&condition, items);
        if goes {
            condition.substitute(items);
            below.push(condition);
        } else {
            above.push(condition);
        }
    }
    (below, above)
}

/// True if the condition reads only items that may be computed again below.
fn readable(condition: &Scalar, items: &[(Column, Scalar)]) -> bool {
    let mut readable = true;
    condition.walk(&mut |node| {
        if let ScalarKind::Column(column) = &node.kind {
            let item = items.iter().find(|(made, _)| made == column);
            readable &= item.is_some_and(|(_, item)| item.is_movable());
        }
    });
    readable
}

fn through_project(
    input: Arc<Logical>,
    items: Vec<(Column, Scalar)>,
    conditions: Vec<Scalar>,
    demanded: &[Column],
) -> Arc<Logical> {
    let (below, above) = part(conditions, &items, true);
    let source = |column: &Column| {
        let (_, item) = items.iter().find(|(made, _)| made == column)?;
        item.as_column()
    };
    let demanded: Vec<Column> = demanded.iter().filter_map(source).collect();
    let input = push(input, below, &demanded);
    filtered(Logical::Project { input, items }, above)
}

fn through_union(
    inputs: Vec<(Arc<Logical>, Vec<Column>)>,
    columns: Vec<Column>,
    conditions: Vec<Scalar>,
) -> Arc<Logical> {
    let (below, above): (Vec<_>, Vec<_>) = conditions.into_iter().partition(Scalar::is_movable);
    let arm = |(input, own): (Arc<Logical>, Vec<Column>)| {
        let mut renamed = below.clone();
        renamed.iter_mut().for_each(|condition| rename(condition, &columns, &own));
        (push(input, renamed, &[]), own)
    };
    let inputs = inputs.into_iter().map(arm).collect();
    filtered(Logical::UnionAll { inputs, columns }, above)
}

fn rename(condition: &mut Scalar, from: &[Column], to: &[Column]) {
    condition.walk_mut(&mut |node| {
        if let ScalarKind::Column(column) = &mut node.kind
            && let Some(position) = from.iter().position(|from| from == column)
        {
            *column = to[position];
        }
    });
}

/// A join's conditions on their way down.
struct Parts {
    left: Vec<Scalar>,
    right: Vec<Scalar>,
    on: Vec<Scalar>,
    above: Vec<Scalar>,
}

fn through_join(mut join: Join, conditions: Vec<Scalar>, demanded: &[Column]) -> Arc<Logical> {
    let (left, right) = (join.left.columns(), join.right.columns());
    let mut demanded = demanded.to_vec();
    conditions.iter().for_each(|condition| rejected(condition, &mut demanded));
    join.kind = narrowed(join.kind, &left, &right, &demanded);
    let mut from_on = Vec::new();
    join.on.iter().for_each(|condition| rejected(condition, &mut from_on));

    let on = std::mem::take(&mut join.on);
    let parts = match join.kind {
        JoinKind::Inner => inner(on, conditions, &left, &right),
        JoinKind::Left => outer(on, conditions, &left, &right),
        JoinKind::Right => {
            let parts = outer(on, conditions, &right, &left);
            Parts { left: parts.right, right: parts.left, ..parts }
        }
        JoinKind::Full => Parts { left: Vec::new(), right: Vec::new(), on, above: conditions },
        JoinKind::Semi => semi(on, conditions, &left, &right),
        JoinKind::Anti | JoinKind::Single { .. } => outer(on, conditions, &left, &right),
        JoinKind::Mark(_) => mark(on, conditions, &left, &right),
    };
    let (to_left, to_right) = demands(join.kind, demanded, from_on);
    join.left = push(join.left, parts.left, &to_left);
    join.right = push(join.right, parts.right, &to_right);
    join.on = parts.on;
    filtered(Logical::Join(join), parts.above)
}

/// What each input may drop: rows whose NULL is dropped above, or finds no partner.
fn demands(kind: JoinKind, above: Vec<Column>, on: Vec<Column>) -> (Vec<Column>, Vec<Column>) {
    match kind {
        JoinKind::Inner | JoinKind::Semi => {
            let all = [above, on].concat();
            (all.clone(), all)
        }
        JoinKind::Left | JoinKind::Anti | JoinKind::Single { .. } => (above, on),
        // A row with NULL may make the mark NULL.
        JoinKind::Mark(_) => (above, Vec::new()),
        JoinKind::Right => (on, above),
        JoinKind::Full => (Vec::new(), Vec::new()),
    }
}

fn inner(mut on: Vec<Scalar>, conditions: Vec<Scalar>, left: &[Column], right: &[Column]) -> Parts {
    on.extend(conditions);
    let derived = transitive::derived(&on, &on);
    on.extend(derived);
    let mut parts =
        Parts { left: Vec::new(), right: Vec::new(), on: Vec::new(), above: Vec::new() };
    for condition in on {
        if condition.is_movable() && condition.reads_only(left) {
            parts.left.push(condition);
        } else if condition.is_movable() && condition.reads_only(right) {
            parts.right.push(condition);
        } else {
            parts.left.extend(implied(&condition, left));
            parts.right.extend(implied(&condition, right));
            parts.on.push(condition);
        }
    }
    parts
}

/// Returns what an OR over both sides says of one: each branch's own conditions on it.
fn implied(condition: &Scalar, side: &[Column]) -> Option<Scalar> {
    let ScalarKind::Or(branches) = &condition.kind else { return None };
    let own = |branch: &Scalar| {
        let mine = or_factoring::conjuncts(branch).iter();
        let mine = mine.filter(|item| item.is_movable() && item.reads_only(side));
        let mine: Vec<Scalar> = mine.cloned().collect();
        (!mine.is_empty()).then(|| Scalar::and(mine))
    };
    let branches: Option<Vec<Scalar>> = branches.iter().map(own).collect();
    Some(Scalar::new(ScalarKind::Or(branches?), condition.ty, condition.span))
}

/// A join that keeps (LEFT) or yields (ANTI) left rows without a partner.
fn outer(on: Vec<Scalar>, conditions: Vec<Scalar>, left: &[Column], right: &[Column]) -> Parts {
    let movable = |side: &[Column]| {
        let side = side.to_vec();
        move |condition: &Scalar| condition.is_movable() && condition.reads_only(&side)
    };
    let (to_left, above): (Vec<_>, Vec<_>) = conditions.into_iter().partition(movable(left));
    let derived = transitive::derived(&on, &[on.as_slice(), to_left.as_slice()].concat());
    let (mut to_right, on): (Vec<_>, Vec<_>) = on.into_iter().partition(movable(right));
    to_right.extend(derived.into_iter().filter(|condition| condition.reads_only(right)));
    Parts { left: to_left, right: to_right, on, above }
}

/// A join that says of each left row whether it has a partner. What is true or false of a right row
/// alone decides whether it can be one.
fn mark(on: Vec<Scalar>, conditions: Vec<Scalar>, left: &[Column], right: &[Column]) -> Parts {
    let movable = |condition: &Scalar| condition.is_movable() && condition.reads_only(left);
    let (to_left, above): (Vec<_>, Vec<_>) = conditions.into_iter().partition(movable);
    let goes = |condition: &Scalar| {
        condition.is_movable() && condition.is_never_null() && condition.reads_only(right)
    };
    let (to_right, on): (Vec<_>, Vec<_>) = on.into_iter().partition(goes);
    Parts { left: to_left, right: to_right, on, above }
}

fn semi(on: Vec<Scalar>, conditions: Vec<Scalar>, left: &[Column], right: &[Column]) -> Parts {
    let mut parts = outer(on, conditions, left, right);
    let goes = |condition: &Scalar| condition.is_movable() && condition.reads_only(left);
    let (to_left, on): (Vec<_>, Vec<_>) = parts.on.into_iter().partition(goes);
    parts.left.extend(to_left);
    parts.on = on;
    parts
}
