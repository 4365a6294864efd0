//! Values as SQL literals.

use std::fmt::Write as _;

use types::{Date, Interval, MICROS_PER_DAY, TIME_MAX, TIME_MIN, Timestamp, Value};

pub(super) fn print(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(true) => "TRUE".to_owned(),
        Value::Boolean(false) => "FALSE".to_owned(),
        Value::Int16(number) => number.to_string(),
        Value::Int32(number) => number.to_string(),
        Value::Int64(number) => number.to_string(),
        Value::Float32(number) => float(f64::from(*number), &format!("{number:?}")),
        Value::Float64(number) => float(*number, &format!("{number:?}")),
        Value::Decimal(number) => number.to_string(),
        Value::Text(text) => quoted(text),
        Value::Blob(bytes) => blob(bytes),
        Value::Date(date) => format!("DATE '{}'", date_text(*date)),
        Value::Timestamp(at) => format!("TIMESTAMP '{}'", timestamp_text(*at)),
        Value::Interval(interval) => format!("INTERVAL '{}'", interval_text(*interval)),
        Value::Json(text) => format!("JSON {}", quoted(text)),
    }
}

/// Debug prints a float as the shortest text that reads back as itself, always with a point.
fn float(number: f64, shortest: &str) -> String {
    if number.is_finite() { shortest.to_owned() } else { format!("DOUBLE '{number}'") }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn blob(bytes: &[u8]) -> String {
    let mut text = String::from("BLOB '\\x");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\'');
    text
}

fn date_text(date: Date) -> String {
    match date.0 {
        i32::MIN => "-infinity".to_owned(),
        i32::MAX => "infinity".to_owned(),
        days => civil_text(i64::from(days)),
    }
}

/// The proleptic Gregorian date of a day number (Howard Hinnant, `civil_from_days`).
fn civil_text(days: i64) -> String {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn timestamp_text(at: Timestamp) -> String {
    match at.0 {
        TIME_MIN => "-infinity".to_owned(),
        TIME_MAX => "infinity".to_owned(),
        micros => {
            let date = civil_text(micros.div_euclid(MICROS_PER_DAY));
            format!("{date} {}", clock_text(micros.rem_euclid(MICROS_PER_DAY)))
        }
    }
}

fn clock_text(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if micros % 1_000_000 != 0 {
        let fraction = format!(".{:06}", micros % 1_000_000);
        text.push_str(fraction.trim_end_matches('0'));
    }
    text
}

fn interval_text(interval: Interval) -> String {
    let mut parts = Vec::new();
    if interval.months != 0 {
        parts.push(format!("{} mons", interval.months));
    }
    if interval.days != 0 {
        parts.push(format!("{} days", interval.days));
    }
    if interval.micros != 0 || parts.is_empty() {
        let sign = if interval.micros < 0 { "-" } else { "" };
        let micros = i64::try_from(interval.micros.unsigned_abs()).unwrap_or(i64::MAX);
        parts.push(format!("{sign}{}", clock_text(micros)));
    }
    parts.join(" ")
}
