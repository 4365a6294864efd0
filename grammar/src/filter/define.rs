//! Words of definitions and of statements other than queries.

use super::{Filter, Fused};
use crate::token::Kind;
use crate::word::Word;

impl Filter<'_> {
    pub(super) fn definition_rule(&mut self, word: Word) -> Option<Fused> {
        match word {
            Word::Primary if self.follows(&[Word::Key]) => Some((2, Kind::PrimaryKey)),
            Word::Foreign if self.follows(&[Word::Key]) => Some((2, Kind::ForeignKey)),
            Word::Period if self.follows(&[Word::For]) => Some((2, Kind::PeriodFor)),
            Word::Generated => self.generated_words(),
            Word::Stored | Word::Virtual if self.defines() && self.prev == Kind::RightParen => {
                Some((1, Kind::Stored))
            }
            Word::Include if self.lead == Kind::CreateIndex && self.kind(1) == Kind::LeftParen => {
                Some((1, Kind::Include))
            }
            Word::On => self.on_words(),
            Word::Do if self.follows(&[Word::Nothing]) => Some((2, Kind::DoNothing)),
            Word::Do if self.follows(&[Word::Update]) => Some((2, Kind::DoUpdate)),
            Word::Insert if self.kind(1) == Kind::Into => Some((2, Kind::InsertInto)),
            Word::Delete if self.kind(1) == Kind::From => Some((2, Kind::DeleteFrom)),
            Word::Update if self.lead_is_with() && self.prev == Kind::RightParen => {
                Some((1, Kind::Update))
            }
            Word::Set
                if self.awaiting_set && (self.after_operand() || self.prev == Kind::DoUpdate) =>
            {
                Some((1, Kind::Set))
            }
            Word::Cascade | Word::Restrict
                if matches!(self.lead, Kind::Drop | Kind::AlterTable)
                    && self.levels.is_empty()
                    && self.prev == Kind::Name =>
            {
                Some((1, Kind::Cascade))
            }
            Word::To if self.lead == Kind::Rollback && self.follows(&[Word::Savepoint]) => {
                Some((2, Kind::To))
            }
            Word::Read | Word::Isolation if self.lead == Kind::Begin => self.transaction_mode(),
            Word::Full | Word::Verbose | Word::Analyze
                if self.lead == Kind::Vacuum
                    && matches!(self.prev, Kind::Vacuum | Kind::LeadWord) =>
            {
                Some((1, Kind::LeadWord))
            }
            _ if self.lead == Kind::AlterTable && self.levels.is_empty() => self.alter_words(word),
            _ => None,
        }
    }

    fn defines(&self) -> bool {
        matches!(self.lead, Kind::CreateTable | Kind::AlterTable)
    }

    fn lead_is_with(&self) -> bool {
        matches!(self.lead, Kind::With | Kind::WithRecursive | Kind::Explain | Kind::Prepare)
    }

    fn generated_words(&self) -> Option<Fused> {
        let always = self.follows(&[Word::Always, Word::As]);
        if always && self.kind(3) == Kind::LeftParen {
            return Some((3, Kind::GeneratedAs));
        }
        if always && self.word(3) == Word::Identity {
            return Some((4, Kind::GeneratedWords));
        }
        if always && self.word(3) == Word::Row {
            let end = matches!(self.word(4), Word::Start | Word::End);
            return end.then_some((5, Kind::GeneratedWords));
        }
        self.follows(&[Word::By, Word::Default, Word::As, Word::Identity])
            .then_some((5, Kind::GeneratedWords))
    }

    /// `ON CONFLICT`, `ON CONSTRAINT`, `ON DELETE CASCADE`.
    fn on_words(&self) -> Option<Fused> {
        match self.word(1) {
            Word::Conflict => {
                let conflict =
                    matches!(self.word(2), Word::Do | Word::On) || self.kind(2) == Kind::LeftParen;
                conflict.then_some((2, Kind::OnConflict))
            }
            Word::Constraint if self.prev == Kind::OnConflict => Some((2, Kind::OnConstraint)),
            Word::Delete | Word::Update if self.defines() => {
                let count = match (self.word(2), self.word(3)) {
                    (Word::Cascade | Word::Restrict, _) => 3,
                    (Word::No, Word::Action) | (Word::Set, Word::Null | Word::Default) => 4,
                    _ => return None,
                };
                Some((count, Kind::ReferentialAction))
            }
            _ => None,
        }
    }

    fn transaction_mode(&self) -> Option<Fused> {
        match (self.word(0), self.word(1)) {
            (Word::Read, Word::Only | Word::Write) => Some((2, Kind::TransactionMode)),
            (Word::Isolation, Word::Level) => {
                let level = self.peek(2)?;
                let text = level.span().text(self.text);
                let two = level.word == Word::Read || text.eq_ignore_ascii_case("repeatable");
                let count = if two { 4 } else { 3 };
                (self.at + count <= self.tokens.len()).then_some((count, Kind::TransactionMode))
            }
            _ => None,
        }
    }

    /// The actions of ALTER TABLE: ADD, DROP, RENAME and ALTER stand after the table's name or a
    /// comma; SET and DROP of a column's properties after the column's name.
    fn alter_words(&self, word: Word) -> Option<Fused> {
        let column = self.prev == Kind::Name && self.prev2 == Kind::AlterColumn;
        match word {
            Word::Set if column => self.alter_set(),
            Word::Drop if column => match (self.word(1), self.word(2)) {
                (Word::Default, _) => Some((2, Kind::DropDefault)),
                (Word::Not, Word::Null) => Some((3, Kind::DropNotNull)),
                _ => None,
            },
            Word::Type if column => Some((1, Kind::SetType)),
            _ if !matches!(self.prev, Kind::Name | Kind::Comma) => None,
            Word::Add | Word::Drop if self.follows(&[Word::System, Word::Versioning]) => {
                Some((3, Kind::AlterVersioning))
            }
            Word::Add => self.alter_add(),
            Word::Drop if self.word(1) == Word::Constraint => {
                Some((2 + self.if_exists(2), Kind::DropConstraint))
            }
            Word::Drop => {
                let column = usize::from(self.word(1) == Word::Column);
                Some((1 + column + self.if_exists(1 + column), Kind::DropColumn))
            }
            Word::Rename => Some((1 + usize::from(self.word(1) == Word::Column), Kind::Rename)),
            Word::Alter => Some((1 + usize::from(self.word(1) == Word::Column), Kind::AlterColumn)),
            _ => None,
        }
    }

    fn alter_add(&self) -> Option<Fused> {
        let constraint = match self.word(1) {
            Word::Constraint | Word::Unique | Word::Check => true,
            Word::Primary | Word::Foreign => self.word(2) == Word::Key,
            Word::Period => self.word(2) == Word::For,
            _ => false,
        };
        if constraint {
            return Some((1, Kind::AddConstraint));
        }
        let column = usize::from(self.word(1) == Word::Column);
        Some((1 + column + self.if_exists(1 + column), Kind::AddColumn))
    }

    fn alter_set(&self) -> Option<Fused> {
        match (self.word(1), self.word(2)) {
            (Word::Default, _) => Some((2, Kind::SetDefault)),
            (Word::Not, Word::Null) => Some((3, Kind::SetNotNull)),
            (Word::Data, Word::Type) => Some((3, Kind::SetType)),
            _ => None,
        }
    }
}
