//! What a mark says where its mistake gave it no words of its own: by the kind of mistake.

use crate::Code;

const REMARKS: &[(Code, &str)] = &[
    (Code::TooDeep, "too deep from here on"),
    (Code::UnknownFunction, "no function of this name takes these"),
    (Code::UnknownType, "no type of this name"),
    (Code::UnknownSetting, "no setting of this name"),
    (Code::UnknownSchema, "no schema of this name"),
    (Code::UnknownColumn, "no column of this name"),
    (Code::DuplicateTable, "the name is taken"),
    (Code::DuplicateColumn, "the name is taken"),
    (Code::DuplicateAlias, "the name is taken"),
    (Code::WrongObject, "not of the kind that is needed"),
    (Code::CannotCast, "this value"),
    (Code::Cardinality, "more than one row"),
    (Code::TemporalBound, "not a bound that time has"),
    (Code::TemporalNull, "this is NULL"),
    (Code::DivisionByZero, "the divisor is zero for some row"),
    (Code::NumericOverflow, "too large for its type"),
    (Code::InvalidText, "the text is read here"),
    (Code::InvalidJson, "the text is read here"),
    (Code::InvalidDatetimeText, "the text is read here"),
    (Code::InvalidDatetime, "no date or time of its type"),
    (Code::StringTooLong, "too long for its type"),
    (Code::InvalidMath, "not defined for this value"),
    (Code::InvalidLogarithm, "logarithms are of numbers above zero"),
    (Code::InvalidArgument, "an argument that it does not take"),
    (Code::InvalidSetting, "not a value that it takes"),
    (Code::PreparedStatement, "this name"),
    (Code::NotBuilt, "not built"),
];

/// Returns the words of a mark without any.
pub(crate) fn of(code: Code) -> &'static str {
    REMARKS.iter().find(|(known, _)| *known == code).map_or("here", |(_, remark)| remark)
}
