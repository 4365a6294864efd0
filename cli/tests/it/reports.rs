//! The reports that a user reads, frozen: line, column, code, marks, help.

use crate::support::run;

const TABLES: &str =
    "CREATE TABLE staff (id INT PRIMARY KEY, name TEXT NOT NULL, salary DECIMAL(8,2));
INSERT INTO staff VALUES (1, 'ann', 10.00), (2, 'bob', 20.00);
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
    declared_period: "CREATE TABLE p (a DATE, b DATE, PERIOD FOR valid (a, b))";
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
