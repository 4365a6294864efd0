//! The typed logical and physical plans, the catalog as a value, rewrite rules, cost.
