//! Fields of dates, timestamps and intervals.

use ir::TimeField;
use types::{
    Civil, DataType, Date, Decimal, Interval, MICROS_PER_DAY, MICROS_PER_SECOND, TimeError,
    Timestamp, Value, weekday,
};

use super::text::integer;
use crate::eval::{Failure, RowResult};

const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;
const MICROS_PER_HOUR: i64 = 60 * MICROS_PER_MINUTE;

/// EXTRACT and DATE_PART.
///
/// An infinite time has infinite years and epochs, where the type holds an infinity; its other
/// fields are NULL.
pub(super) fn extract(field: TimeField, value: &Value, ty: DataType) -> RowResult<Value> {
    let micros = match value {
        Value::Interval(interval) => of_interval(field, *interval)?,
        Value::Timestamp(timestamp) if timestamp.is_finite() => of_time(field, *timestamp),
        Value::Timestamp(timestamp) => return Ok(infinite(field, timestamp.0 > 0, ty)),
        Value::Date(date) if date.is_finite() => of_date(field, *date)?,
        Value::Date(date) => return Ok(infinite(field, date.0 > 0, ty)),
        other => panic!("EXTRACT got {}", other.data_type()),
    };
    Ok(Value::Decimal(Decimal::new(micros, 6)))
}

fn infinite(field: TimeField, positive: bool, ty: DataType) -> Value {
    let grows = matches!(
        field,
        TimeField::Year
            | TimeField::Decade
            | TimeField::Century
            | TimeField::Millennium
            | TimeField::IsoYear
            | TimeField::Epoch
    );
    let infinity = if positive { f64::INFINITY } else { f64::NEG_INFINITY };
    if grows && ty == DataType::Float64 { Value::Float64(infinity) } else { Value::Null }
}

/// Returns a field in millionths.
fn of_date(field: TimeField, date: Date) -> RowResult<i128> {
    if field == TimeField::Epoch {
        return Ok(i128::from(date.0) * i128::from(MICROS_PER_DAY));
    }
    let civil = Civil::of_date(date);
    match field {
        TimeField::Microsecond
        | TimeField::Millisecond
        | TimeField::Second
        | TimeField::Minute
        | TimeField::Hour => Ok(0),
        _ => Ok(whole(calendar_field(field, civil))),
    }
}

fn of_time(field: TimeField, timestamp: Timestamp) -> i128 {
    let civil = Civil::of(timestamp);
    match field {
        TimeField::Epoch => i128::from(timestamp.0),
        TimeField::Microsecond
        | TimeField::Millisecond
        | TimeField::Second
        | TimeField::Minute
        | TimeField::Hour => clock_field(field, civil.micros),
        _ => whole(calendar_field(field, civil)),
    }
}

fn whole(number: i64) -> i128 {
    i128::from(number) * 1_000_000
}

/// Returns a field of the clock in millionths; seconds carry their fraction.
fn clock_field(field: TimeField, micros: i64) -> i128 {
    let seconds = i128::from(micros % MICROS_PER_MINUTE);
    match field {
        TimeField::Microsecond => seconds * 1_000_000,
        TimeField::Millisecond => seconds * 1_000,
        TimeField::Second => seconds,
        TimeField::Minute => whole(micros / MICROS_PER_MINUTE % 60),
        _ => whole(micros / MICROS_PER_HOUR),
    }
}

fn calendar_field(field: TimeField, civil: Civil) -> i64 {
    let year = i64::from(civil.year);
    // There is no year 0 for people: year 0 is 1 BC, written -1.
    let shown = |year: i64| if year > 0 { year } else { year - 1 };
    match field {
        TimeField::Day => i64::from(civil.day),
        TimeField::Week => civil.iso_week().1,
        TimeField::Month => i64::from(civil.month),
        TimeField::Quarter => i64::from(civil.month - 1) / 3 + 1,
        TimeField::Year => shown(year),
        TimeField::Decade => year.div_euclid(10),
        TimeField::Century => era(year, 100),
        TimeField::Millennium => era(year, 1_000),
        TimeField::DayOfWeek => i64::from(weekday(civil.days())),
        TimeField::IsoDayOfWeek => i64::from((weekday(civil.days()) + 6) % 7 + 1),
        TimeField::DayOfYear => civil.day_of_year(),
        TimeField::IsoYear => shown(i64::from(civil.iso_week().0)),
        TimeField::Microsecond
        | TimeField::Millisecond
        | TimeField::Second
        | TimeField::Minute
        | TimeField::Hour
        | TimeField::Epoch => panic!("{field:?} is no field of the calendar"),
    }
}

/// Returns the century or millennium: 2000 lies in the 20th, 1 BC in the 1st before Christ.
fn era(year: i64, length: i64) -> i64 {
    if year > 0 { (year + length - 1) / length } else { -((length - year) / length) }
}

fn of_interval(field: TimeField, interval: Interval) -> RowResult<i128> {
    let (months, micros) = (i64::from(interval.months), interval.micros);
    Ok(match field {
        TimeField::Microsecond
        | TimeField::Millisecond
        | TimeField::Second
        | TimeField::Minute
        | TimeField::Hour => clock_field(field, micros),
        TimeField::Day => whole(i64::from(interval.days)),
        TimeField::Month => whole(months % 12),
        TimeField::Quarter => whole(months % 12 / 3 + 1),
        TimeField::Year => whole(months / 12),
        TimeField::Decade => whole(months / 120),
        TimeField::Century => whole(months / 1_200),
        TimeField::Millennium => whole(months / 12_000),
        // A year of an interval has 365.25 days, the months beyond it 30.
        TimeField::Epoch => {
            let day = i128::from(MICROS_PER_DAY);
            let years = i128::from(months / 12) * day * 1_461 / 4;
            years
                + i128::from(months % 12 * 30 + i64::from(interval.days)) * day
                + i128::from(micros)
        }
        TimeField::Week
        | TimeField::DayOfWeek
        | TimeField::IsoDayOfWeek
        | TimeField::DayOfYear
        | TimeField::IsoYear => return Err(no_unit(field, "an interval")),
    })
}

fn no_unit(field: TimeField, of: &str) -> Failure {
    Failure::argument(format!("{of} has no unit {field:?}"))
}

/// DATE_TRUNC.
pub(super) fn truncate(field: TimeField, value: &Value) -> RowResult<Value> {
    match value {
        Value::Interval(interval) => truncate_interval(field, *interval).map(Value::Interval),
        Value::Timestamp(timestamp) if !timestamp.is_finite() => Ok(value.clone()),
        Value::Timestamp(timestamp) => truncate_time(field, *timestamp, value),
        Value::Date(date) => {
            let midnight = date.to_timestamp().map_err(|error| Failure::time(error, value))?;
            truncate(field, &Value::Timestamp(midnight))
        }
        other => panic!("DATE_TRUNC got {}", other.data_type()),
    }
}

fn truncate_time(field: TimeField, timestamp: Timestamp, shown: &Value) -> RowResult<Value> {
    let civil = Civil::of(timestamp);
    let clock = |unit: i64| Civil { micros: civil.micros - civil.micros % unit, ..civil };
    let day = Civil { micros: 0, ..civil };
    let month = Civil { day: 1, ..day };
    let year = |year: i32| Civil { year, month: 1, ..month };
    let start = match field {
        TimeField::Microsecond => civil,
        TimeField::Millisecond => clock(1_000),
        TimeField::Second => clock(MICROS_PER_SECOND),
        TimeField::Minute => clock(MICROS_PER_MINUTE),
        TimeField::Hour => clock(MICROS_PER_HOUR),
        TimeField::Day => day,
        TimeField::Week => return monday(day, shown),
        TimeField::Month => month,
        TimeField::Quarter => Civil { month: (civil.month - 1) / 3 * 3 + 1, ..month },
        TimeField::Year => year(civil.year),
        TimeField::Decade => year(civil.year.div_euclid(10) * 10),
        TimeField::Century => year((civil.year - 1).div_euclid(100) * 100 + 1),
        TimeField::Millennium => year((civil.year - 1).div_euclid(1_000) * 1_000 + 1),
        TimeField::DayOfWeek
        | TimeField::IsoDayOfWeek
        | TimeField::DayOfYear
        | TimeField::IsoYear
        | TimeField::Epoch => {
            return Err(Failure::argument(format!("a timestamp is not truncated to {field:?}")));
        }
    };
    start.to_timestamp().map(Value::Timestamp).map_err(|error| Failure::time(error, shown))
}

fn monday(day: Civil, shown: &Value) -> RowResult<Value> {
    let days = day.days() - i64::from((weekday(day.days()) + 6) % 7);
    Date::from_days(days)
        .and_then(Date::to_timestamp)
        .map(Value::Timestamp)
        .map_err(|error| Failure::time(error, shown))
}

fn truncate_interval(field: TimeField, interval: Interval) -> RowResult<Interval> {
    let Interval { months, days, micros } = interval;
    let clock = |unit: i64| Interval { micros: micros - micros % unit, ..interval };
    let calendar = |unit: i32| Interval { months: months - months % unit, days: 0, micros: 0 };
    Ok(match field {
        TimeField::Microsecond => interval,
        TimeField::Millisecond => clock(1_000),
        TimeField::Second => clock(MICROS_PER_SECOND),
        TimeField::Minute => clock(MICROS_PER_MINUTE),
        TimeField::Hour => clock(MICROS_PER_HOUR),
        TimeField::Day => Interval { months, days, micros: 0 },
        TimeField::Month => calendar(1),
        TimeField::Quarter => calendar(3),
        TimeField::Year => calendar(12),
        TimeField::Decade => calendar(120),
        TimeField::Century => calendar(1_200),
        TimeField::Millennium => calendar(12_000),
        TimeField::Week
        | TimeField::DayOfWeek
        | TimeField::IsoDayOfWeek
        | TimeField::DayOfYear
        | TimeField::IsoYear
        | TimeField::Epoch => return Err(no_unit(field, "an interval")),
    })
}

/// MAKE_DATE; a negative year is before Christ.
pub(super) fn make_date(args: &[Value]) -> RowResult<Value> {
    made_date(args).map(Value::Date)
}

fn made_date(args: &[Value]) -> RowResult<Date> {
    let [year, month, day] = [integer(&args[0]), integer(&args[1]), integer(&args[2])];
    let date = || {
        // There is no year 0, and -1 is the calendar's 0.
        let year = i32::try_from(year).ok().filter(|year| *year != 0)?;
        let year = if year < 0 { year.checked_add(1)? } else { year };
        Date::from_civil(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?).ok()
    };
    date()
        .ok_or_else(|| Failure::time(TimeError::Range, format_args!("{year}-{month:02}-{day:02}")))
}

/// MAKE_TIMESTAMP of year, month, day, hour, minute and seconds with a fraction.
pub(super) fn make_timestamp(args: &[Value]) -> RowResult<Value> {
    let date = made_date(args)?;
    let (hour, minute) = (integer(&args[3]), integer(&args[4]));
    let second = match &args[5] {
        Value::Float64(second) => *second,
        other => integer(other) as f64,
    };
    let shown = || format!("{hour:02}:{minute:02}:{second:02}");
    let inside =
        (0..=24).contains(&hour) && (0..60).contains(&minute) && (0.0..=60.0).contains(&second);
    let micros = hour
        .saturating_mul(MICROS_PER_HOUR)
        .saturating_add(minute.saturating_mul(MICROS_PER_MINUTE));
    let micros =
        micros.saturating_add((second * MICROS_PER_SECOND as f64).round_ties_even() as i64);
    if !inside || micros > MICROS_PER_DAY {
        return Err(Failure::time(TimeError::Range, shown()));
    }
    let midnight = date.to_timestamp().map_err(|error| Failure::time(error, date))?;
    Timestamp::from_micros(midnight.0.saturating_add(micros))
        .map(Value::Timestamp)
        .map_err(|error| Failure::time(error, shown()))
}
