//! What the surface names and is not built: each form answers 0A000 by its name, not as a mistake
//! of the writer's, and tells what works instead.

use crate::support::memory;

/// A statement, and the words that its error must hold.
const FORMS: &[(&str, &str)] = &[
    ("SELECT k FROM t COALESCE PERIOD valid", "COALESCE PERIOD"),
    ("SELECT k FROM t WHERE k = 1 COALESCE PERIOD valid", "COALESCE PERIOD"),
    ("SELECT k, count(*) FROM t GROUP BY k, PERIOD valid", "GROUP BY … PERIOD"),
    ("SELECT k, count(*) FROM t GROUP BY PERIOD valid", "GROUP BY … PERIOD"),
    ("SELECT * FROM (t JOIN u ON t.k = u.k) AS x", "an alias of a join in parentheses"),
    ("SELECT * FROM (t JOIN u ON t.k = u.k) x", "an alias of a join in parentheses"),
    ("SELECT * FROM u, (t CROSS JOIN u AS w) AS x", "an alias of a join in parentheses"),
    ("SELECT * FROM ROWS FROM (generate_series(1, 2)) AS r", "ROWS FROM"),
    ("SELECT * FROM 'file.csv'", "FROM 'file.csv'"),
    ("SELECT * FROM t JOIN 'file.csv' ON true", "FROM 'file.csv'"),
    ("FROM 'file.csv'", "FROM 'file.csv'"),
    ("SELECT * FROM read_csv('file.csv')", "read_csv"),
    ("SELECT * FROM t WHERE MATCH(v, 'q')", "match"),
    ("SELECT * FROM t WHERE v MATCH 'q'", "the operator MATCH"),
    ("SELECT HIGHLIGHT(v, 'q') FROM t", "highlight"),
    ("SELECT * FROM t ORDER BY v <-> '[1,2]'", "a vector distance"),
    ("SELECT time_bucket('1h', at) FROM t", "time_bucket"),
    ("SELECT * FROM t WHERE v LIKE ANY (ARRAY['a', 'b'])", "LIKE ANY"),
    ("SELECT * FROM t WHERE v NOT LIKE ALL (SELECT 'a')", "LIKE ALL"),
    ("SELECT v IS JSON FROM t", "IS JSON"),
    ("CREATE TABLE n (a INT[3])", "an array type"),
    ("CREATE TABLE n (a VARCHAR(5)[3])", "an array type"),
    ("CREATE TABLE n (a INT[])", "an array type"),
    ("SELECT ARRAY[1, 2]", "an array"),
    ("SELECT [1, 2]", "an array"),
    ("SHOW TABLE STATS", "SHOW TABLE STATS"),
    ("SHOW STATS", "SHOW STATS"),
    ("SHOW STATS FOR t", "SHOW STATS"),
    ("SHOW STORAGE", "SHOW STORAGE"),
    ("SHOW COMPACTION STATUS", "SHOW COMPACTION STATUS"),
    ("SHOW WAL STATUS", "SHOW WAL STATUS"),
    ("SHOW SLOW QUERIES LIMIT 5", "SHOW SLOW QUERIES"),
    ("SHOW COLUMNS FROM t", "SHOW COLUMNS"),
    ("SHOW CREATE TABLE t", "SHOW CREATE TABLE"),
    ("TRUNCATE t CASCADE", "TRUNCATE … CASCADE"),
    ("TRUNCATE TABLE t RESTART IDENTITY", "TRUNCATE … RESTART IDENTITY"),
    ("ALTER TABLE t SET (retention = '30 days')", "ALTER TABLE … SET"),
    ("ALTER TABLE t SET SCHEMA s", "ALTER TABLE … SET SCHEMA"),
    ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", "ALTER TABLE … ENABLE"),
    ("ALTER TABLE t OWNER TO ann", "ALTER TABLE … OWNER TO"),
    ("ALTER TABLE t RENAME CONSTRAINT a TO b", "ALTER TABLE … RENAME CONSTRAINT"),
    ("CREATE FULLTEXT INDEX i ON t (v)", "CREATE FULLTEXT INDEX"),
    ("CREATE TIMESERIES TABLE n (a INT) WITH (bucket_size = '1h')", "CREATE TIMESERIES TABLE"),
    ("CREATE TABLE n (LIKE t)", "CREATE TABLE … (LIKE …)"),
    ("CREATE TABLE n (a INT) PARTITION BY RANGE (a)", "PARTITION BY in CREATE TABLE"),
    ("CREATE UNLOGGED TABLE n (a INT)", "CREATE UNLOGGED TABLE"),
    ("CREATE INDEX i ON t (k)", "CREATE INDEX"),
    ("CREATE POLICY p ON t USING (k = 1)", "CREATE POLICY"),
    ("BACKUP TO '/tmp/x'", "BACKUP"),
    ("RESTORE FROM '/tmp/x'", "RESTORE"),
    ("VERIFY", "VERIFY"),
    ("FORGET KEY 'k'", "FORGET KEY"),
    ("ERASE FROM t WHERE k = 1", "ERASE"),
    ("MERGE INTO t USING u ON t.k = u.k WHEN MATCHED THEN DELETE", "MERGE"),
    ("EXPLAIN ANALYZE MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE", "MERGE"),
    ("INSERT INTO t (k) VALUES (1) ON DUPLICATE KEY UPDATE v = 'x'", "ON DUPLICATE KEY UPDATE"),
    ("REPLACE INTO t VALUES (1)", "REPLACE INTO"),
    ("GRANT SELECT ON t TO ann", "GRANT"),
    ("REVOKE SELECT ON t FROM ann", "REVOKE"),
    ("LISTEN c", "LISTEN"),
    ("NOTIFY c", "NOTIFY"),
    ("DECLARE c CURSOR FOR SELECT 1", "DECLARE"),
    ("FETCH 5 FROM c", "FETCH"),
    ("DO $$ BEGIN END $$", "DO"),
    ("CALL p()", "CALL"),
    ("SELECT * INTO n FROM t", "SELECT … INTO"),
    ("SELECT * FROM t TABLESAMPLE BERNOULLI (10)", "TABLESAMPLE"),
    ("SELECT * FROM t FOR UPDATE OF t", "FOR UPDATE OF"),
    ("SELECT * FROM t LIMIT 10 PERCENT", "LIMIT … PERCENT"),
    ("SELECT k FROM t UNION ALL BY NAME SELECT k FROM u", "UNION BY NAME"),
    ("SELECT * FROM t PIVOT (sum(k) FOR v IN ('a'))", "PIVOT"),
    ("SELECT * FROM temporal_diff('t', 1, 2)", "temporal_diff"),
];

#[test]
fn every_form_is_named() {
    let mut session = memory();
    for sql in
        ["CREATE TABLE t (k INT PRIMARY KEY, v TEXT, at TIMESTAMP)", "CREATE TABLE u (k INT)"]
    {
        session.sql(sql).map(drop).expect("a table");
    }
    for (sql, words) in FORMS {
        let error = session.sql(sql).map(drop).expect_err(sql);
        assert_eq!(error.sqlstate(), "0A000", "{sql}: {error}");
        assert!(error.message().contains(words), "{sql}: {error}");
        assert!(error.help().is_some_and(|help| !help.is_empty()), "{sql}: help");
        assert!(error.position().is_some(), "{sql}: a place");
    }
}

/// A slip near such a word is still a slip.
#[test]
fn mistakes_of_the_writer_stay_syntax_errors() {
    let mut session = memory();
    for sql in [
        "INSERT INTO t (a, period b) VALUES (1, 2)",
        "SELECT a FROM t WHERE a = 1 b",
        "SELECT b 'label' FROM t",
        "SELECT (a JOIN b) AS x",
        "CREATE TABLE n (a INT CASCADE)",
        "SELECT 1 AS x INTO",
        "SELECT (1 + 2) AS x y FROM t",
        "UPDATE t SET a = 1 ON DUPLICATE",
    ] {
        let error = session.sql(sql).map(drop).expect_err(sql);
        assert_eq!(error.sqlstate(), "42601", "{sql}: {error}");
    }
}

#[test]
fn words_of_forms_stay_free_for_names() {
    let mut session = memory();
    for sql in [
        "CREATE TABLE match (period INT, coalesce INT, percent INT, pivot INT)",
        "INSERT INTO match VALUES (1, 2, 3, 4)",
        "SELECT period, coalesce, percent, pivot FROM match GROUP BY coalesce, period, percent, pivot",
        "SELECT m.period FROM match coalesce CROSS JOIN match m",
        "SELECT 5 percent, 6 AS tablesample",
        "TRUNCATE match",
    ] {
        session.sql(sql).map(drop).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}
