//! Every format, once, in full.

use crate::support::run;

const SCRIPT: &[u8] = b"CREATE TABLE t (id INT PRIMARY KEY, name TEXT, price DECIMAL(8,2));
INSERT INTO t VALUES (1, 'a|b, \"c\"', 1.5), (2, NULL, NULL);
SELECT * FROM t ORDER BY id;
";

fn printed(format: &str) -> String {
    let output = run(&["--format", format], SCRIPT);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

#[test]
fn table() {
    insta::assert_snapshot!(printed("table"));
}

#[test]
fn line() {
    insta::assert_snapshot!(printed("line"));
}

#[test]
fn csv() {
    insta::assert_snapshot!(printed("csv"));
}

#[test]
fn json() {
    insta::assert_snapshot!(printed("json"));
}

#[test]
fn markdown() {
    insta::assert_snapshot!(printed("markdown"));
}
