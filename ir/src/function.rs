//! The closed lists of scalar, aggregate and window functions.
//!
//! A function is added here, in `frontend` (its signatures) and in `exec::eval` (its meaning).

use types::DataType;

/// A field of a date or timestamp, for EXTRACT, DATE_PART and DATE_TRUNC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TimeField {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    IsoYear,
    Epoch,
}

impl TimeField {
    /// Returns the field's SQL name.
    pub fn sql(self) -> &'static str {
        match self {
            TimeField::Microsecond => "microsecond",
            TimeField::Millisecond => "millisecond",
            TimeField::Second => "second",
            TimeField::Minute => "minute",
            TimeField::Hour => "hour",
            TimeField::Day => "day",
            TimeField::Week => "week",
            TimeField::Month => "month",
            TimeField::Quarter => "quarter",
            TimeField::Year => "year",
            TimeField::Decade => "decade",
            TimeField::Century => "century",
            TimeField::Millennium => "millennium",
            TimeField::DayOfWeek => "dow",
            TimeField::IsoDayOfWeek => "isodow",
            TimeField::DayOfYear => "doy",
            TimeField::IsoYear => "isoyear",
            TimeField::Epoch => "epoch",
        }
    }
}

/// Which ends TRIM works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TrimSide {
    Both,
    Leading,
    Trailing,
}

/// Scalar functions. Strict (NULL in, NULL out) unless the comment says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the SQL functions' own")]
pub enum Function {
    // Text: TEXT → TEXT unless said.
    Upper,
    Lower,
    InitCap,
    /// Characters → BIGINT.
    Length,
    /// Bytes → BIGINT.
    OctetLength,
    /// (TEXT, from BIGINT [, count BIGINT]).
    Substr,
    /// (TEXT [, characters TEXT]).
    Trim(TrimSide),
    Replace,
    /// Text of every argument, NULLs skipped.
    Concat,
    /// (separator, arguments…), NULL arguments skipped.
    ConcatWs,
    /// `||`: strict.
    ConcatOperator,
    Left,
    Right,
    LeftPad,
    RightPad,
    Reverse,
    SplitPart,
    Repeat,
    /// (haystack, needle) → BIGINT, 0 if absent.
    Position,
    StartsWith,
    Ascii,
    Chr,
    Md5,
    // Mathematics.
    Abs,
    /// (number [, digits BIGINT]).
    Round,
    Ceil,
    Floor,
    Truncate,
    Power,
    Sqrt,
    Exp,
    Ln,
    Log10,
    /// (base, x).
    Log,
    Sign,
    /// Volatile.
    Random,
    Pi,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Atan2,
    Degrees,
    Radians,
    // Conditional: not strict.
    Coalesce,
    NullIf,
    Greatest,
    Least,
    // Time. Now is one value a transaction.
    Now,
    CurrentDate,
    /// DATE, TIMESTAMP or INTERVAL → DECIMAL, with digits after the point for seconds only.
    Extract(TimeField),
    DateTrunc(TimeField),
    /// (year, month, day, hour, minute BIGINT, second DOUBLE).
    MakeTimestamp,
    MakeDate,
    ToChar,
    // JSON.
    /// `->` by TEXT key or BIGINT position → JSON.
    JsonGet,
    /// `->>` → TEXT.
    JsonGetText,
    /// `doc.a.b`: (JSON, key TEXT…) → JSON; JSON null and absence are NULL.
    JsonPath,
    /// `@>`.
    JsonContains,
    JsonTypeOf,
    JsonArrayLength,
    /// Any value → JSON (text becomes a JSON string; `CAST(text AS JSON)` parses).
    ToJson,
    // The database.
    /// Not strict: the name of the argument's type.
    TypeOf,
    CurrentCommitId,
    Version,
}

impl Function {
    /// True if two calls in one statement may differ.
    pub fn is_volatile(self) -> bool {
        matches!(self, Function::Random)
    }

    /// True if the value may change from one execution of the same plan to the next.
    pub fn is_stable(self) -> bool {
        matches!(self, Function::Now | Function::CurrentDate | Function::CurrentCommitId)
    }

    /// True if any NULL argument makes the result NULL.
    pub fn is_strict(self) -> bool {
        !matches!(
            self,
            Function::Concat
                | Function::ConcatWs
                | Function::Coalesce
                | Function::NullIf
                | Function::Greatest
                | Function::Least
                | Function::ToJson
                | Function::TypeOf
        )
    }
}

impl Function {
    /// Returns the function's SQL name, or its operator.
    pub fn sql(self) -> &'static str {
        match self {
            Function::Upper => "upper",
            Function::Lower => "lower",
            Function::InitCap => "initcap",
            Function::Length => "length",
            Function::OctetLength => "octet_length",
            Function::Substr => "substr",
            Function::Replace => "replace",
            Function::Concat => "concat",
            Function::ConcatWs => "concat_ws",
            Function::Left => "left",
            Function::Right => "right",
            Function::Reverse => "reverse",
            Function::SplitPart => "split_part",
            Function::Repeat => "repeat",
            Function::Position => "position",
            Function::StartsWith => "starts_with",
            Function::Ascii => "ascii",
            Function::Chr => "chr",
            Function::Md5 => "md5",
            Function::Abs => "abs",
            Function::Round => "round",
            Function::Ceil => "ceil",
            Function::Floor => "floor",
            Function::Power => "power",
            Function::Sqrt => "sqrt",
            Function::Exp => "exp",
            Function::Ln => "ln",
            Function::Log10 => "log10",
            Function::Log => "log",
            Function::Sign => "sign",
            Function::Random => "random",
            Function::Pi => "pi",
            Function::Sin => "sin",
            Function::Cos => "cos",
            Function::Tan => "tan",
            Function::Asin => "asin",
            Function::Acos => "acos",
            Function::Atan => "atan",
            Function::Atan2 => "atan2",
            Function::Degrees => "degrees",
            Function::Radians => "radians",
            Function::Coalesce => "coalesce",
            Function::NullIf => "nullif",
            Function::Greatest => "greatest",
            Function::Least => "least",
            Function::Now => "now",
            Function::CurrentDate => "current_date",
            Function::MakeTimestamp => "make_timestamp",
            Function::MakeDate => "make_date",
            Function::ToChar => "to_char",
            Function::TypeOf => "typeof",
            Function::CurrentCommitId => "current_commit_id",
            Function::Version => "version",
            Function::Trim(TrimSide::Both) => "trim",
            Function::Trim(TrimSide::Leading) => "ltrim",
            Function::Trim(TrimSide::Trailing) => "rtrim",
            Function::ConcatOperator => "||",
            Function::LeftPad => "lpad",
            Function::RightPad => "rpad",
            Function::Truncate => "trunc",
            Function::Extract(_) => "extract",
            Function::DateTrunc(_) => "date_trunc",
            Function::JsonGet => "->",
            Function::JsonGetText => "->>",
            Function::JsonPath => "json_path",
            Function::JsonContains => "@>",
            Function::JsonTypeOf => "json_typeof",
            Function::JsonArrayLength => "json_array_length",
            Function::ToJson => "to_json",
        }
    }
}

/// Aggregate functions. NULL arguments are skipped; no rows give NULL except for counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the SQL functions' own")]
pub enum AggregateFunction {
    /// Rows; no argument.
    CountStar,
    Count,
    /// Integers → DECIMAL(38,0); DECIMAL(p,s) → DECIMAL(38,s); floats → DOUBLE; JSON → JSON.
    Sum,
    /// Integers → DECIMAL(38,16); DECIMAL(p,s) → DECIMAL(38,max(16,s)); floats → DOUBLE; JSON → JSON.
    Avg,
    Min,
    Max,
    BoolAnd,
    BoolOr,
    /// (TEXT, separator TEXT).
    StringAgg,
    StddevSamp,
    StddevPop,
    VarSamp,
    VarPop,
}

impl AggregateFunction {
    /// Returns the type of the result over an argument of type `input`.
    pub fn result(self, input: DataType) -> DataType {
        match self {
            AggregateFunction::CountStar | AggregateFunction::Count => DataType::Int64,
            AggregateFunction::Sum => match input {
                DataType::Decimal { scale, .. } => DataType::Decimal { precision: 38, scale },
                DataType::Float32 | DataType::Float64 => DataType::Float64,
                DataType::Json | DataType::Interval => input,
                _ => DataType::INTEGER_SUM,
            },
            AggregateFunction::Avg => match input {
                DataType::Decimal { scale, .. } => {
                    DataType::Decimal { precision: 38, scale: scale.max(16) }
                }
                DataType::Float32 | DataType::Float64 => DataType::Float64,
                DataType::Json | DataType::Interval => input,
                _ => DataType::Decimal { precision: 38, scale: 16 },
            },
            AggregateFunction::Min | AggregateFunction::Max => input.unlimited(),
            AggregateFunction::BoolAnd | AggregateFunction::BoolOr => DataType::Boolean,
            AggregateFunction::StringAgg => DataType::TEXT,
            AggregateFunction::StddevSamp
            | AggregateFunction::StddevPop
            | AggregateFunction::VarSamp
            | AggregateFunction::VarPop => DataType::Float64,
        }
    }

    /// Returns the function's SQL name.
    pub fn sql(self) -> &'static str {
        match self {
            AggregateFunction::CountStar | AggregateFunction::Count => "count",
            AggregateFunction::Sum => "sum",
            AggregateFunction::Avg => "avg",
            AggregateFunction::Min => "min",
            AggregateFunction::Max => "max",
            AggregateFunction::BoolAnd => "bool_and",
            AggregateFunction::BoolOr => "bool_or",
            AggregateFunction::StringAgg => "string_agg",
            AggregateFunction::StddevSamp => "stddev_samp",
            AggregateFunction::StddevPop => "stddev_pop",
            AggregateFunction::VarSamp => "var_samp",
            AggregateFunction::VarPop => "var_pop",
        }
    }
}

/// Window functions that are not aggregates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the SQL functions' own")]
pub enum WindowFunction {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    /// (buckets BIGINT).
    Ntile,
    /// (value [, offset BIGINT [, default]]).
    Lag,
    Lead,
    FirstValue,
    LastValue,
}

impl WindowFunction {
    /// Returns the function's SQL name.
    pub fn sql(self) -> &'static str {
        match self {
            WindowFunction::RowNumber => "row_number",
            WindowFunction::Rank => "rank",
            WindowFunction::DenseRank => "dense_rank",
            WindowFunction::PercentRank => "percent_rank",
            WindowFunction::CumeDist => "cume_dist",
            WindowFunction::Ntile => "ntile",
            WindowFunction::Lag => "lag",
            WindowFunction::Lead => "lead",
            WindowFunction::FirstValue => "first_value",
            WindowFunction::LastValue => "last_value",
        }
    }
}
