//! Statements made to break a parser, binder or planner: an error or an answer within a second, and
//! the process lives (reliability.md, R14).

use std::time::{Duration, Instant};

use crate::support::memory;

/// A debug build on a shared machine gets this much more time than a user would wait.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });

fn defuse(name: &str, sql: &str) {
    let mut session = memory();
    let start = Instant::now();
    let outcome = session.sql(sql).map(drop);
    let elapsed = start.elapsed();
    assert!(elapsed < LIMIT, "{name} took {elapsed:?}");
    if let Err(error) = outcome {
        assert!(
            ["54001", "42601", "54011"].contains(&error.sqlstate()),
            "{name}: {} {}",
            error.sqlstate(),
            error.message()
        );
        let report = error.report(diag::Style::Plain);
        assert!(report.len() < 10_000_000, "{name}: the report is drawn");
    }
    let after = session.sql("SELECT 1").map(drop);
    assert!(after.is_ok(), "{name}: the session lives");
}

#[test]
fn nested_forms() {
    const DEEP: usize = 100_000;
    let nest = |open: &str, inner: &str, close: &str| {
        format!("SELECT {}{inner}{}", open.repeat(DEEP), close.repeat(DEEP))
    };
    defuse("parentheses", &nest("(", "1", ")"));
    defuse("open parentheses", &format!("SELECT {}", "(".repeat(DEEP)));
    defuse("NOT", &nest("NOT ", "TRUE", ""));
    defuse("minus", &nest("- ", "1", ""));
    defuse("CASE", &nest("CASE WHEN TRUE THEN ", "1", " END"));
    defuse("calls", &nest("abs(", "1", ")"));
    defuse("casts", &nest("CAST(", "1", " AS INT)"));
    defuse("subqueries", &nest("(SELECT ", "1", ")"));
    defuse("FROM subqueries", &format!("SELECT * FROM {}t", "(SELECT * FROM ".repeat(DEEP)));
    defuse("comments", &format!("SELECT {} 1", "/*".repeat(DEEP)));
    defuse("nested JSON", &format!("SELECT '{}{}'::JSON", "[".repeat(400), "]".repeat(400)));
}

#[test]
fn nested_json_is_refused_and_not_overflowed() {
    let mut session = memory();
    let text = format!("SELECT '{}{}'::JSON", "[".repeat(100_000), "]".repeat(100_000));
    let start = Instant::now();
    let error = session.sql(&text).map(drop).expect_err("too deep");
    assert!(start.elapsed() < LIMIT);
    assert!(["54001", "22P02"].contains(&error.sqlstate()), "{error:?}");
}

#[test]
fn flat_forms() {
    const LONG: usize = 100_000;
    let chain = |operator: &str, operand: &str| {
        format!("SELECT {operand}{}", format!(" {operator} {operand}").repeat(LONG))
    };
    defuse("additions", &chain("+", "1"));
    defuse("conjunctions", &chain("AND", "TRUE"));
    defuse("disjunctions", &chain("OR", "FALSE"));
    defuse("concatenations", &chain("||", "'a'"));
    defuse("comparisons", &chain("=", "1"));
    defuse("IN list", &format!("SELECT 1 IN (1{})", ", 1".repeat(LONG)));
    defuse("WHEN list", &format!("SELECT CASE {} END", "WHEN FALSE THEN 1 ".repeat(LONG)));
    defuse("select list", &format!("SELECT 1{}", ", 1".repeat(LONG)));
    defuse("casts", &format!("SELECT 1{}", "::INT".repeat(LONG)));
    defuse("unions", &format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(20_000)));
    defuse("many unions", &format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(40_000)));
    defuse("distinct unions", &format!("SELECT 1{}", " UNION SELECT 1".repeat(20_000)));
    defuse("differences", &format!("SELECT 1{}", " EXCEPT SELECT 1".repeat(20_000)));
    defuse("intersections", &format!("SELECT 1{}", " INTERSECT SELECT 1".repeat(20_000)));
    let mixed = " UNION SELECT 1 UNION ALL SELECT 2";
    defuse("mixed unions", &format!("SELECT 1{}", mixed.repeat(10_000)));
    defuse("mixed unions below the limit", &format!("SELECT 1{}", mixed.repeat(29)));
    defuse("differences below the limit", &format!("SELECT 1{}", " EXCEPT SELECT 1".repeat(59)));
    let nested = format!("SELECT 1{}", " EXCEPT (SELECT 1".repeat(200)) + &")".repeat(200);
    defuse("nested differences", &nested);
    defuse(
        "joins",
        &format!("SELECT 1 FROM (SELECT 1) a{}", " CROSS JOIN (SELECT 1) b".repeat(5_000)),
    );
}

#[test]
fn conditions_on_a_column() {
    const LONG: usize = 10_000;
    let chain = |glue: &str, condition: &dyn Fn(usize) -> String| {
        let conditions: Vec<String> = (0..LONG).map(condition).collect();
        format!("SELECT * FROM generate_series(1, 2) AS g(a) WHERE {}", conditions.join(glue))
    };
    defuse("AND of inequalities", &chain(" AND ", &|at| format!("a <> {at}")));
    defuse("OR of equalities", &chain(" OR ", &|at| format!("a = {at}")));
    defuse("AND of ranges", &chain(" AND ", &|at| format!("a BETWEEN -{at} AND {at}")));
    defuse("NOT of ORs", &chain(" AND ", &|at| format!("NOT (a = {at} OR a > {at})")));
    let arms: String = (0..LONG).map(|at| format!("WHEN a = {at} THEN {at} ")).collect();
    defuse("CASE", &format!("SELECT CASE {arms} END FROM generate_series(1, 2) AS g(a)"));
}

/// Where no condition can be lifted, every subquery reads the rows around it a second time: that must
/// not multiply.
#[test]
fn many_subqueries() {
    const T: &str = "(VALUES (1), (2), (3))";
    let count = |of: &str, condition: &str| {
        format!("(SELECT count(*) FROM {T} AS {of} (y) WHERE {condition})")
    };
    let side_by_side = |count_of: usize, separator: &str| {
        let one = |at: usize| format!("{} >= 0", count("b", &format!("b.y > a.y + {at}")));
        (0..count_of).map(one).collect::<Vec<_>>().join(separator)
    };
    defuse("values", &format!("SELECT {} FROM {T} AS a (y)", side_by_side(100, ", ")));
    defuse(
        "conditions",
        &format!("SELECT * FROM {T} AS a (y) WHERE {}", side_by_side(30, " AND ")),
    );
    let nested = |levels: usize, own: &dyn Fn(usize) -> String| {
        (1..=levels).rev().fold("TRUE".to_owned(), |inner, at| {
            format!("{} >= 0", count(&format!("a{at}"), &format!("{} AND {inner}", own(at))))
        })
    };
    let to_the_next = |at: usize| format!("a{at}.y > a{}.y", at - 1);
    let to_all = |at: usize| {
        let one = |other: usize| format!("a{at}.y > a{other}.y");
        (0..at).map(one).collect::<Vec<_>>().join(" AND ")
    };
    let over = |condition: String| format!("SELECT * FROM {T} AS a0 (y) WHERE {condition}");
    defuse("nested values", &over(nested(25, &to_the_next)));
    defuse("nested values that read all levels", &over(nested(12, &to_all)));
    let exists = (1..=25).rev().fold("TRUE".to_owned(), |inner, at| {
        format!("NOT EXISTS (SELECT 1 FROM {T} AS a{at} (y) WHERE {} AND {inner})", to_all(at))
    });
    defuse("nested NOT EXISTS", &over(exists));
}
