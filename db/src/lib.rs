//! SpectraDB: an embedded, append-only, bitemporal SQL database.
//!
//! A [`Database`] is a directory (or memory) with one process; a [`Session`] runs statements and
//! holds at most one transaction; [`Rows`] are a query's answer. `session.rs` is the life of a
//! statement on one screen: this crate is the only place where the stages meet.
//!
//! ```
//! use spectradb::Database;
//!
//! # fn main() -> spectradb::Result<()> {
//! let mut session = Database::in_memory()?.session();
//! session.sql("CREATE TABLE price (sku TEXT PRIMARY KEY, amount DECIMAL(10,2))")?; // commit 1
//! session.sql("INSERT INTO price VALUES ('tea', 4.20)")?;                          // commit 2
//! session.sql("UPDATE price SET amount = 4.80 WHERE sku = 'tea'")?;                // commit 3
//! let mut rows = session.rows("SELECT amount FROM price AS OF 2")?;
//! let row = rows.next_row()?.expect("there was a price");
//! assert_eq!(row.values()[0].to_string(), "4.20");
//! # Ok(())
//! # }
//! ```

mod analyze;
mod catalog;
mod copy;
mod database;
mod ddl;
mod error;
mod explain;
mod options;
mod parameters;
mod rows;
pub mod script;
mod session;
mod settings;
mod show;
mod statement;
mod transaction;

pub use database::Database;
pub use diag::{Position, Style};
pub use error::{Error, ErrorKind, Result};
pub use options::{DatabaseOptions, Durability, Observer, Phase};
pub use rows::{ResultColumn, Row, Rows};
pub use session::{CancelHandle, Session};
pub use statement::{Done, Outcome, Statement};
pub use types::{DataType, Date, Decimal, Interval, Timestamp, Value};

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
