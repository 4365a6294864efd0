//! Predicates, projections and aggregate updates to machine code.
