//! UPDATE, DELETE and TRUNCATE: a scan of the current rows finds what changes.
//!
//! Writes see the present only, whatever the session reads: a change of the past would be another
//! statement. Each current version of a matching row is changed and keeps its valid period, unless
//! SET names a bound of it; `FOR PORTION OF` changes a part of it and brings the old row along.

use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast::{self, Assignment, Delete, ExprKind, SetTarget, Update};
use ir::catalog::ROW_ID;
use ir::{
    Column, Function, Logical, Scalar, ScanColumn, Statement, Table, TemporalRead, ValidTime,
    Write, WriteAction,
};
use types::{DataType, Timestamp, Value};

use crate::binder::Binder;
use crate::expr::{Clause, not_built};
use crate::function::call_of;
use crate::insert::{Target, target_named};
use crate::query::{TableScan, apply_alias, filtered_with, with_subqueries};
use crate::scope::Scope;
use crate::temporal::read_of;

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

/// The row that an UPDATE makes of a current one.
struct NewRow {
    /// A value for every column of the table.
    row: Vec<(Column, Scalar)>,
    /// Where they stand.
    spans: Vec<Span>,
    /// The bounds of its valid time, as long as no declared period shows them.
    bounds: [(Column, Scalar); 2],
    /// What SET names, and where.
    set: Vec<(Target, Span)>,
    /// True if SET gives a column of the declared period.
    moved: bool,
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

impl Current {
    /// Returns the columns by which a write names an old version.
    fn named(&self) -> Vec<Column> {
        [&self.key[..], &[self.commit_from, self.valid_from]].concat()
    }

    /// Returns the columns of the old row and its end, which leftovers keep.
    fn carried(&self) -> Vec<Column> {
        [&self.columns[..], &[self.valid_to]].concat()
    }
}

impl Binder<'_> {
    pub(crate) fn update(&mut self, update: &Update) -> Result<Statement> {
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
        let portion = self.portion(table, update.portion.as_ref())?;
        let mut current =
            self.current_rows(table, update.alias.as_ref(), read_of(portion), span)?;
        current.plan = self.where_of(current.plan, update.filter.as_ref(), &current.scope)?;
        let scope = current.scope.clone();
        let mut clause = Clause::with_subqueries(&scope, "SET");
        let mut new = self.new_row(table, &update.assignments, &current, &mut clause, span)?;
        if let Some(portion) = portion {
            self.cut_to(table, &mut new, portion, update)?;
        }
        let set = new.row.iter().chain(&new.bounds).map(|(_, scalar)| scalar);
        current.plan = with_subqueries(current.plan, &clause.subqueries, set);
        let row: Vec<Column> = new.row.iter().map(|(column, _)| *column).collect();
        let checks = self.checks(table, &row, span)?;
        let old = current.named();
        let carried = if portion.is_some() { current.carried() } else { Vec::new() };
        let kept = old.iter().chain(&carried);
        let kept = kept.map(|column| (*column, self.columns.scalar(*column, span)));
        let items = once(kept.chain(new.row).chain(new.bounds.clone()));
        let mut bounds = new.bounds.map(|(column, _)| column);
        let mut input = Arc::new(Logical::Project { input: current.plan, items });
        if new.moved
            && let Some((from, to)) = table.period_columns()
        {
            (input, bounds) = self.instants_of(input, [row[from], row[to]], span);
        }
        let write = Write {
            table: Arc::clone(table),
            action: WriteAction::Update { portion },
            input,
            columns: [old, row, bounds.to_vec(), carried].concat(),
            checks,
            spans: new.spans,
        };
        Ok(Statement::Query(self.finish_plan(Arc::new(Logical::Write(write)), Vec::new())))
    }

    /// Returns the new value of every column, where it stands, and the new bounds.
    fn new_row(
        &mut self,
        table: &Arc<Table>,
        assignments: &[Assignment],
        current: &Current,
        clause: &mut Clause<'_>,
        span: Span,
    ) -> Result<NewRow> {
        let kept = |column: Column| (column, self.columns.scalar(column, span));
        let mut new = NewRow {
            row: current.columns.iter().map(|column| kept(*column)).collect(),
            spans: vec![span; current.columns.len()],
            bounds: [current.valid_from, current.valid_to].map(kept),
            set: Vec::new(),
            moved: false,
        };
        for (name, value) in self.flat_assignments(assignments, clause)? {
            let target = target_named(table, name)?;
            if let Some((_, first)) = new.set.iter().find(|(set, _)| *set == target) {
                let message = format!("column \"{}\" is set twice", name.node);
                return Err(Diagnostic::at(Code::DuplicateColumn, name.span, message)
                    .label(*first, "set here first")
                    .into());
            }
            new.set.push((target, name.span));
            let value_span = value.span();
            let scalar = self.assigned_value(table, target, value, clause)?;
            let (title, ty) = target.describe(table);
            let made = (self.columns.push(title, ty), scalar);
            match target {
                Target::Stored(at) => {
                    let shown = table.source(table.columns[at].id);
                    new.moved |= !matches!(shown, ScanColumn::Stored(_));
                    new.spans[at] = value_span;
                    new.row[at] = made;
                }
                Target::ValidFrom => new.bounds[0] = made,
                Target::ValidTo => new.bounds[1] = made,
            }
        }
        Ok(new)
    }

    /// `FOR PORTION OF`: the new row is true during the part of the old one that the portion covers,
    /// and its bounds cannot be set besides.
    fn cut_to(
        &mut self,
        table: &Table,
        new: &mut NewRow,
        portion: ValidTime,
        update: &Update,
    ) -> Result<()> {
        let bound = |target: &Target| match target {
            Target::Stored(at) => {
                !matches!(table.source(table.columns[*at].id), ScanColumn::Stored(_))
            }
            Target::ValidFrom | Target::ValidTo => true,
        };
        if let Some((target, span)) = new.set.iter().find(|(target, _)| bound(target)) {
            let name = target.describe(table).0;
            let message = format!("column \"{name}\" is set by FOR PORTION OF");
            let mistake = Diagnostic::at(Code::TemporalClause, *span, message)
                .primary("a bound of the period")
                .help("without FOR PORTION OF, SET moves the period of whole rows");
            let portion = update.portion.as_ref().map(|portion| portion.span);
            return Err(portion
                .into_iter()
                .fold(mistake, |mistake, span| mistake.label(span, "which gives it here"))
                .into());
        }
        let (Some((from_at, to_at)), ValidTime::Range { from, to }) =
            (table.period_columns(), portion)
        else {
            return Ok(());
        };
        for (at, function, instant) in
            [(from_at, Function::Greatest, from), (to_at, Function::Least, to)]
        {
            let (_, kept) = &new.row[at];
            let (ty, span) = (kept.ty, kept.span);
            let literal =
                Scalar::literal(Value::Timestamp(Timestamp(instant)), DataType::Timestamp, span);
            let literal = match ty {
                DataType::Date => {
                    Scalar::literal(Value::Date(Timestamp(instant).to_date()), ty, span)
                }
                _ => literal,
            };
            let cut = call_of(function, vec![kept.clone(), literal], ty, span);
            new.row[at] = (self.columns.push(&table.columns[at].name, ty), cut);
        }
        Ok(())
    }

    fn assigned_value(
        &mut self,
        table: &Arc<Table>,
        target: Target,
        value: Assigned<'_>,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let scalar = match value {
            Assigned::Expr(value) if value.node == ExprKind::Default => {
                return self.default_for(table, target, value.span);
            }
            Assigned::Expr(value) => self.expr(value, clause)?,
            Assigned::Bound(scalar) => scalar,
        };
        let (name, ty) = target.describe(table);
        let scalar = self.assign(scalar, ty, name)?;
        Ok(target.open_end(scalar))
    }

    pub(crate) fn delete(&mut self, delete: &Delete) -> Result<Statement> {
        if let Some(table) = delete.using.first() {
            return not_built(table.span(), "DELETE … USING");
        }
        if !delete.returning.is_empty() {
            return not_built(delete.span, "RETURNING");
        }
        let table = self.written_table(&delete.table)?;
        self.with_ctes(delete.with.as_ref(), |binder| {
            let span = delete.table.span();
            let portion = binder.portion(&table, delete.portion.as_ref())?;
            let mut current =
                binder.current_rows(&table, delete.alias.as_ref(), read_of(portion), span)?;
            current.plan = binder.where_of(current.plan, delete.filter.as_ref(), &current.scope)?;
            binder.delete_of(&table, current, portion, span)
        })
    }

    pub(crate) fn truncate(&mut self, tables: &[ast::ObjectName]) -> Result<Statement> {
        let [name] = tables else {
            return not_built(tables[1].span(), "TRUNCATE of several tables");
        };
        let table = self.written_table(name)?;
        let current = self.current_rows(&table, None, TemporalRead::default(), name.span())?;
        self.delete_of(&table, current, None, name.span())
    }

    fn delete_of(
        &mut self,
        table: &Arc<Table>,
        current: Current,
        portion: Option<ValidTime>,
        span: Span,
    ) -> Result<Statement> {
        // What stays of a row is as it was, but for the bounds that the table shows.
        let checks = match portion.is_some() && table.period.is_some() {
            true => self.checks(table, &current.columns, span)?,
            false => Vec::new(),
        };
        let mut columns = current.named();
        if portion.is_some() {
            columns.extend(current.carried());
        }
        let write = Write {
            table: Arc::clone(table),
            action: WriteAction::Delete { portion },
            input: current.plan,
            columns,
            checks,
            spans: vec![span; table.columns.len()],
        };
        Ok(Statement::Query(self.finish_plan(Arc::new(Logical::Write(write)), Vec::new())))
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
        read: TemporalRead,
        span: Span,
    ) -> Result<Current> {
        let title = format!("\"{}\"", table.name);
        let mut scan = self.scan(table, read, title, span);
        let mut names = std::mem::take(&mut scan.names);
        apply_alias(&mut names, alias)?;
        let columns: Vec<Column> = names.columns.iter().map(|column| column.column).collect();
        let hidden = [ScanColumn::CommitFrom, ScanColumn::ValidFrom, ScanColumn::ValidTo];
        let [commit_from, valid_from, valid_to] = hidden.map(|source| scan.column(source));
        self.hidden_used.extend([commit_from, valid_from, valid_to]);
        let key = self.key_of(&mut scan, table, &columns);
        let (plan, scope) = (scan.plan(self), Scope::of(names));
        Ok(Current { plan, scope, columns, key, commit_from, valid_from, valid_to })
    }

    /// Returns the key's columns; a table without a key gets its row id from the scan.
    fn key_of(&mut self, scan: &mut TableScan, table: &Table, columns: &[Column]) -> Vec<Column> {
        let position = |id| table.columns.iter().position(|column| column.id == id);
        let key = table.primary_key.iter().filter_map(|id| position(*id));
        let key: Vec<Column> = key.map(|at| columns[at]).collect();
        if !key.is_empty() {
            return key;
        }
        let row_id = self.columns.push("_row_id", DataType::Int64);
        self.hidden_used.insert(row_id);
        scan.scan.columns.push((row_id, ScanColumn::Stored(ROW_ID)));
        vec![row_id]
    }
}

/// Returns each column once, where it stands first.
fn once(items: impl Iterator<Item = (Column, Scalar)>) -> Vec<(Column, Scalar)> {
    let mut kept: Vec<(Column, Scalar)> = Vec::new();
    for (column, scalar) in items {
        if !kept.iter().any(|(other, _)| *other == column) {
            kept.push((column, scalar));
        }
    }
    kept
}
