//! Exact decimals: a 128-bit integer and a count of digits after the point.

use std::fmt;

/// Most digits a decimal holds.
pub(crate) const MAX_PRECISION: u8 = 38;

/// An exact decimal number: `unscaled / 10^scale`.
///
/// Equality is of representation; [`Decimal::compare`] is of value (1.0 and 1.00 are equal).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// The digits, with sign.
    pub unscaled: i128,
    /// Digits after the point, at most 38.
    pub scale: u8,
}

/// Why a decimal could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// More digits than 38, or than the column's precision.
    #[error("out of range of the decimal type")]
    Overflow,
    /// Division by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// Text that is not a number.
    #[error("not a number")]
    Syntax,
}

/// Returns 10^digits, or `None` past 38.
pub fn pow10(digits: u8) -> Option<i128> {
    (digits <= MAX_PRECISION).then(|| 10_i128.pow(u32::from(digits)))
}

impl Decimal {
    /// Returns `unscaled / 10^scale`.
    pub fn new(unscaled: i128, scale: u8) -> Decimal {
        debug_assert!(scale <= MAX_PRECISION, "a scale is at most 38");
        Decimal { unscaled, scale }
    }

    /// Returns the number of digits that the value needs, at least 1.
    pub fn digits(self) -> u8 {
        let digits = self.unscaled.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
        u8::try_from(digits).expect("an i128 has at most 39 digits")
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.unscaled < 0 { "-" } else { "" };
        let digits = self.unscaled.unsigned_abs().to_string();
        let scale = usize::from(self.scale);
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}
