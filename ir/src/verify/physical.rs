//! The physical verifier: no columns left, every slot in range and of the type it is read as.

use types::DataType;

use super::Broken;
use super::scalar::{check, same};
use crate::{
    Access, JoinKind, Operator, Physical, PhysicalScan, Scalar, ScalarKind, ScanPredicate, Side,
    SortKey,
};

/// Checks a physical plan.
///
/// # Errors
/// The first operator that does not hold, inputs first.
pub fn physical(plan: &Physical) -> Result<(), Broken> {
    plan.inputs().into_iter().try_for_each(physical)?;
    operator(plan).map_err(|problem| Broken { operator: name(&plan.operator), problem })
}

fn operator(plan: &Physical) -> Result<(), String> {
    if plan.types.len() != plan.names.len() {
        return Err(format!("{} types and {} names", plan.types.len(), plan.names.len()));
    }
    match &plan.operator {
        Operator::Scan(own) => scan(own, &plan.types),
        Operator::SystemScan(_) | Operator::External => Ok(()),
        Operator::Values(rows) => {
            rows.iter().take(64).try_for_each(|row| makes(row, &[], &plan.types))
        }
        Operator::GenerateSeries { start, stop, step } => all([start, stop, step], &[]),
        Operator::Filter { input, predicates } => {
            conditions(predicates, &input.types)?;
            passes(&input.types, &plan.types)
        }
        Operator::Project { input, items } => makes(items, &input.types, &plan.types),
        Operator::HashJoin { kind, left, right, build, keys, residual } => {
            if *build == Side::Left && !matches!(kind, JoinKind::Semi | JoinKind::Anti) {
                return Err("only a semi or anti join builds its left side".to_owned());
            }
            for key in keys {
                all([&key.left], &left.types)?;
                all([&key.right], &right.types)?;
                passes(&[key.left.ty], &[key.right.ty])?;
            }
            join(*kind, left, right, residual, &plan.types)
        }
        Operator::NestedLoopJoin { kind, left, right, on } => {
            join(*kind, left, right, on, &plan.types)
        }
        Operator::HashAggregate { input, groups, aggregates } => {
            for call in aggregates {
                all(call.args.iter().chain(&call.filter), &input.types)?;
                sort_keys(&call.order, &input.types)?;
            }
            all(groups, &input.types)?;
            let made = groups.iter().map(|group| group.ty);
            let made: Vec<DataType> = made.chain(aggregates.iter().map(|call| call.ty)).collect();
            passes(&made, &plan.types)
        }
        Operator::Window { input, partition, order, calls } => {
            all(partition.iter().chain(calls.iter().flat_map(|call| &call.args)), &input.types)?;
            sort_keys(order, &input.types)?;
            let made: Vec<DataType> =
                input.types.iter().copied().chain(calls.iter().map(|call| call.ty)).collect();
            passes(&made, &plan.types)
        }
        Operator::Sort { input, keys } | Operator::TopN { input, keys, .. } => {
            sort_keys(keys, &input.types)?;
            passes(&input.types, &plan.types)
        }
        Operator::Limit { input, limit, offset } => {
            all(limit.iter().chain(offset), &[])?;
            passes(&input.types, &plan.types)
        }
        Operator::UnionAll(inputs) => {
            inputs.iter().try_for_each(|input| passes(&input.types, &plan.types))
        }
        Operator::Write { write, .. } => {
            let row: Vec<DataType> = write.table.columns.iter().map(|column| column.ty).collect();
            all(write.checks.iter().map(|(_, check)| check), &row)
        }
    }
}

fn scan(scan: &PhysicalScan, made: &[DataType]) -> Result<(), String> {
    let types: Vec<DataType> =
        scan.columns.iter().map(|column| column.data_type(&scan.table)).collect();
    passes(&types, made)?;
    conditions(&scan.residual, &types)?;
    scan.predicates.iter().try_for_each(|predicate| pushed(predicate, scan))?;
    match &scan.access {
        Access::Full => Ok(()),
        Access::KeyGet(values) if values.len() != scan.table.key().len() => {
            Err(format!("{} values for a key of {}", values.len(), scan.table.key().len()))
        }
        Access::KeyGet(values) => all(values, &[]),
        Access::KeyRange { prefix, lower, upper } => {
            let bounds = lower.iter().chain(upper).map(|(value, _)| value);
            all(prefix.iter().chain(bounds), &[])
        }
    }
}

fn pushed(predicate: &ScanPredicate, scan: &PhysicalScan) -> Result<(), String> {
    let (column, values) = match predicate {
        ScanPredicate::Compare { column, value, .. } => (column, std::slice::from_ref(value)),
        ScanPredicate::In { column, values } => (column, values.as_slice()),
        ScanPredicate::Null { .. } => return Ok(()),
    };
    let ty = column.data_type(&scan.table);
    all(values, &[])?;
    values.iter().try_for_each(|value| passes(&[value.ty], &[ty]))
}

fn join(
    kind: JoinKind,
    left: &Physical,
    right: &Physical,
    on: &[Scalar],
    made: &[DataType],
) -> Result<(), String> {
    let mut pair = left.types.clone();
    pair.extend(&right.types);
    conditions(on, &pair)?;
    match kind {
        JoinKind::Semi | JoinKind::Anti => passes(&left.types, made),
        JoinKind::Mark(_) => passes(&[left.types.as_slice(), &[DataType::Boolean]].concat(), made),
        JoinKind::Inner
        | JoinKind::Left
        | JoinKind::Right
        | JoinKind::Full
        | JoinKind::Single { .. } => passes(&pair, made),
    }
}

fn passes(given: &[DataType], wanted: &[DataType]) -> Result<(), String> {
    if given.len() != wanted.len() {
        return Err(format!("{} slots where {} are declared", given.len(), wanted.len()));
    }
    match given.iter().zip(wanted).find(|(given, wanted)| !same(**given, **wanted)) {
        Some((given, wanted)) => Err(format!("{given} where {wanted} is declared")),
        None => Ok(()),
    }
}

fn makes(items: &[Scalar], input: &[DataType], made: &[DataType]) -> Result<(), String> {
    all(items, input)?;
    passes(&items.iter().map(|item| item.ty).collect::<Vec<_>>(), made)
}

fn conditions(list: &[Scalar], input: &[DataType]) -> Result<(), String> {
    if let Some(odd) = list.iter().find(|condition| condition.ty != DataType::Boolean) {
        return Err(format!("a condition has type {}", odd.ty));
    }
    all(list, input)
}

fn sort_keys(keys: &[SortKey], input: &[DataType]) -> Result<(), String> {
    all(keys.iter().map(|key| &key.scalar), input)
}

fn all<'a>(list: impl IntoIterator<Item = &'a Scalar>, input: &[DataType]) -> Result<(), String> {
    list.into_iter().try_for_each(|scalar| check(scalar, &mut |leaf| leaf_holds(leaf, input)))
}

fn leaf_holds(leaf: &Scalar, input: &[DataType]) -> Result<(), String> {
    match &leaf.kind {
        ScalarKind::Column(column) => Err(format!("column #{} in a physical plan", column.0)),
        ScalarKind::Slot(slot) => match input.get(*slot as usize) {
            None => Err(format!("slot {slot} of an input of {}", input.len())),
            Some(ty) if !same(*ty, leaf.ty) => {
                Err(format!("slot {slot} of type {ty} is read as {}", leaf.ty))
            }
            Some(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

fn name(operator: &Operator) -> &'static str {
    match operator {
        Operator::Scan(_) => "Scan",
        Operator::SystemScan(_) => "SystemScan",
        Operator::Values(_) => "Values",
        Operator::External => "External",
        Operator::GenerateSeries { .. } => "GenerateSeries",
        Operator::Filter { .. } => "Filter",
        Operator::Project { .. } => "Project",
        Operator::HashJoin { .. } => "HashJoin",
        Operator::NestedLoopJoin { .. } => "NestedLoopJoin",
        Operator::HashAggregate { .. } => "HashAggregate",
        Operator::Window { .. } => "Window",
        Operator::Sort { .. } => "Sort",
        Operator::TopN { .. } => "TopN",
        Operator::Limit { .. } => "Limit",
        Operator::UnionAll(_) => "UnionAll",
        Operator::Write { .. } => "Write",
    }
}
