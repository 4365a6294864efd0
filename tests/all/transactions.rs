//! BEGIN, COMMIT and ROLLBACK over several calls: own writes are seen, others' are not, the first
//! committer wins.

use spectradb::{Database, ErrorKind};

use crate::support::{commit, memory, rows, sqlstate};

#[test]
fn own_writes_are_seen_and_rolled_back() {
    let mut session = memory();
    commit(&mut session, "CREATE TABLE t (id INT PRIMARY KEY, v INT)");
    let first = commit(&mut session, "INSERT INTO t VALUES (1, 10), (2, 20)");
    rows(&mut session, "BEGIN");
    rows(&mut session, "UPDATE t SET v = 11 WHERE id = 1");
    rows(&mut session, "DELETE FROM t WHERE id = 2");
    rows(&mut session, "INSERT INTO t VALUES (3, 30)");
    assert_eq!(rows(&mut session, "SELECT * FROM t ORDER BY id"), ["1|11", "3|30"]);
    // Own pending rows are no part of any commit.
    let past = format!("SELECT * FROM t ORDER BY id AS OF {first}");
    assert_eq!(rows(&mut session, &past), ["1|10", "2|20"]);
    rows(&mut session, "ROLLBACK");
    assert_eq!(rows(&mut session, "SELECT * FROM t ORDER BY id"), ["1|10", "2|20"]);
}

#[test]
fn a_transaction_is_one_commit() {
    let mut session = memory();
    commit(&mut session, "CREATE TABLE t (id INT PRIMARY KEY, v INT)");
    rows(&mut session, "BEGIN");
    rows(&mut session, "INSERT INTO t VALUES (1, 10)");
    rows(&mut session, "UPDATE t SET v = v + 1");
    rows(&mut session, "UPDATE t SET v = v + 1");
    assert_eq!(commit(&mut session, "COMMIT"), 2);
    let history = "SELECT v, _commit_from, _commit_to FROM t FOR SYSTEM_TIME ALL";
    assert_eq!(rows(&mut session, history), ["12|2|NULL"], "steps inside leave no versions");
}

#[test]
fn the_first_committer_wins() {
    let database = Database::in_memory().expect("memory");
    let (mut one, mut two) = (database.session(), database.session());
    commit(&mut one, "CREATE TABLE t (id INT PRIMARY KEY, v INT)");
    commit(&mut one, "INSERT INTO t VALUES (1, 10), (2, 20)");
    rows(&mut one, "BEGIN");
    rows(&mut two, "BEGIN");
    rows(&mut one, "UPDATE t SET v = 11 WHERE id = 1");
    rows(&mut two, "UPDATE t SET v = 12 WHERE id = 1");
    assert_eq!(commit(&mut one, "COMMIT"), 3);
    let error = two.sql("COMMIT").map(drop).expect_err("the second one loses");
    assert_eq!((error.sqlstate(), error.kind()), ("40001", ErrorKind::Retry));
    assert_eq!(rows(&mut two, "SELECT v FROM t WHERE id = 1"), ["11"]);
    // Different rows do not conflict.
    rows(&mut one, "BEGIN");
    rows(&mut two, "BEGIN");
    rows(&mut one, "UPDATE t SET v = 13 WHERE id = 1");
    rows(&mut two, "UPDATE t SET v = 21 WHERE id = 2");
    rows(&mut one, "COMMIT");
    rows(&mut two, "COMMIT");
    assert_eq!(rows(&mut one, "SELECT v FROM t ORDER BY id"), ["13", "21"]);
}

#[test]
fn two_inserts_of_one_key_conflict() {
    let database = Database::in_memory().expect("memory");
    let (mut one, mut two) = (database.session(), database.session());
    commit(&mut one, "CREATE TABLE t (id INT PRIMARY KEY)");
    rows(&mut one, "BEGIN");
    rows(&mut two, "BEGIN");
    rows(&mut one, "INSERT INTO t VALUES (1)");
    rows(&mut two, "INSERT INTO t VALUES (1)");
    rows(&mut one, "COMMIT");
    assert_eq!(sqlstate(&mut two, "COMMIT"), "40001");
    assert_eq!(sqlstate(&mut two, "INSERT INTO t VALUES (1)"), "23505");
}

#[test]
fn a_snapshot_is_fixed_at_the_first_statement() {
    let database = Database::in_memory().expect("memory");
    let (mut one, mut two) = (database.session(), database.session());
    commit(&mut one, "CREATE TABLE t (id INT PRIMARY KEY)");
    rows(&mut two, "BEGIN");
    assert!(rows(&mut two, "SELECT * FROM t").is_empty());
    commit(&mut one, "INSERT INTO t VALUES (1)");
    assert!(rows(&mut two, "SELECT * FROM t").is_empty());
    rows(&mut two, "COMMIT");
    assert_eq!(rows(&mut two, "SELECT * FROM t"), ["1"]);
}

#[test]
fn a_failed_statement_fails_its_transaction() {
    let mut session = memory();
    commit(&mut session, "CREATE TABLE t (id INT PRIMARY KEY)");
    rows(&mut session, "BEGIN");
    rows(&mut session, "INSERT INTO t VALUES (1)");
    assert_eq!(sqlstate(&mut session, "INSERT INTO t VALUES (1)"), "23505");
    assert_eq!(sqlstate(&mut session, "SELECT 1"), "25P02");
    rows(&mut session, "ROLLBACK");
    assert!(rows(&mut session, "SELECT * FROM t").is_empty());
}

#[test]
fn ddl_is_part_of_a_transaction_and_of_history() {
    let mut session = memory();
    commit(&mut session, "CREATE TABLE kept (id INT PRIMARY KEY)");
    rows(&mut session, "BEGIN");
    rows(&mut session, "CREATE TABLE gone (id INT)");
    rows(&mut session, "INSERT INTO gone VALUES (1)");
    assert_eq!(rows(&mut session, "SELECT * FROM gone"), ["1"]);
    rows(&mut session, "ROLLBACK");
    assert_eq!(sqlstate(&mut session, "SELECT * FROM gone"), "42P01");
    let filled = commit(&mut session, "INSERT INTO kept VALUES (7)");
    commit(&mut session, "DROP TABLE kept");
    assert_eq!(sqlstate(&mut session, "SELECT * FROM kept"), "42P01");
    assert_eq!(rows(&mut session, &format!("SELECT * FROM kept AS OF {filled}")), ["7"]);
    commit(&mut session, "CREATE TABLE kept (name TEXT)");
    assert!(rows(&mut session, "SELECT * FROM kept").is_empty());
    assert_eq!(rows(&mut session, &format!("SELECT id FROM kept AS OF {filled}")), ["7"]);
}

#[test]
fn read_only_and_pinned_transactions_refuse_writes() {
    let mut session = memory();
    commit(&mut session, "CREATE TABLE t (id INT PRIMARY KEY)");
    commit(&mut session, "INSERT INTO t VALUES (1)");
    commit(&mut session, "INSERT INTO t VALUES (2)");
    rows(&mut session, "BEGIN READ ONLY AS OF 2");
    assert_eq!(rows(&mut session, "SELECT * FROM t"), ["1"]);
    assert_eq!(sqlstate(&mut session, "INSERT INTO t VALUES (3)"), "25006");
    rows(&mut session, "ROLLBACK");
    assert_eq!(sqlstate(&mut session, "COMMIT"), "25P01");
}

#[test]
fn explain_analyze_keeps_what_it_writes() {
    let mut session = memory();
    commit(&mut session, "CREATE TABLE t (id INT PRIMARY KEY)");
    rows(&mut session, "EXPLAIN ANALYZE INSERT INTO t VALUES (1)");
    assert_eq!(rows(&mut session, "SELECT id, _commit_from FROM t"), ["1|2"]);
    rows(&mut session, "BEGIN");
    rows(&mut session, "EXPLAIN ANALYZE DELETE FROM t");
    rows(&mut session, "ROLLBACK");
    assert_eq!(rows(&mut session, "SELECT id FROM t"), ["1"]);
}

/// Two sessions that cut different parts of one row: its pieces are the first one's to change.
#[test]
fn portions_of_one_row_conflict() {
    let database = Database::in_memory().expect("memory");
    let (mut one, mut two) = (database.session(), database.session());
    commit(&mut one, "CREATE TABLE t (id INT PRIMARY KEY, v INT)");
    commit(&mut one, "INSERT INTO t VALUES (1, 10)");
    let portion = |from: i64| {
        let to = from + 5;
        format!("UPDATE t FOR PORTION OF VALID_TIME FROM {from} TO {to} SET v = v + 1")
    };
    rows(&mut one, "BEGIN");
    rows(&mut two, "BEGIN");
    rows(&mut one, &portion(0));
    rows(&mut two, &portion(100));
    rows(&mut one, "COMMIT");
    assert_eq!(sqlstate(&mut two, "COMMIT"), "40001");
    rows(&mut two, &portion(100));
    let current = "SELECT v FROM t ORDER BY _valid_from";
    assert_eq!(rows(&mut two, current), ["10", "11", "10", "11", "10"]);
}

/// Two sessions that insert overlapping periods of one key: neither sees the other's row.
#[test]
fn overlapping_periods_of_one_key_conflict_at_commit() {
    let database = Database::in_memory().expect("memory");
    let (mut one, mut two) = (database.session(), database.session());
    let table = "CREATE TABLE t (id INT, a DATE, b DATE, PERIOD FOR p (a, b), \
                 PRIMARY KEY (id, p WITHOUT OVERLAPS))";
    commit(&mut one, table);
    rows(&mut one, "BEGIN");
    rows(&mut two, "BEGIN");
    rows(&mut one, "INSERT INTO t VALUES (1, '2024-01-01', '2024-03-01')");
    rows(&mut two, "INSERT INTO t VALUES (1, '2024-02-01', '2024-04-01')");
    rows(&mut one, "COMMIT");
    assert_eq!(sqlstate(&mut two, "COMMIT"), "40001");
    let again = "INSERT INTO t VALUES (1, '2024-02-01', '2024-04-01')";
    assert_eq!(sqlstate(&mut two, again), "23P01");
}

#[test]
fn statements_that_change_nothing_take_no_commit() {
    let mut session = memory();
    commit(&mut session, "CREATE TABLE t (id INT PRIMARY KEY, v INT)");
    commit(&mut session, "INSERT INTO t VALUES (1, 1)");
    for sql in ["UPDATE t SET v = v", "DELETE FROM t WHERE id = 9", "ANALYZE", "VACUUM"] {
        rows(&mut session, sql);
    }
    assert_eq!(commit(&mut session, "INSERT INTO t VALUES (2, 2)"), 3);
}
