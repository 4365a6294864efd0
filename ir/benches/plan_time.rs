//! Milliseconds to optimize and plan a join of many tables: chains, cycles, stars, cliques.
//!
//! `cargo bench -p spectradb-ir`. The goal is 10 ms for 17 tables. The least of several rounds
//! counts, since other work on the machine only adds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use diag::{Code, Diagnostic, Span};
use spectradb_ir::{
    Column, ColumnStatistics, Columns, CompareOp, Join, JoinKind, Logical, OutputColumn,
    PlanContext, Query, Scalar, ScalarKind, Scan, ScanColumn, Table, TableColumn, TableId,
    TableStatistics, TemporalRead, optimize, plan,
};
use types::{ColumnId, DataType, TreeId, Value};

const ROUNDS: usize = 5;

/// A query and the statistics of its tables.
struct Case {
    query: Query,
    statistics: HashMap<TableId, TableStatistics>,
}

/// A table with a column for each table that it may be joined with.
fn table(id: u32, width: u32) -> Arc<Table> {
    let column = |number: u32| TableColumn {
        id: ColumnId(number + 1),
        name: format!("c{number}"),
        ty: DataType::Int64,
        not_null: true,
        default: None,
    };
    Arc::new(Table {
        id: TableId(id),
        tree: TreeId(id),
        name: format!("t{id}"),
        columns: (0..width).map(column).collect(),
        primary_key: vec![ColumnId(1)],
        checks: Vec::new(),
        document: false,
        period: None,
    })
}

/// Returns what is known of a table: sizes differ by a factor of ten thousand.
fn statistics(table: &Table) -> TableStatistics {
    let rows = 10_f64.powi(2 + (table.id.0 * 7 % 5) as i32);
    let column = |column: &TableColumn| {
        let statistics = ColumnStatistics {
            min: Some(Value::Int64(0)),
            max: Some(Value::Int64(rows as i64)),
            null_fraction: 0.0,
            distinct: Some((rows / f64::from(1 + column.id.0 % 9)).ceil()),
            distribution: None,
        };
        (column.id, statistics)
    };
    TableStatistics { rows, exact: true, columns: table.columns.iter().map(column).collect() }
}

fn case(tables: u32, edges: &[(u32, u32)]) -> Case {
    let mut columns = Columns::default();
    let mut known = HashMap::new();
    let mut made: Vec<Vec<Column>> = Vec::new();
    let mut root: Option<Arc<Logical>> = None;
    for id in 0..tables {
        let table = table(id, tables);
        known.insert(table.id, statistics(&table));
        let read: Vec<(Column, ScanColumn)> = table
            .columns
            .iter()
            .map(|own| (columns.push(own.name.as_str(), own.ty), ScanColumn::Stored(own.id)))
            .collect();
        made.push(read.iter().map(|(column, _)| *column).collect());
        let temporal = TemporalRead::default();
        let scan = Arc::new(Logical::Scan(Scan {
            table,
            columns: read,
            temporal,
            predicates: Vec::new(),
        }));
        root = Some(match root {
            None => scan,
            Some(left) => {
                let (kind, right, on) = (JoinKind::Inner, scan, Vec::new());
                Arc::new(Logical::Join(Join { kind, left, right, on }))
            }
        });
    }
    let column = |table: u32, other: u32| {
        Box::new(columns.scalar(made[table as usize][other as usize], Span::NONE))
    };
    let equal = |(one, other): &(u32, u32)| {
        let kind = ScalarKind::Compare(CompareOp::Eq, column(*one, *other), column(*other, *one));
        Scalar::new(kind, DataType::Boolean, Span::NONE)
    };
    let predicates = edges.iter().map(equal).collect();
    let input = root.expect("there are tables");
    let root = Arc::new(Logical::Filter { input, predicates });
    let output = vec![OutputColumn { column: made[0][0], name: "first".to_owned() }];
    Case { query: Query { root, columns, output, parameters: Vec::new() }, statistics: known }
}

fn milliseconds(case: &Case) -> f64 {
    let failed = |_: &Scalar| Err(Box::new(Diagnostic::new(Code::Syntax, "no constants here")));
    let context =
        PlanContext { statistics: &case.statistics, evaluate: &failed, sample: &|_| None };
    let round = || {
        let begin = Instant::now();
        let planned = plan(&optimize(case.query.clone(), &context), &context);
        assert_eq!(planned.types.len(), 1);
        begin.elapsed().as_secs_f64() * 1e3
    };
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}

fn main() {
    for tables in [4, 8, 12, 17, 30, 60] {
        let chain: Vec<(u32, u32)> = (1..tables).map(|at| (at - 1, at)).collect();
        let cycle: Vec<(u32, u32)> = (0..tables).map(|at| (at, (at + 1) % tables)).collect();
        let star: Vec<(u32, u32)> = (1..tables).map(|at| (0, at)).collect();
        let clique: Vec<(u32, u32)> =
            (0..tables).flat_map(|one| (0..one).map(move |other| (other, one))).collect();
        for (name, edges) in
            [("chain", chain), ("cycle", cycle), ("star", star), ("clique", clique)]
        {
            let took = milliseconds(&case(tables, &edges));
            println!("{name:6} of {tables:2} tables  {took:9.2} ms");
        }
    }
}
