//! Pipelines, morsels, operators and the interpreter; moves batches.

pub mod eval;
