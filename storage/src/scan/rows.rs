//! Rows in memory become batches: one decoded row at a time, filtered before it is copied.

use std::sync::Arc;

use types::row::{RowReader, ValueRef};
use types::{BATCH_ROWS, Batch, CommitId, DataType, TIME_MAX, Timestamp, Value};

use super::columns::ColumnBuilder;
use super::predicate::passes;
use super::request::{Predicate, ScanColumn, column_types};
use super::visible::{Rectangle, Window};
use crate::PENDING;
use crate::error::Result;
use crate::schema::TreeSchema;
use crate::segment::Block;
use crate::times::TimeMap;

/// Where a value of the answer comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// A place in the row.
    Row(usize),
    /// A bound of the version.
    Bound(ScanColumn),
}

/// How to turn versions of one tree into rows of the answer.
#[derive(Debug)]
pub(crate) struct RowPlan {
    pub(crate) schema: Arc<TreeSchema>,
    pub(crate) window: Window,
    pub(crate) times: Arc<TimeMap>,
    pub(crate) columns: Vec<ScanColumn>,
    pub(crate) types: Vec<DataType>,
    pub(crate) predicates: Vec<Predicate>,
    row_types: Vec<DataType>,
    sources: Vec<Source>,
    tests: Vec<Source>,
    /// How many values of a row must be decoded.
    depth: usize,
}

fn source(column: ScanColumn, schema: &TreeSchema) -> Source {
    match column {
        ScanColumn::Stored(id) => {
            Source::Row(schema.position(id).expect("the column's type was found, so it is there"))
        }
        bound => Source::Bound(bound),
    }
}

impl RowPlan {
    /// Returns the plan of an answer.
    ///
    /// # Errors
    /// [`crate::Error::NoColumn`] if the tree lacks one of the columns.
    pub(crate) fn new(
        schema: Arc<TreeSchema>,
        window: Window,
        times: Arc<TimeMap>,
        columns: &[ScanColumn],
        predicates: &[Predicate],
    ) -> Result<RowPlan> {
        let types = column_types(columns, &schema)?;
        let tested: Vec<_> = predicates.iter().map(|predicate| predicate.column).collect();
        column_types(&tested, &schema)?;
        let sources: Vec<_> = columns.iter().map(|&column| source(column, &schema)).collect();
        let tests: Vec<_> = tested.iter().map(|&column| source(column, &schema)).collect();
        let depth = sources.iter().chain(&tests).map(|source| match source {
            Source::Row(at) => at + 1,
            Source::Bound(_) => 0,
        });
        let depth = depth.max().unwrap_or(0);
        let row_types = schema.types();
        let (columns, predicates) = (columns.to_vec(), predicates.to_vec());
        Ok(RowPlan {
            schema,
            window,
            times,
            columns,
            types,
            predicates,
            row_types,
            sources,
            tests,
            depth,
        })
    }

    /// Decodes as much of a row as the answer needs.
    fn decode<'a>(&self, row: &'a [u8], values: &mut Vec<ValueRef<'a>>) {
        let why = "rows are checked when they are staged or replayed";
        values.clear();
        if self.depth == 0 {
            return;
        }
        let mut reader = RowReader::new(row).expect(why);
        values
            .extend(self.row_types.iter().take(self.depth).map(|&ty| reader.next(ty).expect(why)));
    }

    fn value<'a>(&self, source: Source, row: &[ValueRef<'a>], version: Rectangle) -> ValueRef<'a> {
        match source {
            Source::Row(at) => row[at],
            Source::Bound(column) => self.bound(column, version),
        }
    }

    /// Returns a bound of a version, as the reader knows it.
    pub(crate) fn bound(&self, column: ScanColumn, version: Rectangle) -> ValueRef<'static> {
        let end = self.window.known_end(version.sys_to);
        match column {
            ScanColumn::Stored(_) => ValueRef::Null,
            ScanColumn::CommitFrom => commit_value(version.sys_from),
            ScanColumn::CommitTo => end.map_or(ValueRef::Null, commit_value),
            ScanColumn::SystemFrom => ValueRef::Timestamp(self.time(version.sys_from)),
            ScanColumn::SystemTo => {
                ValueRef::Timestamp(end.map_or(Timestamp(TIME_MAX), |end| self.time(end)))
            }
            ScanColumn::ValidFrom => ValueRef::Timestamp(Timestamp(version.valid.from)),
            ScanColumn::ValidTo => ValueRef::Timestamp(Timestamp(version.valid.to)),
        }
    }

    /// A pending row has no time yet: it shows as infinity, after every commit.
    pub(crate) fn time(&self, commit: CommitId) -> Timestamp {
        if commit == PENDING {
            return Timestamp(TIME_MAX);
        }
        self.times.time(commit).expect("every published commit has a time")
    }

    fn accepts(&self, row: &[ValueRef<'_>], version: Rectangle) -> bool {
        self.predicates
            .iter()
            .zip(&self.tests)
            .all(|(predicate, &test)| passes(predicate, self.value(test, row, version)))
    }

    /// Returns the answer's values of a version in a block, whoever sees it.
    pub(crate) fn row_of_block(
        &self,
        block: &Block<'_>,
        at: usize,
        version: Rectangle,
    ) -> Result<Vec<Value>> {
        let value = |&column: &ScanColumn| match column {
            ScanColumn::Stored(id) => {
                Ok(block.column(id)?.map_or(Value::Null, |page| page.value(at)))
            }
            bound => Ok(self.bound(bound, version).to_value()),
        };
        self.columns.iter().map(value).collect()
    }

    /// Returns the answer's values if the version is seen and passes.
    pub(crate) fn row(&self, version: Rectangle, row: &[u8]) -> Option<Vec<Value>> {
        if !self.window.sees(version) {
            return None;
        }
        let mut values = Vec::with_capacity(self.depth);
        self.decode(row, &mut values);
        if !self.accepts(&values, version) {
            return None;
        }
        let answer = |&source: &Source| self.value(source, &values, version).to_value();
        Some(self.sources.iter().map(answer).collect())
    }
}

fn commit_value(commit: CommitId) -> ValueRef<'static> {
    ValueRef::Int64(i64::try_from(commit.0).unwrap_or(i64::MAX))
}

/// A batch being filled.
#[derive(Debug)]
pub(crate) struct BatchBuilder {
    columns: Vec<ColumnBuilder>,
    rows: usize,
}

impl BatchBuilder {
    pub(crate) fn new(plan: &RowPlan) -> BatchBuilder {
        let columns = plan.types.iter().map(|&ty| ColumnBuilder::new(ty, 0)).collect();
        BatchBuilder { columns, rows: 0 }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rows == BATCH_ROWS
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Appends a version's row if it is seen and passes.
    pub(crate) fn push<'a>(
        &mut self,
        plan: &RowPlan,
        version: Rectangle,
        row: &'a [u8],
        values: &mut Vec<ValueRef<'a>>,
    ) {
        if !plan.window.sees(version) {
            return;
        }
        plan.decode(row, values);
        if !plan.accepts(values, version) {
            return;
        }
        for (builder, &source) in self.columns.iter_mut().zip(&plan.sources) {
            builder.push(plan.value(source, values, version));
        }
        self.rows += 1;
    }

    /// Returns the batch and starts the next one.
    pub(crate) fn finish(&mut self) -> Batch {
        let columns = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        Batch::new(columns, std::mem::take(&mut self.rows))
    }
}
