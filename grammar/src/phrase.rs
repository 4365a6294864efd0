//! Clauses that the surface names and nothing is built for: a syntax error that stands in one of
//! them says its name instead.
//!
//! The list is read only after a parse has failed, so it costs neither time nor grammar. A phrase
//! counts if the refused token lies inside it; a word that is built for another use elsewhere (as an
//! alias, say) is never taken away from it.

use diag::Span;

use crate::token::{Kind, Token};
use crate::word::Word;

/// A clause: the words that its statement begins with, the tokens that make it, and its name.
///
/// A token is spelled out or stands for a class: `name`, `string`, `integer`.
struct Phrase {
    lead: &'static str,
    tokens: &'static str,
    name: &'static str,
}

const fn anywhere(tokens: &'static str, name: &'static str) -> Phrase {
    Phrase { lead: "", tokens, name }
}

const fn after(lead: &'static str, tokens: &'static str, name: &'static str) -> Phrase {
    Phrase { lead, tokens, name }
}

const PHRASES: &[Phrase] = &[
    anywhere("COALESCE PERIOD", "COALESCE PERIOD"),
    anywhere(", PERIOD name", "GROUP BY … PERIOD"),
    anywhere("BY PERIOD name", "GROUP BY … PERIOD"),
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
    anywhere("B string", "a bit string"),
    after("SELECT", "INTO name", "SELECT … INTO"),
    after("TRUNCATE", "CASCADE", "TRUNCATE … CASCADE"),
    after("TRUNCATE", "RESTRICT", "TRUNCATE … RESTRICT"),
    after("TRUNCATE", "RESTART IDENTITY", "TRUNCATE … RESTART IDENTITY"),
    after("TRUNCATE", "CONTINUE IDENTITY", "TRUNCATE … CONTINUE IDENTITY"),
    after("CREATE TABLE", "( LIKE name", "CREATE TABLE … (LIKE …)"),
    after("CREATE TABLE", ") PARTITION BY", "PARTITION BY in CREATE TABLE"),
    after("CREATE TABLE", ") INHERITS (", "INHERITS in CREATE TABLE"),
    after("ALTER TABLE", "SET SCHEMA", "ALTER TABLE … SET SCHEMA"),
    after("ALTER TABLE", "SET", "ALTER TABLE … SET"),
    after("ALTER TABLE", "RESET", "ALTER TABLE … RESET"),
    after("ALTER TABLE", "ENABLE", "ALTER TABLE … ENABLE"),
    after("ALTER TABLE", "DISABLE", "ALTER TABLE … DISABLE"),
    after("ALTER TABLE", "OWNER TO", "ALTER TABLE … OWNER TO"),
    after("ALTER TABLE", "RENAME CONSTRAINT", "ALTER TABLE … RENAME CONSTRAINT"),
];

/// Returns the name and place of the clause that the token at byte `offset` was refused in.
pub(crate) fn recognise(text: &str, tokens: &[Token], offset: u32) -> Option<(&'static str, Span)> {
    let refused = tokens.iter().position(|token| token.end > offset)?;
    if let Some(span) = joined_alias(tokens, refused) {
        return Some(("an alias of a join in parentheses", span));
    }
    PHRASES.iter().find_map(|phrase| {
        let starts = spells(text, tokens, phrase.lead) || phrase.lead.is_empty();
        let length = phrase.tokens.split(' ').count();
        let first = refused.saturating_sub(length - 1);
        let found = (first..=refused).find(|at| spells(text, &tokens[*at..], phrase.tokens));
        let at = found.filter(|_| starts)?;
        Some((phrase.name, tokens[at].span().to(tokens[at + length - 1].span())))
    })
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
