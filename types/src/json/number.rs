//! JSON numbers by value: exact at any length, since JSON sets no limit.
//!
//! A number is compared as sign, the power of ten of its first digit, and its digits.

use std::cmp::Ordering;

use crate::Decimal;

/// Returns a JSON number as a decimal, or `None` if it needs more than 38 digits.
pub fn number(json: &str) -> Option<Decimal> {
    Decimal::parse(json).ok()
}

/// A number as `± 0.d₁d₂d₃… × 10^exponent` with d₁ and the last digit not zero.
#[derive(Debug, PartialEq, Eq)]
struct Scientific {
    negative: bool,
    exponent: i64,
    digits: Vec<u8>,
}

impl Scientific {
    /// Splits a JSON number; zero has no digits.
    fn of(json: &str) -> Scientific {
        let (negative, rest) = json.strip_prefix('-').map_or((false, json), |rest| (true, rest));
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..leading);
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        if digits.is_empty() {
            return Scientific { negative: false, exponent: 0, digits };
        }
        let point = i64::try_from(whole.len()).expect("a length") - leading as i64;
        let exponent = clamped(exponent).saturating_add(point);
        Scientific { negative, exponent, digits }
    }

    fn compare_magnitude(&self, other: &Scientific) -> Ordering {
        // Zero has the least magnitude, whatever the other's exponent.
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => {
                self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits))
            }
        }
    }
}

/// Reads an exponent; one beyond 64 bits is taken as the last of them.
fn clamped(exponent: &str) -> i64 {
    let end = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
    exponent.parse().unwrap_or(end)
}

/// Orders two JSON numbers by value.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (a, b) = (Scientific::of(a), Scientific::of(b));
    match (a.negative, b.negative) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => a.compare_magnitude(&b),
        (true, true) => b.compare_magnitude(&a),
    }
}

/// Appends a text that equal numbers share.
pub(super) fn push_key(json: &str, key: &mut String) {
    let number = Scientific::of(json);
    if number.digits.is_empty() {
        return key.push('0');
    }
    if number.negative {
        key.push('-');
    }
    key.extend(number.digits.iter().map(|digit| char::from(*digit)));
    key.push('e');
    key.push_str(&number.exponent.to_string());
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::{compare, push_key};
    use crate::Decimal;

    #[test]
    fn numbers_compare_by_value() {
        for (a, b, wanted) in [
            ("1", "1.00", Ordering::Equal),
            ("1e3", "1000", Ordering::Equal),
            ("-0", "0", Ordering::Equal),
            ("0", "1e-400", Ordering::Less),
            ("-1", "-2", Ordering::Greater),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            ("1e999", "1e998", Ordering::Greater),
            ("0.1", "0.09", Ordering::Greater),
        ] {
            assert_eq!(compare(a, b), wanted, "{a} {b}");
            assert_eq!(compare(b, a), wanted.reverse(), "{b} {a}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_decimals(a in -100_000_i128..100_000, sa in 0_u8..8, b in -100_000_i128..100_000, sb in 0_u8..8) {
            let (a, b) = (Decimal::new(a, sa), Decimal::new(b, sb));
            let (x, y) = (a.to_string(), b.to_string());
            prop_assert_eq!(compare(&x, &y), a.compare(b));
            let (mut p, mut q) = (String::new(), String::new());
            push_key(&x, &mut p);
            push_key(&y, &mut q);
            prop_assert_eq!(p == q, a.compare(b) == Ordering::Equal);
        }
    }
}
