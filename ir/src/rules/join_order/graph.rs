//! Inputs of a group of inner joins, what connects them, and the joins over them.

use std::sync::Arc;

use diag::Span;
use types::DataType;

use super::hypergraph::{Hypergraph, Set, bits};
use super::sizes::{Key, Sizes, Values};
use crate::cost::{Facts, estimate_all, share};
use crate::logical::Join;
use crate::rules::predicate_pushdown;
use crate::rules::transitive::equality;
use crate::{Column, CompareOp, JoinKind, Logical, Scalar, ScalarKind};

/// A column of an equality class, and the input that it comes from.
#[derive(Clone)]
struct Member {
    scalar: Scalar,
    input: usize,
}

/// Columns that conditions make equal, at most one an input.
#[derive(Clone)]
struct Class {
    members: Vec<Member>,
    inputs: Set,
}

/// A condition that is not an equality of columns.
struct Condition {
    /// The inputs that it reads.
    inputs: Set,
    /// The inputs of its sides, if it compares expressions over different ones.
    sides: Option<(Set, Set)>,
    scalar: Scalar,
    /// True of an equality: it can be hashed.
    key: bool,
}

/// What connects the inputs.
pub(super) struct Graph {
    inputs: Vec<Arc<Logical>>,
    classes: Vec<Class>,
    conditions: Vec<Condition>,
    /// Conditions for the top: what can fail waits until all others have been tested.
    last: Vec<Scalar>,
    sizes: Sizes,
    edges: Hypergraph,
}

impl Graph {
    pub(super) fn new(plans: Vec<Arc<Logical>>, on: Vec<Scalar>, facts: &Facts<'_>) -> Graph {
        let columns: Vec<Vec<Column>> = plans.iter().map(|plan| plan.columns()).collect();
        let owner = |column: Column| columns.iter().position(|own| own.contains(&column));
        let mut graph = Graph {
            edges: Hypergraph::new(plans.len()),
            inputs: plans,
            classes: Vec::new(),
            conditions: Vec::new(),
            last: Vec::new(),
            sizes: Sizes::default(),
        };
        for condition in on {
            graph.add_condition(condition, &owner);
        }
        graph.equate_within_inputs();
        graph.connect();
        graph.sizes = graph.sized(facts, &owner);
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
        let read = |scalar: &Scalar| {
            let owners = scalar.columns().into_iter().filter_map(owner);
            owners.fold(0, |set: Set, input| set | 1 << input)
        };
        let (inputs, mut sides, mut key) = (read(&condition), None, false);
        if let ScalarKind::Compare(op, left, right) = &condition.kind {
            let (left, right) = (read(left), read(right));
            sides = (left != 0 && right != 0 && left & right == 0).then_some((left, right));
            key = *op == CompareOp::Eq && left != 0 && right != 0;
        }
        let connects = inputs.count_ones() >= 2 && (key || condition.is_movable());
        if connects && !condition.is_volatile() {
            self.conditions.push(Condition { inputs, sides, scalar: condition, key });
        } else {
            self.last.push(condition);
        }
    }

    fn equate(&mut self, left: Member, right: Member) {
        let find = |member: &Member| {
            self.classes.iter().position(|class| has(&class.members, &member.scalar))
        };
        match (find(&left), find(&right)) {
            (Some(one), Some(other)) if one != other => {
                let moved = self.classes.swap_remove(one.max(other));
                self.classes[one.min(other)].members.extend(moved.members);
            }
            (Some(_), Some(_)) => {}
            (Some(class), None) => self.classes[class].members.push(right),
            (None, Some(class)) => self.classes[class].members.push(left),
            (None, None) => self.classes.push(Class { members: vec![left, right], inputs: 0 }),
        }
    }

    /// Two columns of one input that the query makes equal through another are equal in the input.
    fn equate_within_inputs(&mut self) {
        let mut equal: Vec<(usize, Scalar)> = Vec::new();
        for class in &mut self.classes {
            let mut first: Vec<Member> = Vec::new();
            for member in class.members.drain(..) {
                match first.iter().find(|other| other.input == member.input) {
                    Some(other) => {
                        equal.push((member.input, equals(&other.scalar, &member.scalar)))
                    }
                    None => first.push(member),
                }
            }
            class.inputs = first.iter().fold(0, |set, member| set | 1 << member.input);
            class.members = first;
        }
        for (input, condition) in equal {
            let plan = &mut self.inputs[input];
            *plan = predicate_pushdown::push(Arc::clone(plan), vec![condition], &[]);
        }
    }

    fn connect(&mut self) {
        for class in &self.classes {
            self.edges.connect_all(class.inputs);
        }
        for condition in &self.conditions {
            // A condition without sides may be tested wherever its inputs meet; as an edge it needs
            // two sides, and one input against the others is the split that joins earliest.
            let lowest = condition.inputs & condition.inputs.wrapping_neg();
            let sides = condition.sides.unwrap_or((lowest, condition.inputs & !lowest));
            self.edges.connect(sides.0, sides.1);
        }
    }

    fn sized(&self, facts: &Facts<'_>, owner: &impl Fn(Column) -> Option<usize>) -> Sizes {
        let rows: Vec<f64> =
            self.inputs.iter().map(|plan| estimate_all(plan, facts).rows.max(1.0)).collect();
        let mut keys: Vec<Key> =
            facts.keys().filter_map(|(key, rows)| self.key(key, rows, owner)).collect();
        keys.sort_by(|one, other| other.values.total_cmp(&one.values));
        Sizes {
            classes: self.classes.iter().map(|class| values(class, &rows, facts)).collect(),
            factors: self
                .conditions
                .iter()
                .map(|one| (one.inputs, one.factor(&rows, facts)))
                .collect(),
            rows: rows.into_iter().map(f64::ln).collect(),
            keys,
        }
    }

    /// Returns a key of several columns, if each is equal to columns of other inputs.
    fn key(
        &self,
        columns: &[Column],
        rows: f64,
        owner: &impl Fn(Column) -> Option<usize>,
    ) -> Option<Key> {
        let input = owner(*columns.first()?)?;
        let class_of = |column: &Column| {
            let is = |member: &Member| member.scalar.as_column() == Some(*column);
            self.classes.iter().position(|class| class.members.iter().any(is))
        };
        let classes: Option<Vec<usize>> = columns.iter().map(class_of).collect();
        Some(Key { input, classes: classes?, values: rows.max(1.0).ln() })
    }

    pub(super) fn edges(&self) -> &Hypergraph {
        &self.edges
    }

    /// True if two sets share an equality: they can be hashed.
    pub(super) fn hashable(&self, left: Set, right: Set) -> bool {
        self.classes.iter().any(|class| class.inputs & left != 0 && class.inputs & right != 0)
            || self.met(left, right).any(|condition| condition.hashes(left, right))
    }

    /// The conditions that can be tested first when the two sets meet.
    fn met(&self, left: Set, right: Set) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().filter(move |condition| {
            condition.inputs & !(left | right) == 0
                && condition.inputs & !left != 0
                && condition.inputs & !right != 0
        })
    }

    /// Returns the rows of a set of inputs joined.
    pub(super) fn rows(&self, set: Set) -> f64 {
        self.sizes.of(set)
    }

    pub(super) fn inputs(&self) -> usize {
        self.inputs.len()
    }

    pub(super) fn input(&self, input: usize) -> Arc<Logical> {
        Arc::clone(&self.inputs[input])
    }

    /// Returns the two sets joined on all that connects them.
    pub(super) fn join(
        &self,
        left: (Set, Arc<Logical>),
        right: (Set, Arc<Logical>),
    ) -> Arc<Logical> {
        let mut on = Vec::new();
        for class in &self.classes {
            if let (Some(a), Some(b)) = (class.member(left.0), class.member(right.0)) {
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

impl Class {
    fn member(&self, set: Set) -> Option<&Member> {
        self.members.iter().find(|member| set & (1 << member.input) != 0)
    }
}

impl Condition {
    /// True if the condition is a hash key of these two sets: each of its sides lies in one of them.
    fn hashes(&self, left: Set, right: Set) -> bool {
        let lies = |side: Set, set: Set| side & !set == 0;
        self.key
            && self.sides.is_some_and(|(one, other)| {
                (lies(one, left) && lies(other, right)) || (lies(one, right) && lies(other, left))
            })
    }

    /// Returns the logarithm of what the condition multiplies rows by.
    fn factor(&self, rows: &[f64], facts: &Facts<'_>) -> f64 {
        if !self.key {
            return share(&self.scalar, facts).max(f64::MIN_POSITIVE).ln();
        }
        // Without statistics of an expression the join follows a key of the largest input.
        -bits(self.inputs).map(|input| rows[input].ln()).fold(0.0, f64::max)
    }
}

/// Returns the logarithms of the distinct values of a class's columns.
///
/// A column of which nothing is known has as many as the least of the others, or one a row.
fn values(class: &Class, rows: &[f64], facts: &Facts<'_>) -> Values {
    let known = class.members.iter().filter_map(|member| facts.distinct(&member.scalar));
    let least = known.fold(f64::INFINITY, f64::min);
    let member = |member: &Member| {
        let values = facts.distinct(&member.scalar).unwrap_or(least);
        (member.input, values.min(rows[member.input]).max(1.0).ln())
    };
    Values::new(class.members.iter().map(member).collect())
}

fn has(class: &[Member], scalar: &Scalar) -> bool {
    class.iter().any(|member| member.scalar == *scalar)
}

fn equals(left: &Scalar, right: &Scalar) -> Scalar {
    let (left, right) = (Box::new(left.clone()), Box::new(right.clone()));
    let kind = ScalarKind::Compare(CompareOp::Eq, left, right);
    Scalar::new(kind, DataType::Boolean, Span::NONE)
}
