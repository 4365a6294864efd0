//! Statistics of a segment's columns: NULLs, least, greatest and about how many distinct values.

use std::cmp::Ordering;

use types::encoded::{ColumnBuilder, Encoded, Page, Zone};
use types::{DataType, Value};

use super::fields::Fields;
use super::tail::Section;
use super::{Origin, StoredColumn};
use crate::error::Result;

/// What is known of a column's values in one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnStatistics {
    /// Versions whose value is NULL.
    pub nulls: u64,
    /// About how many distinct values there are, NULL not counted; never more than there are values.
    pub distinct: u64,
    /// The least value; NULL if all are.
    pub min: Value,
    /// The greatest value; NULL if all are.
    pub max: Value,
}

impl ColumnStatistics {
    /// Takes in the values of a page of type `ty`.
    pub(super) fn add(&mut self, page: &Page, ty: DataType) {
        self.nulls += page.nulls as u64;
        let Some((min, max)) = &page.bounds else { return };
        if self.min.is_null() || order(ty, min, &self.min).is_lt() {
            self.min = min.clone();
        }
        if self.max.is_null() || order(ty, max, &self.max).is_gt() {
            self.max = max.clone();
        }
    }
}

/// Returns how two values of type `ty` compare: by their marks, and strings that share one by bytes.
fn order(ty: DataType, left: &Value, right: &Value) -> Ordering {
    let marks = Zone::mark(ty, left).cmp(&Zone::mark(ty, right));
    marks.then_with(|| match (left, right) {
        (Value::Text(left) | Value::Json(left), Value::Text(right) | Value::Json(right)) => {
            left.cmp(right)
        }
        (Value::Blob(left), Value::Blob(right)) => left.cmp(right),
        _ => Ordering::Equal,
    })
}

/// Returns the section: for each column its counts and a page of two rows, least and greatest.
pub(super) fn to_bytes(columns: &[StoredColumn], statistics: &[ColumnStatistics]) -> Vec<u8> {
    let mut out = Vec::new();
    for (column, statistics) in columns.iter().zip(statistics) {
        let mut bounds = ColumnBuilder::new(column.ty);
        bounds.push(&statistics.min);
        bounds.push(&statistics.max);
        let page = bounds.finish().bytes;
        out.extend(statistics.nulls.to_le_bytes());
        out.extend(statistics.distinct.to_le_bytes());
        let len = u32::try_from(page.len()).expect("two values are below 4 GiB");
        out.extend(len.to_le_bytes());
        out.extend([0; 4]);
        out.extend(page);
    }
    out
}

pub(super) fn read(
    origin: &Origin,
    section: &Section,
    columns: &[StoredColumn],
    rows: u64,
) -> Result<Vec<ColumnStatistics>> {
    let mut fields = Fields::new(&section.bytes);
    let all = columns.iter().map(|column| read_column(&mut fields, *column, rows));
    let all = all.collect::<Option<Vec<_>>>().filter(|_| fields.is_empty());
    all.ok_or_else(|| origin.corrupt(section.at, "statistics of each column", section.bytes.len()))
}

fn read_column(
    fields: &mut Fields<'_>,
    column: StoredColumn,
    rows: u64,
) -> Option<ColumnStatistics> {
    let (nulls, distinct) = (fields.u64()?, fields.u64()?);
    let len = fields.u32()?;
    fields.u32()?;
    let page = fields.bytes(len as usize)?;
    let bounds = Encoded::open(column.ty, &page.into()).ok()?;
    let counts = nulls <= rows && bounds.rows() == 2;
    counts.then(|| ColumnStatistics { nulls, distinct, min: bounds.value(0), max: bounds.value(1) })
}
