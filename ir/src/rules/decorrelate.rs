//! Subqueries become joins: no dependent join is left after this rule.
//!
//! A subquery is bound as a dependent join, whose right input is evaluated for each left row. From
//! the outermost inwards each becomes a plain join, in one of two ways. The simple one (`pull`) lifts
//! the conditions that read the left input until they stand on the join itself: an equality in
//! EXISTS becomes a hash key, one below an aggregation a group. Where an operator lets no condition
//! through, the distinct values that the subquery reads, its *domain*, are joined into it
//! (`domain`), so that it is computed once for each of them and joined back.
//!
//! Neither way computes what can fail for a row that the query as written would not have asked for:
//! such expressions wait above the join (`Pulled::deferred`) or see the domain's rows only. An
//! uncorrelated subquery alone runs even if no row asks.
//!
//! Source: Neumann and Kemper, Unnesting Arbitrary Queries (BTW 2015).

mod domain;
mod existence;
mod occurrence;
mod pull;
mod single_row;

use std::sync::Arc;

use diag::Span;
use types::{DataType, Value};

use crate::logical::Join;
use crate::{
    Column, Columns, CompareOp, JoinKind, Logical, PlanContext, Query, Scalar, ScalarKind,
    TruthTest,
};

use existence::existence;
pub use occurrence::may_fail;
use occurrence::read_of;
use pull::Pulled;

/// Returns the query without dependent joins: what a plan needs to be run, optimized or not.
pub fn decorrelate(mut query: Query) -> Query {
    unnest_all(&mut query);
    super::verify("decorrelation", &query);
    query
}

/// Returns where a volatile function stands below a subquery that reads the rows it makes.
///
/// The domain is a second reading of these rows, which would have other values: such a query cannot
/// be unnested.
pub fn unrepeatable(query: &Query) -> Option<Span> {
    volatile_left(&query.root)
}

fn volatile_left(plan: &Logical) -> Option<Span> {
    let own = match plan {
        Logical::DependentJoin(join) if !read_of(&join.right, &join.left.columns()).is_empty() => {
            volatile_in(&join.left)
        }
        _ => None,
    };
    own.or_else(|| plan.inputs().into_iter().find_map(|input| volatile_left(input)))
}

fn volatile_in(plan: &Logical) -> Option<Span> {
    let own = plan.scalars().into_iter().find(|scalar| scalar.is_volatile());
    let own = own.map(|scalar| scalar.span);
    own.or_else(|| plan.inputs().into_iter().find_map(|input| volatile_in(input)))
}

pub(super) fn apply(query: &mut Query, _: &PlanContext<'_>) {
    unnest_all(query);
}

fn unnest_all(query: &mut Query) {
    if is_dependent(&query.root) {
        Unnesting { columns: &mut query.columns }.visit(&mut query.root);
    }
}

fn is_dependent(plan: &Logical) -> bool {
    matches!(plan, Logical::DependentJoin(_))
        || plan.inputs().into_iter().any(|input| is_dependent(input))
}

/// The rule at work: it makes columns.
struct Unnesting<'a> {
    columns: &'a mut Columns,
}

impl Unnesting<'_> {
    fn visit(&mut self, plan: &mut Arc<Logical>) {
        if !is_dependent(plan) {
            return;
        }
        while let Logical::DependentJoin(join) = &**plan {
            let mut join = join.clone();
            // A domain is taken from the left input: its own subqueries are unnested once, before.
            self.visit(&mut join.left);
            *plan = self.unnested(join);
        }
        for input in Arc::make_mut(plan).inputs_mut() {
            self.visit(input);
        }
    }

    fn unnested(&mut self, mut join: Join) -> Arc<Logical> {
        if matches!(join.kind, JoinKind::Mark(_)) && join.on.is_empty() {
            join.right = existence(join.right);
            if single_row::always(&join.right) {
                return self.marked_true(join);
            }
        }
        let outer = read_of(&join.right, &join.left.columns());
        if outer.is_empty() {
            return independent(join);
        }
        if matches!(join.kind, JoinKind::Mark(_)) {
            join.right = self.relaxed(&join.right, &outer);
        }
        match self.pull(&join.right, &outer) {
            Some(pulled) if pulled.always => self.attached_always(join, pulled, &outer),
            Some(pulled) => self.attached(join, pulled),
            None => self.by_domain(join, &outer),
        }
    }

    /// There is a row for every left row: EXISTS over an aggregation without groups.
    fn marked_true(&self, join: Join) -> Arc<Logical> {
        let mut items = self.passing(&join.left.columns());
        let marks = join.kind.columns(Vec::new(), Vec::new);
        items.extend(marks.into_iter().map(|mark| (mark, Scalar::boolean(true))));
        Arc::new(Logical::Project { input: join.left, items })
    }

    /// Joins a plan whose conditions were lifted.
    fn attached(&mut self, mut join: Join, pulled: Pulled) -> Arc<Logical> {
        let given = join.right.columns();
        let Pulled { plan, conditions, deferred, .. } = pulled;
        join.on.iter_mut().for_each(|condition| condition.substitute(&deferred));
        let sure = conditions.is_empty() && join.on.is_empty() && single_row::always(&join.right);
        join.kind = match join.kind {
            JoinKind::Single { .. } if sure => JoinKind::Inner,
            JoinKind::Single { .. } if single_row::at_most(&join.right) => JoinKind::Left,
            kind => kind,
        };
        let conditions = match join.kind {
            JoinKind::Mark(_) => conditions.into_iter().map(is_true).collect(),
            _ => conditions,
        };
        join.on.splice(0..0, conditions);
        join.right = plan;
        match join.kind {
            JoinKind::Left | JoinKind::Right | JoinKind::Full | JoinKind::Single { .. }
                if !deferred.is_empty() =>
            {
                let found = self.flagged(&mut join.right);
                let partner = self.is_there(found);
                let made = |item: Scalar| when(partner.clone(), item);
                self.restored(join, &given, &deferred, made)
            }
            JoinKind::Inner if !deferred.is_empty() => {
                self.restored(join, &given, &deferred, |item| item)
            }
            JoinKind::Inner
            | JoinKind::Left
            | JoinKind::Right
            | JoinKind::Full
            | JoinKind::Semi
            | JoinKind::Anti
            | JoinKind::Mark(_)
            | JoinKind::Single { .. } => Arc::new(Logical::Join(join)),
        }
    }

    /// Joins an aggregation without groups, which has a row for every left row: where no group was
    /// made, one of no rows.
    fn attached_always(&mut self, join: Join, pulled: Pulled, outer: &[Column]) -> Arc<Logical> {
        let (given, left) = (join.right.columns(), join.left.columns());
        let asked = join.on.iter().all(|condition| condition.reads_only(&left));
        let Pulled { plan, conditions, deferred, .. } = pulled;
        let padded = |on| Join {
            kind: JoinKind::Left,
            left: Arc::clone(&join.left),
            right: Arc::clone(&plan),
            on,
        };
        match join.kind {
            JoinKind::Mark(mark) => {
                let mut on = join.on.clone();
                on.iter_mut().for_each(|condition| condition.substitute(&deferred));
                let mut items = self.passing(&left);
                items.push((mark, Scalar::and(on)));
                let input = Arc::new(Logical::Join(padded(conditions)));
                Arc::new(Logical::Project { input, items })
            }
            JoinKind::Inner => {
                let input = self.restored(padded(conditions), &given, &deferred, |item| item);
                if join.on.is_empty() {
                    return input;
                }
                Arc::new(Logical::Filter { input, predicates: join.on })
            }
            JoinKind::Left | JoinKind::Single { .. } if asked => {
                let guards = join.on.clone();
                let made = |item: Scalar| match guards.is_empty() {
                    true => item,
                    false => when(Scalar::and(guards.clone()), item),
                };
                self.restored(padded(conditions), &given, &deferred, made)
            }
            JoinKind::Left
            | JoinKind::Right
            | JoinKind::Full
            | JoinKind::Semi
            | JoinKind::Anti
            | JoinKind::Single { .. } => self.by_domain(join, outer),
        }
    }

    /// Puts what was deferred on top of a join, each as `made` says.
    fn restored(
        &mut self,
        join: Join,
        given: &[Column],
        deferred: &[(Column, Scalar)],
        made: impl Fn(Scalar) -> Scalar,
    ) -> Arc<Logical> {
        let mut items = self.passing(&join.left.columns());
        for column in given {
            let item = match deferred.iter().find(|(late, _)| late == column) {
                Some((_, item)) => made(item.clone()),
                None => self.columns.scalar(*column, Span::NONE),
            };
            items.push((*column, item));
        }
        Arc::new(Logical::Project { input: Arc::new(Logical::Join(join)), items })
    }

    fn passing(&self, columns: &[Column]) -> Vec<(Column, Scalar)> {
        columns.iter().map(|column| (*column, self.columns.scalar(*column, Span::NONE))).collect()
    }

    /// Adds a column that is TRUE, so that a padded row can be told.
    fn flagged(&mut self, plan: &mut Arc<Logical>) -> Column {
        let found = self.columns.push("found", DataType::Boolean);
        let mut items = self.passing(&plan.columns());
        items.push((found, Scalar::boolean(true)));
        *plan = Arc::new(Logical::Project { input: Arc::clone(plan), items });
        found
    }

    fn is_there(&self, found: Column) -> Scalar {
        let input = Box::new(self.columns.scalar(found, Span::NONE));
        let kind = ScalarKind::Is { input, test: TruthTest::Null, negated: true };
        Scalar::new(kind, DataType::Boolean, Span::NONE)
    }
}

/// A subquery that reads nothing of the left input is an input like any other.
fn independent(mut join: Join) -> Arc<Logical> {
    join.kind = match join.kind {
        JoinKind::Single { .. } if join.on.is_empty() && single_row::always(&join.right) => {
            JoinKind::Inner
        }
        JoinKind::Single { .. } if single_row::at_most(&join.right) => JoinKind::Left,
        kind => kind,
    };
    if matches!(join.kind, JoinKind::Mark(_)) && join.on.is_empty() {
        let one = Scalar::literal(Value::Int64(1), DataType::Int64, Span::NONE);
        join.right = Arc::new(Logical::Limit { input: join.right, limit: Some(one), offset: None });
    }
    Arc::new(Logical::Join(join))
}

/// Returns the condition with NULL as FALSE.
fn is_true(condition: Scalar) -> Scalar {
    if condition.is_never_null() {
        return condition;
    }
    let span = condition.span;
    let input = Box::new(condition);
    let kind = ScalarKind::Is { input, test: TruthTest::True, negated: false };
    Scalar::new(kind, DataType::Boolean, span)
}

/// Returns `item` where the condition is true, else NULL.
fn when(condition: Scalar, item: Scalar) -> Scalar {
    let (ty, span) = (item.ty, item.span);
    let kind = ScalarKind::Case { branches: vec![(condition, item)], otherwise: None };
    Scalar::new(kind, ty, span)
}

fn compare(op: CompareOp, left: Scalar, right: Scalar) -> Scalar {
    let kind = ScalarKind::Compare(op, Box::new(left), Box::new(right));
    Scalar::new(kind, DataType::Boolean, Span::NONE)
}

/// Returns a count that is 0 of no rows: beside a row without partners it is NULL.
fn zero_if_absent(count: Scalar) -> Scalar {
    let zero = Scalar::literal(Value::Int64(0), DataType::Int64, Span::NONE);
    let span = count.span;
    let kind = ScalarKind::Call(crate::Function::Coalesce, vec![count, zero]);
    Scalar::new(kind, DataType::Int64, span)
}

/// True of aggregates that have a value, 0, over no rows.
fn counts(function: crate::AggregateFunction) -> bool {
    use crate::AggregateFunction as A;
    match function {
        A::CountStar | A::Count => true,
        A::Sum
        | A::Avg
        | A::Min
        | A::Max
        | A::BoolAnd
        | A::BoolOr
        | A::StringAgg
        | A::StddevSamp
        | A::StddevPop
        | A::VarSamp
        | A::VarPop => false,
    }
}
