//! Refuses text that would nest a tree too deeply, before there is a tree.
//!
//! The depth of a tree is at most the sum, over the open brackets, of what each level can add: one
//! for the bracket, four for a SELECT, one for each operator since the last separator, one for
//! each join. The count is an upper bound, cheap, and needs no tree; AND, OR, commas and set
//! operations separate, because they make lists.

use diag::{Code, Diagnostic, Span};

use crate::DEPTH_MAX;
use crate::token::Kind;

/// What one open bracket adds.
#[derive(Clone, Copy, Default)]
struct Level {
    bracket: u32,
    select: u32,
    chain: u32,
    joins: u32,
}

impl Level {
    fn depth(self) -> u32 {
        self.bracket + self.select + self.chain + self.joins
    }
}

/// The depth so far.
pub(crate) struct Depth {
    levels: Vec<Level>,
    /// The sum over all levels but the last.
    below: u32,
    current: Level,
}

impl Depth {
    pub(crate) fn new() -> Depth {
        Depth { levels: Vec::new(), below: 0, current: Level::default() }
    }

    /// Counts a token; an error says that it nests too deeply.
    pub(crate) fn count(&mut self, kind: Kind, span: Span) -> diag::Result<()> {
        match kind {
            Kind::LeftParen | Kind::LeftBracket | Kind::Case => self.open(),
            Kind::RightParen | Kind::End => self.close(),
            Kind::RightBracket => {
                self.close();
                self.current.chain += 1;
            }
            Kind::Select | Kind::Values => {
                self.current =
                    Level { select: 4, bracket: self.current.bracket, ..Level::default() };
            }
            Kind::Comma | Kind::Where | Kind::GroupBy | Kind::Having | Kind::OrderBy => {
                (self.current.chain, self.current.joins) = (0, 0);
            }
            Kind::Join | Kind::JoinFree => {
                self.current.joins += 1;
                self.current.chain = 0;
            }
            Kind::And | Kind::Or | Kind::On | Kind::When | Kind::Then | Kind::Else => {
                self.current.chain = 0;
            }
            kind if deepens(kind) => self.current.chain += 1,
            _ => return Ok(()),
        }
        if self.below + self.current.depth() > DEPTH_MAX { Err(too_deep(span)) } else { Ok(()) }
    }

    fn open(&mut self) {
        self.below += self.current.depth();
        self.levels.push(self.current);
        self.current = Level { bracket: 1, ..Level::default() };
    }

    fn close(&mut self) {
        if let Some(level) = self.levels.pop() {
            self.below -= level.depth();
            self.current = level;
        }
    }
}

/// Tokens that put one node on top of another.
fn deepens(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Plus
            | Kind::Minus
            | Kind::Star
            | Kind::Tilde
            | Kind::Operator
            | Kind::Comparison
            | Kind::Equal
            | Kind::Not
            | Kind::NotLa
            | Kind::Like
            | Kind::Between
            | Kind::In
            | Kind::Is
            | Kind::Isnull
            | Kind::Notnull
            | Kind::Collate
            | Kind::Cast
            | Kind::AtTimeZone
            | Kind::AtLocal
            | Kind::Dot
            | Kind::Explain
            | Kind::Prepare
            | Kind::Escape
    )
}

fn too_deep(span: Span) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::at(Code::TooDeep, span, "the statement is nested too deeply")
            .primary(format!("deeper than {DEPTH_MAX} levels"))
            .help("split long chains of operators and subqueries, or use IN and lists"),
    )
}
