//! A transaction: a snapshot taken at first use, and writes staged until commit.
//!
//! Optimistic: nothing is locked, the first committer of a key wins and the others get
//! [`Error::Conflict`]. A transaction that is dropped has not happened.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use types::{CommitId, DataType, Period, TreeId, Value, row};

use crate::PENDING;
use crate::commit::{Change, Committed, Staged};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::memtable::internal_key;
use crate::overlay::{Mark, Overlay};
use crate::schema::{COMMITS, TreeSchema, commits_schema};
use crate::view::View;
use crate::wal::record::Record;

/// Who committed and why; kept as a row of the tree [`COMMITS`] if anything is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitMeta {
    /// The user.
    pub user: Option<String>,
    /// The application.
    pub application: Option<String>,
    /// The kinds of statements, as the caller writes them.
    pub kinds: Option<String>,
    /// A message.
    pub message: Option<String>,
}

/// A place to roll back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Savepoint(Mark);

/// A transaction.
#[derive(Debug)]
pub struct Transaction {
    engine: Arc<Engine>,
    pinned: Option<View>,
    overlay: Arc<RwLock<Overlay>>,
    touched: Vec<(TreeId, Vec<u8>)>,
    drew_row_id: bool,
    /// Schemas met so far: asked for with every row.
    shapes: HashMap<TreeId, Arc<Shape>, foldhash::fast::FixedState>,
    /// Where rows are encoded.
    row: Vec<u8>,
}

#[derive(Debug)]
struct Shape {
    schema: Arc<TreeSchema>,
    types: Vec<DataType>,
}

impl Transaction {
    pub(crate) fn new(engine: Arc<Engine>) -> Transaction {
        Transaction {
            engine,
            pinned: None,
            overlay: Arc::default(),
            touched: Vec::new(),
            drew_row_id: false,
            shapes: HashMap::default(),
            row: Vec::new(),
        }
    }

    fn pin(&mut self) -> &View {
        let engine = &self.engine;
        self.pinned.get_or_insert_with(|| engine.enter())
    }

    /// Returns the commit whose state the transaction reads, fixing it now if it was not yet.
    pub fn snapshot(&mut self) -> CommitId {
        self.pin().commit()
    }

    /// Returns a view of the snapshot with the transaction's writes so far, but none that follow.
    pub fn view(&mut self) -> View {
        let mark = self.overlay.read().mark();
        let overlay = Arc::clone(&self.overlay);
        self.pin().clone().with_own(overlay, mark)
    }

    /// Returns a tree's schema and the types of its columns, as the transaction sees them now.
    fn shape(&mut self, tree: TreeId) -> Result<Arc<Shape>> {
        if let Some(shape) = self.shapes.get(&tree) {
            return Ok(Arc::clone(shape));
        }
        let schema = self.view().schema(tree)?;
        let shape = Arc::new(Shape { types: schema.types(), schema });
        self.shapes.insert(tree, Arc::clone(&shape));
        Ok(shape)
    }

    fn schema(&mut self, tree: TreeId) -> Result<Arc<TreeSchema>> {
        self.shape(tree).map(|shape| Arc::clone(&shape.schema))
    }

    /// Makes a tree, or gives an old one more columns at its end.
    ///
    /// # Panics
    /// If an old tree's columns or key would change otherwise.
    pub fn create_tree(&mut self, schema: TreeSchema) {
        if let Ok(old) = self.schema(schema.id) {
            assert!(schema.extends(&old), "columns are only added, at the end");
        }
        self.shapes.remove(&schema.id);
        self.overlay.write().put_schema(Arc::new(schema));
    }

    /// Returns a row id that no row has or ever had.
    pub fn next_row_id(&mut self) -> i64 {
        self.drew_row_id = true;
        i64::try_from(self.engine.next_row_id()).expect("2^63 rows take centuries")
    }

    /// Puts a row, in schema order, true during `valid`. A row that this transaction put with the
    /// same key and begin is replaced; closing committed versions is the caller's work.
    ///
    /// # Errors
    /// [`Error::NoTree`], or [`Error::Value`] if a value is not of its column's type.
    pub fn put(&mut self, tree: TreeId, values: &[Value], valid: Period) -> Result<()> {
        let shape = self.shape(tree)?;
        self.row.clear();
        row::encode(&shape.types, values, &mut self.row)?;
        let key = shape.schema.key_of(values);
        self.overlay.write().put(tree, &key, valid, self.row.as_slice().into());
        Ok(())
    }

    /// Closes the open version of `key` that begins at `valid_from` and was written by `sys_from`;
    /// [`PENDING`] takes back a row of the transaction's own.
    ///
    /// # Errors
    /// [`Error::NotOpen`] if there is no such open version, [`Error::NoTree`].
    pub fn close(
        &mut self,
        tree: TreeId,
        key: &[Value],
        valid_from: i64,
        sys_from: CommitId,
    ) -> Result<()> {
        let key = self.schema(tree)?.encode_key(key);
        let not_open = Error::NotOpen { tree, sys_from };
        if sys_from == PENDING {
            let closed = self.overlay.write().close_pending(tree, &key, valid_from);
            return if closed { Ok(()) } else { Err(not_open) };
        }
        let view = self.pin();
        let snapshot = view.commit();
        let place = view.version.locate(tree, &key, valid_from, sys_from, None)?;
        let open = place.filter(|place| sys_from <= snapshot && place.sys_to() > snapshot);
        let Some(place) = open else { return Err(not_open) };
        let internal = internal_key(&key, valid_from, sys_from);
        let version = (key, valid_from, sys_from);
        let closed = self.overlay.write().close(tree, internal, version, place.hint());
        if closed { Ok(()) } else { Err(not_open) }
    }

    /// Closes every open version of a tree, and takes back the transaction's own rows in it.
    ///
    /// # Errors
    /// [`Error::NoTree`].
    pub fn close_all(&mut self, tree: TreeId) -> Result<()> {
        self.schema(tree)?;
        self.overlay.write().close_all(tree);
        Ok(())
    }

    /// Makes the commit fail if anybody changes this key after the snapshot, and lets it count as
    /// changed for others: so a foreign key holds from both sides.
    ///
    /// # Errors
    /// [`Error::NoTree`].
    pub fn touch(&mut self, tree: TreeId, key: &[Value]) -> Result<()> {
        let key = self.schema(tree)?.encode_key(key);
        self.touched.push((tree, key));
        Ok(())
    }

    /// Returns the place where the transaction stands now.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint(self.overlay.read().mark())
    }

    /// Forgets every write since a savepoint. Views taken in between must be gone.
    pub fn roll_back_to(&mut self, savepoint: Savepoint) {
        self.shapes.clear();
        self.overlay.write().roll_back(savepoint.0);
    }

    /// Commits. `None` if nothing was written: then no commit id is taken.
    ///
    /// # Errors
    /// [`Error::Conflict`] if another transaction was first; [`Error::Poisoned`], [`Error::Io`] or
    /// [`Error::DiskFull`] if the log cannot be written.
    pub fn commit(mut self, meta: &CommitMeta) -> Result<Option<Committed>> {
        let snapshot = self.snapshot();
        let mut changes = self.changes();
        if changes.is_empty() {
            return Ok(None);
        }
        if *meta != CommitMeta::default() {
            changes.push(self.meta_change(meta, changes.len())?);
        }
        if self.drew_row_id {
            changes.push(Change::of(Record::RowId { next: self.engine.row_id_bound() }));
        }
        let touched = std::mem::take(&mut self.touched);
        self.engine.commit(Staged { snapshot, changes, touched }).map(Some)
    }

    /// Trees come first, then closings, then rows: a row may take the place of a closed version.
    fn changes(&self) -> Vec<Change> {
        let overlay = self.overlay.read();
        let schemas = overlay.schemas().map(|schema| Record::Tree((**schema).clone()));
        let mut changes: Vec<Change> = schemas.map(Change::of).collect();
        for (tree, own) in overlay.trees() {
            let cleared = own.cleared_at(Mark::MAX);
            if cleared {
                changes.push(Change::of(Record::CloseAll { tree }));
            }
            for closed in own.closed().values().filter(|_| !cleared) {
                changes.push(Change::of(Record::Close {
                    tree,
                    key: closed.key.clone(),
                    valid_from: closed.valid_from,
                    sys_from: closed.sys_from,
                    hint: closed.hint,
                }));
            }
            for (key, row) in own.rows_at(overlay.mark()) {
                let record = Record::Put { tree, valid: row.valid, row: Arc::clone(&row.row) };
                changes.push(Change { record, key: key.to_vec() });
            }
        }
        changes
    }

    fn meta_change(&mut self, meta: &CommitMeta, rows: usize) -> Result<Change> {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::text);
        let values = [
            Value::Int64(self.next_row_id()),
            text(&meta.user),
            text(&meta.application),
            text(&meta.kinds),
            Value::Int64(i64::try_from(rows).unwrap_or(i64::MAX)),
            text(&meta.message),
        ];
        let schema = commits_schema();
        let mut row = Vec::new();
        row::encode(&schema.types(), &values, &mut row)?;
        let key = schema.key_of(&values);
        let record = Record::Put { tree: COMMITS, valid: Period::ALWAYS, row: row.into() };
        Ok(Change { record, key })
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(view) = &self.pinned {
            self.engine.leave(view.commit());
        }
    }
}

impl Change {
    fn of(record: Record) -> Change {
        Change { record, key: Vec::new() }
    }
}
