//! Precedence as PostgreSQL documents it (its manual, section 4.1.6): each expression equals the
//! one with every parenthesis written out.

use spectradb_grammar::parse_statement;

const PAIRS: &[(&str, &str)] = &[
    ("a + b * c", "a + (b * c)"),
    ("a * b + c", "(a * b) + c"),
    ("a - b - c", "(a - b) - c"),
    ("a / b * c % d", "((a / b) * c) % d"),
    ("a ^ b ^ c", "(a ^ b) ^ c"),
    ("- a ^ b", "(- a) ^ b"),
    ("a * - b", "a * (- b)"),
    ("- a::int", "- (a::int)"),
    ("- a[1]", "- (a[1])"),
    ("a::int[1]", "(a::int)[1]"),
    ("a || b + c", "a || (b + c)"),
    ("a -> b || c", "(a -> b) || c"),
    ("~ a + b", "~ (a + b)"),
    ("~ a | b", "(~ a) | b"),
    ("a + b < c", "(a + b) < c"),
    ("a || b = c", "(a || b) = c"),
    ("a = b IS NULL", "(a = b) IS NULL"),
    ("a < b IN (c)", "a < (b IN (c))"),
    ("a + b IN (c)", "(a + b) IN (c)"),
    ("a LIKE b || c", "a LIKE (b || c)"),
    ("a LIKE b = c", "(a LIKE b) = c"),
    ("a = b LIKE c", "a = (b LIKE c)"),
    ("a LIKE b ESCAPE c AND d", "(a LIKE b ESCAPE c) AND d"),
    ("a BETWEEN b AND c AND d", "(a BETWEEN b AND c) AND d"),
    ("a BETWEEN b + 1 AND c + 1 OR d", "(a BETWEEN (b + 1) AND (c + 1)) OR d"),
    ("a BETWEEN b AND c = d", "(a BETWEEN b AND c) = d"),
    ("NOT a BETWEEN b AND c", "NOT (a BETWEEN b AND c)"),
    ("NOT a = b", "NOT (a = b)"),
    ("NOT a IS NULL", "NOT (a IS NULL)"),
    ("NOT a AND b", "(NOT a) AND b"),
    ("NOT NOT a", "NOT (NOT a)"),
    ("a = NOT b", "a = (NOT b)"),
    ("a OR b AND c", "a OR (b AND c)"),
    ("a AND b OR c AND d", "(a AND b) OR (c AND d)"),
    ("a OR b OR c", "(a OR b) OR c"),
    ("a AND (b AND c)", "a AND b AND c"),
    ("a IS DISTINCT FROM b AND c", "(a IS DISTINCT FROM b) AND c"),
    ("a = b IS DISTINCT FROM c", "(a = b) IS DISTINCT FROM c"),
    ("a AT TIME ZONE b COLLATE c", "a AT TIME ZONE (b COLLATE c)"),
    ("a * b AT TIME ZONE c", "a * (b AT TIME ZONE c)"),
    ("- a AT TIME ZONE b", "(- a) AT TIME ZONE b"),
    ("a + b COLLATE c", "a + (b COLLATE c)"),
    ("a = ANY (ARRAY[b]) AND c", "(a = ANY (ARRAY[b])) AND c"),
    ("a + 1 = ALL (ARRAY[b])", "(a + 1) = ALL (ARRAY[b])"),
    ("a OVERLAPS b AND c", "(a OVERLAPS b) AND c"),
    ("a <-> b < c", "(a <-> b) < c"),
];

#[test]
fn operators_bind_as_in_postgresql() {
    let mut failures = Vec::new();
    for (bare, wrapped) in PAIRS {
        let left = parse_statement(&format!("SELECT {bare}"));
        let right = parse_statement(&format!("SELECT {wrapped}"));
        match (left, right) {
            (Ok(left), Ok(right)) if left == right => {}
            (left, right) => failures.push(format!("{bare} / {wrapped}\n{left:?}\n{right:?}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn comparisons_do_not_chain() {
    for text in [
        "a = b = c",
        "a < b > c",
        "a LIKE b LIKE c",
        "a BETWEEN 1",
        "a BETWEEN 1 OR 2",
        "a ESCAPE b",
        "a + ANY (ARRAY[1])",
        "ANY (SELECT 1)",
    ] {
        let answer = parse_statement(&format!("SELECT {text}"));
        assert!(answer.is_err(), "{text}: {answer:?}");
    }
}
