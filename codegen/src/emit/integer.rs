//! Integers and decimals: arithmetic that is exact or fails.
//!
//! Ranges decide how much is checked. An operation whose exact result fits its width needs no
//! overflow check; one whose exact result fits the node's range needs no check at all. The vector
//! mode multiplies 32 by 32 bits, the only product that a 128-bit vector unit has, and fails where
//! an operand is longer.

use cranelift::codegen::ir::condcodes::IntCC;
use cranelift::codegen::ir::types::{I8, I8X16, I32X4, I64, I64X2, I128};
use cranelift::codegen::ir::{self as clif, InstBuilder};

use super::{Emitted, Emitter, Fail};
use crate::error::FaultKind;
use crate::shape::{IntegerOp, NodeId, Range};

type Fails = Vec<(Fail, FaultKind)>;

impl Emitter<'_, '_> {
    pub(super) fn integer(
        &mut self,
        id: NodeId,
        op: IntegerOp,
        left: NodeId,
        right: NodeId,
    ) -> Emitted {
        let (l, r) = (self.node(left), self.node(right));
        let valid = self.both(l.valid, r.valid);
        let ranges = (self.shape.range(left), self.shape.range(right));
        let (value, fails) = match op {
            IntegerOp::Add | IntegerOp::Subtract => self.sum(id, op, ranges, l.value, r.value),
            IntegerOp::Multiply => self.product(id, ranges, l.value, r.value),
            IntegerOp::Divide | IntegerOp::DivideRounded | IntegerOp::Modulo => {
                self.quotient(id, op, ranges, l.value, r.value)
            }
        };
        Emitted { value, valid, fails }
    }

    fn wide_compute(&self, id: NodeId, operands: (Range, Range)) -> bool {
        let node = self.shape.node(id);
        self.mode == super::Mode::Exact
            && (node.repr.is_wide() || operands.0.is_wide() || operands.1.is_wide())
    }

    fn sum(
        &mut self,
        id: NodeId,
        op: IntegerOp,
        ranges: (Range, Range),
        l: clif::Value,
        r: clif::Value,
    ) -> (clif::Value, Fails) {
        let wide = self.wide_compute(id, ranges);
        let (l, r) = if wide { (self.widen(l), self.widen(r)) } else { (l, r) };
        let exact = ranges.0.apply(op, ranges.1);
        let fits = exact.is_some_and(|exact| wide || !exact.is_wide());
        let mut fails = Fails::new();
        let value = if fits {
            self.plain_sum(op, l, r)
        } else {
            let (value, fail) = self.checked_sum(op, l, r);
            fails.push((fail, FaultKind::Overflow));
            value
        };
        let value = self.check_range(id, value, exact, &mut fails);
        (value, fails)
    }

    fn plain_sum(&mut self, op: IntegerOp, l: clif::Value, r: clif::Value) -> clif::Value {
        if op == IntegerOp::Add { self.b.ins().iadd(l, r) } else { self.b.ins().isub(l, r) }
    }

    /// A sum overflows if both operands have the sign that the result has not.
    fn checked_sum(
        &mut self,
        op: IntegerOp,
        l: clif::Value,
        r: clif::Value,
    ) -> (clif::Value, Fail) {
        if !self.is_vector() {
            let (value, overflow) = if op == IntegerOp::Add {
                self.b.ins().sadd_overflow(l, r)
            } else {
                self.b.ins().ssub_overflow(l, r)
            };
            return (value, Fail::Boolean(overflow));
        }
        let value = self.plain_sum(op, l, r);
        let against_left = self.b.ins().bxor(l, value);
        let other = if op == IntegerOp::Add {
            self.b.ins().bxor(r, value)
        } else {
            self.b.ins().bxor(l, r)
        };
        (value, Fail::Sign(self.b.ins().band(against_left, other)))
    }

    fn product(
        &mut self,
        id: NodeId,
        ranges: (Range, Range),
        l: clif::Value,
        r: clif::Value,
    ) -> (clif::Value, Fails) {
        let exact = ranges.0.apply(IntegerOp::Multiply, ranges.1);
        let mut fails = Fails::new();
        let value = if self.is_vector() {
            self.lane_product(ranges, l, r, &mut fails)
        } else if self.wide_compute(id, ranges) {
            self.wide_product(ranges, l, r, &mut fails)
        } else if exact.is_some_and(|exact| !exact.is_wide()) {
            self.b.ins().imul(l, r)
        } else {
            let (value, overflow) = self.b.ins().smul_overflow(l, r);
            fails.push((Fail::Boolean(overflow), FaultKind::Overflow));
            value
        };
        let value = self.check_range(id, value, exact, &mut fails);
        (value, fails)
    }

    fn lane_product(
        &mut self,
        ranges: (Range, Range),
        l: clif::Value,
        r: clif::Value,
        fails: &mut Fails,
    ) -> clif::Value {
        let l = self.low_halves(ranges.0, l, fails);
        let r = self.low_halves(ranges.1, r, fails);
        self.b.ins().imul(l, r)
    }

    /// Returns the lanes' low 32 bits, sign-extended in the form that becomes `pmuldq`.
    fn low_halves(&mut self, range: Range, value: clif::Value, fails: &mut Fails) -> clif::Value {
        if !range.within(Range::I32) {
            let half = self.integer_constant(1 << 31);
            let shifted = self.b.ins().iadd(value, half);
            fails.push((Fail::High(shifted), FaultKind::Overflow));
        }
        let bytes = self.cast_lanes(I8X16, value);
        let order: [u8; 16] = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];
        let order = self.b.func.dfg.immediates.push(order.to_vec().into());
        let halves = self.b.ins().shuffle(bytes, bytes, order);
        let halves = self.cast_lanes(I32X4, halves);
        let lanes = self.b.ins().swiden_low(halves);
        debug_assert_eq!(self.b.func.dfg.value_type(lanes), I64X2);
        lanes
    }

    fn wide_product(
        &mut self,
        ranges: (Range, Range),
        l: clif::Value,
        r: clif::Value,
        fails: &mut Fails,
    ) -> clif::Value {
        if !ranges.0.is_wide() && !ranges.1.is_wide() {
            let low = self.b.ins().imul(l, r);
            let high = self.b.ins().smulhi(l, r);
            return self.b.ins().iconcat(low, high);
        }
        let (l, r) = (self.widen(l), self.widen(r));
        if ranges.0.apply(IntegerOp::Multiply, ranges.1).is_some() {
            return self.b.ins().imul(l, r);
        }
        let (value, overflow) = self.checked_wide_product(l, r);
        fails.push((Fail::Boolean(overflow), FaultKind::Overflow));
        value
    }

    /// Multiplies 128 by 128 bits by magnitudes: `(ah·2^64 + al) · (bh·2^64 + bl)` fits if one of
    /// the high halves is zero and neither cross product nor their sum carries past 128 bits.
    fn checked_wide_product(
        &mut self,
        l: clif::Value,
        r: clif::Value,
    ) -> (clif::Value, clif::Value) {
        let ((al, ah), (bl, bh)) = (self.magnitude(l), self.magnitude(r));
        let zero = self.b.ins().iconst(I64, 0);
        let left_long = self.b.ins().icmp(IntCC::NotEqual, ah, zero);
        let right_long = self.b.ins().icmp(IntCC::NotEqual, bh, zero);
        let mut overflow = self.b.ins().band(left_long, right_long);
        let (cross_left, cross_right) = (self.b.ins().imul(ah, bl), self.b.ins().imul(al, bh));
        let carry_left = self.b.ins().umulhi(ah, bl);
        let carry_right = self.b.ins().umulhi(al, bh);
        let carries = self.b.ins().bor(carry_left, carry_right);
        let carried = self.b.ins().icmp(IntCC::NotEqual, carries, zero);
        overflow = self.b.ins().bor(overflow, carried);
        let cross = self.b.ins().bor(cross_left, cross_right);
        let (low, high) = (self.b.ins().imul(al, bl), self.b.ins().umulhi(al, bl));
        let high = self.b.ins().iadd(high, cross);
        let wrapped = self.b.ins().icmp(IntCC::UnsignedLessThan, high, cross);
        overflow = self.b.ins().bor(overflow, wrapped);
        let negative_high = self.b.ins().icmp(IntCC::SignedLessThan, high, zero);
        overflow = self.b.ins().bor(overflow, negative_high);
        let positive = self.b.ins().iconcat(low, high);
        let wide_zero = self.wide_constant(0);
        let negative = self.b.ins().isub(wide_zero, positive);
        let (l_high, r_high) = (self.b.ins().isplit(l).1, self.b.ins().isplit(r).1);
        let signs = self.b.ins().bxor(l_high, r_high);
        let minus = self.b.ins().icmp(IntCC::SignedLessThan, signs, zero);
        (self.b.ins().select(minus, negative, positive), overflow)
    }

    /// Returns the halves of |x|.
    fn magnitude(&mut self, value: clif::Value) -> (clif::Value, clif::Value) {
        let zero = self.wide_constant(0);
        let negated = self.b.ins().isub(zero, value);
        let high = self.b.ins().isplit(value).1;
        let low_zero = self.b.ins().iconst(I64, 0);
        let minus = self.b.ins().icmp(IntCC::SignedLessThan, high, low_zero);
        let magnitude = self.b.ins().select(minus, negated, value);
        self.b.ins().isplit(magnitude)
    }

    /// Adds the failure of a value outside the node's range, and brings it to the node's width.
    fn check_range(
        &mut self,
        id: NodeId,
        value: clif::Value,
        exact: Option<Range>,
        fails: &mut Fails,
    ) -> clif::Value {
        let limit = self.shape.range(id);
        if let Some(outside) = self.outside(value, exact, limit) {
            fails.push((Fail::Boolean(outside), FaultKind::Overflow));
        }
        let wide = self.b.func.dfg.value_type(value) == I128;
        if wide && !self.mode.is_wide(self.shape.node(id).repr) {
            return self.b.ins().isplit(value).0;
        }
        value
    }

    /// Returns where a value that is known to lie in `exact` lies outside `limit`.
    pub(super) fn outside(
        &mut self,
        value: clif::Value,
        exact: Option<Range>,
        limit: Range,
    ) -> Option<clif::Value> {
        let wide = self.b.func.dfg.value_type(value) == I128;
        let width = if wide { Range::new(i128::MIN, i128::MAX) } else { Range::I64 };
        let possible = exact.map_or(width, |exact| exact.intersect(width));
        let mut outside = None;
        if possible.lo < limit.lo {
            let bound = self.bound(wide, limit.lo);
            outside = Some(self.b.ins().icmp(IntCC::SignedLessThan, value, bound));
        }
        if possible.hi > limit.hi {
            let bound = self.bound(wide, limit.hi);
            let above = self.b.ins().icmp(IntCC::SignedGreaterThan, value, bound);
            outside = Some(outside.map_or(above, |below| self.or(below, above)));
        }
        outside
    }

    fn bound(&mut self, wide: bool, bound: i128) -> clif::Value {
        if wide {
            return self.wide_constant(bound);
        }
        let bound = i64::try_from(bound).expect("a bound inside what 64 bits hold");
        self.integer_constant(bound)
    }

    fn quotient(
        &mut self,
        id: NodeId,
        op: IntegerOp,
        ranges: (Range, Range),
        l: clif::Value,
        r: clif::Value,
    ) -> (clif::Value, Fails) {
        let [value, zero, overflow] =
            self.each_lane(&[l, r], [I64, I8, I8], |emitter, operands| {
                emitter.divide(op, operands[0], operands[1])
            });
        let mut fails = vec![(Fail::Boolean(zero), FaultKind::DivisionByZero)];
        if ranges.0.lo <= i64::MIN.into() && op != IntegerOp::Modulo {
            fails.push((Fail::Boolean(overflow), FaultKind::Overflow));
        }
        let exact = ranges.0.apply(op, ranges.1);
        let value = self.check_range(id, value, exact, &mut fails);
        (value, fails)
    }

    /// Divides scalars; a divisor that the machine would trap on is replaced by 1.
    fn divide(&mut self, op: IntegerOp, l: clif::Value, r: clif::Value) -> [clif::Value; 3] {
        let zero = self.b.ins().icmp_imm_s(IntCC::Equal, r, 0);
        let minus_one = self.b.ins().icmp_imm_s(IntCC::Equal, r, -1);
        let least = self.b.ins().iconst(I64, i64::MIN);
        let is_least = self.b.ins().icmp(IntCC::Equal, l, least);
        let overflow = self.b.ins().band(minus_one, is_least);
        let unsafe_divisor = self.b.ins().bor(zero, overflow);
        let one = self.b.ins().iconst(I64, 1);
        let divisor = self.b.ins().select(unsafe_divisor, one, r);
        let value = match op {
            IntegerOp::Modulo => self.b.ins().srem(l, divisor),
            IntegerOp::DivideRounded => self.rounded(l, divisor),
            _ => self.b.ins().sdiv(l, divisor),
        };
        [value, zero, overflow]
    }

    /// Divides half away from zero: away if the remainder is at least what lacks to the divisor.
    fn rounded(&mut self, l: clif::Value, divisor: clif::Value) -> clif::Value {
        let quotient = self.b.ins().sdiv(l, divisor);
        let whole = self.b.ins().imul(quotient, divisor);
        let remainder = self.b.ins().isub(l, whole);
        let (remainder, size) = (self.b.ins().iabs(remainder), self.b.ins().iabs(divisor));
        let lacking = self.b.ins().isub(size, remainder);
        let away = self.b.ins().icmp(IntCC::SignedGreaterThanOrEqual, remainder, lacking);
        let signs = self.b.ins().bxor(l, divisor);
        let sign = self.b.ins().sshr_imm_u(signs, 63);
        let step = self.b.ins().bor_imm_s(sign, 1);
        let moved = self.b.ins().iadd(quotient, step);
        self.b.ins().select(away, moved, quotient)
    }

    pub(super) fn scale_up(&mut self, id: NodeId, input: NodeId, digits: u8) -> Emitted {
        let factor = types::pow10(digits).expect("lowering admits at most 38 digits");
        let ranges = (self.shape.range(input), Range::new(factor, factor));
        let operand = self.node(input);
        let factor = if ranges.1.is_wide() {
            self.wide_constant(factor)
        } else {
            self.integer_constant(i64::try_from(factor).expect("a factor of at most 64 bits"))
        };
        let (value, fails) = if self.is_vector() && !ranges.1.within(Range::I32) {
            self.far_product(id, ranges, operand.value, factor)
        } else {
            self.product(id, ranges, operand.value, factor)
        };
        Emitted { value, valid: operand.valid, fails }
    }

    /// Multiplies lanes by a factor past 32 bits, by the general product with a check before it.
    fn far_product(
        &mut self,
        id: NodeId,
        ranges: (Range, Range),
        value: clif::Value,
        factor: clif::Value,
    ) -> (clif::Value, Fails) {
        let most = i128::from(i64::MAX) / ranges.1.hi;
        let limit = Range::new(-most, most);
        let mut fails = Fails::new();
        if let Some(outside) = self.outside(value, Some(ranges.0), limit) {
            fails.push((Fail::Boolean(outside), FaultKind::Overflow));
        }
        let [product] = self.each_lane(&[value, factor], [I64], |emitter, operands| {
            [emitter.b.ins().imul(operands[0], operands[1])]
        });
        let exact = ranges.0.apply(IntegerOp::Multiply, ranges.1);
        let product = self.check_range(id, product, exact, &mut fails);
        (product, fails)
    }

    pub(super) fn scale_down(&mut self, input: NodeId, digits: u8) -> Emitted {
        let factor = types::pow10(digits).expect("lowering admits at most 18 digits here");
        let factor = i64::try_from(factor).expect("lowering admits at most 18 digits here");
        let operand = self.node(input);
        let [value] = self.each_lane(&[operand.value], [I64], |emitter, operands| {
            let divisor = emitter.b.ins().iconst(I64, factor);
            [emitter.rounded(operands[0], divisor)]
        });
        Emitted::sure(value, operand.valid)
    }

    pub(super) fn limit(&mut self, id: NodeId, input: NodeId) -> Emitted {
        let operand = self.node(input);
        let exact = self.shape.range(input);
        let mut fails = Fails::new();
        let value = self.check_range(id, operand.value, Some(exact), &mut fails);
        Emitted { value, valid: operand.valid, fails }
    }

    pub(super) fn negate_integer(&mut self, id: NodeId, input: NodeId) -> Emitted {
        let operand = self.node(input);
        let range = self.shape.range(input);
        let mut fails = Fails::new();
        let repr = self.shape.node(input).repr;
        let zero = self.zero(repr);
        let value = self.b.ins().isub(zero, operand.value);
        if !self.mode.is_wide(repr) && range.lo <= i64::MIN.into() {
            let least = self.integer_constant(i64::MIN);
            let overflow = self.b.ins().icmp(IntCC::Equal, operand.value, least);
            fails.push((Fail::Boolean(overflow), FaultKind::Overflow));
        }
        let exact = Range::new(range.hi.saturating_neg(), range.lo.saturating_neg());
        let value = self.check_range(id, value, Some(exact), &mut fails);
        Emitted { value, valid: operand.valid, fails }
    }

    pub(super) fn absolute_integer(&mut self, id: NodeId, input: NodeId) -> Emitted {
        let operand = self.node(input);
        let repr = self.shape.node(input).repr;
        let zero = self.zero(repr);
        let negated = self.negate_integer(id, input);
        let negative = self.b.ins().icmp(IntCC::SignedLessThan, operand.value, zero);
        let value = self.select(repr, negative, negated.value, operand.value);
        let fails = negated.fails.into_iter().map(|(fail, kind)| {
            let failed = self.boolean_of(fail);
            (Fail::Boolean(self.and(failed, negative)), kind)
        });
        let fails = fails.collect();
        Emitted { value, valid: operand.valid, fails }
    }

    pub(super) fn boolean_to_integer(&mut self, input: NodeId) -> Emitted {
        let operand = self.node(input);
        let value = if self.is_vector() {
            let one = self.integer_constant(1);
            self.b.ins().band(operand.value, one)
        } else {
            self.b.ins().uextend(I64, operand.value)
        };
        Emitted::sure(value, operand.valid)
    }
}
