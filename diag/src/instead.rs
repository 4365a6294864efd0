//! What to do today in place of a feature that is not built.
//!
//! The list is data: first words of the feature's name, as its error says it, and a sentence for the
//! help of that error. Every sentence names something that works; where nothing comes near, the help
//! says where the list of what is built stands.

/// The help of a feature without an entry of its own.
const LISTED: &str = "docs/sql/README.md lists what is built and what is not";

/// Words that the feature's name begins with, longer ones before those that they begin with.
const INSTEAD: &[(&str, &str)] = &[
    ("ALTER TABLE", "CREATE TABLE … AS SELECT makes a table of another shape from this one"),
    ("ANY or ALL", "IN (…) takes a list of values"),
    ("AT TIME ZONE", "times are kept in UTC; adding an INTERVAL moves one"),
    ("BACKUP", "COPY t TO 'file.csv' writes a table to a file"),
    ("CALL", "statements are sent one by one"),
    ("CREATE FULLTEXT INDEX", "LIKE and ILIKE search text without an index"),
    ("CREATE INDEX", "the PRIMARY KEY is the index that is built: it finds rows by its columns"),
    ("CREATE MATERIALIZED VIEW", "CREATE TABLE … AS SELECT keeps the rows of a query"),
    ("CREATE POLICY", "a view shows a part of a table's rows"),
    ("CREATE TIMESERIES TABLE", "a table whose PRIMARY KEY is its time keeps rows in time order"),
    ("DECLARE", "a query's rows are read one after another as they are asked for"),
    ("DO", "statements are sent one by one"),
    ("DROP … CASCADE", "drop what depends on it first"),
    ("ERASE", "DELETE hides rows from now on; AS OF before it still reads them"),
    ("FETCH", "a query's rows are read one after another as they are asked for"),
    ("FOREIGN KEY", "a join finds rows without a partner: LEFT JOIN … WHERE key IS NULL"),
    ("FOR UPDATE", "a transaction that changes a row another one changed first fails with 40001"),
    ("FROM 'file.csv'", "COPY t FROM 'file.csv' reads a file into a table"),
    ("GRANT", "the database is as safe as the files in its directory"),
    ("LIKE ALL", "write LIKE once a pattern, joined by AND"),
    ("LIKE ANY", "write LIKE once a pattern, joined by OR"),
    ("MERGE", "UPDATE the rows that are there, then INSERT those that are not"),
    ("PERIOD FOR SYSTEM_TIME", "every table has _system_from, _system_to and FOR SYSTEM_TIME"),
    ("PERIOD FOR", "CREATE TABLE with columns takes a period; INSERT … SELECT fills the table"),
    ("REVOKE", "the database is as safe as the files in its directory"),
    ("ROLLBACK TO", "ROLLBACK ends the whole transaction"),
    ("ROWS FROM", "FROM f(…), g(…) calls functions side by side as a product"),
    ("SAVEPOINT", "a statement that fails leaves nothing behind; ROLLBACK ends the transaction"),
    ("SHOW STATS", "ANALYZE t counts a table's values; EXPLAIN shows what the planner expects"),
    ("SELECT … INTO", "CREATE TABLE … AS SELECT keeps the rows of a query"),
    ("SHOW COLUMNS", "DESCRIBE t lists the columns of a table"),
    ("SHOW CREATE TABLE", "SHOW SCHEMA prints the statements that make the tables"),
    ("SHOW TABLE STATS", "ANALYZE t counts a table's values; EXPLAIN shows what it expects"),
    ("TABLESAMPLE", "ORDER BY random() LIMIT n picks n rows"),
    ("TRUNCATE … CASCADE", "TRUNCATE each table"),
    ("UNIQUE", "PRIMARY KEY is the key that is built, over one column or several"),
    ("a column of the period", "PRIMARY KEY (k, p WITHOUT OVERLAPS) has a row at each instant"),
    ("a period of", "DATE and TIMESTAMP are the types that a period is built for"),
    (
        "a second period",
        "one period of a table is its valid time; CHECK (a < b) orders two columns",
    ),
    ("an alias of a join", "(SELECT * FROM a JOIN b …) AS x names the rows of a join"),
    ("an array", "JSON holds lists: CAST('[1, 2]' AS JSON)"),
];

/// Returns the help for the feature called `what`.
pub(crate) fn of(what: &str) -> &'static str {
    let found = INSTEAD.iter().find(|(first, _)| {
        what.strip_prefix(first).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    });
    found.map_or(LISTED, |(_, help)| help)
}

#[cfg(test)]
mod tests {
    use super::{INSTEAD, LISTED, of};

    #[test]
    fn whole_words_are_compared_and_no_entry_hides_another() {
        assert!(of("DO").contains("one by one"));
        assert_eq!(of("DOMAIN"), LISTED);
        assert!(of("CREATE INDEX").contains("PRIMARY KEY"));
        for (first, help) in INSTEAD {
            assert_eq!(of(first), *help, "{first} is reached");
        }
    }
}
