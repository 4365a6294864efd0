//! A session's transaction: the store's, paired with the catalog that its statements see.

use std::sync::Arc;

use ir::{Catalog, CatalogHistory, Relation, TemporalRead};
use storage::{CommitMeta, Committed};
use types::{CommitId, Period, Timestamp};

use crate::catalog;
use crate::database::Shared;
use crate::error::store_diagnostic;
use crate::settings::Settings;

/// A transaction under way.
pub(crate) struct Open {
    pub(crate) store: storage::Transaction,
    pub(crate) snapshot: CommitId,
    /// The catalog as of every commit up to the snapshot.
    pub(crate) history: Arc<CatalogHistory>,
    /// The catalog of plain reads: the snapshot's, changed by own DDL.
    pub(crate) current: Arc<Catalog>,
    /// `now()`, one value a transaction.
    pub(crate) now: Timestamp,
    changed_catalog: bool,
    kinds: Vec<&'static str>,
}

/// `BEGIN` and what it asked for.
pub(crate) struct Block {
    /// The transaction; it begins with its first statement.
    pub(crate) open: Option<Open>,
    /// True if writes are refused.
    pub(crate) read_only: bool,
    /// All tables are read so.
    pub(crate) pinned: Option<TemporalRead>,
    /// True after an error: only COMMIT and ROLLBACK are accepted.
    pub(crate) failed: bool,
}

impl Open {
    /// Begins a transaction: a snapshot and the catalog of the same moment.
    pub(crate) fn begin(shared: &Shared) -> Open {
        let history = shared.catalogs.read();
        let mut store = shared.store.begin();
        let snapshot = store.snapshot();
        let history = Arc::clone(&history);
        let current = history.at(snapshot);
        let now = Timestamp(shared.clock.now_us());
        let kinds = Vec::new();
        Open { store, snapshot, history, current, now, changed_catalog: false, kinds }
    }

    /// Notes what kind of statement wrote, for `system.commits`.
    pub(crate) fn note(&mut self, kind: &'static str) {
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
    }

    /// True once a statement that writes was noted.
    pub(crate) fn has_written(&self) -> bool {
        !self.kinds.is_empty()
    }

    /// Makes a relation; its row is part of the transaction.
    pub(crate) fn create(&mut self, relation: Relation) -> storage::Result<()> {
        if self.store.view().schema(catalog::CATALOG_TREE).is_err() {
            self.store.create_tree(catalog::catalog_schema());
        }
        if let Relation::Table(table) = &relation {
            self.store.create_tree(catalog::table_schema(table));
        }
        let row = catalog::encode_relation(&relation);
        self.store.put(catalog::CATALOG_TREE, &row, Period::ALWAYS)?;
        self.current = Arc::new(self.current.with(relation));
        self.changed_catalog = true;
        Ok(())
    }

    /// Drops a relation: its row is closed, its facts stay for AS OF.
    pub(crate) fn drop_relation(&mut self, name: &str) -> storage::Result<()> {
        catalog::close_row(&mut self.store, name)?;
        self.current = Arc::new(self.current.without(name));
        self.changed_catalog = true;
        Ok(())
    }

    /// Commits; `None` if nothing was written.
    pub(crate) fn commit(
        self,
        shared: &Shared,
        settings: &Settings,
    ) -> diag::Result<Option<Committed>> {
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let meta = CommitMeta {
            user: None,
            application: said(&settings.application_name),
            kinds: said(&self.kinds.join(", ")),
            message: said(&settings.commit_message),
        };
        let failed = |error: storage::Error| Box::new(store_diagnostic(&error));
        if !self.changed_catalog {
            return self.store.commit(&meta).map_err(failed);
        }
        // Nobody takes a snapshot between the commit and the catalog that belongs to it.
        let mut history = shared.catalogs.write();
        let committed = self.store.commit(&meta).map_err(failed)?;
        if let Some(committed) = &committed {
            let latest =
                catalog::merge(&history.latest(), &self.history.at(self.snapshot), &self.current);
            Arc::make_mut(&mut history).push(committed.id, Arc::new(latest));
        }
        Ok(committed)
    }
}
