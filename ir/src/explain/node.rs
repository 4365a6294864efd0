//! The tree that both renderers share: operators with facts, independent of the plan's form.

use crate::Estimate;

/// A fact's value.
#[derive(Clone, Debug, PartialEq)]
pub enum FactValue {
    /// Text, such as one predicate.
    Text(String),
    /// A list of texts, such as predicates.
    List(Vec<String>),
    /// A count.
    Count(u64),
    /// A measure.
    Number(f64),
}

/// Something to know about an operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What it is, in lower case: `keys`, `predicates`.
    pub name: &'static str,
    /// The value.
    pub value: FactValue,
}

/// An operator of a printed plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The operator.
    pub name: String,
    /// What it works on: a table, a kind of join; may be empty.
    pub detail: String,
    /// Rows expected, in physical plans.
    pub estimate: Option<Estimate>,
    /// What a run measured, short, printed beside the estimate; empty before a run.
    pub actual: Vec<Fact>,
    /// Facts in the order printed.
    pub facts: Vec<Fact>,
    /// Inputs.
    pub inputs: Vec<Node>,
}

impl Node {
    /// Returns an operator without facts and inputs.
    pub fn new(name: impl Into<String>, detail: impl Into<String>) -> Node {
        Node {
            name: name.into(),
            detail: detail.into(),
            estimate: None,
            actual: Vec::new(),
            facts: Vec::new(),
            inputs: Vec::new(),
        }
    }

    /// Adds a text.
    #[must_use]
    pub fn fact(mut self, name: &'static str, text: impl Into<String>) -> Node {
        self.facts.push(Fact { name, value: FactValue::Text(text.into()) });
        self
    }

    /// Adds a list, unless it is empty.
    #[must_use]
    pub fn list(mut self, name: &'static str, list: Vec<String>) -> Node {
        if !list.is_empty() {
            self.facts.push(Fact { name, value: FactValue::List(list) });
        }
        self
    }

    /// Adds an input.
    #[must_use]
    pub fn input(mut self, input: Node) -> Node {
        self.inputs.push(input);
        self
    }

    /// Attaches what a run measured.
    pub fn measured(&mut self, name: &'static str, value: FactValue) {
        self.actual.push(Fact { name, value });
    }

    /// Calls `visit` with each node and its number: this one, then its inputs from left to right.
    pub fn number(&mut self, visit: &mut impl FnMut(usize, &mut Node)) {
        self.number_from(0, visit);
    }

    fn number_from(&mut self, first: usize, visit: &mut impl FnMut(usize, &mut Node)) -> usize {
        visit(first, self);
        let mut next = first + 1;
        for input in &mut self.inputs {
            next = input.number_from(next, visit);
        }
        next
    }
}
