//! Tables, joins and temporal clauses.

use diag::{Code, Diagnostic, Spanned};

use super::{span, words};
use crate::ast::{
    Call, ColumnDef, DerivedTable, Dimension, FunctionTable, Join, JoinCondition, JoinKind,
    JoinStyle, Name, NamedTable, ObjectName, Query, TableAlias, TableRef, TemporalClause,
    TemporalRange,
};
use crate::context::Context;

/// What follows a table: its alias and clauses.
#[derive(Default)]
pub(crate) struct Tail {
    pub(crate) alias: Option<TableAlias>,
    pub(crate) temporal: Vec<TemporalClause>,
    pub(crate) columns: Vec<ColumnDef>,
}

/// A join's condition and the clauses behind it.
pub(crate) struct JoinQual {
    pub(crate) condition: JoinCondition,
    pub(crate) temporal: Vec<TemporalClause>,
}

pub(crate) fn named_table(parts: Vec<Name>, tail: Tail, l: u32, r: u32) -> TableRef {
    let Tail { alias, temporal, .. } = tail;
    TableRef::Table(NamedTable { name: ObjectName { parts }, alias, temporal, span: span(l, r) })
}

pub(crate) fn derived(lateral: bool, query: Query, tail: Tail, l: u32, r: u32) -> TableRef {
    let Tail { alias, temporal, .. } = tail;
    TableRef::Derived(Box::new(DerivedTable { lateral, query, alias, temporal, span: span(l, r) }))
}

pub(crate) fn function_table(
    lateral: bool,
    call: Call,
    ordinality: bool,
    tail: Tail,
    l: u32,
    r: u32,
) -> TableRef {
    let Tail { alias, temporal, columns } = tail;
    let span = span(l, r);
    TableRef::Function(Box::new(FunctionTable {
        lateral,
        call,
        ordinality,
        alias,
        columns,
        temporal,
        span,
    }))
}

/// Joins two tables. A clause behind the condition belongs to the SELECT as a whole, so it must be
/// the last thing of FROM; the next join, or a table on the right, finds it too early.
pub(crate) fn join_tables(
    cx: &mut Context<'_>,
    left: TableRef,
    right: TableRef,
    qual: JoinQual,
    l: u32,
    r: u32,
) -> TableRef {
    refuse_early(cx);
    let mut end = left.span().to(right.span());
    for clause in &qual.temporal {
        end = end.to(clause.span);
    }
    if let JoinCondition::On(on) = &qual.condition {
        end = end.to(on.span);
    }
    cx.hoisted = qual.temporal;
    let (kind, style) = join_words(cx, l, r);
    TableRef::Join(Box::new(Join {
        left,
        right,
        kind: Spanned::new(kind, span(l, r)),
        style,
        condition: qual.condition,
        span: end,
    }))
}

/// `CROSS JOIN`, `NATURAL … JOIN`.
pub(crate) fn join_free(
    cx: &mut Context<'_>,
    left: TableRef,
    right: TableRef,
    l: u32,
    r: u32,
) -> TableRef {
    refuse_early(cx);
    let natural = super::first_word_is(cx, l, r, "natural");
    let (kind, style) = join_words(cx, l, r);
    let condition = if natural { JoinCondition::Natural } else { JoinCondition::None };
    let kind = Spanned::new(kind, span(l, r));
    let end = left.span().to(right.span());
    TableRef::Join(Box::new(Join { left, right, kind, style, condition, span: end }))
}

fn refuse_early(cx: &mut Context<'_>) {
    for clause in std::mem::take(&mut cx.hoisted) {
        cx.report(
            Diagnostic::at(
                Code::TemporalClause,
                clause.span,
                "a temporal clause stands between two joins",
            )
            .help("put it behind the table that it is for, or at the end of FROM for all tables"),
        );
    }
}

fn join_words(cx: &Context<'_>, l: u32, r: u32) -> (JoinKind, JoinStyle) {
    let (mut kind, mut style) = (JoinKind::Inner, JoinStyle::Plain);
    for word in words(cx, l, r) {
        match word.as_str() {
            "left" => kind = JoinKind::Left,
            "right" => kind = JoinKind::Right,
            "full" => kind = JoinKind::Full,
            "cross" => kind = JoinKind::Cross,
            "semi" => kind = JoinKind::Semi,
            "anti" => kind = JoinKind::Anti,
            "asof" => style = JoinStyle::AsOf,
            "temporal" => style = JoinStyle::Temporal,
            _ => {}
        }
    }
    (kind, style)
}

pub(crate) fn temporal(
    dimension: Dimension,
    range: TemporalRange,
    l: u32,
    r: u32,
) -> TemporalClause {
    TemporalClause { dimension, range, span: span(l, r) }
}

/// `FOR name …`: the names that every table has, or a period of its own.
pub(crate) fn dimension(name: Name) -> Dimension {
    match name.node.as_str() {
        "system_time" => Dimension::System,
        "application_time" | "valid_time" => Dimension::Valid,
        _ => Dimension::Period(name),
    }
}
