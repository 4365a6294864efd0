//! Which failures count: those of rows and branches that the interpreter would evaluate.
//!
//! AND, OR and CASE decide rows from left to right, and an operand is not evaluated on a row that
//! an earlier one has decided. Values are computed there all the same, since that is cheaper than a
//! branch, but their failures are masked by a guard. NULL operands never fail.

use std::collections::HashSet;

use cranelift::codegen::ir as clif;
use cranelift::codegen::ir::InstBuilder;
use cranelift::codegen::ir::condcodes::IntCC;

use super::{Emitter, Fail};
use crate::error::Fault;
use crate::shape::{NodeId, Op};

/// The failures of one row, guarded, in order of evaluation.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) found: Vec<(Fail, Fault)>,
    seen: HashSet<(NodeId, Option<clif::Value>)>,
}

impl Emitter<'_, '_> {
    /// Adds the failures of `id` and all below it, on rows where `guard` holds.
    pub(super) fn faults(&mut self, id: NodeId, guard: Option<clif::Value>, faults: &mut Faults) {
        if faults.seen.contains(&(id, None)) || !faults.seen.insert((id, guard)) {
            return;
        }
        let shape = self.shape;
        match &shape.node(id).op {
            Op::And(list) => self.junction_faults(list, false, guard, faults),
            Op::Or(list) => self.junction_faults(list, true, guard, faults),
            Op::Case { branches, otherwise } => {
                self.case_faults(branches, *otherwise, guard, faults);
            }
            op => {
                for child in children(op) {
                    self.faults(child, guard, faults);
                }
            }
        }
        self.own_faults(id, guard, faults);
    }

    fn own_faults(&mut self, id: NodeId, guard: Option<clif::Value>, faults: &mut Faults) {
        let emitted = self.node(id);
        let active = self.both(guard, emitted.valid);
        for (fail, kind) in emitted.fails {
            let fail = match active {
                Some(active) => self.masked(fail, active),
                None => fail,
            };
            faults.found.push((fail, Fault { node: id.0, kind }));
        }
    }

    fn masked(&mut self, fail: Fail, active: clif::Value) -> Fail {
        match fail {
            Fail::Boolean(value) => Fail::Boolean(self.and(value, active)),
            Fail::Sign(value) => Fail::Sign(self.and(value, active)),
            Fail::High(value) => Fail::High(self.and(value, active)),
        }
    }

    fn junction_faults(
        &mut self,
        list: &[NodeId],
        decisive: bool,
        mut guard: Option<clif::Value>,
        faults: &mut Faults,
    ) {
        for (at, child) in list.iter().enumerate() {
            self.faults(*child, guard, faults);
            if at + 1 < list.len() {
                let operand = self.node(*child);
                let decided = self.certainly(&operand, decisive);
                let open = self.not(decided);
                guard = self.both(guard, Some(open));
            }
        }
    }

    fn case_faults(
        &mut self,
        branches: &[(NodeId, NodeId)],
        otherwise: NodeId,
        mut guard: Option<clif::Value>,
        faults: &mut Faults,
    ) {
        for (when, then) in branches {
            self.faults(*when, guard, faults);
            let condition = self.node(*when);
            let taken = self.certainly(&condition, true);
            let inside = self.both(guard, Some(taken));
            self.faults(*then, inside, faults);
            let open = self.not(taken);
            guard = self.both(guard, Some(open));
        }
        self.faults(otherwise, guard, faults);
    }

    /// Returns a failure as the mode's boolean.
    pub(super) fn boolean_of(&mut self, fail: Fail) -> clif::Value {
        match fail {
            Fail::Boolean(value) => value,
            Fail::Sign(value) => {
                let zero = self.integer_constant(0);
                self.b.ins().icmp(IntCC::SignedLessThan, value, zero)
            }
            Fail::High(value) => {
                let low = self.integer_constant(0xFFFF_FFFF);
                let cleared = self.b.ins().band_not(value, low);
                let zero = self.integer_constant(0);
                self.b.ins().icmp(IntCC::NotEqual, cleared, zero)
            }
        }
    }
}

/// Returns the operands of operations that evaluate all of them.
fn children(op: &Op) -> Vec<NodeId> {
    match op {
        Op::Input { .. } | Op::Constant(_) | Op::Null => Vec::new(),
        Op::Not(input)
        | Op::Is { input, .. }
        | Op::ScaleUp { input, .. }
        | Op::ScaleDown { input, .. }
        | Op::Limit(input)
        | Op::Negate(input)
        | Op::Absolute(input)
        | Op::IntegerToFloat { input, .. }
        | Op::FloatToInteger(input)
        | Op::FloatToFloat(input)
        | Op::BooleanToInteger(input)
        | Op::DateToTimestamp(input)
        | Op::TimestampToDate(input) => vec![*input],
        Op::Compare(_, l, r)
        | Op::Integer(_, l, r)
        | Op::Float(_, l, r)
        | Op::DateDifference(l, r)
        | Op::ShiftDate { date: l, days: r, .. } => vec![*l, *r],
        Op::And(list) | Op::Or(list) => list.clone(),
        Op::Case { branches, otherwise } => {
            let pairs = branches.iter().flat_map(|(when, then)| [*when, *then]);
            pairs.chain([*otherwise]).collect()
        }
    }
}
