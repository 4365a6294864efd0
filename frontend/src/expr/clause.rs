//! The clause around an expression: which names it sees, and where its aggregates go.

use std::sync::Arc;

use diag::{Code, Diagnostic, Span};
use grammar::ast;
use ir::{AggregateCall, Column, Logical, Scalar, ScalarKind, SortKey, WindowCall};

use super::Subquery;
use crate::scope::Scope;

/// Which calls a clause may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allows {
    /// Scalar functions only.
    Scalars,
    /// Aggregates too.
    Aggregates,
    /// Aggregates and window functions.
    Windows,
}

/// The call whose arguments are being bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    Nothing,
    Aggregate,
    Window,
}

/// A window function with its partition and order.
#[derive(Debug)]
pub(crate) struct WindowedCall {
    pub(crate) column: Column,
    pub(crate) partition: Vec<Scalar>,
    pub(crate) order: Vec<SortKey>,
    pub(crate) call: WindowCall,
}

/// The aggregates and window functions found so far; in the expressions their columns stand for them.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    pub(crate) aggregates: Vec<(Column, AggregateCall)>,
    pub(crate) windows: Vec<WindowedCall>,
}

/// What an expression sees.
pub(crate) struct Clause<'s> {
    pub(crate) scope: &'s Scope,
    /// The clause's name in messages: `WHERE`.
    pub(crate) place: &'static str,
    pub(crate) allows: Allows,
    pub(crate) inside: Inside,
    pub(crate) calls: Calls,
    /// Names of the select list, for clauses that may use them.
    pub(crate) aliases: Vec<(String, Scalar)>,
    /// `WINDOW w AS (…)`.
    pub(crate) windows: &'s [ast::NamedWindow],
    /// What a place without tables says about a column: `a temporal bound cannot read a column`.
    pub(crate) no_columns: Option<&'static str>,
    /// The subqueries found so far; in the expressions their columns stand for them.
    pub(crate) subqueries: Vec<Subquery>,
    /// True if whoever uses the expressions joins the subqueries below them.
    pub(crate) takes_subqueries: bool,
    /// True if names may mean columns of the queries around.
    pub(crate) sees_outer: bool,
    /// The conditions under which what is being bound is asked for at all.
    pub(crate) guards: Vec<Scalar>,
}

impl<'s> Clause<'s> {
    /// Returns a clause of scalar functions.
    pub(crate) fn new(scope: &'s Scope, place: &'static str) -> Clause<'s> {
        Clause {
            scope,
            place,
            allows: Allows::Scalars,
            inside: Inside::Nothing,
            calls: Calls::default(),
            aliases: Vec::new(),
            windows: &[],
            no_columns: None,
            subqueries: Vec::new(),
            takes_subqueries: false,
            sees_outer: false,
            guards: Vec::new(),
        }
    }

    /// Returns a clause that may hold subqueries: whoever makes it joins them in.
    pub(crate) fn with_subqueries(scope: &'s Scope, place: &'static str) -> Clause<'s> {
        Clause { takes_subqueries: true, ..Clause::outward(scope, place) }
    }

    /// Returns a clause that sees the queries around it, but may not hold subqueries of its own.
    pub(crate) fn outward(scope: &'s Scope, place: &'static str) -> Clause<'s> {
        Clause { sees_outer: true, ..Clause::new(scope, place) }
    }

    /// Returns the select list's expression of this name.
    pub(crate) fn alias(&self, parts: &[ast::Name]) -> Option<Scalar> {
        let [name] = parts else { return None };
        let found = self.aliases.iter().find(|(alias, _)| *alias == name.node);
        found.map(|(_, scalar)| scalar.clone())
    }

    /// Says why there are no columns here, where that is the reason.
    pub(crate) fn explain_missing(&self, mistake: Box<Diagnostic>) -> Box<Diagnostic> {
        let Some(reason) = self.no_columns else { return mistake };
        let span = mistake.span().unwrap_or(Span::NONE);
        Diagnostic::at(Code::TemporalBound, span, reason)
            .primary("a column")
            .help("use a constant, a parameter or an expression of them")
            .into()
    }
}

/// Returns the conditions of a conjunction, so that each can be moved by itself.
pub(crate) fn conjuncts(scalar: Scalar) -> Vec<Scalar> {
    match scalar.kind {
        ScalarKind::And(list) => list.into_iter().flat_map(conjuncts).collect(),
        kind => vec![Scalar { kind, ..scalar }],
    }
}

/// Returns `input` filtered by conditions.
pub(crate) fn filtered_by(input: Arc<Logical>, predicates: Vec<Scalar>) -> Arc<Logical> {
    if predicates.is_empty() {
        return input;
    }
    Arc::new(Logical::Filter { input, predicates })
}
