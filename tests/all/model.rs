//! Random histories against a model that is obviously right: for each key, what was true at each
//! instant, kept whole for each commit.
//!
//! The model is a map (commit, key, valid instant) → value over a small grid of instants. The engine
//! is asked AS OF every commit × VALID AT every instant, across flush, compaction and restart.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use spectradb::{Database, DatabaseOptions, Outcome, Session};

use crate::support::{rows, try_rows};

/// Instants of the grid, as raw microseconds.
const INSTANTS: i64 = 8;
const KEYS: i64 = 3;

/// What was true at each (key, instant).
type State = BTreeMap<(i64, i64), i64>;

#[derive(Clone, Debug)]
enum Step {
    Insert { key: i64, from: i64, to: i64, value: i64 },
    InsertForever { key: i64, value: i64 },
    Update { key: i64, value: i64 },
    Add { amount: i64 },
    Delete { key: i64 },
    Transaction { key: i64, values: Vec<i64> },
    RolledBack { key: i64 },
    Vacuum,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..KEYS;
    prop_oneof![
        4 => (key.clone(), 0..INSTANTS, 1..=INSTANTS, 0..100_i64).prop_map(|(key, from, length, value)| {
            Step::Insert { key, from, to: (from + length).min(INSTANTS), value }
        }),
        2 => (key.clone(), 0..100_i64).prop_map(|(key, value)| Step::InsertForever { key, value }),
        4 => (key.clone(), 0..100_i64).prop_map(|(key, value)| Step::Update { key, value }),
        1 => (0..3_i64).prop_map(|amount| Step::Add { amount }),
        2 => key.clone().prop_map(|key| Step::Delete { key }),
        2 => (key.clone(), prop::collection::vec(0..100_i64, 1..4))
            .prop_map(|(key, values)| Step::Transaction { key, values }),
        1 => key.prop_map(|key| Step::RolledBack { key }),
        1 => Just(Step::Vacuum),
        1 => Just(Step::Reopen),
    ]
}

/// The engine and what it must say.
struct Pair<'a> {
    path: &'a Path,
    shards: usize,
    session: Session,
    now: State,
    /// The state after each commit, from commit 0.
    history: Vec<State>,
}

impl Pair<'_> {
    fn new(path: &Path, shards: usize) -> Pair<'_> {
        let mut session = open(path, shards);
        rows(&mut session, "CREATE TABLE t (k INT PRIMARY KEY, v INT)");
        let history = vec![State::new(), State::new()];
        Pair { path, shards, session, now: State::new(), history }
    }

    fn apply(&mut self, step: &Step) {
        let before = self.now.clone();
        match step {
            Step::Insert { key, from, to, value } => {
                let sql = format!(
                    "INSERT INTO t (k, v) VALUES ({key}, {value}) VALID FROM {} TO {}",
                    raw(*from),
                    raw(*to)
                );
                self.insert(&sql, *key, *from..*to, *value);
            }
            Step::InsertForever { key, value } => {
                let sql = format!("INSERT INTO t VALUES ({key}, {value})");
                self.insert(&sql, *key, 0..INSTANTS, *value);
            }
            Step::Update { key, value } => {
                rows(&mut self.session, &format!("UPDATE t SET v = {value} WHERE k = {key}"));
                self.set(*key, |_| Some(*value));
            }
            Step::Add { amount } => {
                rows(&mut self.session, &format!("UPDATE t SET v = v + {amount}"));
                for key in 0..KEYS {
                    self.set(key, |value| Some(value + amount));
                }
            }
            Step::Delete { key } => {
                rows(&mut self.session, &format!("DELETE FROM t WHERE k = {key}"));
                self.set(*key, |_| None);
            }
            Step::Transaction { key, values } => {
                rows(&mut self.session, "BEGIN");
                for value in values {
                    let sql = format!("UPDATE t SET v = v + {value} WHERE k = {key}");
                    rows(&mut self.session, &sql);
                    self.set(*key, |old| Some(old + value));
                }
                rows(&mut self.session, "COMMIT");
            }
            Step::RolledBack { key } => {
                rows(&mut self.session, "BEGIN");
                rows(&mut self.session, &format!("DELETE FROM t WHERE k = {key}"));
                rows(&mut self.session, "ROLLBACK");
            }
            Step::Vacuum => drop(rows(&mut self.session, "VACUUM")),
            Step::Reopen => {
                self.session = Database::in_memory().expect("memory").session();
                self.session = open(self.path, self.shards);
            }
        }
        if self.now != before {
            self.history.push(self.now.clone());
        }
    }

    fn insert(&mut self, sql: &str, key: i64, instants: std::ops::Range<i64>, value: i64) {
        // `VALID FROM 0 TO 8` and forever differ outside the grid only: forever also meets what
        // ends at the grid's border.
        let taken = self.now.keys().any(|(k, at)| *k == key && instants.contains(at));
        match try_rows(&mut self.session, sql) {
            Ok(_) => {
                assert!(!taken, "{sql}: the key is taken");
                for at in instants {
                    self.now.insert((key, at), value);
                }
            }
            Err(error) => {
                assert_eq!(error.sqlstate(), "23505", "{sql}: {error:?}");
                assert!(taken, "{sql}: the key is free");
            }
        }
    }

    fn set(&mut self, key: i64, change: impl Fn(i64) -> Option<i64>) {
        let state = std::mem::take(&mut self.now);
        let changed = state.into_iter().filter_map(|((k, at), value)| {
            let value = if k == key { change(value)? } else { value };
            Some(((k, at), value))
        });
        self.now = changed.collect();
    }

    /// Asks every point of the grid.
    fn check(&mut self) {
        for commit in 0..self.history.len() {
            for at in 0..INSTANTS {
                let sql =
                    format!("SELECT k, v FROM t AS OF {commit} VALID AT {} ORDER BY k", raw(at));
                let found = if commit == 0 { Vec::new() } else { rows(&mut self.session, &sql) };
                assert_eq!(found, points(&self.history[commit], at), "{sql}");
            }
        }
        for at in 0..INSTANTS {
            let sql = format!("SELECT k, v FROM t VALID AT {} ORDER BY k", raw(at));
            assert_eq!(rows(&mut self.session, &sql), points(&self.now, at), "{sql}");
        }
    }
}

/// What a read at one instant must give.
fn points(state: &State, at: i64) -> Vec<String> {
    let here = state.iter().filter(|((_, instant), _)| *instant == at);
    here.map(|((key, _), value)| format!("{key}|{value}")).collect()
}

fn raw(instant: i64) -> i64 {
    instant * 1_000
}

fn open(path: &Path, shards: usize) -> Session {
    let options = DatabaseOptions { shards, ..DatabaseOptions::default() };
    Database::open_with(path, options).expect("it opens").session()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_point_of_every_commit(
        steps in prop::collection::vec(step(), 1..20),
        shards in prop_oneof![Just(1_usize), Just(4)],
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("db");
        let mut pair = Pair::new(&path, shards);
        for step in &steps {
            pair.apply(step);
        }
        pair.check();
        pair.apply(&Step::Vacuum);
        pair.check();
        pair.apply(&Step::Reopen);
        pair.check();
    }
}

#[test]
fn a_statement_gives_rows_or_is_done() {
    let mut session = Database::in_memory().expect("memory").session();
    assert!(matches!(session.sql("SELECT 1"), Ok(Outcome::Rows(_))));
    assert!(matches!(session.sql("CREATE TABLE t (a INT)"), Ok(Outcome::Done(_))));
}
