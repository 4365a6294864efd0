//! Walks minimal JSON text in place: members, elements, paths.
//!
//! A value is found by skipping over those before it, so a lookup costs the bytes it passes and
//! allocates nothing (except where a key holds an escape).

use std::borrow::Cow;

use super::{JsonKind, kind, unquote};

/// Returns the member `key` of an object; `None` for other kinds.
pub fn get<'a>(json: &'a str, key: &str) -> Option<&'a str> {
    for (name, value) in members(json) {
        match name.as_ref().cmp(key) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => return Some(value),
            // Keys are sorted, so the key would have come before this one.
            std::cmp::Ordering::Greater => return None,
        }
    }
    None
}

/// Returns the element at `index` of an array, from 0, or from the end below 0.
pub fn element(json: &str, index: i64) -> Option<&str> {
    let index = if index < 0 {
        usize::try_from(index.unsigned_abs())
            .ok()
            .and_then(|from_end| elements(json).count().checked_sub(from_end))?
    } else {
        usize::try_from(index).ok()?
    };
    elements(json).nth(index)
}

/// Returns the value at a path of keys; a number finds an array's element. JSON null is absent.
pub fn path<'a, 'k>(json: &'a str, keys: impl IntoIterator<Item = &'k str>) -> Option<&'a str> {
    let mut found = json;
    for key in keys {
        found = match kind(found) {
            JsonKind::Object => get(found, key)?,
            JsonKind::Array => element(found, key.parse().ok()?)?,
            JsonKind::Null | JsonKind::String | JsonKind::Number | JsonKind::Boolean => {
                return None;
            }
        };
    }
    (kind(found) != JsonKind::Null).then_some(found)
}

/// Returns the elements of an array; none for other kinds.
pub fn elements(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = inside(json, JsonKind::Array);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (value, after) = rest.split_at(value_length(rest));
        rest = after.strip_prefix(',').unwrap_or(after);
        Some(value)
    })
}

/// Returns the members of an object in order of keys; none for other kinds.
pub fn members(json: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    let mut rest = inside(json, JsonKind::Object);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (key, after) = rest.split_at(string_length(rest));
        let after = &after[1..];
        let (value, after) = after.split_at(value_length(after));
        rest = after.strip_prefix(',').unwrap_or(after);
        Some((unquote(key), value))
    })
}

fn inside(json: &str, wanted: JsonKind) -> &str {
    if kind(json) == wanted { &json[1..json.len() - 1] } else { "" }
}

/// Returns the bytes of the value at the start of minimal text.
fn value_length(text: &str) -> usize {
    match text.as_bytes()[0] {
        b'"' => string_length(text),
        b'{' | b'[' => nested_length(text),
        _ => text.find([',', ']', '}']).unwrap_or(text.len()),
    }
}

fn string_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

fn nested_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0);
    loop {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => at += string_length(&text[at..]) - 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{element, get, path};

    const DOCUMENT: &str = r#"{"a":{"b":[1,{"c":"x,]}\""},null]},"n":null,"t":true}"#;

    #[test]
    fn paths_find_values() {
        for (keys, wanted) in [
            (vec!["a", "b", "0"], Some("1")),
            (vec!["a", "b", "1", "c"], Some("\"x,]}\\\"\"")),
            (vec!["a", "b", "-1"], None),
            (vec!["a", "b", "9"], None),
            (vec!["n"], None),
            (vec!["t"], Some("true")),
            (vec!["t", "x"], None),
            (vec!["zz"], None),
            (vec![], Some(DOCUMENT)),
        ] {
            assert_eq!(path(DOCUMENT, keys.iter().copied()), wanted, "{keys:?}");
        }
    }

    #[test]
    fn single_steps_keep_null() {
        assert_eq!(get(DOCUMENT, "n"), Some("null"));
        assert_eq!(get("[1]", "0"), None);
        assert_eq!(element("[1,2,3]", -1), Some("3"));
        assert_eq!(element("[1,2,3]", -4), None);
        assert_eq!(element("[1,2,3]", 3), None);
        assert_eq!(element("{}", 0), None);
    }
}
