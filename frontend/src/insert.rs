//! INSERT: rows for a table, every column of it in order, then the valid period.
//!
//! VALUES keeps only the columns given; a Project above adds defaults and the period, so that a bulk
//! INSERT carries no more than its text says.

use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span, did_you_mean};
use grammar::ast::{self, Expr, ExprKind, Insert, InsertSource, QueryBody};
use ir::{
    Column, Function, Logical, Query, Relation, Scalar, Statement, Table, TemporalRead, Write,
    WriteAction,
};
use types::{DataType, TIME_MAX, TIME_MIN, Timestamp, Value};

use crate::binder::Binder;
use crate::coerce::cast;
use crate::expr::{Clause, not_built};
use crate::function::call_of;
use crate::literal;
use crate::query::{Bound, check_width, schema_place};
use crate::scope::{Scope, ScopeColumn, ScopeTable};
use crate::stored;

/// Most rows of VALUES whose mistakes are shown at the value itself: more rows run in several
/// batches, whose order a mistake could not be counted by.
const PLACED_ROWS_MAX: usize = types::BATCH_ROWS;

/// A column that an INSERT names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Position in the table's columns.
    Stored(usize),
    ValidFrom,
    ValidTo,
}

/// The columns of new rows, as the input of a write has them.
pub(crate) struct Incoming {
    pub(crate) plan: Arc<Logical>,
    /// Columns and what they go to.
    pub(crate) given: Vec<(Target, Column)>,
    /// Where the values of each target stand; row after row for a short VALUES.
    pub(crate) spans: Vec<Span>,
}

impl Binder<'_> {
    pub(crate) fn insert(&mut self, insert: &Insert) -> Result<Statement> {
        if let Some(conflict) = &insert.on_conflict {
            return not_built(conflict.span, "ON CONFLICT");
        }
        if !insert.returning.is_empty() {
            return not_built(insert.span, "RETURNING");
        }
        let table = self.written_table(&insert.table)?;
        let valid = self.valid_period(&table, insert.valid.as_ref())?;
        let targets = insert_targets(&table, insert, valid.is_some())?;
        let incoming = self
            .with_ctes(insert.with.as_ref(), |binder| binder.incoming(&table, insert, &targets))?;
        let query = self.insert_of(&table, incoming, valid, insert.table.span())?;
        Ok(Statement::Query(query))
    }

    /// Returns the table that a write names.
    pub(crate) fn written_table(&mut self, name: &ast::ObjectName) -> Result<Arc<Table>> {
        let span = name.span();
        if let crate::query::Place::System = schema_place(name)? {
            let message = "tables of the system cannot be changed";
            return Err(Diagnostic::at(Code::WrongObject, span, message).into());
        }
        match self.relation(name.last(), TemporalRead::default())? {
            (Relation::Table(table), _) => Ok(table),
            (Relation::View(view), _) => {
                let message = format!("\"{}\" is a view and cannot be changed", view.name);
                Err(Diagnostic::at(Code::WrongObject, span, message)
                    .help("change the tables that it reads")
                    .into())
            }
        }
    }

    /// Evaluates `VALID FROM a TO b`; NULL is an open end.
    fn valid_period(
        &mut self,
        table: &Table,
        valid: Option<&ast::ValidPeriod>,
    ) -> Result<Option<(i64, i64)>> {
        let Some(valid) = valid else { return Ok(None) };
        if let Some(period) = &table.period {
            let message = format!("the valid time of \"{}\" is given by its columns", table.name);
            return Err(Diagnostic::at(Code::TemporalClause, valid.span, message)
                .primary(format!("the table declares it as period \"{}\"", period.name))
                .help(period_help(table))
                .into());
        }
        let from = self.instant(&valid.from, TIME_MIN)?;
        let to = self.instant(&valid.to, TIME_MAX)?;
        // Parameters without values have no order yet.
        let (from, to) = from.zip(to).unwrap_or((TIME_MIN, TIME_MAX));
        if from >= to {
            let message = "a period must start before it ends";
            return Err(Diagnostic::at(Code::InvalidPeriod, valid.to.span, message)
                .primary("not after the start")
                .label(valid.from.span, "the start")
                .into());
        }
        Ok(Some((from, to)))
    }

    fn incoming(
        &mut self,
        table: &Arc<Table>,
        insert: &Insert,
        targets: &[Target],
    ) -> Result<Incoming> {
        let names = insert.columns.iter().map(|name| name.span);
        let spans: Vec<Span> = names.collect();
        match &insert.source {
            InsertSource::DefaultValues => {
                let rows = Arc::new(vec![Vec::new()]);
                let plan = Arc::new(Logical::Values { rows, columns: Vec::new() });
                Ok(Incoming { plan, given: Vec::new(), spans: Vec::new() })
            }
            InsertSource::Query(query) => match plain_values(query) {
                Some(values) => self.incoming_values(table, values, targets, spans),
                None => self.incoming_query(table, query, targets, spans),
            },
        }
    }

    /// VALUES: each value is converted to its column's type where it stands.
    fn incoming_values(
        &mut self,
        table: &Arc<Table>,
        values: &ast::Values,
        targets: &[Target],
        spans: Vec<Span>,
    ) -> Result<Incoming> {
        let width = values.rows.first().map_or(0, Vec::len);
        let targets =
            self.counted_targets(table, targets, width, !spans.is_empty(), values.span)?;
        let scope = Scope::default();
        let mut clause = Clause::with_subqueries(&scope, "VALUES");
        let mut rows = Vec::with_capacity(values.rows.len());
        for row in &values.rows {
            check_width(row, width, values.span)?;
            let mut bound = Vec::with_capacity(width);
            for (value, target) in row.iter().zip(targets) {
                bound.push(self.value_for(table, value, *target, &mut clause)?);
            }
            rows.push(bound);
        }
        let spans = match values.rows.len() <= PLACED_ROWS_MAX {
            true => values.rows.iter().flatten().map(|value| value.span).collect(),
            false => spans,
        };
        let given: Vec<(Target, Column)> = targets
            .iter()
            .map(|target| {
                let (name, ty) = target.describe(table);
                (*target, self.columns.push(name, ty))
            })
            .collect();
        let columns = given.iter().map(|(_, column)| *column).collect();
        let plan = self.rows_of(rows, columns, &clause.subqueries);
        Ok(Incoming { plan, given, spans })
    }

    fn value_for(
        &mut self,
        table: &Arc<Table>,
        value: &Expr,
        target: Target,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        if value.node == ExprKind::Default {
            return self.default_for(table, target, value.span);
        }
        let (name, ty) = target.describe(table);
        let scalar = self.expr(value, clause)?;
        let scalar = self.assign(scalar, ty, name)?;
        Ok(target.open_end(scalar))
    }

    /// INSERT … SELECT: a Project converts what the query gives.
    fn incoming_query(
        &mut self,
        table: &Arc<Table>,
        query: &ast::Query,
        targets: &[Target],
        spans: Vec<Span>,
    ) -> Result<Incoming> {
        let mut bound = self.query(query)?;
        let width = bound.output.len();
        let targets = self.counted_targets(table, targets, width, !spans.is_empty(), query.span)?;
        let mut items = Vec::with_capacity(width);
        let mut given = Vec::with_capacity(width);
        for (at, target) in targets.iter().enumerate() {
            let (name, ty) = target.describe(table);
            if self.columns.ty(bound.output[at].column) == DataType::Null {
                self.decide_output(&mut bound, at, ty.unlimited())?;
            }
            let span = spans.get(at).copied().unwrap_or(query.span);
            let scalar = self.columns.scalar(bound.output[at].column, span);
            let scalar = target.open_end(self.assign(scalar, ty, name)?);
            let column = self.columns.push(name, ty);
            items.push((column, scalar));
            given.push((*target, column));
        }
        let plan = Arc::new(Logical::Project { input: bound.plan, items });
        Ok(Incoming { plan, given, spans })
    }

    /// Checks the number of values; without a column list fewer are allowed, as in PostgreSQL.
    fn counted_targets<'t>(
        &self,
        table: &Table,
        targets: &'t [Target],
        width: usize,
        listed: bool,
        span: Span,
    ) -> Result<&'t [Target]> {
        let wanted = targets.len();
        if width == wanted || (!listed && width < wanted) {
            return Ok(&targets[..width]);
        }
        let message = format!("{width} values for {wanted} columns");
        let names = targets.iter().map(|target| target.describe(table).0);
        let list = crate::unknown::quoted_list(names);
        Err(Diagnostic::at(Code::ColumnCount, self.place(span), message)
            .primary(format!("{width} values"))
            .help(format!("the columns are {list}"))
            .into())
    }

    /// Makes the write: defaults for what is missing, the valid period, and the checks.
    pub(crate) fn insert_of(
        &mut self,
        table: &Arc<Table>,
        incoming: Incoming,
        valid: Option<(i64, i64)>,
        span: Span,
    ) -> Result<Query> {
        let (from, to) = valid.unwrap_or((TIME_MIN, TIME_MAX));
        let mut items: Vec<(Column, Scalar)> = Vec::new();
        let mut columns = Vec::with_capacity(table.columns.len() + 2);
        let mut places = Vec::with_capacity(table.columns.len());
        let stored = (0..table.columns.len()).map(Target::Stored);
        let hidden = [Target::ValidFrom, Target::ValidTo];
        let hidden = hidden.into_iter().filter(|_| table.period.is_none());
        for target in stored.chain(hidden) {
            let (name, ty) = target.describe(table);
            let place = incoming.given.iter().position(|(given, _)| *given == target);
            let (column, scalar) = match place {
                Some(at) => {
                    let column = incoming.given[at].1;
                    (column, self.columns.scalar(column, span))
                }
                None => {
                    let scalar = match target {
                        Target::Stored(_) => self.default_for(table, target, span)?,
                        Target::ValidFrom => timestamp(from, span),
                        Target::ValidTo => timestamp(to, span),
                    };
                    (self.columns.push(name, ty), scalar)
                }
            };
            items.push((column, scalar));
            columns.push(column);
            places.push(place);
        }
        places.truncate(table.columns.len());
        let spans = row_spans(&incoming, &places, span);
        let checks = self.checks(table, &columns, span)?;
        let mut input = Arc::new(Logical::Project { input: incoming.plan, items });
        if let Some((from, to)) = table.period_columns() {
            let bounds;
            (input, bounds) = self.instants_of(input, [columns[from], columns[to]], span);
            columns.extend(bounds);
        }
        let write = Write {
            table: Arc::clone(table),
            action: WriteAction::Insert { upsert: table.document },
            input,
            columns,
            checks,
            spans,
        };
        Ok(self.finish_plan(Arc::new(Logical::Write(write)), Vec::new()))
    }

    /// Returns a projection with the instants of two bounds; a day is its midnight.
    pub(crate) fn instants_of(
        &mut self,
        input: Arc<Logical>,
        bounds: [Column; 2],
        span: Span,
    ) -> (Arc<Logical>, [Column; 2]) {
        if bounds.iter().all(|bound| self.columns.ty(*bound) == DataType::Timestamp) {
            return (input, bounds);
        }
        let Logical::Project { items, .. } = input.as_ref() else {
            unreachable!("new rows come from a projection");
        };
        let pass = |(column, _): &(Column, Scalar)| (*column, self.columns.scalar(*column, span));
        let mut items: Vec<(Column, Scalar)> = items.iter().map(pass).collect();
        let instants = bounds.map(|bound| {
            let instant = cast(self.columns.scalar(bound, span), DataType::Timestamp);
            let column = self.columns.push("", DataType::Timestamp);
            items.push((column, instant));
            column
        });
        (Arc::new(Logical::Project { input, items }), instants)
    }

    /// Returns the default of a column, converted to its type; NULL without one.
    pub(crate) fn default_for(
        &mut self,
        table: &Arc<Table>,
        target: Target,
        span: Span,
    ) -> Result<Scalar> {
        let at = match target {
            Target::Stored(at) => at,
            Target::ValidFrom => return Ok(timestamp(TIME_MIN, span)),
            Target::ValidTo => return Ok(timestamp(TIME_MAX, span)),
        };
        let column = &table.columns[at];
        let Some(text) = &column.default else { return Ok(literal::null(column.ty, span)) };
        let what = format!("the default of column \"{}\"", column.name);
        self.foreign(span, &what, |binder| {
            let expr = stored::expression(text)?;
            let scope = Scope::default();
            let mut clause = Clause::new(&scope, "DEFAULT");
            let scalar = binder.expr(&expr, &mut clause)?;
            binder.assign(scalar, column.ty, &column.name)
        })
    }

    /// Binds the table's CHECK constraints over the columns of the new row.
    pub(crate) fn checks(
        &mut self,
        table: &Arc<Table>,
        columns: &[Column],
        span: Span,
    ) -> Result<Vec<(String, Scalar)>> {
        if table.checks.is_empty() {
            return Ok(Vec::new());
        }
        let names = table
            .columns
            .iter()
            .zip(columns)
            .map(|(stored, column)| ScopeColumn { name: stored.name.clone(), column: *column });
        let scope = Scope::of(ScopeTable {
            name: Some(table.name.clone()),
            title: format!("\"{}\"", table.name),
            columns: names.collect(),
            hidden: Vec::new(),
            span,
        });
        let mut checks = Vec::with_capacity(table.checks.len());
        for check in &table.checks {
            let what = format!("check \"{}\"", check.name);
            let condition = self.foreign(span, &what, |binder| {
                let expr = stored::expression(&check.text)?;
                let mut clause = Clause::new(&scope, "CHECK");
                binder.predicate(&expr, "CHECK", &mut clause)
            })?;
            checks.push((check.name.clone(), condition));
        }
        Ok(checks)
    }

    /// Makes the insert of rows that the caller supplies: COPY FROM, CREATE TABLE AS.
    pub(crate) fn insert_rows(
        &mut self,
        table: &Arc<Table>,
        bound: Bound,
        targets: &[Target],
        span: Span,
    ) -> Result<Query> {
        let given = targets.iter().zip(&bound.output).map(|(target, out)| (*target, out.column));
        let incoming =
            Incoming { given: given.collect(), plan: bound.plan, spans: vec![span; targets.len()] };
        self.insert_of(table, incoming, None, span)
    }
}

impl Target {
    /// Returns the target's name and type.
    pub(crate) fn describe(self, table: &Table) -> (&str, DataType) {
        match self {
            Target::Stored(at) => (&table.columns[at].name, table.columns[at].ty),
            Target::ValidFrom => ("_valid_from", DataType::Timestamp),
            Target::ValidTo => ("_valid_to", DataType::Timestamp),
        }
    }

    /// NULL as a bound of the valid period is an open end.
    pub(crate) fn open_end(self, scalar: Scalar) -> Scalar {
        let open = match self {
            Target::Stored(_) => return scalar,
            Target::ValidFrom => TIME_MIN,
            Target::ValidTo => TIME_MAX,
        };
        let span = scalar.span;
        match scalar.as_literal() {
            Some(Value::Null) => timestamp(open, span),
            Some(_) => scalar,
            None => {
                let args = vec![scalar, timestamp(open, span)];
                call_of(Function::Coalesce, args, DataType::Timestamp, span)
            }
        }
    }
}

fn timestamp(at: i64, span: Span) -> Scalar {
    Scalar::literal(Value::Timestamp(Timestamp(at)), DataType::Timestamp, span)
}

/// Returns where each table column's value stands, for every row whose places are known.
///
/// `places` says which of the given values each column takes; what is not given stands at `span`.
fn row_spans(incoming: &Incoming, places: &[Option<usize>], span: Span) -> Vec<Span> {
    let given = incoming.given.len().max(1);
    let rows = (incoming.spans.len() / given).max(1);
    let of = |row: usize| {
        places.iter().map(move |place| {
            let known = place.and_then(|at| incoming.spans.get(row * given + at));
            known.copied().unwrap_or(span)
        })
    };
    (0..rows).flat_map(of).collect()
}

/// A VALUES without ORDER BY, LIMIT and WITH, whose values may be DEFAULT.
fn plain_values(query: &ast::Query) -> Option<&ast::Values> {
    let plain = query.with.is_none()
        && query.order_by.is_empty()
        && query.limit.is_none()
        && query.offset.is_none()
        && query.temporal.is_empty()
        && query.lock.is_none();
    match &query.body {
        QueryBody::Values(values) if plain => Some(values),
        _ => None,
    }
}

/// Returns what the column list names; all columns in their order without one.
fn insert_targets(table: &Table, insert: &Insert, has_period: bool) -> Result<Vec<Target>> {
    let targets = named_targets(table, &insert.columns)?;
    let clash =
        insert.columns.iter().zip(&targets).find(|(_, target)| {
            has_period && matches!(target, Target::ValidFrom | Target::ValidTo)
        });
    if let (Some((name, _)), Some(valid)) = (clash, &insert.valid) {
        let message = "the valid period is given twice";
        return Err(Diagnostic::at(Code::TemporalClause, valid.span, message)
            .primary("given here")
            .label(name.span, "and as a column")
            .into());
    }
    Ok(targets)
}

/// Returns the columns that a list names; all of them for an empty list.
pub(crate) fn named_targets(table: &Table, names: &[ast::Name]) -> Result<Vec<Target>> {
    if names.is_empty() {
        return Ok((0..table.columns.len()).map(Target::Stored).collect());
    }
    let mut targets: Vec<Target> = Vec::with_capacity(names.len());
    let mut mistakes = Vec::new();
    for name in names {
        match target_named(table, name) {
            Ok(target) if targets.contains(&target) => {
                let message = format!("column \"{}\" is named twice", name.node);
                mistakes.push(Diagnostic::at(Code::DuplicateColumn, name.span, message));
            }
            Ok(target) => targets.push(target),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    Diagnostic::join(mistakes).map_or(Ok(targets), |mistake| Err(mistake.into()))
}

#[expect(clippy::result_large_err, reason = "the caller joins the mistakes of several names")]
pub(crate) fn target_named(
    table: &Table,
    name: &ast::Name,
) -> std::result::Result<Target, Diagnostic> {
    if let Some(at) = table.columns.iter().position(|column| column.name == name.node) {
        return Ok(Target::Stored(at));
    }
    match name.node.as_str() {
        "_valid_from" if table.period.is_none() => return Ok(Target::ValidFrom),
        "_valid_to" if table.period.is_none() => return Ok(Target::ValidTo),
        hidden if hidden.starts_with("_commit_") || hidden.starts_with("_system_") => {
            let message = format!("column \"{hidden}\" is set by the commit");
            return Err(Diagnostic::at(Code::UnknownColumn, name.span, message));
        }
        _ => {}
    }
    Err(unknown_target(table, name))
}

/// Says how a table with a declared period is given the valid time of its rows.
fn period_help(table: &Table) -> String {
    let names = table.period_columns().map(|(from, to)| [from, to]);
    let names = names.into_iter().flatten().map(|at| table.columns[at].name.as_str());
    format!("the columns are {}", crate::unknown::quoted_list(names))
}

/// Returns the error of a column that the written table does not have.
pub(crate) fn unknown_target(table: &Table, name: &ast::Name) -> Diagnostic {
    let message = format!("column \"{}\" does not exist", name.node);
    let names = table.columns.iter().map(|column| column.name.as_str());
    let help = did_you_mean(&name.node, names.clone()).unwrap_or_else(|| {
        format!("\"{}\" has the columns {}", table.name, crate::unknown::quoted_list(names))
    });
    Diagnostic::at(Code::UnknownColumn, name.span, message)
        .primary(format!("not a column of \"{}\"", table.name))
        .help(help)
}
