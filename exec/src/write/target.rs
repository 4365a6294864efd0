//! The written table: how its rows lie in the store, and which of its keys are taken.

use std::collections::HashMap;

use diag::{Code, Diagnostic, Span};
use ir::catalog::PeriodKey;
use ir::{PhysicalWrite, Table};
use storage::{PENDING, ReadPoint, ScanColumn, Transaction, View};
use types::{Batch, ColumnId, CommitId, DataType, Period, TIME_MAX, TIME_MIN, Timestamp, Value};

use super::constraint::{self, named, text};
use crate::error::{internal, storage as failed};
use crate::eval::EvalContext;

/// The table of a write, at work.
pub(super) struct Target<'a> {
    pub(super) plan: &'a PhysicalWrite,
    pub(super) transaction: &'a mut Transaction,
    pub(super) context: &'a EvalContext,
    /// Types of the table's columns, in its order.
    pub(super) types: Vec<DataType>,
    /// Types of the key's columns, in key order.
    pub(super) key_types: Vec<DataType>,
    stored: Vec<ColumnId>,
    /// Where each table column lies in a stored row; a bound of the declared period does not.
    places: Vec<Option<usize>>,
    key_places: Vec<usize>,
    /// Keys that this statement wrote, and the periods of each.
    taken: HashMap<Vec<u8>, Vec<Period>>,
}

/// A current version of a key.
pub(super) struct Version {
    pub(super) row: Vec<Value>,
    pub(super) commit_from: CommitId,
    pub(super) valid: Period,
}

impl<'a> Target<'a> {
    /// Looks the table up in the transaction's view.
    pub(super) fn new(
        plan: &'a PhysicalWrite,
        transaction: &'a mut Transaction,
        context: &'a EvalContext,
    ) -> diag::Result<Target<'a>> {
        let schema = transaction.view().schema(plan.table.tree).map_err(failed)?;
        let place = |id: ColumnId| {
            schema.position(id).ok_or_else(|| internal(format!("column {} is not stored", id.0)))
        };
        let places = plan.table.columns.iter().map(|column| match plan.table.source(column.id) {
            ir::ScanColumn::Stored(id) => place(id).map(Some),
            _ => Ok(None),
        });
        let places = places.collect::<diag::Result<Vec<_>>>()?;
        let key_places =
            schema.key.iter().map(|key| place(key.column)).collect::<diag::Result<Vec<_>>>()?;
        Ok(Target {
            types: plan.table.columns.iter().map(|column| column.ty).collect(),
            key_types: key_places.iter().map(|at| schema.columns[*at].ty).collect(),
            stored: schema.columns.iter().map(|column| column.id).collect(),
            places,
            key_places,
            taken: HashMap::new(),
            plan,
            transaction,
            context,
        })
    }

    /// True if the key is the hidden row id.
    pub(super) fn has_hidden_key(&self) -> bool {
        self.plan.table.primary_key.is_empty()
    }

    /// Draws a hidden key.
    pub(super) fn new_row_id(&mut self) -> Vec<Value> {
        vec![Value::Int64(self.transaction.next_row_id())]
    }

    /// Returns the stored row of the table's columns; `key` fills in a hidden key.
    pub(super) fn stored_row(&self, values: Vec<Value>, key: Option<&[Value]>) -> Vec<Value> {
        let mut row = vec![Value::Null; self.stored.len()];
        for (value, place) in values.into_iter().zip(&self.places) {
            if let Some(place) = place {
                row[*place] = value;
            }
        }
        if let Some(key) = key.filter(|_| self.has_hidden_key()) {
            for (value, place) in key.iter().zip(&self.key_places) {
                row[*place] = value.clone();
            }
        }
        row
    }

    /// Returns the table's columns of a stored row that is true during `valid`.
    pub(super) fn table_row(&self, row: &[Value], valid: Period) -> Vec<Value> {
        let columns = self.plan.table.columns.iter().zip(&self.places);
        let values = columns.map(|(column, place)| match place {
            Some(place) => row[*place].clone(),
            None if self.plan.table.source(column.id) == ir::ScanColumn::ValidFrom => {
                bound(valid.from, column.ty)
            }
            None => bound(valid.to, column.ty),
        });
        values.collect()
    }

    /// Returns the key of a stored row.
    pub(super) fn key_of(&self, row: &[Value]) -> Vec<Value> {
        self.key_places.iter().map(|place| row[*place].clone()).collect()
    }

    /// Returns the current versions of a key.
    pub(super) fn versions(&self, view: &View, key: &[Value]) -> diag::Result<Vec<Version>> {
        let bounds = [ScanColumn::CommitFrom, ScanColumn::ValidFrom, ScanColumn::ValidTo];
        let stored = self.stored.iter().map(|id| ScanColumn::Stored(*id));
        let columns: Vec<ScanColumn> = bounds.into_iter().chain(stored).collect();
        let at = ReadPoint::as_of(view.commit());
        let found = view.get(self.plan.table.tree, key, &columns, at).map_err(failed)?;
        found.into_iter().map(version).collect()
    }

    /// Fails if another current version of the row's key, in the view or written by this statement,
    /// shares an instant with `valid`, or is there at all where the key has one row; notes the key
    /// as taken. The row is the statement's `number`-th.
    pub(super) fn claim(
        &mut self,
        view: &View,
        row: &[Value],
        valid: Period,
        number: usize,
    ) -> diag::Result<()> {
        if self.has_hidden_key() {
            // A row id is drawn once; the pieces that share it come from one version.
            return Ok(());
        }
        let key = self.key_of(row);
        let at = ReadPoint::as_of(view.commit());
        let columns = [ScanColumn::ValidFrom, ScanColumn::ValidTo];
        for found in view.get(self.plan.table.tree, &key, &columns, at).map_err(failed)? {
            let found = period(&found[0], &found[1])?;
            if self.excludes(found, valid) {
                return Err(self.duplicate(&key, number, found, "another row has this key"));
            }
        }
        let bytes = types::key::encode(&key, &vec![false; key.len()]);
        let periods = self.taken.entry(bytes.clone()).or_default();
        periods.push(valid);
        let others = &self.taken[&bytes];
        let clash = others[..others.len() - 1].iter().find(|other| self.excludes(**other, valid));
        match clash.copied() {
            Some(other) => {
                Err(self.duplicate(&key, number, other, "this statement writes the key twice"))
            }
            None => Ok(()),
        }
    }

    /// True if a key cannot have rows that are true during these two periods.
    fn excludes(&self, one: Period, other: Period) -> bool {
        self.rule() == Some(PeriodKey::OneRow) || one.overlaps(other)
    }

    fn rule(&self) -> Option<PeriodKey> {
        self.plan.table.period.as_ref().map(|period| period.key)
    }

    /// Writes a version.
    pub(super) fn put(&mut self, row: &[Value], valid: Period) -> diag::Result<()> {
        self.transaction.put(self.plan.table.tree, row, valid).map_err(failed)
    }

    /// Ends a version.
    pub(super) fn close(
        &mut self,
        key: &[Value],
        valid_from: i64,
        commit_from: CommitId,
    ) -> diag::Result<()> {
        let tree = self.plan.table.tree;
        self.transaction.close(tree, key, valid_from, commit_from).map_err(failed)
    }

    fn duplicate(
        &self,
        key: &[Value],
        number: usize,
        there: Period,
        remark: &str,
    ) -> Box<Diagnostic> {
        let table = &self.plan.table;
        let at = |id| table.columns.iter().position(|column| column.id == id);
        let places: Vec<usize> = table.primary_key.iter().filter_map(|id| at(*id)).collect();
        let spans = places.iter().map(|column| constraint::place(self.plan, number, *column));
        let span = spans.reduce(Span::to).unwrap_or(Span::NONE);
        let names: Vec<&str> = places.iter().map(|at| table.columns[*at].name.as_str()).collect();
        let shown: Vec<String> = key.iter().map(text).collect();
        let (list, values) = (names.join(", "), shown.join(", "));
        let pairs = names
            .iter()
            .zip(key)
            .map(|(name, value)| format!("{} = {}", named(name), literal(value)));
        let pairs = pairs.collect::<Vec<_>>().join(" AND ");
        let table_name = named(&table.name);
        let change = format!("to change the row: UPDATE {table_name} SET … WHERE {pairs}");
        let exists = format!("key ({list})=({values}) of \"{}\" already exists", table.name);
        let (code, message, detail, help) = match (&table.period, self.rule()) {
            (Some(period), Some(PeriodKey::WithoutOverlaps)) => {
                let message = format!(
                    "key ({list})=({values}) of \"{}\" has overlapping periods \"{}\"",
                    table.name, period.name
                );
                let detail = format!("a row has it during {}", shown_period(table, there));
                (Code::ExclusionViolation, message, detail, change)
            }
            (Some(period), Some(PeriodKey::OneRow)) => {
                let detail = format!("a key has one row, here of {}", shown_period(table, there));
                let help = format!(
                    "PRIMARY KEY ({list}, {} WITHOUT OVERLAPS) allows a row at each instant",
                    named(&period.name)
                );
                (Code::UniqueViolation, exists, detail, help)
            }
            (_, _) => {
                let detail = "a key is unique at every instant of its valid time".to_owned();
                (Code::UniqueViolation, exists, detail, change)
            }
        };
        Box::new(constraint::placed(code, span, message).primary(remark).help(help).detail(detail))
    }
}

/// Returns a period as the table's columns show it.
fn shown_period(table: &Table, period: Period) -> String {
    let ty = table.period_columns().map_or(DataType::Timestamp, |(from, _)| table.columns[from].ty);
    let shown = |at| text(&bound(at, ty));
    format!("[{}, {})", shown(period.from), shown(period.to))
}

/// Returns a bound of the valid time as a column of a declared period shows it.
fn bound(at: i64, ty: DataType) -> Value {
    match ty {
        DataType::Date => Value::Date(Timestamp(at).to_date()),
        _ => Value::Timestamp(Timestamp(at)),
    }
}

/// Returns a value as a statement writes it.
fn literal(value: &Value) -> String {
    match value {
        Value::Boolean(_)
        | Value::Int16(_)
        | Value::Int32(_)
        | Value::Int64(_)
        | Value::Decimal(_) => text(value),
        _ => format!("'{}'", text(value).replace('\'', "''")),
    }
}

fn version(mut found: Vec<Value>) -> diag::Result<Version> {
    let row = found.split_off(3);
    let valid = period(&found[1], &found[2])?;
    Ok(Version { row, commit_from: commit(&found[0])?, valid })
}

/// Returns the period of two stored bounds.
fn period(from: &Value, to: &Value) -> diag::Result<Period> {
    match (from, to) {
        (Value::Timestamp(from), Value::Timestamp(to)) => Period::new(from.0, to.0),
        _ => None,
    }
    .ok_or_else(|| internal("a stored version has no valid period"))
}

/// Returns a commit id that a scan gave as BIGINT; pending rows have [`PENDING`].
pub(super) fn commit(value: &Value) -> diag::Result<CommitId> {
    match value {
        Value::Int64(id) => Ok(u64::try_from(*id).map_or(PENDING, CommitId)),
        other => Err(internal(format!("a commit id is {other:?}"))),
    }
}

/// Returns the period of the statement's `number`-th new row, whose bounds are in column `first` and
/// the next one; a NULL bound is unbounded.
///
/// # Errors
/// [`Code::InvalidPeriod`] unless it begins before it ends; [`Code::CheckViolation`] where the
/// table declares the period.
pub(super) fn new_period(
    plan: &PhysicalWrite,
    rows: &Batch,
    first: usize,
    row: usize,
    number: usize,
) -> diag::Result<Period> {
    let bound =
        |at: usize, open: i64| match Value::from_array(rows.column(at), row, DataType::Timestamp) {
            Value::Timestamp(at) => at.0,
            _ => open,
        };
    let (from, to) = (bound(first, TIME_MIN), bound(first + 1, TIME_MAX));
    Period::new(from, to).ok_or_else(|| {
        let is = format!("it is {}", shown_period(&plan.table, Period { from, to }));
        let (Some(period), Some((begin, end))) = (&plan.table.period, plan.table.period_columns())
        else {
            let message = "the valid time of a row must begin before it ends";
            return Box::new(Diagnostic::new(Code::InvalidPeriod, message).detail(is));
        };
        let table = &plan.table.name;
        let message = format!(
            "period \"{}\" of a row of \"{table}\" does not begin before it ends",
            period.name
        );
        // Of the two bounds the one that the statement writes: the other may keep what it had.
        let span = constraint::place(plan, number, begin).max(constraint::place(plan, number, end));
        Box::new(
            constraint::placed(Code::CheckViolation, span, message)
                .primary("a bound of the period")
                .detail(is),
        )
    })
}

/// Returns the parts of `whole` that `cut` does not cover.
pub(super) fn leftovers(whole: Period, cut: Period) -> impl Iterator<Item = Period> {
    let before = Period::new(whole.from, cut.from.min(whole.to));
    let after = Period::new(cut.to.max(whole.from), whole.to);
    before.into_iter().chain(after)
}
