//! The text form of a plan: an operator a line under guides, its facts below it, figures aligned.
//!
//! ```text
//! Project
//! │   items  name, city
//! └ HashJoin inner             ~12 rows (segments)
//!   │   keys  city = name
//!   ├ Scan staff               ~1200 rows (exact)
//!   └ Scan towns               ~12 rows (exact)
//! ```

use std::fmt::Write as _;

use super::node::{Fact, FactValue, Node};
use crate::{Estimate, EstimateSource};

struct Line {
    left: String,
    right: String,
}

impl Node {
    /// Returns the tree as text; each line ends with a line feed.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        push_node(self, "", "", &mut lines);
        align(&lines)
    }
}

fn push_node(node: &Node, head: &str, below: &str, lines: &mut Vec<Line>) {
    let mut left = format!("{head}{}", node.name);
    if !node.detail.is_empty() {
        left.push(' ');
        left.push_str(&node.detail);
    }
    lines.push(Line { left, right: figures(node) });
    push_facts(node, below, lines);
    let last = node.inputs.len().saturating_sub(1);
    for (number, input) in node.inputs.iter().enumerate() {
        let (branch, trunk) = if number == last { ("└ ", "  ") } else { ("├ ", "│ ") };
        push_node(input, &format!("{below}{branch}"), &format!("{below}{trunk}"), lines);
    }
}

fn push_facts(node: &Node, below: &str, lines: &mut Vec<Line>) {
    let guide = if node.inputs.is_empty() { "    " } else { "│   " };
    let width = node.facts.iter().map(|fact| fact.name.len()).max().unwrap_or(0);
    for fact in &node.facts {
        let joined = fact_text(fact);
        lines.push(Line {
            left: format!("{below}{guide}{:width$}  {joined}", fact.name),
            right: String::new(),
        });
    }
}

fn fact_text(fact: &Fact) -> String {
    match &fact.value {
        FactValue::Text(text) => text.clone(),
        // Predicates hold together, the rest stand beside each other.
        FactValue::List(list) => list.join(match fact.name {
            "predicates" | "residual" | "on" | "keys" | "pushed" => " AND ",
            _ => ", ",
        }),
        FactValue::Count(count) => count.to_string(),
        FactValue::Number(number) => format!("{number:.2}"),
    }
}

fn figures(node: &Node) -> String {
    let mut text = node.estimate.map(estimate).unwrap_or_default();
    for fact in &node.actual {
        let gap = if text.is_empty() { "" } else { "  " };
        let _ = write!(text, "{gap}{} {}", fact.name, fact_text(fact));
    }
    text
}

pub(super) fn source(source: EstimateSource) -> &'static str {
    match source {
        EstimateSource::Exact => "exact",
        EstimateSource::Sample => "sample",
        EstimateSource::Histogram => "histogram",
        EstimateSource::Segments => "segments",
        EstimateSource::Guess => "guess",
    }
}

fn estimate(estimate: Estimate) -> String {
    format!("~{:.0} rows ({})", estimate.rows, source(estimate.source))
}

/// Puts the figures of all operators below each other, right of the longest operator line.
fn align(lines: &[Line]) -> String {
    let figured = lines.iter().filter(|line| !line.right.is_empty());
    let width = figured.map(|line| line.left.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.left);
        if !line.right.is_empty() {
            let gap = width - line.left.chars().count() + 2;
            let _ = write!(text, "{:gap$}{}", "", line.right);
        }
        text.push('\n');
    }
    text
}
