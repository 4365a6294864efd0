//! A name in FROM: a common table expression, a table, a view or a table of the system.

use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast;
use ir::{
    Column, Logical, OutputColumn, Relation, Scalar, ScalarKind, Scan, ScanColumn, SystemTable,
    Table, TemporalRead, View,
};
use types::{CommitId, DataType};

use super::{Bound, renamed};
use crate::binder::Binder;
use crate::expr::not_built;
use crate::scope::{Scope, ScopeColumn, ScopeTable};
use crate::unknown;

/// The hidden columns of every table.
pub(crate) const HIDDEN: [(&str, ScanColumn, DataType); 6] = [
    ("_commit_from", ScanColumn::CommitFrom, DataType::Int64),
    ("_commit_to", ScanColumn::CommitTo, DataType::Int64),
    ("_system_from", ScanColumn::SystemFrom, DataType::Timestamp),
    ("_system_to", ScanColumn::SystemTo, DataType::Timestamp),
    ("_valid_from", ScanColumn::ValidFrom, DataType::Timestamp),
    ("_valid_to", ScanColumn::ValidTo, DataType::Timestamp),
];

/// `system.commits`, in the order that `SystemTable::Commits` promises.
const COMMITS: [(&str, DataType); 7] = [
    ("commit_id", DataType::Int64),
    ("commit_time", DataType::Timestamp),
    ("user", DataType::TEXT),
    ("application", DataType::TEXT),
    ("kinds", DataType::TEXT),
    ("rows", DataType::Int64),
    ("message", DataType::TEXT),
];

/// A plan and the names that it brings into sight.
pub(crate) struct Source {
    pub(crate) plan: Arc<Logical>,
    pub(crate) scope: Scope,
}

/// A scan of all columns of a table.
pub(crate) struct TableScan {
    pub(crate) scan: Scan,
    pub(crate) names: ScopeTable,
    /// Bounds of a period of days: the column in sight, and the instant that the scan makes.
    days: Vec<(Column, Column)>,
}

impl TableScan {
    /// Returns the column that the scan makes of `source`.
    pub(crate) fn column(&self, source: ScanColumn) -> Column {
        let found = self.scan.columns.iter().find(|(_, other)| *other == source);
        found.expect("a scan is made with every column of its table").0
    }

    /// Returns the plan: the scan, and above it the days of instants.
    pub(crate) fn plan(self, binder: &Binder<'_>) -> Arc<Logical> {
        let scan = Arc::new(Logical::Scan(self.scan.clone()));
        if self.days.is_empty() {
            return scan;
        }
        let pass = |column: Column| (column, binder.columns.scalar(column, Span::NONE));
        let mut items: Vec<(Column, Scalar)> =
            self.scan.columns.iter().map(|(column, _)| pass(*column)).collect();
        for (day, instant) in self.days {
            let input = Box::new(binder.columns.scalar(instant, Span::NONE));
            // Every instant has a day: the cast cannot fail, and conditions may move through it.
            let kind = ScalarKind::Cast { input, lenient: true };
            items.push((day, Scalar::new(kind, DataType::Date, Span::NONE)));
        }
        Arc::new(Logical::Project { input: scan, items })
    }
}

/// Where a dotted name of a relation lives.
pub(crate) enum Place {
    /// A table or view.
    Plain,
    /// A table of the system.
    System,
}

impl Binder<'_> {
    pub(super) fn named_table(&mut self, table: &ast::NamedTable) -> Result<Source> {
        let reads = self.reads_of(&table.temporal)?;
        let outer = std::mem::replace(&mut self.reads, reads);
        let source = self.named_relation(table);
        self.reads = outer;
        source
    }

    fn named_relation(&mut self, table: &ast::NamedTable) -> Result<Source> {
        let name = table.name.last();
        match schema_place(&table.name)? {
            Place::System => return self.system_table(table),
            Place::Plain => {}
        }
        if table.name.parts.len() == 1
            && let Some(cte) = self.ctes.iter().rev().find(|cte| cte.name == name.node).cloned()
        {
            let bound = self.bind_cte(&cte)?;
            let fresh = self.fresh_columns(bound);
            return self.query_source(fresh, name, table.alias.as_ref(), table.span);
        }
        let read = self.read(&self.reads);
        match self.relation(name, read)? {
            (Relation::Table(found), past) => self.table_source(&found, table, read, past),
            (Relation::View(view), _) => {
                let bound = self.view(&view, name.span)?;
                self.query_source(bound, name, table.alias.as_ref(), table.span)
            }
        }
    }

    /// Looks a name up in the schema that `read` sees.
    pub(crate) fn relation(
        &self,
        name: &ast::Name,
        read: TemporalRead,
    ) -> Result<(Relation, Option<CommitId>)> {
        let (catalog, past) = self.schema(read);
        if let Some(found) = catalog.get(&name.node) {
            return Ok((found.clone(), past));
        }
        let span = self.place(name.span);
        let mistake = match past {
            Some(commit) => unknown::table_as_of(&name.node, span, commit, self.context.catalog),
            None => {
                let ctes = self.ctes.iter().map(|cte| cte.name.as_str());
                unknown::table(&name.node, span, &catalog, ctes)
            }
        };
        Err(mistake.into())
    }

    /// Returns a scan of all columns, hidden ones too.
    fn table_source(
        &mut self,
        found: &Arc<Table>,
        table: &ast::NamedTable,
        read: TemporalRead,
        past: Option<CommitId>,
    ) -> Result<Source> {
        let title = match past {
            Some(commit) => format!("\"{}\" as of commit {commit}", found.name),
            None => format!("\"{}\"", found.name),
        };
        self.check_period(found)?;
        let mut scan = self.scan(found, read, title, table.span);
        let mut names = std::mem::take(&mut scan.names);
        apply_alias(&mut names, table.alias.as_ref())?;
        Ok(Source { plan: scan.plan(self), scope: Scope::of(names) })
    }

    /// Makes a scan of all columns of a table and the names for them.
    pub(crate) fn scan(
        &mut self,
        table: &Arc<Table>,
        read: TemporalRead,
        title: String,
        span: Span,
    ) -> TableScan {
        let mut list = Vec::with_capacity(table.columns.len() + HIDDEN.len());
        let mut columns = Vec::with_capacity(table.columns.len());
        let mut days = Vec::new();
        for stored in &table.columns {
            // A column's limit on length matters to writes; expressions know TEXT.
            let column = self.columns.push(&stored.name, stored.ty.unlimited());
            columns.push(ScopeColumn { name: stored.name.clone(), column });
            let source = table.source(stored.id);
            let made = source.data_type(table);
            if made.unlimited() == stored.ty.unlimited() {
                list.push((column, source));
            } else {
                let instant = self.columns.push(&stored.name, made);
                list.push((instant, source));
                days.push((column, instant));
            }
        }
        if table.period.is_some() {
            let bounds = list.iter().filter(|(_, source)| !matches!(source, ScanColumn::Stored(_)));
            self.hidden_used.extend(bounds.map(|(column, _)| *column));
        }
        let mut hidden = Vec::with_capacity(HIDDEN.len());
        for (name, source, ty) in HIDDEN {
            if list.iter().any(|(_, other)| *other == source) {
                continue;
            }
            let column = self.columns.push(name, ty);
            list.push((column, source));
            hidden.push(ScopeColumn { name: name.to_owned(), column });
        }
        let scan = Scan {
            table: Arc::clone(table),
            columns: list,
            temporal: read,
            predicates: Vec::new(),
        };
        let name = Some(table.name.clone());
        let names = ScopeTable { name, title, columns, hidden, span: self.place(span) };
        TableScan { scan, names, days }
    }

    /// Binds the text of a view, as if its query stood here.
    fn view(&mut self, view: &Arc<View>, span: Span) -> Result<Bound> {
        if self.views.contains(&view.name) {
            let message = format!("view \"{}\" reads itself", view.name);
            let span = self.place(span);
            return Err(Diagnostic::at(Code::InvalidDefinition, span, message).into());
        }
        self.views.push(view.name.clone());
        let outer_ctes = std::mem::take(&mut self.ctes);
        // The text of a view means the same wherever it stands.
        let outer = std::mem::take(&mut self.outer);
        let what = format!("view \"{}\"", view.name);
        let bound = self.foreign(span, &what, |binder| {
            let query = crate::stored::query(&view.text)?;
            let bound = binder.query(&query)?;
            Ok(binder.settled(bound))
        });
        self.ctes = outer_ctes;
        self.outer = outer;
        self.views.pop();
        let mut bound = bound?;
        for (out, name) in bound.output.iter_mut().zip(&view.columns) {
            out.name.clone_from(name);
        }
        Ok(bound)
    }

    /// Makes a source of a query that stands in FROM.
    pub(super) fn query_source(
        &mut self,
        bound: Bound,
        name: &ast::Name,
        alias: Option<&ast::TableAlias>,
        span: Span,
    ) -> Result<Source> {
        let bound = self.settled(bound);
        let names = alias.map_or(&[][..], |alias| alias.columns.as_slice());
        let name = alias.map_or(name, |alias| &alias.name);
        let bound = renamed(bound, names, &name.node, self.place(span))?;
        let scope = self.scope_of(&bound, Some(name), self.place(span));
        Ok(Source { plan: bound.plan, scope })
    }

    /// A shared plan gets columns of its own at each place that reads it.
    pub(crate) fn fresh_columns(&mut self, bound: Bound) -> Bound {
        let mut items = Vec::with_capacity(bound.output.len());
        let mut output = Vec::with_capacity(bound.output.len());
        for out in bound.output {
            let scalar = self.columns.scalar(out.column, Span::NONE);
            let column = self.columns.push(&out.name, scalar.ty);
            items.push((column, scalar));
            output.push(OutputColumn { column, name: out.name });
        }
        Bound { plan: Arc::new(Logical::Project { input: bound.plan, items }), output }
    }

    fn system_table(&mut self, table: &ast::NamedTable) -> Result<Source> {
        let name = table.name.last();
        if name.node != "commits" {
            let message = format!("table \"system.{}\" does not exist", name.node);
            let help = diag::did_you_mean(&name.node, ["commits"]);
            let help = help.or_else(|| Some("there is system.commits".to_owned()));
            return Err(Diagnostic::at(Code::UnknownTable, self.place(name.span), message)
                .help_opt(help)
                .into());
        }
        if let Some(clause) = table.temporal.first() {
            return not_built(clause.span, "a temporal clause on system.commits");
        }
        let columns: Vec<ScopeColumn> = COMMITS
            .iter()
            .map(|(name, ty)| ScopeColumn {
                name: (*name).to_owned(),
                column: self.columns.push(*name, *ty),
            })
            .collect();
        let plan = Logical::SystemScan {
            table: SystemTable::Commits,
            columns: columns.iter().map(|column| column.column).collect(),
        };
        let mut names = ScopeTable {
            name: Some("commits".to_owned()),
            title: "\"system.commits\"".to_owned(),
            columns,
            hidden: Vec::new(),
            span: table.span,
        };
        apply_alias(&mut names, table.alias.as_ref())?;
        Ok(Source { plan: Arc::new(plan), scope: Scope::of(names) })
    }
}

/// Tables live in one schema, which may be called `public`.
pub(crate) fn schema_place(name: &ast::ObjectName) -> Result<Place> {
    match name.parts.as_slice() {
        [_] => Ok(Place::Plain),
        [schema, _] if schema.node == "public" => Ok(Place::Plain),
        [schema, _] if schema.node == "system" => Ok(Place::System),
        [schema, ..] => {
            let message = format!("schema \"{}\" does not exist", schema.node);
            Err(Diagnostic::at(Code::UnknownSchema, schema.span, message)
                .help("tables live in \"public\", which need not be written")
                .into())
        }
        [] => unreachable!("the grammar gives every name a part"),
    }
}

/// Gives a table its alias and the new names of its first columns.
pub(crate) fn apply_alias(table: &mut ScopeTable, alias: Option<&ast::TableAlias>) -> Result<()> {
    let Some(alias) = alias else { return Ok(()) };
    if alias.columns.len() > table.columns.len() {
        let message = format!(
            "{} has {} columns, but {} names are given",
            table.title,
            table.columns.len(),
            alias.columns.len()
        );
        let extra = alias.columns[table.columns.len()].span;
        return Err(Diagnostic::at(Code::ColumnCount, extra, message).into());
    }
    table.name = Some(alias.name.node.clone());
    for (column, name) in table.columns.iter_mut().zip(&alias.columns) {
        column.name.clone_from(&name.node);
    }
    Ok(())
}
