//! Statements in, plans or diagnostics out: every plan is verified, every mistake is drawn.

extern crate spectradb_frontend as frontend;

mod bind {
    mod mistakes;
    mod plans;
    mod rules;
    mod world;
}
