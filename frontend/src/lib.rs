//! Names and types: a syntax tree becomes a bound plan, mistakes become diagnostics.
