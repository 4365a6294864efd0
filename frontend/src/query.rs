//! Queries: WITH, a body, ORDER BY, LIMIT.

mod from;
mod grouping;
mod items;
mod joined;
mod order;
mod relation;
mod select;
mod setop;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast::{self, QueryBody};
use ir::{Column, Logical, OutputColumn, Scalar, ScalarKind};
use types::{DataType, Value};

use crate::binder::Binder;
use crate::coerce::is_unknown;
use crate::expr::{Clause, Subquery};
use crate::scope::{Scope, ScopeColumn, ScopeTable, duplicate_alias};
use crate::temporal::Reads;

pub(crate) use joined::{filtered_with, with_subqueries};
pub(crate) use relation::{HIDDEN, Place, TableScan, apply_alias, schema_place};

/// A bound query: a plan and the columns that it gives, in order.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) plan: Arc<Logical>,
    pub(crate) output: Vec<OutputColumn>,
}

/// A common table expression, bound when it is first named: a temporal clause at that place reaches
/// the tables inside.
pub(crate) struct Cte {
    pub(crate) name: String,
    pub(crate) cte: ast::Cte,
    /// The members before it.
    visible: Vec<Rc<Cte>>,
    /// How many of the queries around it sees.
    depth: usize,
    /// One plan for each way in which it was read.
    bound: RefCell<Vec<(Reads, Bound)>>,
}

impl Binder<'_> {
    /// Binds a query.
    pub(crate) fn query(&mut self, query: &ast::Query) -> Result<Bound> {
        self.nested(query.span, |binder| binder.query_here(query))
    }

    fn query_here(&mut self, query: &ast::Query) -> Result<Bound> {
        if let Some(lock) = &query.lock {
            return Err(Diagnostic::not_built(lock.span, "FOR UPDATE or FOR SHARE").into());
        }
        let reads = self.reads_of(&query.temporal)?;
        let outer = std::mem::replace(&mut self.reads, reads);
        let bound = self.with_ctes(query.with.as_ref(), |binder| {
            let bound = binder.ordered_body(query)?;
            binder.limited(bound, query)
        });
        self.reads = outer;
        bound
    }

    /// Runs `inner` with the members of a WITH clause in sight.
    pub(crate) fn with_ctes<T>(
        &mut self,
        with: Option<&ast::With>,
        inner: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let Some(with) = with else { return inner(self) };
        let before = self.ctes.len();
        self.add_ctes(with, before)?;
        let result = inner(self)?;
        // A member that nothing names is bound all the same, for its mistakes.
        for cte in self.ctes.split_off(before) {
            if cte.bound.borrow().is_empty() {
                self.bind_cte(&cte)?;
            }
        }
        Ok(result)
    }

    fn add_ctes(&mut self, with: &ast::With, before: usize) -> Result<()> {
        for cte in &with.ctes {
            let name = &cte.name.node;
            if let Some(same) = self.ctes[before..].iter().find(|other| other.name == *name) {
                return Err(duplicate_alias(name, same.cte.name.span, cte.name.span).into());
            }
            if with.recursive && names_itself(&cte.query.body, name) {
                return Err(Diagnostic::not_built(cte.name.span, "a recursive WITH").into());
            }
            self.ctes.push(Rc::new(Cte {
                name: name.clone(),
                cte: cte.clone(),
                visible: self.ctes.clone(),
                depth: self.outer.len(),
                bound: RefCell::default(),
            }));
        }
        Ok(())
    }

    /// Returns the plan of a common table expression under the current clauses.
    fn bind_cte(&mut self, cte: &Rc<Cte>) -> Result<Bound> {
        let reads = self.reads.clone();
        let known = cte.bound.borrow().iter().find(|(at, _)| *at == reads).cloned();
        if let Some((_, bound)) = known {
            return Ok(bound);
        }
        let outer = std::mem::replace(&mut self.ctes, cte.visible.clone());
        let nearer = self.outer.split_off(cte.depth);
        let bound = self.query(&cte.cte.query);
        self.outer.extend(nearer);
        self.ctes = outer;
        let bound = self.settled(bound?);
        let bound = renamed(bound, &cte.cte.columns, &cte.name, cte.cte.name.span)?;
        cte.bound.borrow_mut().push((reads, bound.clone()));
        Ok(bound)
    }

    fn ordered_body(&mut self, query: &ast::Query) -> Result<Bound> {
        let bound = match &query.body {
            QueryBody::Select(select) => return self.select(select, &query.order_by),
            QueryBody::Nested(inner) => self.query(inner)?,
            QueryBody::Values(values) => self.values(values)?,
            QueryBody::SetChain { first, rest } => self.set_chain(first, rest)?,
        };
        self.order_output(bound, &query.order_by)
    }

    /// Binds one arm of a set operation.
    fn body(&mut self, body: &QueryBody) -> Result<Bound> {
        match body {
            QueryBody::Select(select) => self.select(select, &[]),
            QueryBody::Nested(inner) => self.query(inner),
            QueryBody::Values(values) => self.values(values),
            QueryBody::SetChain { first, rest } => self.set_chain(first, rest),
        }
    }

    fn values(&mut self, values: &ast::Values) -> Result<Bound> {
        let scope = Scope::default();
        let mut clause = Clause::with_subqueries(&scope, "VALUES");
        let width = values.rows.first().map_or(0, Vec::len);
        let mut by_column: Vec<Vec<Scalar>> = vec![Vec::new(); width];
        for row in &values.rows {
            check_width(row, width, values.span)?;
            for (column, value) in by_column.iter_mut().zip(row) {
                column.push(self.expr(value, &mut clause)?);
            }
        }
        self.values_of(by_column, values.rows.len(), &clause.subqueries)
    }

    /// Makes a VALUES of columns whose values are brought to one type each.
    fn values_of(
        &mut self,
        by_column: Vec<Vec<Scalar>>,
        count: usize,
        subqueries: &[Subquery],
    ) -> Result<Bound> {
        let mut rows: Vec<Vec<Scalar>> = (0..count).map(|_| Vec::new()).collect();
        let mut output = Vec::with_capacity(by_column.len());
        for (at, values) in by_column.into_iter().enumerate() {
            let values = self.unify(values, "VALUES")?;
            let ty = values.first().map_or(DataType::TEXT, |value| value.ty);
            let name = format!("column{}", at + 1);
            let column = self.columns.push(&name, ty);
            output.push(OutputColumn { column, name });
            for (row, value) in rows.iter_mut().zip(values) {
                row.push(value);
            }
        }
        let columns = output.iter().map(|out| out.column).collect();
        Ok(Bound { plan: self.rows_of(rows, columns, subqueries), output })
    }

    /// Returns the plan of VALUES; a row that holds a subquery is a query of its own.
    pub(crate) fn rows_of(
        &mut self,
        rows: Vec<Vec<Scalar>>,
        columns: Vec<Column>,
        subqueries: &[Subquery],
    ) -> Arc<Logical> {
        if subqueries.is_empty() {
            return Arc::new(Logical::Values { rows: Arc::new(rows), columns });
        }
        let row = |row: Vec<Scalar>| {
            let nothing = Logical::Values { rows: Arc::new(vec![Vec::new()]), columns: Vec::new() };
            let input = with_subqueries(Arc::new(nothing), subqueries, &row);
            let made = row.into_iter().map(|value| (self.columns.push("value", value.ty), value));
            let items: Vec<(Column, Scalar)> = made.collect();
            let own = items.iter().map(|(column, _)| *column).collect();
            (Arc::new(Logical::Project { input, items }), own)
        };
        let inputs = rows.into_iter().map(row).collect();
        Arc::new(Logical::UnionAll { inputs, columns })
    }

    fn limited(&mut self, bound: Bound, query: &ast::Query) -> Result<Bound> {
        let limit = match &query.limit {
            None | Some(ast::Limit::All) => None,
            Some(ast::Limit::Rows(rows)) => self.row_count(rows, "LIMIT")?,
            Some(ast::Limit::WithTies(rows)) => {
                return Err(Diagnostic::not_built(rows.span, "WITH TIES").into());
            }
        };
        let offset = match &query.offset {
            None => None,
            Some(rows) => self.row_count(rows, "OFFSET")?,
        };
        if limit.is_none() && offset.is_none() {
            return Ok(bound);
        }
        let plan = Arc::new(Logical::Limit { input: bound.plan, limit, offset });
        Ok(Bound { plan, ..bound })
    }

    /// Binds a number of rows: a constant BIGINT, not negative; NULL is none.
    fn row_count(&mut self, expr: &ast::Expr, what: &'static str) -> Result<Option<Scalar>> {
        let scope = Scope::default();
        let mut clause = Clause::new(&scope, what);
        let scalar = self.expr(expr, &mut clause).map_err(|mistake| no_columns(mistake, what))?;
        if !(is_unknown(&scalar) || scalar.ty.is_numeric()) {
            let message = format!("{what} needs a number, not {}", scalar.ty);
            return Err(Diagnostic::at(Code::TypeMismatch, expr.span, message)
                .primary(format!("this is {}", scalar.ty))
                .into());
        }
        let scalar = self.convert(scalar, DataType::Int64)?;
        let parameter = matches!(scalar.kind, ScalarKind::Parameter(_));
        match self.constant(&scalar)? {
            Some(Value::Int64(count)) if count < 0 => {
                let message = format!("{what} must not be negative");
                Err(Diagnostic::at(Code::InvalidLimit, expr.span, message)
                    .primary(format!("this is {count}"))
                    .into())
            }
            Some(Value::Null) if !parameter => Ok(None),
            Some(value) if !parameter => {
                Ok(Some(Scalar::literal(value, DataType::Int64, scalar.span)))
            }
            _ => Ok(Some(scalar)),
        }
    }

    /// Gives TEXT to the columns of a finished query whose type nothing decided.
    pub(crate) fn settled(&mut self, mut bound: Bound) -> Bound {
        for at in 0..bound.output.len() {
            let column = bound.output[at].column;
            if self.columns.ty(column) == DataType::Null {
                // An undecided parameter keeps its place until the second pass.
                let _ = self.decide_output(&mut bound, at, DataType::TEXT);
            }
        }
        bound
    }

    /// Gives an output column of unknown type the type `ty`.
    pub(crate) fn decide_output(
        &mut self,
        bound: &mut Bound,
        at: usize,
        ty: DataType,
    ) -> Result<()> {
        let column = bound.output[at].column;
        let Some(item) = project_item(&mut bound.plan, column) else { return Ok(()) };
        if !is_unknown(item) {
            return Ok(());
        }
        let waiting = std::mem::replace(item, Scalar::boolean(true));
        let parameter = matches!(waiting.kind, ScalarKind::Parameter(_)) && ty.is_text();
        let decided = if parameter { self.settle(waiting)? } else { self.adopt(waiting, ty)? };
        self.columns.retype(column, decided.ty);
        let item = project_item(&mut bound.plan, column).expect("it was found above");
        *item = decided;
        Ok(())
    }

    /// Returns the scope that names a query's output columns as those of one table.
    pub(crate) fn scope_of(&self, bound: &Bound, name: Option<&ast::Name>, span: Span) -> Scope {
        let columns = bound
            .output
            .iter()
            .map(|out| ScopeColumn { name: out.name.clone(), column: out.column });
        let title = match name {
            Some(name) => format!("\"{}\"", name.node),
            None => "the subquery".to_owned(),
        };
        Scope::of(ScopeTable {
            name: name.map(|name| name.node.clone()),
            title,
            columns: columns.collect(),
            hidden: Vec::new(),
            span,
        })
    }
}

/// Finds the expression of a column that a query's last Project computes.
fn project_item(plan: &mut Arc<Logical>, column: ir::Column) -> Option<&mut Scalar> {
    match Arc::get_mut(plan)? {
        Logical::Project { items, .. } => {
            let found = items.iter_mut().find(|(item, _)| *item == column);
            found.map(|(_, scalar)| scalar)
        }
        Logical::Sort { input, .. } | Logical::Limit { input, .. } => project_item(input, column),
        _ => None,
    }
}

/// Renames the first columns of a query: `t (a, b)`.
pub(crate) fn renamed(
    mut bound: Bound,
    names: &[ast::Name],
    table: &str,
    span: Span,
) -> Result<Bound> {
    let (given, there) = (names.len(), bound.output.len());
    if given > there {
        let message = format!("\"{table}\" has {there} columns, but {given} names are given");
        return Err(Diagnostic::at(Code::ColumnCount, span, message)
            .label(names[there].span, "one name too many")
            .into());
    }
    for (out, name) in bound.output.iter_mut().zip(names) {
        out.name.clone_from(&name.node);
    }
    Ok(bound)
}

/// Every row of a VALUES has as many values as the first.
pub(crate) fn check_width(row: &[ast::Expr], width: usize, span: Span) -> Result<()> {
    if row.len() == width {
        return Ok(());
    }
    let at = row.iter().fold(Span::NONE, |all, value| all.to(value.span));
    let at = if at == Span::NONE { span } else { at };
    let message = "the rows of VALUES have different lengths";
    Err(Diagnostic::at(Code::ColumnCount, at, message)
        .primary(format!("{} values, where the first row has {width}", row.len()))
        .into())
}

/// A column in LIMIT is not unknown but out of place.
fn no_columns(mistake: Box<Diagnostic>, what: &str) -> Box<Diagnostic> {
    if mistake.code != Code::UnknownColumn {
        return mistake;
    }
    let span = mistake.span().unwrap_or(Span::NONE);
    let message = format!("{what} cannot read a column");
    Diagnostic::at(Code::InvalidReference, span, message).into()
}

/// True if a member of WITH RECURSIVE reads itself in FROM.
fn names_itself(body: &QueryBody, name: &str) -> bool {
    match body {
        QueryBody::Select(select) => select.from.iter().any(|table| reads_name(table, name)),
        QueryBody::Values(_) => false,
        QueryBody::Nested(query) => names_itself(&query.body, name),
        QueryBody::SetChain { first, rest } => {
            names_itself(first, name) || rest.iter().any(|arm| names_itself(&arm.body, name))
        }
    }
}

fn reads_name(table: &ast::TableRef, name: &str) -> bool {
    match table {
        ast::TableRef::Table(table) => {
            table.name.parts.len() == 1 && table.name.last().node == name
        }
        ast::TableRef::Derived(derived) => names_itself(&derived.query.body, name),
        ast::TableRef::Function(_) => false,
        ast::TableRef::Join(join) => reads_name(&join.left, name) || reads_name(&join.right, name),
    }
}
