//! How many rows to expect, and what a plan costs, from what storage knows of its columns.
//!
//! The model is the textbook's (Selinger 1979): values are spread evenly between minimum and
//! maximum, columns are independent, a join keeps the smaller side's keys. Every estimate says
//! where it came from.

mod distribution;
mod facts;
mod groups;
mod joins;
mod rows;
mod selectivity;

pub use distribution::Distribution;
pub(crate) use facts::Facts;
pub(crate) use rows::{estimate, estimate_all};
pub(crate) use selectivity::one as share;

/// Most rows that an estimate says; products of such figures are still finite.
pub(crate) const ROWS_MAX: f64 = 1e100;
