//! The dispatch: one arm an operation.

use cranelift::codegen::ir::types::{F32, F64, F64X2, I8, I64, I64X2};
use cranelift::codegen::ir::{self as clif, InstBuilder};
use types::DataType;

use super::{Column, Emitted, Emitter, Fail, Mode, memory};
use crate::error::FaultKind;
use crate::shape::{NodeId, Op, Repr};

impl Emitter<'_, '_> {
    /// Emits a node once a row.
    pub(super) fn node(&mut self, id: NodeId) -> Emitted {
        if let Some(known) = &self.nodes[id.index()] {
            return known.clone();
        }
        let mut emitted = self.operation(id);
        if self.shape.node(id).lenient {
            self.forgive(&mut emitted);
        }
        self.nodes[id.index()] = Some(emitted.clone());
        emitted
    }

    fn operation(&mut self, id: NodeId) -> Emitted {
        let shape = self.shape;
        let node = shape.node(id);
        match &node.op {
            Op::Input { slot, ty } => self.input(*slot, *ty),
            Op::Constant(number) => self.constants[*number as usize].clone(),
            Op::Null => {
                let value = self.zero(node.repr);
                let valid = self.truth(false);
                Emitted::sure(value, Some(valid))
            }
            Op::Not(input) => self.not_node(*input),
            Op::And(list) => self.junction(list, false),
            Op::Or(list) => self.junction(list, true),
            Op::Is { input, test, negated } => self.is_node(*input, *test, *negated),
            Op::Compare(op, left, right) => self.compare(*op, *left, *right),
            Op::Integer(op, left, right) => self.integer(id, *op, *left, *right),
            Op::ScaleUp { input, digits } => self.scale_up(id, *input, *digits),
            Op::ScaleDown { input, digits } => self.scale_down(*input, *digits),
            Op::Limit(input) => self.limit(id, *input),
            Op::Float(op, left, right) => self.float(node.repr, *op, *left, *right),
            Op::Negate(input) => self.negate(id, *input),
            Op::Absolute(input) => self.absolute(id, *input),
            Op::IntegerToFloat { input, digits } => {
                self.integer_to_float(node.repr, *input, *digits)
            }
            Op::FloatToInteger(input) => self.float_to_integer(id, *input),
            Op::FloatToFloat(input) => self.float_to_float(node.repr, *input),
            Op::BooleanToInteger(input) => self.boolean_to_integer(*input),
            Op::ShiftDate { date, days, negative } => self.shift_date(*date, *days, *negative),
            Op::DateDifference(left, right) => self.date_difference(*left, *right),
            Op::DateToTimestamp(input) => self.date_to_timestamp(*input),
            Op::TimestampToDate(input) => self.timestamp_to_date(*input),
            Op::Case { branches, otherwise } => self.case(node.repr, branches, *otherwise),
        }
    }

    /// TRY_CAST: what would fail is NULL.
    fn forgive(&mut self, emitted: &mut Emitted) {
        let mut valid = emitted.valid.unwrap_or_else(|| self.truth(true));
        for (fail, _) in std::mem::take(&mut emitted.fails) {
            let failed = self.boolean_of(fail);
            let passed = self.not(failed);
            valid = self.and(valid, passed);
        }
        emitted.valid = Some(valid);
    }

    fn input(&mut self, slot: u32, ty: DataType) -> Emitted {
        let column = self.columns[&slot];
        let (value, fail) = if self.is_vector() {
            self.load_lanes(column, ty)
        } else {
            self.load_row(column, ty, self.row)
        };
        let valid = (self.mode == Mode::Exact)
            .then(|| self.load_bit(column.validity, column.validity_bit, self.row));
        let fails = fail.map(|fail| (fail, FaultKind::Overflow)).into_iter().collect();
        Emitted { value, valid, fails }
    }

    fn load_bit(&mut self, base: clif::Value, first: clif::Value, row: clif::Value) -> clif::Value {
        let at = self.b.ins().iadd(row, first);
        let byte = self.b.ins().ushr_imm_u(at, 3);
        let address = self.b.ins().iadd(base, byte);
        let bits = self.b.ins().load(I8, memory(), address, 0);
        let shift = self.b.ins().band_imm_s(at, 7);
        let shifted = self.b.ins().ushr(bits, shift);
        self.b.ins().band_imm_s(shifted, 1)
    }

    pub(super) fn address(
        &mut self,
        base: clif::Value,
        row: clif::Value,
        bytes: i64,
    ) -> clif::Value {
        let offset = match bytes {
            1 => row,
            _ => self.b.ins().ishl_imm_u(row, i64::from(bytes.ilog2())),
        };
        self.b.ins().iadd(base, offset)
    }

    /// Loads one row; a decimal of 128 bits that does not fit 64 fails in the narrow mode.
    fn load_row(
        &mut self,
        column: Column,
        ty: DataType,
        row: clif::Value,
    ) -> (clif::Value, Option<Fail>) {
        if ty == DataType::Boolean {
            return (self.load_bit(column.values, column.value_bit, row), None);
        }
        let at = self.address(column.values, row, value_bytes(ty));
        let value = match Repr::of(ty).expect("lowering admits only such types") {
            Repr::Float32 => self.b.ins().load(F32, memory(), at, 0),
            Repr::Float64 => self.b.ins().load(F64, memory(), at, 0),
            _ if value_bytes(ty) == 2 => self.b.ins().sload16(I64, memory(), at, 0),
            _ if value_bytes(ty) == 4 => self.b.ins().sload32(memory(), at, 0),
            _ if value_bytes(ty) == 8 => self.b.ins().load(I64, memory(), at, 0),
            _ if self.mode == Mode::Exact => self.load_wide(at, 0),
            _ => return self.load_narrowed(at),
        };
        (value, None)
    }

    fn load_narrowed(&mut self, at: clif::Value) -> (clif::Value, Option<Fail>) {
        let low = self.b.ins().load(I64, memory(), at, 0);
        let high = self.b.ins().load(I64, memory(), at, 8);
        let sign = self.b.ins().sshr_imm_u(low, 63);
        let lost = self.b.ins().icmp(clif::condcodes::IntCC::NotEqual, high, sign);
        (low, Some(Fail::Boolean(lost)))
    }

    /// Loads two rows.
    fn load_lanes(&mut self, column: Column, ty: DataType) -> (clif::Value, Option<Fail>) {
        let bytes = value_bytes(ty);
        if ty != DataType::Boolean && bytes != 2 && bytes != 16 {
            let at = self.address(column.values, self.row, bytes);
            let value = match (bytes, ty) {
                (4, _) => self.b.ins().sload32x2(memory(), at, 0),
                (_, DataType::Float64) => self.b.ins().load(F64X2, memory(), at, 0),
                _ => self.b.ins().load(I64X2, memory(), at, 0),
            };
            return (value, None);
        }
        let next = self.b.ins().iadd_imm_s(self.row, 1);
        let (first, first_fail) = self.load_row(column, ty, self.row);
        let (second, second_fail) = self.load_row(column, ty, next);
        let lane = if ty == DataType::Boolean { I8 } else { I64 };
        let value = self.join(lane, first, second);
        let fail = first_fail.zip(second_fail).map(|fails| match fails {
            (Fail::Boolean(first), Fail::Boolean(second)) => {
                Fail::Boolean(self.join(I8, first, second))
            }
            _ => unreachable!("one row fails by a boolean"),
        });
        (value, fail)
    }
}

/// Returns the width of a column's values; 1 for bits.
pub(super) fn value_bytes(ty: DataType) -> i64 {
    match ty {
        DataType::Boolean => 1,
        DataType::Int16 => 2,
        DataType::Int32 | DataType::Float32 | DataType::Date => 4,
        DataType::Decimal { precision, .. } if precision > 18 => 16,
        DataType::Int64
        | DataType::Float64
        | DataType::Decimal { .. }
        | DataType::Timestamp
        | DataType::Null
        | DataType::Text { .. }
        | DataType::Blob
        | DataType::Interval
        | DataType::Json => 8,
    }
}
