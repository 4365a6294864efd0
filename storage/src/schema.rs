//! What the store knows of a tree: typed columns and which of them are the key.
//!
//! The schema travels in the log and the manifest, so that replay and compaction never ask the SQL
//! catalog. Columns are only ever added, at the end; a row or segment written before an addition
//! reads NULL there.

use types::{ColumnId, DataType, TreeId, Value, key};

/// A stored column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeColumn {
    /// Its number, never reused within the tree.
    pub id: ColumnId,
    /// Its type.
    pub ty: DataType,
    /// True if it may hold NULL.
    pub nullable: bool,
}

/// A column of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyColumn {
    /// Which column.
    pub column: ColumnId,
    /// True if larger values come first.
    pub descending: bool,
}

/// One tree: a table's primary order, or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeSchema {
    /// The tree.
    pub id: TreeId,
    /// All columns, in the order of rows.
    pub columns: Vec<TreeColumn>,
    /// The key, in order of significance. A table without one has its hidden row id here.
    pub key: Vec<KeyColumn>,
}

/// The tree that the store keeps itself: who committed and why, one row a commit that says so. A
/// row's `CommitFrom` is the commit.
pub const COMMITS: TreeId = TreeId(u32::MAX);

/// Returns the schema of [`COMMITS`]: row id, user, application, kinds, rows, message.
pub fn commits_schema() -> TreeSchema {
    let types = [
        DataType::Int64,
        DataType::TEXT,
        DataType::TEXT,
        DataType::TEXT,
        DataType::Int64,
        DataType::TEXT,
    ];
    let column = |(id, ty)| TreeColumn { id: ColumnId(id), ty, nullable: id > 0 };
    TreeSchema {
        id: COMMITS,
        columns: (0..).zip(types).map(column).collect(),
        key: vec![KeyColumn { column: ColumnId(0), descending: false }],
    }
}

impl TreeSchema {
    /// True if this is `old`, or `old` with more columns at its end.
    pub fn extends(&self, old: &TreeSchema) -> bool {
        self.id == old.id && self.key == old.key && self.columns.starts_with(&old.columns)
    }

    /// Returns the types of the columns, in order.
    pub fn types(&self) -> Vec<DataType> {
        self.columns.iter().map(|column| column.ty).collect()
    }

    /// Returns the place of a column in a row.
    pub fn position(&self, id: ColumnId) -> Option<usize> {
        self.columns.iter().position(|column| column.id == id)
    }

    /// Returns the type and direction of each key column.
    pub fn key_parts(&self) -> Vec<(DataType, bool)> {
        self.key
            .iter()
            .map(|part| {
                let at = self.position(part.column).expect("a key column is a column of the tree");
                (self.columns[at].ty, part.descending)
            })
            .collect()
    }

    /// Returns the memcomparable key of a row.
    pub fn key_of(&self, row: &[Value]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.key.len() * 10);
        for part in &self.key {
            let at = self.position(part.column).expect("a key column is a column of the tree");
            key::encode_part(&row[at], part.descending, &mut bytes);
        }
        bytes
    }

    /// Returns the memcomparable key, or prefix of a key, of values in key order.
    pub fn encode_key(&self, values: &[Value]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(values.len() * 10);
        for (value, part) in values.iter().zip(&self.key) {
            key::encode_part(value, part.descending, &mut bytes);
        }
        bytes
    }
}
