//! Pipelines, morsels, operators and the interpreter; moves batches.
//!
//! [`stage`] cuts a physical plan into pipelines (source → streaming stages → sink), [`run`] works
//! them off morsel by morsel and yields the result as batches, [`write()`] turns the rows of a plan
//! into changes of a transaction. [`eval`] is the interpreter: the meaning of every scalar. A query
//! reads as: `pipeline.rs` (what there is to do), `stage.rs` (how a plan becomes that), `run.rs`
//! (who does it, on which thread), then the operators.

mod cancel;
mod clock;
mod context;
mod describe;
mod error;
pub mod eval;
mod kernel;
mod keys;
mod memory;
mod operator;
mod pipeline;
mod profile;
mod run;
mod sink;
mod source;
mod stage;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;
mod write;

pub use cancel::{CancelToken, Now};
pub use context::{ExecContext, ExternalRows, JitMode, Progress, Workers};
pub use kernel::Kernels;
pub use memory::{Governor, Reservation};
pub use pipeline::Pipelines;
pub use profile::{ExecutionProfile, OperatorProfile, PipelineProfile, Tier};
pub use run::{Rows, run};
pub use stage::stage;
pub use write::{Written, write};
