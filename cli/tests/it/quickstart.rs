//! The Quickstart that the product's description promises, in one batch.

use serde_json::{Value, json};

use crate::support::{jsonl, rows};

const QUICKSTART: &str = include_str!("quickstart.sql");

#[test]
fn the_quickstart_runs_as_written() {
    let answers = jsonl(QUICKSTART);
    let signup = r#"{"type":"signup","user":"alice"}"#;
    let purchase = r#"{"amount":49.99,"type":"purchase","user":"bob"}"#;
    let expected = [
        ("[]".to_owned(), json!(1)),
        ("[]".to_owned(), json!(2)),
        ("[]".to_owned(), json!(3)),
        ("[]".to_owned(), json!(4)),
        ("[]".to_owned(), json!(5)),
        ("[]".to_owned(), json!(6)),
        (format!(r#"[["evt-1",{signup}],["evt-2",{purchase}]]"#), Value::Null),
        // Commit 1 is the CREATE TABLE: no rows yet.
        ("[]".to_owned(), Value::Null),
        // Facts without a valid period are valid for ever, at 1000 µs too.
        (format!("[[{signup}],[{purchase}]]"), Value::Null),
        // Every type occurs once.
        ("[]".to_owned(), Value::Null),
        (format!(r#"[["evt-1",{signup},1],["evt-2",{purchase},2]]"#), Value::Null),
        // accounts has no column pk.
        ("42703".to_owned(), Value::Null),
        ("[]".to_owned(), json!(7)),
        ("[]".to_owned(), json!(8)),
        ("[]".to_owned(), Value::Null),
        ("[]".to_owned(), Value::Null),
        ("[]".to_owned(), json!(9)),
    ];
    assert_eq!(answers.len(), expected.len(), "an answer a statement");
    for (at, (answer, (expected_rows, commit))) in answers.iter().zip(&expected).enumerate() {
        assert_eq!(&rows(answer), expected_rows, "statement {at}: {answer}");
        assert_eq!(answer.get("commit_id").unwrap_or(&Value::Null), commit, "statement {at}");
    }
}

#[test]
fn the_join_of_the_quickstart_points_at_the_missing_column() {
    let answers = jsonl(QUICKSTART);
    let error = &answers[11]["error"];
    assert_eq!(error["code"], "S0207");
    assert_eq!(error["line"], 1);
    // SELECT pk, doc FROM events JOIN accounts ON events.pk=accounts.pk
    //                                                               ^ column 64
    assert_eq!(error["column"], 64, "{error}");
    let help = error["help"].as_str().expect("it helps");
    assert!(help.contains("id"), "it names a column that accounts has: {help}");
}

#[test]
fn what_the_quickstart_wrote_can_be_looked_back_at() {
    let script = format!(
        "{QUICKSTART}\nSELECT pk, doc.type AS kind FROM events ORDER BY pk;\n\
         SELECT pk, doc.type AS kind FROM events ORDER BY pk AS OF 3;\n\
         SELECT sum(doc.amount) FROM events AS OF 6;\n"
    );
    let answers = jsonl(&script);
    let last: Vec<String> = answers[answers.len() - 3..].iter().map(rows).collect();
    assert_eq!(
        last,
        [
            r#"[["evt-2","refund"],["evt-3","refund"]]"#,
            r#"[["evt-1","signup"],["evt-2","purchase"]]"#,
            "[[49.99]]",
        ]
    );
}
