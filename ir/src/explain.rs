//! Text and JSON forms of plans: the words that EXPLAIN prints.
//!
//! A plan becomes a tree of [`Node`]s, each a name, what it works on and its facts. One renderer
//! makes text of it, one makes JSON, so both tell the same. `exec` attaches what happened to the
//! same tree (EXPLAIN ANALYZE): nodes are numbered in the order of the text, inputs left to right.

mod json;
mod literal;
mod logical;
mod node;
mod physical;
mod scalar;
mod text;

pub use node::{Fact, FactValue, Node};
pub use scalar::Names;

use crate::{Columns, Physical, Query, Scalar};

/// Returns the logical plan as text, an operator a line and its facts below it.
pub fn logical(query: &Query) -> String {
    logical_tree(query).text()
}

/// Returns the logical plan as a tree.
pub fn logical_tree(query: &Query) -> Node {
    logical::tree(query)
}

/// Returns the physical plan as text, an operator a line and its facts below it.
pub fn physical(plan: &Physical) -> String {
    physical_tree(plan).text()
}

/// Returns the physical plan as a tree, its nodes in the order of [`Physical::inputs`].
pub fn physical_tree(plan: &Physical) -> Node {
    physical::tree(plan)
}

/// Returns an expression as SQL, columns as `name#id`.
pub fn scalar(scalar: &Scalar, columns: &Columns) -> String {
    scalar::print(scalar, &Names::Columns(columns))
}

/// Returns an expression of a physical plan as SQL, slots by the names of its input.
pub fn slot_scalar(scalar: &Scalar, names: &[String]) -> String {
    scalar::print(scalar, &Names::Slots(names))
}

/// Returns a value as a SQL literal.
pub fn literal(value: &types::Value) -> String {
    literal::print(value)
}
