//! The way from text to statements: lex, cut at semicolons, filter, parse, explain mistakes.

use diag::{Code, Diagnostic, Span, Spanned};
use lalrpop_util::ParseError;

use crate::ast::{NotBuilt, Statement, StatementKind};
use crate::context::Context;
use crate::depth::Depth;
use crate::filter::Filter;
use crate::grammar::StatementParser;
use crate::lexer::{self, Lexed};
use crate::token::{Kind, Token};
use crate::{expected, not_built, phrase};

/// The longest text that is read: spans count bytes in 32 bits.
const TEXT_MAX: usize = u32::MAX as usize;

/// Returns the one statement of `text`; a semicolon after it is allowed.
///
/// # Errors
/// The mistakes of the statement, the first one carrying the others; also if `text` holds no
/// statement, or a second one.
pub fn parse_statement(text: &str) -> diag::Result<Statement> {
    let lexed = lex(text)?;
    let mut pieces = pieces(&lexed.tokens);
    let Some(tokens) = pieces.next() else {
        return Err(Box::new(fault_or(text, &lexed.faults, || {
            Diagnostic::at(Code::Syntax, end_of(text), "there is no statement here")
        })));
    };
    if let Some(second) = pieces.next() {
        let message = "only one statement is allowed here";
        return Err(Box::new(
            Diagnostic::at(Code::Syntax, second[0].span(), message).primary("a second one starts"),
        ));
    }
    one(text, tokens, &lexed.faults)
}

/// Returns the statements of `text`, or every mistake of every statement in it.
///
/// # Errors
/// One diagnostic for each statement with mistakes, in the order of the text.
pub fn parse_script(text: &str) -> Result<Vec<Statement>, Vec<Diagnostic>> {
    let lexed = lex(text).map_err(|mistake| vec![*mistake])?;
    let (mut statements, mut mistakes) = (Vec::new(), Vec::new());
    let mut faults = lexed.faults.as_slice();
    for tokens in pieces(&lexed.tokens) {
        let end = tokens[tokens.len() - 1].end;
        // A fault belongs to the statement that it stands in or before; the last takes the rest.
        let last = end
            >= lexed.tokens.iter().rev().find(|t| t.kind != Kind::Semicolon).map_or(0, |t| t.end);
        let count = faults.iter().take_while(|(_, span)| last || span.start < end).count();
        let (own, rest) = faults.split_at(count);
        faults = rest;
        match one(text, tokens, own) {
            Ok(statement) => statements.push(statement),
            Err(mistake) => mistakes.push(*mistake),
        }
    }
    mistakes.extend(faults.iter().map(|(fault, at)| lexer::fault_diagnostic(*fault, *at, text)));
    if mistakes.is_empty() { Ok(statements) } else { Err(mistakes) }
}

fn lex(text: &str) -> diag::Result<Lexed> {
    if text.len() > TEXT_MAX {
        let message = "a text longer than 4 GiB";
        return Err(Box::new(Diagnostic::new(Code::TooComplex, message)));
    }
    Ok(lexer::lex(text))
}

/// The tokens of each statement, without semicolons and without empty statements.
fn pieces(tokens: &[Token]) -> impl Iterator<Item = &[Token]> {
    tokens.split(|token| token.kind == Kind::Semicolon).filter(|piece| !piece.is_empty())
}

fn fault_or(
    text: &str,
    faults: &[(lexer::Fault, Span)],
    other: impl FnOnce() -> Diagnostic,
) -> Diagnostic {
    let list = faults.iter().map(|(fault, at)| lexer::fault_diagnostic(*fault, *at, text));
    Diagnostic::join(list.collect()).unwrap_or_else(other)
}

fn end_of(text: &str) -> Span {
    let end = text.len() as u32;
    Span { start: end, end }
}

/// Parses the tokens of one statement.
fn one(text: &str, raw: &[Token], faults: &[(lexer::Fault, Span)]) -> diag::Result<Statement> {
    if !faults.is_empty() {
        // Tokens are missing, so what the grammar would say is not to be trusted.
        return Err(Box::new(fault_or(text, faults, || unreachable_fault(raw))));
    }
    let whole = raw[0].span().to(raw[raw.len() - 1].span());
    if let Some((what, span)) = not_built::recognise(text, raw) {
        let kind = NotBuilt { what: what.to_owned(), span };
        return Ok(Spanned::new(StatementKind::NotBuilt(kind), whole));
    }
    let tokens = filtered(text, raw)?;
    let mut cx = Context::new(text);
    let parsed = run(&mut cx, &tokens);
    for clause in std::mem::take(&mut cx.hoisted) {
        let message = "a temporal clause has no query here";
        cx.report(
            Diagnostic::at(Code::TemporalClause, clause.span, message)
                .help("put it behind the table that it is for"),
        );
    }
    let mut mistakes = std::mem::take(&mut cx.errors);
    match parsed {
        Ok(statement) if mistakes.is_empty() => return Ok(statement),
        Ok(_) => {}
        Err(error) => mistakes.push(match refused_clause(text, raw, &error) {
            Some((what, span)) => Diagnostic::not_built(span, what),
            None => expected::explain(text, &tokens, error),
        }),
    }
    mistakes.sort_by_key(|mistake| mistake.span().map_or(0, |span| span.start));
    Err(Box::new(Diagnostic::join(mistakes).unwrap_or_else(|| unreachable_fault(raw))))
}

/// Returns the clause that is not built and made the parse fail, if it was one.
fn refused_clause(
    text: &str,
    raw: &[Token],
    error: &ParseError<u32, Kind, ()>,
) -> Option<(&'static str, Span)> {
    match error {
        ParseError::UnrecognizedToken { token: (at, ..), .. }
        | ParseError::ExtraToken { token: (at, ..) } => phrase::recognise(text, raw, *at),
        ParseError::UnrecognizedEof { .. }
        | ParseError::InvalidToken { .. }
        | ParseError::User { .. } => None,
    }
}

/// The error of a parse that failed and kept no mistake, which no path does.
fn unreachable_fault(raw: &[Token]) -> Diagnostic {
    Diagnostic::at(Code::Internal, raw[0].span(), "the statement was refused without a reason")
}

/// Returns the tokens as the grammar sees them.
fn filtered(text: &str, raw: &[Token]) -> diag::Result<Vec<Token>> {
    let mut depth = Depth::new();
    let mut tokens = Vec::with_capacity(raw.len());
    for token in Filter::new(text, raw) {
        depth.count(token.kind, token.span())?;
        tokens.push(token);
    }
    Ok(tokens)
}

pub(crate) fn run(
    cx: &mut Context<'_>,
    tokens: &[Token],
) -> Result<Statement, ParseError<u32, Kind, ()>> {
    StatementParser::new()
        .parse(cx, tokens.iter().map(|token| Ok((token.start, token.kind, token.end))))
}
