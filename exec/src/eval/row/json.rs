//! JSON functions.

use std::borrow::Cow;

use ir::Function;
use types::Value;
use types::json::{self, JsonKind};

use super::text::{integer, string};
use crate::eval::{Failure, RowResult};

/// Calls a JSON function.
pub(super) fn call(function: Function, args: &[Value]) -> RowResult<Value> {
    Ok(match function {
        Function::JsonGet => step(args).map_or(Value::Null, |found| Value::Json(found.into())),
        Function::JsonGetText => step(args)
            .and_then(json::text)
            .map_or(Value::Null, |text| Value::text(Cow::into_owned(text))),
        Function::JsonPath => {
            let keys = args[1..].iter().map(string);
            json::path(string(&args[0]), keys)
                .map_or(Value::Null, |found| Value::Json(found.into()))
        }
        Function::JsonContains => {
            Value::Boolean(json::contains(string(&args[0]), string(&args[1])))
        }
        Function::JsonTypeOf => Value::text(json::kind(string(&args[0])).name()),
        Function::JsonArrayLength => array_length(string(&args[0]))?,
        Function::ToJson if args[0].is_null() => Value::Null,
        Function::ToJson => Value::Json(json::from_value(&args[0]).into()),
        other => panic!("{other:?} is no JSON function"),
    })
}

/// `->`: a member by text, an element by position.
fn step(args: &[Value]) -> Option<&str> {
    let document = string(&args[0]);
    match &args[1] {
        Value::Text(key) => json::get(document, key),
        position => json::element(document, integer(position)),
    }
}

fn array_length(document: &str) -> RowResult<Value> {
    if json::kind(document) != JsonKind::Array {
        let kind = json::kind(document).name();
        return Err(Failure::argument(format!("cannot get the array length of a JSON {kind}")));
    }
    let length = json::elements(document).count();
    Ok(Value::Int64(i64::try_from(length).expect("memory is smaller than 2^63 bytes")))
}
