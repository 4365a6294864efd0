//! INSERT, UPDATE, DELETE.

use super::Printer;
use crate::ast::{
    Assignment, ConflictAction, ConflictTarget, Delete, Insert, InsertSource, OnConflict, Portion,
    SelectItem, SetTarget, TableAlias, Update,
};

impl Printer {
    pub(super) fn insert(&mut self, insert: &Insert) {
        insert.with.iter().for_each(|with| self.with(with));
        self.put("INSERT INTO ");
        self.object(&insert.table);
        if let Some(alias) = &insert.alias {
            self.put(" AS ");
            self.name(alias);
        }
        self.paren_names(&insert.columns);
        self.put(" ");
        match &insert.source {
            InsertSource::Query(query) => self.query(query),
            InsertSource::DefaultValues => self.put("DEFAULT VALUES"),
        }
        if let Some(valid) = &insert.valid {
            self.put(" VALID FROM ");
            self.tight(&valid.from);
            self.put(" TO ");
            self.tight(&valid.to);
        }
        insert.on_conflict.iter().for_each(|conflict| self.on_conflict(conflict));
        self.returning(&insert.returning);
    }

    fn on_conflict(&mut self, conflict: &OnConflict) {
        self.put(" ON CONFLICT");
        match &conflict.target {
            Some(ConflictTarget::Columns(columns)) => self.paren_names(columns),
            Some(ConflictTarget::Constraint(name)) => {
                self.put(" ON CONSTRAINT ");
                self.name(name);
            }
            None => {}
        }
        match &conflict.action {
            ConflictAction::Nothing => self.put(" DO NOTHING"),
            ConflictAction::Update { assignments, filter } => {
                self.put(" DO UPDATE SET ");
                self.list(assignments, Printer::assignment);
                filter.iter().for_each(|filter| self.clause(" WHERE ", filter));
            }
        }
    }

    fn assignment(&mut self, assignment: &Assignment) {
        match &assignment.target {
            SetTarget::Column(path) => self.path(path),
            SetTarget::Columns(columns) => {
                self.put("(");
                self.names(columns);
                self.put(")");
            }
        }
        self.clause(" = ", &assignment.value);
    }

    fn returning(&mut self, items: &[SelectItem]) {
        if !items.is_empty() {
            self.put(" RETURNING ");
            self.items(items);
        }
    }

    /// ` FOR PORTION OF …` and the alias, in the grammar's order.
    fn change_tail(&mut self, portion: Option<&Portion>, alias: Option<&TableAlias>) {
        if let Some(portion) = portion {
            self.put(" FOR PORTION OF ");
            self.name(&portion.period);
            self.put(" FROM ");
            self.tight(&portion.from);
            self.put(" TO ");
            self.tight(&portion.to);
        }
        if let Some(alias) = alias {
            self.put(" AS ");
            self.name(&alias.name);
            self.paren_names(&alias.columns);
        }
    }

    pub(super) fn update(&mut self, update: &Update) {
        update.with.iter().for_each(|with| self.with(with));
        self.put("UPDATE ");
        self.object(&update.table);
        self.change_tail(update.portion.as_ref(), update.alias.as_ref());
        self.put(" SET ");
        self.list(&update.assignments, Printer::assignment);
        if !update.from.is_empty() {
            self.put(" FROM ");
            self.list(&update.from, Printer::table);
        }
        update.filter.iter().for_each(|filter| self.clause(" WHERE ", filter));
        self.returning(&update.returning);
    }

    pub(super) fn delete(&mut self, delete: &Delete) {
        delete.with.iter().for_each(|with| self.with(with));
        self.put("DELETE FROM ");
        self.object(&delete.table);
        self.change_tail(delete.portion.as_ref(), delete.alias.as_ref());
        if !delete.using.is_empty() {
            self.put(" USING ");
            self.list(&delete.using, Printer::table);
        }
        delete.filter.iter().for_each(|filter| self.clause(" WHERE ", filter));
        self.returning(&delete.returning);
    }
}
