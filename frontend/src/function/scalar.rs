//! Scalar functions of fixed parameter types, and those whose arguments decide the result.

use diag::{Code, Diagnostic, Result, Span};
use ir::{CompareOp, Function, Scalar, TrimSide};
use types::{DataType, Value};

use super::{Special, call_of};
use crate::binder::Binder;
use crate::coerce::{is_unknown, to_json, to_text};
use crate::literal;

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Param {
    Text,
    /// BIGINT.
    Integer,
    /// Any number, as DOUBLE.
    Double,
    Json,
    /// Any type, as its text.
    Any,
}

impl Param {
    pub(super) fn sql(self) -> &'static str {
        match self {
            Param::Text => "TEXT",
            Param::Integer => "BIGINT",
            Param::Double => "DOUBLE",
            Param::Json => "JSON",
            Param::Any => "TEXT",
        }
    }
}

/// A function with fixed parameter types; the last one repeats.
pub(super) struct Signature {
    pub(super) function: Function,
    params: &'static [Param],
    pub(super) result: DataType,
}

impl Signature {
    pub(super) fn param(&self, at: usize) -> Param {
        *self.params.get(at).or(self.params.last()).unwrap_or(&Param::Any)
    }
}

type Row = (Function, &'static [Param], std::ops::RangeInclusive<usize>, DataType);

/// Returns the function called `name` that takes this many arguments.
pub(super) fn signature(name: &str, count: usize) -> Option<Signature> {
    let (function, params, counts, result) = match (name, count) {
        // LOG(x) is to base 10, LOG(b, x) to base b.
        ("log", 2) => (Function::Log, DOUBLES, 2..=2, DataType::Float64),
        _ => row(name)?,
    };
    counts.contains(&count).then_some(Signature { function, params, result })
}

const TEXTS: &[Param] = &[Param::Text];
const DOUBLES: &[Param] = &[Param::Double];
const MANY: usize = usize::MAX;

/// One line a function: what it is, its parameters, how many it takes, its result.
#[rustfmt::skip]
fn row(name: &str) -> Option<Row> {
    use Function as F;
    use Param::{Any, Double, Integer, Json, Text};
    let text = DataType::TEXT;
    let int = DataType::Int64;
    let double = DataType::Float64;
    Some(match name {
        "upper" | "ucase" => (F::Upper, TEXTS, 1..=1, text),
        "lower" | "lcase" => (F::Lower, TEXTS, 1..=1, text),
        "initcap" => (F::InitCap, TEXTS, 1..=1, text),
        "length" | "len" | "char_length" | "character_length" => (F::Length, TEXTS, 1..=1, int),
        "octet_length" => (F::OctetLength, TEXTS, 1..=1, int),
        "substr" | "substring" => (F::Substr, &[Text, Integer], 2..=3, text),
        "trim" | "btrim" => (F::Trim(TrimSide::Both), TEXTS, 1..=2, text),
        "ltrim" => (F::Trim(TrimSide::Leading), TEXTS, 1..=2, text),
        "rtrim" => (F::Trim(TrimSide::Trailing), TEXTS, 1..=2, text),
        "replace" => (F::Replace, TEXTS, 3..=3, text),
        "concat" => (F::Concat, &[Any], 1..=MANY, text),
        "concat_ws" => (F::ConcatWs, &[Text, Any], 2..=MANY, text),
        "left" => (F::Left, &[Text, Integer], 2..=2, text),
        "right" => (F::Right, &[Text, Integer], 2..=2, text),
        "lpad" => (F::LeftPad, &[Text, Integer, Text], 2..=3, text),
        "rpad" => (F::RightPad, &[Text, Integer, Text], 2..=3, text),
        "reverse" => (F::Reverse, TEXTS, 1..=1, text),
        "split_part" => (F::SplitPart, &[Text, Text, Integer], 3..=3, text),
        "repeat" => (F::Repeat, &[Text, Integer], 2..=2, text),
        "position" | "strpos" | "instr" => (F::Position, TEXTS, 2..=2, int),
        "starts_with" => (F::StartsWith, TEXTS, 2..=2, DataType::Boolean),
        "ascii" => (F::Ascii, TEXTS, 1..=1, int),
        "chr" => (F::Chr, &[Integer], 1..=1, text),
        "md5" => (F::Md5, TEXTS, 1..=1, text),
        "power" | "pow" => (F::Power, DOUBLES, 2..=2, double),
        "sqrt" => (F::Sqrt, DOUBLES, 1..=1, double),
        "exp" => (F::Exp, DOUBLES, 1..=1, double),
        "ln" => (F::Ln, DOUBLES, 1..=1, double),
        "log" | "log10" => (F::Log10, DOUBLES, 1..=1, double),
        "random" | "rand" => (F::Random, DOUBLES, 0..=0, double),
        "pi" => (F::Pi, DOUBLES, 0..=0, double),
        "sin" => (F::Sin, DOUBLES, 1..=1, double),
        "cos" => (F::Cos, DOUBLES, 1..=1, double),
        "tan" => (F::Tan, DOUBLES, 1..=1, double),
        "asin" => (F::Asin, DOUBLES, 1..=1, double),
        "acos" => (F::Acos, DOUBLES, 1..=1, double),
        "atan" => (F::Atan, DOUBLES, 1..=1, double),
        "atan2" => (F::Atan2, DOUBLES, 2..=2, double),
        "degrees" => (F::Degrees, DOUBLES, 1..=1, double),
        "radians" => (F::Radians, DOUBLES, 1..=1, double),
        "now" | "current_timestamp" | "transaction_timestamp" | "statement_timestamp"
        | "localtimestamp" => (F::Now, TEXTS, 0..=0, DataType::Timestamp),
        "current_date" | "today" => (F::CurrentDate, TEXTS, 0..=0, DataType::Date),
        "make_timestamp" => {
            let params: &[Param] = &[Integer, Integer, Integer, Integer, Integer, Double];
            (F::MakeTimestamp, params, 6..=6, DataType::Timestamp)
        }
        "make_date" => (F::MakeDate, &[Integer], 3..=3, DataType::Date),
        "json_type" | "json_typeof" | "jsonb_typeof" => (F::JsonTypeOf, &[Json], 1..=1, text),
        "json_array_length" | "jsonb_array_length" => (F::JsonArrayLength, &[Json], 1..=1, int),
        "json_extract_path" | "jsonb_extract_path" => {
            (F::JsonPath, &[Json, Text], 2..=MANY, DataType::Json)
        }
        "current_commit_id" => (F::CurrentCommitId, TEXTS, 0..=0, int),
        "version" => (F::Version, TEXTS, 0..=0, text),
        _ => return None,
    })
}

/// Returns how a known function is called.
pub(super) fn usage(name: &str) -> Option<String> {
    if let Some((_, params, counts, _)) = row(name) {
        let least = *counts.start();
        let words: Vec<&str> = (0..least.max(params.len().min(*counts.end())))
            .map(|at| params.get(at).or(params.last()).map_or("TEXT", |param| param.sql()))
            .collect();
        let open = if *counts.end() > words.len() && *counts.end() == MANY { ", …" } else { "" };
        return Some(format!("{name}({}{open})", words.join(", ")));
    }
    let args = match name {
        "abs" | "ceil" | "ceiling" | "floor" | "sign" => "(number)",
        "round" | "trunc" | "truncate" => "(number [, digits])",
        "mod" => "(number, number)",
        "nullif" => "(value, value)",
        "if" | "iif" => "(condition, value, value)",
        "ifnull" | "nvl" => "(value, value)",
        "coalesce" | "greatest" | "least" => "(value, …)",
        "typeof" | "pg_typeof" | "to_json" | "to_jsonb" => "(value)",
        "extract" => "(field FROM time)",
        "date_part" | "date_trunc" => "('field', time)",
        "date_add" | "date_sub" => "(time, interval)",
        "to_char" => "(value, format)",
        "epoch" | "year" | "month" | "day" | "hour" | "minute" | "second" => "(time)",
        "json_extract" | "json_extract_string" => "(document, '$.path')",
        _ => return None,
    };
    Some(format!("{name}{args}"))
}

impl Binder<'_> {
    /// Binds the functions whose arguments decide their types.
    pub(super) fn special(&mut self, name: &str, args: Vec<Scalar>, span: Span) -> Result<Special> {
        let bound = match (name, args.len()) {
            ("coalesce" | "ifnull" | "nvl", 1..) => self.alike(Function::Coalesce, args, span)?,
            ("greatest", 1..) => self.alike(Function::Greatest, args, span)?,
            ("least", 1..) => self.alike(Function::Least, args, span)?,
            ("nullif", 2) => self.null_if(args, span)?,
            ("if" | "iif", 3) => self.if_else(args, span)?,
            ("typeof" | "pg_typeof", 1) => {
                let args = self.settled_all(args)?;
                call_of(Function::TypeOf, args, DataType::TEXT, span)
            }
            ("to_json" | "to_jsonb", 1) => {
                let mut args = self.settled_all(args)?;
                to_json(args.remove(0))
            }
            ("json_extract" | "json_extract_string" | "json_value", 2) => {
                self.json_extract(name, args, span)?
            }
            ("json_extract_path_text" | "jsonb_extract_path_text", 2..) => {
                let path = self.json_keys(args)?;
                to_text(call_of(Function::JsonPath, path, DataType::Json, span))
            }
            _ => return self.special_number(name, args, span),
        };
        Ok(Special::Bound(bound))
    }

    fn settled_all(&mut self, args: Vec<Scalar>) -> Result<Vec<Scalar>> {
        args.into_iter().map(|arg| self.settle(arg)).collect()
    }

    fn alike(&mut self, function: Function, args: Vec<Scalar>, span: Span) -> Result<Scalar> {
        let mut args = self.unify(args, function_name(function))?;
        if args.len() == 1 {
            return Ok(args.remove(0));
        }
        let ty = args[0].ty;
        Ok(call_of(function, args, ty, span))
    }

    /// `NULLIF(a, b)` has the type of `a`, whatever type the two compare in.
    fn null_if(&mut self, mut args: Vec<Scalar>, span: Span) -> Result<Scalar> {
        let right = args.pop().expect("NULLIF has two arguments");
        let left = args.pop().expect("NULLIF has two arguments");
        if is_unknown(&left) || is_unknown(&right) || left.ty == right.ty {
            let args = self.unify(vec![left, right], "NULLIF")?;
            let ty = args[0].ty;
            return Ok(call_of(Function::NullIf, args, ty, span));
        }
        let equal = self.compare(CompareOp::Eq, left.clone(), right, span)?;
        self.case_of(vec![equal], vec![literal::null(left.ty, span), left], span)
    }

    fn if_else(&mut self, mut args: Vec<Scalar>, span: Span) -> Result<Scalar> {
        let condition = args.remove(0);
        let condition = self.condition(condition, "IF")?;
        self.case_of(vec![condition], args, span)
    }

    fn json_keys(&mut self, args: Vec<Scalar>) -> Result<Vec<Scalar>> {
        let mut args = args.into_iter();
        let document = args.next().expect("the caller counted the arguments");
        let mut path = vec![self.convert(document, DataType::Json)?];
        for key in args {
            path.push(self.texted(key)?);
        }
        Ok(path)
    }

    /// `json_extract(doc, '$.a.b')`, also `'a'`.
    fn json_extract(&mut self, name: &str, mut args: Vec<Scalar>, span: Span) -> Result<Scalar> {
        let path = args.pop().expect("it has two arguments");
        let document = args.pop().expect("it has two arguments");
        let document = self.convert(document, DataType::Json)?;
        let Some(Value::Text(text)) = path.as_literal() else {
            return crate::expr::not_built(path.span, "a JSON path that is not a string");
        };
        let keys = json_path_keys(text)
            .ok_or_else(|| bad_json_path(path.span))?
            .into_iter()
            .map(|key| Scalar::literal(Value::text(key), DataType::TEXT, path.span));
        let list: Vec<Scalar> = std::iter::once(document).chain(keys).collect();
        let found = if list.len() == 1 {
            list.into_iter().next().expect("it has the document")
        } else {
            call_of(Function::JsonPath, list, DataType::Json, span)
        };
        Ok(if name == "json_extract" { found } else { to_text(found) })
    }
}

fn function_name(function: Function) -> &'static str {
    match function {
        Function::Greatest => "GREATEST",
        Function::Least => "LEAST",
        _ => "COALESCE",
    }
}

/// The keys of `$.a.b`, `a.b` and `$.a[0]`.
fn json_path_keys(text: &str) -> Option<Vec<String>> {
    let rest = text.strip_prefix('$').unwrap_or(text);
    let mut keys = Vec::new();
    for part in rest.split('.').filter(|part| !part.is_empty()) {
        let mut pieces = part.split('[');
        let name = pieces.next().unwrap_or_default().trim_matches('"');
        if !name.is_empty() {
            keys.push(name.to_owned());
        }
        for index in pieces {
            let index = index.strip_suffix(']')?.trim_matches(['"', '\'']);
            keys.push(index.to_owned());
        }
    }
    Some(keys)
}

fn bad_json_path(span: Span) -> Box<Diagnostic> {
    Diagnostic::at(Code::InvalidArgument, span, "this is not a JSON path")
        .help("write it as '$.a.b' or '$.a[0]'")
        .into()
}
