//! The optimizer: rules that rewrite the logical plan, in one fixed order.
//!
//! Each file is one idea. A rule never changes an answer, and moves neither what can fail nor what
//! is volatile to rows or places where it did not run before. After every rule the verifier looks
//! at the plan in debug builds. [`optimize_traced`] keeps the plan after each rule for EXPLAIN.

mod column_pruning;
mod constant_folding;
mod decorrelate;
mod empty;
mod join_order;
mod limit_pushdown;
mod merge;
mod once;
mod or_factoring;
mod outer_join;
mod predicate_pushdown;
mod redundant_distinct;
mod scalars;
mod semi_joins;
mod semi_pushdown;
mod simplify;
mod transitive;
mod unwrap_cast;

pub use decorrelate::{decorrelate, may_fail, unrepeatable};

use crate::{PlanContext, Query, explain};

/// The plan after one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceStep {
    /// The rule.
    pub rule: &'static str,
    /// The plan as text after it.
    pub plan: String,
}

type Rule = fn(&mut Query, &PlanContext<'_>);

/// The rules in the order in which they run.
///
/// Expressions come first, so that what is pushed is small, and constants do not look as if they
/// could fail; they come again after predicates have met the expressions of projections. Dependent
/// joins go before all that does not know them. Join order needs every predicate in its place, and
/// pruning the final joins.
const RULES: &[(&str, Rule)] = &[
    ("simplify expressions", scalars::apply),
    ("decorrelate subqueries", decorrelate::apply),
    ("make semi joins of marks", semi_joins::apply),
    ("merge projections and filters", merge::apply),
    ("push predicates", predicate_pushdown::apply),
    ("simplify expressions again", scalars::apply),
    ("remove empty inputs", empty::apply),
    ("order joins", join_order::apply),
    ("push semi joins", semi_pushdown::apply),
    ("remove redundant DISTINCT", redundant_distinct::apply),
    ("push limits", limit_pushdown::apply),
    ("prune columns", column_pruning::apply),
    ("merge projections and filters again", merge::apply),
];

/// Returns the query rewritten to run faster, with the same answer.
pub fn optimize(query: Query, context: &PlanContext<'_>) -> Query {
    run(query, context, &mut |_, _| {})
}

/// Returns the query as [`optimize`] does, and the plan after each rule that changed it.
pub fn optimize_traced(query: Query, context: &PlanContext<'_>) -> (Query, Vec<TraceStep>) {
    let mut last = explain::logical(&query);
    let mut trace = Vec::new();
    let optimized = run(query, context, &mut |rule, query| {
        let plan = explain::logical(query);
        if plan != last {
            last.clone_from(&plan);
            trace.push(TraceStep { rule, plan });
        }
    });
    (optimized, trace)
}

fn run(
    mut query: Query,
    context: &PlanContext<'_>,
    after: &mut dyn FnMut(&'static str, &Query),
) -> Query {
    verify("the binder", &query);
    for (name, rule) in RULES {
        rule(&mut query, context);
        verify(name, &query);
        after(name, &query);
    }
    query
}

fn verify(rule: &str, query: &Query) {
    #[cfg(debug_assertions)]
    if let Err(broken) = crate::verify::logical(query) {
        panic!("{rule} left a plan that does not hold: {broken}\n{}", explain::logical(query));
    }
    #[cfg(not(debug_assertions))]
    let _ = (rule, query);
}
