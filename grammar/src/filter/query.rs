//! Words of queries, expressions, temporal clauses and types.

use super::{Filter, Fused, Interval};
use crate::token::Kind;
use crate::word::Word;

impl Filter<'_> {
    pub(super) fn query_rule(&mut self, word: Word) -> Option<Fused> {
        self.temporal_rule(word)
            .or_else(|| self.clause_rule(word))
            .or_else(|| self.window_rule(word))
            .or_else(|| self.expression_rule(word))
            .or_else(|| self.type_rule(word))
    }

    fn temporal_rule(&self, word: Word) -> Option<Fused> {
        match word {
            Word::As if self.follows(&[Word::Of]) => self.as_of_words(),
            Word::Valid if self.follows(&[Word::At]) => {
                let zone = matches!(self.word(2), Word::Time | Word::Local);
                (!zone).then_some((2, Kind::ValidAt))
            }
            Word::Valid if self.kind(1) == Kind::From && self.after_operand() => {
                Some((2, Kind::ValidFrom))
            }
            Word::Changes if self.kind(1) == Kind::From && self.after_operand() => {
                Some((2, Kind::ChangesFrom))
            }
            Word::Contained if self.kind(1) == Kind::In && self.after_operand() => {
                Some((2, Kind::ContainedIn))
            }
            Word::For => self.for_words(),
            Word::Overlaps | Word::Contains | Word::Equals | Word::Precedes | Word::Succeeds
                if self.infix(1) =>
            {
                Some((1, Kind::Comparison))
            }
            Word::Immediately
                if matches!(self.word(1), Word::Precedes | Word::Succeeds) && self.infix(2) =>
            {
                Some((2, Kind::Comparison))
            }
            _ => None,
        }
    }

    /// `AS OF` before a bound; before anything else `of` is an alias.
    fn as_of_words(&self) -> Option<Fused> {
        let epoch =
            self.word(2) == Word::Epoch && matches!(self.kind(3), Kind::Integer | Kind::Parameter);
        if epoch {
            return Some((3, Kind::AsOf));
        }
        let bound = self.peek(2)?;
        let plain = match bound.kind {
            Kind::Name => {
                bound.word == Word::None
                    || self.kind(3) == Kind::String
                    || self.kind(3) == Kind::LeftParen
            }
            _ => bound.starts_operand(),
        };
        plain.then_some((2, Kind::AsOf))
    }

    fn for_words(&self) -> Option<Fused> {
        let lock = match (self.word(1), self.word(2), self.word(3)) {
            (Word::Update | Word::Share, _, _) => 2,
            (Word::Key, Word::Share, _) => 3,
            (Word::No, Word::Key, Word::Update) => 4,
            (Word::Portion, Word::Of, _) => return Some((3, Kind::PortionOf)),
            _ => return None,
        };
        let wait = match (self.word(lock), self.word(lock + 1)) {
            (Word::Nowait, _) => 1,
            (Word::Skip, Word::Locked) => 2,
            _ => 0,
        };
        Some((lock + wait, Kind::ForLock))
    }

    /// Whether a word between two operands is an operator. In definitions and in COPY's bare
    /// options two names stand side by side, so there it is none.
    fn infix(&self, ahead: usize) -> bool {
        let bare = matches!(self.lead, Kind::Copy | Kind::AlterTable) && self.levels.is_empty();
        self.after_operand() && self.operand_follows(ahead) && !bare
    }

    fn clause_rule(&self, word: Word) -> Option<Fused> {
        match word {
            Word::Order if self.follows(&[Word::By]) => Some((2, Kind::OrderBy)),
            Word::Group if self.follows(&[Word::By]) => Some((2, Kind::GroupBy)),
            Word::Grouping if self.follows(&[Word::Sets]) => Some((2, Kind::GroupingSets)),
            Word::Nulls if self.word(1) == Word::First => Some((2, Kind::NullsFirst)),
            Word::Nulls if self.word(1) == Word::Last => Some((2, Kind::NullsLast)),
            Word::Fetch if matches!(self.word(1), Word::First | Word::Next) => {
                Some((2, Kind::FetchFirst))
            }
            Word::Row | Word::Rows if self.word(1) == Word::Only => Some((2, Kind::RowsOnly)),
            Word::Row | Word::Rows if self.word(1) == Word::With && self.word(2) == Word::Ties => {
                Some((3, Kind::WithTies))
            }
            // `TABLE t` is `FROM t`, which selects all columns.
            Word::Table if self.kind(1) == Kind::Name => Some((1, Kind::From)),
            Word::With => self.with_words(),
            Word::Without if self.follows(&[Word::Time, Word::Zone]) => {
                Some((3, Kind::WithoutTimeZone))
            }
            Word::Without if self.follows(&[Word::Overlaps]) => Some((2, Kind::WithoutOverlaps)),
            Word::Without if self.follows(&[Word::System, Word::Versioning]) => {
                Some((3, Kind::SystemVersioning))
            }
            Word::As if self.word(1) == Word::Materialized && self.kind(2) == Kind::LeftParen => {
                Some((2, Kind::AsMaterialized))
            }
            Word::As if self.follows(&[Word::Not, Word::Materialized]) => {
                Some((3, Kind::AsMaterialized))
            }
            Word::Using if self.word(1) == Word::Period && self.kind(2) == Kind::Name => {
                Some((2, Kind::UsingPeriod))
            }
            Word::Exclude if self.after_select_star() => Some((1, Kind::StarExclude)),
            Word::Replace if self.replaces() => Some((1, Kind::StarReplace)),
            Word::Left | Word::Right if self.kind(1) == Kind::LeftParen => Some((1, Kind::Name)),
            Word::Asof
            | Word::Temporal
            | Word::Left
            | Word::Right
            | Word::Full
            | Word::Inner
            | Word::Semi
            | Word::Anti
            | Word::Cross
            | Word::Natural
            | Word::Join => self.join_words(),
            _ => None,
        }
    }

    fn with_words(&self) -> Option<Fused> {
        match (self.word(1), self.word(2)) {
            (Word::Recursive, _) if self.kind(2) == Kind::Name => Some((2, Kind::WithRecursive)),
            (Word::Ordinality, _) => Some((2, Kind::WithOrdinality)),
            (Word::Time, Word::Zone) => Some((3, Kind::WithTimeZone)),
            (Word::System, Word::Versioning) => Some((3, Kind::SystemVersioning)),
            (Word::Data, _) if self.lead == Kind::CreateTable => Some((2, Kind::WithData)),
            (Word::No, Word::Data) => Some((3, Kind::WithNoData)),
            _ => None,
        }
    }

    fn after_select_star(&self) -> bool {
        self.prev == Kind::Star
            && matches!(
                self.prev2,
                Kind::Select
                    | Kind::Comma
                    | Kind::Dot
                    | Kind::Distinct
                    | Kind::All
                    | Kind::Returning
                    | Kind::RightParen
            )
    }

    fn replaces(&self) -> bool {
        self.kind(1) == Kind::LeftParen
            && (self.after_select_star() || self.prev == Kind::RightParen)
    }

    /// `[ASOF | TEMPORAL] [LEFT | RIGHT | FULL | INNER | SEMI | ANTI] [OUTER] JOIN`, and
    /// `CROSS JOIN`, `NATURAL … JOIN`, which take no condition.
    fn join_words(&self) -> Option<Fused> {
        let mut count = 0;
        let free = matches!(self.word(0), Word::Cross | Word::Natural);
        if free || matches!(self.word(0), Word::Asof | Word::Temporal) {
            count += 1;
        }
        let sided = matches!(
            self.word(count),
            Word::Left | Word::Right | Word::Full | Word::Inner | Word::Semi | Word::Anti
        );
        if sided && self.word(0) != Word::Cross {
            count += 1;
            count += usize::from(self.word(count) == Word::Outer);
        }
        let kind = if free { Kind::JoinFree } else { Kind::Join };
        (self.word(count) == Word::Join).then_some((count + 1, kind))
    }

    fn window_rule(&self, word: Word) -> Option<Fused> {
        match word {
            Word::Partition if self.follows(&[Word::By]) => Some((2, Kind::PartitionBy)),
            Word::Over if matches!(self.prev, Kind::RightParen | Kind::NullTreatment) => {
                matches!(self.kind(1), Kind::LeftParen | Kind::Name).then_some((1, Kind::Over))
            }
            Word::Filter if self.kind(1) == Kind::LeftParen && self.kind(2) == Kind::Where => {
                Some((1, Kind::Filter))
            }
            Word::Within if self.word(1) == Word::Group && self.kind(2) == Kind::LeftParen => {
                Some((2, Kind::WithinGroup))
            }
            Word::Ignore | Word::Respect
                if self.prev == Kind::RightParen && self.word(1) == Word::Nulls =>
            {
                Some((2, Kind::NullTreatment))
            }
            _ if self.in_window() => self.frame_rule(word),
            _ => None,
        }
    }

    fn frame_rule(&self, word: Word) -> Option<Fused> {
        match word {
            Word::Rows | Word::Range | Word::Groups => {
                let bound = self.kind(1) == Kind::Between
                    || matches!(self.word(1), Word::Unbounded | Word::Current)
                    || self.operand_follows(1);
                (bound && self.prev != Kind::Comma).then_some((1, Kind::FrameUnits))
            }
            Word::Unbounded if self.word(1) == Word::Preceding => {
                Some((2, Kind::UnboundedPreceding))
            }
            Word::Unbounded if self.word(1) == Word::Following => {
                Some((2, Kind::UnboundedFollowing))
            }
            Word::Current if self.word(1) == Word::Row => Some((2, Kind::CurrentRow)),
            Word::Preceding if self.after_operand() => Some((1, Kind::Preceding)),
            Word::Following if self.after_operand() => Some((1, Kind::Following)),
            Word::Exclude => match (self.word(1), self.word(2)) {
                (Word::Group | Word::Ties, _) => Some((2, Kind::FrameExclude)),
                (Word::Current, Word::Row) | (Word::No, Word::Others) => {
                    Some((3, Kind::FrameExclude))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn expression_rule(&self, word: Word) -> Option<Fused> {
        match word {
            Word::Not => self.not_words(),
            Word::Between if self.word(1) == Word::Symmetric => Some((2, Kind::Between)),
            Word::Similar if self.kind(1) == Kind::To && self.operand_before() => {
                Some((2, Kind::Like))
            }
            Word::Escape if self.infix(1) => Some((1, Kind::Escape)),
            Word::At if self.follows(&[Word::Time, Word::Zone]) && self.after_operand() => {
                Some((3, Kind::AtTimeZone))
            }
            Word::At if self.word(1) == Word::Local && self.after_operand() => {
                Some((2, Kind::AtLocal))
            }
            Word::Placing if self.after_operand() => Some((1, Kind::Placing)),
            Word::Both | Word::Leading | Word::Trailing
                if self.prev == Kind::LeftParen && self.prev2 == Kind::Trim =>
            {
                Some((1, Kind::TrimSide))
            }
            _ if self.kind(1) == Kind::LeftParen && self.may_call() => {
                special_call(word).map(|kind| (1, kind))
            }
            _ => None,
        }
    }

    fn operand_before(&self) -> bool {
        self.after_operand() || self.prev == Kind::NotLa
    }

    fn not_words(&self) -> Option<Fused> {
        let negates = matches!(self.kind(1), Kind::Between | Kind::In | Kind::Like)
            || self.follows(&[Word::Similar, Word::To]);
        negates.then_some((1, Kind::NotLa))
    }

    /// Whether a name with a parenthesis behind it can be a call here, not a table with columns.
    fn may_call(&self) -> bool {
        let names_a_table = matches!(
            self.prev,
            Kind::CreateTable | Kind::CreateView | Kind::InsertInto | Kind::References
        ) || matches!(self.prev, Kind::Copy | Kind::As | Kind::With);
        !(names_a_table || self.lead == Kind::CreateIndex && self.prev == Kind::On)
    }

    fn type_rule(&self, word: Word) -> Option<Fused> {
        match word {
            Word::Interval
            | Word::Date
            | Word::Time
            | Word::Timestamp
            | Word::Timestamptz
            | Word::Timetz
            | Word::Uuid
            | Word::Json
            | Word::Jsonb
                if self.kind(1) == Kind::String =>
            {
                Some((1, Kind::TypedLiteral))
            }
            Word::Time | Word::Timestamp if self.zoned_literal() => Some((4, Kind::TypedLiteral)),
            Word::Double if self.word(1) == Word::Precision => Some((2, Kind::TypeWords)),
            Word::Character if self.word(1) == Word::Varying => Some((2, Kind::TypeWords)),
            _ if is_unit(word) && self.interval == Interval::Text => Some((1, Kind::Unit)),
            Word::To if self.interval == Interval::Unit && is_unit(self.word(1)) => {
                Some((2, Kind::Unit))
            }
            _ => None,
        }
    }

    fn zoned_literal(&self) -> bool {
        matches!(self.word(1), Word::With | Word::Without)
            && self.word(2) == Word::Time
            && self.word(3) == Word::Zone
            && self.kind(4) == Kind::String
    }
}

fn is_unit(word: Word) -> bool {
    matches!(
        word,
        Word::Year
            | Word::Quarter
            | Word::Month
            | Word::Week
            | Word::Day
            | Word::Hour
            | Word::Minute
            | Word::Second
            | Word::Millisecond
            | Word::Microsecond
    )
}

/// Words that take special arguments in parentheses.
fn special_call(word: Word) -> Option<Kind> {
    match word {
        Word::Exists => Some(Kind::Exists),
        Word::Extract => Some(Kind::Extract),
        Word::Position => Some(Kind::Position),
        Word::Substring => Some(Kind::Substring),
        Word::Overlay => Some(Kind::Overlay),
        Word::Trim => Some(Kind::Trim),
        Word::Row => Some(Kind::RowValue),
        Word::TryCast => Some(Kind::TryCast),
        _ => None,
    }
}
