//! Casts among numbers, booleans, dates and timestamps.

use diag::Span;
use ir::Scalar;
use types::DataType;

use super::{Lowerer, Result, repr_of, scale_of};
use crate::error::Unsupported;
use crate::shape::{IntegerOp, Node, NodeId, Op, Range, Repr};

/// Unscaled decimals up to here, and powers of ten up to 10^22, are exact doubles.
const EXACT_DOUBLE: Range = Range { lo: -(1 << 53), hi: 1 << 53 };
const EXACT_POWER_MAX: u8 = 22;

impl Lowerer<'_> {
    pub(super) fn cast(
        &mut self,
        input: &Scalar,
        ty: DataType,
        lenient: bool,
        span: Span,
    ) -> Result<NodeId> {
        if input.ty == DataType::Null {
            return Ok(self.null(repr_of(ty)?, span));
        }
        let id = self.scalar(input)?;
        self.cast_node(id, input.ty, ty, lenient, span)
    }

    pub(super) fn cast_node(
        &mut self,
        input: NodeId,
        from: DataType,
        to: DataType,
        lenient: bool,
        span: Span,
    ) -> Result<NodeId> {
        if from == to {
            return Ok(input);
        }
        let unsupported = || Unsupported::new(format!("CAST of {from} to {to}"));
        let repr = repr_of(to).map_err(|_| unsupported())?;
        let exact = |ty: DataType| ty.is_integer() || matches!(ty, DataType::Decimal { .. });
        let op = match (from, to) {
            _ if exact(from) && exact(to) => {
                return self.cast_exact(input, scale_of(from), to, lenient, span);
            }
            _ if exact(from) && to.is_float() => self.exact_to_float(input, from, to)?,
            _ if from.is_float() && to.is_float() => Op::FloatToFloat(input),
            _ if from.is_float() && to.is_integer() => Op::FloatToInteger(input),
            (DataType::Boolean, _) if to.is_integer() => Op::BooleanToInteger(input),
            (DataType::Date, DataType::Timestamp) => Op::DateToTimestamp(input),
            (DataType::Timestamp, DataType::Date) => Op::TimestampToDate(input),
            _ => return Err(unsupported()),
        };
        Ok(self.push_node(Node { op, repr, lenient }, span))
    }

    fn cast_exact(
        &mut self,
        input: NodeId,
        scale: u8,
        to: DataType,
        lenient: bool,
        span: Span,
    ) -> Result<NodeId> {
        let target = scale_of(to);
        if target < scale {
            return self.round(input, scale - target, to, lenient, span);
        }
        if target == scale {
            return self.limit(input, to, lenient, span);
        }
        let digits = target - scale;
        let limit = Range::of(to).expect("integers and decimals have ranges");
        let factor = types::pow10(digits).expect("scales are at most 38 digits apart");
        let exact = self.range(input).apply(IntegerOp::Multiply, Range::new(factor, factor));
        let exact = exact.ok_or_else(|| Unsupported::new("decimal beyond 38 digits"))?;
        let repr = Repr::Integer(exact.intersect(limit));
        Ok(self.push_node(Node { op: Op::ScaleUp { input, digits }, repr, lenient }, span))
    }

    /// Drops digits after the point, half away from zero, and checks the range of `ty`.
    pub(super) fn round(
        &mut self,
        input: NodeId,
        digits: u8,
        ty: DataType,
        lenient: bool,
        span: Span,
    ) -> Result<NodeId> {
        let range = self.range(input);
        let factor = types::pow10(digits).expect("scales are at most 38 digits apart");
        if range.is_wide() || factor > i128::from(i64::MAX) / 2 {
            return Err(Unsupported::new("rounding of a decimal beyond 18 digits"));
        }
        let rounded = Range::new(range.lo / factor - 1, range.hi / factor + 1);
        let op = Op::ScaleDown { input, digits };
        let rounded = self.push(op, Repr::Integer(rounded), span);
        self.limit(rounded, ty, lenient, span)
    }

    fn limit(&mut self, input: NodeId, ty: DataType, lenient: bool, span: Span) -> Result<NodeId> {
        let limit = Range::of(ty).expect("integers and decimals have ranges");
        let range = self.range(input);
        if range.within(limit) {
            return Ok(input);
        }
        let repr = Repr::Integer(range.intersect(limit));
        Ok(self.push_node(Node { op: Op::Limit(input), repr, lenient }, span))
    }

    fn exact_to_float(&mut self, input: NodeId, from: DataType, to: DataType) -> Result<Op> {
        let digits = scale_of(from);
        let exact = self.range(input).within(EXACT_DOUBLE) && digits <= EXACT_POWER_MAX;
        let integer = from.is_integer();
        if integer || (exact && to == DataType::Float64) {
            return Ok(Op::IntegerToFloat { input, digits });
        }
        Err(Unsupported::new(format!("CAST of {from} to {to}")))
    }
}
