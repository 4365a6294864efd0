//! Exact decimals: a 128-bit integer and a count of digits after the point.
//!
//! Results take the scale that the caller asks for, and what does not fit it is rounded half away
//! from zero, as PostgreSQL's numeric does. Nothing here rounds twice: products and dividends
//! beyond 128 bits are carried in 256. A result of more than 38 digits is an error.

use std::cmp::Ordering;
use std::fmt;

use arrow_buffer::i256;

/// Most digits a decimal holds.
pub(crate) const MAX_PRECISION: u8 = 38;

/// The least magnitude that a decimal does not hold.
const LIMIT: i128 = 10_i128.pow(MAX_PRECISION as u32);

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

type Result<T> = std::result::Result<T, DecimalError>;

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

    /// True if the digits, all of them, number at most `precision`.
    pub fn fits(self, precision: u8) -> bool {
        pow10(precision).is_some_and(|limit| self.unscaled.unsigned_abs() < limit.unsigned_abs())
    }

    /// Returns the value with `scale` digits after the point, rounded half away from zero.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] past 38 digits.
    pub fn rescale(self, scale: u8) -> Result<Decimal> {
        if scale >= self.scale {
            let factor = power(scale - self.scale);
            let unscaled = self.unscaled.checked_mul(factor).ok_or(DecimalError::Overflow)?;
            return bounded(unscaled, scale);
        }
        bounded(divide_rounded(self.unscaled, power(self.scale - scale)), scale)
    }

    /// Returns the value with the digits after `scale` cut off; the scale becomes `scale`.
    #[must_use]
    pub fn truncate(self, scale: u8) -> Decimal {
        if scale >= self.scale {
            return self;
        }
        Decimal::new(self.unscaled / power(self.scale - scale), scale)
    }

    /// Returns the sum at the larger scale.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] past 38 digits.
    pub fn checked_add(self, other: Decimal) -> Result<Decimal> {
        self.add_to(other, self.scale.max(other.scale))
    }

    /// Returns the difference at the larger scale.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] past 38 digits.
    pub fn checked_sub(self, other: Decimal) -> Result<Decimal> {
        self.add_to(other.negated(), self.scale.max(other.scale))
    }

    /// Returns the product at the sum of the scales, or at 38.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] past 38 digits.
    pub fn checked_mul(self, other: Decimal) -> Result<Decimal> {
        self.mul_to(other, (self.scale + other.scale).min(MAX_PRECISION))
    }

    /// Returns the value with the other sign.
    #[must_use]
    pub fn negated(self) -> Decimal {
        Decimal::new(-self.unscaled, self.scale)
    }

    /// Returns the sum, rounded to `scale`.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] past 38 digits.
    pub fn add_to(self, other: Decimal, scale: u8) -> Result<Decimal> {
        if self.scale == scale && other.scale == scale {
            let sum = self.unscaled.checked_add(other.unscaled).ok_or(DecimalError::Overflow)?;
            return bounded(sum, scale);
        }
        let wide = self.scale.max(other.scale);
        narrow(self.widened(wide) + other.widened(wide), wide, scale)
    }

    /// Returns the product, rounded to `scale`.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] past 38 digits.
    pub fn mul_to(self, other: Decimal, scale: u8) -> Result<Decimal> {
        let exact = self.scale + other.scale;
        match self.unscaled.checked_mul(other.unscaled) {
            Some(product) if exact <= MAX_PRECISION => Decimal::new(product, exact).rescale(scale),
            _ => narrow(
                i256::from_i128(self.unscaled) * i256::from_i128(other.unscaled),
                exact,
                scale,
            ),
        }
    }

    /// Returns the quotient, rounded to `scale`.
    ///
    /// # Errors
    /// [`DecimalError::DivisionByZero`]; [`DecimalError::Overflow`] past 38 digits.
    pub fn div_to(self, other: Decimal, scale: u8) -> Result<Decimal> {
        if other.unscaled == 0 {
            return Err(DecimalError::DivisionByZero);
        }
        // a / 10^sa ÷ b / 10^sb at `scale` is a × 10^up ÷ (b × 10^down).
        let up = (scale + other.scale).saturating_sub(self.scale);
        let down = self.scale.saturating_sub(scale + other.scale);
        // A quotient below 10^38 with |b| < 10^38 has a dividend below 10^76, so one that
        // overflows 256 bits has no quotient that fits either.
        let dividend = wide_power(up)
            .and_then(|factor| i256::from_i128(self.unscaled).checked_mul(factor))
            .ok_or(DecimalError::Overflow)?;
        let divisor = i256::from_i128(other.unscaled)
            .checked_mul(wide_power(down).ok_or(DecimalError::Overflow)?)
            .ok_or(DecimalError::Overflow)?;
        to_decimal(divide_rounded_wide(dividend, divisor), scale)
    }

    /// Returns the remainder of the division that truncates, rounded to `scale`; its sign is the
    /// dividend's.
    ///
    /// # Errors
    /// [`DecimalError::DivisionByZero`]; [`DecimalError::Overflow`] past 38 digits.
    pub fn rem_to(self, other: Decimal, scale: u8) -> Result<Decimal> {
        if other.unscaled == 0 {
            return Err(DecimalError::DivisionByZero);
        }
        let wide = self.scale.max(other.scale);
        narrow(self.widened(wide).wrapping_rem(other.widened(wide)), wide, scale)
    }

    /// Orders by value: 1.0 and 1.00 are equal.
    pub fn compare(self, other: Decimal) -> Ordering {
        if self.scale == other.scale {
            return self.unscaled.cmp(&other.unscaled);
        }
        let wide = self.scale.max(other.scale);
        self.widened(wide).cmp(&other.widened(wide))
    }

    /// Returns the digits at a scale that is not smaller, in 256 bits: 76 digits always fit.
    fn widened(self, scale: u8) -> i256 {
        let factor = i256::from_i128(power(scale - self.scale));
        i256::from_i128(self.unscaled).wrapping_mul(factor)
    }

    /// Returns the value without trailing zeros after the point.
    #[must_use]
    pub fn normalized(self) -> Decimal {
        let mut value = self;
        while value.scale > 0 && value.unscaled % 10 == 0 {
            value = Decimal::new(value.unscaled / 10, value.scale - 1);
        }
        value
    }

    /// Returns the nearest double.
    pub fn to_f64(self) -> f64 {
        const EXACT: u128 = 1 << f64::MANTISSA_DIGITS;
        // Both the digits and a power of ten up to 22 are exact doubles, so their quotient is
        // rounded once; anything longer goes through the decimal reader, which rounds once too.
        if self.unscaled.unsigned_abs() <= EXACT && self.scale <= 22 {
            return self.unscaled as f64 / 10_f64.powi(i32::from(self.scale));
        }
        self.to_string().parse().expect("a decimal prints as a number")
    }

    /// Returns the double, taken to 15 significant digits as PostgreSQL does, rounded to `scale`.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] for NaN, the infinities and numbers past 38 digits.
    pub fn from_f64(value: f64, scale: u8) -> Result<Decimal> {
        if !value.is_finite() {
            return Err(DecimalError::Overflow);
        }
        Decimal::parse_to(&format!("{value:.14e}"), scale)
    }

    /// Returns the integer nearest to the value, halves away from zero.
    pub fn to_i128(self) -> i128 {
        divide_rounded(self.unscaled, power(self.scale))
    }

    /// Returns the integer nearest to the value, or `None` outside 64 bits.
    pub fn to_i64(self) -> Option<i64> {
        i64::try_from(self.to_i128()).ok()
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Decimal {
        Decimal::new(i128::from(value), 0)
    }
}

/// Returns `dividend / divisor`, halves away from zero. `divisor` must be positive.
pub fn divide_rounded(dividend: i128, divisor: i128) -> i128 {
    debug_assert!(divisor > 0, "the caller moves the sign to the dividend");
    let quotient = dividend / divisor;
    let rest = (dividend % divisor).unsigned_abs();
    if rest >= divisor.unsigned_abs().div_ceil(2) { quotient + dividend.signum() } else { quotient }
}

/// Returns the quotient, halves away from zero; the divisor is not zero.
fn divide_rounded_wide(dividend: i256, divisor: i256) -> i256 {
    let quotient = dividend.wrapping_div(divisor);
    let rest = dividend.wrapping_rem(divisor).wrapping_abs();
    let half = divisor.wrapping_abs().wrapping_sub(rest);
    if rest < half {
        return quotient;
    }
    let negative = dividend.is_negative() != divisor.is_negative();
    quotient.wrapping_add(if negative { i256::MINUS_ONE } else { i256::ONE })
}

/// Brings digits in 256 bits from one scale to another.
fn narrow(digits: i256, from: u8, to: u8) -> Result<Decimal> {
    if to >= from {
        let factor = i256::from_i128(power(to - from));
        return to_decimal(digits.checked_mul(factor).ok_or(DecimalError::Overflow)?, to);
    }
    let divisor = wide_power(from - to).ok_or(DecimalError::Overflow)?;
    to_decimal(divide_rounded_wide(digits, divisor), to)
}

fn to_decimal(digits: i256, scale: u8) -> Result<Decimal> {
    bounded(digits.to_i128().ok_or(DecimalError::Overflow)?, scale)
}

fn bounded(unscaled: i128, scale: u8) -> Result<Decimal> {
    if unscaled.unsigned_abs() >= LIMIT.unsigned_abs() {
        return Err(DecimalError::Overflow);
    }
    Ok(Decimal::new(unscaled, scale))
}

fn power(digits: u8) -> i128 {
    pow10(digits).expect("scales are at most 38")
}

/// Returns 10^digits in 256 bits, or `None` past 76.
fn wide_power(digits: u8) -> Option<i256> {
    let low = digits.min(MAX_PRECISION);
    let high = pow10(digits - low)?;
    Some(i256::from_i128(power(low)).wrapping_mul(i256::from_i128(high)))
}

impl Decimal {
    /// Reads `[+-]digits[.digits][e[+-]digits]`, spaces around allowed; the scale is as written.
    ///
    /// # Errors
    /// [`DecimalError::Syntax`]; [`DecimalError::Overflow`] past 38 digits.
    pub fn parse(text: &str) -> Result<Decimal> {
        let digits = Digits::read(text)?;
        let scale = digits.exponent.checked_neg().ok_or(DecimalError::Overflow)?.clamp(0, 38);
        digits.at_scale(u8::try_from(scale).expect("clamped to 38"), false)
    }

    /// Reads a number as [`Decimal::parse`] does and rounds it to `scale`, however long it is.
    ///
    /// # Errors
    /// [`DecimalError::Syntax`]; [`DecimalError::Overflow`] past 38 digits.
    pub fn parse_to(text: &str, scale: u8) -> Result<Decimal> {
        Digits::read(text)?.at_scale(scale, true)
    }
}

/// A number as text has it: `± digits × 10^exponent`.
struct Digits<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl Digits<'_> {
    fn read(text: &str) -> Result<Digits<'_>> {
        let text = text.trim_ascii();
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        if !all_digits || whole.len() + fraction.len() == 0 {
            return Err(DecimalError::Syntax);
        }
        let exponent = exponent - i64::try_from(fraction.len()).expect("text has fewer bytes");
        Ok(Digits { negative, whole: whole.as_bytes(), fraction: fraction.as_bytes(), exponent })
    }

    /// Returns the number at `scale`. Digits below it are rounded if `round`, else too many.
    fn at_scale(&self, scale: u8, round: bool) -> Result<Decimal> {
        let count = i64::try_from(self.whole.len() + self.fraction.len()).expect("fewer bytes");
        // How many of the digits stand at or above the last place of the scale.
        let kept = count + self.exponent + i64::from(scale);
        let mut unscaled = 0_i128;
        let mut round_up = false;
        for (at, byte) in (0_i64..).zip(self.whole.iter().chain(self.fraction)) {
            if at == kept {
                round_up = *byte >= b'5';
            }
            if at >= kept {
                if !round && *byte != b'0' {
                    return Err(DecimalError::Overflow);
                }
                continue;
            }
            unscaled = push_digit(unscaled, i128::from(byte - b'0'))?;
        }
        for _ in count..kept {
            if unscaled == 0 {
                break;
            }
            unscaled = push_digit(unscaled, 0)?;
        }
        unscaled += i128::from(round_up);
        bounded(if self.negative { -unscaled } else { unscaled }, scale)
    }
}

fn push_digit(digits: i128, digit: i128) -> Result<i128> {
    if digits < LIMIT / 10 { Ok(digits * 10 + digit) } else { Err(DecimalError::Overflow) }
}

/// Reads an exponent; one beyond any number's reach is as good as 100,000.
fn read_exponent(text: &str) -> Result<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::Syntax);
    }
    let size = digits.parse::<i64>().unwrap_or(100_000).min(100_000);
    Ok(if text.starts_with('-') { -size } else { size })
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Decimal, DecimalError, i256};

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn text_is_read_as_written() {
        for (text, wanted) in [
            ("1", "1"),
            ("-1.50", "-1.50"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e3", "1000"),
            ("1.5e-3", "0.0015"),
            (" 12.34 ", "12.34"),
            ("-0.00", "0.00"),
            ("1.23e1", "12.3"),
            ("0e99999", "0"),
        ] {
            assert_eq!(decimal(text).to_string(), wanted, "{text}");
        }
        for text in ["", "-", ".", "1e", "1.2.3", "0x1", "1_000", "NaN", "--1"] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::Syntax), "{text}");
        }
        assert_eq!(Decimal::parse("1e38"), Err(DecimalError::Overflow));
        assert_eq!(Decimal::parse(&"9".repeat(39)), Err(DecimalError::Overflow));
        assert!(Decimal::parse(&"9".repeat(38)).is_ok());
    }

    #[test]
    fn halves_round_away_from_zero() {
        for (text, scale, wanted) in
            [("0.5", 0, "1"), ("-0.5", 0, "-1"), ("2.45", 1, "2.5"), ("2.449", 1, "2.4")]
        {
            assert_eq!(decimal(text).rescale(scale).unwrap().to_string(), wanted, "{text}");
            assert_eq!(Decimal::parse_to(text, scale).unwrap().to_string(), wanted, "{text}");
        }
        assert_eq!(Decimal::from_f64(0.1, 3).unwrap().to_string(), "0.100");
        assert_eq!(Decimal::from_f64(f64::NAN, 3), Err(DecimalError::Overflow));
    }

    #[test]
    fn ten_cents_and_twenty_are_thirty() {
        let sum = decimal("0.10").checked_add(decimal("0.20")).unwrap();
        assert_eq!(sum.to_string(), "0.30");
    }

    #[test]
    fn quotients_round_once() {
        // SELECT 10/3::numeric(38,16), 2/3, -1/3 in PostgreSQL, to these scales.
        for (a, b, scale, wanted) in
            [("10", "3", 4, "3.3333"), ("2", "3", 6, "0.666667"), ("-1", "0.3", 2, "-3.33")]
        {
            assert_eq!(decimal(a).div_to(decimal(b), scale).unwrap().to_string(), wanted);
        }
        assert_eq!(decimal("1").div_to(decimal("0.0"), 2), Err(DecimalError::DivisionByZero));
        let huge = decimal(&"9".repeat(38));
        assert_eq!(huge.div_to(decimal("0.1"), 0), Err(DecimalError::Overflow));
        assert_eq!(huge.div_to(huge, 10).unwrap().to_string(), "1.0000000000");
    }

    proptest! {
        #[test]
        fn sums_and_products_agree_with_256_bits(
            a in -10_i128.pow(37)..10_i128.pow(37), b in -10_i128.pow(37)..10_i128.pow(37),
            sa in 0_u8..20, sb in 0_u8..18,
        ) {
            let (x, y) = (Decimal::new(a, sa), Decimal::new(b, sb));
            let product = i256::from_i128(a) * i256::from_i128(b);
            match x.mul_to(y, sa + sb) {
                Ok(found) => prop_assert_eq!(i256::from_i128(found.unscaled), product),
                Err(_) => prop_assert!(product.wrapping_abs() >= i256::from_i128(super::LIMIT)),
            }
            let wide = sa.max(sb);
            let up = |n: i128, s: u8| i256::from_i128(n) * i256::from_i128(super::power(wide - s));
            let sum = up(a, sa) + up(b, sb);
            match x.checked_add(y) {
                Ok(found) => prop_assert_eq!(i256::from_i128(found.unscaled), sum),
                Err(_) => prop_assert!(sum.wrapping_abs() >= i256::from_i128(super::LIMIT)),
            }
            prop_assert_eq!(x.compare(y), up(a, sa).cmp(&up(b, sb)));
        }

        #[test]
        fn text_round_trips(unscaled in -(10_i128.pow(38) - 1)..10_i128.pow(38), scale in 0_u8..=38) {
            let number = Decimal::new(unscaled, scale);
            prop_assert_eq!(Decimal::parse(&number.to_string()), Ok(number));
        }

        #[test]
        fn a_quotient_times_the_divisor_is_the_dividend(
            a in -1_000_000_i128..1_000_000, b in 1_i128..100_000, scale in 0_u8..12,
        ) {
            let quotient = Decimal::new(a, 2).div_to(Decimal::new(b, 3), scale).unwrap();
            // |q·b - a| ≤ b / 2 units of the last place.
            let error = quotient.unscaled * b - a * 10 * 10_i128.pow(u32::from(scale));
            prop_assert!(2 * error.abs() <= b);
        }
    }
}
