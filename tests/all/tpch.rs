//! TPC-H at scale 0.01: generated, loaded by COPY, answers compared with SQLite's in the same test.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use spectradb::{Database, Session};
use spectradb_tests::tpch::{QUERIES, TABLES, TEN_OPERATIONS, TpchQuery, write_files};

use crate::support::rows;

const SCALE: f64 = 0.01;

#[test]
fn answers_are_those_of_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = write_files(folder.path(), SCALE).expect("the files are written");
    let mut session = Database::in_memory().expect("memory").session();
    let sqlite = Connection::open_in_memory().expect("memory");
    for ((table, ddl), (_, path)) in TABLES.iter().zip(&files) {
        rows(&mut session, ddl);
        let copy = format!("COPY {table} FROM '{}' WITH (DELIMITER '|')", path.display());
        rows(&mut session, &copy);
        load_sqlite(&sqlite, table, ddl, path);
    }
    for flushed in [false, true] {
        if flushed {
            rows(&mut session, "VACUUM");
        }
        for jit in ["off", "force"] {
            rows(&mut session, &format!("SET jit = {jit}"));
            compare_all(&mut session, &sqlite);
        }
    }
    assert!(rows(&mut session, TEN_OPERATIONS).len() == 1);
    explain_says_what_was_compiled(&mut session);
}

/// Returns the lines of EXPLAIN ANALYZE that say how an operator's expressions were computed.
fn tiers(session: &mut Session, jit: &str, sql: &str) -> Vec<String> {
    rows(session, &format!("SET jit = {jit}"));
    let lines = rows(session, &format!("EXPLAIN ANALYZE {sql}"));
    let tier = |line: &String| line.contains("compiled ") || line.contains("interpreted ");
    lines.into_iter().filter(tier).collect()
}

fn explain_says_what_was_compiled(session: &mut Session) {
    let wanted = QUERIES.iter().filter(|query| [1, 3, 6, 12, 14].contains(&query.number));
    let texts = wanted.map(|query| query.sql).chain([TEN_OPERATIONS]);
    for sql in texts {
        let forced = tiers(session, "force", sql);
        let code = |line: &&String| line.contains("compiled ") && line.contains("bytes of code");
        assert!(forced.iter().any(|line| code(&line)), "{sql}: {forced:?}");
        let off = tiers(session, "off", sql);
        assert!(!off.is_empty() && off.iter().all(|line| line.contains("jit is off")
            || line.contains("as fast interpreted")), "{sql}: {off:?}");
    }
}

fn compare_all(session: &mut Session, sqlite: &Connection) {
    let wrong: Vec<String> =
        QUERIES.iter().filter_map(|query| difference(query, session, sqlite)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Says where the answers to a query differ.
fn difference(query: &TpchQuery, session: &mut Session, sqlite: &Connection) -> Option<String> {
    let ours = rows(session, query.sql);
    let theirs = sqlite_rows(sqlite, &query.for_sqlite());
    let number = query.number;
    if theirs.is_empty() {
        return Some(format!("Q{number} has no answer"));
    }
    if ours.len() != theirs.len() {
        return Some(format!("Q{number}: {} rows, SQLite has {}", ours.len(), theirs.len()));
    }
    let mut pairs = ours.iter().zip(&theirs);
    let (ours, theirs) = pairs.find(|(ours, theirs)| !same(ours, theirs))?;
    Some(format!("Q{number}:\n  ours   {ours}\n  sqlite {theirs}"))
}

/// Numbers are equal to nine digits: SQLite sums doubles.
fn same(ours: &str, theirs: &str) -> bool {
    let (ours, theirs) = (ours.split('|'), theirs.split('|'));
    let mut pairs = ours.zip(theirs);
    pairs.all(|(ours, theirs)| match (ours.parse::<f64>(), theirs.parse::<f64>()) {
        (Ok(ours), Ok(theirs)) => (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0),
        _ => ours == theirs,
    })
}

fn load_sqlite(sqlite: &Connection, table: &str, ddl: &str, path: &Path) {
    sqlite.execute_batch(ddl).expect("SQLite takes the same DDL");
    let text = std::fs::read_to_string(path).expect("the file is there");
    let transaction = sqlite.unchecked_transaction().expect("a transaction");
    for line in text.lines() {
        let fields: Vec<&str> = line.trim_end_matches('|').split('|').collect();
        let marks = vec!["?"; fields.len()].join(",");
        let mut insert = transaction
            .prepare_cached(&format!("INSERT INTO {table} VALUES ({marks})"))
            .expect("it prepares");
        insert.execute(rusqlite::params_from_iter(fields)).expect("it inserts");
    }
    transaction.commit().expect("it commits");
}

pub(crate) fn sqlite_rows(sqlite: &Connection, sql: &str) -> Vec<String> {
    let mut statement = sqlite.prepare(sql).expect("it prepares");
    let columns = statement.column_count();
    let mut rows = statement.query([]).expect("it runs");
    let mut found = Vec::new();
    while let Some(row) = rows.next().expect("a row") {
        let fields: Vec<String> =
            (0..columns).map(|at| text(row.get_ref(at).expect("a field"))).collect();
        found.push(fields.join("|"));
    }
    found
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
    }
}
