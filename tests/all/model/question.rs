//! Questions: reads at random points and ranges of both times, and what the model answers.

use spectradb::Outcome;

use super::history::{History, bound_of, day};
use super::moment::{DAYS, OPEN, Piece, Span};

/// A version as `FOR SYSTEM_TIME ALL` shows it: a row and the commits that it stood in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    piece: Piece,
    from: u64,
    /// `u64::MAX` while it stands.
    to: u64,
}

impl History {
    /// Asks one question.
    pub(crate) fn ask(&mut self) {
        let mut expected = self.now.pieces().to_vec();
        let mut clauses = Vec::new();
        if !self.random.once_in(3) {
            let commit = self.random.below(self.commits.len() as u64 + 1);
            // A commit that is yet to come reads the latest one; commit 0 knows no table.
            let at = (commit as usize).clamp(1, self.commits.len() - 1);
            expected = self.commits[at].pieces().to_vec();
            clauses.push(match self.random.below(3) {
                0 => format!("AS OF {}", commit.max(1)),
                1 => format!("FOR SYSTEM_TIME AS OF {}", commit.max(1)),
                _ => format!("AS OF EPOCH {}", commit.max(1)),
            });
        }
        if !self.random.once_in(3) {
            let (clause, holds) = self.valid_clause();
            expected.retain(|piece| holds.of(piece));
            clauses.push(clause);
        }
        if self.random.once_in(2) {
            clauses.reverse();
        }
        let sql = match self.random.once_in(2) {
            true => format!("SELECT {} FROM t {}", self.columns(), clauses.join(" ")),
            false => format!("SELECT {} FROM t WHERE true {}", self.columns(), clauses.join(" ")),
        };
        let found: Vec<Piece> = self.rows(&sql).iter().map(|row| piece(row)).collect();
        if found != expected {
            self.fail(&format!("found    {found:?}\nexpected {expected:?}"));
        }
        if self.random.once_in(3) {
            self.ask_all();
        }
    }

    /// Asks for every version: at each commit they are the model's rows, and ranges choose of them.
    pub(crate) fn ask_all(&mut self) {
        let all = self.versions("ALL");
        for (commit, moment) in (0..).zip(&self.commits) {
            let here = all.iter().filter(|version| version.from <= commit && commit < version.to);
            let mut here: Vec<Piece> = here.map(|version| version.piece).collect();
            here.sort_unstable();
            if here != moment.pieces() {
                let expected = moment.pieces();
                self.fail(&format!("at {commit}: {here:?}\nexpected {expected:?}"));
            }
        }
        if let Some(empty) = all.iter().find(|version| version.from >= version.to) {
            self.fail(&format!("a version of no commit: {empty:?}"));
        }
        let commits = self.commits.len() as u64 + 1;
        let (a, b) = (self.random.below(commits), self.random.below(commits));
        let (range, chosen): (String, Vec<Version>) = match self.random.below(3) {
            0 => (
                format!("FROM {a} TO {b}"),
                all.into_iter().filter(|v| a < b && v.from < b && v.to > a).collect(),
            ),
            1 => (
                format!("BETWEEN {a} AND {b}"),
                all.into_iter().filter(|v| a <= b && v.from <= b && v.to > a).collect(),
            ),
            _ => (
                format!("CONTAINED IN ({a}, {b})"),
                all.into_iter().filter(|v| v.from >= a && v.to <= b).collect(),
            ),
        };
        let found = self.versions(&range);
        if found != chosen {
            self.fail(&format!("found    {found:?}\nexpected {chosen:?}"));
        }
    }

    fn versions(&mut self, range: &str) -> Vec<Version> {
        let columns = self.columns();
        let sql =
            format!("SELECT {columns}, _commit_from, _commit_to FROM t FOR SYSTEM_TIME {range}");
        let rows = self.rows(&sql);
        let version = |row: &Vec<String>| Version {
            piece: piece(row),
            from: row[4].parse().expect("a commit"),
            to: row[5].parse().unwrap_or(u64::MAX),
        };
        let mut found: Vec<Version> = rows.iter().map(version).collect();
        found.sort_unstable();
        found
    }

    /// Draws a clause on the valid time, and which rows it shows.
    fn valid_clause(&mut self) -> (String, Shown) {
        let name = self.period_name();
        let (a, b) = (self.bound(), self.bound());
        let (from, to) = (day(a), day(b));
        match self.random.below(5) {
            0 => {
                let cell = self.random.below(DAYS as u64 + 1) as usize;
                (format!("VALID AT {}", inside(cell)), Shown::Cell(cell))
            }
            1 => {
                let cell = self.random.below(DAYS as u64 + 1) as usize;
                (format!("FOR {name} AS OF {}", inside(cell)), Shown::Cell(cell))
            }
            2 => {
                let (from, to) = (format!("FOR {name} FROM {from}"), to);
                (format!("{from} TO {to}"), Shown::Overlapping(Span { from: a, to: b }))
            }
            3 => (
                format!("FOR {name} BETWEEN {from} AND {to}"),
                Shown::Touching(Span { from: a, to: b }),
            ),
            _ => (
                format!("FOR {name} CONTAINED IN ({from}, {to})"),
                Shown::Within(Span { from: a, to: b }),
            ),
        }
    }

    fn columns(&self) -> String {
        let (from, to) = self.shape.bounds();
        format!("k, v, CAST({from} AS DATE), CAST({to} AS DATE)")
    }

    /// Returns the rows of a query as text, sorted as pieces are.
    fn rows(&mut self, sql: &str) -> Vec<Vec<String>> {
        let Outcome::Rows(mut rows) = self.run_sql(sql) else { self.fail("it is a query") };
        let mut found: Vec<Vec<String>> = Vec::new();
        loop {
            match rows.next_row() {
                Ok(Some(row)) => {
                    found.push(row.values().iter().map(ToString::to_string).collect());
                }
                Ok(None) => break,
                Err(error) => self.fail(&format!("the last statement failed: {error:?}")),
            }
        }
        found.sort_by_key(|row| piece(row));
        found
    }
}

/// Which rows a clause on the valid time shows.
enum Shown {
    /// Those that are true in a cell.
    Cell(usize),
    /// Those that share an instant with the range: `FROM a TO b`.
    Overlapping(Span),
    /// Also those that begin where it ends: `BETWEEN a AND b`.
    Touching(Span),
    /// Those that lie inside: `CONTAINED IN (a, b)`.
    Within(Span),
}

impl Shown {
    fn of(&self, piece: &Piece) -> bool {
        match *self {
            Shown::Cell(cell) => piece.from <= cell && cell < piece.to,
            Shown::Overlapping(span) => span.from < span.to && piece.overlaps(span),
            Shown::Touching(span) => {
                span.from <= span.to && piece.from <= span.to && piece.to > span.from
            }
            Shown::Within(span) => piece.from >= span.from && piece.to <= span.to,
        }
    }
}

/// Writes an instant inside a cell.
fn inside(cell: usize) -> String {
    match cell {
        0 => "DATE '2023-12-31'".to_owned(),
        cell if cell == OPEN - 1 => "TIMESTAMP '2100-01-01 00:00:00'".to_owned(),
        cell => format!("TIMESTAMP '2024-01-{cell:02} 23:59:59.999999'"),
    }
}

fn piece(row: &[String]) -> Piece {
    let number = |at: usize| row[at].parse().expect("a number");
    Piece { pair: (number(0), number(1)), from: bound_of(&row[2]), to: bound_of(&row[3]) }
}
