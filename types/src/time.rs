//! Dates, timestamps, intervals and periods.
//!
//! A timestamp is i64 microseconds since 1970-01-01 00:00 UTC; a date is i32 days. The extreme
//! values stand for the infinities, as in PostgreSQL. Periods are closed-open (SQL:2011).

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

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
