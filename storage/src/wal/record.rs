//! Records: the resolved facts of a commit, as the log carries them.
//!
//! A record says what happened, never how it was found out, so applying the same records to the
//! same state always gives the same state. `Upsert`, `Ingest` and `Erase` have reserved numbers.

use std::sync::Arc;

use types::{ColumnId, CommitId, DataType, Period, TreeId};

use crate::codec::{Malformed, Reader, put_bytes, put_signed, put_varint};
use crate::schema::{KeyColumn, TreeColumn, TreeSchema};

const PUT: u8 = 1;
const CLOSE: u8 = 2;
const CLOSE_ALL: u8 = 3;
const TREE: u8 = 4;
const ROW_ID: u8 = 5;

/// The records by tag, for the check of the page about them.
#[cfg(test)]
pub(crate) const TAGS: [(u8, &str); 5] =
    [(PUT, "Put"), (CLOSE, "Close"), (CLOSE_ALL, "CloseAll"), (TREE, "Tree"), (ROW_ID, "RowId")];

/// Where a version to be closed was found, when the record was written. A hint may be stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// The segment.
    pub(crate) segment: u64,
    /// The version's place in it.
    pub(crate) ordinal: u32,
}

/// One fact of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// A new version.
    Put { tree: TreeId, valid: Period, row: Arc<[u8]> },
    /// The end of one version.
    Close { tree: TreeId, key: Vec<u8>, valid_from: i64, sys_from: CommitId, hint: Option<Hint> },
    /// The end of every open version of a tree.
    CloseAll { tree: TreeId },
    /// A new tree, or a tree with more columns.
    Tree(TreeSchema),
    /// Row ids below this one are taken.
    RowId { next: u64 },
}

impl Record {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Record::Put { tree, valid, row } => {
                out.push(PUT);
                put_varint(out, tree.0.into());
                put_period(out, *valid);
                put_bytes(out, row);
            }
            Record::Close { tree, key, valid_from, sys_from, hint } => {
                out.push(CLOSE);
                put_varint(out, tree.0.into());
                put_bytes(out, key);
                put_signed(out, *valid_from);
                put_varint(out, sys_from.0);
                put_varint(out, hint.map_or(0, |hint| hint.segment));
                put_varint(out, hint.map_or(0, |hint| hint.ordinal.into()));
            }
            Record::CloseAll { tree } => {
                out.push(CLOSE_ALL);
                put_varint(out, tree.0.into());
            }
            Record::Tree(schema) => {
                out.push(TREE);
                put_schema(out, schema);
            }
            Record::RowId { next } => {
                out.push(ROW_ID);
                put_varint(out, *next);
            }
        }
    }

    /// Returns about how many bytes [`Record::put`] appends.
    pub(crate) fn bytes(&self) -> usize {
        const FIELDS: usize = 16;
        match self {
            Record::Put { row, .. } => FIELDS + row.len(),
            Record::Close { key, .. } => 2 * FIELDS + key.len(),
            Record::CloseAll { .. } | Record::Tree(_) | Record::RowId { .. } => FIELDS,
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Record, Malformed> {
        Ok(match reader.u8()? {
            PUT => Record::Put {
                tree: TreeId(reader.small()?),
                valid: read_period(reader)?,
                row: reader.bytes()?.into(),
            },
            CLOSE => Record::Close {
                tree: TreeId(reader.small()?),
                key: reader.bytes()?.to_vec(),
                valid_from: reader.signed()?,
                sys_from: CommitId(reader.varint()?),
                hint: read_hint(reader)?,
            },
            CLOSE_ALL => Record::CloseAll { tree: TreeId(reader.small()?) },
            TREE => Record::Tree(read_schema(reader)?),
            ROW_ID => Record::RowId { next: reader.varint()? },
            _ => return Err(Malformed),
        })
    }
}

/// Segments are numbered from 1, so 0 says that there is no hint.
fn read_hint(reader: &mut Reader<'_>) -> Result<Option<Hint>, Malformed> {
    let segment = reader.varint()?;
    let ordinal = reader.small()?;
    Ok((segment != 0).then_some(Hint { segment, ordinal }))
}

/// All of time is by far the most common period and takes one byte.
fn put_period(out: &mut Vec<u8>, period: Period) {
    if period == Period::ALWAYS {
        out.push(0);
        return;
    }
    out.push(1);
    put_signed(out, period.from);
    put_signed(out, period.to);
}

fn read_period(reader: &mut Reader<'_>) -> Result<Period, Malformed> {
    match reader.u8()? {
        0 => Ok(Period::ALWAYS),
        1 => Period::new(reader.signed()?, reader.signed()?).ok_or(Malformed),
        _ => Err(Malformed),
    }
}

/// Appends a schema, the same in the log and the manifest.
pub(crate) fn put_schema(out: &mut Vec<u8>, schema: &TreeSchema) {
    put_varint(out, schema.id.0.into());
    put_varint(out, schema.columns.len() as u64);
    for column in &schema.columns {
        put_varint(out, column.id.0.into());
        put_type(out, column.ty);
        out.push(u8::from(column.nullable));
    }
    put_varint(out, schema.key.len() as u64);
    for part in &schema.key {
        put_varint(out, part.column.0.into());
        out.push(u8::from(part.descending));
    }
}

/// Reads a schema and checks that its key names its columns.
pub(crate) fn read_schema(reader: &mut Reader<'_>) -> Result<TreeSchema, Malformed> {
    let id = TreeId(reader.small()?);
    let columns = (0..reader.varint()?).map(|_| read_column(reader)).collect::<Result<_, _>>()?;
    let key = (0..reader.varint()?).map(|_| read_key_column(reader)).collect::<Result<_, _>>()?;
    let schema = TreeSchema { id, columns, key };
    let known = schema.key.iter().all(|part| schema.position(part.column).is_some());
    if known { Ok(schema) } else { Err(Malformed) }
}

fn read_column(reader: &mut Reader<'_>) -> Result<TreeColumn, Malformed> {
    Ok(TreeColumn {
        id: ColumnId(reader.small()?),
        ty: read_type(reader)?,
        nullable: read_bool(reader)?,
    })
}

fn read_key_column(reader: &mut Reader<'_>) -> Result<KeyColumn, Malformed> {
    Ok(KeyColumn { column: ColumnId(reader.small()?), descending: read_bool(reader)? })
}

fn read_bool(reader: &mut Reader<'_>) -> Result<bool, Malformed> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Malformed),
    }
}

fn put_type(out: &mut Vec<u8>, data_type: DataType) {
    match data_type {
        DataType::Null => out.push(0),
        DataType::Boolean => out.push(1),
        DataType::Int16 => out.push(2),
        DataType::Int32 => out.push(3),
        DataType::Int64 => out.push(4),
        DataType::Float32 => out.push(5),
        DataType::Float64 => out.push(6),
        DataType::Decimal { precision, scale } => out.extend([7, precision, scale]),
        DataType::Text { length_max } => {
            out.push(8);
            put_varint(out, length_max.map_or(0, |most| u64::from(most) + 1));
        }
        DataType::Blob => out.push(9),
        DataType::Date => out.push(10),
        DataType::Timestamp => out.push(11),
        DataType::Interval => out.push(12),
        DataType::Json => out.push(13),
    }
}

fn read_type(reader: &mut Reader<'_>) -> Result<DataType, Malformed> {
    Ok(match reader.u8()? {
        0 => DataType::Null,
        1 => DataType::Boolean,
        2 => DataType::Int16,
        3 => DataType::Int32,
        4 => DataType::Int64,
        5 => DataType::Float32,
        6 => DataType::Float64,
        7 => match reader.array()? {
            [precision @ 1..=38, scale] if scale <= precision => {
                DataType::Decimal { precision, scale }
            }
            _ => return Err(Malformed),
        },
        8 => match reader.varint()? {
            0 => DataType::TEXT,
            most => {
                DataType::Text { length_max: Some(u32::try_from(most - 1).map_err(|_| Malformed)?) }
            }
        },
        9 => DataType::Blob,
        10 => DataType::Date,
        11 => DataType::Timestamp,
        12 => DataType::Interval,
        13 => DataType::Json,
        _ => return Err(Malformed),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_come_back() {
        let schema = TreeSchema {
            id: TreeId(3),
            columns: vec![
                TreeColumn { id: ColumnId(0), ty: DataType::Int64, nullable: false },
                TreeColumn {
                    id: ColumnId(4),
                    ty: DataType::Decimal { precision: 9, scale: 2 },
                    nullable: true,
                },
                TreeColumn {
                    id: ColumnId(5),
                    ty: DataType::Text { length_max: Some(9) },
                    nullable: true,
                },
            ],
            key: vec![KeyColumn { column: ColumnId(0), descending: true }],
        };
        let records = [
            Record::Put { tree: TreeId(3), valid: Period::ALWAYS, row: [1, 2].into() },
            Record::Put { tree: TreeId(3), valid: Period { from: -9, to: 9 }, row: [].into() },
            Record::Close {
                tree: TreeId(1),
                key: vec![7],
                valid_from: i64::MIN,
                sys_from: CommitId(9),
                hint: Some(Hint { segment: 4, ordinal: 5 }),
            },
            Record::CloseAll { tree: TreeId(8) },
            Record::Tree(schema),
            Record::RowId { next: 99 },
        ];
        let mut bytes = Vec::new();
        records.iter().for_each(|record| record.put(&mut bytes));
        let mut reader = Reader::new(&bytes);
        for record in records {
            assert_eq!(Record::read(&mut reader), Ok(record));
        }
        assert!(reader.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_read_or_fail(bytes in any::<Vec<u8>>()) {
            let mut reader = Reader::new(&bytes);
            while !reader.is_empty() && Record::read(&mut reader).is_ok() {}
        }
    }
}
