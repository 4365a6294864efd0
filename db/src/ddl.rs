//! Changes of the catalog, as writes of the transaction.

use std::sync::Arc;

use diag::{Code, Diagnostic, Span};
use ir::{Ddl, Logical, Query, Relation, Write, WriteAction};

use crate::catalog;
use crate::error::store_diagnostic;
use crate::session::Run;

/// Runs a change; returns the rows written by CREATE TABLE AS.
///
/// # Errors
/// A name that is taken, or what the query or the store reports.
pub(crate) fn run(run: &mut Run<'_>, change: Ddl) -> diag::Result<Option<u64>> {
    match change {
        Ddl::CreateTable { definition, if_not_exists, query, span } => {
            if run.open.current.get(&definition.name).is_some() {
                return if if_not_exists { Ok(None) } else { Err(taken(&definition.name, span)) };
            }
            run.open.note("CREATE TABLE");
            let number = run.session.shared.take_number();
            let table = Arc::new(catalog::new_table(&definition, number));
            create(run, Relation::Table(Arc::clone(&table)))?;
            query.map(|query| fill(run, &table, query)).transpose()
        }
        Ddl::CreateView { name, columns, text, replace, span } => {
            create_view(run, &name, &columns, &text, replace, span)?;
            Ok(None)
        }
        Ddl::Drop { names } => {
            for name in names {
                run.open.note("DROP");
                run.open.drop_relation(&name).map_err(store)?;
            }
            Ok(None)
        }
    }
}

fn create_view(
    run: &mut Run<'_>,
    name: &str,
    columns: &[String],
    text: &str,
    replace: bool,
    span: Span,
) -> diag::Result<()> {
    match run.open.current.get(name) {
        None => {}
        Some(Relation::View(_)) if replace => run.open.drop_relation(name).map_err(store)?,
        Some(Relation::View(_) | Relation::Table(_)) => return Err(taken(name, span)),
    }
    run.open.note("CREATE VIEW");
    let number = run.session.shared.take_number();
    create(run, Relation::View(Arc::new(catalog::new_view(name, columns, text, number))))
}

fn create(run: &mut Run<'_>, relation: Relation) -> diag::Result<()> {
    run.open.create(relation).map_err(store)
}

/// CREATE TABLE AS: the query's rows, valid for ever.
fn fill(run: &mut Run<'_>, table: &Arc<ir::Table>, mut query: Query) -> diag::Result<u64> {
    let always = |value| {
        let time = types::Value::Timestamp(types::Timestamp(value));
        ir::Scalar::literal(time, types::DataType::Timestamp, Span::NONE)
    };
    let mut items: Vec<_> = query
        .output
        .iter()
        .map(|output| (output.column, query.columns.scalar(output.column, Span::NONE)))
        .collect();
    // The same column may be selected twice: every item is a column of its own.
    for (column, scalar) in &mut items {
        *column = query.columns.push("", scalar.ty);
    }
    for bound in [types::TIME_MIN, types::TIME_MAX] {
        items.push((query.columns.push("", types::DataType::Timestamp), always(bound)));
    }
    let columns = items.iter().map(|(column, _)| *column).collect();
    let input = Arc::new(Logical::Project { input: Arc::clone(&query.root), items });
    let write = Write {
        table: Arc::clone(table),
        action: WriteAction::Insert { upsert: false },
        input,
        columns,
        checks: Vec::new(),
        spans: vec![Span::NONE; table.columns.len()],
    };
    query.root = Arc::new(Logical::Write(write));
    query.output.clear();
    run.write(query, None)
}

fn taken(name: &str, span: Span) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::at(Code::DuplicateTable, span, format!("\"{name}\" exists already"))
            .primary("this name is taken")
            .help("choose another name, or DROP the old one first: AS OF still finds it"),
    )
}

fn store(error: storage::Error) -> Box<Diagnostic> {
    Box::new(store_diagnostic(&error))
}
