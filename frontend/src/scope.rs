//! What names mean at one place: the tables of a FROM clause and their columns.
//!
//! `star` is the list that `*` and unqualified names see: USING and NATURAL put their merged columns
//! first and take the two halves out of it; the halves stay reachable by their table's name.

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast;
use ir::{AggregateCall, Column, Columns};
use types::DataType;

use crate::expr::{Allows, Inside};
use crate::unknown;

/// A column in sight.
#[derive(Clone, Debug)]
pub(crate) struct ScopeColumn {
    pub(crate) name: String,
    pub(crate) column: Column,
}

/// A table in FROM.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScopeTable {
    /// Its alias or own name; none for a subquery without an alias.
    pub(crate) name: Option<String>,
    /// What it is called in messages: `"staff" as of commit 41`.
    pub(crate) title: String,
    pub(crate) columns: Vec<ScopeColumn>,
    /// `_commit_from` and its kin.
    pub(crate) hidden: Vec<ScopeColumn>,
    pub(crate) span: Span,
}

/// A column of `*`.
#[derive(Clone, Debug)]
pub(crate) struct StarColumn {
    pub(crate) name: String,
    pub(crate) column: Column,
    /// Its table in `Scope::tables`; none if two were merged.
    pub(crate) table: Option<usize>,
}

/// The tables in sight.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) tables: Vec<ScopeTable>,
    pub(crate) star: Vec<StarColumn>,
}

/// A query around the one being bound, as a subquery sees it.
#[derive(Debug)]
pub(crate) struct Outer {
    pub(crate) scope: Scope,
    /// The clause that the subquery stands in.
    pub(crate) place: &'static str,
    pub(crate) allows: Allows,
    pub(crate) inside: Inside,
    /// The aggregates of that query, to which a subquery may add.
    pub(crate) aggregates: Vec<(Column, AggregateCall)>,
}

/// What a dotted name resolves to: a column and the path into its document.
#[derive(Debug)]
pub(crate) struct Resolved<'n> {
    pub(crate) column: Column,
    pub(crate) path: &'n [ast::Name],
    pub(crate) hidden: bool,
}

impl Scope {
    /// Returns the scope of one table.
    pub(crate) fn of(table: ScopeTable) -> Scope {
        let star = table.columns.iter().map(|column| StarColumn {
            name: column.name.clone(),
            column: column.column,
            table: Some(0),
        });
        Scope { star: star.collect(), tables: vec![table] }
    }

    /// Adds the tables of `right` after these. The same name twice is an error.
    pub(crate) fn join(&mut self, right: Scope) -> Result<()> {
        for table in &right.tables {
            let same =
                self.tables.iter().find(|left| left.name.is_some() && left.name == table.name);
            if let (Some(left), Some(name)) = (same, &table.name) {
                return Err(duplicate_alias(name, left.span, table.span).into());
            }
        }
        let offset = self.tables.len();
        self.tables.extend(right.tables);
        self.star.extend(right.star.into_iter().map(|mut column| {
            column.table = column.table.map(|table| table + offset);
            column
        }));
        Ok(())
    }

    /// Returns the table called `name`.
    pub(crate) fn table(&self, name: &str) -> Option<(usize, &ScopeTable)> {
        let mut tables = self.tables.iter().enumerate();
        tables.find(|(_, table)| table.name.as_deref() == Some(name))
    }

    /// Returns what the dotted name `parts` means.
    ///
    /// A table's name comes before a column's: `a.b` is column `b` of table `a` if there is one,
    /// else field `b` of the document in column `a`.
    pub(crate) fn resolve<'n>(
        &self,
        parts: &'n [ast::Name],
        columns: &Columns,
    ) -> Result<Resolved<'n>> {
        if let Some(found) = self.lookup(parts, columns)? {
            return Ok(found);
        }
        let parts = strip_schema(self, parts);
        match self.unqualified(&parts[0])? {
            Some((column, hidden)) => with_path(column, hidden, &parts[0], &parts[1..], columns),
            None => Err(unknown::column(self, parts).into()),
        }
    }

    /// As [`Scope::resolve`]; `None` if no table here has the name.
    pub(crate) fn lookup<'n>(
        &self,
        parts: &'n [ast::Name],
        columns: &Columns,
    ) -> Result<Option<Resolved<'n>>> {
        let parts = strip_schema(self, parts);
        if parts.len() > 1
            && let Some((_, table)) = self.table(&parts[0].node)
            && let Some((column, hidden)) = table.find(&parts[1].node)
        {
            return with_path(column, hidden, &parts[1], &parts[2..], columns).map(Some);
        }
        match self.unqualified(&parts[0])? {
            // What has no fields cannot be meant: a query around may have a table of the name.
            Some((column, _)) if parts.len() > 1 && columns.ty(column) != DataType::Json => {
                Ok(None)
            }
            Some((column, hidden)) => {
                with_path(column, hidden, &parts[0], &parts[1..], columns).map(Some)
            }
            None => Ok(None),
        }
    }

    /// True if a table here hides those of the same name in the queries around.
    pub(crate) fn hides(&self, parts: &[ast::Name]) -> bool {
        parts.len() > 1 && self.table(&parts[0].node).is_some()
    }

    /// True if the column is one of these tables'.
    pub(crate) fn has(&self, column: Column) -> bool {
        let is = |other: &ScopeColumn| other.column == column;
        self.star.iter().any(|other| other.column == column)
            || self
                .tables
                .iter()
                .any(|table| table.columns.iter().any(is) || table.hidden.iter().any(is))
    }

    /// Returns the column of this bare name, and whether it is a hidden one.
    fn unqualified(&self, name: &ast::Name) -> Result<Option<(Column, bool)>> {
        let seen: Vec<&StarColumn> =
            self.star.iter().filter(|column| column.name == name.node).collect();
        match seen.as_slice() {
            [] => self.unqualified_hidden(name),
            [one] => Ok(Some((one.column, false))),
            several => {
                let tables = several.iter().filter_map(|column| column.table);
                Err(self.ambiguous(name, &tables.collect::<Vec<_>>()).into())
            }
        }
    }

    fn unqualified_hidden(&self, name: &ast::Name) -> Result<Option<(Column, bool)>> {
        let tables = self.tables.iter().enumerate();
        let found = tables.filter_map(|(at, table)| {
            let hidden = table.hidden.iter().find(|column| column.name == name.node)?;
            Some((at, hidden.column))
        });
        match found.collect::<Vec<_>>().as_slice() {
            [] => Ok(None),
            [(_, column)] => Ok(Some((*column, true))),
            several => {
                let tables: Vec<usize> = several.iter().map(|(at, _)| *at).collect();
                Err(self.ambiguous(name, &tables).into())
            }
        }
    }

    fn ambiguous(&self, name: &ast::Name, tables: &[usize]) -> Diagnostic {
        let message = format!("column \"{}\" is ambiguous", name.node);
        let mut titles = tables.iter().map(|table| self.tables[*table].title.as_str());
        let titles = titles.by_ref().collect::<Vec<_>>().join(" and ");
        let first = tables.first().and_then(|table| self.tables[*table].name.as_deref());
        let help = first.map(|table| format!("say which table: \"{table}.{}\"", name.node));
        Diagnostic::at(Code::AmbiguousColumn, name.span, message)
            .primary(format!("a column of {titles}"))
            .help_opt(help)
    }
}

impl ScopeTable {
    /// Returns the column of this name, and whether it is a hidden one.
    pub(crate) fn find(&self, name: &str) -> Option<(Column, bool)> {
        let find = |list: &[ScopeColumn]| {
            list.iter().find(|column| column.name == name).map(|column| column.column)
        };
        let plain = find(&self.columns).map(|column| (column, false));
        plain.or_else(|| find(&self.hidden).map(|column| (column, true)))
    }
}

/// `public.t.a` is `t.a`: there is one schema for tables.
fn strip_schema<'n>(scope: &Scope, parts: &'n [ast::Name]) -> &'n [ast::Name] {
    let schema = &parts[0].node;
    let qualified = parts.len() > 2
        && (schema == "public" || schema == "system")
        && scope.table(schema).is_none()
        && scope.table(&parts[1].node).is_some();
    if qualified { &parts[1..] } else { parts }
}

fn with_path<'n>(
    column: Column,
    hidden: bool,
    name: &ast::Name,
    path: &'n [ast::Name],
    columns: &Columns,
) -> Result<Resolved<'n>> {
    let ty = columns.ty(column);
    if let Some(field) = path.first()
        && ty != DataType::Json
    {
        let message = format!("column \"{}\" is {ty}, which has no fields", name.node);
        let mistake = Diagnostic::at(Code::UnknownColumn, field.span, message)
            .primary(format!("only JSON has a field \"{}\"", field.node))
            .label(name.span, format!("this is {ty}"));
        return Err(mistake.into());
    }
    Ok(Resolved { column, path, hidden })
}

/// Returns the error of one name for two tables.
pub(crate) fn duplicate_alias(name: &str, first: Span, second: Span) -> Diagnostic {
    let message = format!("table name \"{name}\" is used twice");
    Diagnostic::at(Code::DuplicateAlias, second, message)
        .primary("the same name again")
        .label(first, "used here first")
        .help(format!("give one of them another name: \"{name} AS {name}2\""))
}
