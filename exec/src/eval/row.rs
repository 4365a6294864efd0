//! What a node means for one row: operations on values.
//!
//! This is the definition; the loops over vectors must agree with it. Operands are not NULL unless
//! an operation says that it takes NULLs.

mod arithmetic;
mod cast;
mod datetime;
mod fast;
mod function;
mod json;
mod mathematics;
mod md5;
mod text;
mod to_char;
mod to_char_number;

pub(super) use arithmetic::{arithmetic, negate};
pub(super) use cast::cast;
pub(super) use fast::fast;
pub(super) use function::call;
