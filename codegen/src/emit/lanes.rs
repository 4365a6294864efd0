//! One row or two: the same operation for a scalar and for both lanes of a vector.
//!
//! A boolean is 0 or 1 in eight bits, or two lanes of all zeros or all ones. What has no vector
//! form is done lane by lane ([`Emitter::each_lane`]).

use cranelift::codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift::codegen::ir::types::{F32, F64, F64X2, I8, I64, I64X2, I128};
use cranelift::codegen::ir::{self as clif, InstBuilder, MemFlagsData};

use super::{Emitter, Mode};
use crate::shape::Repr;

impl Emitter<'_, '_> {
    pub(super) fn is_vector(&self) -> bool {
        self.mode == Mode::Vector
    }

    /// Returns a boolean that is the same in every row.
    pub(super) fn truth(&mut self, value: bool) -> clif::Value {
        if self.is_vector() {
            self.splat_bits(if value { u64::MAX } else { 0 })
        } else {
            self.b.ins().iconst(I8, i64::from(value))
        }
    }

    fn splat_bits(&mut self, bits: u64) -> clif::Value {
        let lane = bits.to_le_bytes();
        let bytes = [lane, lane].concat();
        let handle = self.b.func.dfg.constants.insert(bytes.into());
        self.b.ins().vconst(I64X2, handle)
    }

    pub(super) fn integer_constant(&mut self, value: i64) -> clif::Value {
        if self.is_vector() {
            self.splat_bits(value.cast_unsigned())
        } else {
            self.b.ins().iconst(I64, value)
        }
    }

    pub(super) fn wide_constant(&mut self, value: i128) -> clif::Value {
        let [low, high] = [value as u64, (value >> 64) as u64];
        let low = self.b.ins().iconst(I64, low.cast_signed());
        let high = self.b.ins().iconst(I64, high.cast_signed());
        self.b.ins().iconcat(low, high)
    }

    pub(super) fn float_constant(&mut self, repr: Repr, value: f64) -> clif::Value {
        match repr {
            Repr::Float32 => self.b.ins().f32const(value as f32),
            _ if self.is_vector() => {
                let bits = self.splat_bits(value.to_bits());
                self.as_floats(bits)
            }
            _ => self.b.ins().f64const(value),
        }
    }

    /// Returns a value of no meaning, for NULL.
    pub(super) fn zero(&mut self, repr: Repr) -> clif::Value {
        match repr {
            Repr::Boolean => self.truth(false),
            Repr::Integer(_) if self.mode.is_wide(repr) => self.wide_constant(0),
            Repr::Integer(_) => self.integer_constant(0),
            Repr::Float32 | Repr::Float64 => self.float_constant(repr, 0.0),
        }
    }

    /// Spreads a scalar over the lanes.
    pub(super) fn broadcast(&mut self, repr: Repr, scalar: clif::Value) -> clif::Value {
        if !self.is_vector() {
            return scalar;
        }
        match repr {
            Repr::Boolean => {
                let wide = self.b.ins().uextend(I64, scalar);
                let mask = self.b.ins().ineg(wide);
                self.b.ins().splat(I64X2, mask)
            }
            Repr::Integer(_) => self.b.ins().splat(I64X2, scalar),
            Repr::Float32 | Repr::Float64 => self.b.ins().splat(F64X2, scalar),
        }
    }

    pub(super) fn as_bits(&mut self, floats: clif::Value) -> clif::Value {
        self.cast_lanes(I64X2, floats)
    }

    pub(super) fn as_floats(&mut self, bits: clif::Value) -> clif::Value {
        self.cast_lanes(F64X2, bits)
    }

    pub(super) fn cast_lanes(&mut self, ty: clif::Type, value: clif::Value) -> clif::Value {
        let flags = MemFlagsData::new().with_endianness(clif::Endianness::Little);
        self.b.ins().bitcast(ty, flags, value)
    }

    pub(super) fn not(&mut self, value: clif::Value) -> clif::Value {
        let ones = self.truth(true);
        self.b.ins().bxor(value, ones)
    }

    pub(super) fn and(&mut self, left: clif::Value, right: clif::Value) -> clif::Value {
        self.b.ins().band(left, right)
    }

    pub(super) fn or(&mut self, left: clif::Value, right: clif::Value) -> clif::Value {
        self.b.ins().bor(left, right)
    }

    /// Returns `left AND right`, either of which may be absent for TRUE.
    pub(super) fn both(
        &mut self,
        left: Option<clif::Value>,
        right: Option<clif::Value>,
    ) -> Option<clif::Value> {
        match (left, right) {
            (Some(left), Some(right)) => Some(self.and(left, right)),
            (one, None) | (None, one) => one,
        }
    }

    pub(super) fn select(
        &mut self,
        repr: Repr,
        condition: clif::Value,
        yes: clif::Value,
        no: clif::Value,
    ) -> clif::Value {
        if !self.is_vector() {
            return self.b.ins().select(condition, yes, no);
        }
        match repr {
            Repr::Boolean | Repr::Integer(_) => self.b.ins().bitselect(condition, yes, no),
            Repr::Float32 | Repr::Float64 => {
                let (yes, no) = (self.as_bits(yes), self.as_bits(no));
                let chosen = self.b.ins().bitselect(condition, yes, no);
                self.as_floats(chosen)
            }
        }
    }

    pub(super) fn compare_integers(
        &mut self,
        condition: IntCC,
        left: clif::Value,
        right: clif::Value,
    ) -> clif::Value {
        self.b.ins().icmp(condition, left, right)
    }

    pub(super) fn compare_floats(
        &mut self,
        condition: FloatCC,
        left: clif::Value,
        right: clif::Value,
    ) -> clif::Value {
        self.b.ins().fcmp(condition, left, right)
    }

    /// Sign-extends 64 bits to 128 where the mode has 128.
    pub(super) fn widen(&mut self, value: clif::Value) -> clif::Value {
        if self.b.func.dfg.value_type(value) == I64 {
            self.b.ins().sextend(I128, value)
        } else {
            value
        }
    }

    /// Applies a scalar operation in every lane; `results` are the types of its results.
    pub(super) fn each_lane<const N: usize>(
        &mut self,
        operands: &[clif::Value],
        results: [clif::Type; N],
        mut operation: impl FnMut(&mut Self, &[clif::Value]) -> [clif::Value; N],
    ) -> [clif::Value; N] {
        if !self.is_vector() {
            return operation(self, operands);
        }
        let lanes = [0_u8, 1].map(|lane| {
            let scalars: Vec<_> =
                operands.iter().map(|value| self.b.ins().extractlane(*value, lane)).collect();
            operation(self, &scalars)
        });
        std::array::from_fn(|at| self.join(results[at], lanes[0][at], lanes[1][at]))
    }

    /// Returns the vector of two scalars; booleans become masks.
    pub(super) fn join(
        &mut self,
        ty: clif::Type,
        first: clif::Value,
        second: clif::Value,
    ) -> clif::Value {
        if ty == I8 {
            let [first, second] = [first, second].map(|scalar| {
                let wide = self.b.ins().uextend(I64, scalar);
                self.b.ins().ineg(wide)
            });
            return self.join(I64, first, second);
        }
        debug_assert_ne!(ty, F32, "the vector mode has no 32-bit floats");
        let vector = if ty == F64 { F64X2 } else { I64X2 };
        let low = self.b.ins().splat(vector, first);
        self.b.ins().insertlane(low, second, 1_u8)
    }

    /// Returns the two lanes of a boolean as 0 or 1 in 64 bits.
    pub(super) fn lane_bits(&mut self, mask: clif::Value) -> [clif::Value; 2] {
        let bits = self.b.ins().vhigh_bits(I64, mask);
        let first = self.b.ins().band_imm_s(bits, 1);
        [first, self.b.ins().ushr_imm_u(bits, 1)]
    }
}
