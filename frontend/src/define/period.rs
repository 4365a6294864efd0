//! `PERIOD FOR name (from, to)`: the valid time of a table's rows as two of its columns.
//!
//! The columns are NOT NULL and begin before they end (SQL:2011, application-time periods). A plain
//! PRIMARY KEY has one row whatever its period; `PRIMARY KEY (…, name WITHOUT OVERLAPS)` has one at
//! each instant.

use diag::{Code, Diagnostic, Result};
use grammar::ast::{CreateTable, KeyColumns, Name, PeriodDef, TableElement};
use ir::PeriodDefinition;
use ir::catalog::PeriodKey;
use types::DataType;

use super::Draft;
use crate::expr::not_built;

/// Reads the periods before keys and checks, which may name them or need their columns.
pub(super) fn add_periods(draft: &mut Draft, create: &CreateTable) -> Result<()> {
    for element in &create.elements {
        if let TableElement::Period(period) = element {
            add_period(draft, period)?;
        }
    }
    Ok(())
}

fn add_period(draft: &mut Draft, period: &PeriodDef) -> Result<()> {
    let name = &period.name;
    if name.node == "system_time" {
        return not_built(period.span, "PERIOD FOR SYSTEM_TIME");
    }
    if draft.period.is_some() {
        return not_built(period.span, "a second period of a table");
    }
    if draft.names.iter().any(|column| column.node == name.node) {
        let message = format!("period \"{}\" has the name of a column", name.node);
        return Err(Diagnostic::at(Code::DuplicateColumn, name.span, message).into());
    }
    let (from, to) = (bound(draft, &period.from)?, bound(draft, &period.to)?);
    let (begin, end) = (draft.columns[from].ty, draft.columns[to].ty);
    if from == to || begin != end {
        let message = format!("period \"{}\" needs two columns of one type", name.node);
        return Err(Diagnostic::at(Code::InvalidDefinition, period.to.span, message)
            .primary(if from == to { "the same column".to_owned() } else { format!("{end}") })
            .label(period.from.span, format!("this is {begin}"))
            .into());
    }
    for at in [from, to] {
        draft.columns[at].not_null = true;
    }
    let key = PeriodKey::OneRow;
    draft.period = Some(PeriodDefinition { name: name.node.clone(), from, to, key });
    Ok(())
}

/// Returns the position of a bound's column, whose type has to be one of time.
fn bound(draft: &Draft, name: &Name) -> Result<usize> {
    let Some(at) = draft.names.iter().position(|column| column.node == name.node) else {
        let message = format!("column \"{}\" of the period does not exist", name.node);
        let known = draft.names.iter().map(|name| name.node.as_str());
        return Err(Diagnostic::at(Code::UnknownColumn, name.span, message)
            .help_opt(diag::did_you_mean(&name.node, known))
            .into());
    };
    match draft.columns[at].ty {
        DataType::Date | DataType::Timestamp => Ok(at),
        ty if ty.is_integer() => not_built(name.span, &format!("a period of {ty}")),
        ty => {
            let message = format!("a period is of DATE or TIMESTAMP, not of {ty}");
            Err(Diagnostic::at(Code::TypeMismatch, name.span, message)
                .primary(format!("this is {ty}"))
                .into())
        }
    }
}

/// Notes `name WITHOUT OVERLAPS` of a primary key.
pub(super) fn without_overlaps(draft: &mut Draft, key: &KeyColumns) -> Result<()> {
    let Some(name) = &key.period else { return Ok(()) };
    let Some(period) = draft.period.as_mut().filter(|period| period.name == name.node) else {
        let message = format!("period \"{}\" of the key does not exist", name.node);
        return Err(Diagnostic::at(Code::UnknownColumn, name.span, message)
            .help(format!("declare it: PERIOD FOR {} (from_column, to_column)", name.node))
            .into());
    };
    if key.columns.is_empty() {
        let message = "a key WITHOUT OVERLAPS needs a column beside the period";
        return Err(Diagnostic::at(Code::InvalidDefinition, name.span, message)
            .primary("nothing else is in the key")
            .into());
    }
    period.key = PeriodKey::WithoutOverlaps;
    Ok(())
}

/// The bounds are no stored columns, which a key needs.
pub(super) fn refuse_bound_in_key(draft: &Draft, at: usize) -> Result<()> {
    let bound = draft.period.as_ref().is_some_and(|period| at == period.from || at == period.to);
    let span = draft.names[at].span;
    if bound { not_built(span, "a column of the period in PRIMARY KEY") } else { Ok(()) }
}
