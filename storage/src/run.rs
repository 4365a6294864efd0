//! A run: one segment of a tree as the store uses it, with the closings that came after it.

use types::CommitId;

use crate::closings::Closings;
use crate::error::Result;
use crate::scan::visible::Bounds;
use crate::wal::record::Hint;

/// A segment and its closings.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) bounds: Bounds,
    pub(crate) closings: Closings,
}

impl Run {
    pub(crate) fn closed_at(&self, ordinal: u32) -> CommitId {
        self.closings.closed_at(ordinal)
    }

    pub(crate) fn locate(
        &self,
        _key: &[u8],
        _valid_from: i64,
        _sys_from: CommitId,
        _hint: Option<Hint>,
    ) -> Result<Option<u32>> {
        Ok(None)
    }

    pub(crate) fn close_all(&self, _at: CommitId) -> Result<usize> {
        Ok(0)
    }
}
