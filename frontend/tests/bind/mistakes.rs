//! Mistakes as the user sees them.

use super::world::mistakes;

#[test]
fn names() {
    insta::assert_snapshot!(mistakes(&[
        "SELECT salry, nme FROM staff WHERE idd = 1",
        "SELECT * FROM staf",
        "SELECT accounts.pk FROM staff",
        "SELECT staff.pk FROM staff",
        "SELECT colour FROM events",
        "SELECT id FROM staff a, staff b",
        "SELECT 1 FROM staff, staff",
        "SELECT name.first FROM staff",
        "SELECT * FROM nowhere.staff",
        "SELECT uper(name) FROM staff",
        "SELECT upper(id) FROM staff",
        "SELECT substr(name) FROM staff",
        "SELECT id::inteeger FROM staff",
        "SELECT gone FROM broken",
        "SET optimzer = on",
        "DROP TABLE staf",
        "DROP TABLE rich",
        "INSERT INTO staff (id, nam) VALUES (1, 'x')",
        "UPDATE staff SET nam = 'x'",
    ]));
}

#[test]
fn types() {
    insta::assert_snapshot!(mistakes(&[
        "SELECT * FROM staff WHERE name = id",
        "SELECT name + 1 FROM staff",
        "SELECT * FROM staff WHERE id",
        "SELECT * FROM staff WHERE hired > '2024-02-30'",
        "SELECT * FROM staff WHERE id = 'one'",
        "SELECT CASE WHEN true THEN 1 ELSE DATE '2024-01-01' END",
        "SELECT CAST(hired AS BOOLEAN) FROM staff",
        "SELECT 1 UNION SELECT DATE '2024-01-01'",
        "SELECT 1, 2 UNION SELECT 1",
        "SELECT sum(name) FROM staff",
        "SELECT id LIKE 'a' FROM staff",
        "INSERT INTO staff (id, name) VALUES ('x', 'y')",
        "INSERT INTO staff (id, name) SELECT message, message FROM log",
        "INSERT INTO staff (id, name) VALUES (1)",
    ]));
}

#[test]
fn shapes() {
    insta::assert_snapshot!(mistakes(&[
        "SELECT name, boss, count(*) FROM staff GROUP BY boss",
        "SELECT name, count(*) FROM staff",
        "SELECT id FROM staff WHERE count(*) > 1",
        "SELECT sum(count(*)) FROM staff",
        "SELECT id FROM staff WHERE rank() OVER (ORDER BY id) = 1",
        "SELECT rank() FROM staff",
        "SELECT id FROM staff ORDER BY 2",
        "SELECT DISTINCT id FROM staff ORDER BY name",
        "SELECT id FROM staff LIMIT -1",
        "SELECT id FROM staff LIMIT id",
        "SELECT *",
        "VALUES (1, 2), (3)",
        "CREATE TABLE t (a INT, a TEXT)",
        "CREATE TABLE staff (a INT)",
        "CREATE TABLE t (a INT PRIMARY KEY, b INT PRIMARY KEY)",
        "CREATE TABLE t (a INT DEFAULT 'x')",
        "CREATE TABLE t (a INT CHECK (b > 0))",
        "CREATE TABLE t (_valid_from INT)",
        "CREATE VIEW v AS SELECT id, id FROM staff",
    ]));
}

#[test]
fn time() {
    insta::assert_snapshot!(mistakes(&[
        "SELECT * FROM staff AS OF 1",
        "SELECT boss FROM staff AS OF 3",
        "SELECT * FROM staff AS OF id",
        "SELECT * FROM staff AS OF NULL",
        "SELECT * FROM staff AS OF -1",
        "SELECT * FROM staff AS OF 1 FOR SYSTEM_TIME ALL",
        "SELECT * FROM staff AS OF 'yesterday-ish'",
        "INSERT INTO log (message) VALUES ('x') VALID FROM 5 TO 5",
        "SELECT * FROM staff FOR employment AS OF 5",
        "DELETE FROM staff FOR PORTION OF valid_time FROM 2 TO 1",
        "DELETE FROM staff FOR PORTION OF system_time FROM 1 TO 2",
        "UPDATE staff FOR PORTION OF valid_time FROM id TO NULL SET name = 'x'",
        "UPDATE staff FOR PORTION OF valid_time FROM 1 TO 2 SET _valid_to = NULL",
    ]));
}

#[test]
fn subqueries() {
    insta::assert_snapshot!(mistakes(&[
        "SELECT (SELECT id, name FROM staff)",
        "SELECT * FROM staff WHERE (id, name) IN (SELECT id FROM staff)",
        "SELECT * FROM staff WHERE id IN (SELECT name FROM staff)",
        "SELECT * FROM staff AS s WHERE EXISTS (SELECT 1 FROM log WHERE s.nope = 1)",
        "SELECT * FROM staff AS s WHERE EXISTS (SELECT 1 FROM log WHERE x.id = s.id)",
        "SELECT * FROM staff AS s WHERE EXISTS (SELECT 1 FROM log HAVING count(*) > sum(s.id))",
        "SELECT name, (SELECT count(*) FROM log WHERE message = s.name AND s.id > 1) FROM staff AS s GROUP BY name",
        "SELECT * FROM staff, (SELECT staff.id) AS d",
        "SELECT * FROM staff AS OF (SELECT 1)",
        "SELECT a.id FROM staff AS a FULL JOIN staff AS b ON EXISTS (SELECT 1 FROM log WHERE a.id < b.id)",
        "SELECT * FROM staff AS s, LATERAL generate_series(1, s.id) AS g",
        "SELECT * FROM staff AS s RIGHT JOIN LATERAL (SELECT s.id AS x) AS d ON true",
    ]));
}

#[test]
fn not_built() {
    insta::assert_snapshot!(mistakes(&[
        "CREATE TABLE t (a INT CHECK (a > (SELECT 1)))",
        "SELECT id FROM staff LIMIT (SELECT 1)",
        "SELECT sum(id) OVER () FROM staff",
        "SELECT * FROM staff CHANGES FROM 1 TO 2",
        "WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM r) SELECT * FROM r",
        "INSERT INTO staff (id, name) VALUES (1, 'x') ON CONFLICT DO NOTHING",
        "CREATE TABLE t (a BIGINT, b BIGINT, PERIOD FOR p (a, b))",
        "CREATE TABLE t (a INT UNIQUE)",
        "CREATE TABLE t (a UUID)",
        "ALTER TABLE staff ADD COLUMN x INT",
        "SELECT time_bucket('1h', at) FROM log",
    ]));
}
