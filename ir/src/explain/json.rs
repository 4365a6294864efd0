//! The JSON form of a plan: stable names, so that tools may read it.
//!
//! `{"operator", "detail", "rows": {"estimate", "source"}, "actual": {…}, "facts": {…}, "inputs": […]}`.

use std::fmt::Write as _;

use super::node::{Fact, FactValue, Node};
use super::text::source;

impl Node {
    /// Returns the tree as one JSON object on one line.
    pub fn json(&self) -> String {
        let mut out = String::new();
        write_node(self, &mut out);
        out
    }
}

fn write_node(node: &Node, out: &mut String) {
    out.push_str("{\"operator\":");
    write_text(&node.name, out);
    out.push_str(",\"detail\":");
    write_text(&node.detail, out);
    if let Some(estimate) = node.estimate {
        out.push_str(",\"rows\":{\"estimate\":");
        write_number(estimate.rows.round(), out);
        let _ = write!(out, ",\"source\":\"{}\"}}", source(estimate.source));
    }
    if !node.actual.is_empty() {
        out.push_str(",\"actual\":");
        write_facts(&node.actual, out);
    }
    out.push_str(",\"facts\":");
    write_facts(&node.facts, out);
    out.push_str(",\"inputs\":[");
    for (number, input) in node.inputs.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        write_node(input, out);
    }
    out.push_str("]}");
}

fn write_facts(facts: &[Fact], out: &mut String) {
    out.push('{');
    for (number, fact) in facts.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        write_text(fact.name, out);
        out.push(':');
        write_value(&fact.value, out);
    }
    out.push('}');
}

fn write_value(value: &FactValue, out: &mut String) {
    match value {
        FactValue::Text(text) => write_text(text, out),
        FactValue::List(list) => {
            out.push('[');
            for (number, text) in list.iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                write_text(text, out);
            }
            out.push(']');
        }
        FactValue::Count(count) => {
            let _ = write!(out, "{count}");
        }
        FactValue::Number(number) => write_number(*number, out),
    }
}

/// JSON has no infinities and no NaN: they become null.
fn write_number(number: f64, out: &mut String) {
    if number.is_finite() {
        let _ = write!(out, "{number}");
    } else {
        out.push_str("null");
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
