//! Floats as PostgreSQL has them: an operation on finite numbers that leaves their range fails,
//! and so does division by zero; infinities and NaN that were there before pass through.

use cranelift::codegen::ir::condcodes::FloatCC;
use cranelift::codegen::ir::types::{F32, F64, I8, I64};
use cranelift::codegen::ir::{self as clif, InstBuilder};

use super::{Emitted, Emitter, Fail};
use crate::error::FaultKind;
use crate::shape::{FloatOp, NodeId, Repr};

impl Emitter<'_, '_> {
    pub(super) fn float(
        &mut self,
        repr: Repr,
        op: FloatOp,
        left: NodeId,
        right: NodeId,
    ) -> Emitted {
        let (l, r) = (self.node(left), self.node(right));
        let valid = self.both(l.valid, r.valid);
        let value = match op {
            FloatOp::Add => self.b.ins().fadd(l.value, r.value),
            FloatOp::Subtract => self.b.ins().fsub(l.value, r.value),
            FloatOp::Multiply => self.b.ins().fmul(l.value, r.value),
            FloatOp::Divide => self.b.ins().fdiv(l.value, r.value),
        };
        let mut fails = Vec::new();
        if op == FloatOp::Divide {
            let zero = self.division_by_zero(repr, l.value, r.value);
            fails.push((Fail::Boolean(zero), FaultKind::DivisionByZero));
        }
        let overflow = self.overflow(repr, value, op, l.value, r.value);
        fails.push((Fail::Boolean(overflow), FaultKind::Overflow));
        if matches!(op, FloatOp::Multiply | FloatOp::Divide) {
            let underflow = self.underflow(repr, value, op, l.value, r.value);
            fails.push((Fail::Boolean(underflow), FaultKind::Overflow));
        }
        Emitted { value, valid, fails }
    }

    fn division_by_zero(&mut self, repr: Repr, l: clif::Value, r: clif::Value) -> clif::Value {
        let zero = self.float_constant(repr, 0.0);
        let by_zero = self.compare_floats(FloatCC::Equal, r, zero);
        let number = self.compare_floats(FloatCC::Ordered, l, l);
        self.and(by_zero, number)
    }

    /// Infinite though the operands are not; of a quotient only the dividend counts.
    fn overflow(
        &mut self,
        repr: Repr,
        value: clif::Value,
        op: FloatOp,
        l: clif::Value,
        r: clif::Value,
    ) -> clif::Value {
        let infinite = self.is_infinite(repr, value);
        let left = self.is_infinite(repr, l);
        let before = if op == FloatOp::Divide {
            left
        } else {
            let right = self.is_infinite(repr, r);
            self.or(left, right)
        };
        let before = self.not(before);
        self.and(infinite, before)
    }

    /// Zero though no factor is; of a quotient, though the dividend is not zero and the divisor
    /// not infinite.
    fn underflow(
        &mut self,
        repr: Repr,
        value: clif::Value,
        op: FloatOp,
        l: clif::Value,
        r: clif::Value,
    ) -> clif::Value {
        let zero = self.float_constant(repr, 0.0);
        let vanished = self.compare_floats(FloatCC::Equal, value, zero);
        let left = self.compare_floats(FloatCC::Equal, l, zero);
        let right = if op == FloatOp::Divide {
            self.is_infinite(repr, r)
        } else {
            self.compare_floats(FloatCC::Equal, r, zero)
        };
        let before = self.or(left, right);
        let before = self.not(before);
        self.and(vanished, before)
    }

    fn is_infinite(&mut self, repr: Repr, value: clif::Value) -> clif::Value {
        let size = self.b.ins().fabs(value);
        let infinity = self.float_constant(repr, f64::INFINITY);
        self.compare_floats(FloatCC::Equal, size, infinity)
    }

    pub(super) fn negate(&mut self, id: NodeId, input: NodeId) -> Emitted {
        if let Repr::Integer(_) = self.shape.node(id).repr {
            return self.negate_integer(id, input);
        }
        let operand = self.node(input);
        Emitted::sure(self.b.ins().fneg(operand.value), operand.valid)
    }

    pub(super) fn absolute(&mut self, id: NodeId, input: NodeId) -> Emitted {
        if let Repr::Integer(_) = self.shape.node(id).repr {
            return self.absolute_integer(id, input);
        }
        let operand = self.node(input);
        Emitted::sure(self.b.ins().fabs(operand.value), operand.valid)
    }

    pub(super) fn integer_to_float(&mut self, repr: Repr, input: NodeId, digits: u8) -> Emitted {
        let operand = self.node(input);
        let ty = if repr == Repr::Float32 { F32 } else { F64 };
        let [value] = self.each_lane(&[operand.value], [ty], |emitter, operands| {
            [emitter.b.ins().fcvt_from_sint(ty, operands[0])]
        });
        if digits == 0 {
            return Emitted::sure(value, operand.valid);
        }
        let power = self.float_constant(repr, 10_f64.powi(digits.into()));
        Emitted::sure(self.b.ins().fdiv(value, power), operand.valid)
    }

    pub(super) fn float_to_integer(&mut self, id: NodeId, input: NodeId) -> Emitted {
        let operand = self.node(input);
        let limit = self.shape.range(id);
        let single = self.shape.node(input).repr == Repr::Float32;
        let [value, failed] = self.each_lane(&[operand.value], [I64, I8], |emitter, operands| {
            let input = operands[0];
            let input = if single { emitter.b.ins().fpromote(F64, input) } else { input };
            let whole = emitter.b.ins().nearest(input);
            // The upper bound is exclusive, since 2^63 - 1 is not a double.
            let least = emitter.b.ins().f64const(limit.lo as f64);
            let past = emitter.b.ins().f64const((limit.hi + 1) as f64);
            let above = emitter.b.ins().fcmp(FloatCC::GreaterThanOrEqual, whole, least);
            let below = emitter.b.ins().fcmp(FloatCC::LessThan, whole, past);
            let inside = emitter.b.ins().band(above, below);
            let failed = emitter.b.ins().bxor_imm_s(inside, 1);
            [emitter.b.ins().fcvt_to_sint_sat(I64, whole), failed]
        });
        let fails = vec![(Fail::Boolean(failed), FaultKind::Overflow)];
        Emitted { value, valid: operand.valid, fails }
    }

    /// Promotes exactly, or demotes; a finite number that becomes infinite or zero fails.
    pub(super) fn float_to_float(&mut self, repr: Repr, input: NodeId) -> Emitted {
        let operand = self.node(input);
        if repr == Repr::Float64 {
            let value = self.b.ins().fpromote(F64, operand.value);
            return Emitted::sure(value, operand.valid);
        }
        let value = self.b.ins().fdemote(F32, operand.value);
        let infinite = self.is_infinite(Repr::Float32, value);
        let was_infinite = self.is_infinite(Repr::Float64, operand.value);
        let overflow = self.b.ins().bxor(infinite, was_infinite);
        let zero = self.float_constant(Repr::Float32, 0.0);
        let wide_zero = self.float_constant(Repr::Float64, 0.0);
        let vanished = self.compare_floats(FloatCC::Equal, value, zero);
        let was_zero = self.compare_floats(FloatCC::Equal, operand.value, wide_zero);
        let underflow = self.b.ins().bxor(vanished, was_zero);
        let failed = self.or(overflow, underflow);
        let fails = vec![(Fail::Boolean(failed), FaultKind::Overflow)];
        Emitted { value, valid: operand.valid, fails }
    }
}
