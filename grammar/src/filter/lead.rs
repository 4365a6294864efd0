//! Words that start a statement: free for names everywhere else.

use super::{Filter, Fused};
use crate::token::Kind;
use crate::word::Word;

impl Filter<'_> {
    /// Whether a statement may start behind `kind`: after EXPLAIN and its words and options, and
    /// after the AS of PREPARE.
    pub(super) fn starts_statement(&mut self, kind: Kind) -> bool {
        match kind {
            Kind::Explain | Kind::LeadWord => self.lead == Kind::Explain,
            Kind::As => self.lead == Kind::Prepare && self.levels.is_empty(),
            Kind::RightParen if self.explain_options && self.levels.is_empty() => {
                self.explain_options = false;
                true
            }
            _ => false,
        }
    }

    pub(super) fn lead_rule(&mut self, word: Word) -> Option<Fused> {
        match word {
            Word::Begin => Some((1 + self.begin_words(), Kind::Begin)),
            Word::Start if self.word(1) == Word::Transaction => Some((2, Kind::Begin)),
            Word::Commit | Word::End => Some((1 + self.work_word(), Kind::Commit)),
            Word::Rollback | Word::Abort => Some((1 + self.work_word(), Kind::Rollback)),
            Word::Savepoint => Some((1, Kind::Savepoint)),
            Word::Release => Some((1 + self.optional(Word::Savepoint), Kind::Release)),
            Word::Explain => Some((1, Kind::Explain)),
            Word::Analyze | Word::Verbose if self.lead == Kind::Explain => {
                Some((1, Kind::LeadWord))
            }
            Word::Set => self.set_words(),
            Word::Reset => Some((1, Kind::Reset)),
            Word::Show => Some((1, Kind::Show)),
            Word::Vacuum => Some((1, Kind::Vacuum)),
            Word::Analyze => Some((1 + self.optional(Word::Verbose), Kind::Analyze)),
            Word::Copy => Some((1, Kind::Copy)),
            Word::Prepare => Some((1, Kind::Prepare)),
            Word::Execute => Some((1, Kind::Execute)),
            Word::Deallocate => Some((1 + self.optional(Word::Prepare), Kind::Deallocate)),
            Word::Describe | Word::Desc => {
                let noun = matches!(self.word(1), Word::Table | Word::View);
                Some((1 + usize::from(noun), Kind::Describe))
            }
            Word::Comment => self.comment_words(),
            Word::Truncate => Some((1 + self.optional(Word::Table), Kind::Truncate)),
            Word::Update => Some((1, Kind::Update)),
            Word::Create => self.create_words(),
            Word::Drop => self.drop_words(),
            Word::Alter if self.word(1) == Word::Table => {
                Some((2 + self.if_exists(2), Kind::AlterTable))
            }
            _ => None,
        }
    }

    fn optional(&self, word: Word) -> usize {
        usize::from(self.word(1) == word)
    }

    fn begin_words(&self) -> usize {
        let known =
            [Word::Transaction, Word::Work, Word::Deferred, Word::Immediate, Word::Exclusive];
        let one = usize::from(known.contains(&self.word(1)));
        one + usize::from(one == 1 && self.word(2) == Word::Transaction)
    }

    fn work_word(&self) -> usize {
        usize::from(matches!(self.word(1), Word::Transaction | Word::Work))
    }

    fn set_words(&self) -> Option<Fused> {
        match self.word(1) {
            Word::Time if self.word(2) == Word::Zone => Some((3, Kind::SetTimeZone)),
            Word::Local | Word::Session if self.kind(2) == Kind::Name => {
                Some(if self.follows(&[self.word(1), Word::Time, Word::Zone]) {
                    (4, Kind::SetTimeZone)
                } else {
                    (2, Kind::Set)
                })
            }
            _ => Some((1, Kind::Set)),
        }
    }

    fn comment_words(&self) -> Option<Fused> {
        let kinds = [Word::Table, Word::View, Word::Index, Word::Schema, Word::Column];
        let known = self.kind(1) == Kind::On && kinds.contains(&self.word(2));
        known.then_some((3, Kind::CommentOn))
    }

    /// `CREATE [OR REPLACE] [TEMPORARY | UNIQUE] TABLE | VIEW | INDEX [IF NOT EXISTS]`.
    fn create_words(&self) -> Option<Fused> {
        let mut count = 1;
        if self.kind(count) == Kind::Or && self.word(count + 1) == Word::Replace {
            count += 2;
        }
        while matches!(self.word(count), Word::Temp | Word::Temporary | Word::Unique | Word::Local)
        {
            count += 1;
        }
        let kind = match self.word(count) {
            Word::Table => Kind::CreateTable,
            Word::View => Kind::CreateView,
            Word::Index => Kind::CreateIndex,
            _ => return None,
        };
        count += 1;
        let words = [self.word(count), self.word(count + 1), self.word(count + 2)];
        if words == [Word::If, Word::Not, Word::Exists] {
            count += 3;
        }
        Some((count, kind))
    }

    fn drop_words(&self) -> Option<Fused> {
        match self.word(1) {
            Word::Table | Word::View | Word::Index | Word::Schema => {
                Some((2 + self.if_exists(2), Kind::Drop))
            }
            _ => None,
        }
    }

    /// How many tokens `IF [NOT] EXISTS` takes at `ahead`.
    pub(super) fn if_exists(&self, ahead: usize) -> usize {
        if self.word(ahead) != Word::If {
            return 0;
        }
        match (self.word(ahead + 1), self.word(ahead + 2)) {
            (Word::Exists, _) => 2,
            (Word::Not, Word::Exists) => 3,
            _ => 0,
        }
    }
}
