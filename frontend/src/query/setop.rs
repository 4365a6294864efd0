//! UNION, INTERSECT, EXCEPT.
//!
//! INTERSECT and EXCEPT count, for each distinct row, how many came from either side: grouping
//! treats NULLs as equal, which is the rule of set operations and not that of joins.

use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast::{QueryBody, SetArm, SetOp};
use ir::{
    AggregateCall, AggregateFunction, Column, CompareOp, Logical, OutputColumn, Scalar, ScalarKind,
};
use types::DataType;

use super::Bound;
use crate::binder::Binder;
use crate::coerce::common;
use crate::expr::not_built;
use crate::literal;

impl Binder<'_> {
    pub(super) fn set_chain(&mut self, first: &QueryBody, rest: &[SetArm]) -> Result<Bound> {
        // Each operator that closes a run stands inside the next one, as a nested query would.
        let levels = rest.windows(2).filter(|pair| !same_run(&pair[0], &pair[1])).count();
        let span = rest.iter().fold(Span::NONE, |all, arm| all.to(arm.span));
        self.nested_by(u32::try_from(levels).unwrap_or(u32::MAX), span, |binder| {
            binder.set_runs(first, rest)
        })
    }

    fn set_runs(&mut self, first: &QueryBody, rest: &[SetArm]) -> Result<Bound> {
        let mut arms = vec![(self.body(first)?, Span::NONE)];
        let mut pending: Option<&SetArm> = None;
        for arm in rest {
            if let Some(before) = pending.filter(|before| !same_run(before, arm)) {
                let whole = self.combine(arms, before.op, before.all)?;
                arms = vec![(whole, Span::NONE)];
            }
            if arm.all && arm.op != SetOp::Union {
                return not_built(arm.span, "INTERSECT ALL or EXCEPT ALL");
            }
            pending = Some(arm);
            arms.push((self.body(&arm.body)?, arm.span));
        }
        let last = pending.expect("a chain has at least two arms");
        self.combine(arms, last.op, last.all)
    }

    fn combine(&mut self, arms: Vec<(Bound, Span)>, op: SetOp, all: bool) -> Result<Bound> {
        let arms = self.same_columns(arms, word(op))?;
        match op {
            SetOp::Union => {
                let bound = self.union_all(arms);
                Ok(if all { bound } else { distinct(bound) })
            }
            SetOp::Intersect | SetOp::Except => Ok(self.counted(arms, op)),
        }
    }

    /// Brings all arms to the same number of columns of the same types.
    fn same_columns(&mut self, mut arms: Vec<(Bound, Span)>, word: &str) -> Result<Vec<Bound>> {
        let width = arms[0].0.output.len();
        for (arm, span) in &arms[1..] {
            if arm.output.len() != width {
                let message = format!("each side of {word} must have the same number of columns");
                return Err(Diagnostic::at(Code::ColumnCount, self.place(*span), message)
                    .primary(format!("{} columns here, {width} before", arm.output.len()))
                    .into());
            }
        }
        let mut types = Vec::with_capacity(width);
        for at in 0..width {
            types.push(self.common_output(&mut arms, at, word)?);
        }
        arms.into_iter().map(|(arm, _)| self.converted(arm, &types)).collect()
    }

    fn common_output(
        &mut self,
        arms: &mut [(Bound, Span)],
        at: usize,
        word: &str,
    ) -> Result<DataType> {
        let mut ty = DataType::Null;
        for (arm, span) in arms.iter() {
            let out = &arm.output[at];
            let own = self.columns.ty(out.column);
            ty = common(ty, own).ok_or_else(|| {
                let message = format!(
                    "{word} types {ty} and {own} of column \"{}\" cannot be matched",
                    arms[0].0.output[at].name
                );
                let span = self.place(*span);
                Box::new(Diagnostic::at(Code::TypeMismatch, span, message).help("cast one of them"))
            })?;
        }
        let ty = if ty == DataType::Null { DataType::TEXT } else { ty };
        for (arm, _) in arms.iter_mut() {
            if self.columns.ty(arm.output[at].column) == DataType::Null {
                self.decide_output(arm, at, ty)?;
            }
        }
        Ok(ty)
    }

    /// Converts the output columns that have another type.
    fn converted(&mut self, bound: Bound, types: &[DataType]) -> Result<Bound> {
        let own = bound.output.iter().map(|out| self.columns.ty(out.column));
        if own.eq(types.iter().copied()) {
            return Ok(bound);
        }
        let mut items: Vec<(Column, Scalar)> = Vec::with_capacity(types.len());
        let mut output = Vec::with_capacity(types.len());
        for (out, ty) in bound.output.into_iter().zip(types) {
            let scalar = self.columns.scalar(out.column, Span::NONE);
            if scalar.ty == *ty {
                push_once(&mut items, out.column, scalar);
                output.push(out);
                continue;
            }
            let scalar = self.convert_value(scalar, *ty)?;
            let column = self.columns.push(&out.name, *ty);
            items.push((column, scalar));
            output.push(OutputColumn { column, name: out.name });
        }
        Ok(Bound { plan: Arc::new(Logical::Project { input: bound.plan, items }), output })
    }

    fn union_all(&mut self, arms: Vec<Bound>) -> Bound {
        let names = arms[0].output.clone();
        let output: Vec<OutputColumn> = names
            .into_iter()
            .map(|out| {
                let ty = self.columns.ty(out.column);
                let column = self.columns.push(&out.name, ty);
                OutputColumn { column, name: out.name }
            })
            .collect();
        let columns = output.iter().map(|out| out.column).collect();
        let inputs = arms.into_iter().map(|arm| {
            let columns = arm.output.iter().map(|out| out.column).collect();
            (arm.plan, columns)
        });
        let plan = Logical::UnionAll { inputs: inputs.collect(), columns };
        Bound { plan: Arc::new(plan), output }
    }

    /// The distinct rows of the left side that the right side has, or has not.
    fn counted(&mut self, arms: Vec<Bound>, op: SetOp) -> Bound {
        let sides = arms.len();
        let mut tagged = Vec::with_capacity(sides);
        for (at, arm) in arms.into_iter().enumerate() {
            tagged.push(self.tagged(arm, at == 0));
        }
        let union = self.union_all(tagged);
        let width = union.output.len() - 2;
        let mut output = union.output;
        let tags = output.split_off(width);
        let groups =
            output.iter().map(|out| (out.column, self.columns.scalar(out.column, Span::NONE)));
        let groups: Vec<_> = groups.collect();
        let counts: Vec<(Column, AggregateCall)> =
            tags.iter().map(|tag| self.count_of(tag.column)).collect();
        let predicates = vec![
            self.count_is(counts[0].0, CompareOp::Gt),
            self.count_is(
                counts[1].0,
                if op == SetOp::Intersect { CompareOp::Gt } else { CompareOp::Eq },
            ),
        ];
        let input = Logical::Aggregate { input: union.plan, groups, aggregates: counts };
        let plan = Logical::Filter { input: Arc::new(input), predicates };
        Bound { plan: Arc::new(plan), output }
    }

    /// Adds two columns: 1 in the first for rows of the left side, in the second for the right.
    fn tagged(&mut self, arm: Bound, left: bool) -> Bound {
        let mut items: Vec<(Column, Scalar)> = Vec::new();
        for out in &arm.output {
            push_once(&mut items, out.column, self.columns.scalar(out.column, Span::NONE));
        }
        let mut output = arm.output;
        for (name, set) in [("left", left), ("right", !left)] {
            let column = self.columns.push(name, DataType::Int64);
            let tag = if set {
                literal::bigint(1, Span::NONE)
            } else {
                literal::null(DataType::Int64, Span::NONE)
            };
            items.push((column, tag));
            output.push(OutputColumn { column, name: name.to_owned() });
        }
        Bound { plan: Arc::new(Logical::Project { input: arm.plan, items }), output }
    }

    fn count_of(&mut self, tag: Column) -> (Column, AggregateCall) {
        let call = AggregateCall {
            function: AggregateFunction::Count,
            args: vec![self.columns.scalar(tag, Span::NONE)],
            distinct: false,
            filter: None,
            order: Vec::new(),
            ty: DataType::Int64,
            span: Span::NONE,
        };
        (self.columns.push("count", DataType::Int64), call)
    }

    fn count_is(&self, count: Column, op: CompareOp) -> Scalar {
        let count = Box::new(self.columns.scalar(count, Span::NONE));
        let zero = Box::new(literal::bigint(0, Span::NONE));
        Scalar::new(ScalarKind::Compare(op, count, zero), DataType::Boolean, Span::NONE)
    }
}

/// A column passes through a Project once, however often it is selected.
pub(super) fn push_once(items: &mut Vec<(Column, Scalar)>, column: Column, scalar: Scalar) {
    if !items.iter().any(|(item, _)| *item == column) {
        items.push((column, scalar));
    }
}

fn distinct(bound: Bound) -> Bound {
    Bound { plan: Arc::new(Logical::Distinct { input: bound.plan }), ..bound }
}

/// Whether two neighbours of a chain become one operator: a UNION removes the duplicates of all arms
/// before it as well. UNION ALL after a UNION keeps its own duplicates, so it closes the run.
fn same_run(before: &SetArm, arm: &SetArm) -> bool {
    before.op == SetOp::Union && arm.op == SetOp::Union && (before.all || !arm.all)
}

fn word(op: SetOp) -> &'static str {
    match op {
        SetOp::Union => "UNION",
        SetOp::Intersect => "INTERSECT",
        SetOp::Except => "EXCEPT",
    }
}
