//! Short ways to run statements and read answers as text.

use spectradb::{Database, Outcome, Session};

/// Runs a statement that must succeed; returns its rows as text, fields joined by `|`.
pub(crate) fn rows(session: &mut Session, sql: &str) -> Vec<String> {
    try_rows(session, sql).unwrap_or_else(|error| panic!("{sql}\n{error:?}"))
}

/// Runs a statement; returns its rows as text, fields joined by `|`, NULL as `NULL`.
pub(crate) fn try_rows(session: &mut Session, sql: &str) -> spectradb::Result<Vec<String>> {
    let mut found = Vec::new();
    if let Outcome::Rows(mut rows) = session.sql(sql)? {
        while let Some(row) = rows.next_row()? {
            let fields: Vec<String> = row.values().iter().map(text).collect();
            found.push(fields.join("|"));
        }
    }
    Ok(found)
}

/// Runs a statement that must fail; returns its SQLSTATE.
pub(crate) fn sqlstate(session: &mut Session, sql: &str) -> String {
    match try_rows(session, sql) {
        Ok(rows) => panic!("{sql}\nhas an answer: {rows:?}"),
        Err(error) => error.sqlstate().to_owned(),
    }
}

/// Runs a statement that writes; returns its commit id.
pub(crate) fn commit(session: &mut Session, sql: &str) -> u64 {
    match session.sql(sql).unwrap_or_else(|error| panic!("{sql}\n{error:?}")) {
        Outcome::Done(done) => done.commit_id.expect("it commits"),
        Outcome::Rows(_) => panic!("{sql}\nis a query"),
    }
}

fn text(value: &spectradb::Value) -> String {
    if value.is_null() { "NULL".to_owned() } else { value.to_string() }
}

/// Returns a session of a new database in memory.
pub(crate) fn memory() -> Session {
    Database::in_memory().expect("memory").session()
}
