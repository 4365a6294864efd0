//! TO_CHAR of dates, timestamps and intervals, by PostgreSQL's template patterns in English.
//!
//! Names are padded to nine characters and numbers with zeros, unless `FM` stands before them;
//! `TH` or `th` after a number adds its ordinal. Text in double quotes and what is no pattern are
//! copied.

use types::{Civil, Date, Interval, MICROS_PER_SECOND, Timestamp, Value, weekday};

use super::to_char_number::number;
use crate::eval::{Failure, RowResult};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ROMAN: [&str; 12] =
    ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

/// Patterns, those that begin like another after the longer one.
const PATTERNS: [&str; 54] = [
    "HH24", "HH12", "HH", "MI", "SSSSS", "SSSS", "SS", "MS", "US", "Y,YYY", "YYYY", "YYY", "YY",
    "IYYY", "IYY", "IY", "IW", "IDDD", "ID", "MONTH", "Month", "month", "MON", "Mon", "mon", "MM",
    "DAY", "Day", "day", "DDD", "DD", "DY", "Dy", "dy", "D", "WW", "W", "CC", "J", "Q", "RM", "rm",
    "AM", "PM", "A.M.", "P.M.", "AD", "BC", "am", "pm", "a.m.", "p.m.", "ad", "bc",
];

/// TO_CHAR.
pub(super) fn to_char(value: &Value, format: &Value) -> RowResult<Value> {
    let format = super::text::string(format);
    let time = match value {
        Value::Timestamp(at) if at.is_finite() => Fields::of(*at),
        Value::Date(date) if date.is_finite() => Fields::of_date(*date)?,
        Value::Timestamp(_) | Value::Date(_) => return Ok(Value::Null),
        Value::Interval(interval) => Fields::of_interval(*interval),
        other => return number(other, format).map(Value::text),
    };
    format_time(&time, format).map(Value::text)
}

/// What patterns print.
struct Fields {
    year: i64,
    month: u32,
    day: i64,
    micros: i64,
    /// `None` for an interval, which has no place in the calendar.
    civil: Option<Civil>,
}

impl Fields {
    fn of(at: Timestamp) -> Fields {
        let civil = Civil::of(at);
        let year = i64::from(if civil.year > 0 { civil.year } else { 1 - civil.year });
        Fields {
            year,
            month: civil.month,
            day: civil.day.into(),
            micros: civil.micros,
            civil: Some(civil),
        }
    }

    fn of_date(date: Date) -> RowResult<Fields> {
        date.to_timestamp().map(Fields::of).map_err(|error| Failure::time(error, date))
    }

    fn of_interval(interval: Interval) -> Fields {
        Fields {
            year: i64::from(interval.months / 12),
            month: (interval.months % 12).unsigned_abs(),
            day: i64::from(interval.days),
            micros: interval.micros,
            civil: None,
        }
    }

    fn seconds(&self) -> i64 {
        self.micros / MICROS_PER_SECOND
    }

    fn hour12(&self) -> i64 {
        (self.seconds() / 3_600 + 11) % 12 + 1
    }

    fn calendar(&self) -> RowResult<Civil> {
        self.civil.ok_or_else(|| Failure::argument("an interval has no place in the calendar"))
    }
}

fn format_time(time: &Fields, format: &str) -> RowResult<String> {
    let mut output = String::with_capacity(format.len() + 8);
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (text, after) = quoted.split_once('"').unwrap_or((quoted, ""));
            output.push_str(text);
            rest = after;
            continue;
        }
        let (compact, pattern) = match rest.strip_prefix("FM").or_else(|| rest.strip_prefix("fm")) {
            Some(after) => (true, after),
            None => (false, rest),
        };
        match find_pattern(pattern) {
            Some((name, after)) => rest = push_field(&mut output, time, name, compact, after)?,
            None if compact => rest = pattern,
            None => {
                output.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    Ok(output)
}

/// Finds the pattern that a text begins with; only names of months, days and halves know case.
fn find_pattern(text: &str) -> Option<(&'static str, &str)> {
    let exact = PATTERNS.iter().find(|name| text.starts_with(**name));
    let found = exact.or_else(|| {
        PATTERNS.iter().find(|name| {
            text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        })
    })?;
    Some((found, &text[found.len()..]))
}

/// Appends a field and returns the format after it.
fn push_field<'a>(
    output: &mut String,
    time: &Fields,
    name: &str,
    compact: bool,
    after: &'a str,
) -> RowResult<&'a str> {
    if let Some(word) = word(time, name)? {
        let pads = matches!(name.to_ascii_lowercase().as_str(), "month" | "day");
        if pads && !compact {
            output.push_str(&format!("{word:<9}"));
        } else {
            // A Roman month is padded to the width of VIII.
            let width = if matches!(name, "RM" | "rm") && !compact { 4 } else { 0 };
            output.push_str(&format!("{word:<width$}"));
        }
        return Ok(after);
    }
    let (number, width) = numeral(time, name)?;
    let width = if compact { 0 } else { width };
    let digits = format!("{:0width$}", number.unsigned_abs());
    if number < 0 {
        output.push('-');
    }
    output.push_str(&if name == "Y,YYY" { grouped(&digits) } else { digits });
    let Some(suffix) = after.get(..2).filter(|suffix| suffix.eq_ignore_ascii_case("th")) else {
        return Ok(after);
    };
    let ordinal = ordinal(number);
    output.push_str(&if suffix == "TH" {
        ordinal.to_ascii_uppercase()
    } else {
        ordinal.to_owned()
    });
    Ok(&after[2..])
}

fn grouped(digits: &str) -> String {
    match digits.len().checked_sub(3).filter(|at| *at > 0) {
        Some(at) => format!("{},{}", &digits[..at], &digits[at..]),
        None => digits.to_owned(),
    }
}

fn ordinal(number: i64) -> &'static str {
    match (number.unsigned_abs() % 100, number.unsigned_abs() % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

/// Returns the word of a pattern, in the pattern's case; `None` for numbers.
fn word(time: &Fields, name: &str) -> RowResult<Option<String>> {
    let month = || MONTHS.get((time.month as usize).wrapping_sub(1)).copied().unwrap_or("");
    let afternoon = time.seconds() / 3_600 % 24 >= 12;
    let weekday_name = || time.calendar().map(|civil| DAYS[weekday(civil.days()) as usize]);
    let word = match name.to_ascii_lowercase().as_str() {
        "month" => month(),
        "mon" => month().get(..3).unwrap_or(""),
        "day" => weekday_name()?,
        "dy" => &weekday_name()?[..3],
        "rm" => ROMAN.get((time.month as usize).wrapping_sub(1)).copied().unwrap_or(""),
        "am" | "pm" => {
            if afternoon {
                "PM"
            } else {
                "AM"
            }
        }
        "a.m." | "p.m." => {
            if afternoon {
                "P.M."
            } else {
                "A.M."
            }
        }
        "ad" | "bc" => {
            if time.calendar()?.year > 0 {
                "AD"
            } else {
                "BC"
            }
        }
        _ => return Ok(None),
    };
    let lower = name.chars().all(|char| !char.is_uppercase());
    let upper = name.chars().all(|char| !char.is_lowercase());
    Ok(Some(match (lower, upper) {
        (true, _) => word.to_lowercase(),
        (false, true) => word.to_uppercase(),
        (false, false) => word.to_owned(),
    }))
}

/// Returns the number of a pattern and its least width.
fn numeral(time: &Fields, name: &str) -> RowResult<(i64, usize)> {
    let seconds = time.seconds();
    let day_of_year = || time.calendar().map(Civil::day_of_year);
    let iso = || time.calendar().map(Civil::iso_week);
    let day = || time.calendar().map(|civil| i64::from(weekday(civil.days())));
    Ok(match name {
        "HH24" => (seconds / 3_600, 2),
        "HH12" | "HH" => (time.hour12(), 2),
        "MI" => (seconds / 60 % 60, 2),
        "SS" => (seconds % 60, 2),
        "SSSSS" | "SSSS" => (seconds, 0),
        "MS" => (time.micros % MICROS_PER_SECOND / 1_000, 3),
        "US" => (time.micros % MICROS_PER_SECOND, 6),
        "Y,YYY" | "YYYY" => (time.year, 4),
        "YYY" => (time.year % 1_000, 3),
        "YY" => (time.year % 100, 2),
        "IYYY" => (iso()?.0.into(), 4),
        "IYY" => (i64::from(iso()?.0) % 1_000, 3),
        "IY" => (i64::from(iso()?.0) % 100, 2),
        "IW" => (iso()?.1, 2),
        "IDDD" => ((iso()?.1 - 1) * 7 + (day()? + 6) % 7 + 1, 3),
        "ID" => ((day()? + 6) % 7 + 1, 0),
        "MM" => (time.month.into(), 2),
        "DDD" => (day_of_year()?, 3),
        "DD" => (time.day, 2),
        "D" => (day()? + 1, 0),
        "WW" => ((day_of_year()? - 1) / 7 + 1, 2),
        "W" => ((time.day - 1) / 7 + 1, 0),
        "CC" => ((time.year + 99) / 100, 2),
        // The Julian day of 1970-01-01.
        "J" => (time.calendar()?.days() + 2_440_588, 0),
        "Q" => (i64::from(time.month.max(1) - 1) / 3 + 1, 0),
        other => panic!("pattern {other} is in the list and must print something"),
    })
}

#[cfg(test)]
mod tests {
    use types::{Timestamp, Value};

    use super::to_char;

    #[test]
    fn times_print_as_postgresql_does() {
        // SELECT to_char(timestamp '2024-03-05 14:07:09.012345', …) in PostgreSQL 15.
        let at = Value::Timestamp(Timestamp::parse("2024-03-05 14:07:09.012345").unwrap());
        for (format, wanted) in [
            ("YYYY-MM-DD HH24:MI:SS", "2024-03-05 14:07:09"),
            ("yyyy-mm-dd hh24:mi:ss", "2024-03-05 14:07:09"),
            ("DD Mon YYYY", "05 Mar 2024"),
            ("FMMonth", "March"),
            ("Month|", "March    |"),
            ("FMDay, DDth", "Tuesday, 05th"),
            ("HH12:MI AM", "02:07 PM"),
            ("HH:MI am", "02:07 pm"),
            ("MS US", "012 012345"),
            ("Q IW IYYY DDD D ID", "1 10 2024 065 3 2"),
            ("YY Y,YYY", "24 2,024"),
            ("MON mon MONTH", "MAR mar MARCH    "),
            ("Dy DAY day", "Tue TUESDAY   tuesday  "),
            ("CC", "21"),
            ("J", "2460375"),
            ("SSSS", "50829"),
            ("\"text\" YYYY", "text 2024"),
            ("WW W", "10 1"),
            ("RM|", "III |"),
            ("AD", "AD"),
            ("FMHH24:FMMI", "14:7"),
            ("FMDDTH", "5TH"),
        ] {
            let found = to_char(&at, &Value::text(format)).unwrap();
            assert_eq!(found, Value::text(wanted), "{format}");
        }
    }
}
