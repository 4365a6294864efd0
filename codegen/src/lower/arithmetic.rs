//! Arithmetic: integers and decimals by range, floats, days.

use diag::Span;
use ir::{ArithmeticOp, Scalar};
use types::DataType;

use super::{Lowerer, Result, repr_of, scale_of};
use crate::error::Unsupported;
use crate::shape::{FloatOp, IntegerOp, NodeId, Op, Range, Repr};

/// The first day of the calendar, 4713 BC, as days since 1970-01-01.
const DATE_MIN: i128 = -2_440_550;
/// The last day of the calendar, 5874897-12-31.
const DATE_MAX: i128 = 2_145_042_905;

impl Lowerer<'_> {
    pub(super) fn arithmetic(
        &mut self,
        op: ArithmeticOp,
        left: &Scalar,
        right: &Scalar,
        ty: DataType,
        span: Span,
    ) -> Result<NodeId> {
        let unsupported =
            || Unsupported::new(format!("{} {} {} → {ty}", left.ty, op.sql(), right.ty));
        let (l, r) = (self.scalar(left)?, self.scalar(right)?);
        match ty {
            DataType::Int16 | DataType::Int32 | DataType::Int64
                if left.ty == ty && right.ty == ty =>
            {
                Ok(self.integer(integer_op(op, false), l, r, ty, span))
            }
            DataType::Int64 if (left.ty, right.ty) == (DataType::Date, DataType::Date) => {
                let range = Range::new(-(1 << 32), 1 << 32);
                Ok(self.push(Op::DateDifference(l, r), Repr::Integer(range), span))
            }
            DataType::Float32 | DataType::Float64 if left.ty == ty && right.ty == ty => {
                let op = float_op(op).ok_or_else(unsupported)?;
                let repr = repr_of(ty)?;
                Ok(self.push(Op::Float(op, l, r), repr, span))
            }
            DataType::Decimal { .. } if is_exact(left.ty) && is_exact(right.ty) => {
                self.decimal(op, (l, scale_of(left.ty)), (r, scale_of(right.ty)), ty, span)
            }
            DataType::Date => self.shift_date(op, (l, left.ty), (r, right.ty), span),
            _ => Err(unsupported()),
        }
    }

    fn shift_date(
        &mut self,
        op: ArithmeticOp,
        (left, left_ty): (NodeId, DataType),
        (right, right_ty): (NodeId, DataType),
        span: Span,
    ) -> Result<NodeId> {
        let (date, days, negative) = match (op, left_ty, right_ty) {
            (ArithmeticOp::Add, DataType::Date, days) if days.is_integer() => (left, right, false),
            (ArithmeticOp::Subtract, DataType::Date, days) if days.is_integer() => {
                (left, right, true)
            }
            (ArithmeticOp::Add, days, DataType::Date) if days.is_integer() => (right, left, false),
            _ => return Err(Unsupported::new(format!("{left_ty} {} {right_ty}", op.sql()))),
        };
        let op = Op::ShiftDate { date, days, negative };
        Ok(self.push(op, Repr::Integer(Range::I32), span))
    }

    /// Pushes an integer operation whose result is of type `ty`.
    fn integer(&mut self, op: IntegerOp, l: NodeId, r: NodeId, ty: DataType, span: Span) -> NodeId {
        let limit = Range::of(ty).expect("integers and decimals have ranges");
        let exact = self.range(l).apply(op, self.range(r));
        let range = exact.map_or(limit, |exact| exact.intersect(limit));
        self.push(Op::Integer(op, l, r), Repr::Integer(range), span)
    }

    fn decimal(
        &mut self,
        op: ArithmeticOp,
        left: (NodeId, u8),
        right: (NodeId, u8),
        ty: DataType,
        span: Span,
    ) -> Result<NodeId> {
        match op {
            ArithmeticOp::Add | ArithmeticOp::Subtract | ArithmeticOp::Modulo => {
                self.decimal_same_scale(op, left, right, ty, span)
            }
            ArithmeticOp::Multiply => self.decimal_multiply(left, right, ty, span),
            ArithmeticOp::Divide => self.decimal_divide(left, right, ty, span),
        }
    }

    fn decimal_same_scale(
        &mut self,
        op: ArithmeticOp,
        (left, left_scale): (NodeId, u8),
        (right, right_scale): (NodeId, u8),
        ty: DataType,
        span: Span,
    ) -> Result<NodeId> {
        let scale = scale_of(ty);
        if scale < left_scale.max(right_scale) {
            return Err(Unsupported::new(format!("decimal {} rounded to {ty}", op.sql())));
        }
        let l = self.rescale_exactly(left, left_scale, scale, span)?;
        let r = self.rescale_exactly(right, right_scale, scale, span)?;
        if op == ArithmeticOp::Modulo && (self.range(l).is_wide() || self.range(r).is_wide()) {
            return Err(Unsupported::new("decimal % beyond 18 digits"));
        }
        Ok(self.integer(integer_op(op, true), l, r, ty, span))
    }

    fn decimal_multiply(
        &mut self,
        (left, left_scale): (NodeId, u8),
        (right, right_scale): (NodeId, u8),
        ty: DataType,
        span: Span,
    ) -> Result<NodeId> {
        let (scale, exact_scale) = (scale_of(ty), left_scale + right_scale);
        if scale == exact_scale {
            return Ok(self.integer(IntegerOp::Multiply, left, right, ty, span));
        }
        let product = self.range(left).apply(IntegerOp::Multiply, self.range(right));
        match product.filter(|range| scale < exact_scale && !range.is_wide()) {
            Some(range) => {
                let op = Op::Integer(IntegerOp::Multiply, left, right);
                let product = self.push(op, Repr::Integer(range), span);
                self.round(product, exact_scale - scale, ty, false, span)
            }
            None => Err(Unsupported::new(format!("decimal * rounded to {ty}"))),
        }
    }

    fn decimal_divide(
        &mut self,
        (left, left_scale): (NodeId, u8),
        (right, right_scale): (NodeId, u8),
        ty: DataType,
        span: Span,
    ) -> Result<NodeId> {
        let wide = || Unsupported::new("decimal / beyond 18 digits");
        let target = scale_of(ty) + right_scale;
        if target < left_scale {
            return Err(wide());
        }
        let numerator = self.rescale_exactly(left, left_scale, target, span)?;
        if self.range(numerator).is_wide() || self.range(right).is_wide() {
            return Err(wide());
        }
        Ok(self.integer(IntegerOp::DivideRounded, numerator, right, ty, span))
    }

    /// Scales up without a change of value; never a fault, since the range grows with it.
    pub(super) fn rescale_exactly(
        &mut self,
        input: NodeId,
        from: u8,
        to: u8,
        span: Span,
    ) -> Result<NodeId> {
        if from == to {
            return Ok(input);
        }
        let digits = to - from;
        let too_many = || Unsupported::new("decimal beyond 38 digits");
        let factor = types::pow10(digits).ok_or_else(too_many)?;
        let range = self.range(input).apply(IntegerOp::Multiply, Range::new(factor, factor));
        let range = range.ok_or_else(too_many)?;
        Ok(self.push(Op::ScaleUp { input, digits }, Repr::Integer(range), span))
    }

    pub(super) fn negate(&mut self, input: &Scalar, ty: DataType, span: Span) -> Result<NodeId> {
        let id = self.scalar(input)?;
        let repr = match self.repr(id) {
            Repr::Integer(range) if is_exact(ty) && input.ty == ty => {
                let limit = Range::of(ty).expect("integers and decimals have ranges");
                let exact = Range::new(-range.hi, range.lo.saturating_neg());
                Repr::Integer(exact.intersect(limit))
            }
            repr @ (Repr::Float32 | Repr::Float64) => repr,
            Repr::Integer(_) | Repr::Boolean => {
                return Err(Unsupported::new(format!("- {}", input.ty)));
            }
        };
        Ok(self.push(Op::Negate(id), repr, span))
    }

    pub(super) fn absolute(&mut self, input: &Scalar, span: Span) -> Result<NodeId> {
        let id = self.scalar(input)?;
        let repr = match self.repr(id) {
            Repr::Integer(range) if is_exact(input.ty) => {
                let limit = Range::of(input.ty).expect("integers and decimals have ranges");
                let most = range.hi.max(range.lo.saturating_neg());
                Repr::Integer(Range::new(0, most.min(limit.hi)))
            }
            repr @ (Repr::Float32 | Repr::Float64) => repr,
            Repr::Integer(_) | Repr::Boolean => {
                return Err(Unsupported::new(format!("abs({})", input.ty)));
            }
        };
        Ok(self.push(Op::Absolute(id), repr, span))
    }
}

/// Returns the days that a DATE may have, infinities aside.
pub(crate) fn calendar() -> Range {
    Range::new(DATE_MIN, DATE_MAX)
}

fn is_exact(ty: DataType) -> bool {
    ty.is_integer() || matches!(ty, DataType::Decimal { .. })
}

fn integer_op(op: ArithmeticOp, rounded: bool) -> IntegerOp {
    match op {
        ArithmeticOp::Add => IntegerOp::Add,
        ArithmeticOp::Subtract => IntegerOp::Subtract,
        ArithmeticOp::Multiply => IntegerOp::Multiply,
        ArithmeticOp::Divide if rounded => IntegerOp::DivideRounded,
        ArithmeticOp::Divide => IntegerOp::Divide,
        ArithmeticOp::Modulo => IntegerOp::Modulo,
    }
}

fn float_op(op: ArithmeticOp) -> Option<FloatOp> {
    match op {
        ArithmeticOp::Add => Some(FloatOp::Add),
        ArithmeticOp::Subtract => Some(FloatOp::Subtract),
        ArithmeticOp::Multiply => Some(FloatOp::Multiply),
        ArithmeticOp::Divide => Some(FloatOp::Divide),
        ArithmeticOp::Modulo => None,
    }
}
