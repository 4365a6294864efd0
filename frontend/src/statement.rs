//! The one way in: a statement's kind decides which file binds it.

use diag::{Diagnostic, Result, Span};
use grammar::ast::{self, StatementKind};
use ir::Statement;
use types::DataType;

use crate::binder::Binder;
use crate::context::BindContext;
use crate::expr::not_built;

/// Binds a statement: looks up its names, gives every expression a type, and returns its plan.
///
/// # Errors
/// A [`Diagnostic`] for a mistake of the user's, with further independent ones in `others`; what is
/// not built is [`diag::Code::NotBuilt`] and names the feature.
pub fn bind(statement: &ast::Statement, context: &BindContext<'_>) -> Result<Statement> {
    let mut first = Binder::new(context);
    let bound = first.statement(statement)?;
    let mut last = first;
    let bound = if last.parameters.undecided {
        last = Binder::second_pass(context, &last.parameters);
        last.statement(statement)?
    } else {
        bound
    };
    last.check_values_used()?;
    Ok(bound)
}

/// Returns the types of the parameters `$1…`, as their contexts ask for; TEXT where nothing does.
///
/// # Errors
/// As [`bind`].
pub fn parameter_types(
    statement: &ast::Statement,
    context: &BindContext<'_>,
) -> Result<Vec<DataType>> {
    let mut binder = Binder::new(context);
    binder.statement(statement)?;
    Ok(binder.parameter_types())
}

impl Binder<'_> {
    pub(crate) fn statement(&mut self, statement: &ast::Statement) -> Result<Statement> {
        let span = statement.span;
        match &statement.node {
            StatementKind::Query(query) => {
                let bound = self.query(query)?;
                Ok(Statement::Query(self.finish_query(bound)))
            }
            StatementKind::Insert(insert) => self.insert(insert),
            StatementKind::Update(update) => self.update(update),
            StatementKind::Delete(delete) => self.delete(delete),
            StatementKind::Truncate(tables) => self.truncate(tables),
            StatementKind::CreateTable(create) => self.create_table(create),
            StatementKind::CreateView(create) => self.create_view(create),
            StatementKind::Drop(drop) => self.drop(drop),
            StatementKind::CreateIndex(index) => {
                not_built(span.before(index.table.span()), "CREATE INDEX")
            }
            StatementKind::AlterTable(alter) => {
                not_built(span.before(alter.name.span()), "ALTER TABLE")
            }
            StatementKind::Begin(begin) => self.begin(begin, span),
            StatementKind::Commit => Ok(transaction(ir::TransactionAction::Commit)),
            StatementKind::Rollback(rollback) => match &rollback.to {
                Some(name) => not_built(name.span, "ROLLBACK TO a savepoint"),
                None => Ok(transaction(ir::TransactionAction::Rollback)),
            },
            StatementKind::Savepoint(name) => not_built(name.span, "SAVEPOINT"),
            StatementKind::Release(name) => not_built(name.span, "RELEASE SAVEPOINT"),
            StatementKind::Explain(explain) => self.explain(explain),
            StatementKind::Set(set) => self.set(set),
            StatementKind::Reset(name) => self.reset(name.as_ref(), span),
            StatementKind::Show(show) => self.show(show, span),
            StatementKind::Vacuum(vacuum) => self.vacuum(vacuum),
            StatementKind::Analyze(table) => self.analyze(table.as_ref()),
            StatementKind::Copy(copy) => self.copy(copy),
            StatementKind::Prepare(prepare) => self.prepare(prepare),
            StatementKind::Execute(execute) => self.execute(execute),
            StatementKind::Deallocate(name) => Ok(self.deallocate(name, span)),
            StatementKind::Describe(describe) => self.describe(describe, span),
            StatementKind::Comment(comment) => not_built(comment.name.span(), "COMMENT ON"),
            StatementKind::NotBuilt(statement) => refused(&statement.what, statement.span),
        }
    }
}

fn refused<T>(what: &str, span: Span) -> Result<T> {
    Err(Diagnostic::not_built(span, what).into())
}

fn transaction(action: ir::TransactionAction) -> Statement {
    Statement::Transaction(action)
}
