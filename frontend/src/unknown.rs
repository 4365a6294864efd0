//! Names that mean nothing: what the user may have meant instead.

use diag::{Code, Diagnostic, Span, closest, did_you_mean};
use grammar::ast;
use ir::{Catalog, CatalogHistory};
use types::CommitId;

use crate::scope::{Scope, ScopeTable};

/// Most names that an error lists.
const LISTED_MAX: usize = 12;

/// Returns the error of a column that no table in sight has.
pub(crate) fn column(scope: &Scope, parts: &[ast::Name]) -> Diagnostic {
    if let (Some((_, table)), Some(name)) = (scope.table(&parts[0].node), parts.get(1)) {
        return column_of(table, name);
    }
    if parts.len() > 1 {
        return qualifier(scope, parts);
    }
    let name = &parts[0];
    let message = format!("column \"{}\" does not exist", name.node);
    Diagnostic::at(Code::UnknownColumn, name.span, message)
        .primary(where_it_is_not(scope))
        .help_opt(near_column(scope, &name.node).or_else(|| listed(scope, &name.node)))
}

/// `t.a` where table `t` is known and `a` is not.
fn column_of(table: &ScopeTable, name: &ast::Name) -> Diagnostic {
    let message = format!("column \"{}\" does not exist", name.node);
    let names = table.columns.iter().chain(&table.hidden).map(|column| column.name.as_str());
    let help = did_you_mean(&name.node, names).unwrap_or_else(|| {
        let names = table.columns.iter().map(|column| column.name.as_str());
        format!("{} has the columns {}", table.title, quoted_list(names))
    });
    Diagnostic::at(Code::UnknownColumn, name.span, message)
        .primary(format!("not a column of {}", table.title))
        .help(help)
}

/// `x.a` where `x` is neither a table nor a column.
fn qualifier(scope: &Scope, parts: &[ast::Name]) -> Diagnostic {
    let name = &parts[0];
    let tables = scope.tables.iter().filter_map(|table| table.name.as_deref());
    let columns = scope.star.iter().map(|column| column.name.as_str());
    let message = format!("there is no table or document \"{}\" in this query", name.node);
    let help = did_you_mean(&name.node, tables.chain(columns));
    Diagnostic::at(Code::UnknownTable, name.span, message)
        .primary("not in FROM")
        .help_opt(help.or_else(|| near_column(scope, &parts[1].node)))
}

fn where_it_is_not(scope: &Scope) -> String {
    match scope.tables.as_slice() {
        [] => "there is no table to read it from".to_owned(),
        [table] => format!("not a column of {}", table.title),
        tables => {
            let titles: Vec<&str> = tables.iter().map(|table| table.title.as_str()).collect();
            format!("not a column of {}", titles.join(" or "))
        }
    }
}

fn near_column(scope: &Scope, name: &str) -> Option<String> {
    let plain = scope.star.iter().map(|column| column.name.as_str());
    let hidden = scope.tables.iter().flat_map(|table| &table.hidden);
    let hidden = hidden.map(|column| column.name.as_str());
    let near = closest(name, plain.chain(hidden))?;
    let owner = scope.tables.iter().find(|table| table.find(near).is_some());
    match owner.and_then(|table| table.name.as_deref()) {
        Some(table) if scope.tables.len() > 1 => Some(format!("did you mean \"{table}.{near}\"?")),
        _ => Some(format!("did you mean \"{near}\"?")),
    }
}

/// A document may hold the name as a field; else the columns are listed.
fn listed(scope: &Scope, name: &str) -> Option<String> {
    let [table] = scope.tables.as_slice() else { return None };
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    if names == ["pk", "doc"] {
        return Some(format!("fields of the document are read as \"doc.{name}\""));
    }
    (!names.is_empty()).then(|| format!("{} has the columns {}", table.title, quoted_list(names)))
}

/// Returns names in quotes, the first dozen of them.
pub(crate) fn quoted_list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut all: Vec<String> = names.into_iter().map(|name| format!("\"{name}\"")).collect();
    let more = all.len().saturating_sub(LISTED_MAX);
    all.truncate(LISTED_MAX);
    let list = all.join(", ");
    if more > 0 { format!("{list} and {more} more") } else { list }
}

/// Returns the error of a table that is not in `catalog`.
pub(crate) fn table<'n>(
    name: &str,
    span: Span,
    catalog: &'n Catalog,
    ctes: impl IntoIterator<Item = &'n str>,
) -> Diagnostic {
    let names = catalog.relations().map(|(name, _)| name);
    let help = did_you_mean(name, names.chain(ctes));
    Diagnostic::at(Code::UnknownTable, span, format!("table \"{name}\" does not exist"))
        .primary("no table or view of this name")
        .help_opt(help.or_else(|| none_at_all(catalog)))
}

fn none_at_all(catalog: &Catalog) -> Option<String> {
    let empty = catalog.relations().next().is_none();
    empty.then(|| "there are no tables yet: CREATE TABLE makes one".to_owned())
}

/// Returns the error of a table that did not exist at `commit`, which a clause names.
pub(crate) fn table_as_of(
    name: &str,
    span: Span,
    commit: CommitId,
    history: &CatalogHistory,
) -> Diagnostic {
    let catalog = history.at(commit);
    let message = format!("table \"{name}\" does not exist as of commit {commit}");
    let mistake = Diagnostic::at(Code::UnknownTable, span, message);
    match history.first_with(name, commit) {
        Some(made) => mistake
            .primary(format!("created by commit {made}"))
            .help(format!("read it as of commit {made} or later")),
        None => {
            let names = catalog.relations().map(|(name, _)| name);
            mistake
                .primary("no table or view of this name then")
                .help_opt(did_you_mean(name, names))
        }
    }
}
