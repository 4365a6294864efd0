//! Predicates, projections and aggregate updates to machine code.
//!
//! The interpreter says what an expression means; a kernel is an opinion about speed and must equal
//! it. [`compile`] takes an [`ir::KernelSpec`] — a filter, computed columns and aggregate updates
//! over one batch — lowers it to a graph without constants, emits Cranelift IR and returns a
//! [`Kernel`], whose [`run`](Kernel::run) is safe. What has no machine code is [`Unsupported`], and
//! the pipeline goes on interpreted.

mod cache;
mod clock;
mod compiler;
mod emit;
mod error;
mod frame;
mod host;
mod kernel;
mod lower;
mod shape;
mod split;

pub use cache::{Cache, CacheCounters};
pub use compiler::{Compiler, Slot};
pub use error::{RuntimeError, Unsupported};
pub use kernel::{CompileOptions, Kernel, Output, States, compile};
pub use split::{Split, split};
