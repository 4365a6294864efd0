//! Random nests of subqueries, answered by SQLite and, with and without the optimizer, by us.
//!
//! Three small tables full of NULLs and repeated values; conditions and values nest to three levels
//! and read columns of any query around them. Aggregates and `LIMIT 1` keep scalar subqueries to one
//! row, since SQLite takes the first of several.

use proptest::prelude::{any, prop_assert_eq, proptest};
use rusqlite::Connection;
use spectradb::Session;

use crate::support::{memory, rows};
use crate::tpch::sqlite_rows;

const SETUP: [&str; 6] = [
    "CREATE TABLE s (id BIGINT PRIMARY KEY, k BIGINT, v BIGINT)",
    "CREATE TABLE t (id BIGINT PRIMARY KEY, k BIGINT, v BIGINT NOT NULL)",
    "CREATE TABLE u (id BIGINT PRIMARY KEY, k BIGINT NOT NULL, v BIGINT)",
    "INSERT INTO s VALUES (1, 1, 5), (2, 2, 3), (3, NULL, 4), (4, 1, NULL), (5, 3, 0), (6, NULL, NULL), (7, 2, 2)",
    "INSERT INTO t VALUES (1, 1, 5), (2, 2, 3), (3, 2, 0), (4, NULL, 4), (5, 3, 1), (8, 4, 2)",
    "INSERT INTO u VALUES (1, 1, 3), (2, 1, NULL), (3, 2, 4), (4, 5, 0), (9, 3, NULL)",
];

/// Choices taken from random bytes; after the last all are the first.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn of(&mut self, count: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % count
    }

    fn one<'s>(&mut self, list: &[&'s str]) -> &'s str {
        list[self.of(list.len())]
    }
}

/// Writes a query; `aliases` are the tables in sight, the nearest last.
struct Writer<'a> {
    choices: Choices<'a>,
    aliases: Vec<String>,
    made: usize,
}

const COMPARISONS: [&str; 6] = ["=", "=", "<>", "<", ">=", ">"];

impl Writer<'_> {
    fn statement(&mut self) -> String {
        let table = self.table();
        let own = self.aliases.last().expect("a table was opened").clone();
        let value = self.value(2);
        let truth = self.condition(1);
        let filter = self.condition(3);
        format!(
            "SELECT {own}.id, {value}, CASE WHEN {truth} THEN 1 WHEN NOT {truth} THEN 0 END \
             FROM {table} WHERE {filter} ORDER BY 1"
        )
    }

    /// Opens a table under a new alias.
    fn table(&mut self) -> String {
        self.made += 1;
        let alias = format!("a{}", self.made);
        let table = self.choices.one(&["s", "t", "u"]);
        self.aliases.push(alias.clone());
        format!("{table} {alias}")
    }

    fn near(&mut self) -> String {
        let alias = self.aliases.last().expect("a table is in sight").clone();
        format!("{alias}.{}", self.choices.one(&["k", "v", "id"]))
    }

    fn column(&mut self) -> String {
        let at = self.choices.of(self.aliases.len());
        format!("{}.{}", self.aliases[at], self.choices.one(&["k", "v", "id"]))
    }

    fn value(&mut self, depth: usize) -> String {
        match self.choices.of(if depth == 0 { 3 } else { 7 }) {
            0 => self.near(),
            1 => self.column(),
            2 => self.choices.of(6).to_string(),
            3 => format!("coalesce({}, -1)", self.scalar(depth - 1)),
            _ => self.scalar(depth - 1),
        }
    }

    /// A subquery of one row at most.
    fn scalar(&mut self, depth: usize) -> String {
        self.nested(|own| {
            let kind = own.choices.of(8);
            // The first row is one by its key, which a join would repeat.
            let from = if kind == 6 { own.single(depth) } else { own.from(depth) };
            let column = own.near();
            match kind {
                0 | 1 => format!("(SELECT count(*) {from})"),
                2 => format!("(SELECT count({column}) {from})"),
                3 => format!("(SELECT max({column}) {from})"),
                4 => format!("(SELECT sum({column} + {}) {from})", own.column()),
                5 => format!("(SELECT count(DISTINCT {column}) + 1 {from})"),
                6 => {
                    let first = own.aliases.last().expect("a table was opened").clone();
                    format!("(SELECT {column} {from} ORDER BY {first}.id DESC LIMIT 1)")
                }
                _ => {
                    format!("(SELECT min({column}) {from} HAVING count(*) > {})", own.choices.of(3))
                }
            }
        })
    }

    /// FROM and WHERE of a subquery over one table, or two.
    fn from(&mut self, depth: usize) -> String {
        match self.choices.of(4) {
            0 => self.joined(depth),
            _ => self.single(depth),
        }
    }

    fn joined(&mut self, depth: usize) -> String {
        let left = self.table();
        let word = self.choices.one(&["JOIN", "LEFT JOIN"]);
        let first = self.near();
        let right = self.table();
        let on = format!("{first} = {}", self.near());
        let also = match self.choices.of(3) {
            0 => format!(" AND {}", self.condition(0)),
            _ => String::new(),
        };
        format!("FROM {left} {word} {right} ON {on}{also} WHERE {}", self.condition(depth))
    }

    fn single(&mut self, depth: usize) -> String {
        let table = self.table();
        let filter = self.condition(depth);
        let equal = format!("{} {} {}", self.near(), self.choices.one(&COMPARISONS), self.column());
        match self.choices.of(4) {
            0 => format!("FROM {table} WHERE {filter}"),
            _ => format!("FROM {table} WHERE {equal} AND {filter}"),
        }
    }

    fn condition(&mut self, depth: usize) -> String {
        match self.choices.of(if depth == 0 { 4 } else { 12 }) {
            0 | 1 => {
                let op = self.choices.one(&COMPARISONS);
                format!("{} {op} {}", self.near(), self.column())
            }
            2 => format!("{} > {}", self.near(), self.choices.of(4)),
            3 => format!("{} IS NULL", self.column()),
            4 => format!("({} AND {})", self.condition(depth - 1), self.condition(depth - 1)),
            5 => format!("({} OR {})", self.condition(depth - 1), self.condition(depth - 1)),
            6 => format!("NOT ({})", self.condition(depth - 1)),
            7 => {
                let word = self.choices.one(&["EXISTS", "NOT EXISTS"]);
                let query = self.nested(|own| format!("(SELECT 1 {})", own.from(depth - 1)));
                format!("{word} {query}")
            }
            8 | 9 => self.membership(depth),
            10 => {
                let op = self.choices.one(&COMPARISONS);
                format!("{} {op} {}", self.column(), self.scalar(depth - 1))
            }
            _ => {
                let group = self.nested(|own| {
                    let from = own.from(depth - 1);
                    let (key, column) = (own.near(), own.near());
                    format!("(SELECT max({column}) {from} GROUP BY {key})")
                });
                format!("{} IN {group}", self.column())
            }
        }
    }

    fn membership(&mut self, depth: usize) -> String {
        let sought = self.column();
        let word = self.choices.one(&["IN", "NOT IN"]);
        let query = self.nested(|own| {
            let from = own.from(depth - 1);
            let column = own.near();
            match own.choices.of(5) {
                0 => format!("(SELECT DISTINCT {column} {from})"),
                1 => format!("(SELECT {column} {from} UNION ALL SELECT {}.v)", own.aliases[0]),
                _ => format!("(SELECT {column} {from})"),
            }
        });
        format!("{sought} {word} {query}")
    }

    /// Runs `inner` in a scope of its own.
    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> String) -> String {
        let before = self.aliases.len();
        let text = inner(self);
        self.aliases.truncate(before);
        text
    }
}

fn worlds() -> (Session, Connection) {
    let (mut session, sqlite) = (memory(), Connection::open_in_memory().expect("memory"));
    for statement in SETUP {
        rows(&mut session, statement);
        sqlite.execute_batch(statement).expect("SQLite takes the same text");
    }
    (session, sqlite)
}

thread_local! {
    static WORLDS: std::cell::RefCell<(Session, Connection)> = std::cell::RefCell::new(worlds());
}

proptest! {
    #[test]
    fn nests_of_subqueries_answer_as_sqlite(
        bytes in proptest::collection::vec(any::<u8>(), 0..120)
    ) {
        let choices = Choices(bytes.iter());
        let sql = Writer { choices, aliases: Vec::new(), made: 0 }.statement();
        WORLDS.with_borrow_mut(|(session, sqlite)| {
            let expected = sqlite_rows(sqlite, &sql);
            for optimizer in ["on", "off"] {
                rows(session, &format!("SET optimizer = {optimizer}"));
                let ours = rows(session, &sql);
                prop_assert_eq!(&ours, &expected, "optimizer {}\n{}", optimizer, &sql);
            }
            Ok(())
        })?;
    }
}
