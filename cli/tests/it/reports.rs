//! The reports that a user reads, frozen: line, column, code, marks, help.

use crate::support::{jsonl, run, run_in};

const TABLES: &str =
    "CREATE TABLE staff (id INT PRIMARY KEY, name TEXT NOT NULL, salary DECIMAL(8,2));
INSERT INTO staff VALUES (1, 'ann', 10.00), (2, 'bob', 20.00);
CREATE TABLE price (id INT PRIMARY KEY, cents INT CONSTRAINT positive CHECK (cents > 0));
INSERT INTO price VALUES (7, 50);
";

/// What a failing statement prints.
fn report(statement: &str) -> String {
    let script = format!("{TABLES}{statement};\n");
    let output = run(&[], script.as_bytes());
    assert_eq!(output.status.code(), Some(1), "the statement fails: {statement}");
    String::from_utf8(output.stderr).expect("it is UTF-8")
}

macro_rules! reports {
    ($($name:ident: $statement:expr;)+) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(report($statement));
        })+
    };
}

reports! {
    unknown_column: "SELECT id,\n       salry\nFROM staff";
    unknown_table: "SELECT * FROM staf";
    type_mismatch: "SELECT name + 1 FROM staff";
    missing_comma: "INSERT INTO staff VALUES (3 'cid', 1.00)";
    unterminated_string: "SELECT 'abc FROM staff";
    group_by_violation: "SELECT name, count(*) FROM staff GROUP BY id";
    division_by_zero: "SELECT 10 / (id - 1) FROM staff";
    overflow: "SELECT 9223372036854775807 + id FROM staff";
    decimal_overflow: "UPDATE staff SET salary = salary * 100000";
    duplicate_key: "INSERT INTO staff VALUES (2, 'eve', 1.00)";
    null_into_not_null: "INSERT INTO staff VALUES (3, NULL, 1.00)";
    not_built: "CREATE INDEX i ON staff (name)";
    not_built_statement: "GRANT SELECT ON staff TO ann";
    not_built_clause: "SELECT name FROM staff\nWHERE id = 1\nCOALESCE PERIOD valid";
    period_of_system_time: "CREATE TABLE p (a TIMESTAMP, b TIMESTAMP, PERIOD FOR SYSTEM_TIME (a, b))";
    portion_ends_before_it_starts: "UPDATE staff FOR PORTION OF valid_time FROM DATE '2024-05-01'\n  TO DATE '2024-04-01' SET name = 'x'";
    portion_of_no_period: "DELETE FROM staff FOR PORTION OF employment FROM NULL TO NULL";
    overflow_of_a_whole_column: "SELECT id,\n       CAST(salary * 10000000000000000000 AS BIGINT)\nFROM staff";
    duplicate_key_among_rows: "INSERT INTO staff VALUES\n  (3, 'cid', 1.00),\n  (2, 'eve', 1.00)";
    duplicate_key_twice: "INSERT INTO staff (name, id) VALUES ('cid', 3), ('dan', 3)";
    duplicate_key_of_a_query: "INSERT INTO staff SELECT * FROM staff";
    duplicate_key_of_an_update: "UPDATE staff SET id = 1 WHERE name = 'bob'";
    null_among_rows: "INSERT INTO staff (id, name) VALUES (3, 'cid'), (4, NULL)";
    null_by_omission: "INSERT INTO staff (id) VALUES (3)";
    null_by_update: "UPDATE staff SET name = NULL WHERE id = 2";
    check_violated: "INSERT INTO price VALUES (1, 5), (2, -5)";
    check_violated_by_update: "UPDATE price SET cents = cents - 100";
    text_that_is_no_number: "SELECT CAST(name AS INT) FROM staff";
    text_that_is_no_date: "SELECT * FROM staff WHERE name < DATE '2024-02'";
    error_in_a_scan: "SELECT id\nFROM staff\nWHERE salary > 5\n  AND 10 / (id - 2) > 0";
    copy_from_no_file: "COPY staff FROM '/nowhere/staff.csv'";
}

/// What fails on a table with a declared period.
#[test]
fn declared_period() {
    let table = "CREATE TABLE rent (flat INT, who TEXT, a DATE, b DATE, PERIOD FOR stay (a, b), \
                 PRIMARY KEY (flat, stay WITHOUT OVERLAPS), CHECK (b - a >= 7));
                 INSERT INTO rent VALUES (1, 'ann', '2024-01-01', '2024-02-01');\n";
    let statements = [
        "INSERT INTO rent VALUES (1, 'bob', '2024-01-31', '2024-03-01')",
        "INSERT INTO rent VALUES (2, 'bob', '2024-03-01', '2024-02-01')",
        "DELETE FROM rent FOR PORTION OF stay FROM DATE '2024-01-03' TO DATE '2024-01-20'",
        "UPDATE rent FOR PORTION OF stay FROM DATE '2024-01-08' TO NULL SET b = '2024-01-20'",
        "INSERT INTO rent VALUES (2, 'bob', '2024-03-01', '2024-04-01') VALID FROM 1 TO 2",
    ];
    let reports = statements.map(|statement| {
        let output = run(&[], format!("{table}{statement};\n").as_bytes());
        assert_eq!(output.status.code(), Some(1), "the statement fails: {statement}");
        String::from_utf8(output.stderr).expect("it is UTF-8")
    });
    insta::assert_snapshot!(reports.join("\n"));
}

/// A scan's error is placed in its statement, whatever stands before it in the batch.
#[test]
fn the_second_statement_of_a_batch() {
    let output = run(&["-c", "SELECT 1; SELECT\n  1 / 0"], b"");
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8(output.stderr).expect("it is UTF-8"));
}

#[test]
fn a_file_that_does_not_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("value", "3,cid,1.00\n4,dan,much\n"),
        ("fields", "3,cid,1.00\n4,dan\n"),
        ("quote", "3,\"cid,1.00\n"),
    ] {
        std::fs::write(folder.path().join(name), text).expect("a file");
        let script = format!("{TABLES}COPY staff FROM '{name}';\n");
        let output = run_in(folder.path(), &[], script.as_bytes());
        assert_eq!(output.status.code(), Some(1), "{name} does not fit");
        let report = String::from_utf8(output.stderr).expect("it is UTF-8");
        insta::assert_snapshot!(format!("copy_{name}"), report);
    }
}

/// The machine protocol says the same as the report, for the errors of tables and of rows alike.
#[test]
fn reports_as_lines() {
    let answers = jsonl(
        "CREATE TABLE staff (id INT PRIMARY KEY, name TEXT NOT NULL, salary DECIMAL(8,2));
INSERT INTO staff VALUES (1, 'ann', 10.00), (2, 'bob', 20.00);
  -- a comment before the first token
  SELECT id,
       salry FROM staff;
SELECT name + 1 FROM staff; SELECT 1,
  10 / (id - 1) FROM staff;
INSERT INTO staff VALUES
  (3, 'cid', 1.00),
  (2, 'eve', 1.00);
INSERT INTO staff VALUES (3, NULL, 1.00);
UPDATE staff SET salary = salary * 100000;
INSERT INTO staff VALUES (3 'cid', 1.00);
CREATE INDEX i ON staff (name);
SELECT 'abc",
    );
    let errors = answers.iter().filter_map(|answer| answer.get("error"));
    let lines: Vec<String> = errors.map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn invalid_utf8() {
    let output = run(&[], b"SELECT 'caf\xe9';\nSELECT 1;\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("(1 row)"), "the next one runs");
    insta::assert_snapshot!(String::from_utf8(output.stderr).expect("it is UTF-8"));
}

#[test]
fn not_a_database() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("letter.txt"), "dear").expect("a file");
    let output = run(&["--path", folder.path().to_str().expect("UTF-8"), "-c", "SELECT 1"], b"");
    assert_eq!(output.status.code(), Some(1));
    let report = String::from_utf8(output.stderr).expect("it is UTF-8");
    insta::assert_snapshot!(report.replace(folder.path().to_str().expect("UTF-8"), "DIR"));
    assert!(folder.path().join("letter.txt").exists(), "nothing was changed");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn opened_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let path = path.to_str().expect("UTF-8");
    let _first = spectradb::Database::open(path).expect("it opens");
    let output = run(&["--path", path, "-c", "SELECT 1"], b"");
    assert_eq!(output.status.code(), Some(1));
    let report = String::from_utf8(output.stderr).expect("it is UTF-8");
    let pid = std::process::id().to_string();
    insta::assert_snapshot!(report.replace(path, "DIR").replace(&pid, "PID"));
}
