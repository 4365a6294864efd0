//! JSON values: reading, the one text form in which they are stored, and paths into them.
//!
//! A stored JSON value is *minimal text*: no spaces, object keys once each and in byte order (where
//! PostgreSQL's jsonb orders them by length first), strings with the fewest escapes, numbers
//! digit for digit as they were written. [`normalise`] makes it; every other function here takes it
//! and walks it in place, without building a tree. Numbers compare by value, exactly, at any length.

mod normalise;
mod number;
mod order;
mod path;

use std::borrow::Cow;
use std::fmt::Write as _;

pub use normalise::{JsonError, normalise};
pub use number::number;
pub use order::{compare, contains, hash_key};
pub use path::{element, elements, get, members, path};

use crate::{DataType, Decimal, Value};

/// Deepest nesting of arrays and objects.
pub const DEPTH_MAX: usize = 500;

/// What a JSON value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JsonKind {
    /// `null`. The order of the kinds is the order of their values, as in PostgreSQL.
    Null,
    /// A string.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl JsonKind {
    /// Returns the name that `json_typeof` gives.
    pub fn name(self) -> &'static str {
        match self {
            JsonKind::Null => "null",
            JsonKind::String => "string",
            JsonKind::Number => "number",
            JsonKind::Boolean => "boolean",
            JsonKind::Array => "array",
            JsonKind::Object => "object",
        }
    }
}

/// Returns what a minimal text is.
pub fn kind(json: &str) -> JsonKind {
    match json.as_bytes().first() {
        Some(b'n') | None => JsonKind::Null,
        Some(b'"') => JsonKind::String,
        Some(b't' | b'f') => JsonKind::Boolean,
        Some(b'[') => JsonKind::Array,
        Some(b'{') => JsonKind::Object,
        Some(_) => JsonKind::Number,
    }
}

/// Returns the text of a value for people: a string's characters, `None` for null, else its JSON.
pub fn text(json: &str) -> Option<Cow<'_, str>> {
    match kind(json) {
        JsonKind::Null => None,
        JsonKind::String => Some(unquote(json)),
        JsonKind::Number | JsonKind::Boolean | JsonKind::Array | JsonKind::Object => {
            Some(Cow::Borrowed(json))
        }
    }
}

/// Returns the characters of a string in minimal form.
fn unquote(json: &str) -> Cow<'_, str> {
    let inner = &json[1..json.len() - 1];
    if inner.contains('\\') {
        Cow::Owned(normalise::unescape(inner).expect("minimal text has good escapes"))
    } else {
        Cow::Borrowed(inner)
    }
}

/// Returns text as a JSON string.
pub fn quote(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    push_quoted(&mut json, text);
    json
}

/// Appends text as a JSON string.
pub(crate) fn push_quoted(json: &mut String, text: &str) {
    json.push('"');
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| needs_escape(*byte)) {
        json.push_str(&text[copied..at]);
        copied = at + 1;
        match byte {
            b'"' => json.push_str("\\\""),
            b'\\' => json.push_str("\\\\"),
            b'\n' => json.push_str("\\n"),
            b'\r' => json.push_str("\\r"),
            b'\t' => json.push_str("\\t"),
            0x08 => json.push_str("\\b"),
            0x0c => json.push_str("\\f"),
            _ => write!(json, "\\u{byte:04x}").expect("a string takes all text"),
        }
    }
    json.push_str(&text[copied..]);
    json.push('"');
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Returns a SQL value as JSON: numbers and booleans are JSON's own, NULL is null, JSON is itself,
/// and all others are strings. NaN and the infinities are strings too, as in PostgreSQL.
pub fn from_value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(_) | Value::Int16(_) | Value::Int32(_) | Value::Int64(_) => {
            value.to_string()
        }
        Value::Float32(number) if number.is_finite() => float_text(&value.to_string()),
        Value::Float64(number) if number.is_finite() => float_text(&value.to_string()),
        Value::Decimal(number) => number.to_string(),
        Value::Json(json) => json.to_string(),
        Value::Timestamp(timestamp) => quote(&timestamp.iso8601()),
        Value::Float32(_)
        | Value::Float64(_)
        | Value::Text(_)
        | Value::Blob(_)
        | Value::Date(_)
        | Value::Interval(_) => quote(&value.to_string()),
    }
}

/// SQL writes `1e+15` and `-0`; the first is JSON as it stands, the second loses its sign.
fn float_text(text: &str) -> String {
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Returns a JSON value as the SQL value of its own kind: boolean, decimal, text; arrays and objects
/// stay JSON. A number beyond 38 digits is a double.
pub fn to_value(json: &str) -> Value {
    match kind(json) {
        JsonKind::Null => Value::Null,
        JsonKind::Boolean => Value::Boolean(json == "true"),
        JsonKind::String => Value::text(unquote(json).as_ref()),
        JsonKind::Array | JsonKind::Object => Value::Json(json.into()),
        JsonKind::Number => match Decimal::parse(json) {
            Ok(number) => Value::Decimal(number),
            Err(_) => Value::Float64(json.parse().expect("minimal text has good numbers")),
        },
    }
}

/// Returns the type of [`to_value`] for values of one kind.
pub fn sql_type(kind: JsonKind) -> DataType {
    match kind {
        JsonKind::Null => DataType::Null,
        JsonKind::String => DataType::TEXT,
        JsonKind::Number => DataType::Decimal { precision: 38, scale: 16 },
        JsonKind::Boolean => DataType::Boolean,
        JsonKind::Array | JsonKind::Object => DataType::Json,
    }
}

#[cfg(test)]
mod tests {
    use super::{from_value, kind, normalise, quote, text, to_value};
    use crate::{Decimal, Value};

    #[test]
    fn strings_round_trip_through_quotes() {
        for plain in ["", "a\"b\\c", "tab\tline\nreturn\r\u{8}\u{c}\u{1}", "日本 🦀", "/"] {
            let json = quote(plain);
            assert_eq!(normalise(&json).unwrap(), json);
            assert_eq!(text(&json).unwrap(), plain);
        }
        assert_eq!(quote("\u{1}"), "\"\\u0001\"");
    }

    #[test]
    fn values_become_json_and_back() {
        let decimal = Value::Decimal(Decimal::parse("1.50").unwrap());
        for (value, json) in [
            (Value::Null, "null"),
            (Value::Boolean(true), "true"),
            (decimal.clone(), "1.50"),
            (Value::text("x\"y"), "\"x\\\"y\""),
        ] {
            assert_eq!(from_value(&value), json);
            assert_eq!(to_value(json), value);
        }
        assert_eq!(from_value(&Value::Float64(f64::NAN)), "\"NaN\"");
        assert_eq!(from_value(&Value::Float64(1e15)), "1e+15");
        assert_eq!(from_value(&Value::Float64(-0.0)), "0");
        assert_eq!(kind("1e+15").name(), "number");
    }
}
