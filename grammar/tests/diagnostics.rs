//! Mistakes: what is said, where it points, what help is given.

use diag::{Code, Diagnostic, position};
use spectradb_grammar::{parse_script, parse_statement};

fn mistake(text: &str) -> Diagnostic {
    match parse_statement(text) {
        Ok(tree) => panic!("{text} parses: {tree:?}"),
        Err(mistake) => *mistake,
    }
}

/// Asserts the code, the text pointed at and a part of the help.
fn check(text: &str, code: Code, place: &str, help: &str) {
    let found = mistake(text);
    assert_eq!(found.code, code, "{text}: {found:?}");
    let span = found.span().expect("every mistake has a place");
    assert_eq!(span.text(text), place, "{text}: {found:?}");
    let said = found.help.clone().unwrap_or_default();
    assert!(said.contains(help), "{text}: {found:?}");
}

#[test]
fn slips_of_keywords_are_recognised() {
    check("SELEC a FROM t", Code::Syntax, "SELEC", "SELECT");
    check("SELECT a FROM t WHRE a = 1", Code::Syntax, "a", "WHERE");
    check("CREAT TABLE t (a INT)", Code::Syntax, "CREAT", "CREATE");
    check("SELECT a FORM t", Code::Syntax, "t", "FROM");
}

#[test]
fn missing_commas_are_named() {
    check("SELECT a b c FROM t", Code::Syntax, "c", "comma");
    check("INSERT INTO t VALUES (1 2)", Code::Syntax, "2", "comma");
    check("CREATE TABLE t (a INT b INT)", Code::Syntax, "b", "comma");
}

#[test]
fn unclosed_text_points_at_its_opening() {
    check("SELECT 'abc FROM t", Code::Unterminated, "'", "single quote");
    check("SELECT \"abc FROM t", Code::Unterminated, "\"", "double quote");
    check("SELECT 1 /* x /* y */", Code::Unterminated, "/*", "nest");
    check("SELECT $$abc", Code::Unterminated, "$", "tag");
    check("SELECT (1", Code::Syntax, "", "not closed");
    check("SELECT 1)", Code::Syntax, ")", "no parenthesis is open");
}

#[test]
fn odd_text_is_pointed_at() {
    check("SELECT `a`", Code::BadCharacter, "`", "double quotes");
    check("SELECT ‘a’", Code::BadCharacter, "‘", "typographic");
    check("SELECT 12abc", Code::BadNumber, "12abc", "");
    check("SELECT 1__0", Code::BadNumber, "1__0", "");
    check("SELECT $0", Code::BadNumber, "$0", "");
    check("SELECT \"\"", Code::Syntax, "\"\"", "");
    check("CREATE TABLE t (a)", Code::Syntax, "a", "type");
    check("SELECT a FROM t WHERE a IS NUL", Code::Syntax, "NUL", "NULL");
    check("SELECT a = b = c", Code::Syntax, "=", "AND");
    check("SELECT a FROM select", Code::Syntax, "select", "reserved");
    check("SELECT 1; SELECT 2", Code::Syntax, "SELECT", "");
    check("", Code::Syntax, "", "");
    check("SELECT * FROM t WHERE a = 1 ORDER BY a LIMIT 1 LIMIT 2", Code::Syntax, "LIMIT 2", "");
    check("SELECT * FROM t HAVING a WHERE b", Code::Syntax, "WHERE b", "");
}

#[test]
fn temporal_clauses_between_joins_are_refused() {
    let text = "SELECT * FROM a JOIN b ON a.i = b.i AS OF 5 JOIN c ON b.i = c.i";
    check(text, Code::TemporalClause, "AS OF 5", "behind the table");
}

#[test]
fn lists_of_expected_tokens_are_grouped() {
    let found = mistake("SELECT a FROM");
    assert_eq!(found.message, "the statement ends too early");
    assert!(found.labels[0].text.starts_with("expected a name"), "{found:?}");
    let found = mistake("SELECT a + FROM t");
    assert_eq!(found.message, "unexpected \"FROM\"");
    assert!(found.labels[0].text.starts_with("expected an expression"), "{found:?}");
    assert!(found.labels[0].text.len() < 120, "{found:?}");
}

#[test]
fn every_statement_of_a_script_reports_its_own() {
    let text = "SELECT 1;\nSELEC 2;\n;\nSELECT 'a' b c;\nSELECT 3;\nSELECT é 'open";
    let mistakes = parse_script(text).expect_err("three of them are wrong");
    let lines: Vec<u32> = mistakes
        .iter()
        .map(|mistake| position(text, mistake.span().map_or(0, |span| span.start)).line)
        .collect();
    assert_eq!(lines, [2, 4, 6], "{mistakes:?}");
}

#[test]
fn several_mistakes_of_one_statement_come_together() {
    let found = mistake("CREATE TABLE t (a, b INT, c) WITH SYSTEM VERSIONING");
    assert_eq!(found.others.len(), 1, "{found:?}");
}

#[test]
fn what_is_not_built_has_a_name() {
    for (text, what) in [
        ("CREATE POLICY p ON t USING (a = 1)", "CREATE POLICY"),
        ("create fulltext index i on t (a)", "CREATE FULLTEXT INDEX"),
        ("GRANT SELECT ON t TO u", "GRANT"),
        ("BACKUP TO '/x'", "BACKUP"),
        ("MERGE INTO t USING u ON a = b WHEN MATCHED THEN DELETE", "MERGE"),
        ("ERASE FROM t WHERE a = 1", "ERASE"),
        ("FORGET KEY 'k'", "FORGET KEY"),
    ] {
        let tree = parse_statement(text).expect("recognised");
        assert!(format!("{tree:?}").contains(&format!("what: {what:?}")), "{tree:?}");
    }
}
