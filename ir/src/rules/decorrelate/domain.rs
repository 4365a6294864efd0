//! Joins the domain into a subquery: the distinct values of the left input's columns that it reads.
//!
//! A copy of the domain stands beside each input that reads nothing of the left one, and its columns
//! travel upwards with every row: as groups of aggregations, partitions of windows, conditions of
//! joins whose two inputs both have a copy. Every copy has columns of its own. The values are equal
//! by IS NOT DISTINCT FROM: NULL is a value of the domain like any other.

use std::sync::Arc;

use diag::Span;
use types::{DataType, Value};

use super::occurrence::{may_fail, reads};
use super::{Unnesting, compare, counts, single_row, zero_if_absent};
use crate::logical::Join;
use crate::{
    AggregateCall, ArithmeticOp, Column, CompareOp, Function, JoinKind, Logical, Scalar,
    ScalarKind, SortKey, TruthTest, WindowCall, WindowFunction,
};

/// The distinct values of some columns.
struct Domain {
    plan: Arc<Logical>,
    columns: Vec<Column>,
}

/// The columns of a domain and those that hold them in a plan.
type Names = Vec<(Column, Scalar)>;

/// A plan that has a row for each value of the domain and row of the subquery.
type Pushed = (Arc<Logical>, Names);

impl Unnesting<'_> {
    /// Computes the right input of a dependent join for every value in its domain.
    pub(super) fn by_domain(&mut self, join: Join, outer: &[Column]) -> Arc<Logical> {
        let left = join.left.columns();
        let guards: Vec<Scalar> =
            join.on.iter().filter(|condition| condition.reads_only(&left)).cloned().collect();
        let rows = Rows::of(&join);
        let domain = self.domain(&join.left, outer, guards, rows);
        let kind = match join.kind {
            JoinKind::Single { .. } if single_row::at_most(&join.right) => JoinKind::Left,
            kind => kind,
        };
        let (right, names) = self.push(&join.right, &domain);
        let mut on = self.equal(outer, &names);
        on.extend(join.on);
        Arc::new(Logical::Join(Join { kind, left: join.left, right, on }))
    }

    fn domain(
        &self,
        left: &Arc<Logical>,
        outer: &[Column],
        guards: Vec<Scalar>,
        rows: Rows,
    ) -> Domain {
        let mut wanted = outer.to_vec();
        wanted.extend(guards.iter().flat_map(Scalar::columns));
        let mut input = Arc::clone(source(left, &wanted, rows));
        if !guards.is_empty() {
            input = Arc::new(Logical::Filter { input, predicates: guards });
        }
        let input = Arc::new(Logical::Project { input, items: self.passing(outer) });
        Domain { plan: Arc::new(Logical::Distinct { input }), columns: outer.to_vec() }
    }

    fn equal(&self, outer: &[Column], names: &Names) -> Vec<Scalar> {
        let one = |column: &Column| {
            let left = self.columns.scalar(*column, Span::NONE);
            compare(CompareOp::NotDistinct, left, name_of(*column, names))
        };
        outer.iter().map(one).collect()
    }

    fn copy(&mut self, domain: &Domain) -> Pushed {
        let (mut items, mut names) = (Vec::new(), Vec::new());
        for column in &domain.columns {
            let scalar = self.columns.scalar(*column, Span::NONE);
            let fresh = self.columns.push(self.columns.info(*column).name.clone(), scalar.ty);
            names.push((*column, self.columns.scalar(fresh, Span::NONE)));
            items.push((fresh, scalar));
        }
        (Arc::new(Logical::Project { input: Arc::clone(&domain.plan), items }), names)
    }

    /// Pairs every value with every row.
    fn product(&mut self, plan: &Arc<Logical>, domain: &Domain) -> Pushed {
        let (left, names) = self.copy(domain);
        let join = Join { kind: JoinKind::Inner, left, right: Arc::clone(plan), on: Vec::new() };
        (Arc::new(Logical::Join(join)), names)
    }

    fn push(&mut self, plan: &Arc<Logical>, domain: &Domain) -> Pushed {
        if !reads(plan, &domain.columns) {
            return self.product(plan, domain);
        }
        match &**plan {
            Logical::Filter { input, predicates } => {
                let (input, names) = self.push(input, domain);
                let predicates = renamed(predicates, &names);
                (Arc::new(Logical::Filter { input, predicates }), names)
            }
            Logical::Project { input, items } => {
                let (input, names) = self.push(input, domain);
                let mut items = renamed_items(items, &names);
                items.extend(passed(&names));
                (Arc::new(Logical::Project { input, items }), names)
            }
            Logical::Join(join) => self.push_join(join, domain, false),
            Logical::DependentJoin(join) => self.push_join(join, domain, true),
            Logical::Aggregate { input, groups, aggregates } => {
                let (input, names) = self.push(input, domain);
                let aggregates = renamed_calls(aggregates, &names);
                let mut keys = renamed_items(groups, &names);
                keys.extend(passed(&names));
                if groups.is_empty() {
                    return self.of_every_value(input, keys, aggregates, &names, domain);
                }
                (Arc::new(Logical::Aggregate { input, groups: keys, aggregates }), names)
            }
            Logical::Window { input, partition, order, calls } => {
                let (input, names) = self.push(input, domain);
                let mut partition = renamed(partition, &names);
                partition.extend(names.iter().map(|(_, name)| name.clone()));
                let order = renamed_keys(order, &names);
                let calls = calls.iter().map(|(made, call)| {
                    (*made, WindowCall { args: renamed(&call.args, &names), ..*call })
                });
                let calls = calls.collect();
                (Arc::new(Logical::Window { input, partition, order, calls }), names)
            }
            Logical::Sort { input, keys } => {
                let (input, names) = self.push(input, domain);
                let keys = renamed_keys(keys, &names);
                (Arc::new(Logical::Sort { input, keys }), names)
            }
            Logical::Limit { input, limit, offset } => {
                self.push_limit(input, limit.as_ref(), offset.as_ref(), domain)
            }
            Logical::Distinct { input } => {
                let (input, names) = self.push(input, domain);
                (Arc::new(Logical::Distinct { input }), names)
            }
            Logical::UnionAll { inputs, columns } => {
                let arms =
                    inputs.iter().map(|(input, own)| (self.push(input, domain), own.clone()));
                let arms: Vec<(Pushed, Vec<Column>)> = arms.collect();
                self.union(arms, columns, domain)
            }
            Logical::Values { rows, columns } => {
                let rows = rows.iter().map(|row| self.value_row(row, domain));
                let arms: Vec<(Pushed, Vec<Column>)> = rows.collect();
                self.union(arms, columns, domain)
            }
            // These read no columns at all.
            Logical::Scan(_)
            | Logical::SystemScan { .. }
            | Logical::GenerateSeries { .. }
            | Logical::External { .. }
            | Logical::Write(_) => self.product(plan, domain),
        }
    }

    fn push_join(&mut self, join: &Join, domain: &Domain, dependent: bool) -> Pushed {
        match join.kind {
            JoinKind::Right => {
                let swapped = self.push_sides(&join.right, &join.left, domain, false);
                let Sides { outer, inner, names, on } = swapped;
                self.joined(join, (inner, outer), names, on, dependent)
            }
            JoinKind::Full => self.push_full(join, domain),
            JoinKind::Inner if !dependent && !reads(&join.left, &domain.columns) => {
                let swapped = self.push_sides(&join.right, &join.left, domain, false);
                let Sides { outer, inner, names, on } = swapped;
                self.joined(join, (inner, outer), names, on, dependent)
            }
            JoinKind::Inner
            | JoinKind::Left
            | JoinKind::Semi
            | JoinKind::Anti
            | JoinKind::Mark(_)
            | JoinKind::Single { .. } => {
                let Sides { outer, inner, names, on } =
                    self.push_sides(&join.left, &join.right, domain, dependent);
                self.joined(join, (outer, inner), names, on, dependent)
            }
        }
    }

    /// Pushes into the side whose rows are kept, and into the other if it reads the domain too.
    fn push_sides(
        &mut self,
        kept: &Arc<Logical>,
        other: &Arc<Logical>,
        domain: &Domain,
        dependent: bool,
    ) -> Sides {
        let (outer, names) = self.push(kept, domain);
        if dependent {
            let mut inner = Arc::clone(other);
            crate::visit_scalars_mut(&mut inner, &mut |scalar| scalar.substitute(&names));
            return Sides { outer, inner, names, on: Vec::new() };
        }
        if !reads(other, &domain.columns) {
            return Sides { outer, inner: Arc::clone(other), names, on: Vec::new() };
        }
        let (inner, own) = self.push(other, domain);
        let on = met(&names, &own);
        Sides { outer, inner, names, on }
    }

    fn joined(
        &self,
        join: &Join,
        (left, right): (Arc<Logical>, Arc<Logical>),
        names: Names,
        mut on: Vec<Scalar>,
        dependent: bool,
    ) -> Pushed {
        on.extend(renamed(&join.on, &names));
        let join = Join { kind: join.kind, left, right, on };
        let plan = if dependent { Logical::DependentJoin(join) } else { Logical::Join(join) };
        (Arc::new(plan), names)
    }

    /// Either side may lack a row, so the value is that of whichever has one.
    fn push_full(&mut self, join: &Join, domain: &Domain) -> Pushed {
        let (left, names) = self.push(&join.left, domain);
        let (right, own) = self.push(&join.right, domain);
        let mut on = met(&names, &own);
        on.extend(renamed(&join.on, &names));
        let plan = Arc::new(Logical::Join(Join { kind: JoinKind::Full, left, right, on }));
        let mut items = self.passing(&plan.columns());
        let mut either = Vec::with_capacity(names.len());
        for (column, name) in &names {
            let (ty, sides) = (name.ty, vec![name.clone(), name_of(*column, &own)]);
            let fresh = self.columns.push(self.columns.info(*column).name.clone(), ty);
            let kind = ScalarKind::Call(Function::Coalesce, sides);
            items.push((fresh, Scalar::new(kind, ty, Span::NONE)));
            either.push((*column, self.columns.scalar(fresh, Span::NONE)));
        }
        (Arc::new(Logical::Project { input: plan, items }), either)
    }

    /// An aggregation without groups has a row for every value, those without input too.
    fn of_every_value(
        &mut self,
        input: Arc<Logical>,
        groups: Vec<(Column, Scalar)>,
        mut aggregates: Vec<(Column, AggregateCall)>,
        own: &Names,
        domain: &Domain,
    ) -> Pushed {
        let (left, names) = self.copy(domain);
        let mut items = passed(&names);
        for (made, call) in &mut aggregates {
            if counts(call.function) {
                let raw = self.columns.push("count", call.ty);
                let count = zero_if_absent(self.columns.scalar(raw, call.span));
                items.push((std::mem::replace(made, raw), count));
            } else {
                items.push((*made, self.columns.scalar(*made, call.span)));
            }
        }
        let right = Arc::new(Logical::Aggregate { input, groups, aggregates });
        let on = met(&names, own);
        let join = Join { kind: JoinKind::Left, left, right, on };
        (Arc::new(Logical::Project { input: Arc::new(Logical::Join(join)), items }), names)
    }

    /// The first rows for each value: those with the lowest numbers in its partition.
    fn push_limit(
        &mut self,
        input: &Arc<Logical>,
        limit: Option<&Scalar>,
        offset: Option<&Scalar>,
        domain: &Domain,
    ) -> Pushed {
        let (input, keys) = match &**input {
            Logical::Sort { input, keys } => (input, keys.as_slice()),
            _ => (input, &[][..]),
        };
        let (input, names) = self.push(input, domain);
        let number = self.columns.push("row_number", DataType::Int64);
        let call = WindowCall {
            function: WindowFunction::RowNumber,
            args: Vec::new(),
            ty: DataType::Int64,
            span: Span::NONE,
        };
        let input = Arc::new(Logical::Window {
            input,
            partition: names.iter().map(|(_, name)| name.clone()).collect(),
            order: renamed_keys(keys, &names),
            calls: vec![(number, call)],
        });
        let number = self.columns.scalar(number, Span::NONE);
        let predicates = kept_numbers(&number, limit, offset);
        (Arc::new(Logical::Filter { input, predicates }), names)
    }

    fn union(
        &mut self,
        arms: Vec<(Pushed, Vec<Column>)>,
        columns: &[Column],
        domain: &Domain,
    ) -> Pushed {
        let (mut columns, mut names) = (columns.to_vec(), Vec::new());
        for column in &domain.columns {
            let info = self.columns.info(*column).clone();
            let fresh = self.columns.push(info.name, info.ty);
            names.push((*column, self.columns.scalar(fresh, Span::NONE)));
            columns.push(fresh);
        }
        let arm = |((plan, own), mut made): (Pushed, Vec<Column>)| {
            made.extend(own.iter().filter_map(|(_, name)| name.as_column()));
            (plan, made)
        };
        let inputs = arms.into_iter().map(arm).collect();
        (Arc::new(Logical::UnionAll { inputs, columns }), names)
    }

    /// A row of VALUES that reads the left input.
    fn value_row(&mut self, row: &[Scalar], domain: &Domain) -> (Pushed, Vec<Column>) {
        let (input, names) = self.copy(domain);
        let (mut items, mut made) = (passed(&names), Vec::with_capacity(row.len()));
        for value in row {
            let column = self.columns.push("value", value.ty);
            items.extend(renamed_items(&[(column, value.clone())], &names));
            made.push(column);
        }
        ((Arc::new(Logical::Project { input, items }), names), made)
    }
}

/// The inputs of a join into which a domain was pushed.
struct Sides {
    /// The side whose copy names the values.
    outer: Arc<Logical>,
    inner: Arc<Logical>,
    names: Names,
    /// What makes the copies of both sides meet.
    on: Vec<Scalar>,
}

/// Which rows a domain is taken from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// Those that ask for the subquery.
    Asking,
    /// Others too: a value that nobody asks for finds no row.
    More,
}

/// Operators of a left input from which on a domain is taken from more rows than ask: one that holds
/// the domains of many subqueries before it would grow by a factor with each.
const LEFT_MAX: usize = 100;

impl Rows {
    fn of(join: &Join) -> Rows {
        let mut left = LEFT_MAX;
        let large = !counted(&join.left, &mut left);
        if large || !may_fail(&join.right) { Rows::More } else { Rows::Asking }
    }
}

/// Takes the plan's operators off `left`; false if they are too many.
fn counted(plan: &Logical, left: &mut usize) -> bool {
    let Some(less) = left.checked_sub(1) else { return false };
    *left = less;
    plan.inputs().into_iter().all(|input| counted(input, left))
}

/// Returns the plan below that has the columns with the same values: what only adds columns to its
/// rows is left out, so that many subqueries of one row do not read each other.
fn source<'a>(plan: &'a Arc<Logical>, wanted: &[Column], rows: Rows) -> &'a Arc<Logical> {
    let below = match &**plan {
        Logical::Filter { input, .. } if rows == Rows::More => Some(input),
        Logical::Join(join) | Logical::DependentJoin(join) => match join.kind {
            JoinKind::Left | JoinKind::Mark(_) | JoinKind::Single { .. } => Some(&join.left),
            JoinKind::Inner if join.on.is_empty() && single_row::always(&join.right) => {
                Some(&join.left)
            }
            JoinKind::Semi | JoinKind::Anti if rows == Rows::More => Some(&join.left),
            JoinKind::Inner
            | JoinKind::Right
            | JoinKind::Full
            | JoinKind::Semi
            | JoinKind::Anti => None,
        },
        Logical::Window { input, .. } => Some(input),
        Logical::Project { input, items } => {
            let passes = |column: &Column| {
                items.iter().any(|(made, item)| made == column && item.as_column() == Some(*made))
            };
            wanted.iter().all(passes).then_some(input)
        }
        _ => None,
    };
    match below {
        Some(input) if wanted.iter().all(|column| input.columns().contains(column)) => {
            source(input, wanted, rows)
        }
        _ => plan,
    }
}

/// Returns the conditions of the rows that LIMIT and OFFSET keep; NULL is no limit.
fn kept_numbers(number: &Scalar, limit: Option<&Scalar>, offset: Option<&Scalar>) -> Vec<Scalar> {
    if let (Some(limit), None) = (limit, offset)
        && matches!(limit.as_literal(), Some(Value::Int64(_)))
    {
        return vec![compare(CompareOp::Le, number.clone(), limit.clone())];
    }
    let mut kept = Vec::new();
    let mut counted = number.clone();
    if let Some(offset) = offset {
        let behind = compare(CompareOp::Gt, number.clone(), offset.clone());
        kept.push(unless_false(behind));
        let none = Scalar::literal(Value::Int64(0), DataType::Int64, Span::NONE);
        let call = ScalarKind::Call(Function::Coalesce, vec![offset.clone(), none]);
        let skipped = Scalar::new(call, DataType::Int64, offset.span);
        let kind =
            ScalarKind::Arithmetic(ArithmeticOp::Subtract, Box::new(counted), Box::new(skipped));
        counted = Scalar::new(kind, DataType::Int64, Span::NONE);
    }
    if let Some(limit) = limit {
        kept.push(unless_false(compare(CompareOp::Le, counted, limit.clone())));
    }
    kept
}

fn unless_false(condition: Scalar) -> Scalar {
    let kind = ScalarKind::Is { input: Box::new(condition), test: TruthTest::False, negated: true };
    Scalar::new(kind, DataType::Boolean, Span::NONE)
}

fn name_of(column: Column, names: &Names) -> Scalar {
    let found = names.iter().find(|(of, _)| *of == column);
    found.expect("a copy of the domain names all its columns").1.clone()
}

/// Returns the conditions under which two copies hold the same value.
fn met(left: &Names, right: &Names) -> Vec<Scalar> {
    let pair = |(column, name): &(Column, Scalar)| {
        compare(CompareOp::NotDistinct, name.clone(), name_of(*column, right))
    };
    left.iter().map(pair).collect()
}

/// Returns the items that pass a copy's columns through.
fn passed(names: &Names) -> Vec<(Column, Scalar)> {
    names.iter().filter_map(|(_, name)| Some((name.as_column()?, name.clone()))).collect()
}

fn renamed(list: &[Scalar], names: &Names) -> Vec<Scalar> {
    let mut list = list.to_vec();
    list.iter_mut().for_each(|scalar| scalar.substitute(names));
    list
}

fn renamed_items(items: &[(Column, Scalar)], names: &Names) -> Vec<(Column, Scalar)> {
    let mut items = items.to_vec();
    items.iter_mut().for_each(|(_, item)| item.substitute(names));
    items
}

fn renamed_keys(keys: &[SortKey], names: &Names) -> Vec<SortKey> {
    let mut keys = keys.to_vec();
    keys.iter_mut().for_each(|key| key.scalar.substitute(names));
    keys
}

fn renamed_calls(calls: &[(Column, AggregateCall)], names: &Names) -> Vec<(Column, AggregateCall)> {
    let mut calls = calls.to_vec();
    for (_, call) in &mut calls {
        call.args.iter_mut().chain(&mut call.filter).for_each(|scalar| scalar.substitute(names));
        call.order.iter_mut().for_each(|key| key.scalar.substitute(names));
    }
    calls
}
