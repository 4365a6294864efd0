//! Temporal clauses: which versions a place reads, and how points of time become commits.
//!
//! The precedence is: clause of the table, of the SELECT, of the queries around it, `BEGIN … AS OF`,
//! `SET valid_time`. An integer is a commit on the system axis and raw microseconds on the valid
//! axis (temporal.md §2); a time on the system axis is the last commit at or before it.

mod portion;

use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast::{Dimension, Expr, Name, TemporalClause, TemporalRange};
use ir::{Catalog, Function, Scalar, SystemTime, Table, TemporalRead, ValidTime};
use types::{CommitId, DataType, Date, MICROS_PER_DAY, TIME_MAX, TIME_MIN, Timestamp, Value};

use crate::binder::Binder;
use crate::coerce::is_unknown;
use crate::expr::Clause;
use crate::function::call_of;
use crate::scope::Scope;

pub(crate) use portion::read_of;

/// What the clauses around a place say; silent axes are `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reads {
    pub(crate) system: Option<SystemTime>,
    pub(crate) valid: Option<ValidTime>,
    /// The declared period by whose name the valid time was chosen: the tables read have it.
    period: Option<Name>,
}

/// A bound of a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// A commit, or raw valid time.
    Integer(i64),
    /// Microseconds.
    Time(i64),
}

/// No commit lies in this range, whatever versions there are.
const NO_COMMIT: SystemTime = SystemTime::Range { from: CommitId::MAX, to: CommitId::ZERO };
/// No instant lies in this range.
const NO_INSTANT: ValidTime = ValidTime::Range { from: TIME_MAX, to: TIME_MIN };

impl Binder<'_> {
    /// Returns what `clauses` say, and where they are silent, what the place around says.
    pub(crate) fn reads_of(&mut self, clauses: &[TemporalClause]) -> Result<Reads> {
        let mut reads = Reads::default();
        let (mut system, mut valid) = (None, None);
        for clause in clauses {
            match &clause.dimension {
                Dimension::System => {
                    once(&mut system, clause.span, "system time")?;
                    reads.system = Some(self.system_time(&clause.range, clause.span)?);
                }
                Dimension::Valid | Dimension::Period(_) => {
                    once(&mut valid, clause.span, "valid time")?;
                    reads.valid = Some(self.valid_time(&clause.range, clause.span)?);
                }
            }
            if let Dimension::Period(name) = &clause.dimension {
                reads.period = Some(name.clone());
            }
        }
        reads.system = reads.system.or(self.reads.system);
        if reads.valid.is_none() {
            reads.valid = self.reads.valid;
            reads.period.clone_from(&self.reads.period);
        }
        Ok(reads)
    }

    /// Fails if the clause around names a period that the table does not have.
    pub(crate) fn check_period(&self, table: &Table) -> Result<()> {
        match &self.reads.period {
            Some(name) if !has_period(table, name) => {
                Err(unknown_period(table, name, self.place(name.span)).into())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Returns the read of a table under `reads`, with the session's defaults.
    pub(crate) fn read(&self, reads: &Reads) -> TemporalRead {
        let pinned = self.context.session.pinned;
        let system = reads.system.or(pinned.map(|read| read.system)).unwrap_or_default();
        let session = self.context.session.valid;
        let pinned = pinned.map(|read| read.valid).filter(|valid| *valid != ValidTime::All);
        TemporalRead { system, valid: reads.valid.or(pinned).unwrap_or(session) }
    }

    /// Returns the schema that names are bound against, and the commit if it is a past one.
    /// Ranges read under the current schema: their versions come from many.
    pub(crate) fn schema(&self, read: TemporalRead) -> (Arc<Catalog>, Option<CommitId>) {
        match read.system {
            SystemTime::AsOf(commit) => (self.context.catalog.at(commit), Some(commit)),
            SystemTime::Current
            | SystemTime::Range { .. }
            | SystemTime::ContainedIn { .. }
            | SystemTime::All => (Arc::clone(self.current()), None),
        }
    }

    fn system_time(&mut self, range: &TemporalRange, span: Span) -> Result<SystemTime> {
        let unbound = SystemTime::Current;
        Ok(match range {
            TemporalRange::AsOf(at) => match self.point(at)? {
                Some(point) => SystemTime::AsOf(self.commit_of(point, at.span)?),
                None => unbound,
            },
            TemporalRange::FromTo(a, b) => match self.points(a, b)? {
                Some((from, to)) if ordered(from, to, |a, b| a >= b) => NO_COMMIT,
                Some((from, to)) => {
                    commits(self.commit_at(from, a.span)?, self.first_commit(to, b.span)?)
                }
                None => unbound,
            },
            TemporalRange::Between(a, b) => match self.points(a, b)? {
                Some((from, to)) if ordered(from, to, |a, b| a > b) => NO_COMMIT,
                Some((from, to)) => {
                    commits(self.commit_at(from, a.span)?, after(self.commit_at(to, b.span)?))
                }
                None => unbound,
            },
            TemporalRange::ContainedIn(a, b) => match self.points(a, b)? {
                Some((from, to)) => SystemTime::ContainedIn {
                    from: self.first_commit(from, a.span)?,
                    to: self.commit_at(to, b.span)?,
                },
                None => unbound,
            },
            TemporalRange::All => SystemTime::All,
            TemporalRange::Changes(..) => {
                return Err(Diagnostic::not_built(span, "CHANGES FROM … TO").into());
            }
        })
    }

    fn valid_time(&mut self, range: &TemporalRange, span: Span) -> Result<ValidTime> {
        Ok(match range {
            TemporalRange::AsOf(at) => match self.point(at)? {
                Some(point) => ValidTime::At(raw(point)),
                None => ValidTime::All,
            },
            TemporalRange::FromTo(a, b) => match self.points(a, b)? {
                Some((from, to)) if raw(from) >= raw(to) => NO_INSTANT,
                Some((from, to)) => ValidTime::Range { from: raw(from), to: raw(to) },
                None => ValidTime::All,
            },
            TemporalRange::Between(a, b) => match self.points(a, b)? {
                Some((from, to)) if raw(from) > raw(to) => NO_INSTANT,
                Some((from, to)) => {
                    ValidTime::Range { from: raw(from), to: raw(to).saturating_add(1) }
                }
                None => ValidTime::All,
            },
            TemporalRange::ContainedIn(a, b) => match self.points(a, b)? {
                Some((from, to)) => ValidTime::ContainedIn { from: raw(from), to: raw(to) },
                None => ValidTime::All,
            },
            TemporalRange::All => ValidTime::All,
            TemporalRange::Changes(..) => {
                return Err(Diagnostic::not_built(span, "CHANGES FROM … TO").into());
            }
        })
    }

    fn points(&mut self, from: &Expr, to: &Expr) -> Result<Option<(Point, Point)>> {
        let from = self.point(from)?;
        let to = self.point(to)?;
        Ok(from.zip(to))
    }

    /// Evaluates a bound. `None` if it holds a parameter without a value.
    fn point(&mut self, expr: &Expr) -> Result<Option<Point>> {
        let scalar = self.bound_scalar(expr)?;
        let span = scalar.span;
        match self.constant(&scalar)? {
            None => Ok(None),
            Some(Value::Null) => {
                let message = "a temporal bound is NULL";
                Err(Diagnostic::at(Code::TemporalNull, span, message)
                    .help("an open bound is 'infinity' or '-infinity'")
                    .into())
            }
            Some(value) => point_of(&value, span).map(Some),
        }
    }

    /// Binds a bound: an integer or a time, stable, without columns.
    fn bound_scalar(&mut self, expr: &Expr) -> Result<Scalar> {
        let scope = Scope::default();
        let mut clause = Clause::new(&scope, "a temporal clause");
        clause.no_columns = Some("a temporal bound cannot read a column");
        let scalar = self.expr(expr, &mut clause)?;
        let scalar = if is_unknown(&scalar) { self.unknown_bound(scalar)? } else { scalar };
        if !scalar.is_constant() {
            let message = "a temporal bound must be stable";
            return Err(Diagnostic::at(Code::TemporalBound, expr.span, message)
                .primary("gives another value each time")
                .into());
        }
        Ok(scalar)
    }

    /// A parameter may be a commit or a time; its value tells, and before there is one it takes any.
    fn unknown_bound(&mut self, scalar: Scalar) -> Result<Scalar> {
        let ir::ScalarKind::Parameter(index) = scalar.kind else {
            return self.adopt(scalar, DataType::Timestamp);
        };
        match self.parameter_value(index) {
            None => {
                self.accept_any(index);
                Ok(Scalar { ty: DataType::Timestamp, ..scalar })
            }
            Some(Value::Int64(_) | Value::Int32(_) | Value::Int16(_)) => {
                self.adopt(scalar, DataType::Int64)
            }
            Some(_) => self.adopt(scalar, DataType::Timestamp),
        }
    }

    /// The commit that AS OF means: a future one is the snapshot, or an error if so set.
    fn commit_of(&self, point: Point, span: Span) -> Result<CommitId> {
        let snapshot = self.context.snapshot;
        let commit = self.commit_at(point, span)?;
        let future = match point {
            Point::Integer(_) => commit > snapshot,
            Point::Time(at) => self.context.session.strict_as_of && at > self.now(span)?,
        };
        if future && self.context.session.strict_as_of {
            let message = "AS OF names a point in the future";
            return Err(Diagnostic::at(Code::TemporalBound, span, message)
                .primary(format!("the latest commit is {snapshot}"))
                .help("temporal.strict_as_of = off reads the latest commit instead")
                .into());
        }
        Ok(commit.min(snapshot))
    }

    fn now(&self, span: Span) -> Result<i64> {
        let now = call_of(Function::Now, Vec::new(), DataType::Timestamp, span);
        match (self.context.evaluate)(&now)? {
            Value::Timestamp(now) => Ok(now.0),
            other => unreachable!("now() is a timestamp, not {other:?}"),
        }
    }

    /// The last commit at or before a point.
    fn commit_at(&self, point: Point, span: Span) -> Result<CommitId> {
        match point {
            Point::Integer(commit) => u64::try_from(commit).map(CommitId).map_err(|_| {
                let message = format!("commit {commit} does not exist: commits count from 1");
                Diagnostic::at(Code::TemporalBound, span, message).into()
            }),
            Point::Time(TIME_MAX) => Ok(CommitId::MAX),
            Point::Time(TIME_MIN) => Ok(CommitId::ZERO),
            Point::Time(at) => Ok((self.context.commit_at)(Timestamp(at))),
        }
    }

    /// The first commit at or after a point.
    fn first_commit(&self, point: Point, span: Span) -> Result<CommitId> {
        match point {
            Point::Integer(_) | Point::Time(TIME_MAX | TIME_MIN) => self.commit_at(point, span),
            Point::Time(at) => self.commit_at(Point::Time(at - 1), span).map(after),
        }
    }

    /// Returns a bound of valid time as microseconds, for `VALID FROM a TO b`: NULL is open.
    pub(crate) fn instant(&mut self, expr: &Expr, open: i64) -> Result<Option<i64>> {
        let scalar = self.bound_scalar(expr)?;
        let span = scalar.span;
        match self.constant(&scalar)? {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(open)),
            Some(value) => Ok(Some(raw(point_of(&value, span)?))),
        }
    }

    /// Returns the read of `BEGIN … AS OF x` and of `SET … AS OF x`.
    pub(crate) fn pinned_system(&mut self, at: &Expr) -> Result<SystemTime> {
        match self.point(at)? {
            Some(point) => Ok(SystemTime::AsOf(self.commit_of(point, at.span)?)),
            None => Ok(SystemTime::Current),
        }
    }

    /// Returns the instant of `SET valid_time AS OF x`.
    pub(crate) fn pinned_valid(&mut self, at: &Expr) -> Result<Option<i64>> {
        Ok(self.point(at)?.map(raw))
    }
}

fn has_period(table: &Table, name: &Name) -> bool {
    table.period.as_ref().is_some_and(|period| period.name == name.node)
}

/// Returns the error of a period that a table does not declare.
fn unknown_period(table: &Table, name: &Name, span: Span) -> Diagnostic {
    let message = format!("period \"{}\" of \"{}\" does not exist", name.node, table.name);
    let help = match &table.period {
        Some(period) => format!("its period is \"{}\"", period.name),
        None => "FOR VALID_TIME names the valid time of any table".to_owned(),
    };
    Diagnostic::at(Code::UnknownColumn, span, message)
        .primary(format!("not a period of \"{}\"", table.name))
        .help(help)
}

fn once(seen: &mut Option<Span>, span: Span, what: &str) -> Result<()> {
    match seen.replace(span) {
        None => Ok(()),
        Some(first) => {
            let message = format!("{what} is chosen twice");
            Err(Diagnostic::at(Code::TemporalClause, span, message)
                .primary("a second clause")
                .label(first, "the first one")
                .into())
        }
    }
}

fn point_of(value: &Value, span: Span) -> Result<Point> {
    match value {
        Value::Int64(number) => Ok(Point::Integer(*number)),
        Value::Int32(number) => Ok(Point::Integer(i64::from(*number))),
        Value::Int16(number) => Ok(Point::Integer(i64::from(*number))),
        Value::Timestamp(at) => Ok(Point::Time(at.0)),
        Value::Date(day) => Ok(Point::Time(midnight(*day))),
        other => {
            let message = format!("a temporal bound cannot be {}", other.data_type());
            Err(Diagnostic::at(Code::TypeMismatch, span, message)
                .primary("needs an integer, DATE or TIMESTAMP")
                .into())
        }
    }
}

fn midnight(day: Date) -> i64 {
    match day.0 {
        i32::MIN => TIME_MIN,
        i32::MAX => TIME_MAX,
        days => i64::from(days).saturating_mul(MICROS_PER_DAY),
    }
}

fn raw(point: Point) -> i64 {
    match point {
        Point::Integer(value) | Point::Time(value) => value,
    }
}

/// Compares bounds of one kind; a commit and a time are compared as commits by [`commits`].
fn ordered(from: Point, to: Point, holds: impl Fn(i64, i64) -> bool) -> bool {
    match (from, to) {
        (Point::Integer(a), Point::Integer(b)) | (Point::Time(a), Point::Time(b)) => holds(a, b),
        (Point::Integer(_), Point::Time(_)) | (Point::Time(_), Point::Integer(_)) => false,
    }
}

fn commits(from: CommitId, to: CommitId) -> SystemTime {
    if from < to { SystemTime::Range { from, to } } else { NO_COMMIT }
}

fn after(commit: CommitId) -> CommitId {
    if commit == CommitId::MAX { commit } else { commit.next() }
}
