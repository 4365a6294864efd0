//! UPDATE, DELETE and TRUNCATE: a scan of the current rows finds what changes.
//!
//! Writes see the present only, whatever the session reads: a change of the past would be another
//! statement. Each current version of a matching row is changed and keeps its valid period.

use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast::{self, Assignment, Delete, ExprKind, SetTarget, Update};
use ir::catalog::ROW_ID;
use ir::{
    Column, Logical, Scalar, Scan, ScanColumn, Statement, Table, TemporalRead, Write, WriteAction,
};
use types::DataType;

use crate::binder::Binder;
use crate::expr::{Clause, not_built};
use crate::insert::{Target, unknown_target};
use crate::query::{apply_alias, filtered_with, with_subqueries};
use crate::scope::Scope;

/// A value of SET.
enum Assigned<'q> {
    /// An expression.
    Expr(&'q ast::Expr),
    /// A column of a subquery.
    Bound(Scalar),
}

impl Assigned<'_> {
    fn span(&self) -> Span {
        match self {
            Assigned::Expr(expr) => expr.span,
            Assigned::Bound(scalar) => scalar.span,
        }
    }
}

/// The current rows of a table, and the columns that a write needs of them.
struct Current {
    plan: Arc<Logical>,
    scope: Scope,
    /// The table's columns in order.
    columns: Vec<Column>,
    key: Vec<Column>,
    commit_from: Column,
    valid_from: Column,
    valid_to: Column,
}

impl Binder<'_> {
    pub(crate) fn update(&mut self, update: &Update) -> Result<Statement> {
        refuse_portion(update.portion.as_ref())?;
        if let Some(table) = update.from.first() {
            return not_built(table.span(), "UPDATE … FROM");
        }
        if !update.returning.is_empty() {
            return not_built(update.span, "RETURNING");
        }
        let table = self.written_table(&update.table)?;
        self.with_ctes(update.with.as_ref(), |binder| binder.update_of(&table, update))
    }

    fn update_of(&mut self, table: &Arc<Table>, update: &Update) -> Result<Statement> {
        let span = update.table.span();
        let current = self.current_rows(table, update.alias.as_ref(), span)?;
        let mut current = current;
        current.plan = self.where_of(current.plan, update.filter.as_ref(), &current.scope)?;
        let scope = current.scope.clone();
        let mut clause = Clause::with_subqueries(&scope, "SET");
        let (new, spans) = self.new_row(table, &update.assignments, &current, &mut clause, span)?;
        let set = new.iter().map(|(_, scalar)| scalar);
        current.plan = with_subqueries(current.plan, &clause.subqueries, set);
        let mut items: Vec<(Column, Scalar)> = Vec::new();
        let mut columns = current.key.clone();
        columns.extend([current.commit_from, current.valid_from]);
        for column in columns.iter().chain([&current.valid_to]) {
            if !items.iter().any(|(item, _)| item == column) {
                items.push((*column, self.columns.scalar(*column, span)));
            }
        }
        let mut row = Vec::with_capacity(new.len());
        for (column, scalar) in new {
            if !items.iter().any(|(item, _)| *item == column) {
                items.push((column, scalar));
            }
            row.push(column);
        }
        let checks = self.checks(table, &row, span)?;
        columns.extend(row);
        columns.extend([current.valid_from, current.valid_to]);
        let input = current.plan;
        let write = Write {
            table: Arc::clone(table),
            action: WriteAction::Update { portion: None },
            input: Arc::new(Logical::Project { input, items }),
            columns,
            checks,
            spans,
        };
        Ok(Statement::Query(self.finish_plan(Arc::new(Logical::Write(write)), Vec::new())))
    }

    /// Returns the new value of every column, and where it stands.
    #[expect(clippy::type_complexity, reason = "a pair of lists that exist here only")]
    fn new_row(
        &mut self,
        table: &Arc<Table>,
        assignments: &[Assignment],
        current: &Current,
        clause: &mut Clause<'_>,
        span: Span,
    ) -> Result<(Vec<(Column, Scalar)>, Vec<Span>)> {
        let mut row: Vec<(Column, Scalar)> = current
            .columns
            .iter()
            .map(|column| (*column, self.columns.scalar(*column, span)))
            .collect();
        let mut spans = vec![span; row.len()];
        let mut set: Vec<Option<Span>> = vec![None; row.len()];
        for (name, value) in self.flat_assignments(assignments, clause)? {
            let at = assigned_column(table, name)?;
            if let Some(first) = set[at].replace(name.span) {
                let message = format!("column \"{}\" is set twice", name.node);
                return Err(Diagnostic::at(Code::DuplicateColumn, name.span, message)
                    .label(first, "set here first")
                    .into());
            }
            spans[at] = value.span();
            let scalar = self.assigned_value(table, at, value, clause)?;
            let column = self.columns.push(&table.columns[at].name, table.columns[at].ty);
            row[at] = (column, scalar);
        }
        Ok((row, spans))
    }

    fn assigned_value(
        &mut self,
        table: &Arc<Table>,
        at: usize,
        value: Assigned<'_>,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let scalar = match value {
            Assigned::Expr(value) if value.node == ExprKind::Default => {
                return self.default_for(table, Target::Stored(at), value.span);
            }
            Assigned::Expr(value) => self.expr(value, clause)?,
            Assigned::Bound(scalar) => scalar,
        };
        self.assign(scalar, table.columns[at].ty, &table.columns[at].name)
    }

    pub(crate) fn delete(&mut self, delete: &Delete) -> Result<Statement> {
        refuse_portion(delete.portion.as_ref())?;
        if let Some(table) = delete.using.first() {
            return not_built(table.span(), "DELETE … USING");
        }
        if !delete.returning.is_empty() {
            return not_built(delete.span, "RETURNING");
        }
        let table = self.written_table(&delete.table)?;
        self.with_ctes(delete.with.as_ref(), |binder| {
            let span = delete.table.span();
            let current = binder.current_rows(&table, delete.alias.as_ref(), span)?;
            let mut current = current;
            current.plan = binder.where_of(current.plan, delete.filter.as_ref(), &current.scope)?;
            Ok(binder.delete_of(&table, current))
        })
    }

    pub(crate) fn truncate(&mut self, tables: &[ast::ObjectName]) -> Result<Statement> {
        let [name] = tables else {
            return not_built(tables[1].span(), "TRUNCATE of several tables");
        };
        let table = self.written_table(name)?;
        let current = self.current_rows(&table, None, name.span())?;
        Ok(self.delete_of(&table, current))
    }

    fn delete_of(&mut self, table: &Arc<Table>, current: Current) -> Statement {
        let mut columns = current.key;
        columns.extend([current.commit_from, current.valid_from]);
        let write = Write {
            table: Arc::clone(table),
            action: WriteAction::Delete { portion: None },
            input: current.plan,
            columns,
            checks: Vec::new(),
            spans: Vec::new(),
        };
        Statement::Query(self.finish_plan(Arc::new(Logical::Write(write)), Vec::new()))
    }

    fn where_of(
        &mut self,
        plan: Arc<Logical>,
        filter: Option<&ast::Expr>,
        scope: &Scope,
    ) -> Result<Arc<Logical>> {
        let Some(filter) = filter else { return Ok(plan) };
        let mut clause = Clause::with_subqueries(scope, "WHERE");
        let conditions = self.conjunction(filter, "WHERE", &mut clause)?;
        Ok(filtered_with(plan, conditions, &clause.subqueries))
    }

    /// Returns pairs of a column and its value; `(a, b) = (1, 2)` is two of them.
    fn flat_assignments<'q>(
        &mut self,
        list: &'q [Assignment],
        clause: &mut Clause<'_>,
    ) -> Result<Vec<(&'q ast::Name, Assigned<'q>)>> {
        let mut pairs = Vec::with_capacity(list.len());
        for assignment in list {
            let value = &assignment.value;
            match (&assignment.target, &value.node) {
                (SetTarget::Column(path), _) => match path.as_slice() {
                    [name] => pairs.push((name, Assigned::Expr(value))),
                    _ => return not_built(assignment.span, "setting a field of a document"),
                },
                (SetTarget::Columns(names), ExprKind::Row(values)) => {
                    if names.len() != values.len() {
                        let message =
                            format!("{} values for {} columns", values.len(), names.len());
                        return Err(Diagnostic::at(Code::ColumnCount, value.span, message).into());
                    }
                    pairs.extend(names.iter().zip(values.iter().map(Assigned::Expr)));
                }
                (SetTarget::Columns(names), ExprKind::Subquery(query)) => {
                    let bound = self.inner_query(query, value.span, clause)?;
                    let columns = self.row_of(bound, names.len(), value.span, clause)?;
                    let values = columns
                        .into_iter()
                        .map(|column| Assigned::Bound(self.columns.scalar(column, value.span)));
                    pairs.extend(names.iter().zip(values));
                }
                (SetTarget::Columns(names), _) => match names.as_slice() {
                    [name] => pairs.push((name, Assigned::Expr(value))),
                    _ => return not_built(value.span, "setting columns from this"),
                },
            }
        }
        Ok(pairs)
    }

    /// Scans the current rows with all that a write needs.
    fn current_rows(
        &mut self,
        table: &Arc<Table>,
        alias: Option<&ast::TableAlias>,
        span: Span,
    ) -> Result<Current> {
        let title = format!("\"{}\"", table.name);
        let (plan, mut names) = self.scan(table, TemporalRead::default(), title, span);
        apply_alias(&mut names, alias)?;
        let columns: Vec<Column> = names.columns.iter().map(|column| column.column).collect();
        let hidden = |name: &str| {
            let found = names.hidden.iter().find(|column| column.name == name);
            found.expect("every table has the hidden columns").column
        };
        let (commit_from, valid_from, valid_to) =
            (hidden("_commit_from"), hidden("_valid_from"), hidden("_valid_to"));
        self.hidden_used.extend([commit_from, valid_from, valid_to]);
        let (plan, key) = self.with_key(plan, table, &columns);
        let scope = Scope::of(names);
        Ok(Current { plan, scope, columns, key, commit_from, valid_from, valid_to })
    }

    /// Returns the key's columns; a table without a key gets its row id from the scan.
    fn with_key(
        &mut self,
        plan: Arc<Logical>,
        table: &Arc<Table>,
        columns: &[Column],
    ) -> (Arc<Logical>, Vec<Column>) {
        let position = |id| table.columns.iter().position(|column| column.id == id);
        let key = table.primary_key.iter().filter_map(|id| position(*id));
        let key: Vec<Column> = key.map(|at| columns[at]).collect();
        if !key.is_empty() {
            return (plan, key);
        }
        let row_id = self.columns.push("_row_id", DataType::Int64);
        self.hidden_used.insert(row_id);
        let plan = match plan.as_ref() {
            Logical::Scan(scan) => {
                let mut list = scan.columns.clone();
                list.push((row_id, ScanColumn::Stored(ROW_ID)));
                Arc::new(Logical::Scan(Scan { columns: list, ..scan.clone() }))
            }
            _ => unreachable!("the current rows are a scan"),
        };
        (plan, vec![row_id])
    }
}

fn refuse_portion(portion: Option<&ast::Portion>) -> Result<()> {
    match portion {
        None => Ok(()),
        Some(portion) => not_built(portion.span, "FOR PORTION OF"),
    }
}

fn assigned_column(table: &Table, name: &ast::Name) -> Result<usize> {
    let found = table.columns.iter().position(|column| column.name == name.node);
    if let Some(at) = found {
        return Ok(at);
    }
    if matches!(name.node.as_str(), "_valid_from" | "_valid_to") {
        return not_built(name.span, "setting the valid period of a row");
    }
    Err(unknown_target(table, name).into())
}
