//! A filter: conditions that all must be true, one after the other or fused into one.
//!
//! The interpreter asks a condition only about the rows that the ones before it left. One loop over
//! all of them asks no more than that where a row is decided, but goes on where a condition is NULL;
//! so conditions are fused only if those after the first cannot fail.

use ir::{Scalar, ScalarKind};
use types::{Batch, DataType};

use super::{Fused, KernelId, Piece, operations, spec_of};
use crate::operator;
use crate::run::Run;

/// Operations from which one loop beats as many loops.
const OPERATIONS_MIN: usize = 2;

/// The conditions of a filter.
#[derive(Debug)]
pub(crate) struct Filter {
    predicates: Vec<Scalar>,
    /// What machine code can do of them, or why it can do nothing.
    kernel: Result<Fused, String>,
}

impl Filter {
    /// Cuts the conditions over rows of `inputs`.
    pub(crate) fn cut(id: KernelId, inputs: &[DataType], predicates: &[Scalar]) -> Filter {
        Filter { predicates: predicates.to_vec(), kernel: fuse(id, inputs, predicates) }
    }

    pub(super) fn piece(&self) -> Option<Piece<'_>> {
        Some(self.kernel.as_ref())
    }

    /// Returns the rows for which every condition is true.
    pub(crate) fn run(&self, batch: Batch, run: &Run) -> diag::Result<Batch> {
        let context = &run.context.eval;
        let Ok(piece) = &self.kernel else {
            return operator::filter(&self.predicates, batch, context);
        };
        let Some(code) = run.takeover(piece.id).kernel(piece, &run.context, batch.rows()) else {
            return operator::filter(&self.predicates, batch, context);
        };
        match piece.run(&code, &batch, context) {
            Ok(output) => Ok(match &output.mask {
                Some(mask) if output.rows < batch.rows() => batch.filter(mask),
                Some(_) | None => batch,
            }),
            Err(error) => operator::filter(&self.predicates, batch, context).and(Err(error)),
        }
    }
}

fn fuse(id: KernelId, inputs: &[DataType], predicates: &[Scalar]) -> Result<Fused, String> {
    if predicates.iter().map(operations).sum::<usize>() < OPERATIONS_MIN {
        return Err("one comparison is as fast interpreted".to_owned());
    }
    if predicates.iter().skip(1).any(Scalar::is_fallible) {
        return Err("a condition that can fail waits for those before it".to_owned());
    }
    let mut spec = spec_of(inputs);
    spec.filter = match predicates {
        [] => return Err("it has no conditions".to_owned()),
        [only] => Some(only.clone()),
        [first, ..] => {
            Some(Scalar::new(ScalarKind::And(predicates.to_vec()), DataType::Boolean, first.span))
        }
    };
    Fused::cut(id, &spec, false)
}
