//! Names of types: PostgreSQL's and DuckDB's spellings become the closed set of `types::DataType`.

use diag::{Code, Diagnostic, Result};
use grammar::ast;
use types::DataType;

/// Every spelling that stands for a type, for suggestions.
const NAMES: &[&str] = &[
    "boolean",
    "bool",
    "smallint",
    "int2",
    "int4",
    "integer",
    "int",
    "bigint",
    "int8",
    "real",
    "float",
    "float4",
    "float8",
    "double",
    "decimal",
    "numeric",
    "text",
    "varchar",
    "string",
    "char",
    "bpchar",
    "blob",
    "bytea",
    "date",
    "timestamp",
    "timestamptz",
    "datetime",
    "interval",
    "json",
    "jsonb",
];

/// Types that sql.md names and that are not built.
const NOT_BUILT: &[&str] = &[
    "time",
    "timetz",
    "uuid",
    "vector",
    "serial",
    "bigserial",
    "smallserial",
    "hugeint",
    "tinyint",
    "inet",
    "xml",
    "money",
    "bit",
    "varbit",
    "tsvector",
    "enum",
];

/// What a type name gives: bare NUMERIC has no scale of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// A type.
    Type(DataType),
    /// `NUMERIC` without digits: a cast keeps the scale of what it converts.
    BareNumeric,
}

/// The type of a column or parameter declared as bare NUMERIC.
pub(crate) const BARE_NUMERIC: DataType = DataType::Decimal { precision: 38, scale: 10 };

impl Named {
    /// Returns the type of a column declared so.
    pub(crate) fn column(self) -> DataType {
        match self {
            Named::Type(ty) => ty,
            Named::BareNumeric => BARE_NUMERIC,
        }
    }
}

/// Returns the type that `name` means.
pub(crate) fn named_type(name: &ast::TypeName) -> Result<Named> {
    let word = name.name.node.to_lowercase();
    if name.dimensions > 0 {
        return Err(Diagnostic::not_built(name.span, "an array type").into());
    }
    let ty = match word.as_str() {
        "decimal" | "numeric" | "dec" => return decimal(name),
        "varchar" | "text" | "string" | "bpchar" => text(name, None)?,
        "char" => text(name, Some(1))?,
        "float" => float(name)?,
        "timestamp" | "timestamptz" | "datetime" | "interval" => {
            micros_only(name)?;
            if word == "interval" { DataType::Interval } else { DataType::Timestamp }
        }
        _ => {
            let ty = plain(&word).ok_or_else(|| unknown(name, &word))?;
            no_args(name)?;
            ty
        }
    };
    Ok(Named::Type(ty))
}

fn plain(word: &str) -> Option<DataType> {
    Some(match word {
        "boolean" | "bool" => DataType::Boolean,
        "smallint" | "int2" => DataType::Int16,
        "int4" => DataType::Int32,
        "integer" | "int" | "bigint" | "int8" => DataType::Int64,
        "float4" => DataType::Float32,
        "real" | "double" | "float8" => DataType::Float64,
        "blob" | "bytea" => DataType::Blob,
        "date" => DataType::Date,
        "json" | "jsonb" => DataType::Json,
        _ => return None,
    })
}

fn decimal(name: &ast::TypeName) -> Result<Named> {
    let (precision, scale) = match name.args.as_slice() {
        [] => return Ok(Named::BareNumeric),
        [precision] => (precision.node, 0),
        [precision, scale] => (precision.node, scale.node),
        _ => return Err(bad_args(name, "takes a precision and a scale").into()),
    };
    if !(1..=38).contains(&precision) {
        return Err(bad_args(name, "has a precision of 1 to 38 digits").into());
    }
    if !(0..=precision).contains(&scale) {
        return Err(bad_args(name, "has a scale of 0 up to its precision").into());
    }
    let digit = |count: i64| u8::try_from(count).expect("it is at most 38");
    Ok(Named::Type(DataType::Decimal { precision: digit(precision), scale: digit(scale) }))
}

fn text(name: &ast::TypeName, default: Option<u32>) -> Result<DataType> {
    let length_max = match name.args.as_slice() {
        [] => default,
        [length] => match u32::try_from(length.node) {
            Ok(length) if (1..=10_485_760).contains(&length) => Some(length),
            _ => return Err(bad_args(name, "has a length of 1 to 10485760").into()),
        },
        _ => return Err(bad_args(name, "takes one length").into()),
    };
    Ok(DataType::Text { length_max })
}

/// `FLOAT(n)`: binary digits, as in PostgreSQL.
fn float(name: &ast::TypeName) -> Result<DataType> {
    match name.args.as_slice() {
        [] => Ok(DataType::Float64),
        [bits] if (1..=24).contains(&bits.node) => Ok(DataType::Float32),
        [bits] if (25..=53).contains(&bits.node) => Ok(DataType::Float64),
        _ => Err(bad_args(name, "has a precision of 1 to 53 bits").into()),
    }
}

/// Times hold microseconds; another precision would have to round.
fn micros_only(name: &ast::TypeName) -> Result<()> {
    match name.args.as_slice() {
        [] => Ok(()),
        [digits] if digits.node == 6 => Ok(()),
        _ => Err(Diagnostic::not_built(name.span, "a time precision other than 6").into()),
    }
}

fn no_args(name: &ast::TypeName) -> Result<()> {
    if name.args.is_empty() { Ok(()) } else { Err(bad_args(name, "takes no numbers").into()) }
}

fn bad_args(name: &ast::TypeName, rule: &str) -> Diagnostic {
    let message = format!("type {} {rule}", name.name.node.to_uppercase());
    Diagnostic::at(Code::InvalidArgument, name.span, message)
}

fn unknown(name: &ast::TypeName, word: &str) -> Diagnostic {
    if NOT_BUILT.contains(&word) {
        return Diagnostic::not_built(name.span, format!("type {}", word.to_uppercase()));
    }
    let message = format!("type \"{word}\" does not exist");
    Diagnostic::at(Code::UnknownType, name.span, message)
        .help_opt(diag::did_you_mean(word, NAMES.iter().copied()))
}
