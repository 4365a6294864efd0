//! Names and types: a syntax tree becomes a bound plan, mistakes become diagnostics.
//!
//! [`bind`] is the one way in. A [`Binder`](binder) lives for one statement; each kind of clause has
//! a file of its own that extends it. Three rules hold everywhere:
//!
//! * An expression of type [`types::DataType::Null`] is *unknown*: a string literal, NULL or a
//!   parameter whose type its neighbour decides (`coerce`). No such node leaves a finished query.
//! * Every conversion is a `Cast` node (or a call of `ToJson`), so that nothing below guesses types.
//! * A name is looked up in one place (`scope`), and every failed look-up goes through `unknown`,
//!   which knows what the user may have meant.
//!
//! Reading order: `statement`, `query/select`, `scope`, `expr`, `coerce`, `temporal`.

mod binder;
mod change;
mod coerce;
mod context;
mod copy;
mod define;
mod expr;
mod function;
mod insert;
mod literal;
mod query;
mod scope;
mod session;
mod statement;
mod stored;
mod temporal;
mod typename;
mod unknown;

pub use context::{BindContext, SessionTime};
pub use session::SETTINGS;
pub use statement::{bind, parameter_types};
