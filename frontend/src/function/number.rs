//! Functions of numbers whose result follows the argument's type: ABS, ROUND, CEIL and their kin.

use diag::{Code, Diagnostic, Result, Span};
use ir::{ArithmeticOp, Function, Scalar};
use types::{DataType, Value};

use super::{Special, call_of};
use crate::binder::Binder;
use crate::coerce::{cast, decimal_operand};

impl Binder<'_> {
    pub(super) fn special_number(
        &mut self,
        name: &str,
        mut args: Vec<Scalar>,
        span: Span,
    ) -> Result<Special> {
        let bound = match (name, args.len()) {
            ("abs", 1) => self.like_argument(Function::Abs, args.remove(0), name, span)?,
            ("sign", 1) => self.like_argument(Function::Sign, args.remove(0), name, span)?,
            ("ceil" | "ceiling", 1) => self.whole(Function::Ceil, args.remove(0), name, span)?,
            ("floor", 1) => self.whole(Function::Floor, args.remove(0), name, span)?,
            ("round", 1) => self.whole(Function::Round, args.remove(0), name, span)?,
            ("trunc" | "truncate", 1) => {
                self.whole(Function::Truncate, args.remove(0), name, span)?
            }
            ("round", 2) => self.round_to_digits(Function::Round, args, name, span)?,
            ("trunc" | "truncate", 2) => {
                self.round_to_digits(Function::Truncate, args, name, span)?
            }
            ("mod", 2) => {
                let right = args.remove(1);
                self.arithmetic(ArithmeticOp::Modulo, args.remove(0), right, span)?
            }
            _ => return self.special_time(name, args, span),
        };
        Ok(Special::Bound(bound))
    }

    /// An argument that must be a number; JSON is read as DOUBLE.
    fn number(&mut self, arg: Scalar, name: &str, span: Span) -> Result<Scalar> {
        match arg.ty {
            DataType::Null => self.adopt(arg, DataType::Float64),
            DataType::Json => Ok(cast(arg, DataType::Float64)),
            ty if ty.is_numeric() => Ok(arg),
            ty => {
                let message = format!("function {name}({ty}) does not exist");
                Err(Diagnostic::at(Code::UnknownFunction, span, message)
                    .primary("takes a number")
                    .label(arg.span, format!("this is {ty}"))
                    .into())
            }
        }
    }

    fn like_argument(
        &mut self,
        function: Function,
        arg: Scalar,
        name: &str,
        span: Span,
    ) -> Result<Scalar> {
        let arg = self.number(arg, name, span)?;
        let ty = match arg.ty {
            // -1, 0 or 1.
            DataType::Decimal { .. } if function == Function::Sign => {
                DataType::Decimal { precision: 1, scale: 0 }
            }
            other => other,
        };
        Ok(call_of(function, vec![arg], ty, span))
    }

    /// Rounds to a whole number; an integer is one already.
    fn whole(&mut self, function: Function, arg: Scalar, name: &str, span: Span) -> Result<Scalar> {
        let arg = self.number(arg, name, span)?;
        let ty = match arg.ty {
            ty if ty.is_integer() => return Ok(Scalar { span, ..arg }),
            DataType::Decimal { precision, scale } => rounded(precision, scale, 0),
            other => other,
        };
        Ok(call_of(function, vec![arg], ty, span))
    }

    /// Rounds to a number of digits, which a constant makes the scale of the result.
    fn round_to_digits(
        &mut self,
        function: Function,
        mut args: Vec<Scalar>,
        name: &str,
        span: Span,
    ) -> Result<Scalar> {
        let digits = args.pop().expect("it has two arguments");
        let number = args.pop().expect("it has two arguments");
        let number = self.number(number, name, span)?;
        let number = decimal_operand(number);
        if !(digits.ty.is_integer() || matches!(digits.ty, DataType::Null | DataType::Json)) {
            let message = format!("function {name}({}, {}) does not exist", number.ty, digits.ty);
            return Err(Diagnostic::at(Code::UnknownFunction, span, message)
                .primary("the digits are a BIGINT")
                .label(digits.span, format!("this is {}", digits.ty))
                .into());
        }
        let digits = self.convert(digits, DataType::Int64)?;
        let ty = match (number.ty, digits.as_literal()) {
            (DataType::Decimal { precision, scale }, Some(Value::Int64(digits))) => {
                let wanted = u8::try_from((*digits).clamp(0, 38)).expect("it is at most 38");
                rounded(precision, scale, wanted)
            }
            (other, _) => other,
        };
        Ok(call_of(function, vec![number, digits], ty, span))
    }
}

/// Rounding may carry into one more digit before the point.
fn rounded(precision: u8, scale: u8, wanted: u8) -> DataType {
    let precision = (precision - scale + 1 + wanted).min(38);
    DataType::Decimal { precision, scale: wanted.min(precision) }
}
