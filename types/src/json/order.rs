//! The order of JSON values, and containment.
//!
//! The order is PostgreSQL's for jsonb: object > array > boolean > number > string > null; arrays
//! and objects with more entries are greater; then entry by entry, an object's key before its value.
//! Strings compare by bytes.

use std::cmp::Ordering;

use super::{JsonKind, elements, get, kind, members, number, push_quoted, unquote};

/// Orders two values in minimal form.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (kind_a, kind_b) = (kind(a), kind(b));
    if kind_a != kind_b {
        return kind_a.cmp(&kind_b);
    }
    match kind_a {
        JsonKind::Null => Ordering::Equal,
        JsonKind::String => unquote(a).cmp(&unquote(b)),
        JsonKind::Number => number::compare(a, b),
        JsonKind::Boolean => (a == "true").cmp(&(b == "true")),
        JsonKind::Array => compare_arrays(a, b),
        JsonKind::Object => compare_objects(a, b),
    }
}

fn compare_arrays(a: &str, b: &str) -> Ordering {
    elements(a).count().cmp(&elements(b).count()).then_with(|| {
        let mut pairs = elements(a).zip(elements(b)).map(|(x, y)| compare(x, y));
        pairs.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    })
}

fn compare_objects(a: &str, b: &str) -> Ordering {
    members(a).count().cmp(&members(b).count()).then_with(|| {
        let mut pairs = members(a)
            .zip(members(b))
            .map(|((key_a, a), (key_b, b))| key_a.cmp(&key_b).then_with(|| compare(a, b)));
        pairs.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    })
}

/// True if `outer @> inner`: each member and element of `inner` is contained in `outer`.
///
/// An array at the top contains a scalar among its elements, as in PostgreSQL.
pub fn contains(outer: &str, inner: &str) -> bool {
    let scalar = !matches!(kind(inner), JsonKind::Array | JsonKind::Object);
    if kind(outer) == JsonKind::Array && scalar {
        return elements(outer).any(|element| compare(element, inner).is_eq());
    }
    holds(outer, inner)
}

fn holds(outer: &str, inner: &str) -> bool {
    match (kind(outer), kind(inner)) {
        (JsonKind::Object, JsonKind::Object) => members(inner)
            .all(|(key, value)| get(outer, &key).is_some_and(|found| holds(found, value))),
        (JsonKind::Array, JsonKind::Array) => {
            elements(inner).all(|wanted| elements(outer).any(|found| holds(found, wanted)))
        }
        _ => compare(outer, inner).is_eq(),
    }
}

/// Returns a text that two values share exactly if they are equal: for hash tables and grouping.
pub fn hash_key(json: &str) -> String {
    let mut key = String::with_capacity(json.len());
    push_key(json, &mut key);
    key
}

fn push_key(json: &str, key: &mut String) {
    match kind(json) {
        JsonKind::Null | JsonKind::String | JsonKind::Boolean => key.push_str(json),
        JsonKind::Number => number::push_key(json, key),
        JsonKind::Array => {
            key.push('[');
            for element in elements(json) {
                push_key(element, key);
                key.push(',');
            }
            key.push(']');
        }
        JsonKind::Object => {
            key.push('{');
            for (name, value) in members(json) {
                push_quoted(key, &name);
                key.push(':');
                push_key(value, key);
                key.push(',');
            }
            key.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{compare, contains, hash_key};

    #[test]
    fn kinds_and_sizes_order_as_in_postgresql() {
        let ascending = [
            "null",
            "\"\"",
            "\"a\"",
            "\"b\"",
            "-1",
            "0",
            "1.5",
            "10",
            "false",
            "true",
            "[]",
            "[5]",
            "[1,2]",
            "[1,3]",
            "{}",
            r#"{"b":1}"#,
            r#"{"a":1,"b":1}"#,
            r#"{"a":1,"c":0}"#,
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn containment_is_postgresqls() {
        for (outer, inner, wanted) in [
            (r#"{"a":1,"b":[1,2]}"#, r#"{"b":[2]}"#, true),
            (r#"{"a":1.0}"#, r#"{"a":1}"#, true),
            ("[1,2,3]", "[3,1,1]", true),
            ("[1,2]", "2", true),
            ("[[1,2]]", "[1]", false),
            (r#"{"a":{"b":1}}"#, r#"{"b":1}"#, false),
            ("1", "[1]", false),
            ("[1]", "{}", false),
        ] {
            assert_eq!(contains(outer, inner), wanted, "{outer} @> {inner}");
        }
    }

    #[test]
    fn equal_values_share_a_key() {
        assert_eq!(hash_key(r#"{"a":[1.0,10]}"#), hash_key(r#"{"a":[1,1e1]}"#));
        assert_ne!(hash_key("[1,2]"), hash_key("[12]"));
        assert_ne!(hash_key("\"1\""), hash_key("1"));
    }
}
