//! The text of dates and timestamps: PostgreSQL's ISO style.
//!
//! Read: `2024-02-29`, `2024/2/29`, `20240229`, `… BC`, `infinity`, `-infinity`, `epoch`; a
//! timestamp adds ` ` or `T`, `hh:mm[:ss[.ffffff]]` and a zone `Z`, `UTC` or `±hh[[:]mm]`. Times
//! without a zone are UTC. Fractions beyond microseconds are rounded.

use std::fmt;

use super::{Civil, Date, MICROS_PER_DAY, MICROS_PER_SECOND, TimeError, Timestamp};

type Result<T> = std::result::Result<T, TimeError>;

impl Date {
    /// Reads a date; a time of day after it is ignored, as PostgreSQL does.
    ///
    /// # Errors
    /// [`TimeError::Syntax`]; [`TimeError::Range`] for a day that the calendar lacks.
    pub fn parse(text: &str) -> Result<Date> {
        Ok(match read(text)? {
            Parsed::Infinite(timestamp) => timestamp.to_date(),
            Parsed::Finite { date, .. } => date,
        })
    }
}

impl Timestamp {
    /// Reads a timestamp; a date alone is its midnight.
    ///
    /// # Errors
    /// [`TimeError::Syntax`]; [`TimeError::Range`] for a day that the calendar lacks.
    pub fn parse(text: &str) -> Result<Timestamp> {
        match read(text)? {
            Parsed::Infinite(timestamp) => Ok(timestamp),
            Parsed::Finite { date, micros } => {
                let midnight = date.to_timestamp()?.0;
                Timestamp::from_micros(midnight.checked_add(micros).ok_or(TimeError::Range)?)
            }
        }
    }

    /// Returns ISO 8601 for machines: `2024-02-29T12:34:56.789Z`.
    pub fn iso8601(self) -> String {
        if !self.is_finite() {
            return self.to_string();
        }
        let civil = Civil::of(self);
        let year =
            if civil.year > 9_999 { format!("+{}", civil.year) } else { iso_year(civil.year) };
        format!(
            "{year}-{:02}-{:02}T{}Z",
            civil.month,
            civil.day,
            Clock(civil.micros.unsigned_abs())
        )
    }
}

fn iso_year(year: i32) -> String {
    if year < 0 { format!("-{:04}", -year) } else { format!("{year:04}") }
}

enum Parsed {
    Infinite(Timestamp),
    /// A day and microseconds from its midnight in UTC; these may lie outside the day.
    Finite {
        date: Date,
        micros: i64,
    },
}

fn read(text: &str) -> Result<Parsed> {
    let text = text.trim_ascii();
    match text.to_ascii_lowercase().as_str() {
        "infinity" | "+infinity" => return Ok(Parsed::Infinite(Timestamp::MAX)),
        "-infinity" => return Ok(Parsed::Infinite(Timestamp::MIN)),
        "epoch" => return Ok(Parsed::Finite { date: Date(0), micros: 0 }),
        _ => {}
    }
    let (text, before_christ) =
        match text.len().checked_sub(3).and_then(|at| text.split_at_checked(at)) {
            Some((rest, era)) if era.eq_ignore_ascii_case(" bc") => (rest.trim_ascii_end(), true),
            Some((rest, era)) if era.eq_ignore_ascii_case(" ad") => (rest.trim_ascii_end(), false),
            _ => (text, false),
        };
    let mut input = Reader(text);
    let date = read_date(&mut input, before_christ)?;
    if input.0.is_empty() {
        return Ok(Parsed::Finite { date, micros: 0 });
    }
    if !input.take(|byte| byte == b' ' || byte.eq_ignore_ascii_case(&b't')) {
        return Err(TimeError::Syntax);
    }
    input.skip_spaces();
    let clock = read_clock(&mut input)?;
    let offset = read_zone(&mut input)?;
    Ok(Parsed::Finite { date, micros: clock - offset })
}

fn read_date(input: &mut Reader<'_>, before_christ: bool) -> Result<Date> {
    let (year, digits) = input.number()?;
    let (year, month, day) = if digits == 8 && !matches!(input.peek(), Some(b'-' | b'/')) {
        (year / 10_000, year / 100 % 100, year % 100)
    } else {
        // Two-digit years mean different centuries to different people.
        if digits < 3 {
            return Err(TimeError::Syntax);
        }
        let separator = input.peek().filter(|byte| matches!(byte, b'-' | b'/'));
        let separator = separator.ok_or(TimeError::Syntax)?;
        input.expect(separator)?;
        let (month, _) = input.number()?;
        input.expect(separator)?;
        let (day, _) = input.number()?;
        (year, month, day)
    };
    let year = i32::try_from(year).map_err(|_| TimeError::Range)?;
    // There is no year 0 in text: 1 BC is followed by AD 1.
    if year == 0 {
        return Err(TimeError::Range);
    }
    let field = |field: i64| u32::try_from(field).map_err(|_| TimeError::Range);
    Date::from_civil(if before_christ { 1 - year } else { year }, field(month)?, field(day)?)
}

/// Reads `hh:mm[:ss[.f]]` into microseconds; 24:00:00 and a leap second are allowed.
fn read_clock(input: &mut Reader<'_>) -> Result<i64> {
    let (hours, _) = input.number()?;
    input.expect(b':')?;
    let (minutes, _) = input.number()?;
    let (mut seconds, mut fraction) = (0, 0);
    if input.take(|byte| byte == b':') {
        seconds = input.number()?.0;
        if input.take(|byte| byte == b'.') {
            fraction = input.fraction_micros();
        }
    }
    if hours > 24 || minutes > 59 || seconds > 60 {
        return Err(TimeError::Range);
    }
    let micros = ((hours * 60 + minutes) * 60 + seconds) * MICROS_PER_SECOND + fraction;
    if micros > MICROS_PER_DAY { Err(TimeError::Range) } else { Ok(micros) }
}

/// Reads an optional zone and returns its offset from UTC in microseconds.
fn read_zone(input: &mut Reader<'_>) -> Result<i64> {
    input.skip_spaces();
    let zone = input.0;
    if zone.is_empty() || ["z", "utc", "gmt"].iter().any(|name| zone.eq_ignore_ascii_case(name)) {
        return Ok(0);
    }
    let sign = if input.take(|byte| byte == b'+') {
        1
    } else {
        input.expect(b'-')?;
        -1
    };
    let (first, digits) = input.number()?;
    let (hours, minutes) = match digits {
        1 | 2 if input.take(|byte| byte == b':') => (first, input.number()?.0),
        1 | 2 => (first, 0),
        4 => (first / 100, first % 100),
        _ => return Err(TimeError::Syntax),
    };
    if !input.0.is_empty() {
        return Err(TimeError::Syntax);
    }
    if hours > 15 || minutes > 59 {
        return Err(TimeError::Range);
    }
    Ok(sign * (hours * 60 + minutes) * 60 * MICROS_PER_SECOND)
}

/// What is left of a text.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.0.bytes().next()
    }

    /// Takes the next byte if it is ASCII and wanted.
    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let found = self.peek().is_some_and(|byte| byte.is_ascii() && wanted(byte));
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.take(|found| found == byte) { Ok(()) } else { Err(TimeError::Syntax) }
    }

    fn skip_spaces(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }

    /// Reads digits and returns the number with their count.
    fn number(&mut self) -> Result<(i64, usize)> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at(digits);
        if digits == 0 {
            return Err(TimeError::Syntax);
        }
        self.0 = rest;
        Ok((number.parse().map_err(|_| TimeError::Range)?, digits))
    }

    /// Reads digits after a point as microseconds, rounded.
    fn fraction_micros(&mut self) -> i64 {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (fraction, rest) = self.0.split_at(digits);
        self.0 = rest;
        fraction_micros(fraction)
    }
}

/// Returns the microseconds of the digits after a point, rounded; more than that is not read.
pub(super) fn fraction_micros(digits: &str) -> i64 {
    let mut micros = 0;
    for at in 0..6 {
        let digit = digits.as_bytes().get(at).map_or(0, |byte| i64::from(byte - b'0'));
        micros = micros * 10 + digit;
    }
    let round_up = digits.as_bytes().get(6).is_some_and(|byte| *byte >= b'5');
    micros + i64::from(round_up)
}

/// Writes microseconds as `hh:mm:ss[.ffffff]` without trailing zeros.
pub(super) struct Clock(pub(super) u64);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, fraction) = (self.0 / 1_000_000, self.0 % 1_000_000);
        write!(f, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)?;
        if fraction == 0 {
            return Ok(());
        }
        write!(f, ".{}", format!("{fraction:06}").trim_end_matches('0'))
    }
}

/// Writes `2024-02-29`, `0044-03-15 BC`, `infinity`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Date::MIN => f.write_str("-infinity"),
            Date::MAX => f.write_str("infinity"),
            date => {
                let civil = Civil::of_date(date);
                write_day(f, civil)?;
                f.write_str(era(civil))
            }
        }
    }
}

/// Writes `2024-02-29 12:34:56.789`, `infinity`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Timestamp::MIN => f.write_str("-infinity"),
            Timestamp::MAX => f.write_str("infinity"),
            timestamp => {
                let civil = Civil::of(timestamp);
                write_day(f, civil)?;
                write!(f, " {}{}", Clock(civil.micros.unsigned_abs()), era(civil))
            }
        }
    }
}

fn write_day(f: &mut fmt::Formatter<'_>, civil: Civil) -> fmt::Result {
    let year = if civil.year > 0 { civil.year } else { 1 - civil.year };
    write!(f, "{year:04}-{:02}-{:02}", civil.month, civil.day)
}

fn era(civil: Civil) -> &'static str {
    if civil.year > 0 { "" } else { " BC" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Date, TimeError, Timestamp};

    #[test]
    fn timestamps_print_as_postgresql_does() {
        // SELECT '…'::timestamp (::timestamptz in UTC for those with a zone) in PostgreSQL 15.
        for (text, wanted) in [
            ("2024-02-29", "2024-02-29 00:00:00"),
            ("2024-02-29 12:34:56.789", "2024-02-29 12:34:56.789"),
            ("2024-02-29T12:34", "2024-02-29 12:34:00"),
            ("20240229 1:02:03", "2024-02-29 01:02:03"),
            ("2024-02-29 23:59:59.9999999", "2024-03-01 00:00:00"),
            ("2024-02-29 24:00:00", "2024-03-01 00:00:00"),
            ("2024-02-29 23:59:60", "2024-03-01 00:00:00"),
            ("2024-02-29 12:00:00+02", "2024-02-29 10:00:00"),
            ("2024-02-29 12:00:00 -05:30", "2024-02-29 17:30:00"),
            ("2024-02-29T12:00:00Z", "2024-02-29 12:00:00"),
            ("0044-03-15 BC", "0044-03-15 00:00:00 BC"),
            ("12345-06-07", "12345-06-07 00:00:00"),
            ("infinity", "infinity"),
            ("-Infinity", "-infinity"),
            ("epoch", "1970-01-01 00:00:00"),
            ("1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), wanted, "{text}");
        }
    }

    #[test]
    fn bad_days_are_refused() {
        for text in ["", "abc", "2024", "2024-02", "24-02-29", "2024-02-29x", "2024-02-29 12", "é"]
        {
            assert_eq!(Timestamp::parse(text), Err(TimeError::Syntax), "{text}");
        }
        for text in ["2023-02-29", "2024-13-01", "2024-00-10", "0000-01-01", "2024-01-01 25:00"] {
            assert_eq!(Timestamp::parse(text), Err(TimeError::Range), "{text}");
        }
        assert_eq!(Date::parse("2024-02-29 12:00").unwrap().to_string(), "2024-02-29");
    }

    #[test]
    fn machines_read_iso_8601() {
        let text = Timestamp::parse("2024-02-29 12:34:56.5").unwrap().iso8601();
        assert_eq!(text, "2024-02-29T12:34:56.5Z");
    }

    proptest! {
        #[test]
        fn text_round_trips(micros in -210_000_000_000_000_000_i64..i64::MAX) {
            let timestamp = Timestamp(micros);
            prop_assert_eq!(Timestamp::parse(&timestamp.to_string()), Ok(timestamp));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,20}") {
            let _ = Timestamp::parse(&text);
            let _ = super::super::Interval::parse(&text);
        }
    }
}
