//! What a table holds at one moment, twice: as pieces, and as what is true in each cell of time.
//!
//! Valid time is cut at [`DAYS`] midnights into cells, the first and the last without an end, and
//! every period of a history ends at such a cut. The pieces follow the standard's rule of splitting,
//! from which counts and rows follow; the cells know no pieces at all, only "change what is true
//! here". After every statement the two must say the same: that is how the model checks itself.

/// Midnights that cut the time: bounds are 0 for `-infinity`, 1 to `DAYS`, and [`OPEN`].
pub(crate) const DAYS: usize = 6;
/// The bound `infinity`.
pub(crate) const OPEN: usize = DAYS + 1;

/// A key and a value.
pub(crate) type Pair = (i64, i64);

/// A row: a pair that is true from one bound to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Piece {
    pub(crate) pair: Pair,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// A range of bounds; one without an instant holds none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// All of time.
pub(crate) const ALWAYS: Span = Span { from: 0, to: OPEN };

/// Which rows of a key may stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyRule {
    /// All: there is no key.
    Free,
    /// Those whose periods share no instant.
    OneAtATime,
    /// None.
    OneRow,
}

/// A moment of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    pieces: Vec<Piece>,
    /// The pairs that are true in each cell, sorted.
    cells: [Vec<Pair>; OPEN],
}

/// What a statement makes of a moment.
pub(crate) struct Change {
    /// Rows that it is about.
    pub(crate) matched: u64,
    /// True if one of them becomes another.
    pub(crate) differs: bool,
    pub(crate) next: Moment,
}

impl Piece {
    pub(crate) fn overlaps(&self, span: Span) -> bool {
        self.from < span.to && span.from < self.to
    }
}

impl Moment {
    /// Returns the rows, sorted.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Returns the moment with these rows more.
    pub(crate) fn with(&self, new: &[Piece]) -> Change {
        let matched = new.len() as u64;
        Change { matched, differs: matched > 0, next: self.joined_by(new) }
    }

    fn joined_by(&self, new: &[Piece]) -> Moment {
        let mut next = self.clone();
        for piece in new {
            next.pieces.push(*piece);
            for cell in piece.from..piece.to {
                next.cells[cell].push(piece.pair);
            }
        }
        next.settled()
    }

    /// Changes what is true during `span` by `change`, which returns `None` for what it leaves alone
    /// and nothing for what goes.
    pub(crate) fn changed(
        &self,
        span: Span,
        change: impl Fn(Pair) -> Option<Option<Pair>>,
    ) -> Change {
        let mut next = Moment::default();
        let (mut matched, mut differs) = (0, false);
        for piece in &self.pieces {
            let shared = span.from < span.to && piece.overlaps(span);
            let new = change(piece.pair).filter(|_| shared);
            matched += u64::from(new.is_some());
            differs |= new.is_some_and(|new| new != Some(piece.pair));
            next.pieces.extend(split(*piece, span, new));
        }
        for (cell, pairs) in self.cells.iter().enumerate() {
            let inside = span.from <= cell && cell < span.to;
            let pairs = pairs.iter().filter_map(|pair| match change(*pair) {
                Some(new) if inside => new,
                Some(_) | None => Some(*pair),
            });
            next.cells[cell] = pairs.collect();
        }
        Change { matched, differs, next: next.settled() }
    }

    /// Moves whole rows; `None` if one would not begin before it ends.
    pub(crate) fn moved(&self, to: impl Fn(Piece) -> Option<Span>) -> Option<Change> {
        let (mut matched, mut differs, mut pieces) = (0, false, Vec::new());
        for piece in &self.pieces {
            let span = to(*piece);
            matched += u64::from(span.is_some());
            let Span { from, to } = span.unwrap_or(Span { from: piece.from, to: piece.to });
            differs |= (from, to) != (piece.from, piece.to);
            pieces.push(Piece { from, to, ..*piece });
        }
        let valid = pieces.iter().all(|piece| piece.from < piece.to);
        valid.then(|| Change { matched, differs, next: Moment::default().joined_by(&pieces) })
    }

    /// True if two rows of one key stand as the rule forbids.
    pub(crate) fn conflicts(&self, rule: KeyRule) -> bool {
        let pairs = self.pieces.iter().enumerate();
        pairs.flat_map(|(at, one)| self.pieces[..at].iter().map(move |other| (one, other))).any(
            |(one, other)| {
                let same = one.pair.0 == other.pair.0;
                same && match rule {
                    KeyRule::Free => false,
                    KeyRule::OneAtATime => one.overlaps(Span { from: other.from, to: other.to }),
                    KeyRule::OneRow => true,
                }
            },
        )
    }

    /// Sorts, and compares the pieces with the cells.
    fn settled(mut self) -> Moment {
        self.pieces.sort_unstable();
        self.cells.iter_mut().for_each(|pairs| pairs.sort_unstable());
        for (cell, pairs) in self.cells.iter().enumerate() {
            let here = self.pieces.iter().filter(|piece| piece.from <= cell && cell < piece.to);
            let mut here: Vec<Pair> = here.map(|piece| piece.pair).collect();
            here.sort_unstable();
            assert_eq!(here, *pairs, "the model agrees with itself in cell {cell}");
        }
        self
    }
}

/// Returns what becomes of a row: itself, or its changed part and what the span leaves of it.
fn split(piece: Piece, span: Span, new: Option<Option<Pair>>) -> Vec<Piece> {
    match new {
        None => vec![piece],
        Some(Some(pair)) if pair == piece.pair => vec![piece],
        Some(new) => {
            let before = Piece { to: span.from.min(piece.to), ..piece };
            let after = Piece { from: span.to.max(piece.from), ..piece };
            let part = new.map(|pair| Piece {
                pair,
                from: piece.from.max(span.from),
                to: piece.to.min(span.to),
            });
            let parts = [Some(before), part, Some(after)].into_iter().flatten();
            parts.filter(|part| part.from < part.to).collect()
        }
    }
}
