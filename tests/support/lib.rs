//! What whole-database tests and benches share: TPC-H's tables and queries.

pub mod tpch;
