//! LIKE and ILIKE. A pattern without `_` is a list of pieces to find in order; others become a
//! regular expression of the linear-time kind. Compiled patterns are kept with the execution.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_buffer::BooleanBuffer;
use diag::Code;
use ir::{Scalar, ScalarKind};
use memchr::memmem::Finder;
use parking_lot::Mutex;
use regex::Regex;
use types::Batch;

use super::vector::{Vector, booleans, validity, width};
use super::{EvalContext, Failure, Result, RowResult, vector};

/// Patterns that one execution has compiled; beyond this many, all are dropped.
const CACHED_MAX: usize = 256;

/// A pattern's text, its escape character, and whether case counts not.
type Key = (String, Option<char>, bool);

/// Compiled patterns.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<HashMap<Key, Arc<Pattern>>>);

impl Cache {
    fn get(&self, text: &str, escape: Option<char>, folded: bool) -> RowResult<Arc<Pattern>> {
        let key = (text.to_owned(), escape, folded);
        let mut patterns = self.0.lock();
        if let Some(pattern) = patterns.get(&key) {
            return Ok(Arc::clone(pattern));
        }
        let pattern = Arc::new(Pattern::compile(text, escape, folded)?);
        if patterns.len() >= CACHED_MAX {
            patterns.clear();
        }
        patterns.insert(key, Arc::clone(&pattern));
        Ok(pattern)
    }
}

/// One element of a pattern.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// `%`: any characters.
    Any,
    /// `_`: one character.
    One,
    /// The character itself.
    Char(char),
}

/// A compiled pattern.
#[derive(Debug)]
enum Pattern {
    /// No wildcard.
    Exact(String),
    /// Pieces in order, anything between them: `start%piece%piece%end`.
    Pieces { start: String, middle: Vec<Finder<'static>>, end: String },
    /// Anything else.
    Regex(Regex),
}

impl Pattern {
    fn compile(text: &str, escape: Option<char>, folded: bool) -> RowResult<Pattern> {
        let tokens = tokens(text, escape)?;
        if folded || tokens.contains(&Token::One) {
            return Ok(Pattern::Regex(regex(&tokens, folded)?));
        }
        let mut pieces = vec![String::new()];
        for token in &tokens {
            match token {
                Token::Char(char) => pieces.last_mut().expect("begins with one piece").push(*char),
                Token::Any | Token::One => pieces.push(String::new()),
            }
        }
        if pieces.len() == 1 {
            return Ok(Pattern::Exact(pieces.remove(0)));
        }
        let end = pieces.pop().expect("more than one piece");
        let start = pieces.remove(0);
        let middle = pieces.iter().filter(|piece| !piece.is_empty());
        let middle = middle.map(|piece| Finder::new(piece).into_owned()).collect();
        Ok(Pattern::Pieces { start, middle, end })
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Pattern::Exact(wanted) => text == wanted,
            Pattern::Regex(regex) => regex.is_match(text),
            Pattern::Pieces { start, middle, end } => {
                let inner = text.as_bytes().strip_prefix(start.as_bytes());
                let Some(mut rest) = inner.and_then(|rest| rest.strip_suffix(end.as_bytes()))
                else {
                    return false;
                };
                // The leftmost place of each piece leaves the most room for those after it.
                for piece in middle {
                    let Some(at) = piece.find(rest) else { return false };
                    rest = &rest[at + piece.needle().len()..];
                }
                true
            }
        }
    }
}

fn tokens(text: &str, escape: Option<char>) -> RowResult<Vec<Token>> {
    let mut tokens = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        tokens.push(match char {
            _ if Some(char) == escape => {
                let message = "LIKE pattern must not end with the escape character";
                let literal = chars.next();
                Token::Char(literal.ok_or_else(|| Failure::new(Code::InvalidArgument, message))?)
            }
            '%' => Token::Any,
            '_' => Token::One,
            _ => Token::Char(char),
        });
    }
    Ok(tokens)
}

fn regex(tokens: &[Token], folded: bool) -> RowResult<Regex> {
    let mut source = String::from(if folded { "(?is)\\A" } else { "(?s)\\A" });
    for token in tokens {
        match token {
            Token::Any => source.push_str(".*"),
            Token::One => source.push('.'),
            Token::Char(char) => source.push_str(&regex::escape(char.encode_utf8(&mut [0; 4]))),
        }
    }
    source.push_str("\\z");
    Regex::new(&source).map_err(|_| Failure::new(Code::TooComplex, "the LIKE pattern is too long"))
}

/// LIKE.
pub(super) fn like(expr: &Scalar, batch: &Batch, context: &EvalContext) -> Result<Vector> {
    let ScalarKind::Like { input, pattern, escape, case_insensitive, negated } = &expr.kind else {
        panic!("only LIKE comes here");
    };
    let texts = vector(input, batch, context)?;
    let patterns = vector(pattern, batch, context)?;
    if texts.is_null_constant()
        || patterns.is_null_constant()
        || input.ty == types::DataType::Null
        || pattern.ty == types::DataType::Null
    {
        return Ok(Vector::null(expr.ty));
    }
    let (rows, constant) = width(&[&texts, &patterns], batch.rows());
    let valid = validity(&[&texts, &patterns], rows);
    let compiled = |row| {
        let text = patterns.strings().at(row);
        let found = context.patterns.get(text, *escape, *case_insensitive);
        found.map_err(|failure| failure.at(expr.span))
    };
    let bits = if patterns.is_constant() {
        let pattern = compiled(0)?;
        let texts = texts.strings();
        BooleanBuffer::collect_bool(rows, |row| pattern.matches(texts.at(row)) != *negated)
    } else {
        let mut bits = Vec::with_capacity(rows);
        for row in 0..rows {
            let known = valid.as_ref().is_none_or(|valid| valid.is_valid(row));
            bits.push(known && compiled(row)?.matches(texts.strings().at(row)) != *negated);
        }
        BooleanBuffer::from(bits)
    };
    Ok(Vector::of_width(booleans(bits, valid), constant))
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn like(text: &str, pattern: &str) -> bool {
        Pattern::compile(pattern, Some('\\'), false).unwrap().matches(text)
    }

    #[test]
    fn patterns_match_whole_texts() {
        for (text, pattern, wanted) in [
            ("abc", "abc", true),
            ("abc", "ab", false),
            ("abc", "a%", true),
            ("abc", "%c", true),
            ("abc", "%b%", true),
            ("abc", "a%c", true),
            ("a", "a%a", false),
            ("aa", "a%a", true),
            ("abcbcd", "%bc%cd", true),
            ("abcd", "%bc%cd", false),
            ("a%c", "a\\%c", true),
            ("abc", "a\\%c", false),
            ("", "%", true),
            ("", "_", false),
            ("é", "_", true),
            ("a\nb", "a_b", true),
            ("a\nb", "a%b", true),
            ("a.c", "a.c", true),
            ("abc", "a.c", false),
            ("abc", "_%c", true),
            ("a_c", "a\\_c", true),
        ] {
            assert_eq!(like(text, pattern), wanted, "{text} LIKE {pattern}");
        }
        assert!(Pattern::compile("a\\", Some('\\'), false).is_err());
        assert!(Pattern::compile("ÄB%", None, true).unwrap().matches("äbc"));
    }

    #[test]
    fn hard_patterns_stay_linear() {
        let text = "a".repeat(50_000);
        assert!(!like(&text, &format!("{}b", "%a".repeat(200))));
        assert!(!like(&text, "%a_a%a_a%b"));
    }
}
