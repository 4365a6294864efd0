//! Text to tokens to syntax tree; nothing semantic.

pub mod ast;

mod act;
mod chain;
mod context;
mod depth;
mod expected;
mod filter;
mod lexer;
mod literal;
mod not_built;
mod parse;
mod phrase;
mod print;
mod script;
mod token;
mod word;

pub use parse::{parse_script, parse_statement};
pub use print::{dump, print, print_expr};
pub use script::{ClassifiedToken, Split, TokenClass, keywords, split, tokens};

#[allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::allow_attributes_without_reason,
    unused,
    missing_docs,
    unreachable_pub,
    reason = "generated"
)]
mod grammar {
    lalrpop_util::lalrpop_mod!(generated, "/grammar.rs");
    pub(crate) use generated::StatementParser;
}

/// How deep a statement may nest: parentheses, subqueries, CASE, and chains of one operator.
///
/// Deeper text is refused with [`diag::Code::TooDeep`], so that every visitor of a tree, its drop
/// included, fits on a small stack.
pub const DEPTH_MAX: u32 = 500;
