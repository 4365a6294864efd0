//! Streaming operators: a batch in, batches out, nothing kept between batches but counters.

pub(crate) mod join_table;
pub(crate) mod limit;
pub(crate) mod probe;

use ir::Scalar;
use types::Batch;

use crate::eval::{self, EvalContext};

/// Whether more rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Yes.
    More,
    /// No: a LIMIT is full or nobody reads the result.
    Enough,
}

/// Returns the rows for which every predicate is true.
///
/// A predicate sees only rows that the earlier ones let through, so that it raises no error for a
/// row that is out already.
pub(crate) fn filter(
    predicates: &[Scalar],
    mut batch: Batch,
    context: &EvalContext,
) -> diag::Result<Batch> {
    for predicate in predicates {
        if batch.rows() == 0 {
            break;
        }
        let mask = eval::filter(predicate, &batch, context)?;
        batch = batch.filter(&mask);
    }
    Ok(batch)
}

/// Returns a batch of these expressions over `batch`.
pub(crate) fn project(
    items: &[Scalar],
    batch: &Batch,
    context: &EvalContext,
) -> diag::Result<Batch> {
    Ok(Batch::new(columns(items, batch, context)?, batch.rows()))
}

/// Returns the values of these expressions over `batch`.
pub(crate) fn columns(
    items: &[Scalar],
    batch: &Batch,
    context: &EvalContext,
) -> diag::Result<Vec<arrow_array::ArrayRef>> {
    items.iter().map(|item| Ok(eval::eval(item, batch, context)?)).collect()
}
