//! Dates, timestamps, intervals and periods.
//!
//! A timestamp is i64 microseconds since 1970-01-01 00:00 UTC; a date is i32 days. The extreme
//! values stand for the infinities, as in PostgreSQL. Periods are closed-open (SQL:2011).

mod civil;
mod interval;
mod interval_text;
mod text;

pub use civil::{Civil, days_in_month, days_of_civil, weekday};
pub use interval::Interval;

/// Microseconds in a second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;
/// The raw valid time or timestamp `-infinity`.
pub const TIME_MIN: i64 = i64::MIN;
/// The raw valid time or timestamp `infinity`.
pub const TIME_MAX: i64 = i64::MAX;

/// Why a date, time or interval could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Text that does not read as one.
    #[error("not a date or time")]
    Syntax,
    /// A field or result out of range.
    #[error("date or time out of range")]
    Range,
}

/// Days since 1970-01-01; `i32::MIN` and `i32::MAX` are the infinities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(pub i32);

/// Microseconds since the epoch, UTC; [`TIME_MIN`] and [`TIME_MAX`] are the infinities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Date {
    /// `-infinity`.
    pub const MIN: Date = Date(i32::MIN);
    /// `infinity`.
    pub const MAX: Date = Date(i32::MAX);

    /// True unless the date is one of the infinities.
    pub fn is_finite(self) -> bool {
        self != Date::MIN && self != Date::MAX
    }

    /// Returns the date of a calendar day; year 0 is 1 BC.
    ///
    /// # Errors
    /// [`TimeError::Range`] if there is no such day, or it lies outside 4713 BC to 5874897.
    pub fn from_civil(year: i32, month: u32, day: u32) -> Result<Date, TimeError> {
        let real = (civil::YEAR_MIN..=civil::YEAR_MAX).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        if !real {
            return Err(TimeError::Range);
        }
        Ok(Date(i32::try_from(days_of_civil(year, month, day)).expect("the years fit in 32 bits")))
    }

    /// Returns the date `days` later; the infinities stay where they are.
    ///
    /// # Errors
    /// [`TimeError::Range`] outside the calendar.
    pub fn checked_add_days(self, days: i64) -> Result<Date, TimeError> {
        if !self.is_finite() {
            return Ok(self);
        }
        let days = i64::from(self.0).checked_add(days).ok_or(TimeError::Range)?;
        Date::from_days(days)
    }

    /// Returns the date of a count of days since 1970-01-01.
    ///
    /// # Errors
    /// [`TimeError::Range`] outside the calendar.
    pub fn from_days(days: i64) -> Result<Date, TimeError> {
        let inside = (civil::DATE_MIN..=civil::DATE_MAX).contains(&days);
        let days = i32::try_from(days).ok().filter(|_| inside);
        days.map(Date).ok_or(TimeError::Range)
    }

    /// Returns midnight of the day.
    ///
    /// # Errors
    /// [`TimeError::Range`] past the last timestamp.
    pub fn to_timestamp(self) -> Result<Timestamp, TimeError> {
        match self {
            Date::MIN => Ok(Timestamp::MIN),
            Date::MAX => Ok(Timestamp::MAX),
            Date(days) => {
                let micros = i64::from(days).checked_mul(MICROS_PER_DAY).ok_or(TimeError::Range)?;
                Timestamp::from_micros(micros)
            }
        }
    }
}

impl Timestamp {
    /// `-infinity`.
    pub const MIN: Timestamp = Timestamp(TIME_MIN);
    /// `infinity`.
    pub const MAX: Timestamp = Timestamp(TIME_MAX);

    /// True unless the timestamp is one of the infinities.
    pub fn is_finite(self) -> bool {
        self != Timestamp::MIN && self != Timestamp::MAX
    }

    /// Returns the timestamp of a count of microseconds since the epoch.
    ///
    /// # Errors
    /// [`TimeError::Range`] for the two counts that stand for the infinities and before 4713 BC.
    pub fn from_micros(micros: i64) -> Result<Timestamp, TimeError> {
        let inside = (civil::DATE_MIN * MICROS_PER_DAY..TIME_MAX).contains(&micros);
        if inside { Ok(Timestamp(micros)) } else { Err(TimeError::Range) }
    }

    /// Returns the day that the timestamp falls on.
    pub fn to_date(self) -> Date {
        match self {
            Timestamp::MIN => Date::MIN,
            Timestamp::MAX => Date::MAX,
            Timestamp(micros) => {
                let days = micros.div_euclid(MICROS_PER_DAY);
                Date(i32::try_from(days).expect("the days of 64-bit microseconds fit in 32 bits"))
            }
        }
    }

    /// Returns the timestamp an interval later: months first, the day clamped to the month's end,
    /// then days, then microseconds. The infinities stay where they are.
    ///
    /// # Errors
    /// [`TimeError::Range`] outside the calendar.
    pub fn checked_add(self, interval: Interval) -> Result<Timestamp, TimeError> {
        if !self.is_finite() {
            return Ok(self);
        }
        let moved = if interval.months == 0 { self } else { self.add_months(interval.months)? };
        let days = i64::from(interval.days) * MICROS_PER_DAY;
        let micros = moved.0.checked_add(days).and_then(|sum| sum.checked_add(interval.micros));
        Timestamp::from_micros(micros.ok_or(TimeError::Range)?)
    }

    fn add_months(self, months: i32) -> Result<Timestamp, TimeError> {
        let civil = Civil::of(self);
        let total = i64::from(civil.year) * 12 + i64::from(civil.month) - 1 + i64::from(months);
        let year = i32::try_from(total.div_euclid(12)).map_err(|_| TimeError::Range)?;
        let month = u32::try_from(total.rem_euclid(12)).expect("a remainder of 12") + 1;
        let day = civil.day.min(days_in_month(year, month));
        Civil { year, month, day, ..civil }.to_timestamp()
    }

    /// Returns `self - earlier` in days and microseconds, without months.
    ///
    /// # Errors
    /// [`TimeError::Range`] if one of them is infinite or the difference overflows.
    pub fn checked_sub(self, earlier: Timestamp) -> Result<Interval, TimeError> {
        if !self.is_finite() || !earlier.is_finite() {
            return Err(TimeError::Range);
        }
        let micros = self.0.checked_sub(earlier.0).ok_or(TimeError::Range)?;
        let days = i32::try_from(micros / MICROS_PER_DAY).expect("64-bit microseconds");
        Ok(Interval { months: 0, days, micros: micros % MICROS_PER_DAY })
    }
}

/// A closed-open period of raw time `[from, to)`, `from < to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    /// First instant inside.
    pub from: i64,
    /// First instant after it.
    pub to: i64,
}

impl Period {
    /// All of time.
    pub const ALWAYS: Period = Period { from: TIME_MIN, to: TIME_MAX };

    /// Returns `[from, to)`, or `None` unless `from < to`.
    pub fn new(from: i64, to: i64) -> Option<Period> {
        (from < to).then_some(Period { from, to })
    }

    /// True if `at` lies inside.
    pub fn contains(self, at: i64) -> bool {
        self.from <= at && at < self.to
    }

    /// True if the two share an instant.
    pub fn overlaps(self, other: Period) -> bool {
        self.from < other.to && other.from < self.to
    }
}

#[cfg(test)]
mod tests {
    use super::{Date, Interval, TimeError, Timestamp};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn months_clamp_to_the_last_day() {
        // SELECT timestamp '2024-01-31' + interval '1 month' and so on in PostgreSQL.
        for (start, months, wanted) in [
            ("2024-01-31", 1, "2024-02-29 00:00:00"),
            ("2023-01-31 12:30:00", 1, "2023-02-28 12:30:00"),
            ("2024-02-29", -12, "2023-02-28 00:00:00"),
            ("2024-03-31", -1, "2024-02-29 00:00:00"),
        ] {
            let interval = Interval { months, days: 0, micros: 0 };
            assert_eq!(at(start).checked_add(interval).unwrap().to_string(), wanted);
        }
    }

    #[test]
    fn differences_are_days_and_clock() {
        let difference = at("2024-03-01 12:00").checked_sub(at("2024-02-28 13:00")).unwrap();
        assert_eq!(difference.to_string(), "1 day 23:00:00");
        assert_eq!(Timestamp::MAX.checked_sub(at("2024-01-01")), Err(TimeError::Range));
    }

    #[test]
    fn infinities_stay_and_ends_are_errors() {
        let day = Interval { months: 1, days: 1, micros: 0 };
        assert_eq!(Timestamp::MAX.checked_add(day), Ok(Timestamp::MAX));
        assert_eq!(Timestamp(i64::MAX - 1).checked_add(day), Err(TimeError::Range));
        assert_eq!(Date::MIN.checked_add_days(7), Ok(Date::MIN));
        assert_eq!(Date::from_civil(5_874_898, 1, 1), Err(TimeError::Range));
        assert_eq!(Date::from_civil(2023, 2, 29), Err(TimeError::Range));
        assert_eq!(Date::from_civil(300_000, 1, 1).unwrap().to_timestamp(), Err(TimeError::Range));
    }
}
