//! Functions of dates and times: EXTRACT and its kin, DATE_TRUNC, DATE_ADD, TO_CHAR.

use diag::{Code, Diagnostic, Result, Span, did_you_mean};
use ir::{ArithmeticOp, Function, Scalar, ScalarKind, TimeField};
use types::{DataType, Timestamp, Value};

use super::{Special, call_of};
use crate::binder::Binder;
use crate::coerce::{cast, is_unknown};
use crate::expr::{as_double, one_of, shifted};

/// Every spelling of a field.
const FIELDS: &[(&str, TimeField)] = &[
    ("microsecond", TimeField::Microsecond),
    ("microseconds", TimeField::Microsecond),
    ("millisecond", TimeField::Millisecond),
    ("milliseconds", TimeField::Millisecond),
    ("second", TimeField::Second),
    ("seconds", TimeField::Second),
    ("minute", TimeField::Minute),
    ("minutes", TimeField::Minute),
    ("hour", TimeField::Hour),
    ("hours", TimeField::Hour),
    ("day", TimeField::Day),
    ("days", TimeField::Day),
    ("week", TimeField::Week),
    ("weeks", TimeField::Week),
    ("month", TimeField::Month),
    ("months", TimeField::Month),
    ("quarter", TimeField::Quarter),
    ("year", TimeField::Year),
    ("years", TimeField::Year),
    ("decade", TimeField::Decade),
    ("century", TimeField::Century),
    ("millennium", TimeField::Millennium),
    ("dow", TimeField::DayOfWeek),
    ("dayofweek", TimeField::DayOfWeek),
    ("isodow", TimeField::IsoDayOfWeek),
    ("doy", TimeField::DayOfYear),
    ("dayofyear", TimeField::DayOfYear),
    ("isoyear", TimeField::IsoYear),
    ("epoch", TimeField::Epoch),
];

impl Binder<'_> {
    pub(super) fn special_time(
        &mut self,
        name: &str,
        mut args: Vec<Scalar>,
        span: Span,
    ) -> Result<Special> {
        let bound = match (name, args.len()) {
            ("extract", 2) => {
                let (field, time) = self.field_and_time(args)?;
                self.extract(field, time, None, span)?
            }
            ("date_part", 2) => {
                let (field, time) = self.field_and_time(args)?;
                self.extract(field, time, Some(DataType::Float64), span)?
            }
            ("epoch", 1) => {
                self.extract(TimeField::Epoch, args.remove(0), Some(DataType::Float64), span)?
            }
            ("year" | "month" | "day" | "hour" | "minute" | "second" | "quarter" | "week", 1) => {
                let field = field_named(name).expect("the arm lists fields");
                self.extract(field, args.remove(0), Some(DataType::Int64), span)?
            }
            ("date_trunc", 2) => {
                let (field, time) = self.field_and_time(args)?;
                self.truncate_time(field, time, span)?
            }
            ("date_add" | "dateadd", 2..=3) => self.date_shift(args, true, span)?,
            ("date_sub" | "datesub", 2..=3) => self.date_shift(args, false, span)?,
            ("to_timestamp", 1) => self.epoch_time(args.remove(0), span)?,
            ("to_char", 2) => self.format_as(args, span)?,
            _ => return Ok(Special::Unknown(args)),
        };
        Ok(Special::Bound(bound))
    }

    fn field_and_time(&mut self, mut args: Vec<Scalar>) -> Result<(TimeField, Scalar)> {
        let time = args.pop().expect("the caller counted two");
        let field = args.pop().expect("the caller counted two");
        let Some(Value::Text(word)) = field.as_literal() else {
            return crate::expr::not_built(field.span, "a field that is not a constant");
        };
        match field_named(&word.to_lowercase()) {
            Some(field) => Ok((field, time)),
            None => Err(unknown_field(word, field.span).into()),
        }
    }

    /// An argument that must be a date, timestamp or interval; text is read as a timestamp.
    fn time_argument(&mut self, time: Scalar) -> Result<Scalar> {
        match time.ty {
            DataType::Null => self.adopt(time, DataType::Timestamp),
            DataType::Json => Ok(cast(crate::coerce::to_text(time), DataType::Timestamp)),
            DataType::Date | DataType::Timestamp | DataType::Interval => Ok(time),
            ty => {
                let message = format!("{ty} has no fields of time");
                Err(Diagnostic::at(Code::TypeMismatch, time.span, message)
                    .primary("needs a DATE, TIMESTAMP or INTERVAL")
                    .into())
            }
        }
    }

    /// Reads a field, as `ty` where that is not the field's own type.
    fn extract(
        &mut self,
        field: TimeField,
        time: Scalar,
        ty: Option<DataType>,
        span: Span,
    ) -> Result<Scalar> {
        let time = self.time_argument(time)?;
        let own = extracted(field, time.ty);
        let read = call_of(Function::Extract(field), vec![time], own, span);
        Ok(cast(read, ty.unwrap_or(own)))
    }

    fn truncate_time(&mut self, field: TimeField, time: Scalar, span: Span) -> Result<Scalar> {
        let time = self.time_argument(time)?;
        let ty = if time.ty == DataType::Date { DataType::Timestamp } else { time.ty };
        Ok(call_of(Function::DateTrunc(field), vec![cast(time, ty)], ty, span))
    }

    /// `DATE_ADD(t, interval)`, `DATE_ADD(t, n, 'unit')`, `DATE_ADD('unit', n, t)`.
    fn date_shift(&mut self, mut args: Vec<Scalar>, forward: bool, span: Span) -> Result<Scalar> {
        if args.len() == 2 {
            let interval = args.remove(1);
            return shifted(self, args.remove(0), interval, forward, span);
        }
        let (time, count, unit) = match unit_of(&args[0]) {
            Some(unit) => {
                let time = args.remove(2);
                (time, args.remove(1), unit)
            }
            None => {
                let Some(unit) = unit_of(&args[2]) else {
                    return Err(unknown_field("", args[2].span).into());
                };
                let count = args.remove(1);
                (args.remove(0), count, unit)
            }
        };
        let one = one_of(self, &unit, span)?;
        let interval = self.arithmetic(ArithmeticOp::Multiply, one, count, span)?;
        shifted(self, time, interval, forward, span)
    }

    /// Seconds since 1970 as a timestamp.
    fn epoch_time(&mut self, seconds: Scalar, span: Span) -> Result<Scalar> {
        let seconds = as_double(self, seconds)?;
        let zero = Scalar::literal(Value::Timestamp(Timestamp(0)), DataType::Timestamp, span);
        let one = one_of(self, "second", span)?;
        let interval = self.arithmetic(ArithmeticOp::Multiply, one, seconds, span)?;
        shifted(self, zero, interval, true, span)
    }

    fn format_as(&mut self, mut args: Vec<Scalar>, span: Span) -> Result<Scalar> {
        let format = args.pop().expect("the caller counted two");
        let value = args.pop().expect("the caller counted two");
        let value = if is_unknown(&value) || !value.ty.is_numeric() {
            self.time_argument(value)?
        } else {
            value
        };
        let format = self.texted(format)?;
        let kind = ScalarKind::Call(Function::ToChar, vec![value, format]);
        Ok(Scalar::new(kind, DataType::TEXT, span))
    }
}

/// The type of what EXTRACT reads: whole but for seconds, which keep their microseconds exactly.
fn extracted(field: TimeField, of: DataType) -> DataType {
    let (precision, scale) = match field {
        TimeField::Epoch if of == DataType::Date => (18, 0),
        TimeField::Epoch | TimeField::Second => (38, 6),
        TimeField::Millisecond => (38, 3),
        TimeField::Microsecond
        | TimeField::Minute
        | TimeField::Hour
        | TimeField::Day
        | TimeField::Week
        | TimeField::Month
        | TimeField::Quarter
        | TimeField::Year
        | TimeField::Decade
        | TimeField::Century
        | TimeField::Millennium
        | TimeField::DayOfWeek
        | TimeField::IsoDayOfWeek
        | TimeField::DayOfYear
        | TimeField::IsoYear => (18, 0),
    };
    DataType::Decimal { precision, scale }
}

fn field_named(word: &str) -> Option<TimeField> {
    FIELDS.iter().find(|(name, _)| *name == word).map(|(_, field)| *field)
}

fn unit_of(scalar: &Scalar) -> Option<String> {
    match scalar.as_literal() {
        Some(Value::Text(word)) => {
            let word = word.to_lowercase();
            field_named(&word).map(|_| word)
        }
        _ => None,
    }
}

fn unknown_field(word: &str, span: Span) -> Diagnostic {
    let message = format!("\"{word}\" is not a field of time");
    let near = did_you_mean(word, FIELDS.iter().map(|(name, _)| *name));
    Diagnostic::at(Code::InvalidArgument, span, message)
        .help_opt(near.or_else(|| Some("fields are year, month, day, hour, …".to_owned())))
}
