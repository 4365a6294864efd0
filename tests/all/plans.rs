//! What becomes of subqueries: the optimized plan of each shape, without rows to guess by.
//!
//! A dependent join in one of them is a bug; a domain (DISTINCT over the outer rows) is a shape that
//! no condition could be lifted out of.

use crate::support::{memory, rows};

const TABLES: [&str; 3] = [
    "CREATE TABLE s (id BIGINT PRIMARY KEY, k BIGINT, v BIGINT)",
    "CREATE TABLE t (id BIGINT PRIMARY KEY, k BIGINT, y BIGINT NOT NULL)",
    "CREATE TABLE u (id BIGINT PRIMARY KEY, t_id BIGINT NOT NULL, z BIGINT)",
];

fn plans(shapes: &[&str]) -> String {
    let mut session = memory();
    for table in TABLES {
        rows(&mut session, table);
    }
    let mut text = String::new();
    for sql in shapes {
        let plan = rows(&mut session, &format!("EXPLAIN (OPTIMIZED) {sql}")).join("\n");
        assert!(!plan.contains("DependentJoin"), "{sql}\n{plan}");
        text.push_str(&format!("{sql}\n{plan}\n\n"));
    }
    text
}

#[test]
fn of_conditions() {
    insta::assert_snapshot!(plans(&[
        "SELECT id FROM s WHERE EXISTS (SELECT 1 FROM t WHERE t.k = s.k)",
        "SELECT id FROM s WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.k = s.k AND t.y <> s.v)",
        "SELECT id FROM s WHERE EXISTS (SELECT 1 FROM t)",
        "SELECT id FROM s WHERE EXISTS (SELECT k FROM t WHERE t.k = s.k GROUP BY k ORDER BY k LIMIT 5)",
        "SELECT id FROM s WHERE EXISTS (SELECT count(*) FROM t WHERE t.k = s.k)",
        "SELECT id FROM s WHERE k IN (SELECT k FROM t)",
        "SELECT id FROM s WHERE k NOT IN (SELECT k FROM t)",
        "SELECT id FROM s WHERE id NOT IN (SELECT t_id FROM u)",
        "SELECT id FROM s WHERE v IN (SELECT y FROM t WHERE t.k = s.k)",
        "SELECT id FROM s WHERE v NOT IN (SELECT y FROM t WHERE t.k = s.k)",
        "SELECT id FROM s WHERE v > ALL (SELECT y FROM t WHERE t.k = s.k)",
        "SELECT id FROM s WHERE EXISTS (SELECT 1 FROM t WHERE t.k = s.k) OR v = 1",
        "SELECT id FROM s WHERE EXISTS (SELECT 1 FROM t WHERE t.k = s.k AND EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id))",
        "SELECT id FROM s WHERE EXISTS (SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id AND u.z = s.v))",
    ]));
}

#[test]
fn of_values() {
    insta::assert_snapshot!(plans(&[
        "SELECT id, (SELECT max(y) FROM t) FROM s",
        "SELECT id, (SELECT y FROM t WHERE t.id = s.id) FROM s",
        "SELECT id, (SELECT max(y) FROM t WHERE t.k = s.k) FROM s",
        "SELECT id, (SELECT count(*) FROM t WHERE t.k = s.k) FROM s",
        "SELECT id, (SELECT sum(y * 2) FROM t WHERE t.k = s.k) FROM s",
        "SELECT id, (SELECT count(*) FROM t WHERE t.y > s.v) FROM s",
        "SELECT id, (SELECT y FROM t WHERE t.k = s.k ORDER BY y LIMIT 1) FROM s",
        "SELECT id, (SELECT s.v + t.y FROM t WHERE t.id = s.id) FROM s",
        "SELECT id, CASE WHEN v > 0 THEN (SELECT y FROM t WHERE t.k = s.k) END FROM s",
        "SELECT id FROM s WHERE v = (SELECT min(y) FROM t WHERE t.k = s.k)",
        "SELECT id FROM s WHERE v > (SELECT avg(y) FROM t)",
        "SELECT k, sum(v) FROM s GROUP BY k HAVING sum(v) > (SELECT count(*) FROM t WHERE t.k = s.k)",
        "SELECT s.id, x.y FROM s, LATERAL (SELECT y FROM t WHERE t.k = s.k) x",
        "SELECT s.id, x.y FROM s LEFT JOIN LATERAL (SELECT max(y) AS y FROM t WHERE t.k = s.k) x ON true",
        "SELECT id, (SELECT count(*) FROM (SELECT k FROM t WHERE t.y = s.v UNION ALL SELECT t_id FROM u) d) FROM s",
    ]));
}

#[test]
fn of_writes() {
    insta::assert_snapshot!(plans(&[
        "UPDATE s SET v = (SELECT max(y) FROM t WHERE t.k = s.k) WHERE id IN (SELECT t_id FROM u)",
        "DELETE FROM s WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.k = s.k)",
    ]));
}
