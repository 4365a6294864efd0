//! Clauses that the surface names and nothing is built for: a syntax error that stands in one of
//! them says its name instead.
//!
//! The list is read only after a parse has failed, so it costs neither time nor grammar. A phrase
//! counts if the refused token lies inside it; a word that is built for another use elsewhere (as an
//! alias, say) is never taken away from it.

use diag::Span;

use crate::token::{Kind, Token};
use crate::word::Word;

/// A clause: where it can stand, the tokens that make it, and its name.
///
/// A token is spelled out or stands for a class: `name`, `string`, `integer`.
struct Phrase {
    place: Place,
    tokens: &'static str,
    name: &'static str,
}

enum Place {
    Anywhere,
    /// In a statement that begins with these words.
    In(&'static str),
    /// Behind these words of its statement.
    Behind(&'static str),
}

const fn anywhere(tokens: &'static str, name: &'static str) -> Phrase {
    Phrase { place: Place::Anywhere, tokens, name }
}

const fn within(lead: &'static str, tokens: &'static str, name: &'static str) -> Phrase {
    Phrase { place: Place::In(lead), tokens, name }
}

const fn behind(words: &'static str, tokens: &'static str, name: &'static str) -> Phrase {
    Phrase { place: Place::Behind(words), tokens, name }
}

const PHRASES: &[Phrase] = &[
    anywhere("COALESCE PERIOD", "COALESCE PERIOD"),
    behind("GROUP BY", ", PERIOD name", "GROUP BY … PERIOD"),
    anywhere("GROUP BY PERIOD name", "GROUP BY … PERIOD"),
    anywhere("ROWS FROM (", "ROWS FROM"),
    anywhere("FROM string", "FROM 'file.csv'"),
    anywhere("JOIN string", "FROM 'file.csv'"),
    anywhere("MATCH string", "the operator MATCH"),
    anywhere("name [ integer ]", "an array type"),
    anywhere(") [ integer ]", "an array type"),
    anywhere("[", "an array"),
    anywhere("TABLESAMPLE name", "TABLESAMPLE"),
    anywhere("PIVOT ( name (", "PIVOT"),
    anywhere("UNPIVOT ( name FOR", "UNPIVOT"),
    anywhere("UNION BY NAME", "UNION BY NAME"),
    anywhere("UNION ALL BY NAME", "UNION BY NAME"),
    anywhere("UPDATE OF name", "FOR UPDATE OF"),
    anywhere("SHARE OF name", "FOR SHARE OF"),
    anywhere("integer PERCENT", "LIMIT … PERCENT"),
    anywhere("ON DUPLICATE KEY", "ON DUPLICATE KEY UPDATE"),
    within("SELECT", "INTO name", "SELECT … INTO"),
    within("TRUNCATE", "CASCADE", "TRUNCATE … CASCADE"),
    within("TRUNCATE", "RESTRICT", "TRUNCATE … RESTRICT"),
    within("TRUNCATE", "RESTART IDENTITY", "TRUNCATE … RESTART IDENTITY"),
    within("TRUNCATE", "CONTINUE IDENTITY", "TRUNCATE … CONTINUE IDENTITY"),
    within("CREATE TABLE", "( LIKE name", "CREATE TABLE … (LIKE …)"),
    within("CREATE TABLE", ") PARTITION BY", "PARTITION BY in CREATE TABLE"),
    within("CREATE TABLE", ") INHERITS (", "INHERITS in CREATE TABLE"),
    within("ALTER TABLE", "SET SCHEMA", "ALTER TABLE … SET SCHEMA"),
    within("ALTER TABLE", "SET", "ALTER TABLE … SET"),
    within("ALTER TABLE", "RESET", "ALTER TABLE … RESET"),
    within("ALTER TABLE", "ENABLE", "ALTER TABLE … ENABLE"),
    within("ALTER TABLE", "DISABLE", "ALTER TABLE … DISABLE"),
    within("ALTER TABLE", "OWNER TO", "ALTER TABLE … OWNER TO"),
    within("ALTER TABLE", "RENAME CONSTRAINT", "ALTER TABLE … RENAME CONSTRAINT"),
];

/// Returns the name and place of the clause that the token at byte `offset` was refused in.
pub(crate) fn recognise(text: &str, tokens: &[Token], offset: u32) -> Option<(&'static str, Span)> {
    let refused = tokens.iter().position(|token| token.end > offset)?;
    if let Some(span) = joined_alias(tokens, refused) {
        return Some(("an alias of a join in parentheses", span));
    }
    PHRASES.iter().find_map(|phrase| {
        let length = phrase.tokens.split(' ').count();
        let first = refused.saturating_sub(length - 1);
        let found = (first..=refused).find(|at| spells(text, &tokens[*at..], phrase.tokens));
        let at = found.filter(|at| phrase.place.holds(text, tokens, *at))?;
        Some((phrase.name, tokens[at].span().to(tokens[at + length - 1].span())))
    })
}

impl Place {
    /// Whether a phrase at token `at` stands in this place.
    fn holds(&self, text: &str, tokens: &[Token], at: usize) -> bool {
        match self {
            Place::Anywhere => true,
            Place::In(lead) => spells(text, tokens, lead),
            Place::Behind(words) => (0..at).any(|before| spells(text, &tokens[before..], words)),
        }
    }
}

/// Whether `tokens` begin with those of a pattern.
fn spells(text: &str, tokens: &[Token], pattern: &str) -> bool {
    pattern.split(' ').enumerate().all(|(at, wanted)| {
        let Some(token) = tokens.get(at) else { return false };
        match wanted {
            "name" => token.kind == Kind::Name,
            "string" => token.kind == Kind::String,
            "integer" => token.kind == Kind::Integer,
            spelled => token.span().text(text).eq_ignore_ascii_case(spelled),
        }
    })
}

/// Returns the place of `FROM (a JOIN b …) AS x`: from AS or the name on.
fn joined_alias(tokens: &[Token], refused: usize) -> Option<Span> {
    let close = refused.checked_sub(1).filter(|at| tokens[*at].kind == Kind::RightParen)?;
    let open = opening(tokens, close)?;
    let before = tokens.get(open.checked_sub(1)?)?;
    let in_from = matches!(before.kind, Kind::From | Kind::Comma | Kind::LeftParen);
    let joins = tokens[open..close].iter().any(|token| token.word == Word::Join);
    let named = matches!(tokens[refused].kind, Kind::As | Kind::Name);
    (named && joins && (in_from || before.word == Word::Join)).then(|| tokens[refused].span())
}

/// Returns where the parenthesis that `close` closes was opened.
fn opening(tokens: &[Token], close: usize) -> Option<usize> {
    let mut depth = 0_u32;
    for at in (0..=close).rev() {
        match tokens[at].kind {
            Kind::RightParen => depth += 1,
            Kind::LeftParen if depth == 1 => return Some(at),
            Kind::LeftParen => depth -= 1,
            _ => {}
        }
    }
    None
}
