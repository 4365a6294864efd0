//! Plans written by hand: three tables of BIGINT columns, and short words for operators.

use std::collections::HashMap;
use std::sync::Arc;

use diag::{Code, Diagnostic, Span};
use spectradb_ir::{
    AggregateCall, AggregateFunction, ArithmeticOp, Column, ColumnStatistics, Columns, CompareOp,
    Join, JoinKind, Logical, OutputColumn, Physical, PlanContext, Query, Scalar, ScalarKind, Scan,
    ScanColumn, Table, TableColumn, TableId, TableStatistics, TemporalRead, TruthTest,
};
use types::{ColumnId, DataType, TreeId, Value};

/// Tables, columns and statistics of one test.
pub(crate) struct Sample {
    /// The query's columns.
    pub(crate) columns: Columns,
    tables: Vec<Arc<Table>>,
    statistics: HashMap<TableId, TableStatistics>,
}

/// Returns a BIGINT constant.
pub(crate) fn number(value: i64) -> Scalar {
    Scalar::literal(Value::Int64(value), DataType::Int64, Span::NONE)
}

/// Returns what is known of a BIGINT column without NULLs.
pub(crate) fn column_statistics(min: i64, max: i64, distinct: f64) -> ColumnStatistics {
    ColumnStatistics {
        min: Some(Value::Int64(min)),
        max: Some(Value::Int64(max)),
        null_fraction: 0.0,
        distinct: Some(distinct),
        distribution: None,
    }
}

fn table(id: u32, name: &str, columns: &[&str], key: &[u32]) -> Arc<Table> {
    let column = |(position, name): (usize, &&str)| TableColumn {
        id: ColumnId(position as u32 + 1),
        name: (*name).to_owned(),
        ty: DataType::Int64,
        not_null: false,
        default: None,
    };
    Arc::new(Table {
        id: TableId(id),
        tree: TreeId(id),
        name: name.to_owned(),
        columns: columns.iter().enumerate().map(column).collect(),
        primary_key: key.iter().map(|id| ColumnId(*id)).collect(),
        checks: Vec::new(),
        document: false,
        period: None,
    })
}

/// Computes constants of BIGINT: what the tests fold.
fn evaluate(scalar: &Scalar) -> diag::Result<Value> {
    let failed = || Box::new(Diagnostic::new(Code::Syntax, "not a constant of these tests"));
    match &scalar.kind {
        ScalarKind::Literal(value) => Ok(value.clone()),
        ScalarKind::Arithmetic(op, left, right) => {
            let (Value::Int64(a), Value::Int64(b)) = (evaluate(left)?, evaluate(right)?) else {
                return Err(failed());
            };
            let result = match op {
                ArithmeticOp::Add => a.checked_add(b),
                ArithmeticOp::Subtract => a.checked_sub(b),
                ArithmeticOp::Multiply => a.checked_mul(b),
                ArithmeticOp::Divide => a.checked_div(b),
                ArithmeticOp::Modulo => a.checked_rem(b),
            };
            result.map(Value::Int64).ok_or_else(failed)
        }
        _ => Err(failed()),
    }
}

/// Returns the plan before the rules, after each that changed it, and what runs.
pub(crate) fn after(query: &Query, sample: &Sample) -> String {
    let mut text = format!("bound\n{}", spectradb_ir::explain::logical(query));
    let context =
        PlanContext { statistics: &sample.statistics, evaluate: &evaluate, sample: &|_| None };
    let (optimized, trace) = spectradb_ir::optimize_traced(query.clone(), &context);
    for step in trace {
        text.push_str(&format!("\n{}\n{}", step.rule, step.plan));
    }
    let plan = spectradb_ir::plan(&optimized, &context);
    text.push_str(&format!("\nphysical\n{}", spectradb_ir::explain::physical(&plan)));
    text
}

#[expect(clippy::unused_self, reason = "operators read better as words of the sample")]
impl Sample {
    pub(crate) fn new() -> Sample {
        let tables = vec![
            table(1, "orders", &["id", "customer", "total"], &[1]),
            table(2, "customers", &["id", "city"], &[1]),
            table(3, "lines", &["order", "number", "price"], &[1, 2]),
        ];
        Sample { columns: Columns::default(), tables, statistics: HashMap::new() }
    }

    fn table(&self, name: &str) -> &Arc<Table> {
        self.tables.iter().find(|table| table.name == name).unwrap()
    }

    pub(crate) fn column_id(&self, table: &str, column: &str) -> ColumnId {
        self.table(table).column(column).unwrap().id
    }

    pub(crate) fn statistics(&mut self, table: &str, rows: f64) {
        let statistics = TableStatistics { rows, exact: true, ..TableStatistics::default() };
        self.statistics_of(table, statistics);
    }

    pub(crate) fn statistics_of(&mut self, table: &str, statistics: TableStatistics) {
        self.statistics.insert(self.table(table).id, statistics);
    }

    pub(crate) fn scan(&mut self, name: &str, columns: &[&str]) -> (Arc<Logical>, Vec<Column>) {
        let table = Arc::clone(self.table(name));
        let mut made = Vec::new();
        for name in columns {
            let source = ScanColumn::Stored(table.column(name).unwrap().id);
            made.push((self.columns.push(*name, DataType::Int64), source));
        }
        let columns = made.iter().map(|(column, _)| *column).collect();
        let temporal = TemporalRead::default();
        let scan = Scan { table, columns: made, temporal, predicates: Vec::new() };
        (Arc::new(Logical::Scan(scan)), columns)
    }

    pub(crate) fn node(&self, node: Logical) -> Arc<Logical> {
        Arc::new(node)
    }

    pub(crate) fn join(
        &self,
        kind: JoinKind,
        left: Arc<Logical>,
        right: Arc<Logical>,
        on: Vec<Scalar>,
    ) -> Arc<Logical> {
        Arc::new(Logical::Join(Join { kind, left, right, on }))
    }

    pub(crate) fn filter(&self, input: Arc<Logical>, predicates: Vec<Scalar>) -> Arc<Logical> {
        Arc::new(Logical::Filter { input, predicates })
    }

    pub(crate) fn project(
        &mut self,
        input: Arc<Logical>,
        items: Vec<(&str, Scalar)>,
    ) -> (Arc<Logical>, Vec<Column>) {
        let mut made = Vec::new();
        for (name, item) in items {
            made.push((self.columns.push(name, item.ty), item));
        }
        let columns = made.iter().map(|(column, _)| *column).collect();
        (Arc::new(Logical::Project { input, items: made }), columns)
    }

    pub(crate) fn count(&mut self, input: Arc<Logical>) -> (Arc<Logical>, Column) {
        let count = self.columns.push("count", DataType::Int64);
        let aggregates = vec![(count, call(AggregateFunction::CountStar))];
        (Arc::new(Logical::Aggregate { input, groups: Vec::new(), aggregates }), count)
    }

    pub(crate) fn count_by(
        &mut self,
        input: Arc<Logical>,
        key: Column,
        function: AggregateFunction,
    ) -> (Arc<Logical>, Column, Column) {
        let group = self.columns.push("group", DataType::Int64);
        let count = self.columns.push("count", DataType::Int64);
        let groups = vec![(group, self.column(key))];
        let aggregates = vec![(count, call(function))];
        (Arc::new(Logical::Aggregate { input, groups, aggregates }), group, count)
    }

    pub(crate) fn column(&self, column: Column) -> Scalar {
        self.columns.scalar(column, Span::NONE)
    }

    pub(crate) fn compare(&self, op: CompareOp, left: Column, right: Column) -> Scalar {
        self.compare_scalars(op, self.column(left), self.column(right))
    }

    pub(crate) fn compare_to(&self, op: CompareOp, left: Column, right: i64) -> Scalar {
        self.compare_scalars(op, self.column(left), number(right))
    }

    pub(crate) fn compare_scalars(&self, op: CompareOp, left: Scalar, right: Scalar) -> Scalar {
        self.boolean(ScalarKind::Compare(op, Box::new(left), Box::new(right)))
    }

    pub(crate) fn arithmetic(&self, op: ArithmeticOp, left: Scalar, right: Scalar) -> Scalar {
        let kind = ScalarKind::Arithmetic(op, Box::new(left), Box::new(right));
        Scalar::new(kind, DataType::Int64, Span::NONE)
    }

    pub(crate) fn is_null(&self, column: Column) -> Scalar {
        let input = Box::new(self.column(column));
        self.boolean(ScalarKind::Is { input, test: TruthTest::Null, negated: false })
    }

    pub(crate) fn and(&self, list: Vec<Scalar>) -> Scalar {
        self.boolean(ScalarKind::And(list))
    }

    pub(crate) fn or(&self, list: Vec<Scalar>) -> Scalar {
        self.boolean(ScalarKind::Or(list))
    }

    pub(crate) fn not(&self, input: Scalar) -> Scalar {
        self.boolean(ScalarKind::Not(Box::new(input)))
    }

    pub(crate) fn boolean(&self, kind: ScalarKind) -> Scalar {
        Scalar::new(kind, DataType::Boolean, Span::NONE)
    }

    pub(crate) fn query(&self, root: Arc<Logical>, output: &[Column]) -> Query {
        let output = output.iter().map(|column| OutputColumn {
            column: *column,
            name: self.columns.info(*column).name.clone(),
        });
        let output = output.collect();
        Query { root, columns: self.columns.clone(), output, parameters: Vec::new() }
    }

    pub(crate) fn plan(&self, query: &Query) -> Physical {
        let context =
            PlanContext { statistics: &self.statistics, evaluate: &evaluate, sample: &|_| None };
        spectradb_ir::plan(&spectradb_ir::optimize(query.clone(), &context), &context)
    }
}

fn call(function: AggregateFunction) -> AggregateCall {
    AggregateCall {
        function,
        args: Vec::new(),
        distinct: false,
        filter: None,
        order: Vec::new(),
        ty: DataType::Int64,
        span: Span::NONE,
    }
}
