//! The machine protocol: one line a statement, exact values, errors that do not end the stream.

use serde_json::{Value, json};

use crate::support::{jsonl, rows, run};

#[test]
fn an_answer_has_exactly_the_promised_fields() {
    let answers = jsonl(
        "SELECT 1 AS one, 'x' AS t;\nCREATE TABLE t (a INT);\nINSERT INTO t VALUES (1), (2);",
    );
    let fields: Vec<&String> = answers[0].as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["columns", "rows", "rows_affected", "commit_id", "elapsed_us"]);
    assert_eq!(
        answers[0]["columns"],
        json!([{"name": "one", "type": "BIGINT"}, {"name": "t", "type": "TEXT"}])
    );
    assert_eq!(answers[0]["rows"], json!([[1, "x"]]));
    assert_eq!(answers[0]["rows_affected"], Value::Null);
    assert!(answers[0]["elapsed_us"].is_u64());
    assert_eq!(answers[1]["commit_id"], 1);
    assert_eq!((&answers[2]["rows_affected"], &answers[2]["commit_id"]), (&json!(2), &json!(2)));
}

#[test]
fn values_are_exact() {
    let cases = [
        ("9007199254740993", "9007199254740993"),
        ("9223372036854775807", "9223372036854775807"),
        ("0.10 + 0.20", "\"0.30\""),
        ("CAST(12.5 AS DECIMAL(15,2))", "\"12.50\""),
        ("CAST(0.1 AS DOUBLE)", "0.1"),
        ("CAST('NaN' AS DOUBLE)", "\"NaN\""),
        ("CAST('-Infinity' AS DOUBLE)", "\"-Infinity\""),
        ("1e0::DOUBLE * 1e300", "1e300"),
        ("'\\xDEadBEEF'::BLOB", "\"\\\\xdeadbeef\""),
        ("TRUE", "true"),
        ("NULL", "null"),
        ("DATE '2024-02-29'", "\"2024-02-29\""),
        ("TIMESTAMP '2024-02-29 12:34:56.789'", "\"2024-02-29T12:34:56.789\""),
        ("TIMESTAMP 'infinity'", "\"infinity\""),
        ("INTERVAL '1 month 2 days'", "\"1 mon 2 days\""),
        ("CAST('{\"b\": [1, 2.50], \"a\": null}' AS JSON)", "{\"a\":null,\"b\":[1,2.50]}"),
        ("'é\"\n'", "\"é\\\"\\n\""),
    ];
    let script: String = cases.iter().map(|(sql, _)| format!("SELECT {sql};\n")).collect();
    let output = run(&["--format", "jsonl"], script.as_bytes());
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    assert_eq!(text.lines().count(), cases.len());
    for (line, (sql, expected)) in text.lines().zip(cases) {
        // The text itself, not a parsed number: exactness is the point.
        assert!(line.contains(&format!("\"rows\":[[{expected}]]")), "{sql}: {line}");
    }
}

#[test]
fn errors_have_places_and_the_stream_goes_on() {
    let answers = jsonl("SELECT 1,\n  é FROM nowhere;\n.tables\nSELECT 2;\n");
    assert_eq!(answers.len(), 3);
    let error = &answers[0]["error"];
    let fields: Vec<&String> = error.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["sqlstate", "code", "message", "line", "column", "help"]);
    assert_eq!((&error["sqlstate"], &error["line"]), (&json!("42P01"), &json!(2)));
    assert_eq!(error["column"], 10, "columns count characters: {error}");
    assert_eq!(answers[1]["error"]["sqlstate"], "42601", "dot commands are not SQL");
    assert_eq!(rows(&answers[2]), "[[2]]");
}

#[test]
fn explain_gives_rows_of_text() {
    let answers = jsonl("EXPLAIN SELECT 1;");
    assert_eq!(answers[0]["columns"][0]["type"], "TEXT");
    assert!(!answers[0]["rows"].as_array().expect("rows").is_empty());
}

#[test]
fn a_failed_statement_makes_the_status_1_and_bail_stops() {
    let script = b"SELECT 1;\nSELECT nope;\nSELECT 2;\n";
    let all = run(&["--format", "jsonl"], script);
    assert_eq!(all.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&all.stdout).lines().count(), 3);
    let bailed = run(&["--format", "jsonl", "--bail"], script);
    assert_eq!(bailed.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&bailed.stdout).lines().count(), 2);
    let good = run(&["--format", "jsonl"], b"SELECT 1;");
    assert_eq!(good.status.code(), Some(0));
}

#[test]
fn a_database_on_disk_is_there_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger");
    let path = path.to_str().expect("a name in UTF-8");
    let made = run(
        &[
            "--path",
            path,
            "-c",
            "CREATE TABLE t (a INT PRIMARY KEY)",
            "-c",
            "INSERT INTO t VALUES (7)",
        ],
        b"",
    );
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let read = run(
        &["--path", path, "--format", "csv", "-c", "SELECT * FROM t; SELECT * FROM t AS OF 1"],
        b"",
    );
    assert_eq!(String::from_utf8_lossy(&read.stdout), "a\n7\na\n");
}
