//! Definitions: heads of several words, constraints, keys.

use diag::{Code, Diagnostic, Spanned};

use super::{phrase, span, words};
use crate::ast::{
    ColumnConstraintKind, CreateIndex, CreateTable, CreateView, Drop, Expr, IndexColumn,
    KeyColumns, Name, ObjectKind, ObjectName, OptionItem, Query, References, TableElement,
};
use crate::context::Context;

/// What follows the parentheses of CREATE TABLE.
pub(crate) enum TableTail {
    Versioning(Spanned<bool>),
    Options(Vec<OptionItem>),
}

pub(crate) fn versioning(cx: &mut Context<'_>, l: u32, r: u32) -> TableTail {
    TableTail::Versioning(super::spanned(l, super::first_word_is(cx, l, r, "with"), r))
}

/// What the words of `CREATE OR REPLACE TEMPORARY TABLE IF NOT EXISTS` say.
struct Head {
    or_replace: bool,
    temporary: bool,
    unique: bool,
    if_not_exists: bool,
}

fn head(cx: &mut Context<'_>, l: u32, m: u32) -> Head {
    let has = |wanted: &str| words(cx, l, m).any(|word| word == wanted);
    Head {
        or_replace: has("replace"),
        temporary: has("temp") || has("temporary"),
        unique: has("unique"),
        if_not_exists: has("if"),
    }
}

#[expect(clippy::too_many_arguments, reason = "a rule of the grammar passes its parts one by one")]
pub(crate) fn create_table(
    cx: &mut Context<'_>,
    l: u32,
    m: u32,
    name: ObjectName,
    elements: Option<Vec<TableElement>>,
    tails: Vec<TableTail>,
    query: Option<(Query, bool)>,
    r: u32,
) -> CreateTable {
    let head = head(cx, l, m);
    let elements = elements.unwrap_or_default();
    check_elements(cx, &elements, query.is_some());
    let (mut system_versioning, mut options) = (None, Vec::new());
    for tail in tails {
        match tail {
            TableTail::Versioning(with) if system_versioning.is_some() => {
                cx.syntax(with.span, "SYSTEM VERSIONING stands twice");
            }
            TableTail::Versioning(with) => system_versioning = Some(with),
            TableTail::Options(more) => options.extend(more),
        }
    }
    let (query, no_data) = match query {
        Some((query, no_data)) => (Some(Box::new(query)), no_data),
        None => (None, false),
    };
    CreateTable {
        or_replace: head.or_replace,
        temporary: head.temporary,
        if_not_exists: head.if_not_exists,
        name,
        elements,
        system_versioning,
        options,
        query,
        no_data,
        span: span(l, r),
    }
}

/// A column has a type, unless a query gives it one.
fn check_elements(cx: &mut Context<'_>, elements: &[TableElement], from_query: bool) {
    for element in elements {
        if let TableElement::Column(column) = element
            && column.data_type.is_none()
            && !from_query
        {
            let message = format!("column \"{}\" needs a type", column.name.node);
            cx.report(
                Diagnostic::at(Code::Syntax, column.name.span, message)
                    .help("write a type such as TEXT or INTEGER behind the name"),
            );
        }
    }
}

pub(crate) fn generated(cx: &mut Context<'_>, l: u32, r: u32) -> ColumnConstraintKind {
    match phrase(cx, l, r).as_str() {
        "GENERATED ALWAYS AS ROW START" => ColumnConstraintKind::RowTime { start: true },
        "GENERATED ALWAYS AS ROW END" => ColumnConstraintKind::RowTime { start: false },
        "GENERATED ALWAYS AS IDENTITY" => ColumnConstraintKind::Identity { always: true },
        _ => ColumnConstraintKind::Identity { always: false },
    }
}

pub(crate) fn references(
    cx: &mut Context<'_>,
    table: ObjectName,
    columns: Option<KeyColumns>,
    actions: Vec<Spanned<()>>,
    l: u32,
    r: u32,
) -> References {
    let (mut on_delete, mut on_update) = (None, None);
    for action in actions {
        let mut words = words(cx, action.span.start, action.span.end).skip(1);
        let delete = words.next().is_some_and(|word| word == "delete");
        let name = Spanned::new(words.collect::<Vec<_>>().join(" "), action.span);
        let slot = if delete { &mut on_delete } else { &mut on_update };
        if slot.replace(name).is_some() {
            cx.syntax(action.span, "this action stands twice");
        }
    }
    References { table, columns, on_delete, on_update, span: span(l, r) }
}

/// One entry of a key's list.
pub(crate) enum KeyPart {
    Column(Name),
    Period(Name),
}

/// `PERIOD p` in a foreign key.
pub(crate) fn period_part(cx: &mut Context<'_>, word: Name, name: Name) -> KeyPart {
    if word.node != "period" {
        cx.report(
            Diagnostic::at(Code::Syntax, name.span, format!("unexpected \"{}\"", name.node))
                .primary("expected a comma or )")
                .help("a comma may be missing before it"),
        );
    }
    KeyPart::Period(name)
}

/// The plain columns of a key and its period, which stands last.
pub(crate) fn key_columns(cx: &mut Context<'_>, parts: Vec<KeyPart>) -> KeyColumns {
    let mut key = KeyColumns { columns: Vec::new(), period: None };
    for part in parts {
        match (part, &key.period) {
            (KeyPart::Column(name) | KeyPart::Period(name), Some(_)) => {
                cx.syntax(name.span, "the period of a key stands last, and once");
            }
            (KeyPart::Column(name), None) => key.columns.push(name),
            (KeyPart::Period(name), None) => key.period = Some(name),
        }
    }
    key
}

pub(crate) fn create_view(
    cx: &mut Context<'_>,
    l: u32,
    m: u32,
    name: ObjectName,
    columns: Option<Vec<Name>>,
    query: Query,
    r: u32,
) -> CreateView {
    let head = head(cx, l, m);
    CreateView {
        or_replace: head.or_replace,
        temporary: head.temporary,
        if_not_exists: head.if_not_exists,
        name,
        columns: columns.unwrap_or_default(),
        query: Box::new(query),
        span: span(l, r),
    }
}

#[expect(clippy::too_many_arguments, reason = "a rule of the grammar passes its parts one by one")]
pub(crate) fn create_index(
    cx: &mut Context<'_>,
    l: u32,
    m: u32,
    name: Option<Name>,
    table: ObjectName,
    method: Option<Name>,
    columns: Vec<IndexColumn>,
    include: Option<Vec<Name>>,
    options: Option<Vec<OptionItem>>,
    filter: Option<Expr>,
    r: u32,
) -> CreateIndex {
    let head = head(cx, l, m);
    CreateIndex {
        unique: head.unique,
        if_not_exists: head.if_not_exists,
        name,
        table,
        method,
        columns,
        include: include.unwrap_or_default(),
        options: options.unwrap_or_default(),
        filter,
        span: span(l, r),
    }
}

pub(crate) fn drop_objects(
    cx: &mut Context<'_>,
    l: u32,
    m: u32,
    names: Vec<ObjectName>,
    cascade: bool,
    r: u32,
) -> Drop {
    let kind = match words(cx, l, m).nth(1).as_deref() {
        Some("view") => ObjectKind::View,
        Some("index") => ObjectKind::Index,
        Some("schema") => ObjectKind::Schema,
        _ => ObjectKind::Table,
    };
    let if_exists = super::last_word_is(cx, l, m, "exists");
    Drop { kind, if_exists, names, cascade, span: span(l, r) }
}
