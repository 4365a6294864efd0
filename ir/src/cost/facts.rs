//! What is known of each column of a query: its range, its distinct values, its NULLs.

use types::{ColumnId, Value};

use crate::{
    Column, ColumnStatistics, Distribution, EstimateSource, Logical, PlanContext, Query,
    SampleCount, Scalar, Scan, ScanColumn, TableStatistics,
};

/// Rows of a table of which nothing is known.
pub(super) const ROWS_GUESSED: f64 = 1_000.0;

/// What is known of a column.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fact<'a> {
    /// Least and greatest value on a line.
    pub(crate) range: Option<(f64, f64)>,
    /// Distinct values.
    pub(crate) distinct: Option<f64>,
    /// Share of NULLs.
    pub(crate) nulls: Option<f64>,
    /// The spread of its values.
    pub(crate) distribution: Option<&'a Distribution>,
}

/// A table that the query reads, with the columns that it reads of it.
struct Source {
    columns: Vec<Column>,
    /// The key's columns, if all of them are read.
    key: Option<Vec<Column>>,
    rows: f64,
}

/// What is known of a query's columns and tables.
pub(crate) struct Facts<'a> {
    columns: Vec<Fact<'a>>,
    sources: Vec<Source>,
    context: &'a PlanContext<'a>,
}

impl<'a> Facts<'a> {
    /// Collects what is known of the query's columns.
    pub(crate) fn of(query: &Query, context: &'a PlanContext<'a>) -> Facts<'a> {
        let mut facts = Facts { columns: Vec::new(), sources: Vec::new(), context };
        facts.collect(&query.root);
        facts
    }

    /// Returns what is known of a column.
    pub(crate) fn column(&self, column: Column) -> Fact<'a> {
        self.columns.get(column.0 as usize).copied().unwrap_or_default()
    }

    /// Returns the distinct values of an expression, if it is a column of which they are known.
    pub(crate) fn distinct(&self, scalar: &Scalar) -> Option<f64> {
        scalar.as_column().and_then(|column| self.column(column).distinct)
    }

    /// Counts the rows of the table's sample for which the scan's conditions are true.
    pub(super) fn count(&self, scan: &Scan) -> Option<SampleCount> {
        (self.context.sample)(scan)
    }

    /// Returns where the estimate of conditions by their columns comes from.
    pub(super) fn source_of(&self, predicates: &[Scalar]) -> EstimateSource {
        let mut columns = predicates.iter().flat_map(Scalar::columns);
        if columns.all(|column| self.column(column).distribution.is_some()) {
            EstimateSource::Histogram
        } else {
            EstimateSource::Segments
        }
    }

    /// Returns where the distinct values of columns come from.
    pub(super) fn columns_source(&self) -> EstimateSource {
        EstimateSource::Segments
    }

    /// Returns the keys of several columns that the query reads whole, and the rows of their tables.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&[Column], f64)> {
        let keys = self
            .sources
            .iter()
            .filter_map(|source| source.key.as_deref().map(|key| (key, source.rows)));
        keys.filter(|(key, _)| key.len() > 1)
    }

    /// True if `column` is of a table whose whole key is among `columns` without it.
    pub(super) fn follows_from(&self, column: Column, columns: &[Column]) -> bool {
        self.sources.iter().any(|source| {
            let determined = source.columns.contains(&column);
            let whole = |key: &Vec<Column>| {
                !key.contains(&column) && key.iter().all(|part| columns.contains(part))
            };
            determined && source.key.as_ref().is_some_and(whole)
        })
    }

    /// Returns what storage knows of the table.
    pub(super) fn table(&self, scan: &Scan) -> Option<&'a TableStatistics> {
        self.context.statistics.get(&scan.table.id)
    }

    fn collect(&mut self, plan: &Logical) {
        for input in plan.inputs() {
            self.collect(input);
        }
        match plan {
            Logical::Scan(scan) => self.collect_scan(scan),
            Logical::Project { items, .. } => self.collect_items(items),
            Logical::Aggregate { groups, .. } => self.collect_items(groups),
            Logical::SystemScan { .. }
            | Logical::Values { .. }
            | Logical::GenerateSeries { .. }
            | Logical::External { .. }
            | Logical::Filter { .. }
            | Logical::Join(_)
            | Logical::DependentJoin(_)
            | Logical::Window { .. }
            | Logical::Sort { .. }
            | Logical::Limit { .. }
            | Logical::Distinct { .. }
            | Logical::UnionAll { .. }
            | Logical::Write(_) => {}
        }
    }

    fn collect_items(&mut self, items: &[(Column, Scalar)]) {
        for (made, scalar) in items {
            if let Some(source) = scalar.as_column() {
                let fact = self.column(source);
                self.set(*made, fact);
            }
        }
    }

    fn collect_scan(&mut self, scan: &Scan) {
        let Some(table) = self.table(scan) else { return };
        let key = scan.table.key();
        let column_of = |id: &ColumnId| {
            let found = scan.columns.iter().find(|(_, source)| *source == ScanColumn::Stored(*id));
            found.map(|(made, _)| *made)
        };
        self.sources.push(Source {
            columns: scan.columns.iter().map(|(made, _)| *made).collect(),
            key: key.iter().map(column_of).collect(),
            rows: table.rows,
        });
        for (made, source) in &scan.columns {
            let ScanColumn::Stored(id) = source else { continue };
            let mut fact = table.columns.get(id).map(fact).unwrap_or_default();
            if key.len() == 1 && key[0] == *id {
                fact.distinct = fact.distinct.or(Some(table.rows));
            }
            self.set(*made, fact);
        }
    }

    fn set(&mut self, column: Column, fact: Fact<'a>) {
        let position = column.0 as usize;
        if self.columns.len() <= position {
            self.columns.resize(position + 1, Fact::default());
        }
        self.columns[position] = fact;
    }
}

fn fact(statistics: &ColumnStatistics) -> Fact<'_> {
    let bound = |value: &Option<Value>| value.as_ref().and_then(number);
    Fact {
        range: bound(&statistics.min).zip(bound(&statistics.max)),
        distinct: statistics.distinct.map(|distinct| distinct.max(1.0)),
        nulls: Some(statistics.null_fraction.clamp(0.0, 1.0)),
        distribution: statistics.distribution.as_deref(),
    }
}

/// Returns a value's place on a line, if its type has one.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int16(number) => Some(f64::from(*number)),
        Value::Int32(number) => Some(f64::from(*number)),
        Value::Int64(number) => Some(*number as f64),
        Value::Float32(number) => Some(f64::from(*number)),
        Value::Float64(number) => Some(*number),
        Value::Decimal(number) => {
            Some(number.unscaled as f64 / 10_f64.powi(i32::from(number.scale)))
        }
        Value::Date(date) => Some(f64::from(date.0)),
        Value::Timestamp(at) => Some(at.0 as f64),
        Value::Null
        | Value::Boolean(_)
        | Value::Text(_)
        | Value::Blob(_)
        | Value::Interval(_)
        | Value::Json(_) => None,
    }
}
