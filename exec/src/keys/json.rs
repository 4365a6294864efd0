//! JSON as bytes whose `memcmp` order is JSON's order by value.
//!
//! Kinds sort as PostgreSQL's jsonb does: null < string < number < boolean < array < object. Numbers
//! compare exactly (1, 1.0 and 10e-1 are one value), arrays and objects by their length first, then
//! member by member; keys come sorted from storage.

use serde_json::Value;

const NULL: u8 = 1;
const STRING: u8 = 2;
const NUMBER: u8 = 3;
const BOOLEAN: u8 = 4;
const ARRAY: u8 = 5;
const OBJECT: u8 = 6;

const NEGATIVE: u8 = 0;
const ZERO: u8 = 1;
const POSITIVE: u8 = 2;

/// Appends the order key of a JSON text. Text that is not JSON sorts as a string.
pub(crate) fn order_key(text: &str, out: &mut Vec<u8>) {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => push_value(&value, out),
        Err(_) => push_string(text, out),
    }
}

fn push_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(NULL),
        Value::String(text) => push_string(text, out),
        Value::Number(number) => push_number(&number.to_string(), out),
        Value::Bool(truth) => out.extend([BOOLEAN, u8::from(*truth)]),
        Value::Array(items) => {
            push_length(ARRAY, items.len(), out);
            items.iter().for_each(|item| push_value(item, out));
        }
        Value::Object(members) => {
            push_length(OBJECT, members.len(), out);
            for (key, member) in members {
                push_string(key, out);
                push_value(member, out);
            }
        }
    }
}

fn push_length(kind: u8, length: usize, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend((length as u64).to_be_bytes());
}

fn push_string(text: &str, out: &mut Vec<u8>) {
    out.push(STRING);
    for byte in text.bytes() {
        out.push(byte);
        if byte == 0 {
            out.push(0xFF);
        }
    }
    out.extend([0, 1]);
}

/// A number is 0.d₁d₂… × 10^exponent with d₁ not zero: sign, exponent and digits, in that order.
fn push_number(text: &str, out: &mut Vec<u8>) {
    out.push(NUMBER);
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (digits, exponent) = scientific(text);
    if digits.is_empty() {
        out.push(ZERO);
        return;
    }
    out.push(if negative { NEGATIVE } else { POSITIVE });
    let start = out.len();
    out.extend((exponent ^ i64::MIN).to_be_bytes());
    out.extend(digits);
    out.push(0);
    if negative {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

fn scientific(text: &str) -> (Vec<u8>, i64) {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    // An exponent beyond i64 saturates: such numbers cannot be told apart from each other by it.
    let exponent = exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') {
        i64::MIN / 2
    } else {
        i64::MAX / 2
    });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let leading = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.drain(..leading);
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    (digits, exponent + whole.len() as i64 - leading as i64)
}

#[cfg(test)]
mod tests {
    use super::order_key;

    fn key(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        order_key(text, &mut bytes);
        bytes
    }

    #[test]
    fn values_sort_by_kind_then_by_value() {
        let ascending = [
            "null",
            "\"\"",
            "\"a\"",
            "\"ab\"",
            "\"b\"",
            "-1e400",
            "-10.5",
            "-2",
            "-1.9",
            "-0.001",
            "0",
            "0.01",
            "0.1",
            "1",
            "1.5",
            "2",
            "10",
            "123456789012345678901234567890",
            "1e400",
            "false",
            "true",
            "[]",
            "[9]",
            "[1,2]",
            "{}",
            "{\"a\":1}",
            "{\"a\":2}",
            "{\"b\":0}",
        ];
        for pair in ascending.windows(2) {
            assert!(key(pair[0]) < key(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn equal_numbers_have_one_key() {
        for same in ["1.0", "1.00", "10e-1", "0.1e1"] {
            assert_eq!(key(same), key("1"), "{same}");
        }
        assert_eq!(key("-0"), key("0.000"));
    }
}
