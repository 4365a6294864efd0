//! The vocabulary of data, shared by every room below the SQL text: types, values, time, batches.
//!
//! Nothing here knows SQL, files or plans. A value outside a batch is a [`Value`]; inside, a column
//! is an Arrow array ([`Batch`]). Types are [`DataType`], and `DataType::arrow` is the only place
//! that says which Arrow type carries which of ours.

mod batch;
mod datatype;
mod decimal;
pub mod encoded;
mod ids;
pub mod json;
mod kernel;
pub mod key;
pub mod row;
mod time;
mod value;

pub use batch::{BATCH_ROWS, Batch, Mask};
pub use datatype::DataType;
pub use decimal::{Decimal, DecimalError, pow10};
pub use ids::{ColumnId, CommitId, TreeId};
pub use time::{
    Date, Interval, MICROS_PER_DAY, MICROS_PER_SECOND, Period, TIME_MAX, TIME_MIN, TimeError,
    Timestamp,
};
pub use value::{Value, ValueError};
