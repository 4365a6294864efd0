//! Text functions. Lengths and positions count characters, from 1.

use diag::Code;
use ir::{Function, TrimSide};
use types::Value;

use crate::eval::{Failure, RowResult};

/// Most bytes that a function may make of one value.
const RESULT_BYTES_MAX: usize = 64 << 20;

/// Calls a text function.
pub(super) fn call(function: Function, args: &[Value]) -> RowResult<Value> {
    let text = |at: usize| string(&args[at]);
    let count = |at: usize| integer(&args[at]);
    let made = match function {
        Function::Upper => text(0).to_uppercase(),
        Function::Lower => text(0).to_lowercase(),
        Function::InitCap => init_cap(text(0)),
        Function::Length => return Ok(length(&args[0])),
        Function::OctetLength => return Ok(size(bytes(&args[0]).len())),
        Function::Substr => substring(text(0), count(1), args.get(2).map(integer))?.to_owned(),
        Function::Trim(side) => {
            let set = args.get(1).map_or(" ", string);
            trim(text(0), set, side).to_owned()
        }
        Function::Replace => replace(text(0), text(1), text(2))?,
        Function::Concat => join("", args, shown)?,
        Function::ConcatWs if args[0].is_null() => return Ok(Value::Null),
        Function::ConcatWs => join(text(0), &args[1..], shown)?,
        Function::ConcatOperator => return concat_operator(args),
        Function::Left => left(text(0), count(1)).to_owned(),
        Function::Right => right(text(0), count(1)).to_owned(),
        Function::LeftPad | Function::RightPad => {
            pad(function == Function::LeftPad, text(0), count(1), args.get(2).map_or(" ", string))?
        }
        Function::Reverse => text(0).chars().rev().collect(),
        Function::SplitPart => split_part(text(0), text(1), count(2))?.to_owned(),
        Function::Repeat => repeat(text(0), count(1))?,
        Function::Position => return Ok(position(text(0), text(1))),
        Function::StartsWith => return Ok(Value::Boolean(text(0).starts_with(text(1)))),
        Function::Ascii => {
            return Ok(Value::Int64(
                text(0).chars().next().map_or(0, |char| i64::from(u32::from(char))),
            ));
        }
        Function::Chr => chr(count(0))?.to_string(),
        other => panic!("{other:?} is no text function"),
    };
    Ok(Value::text(made))
}

/// Returns the text of a text or JSON value.
pub(super) fn string(value: &Value) -> &str {
    match value {
        Value::Text(text) | Value::Json(text) => text,
        other => panic!("a text function got {}", other.data_type()),
    }
}

/// Returns the bytes of a text or blob.
pub(super) fn bytes(value: &Value) -> &[u8] {
    match value {
        Value::Blob(bytes) => bytes,
        other => string(other).as_bytes(),
    }
}

/// Returns an integer argument.
pub(super) fn integer(value: &Value) -> i64 {
    match value {
        Value::Int64(number) => *number,
        Value::Int32(number) => i64::from(*number),
        Value::Int16(number) => i64::from(*number),
        other => panic!("a function that counts got {}", other.data_type()),
    }
}

fn size(length: usize) -> Value {
    Value::Int64(i64::try_from(length).expect("memory is smaller than 2^63 bytes"))
}

fn length(value: &Value) -> Value {
    match value {
        Value::Blob(bytes) => size(bytes.len()),
        other => size(string(other).chars().count()),
    }
}

fn limited(length: Option<usize>) -> RowResult<usize> {
    length.filter(|length| *length <= RESULT_BYTES_MAX).ok_or_else(|| {
        let limit = RESULT_BYTES_MAX >> 20;
        Failure::new(Code::TooComplex, format!("the text would be longer than {limit} MiB"))
    })
}

fn init_cap(text: &str) -> String {
    let mut capped = String::with_capacity(text.len());
    let mut inside = false;
    for char in text.chars() {
        if inside {
            capped.extend(char.to_lowercase());
        } else {
            capped.extend(char.to_uppercase());
        }
        inside = char.is_alphanumeric();
    }
    capped
}

/// Returns the byte at which the `chars`-th character begins, or the end.
fn byte_of(text: &str, chars: usize) -> usize {
    text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at)
}

/// Returns the characters at `[from, from + count)`; positions before 1 hold none.
fn substring(text: &str, from: i64, count: Option<i64>) -> RowResult<&str> {
    let end = match count {
        Some(..0) => return Err(Failure::argument("negative substring length not allowed")),
        Some(count) => from.saturating_add(count),
        None => i64::MAX,
    };
    let chars = |position: i64| usize::try_from(position.max(1) - 1).unwrap_or(usize::MAX);
    let start = byte_of(text, chars(from));
    Ok(&text[start..byte_of(text, chars(end)).max(start)])
}

fn trim<'a>(text: &'a str, set: &str, side: TrimSide) -> &'a str {
    let listed = |char: char| set.contains(char);
    match side {
        TrimSide::Both => text.trim_matches(listed),
        TrimSide::Leading => text.trim_start_matches(listed),
        TrimSide::Trailing => text.trim_end_matches(listed),
    }
}

fn replace(text: &str, from: &str, to: &str) -> RowResult<String> {
    if from.is_empty() {
        return Ok(text.to_owned());
    }
    let times = text.matches(from).count();
    limited(times.checked_mul(to.len()).and_then(|added| added.checked_add(text.len())))?;
    Ok(text.replace(from, to))
}

fn join(
    separator: &str,
    args: &[Value],
    text_of: fn(&Value) -> Option<String>,
) -> RowResult<String> {
    let parts: Vec<String> = args.iter().filter_map(text_of).collect();
    limited(Some(parts.iter().map(|part| part.len() + separator.len()).sum()))?;
    Ok(parts.join(separator))
}

/// A value as CONCAT joins it: as a result shows it, where a cast to TEXT spells booleans out.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Boolean(true) => Some("t".into()),
        Value::Boolean(false) => Some("f".into()),
        other => other.cast_text(),
    }
}

/// `||` of texts, or of blobs.
fn concat_operator(args: &[Value]) -> RowResult<Value> {
    if let [Value::Blob(a), Value::Blob(b)] = args {
        limited(a.len().checked_add(b.len()))?;
        return Ok(Value::Blob([a.as_ref(), b.as_ref()].concat().into()));
    }
    join("", args, Value::cast_text).map(Value::text)
}

/// Returns the first `count` characters, or all but the last `-count`.
fn left(text: &str, count: i64) -> &str {
    &text[..byte_of(text, kept(text, count))]
}

/// Returns the last `count` characters, or all but the first `-count`.
fn right(text: &str, count: i64) -> &str {
    let all = text.chars().count();
    &text[byte_of(text, all - kept(text, count))..]
}

/// Returns how many characters of the text a signed count keeps.
fn kept(text: &str, count: i64) -> usize {
    let all = text.chars().count();
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count < 0 { all.saturating_sub(size) } else { size.min(all) }
}

fn pad(before: bool, text: &str, count: i64, fill: &str) -> RowResult<String> {
    let wanted = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
    let all = text.chars().count();
    if wanted <= all || fill.is_empty() {
        return Ok(text[..byte_of(text, wanted)].to_owned());
    }
    let missing = wanted - all;
    limited(missing.checked_mul(4).and_then(|added| added.checked_add(text.len())))?;
    let padding: String = fill.chars().cycle().take(missing).collect();
    Ok(if before { padding + text } else { text.to_owned() + &padding })
}

/// Returns the `at`-th field, from 1, or from the end below 0; "" past the last.
fn split_part<'a>(text: &'a str, delimiter: &str, at: i64) -> RowResult<&'a str> {
    if at == 0 {
        return Err(Failure::argument("field position must not be zero"));
    }
    let index = usize::try_from(at.unsigned_abs() - 1).unwrap_or(usize::MAX);
    if delimiter.is_empty() {
        return Ok(if index == 0 { text } else { "" });
    }
    let field = if at > 0 {
        text.split(delimiter).nth(index)
    } else {
        let fields = text.split(delimiter).count();
        fields.checked_sub(index + 1).and_then(|from_start| text.split(delimiter).nth(from_start))
    };
    Ok(field.unwrap_or(""))
}

fn repeat(text: &str, count: i64) -> RowResult<String> {
    let times = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
    limited(text.len().checked_mul(times))?;
    Ok(text.repeat(times))
}

fn position(haystack: &str, needle: &str) -> Value {
    let found = memchr::memmem::find(haystack.as_bytes(), needle.as_bytes());
    match found {
        None => Value::Int64(0),
        Some(at) => size(haystack[..at].chars().count() + 1),
    }
}

fn chr(code: i64) -> RowResult<char> {
    if code == 0 {
        return Err(Failure::argument("null character not permitted"));
    }
    let char = u32::try_from(code).ok().and_then(char::from_u32);
    char.ok_or_else(|| Failure::argument(format!("{code} is no character")))
}
