//! Three-valued logic, comparisons and CASE, without branches.
//!
//! A row of AND is false if one operand is valid and false, true if all are valid and true, and
//! NULL otherwise; OR mirrors it.

use cranelift::codegen::ir as clif;
use cranelift::codegen::ir::InstBuilder;
use cranelift::codegen::ir::condcodes::{FloatCC, IntCC};
use ir::{CompareOp, TruthTest};

use super::{Emitted, Emitter};
use crate::shape::{NodeId, Repr};

/// True of the comparisons that are never NULL.
pub(super) fn is_total(op: CompareOp) -> bool {
    matches!(op, CompareOp::Distinct | CompareOp::NotDistinct)
}

impl Emitter<'_, '_> {
    pub(super) fn not_node(&mut self, input: NodeId) -> Emitted {
        let input = self.node(input);
        let value = self.not(input.value);
        Emitted::sure(value, input.valid)
    }

    /// Emits AND (`decisive` false) or OR (`decisive` true).
    pub(super) fn junction(&mut self, list: &[NodeId], decisive: bool) -> Emitted {
        let operands: Vec<_> = list.iter().map(|id| self.node(*id)).collect();
        if operands.iter().all(|operand| operand.valid.is_none()) {
            let values = operands.iter().map(|operand| operand.value);
            let value = values.reduce(|l, r| if decisive { self.or(l, r) } else { self.and(l, r) });
            return Emitted::sure(value.expect("AND and OR have operands"), None);
        }
        let (mut decided, mut rest) = (self.truth(false), self.truth(true));
        for operand in &operands {
            let hit = self.certainly(operand, decisive);
            let miss = self.certainly(operand, !decisive);
            decided = self.or(decided, hit);
            rest = self.and(rest, miss);
        }
        let valid = self.or(decided, rest);
        Emitted::sure(if decisive { decided } else { rest }, Some(valid))
    }

    /// Returns the rows where a boolean is valid and equal to `wanted`.
    pub(super) fn certainly(&mut self, boolean: &Emitted, wanted: bool) -> clif::Value {
        let value = if wanted { boolean.value } else { self.not(boolean.value) };
        match boolean.valid {
            Some(valid) => self.and(value, valid),
            None => value,
        }
    }

    pub(super) fn is_node(&mut self, input: NodeId, test: TruthTest, negated: bool) -> Emitted {
        let input = self.node(input);
        let holds = match (test, input.valid) {
            (TruthTest::Null, Some(valid)) => self.not(valid),
            (TruthTest::Null, None) => self.truth(false),
            (TruthTest::True, _) => self.certainly(&input, true),
            (TruthTest::False, _) => self.certainly(&input, false),
        };
        let value = if negated { self.not(holds) } else { holds };
        Emitted::sure(value, None)
    }

    pub(super) fn compare(&mut self, op: CompareOp, left: NodeId, right: NodeId) -> Emitted {
        let repr = self.common_repr(left, right);
        let (l, r) = (self.node(left), self.node(right));
        let (lv, rv) = if self.mode.is_wide(repr) {
            (self.widen(l.value), self.widen(r.value))
        } else {
            (l.value, r.value)
        };
        if !is_total(op) {
            let value = self.compare_values(op, repr, lv, rv);
            let valid = self.both(l.valid, r.valid);
            return Emitted::sure(value, valid);
        }
        let equal = self.compare_values(CompareOp::Eq, repr, lv, rv);
        let same = self.same_with_nulls(equal, l.valid, r.valid);
        let value = if op == CompareOp::Distinct { self.not(same) } else { same };
        Emitted::sure(value, None)
    }

    /// Returns rows where both are NULL, or both are not and equal.
    fn same_with_nulls(
        &mut self,
        equal: clif::Value,
        left: Option<clif::Value>,
        right: Option<clif::Value>,
    ) -> clif::Value {
        if left.is_none() && right.is_none() {
            return equal;
        }
        let left = left.unwrap_or_else(|| self.truth(true));
        let right = right.unwrap_or_else(|| self.truth(true));
        let both = self.and(left, right);
        let either = self.or(left, right);
        let neither = self.not(either);
        let same = self.and(both, equal);
        self.or(same, neither)
    }

    fn common_repr(&self, left: NodeId, right: NodeId) -> Repr {
        match (self.shape.node(left).repr, self.shape.node(right).repr) {
            (Repr::Integer(l), Repr::Integer(r)) => Repr::Integer(l.union(r)),
            (one, _) => one,
        }
    }

    fn compare_values(
        &mut self,
        op: CompareOp,
        repr: Repr,
        l: clif::Value,
        r: clif::Value,
    ) -> clif::Value {
        match repr {
            Repr::Boolean => self.compare_booleans(op, l, r),
            Repr::Integer(_) => self.compare_integers(integer_condition(op), l, r),
            Repr::Float32 | Repr::Float64 => self.compare_total(op, l, r),
        }
    }

    /// Compares booleans as bits, FALSE before TRUE.
    fn compare_booleans(&mut self, op: CompareOp, l: clif::Value, r: clif::Value) -> clif::Value {
        let different = self.b.ins().bxor(l, r);
        let less = self.and(different, r);
        let greater = self.and(different, l);
        match op {
            CompareOp::Eq | CompareOp::NotDistinct => self.not(different),
            CompareOp::Ne | CompareOp::Distinct => different,
            CompareOp::Lt => less,
            CompareOp::Gt => greater,
            CompareOp::Le => self.not(greater),
            CompareOp::Ge => self.not(less),
        }
    }

    /// Compares floats in PostgreSQL's total order: NaN equals NaN and is greater than the rest.
    fn compare_total(&mut self, op: CompareOp, l: clif::Value, r: clif::Value) -> clif::Value {
        match op {
            CompareOp::Eq | CompareOp::NotDistinct => self.float_equal(l, r),
            CompareOp::Ne | CompareOp::Distinct => {
                let equal = self.float_equal(l, r);
                self.not(equal)
            }
            CompareOp::Lt => self.float_less(l, r),
            CompareOp::Gt => self.float_less(r, l),
            CompareOp::Le => {
                let greater = self.float_less(r, l);
                self.not(greater)
            }
            CompareOp::Ge => {
                let less = self.float_less(l, r);
                self.not(less)
            }
        }
    }

    fn float_equal(&mut self, l: clif::Value, r: clif::Value) -> clif::Value {
        let equal = self.compare_floats(FloatCC::Equal, l, r);
        let left_nan = self.compare_floats(FloatCC::Unordered, l, l);
        let right_nan = self.compare_floats(FloatCC::Unordered, r, r);
        let nans = self.and(left_nan, right_nan);
        self.or(equal, nans)
    }

    fn float_less(&mut self, l: clif::Value, r: clif::Value) -> clif::Value {
        let less = self.compare_floats(FloatCC::LessThan, l, r);
        let left_number = self.compare_floats(FloatCC::Ordered, l, l);
        let right_nan = self.compare_floats(FloatCC::Unordered, r, r);
        let below_nan = self.and(left_number, right_nan);
        self.or(less, below_nan)
    }

    /// The first branch whose condition is true, folded from the last.
    pub(super) fn case(
        &mut self,
        repr: Repr,
        branches: &[(NodeId, NodeId)],
        otherwise: NodeId,
    ) -> Emitted {
        let wide = self.mode.is_wide(repr);
        let mut result = self.node(otherwise);
        if wide {
            result.value = self.widen(result.value);
        }
        let mut valid = result.valid;
        for (when, then) in branches.iter().rev() {
            let when = self.node(*when);
            let taken = self.certainly(&when, true);
            let then = self.node(*then);
            let value = if wide { self.widen(then.value) } else { then.value };
            result.value = self.select(repr, taken, value, result.value);
            if valid.is_some() || then.valid.is_some() {
                let yes = then.valid.unwrap_or_else(|| self.truth(true));
                let no = valid.unwrap_or_else(|| self.truth(true));
                valid = Some(self.select(Repr::Boolean, taken, yes, no));
            }
        }
        Emitted::sure(result.value, valid)
    }
}

fn integer_condition(op: CompareOp) -> IntCC {
    match op {
        CompareOp::Eq | CompareOp::NotDistinct => IntCC::Equal,
        CompareOp::Ne | CompareOp::Distinct => IntCC::NotEqual,
        CompareOp::Lt => IntCC::SignedLessThan,
        CompareOp::Le => IntCC::SignedLessThanOrEqual,
        CompareOp::Gt => IntCC::SignedGreaterThan,
        CompareOp::Ge => IntCC::SignedGreaterThanOrEqual,
    }
}
