//! Text to tokens to syntax tree; nothing semantic.

pub mod ast;

/// How deep a statement may nest: parentheses, subqueries, CASE, and chains of one operator.
///
/// Deeper text is refused with [`diag::Code::TooDeep`], so that every visitor of a tree, its drop
/// included, fits on a small stack.
pub const DEPTH_MAX: u32 = 500;
