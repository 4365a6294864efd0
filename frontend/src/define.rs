//! CREATE TABLE: columns, keys, defaults and checks become a definition that holds together.

mod drop;
mod period;
mod view;

use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast::{
    self, ColumnConstraintKind as Kind, ColumnDef, CreateTable, Expr, KeyColumns, TableConstraint,
    TableConstraintKind, TableElement,
};
use ir::catalog::Check;
use ir::{
    ColumnDefinition, Ddl, Logical, PeriodDefinition, Query, Relation, Statement, TableDefinition,
};
use types::DataType;

use crate::binder::Binder;
use crate::expr::{Clause, not_built};
use crate::literal;
use crate::query::{HIDDEN, Place, renamed, schema_place};
use crate::scope::Scope;
use crate::typename::named_type;
use period::{add_periods, refuse_bound_in_key, without_overlaps};

/// Most columns of a table: PostgreSQL's limit.
const COLUMNS_MAX: usize = 1_600;

/// A definition while its elements are read.
struct Draft {
    table: String,
    columns: Vec<ColumnDefinition>,
    names: Vec<ast::Name>,
    primary_key: Option<(Vec<usize>, Span)>,
    checks: Vec<Check>,
    period: Option<PeriodDefinition>,
}

impl Binder<'_> {
    pub(crate) fn create_table(&mut self, create: &CreateTable) -> Result<Statement> {
        refuse_options(create)?;
        let name = create.name.last();
        self.check_free(&create.name, create.if_not_exists)?;
        let (definition, query) = match &create.query {
            Some(query) => self.table_from_query(create, query)?,
            None => (self.table_from_elements(create)?, None),
        };
        let if_not_exists = create.if_not_exists;
        let ddl = Ddl::CreateTable { definition, if_not_exists, query, span: name.span };
        Ok(Statement::Ddl(ddl))
    }

    /// A name that is taken is an error now; IF NOT EXISTS leaves the question to the commit.
    fn check_free(&self, name: &ast::ObjectName, if_not_exists: bool) -> Result<()> {
        if let Place::System = schema_place(name)? {
            let message = "tables of the system cannot be created";
            return Err(Diagnostic::at(Code::WrongObject, name.span(), message).into());
        }
        let last = name.last();
        match self.current().get(&last.node) {
            Some(relation) if !if_not_exists => {
                let kind = match relation {
                    Relation::Table(_) => "table",
                    Relation::View(_) => "view",
                };
                let message = format!("{kind} \"{}\" exists already", last.node);
                Err(Diagnostic::at(Code::DuplicateTable, last.span, message)
                    .help("IF NOT EXISTS keeps the one that exists")
                    .into())
            }
            _ => Ok(()),
        }
    }

    fn table_from_elements(&mut self, create: &CreateTable) -> Result<TableDefinition> {
        let mut draft = Draft {
            table: create.name.last().node.clone(),
            columns: Vec::new(),
            names: Vec::new(),
            primary_key: None,
            checks: Vec::new(),
            period: None,
        };
        let mut mistakes = Vec::new();
        for element in &create.elements {
            if let TableElement::Column(column) = element
                && let Err(mistake) = add_column(&mut draft, column)
            {
                mistakes.push(*mistake);
            }
        }
        if let Some(mistake) = Diagnostic::join(mistakes) {
            return Err(mistake.into());
        }
        if is_document(create) {
            return Ok(document_table(draft));
        }
        add_periods(&mut draft, create)?;
        for element in &create.elements {
            match element {
                TableElement::Column(column) => self.column_constraints(&mut draft, column)?,
                TableElement::Constraint(constraint) => {
                    self.table_constraint(&mut draft, constraint)?;
                }
                TableElement::Period(_) => {}
            }
        }
        finished(draft, create)
    }

    fn column_constraints(&mut self, draft: &mut Draft, column: &ColumnDef) -> Result<()> {
        let at = draft.names.iter().position(|name| name.node == column.name.node);
        let at = at.expect("every column was added");
        for constraint in &column.constraints {
            let span = constraint.span;
            match &constraint.kind {
                Kind::NotNull => draft.columns[at].not_null = true,
                Kind::Null => {}
                Kind::PrimaryKey => set_key(draft, vec![at], span)?,
                Kind::Default(expr) => {
                    self.check_default(&draft.columns[at], expr)?;
                    draft.columns[at].default = Some(self.text_of(expr));
                }
                Kind::Check(expr) => {
                    let name = constraint.name.as_ref().map(|name| name.node.clone());
                    let made = format!("{}_{}_check", draft.table, column.name.node);
                    self.add_check(draft, name.unwrap_or(made), expr)?;
                }
                Kind::Unique => return not_built(span, "UNIQUE"),
                Kind::References(_) => return not_built(span, "FOREIGN KEY"),
                Kind::Generated(_) => return not_built(span, "a generated column"),
                Kind::Identity { .. } => return not_built(span, "an IDENTITY column"),
                Kind::RowTime { .. } => return not_built(span, "GENERATED ALWAYS AS ROW"),
            }
        }
        Ok(())
    }

    fn table_constraint(&mut self, draft: &mut Draft, constraint: &TableConstraint) -> Result<()> {
        let span = constraint.span;
        match &constraint.kind {
            TableConstraintKind::PrimaryKey(key) => {
                let columns = key_columns(draft, key)?;
                without_overlaps(draft, key)?;
                set_key(draft, columns, span)
            }
            TableConstraintKind::Check(expr) => {
                let name = constraint.name.as_ref().map(|name| name.node.clone());
                let name = name.unwrap_or_else(|| format!("{}_check", draft.table));
                self.add_check(draft, name, expr)
            }
            TableConstraintKind::Unique(_) => not_built(span, "UNIQUE"),
            TableConstraintKind::ForeignKey { .. } => not_built(span, "FOREIGN KEY"),
        }
    }

    /// The text of an expression as the user wrote it: what the catalog keeps.
    fn text_of(&self, expr: &Expr) -> String {
        expr.span.text(self.context.text).to_owned()
    }

    /// A default is a constant expression of the column's type.
    fn check_default(&mut self, column: &ColumnDefinition, expr: &Expr) -> Result<()> {
        let scope = Scope::default();
        let mut clause = Clause::new(&scope, "DEFAULT");
        let scalar = self.expr(expr, &mut clause)?;
        self.refuse_parameters(expr.span, "DEFAULT")?;
        self.assign(scalar, column.ty, &column.name).map(drop)
    }

    /// A check is a condition over the columns of the table.
    fn add_check(&mut self, draft: &mut Draft, name: String, expr: &Expr) -> Result<()> {
        let list: Vec<(String, DataType)> = draft
            .columns
            .iter()
            .map(|column| (column.name.clone(), column.ty.unlimited()))
            .collect();
        let scope = self.column_scope(format!("\"{}\"", draft.table), &list);
        let mut clause = Clause::new(&scope, "CHECK");
        self.predicate(expr, "CHECK", &mut clause)?;
        self.refuse_parameters(expr.span, "CHECK")?;
        let taken = |name: &str| draft.checks.iter().any(|check| check.name == name);
        let name = (0..)
            .map(|n: u32| if n == 0 { name.clone() } else { format!("{name}{n}") })
            .find(|name| !taken(name))
            .expect("numbers do not end");
        let text = self.text_of(expr);
        draft.checks.push(Check { name, text });
        Ok(())
    }

    /// Text of the catalog is bound anew without any parameters.
    pub(crate) fn refuse_parameters(&self, span: Span, what: &str) -> Result<()> {
        if self.parameter_types().is_empty() {
            return Ok(());
        }
        let message = format!("{what} cannot hold a parameter");
        Err(Diagnostic::at(Code::UnknownParameter, span, message).into())
    }

    fn table_from_query(
        &mut self,
        create: &CreateTable,
        query: &ast::Query,
    ) -> Result<(TableDefinition, Option<Query>)> {
        let names = query_column_names(create)?;
        let bound = self.query(query)?;
        let bound = self.settled(bound);
        let bound = renamed(bound, &names, &create.name.last().node, query.span)?;
        let mut columns: Vec<ColumnDefinition> = Vec::with_capacity(bound.output.len());
        for out in &bound.output {
            check_column_name(&out.name, query.span, columns.iter().map(|c| c.name.as_str()))?;
            let ty = self.columns.ty(out.column).unlimited();
            columns.push(ColumnDefinition {
                name: out.name.clone(),
                ty,
                not_null: false,
                default: None,
            });
        }
        let mut bound = bound;
        if create.no_data {
            let limit = Some(literal::bigint(0, Span::NONE));
            bound.plan = Arc::new(Logical::Limit { input: bound.plan, limit, offset: None });
        }
        let query = self.finish_query(bound);
        let definition = TableDefinition {
            name: create.name.last().node.clone(),
            columns,
            primary_key: Vec::new(),
            checks: Vec::new(),
            document: false,
            period: None,
        };
        Ok((definition, Some(query)))
    }
}

fn refuse_options(create: &CreateTable) -> Result<()> {
    let span = create.name.span();
    if create.or_replace {
        return not_built(span, "CREATE OR REPLACE TABLE");
    }
    if create.temporary {
        return not_built(span, "a temporary table");
    }
    if let Some(versioning) = &create.system_versioning
        && !versioning.node
    {
        return not_built(versioning.span, "WITHOUT SYSTEM VERSIONING");
    }
    match create.options.first() {
        Some(option) => {
            not_built(option.span, &format!("the table option \"{}\"", option.name.node))
        }
        None => Ok(()),
    }
}

/// Names in `CREATE TABLE t (a, b) AS query`: names alone.
fn query_column_names(create: &CreateTable) -> Result<Vec<ast::Name>> {
    let mut names = Vec::with_capacity(create.elements.len());
    for element in &create.elements {
        match element {
            TableElement::Column(column)
                if column.data_type.is_none() && column.constraints.is_empty() =>
            {
                names.push(column.name.clone());
            }
            TableElement::Column(column) => {
                return not_built(column.span, "a column with a type in CREATE TABLE AS");
            }
            TableElement::Constraint(constraint) => {
                return not_built(constraint.span, "a constraint in CREATE TABLE AS");
            }
            TableElement::Period(period) => {
                return not_built(period.span, "PERIOD FOR in CREATE TABLE AS");
            }
        }
    }
    Ok(names)
}

/// Exactly `CREATE TABLE t (pk TEXT PRIMARY KEY)`: the seed's document table.
fn is_document(create: &CreateTable) -> bool {
    let [TableElement::Column(column)] = create.elements.as_slice() else { return false };
    let text = column.data_type.as_ref().is_some_and(|ty| {
        ty.args.is_empty() && named_type(ty).is_ok_and(|ty| ty.column() == DataType::TEXT)
    });
    let [constraint] = column.constraints.as_slice() else { return false };
    column.name.node == "pk" && text && constraint.kind == Kind::PrimaryKey
}

fn document_table(mut draft: Draft) -> TableDefinition {
    draft.columns[0].not_null = true;
    draft.columns.push(ColumnDefinition {
        name: "doc".to_owned(),
        ty: DataType::Json,
        not_null: false,
        default: None,
    });
    TableDefinition {
        name: draft.table,
        columns: draft.columns,
        primary_key: vec![0],
        checks: Vec::new(),
        document: true,
        period: None,
    }
}

fn add_column(draft: &mut Draft, column: &ColumnDef) -> Result<()> {
    let name = &column.name;
    let known = draft.names.iter().map(|name| name.node.as_str());
    check_column_name(&name.node, name.span, known)?;
    if let Some(collation) = &column.collation {
        return not_built(collation.span(), "COLLATE");
    }
    let Some(ty) = &column.data_type else {
        let message = format!("column \"{}\" has no type", name.node);
        return Err(Diagnostic::at(Code::Syntax, name.span, message)
            .help(format!("write one after the name: {} TEXT", name.node))
            .into());
    };
    let ty = named_type(ty)?.column();
    if draft.columns.len() == COLUMNS_MAX {
        let message = format!("a table has at most {COLUMNS_MAX} columns");
        return Err(Diagnostic::at(Code::TooManyColumns, name.span, message).into());
    }
    let (name_text, not_null, default) = (name.node.clone(), false, None);
    draft.columns.push(ColumnDefinition { name: name_text, ty, not_null, default });
    draft.names.push(name.clone());
    Ok(())
}

fn check_column_name<'n>(
    name: &str,
    span: Span,
    mut known: impl Iterator<Item = &'n str>,
) -> Result<()> {
    if known.any(|other| other == name) {
        let message = format!("column \"{name}\" is defined twice");
        return Err(Diagnostic::at(Code::DuplicateColumn, span, message).into());
    }
    if name == "_row_id" || HIDDEN.iter().any(|(hidden, ..)| *hidden == name) {
        let message = format!("column name \"{name}\" is taken by a hidden column of every table");
        return Err(Diagnostic::at(Code::DuplicateColumn, span, message).into());
    }
    Ok(())
}

fn set_key(draft: &mut Draft, columns: Vec<usize>, span: Span) -> Result<()> {
    if let Some((_, first)) = &draft.primary_key {
        let message = format!("table \"{}\" has two primary keys", draft.table);
        return Err(Diagnostic::at(Code::InvalidDefinition, span, message)
            .primary("a second primary key")
            .label(*first, "the first one")
            .help("a key of several columns is written PRIMARY KEY (a, b)")
            .into());
    }
    draft.primary_key = Some((columns, span));
    Ok(())
}

fn key_columns(draft: &Draft, key: &KeyColumns) -> Result<Vec<usize>> {
    let mut columns = Vec::with_capacity(key.columns.len());
    for name in &key.columns {
        let Some(at) = draft.names.iter().position(|other| other.node == name.node) else {
            let message = format!("column \"{}\" of the key does not exist", name.node);
            let known = draft.names.iter().map(|name| name.node.as_str());
            return Err(Diagnostic::at(Code::UnknownColumn, name.span, message)
                .help_opt(diag::did_you_mean(&name.node, known))
                .into());
        };
        if columns.contains(&at) {
            let message = format!("column \"{}\" is in the key twice", name.node);
            return Err(Diagnostic::at(Code::DuplicateColumn, name.span, message).into());
        }
        columns.push(at);
    }
    Ok(columns)
}

/// Key columns are NOT NULL; a type without an order cannot be in a key.
fn finished(mut draft: Draft, create: &CreateTable) -> Result<TableDefinition> {
    if draft.columns.is_empty() {
        let message = "a table needs at least one column";
        return Err(Diagnostic::at(Code::InvalidDefinition, create.name.span(), message).into());
    }
    let primary_key = draft.primary_key.take().map(|(columns, _)| columns).unwrap_or_default();
    for at in &primary_key {
        refuse_bound_in_key(&draft, *at)?;
        let column = &mut draft.columns[*at];
        column.not_null = true;
        if matches!(column.ty, DataType::Json | DataType::Interval) {
            let message = format!("{} cannot be in a key", column.ty);
            return Err(Diagnostic::at(Code::InvalidDefinition, draft.names[*at].span, message)
                .primary("has no order that a key needs")
                .into());
        }
    }
    Ok(TableDefinition {
        name: draft.table,
        columns: draft.columns,
        primary_key,
        checks: draft.checks,
        document: false,
        period: draft.period,
    })
}
