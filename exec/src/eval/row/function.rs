//! Which operation a function is.

use ir::Function;
use types::{DataType, Value};

use super::{datetime, json, mathematics, md5, text, to_char};
use crate::eval::vector::Vector;
use crate::eval::{EvalContext, RowResult};

/// Calls a function on one row. Strict functions are never given NULL.
///
/// The result may be of a type that casts to the node's without loss; the caller casts it.
pub(in crate::eval) fn call(
    function: Function,
    args: &[Value],
    columns: &[(&Vector, DataType)],
    ty: DataType,
    context: &EvalContext,
) -> RowResult<Value> {
    match function {
        Function::Upper
        | Function::Lower
        | Function::InitCap
        | Function::Length
        | Function::OctetLength
        | Function::Substr
        | Function::Trim(_)
        | Function::Replace
        | Function::Concat
        | Function::ConcatWs
        | Function::ConcatOperator
        | Function::Left
        | Function::Right
        | Function::LeftPad
        | Function::RightPad
        | Function::Reverse
        | Function::SplitPart
        | Function::Repeat
        | Function::Position
        | Function::StartsWith
        | Function::Ascii
        | Function::Chr => text::call(function, args),
        Function::Md5 => Ok(Value::text(md5::hexadecimal(text::bytes(&args[0])))),
        Function::Abs
        | Function::Round
        | Function::Ceil
        | Function::Floor
        | Function::Truncate
        | Function::Power
        | Function::Sqrt
        | Function::Exp
        | Function::Ln
        | Function::Log10
        | Function::Log
        | Function::Sign
        | Function::Pi
        | Function::Sin
        | Function::Cos
        | Function::Tan
        | Function::Asin
        | Function::Acos
        | Function::Atan
        | Function::Atan2
        | Function::Degrees
        | Function::Radians => mathematics::call(function, args, ty),
        Function::Random => Ok(Value::Float64(context.random())),
        Function::Coalesce => {
            Ok(args.iter().find(|arg| !arg.is_null()).cloned().unwrap_or(Value::Null))
        }
        Function::NullIf => Ok(null_if(args)),
        Function::Greatest => Ok(extreme(args, std::cmp::Ordering::Greater)),
        Function::Least => Ok(extreme(args, std::cmp::Ordering::Less)),
        Function::Now => Ok(Value::Timestamp(context.now())),
        Function::CurrentDate => Ok(Value::Date(context.now().to_date())),
        Function::Extract(field) => datetime::extract(field, &args[0], ty),
        Function::DateTrunc(field) => datetime::truncate(field, &args[0]),
        Function::MakeTimestamp => datetime::make_timestamp(args),
        Function::MakeDate => datetime::make_date(args),
        Function::ToChar => to_char::to_char(&args[0], &args[1]),
        Function::JsonGet
        | Function::JsonGetText
        | Function::JsonPath
        | Function::JsonContains
        | Function::JsonTypeOf
        | Function::JsonArrayLength
        | Function::ToJson => json::call(function, args),
        Function::TypeOf => Ok(Value::text(columns[0].1.to_string())),
        Function::CurrentCommitId => Ok(commit_id(context)),
        Function::Version => Ok(Value::text(concat!("SpectraDB ", env!("CARGO_PKG_VERSION")))),
    }
}

fn commit_id(context: &EvalContext) -> Value {
    Value::Int64(i64::try_from(context.snapshot().0).expect("commits are counted from 1 by ones"))
}

fn null_if(args: &[Value]) -> Value {
    let equal = !args[0].is_null() && !args[1].is_null() && args[0].compare(&args[1]).is_eq();
    if equal { Value::Null } else { args[0].clone() }
}

/// Returns the first argument beyond all others, NULLs skipped.
fn extreme(args: &[Value], wanted: std::cmp::Ordering) -> Value {
    let known = args.iter().filter(|arg| !arg.is_null());
    let best = known.reduce(|best, arg| if arg.compare(best) == wanted { arg } else { best });
    best.cloned().unwrap_or(Value::Null)
}
