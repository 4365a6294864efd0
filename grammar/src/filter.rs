//! Gives words their meaning before the grammar sees them.
//!
//! SQL has more words than names can spare, and many of them mean something only beside others.
//! The filter reads raw tokens with free look-ahead and passes on one token for `ORDER BY`,
//! `AS OF`, `LEFT OUTER JOIN` or `CREATE TABLE IF NOT EXISTS`, and leaves each of those words a
//! plain name everywhere else. So the grammar is LR(1) without conflicts and nearly every word is
//! free for columns. A rule may look at the tokens before it (as passed on) and at raw tokens
//! after it; it never looks further than its own phrase needs.
//!
//! The filter also drops a comma before `)`, `]` and FROM, so lists may end in one.

mod define;
mod lead;
mod query;

use crate::token::{Kind, Token};
use crate::word::Word;

/// What a rule decides: how many raw tokens become one, and of which kind.
type Fused = (usize, Kind);

/// An iterator over the tokens of one statement.
pub(crate) struct Filter<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    /// The last token passed on, and the one before it.
    prev: Kind,
    prev2: Kind,
    /// The first token passed on: what kind of statement this is.
    lead: Kind,
    /// Whether the next token starts a statement.
    start: bool,
    /// For each open parenthesis, whether it holds a window.
    levels: Vec<bool>,
    /// Inside the parentheses of EXPLAIN's options.
    explain_options: bool,
    /// An UPDATE whose SET has not come.
    awaiting_set: bool,
    /// OFFSET was the last clause word.
    after_offset: bool,
    /// How far an interval literal has come.
    interval: Interval,
}

/// The parts of `INTERVAL '…' unit TO unit`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interval {
    Outside,
    Type,
    Text,
    Unit,
}

impl<'t> Filter<'t> {
    /// Returns a filter over the tokens of one statement of `text`, without its semicolon.
    pub(crate) fn new(text: &'t str, tokens: &'t [Token]) -> Filter<'t> {
        Filter {
            text,
            tokens,
            at: 0,
            prev: Kind::Semicolon,
            prev2: Kind::Semicolon,
            lead: Kind::Semicolon,
            start: true,
            levels: Vec::new(),
            explain_options: false,
            awaiting_set: false,
            after_offset: false,
            interval: Interval::Outside,
        }
    }

    /// The raw token `ahead` places after the current one.
    fn peek(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    fn word(&self, ahead: usize) -> Word {
        self.peek(ahead).map_or(Word::None, |token| token.word)
    }

    /// The raw kind, with [`Kind::Semicolon`] for the end.
    fn kind(&self, ahead: usize) -> Kind {
        self.peek(ahead).map_or(Kind::Semicolon, |token| token.kind)
    }

    /// Whether the words after the current one are `words`.
    fn follows(&self, words: &[Word]) -> bool {
        words.iter().enumerate().all(|(index, word)| self.word(index + 1) == *word)
    }

    fn after_operand(&self) -> bool {
        Token::ends_operand(self.prev)
    }

    fn operand_follows(&self, ahead: usize) -> bool {
        self.peek(ahead).is_some_and(Token::starts_operand)
    }

    fn in_window(&self) -> bool {
        self.levels.last() == Some(&true)
    }

    fn pass(&mut self, (count, kind): Fused) -> Token {
        let first = self.tokens[self.at];
        let last = self.tokens[self.at + count - 1];
        self.at += count;
        let token = Token { start: first.start, end: last.end, kind, word: first.word };
        self.note(kind);
        token
    }

    /// Keeps the state that later rules ask for.
    fn note(&mut self, kind: Kind) {
        if self.lead == Kind::Semicolon {
            self.lead = kind;
        }
        self.note_interval(kind);
        match kind {
            Kind::Update | Kind::DoUpdate => self.awaiting_set = true,
            Kind::Set => self.awaiting_set = false,
            Kind::Offset => self.after_offset = true,
            Kind::Where | Kind::From | Kind::Limit | Kind::FetchFirst => self.after_offset = false,
            _ => {}
        }
        self.start = self.starts_statement(kind);
        self.prev2 = self.prev;
        self.prev = kind;
    }

    fn note_interval(&mut self, kind: Kind) {
        self.interval = match (self.interval, kind) {
            (Interval::Type, Kind::String) => Interval::Text,
            (Interval::Text, Kind::Unit) => Interval::Unit,
            _ => Interval::Outside,
        };
    }

    fn rule(&mut self, token: Token) -> Fused {
        match token.kind {
            Kind::LeftParen => self.open(),
            Kind::RightParen => {
                self.levels.pop();
                (1, Kind::RightParen)
            }
            Kind::LeftBracket if self.kind(1) == Kind::RightBracket => (2, Kind::Brackets),
            kind if token.word == Word::None => (1, kind),
            _ if self.prev == Kind::Dot => (1, Kind::Name),
            kind if self.prev == Kind::As && names_after_as(kind) && !self.table_query() => {
                (1, Kind::Name)
            }
            kind => self.word_rule(token.word).unwrap_or((1, kind)),
        }
    }

    /// The rules of a word, tried from the start of a statement to the inside of expressions.
    fn word_rule(&mut self, word: Word) -> Option<Fused> {
        if self.start
            && let Some(found) = self.lead_rule(word)
        {
            return Some(found);
        }
        self.definition_rule(word).or_else(|| self.query_rule(word))
    }

    fn open(&mut self) -> Fused {
        let inner = self.kind(1);
        let query = matches!(inner, Kind::Select | Kind::With | Kind::Values | Kind::From)
            || self.word(1) == Word::Table;
        let window = self.prev == Kind::Over || (self.prev == Kind::As && !query);
        self.levels.push(window);
        if self.prev == Kind::Explain && !query && inner != Kind::LeftParen {
            self.explain_options = true;
        }
        (1, Kind::LeftParen)
    }

    /// Whether the current word is the TABLE of `CREATE VIEW v AS TABLE t`, not an alias.
    fn table_query(&self) -> bool {
        let takes = matches!(self.lead, Kind::CreateView | Kind::CreateTable | Kind::Prepare);
        takes && self.levels.is_empty() && self.word(0) == Word::Table && self.kind(1) == Kind::Name
    }

    /// Whether the current comma ends its list.
    fn trailing_comma(&self) -> bool {
        let closes = matches!(self.kind(1), Kind::RightParen | Kind::RightBracket | Kind::From);
        closes && !matches!(self.prev, Kind::LeftParen | Kind::LeftBracket | Kind::Comma)
    }

    /// Whether the current word says nothing: ROWS after OFFSET, the ALL of `SELECT ALL` and of
    /// `count(ALL x)`.
    fn noise(&self, token: Token) -> bool {
        match token.word {
            Word::Row | Word::Rows => {
                self.after_offset && self.after_operand() && self.word(1) != Word::Only
            }
            Word::All => {
                let in_call = self.prev == Kind::LeftParen
                    && self.prev2 == Kind::Name
                    && self.kind(1) != Kind::LeftParen;
                self.prev == Kind::Select || in_call
            }
            _ => false,
        }
    }
}

/// Whether a reserved word after AS can only be a name.
fn names_after_as(kind: Kind) -> bool {
    !matches!(kind, Kind::Name | Kind::Select | Kind::With | Kind::Values | Kind::From | Kind::Not)
}

impl Iterator for Filter<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let mut token = self.peek(0)?;
        while (token.kind == Kind::Comma && self.trailing_comma()) || self.noise(token) {
            self.at += 1;
            token = self.peek(0)?;
        }
        let fused = self.rule(token);
        let interval = token.word == Word::Interval && fused.1 == Kind::TypedLiteral;
        let passed = self.pass(fused);
        if interval {
            self.interval = Interval::Type;
        }
        Some(passed)
    }
}
