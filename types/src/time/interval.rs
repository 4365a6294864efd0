//! Intervals: months, days and microseconds that do not carry into each other.
//!
//! They compare as if a month had 30 days and a day 24 hours, as in PostgreSQL.

use std::cmp::Ordering;

use super::{MICROS_PER_DAY, TimeError};

/// A span of calendar and clock: fields do not carry into each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Months.
    pub months: i32,
    /// Days.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

impl Interval {
    /// Returns the microseconds with months of 30 days and days of 24 hours: what is compared.
    pub fn approximate_micros(self) -> i128 {
        let days = i128::from(self.months) * 30 + i128::from(self.days);
        days * i128::from(MICROS_PER_DAY) + i128::from(self.micros)
    }

    /// Orders by approximate length: `1 mon` equals `30 days`.
    pub fn compare(self, other: Interval) -> Ordering {
        self.approximate_micros().cmp(&other.approximate_micros())
    }

    /// Returns the sum, field by field.
    ///
    /// # Errors
    /// [`TimeError::Range`] if a field overflows.
    pub fn checked_add(self, other: Interval) -> Result<Interval, TimeError> {
        let sum = || {
            Some(Interval {
                months: self.months.checked_add(other.months)?,
                days: self.days.checked_add(other.days)?,
                micros: self.micros.checked_add(other.micros)?,
            })
        };
        sum().ok_or(TimeError::Range)
    }

    /// Returns the interval that runs the other way.
    ///
    /// # Errors
    /// [`TimeError::Range`] if a field overflows.
    pub fn checked_neg(self) -> Result<Interval, TimeError> {
        let negated = || {
            Some(Interval {
                months: self.months.checked_neg()?,
                days: self.days.checked_neg()?,
                micros: self.micros.checked_neg()?,
            })
        };
        negated().ok_or(TimeError::Range)
    }

    /// Returns `factor` times the interval; fractions of a month spill into days of a thirtieth
    /// month, fractions of a day into the clock.
    ///
    /// # Errors
    /// [`TimeError::Range`] if a field overflows or the factor is NaN or infinite.
    pub fn checked_mul(self, factor: f64) -> Result<Interval, TimeError> {
        Interval::from_fractions(
            f64::from(self.months) * factor,
            f64::from(self.days) * factor,
            self.micros as f64 * factor,
        )
    }

    /// Returns an interval of fields with fractions, which spill downwards.
    ///
    /// # Errors
    /// [`TimeError::Range`] if a field overflows or is NaN.
    pub fn from_fractions(months: f64, days: f64, micros: f64) -> Result<Interval, TimeError> {
        // PostgreSQL rounds what spills to microseconds before it splits off whole days.
        let spilled_days = micros_of(months.fract() * 30.0);
        let fraction = micros_of(spilled_days.fract() + days.fract());
        Ok(Interval {
            months: whole(months)?,
            days: whole(days.trunc() + spilled_days.trunc() + fraction.trunc())?,
            micros: {
                let clock = fraction.fract() * MICROS_PER_DAY as f64 + micros;
                let clock = clock.round_ties_even();
                if clock.is_nan() || clock.abs() >= i64::MAX as f64 {
                    return Err(TimeError::Range);
                }
                clock as i64
            },
        })
    }
}

/// Rounds a count of days to whole microseconds, so that 0.1 × 30 is 3 days.
fn micros_of(days: f64) -> f64 {
    let scale = MICROS_PER_DAY as f64;
    (days * scale).round() / scale
}

fn whole(field: f64) -> Result<i32, TimeError> {
    let inside = field.trunc().abs() <= f64::from(i32::MAX);
    if inside { Ok(field as i32) } else { Err(TimeError::Range) }
}
