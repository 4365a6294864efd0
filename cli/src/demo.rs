//! `.demo`: two minutes of what no other embedded database does.

/// Statements that the shell runs one after the other, printing each.
pub(crate) const STATEMENTS: &[&str] = &[
    "DROP TABLE IF EXISTS demo_price",
    "CREATE TABLE demo_price (sku TEXT PRIMARY KEY, name TEXT NOT NULL, price DECIMAL(10,2))",
    "INSERT INTO demo_price VALUES ('tea', 'Green tea', 4.20), ('cup', 'Cup', 9.90)",
    "UPDATE demo_price SET price = 4.80 WHERE sku = 'tea'",
    "DELETE FROM demo_price WHERE sku = 'cup'",
    "SELECT sku, name, price FROM demo_price ORDER BY sku",
    "SELECT sku, price, _commit_from, _commit_to FROM demo_price FOR SYSTEM_TIME ALL \
     ORDER BY sku, _commit_from",
    "SELECT commit_id, commit_time, kinds, rows FROM system.commits ORDER BY commit_id DESC LIMIT 4",
    "EXPLAIN SELECT price FROM demo_price WHERE sku = 'tea'",
];

/// What to try next.
pub(crate) const NEXT: &str = "Now take a commit id from above and look back:\n  \
    SELECT * FROM demo_price AS OF <commit id>;\nDROP TABLE demo_price; hides the table, and \
    AS OF still finds it.";
