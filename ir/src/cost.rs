//! How many rows to expect, and what a plan costs, from what storage knows of its columns.
//!
//! The model is the textbook's (Selinger 1979): values are spread evenly between minimum and
//! maximum, columns are independent, a join keeps the smaller side's keys. Every estimate says
//! where it came from.

mod facts;
mod rows;
mod selectivity;

pub(crate) use facts::Facts;
pub(crate) use rows::{Join, estimate, estimate_all, joined};
