//! Text to raw tokens: one pass, nothing skipped but white space and comments.
//!
//! The lexer never stops: text that starts no token, and strings and comments that nobody closes,
//! become a diagnostic, and reading goes on behind them. Numbers and strings keep their spelling;
//! [`crate::literal`] reads them where a tree needs them.

use diag::{Code, Diagnostic, Span};
use logos::{Lexer, Logos, Skip};

use crate::token::{Kind, Token};
use crate::word::{self, Word};

/// Why a piece of text is no token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A character that starts nothing.
    #[default]
    Character,
    /// `'…` without its end.
    String,
    /// `"…` without its end.
    QuotedName,
    /// `/* …` without its end.
    Comment,
    /// `$$…` without its end.
    DollarString,
    /// `""`: a name needs a character.
    EmptyName,
}

#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(error = Fault)]
#[logos(skip r"[ \t\r\n\f\x0B\u{feff}\u{a0}]+")]
#[logos(skip(r"--[^\n]*", allow_greedy = true))]
enum Lexeme {
    #[token("/*", block_comment)]
    Comment,
    #[regex(r"[\p{XID_Start}_][\p{XID_Continue}$]*")]
    Word,
    #[token("\"", quoted_name)]
    QuotedName,
    #[regex(r"[0-9][0-9_]*")]
    #[regex(r"0[xX][0-9a-fA-F_]+")]
    #[regex(r"0[oO][0-7_]+")]
    #[regex(r"0[bB][01_]+")]
    Integer,
    #[regex(r"[0-9][0-9_]*\.[0-9_]*([eE][+-]?[0-9]+)?")]
    #[regex(r"\.[0-9][0-9_]*([eE][+-]?[0-9]+)?")]
    #[regex(r"[0-9][0-9_]*[eE][+-]?[0-9]+")]
    Decimal,
    #[regex(r"[0-9][0-9_]*[\p{XID_Start}][\p{XID_Continue}]*", priority = 1)]
    BadNumber,
    #[token("'", plain_string)]
    #[token("E'", escape_string)]
    #[token("e'", escape_string)]
    #[regex(r"\$([\p{XID_Start}_][\p{XID_Continue}]*)?\$", dollar_string)]
    String,
    #[token("X'", plain_string)]
    #[token("x'", plain_string)]
    Blob,
    #[regex(r"\$[0-9]+")]
    #[token("?")]
    Parameter,
    #[token("(")]
    LeftParen,
    #[token(")")]
    RightParen,
    #[token("[")]
    LeftBracket,
    #[token("]")]
    RightBracket,
    #[token(",")]
    Comma,
    #[token(";")]
    Semicolon,
    #[token(".")]
    Dot,
    #[token(":")]
    Colon,
    #[token("::")]
    Cast,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("=")]
    #[token("==")]
    Equal,
    #[token("~")]
    Tilde,
    #[token("=>")]
    #[token(":=")]
    Arrow,
    #[regex(r"/|%|\^|\|\||&|\||#|<<|>>|->|->>|#>|#>>|@>|<@|&&|<->|<=>|<#>|~\*|!~|!~\*")]
    Operator,
    #[regex(r"<>|!=|<|<=|>|>=")]
    Comparison,
}

/// Comments nest, as in the standard and in PostgreSQL.
fn block_comment(lexer: &mut Lexer<'_, Lexeme>) -> Result<Skip, Fault> {
    let rest = lexer.remainder().as_bytes();
    let (mut depth, mut at) = (1_usize, 0);
    while at < rest.len() {
        match &rest[at..rest.len().min(at + 2)] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            lexer.bump(at);
            return Ok(Skip);
        }
    }
    lexer.bump(rest.len());
    Err(Fault::Comment)
}

fn plain_string(lexer: &mut Lexer<'_, Lexeme>) -> Result<(), Fault> {
    delimited(lexer, b'\'', false).then_some(()).ok_or(Fault::String)
}

fn escape_string(lexer: &mut Lexer<'_, Lexeme>) -> Result<(), Fault> {
    delimited(lexer, b'\'', true).then_some(()).ok_or(Fault::String)
}

fn quoted_name(lexer: &mut Lexer<'_, Lexeme>) -> Result<(), Fault> {
    if !delimited(lexer, b'"', false) {
        return Err(Fault::QuotedName);
    }
    if lexer.slice().len() == 2 { Err(Fault::EmptyName) } else { Ok(()) }
}

/// Reads up to the closing quote; a doubled quote is part of the text. Says whether it was closed.
fn delimited(lexer: &mut Lexer<'_, Lexeme>, quote: u8, backslash: bool) -> bool {
    let rest = lexer.remainder().as_bytes();
    let mut at = 0;
    while at < rest.len() {
        if rest[at] == b'\\' && backslash {
            at += 2;
        } else if rest[at] != quote {
            at += 1;
        } else if rest.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            lexer.bump(at + 1);
            return true;
        }
    }
    lexer.bump(rest.len());
    false
}

fn dollar_string(lexer: &mut Lexer<'_, Lexeme>) -> Result<(), Fault> {
    let tag = lexer.slice();
    match lexer.remainder().find(tag) {
        Some(at) => {
            lexer.bump(at + tag.len());
            Ok(())
        }
        None => {
            lexer.bump(lexer.remainder().len());
            Err(Fault::DollarString)
        }
    }
}

/// The tokens of a text and what could not be read.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    /// The tokens in their order.
    pub(crate) tokens: Vec<Token>,
    /// What is no token, in its order.
    pub(crate) faults: Vec<(Fault, Span)>,
}

/// Returns the tokens of `text`, which is shorter than 4 GiB.
pub(crate) fn lex(text: &str) -> Lexed {
    let mut out = Lexed { tokens: Vec::with_capacity(text.len() / 4), faults: Vec::new() };
    let mut lexer = Lexeme::lexer(text);
    while let Some(found) = lexer.next() {
        let range = lexer.span();
        let span = Span { start: range.start as u32, end: range.end as u32 };
        match found.map(|lexeme| classify(lexeme, lexer.slice())) {
            Ok((word, kind)) => {
                out.tokens.push(Token { start: span.start, end: span.end, kind, word });
            }
            Err(fault) => out.faults.push((fault, span)),
        }
    }
    out
}

fn classify(lexeme: Lexeme, slice: &str) -> (Word, Kind) {
    let kind = match lexeme {
        Lexeme::Word => return word::lookup(slice),
        Lexeme::QuotedName => Kind::Name,
        Lexeme::Integer | Lexeme::BadNumber => Kind::Integer,
        Lexeme::Decimal => Kind::Decimal,
        Lexeme::String | Lexeme::Comment => Kind::String,
        Lexeme::Blob => Kind::Blob,
        Lexeme::Parameter => Kind::Parameter,
        Lexeme::LeftParen => Kind::LeftParen,
        Lexeme::RightParen => Kind::RightParen,
        Lexeme::LeftBracket => Kind::LeftBracket,
        Lexeme::RightBracket => Kind::RightBracket,
        Lexeme::Comma => Kind::Comma,
        Lexeme::Semicolon => Kind::Semicolon,
        Lexeme::Dot => Kind::Dot,
        Lexeme::Colon => Kind::Colon,
        Lexeme::Cast => Kind::Cast,
        Lexeme::Plus => Kind::Plus,
        Lexeme::Minus => Kind::Minus,
        Lexeme::Star => Kind::Star,
        Lexeme::Equal => Kind::Equal,
        Lexeme::Tilde => Kind::Tilde,
        Lexeme::Arrow => Kind::Arrow,
        Lexeme::Operator => Kind::Operator,
        Lexeme::Comparison => Kind::Comparison,
    };
    (Word::None, kind)
}

/// Returns the diagnostic of a fault at `span` of `text`.
pub(crate) fn fault_diagnostic(fault: Fault, span: Span, text: &str) -> Diagnostic {
    let opening = Span { start: span.start, end: span.start + 1 };
    let unclosed = |what: &str, close: &str| {
        Diagnostic::at(Code::Unterminated, opening, format!("unterminated {what}"))
            .primary("it starts here")
            .help(format!("close it with {close}"))
    };
    match fault {
        Fault::String => unclosed("string", "a single quote"),
        Fault::QuotedName => unclosed("quoted name", "a double quote"),
        Fault::Comment => {
            let mut report = unclosed("comment", "*/").help("close it with */; comments nest");
            report.labels[0].span.end += 1;
            report
        }
        Fault::DollarString => unclosed("dollar-quoted string", "the same tag that opened it"),
        Fault::EmptyName => Diagnostic::at(Code::Syntax, span, "a quoted name cannot be empty"),
        Fault::Character => bad_character(span, text),
    }
}

fn bad_character(span: Span, text: &str) -> Diagnostic {
    let character = span.text(text).chars().next().unwrap_or('\u{fffd}');
    let report = Diagnostic::at(
        Code::BadCharacter,
        span,
        format!("unexpected character {:?}", character.to_string()),
    );
    match character {
        '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' => {
            report.help("this is a typographic quote; strings take ' and names \"")
        }
        '`' => report.help("quote names with double quotes"),
        '\\' => report.help("commands of the shell start a line"),
        _ => report,
    }
}
