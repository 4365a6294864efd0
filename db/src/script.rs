//! Text before it is parsed: splitting at `;`, tokens for colours, words for completion.
//!
//! For shells and servers: they need to know where a statement ends and whether it is whole, long
//! before anyone parses it.

pub use grammar::{ClassifiedToken, Split, TokenClass, keywords, split, tokens};

use grammar::ast::{Statement, StatementKind};

/// Returns a text that holds one statement from its first token to its last.
///
/// Places in errors count from the first token. A text with several statements, or none, is
/// returned as it is, for the parser to say so.
pub(crate) fn trim(text: &str) -> &str {
    let cut = split(text);
    match (cut.complete.as_slice(), cut.rest) {
        ([], Some(only)) if !cut.unterminated => only.text(text),
        ([only], None) if !cut.unterminated => only.text(text),
        _ => text.trim_start(),
    }
}

/// True of COMMIT and of ROLLBACK.
pub(crate) fn ends_transaction(tree: &Statement) -> bool {
    matches!(tree.node, StatementKind::Commit | StatementKind::Rollback(_))
}
