//! A history: statements for the engine, each with what the model makes of it.

use std::path::PathBuf;

use spectradb::{Database, DatabaseOptions, Outcome, Session};

use super::moment::{ALWAYS, Change, DAYS, KeyRule, Moment, OPEN, Pair, Piece, Span};
use super::random::Random;

/// Keys and values are few, so that statements meet each other's rows.
const KEYS: i64 = 3;
const VALUES: i64 = 4;
const STEPS_MAX: u64 = 16;

/// The shapes of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A key, and the valid time that every table has.
    Hidden,
    /// No key.
    Keyless,
    /// A declared period of timestamps, one row of a key at each instant.
    Instants,
    /// The same of days.
    Days,
    /// A declared period of days under a plain key.
    OneRow,
}

/// An engine and what it must say.
pub(crate) struct History {
    seed: u64,
    pub(crate) random: Random,
    pub(crate) shape: Shape,
    path: Option<PathBuf>,
    options: DatabaseOptions,
    session: Session,
    /// What the statements of the open transaction made, or else what is committed.
    pub(crate) now: Moment,
    /// The moment after each commit, from commit 0.
    pub(crate) commits: Vec<Moment>,
    in_transaction: bool,
    /// What was sent.
    script: Vec<String>,
}

impl History {
    pub(crate) fn new(seed: u64, path: Option<PathBuf>) -> History {
        let mut random = Random::new(seed);
        let shapes = [Shape::Hidden, Shape::Keyless, Shape::Instants, Shape::Days, Shape::OneRow];
        let shape = shapes[random.below(5) as usize];
        let shards = if random.once_in(3) { 4 } else { 1 };
        let options = DatabaseOptions { shards, threads: 1, ..DatabaseOptions::default() };
        let session = open(path.as_ref(), &options);
        // Commit 0 is the empty database, commit 1 the table.
        let commits = vec![Moment::default(), Moment::default()];
        let mut history = History {
            seed,
            random,
            shape,
            path,
            options,
            session,
            now: Moment::default(),
            commits,
            in_transaction: false,
            script: Vec::new(),
        };
        history.run_sql(shape.create());
        history.settings();
        history
    }

    /// Runs the history to its end.
    pub(crate) fn run(mut self) {
        for _ in 0..4 + self.random.below(STEPS_MAX - 4) {
            self.step();
            if self.random.once_in(2) {
                self.ask();
            }
        }
        if self.in_transaction {
            self.end_transaction();
        }
        self.vacuum();
        self.reopen();
        self.ask();
        self.ask_all();
    }

    fn step(&mut self) {
        match self.random.below(20) {
            0..=5 => self.insert(),
            6..=9 => self.update(),
            10..=12 => self.delete(),
            13 => self.move_bounds(),
            14..=17 if self.in_transaction => self.end_transaction(),
            14..=16 => self.begin(),
            17 => self.move_bounds(),
            18 => self.vacuum(),
            _ => self.reopen(),
        }
    }

    fn insert(&mut self) {
        let count = if self.random.once_in(4) { 2 } else { 1 };
        let rows: Vec<Piece> = (0..count).map(|_| self.piece()).collect();
        // VALID FROM is about all rows of the statement.
        let clause = self.shape.is_hidden() && self.random.once_in(2);
        let rows = if clause { vec![rows[0]] } else { rows };
        let values = rows.iter().map(|row| {
            let ((k, v), from, to) = (row.pair, day(row.from), day(row.to));
            if clause { format!("({k}, {v})") } else { format!("({k}, {v}, {from}, {to})") }
        });
        let values = values.collect::<Vec<_>>().join(", ");
        let sql = match self.shape.bounds() {
            _ if clause => {
                let (from, to) = (day(rows[0].from), day(rows[0].to));
                format!("INSERT INTO t (k, v) VALUES {values} VALID FROM {from} TO {to}")
            }
            (from, to) => format!("INSERT INTO t (k, v, {from}, {to}) VALUES {values}"),
        };
        // Rows are written one after another: the first mistake is the statement's.
        for (at, row) in rows.iter().enumerate() {
            if row.from >= row.to {
                return self.refused(&sql, self.shape.period_error());
            }
            if self.now.with(&rows[..=at]).next.conflicts(self.shape.rule()) {
                return self.refused(&sql, self.shape.key_error());
            }
        }
        let change = self.now.with(&rows);
        self.write(&sql, change);
    }

    fn update(&mut self) {
        let (condition, matches) = self.condition();
        let (clause, span) = self.portion();
        let number = self.random.value(VALUES);
        let (set, new): (String, fn(Pair, i64) -> Pair) = match self.random.below(5) {
            0 | 1 => (format!("v = {number}"), |(k, _), number| (k, number)),
            2 => (format!("v = v + {number}"), |(k, v), number| (k, v + number)),
            3 => (format!("k = {number}"), |(_, v), number| (number, v)),
            _ => (format!("k = v, v = k + {number}"), |(k, v), number| (v, k + number)),
        };
        let sql = format!("UPDATE t{clause} SET {set}{condition}");
        let Some(span) = span else { return self.refused(&sql, "22000") };
        let change = |pair| matches.holds(pair).then(|| Some(new(pair, number)));
        let change = self.now.changed(span, change);
        self.write(&sql, change);
    }

    fn delete(&mut self) {
        let (condition, matches) = self.condition();
        let (clause, span) = self.portion();
        let sql = format!("DELETE FROM t{clause}{condition}");
        let Some(span) = span else { return self.refused(&sql, "22000") };
        let change = self.now.changed(span, |pair| matches.holds(pair).then_some(None));
        self.write(&sql, change);
    }

    /// Sets a bound of whole rows.
    fn move_bounds(&mut self) {
        let (condition, matches) = self.condition();
        let bound = self.bound();
        let first = self.random.once_in(2);
        let (from, to) = self.shape.bounds();
        let name = if first { from } else { to };
        let sql = format!("UPDATE t SET {name} = {}{condition}", day(bound));
        let change = self.now.moved(|piece| {
            let (from, to) = if first { (bound, piece.to) } else { (piece.from, bound) };
            matches.holds(piece.pair).then_some(Span { from, to })
        });
        match change {
            Some(change) => self.write(&sql, change),
            None => self.refused(&sql, self.shape.period_error()),
        }
    }

    /// Runs a write, which fails if what it makes breaks the key.
    fn write(&mut self, sql: &str, change: Change) {
        let Change { matched, differs, next } = change;
        if next.conflicts(self.shape.rule()) {
            return self.refused(sql, self.shape.key_error());
        }
        let Outcome::Done(done) = self.run_sql(sql) else { self.fail("it is no query") };
        if done.rows_affected != Some(matched) {
            self.fail(&format!("{:?} rows, not {matched}", done.rows_affected));
        }
        self.now = next;
        if !self.in_transaction {
            if done.commit_id.is_some() != differs {
                self.fail(&format!("commit {:?}, and it changes rows: {differs}", done.commit_id));
            }
            self.committed(done.commit_id);
        }
    }

    /// Notes a commit. One that took no number has changed nothing.
    fn committed(&mut self, id: Option<u64>) {
        match id {
            Some(id) if id == self.commits.len() as u64 => self.commits.push(self.now.clone()),
            Some(id) => self.fail(&format!("commit {id} is not the next one")),
            None if Some(&self.now) == self.commits.last() => {}
            None => self.fail("changes without a commit"),
        }
    }

    /// Runs a statement that must fail; it takes its transaction with it.
    fn refused(&mut self, sql: &str, state: &str) {
        self.script.push(sql.to_owned());
        match self.session.sql(sql) {
            Ok(_) => self.fail(&format!("the last statement passed, not {state}")),
            Err(error) if error.sqlstate() != state => {
                self.fail(&format!("the last statement failed not with {state}: {error:?}"))
            }
            Err(_) if self.in_transaction => self.roll_back(),
            Err(_) => {}
        }
    }

    fn begin(&mut self) {
        self.run_sql("BEGIN");
        self.in_transaction = true;
    }

    fn end_transaction(&mut self) {
        if self.random.once_in(3) {
            return self.roll_back();
        }
        let Outcome::Done(done) = self.run_sql("COMMIT") else { self.fail("it is no query") };
        self.in_transaction = false;
        self.committed(done.commit_id);
    }

    fn roll_back(&mut self) {
        self.run_sql("ROLLBACK");
        self.in_transaction = false;
        self.now = self.commits.last().expect("there is commit 0").clone();
    }

    fn vacuum(&mut self) {
        if !self.in_transaction {
            self.run_sql("VACUUM");
        }
    }

    /// Closes a database on disk and opens it again.
    fn reopen(&mut self) {
        if self.path.is_none() || self.in_transaction {
            return;
        }
        self.script.push("-- reopened".to_owned());
        self.session = Database::in_memory().expect("memory").session();
        self.session = open(self.path.as_ref(), &self.options);
        self.settings();
    }

    fn settings(&mut self) {
        if self.seed.is_multiple_of(5) {
            self.run_sql("SET optimizer = off");
        }
    }

    /// Draws a row; once in a while its bounds are in no order.
    fn piece(&mut self) -> Piece {
        let pair = (self.random.value(KEYS), self.random.value(VALUES));
        let (one, other) = (self.bound(), self.bound());
        let sorted = (one.min(other), one.max(other));
        let (from, to) = if self.random.once_in(12) { (one, other) } else { sorted };
        let to = if from == to && !self.random.once_in(6) { OPEN } else { to };
        let from = if from == OPEN { 0 } else { from };
        Piece { pair, from, to }
    }

    pub(crate) fn bound(&mut self) -> usize {
        self.random.below(OPEN as u64 + 1) as usize
    }

    fn condition(&mut self) -> (String, Condition) {
        let key = self.random.value(KEYS);
        match self.random.below(4) {
            0 => (String::new(), Condition::All),
            1 | 2 => (format!(" WHERE k = {key}"), Condition::Key(key)),
            _ => (format!(" WHERE v < {key}"), Condition::Below(key)),
        }
    }

    /// Draws a clause and its span: `None` if it ends before it starts.
    fn portion(&mut self) -> (String, Option<Span>) {
        if self.random.once_in(4) {
            return (String::new(), Some(ALWAYS));
        }
        let (one, other) = (self.bound(), self.bound());
        let swapped = self.random.once_in(10);
        let (from, to) = if swapped { (one, other) } else { (one.min(other), one.max(other)) };
        let shown = |bound: usize, open: usize, random: &mut Random| match bound == open {
            true if random.once_in(2) => "NULL".to_owned(),
            _ => day(bound),
        };
        let begin = shown(from, 0, &mut self.random);
        let end = shown(to, OPEN, &mut self.random);
        let name = self.period_name();
        let clause = format!(" FOR PORTION OF {name} FROM {begin} TO {end}");
        (clause, (from <= to).then_some(Span { from, to }))
    }

    /// Returns a name of the valid time.
    pub(crate) fn period_name(&mut self) -> &'static str {
        match self.random.below(3) {
            0 => "valid_time",
            1 => "application_time",
            _ if self.shape.is_hidden() => "VALID_TIME",
            _ => "p",
        }
    }

    pub(crate) fn run_sql(&mut self, sql: &str) -> Outcome {
        self.script.push(sql.to_owned());
        match self.session.sql(sql) {
            Ok(outcome) => outcome,
            Err(error) => self.fail(&format!("the last statement failed: {error:?}")),
        }
    }

    /// Ends the test with all that it takes to repeat it.
    pub(crate) fn fail(&self, what: &str) -> ! {
        panic!(
            "{what}\nSPECTRADB_SEED={} SPECTRADB_HISTORIES=1, {} shards:\n{};",
            self.seed,
            self.options.shards,
            self.script.join(";\n")
        )
    }
}

/// A WHERE clause.
enum Condition {
    All,
    Key(i64),
    Below(i64),
}

impl Condition {
    fn holds(&self, (k, v): Pair) -> bool {
        match self {
            Condition::All => true,
            Condition::Key(key) => k == *key,
            Condition::Below(value) => v < *value,
        }
    }
}

impl Shape {
    fn create(self) -> &'static str {
        match self {
            Shape::Hidden => "CREATE TABLE t (k INT PRIMARY KEY, v INT)",
            Shape::Keyless => "CREATE TABLE t (k INT, v INT)",
            Shape::Instants => {
                "CREATE TABLE t (k INT, v INT, a TIMESTAMP, b TIMESTAMP, PERIOD FOR p (a, b), \
                 PRIMARY KEY (k, p WITHOUT OVERLAPS))"
            }
            Shape::Days => {
                "CREATE TABLE t (a DATE, b DATE, v INT, k INT, PERIOD FOR p (a, b), \
                 PRIMARY KEY (k, p WITHOUT OVERLAPS))"
            }
            Shape::OneRow => {
                "CREATE TABLE t (k INT PRIMARY KEY, a DATE, b DATE, v INT, PERIOD FOR p (a, b))"
            }
        }
    }

    fn is_hidden(self) -> bool {
        matches!(self, Shape::Hidden | Shape::Keyless)
    }

    /// Returns the columns that show the bounds of a row.
    pub(crate) fn bounds(self) -> (&'static str, &'static str) {
        if self.is_hidden() { ("_valid_from", "_valid_to") } else { ("a", "b") }
    }

    fn rule(self) -> KeyRule {
        match self {
            Shape::Keyless => KeyRule::Free,
            Shape::Hidden | Shape::Instants | Shape::Days => KeyRule::OneAtATime,
            Shape::OneRow => KeyRule::OneRow,
        }
    }

    fn key_error(self) -> &'static str {
        match self {
            Shape::Instants | Shape::Days => "23P01",
            Shape::Hidden | Shape::Keyless | Shape::OneRow => "23505",
        }
    }

    fn period_error(self) -> &'static str {
        if self.is_hidden() { "22000" } else { "23514" }
    }
}

/// Writes a bound.
pub(crate) fn day(bound: usize) -> String {
    match bound {
        0 => "DATE '-infinity'".to_owned(),
        OPEN => "DATE 'infinity'".to_owned(),
        day => format!("DATE '2024-01-{day:02}'"),
    }
}

/// Reads a bound.
pub(crate) fn bound_of(text: &str) -> usize {
    match text {
        "-infinity" => 0,
        "infinity" => OPEN,
        text => {
            let day = text.strip_prefix("2024-01-").and_then(|day| day.parse().ok());
            day.filter(|day| (1..=DAYS).contains(day)).expect("a cut of the time")
        }
    }
}

fn open(path: Option<&PathBuf>, options: &DatabaseOptions) -> Session {
    let database = match path {
        Some(path) => Database::open_with(path, options.clone()),
        None => Database::in_memory_with(options.clone()),
    };
    database.expect("it opens").session()
}
