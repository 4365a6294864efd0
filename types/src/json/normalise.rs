//! Reads JSON text (RFC 8259) and writes its minimal form.
//!
//! One pass, recursive by value with a counted depth, so that no input overflows the stack. A key
//! given twice keeps its last value, as jsonb does. Text that is minimal already is copied once.

use super::{DEPTH_MAX, push_quoted};

/// Why text is not JSON, and the byte at which that shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// A byte that JSON does not allow here.
    #[error("unexpected character at byte {at}")]
    Unexpected {
        /// Its offset.
        at: usize,
    },
    /// The text ends inside a value.
    #[error("unexpected end of the text")]
    End,
    /// Arrays and objects nested deeper than [`DEPTH_MAX`].
    #[error("nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// An escape in a string that stands for no character.
    #[error("bad escape in a string at byte {at}")]
    Escape {
        /// Where the string begins.
        at: usize,
    },
}

type Result<T> = std::result::Result<T, JsonError>;

/// Returns the minimal form of JSON text.
///
/// # Errors
/// [`JsonError`] if the text is not one JSON value.
pub fn normalise(text: &str) -> Result<String> {
    let mut reader = Reader { text, at: 0, depth: 0, output: String::with_capacity(text.len()) };
    reader.skip_spaces();
    reader.value()?;
    reader.skip_spaces();
    if reader.at < text.len() {
        return Err(JsonError::Unexpected { at: reader.at });
    }
    Ok(reader.output)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    output: String,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected<T>(&self) -> Result<T> {
        let end = self.at >= self.text.len();
        Err(if end { JsonError::End } else { JsonError::Unexpected { at: self.at } })
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.peek() != Some(byte) {
            return self.unexpected();
        }
        self.at += 1;
        Ok(())
    }

    /// Reads `byte` and the spaces around it, if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_spaces();
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            self.skip_spaces();
        }
        found
    }

    fn value(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'{') => self.nested(Reader::object),
            Some(b'[') => self.nested(Reader::array),
            Some(b'"') => {
                let string = self.string()?;
                push_quoted(&mut self.output, &string);
                Ok(())
            }
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.unexpected(),
        }
    }

    fn nested(&mut self, read: impl Fn(&mut Self) -> Result<()>) -> Result<()> {
        if self.depth == DEPTH_MAX {
            return Err(JsonError::TooDeep);
        }
        self.depth += 1;
        self.at += 1;
        self.skip_spaces();
        read(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn array(&mut self) -> Result<()> {
        self.output.push('[');
        if !self.take(b']') {
            loop {
                self.value()?;
                if !self.take(b',') {
                    break;
                }
                self.output.push(',');
            }
            self.expect(b']')?;
        }
        self.output.push(']');
        Ok(())
    }

    /// Writes members as they come, and again in order if they did not come in order.
    fn object(&mut self) -> Result<()> {
        let start = self.output.len();
        let mut members: Vec<(String, String)> = Vec::new();
        if !self.take(b'}') {
            loop {
                members.push(self.member()?);
                if !self.take(b',') {
                    break;
                }
            }
            self.expect(b'}')?;
        }
        debug_assert_eq!(start, self.output.len(), "members leave nothing behind");
        self.write_members(members);
        Ok(())
    }

    fn member(&mut self) -> Result<(String, String)> {
        if self.peek() != Some(b'"') {
            return self.unexpected();
        }
        let key = self.string()?;
        self.skip_spaces();
        self.expect(b':')?;
        self.skip_spaces();
        let start = self.output.len();
        self.value()?;
        Ok((key, self.output.split_off(start)))
    }

    fn write_members(&mut self, mut members: Vec<(String, String)>) {
        // The sort is stable, so the last of equal keys stays last.
        members.sort_by(|a, b| a.0.cmp(&b.0));
        self.output.push('{');
        let mut separator = "";
        for (at, (key, value)) in members.iter().enumerate() {
            if members.get(at + 1).is_some_and(|next| next.0 == *key) {
                continue;
            }
            self.output.push_str(separator);
            push_quoted(&mut self.output, key);
            self.output.push(':');
            self.output.push_str(value);
            separator = ",";
        }
        self.output.push('}');
    }

    fn word(&mut self, word: &str) -> Result<()> {
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        self.output.push_str(word);
        Ok(())
    }

    fn number(&mut self) -> Result<()> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        // A leading zero stands alone.
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'-' | b'+')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.output.push_str(&self.text[start..self.at]);
        Ok(())
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.unexpected() } else { Ok(()) }
    }

    /// Reads a string and returns its characters.
    fn string(&mut self) -> Result<String> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(0x20..) => self.at += 1,
                _ => return self.unexpected(),
            }
        }
        let inner = &self.text[start..self.at];
        self.at += 1;
        unescape(inner).ok_or(JsonError::Escape { at: start - 1 })
    }
}

/// Returns the characters of a string's inside, or `None` for a bad escape.
pub(super) fn unescape(inner: &str) -> Option<String> {
    let mut plain = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let mut chars = after.chars();
        let escaped = chars.next()?;
        rest = chars.as_str();
        plain.push(match escaped {
            '"' | '\\' | '/' => escaped,
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => unicode(&mut rest)?,
            _ => return None,
        });
    }
    plain.push_str(rest);
    Some(plain)
}

/// Reads the four digits after `\u`, and the second half of a surrogate pair.
fn unicode(rest: &mut &str) -> Option<char> {
    let first = hexadecimal(rest)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    *rest = rest.strip_prefix("\\u")?;
    let second = hexadecimal(rest)?;
    if !(0xdc00..0xe000).contains(&second) {
        return None;
    }
    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
}

fn hexadecimal(rest: &mut &str) -> Option<u32> {
    let digits = rest.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    *rest = &rest[4..];
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{DEPTH_MAX, JsonError, normalise};

    #[test]
    fn minimal_text_has_sorted_keys_and_no_spaces() {
        for (text, wanted) in [
            (" { \"b\" : 1 , \"a\" : [ 1 , 2.50 , -0 ] } ", r#"{"a":[1,2.50,-0],"b":1}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            (r#"{"aa":1,"b":2}"#, r#"{"aa":1,"b":2}"#),
            (r#""\u0041\/\ud83e\udd80""#, "\"A/🦀\""),
            (
                "12345678901234567890.1234567890123456789",
                "12345678901234567890.1234567890123456789",
            ),
            ("1E5", "1E5"),
            ("{}", "{}"),
            ("[]", "[]"),
        ] {
            assert_eq!(normalise(text).unwrap(), wanted);
        }
    }

    #[test]
    fn bad_text_is_refused() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\"}",
            "{a:1}",
            "01",
            "1.",
            "+1",
            "nul",
            "\"\\x\"",
            "'a'",
            "\"\\ud800\"",
            "\"a",
            "\"\\",
            "1 2",
            "\"\n\"",
            "[1 2]",
            "{\"a\":1,}",
            "-",
            "1e",
            "\u{a0}1",
        ] {
            assert!(normalise(text).is_err(), "{text}");
        }
        assert_eq!(normalise("[1;"), Err(JsonError::Unexpected { at: 2 }));
    }

    #[test]
    fn deep_text_is_an_error_not_an_overflow() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(normalise(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(normalise(&nested(DEPTH_MAX + 1)), Err(JsonError::TooDeep));
        assert_eq!(normalise(&"[".repeat(1_000_000)), Err(JsonError::TooDeep));
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_and_is_a_fixed_point(text in "[\\[\\]{}\",:0-9a-e.\\\\ un-]{0,24}") {
            let wanted = serde_json::from_str::<serde_json::Value>(&text);
            match normalise(&text) {
                Ok(json) => {
                    prop_assert_eq!(normalise(&json), Ok(json.clone()));
                    prop_assert!(wanted.is_ok(), "{}", text);
                    prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), wanted.unwrap());
                }
                Err(_) => prop_assert!(wanted.is_err(), "{}", text),
            }
        }
    }
}
