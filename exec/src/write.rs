//! Rows of a plan become changes of a transaction: the only place that writes tables.
//!
//! Input is read to its end before anything is written wherever it may read the written table, so
//! that a statement never sees its own rows (the Halloween problem). A key is unique per valid
//! instant (temporal.md §3): two versions of one key may stand side by side in valid time, and 23505
//! means that they overlap. UPDATE closes all old versions before it checks the new ones, so that
//! swapping two keys is no conflict.

mod constraint;
mod insert;
mod target;
mod update;

use std::sync::Arc;

use ir::WriteAction;
use storage::Transaction;
use types::Batch;

use crate::ExecContext;
use crate::error::internal;
use crate::memory::batch_bytes;
use crate::pipeline::{Pipelines, Source};
use crate::profile::ExecutionProfile;
use crate::run::{Rows, run};
use target::Target;

/// What a write did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows inserted, or matched by UPDATE or DELETE.
    pub rows: u64,
    /// The figures of the plan that yielded the rows.
    pub profile: ExecutionProfile,
}

/// Runs a plan whose root is a write, onto a transaction.
///
/// After an error the transaction may hold a part of the statement: the caller rolls it back to a
/// savepoint from before.
///
/// # Errors
/// What the plan fails with; NOT NULL (23502), CHECK (23514) and key (23505) violations.
pub fn write(
    pipelines: &Arc<Pipelines>,
    context: ExecContext,
    transaction: &mut Transaction,
) -> diag::Result<Written> {
    let plan = pipelines.write().ok_or_else(|| internal("a plan without a write was written"))?;
    let eval = Arc::clone(&context.eval);
    let mut memory = context.governor.reservation("write");
    let mut rows = run(pipelines, context)?;
    let mut target = Target::new(plan, transaction, &eval)?;
    let count = match &plan.action {
        WriteAction::Insert { upsert } if !reads_tables(pipelines) => {
            insert::insert(&mut target, *upsert, &mut rows)?
        }
        WriteAction::Insert { upsert } => {
            let kept = keep(&mut rows, &mut memory)?;
            insert::insert(&mut target, *upsert, kept.into_iter().map(Ok))?
        }
        WriteAction::Update { portion } => {
            update::update(&mut target, *portion, &keep(&mut rows, &mut memory)?)?
        }
        WriteAction::Delete { portion } => {
            update::delete(&mut target, *portion, &keep(&mut rows, &mut memory)?)?
        }
    };
    Ok(Written { rows: count, profile: rows.profile() })
}

fn reads_tables(pipelines: &Pipelines) -> bool {
    let mut feeds = pipelines.list.iter().flat_map(|pipeline| &pipeline.feeds);
    feeds.any(|feed| matches!(feed.source, Source::Scan(_)))
}

fn keep(rows: &mut Rows, memory: &mut crate::Reservation) -> diag::Result<Vec<Batch>> {
    let mut kept = Vec::new();
    for batch in rows {
        let batch = batch?;
        memory.grow(batch_bytes(&batch))?;
        kept.push(batch);
    }
    Ok(kept)
}
