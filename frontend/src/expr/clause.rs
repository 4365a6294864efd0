//! The clause around an expression: which names it sees, and where its aggregates go.

use std::sync::Arc;

use diag::{Code, Diagnostic, Span};
use grammar::ast;
use ir::{AggregateCall, Column, Logical, Scalar, ScalarKind, SortKey, WindowCall};

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
        }
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

/// Returns `input` filtered by a condition.
pub(crate) fn filtered(input: Arc<Logical>, condition: Option<Scalar>) -> Arc<Logical> {
    match condition {
        Some(condition) => Arc::new(Logical::Filter { input, predicates: conjuncts(condition) }),
        None => input,
    }
}
