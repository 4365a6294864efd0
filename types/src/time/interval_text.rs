//! The text of intervals.
//!
//! Read: PostgreSQL's verbose form (`1 year 2 mons -3 days 04:05:06`, `90 minutes ago`), SQL's
//! `1-2` for years and months, and ISO 8601 durations (`P1Y2M3DT4H5M6S`). A number without a unit
//! counts seconds. Written: PostgreSQL's style, or ISO 8601 for machines.

use std::fmt;

use super::{Interval, MICROS_PER_SECOND, TimeError, text::Clock};

type Result<T> = std::result::Result<T, TimeError>;

/// A unit of an interval.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    /// A count of months.
    Months(f64),
    /// A count of days.
    Days(f64),
    /// A count of microseconds.
    Micros(f64),
}

impl Unit {
    fn named(name: &str) -> Option<Unit> {
        let second = MICROS_PER_SECOND as f64;
        Some(match name.to_ascii_lowercase().as_str() {
            "us" | "usec" | "usecs" | "microsecond" | "microseconds" => Unit::Micros(1.0),
            "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => Unit::Micros(1_000.0),
            "s" | "sec" | "secs" | "second" | "seconds" => Unit::Micros(second),
            "m" | "min" | "mins" | "minute" | "minutes" => Unit::Micros(60.0 * second),
            "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Micros(3_600.0 * second),
            "d" | "day" | "days" => Unit::Days(1.0),
            "w" | "week" | "weeks" => Unit::Days(7.0),
            "mon" | "mons" | "month" | "months" => Unit::Months(1.0),
            "quarter" | "quarters" => Unit::Months(3.0),
            "y" | "yr" | "yrs" | "year" | "years" => Unit::Months(12.0),
            "dec" | "decs" | "decade" | "decades" => Unit::Months(120.0),
            "c" | "cent" | "century" | "centuries" => Unit::Months(1_200.0),
            "mil" | "mils" | "millennium" | "millennia" => Unit::Months(12_000.0),
            _ => return None,
        })
    }

    fn of_designator(designator: char, in_time: bool) -> Option<Unit> {
        match (designator, in_time) {
            ('Y', false) => Unit::named("year"),
            ('M', false) => Unit::named("month"),
            ('W', false) => Unit::named("week"),
            ('D', false) => Unit::named("day"),
            ('H', true) => Unit::named("hour"),
            ('M', true) => Unit::named("minute"),
            ('S', true) => Unit::named("second"),
            _ => None,
        }
    }
}

/// Sums fields until the interval is complete.
#[derive(Default)]
struct Sum {
    interval: Interval,
}

impl Sum {
    fn add(&mut self, number: f64, unit: Unit) -> Result<()> {
        let part = match unit {
            // PostgreSQL reads '0.1 mon' as a fraction of 30 days and '0.1 year' as months.
            Unit::Months(each) if each > 1.0 => {
                Interval::from_fractions((number * each).round_ties_even(), 0.0, 0.0)?
            }
            Unit::Months(each) => Interval::from_fractions(number * each, 0.0, 0.0)?,
            Unit::Days(each) => Interval::from_fractions(0.0, number * each, 0.0)?,
            Unit::Micros(each) => Interval::from_fractions(0.0, 0.0, number * each)?,
        };
        self.add_part(part)
    }

    fn add_part(&mut self, part: Interval) -> Result<()> {
        self.interval = self.interval.checked_add(part)?;
        Ok(())
    }
}

impl Interval {
    /// Reads an interval.
    ///
    /// # Errors
    /// [`TimeError::Syntax`]; [`TimeError::Range`] if a field overflows.
    pub fn parse(text: &str) -> Result<Interval> {
        let text = text.trim_ascii();
        if let Some(duration) = text.strip_prefix(['P', 'p']) {
            return read_iso(duration);
        }
        read_verbose(text.strip_prefix('@').unwrap_or(text))
    }

    /// Returns the ISO 8601 duration: `P1Y2M3DT4H5M6.5S`, `PT0S` for nothing.
    pub fn iso8601(self) -> String {
        let mut text = String::from("P");
        push_field(&mut text, i64::from(self.months / 12), 'Y');
        push_field(&mut text, i64::from(self.months % 12), 'M');
        push_field(&mut text, i64::from(self.days), 'D');
        if self.micros != 0 {
            text.push('T');
            push_field(&mut text, self.micros / (3_600 * MICROS_PER_SECOND), 'H');
            push_field(&mut text, self.micros / (60 * MICROS_PER_SECOND) % 60, 'M');
            push_seconds(&mut text, self.micros % (60 * MICROS_PER_SECOND));
        }
        if text.len() == 1 { "PT0S".to_owned() } else { text }
    }
}

fn push_field(text: &mut String, number: i64, designator: char) {
    if number != 0 {
        text.push_str(&number.to_string());
        text.push(designator);
    }
}

fn push_seconds(text: &mut String, micros: i64) {
    if micros == 0 {
        return;
    }
    let sign = if micros < 0 { "-" } else { "" };
    let seconds = micros.unsigned_abs() / 1_000_000;
    let fraction = format!(".{:06}", micros.unsigned_abs() % 1_000_000);
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    text.push_str(&format!("{sign}{seconds}{fraction}S"));
}

fn read_verbose(text: &str) -> Result<Interval> {
    let (text, backwards) = match text.len().checked_sub(4).and_then(|at| text.split_at_checked(at))
    {
        Some((rest, ago)) if ago.eq_ignore_ascii_case(" ago") => (rest, true),
        _ => (text, false),
    };
    let mut sum = Sum::default();
    let mut rest = text.trim_ascii();
    if rest.is_empty() {
        return Err(TimeError::Syntax);
    }
    while !rest.is_empty() {
        rest = read_field(&mut sum, rest)?.trim_ascii_start();
    }
    if backwards { sum.interval.checked_neg() } else { Ok(sum.interval) }
}

/// Reads `number unit`, `hh:mm[:ss]`, `years-months` or a bare number; returns what follows.
fn read_field<'a>(sum: &mut Sum, text: &'a str) -> Result<&'a str> {
    let end =
        text.find(|c: char| !matches!(c, '0'..='9' | '.' | ':' | '-' | '+')).unwrap_or(text.len());
    let (field, rest) = text.split_at(end);
    if field.contains(':') {
        sum.add_part(read_clock(field)?)?;
        return Ok(rest);
    }
    let unsigned = field.strip_prefix(['-', '+']).unwrap_or(field);
    if let Some((years, months)) = unsigned.split_once('-') {
        sum.add_part(read_years_months(years, months, field.starts_with('-'))?)?;
        return Ok(rest);
    }
    let number = read_number(field)?;
    let rest = rest.trim_ascii_start();
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let unit = if unit.is_empty() && rest.is_empty() { "second" } else { unit };
    sum.add(number, Unit::named(unit).ok_or(TimeError::Syntax)?)?;
    Ok(rest)
}

fn read_number(text: &str) -> Result<f64> {
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(TimeError::Syntax);
    }
    text.parse().map_err(|_| TimeError::Syntax)
}

fn read_years_months(years: &str, months: &str, negative: bool) -> Result<Interval> {
    let years: i32 = years.parse().map_err(|_| TimeError::Syntax)?;
    let months: i32 = months.parse().map_err(|_| TimeError::Syntax)?;
    if !(0..12).contains(&months) {
        return Err(TimeError::Range);
    }
    let months = years.checked_mul(12).and_then(|total| total.checked_add(months));
    let months = months.ok_or(TimeError::Range)?;
    Ok(Interval { months: if negative { -months } else { months }, days: 0, micros: 0 })
}

/// Reads `[±]hh:mm[:ss[.f]]`; hours have no limit.
fn read_clock(text: &str) -> Result<Interval> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let mut whole = |limit: i64| {
        let number: i64 = parts.next()?.parse().ok()?;
        (0..=limit).contains(&number).then_some(number)
    };
    let hours = whole(i64::MAX).ok_or(TimeError::Syntax)?;
    let minutes = whole(59).ok_or(TimeError::Syntax)?;
    let seconds = match parts.next() {
        None => 0,
        Some(seconds) => read_seconds(seconds)?,
    };
    if parts.next().is_some() {
        return Err(TimeError::Syntax);
    }
    let minutes = hours.checked_mul(60).and_then(|total| total.checked_add(minutes));
    let micros = minutes
        .and_then(|minutes| minutes.checked_mul(60 * MICROS_PER_SECOND))
        .and_then(|micros| micros.checked_add(seconds))
        .ok_or(TimeError::Range)?;
    Ok(Interval {
        months: 0,
        days: 0,
        micros: if text.starts_with('-') { -micros } else { micros },
    })
}

fn read_seconds(text: &str) -> Result<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(TimeError::Syntax);
    }
    let seconds: i64 = whole.parse().map_err(|_| TimeError::Range)?;
    if seconds > 60 {
        return Err(TimeError::Range);
    }
    Ok(seconds * MICROS_PER_SECOND + super::text::fraction_micros(fraction))
}

fn read_iso(text: &str) -> Result<Interval> {
    let mut sum = Sum::default();
    let mut in_time = false;
    let mut rest = text;
    if rest.is_empty() {
        return Err(TimeError::Syntax);
    }
    while !rest.is_empty() {
        if let Some(time) =
            rest.strip_prefix(['T', 't']).filter(|time| !in_time && !time.is_empty())
        {
            in_time = true;
            rest = time;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).ok_or(TimeError::Syntax)?;
        let number = read_number(&rest[..end])?;
        let designator = char::from(rest.as_bytes()[end].to_ascii_uppercase());
        sum.add(number, Unit::of_designator(designator, in_time).ok_or(TimeError::Syntax)?)?;
        rest = &rest[end + 1..];
    }
    Ok(sum.interval)
}

/// Writes `1 year 2 mons -3 days +04:05:06`, as PostgreSQL does.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut after_negative = false;
        let mut first = true;
        let fields = [(self.months / 12, "year"), (self.months % 12, "mon"), (self.days, "day")];
        for (number, unit) in fields.into_iter().filter(|(number, _)| *number != 0) {
            let gap = if first { "" } else { " " };
            let sign = if after_negative && number > 0 { "+" } else { "" };
            let plural = if number == 1 { "" } else { "s" };
            write!(f, "{gap}{sign}{number} {unit}{plural}")?;
            after_negative = number < 0;
            first = false;
        }
        if !first && self.micros == 0 {
            return Ok(());
        }
        let gap = if first { "" } else { " " };
        let sign = match self.micros {
            ..0 => "-",
            _ if after_negative => "+",
            _ => "",
        };
        write!(f, "{gap}{sign}{}", Clock(self.micros.unsigned_abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Interval, TimeError};

    #[test]
    fn intervals_print_as_postgresql_does() {
        // SELECT '…'::interval in PostgreSQL 15.
        for (text, wanted) in [
            ("1 mon 2 days 03:04:05", "1 mon 2 days 03:04:05"),
            ("90 day", "90 days"),
            ("1 year 2 months", "1 year 2 mons"),
            ("1:30", "01:30:00"),
            ("P1Y2M3DT4H5M6.5S", "1 year 2 mons 3 days 04:05:06.5"),
            ("PT36H", "36:00:00"),
            ("1.5 days", "1 day 12:00:00"),
            ("1.5 months", "1 mon 15 days"),
            ("1.5 years", "1 year 6 mons"),
            ("2 weeks", "14 days"),
            ("-1 day +02:03", "-1 days +02:03:00"),
            ("1 day ago", "-1 days"),
            ("-1 year 1 day", "-1 years +1 day"),
            ("0", "00:00:00"),
            ("42", "00:00:42"),
            ("1-2", "1 year 2 mons"),
            ("-1-2", "-1 years -2 mons"),
            ("100:00:00", "100:00:00"),
            ("250ms", "00:00:00.25"),
            ("1 day -00:00:01", "1 day -00:00:01"),
            ("0.1 mon", "3 days"),
        ] {
            assert_eq!(Interval::parse(text).unwrap().to_string(), wanted, "{text}");
        }
        for text in ["", "abc", "1 fortnight", "1:2:3:4", "P", "P1", "PT", "1 2 days", "1:x"] {
            assert_eq!(Interval::parse(text), Err(TimeError::Syntax), "{text}");
        }
        assert_eq!(Interval::parse("99999999999 days"), Err(TimeError::Range));
    }

    #[test]
    fn machines_read_iso_8601() {
        for (text, wanted) in [
            ("1 year 2 mons 3 days 04:05:06.5", "P1Y2M3DT4H5M6.5S"),
            ("0", "PT0S"),
            ("-1 day -00:00:00.25", "P-1DT-0.25S"),
        ] {
            assert_eq!(Interval::parse(text).unwrap().iso8601(), wanted, "{text}");
        }
    }

    #[test]
    fn multiplying_spills_downwards() {
        // SELECT interval '1 mon' * 0.5, interval '1 day' * 1.5, … in PostgreSQL 15.
        for (text, factor, wanted) in [
            ("1 mon", 0.5, "15 days"),
            ("1 day", 1.5, "1 day 12:00:00"),
            ("1 mon 1 day", 2.0, "2 mons 2 days"),
            ("01:00:00", -1.5, "-01:30:00"),
        ] {
            let product = Interval::parse(text).unwrap().checked_mul(factor).unwrap();
            assert_eq!(product.to_string(), wanted, "{text}");
        }
        let day = Interval::parse("1 day").unwrap();
        assert_eq!(day.checked_mul(f64::NAN), Err(TimeError::Range));
        assert_eq!(day.checked_mul(1e300), Err(TimeError::Range));
    }
}
