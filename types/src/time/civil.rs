//! The proleptic Gregorian calendar: days and microseconds to year, month, day and back.
//!
//! Arithmetic over eras of 400 years, after Howard Hinnant, "chrono-compatible low-level date
//! algorithms". It is total over every raw date, where calendars of four-digit years stop at 9999.

use super::{Date, MICROS_PER_DAY, TimeError, Timestamp};

/// First year: 4713 BC.
pub(super) const YEAR_MIN: i32 = -4_712;
/// Last year of a date.
pub(super) const YEAR_MAX: i32 = 5_874_897;
/// 4713-01-01 BC.
pub(super) const DATE_MIN: i64 = days_of_civil(YEAR_MIN, 1, 1);
/// 5874897-12-31.
pub(super) const DATE_MAX: i64 = days_of_civil(YEAR_MAX, 12, 31);

const DAYS_PER_ERA: i64 = 146_097;
/// Days from 0000-03-01, where eras begin, to 1970-01-01.
const ERA_OFFSET: i64 = 719_468;

/// Returns the days from 1970-01-01 to a day of the calendar; year 0 is 1 BC.
pub const fn days_of_civil(year: i32, month: u32, day: u32) -> i64 {
    // Years that begin in March put the leap day last.
    let year = year as i64 - (month <= 2) as i64;
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month as i64 + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day as i64 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - ERA_OFFSET
}

/// Returns year, month and day of a count of days since 1970-01-01.
fn civil_of_days(days: i64) -> (i32, u32, u32) {
    let shifted = days + ERA_OFFSET;
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = ((month_from_march + 2) % 12 + 1) as u32;
    ((year_of_era + era * 400 + i64::from(month <= 2)) as i32, month, day)
}

/// Returns the days of a month, from 1 to 12.
pub fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Returns the day of the week of a count of days since 1970-01-01; 0 is Sunday.
pub fn weekday(days: i64) -> u32 {
    // 1970-01-01 was a Thursday.
    (days + 4).rem_euclid(7) as u32
}

/// A timestamp by its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year; 0 is 1 BC.
    pub year: i32,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// Microseconds since midnight.
    pub micros: i64,
}

impl Civil {
    /// Returns the fields of a timestamp that is not infinite.
    pub fn of(timestamp: Timestamp) -> Civil {
        let (year, month, day) = civil_of_days(timestamp.0.div_euclid(MICROS_PER_DAY));
        Civil { year, month, day, micros: timestamp.0.rem_euclid(MICROS_PER_DAY) }
    }

    /// Returns the fields of a date that is not infinite.
    pub fn of_date(date: Date) -> Civil {
        let (year, month, day) = civil_of_days(i64::from(date.0));
        Civil { year, month, day, micros: 0 }
    }

    /// Returns the timestamp with these fields; a clock of 24 hours or more runs into the next day.
    ///
    /// # Errors
    /// [`TimeError::Range`] outside the calendar.
    pub fn to_timestamp(self) -> Result<Timestamp, TimeError> {
        let days = i64::from(Date::from_civil(self.year, self.month, self.day)?.0);
        let micros = days.checked_mul(MICROS_PER_DAY).and_then(|day| day.checked_add(self.micros));
        Timestamp::from_micros(micros.ok_or(TimeError::Range)?)
    }

    /// Returns the days since 1970-01-01.
    pub fn days(self) -> i64 {
        days_of_civil(self.year, self.month, self.day)
    }

    /// Returns the day of the year, from 1.
    pub fn day_of_year(self) -> i64 {
        self.days() - days_of_civil(self.year, 1, 1) + 1
    }

    /// Returns year and week by ISO 8601: weeks begin on Monday, week 1 holds the first Thursday.
    pub fn iso_week(self) -> (i32, i64) {
        // A week belongs to the year of its Thursday.
        let monday_based = i64::from((weekday(self.days()) + 6) % 7);
        let thursday = self.days() - monday_based + 3;
        let (year, _, _) = civil_of_days(thursday);
        (year, (thursday - days_of_civil(year, 1, 1)) / 7 + 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Civil, Date, days_of_civil, weekday};

    proptest! {
        #[test]
        fn agrees_with_jiff(days in -4_371_587_i32..2_932_896) {
            let wanted = jiff::civil::date(1970, 1, 1)
                .checked_add(jiff::Span::new().days(days))
                .unwrap();
            let civil = Civil::of_date(Date(days));
            prop_assert_eq!(civil.year, i32::from(wanted.year()));
            prop_assert_eq!(civil.month, u32::try_from(wanted.month()).unwrap());
            prop_assert_eq!(civil.day, u32::try_from(wanted.day()).unwrap());
            prop_assert_eq!(civil.day_of_year(), i64::from(wanted.day_of_year()));
            let iso = wanted.iso_week_date();
            prop_assert_eq!(civil.iso_week(), (i32::from(iso.year()), i64::from(iso.week())));
            let sunday_based = wanted.weekday().to_sunday_zero_offset();
            prop_assert_eq!(weekday(i64::from(days)), u32::try_from(sunday_based).unwrap());
        }

        #[test]
        fn days_round_trip(days in super::DATE_MIN..=super::DATE_MAX) {
            let civil = Civil::of_date(Date(i32::try_from(days).unwrap()));
            prop_assert_eq!(days_of_civil(civil.year, civil.month, civil.day), days);
        }
    }
}
