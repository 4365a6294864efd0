//! Whole-database tests, one binary: what crosses every crate.

mod bombs;
mod crash;
mod docs;
mod estimates;
mod model;
mod not_built;
mod plans;
mod slt;
mod subqueries;
mod support;
mod tpch;
mod transactions;
