//! Inputs of a group of inner joins, what connects them, and the trees over them.

use std::sync::Arc;

use diag::Span;
use types::DataType;

use crate::cost::{Facts, Join as Sides, estimate_all, joined};
use crate::logical::Join;
use crate::rules::predicate_pushdown;
use crate::rules::transitive::equality;
use crate::{Column, CompareOp, JoinKind, Logical, Scalar, ScalarKind};

/// A set of inputs, a bit each.
pub(super) type Set = u64;

/// An input.
struct Input {
    plan: Arc<Logical>,
    rows: f64,
}

/// A column of an equality class, and the input that it comes from.
#[derive(Clone)]
struct Member {
    scalar: Scalar,
    input: usize,
}

/// A condition that is not an equality of columns, and the inputs that it reads.
struct Condition {
    inputs: Set,
    scalar: Scalar,
    /// The distinct values of its sides, if it is an equality of expressions.
    key: bool,
}

/// What connects the inputs.
pub(super) struct Graph<'a> {
    inputs: Vec<Input>,
    classes: Vec<Vec<Member>>,
    conditions: Vec<Condition>,
    /// Conditions for the top: what can fail waits until all others have been tested.
    last: Vec<Scalar>,
    facts: &'a Facts<'a>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(
        plans: Vec<Arc<Logical>>,
        on: Vec<Scalar>,
        facts: &'a Facts<'a>,
    ) -> Graph<'a> {
        let columns: Vec<Vec<Column>> = plans.iter().map(|plan| plan.columns()).collect();
        let owner = |column: Column| columns.iter().position(|own| own.contains(&column));
        let mut graph = Graph {
            inputs: Vec::new(),
            classes: Vec::new(),
            conditions: Vec::new(),
            last: Vec::new(),
            facts,
        };
        for condition in on {
            graph.add_condition(condition, &owner);
        }
        graph.inputs = plans.into_iter().map(|plan| Input { plan, rows: 0.0 }).collect();
        graph.equate_within_inputs();
        for input in &mut graph.inputs {
            input.rows = estimate_all(&input.plan, facts).rows;
        }
        graph
    }

    fn add_condition(&mut self, condition: Scalar, owner: &impl Fn(Column) -> Option<usize>) {
        if let Some((left, right)) = equality(&condition) {
            let member = |side: &Scalar| {
                let input = side.as_column().and_then(owner)?;
                Some(Member { scalar: side.clone(), input })
            };
            if let (Some(left), Some(right)) = (member(left), member(right)) {
                return self.equate(left, right);
            }
        }
        let owners = condition.columns().into_iter().filter_map(owner);
        let inputs = owners.fold(0, |set: Set, input| set | 1 << input);
        let key = matches!(&condition.kind, ScalarKind::Compare(CompareOp::Eq, left, right)
            if left.reads_any() && right.reads_any());
        let connects = inputs.count_ones() >= 2 && (key || condition.is_movable());
        if connects && !condition.is_volatile() {
            self.conditions.push(Condition { inputs, scalar: condition, key });
        } else {
            self.last.push(condition);
        }
    }

    fn equate(&mut self, left: Member, right: Member) {
        let find =
            |member: &Member| self.classes.iter().position(|class| has(class, &member.scalar));
        match (find(&left), find(&right)) {
            (Some(one), Some(other)) if one != other => {
                let moved = self.classes.swap_remove(one.max(other));
                self.classes[one.min(other)].extend(moved);
            }
            (Some(_), Some(_)) => {}
            (Some(class), None) => self.classes[class].push(right),
            (None, Some(class)) => self.classes[class].push(left),
            (None, None) => self.classes.push(vec![left, right]),
        }
    }

    /// Two columns of one input that the query makes equal through another are equal in the input.
    fn equate_within_inputs(&mut self) {
        let mut equal: Vec<(usize, Scalar)> = Vec::new();
        for class in &mut self.classes {
            let mut first: Vec<Member> = Vec::new();
            for member in class.drain(..) {
                match first.iter().find(|other| other.input == member.input) {
                    Some(other) => {
                        equal.push((member.input, equals(&other.scalar, &member.scalar)))
                    }
                    None => first.push(member),
                }
            }
            *class = first;
        }
        for (input, condition) in equal {
            let plan = &mut self.inputs[input].plan;
            *plan = predicate_pushdown::push(Arc::clone(plan), vec![condition], &[]);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.inputs.len()
    }

    pub(super) fn rows_of(&self, input: usize) -> f64 {
        self.inputs[input].rows
    }

    /// True if a condition joins the two sets.
    pub(super) fn connected(&self, left: Set, right: Set) -> bool {
        self.classes.iter().any(|class| touches(class, left) && touches(class, right))
            || self.conditions.iter().any(|condition| {
                condition.inputs & !(left | right) == 0
                    && condition.inputs & left != 0
                    && condition.inputs & right != 0
            })
    }

    /// True if two sets share an equality: they can be hashed.
    pub(super) fn hashable(&self, left: Set, right: Set) -> bool {
        self.classes.iter().any(|class| touches(class, left) && touches(class, right))
            || self.met(left, right).any(|condition| condition.key)
    }

    /// The conditions that can be tested first when the two sets meet.
    fn met(&self, left: Set, right: Set) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().filter(move |condition| {
            condition.inputs & !(left | right) == 0
                && condition.inputs & !left != 0
                && condition.inputs & !right != 0
        })
    }

    /// Returns the rows of two sets joined.
    pub(super) fn rows_joined(&self, left: (Set, f64), right: (Set, f64)) -> f64 {
        let mut keys = Vec::new();
        for class in &self.classes {
            if let (Some(a), Some(b)) = (member(class, left.0), member(class, right.0)) {
                keys.push((self.facts.distinct(&a.scalar), self.facts.distinct(&b.scalar)));
            }
        }
        let mut share = 1.0;
        for condition in self.met(left.0, right.0) {
            match condition.key {
                true => keys.push((None, None)),
                false => share /= 3.0,
            }
        }
        (joined(Sides { left: left.1, right: right.1 }, &keys) * share).max(1.0)
    }

    pub(super) fn input(&self, input: usize) -> Arc<Logical> {
        Arc::clone(&self.inputs[input].plan)
    }

    /// Returns the two sets joined on all that connects them.
    pub(super) fn join(
        &self,
        left: (Set, Arc<Logical>),
        right: (Set, Arc<Logical>),
    ) -> Arc<Logical> {
        let mut on = Vec::new();
        for class in &self.classes {
            if let (Some(a), Some(b)) = (member(class, left.0), member(class, right.0)) {
                on.push(equals(&a.scalar, &b.scalar));
            }
        }
        on.extend(self.met(left.0, right.0).map(|condition| condition.scalar.clone()));
        let (left, right) = (left.1, right.1);
        Arc::new(Logical::Join(Join { kind: JoinKind::Inner, left, right, on }))
    }

    /// Returns the conditions that wait for all others.
    pub(super) fn last(&self) -> &[Scalar] {
        &self.last
    }
}

fn has(class: &[Member], scalar: &Scalar) -> bool {
    class.iter().any(|member| member.scalar == *scalar)
}

fn member(class: &[Member], set: Set) -> Option<&Member> {
    class.iter().find(|member| set & (1 << member.input) != 0)
}

fn touches(class: &[Member], set: Set) -> bool {
    member(class, set).is_some()
}

fn equals(left: &Scalar, right: &Scalar) -> Scalar {
    let (left, right) = (Box::new(left.clone()), Box::new(right.clone()));
    let kind = ScalarKind::Compare(CompareOp::Eq, left, right);
    Scalar::new(kind, DataType::Boolean, Span::NONE)
}
