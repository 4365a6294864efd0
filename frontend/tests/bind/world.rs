//! A small database as a catalog with history, and just enough of an interpreter for constants.

use std::sync::Arc;

use diag::{Code, Diagnostic, Style};
use frontend::{BindContext, SessionTime};
use ir::catalog::Check;
use ir::{
    ArithmeticOp, Catalog, CatalogHistory, Function, Query, Relation, Scalar, ScalarKind,
    Statement, Table, TableColumn, TableId, View,
};
use types::{ColumnId, CommitId, DataType, Date, Decimal, Interval, Timestamp, TreeId, Value};

/// Commit n happened at n hours after this.
const FIRST_HOUR: i64 = 1_700_000_000_000_000;
const HOUR: i64 = 3_600_000_000;

/// What a test may set.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) session: SessionTime,
    pub(crate) parameters: Option<Vec<Value>>,
}

/// Binds in the plain world.
pub(crate) fn bind(sql: &str) -> Result<Statement, Box<Diagnostic>> {
    World::default().bind(sql)
}

/// Returns the bound query of a statement that must bind.
pub(crate) fn query(sql: &str) -> Query {
    match bind(sql).unwrap_or_else(|mistake| panic!("{}", drawn(&mistake, sql))) {
        Statement::Query(query) => query,
        other => panic!("{sql} is {other:?}"),
    }
}

/// Returns the plans of statements, one after the other.
pub(crate) fn plans(list: &[&str]) -> String {
    let shown = list.iter().map(|sql| format!("{sql}\n{}", ir::explain::logical(&query(sql))));
    shown.collect::<Vec<_>>().join("\n")
}

/// Returns the drawn mistakes of statements, one after the other.
pub(crate) fn mistakes(list: &[&str]) -> String {
    let shown = list.iter().map(|sql| match bind(sql) {
        Ok(bound) => panic!("{sql} binds: {bound:?}"),
        Err(mistake) => format!("{} {}", mistake.code.sqlstate(), drawn(&mistake, sql)),
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// Returns the SQLSTATE of a statement that must not bind.
pub(crate) fn state(sql: &str) -> &'static str {
    bind(sql).map_or_else(|mistake| mistake.code.sqlstate(), |_| "00000")
}

/// Returns the names and types of a query's result.
pub(crate) fn shape(sql: &str) -> Vec<String> {
    let query = query(sql);
    let shown =
        query.output.iter().map(|out| format!("{} {}", out.name, query.columns.ty(out.column)));
    shown.collect()
}

fn drawn(mistake: &Diagnostic, sql: &str) -> String {
    diag::render(mistake, "query", sql, Style::Plain)
}

impl World {
    pub(crate) fn bind(&self, sql: &str) -> Result<Statement, Box<Diagnostic>> {
        let statement = grammar::parse_statement(sql)?;
        let history = history();
        let context = BindContext {
            text: sql,
            catalog: &history,
            current: history.latest(),
            snapshot: CommitId(9),
            commit_at: &|at| {
                CommitId(u64::try_from((at.0 - FIRST_HOUR) / HOUR).unwrap_or(0).min(9))
            },
            evaluate: &evaluate,
            session: self.session,
            parameters: self.parameters.as_deref(),
        };
        let bound = frontend::bind(&statement, &context)?;
        if let Statement::Query(query) = &bound {
            ir::verify::logical(query).unwrap_or_else(|broken| {
                panic!("{sql}\n{}\n{broken:?}", ir::explain::logical(query))
            });
        }
        Ok(bound)
    }
}

fn column(id: u32, name: &str, ty: DataType, not_null: bool) -> TableColumn {
    TableColumn { id: ColumnId(id), name: name.to_owned(), ty, not_null, default: None }
}

fn table(id: u32, name: &str, columns: Vec<TableColumn>, key: &[u32]) -> Table {
    Table {
        id: TableId(id),
        tree: TreeId(id),
        name: name.to_owned(),
        columns,
        primary_key: key.iter().map(|id| ColumnId(*id)).collect(),
        checks: Vec::new(),
        document: false,
        period: None,
    }
}

fn events() -> Table {
    let columns =
        vec![column(1, "pk", DataType::TEXT, true), column(2, "doc", DataType::Json, false)];
    Table { document: true, ..table(1, "events", columns, &[1]) }
}

fn staff(with_boss: bool) -> Table {
    let money = DataType::Decimal { precision: 10, scale: 2 };
    let mut columns = vec![
        column(1, "id", DataType::Int64, true),
        column(2, "name", DataType::Text { length_max: Some(20) }, true),
        column(3, "salary", money, false),
        column(4, "hired", DataType::Date, false),
    ];
    columns[2].default = Some("1000.5".to_owned());
    if with_boss {
        columns.push(column(5, "boss", DataType::Int64, false));
    }
    let mut table = table(2, "staff", columns, &[1]);
    table.checks.push(Check { name: "staff_pay".to_owned(), text: "salary > 0".to_owned() });
    table
}

fn history() -> CatalogHistory {
    let mut history = CatalogHistory::default();
    let mut catalog = Catalog::default();
    let mut add = |commit: u64, relation: Relation| {
        catalog = catalog.with(relation);
        history.push(CommitId(commit), Arc::new(catalog.clone()));
    };
    add(1, Relation::Table(Arc::new(events())));
    add(2, Relation::Table(Arc::new(staff(false))));
    let log = vec![
        column(1, "at", DataType::Timestamp, false),
        column(2, "message", DataType::TEXT, false),
        column(3, "level", DataType::Int16, false),
        column(4, "weight", DataType::Float64, false),
    ];
    add(3, Relation::Table(Arc::new(table(3, "log", log, &[]))));
    add(5, Relation::Table(Arc::new(staff(true))));
    let view = View {
        id: TableId(4),
        name: "rich".to_owned(),
        columns: Vec::new(),
        text: "SELECT id, name FROM staff WHERE salary > 5000".to_owned(),
    };
    add(6, Relation::View(Arc::new(view)));
    let broken = View {
        id: TableId(5),
        name: "broken".to_owned(),
        columns: Vec::new(),
        text: "SELECT gone FROM staff".to_owned(),
    };
    add(7, Relation::View(Arc::new(broken)));
    history
}

fn evaluate(scalar: &Scalar) -> diag::Result<Value> {
    match &scalar.kind {
        ScalarKind::Literal(value) => Ok(value.clone()),
        ScalarKind::Cast { input, .. } => convert(evaluate(input)?, scalar.ty),
        ScalarKind::Call(Function::Now, _) => {
            Ok(Value::Timestamp(Timestamp(FIRST_HOUR + 9 * HOUR)))
        }
        ScalarKind::Negate(input) => match evaluate(input)? {
            Value::Int64(value) => Ok(Value::Int64(-value)),
            other => panic!("-{other:?}"),
        },
        ScalarKind::Arithmetic(op, left, right) => {
            Ok(arithmetic(*op, evaluate(left)?, evaluate(right)?))
        }
        other => panic!("the test's interpreter does not know {other:?}"),
    }
}

fn arithmetic(op: ArithmeticOp, left: Value, right: Value) -> Value {
    match (op, left, right) {
        (ArithmeticOp::Add, Value::Int64(a), Value::Int64(b)) => Value::Int64(a + b),
        (ArithmeticOp::Subtract, Value::Int64(a), Value::Int64(b)) => Value::Int64(a - b),
        (ArithmeticOp::Subtract, Value::Timestamp(a), Value::Interval(b)) => {
            let back = b.checked_neg().expect("it is small");
            Value::Timestamp(a.checked_add(back).expect("it is in range"))
        }
        (op, left, right) => panic!("{left:?} {op:?} {right:?}"),
    }
}

fn convert(value: Value, ty: DataType) -> diag::Result<Value> {
    let Value::Text(text) = &value else {
        return match (value, ty) {
            (Value::Null, _) => Ok(Value::Null),
            (Value::Int64(a), DataType::Int64) => Ok(Value::Int64(a)),
            (other, ty) => panic!("cast {other:?} to {ty}"),
        };
    };
    let text = text.as_ref();
    let bad = || {
        let message = format!("invalid value for type {ty}: \"{text}\"");
        Box::new(Diagnostic::new(Code::InvalidText, message))
    };
    Ok(match ty {
        DataType::Int64 => Value::Int64(text.parse().map_err(|_| bad())?),
        DataType::Int16 => Value::Int16(text.parse().map_err(|_| bad())?),
        DataType::Float64 => Value::Float64(text.parse().map_err(|_| bad())?),
        DataType::Boolean => Value::Boolean(text.parse().map_err(|_| bad())?),
        DataType::Date => Value::Date(Date::parse(text).map_err(|_| bad())?),
        DataType::Timestamp => Value::Timestamp(Timestamp::parse(text).map_err(|_| bad())?),
        DataType::Interval => Value::Interval(Interval::parse(text).map_err(|_| bad())?),
        DataType::Decimal { scale, .. } => {
            Value::Decimal(Decimal::parse_to(text, scale).map_err(|_| bad())?)
        }
        DataType::Json if text.starts_with(['{', '[', '"', '1']) => Value::Json(text.into()),
        _ => return Err(bad()),
    })
}
