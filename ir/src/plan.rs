//! From the logical plan to the physical one: algorithms, access paths, and slots for columns.
//!
//! The shape of the plan is decided before, by the rules; here each operator is lowered for itself.
//! A lowered operator remembers which query column each of its slots holds, so a join may change
//! sides and a scan may order its columns freely: who reads them looks the slot up.

mod access;
mod join;
mod slots;

use std::sync::Arc;

use crate::cost::{Facts, estimate};
use crate::{
    AggregateCall, Column, Columns, Estimate, Logical, Operator, Physical, PhysicalWrite,
    PlanContext, Query, Scalar, SortKey, WindowCall, Write, WriteAction,
};

use slots::Slots;

/// Most rows that a top-N keeps; beyond that sorting is cheaper than a heap.
const TOP_ROWS_MAX: i64 = 1 << 20;

/// Returns the physical plan of a query: its slots are the query's output in order.
pub fn plan(query: &Query, context: &PlanContext<'_>) -> Physical {
    let planner = Planner { columns: &query.columns, facts: Facts::of(query, context) };
    let lowered = planner.lower(&query.root);
    let physical = planner.finish(query, lowered);
    #[cfg(debug_assertions)]
    if let Err(broken) = crate::verify::physical(&physical) {
        panic!("the planner made a plan that does not hold: {broken}");
    }
    physical
}

/// An operator and the query column in each of its slots.
struct Lowered {
    physical: Physical,
    columns: Vec<Column>,
}

struct Planner<'a> {
    columns: &'a Columns,
    facts: Facts<'a>,
}

impl Planner<'_> {
    /// Names and orders the result as the user wrote it.
    fn finish(&self, query: &Query, lowered: Lowered) -> Physical {
        if matches!(*query.root, Logical::Write(_)) {
            return lowered.physical;
        }
        let wanted: Vec<Column> = query.output.iter().map(|output| output.column).collect();
        let mut physical = self.arranged(lowered, &wanted).physical;
        physical.names = query.output.iter().map(|output| output.name.clone()).collect();
        physical
    }

    fn lower(&self, plan: &Logical) -> Lowered {
        match plan {
            Logical::Scan(scan) => self.lower_scan(scan, plan),
            Logical::SystemScan { table, columns } => {
                self.leaf(Operator::SystemScan(*table), columns.clone(), plan)
            }
            Logical::Values { rows, columns } => {
                self.leaf(Operator::Values(Arc::clone(rows)), columns.clone(), plan)
            }
            Logical::External { columns } => self.leaf(Operator::External, columns.clone(), plan),
            Logical::GenerateSeries { start, stop, step, column } => {
                let (start, stop, step) = (start.clone(), stop.clone(), step.clone());
                let operator = Operator::GenerateSeries { start, stop, step };
                self.leaf(operator, vec![*column], plan)
            }
            Logical::Filter { input, predicates } => self.lower_filter(input, predicates, plan),
            Logical::Project { input, items } => self.lower_project(input, items, plan),
            Logical::Join(join) => self.lower_join(join, plan),
            Logical::DependentJoin(_) => {
                unreachable!("dependent joins are removed before a plan is lowered")
            }
            Logical::Aggregate { input, groups, aggregates } => {
                self.lower_aggregate(input, groups, aggregates, plan)
            }
            Logical::Window { .. } => self.lower_window(plan),
            Logical::Sort { input, keys } => self.lower_sort(input, keys, plan),
            Logical::Limit { input, limit, offset } => {
                self.lower_limit(input, limit.as_ref(), offset.as_ref(), plan)
            }
            Logical::Distinct { input } => self.lower_distinct(input, plan),
            Logical::UnionAll { inputs, columns } => self.lower_union(inputs, columns, plan),
            Logical::Write(write) => self.lower_write(write),
        }
    }

    fn leaf(&self, operator: Operator, columns: Vec<Column>, plan: &Logical) -> Lowered {
        self.made(operator, columns, estimate(plan, &[], &self.facts))
    }

    /// Returns the operator with types and names for its columns.
    fn made(&self, operator: Operator, columns: Vec<Column>, estimate: Estimate) -> Lowered {
        let types = columns.iter().map(|column| self.columns.ty(*column)).collect();
        let names = columns.iter().map(|column| self.columns.info(*column).name.clone()).collect();
        Lowered { physical: Physical { operator, types, names, estimate }, columns }
    }

    fn expect(&self, plan: &Logical, input: &Lowered) -> Estimate {
        estimate(plan, &[input.physical.estimate], &self.facts)
    }

    /// Returns the input with exactly these columns in this order.
    fn arranged(&self, input: Lowered, wanted: &[Column]) -> Lowered {
        if input.columns == wanted {
            return input;
        }
        let slots = Slots::of(&input.columns);
        let items = wanted.iter().map(|column| slots.slot(*column, self.columns)).collect();
        let estimate = input.physical.estimate;
        let operator = Operator::Project { input: Box::new(input.physical), items };
        self.made(operator, wanted.to_vec(), estimate)
    }

    fn lower_filter(&self, input: &Logical, predicates: &[Scalar], plan: &Logical) -> Lowered {
        let input = self.lower(input);
        let predicates = Slots::of(&input.columns).all(predicates);
        let estimate = self.expect(plan, &input);
        let operator = Operator::Filter { input: Box::new(input.physical), predicates };
        self.made(operator, input.columns, estimate)
    }

    fn lower_project(
        &self,
        input: &Logical,
        items: &[(Column, Scalar)],
        plan: &Logical,
    ) -> Lowered {
        let input = self.lower(input);
        let slots = Slots::of(&input.columns);
        let estimate = self.expect(plan, &input);
        let columns = items.iter().map(|(column, _)| *column).collect();
        let items = items.iter().map(|(_, item)| slots.of_scalar(item)).collect();
        let operator = Operator::Project { input: Box::new(input.physical), items };
        self.made(operator, columns, estimate)
    }

    fn lower_aggregate(
        &self,
        input: &Logical,
        groups: &[(Column, Scalar)],
        aggregates: &[(Column, AggregateCall)],
        plan: &Logical,
    ) -> Lowered {
        let input = self.lower(input);
        let slots = Slots::of(&input.columns);
        let estimate = self.expect(plan, &input);
        let made = groups.iter().map(|(column, _)| *column);
        let columns = made.chain(aggregates.iter().map(|(column, _)| *column)).collect();
        let operator = Operator::HashAggregate {
            groups: groups.iter().map(|(_, group)| slots.of_scalar(group)).collect(),
            aggregates: aggregates.iter().map(|(_, call)| aggregate(call, &slots)).collect(),
            input: Box::new(input.physical),
        };
        self.made(operator, columns, estimate)
    }

    fn lower_window(&self, plan: &Logical) -> Lowered {
        let Logical::Window { input, partition, order, calls } = plan else {
            unreachable!("called for a window operator");
        };
        let input = self.lower(input);
        let slots = Slots::of(&input.columns);
        let estimate = self.expect(plan, &input);
        let mut columns = input.columns.clone();
        columns.extend(calls.iter().map(|(column, _)| *column));
        let operator = Operator::Window {
            partition: slots.all(partition),
            order: slots.keys(order),
            calls: calls.iter().map(|(_, call)| window(call, &slots)).collect(),
            input: Box::new(input.physical),
        };
        self.made(operator, columns, estimate)
    }

    fn lower_sort(&self, input: &Logical, keys: &[SortKey], plan: &Logical) -> Lowered {
        let input = self.lower(input);
        let keys = Slots::of(&input.columns).keys(keys);
        let estimate = self.expect(plan, &input);
        let operator = Operator::Sort { input: Box::new(input.physical), keys };
        self.made(operator, input.columns, estimate)
    }

    fn lower_limit(
        &self,
        input: &Logical,
        limit: Option<&Scalar>,
        offset: Option<&Scalar>,
        plan: &Logical,
    ) -> Lowered {
        if let (Logical::Sort { input, keys }, Some(limit)) = (input, limit)
            && keeps_few(limit, offset)
        {
            let input = self.lower(input);
            let keys = Slots::of(&input.columns).keys(keys);
            let estimate = self.expect(plan, &input);
            let (limit, offset) = (limit.clone(), offset.cloned());
            let operator = Operator::TopN { input: Box::new(input.physical), keys, limit, offset };
            return self.made(operator, input.columns, estimate);
        }
        let input = self.lower(input);
        let estimate = self.expect(plan, &input);
        let (limit, offset) = (limit.cloned(), offset.cloned());
        let operator = Operator::Limit { input: Box::new(input.physical), limit, offset };
        self.made(operator, input.columns, estimate)
    }

    fn lower_distinct(&self, input: &Logical, plan: &Logical) -> Lowered {
        let input = self.lower(input);
        let estimate = self.expect(plan, &input);
        let slots = Slots::of(&input.columns);
        let groups: Vec<Scalar> =
            input.columns.iter().map(|column| slots.slot(*column, self.columns)).collect();
        let operator = if groups.is_empty() {
            // Rows without columns are all equal; grouping by nothing would invent a row.
            let one = types::Value::Int64(1);
            let limit = Scalar::literal(one, types::DataType::Int64, diag::Span::NONE);
            Operator::Limit { input: Box::new(input.physical), limit: Some(limit), offset: None }
        } else {
            let input = Box::new(input.physical);
            Operator::HashAggregate { input, groups, aggregates: Vec::new() }
        };
        self.made(operator, input.columns, estimate)
    }

    fn lower_union(
        &self,
        inputs: &[(Arc<Logical>, Vec<Column>)],
        columns: &[Column],
        plan: &Logical,
    ) -> Lowered {
        let arm = |(input, wanted): &(Arc<Logical>, Vec<Column>)| {
            self.arranged(self.lower(input), wanted).physical
        };
        let arms: Vec<Physical> = inputs.iter().map(arm).collect();
        let estimates: Vec<Estimate> = arms.iter().map(|arm| arm.estimate).collect();
        let estimate = estimate(plan, &estimates, &self.facts);
        self.made(Operator::UnionAll(arms), columns.to_vec(), estimate)
    }

    fn lower_write(&self, write: &Write) -> Lowered {
        let input = self.arranged(self.lower(&write.input), &write.columns);
        let row = new_row(write);
        let slots = Slots::of(row);
        let checks = write.checks.iter();
        let written = PhysicalWrite {
            table: Arc::clone(&write.table),
            action: write.action.clone(),
            checks: checks.map(|(name, check)| (name.clone(), slots.of_scalar(check))).collect(),
            spans: write.spans.clone(),
        };
        let estimate = input.physical.estimate;
        let operator = Operator::Write { input: Box::new(input.physical), write: written };
        self.made(operator, Vec::new(), estimate)
    }
}

/// Returns the columns of the row that the checks test; none of a DELETE of whole rows.
fn new_row(write: &Write) -> &[Column] {
    let columns = write.table.columns.len();
    let first = match write.action {
        WriteAction::Insert { .. } => 0,
        // The old row's key, commit_from and valid_from come before.
        WriteAction::Update { .. } | WriteAction::Delete { portion: Some(_) } => {
            write.table.key().len() + 2
        }
        WriteAction::Delete { portion: None } => return &[],
    };
    &write.columns[first..first + columns]
}

fn keeps_few(limit: &Scalar, offset: Option<&Scalar>) -> bool {
    let count = |scalar: &Scalar| match scalar.as_literal() {
        Some(types::Value::Int64(count)) => Some(*count),
        _ => None,
    };
    let skipped = offset.map_or(Some(0), count);
    let kept = count(limit).zip(skipped).and_then(|(limit, offset)| limit.checked_add(offset));
    kept.is_some_and(|kept| kept <= TOP_ROWS_MAX)
}

fn aggregate(call: &AggregateCall, slots: &Slots) -> AggregateCall {
    AggregateCall {
        args: slots.all(&call.args),
        filter: call.filter.as_ref().map(|filter| slots.of_scalar(filter)),
        order: slots.keys(&call.order),
        ..*call
    }
}

fn window(call: &WindowCall, slots: &Slots) -> WindowCall {
    WindowCall { args: slots.all(&call.args), ..*call }
}
