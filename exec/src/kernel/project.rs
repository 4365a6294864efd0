//! A projection: columns that pass through, expressions of machine code, and the rest.
//!
//! All expressions that can be compiled are one loop; what has no machine code, such as text, is
//! interpreted beside it.

use ir::Scalar;
use types::{Batch, DataType};

use super::{Fused, KernelId, Piece, is_slot, operations, spec_of};
use crate::eval;
use crate::operator;
use crate::run::Run;

/// Operations from which one loop beats as many loops.
const OPERATIONS_MIN: usize = 2;

/// The items of a projection.
#[derive(Debug)]
pub(crate) struct Project {
    items: Vec<Scalar>,
    /// What machine code can do of them, or why it can do nothing; none if nothing is computed.
    kernel: Option<Result<ProjectKernel, String>>,
}

#[derive(Debug)]
struct ProjectKernel {
    piece: Fused,
    /// The items that the piece computes, in its order.
    items: Vec<usize>,
}

impl Project {
    /// Cuts the items over rows of `inputs`.
    pub(crate) fn cut(id: KernelId, inputs: &[DataType], items: &[Scalar]) -> Project {
        let computes = items.iter().any(|item| !is_slot(item));
        Project { items: items.to_vec(), kernel: computes.then(|| fuse(id, inputs, items)) }
    }

    pub(crate) fn items(&self) -> &[Scalar] {
        &self.items
    }

    pub(super) fn piece(&self) -> Option<Piece<'_>> {
        self.kernel.as_ref().map(|kernel| kernel.as_ref().map(|kernel| &kernel.piece))
    }

    /// Returns a batch of the items.
    pub(crate) fn run(&self, batch: &Batch, run: &Run) -> diag::Result<Batch> {
        let context = &run.context.eval;
        let Some(Ok(kernel)) = &self.kernel else {
            return operator::project(&self.items, batch, context);
        };
        let piece = &kernel.piece;
        let Some(code) = run.takeover(piece.id).kernel(piece, &run.context, batch.rows()) else {
            return operator::project(&self.items, batch, context);
        };
        let output = match piece.run(&code, batch, context) {
            Ok(output) => output,
            Err(error) => {
                return operator::project(&self.items, batch, context).and(Err(error));
            }
        };
        let mut compiled = kernel.items.iter().zip(output.columns).peekable();
        let mut columns = Vec::with_capacity(self.items.len());
        for (at, item) in self.items.iter().enumerate() {
            columns.push(match compiled.next_if(|(place, _)| **place == at) {
                Some((_, column)) => column,
                None => eval::eval(item, batch, context)?,
            });
        }
        Ok(Batch::new(columns, batch.rows()))
    }
}

fn fuse(id: KernelId, inputs: &[DataType], items: &[Scalar]) -> Result<ProjectKernel, String> {
    let mut refused = "one operation is as fast interpreted".to_owned();
    let mut spec = spec_of(inputs);
    let mut kept = Vec::new();
    for (at, item) in items.iter().enumerate().filter(|(_, item)| !is_slot(item)) {
        let mut alone = spec_of(inputs);
        alone.outputs.push(item.clone());
        match Fused::cut(id, &alone, false) {
            Ok(_) => {
                kept.push(at);
                spec.outputs.push(item.clone());
            }
            Err(why) => refused = why,
        }
    }
    if spec.outputs.iter().map(operations).sum::<usize>() < OPERATIONS_MIN {
        return Err(refused);
    }
    Ok(ProjectKernel { piece: Fused::cut(id, &spec, false)?, items: kept })
}
