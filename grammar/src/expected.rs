//! Says what the grammar wanted where it stopped.
//!
//! The raw list of terminals that could stand at a place has up to 150 entries. It is told in
//! groups: where a literal and a parenthesis may stand, "an expression"; where an infix may stand,
//! "an operator"; where a name may stand, "a name". "Did you mean" looks through the raw list.

use diag::{Code, Diagnostic, Span, closest};
use lalrpop_util::ParseError;

use crate::context::Context;
use crate::parse::run;
use crate::token::{Kind, Token};
use crate::{not_built, word};

/// How many words a list shows beside its groups.
const SHOWN_MAX: usize = 8;

/// Returns the diagnostic of a parse that stopped.
pub(crate) fn explain(
    text: &str,
    tokens: &[Token],
    error: ParseError<u32, Kind, ()>,
) -> Diagnostic {
    match error {
        ParseError::UnrecognizedToken { token: (l, _, r), expected } => {
            let at = tokens.partition_point(|token| token.start < l);
            unexpected(
                text,
                tokens,
                at,
                Span { start: l, end: r },
                &full(text, tokens, at, expected),
            )
        }
        ParseError::UnrecognizedEof { expected, .. } => {
            let at = tokens.len();
            let end = tokens.last().map_or(0, |token| token.end);
            unexpected(
                text,
                tokens,
                at,
                Span { start: end, end },
                &full(text, tokens, at, expected),
            )
        }
        ParseError::InvalidToken { location } => {
            Diagnostic::at(Code::Syntax, Span { start: location, end: location }, "syntax error")
        }
        ParseError::ExtraToken { token: (l, _, r) } => {
            Diagnostic::at(Code::Syntax, Span { start: l, end: r }, "text after the statement")
        }
        ParseError::User { error: () } => {
            Diagnostic::at(Code::Internal, Span::NONE, "an action refused its text")
        }
    }
}

/// Where the list has collapsed (the parser has reduced before it noticed), asks again with a token
/// that nothing takes.
fn full(text: &str, tokens: &[Token], at: usize, found: Vec<String>) -> Vec<String> {
    let mut before = tokens[..at].to_vec();
    let end = before.last().map_or(0, |token| token.end);
    before.push(Token { start: end, end, kind: Kind::Reserved, word: word::Word::None });
    match run(&mut Context::new(text), &before) {
        Err(ParseError::UnrecognizedToken { expected, .. }) if expected.len() > found.len() => {
            expected
        }
        _ => found,
    }
}

fn unexpected(text: &str, tokens: &[Token], at: usize, span: Span, raw: &[String]) -> Diagnostic {
    let names: Vec<&str> = raw.iter().map(|entry| entry.trim_matches('"')).collect();
    let wanted = list(&groups(&names));
    let message = match tokens.get(at) {
        Some(_) => format!("unexpected {}", quoted(span.text(text))),
        None => "the statement ends too early".to_owned(),
    };
    let primary = if wanted.is_empty() { String::new() } else { format!("expected {wanted}") };
    Diagnostic::at(Code::Syntax, span, message)
        .primary(primary)
        .help_opt(hint(text, tokens, at, &names))
}

fn quoted(found: &str) -> String {
    let short: String = found.chars().take(40).collect();
    if found.starts_with('"') || found.starts_with('\'') {
        format!("{short}{}", if short.len() < found.len() { "…" } else { "" })
    } else {
        format!("\"{short}\"")
    }
}

/// Classes of terminals that a message calls by one name.
fn groups(names: &[&str]) -> Vec<String> {
    let has = |name: &str| names.contains(&name);
    let mut out = Vec::new();
    let expression = has("integer") && has("(") && has("string");
    let operator = has("operator");
    if expression {
        out.push("an expression".to_owned());
    } else if has("name") {
        out.push("a name".to_owned());
    } else if has("string") {
        out.push("a string".to_owned());
    } else if has("integer") {
        out.push("a number".to_owned());
    }
    if operator {
        out.push("an operator".to_owned());
    }
    let others: Vec<&&str> = names
        .iter()
        .filter(|name| !(expression && starts_expression(name) || operator && infix(name)))
        .filter(|name| !class(name))
        .collect();
    out.extend(others.iter().take(SHOWN_MAX).map(|name| shown(name)));
    if others.len() > SHOWN_MAX {
        out.push("…".to_owned());
    }
    out
}

fn class(name: &str) -> bool {
    matches!(
        name,
        "name"
            | "integer"
            | "decimal"
            | "string"
            | "blob"
            | "parameter"
            | "operator"
            | "comparison"
            | "type of two words"
            | "type before a string"
            | "interval unit"
    )
}

fn starts_expression(name: &str) -> bool {
    matches!(
        name,
        "(" | "+"
            | "-"
            | "~"
            | "NOT"
            | "NULL"
            | "TRUE"
            | "FALSE"
            | "CASE"
            | "CAST"
            | "TRY_CAST"
            | "EXISTS"
            | "EXTRACT"
            | "POSITION"
            | "SUBSTRING"
            | "OVERLAY"
            | "TRIM"
            | "ROW"
            | "ARRAY"
            | "ANY"
            | "ALL"
            | "DEFAULT"
    )
}

fn infix(name: &str) -> bool {
    matches!(
        name,
        "+" | "-"
            | "*"
            | "="
            | "~"
            | "AND"
            | "OR"
            | "LIKE"
            | "BETWEEN"
            | "IN"
            | "IS"
            | "ISNULL"
            | "NOTNULL"
            | "ESCAPE"
            | "AT TIME ZONE"
            | "AT LOCAL"
            | "COLLATE"
            | "::"
            | "["
            | "."
            | "NOT (before BETWEEN, IN, LIKE)"
            | "[]"
            | "OVER"
            | "FILTER"
            | "WITHIN GROUP"
            | "IGNORE NULLS"
            | "=>"
    )
}

/// A terminal as it is typed.
fn shown(name: &str) -> String {
    match name.split_once(" (") {
        Some((word, _)) => word.to_owned(),
        None => name.to_owned(),
    }
}

fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} or {last}", all.join(", ")),
    }
}

/// What the writer may have meant.
fn hint(text: &str, tokens: &[Token], at: usize, names: &[&str]) -> Option<String> {
    let found = tokens.get(at);
    let spelled = found.map_or("", |token| token.span().text(text));
    slip(spelled, at, names)
        .or_else(|| before_slip(text, tokens, at))
        .or_else(|| missing_comma(tokens, at, names))
        .or_else(|| unclosed(tokens, at))
        .or_else(|| reserved(found, spelled, names))
}

/// The word itself is nearly one of those wanted.
fn slip(spelled: &str, at: usize, names: &[&str]) -> Option<String> {
    if spelled.len() < 3 || !spelled.as_bytes()[0].is_ascii_alphabetic() {
        return None;
    }
    let wanted = names.iter().filter(|name| !class(name)).flat_map(|name| name.split(' ').next());
    let leads = not_built::leads().filter_map(|lead| lead.split(' ').next());
    let near = match at {
        0 => closest(spelled, wanted.chain(leads)),
        _ => closest(spelled, wanted),
    }?;
    (!near.eq_ignore_ascii_case(spelled)).then(|| format!("did you mean {near}?"))
}

/// The word before was taken for a name, and is nearly a keyword: `SELECT a FORM t`.
fn before_slip(text: &str, tokens: &[Token], at: usize) -> Option<String> {
    let before = tokens.get(at.checked_sub(1)?)?;
    let spelled = before.span().text(text);
    if before.kind != Kind::Name || before.word != word::Word::None || spelled.len() < 4 {
        return None;
    }
    let clauses = [
        "FROM",
        "WHERE",
        "GROUP",
        "ORDER",
        "HAVING",
        "LIMIT",
        "OFFSET",
        "UNION",
        "VALUES",
        "JOIN",
        "INNER",
        "LEFT",
        "RIGHT",
        "USING",
        "RETURNING",
        "TABLE",
        "SELECT",
        "DISTINCT",
    ];
    let near = closest(spelled, clauses)?;
    Some(format!("did you mean {near} instead of \"{spelled}\"?"))
}

fn missing_comma(tokens: &[Token], at: usize, names: &[&str]) -> Option<String> {
    let found = tokens.get(at)?;
    let before = tokens.get(at.checked_sub(1)?)?;
    let comma = names.contains(&",") && Token::ends_operand(before.kind) && found.starts_operand();
    comma.then(|| "a comma may be missing before it".to_owned())
}

fn unclosed(tokens: &[Token], at: usize) -> Option<String> {
    let mut depth = 0_i64;
    for token in &tokens[..at.min(tokens.len())] {
        match token.kind {
            Kind::LeftParen => depth += 1,
            Kind::RightParen => depth -= 1,
            _ => {}
        }
    }
    match tokens.get(at) {
        None if depth > 0 => Some("a parenthesis is not closed".to_owned()),
        Some(token) if token.kind == Kind::RightParen && depth == 0 => {
            Some("no parenthesis is open here".to_owned())
        }
        _ => None,
    }
}

/// A reserved word where a name was wanted.
fn reserved(found: Option<&Token>, spelled: &str, names: &[&str]) -> Option<String> {
    let word = found?.word != word::Word::None && names.contains(&"name");
    word.then(|| format!("\"{spelled}\" is a reserved word; to use it as a name, quote it"))
}
