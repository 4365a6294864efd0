//! Text as shells and batch files need it: cut into statements, and into coloured tokens.

use diag::Span;

use crate::lexer::{self, Fault};
use crate::token::{Kind, Token};
use crate::word::Word;

/// What a piece of text is, for colours and completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenClass {
    /// A word that means something to the dialect. Unreserved words may also be names.
    Keyword,
    /// An unquoted name.
    Name,
    /// A name in double quotes.
    QuotedName,
    /// A number.
    Number,
    /// A string or byte string.
    String,
    /// `$1`, `?`.
    Parameter,
    /// An operator.
    Operator,
    /// A bracket, comma, dot or semicolon.
    Punctuation,
    /// Text that is no token, or that nobody closed.
    Fault,
}

/// A token's place and class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassifiedToken {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub class: TokenClass,
}

/// Returns the tokens of `text` in their order; comments and white space lie between them.
///
/// Never fails: what cannot be read is a token of class [`TokenClass::Fault`].
pub fn tokens(text: &str) -> Vec<ClassifiedToken> {
    let lexed = lexer::lex(text);
    let good = lexed
        .tokens
        .iter()
        .map(|token| ClassifiedToken { span: token.span(), class: class(text, *token) });
    let bad = lexed
        .faults
        .iter()
        .map(|(_, span)| ClassifiedToken { span: *span, class: TokenClass::Fault });
    let mut all: Vec<ClassifiedToken> = good.chain(bad).collect();
    all.sort_by_key(|token| token.span.start);
    all
}

fn class(text: &str, token: Token) -> TokenClass {
    match token.kind {
        _ if token.word != Word::None => TokenClass::Keyword,
        Kind::Name if token.span().text(text).starts_with('"') => TokenClass::QuotedName,
        Kind::Name => TokenClass::Name,
        Kind::Integer | Kind::Decimal => TokenClass::Number,
        Kind::String | Kind::Blob => TokenClass::String,
        Kind::Parameter => TokenClass::Parameter,
        Kind::LeftParen
        | Kind::RightParen
        | Kind::LeftBracket
        | Kind::RightBracket
        | Kind::Comma
        | Kind::Semicolon
        | Kind::Dot => TokenClass::Punctuation,
        _ => TokenClass::Operator,
    }
}

/// A text cut into statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The statements that a semicolon ends, without it; each from its first token to its last.
    pub complete: Vec<Span>,
    /// The statement after the last semicolon, if there is one.
    pub rest: Option<Span>,
    /// Whether the text ends inside a string, quoted name or comment.
    pub unterminated: bool,
    /// The end of the last semicolon: what stands before it need not be kept.
    pub consumed: u32,
}

impl Split {
    /// Returns whether nothing waits for more text.
    pub fn is_complete(&self) -> bool {
        self.rest.is_none() && !self.unterminated
    }
}

/// Cuts `text` at the semicolons outside of strings, quoted names and comments.
///
/// Empty statements are left out. Text that cannot be read belongs to its statement.
pub fn split(text: &str) -> Split {
    let lexed = lexer::lex(text);
    let marks = lexed.tokens.iter().map(|token| (token.span(), token.kind == Kind::Semicolon));
    let faults = lexed
        .faults
        .iter()
        .filter(|(fault, _)| *fault != Fault::Comment)
        .map(|(_, span)| (*span, false));
    let mut all: Vec<(Span, bool)> = marks.chain(faults).collect();
    all.sort_by_key(|(span, _)| span.start);
    let mut out = Split {
        complete: Vec::new(),
        rest: None,
        unterminated: lexed.faults.last().is_some_and(|(fault, _)| is_open(*fault)),
        consumed: 0,
    };
    for (span, semicolon) in all {
        if semicolon {
            out.complete.extend(out.rest.take());
            out.consumed = span.end;
        } else {
            out.rest = Some(out.rest.map_or(span, |rest| rest.to(span)));
        }
    }
    out
}

fn is_open(fault: Fault) -> bool {
    match fault {
        Fault::String | Fault::QuotedName | Fault::Comment | Fault::DollarString => true,
        Fault::Character | Fault::EmptyName => false,
    }
}

/// Returns every word that the dialect knows, in upper case, for completion.
pub fn keywords() -> impl Iterator<Item = &'static str> {
    crate::word::all()
}
