//! The logical verifier.

use super::Broken;
use super::scalar::{check, check_condition, same};
use crate::{Column, Columns, JoinKind, Logical, Query, Scalar, ScalarKind, WriteAction};

/// Rows of VALUES that are looked at: a list of very many is made by one piece of code anyway.
const ROWS_CHECKED: usize = 64;

/// Checks a query.
///
/// # Errors
/// The first operator that does not hold, inputs first.
pub fn logical(query: &Query) -> Result<(), Broken> {
    let made = node(&query.root, &[], &query.columns)?;
    match query.output.iter().find(|output| !made.contains(&output.column)) {
        Some(output) => broken("Output", format!("column {} is not produced", output.name)),
        None => Ok(()),
    }
}

fn broken<T>(operator: &'static str, problem: String) -> Result<T, Broken> {
    Err(Broken { operator, problem })
}

/// Checks an operator and all below it, where `outer` is in sight from the left of dependent joins;
/// returns its columns.
fn node(plan: &Logical, outer: &[Column], columns: &Columns) -> Result<Vec<Column>, Broken> {
    let inputs = below(plan, outer, columns)?;
    let fail = |problem| Broken { operator: name(plan), problem };
    let reads = [readable(plan, &inputs.concat()), outer.to_vec()].concat();
    for scalar in plan.scalars() {
        check(scalar, &mut |leaf| leaf_holds(leaf, &reads, columns)).map_err(fail)?;
    }
    conditions(plan)
        .into_iter()
        .try_for_each(|condition| check_condition(condition, &mut |_| Ok(())).map_err(fail))?;
    own(plan, &inputs, &reads, columns).map_err(fail)?;
    let made = plan.columns();
    match duplicate(&made) {
        Some(column) => broken(name(plan), format!("column #{} is produced twice", column.0)),
        None => Ok(made),
    }
}

fn below(plan: &Logical, outer: &[Column], columns: &Columns) -> Result<Vec<Vec<Column>>, Broken> {
    if let Logical::DependentJoin(join) = plan {
        let left = node(&join.left, outer, columns)?;
        let right = node(&join.right, &[outer, left.as_slice()].concat(), columns)?;
        return Ok(vec![left, right]);
    }
    plan.inputs().into_iter().map(|input| node(input, outer, columns)).collect()
}

/// A scan's predicates read what it produces itself, everything else what comes from below.
fn readable(plan: &Logical, below: &[Column]) -> Vec<Column> {
    match plan {
        Logical::Scan(_) => plan.columns(),
        _ => below.to_vec(),
    }
}

fn leaf_holds(leaf: &Scalar, below: &[Column], columns: &Columns) -> Result<(), String> {
    match &leaf.kind {
        ScalarKind::Slot(slot) => Err(format!("slot {slot} in a logical plan")),
        ScalarKind::Column(column) if !below.contains(column) => {
            Err(format!("column #{} is not produced below", column.0))
        }
        ScalarKind::Column(column) if !same(columns.ty(*column), leaf.ty) => {
            let ty = columns.ty(*column);
            Err(format!("column #{} of type {ty} is read as {}", column.0, leaf.ty))
        }
        _ => Ok(()),
    }
}

fn conditions(plan: &Logical) -> Vec<&Scalar> {
    match plan {
        Logical::Scan(scan) => scan.predicates.iter().collect(),
        Logical::Filter { predicates, .. } => predicates.iter().collect(),
        Logical::Join(join) | Logical::DependentJoin(join) => join.on.iter().collect(),
        Logical::Write(write) => write.checks.iter().map(|(_, check)| check).collect(),
        _ => Vec::new(),
    }
}

/// Checks what only one kind of operator has.
fn own(
    plan: &Logical,
    inputs: &[Vec<Column>],
    reads: &[Column],
    columns: &Columns,
) -> Result<(), String> {
    match plan {
        Logical::Scan(scan) => scan
            .columns
            .iter()
            .try_for_each(|(made, source)| agree(*made, source.data_type(&scan.table), columns)),
        Logical::Values { rows, columns: made } => {
            rows.iter().take(ROWS_CHECKED).try_for_each(|row| values_row(row, made, reads, columns))
        }
        Logical::Project { items, .. } => {
            items.iter().try_for_each(|(made, item)| agree(*made, item.ty, columns))
        }
        Logical::Aggregate { groups, aggregates, .. } => {
            groups.iter().try_for_each(|(made, group)| agree(*made, group.ty, columns))?;
            aggregates.iter().try_for_each(|(made, call)| agree(*made, call.ty, columns))
        }
        Logical::Window { calls, .. } => {
            calls.iter().try_for_each(|(made, call)| agree(*made, call.ty, columns))
        }
        Logical::UnionAll { inputs: arms, columns: made } => arms
            .iter()
            .zip(inputs)
            .try_for_each(|((_, arm), below)| union_arm(arm, below, made, columns)),
        Logical::Write(write) => written(write, &inputs[0]),
        Logical::Join(join) | Logical::DependentJoin(join) => match join.kind {
            JoinKind::Mark(mark) => agree(mark, types::DataType::Boolean, columns),
            _ => Ok(()),
        },
        Logical::SystemScan { .. }
        | Logical::GenerateSeries { .. }
        | Logical::External { .. }
        | Logical::Filter { .. }
        | Logical::Sort { .. }
        | Logical::Limit { .. }
        | Logical::Distinct { .. } => Ok(()),
    }
}

fn agree(made: Column, ty: types::DataType, columns: &Columns) -> Result<(), String> {
    if same(columns.ty(made), ty) {
        return Ok(());
    }
    Err(format!("column #{} of type {} is computed as {ty}", made.0, columns.ty(made)))
}

fn values_row(
    row: &[Scalar],
    made: &[Column],
    reads: &[Column],
    columns: &Columns,
) -> Result<(), String> {
    if row.len() != made.len() {
        return Err(format!("a row of {} values for {} columns", row.len(), made.len()));
    }
    row.iter().zip(made).try_for_each(|(value, column)| {
        check(value, &mut |leaf| leaf_holds(leaf, reads, columns))?;
        agree(*column, value.ty, columns)
    })
}

fn union_arm(
    arm: &[Column],
    below: &[Column],
    made: &[Column],
    columns: &Columns,
) -> Result<(), String> {
    if arm.len() != made.len() {
        return Err(format!("an arm of {} columns for {}", arm.len(), made.len()));
    }
    arm.iter().zip(made).try_for_each(|(source, column)| {
        if !below.contains(source) {
            return Err(format!("column #{} is not produced below", source.0));
        }
        agree(*column, columns.ty(*source), columns)
    })
}

fn written(write: &crate::Write, below: &[Column]) -> Result<(), String> {
    if let Some(lost) = write.columns.iter().find(|column| !below.contains(column)) {
        return Err(format!("column #{} is not produced below", lost.0));
    }
    let (key, row) = (write.table.key().len() + 2, write.table.columns.len());
    let wanted = match &write.action {
        WriteAction::Insert { .. } => row + 2,
        WriteAction::Update { portion: None } => key + row + 2,
        WriteAction::Update { portion: Some(_) } => key + row + 2 + row + 1,
        WriteAction::Delete { portion: None } => key,
        WriteAction::Delete { portion: Some(_) } => key + row + 1,
    };
    if write.columns.len() == wanted {
        return Ok(());
    }
    Err(format!("{} columns where the action names {wanted}", write.columns.len()))
}

fn duplicate(made: &[Column]) -> Option<Column> {
    let mut sorted = made.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

fn name(plan: &Logical) -> &'static str {
    match plan {
        Logical::Scan(_) => "Scan",
        Logical::SystemScan { .. } => "SystemScan",
        Logical::Values { .. } => "Values",
        Logical::GenerateSeries { .. } => "GenerateSeries",
        Logical::External { .. } => "External",
        Logical::Filter { .. } => "Filter",
        Logical::Project { .. } => "Project",
        Logical::Join(_) => "Join",
        Logical::DependentJoin(_) => "DependentJoin",
        Logical::Aggregate { .. } => "Aggregate",
        Logical::Window { .. } => "Window",
        Logical::Sort { .. } => "Sort",
        Logical::Limit { .. } => "Limit",
        Logical::Distinct { .. } => "Distinct",
        Logical::UnionAll { .. } => "UnionAll",
        Logical::Write(_) => "Write",
    }
}
