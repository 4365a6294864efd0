//! Why an expression has no value for some row.
//!
//! A [`Failure`] is what the row's operation knows: the kind of mistake and the offending values.
//! The evaluator adds the place in the statement and makes it an [`EvalError`].

use diag::{Code, Diagnostic, Span};
use types::{DataType, DecimalError, TimeError, Value};

/// A mistake in the data that an expression met.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// The kind of mistake.
    pub code: Code,
    /// The operation that failed.
    pub span: Span,
    /// What is wrong, with the offending values.
    pub message: String,
    /// What else is known.
    pub detail: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl From<EvalError> for Diagnostic {
    fn from(error: EvalError) -> Diagnostic {
        let mut diagnostic =
            Diagnostic::at(error.code, error.span, error.message).help_opt(error.help);
        diagnostic.detail = error.detail;
        diagnostic
    }
}

impl From<EvalError> for Box<Diagnostic> {
    fn from(error: EvalError) -> Box<Diagnostic> {
        Box::new(Diagnostic::from(error))
    }
}

/// A mistake without its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) detail: Option<String>,
    pub(crate) help: Option<String>,
}

/// The result of an operation on one row.
pub(crate) type RowResult<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), detail: None, help: None }
    }

    fn helped(self, help: impl Into<String>) -> Failure {
        Failure { help: Some(help.into()), ..self }
    }

    /// Returns the failure with its place.
    pub(crate) fn at(self, span: Span) -> EvalError {
        let Failure { code, message, detail, help } = self;
        EvalError { code, span, message, detail, help }
    }

    pub(crate) fn division_by_zero(dividend: &Value) -> Failure {
        let mut failure = Failure::new(Code::DivisionByZero, "division by zero");
        failure.detail = Some(format!("the dividend is {dividend}"));
        failure.helped("NULLIF(divisor, 0) makes the result NULL where the divisor is zero")
    }

    /// A result that its type does not hold; `what` shows the operation with its values.
    pub(crate) fn out_of_range(what: impl std::fmt::Display, ty: DataType) -> Failure {
        Failure::new(Code::NumericOverflow, format!("{what} is out of range for type {ty}"))
            .helped(wider(ty))
    }

    pub(crate) fn invalid_text(text: &str, ty: DataType) -> Failure {
        let code = match ty {
            DataType::Json => Code::InvalidJson,
            DataType::Date | DataType::Timestamp | DataType::Interval => Code::InvalidDatetimeText,
            _ => Code::InvalidText,
        };
        Failure::new(code, format!("invalid input syntax for type {ty}: \"{}\"", shortened(text)))
            .helped(format!("TRY_CAST gives NULL where a text is no {ty}"))
    }

    pub(crate) fn argument(message: impl Into<String>) -> Failure {
        Failure::new(Code::InvalidArgument, message)
    }

    pub(crate) fn domain(message: impl Into<String>) -> Failure {
        Failure::new(Code::InvalidMath, message)
    }

    pub(crate) fn logarithm(message: impl Into<String>) -> Failure {
        Failure::new(Code::InvalidLogarithm, message)
    }

    pub(crate) fn cannot_cast(value: &Value, ty: DataType) -> Failure {
        let message = format!("cannot cast {} {value} to type {ty}", value.data_type());
        Failure::new(Code::CannotCast, message)
    }

    pub(crate) fn not_built(what: impl std::fmt::Display) -> Failure {
        Failure::new(Code::NotBuilt, format!("{what} is not built yet"))
    }

    /// A decimal operation that failed; `what` shows it with its values.
    pub(crate) fn decimal(
        error: DecimalError,
        what: String,
        dividend: &Value,
        ty: DataType,
    ) -> Failure {
        match error {
            DecimalError::DivisionByZero => Failure::division_by_zero(dividend),
            DecimalError::Overflow | DecimalError::Syntax => Failure::out_of_range(what, ty),
        }
    }

    /// A calendar operation that failed; `what` shows it with its values.
    pub(crate) fn time(error: TimeError, what: impl std::fmt::Display) -> Failure {
        match error {
            TimeError::Range => {
                Failure::new(Code::InvalidDatetime, format!("date or time out of range: {what}"))
            }
            TimeError::Syntax => {
                Failure::new(Code::InvalidDatetimeText, format!("not a date or time: {what}"))
            }
        }
    }
}

/// Where a number that `ty` does not hold can go.
fn wider(ty: DataType) -> &'static str {
    match ty {
        DataType::Int16 | DataType::Int32 => "BIGINT holds up to 19 digits: CAST an operand to it",
        DataType::Int64 => "DECIMAL holds up to 38 digits: CAST an operand to DECIMAL(38,0)",
        DataType::Decimal { precision: 38, .. } => {
            "DOUBLE holds up to 10^308, rounded to 15 digits"
        }
        DataType::Decimal { .. } => "a column of more digits takes it: DECIMAL(38,2), for example",
        DataType::Float32 => "DOUBLE holds up to 10^308",
        DataType::Float64 => "DOUBLE ends at 10^308, and no type holds more",
        DataType::Null
        | DataType::Boolean
        | DataType::Text { .. }
        | DataType::Blob
        | DataType::Date
        | DataType::Timestamp
        | DataType::Interval
        | DataType::Json => "no type holds more",
    }
}

/// Cuts a long text for a message.
fn shortened(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    match text.char_indices().nth(CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
