//! Text forms of plans: the words that EXPLAIN prints.
