//! Random histories of bitemporal writes against a model that is obviously right (temporal.md §3–§5).
//!
//! A history is a table, some twenty statements and questions in between: inserts, updates and
//! deletes with and without `FOR PORTION OF`, on hidden and declared periods, with and without keys,
//! in transactions that commit or roll back, with VACUUM and restarts. Each statement must touch as
//! many rows as the model says or fail with the model's SQLSTATE; each question, at a random point or
//! range of both times, must have the model's rows.
//!
//! `SPECTRADB_HISTORIES=50000` runs more of them, `SPECTRADB_SEED=n` starts elsewhere; a failure
//! prints its seed and its statements.

mod history;
mod moment;
mod question;
mod random;

use history::History;
use spectradb::{Database, Outcome};

/// Histories that every run of the tests goes through.
const HISTORIES: u64 = 2_000;
/// One in so many lives on disk, where it is closed and opened again.
const ON_DISK: u64 = 40;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn random_histories_agree_with_the_model() {
    let (first, count) = (number("SPECTRADB_SEED", 1), number("SPECTRADB_HISTORIES", HISTORIES));
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let seeds = (first..first + count).filter(move |seed| seed % threads == thread);
            scope.spawn(move || seeds.for_each(one_history));
        }
    });
}

fn one_history(seed: u64) {
    match seed % ON_DISK {
        0 => {
            let folder = tempfile::tempdir().expect("a folder");
            History::new(seed, Some(folder.path().join("db"))).run();
        }
        _ => History::new(seed, None).run(),
    }
}

#[test]
fn a_statement_gives_rows_or_is_done() {
    let mut session = Database::in_memory().expect("memory").session();
    assert!(matches!(session.sql("SELECT 1"), Ok(Outcome::Rows(_))));
    assert!(matches!(session.sql("CREATE TABLE t (a INT)"), Ok(Outcome::Done(_))));
}
