//! `FOR PORTION OF period FROM a TO b`: which part of its rows' valid time a change is about.
//!
//! The bounds are stable and evaluated once, NULL is an open end, and a portion without an instant
//! matches no row (temporal.md §4, SQL:2011 effective deletion). The table's scan yields only rows
//! that share an instant with the portion, so that WHERE and SET run on no others.

use diag::{Code, Diagnostic, Result};
use grammar::ast::{Expr, Portion};
use ir::{Table, TemporalRead, ValidTime};
use types::{DataType, MICROS_PER_DAY, TIME_MAX, TIME_MIN};

use super::{NO_INSTANT, has_period, unknown_period};
use crate::binder::Binder;

impl Binder<'_> {
    /// Returns the part of the valid time that a change of `table` is about; `None` for all of it.
    pub(crate) fn portion(
        &mut self,
        table: &Table,
        portion: Option<&Portion>,
    ) -> Result<Option<ValidTime>> {
        let Some(portion) = portion else { return Ok(None) };
        check_name(table, portion)?;
        let from = self.portion_bound(table, &portion.from, TIME_MIN)?;
        let to = self.portion_bound(table, &portion.to, TIME_MAX)?;
        // Parameters without values have no order yet.
        let Some((from, to)) = from.zip(to) else { return Ok(Some(ValidTime::All)) };
        if from > to {
            let message = "a portion must not end before it starts";
            return Err(Diagnostic::at(Code::InvalidPeriod, portion.to.span, message)
                .primary("before the start")
                .label(portion.from.span, "the start")
                .into());
        }
        Ok(Some(if from == to { NO_INSTANT } else { ValidTime::Range { from, to } }))
    }

    fn portion_bound(&mut self, table: &Table, bound: &Expr, open: i64) -> Result<Option<i64>> {
        let at = self.instant(bound, open)?;
        let whole = |at: i64| matches!(at, TIME_MIN | TIME_MAX) || at % MICROS_PER_DAY == 0;
        if days(table) && at.is_some_and(|at| !whole(at)) {
            let message = "a bound inside a day cannot cut a period of days";
            return Err(Diagnostic::at(Code::InvalidPeriod, bound.span, message)
                .primary("not midnight")
                .help("write a DATE")
                .into());
        }
        Ok(at)
    }
}

/// Returns how a change of `portion` reads the present.
pub(crate) fn read_of(portion: Option<ValidTime>) -> TemporalRead {
    TemporalRead { valid: portion.unwrap_or_default(), ..TemporalRead::default() }
}

/// True if the table's declared period is one of days.
fn days(table: &Table) -> bool {
    let from = table.period_columns().map(|(from, _)| from);
    from.is_some_and(|from| table.columns[from].ty == DataType::Date)
}

fn check_name(table: &Table, portion: &Portion) -> Result<()> {
    let name = &portion.period;
    match name.node.as_str() {
        "valid_time" | "application_time" => Ok(()),
        _ if has_period(table, name) => Ok(()),
        "system_time" => {
            let message = "system time is set by commits and cannot be changed";
            Err(Diagnostic::at(Code::TemporalClause, name.span, message)
                .primary("not a valid time")
                .help("FOR PORTION OF VALID_TIME changes when rows are true")
                .into())
        }
        _ => Err(unknown_period(table, name, name.span).into()),
    }
}
