//! Days: dates move by whole days, infinities stay where they are.

use cranelift::codegen::ir::condcodes::IntCC;
use cranelift::codegen::ir::types::I64;
use cranelift::codegen::ir::{self as clif, InstBuilder};
use types::MICROS_PER_DAY;

use super::{Emitted, Emitter, Fail};
use crate::error::FaultKind;
use crate::lower::calendar;
use crate::shape::{NodeId, Range, Repr};

/// Days beyond this are beyond the calendar from any date.
const DAYS_MAX: i64 = 1 << 33;

impl Emitter<'_, '_> {
    pub(super) fn shift_date(&mut self, date: NodeId, days: NodeId, negative: bool) -> Emitted {
        let (from, by) = (self.node(date), self.node(days));
        let valid = self.both(from.valid, by.valid);
        let moved = if negative {
            self.b.ins().isub(from.value, by.value)
        } else {
            self.b.ins().iadd(from.value, by.value)
        };
        // The two checks together need no checked addition: short steps cannot overflow.
        let steps = Range::new(-i128::from(DAYS_MAX), DAYS_MAX.into());
        let far = self.outside(by.value, Some(self.shape.range(days)), steps);
        let outside = self.outside(moved, None, calendar()).expect("64 bits exceed the calendar");
        let failed = far.map_or(outside, |far| self.or(far, outside));
        let infinite = self.is_infinite_date(from.value);
        let repr = self.shape.node(date).repr;
        let value = self.select(repr, infinite, from.value, moved);
        let finite = self.not(infinite);
        let fails = vec![(Fail::Boolean(self.and(failed, finite)), FaultKind::Datetime)];
        Emitted { value, valid, fails }
    }

    fn is_infinite_date(&mut self, date: clif::Value) -> clif::Value {
        self.is_one_of(date, [i32::MIN.into(), i32::MAX.into()])
    }

    fn is_one_of(&mut self, value: clif::Value, two: [i64; 2]) -> clif::Value {
        let [first, second] = two.map(|one| {
            let one = self.integer_constant(one);
            self.b.ins().icmp(IntCC::Equal, value, one)
        });
        self.or(first, second)
    }

    pub(super) fn date_difference(&mut self, left: NodeId, right: NodeId) -> Emitted {
        let (l, r) = (self.node(left), self.node(right));
        let valid = self.both(l.valid, r.valid);
        let value = self.b.ins().isub(l.value, r.value);
        let (left, right) = (self.is_infinite_date(l.value), self.is_infinite_date(r.value));
        let fails = vec![(Fail::Boolean(self.or(left, right)), FaultKind::Datetime)];
        Emitted { value, valid, fails }
    }

    pub(super) fn date_to_timestamp(&mut self, input: NodeId) -> Emitted {
        let date = self.node(input);
        let most = i128::from(i64::MAX) / i128::from(MICROS_PER_DAY);
        let limit = Range::new(calendar().lo, most);
        let outside =
            self.outside(date.value, Some(Range::I32), limit).expect("dates reach further");
        let infinite = self.is_infinite_date(date.value);
        let finite = self.not(infinite);
        let fails = vec![(Fail::Boolean(self.and(outside, finite)), FaultKind::Datetime)];
        let [micros] = self.each_lane(&[date.value], [I64], |emitter, operands| {
            [emitter.b.ins().imul_imm_s(operands[0], MICROS_PER_DAY)]
        });
        let (least, most) = (self.integer_constant(i64::MIN), self.integer_constant(i64::MAX));
        let zero = self.integer_constant(0);
        let past = self.b.ins().icmp(IntCC::SignedLessThan, date.value, zero);
        let repr = Repr::Integer(Range::I64);
        let infinity = self.select(repr, past, least, most);
        let value = self.select(repr, infinite, infinity, micros);
        Emitted { value, valid: date.valid, fails }
    }

    pub(super) fn timestamp_to_date(&mut self, input: NodeId) -> Emitted {
        let time = self.node(input);
        let [days] = self.each_lane(&[time.value], [I64], |emitter, operands| {
            let quotient = emitter.b.ins().sdiv_imm_s(operands[0], MICROS_PER_DAY);
            let whole = emitter.b.ins().imul_imm_s(quotient, MICROS_PER_DAY);
            let rest = emitter.b.ins().isub(operands[0], whole);
            let below = emitter.b.ins().sshr_imm_u(rest, 63);
            [emitter.b.ins().iadd(quotient, below)]
        });
        let infinite = self.is_one_of(time.value, [i64::MIN, i64::MAX]);
        let zero = self.integer_constant(0);
        let past = self.b.ins().icmp(IntCC::SignedLessThan, time.value, zero);
        let least = self.integer_constant(i32::MIN.into());
        let most = self.integer_constant(i32::MAX.into());
        let repr = Repr::Integer(Range::I32);
        let infinity = self.select(repr, past, least, most);
        let value = self.select(repr, infinite, infinity, days);
        Emitted::sure(value, time.valid)
    }
}
