//! Statements that are known by their first words and not built: they get their name in an error
//! of their own, not a syntax error.

use diag::Span;

use crate::token::Token;

/// The first words of each, longest first where one starts another.
const LEADS: &[&str] = &[
    "ALTER DATABASE",
    "ALTER FUNCTION",
    "ALTER INDEX",
    "ALTER POLICY",
    "ALTER ROLE",
    "ALTER SCHEMA",
    "ALTER SEQUENCE",
    "ALTER SYSTEM",
    "ALTER TYPE",
    "ALTER USER",
    "ALTER VIEW",
    "ATTACH",
    "BACKUP",
    "CALL",
    "CHECKPOINT",
    "CLOSE",
    "CREATE AGGREGATE",
    "CREATE ALERT",
    "CREATE AUDIT",
    "CREATE CAST",
    "CREATE COLLATION",
    "CREATE DATABASE",
    "CREATE DOMAIN",
    "CREATE EVENT TRIGGER",
    "CREATE EXTENSION",
    "CREATE FEATURE TABLE",
    "CREATE FEED",
    "CREATE FOREIGN TABLE",
    "CREATE FULLTEXT INDEX",
    "CREATE FUNCTION",
    "CREATE MATERIALIZED VIEW",
    "CREATE MODEL",
    "CREATE OPERATOR",
    "CREATE OR REPLACE FUNCTION",
    "CREATE OR REPLACE PROCEDURE",
    "CREATE OR REPLACE TRIGGER",
    "CREATE POLICY",
    "CREATE PROCEDURE",
    "CREATE PUBLICATION",
    "CREATE ROLE",
    "CREATE RULE",
    "CREATE SCHEDULE",
    "CREATE SCHEMA",
    "CREATE SEQUENCE",
    "CREATE SERVER",
    "CREATE STATISTICS",
    "CREATE SUBSCRIPTION",
    "CREATE TABLESPACE",
    "CREATE TIMESERIES TABLE",
    "CREATE TRIGGER",
    "CREATE TYPE",
    "CREATE UNLOGGED TABLE",
    "CREATE USER",
    "CREATE VECTOR INDEX",
    "DECLARE",
    "DETACH",
    "DISCARD",
    "DO",
    "DROP ALERT",
    "DROP DATABASE",
    "DROP DOMAIN",
    "DROP EXTENSION",
    "DROP FULLTEXT INDEX",
    "DROP FUNCTION",
    "DROP MATERIALIZED VIEW",
    "DROP MODEL",
    "DROP POLICY",
    "DROP PROCEDURE",
    "DROP ROLE",
    "DROP SCHEDULE",
    "DROP SEQUENCE",
    "DROP TRIGGER",
    "DROP TYPE",
    "DROP USER",
    "ERASE",
    "EXPLAIN AI",
    "EXPORT DATABASE",
    "FETCH",
    "FORGET KEY",
    "GRANT",
    "IMPORT DATABASE",
    "KILL",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MERGE",
    "MOVE",
    "NOTIFY",
    "PIVOT",
    "PRAGMA",
    "REASSIGN",
    "REFRESH MATERIALIZED VIEW",
    "REINDEX",
    "REPLACE INTO",
    "RESTORE",
    "REVOKE",
    "SECURITY LABEL",
    "SET CONSTRAINTS",
    "SET ROLE",
    "SET SESSION AUTHORIZATION",
    "SET SESSION CHARACTERISTICS",
    "SET TRANSACTION",
    "SHOW COLUMNS",
    "SHOW COMPACTION STATUS",
    "SHOW CREATE TABLE",
    "SHOW INDEXES",
    "SHOW SLOW QUERIES",
    "SHOW STATS",
    "SHOW STORAGE",
    "SHOW TABLE STATS",
    "SHOW WAL STATUS",
    "SUBSCRIBE",
    "SUMMARIZE",
    "UNLISTEN",
    "UNPIVOT",
    "UNSUBSCRIBE",
    "UPSERT INTO",
    "USE",
    "VERIFY",
];

/// Returns the statement's name, and where it stands, if its first words are those of one that is
/// not built; EXPLAIN may stand before it.
pub(crate) fn recognise(text: &str, tokens: &[Token]) -> Option<(&'static str, Span)> {
    named(text, tokens).or_else(|| {
        let spelled = |token: &&Token| token.span().text(text).to_ascii_uppercase();
        let words = tokens.iter().take_while(|token| {
            matches!(spelled(token).as_str(), "EXPLAIN" | "ANALYZE" | "VERBOSE")
        });
        let explained = spelled(&tokens.first()?) == "EXPLAIN";
        explained.then(|| named(text, &tokens[words.count()..])).flatten()
    })
}

fn named(text: &str, tokens: &[Token]) -> Option<(&'static str, Span)> {
    let spelled = |index: usize| tokens.get(index).map_or("", |token| token.span().text(text));
    let lead = LEADS.iter().copied().find(|lead| {
        lead.split(' ').enumerate().all(|(index, word)| spelled(index).eq_ignore_ascii_case(word))
    })?;
    let last = lead.split(' ').count() - 1;
    Some((lead, tokens[0].span().to(tokens[last].span())))
}

/// Returns every first word or phrase of the list.
pub(crate) fn leads() -> impl Iterator<Item = &'static str> {
    LEADS.iter().copied()
}
