//! Queries: clauses in any order become the fields of a node; order and repeats are checked here.

use diag::{Code, Diagnostic, Span, Spanned};

use super::span;
use crate::ast::{
    Distinct, Expr, ExprKind, GroupBy, Limit, Literal, Name, NamedWindow, ObjectName, OrderItem,
    Query, QueryBody, Select, SelectItem, SetArm, SetOp, TableRef, TemporalClause, Wildcard, With,
};
use crate::context::Context;

/// One clause behind FROM or behind a query's body.
pub(crate) enum Clause {
    Where(Expr, Span),
    GroupBy(GroupBy, Span),
    Having(Expr, Span),
    Window(Vec<NamedWindow>, Span),
    Qualify(Expr, Span),
    OrderBy(Vec<OrderItem>, Span),
    Limit(Limit, Span),
    Offset(Expr, Span),
    Lock(Span),
    Temporal(TemporalClause),
}

impl Clause {
    /// Its name, its place in the order of clauses, and its span. Temporal clauses stand anywhere;
    /// LIMIT, OFFSET and FETCH in any order.
    fn rank(&self) -> Option<(&'static str, u32, Span)> {
        match self {
            Clause::Where(_, span) => Some(("WHERE", 1, *span)),
            Clause::GroupBy(_, span) => Some(("GROUP BY", 2, *span)),
            Clause::Having(_, span) => Some(("HAVING", 3, *span)),
            Clause::Window(_, span) => Some(("WINDOW", 4, *span)),
            Clause::Qualify(_, span) => Some(("QUALIFY", 4, *span)),
            Clause::OrderBy(_, span) => Some(("ORDER BY", 5, *span)),
            Clause::Limit(_, span) => Some(("LIMIT", 6, *span)),
            Clause::Offset(_, span) => Some(("OFFSET", 6, *span)),
            Clause::Lock(span) => Some(("FOR UPDATE", 7, *span)),
            Clause::Temporal(_) => None,
        }
    }
}

/// Reports a clause that stands twice or too late.
fn check_order(cx: &mut Context<'_>, clauses: &[Clause]) {
    let mut seen: Vec<(&'static str, u32, Span)> = Vec::new();
    for (name, rank, at) in clauses.iter().filter_map(Clause::rank) {
        if let Some((_, _, first)) = seen.iter().find(|(other, _, _)| *other == name) {
            cx.report(
                Diagnostic::at(Code::Syntax, at, format!("{name} stands twice"))
                    .primary("the second one")
                    .label(*first, "the first one"),
            );
        } else if let Some((later, _, before)) = seen.iter().find(|(_, other, _)| *other > rank) {
            cx.report(
                Diagnostic::at(Code::Syntax, at, format!("{name} stands before {later}"))
                    .primary("move this")
                    .label(*before, "to before this"),
            );
        }
        seen.push((name, rank, at));
    }
}

pub(crate) fn select(
    cx: &mut Context<'_>,
    distinct: Option<Distinct>,
    items: Vec<SelectItem>,
    from: Option<Vec<TableRef>>,
    clauses: Vec<Clause>,
    l: u32,
    r: u32,
) -> Select {
    check_order(cx, &clauses);
    let mut select = Select {
        distinct,
        items,
        from: from.unwrap_or_default(),
        temporal: std::mem::take(&mut cx.hoisted),
        filter: None,
        group_by: None,
        having: None,
        windows: Vec::new(),
        qualify: None,
        span: span(l, r),
    };
    for clause in clauses {
        match clause {
            Clause::Where(filter, _) => select.filter = Some(filter),
            Clause::GroupBy(group_by, _) => select.group_by = Some(group_by),
            Clause::Having(having, _) => select.having = Some(having),
            Clause::Window(windows, _) => select.windows = windows,
            Clause::Qualify(qualify, _) => select.qualify = Some(qualify),
            Clause::Temporal(temporal) => select.temporal.push(temporal),
            // The grammar takes these behind a query's body only.
            Clause::OrderBy(..) | Clause::Limit(..) | Clause::Offset(..) | Clause::Lock(_) => {}
        }
    }
    select
}

pub(crate) fn from_first(
    cx: &mut Context<'_>,
    from: Vec<TableRef>,
    items: Option<(Option<Distinct>, Vec<SelectItem>)>,
    clauses: Vec<Clause>,
    l: u32,
    r: u32,
) -> Select {
    let (distinct, items) = items.unwrap_or_else(|| (None, vec![wildcard(None, None, None, l, l)]));
    select(cx, distinct, items, Some(from), clauses, l, r)
}

pub(crate) fn query(cx: &mut Context<'_>, body: QueryBody, clauses: Vec<Clause>) -> Query {
    check_order(cx, &clauses);
    let mut query = match body {
        // Parentheses around a whole query say nothing.
        QueryBody::Nested(inner) if clauses.is_empty() => return *inner,
        body => Query {
            with: None,
            span: body_span(&body),
            body,
            order_by: Vec::new(),
            limit: None,
            offset: None,
            temporal: Vec::new(),
            lock: None,
        },
    };
    for clause in clauses {
        if let Some((_, _, at)) = clause.rank() {
            query.span = query.span.to(at);
        }
        match clause {
            Clause::OrderBy(order_by, _) => query.order_by = order_by,
            Clause::Limit(limit, _) => query.limit = Some(limit),
            Clause::Offset(offset, _) => query.offset = Some(offset),
            Clause::Lock(at) => query.lock = Some(Spanned::new((), at)),
            Clause::Temporal(temporal) => {
                query.span = query.span.to(temporal.span);
                query.temporal.push(temporal);
            }
            // The grammar takes these inside a SELECT only.
            Clause::Where(..)
            | Clause::GroupBy(..)
            | Clause::Having(..)
            | Clause::Window(..)
            | Clause::Qualify(..) => {}
        }
    }
    query
}

fn body_span(body: &QueryBody) -> Span {
    match body {
        QueryBody::Select(select) => select.span,
        QueryBody::Values(values) => values.span,
        QueryBody::Nested(query) => query.span,
        QueryBody::SetChain { first, rest } => {
            let last = rest.last().map_or(Span::NONE, |arm| arm.span);
            // Chains nest at most once (INTERSECT inside UNION), so this recursion is shallow.
            body_span(first).to(last)
        }
    }
}

/// `WITH a … (WITH b …)` keeps the inner query as a node of its own, which may hide names of the
/// outer one.
pub(crate) fn with_query(with: With, query: Query) -> Query {
    let span = with.span.to(query.span);
    if query.with.is_none() {
        return Query { with: Some(with), span, ..query };
    }
    Query {
        with: Some(with),
        body: QueryBody::Nested(Box::new(query)),
        order_by: Vec::new(),
        limit: None,
        offset: None,
        temporal: Vec::new(),
        lock: None,
        span,
    }
}

/// A parenthesised query as an arm of a set operation.
pub(crate) fn nested(query: Query) -> QueryBody {
    QueryBody::Nested(Box::new(query))
}

pub(crate) fn widen(mut query: Query, l: u32, r: u32) -> Query {
    query.span = span(l, r);
    query
}

pub(crate) fn set_arm(
    left: QueryBody,
    op: SetOp,
    all: bool,
    body: QueryBody,
    l: u32,
    r: u32,
) -> QueryBody {
    let arm = SetArm { op, all, body, span: span(l, r) };
    match left {
        QueryBody::SetChain { first, mut rest } if joins(&rest, op) => {
            rest.push(arm);
            QueryBody::SetChain { first, rest }
        }
        left => QueryBody::SetChain { first: Box::new(left), rest: vec![arm] },
    }
}

/// Whether an arm with `op` continues a chain: INTERSECT goes with itself, the others together.
fn joins(rest: &[SetArm], op: SetOp) -> bool {
    rest.last().is_some_and(|arm| (arm.op == SetOp::Intersect) == (op == SetOp::Intersect))
}

pub(crate) fn limit(rows: Expr) -> Limit {
    match rows.node {
        ExprKind::Literal(Literal::Null) => Limit::All,
        _ => Limit::Rows(rows),
    }
}

pub(crate) fn fetch(rows: Option<Expr>, ties: bool, l: u32, r: u32) -> Clause {
    let one = Spanned::new(ExprKind::Literal(Literal::Integer(1)), span(l, r));
    let rows = rows.unwrap_or(one);
    let limit = if ties { Limit::WithTies(rows) } else { Limit::Rows(rows) };
    Clause::Limit(limit, span(l, r))
}

pub(crate) fn wildcard(
    qualifier: Option<Vec<Name>>,
    exclude: Option<Vec<Name>>,
    replace: Option<Vec<(Expr, Name)>>,
    l: u32,
    r: u32,
) -> SelectItem {
    SelectItem::Wildcard(Box::new(Wildcard {
        qualifier: qualifier.map(|parts| ObjectName { parts }),
        exclude: exclude.unwrap_or_default(),
        replace: replace.unwrap_or_default(),
        span: span(l, r),
    }))
}
