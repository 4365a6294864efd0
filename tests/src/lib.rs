//! Whole-database tests: sqllogictests, temporal model, crash cycles, TPC-H, docs.
