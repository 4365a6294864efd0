//! SHOW and DESCRIBE: what there is, as rows.

use std::fmt::Write;

use diag::Span;
use ir::catalog::PeriodKey;
use ir::{Catalog, Relation, Table, View};
use types::{DataType, Value};

use crate::rows::{ResultColumn, Rows};
use crate::session::Run;
use crate::settings::Setting;

/// Runs `SHOW name`.
///
/// # Errors
/// A name that is neither a list nor a setting.
pub(crate) fn show(run: &Run<'_>, name: &str, span: Span) -> diag::Result<Rows> {
    match name {
        "tables" => Ok(relations(&run.open.current)),
        "views" => Ok(views(&run.open.current)),
        "schema" => Ok(schema(&run.open.current)),
        "all" => Ok(all_settings(run)),
        "transaction isolation level" => {
            let row = vec![Value::text("snapshot")];
            Ok(Rows::made(vec![text_column("transaction_isolation")], vec![row]))
        }
        name => {
            let setting = Setting::find(name, span)?;
            let value = Value::text(run.session.settings.get(setting));
            Ok(Rows::made(vec![text_column(name)], vec![vec![value]]))
        }
    }
}

/// Runs `DESCRIBE t`: a row a column.
pub(crate) fn describe(table: &Table) -> Rows {
    let columns = ["column", "type", "nullable", "key", "default"].map(text_column).to_vec();
    let rows = table.columns.iter().map(|column| {
        let key = table.primary_key.iter().position(|id| *id == column.id);
        vec![
            Value::text(column.name.as_str()),
            Value::text(column.ty.to_string()),
            Value::text(if column.not_null { "NO" } else { "YES" }),
            key.map_or(Value::Null, |at| Value::text(format!("PRIMARY {}", at + 1))),
            column.default.as_deref().map_or(Value::Null, Value::text),
        ]
    });
    Rows::made(columns, rows.collect())
}

/// Names and kinds of all tables and views.
fn relations(catalog: &Catalog) -> Rows {
    let kind = |relation: &Relation| match relation {
        Relation::Table(_) => "table",
        Relation::View(_) => "view",
    };
    let rows = catalog
        .relations()
        .map(|(name, relation)| vec![Value::text(name), Value::text(kind(relation))]);
    Rows::made(vec![text_column("name"), text_column("kind")], rows.collect())
}

/// Names and queries of all views.
fn views(catalog: &Catalog) -> Rows {
    let rows = catalog.relations().filter_map(|(name, relation)| match relation {
        Relation::View(view) => Some(vec![Value::text(name), Value::text(view.text.as_str())]),
        Relation::Table(_) => None,
    });
    Rows::made(vec![text_column("name"), text_column("query")], rows.collect())
}

/// Names and defining statements of all tables and views.
fn schema(catalog: &Catalog) -> Rows {
    let statement = |relation: &Relation| match relation {
        Relation::Table(table) => create_table(table),
        Relation::View(view) => create_view(view),
    };
    let rows = catalog
        .relations()
        .map(|(name, relation)| vec![Value::text(name), Value::text(statement(relation))]);
    Rows::made(vec![text_column("name"), text_column("sql")], rows.collect())
}

fn all_settings(run: &Run<'_>) -> Rows {
    let rows = Setting::all().map(|(name, setting)| {
        vec![Value::text(name), Value::text(run.session.settings.get(setting))]
    });
    Rows::made(vec![text_column("name"), text_column("value")], rows.collect())
}

fn text_column(name: &str) -> ResultColumn {
    ResultColumn { name: name.to_owned(), ty: DataType::TEXT }
}

/// The statement that makes a table.
fn create_table(table: &Table) -> String {
    let mut elements: Vec<String> = Vec::new();
    if table.document {
        return format!("CREATE TABLE {} (pk TEXT PRIMARY KEY);", quoted(&table.name));
    }
    for column in &table.columns {
        let mut text = format!("{} {}", quoted(&column.name), column.ty);
        if column.not_null && !table.primary_key.contains(&column.id) {
            text.push_str(" NOT NULL");
        }
        if let Some(default) = &column.default {
            let _ = write!(text, " DEFAULT {default}");
        }
        elements.push(text);
    }
    if let (Some(period), Some((from, to))) = (&table.period, table.period_columns()) {
        let [from, to] = [from, to].map(|at| quoted(&table.columns[at].name));
        elements.push(format!("PERIOD FOR {} ({from}, {to})", quoted(&period.name)));
    }
    if !table.primary_key.is_empty() {
        let key = table.primary_key.iter().filter_map(|id| table.column_by_id(*id));
        let mut names: Vec<String> = key.map(|column| quoted(&column.name)).collect();
        if let Some(period) = &table.period
            && period.key == PeriodKey::WithoutOverlaps
        {
            names.push(format!("{} WITHOUT OVERLAPS", quoted(&period.name)));
        }
        elements.push(format!("PRIMARY KEY ({})", names.join(", ")));
    }
    let checks = table.checks.iter();
    elements.extend(
        checks.map(|check| format!("CONSTRAINT {} CHECK ({})", quoted(&check.name), check.text)),
    );
    format!("CREATE TABLE {} (\n  {}\n);", quoted(&table.name), elements.join(",\n  "))
}

/// The statement that makes a view.
fn create_view(view: &View) -> String {
    let columns: Vec<String> = view.columns.iter().map(|name| quoted(name)).collect();
    let columns =
        if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) };
    format!("CREATE VIEW {}{columns} AS {};", quoted(&view.name), view.text)
}

/// A name as SQL writes it: quoted unless it is a plain word that folds to itself.
fn quoted(name: &str) -> String {
    let plain = name.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_')
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
        && !crate::script::keywords().any(|word| word.eq_ignore_ascii_case(name));
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
