//! The tree back to SQL: one canonical spelling, so that `parse(print(tree)) == tree`.
//!
//! Keywords are upper case, names are quoted only where they must be, and parentheses stand only
//! where precedence asks for them: an operand is wrapped if its operator does not bind more
//! tightly than the one around it.

mod change;
mod define;
mod dump;
mod expr;
mod query;
mod session;

use std::fmt::{self, Write};

pub use dump::dump;

use crate::ast::{Expr, Name, ObjectName, Statement, StatementKind};
use crate::{act, word};

/// Returns `statement` as SQL on one line, without a semicolon.
pub fn print(statement: &Statement) -> String {
    let mut printer = Printer { out: String::new() };
    printer.statement(statement);
    printer.out
}

/// Returns an expression as SQL, as a column without a name or a constraint shows it.
pub fn print_expr(expr: &Expr) -> String {
    let mut printer = Printer { out: String::new() };
    printer.expr(expr);
    printer.out
}

struct Printer {
    out: String,
}

impl Printer {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn put_fmt(&mut self, text: fmt::Arguments<'_>) {
        self.out.write_fmt(text).expect("a String takes every text");
    }

    fn put_if(&mut self, condition: bool, text: &str) {
        if condition {
            self.put(text);
        }
    }

    /// Puts the items of a list with `, ` between them.
    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Printer, &T)) {
        for (index, item) in items.iter().enumerate() {
            self.put_if(index > 0, ", ");
            each(self, item);
        }
    }

    fn name(&mut self, name: &Name) {
        self.put_name(&name.node);
    }

    fn put_name(&mut self, name: &str) {
        if is_plain(name) {
            self.put(name);
        } else {
            self.put_fmt(format_args!("\"{}\"", name.replace('"', "\"\"")));
        }
    }

    fn names(&mut self, names: &[Name]) {
        self.list(names, Printer::name);
    }

    /// ` (a, b)`, or nothing for no names.
    fn paren_names(&mut self, names: &[Name]) {
        if !names.is_empty() {
            self.put(" (");
            self.names(names);
            self.put(")");
        }
    }

    fn path(&mut self, parts: &[Name]) {
        for (index, part) in parts.iter().enumerate() {
            self.put_if(index > 0, ".");
            self.name(part);
        }
    }

    fn object(&mut self, name: &ObjectName) {
        self.path(&name.parts);
    }

    fn string(&mut self, text: &str) {
        self.put_fmt(format_args!("'{}'", text.replace('\'', "''")));
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.node {
            StatementKind::Query(query) => self.query(query),
            StatementKind::Insert(insert) => self.insert(insert),
            StatementKind::Update(update) => self.update(update),
            StatementKind::Delete(delete) => self.delete(delete),
            StatementKind::CreateTable(create) => self.create_table(create),
            StatementKind::CreateView(create) => self.create_view(create),
            StatementKind::CreateIndex(create) => self.create_index(create),
            StatementKind::AlterTable(alter) => self.alter_table(alter),
            StatementKind::Drop(drop) => self.drop_objects(drop),
            StatementKind::Truncate(names) => {
                self.put("TRUNCATE ");
                self.list(names, Printer::object);
            }
            StatementKind::Begin(begin) => self.begin(begin),
            StatementKind::Commit => self.put("COMMIT"),
            StatementKind::Rollback(rollback) => {
                self.put("ROLLBACK");
                if let Some(name) = &rollback.to {
                    self.put(" TO ");
                    self.name(name);
                }
            }
            StatementKind::Savepoint(name) => self.word_name("SAVEPOINT ", name),
            StatementKind::Release(name) => self.word_name("RELEASE ", name),
            StatementKind::Explain(explain) => self.explain(explain),
            StatementKind::Set(set) => self.set(set),
            StatementKind::Reset(name) => {
                self.put("RESET ");
                match name {
                    Some(name) => self.object(name),
                    None => self.put("ALL"),
                }
            }
            StatementKind::Show(show) => self.show(show),
            StatementKind::Vacuum(vacuum) => self.vacuum(vacuum),
            StatementKind::Analyze(table) => {
                self.put("ANALYZE");
                if let Some(table) = table {
                    self.put(" ");
                    self.object(table);
                }
            }
            StatementKind::Copy(copy) => self.copy(copy),
            StatementKind::Prepare(prepare) => self.prepare(prepare),
            StatementKind::Execute(execute) => self.execute(execute),
            StatementKind::Deallocate(deallocate) => self.deallocate(deallocate),
            StatementKind::Describe(describe) => self.describe(describe),
            StatementKind::Comment(comment) => self.comment(comment),
            StatementKind::NotBuilt(not_built) => self.put(&not_built.what),
        }
    }

    fn word_name(&mut self, word: &str, name: &Name) {
        self.put(word);
        self.name(name);
    }
}

/// Whether a name reads as itself without quotes, wherever it stands.
///
/// A word that means something anywhere is quoted everywhere: that is more than needed, and easy
/// to see as right.
fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !word::is_known(name)
        && !act::is_bare_function(name)
}
