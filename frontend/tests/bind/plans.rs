//! Plans of statements that bind.

use super::world::plans;

#[test]
fn selects() {
    insta::assert_snapshot!(plans(&[
        "SELECT 1 + 2, 1.5 * 2, 'a' || 1, NULL",
        "SELECT * FROM staff",
        "FROM staff",
        "SELECT s.*, _commit_from FROM staff s WHERE hired >= '2024-01-01' AND salary > 10",
        "SELECT * EXCLUDE (salary) REPLACE (upper(name) AS name) FROM staff",
        "SELECT DISTINCT boss FROM staff ORDER BY boss DESC LIMIT 3 OFFSET 1",
        "SELECT name n FROM staff ORDER BY n, salary + 1, 1",
        "SELECT doc.a.b, doc->>'c' FROM events WHERE doc.a > 5 AND doc.name = 'x' AND upper(doc.n) = 'A'",
        "SELECT CASE WHEN id = 1 THEN 1 ELSE 2.5 END, COALESCE(boss, 0), NULLIF(id, 2.0) FROM staff",
        "SELECT x FROM (VALUES (1, 'a'), (2.5, NULL)) v (x, y)",
        "SELECT * FROM generate_series(1, 10) g",
        "SELECT commit_id FROM system.commits",
    ]));
}

#[test]
fn groups_and_windows() {
    insta::assert_snapshot!(plans(&[
        "SELECT boss, count(*), sum(salary) / count(*) FROM staff GROUP BY boss HAVING sum(salary) > 10 ORDER BY 2",
        "SELECT boss + 1 AS b, avg(id) FROM staff GROUP BY b",
        "SELECT upper(name), count(DISTINCT boss) FILTER (WHERE id > 1) FROM staff GROUP BY 1",
        "SELECT boss, name, max(hired) FROM staff GROUP BY ALL",
        "SELECT count(*) FROM staff",
        "SELECT name, rank() OVER w, lag(salary) OVER w FROM staff WINDOW w AS (PARTITION BY boss ORDER BY salary DESC)",
        "SELECT id, row_number() OVER (ORDER BY id) AS n FROM staff QUALIFY n = 1",
        "SELECT boss, rank() OVER (ORDER BY sum(salary)) FROM staff GROUP BY boss",
    ]));
}

#[test]
fn joins_and_sets() {
    insta::assert_snapshot!(plans(&[
        "SELECT a.name, b.name FROM staff a JOIN staff b ON a.boss = b.id",
        "SELECT * FROM staff a JOIN staff b USING (id)",
        "SELECT id FROM staff a FULL JOIN staff b USING (id)",
        "SELECT a.id FROM staff a SEMI JOIN log ON level = id",
        "SELECT id FROM staff UNION ALL SELECT 1.5 UNION ALL SELECT NULL",
        "SELECT id FROM staff UNION SELECT boss FROM staff ORDER BY 1",
        "SELECT id FROM staff EXCEPT SELECT boss FROM staff",
        "WITH s AS (SELECT id FROM staff) SELECT * FROM s a, s b AS OF 5",
        "SELECT * FROM rich",
    ]));
}

#[test]
fn time() {
    insta::assert_snapshot!(plans(&[
        "SELECT * FROM staff AS OF 3",
        "SELECT name FROM staff WHERE id = 1 AS OF TIMESTAMP '2023-11-15 02:13:20'",
        "SELECT name FROM staff FOR SYSTEM_TIME BETWEEN 2 AND 4",
        "SELECT name FROM staff FOR SYSTEM_TIME FROM 4 TO 4",
        "SELECT name, _system_to FROM staff FOR SYSTEM_TIME ALL",
        "SELECT name FROM staff VALID AT 7",
        "SELECT name FROM staff FOR VALID_TIME FROM DATE '2024-01-01' TO DATE '2024-02-01' AS OF 99",
        "SELECT a.id FROM staff AS OF 3 a, staff b WHERE a.id = b.id AS OF 4",
        "SELECT * FROM rich AS OF 6",
        "SELECT doc FROM events WHERE pk = 'evt-1' AS OF 1",
    ]));
}

#[test]
fn writes() {
    insta::assert_snapshot!(plans(&[
        "INSERT INTO staff (id, name) VALUES (1, 'Ann'), (2, DEFAULT)",
        "INSERT INTO staff VALUES (1, 'Ann', 5, '2024-01-01')",
        "INSERT INTO staff (name, id) SELECT message, level FROM log",
        "INSERT INTO events (pk, doc) VALUES ('a', '{\"x\":1}')",
        "INSERT INTO log (message) VALUES ('x') VALID FROM '2024-01-01' TO NULL",
        "INSERT INTO log DEFAULT VALUES",
        "UPDATE staff SET salary = salary * 2, boss = DEFAULT WHERE name LIKE 'A%'",
        "UPDATE log SET message = 'x'",
        "DELETE FROM staff WHERE id = 3",
        "TRUNCATE log",
    ]));
}
