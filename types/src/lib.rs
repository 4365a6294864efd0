//! The vocabulary of data, shared by every room below the SQL text: types, values, time, batches.
//!
//! Nothing here knows SQL, files or plans. A value outside a batch is a [`Value`]; inside, a column
//! is an Arrow array ([`Batch`]). Types are [`DataType`], and `DataType::arrow` is the only place
//! that says which Arrow type carries which of ours.

mod batch;
mod column;
mod datatype;
mod decimal;
pub mod encoded;
mod float;
mod ids;
mod integer_set;
pub mod json;
mod kernel;
pub mod key;
pub mod row;
mod time;
mod value;

pub use batch::{BATCH_ROWS, Batch, Mask};
pub use column::{array_of, concat, constant_array, is_narrow};
pub use datatype::DataType;
pub use decimal::{Decimal, DecimalError, divide_rounded, pow10};
pub use float::{compare_float64, float32_text, float64_text, parse_float64};
pub use ids::{ColumnId, CommitId, TreeId};
pub use integer_set::IntegerSet;
pub use time::{
    Civil, Date, Interval, MICROS_PER_DAY, MICROS_PER_SECOND, Period, TIME_MAX, TIME_MIN,
    TimeError, Timestamp, days_in_month, days_of_civil, weekday,
};
pub use value::{Value, ValueError, blob_text};
