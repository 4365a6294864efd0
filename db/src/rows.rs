//! A query's answer: rows one by one, or batches as they come.

use std::collections::VecDeque;
use std::sync::Arc;

use types::{Batch, DataType, Value, array_of};

use crate::error::{Error, Result};

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: DataType,
}

/// The rows of a query, computed while they are read; dropping them ends the query.
pub struct Rows {
    columns: Arc<[ResultColumn]>,
    source: Source,
    text: Arc<str>,
    current: Option<(Batch, usize)>,
}

enum Source {
    Running(Box<exec::Rows>),
    Made(VecDeque<Batch>),
}

/// One row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(Vec<Value>);

impl Rows {
    /// Returns the rows of a running query; `text` is what its errors point into.
    pub(crate) fn running(columns: Vec<ResultColumn>, rows: exec::Rows, text: &str) -> Rows {
        let source = Source::Running(Box::new(rows));
        Rows { columns: columns.into(), source, text: text.into(), current: None }
    }

    /// Returns rows that are known already.
    pub(crate) fn made(columns: Vec<ResultColumn>, rows: Vec<Vec<Value>>) -> Rows {
        let count = rows.len();
        let values = |at: usize| rows.iter().map(move |row: &Vec<Value>| row[at].clone());
        let arrays = columns.iter().enumerate().map(|(at, column)| array_of(column.ty, values(at)));
        let batch = Batch::new(arrays.collect(), count);
        let batches = if count == 0 { VecDeque::new() } else { VecDeque::from([batch]) };
        Rows {
            columns: columns.into(),
            source: Source::Made(batches),
            text: "".into(),
            current: None,
        }
    }

    /// Returns lines of text as rows of one column.
    pub(crate) fn lines(name: &str, text: &str) -> Rows {
        let columns = vec![ResultColumn { name: name.to_owned(), ty: DataType::TEXT }];
        Rows::made(columns, text.lines().map(|line| vec![Value::text(line)]).collect())
    }

    /// Returns the columns in order.
    pub fn columns(&self) -> &[ResultColumn] {
        &self.columns
    }

    /// Returns the next row, or `None` after the last.
    ///
    /// # Errors
    /// What the query meets while it runs: division by zero, a cancelled statement, a damaged file.
    pub fn next_row(&mut self) -> Result<Option<Row>> {
        loop {
            if let Some((batch, at)) = &mut self.current
                && *at < batch.rows()
            {
                let row = *at;
                *at += 1;
                return Ok(Some(read_row(&self.columns, batch, row)));
            }
            match self.pull()? {
                Some(batch) => self.current = Some((batch, 0)),
                None => return Ok(None),
            }
        }
    }

    /// Returns the next rows as Arrow columns, at most 2,048, or `None` after the last.
    ///
    /// Rows that [`Rows::next_row`] has begun to read from a batch are not given again.
    ///
    /// # Errors
    /// As [`Rows::next_row`].
    pub fn next_batch(&mut self) -> Result<Option<Batch>> {
        if let Some((batch, at)) = self.current.take()
            && at < batch.rows()
        {
            return Ok(Some(batch.slice(at, batch.rows() - at)));
        }
        self.pull()
    }

    fn pull(&mut self) -> Result<Option<Batch>> {
        match &mut self.source {
            Source::Made(batches) => Ok(batches.pop_front()),
            Source::Running(rows) => {
                rows.next().transpose().map_err(|mistake| Error::of(mistake, &self.text))
            }
        }
    }
}

fn read_row(columns: &[ResultColumn], batch: &Batch, row: usize) -> Row {
    let columns = columns.iter().enumerate();
    Row(columns.map(|(at, column)| Value::from_array(batch.column(at), row, column.ty)).collect())
}

impl Row {
    /// Returns the values in the order of the columns.
    pub fn values(&self) -> &[Value] {
        &self.0
    }

    /// Returns the values, given away.
    pub fn into_values(self) -> Vec<Value> {
        self.0
    }
}
