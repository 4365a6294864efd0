//! Places in a statement's text: half-open ranges of bytes.

use std::fmt;

/// A half-open byte range `[start, end)` of one source text.
///
/// A span never takes part in equality of meaning: two plans that differ only in spans are the
/// same plan. Types that hold one compare and hash without it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The empty span at the start of the text: for nodes that no text stands behind.
    pub const NONE: Span = Span { start: 0, end: 0 };

    /// Returns the span `[start, end)`.
    pub fn new(start: u32, end: u32) -> Span {
        debug_assert!(start <= end, "a span runs forwards");
        Span { start, end }
    }

    /// Returns the smallest span that covers both; [`Span::NONE`] is neutral.
    pub fn to(self, other: Span) -> Span {
        if self == Span::NONE {
            return other;
        }
        if other == Span::NONE {
            return self;
        }
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Returns the part that ends where `inner`, which lies in it, begins: the words before a name.
    pub fn before(self, inner: Span) -> Span {
        Span { start: self.start, end: inner.start.clamp(self.start, self.end) }
    }

    /// Returns the text under the span, or "" where the span does not lie on character borders.
    pub fn text(self, source: &str) -> &str {
        source.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// A value with the place that it came from. `Debug` shows the value alone, as equality sees it.
#[derive(Clone)]
pub struct Spanned<T> {
    /// The value.
    pub node: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Returns `node` at `span`.
    pub fn new(node: T, span: Span) -> Spanned<T> {
        Spanned { node, span }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Spanned<T>) -> bool {
        self.node == other.node
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T: fmt::Debug> fmt::Debug for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
