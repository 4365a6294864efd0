//! DROP TABLE and DROP VIEW.

use diag::{Code, Diagnostic, Result};
use grammar::ast::{self, Drop, ObjectKind};
use ir::{Ddl, Relation, Statement, TemporalRead};

use crate::binder::Binder;
use crate::expr::not_built;
use crate::query::{Place, schema_place};

impl Binder<'_> {
    pub(crate) fn drop(&mut self, drop: &Drop) -> Result<Statement> {
        let word = match drop.kind {
            ObjectKind::Table => "table",
            ObjectKind::View => "view",
            ObjectKind::Index => return not_built(drop.span, "DROP INDEX"),
            ObjectKind::Schema => return not_built(drop.span, "DROP SCHEMA"),
            ObjectKind::Column => return not_built(drop.span, "DROP COLUMN"),
        };
        if drop.cascade {
            return not_built(drop.span, "DROP … CASCADE");
        }
        let mut names: Vec<String> = Vec::with_capacity(drop.names.len());
        for name in &drop.names {
            if self.dropped(name, word, drop.if_exists)? && !names.contains(&name.last().node) {
                names.push(name.last().node.clone());
            }
        }
        Ok(Statement::Ddl(Ddl::Drop { names }))
    }

    /// True if the object exists and is of the kind named.
    fn dropped(&self, name: &ast::ObjectName, word: &str, if_exists: bool) -> Result<bool> {
        if let Place::System = schema_place(name)? {
            let message = "tables of the system cannot be dropped";
            return Err(Diagnostic::at(Code::WrongObject, name.span(), message).into());
        }
        let last = name.last();
        let kind = match self.current().get(&last.node) {
            Some(Relation::Table(_)) => "table",
            Some(Relation::View(_)) => "view",
            None if if_exists => return Ok(false),
            None => return self.relation(last, TemporalRead::default()).map(|_| false),
        };
        if kind == word {
            return Ok(true);
        }
        let message = format!("\"{}\" is a {kind}, not a {word}", last.node);
        Err(Diagnostic::at(Code::WrongObject, last.span, message)
            .help(format!("DROP {} \"{}\"", kind.to_uppercase(), last.node))
            .into())
    }
}
