//! Spelling to value: names, strings, numbers, byte strings, parameters.
//!
//! Each function takes the text of one token as the lexer cut it. PostgreSQL's rules: unquoted
//! names fold to lower case, `''` is a quote, escapes hold only in `E'…'`.

/// Returns the name that a token spells.
pub(crate) fn name(text: &str) -> String {
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None if text.is_ascii() => text.to_ascii_lowercase(),
        None => text.to_lowercase(),
    }
}

/// Returns the text of a string token, or what is wrong with one of its escapes.
pub(crate) fn string(text: &str) -> Result<String, &'static str> {
    match text.as_bytes() {
        [b'\'', ..] => Ok(text[1..text.len() - 1].replace("''", "'")),
        [b'$', ..] => {
            let tag = text[1..].find('$').map_or(0, |at| at + 2);
            Ok(text[tag..text.len() - tag].to_owned())
        }
        _ => escaped(&text[2..text.len() - 1]),
    }
}

/// Resolves the escapes of an `E'…'` string.
fn escaped(text: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '\'' => {
                rest.next();
                out.push('\'');
            }
            '\\' => escape(&mut rest, &mut out)?,
            other => out.push(other),
        }
    }
    Ok(out)
}

fn escape(rest: &mut std::str::Chars<'_>, out: &mut String) -> Result<(), &'static str> {
    let Some(letter) = rest.next() else { return Err("an escape needs a character") };
    let plain = match letter {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'x' => return code_point(rest, 1, 2, 16, 0, out),
        'u' => return code_point(rest, 4, 4, 16, 0, out),
        'U' => return code_point(rest, 8, 8, 16, 0, out),
        '0'..='7' => {
            return code_point(rest, 0, 2, 8, letter.to_digit(8).unwrap_or(0), out);
        }
        other => other,
    };
    out.push(plain);
    Ok(())
}

/// Reads `least..=most` digits and appends the character with that number.
fn code_point(
    rest: &mut std::str::Chars<'_>,
    least: usize,
    most: usize,
    radix: u32,
    start: u32,
    out: &mut String,
) -> Result<(), &'static str> {
    let (mut number, mut count) = (start, 0);
    while count < most {
        let Some(digit) = rest.clone().next().and_then(|c| c.to_digit(radix)) else { break };
        number = number.wrapping_mul(radix).wrapping_add(digit);
        rest.next();
        count += 1;
    }
    match char::from_u32(number) {
        Some('\0') => Err("text cannot hold the character zero"),
        Some(character) if count >= least => {
            out.push(character);
            Ok(())
        }
        Some(_) => Err("an escape with too few digits"),
        None => Err("an escape that is no Unicode character"),
    }
}

/// A number without its spelling.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// Fits 64 bits.
    Integer(u64),
    /// Anything else, as plain digits with point and exponent.
    Decimal(String),
}

/// Returns the number that a token spells, or what is wrong with it.
pub(crate) fn number(text: &str) -> Result<Number, &'static str> {
    let bytes = text.as_bytes();
    let radix = match bytes {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => 10,
    };
    check_underscores(if radix == 10 { text } else { &text[2..] })?;
    let digits = if text.contains('_') { text.replace('_', "") } else { text.to_owned() };
    if radix == 10 {
        return decimal(digits);
    }
    match u64::from_str_radix(&digits[2..], radix) {
        Ok(value) => Ok(Number::Integer(value)),
        Err(_) if digits.len() == 2 => Err("digits are missing"),
        Err(_) => u128::from_str_radix(&digits[2..], radix)
            .map(|value| Number::Decimal(value.to_string()))
            .map_err(|_| "more than 128 bits"),
    }
}

/// An underscore stands between digits, once.
fn check_underscores(text: &str) -> Result<(), &'static str> {
    let misplaced = text.starts_with('_')
        || text.ends_with('_')
        || ["__", "_.", "._", "_e", "_E"].iter().any(|pair| text.contains(pair));
    if misplaced { Err("an underscore stands between two digits") } else { Ok(()) }
}

fn decimal(digits: String) -> Result<Number, &'static str> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(digits.parse().map(Number::Integer).unwrap_or(Number::Decimal(digits)));
    }
    let known = |byte: u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    if digits.bytes().all(known) {
        Ok(Number::Decimal(digits))
    } else {
        Err("a letter follows the digits")
    }
}

/// Returns the bytes of an `X'…'` token.
pub(crate) fn blob(text: &str) -> Result<Vec<u8>, &'static str> {
    let digits = &text.as_bytes()[2..text.len() - 1];
    if !digits.len().is_multiple_of(2) {
        return Err("a byte takes two hexadecimal digits");
    }
    let nibble = |digit: u8| (digit as char).to_digit(16);
    digits
        .chunks_exact(2)
        .map(|pair| match (nibble(pair[0]), nibble(pair[1])) {
            (Some(high), Some(low)) => Ok((high * 16 + low) as u8),
            _ => Err("not a hexadecimal digit"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Number, blob, name, number, string};

    #[test]
    fn names_fold_unless_quoted() {
        assert_eq!(name("Straße_É"), "straße_é");
        assert_eq!(name("\"A \"\"b\"\"\""), "A \"b\"");
    }

    #[test]
    fn strings_resolve_their_own_escapes_only() {
        assert_eq!(string("'it''s \\n'").as_deref(), Ok("it's \\n"));
        assert_eq!(string("E'a\\n\\x41\\u00e9\\101\\'''").as_deref(), Ok("a\nAéA''"));
        assert_eq!(string("$a$it's $$ $a$").as_deref(), Ok("it's $$ "));
        assert_eq!(string("$$$$").as_deref(), Ok(""));
        assert!(string("E'\\ud800'").is_err());
        assert!(string("E'\\u12'").is_err());
        assert!(string("E'\\0'").is_err());
    }

    #[test]
    fn numbers_keep_every_digit() {
        assert_eq!(number("1_000"), Ok(Number::Integer(1000)));
        assert_eq!(number("0x1F"), Ok(Number::Integer(31)));
        assert_eq!(number("18446744073709551615"), Ok(Number::Integer(u64::MAX)));
        assert_eq!(
            number("18446744073709551616"),
            Ok(Number::Decimal("18446744073709551616".to_owned()))
        );
        assert_eq!(number(".5e-3"), Ok(Number::Decimal(".5e-3".to_owned())));
        assert!(number("1__0").is_err());
        assert!(number("12abc").is_err());
        assert!(number("0x").is_err());
    }

    #[test]
    fn byte_strings_take_pairs() {
        assert_eq!(blob("X'1fA0'"), Ok(vec![0x1f, 0xa0]));
        assert!(blob("x'1'").is_err());
        assert!(blob("x'zz'").is_err());
    }
}
