//! The text of floating-point numbers and their order: PostgreSQL's.
//!
//! The shortest digits that read back as the same number; an exponent below 1e-4 and from 1e15
//! (1e6 for 32 bits), with a sign and at least two digits. NaN is equal to itself and greatest.

use std::cmp::Ordering;

/// Returns the text of a double.
pub fn float64_text(value: f64) -> String {
    special(value).unwrap_or_else(|| place_point(&format!("{value:e}"), 15))
}

/// Returns the text of a 32-bit float.
pub fn float32_text(value: f32) -> String {
    special(f64::from(value)).unwrap_or_else(|| place_point(&format!("{value:e}"), 6))
}

fn special(value: f64) -> Option<String> {
    let text = match value {
        _ if value.is_nan() => "NaN",
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => return None,
    };
    Some(text.to_owned())
}

/// Rewrites `d.ddde±x` without an exponent where PostgreSQL has none.
fn place_point(scientific: &str, exponent_from: i32) -> String {
    let (mantissa, exponent) = scientific.split_once('e').expect("{:e} writes an exponent");
    let exponent: i32 = exponent.parse().expect("{:e} writes an exponent");
    if !(-4..exponent_from).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits = mantissa.replace('.', "");
    match usize::try_from(exponent) {
        Err(_) => {
            let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
            format!("{sign}0.{zeros}{digits}")
        }
        Ok(whole) if whole + 1 >= digits.len() => {
            format!("{sign}{digits}{}", "0".repeat(whole + 1 - digits.len()))
        }
        Ok(whole) => {
            let (whole, fraction) = digits.split_at(whole + 1);
            format!("{sign}{whole}.{fraction}")
        }
    }
}

/// Reads a float as PostgreSQL does: spaces around, `inf`, `Infinity`, `NaN` in any case.
///
/// Returns `None` for other text; a number too large is infinite, one too small is zero.
pub fn parse_float64(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let named = ["inf", "infinity", "nan"].iter().any(|name| unsigned.eq_ignore_ascii_case(name));
    if number || named { text.parse().ok() } else { None }
}

/// Orders doubles: NaN equals NaN and is greater than all, -0 equals 0.
pub fn compare_float64(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::{compare_float64, float32_text, float64_text, parse_float64};

    #[test]
    fn doubles_print_as_postgresql_does() {
        // SELECT …::float8 in PostgreSQL 15.
        for (value, wanted) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.5, "1.5"),
            (100.0, "100"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e14, "100000000000000"),
            (1e15, "1e+15"),
            (123456789.125, "123456789.125"),
            (1.2345678901234568e17, "1.2345678901234568e+17"),
            (-1e-300, "-1e-300"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::INFINITY, "Infinity"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(float64_text(value), wanted);
        }
        for (value, wanted) in [(1e6_f32, "1e+06"), (123_456.0, "123456"), (0.1, "0.1")] {
            assert_eq!(float32_text(value), wanted);
        }
    }

    #[test]
    fn text_is_read_as_postgresql_does() {
        for (text, wanted) in [
            (" 1.5 ", Some(1.5)),
            ("-.5e1", Some(-5.0)),
            ("INF", Some(f64::INFINITY)),
            ("1e999", Some(f64::INFINITY)),
        ] {
            assert_eq!(parse_float64(text), wanted, "{text}");
        }
        for text in ["", "abc", "1x", "--1", "e5", "infinite", "1 2"] {
            assert_eq!(parse_float64(text), None, "{text}");
        }
    }

    #[test]
    fn nan_is_greatest_and_zeros_are_equal() {
        assert_eq!(compare_float64(f64::NAN, f64::NAN), Ordering::Equal);
        assert_eq!(compare_float64(f64::NAN, f64::INFINITY), Ordering::Greater);
        assert_eq!(compare_float64(1.0, f64::NAN), Ordering::Less);
        assert_eq!(compare_float64(-0.0, 0.0), Ordering::Equal);
    }
}
