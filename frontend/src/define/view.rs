//! CREATE VIEW: the query is bound to find its mistakes, and kept as text.

use diag::{Code, Diagnostic, Result};
use grammar::ast::CreateView;
use ir::{Ddl, Relation, Statement};

use crate::binder::Binder;
use crate::expr::not_built;
use crate::query::{Place, renamed, schema_place};

impl Binder<'_> {
    pub(crate) fn create_view(&mut self, create: &CreateView) -> Result<Statement> {
        let span = create.name.span();
        if create.temporary {
            return not_built(span, "a temporary view");
        }
        if create.if_not_exists {
            return not_built(span, "CREATE VIEW IF NOT EXISTS");
        }
        let name = create.name.last();
        match (schema_place(&create.name)?, self.current().get(&name.node)) {
            (Place::System, _) => {
                let message = "tables of the system cannot be created";
                return Err(Diagnostic::at(Code::WrongObject, span, message).into());
            }
            (Place::Plain, Some(Relation::Table(_))) => {
                let message = format!("table \"{}\" exists already", name.node);
                return Err(Diagnostic::at(Code::DuplicateTable, name.span, message).into());
            }
            (Place::Plain, Some(Relation::View(_))) if !create.or_replace => {
                let message = format!("view \"{}\" exists already", name.node);
                return Err(Diagnostic::at(Code::DuplicateTable, name.span, message)
                    .help("CREATE OR REPLACE VIEW replaces it")
                    .into());
            }
            (Place::Plain, _) => {}
        }
        self.check_view_query(create)?;
        Ok(Statement::Ddl(Ddl::CreateView {
            name: name.node.clone(),
            columns: create.columns.iter().map(|column| column.node.clone()).collect(),
            text: create.query.span.text(self.context.text).to_owned(),
            replace: create.or_replace,
            span: name.span,
        }))
    }

    fn check_view_query(&mut self, create: &CreateView) -> Result<()> {
        // A view that replaces itself must not read itself.
        self.views.push(create.name.last().node.clone());
        let bound = self.query(&create.query)?;
        self.views.pop();
        self.refuse_parameters(create.query.span, "a view")?;
        let bound = renamed(bound, &create.columns, &create.name.last().node, create.query.span)?;
        for (at, out) in bound.output.iter().enumerate() {
            if bound.output[..at].iter().any(|other| other.name == out.name) {
                let message = format!("column \"{}\" of the view is there twice", out.name);
                return Err(Diagnostic::at(Code::DuplicateColumn, create.query.span, message)
                    .help("give one of them another name: AS other")
                    .into());
            }
        }
        Ok(())
    }
}
