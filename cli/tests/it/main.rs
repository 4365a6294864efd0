//! The binary as its users meet it: the machine protocol, formats, error reports, exit status.

mod formats;
mod protocol;
mod quickstart;
mod reports;
mod support;
