//! Operands: literals, names, calls, types.

use diag::{Code, Diagnostic, Spanned};

use super::{phrase, span, spanned, words};
use crate::ast::{
    BinaryOp, Call, CaseArm, Expr, ExprKind, FrameExclusion, FrameUnits, IsTest, LikeKind, Literal,
    Name, ObjectName, OrderItem, Parameter, Query, TypeName, TypedLiteral, WindowRef,
};
use crate::chain::{self, Infix, Item, Postfix};
use crate::context::Context;
use crate::literal::{self as spelling, Number};

pub(crate) fn literal(literal: Literal, l: u32, r: u32) -> Expr {
    spanned(l, ExprKind::Literal(literal), r)
}

pub(crate) fn string_literal(text: Spanned<String>) -> Expr {
    Spanned::new(ExprKind::Literal(Literal::String(text.node)), text.span)
}

pub(crate) fn number(cx: &mut Context<'_>, l: u32, r: u32) -> Expr {
    let kind = match spelling::number(cx.slice(l, r)) {
        Ok(Number::Integer(value)) => ExprKind::Literal(Literal::Integer(value)),
        Ok(Number::Decimal(digits)) => ExprKind::Literal(Literal::Decimal(digits)),
        Err(why) => {
            bad_number(cx, l, r, why);
            ExprKind::Error
        }
    };
    spanned(l, kind, r)
}

fn bad_number(cx: &mut Context<'_>, l: u32, r: u32, why: &str) {
    let text = cx.slice(l, r);
    let message = format!("\"{text}\" is not a number");
    cx.report(Diagnostic::at(Code::BadNumber, span(l, r), message).primary(why));
}

pub(crate) fn blob(cx: &mut Context<'_>, l: u32, r: u32) -> Expr {
    let bytes = spelling::blob(cx.slice(l, r)).unwrap_or_else(|why| {
        cx.syntax(span(l, r), format!("this byte string cannot be read: {why}"));
        Vec::new()
    });
    literal(Literal::Blob(bytes), l, r)
}

/// `DATE '…'`, `TIMESTAMP WITH TIME ZONE '…'`, `INTERVAL '…' DAY TO SECOND`.
pub(crate) fn typed_literal(
    cx: &mut Context<'_>,
    l: u32,
    m: u32,
    text: Spanned<String>,
    units: Vec<Spanned<()>>,
    r: u32,
) -> Expr {
    let mut name = words(cx, l, m);
    let mut type_name = name.next().unwrap_or_default();
    if name.next().is_some_and(|word| word == "with") {
        type_name.push_str("tz");
    }
    let mut units = units.into_iter().map(|unit| {
        let last = words(cx, unit.span.start, unit.span.end).last().unwrap_or_default();
        Spanned::new(last, unit.span)
    });
    let (unit, last_unit) = (units.next(), units.next());
    let type_name = spanned(l, type_name, m);
    let typed = TypedLiteral { type_name, text, unit, last_unit };
    literal(Literal::Typed(Box::new(typed)), l, r)
}

pub(crate) fn parameter(cx: &mut Context<'_>, l: u32, r: u32) -> Expr {
    let parameter = match cx.slice(l, r).strip_prefix('$') {
        None => {
            cx.questions += 1;
            Parameter::Positional(cx.questions)
        }
        Some(digits) => match digits.parse::<u32>() {
            Ok(number @ 1..=65_535) => Parameter::Numbered(number),
            _ => {
                bad_number(cx, l, r, "parameters count from $1 to $65535");
                return spanned(l, ExprKind::Error, r);
            }
        },
    };
    spanned(l, ExprKind::Parameter(parameter), r)
}

/// A column; the standard's functions without parentheses are calls.
pub(crate) fn column(cx: &Context<'_>, parts: Vec<Name>) -> Expr {
    let span = parts.iter().fold(diag::Span::NONE, |all, part| all.to(part.span));
    let bare = parts.len() == 1 && !span.text(cx.text).starts_with('"');
    if bare && is_bare_function(&parts[0].node) {
        let call = Call { name: ObjectName { parts }, ..empty_call() };
        return Spanned::new(ExprKind::Call(Box::new(call)), span);
    }
    Spanned::new(ExprKind::Column(parts), span)
}

/// Returns whether an unquoted name alone is a call.
pub(crate) fn is_bare_function(name: &str) -> bool {
    matches!(
        name,
        "current_timestamp"
            | "current_date"
            | "current_time"
            | "localtimestamp"
            | "localtime"
            | "current_user"
            | "session_user"
            | "current_role"
            | "current_catalog"
            | "current_schema"
    )
}

pub(crate) fn paren(expr: Expr, l: u32, r: u32) -> Expr {
    Spanned::new(expr.node, span(l, r))
}

/// `(x).name`; on a bare name the parentheses change nothing, so it stays one path.
pub(crate) fn field(operand: Expr, name: Name) -> Expr {
    let span = operand.span.to(name.span);
    let kind = ExprKind::Field { operand: Box::new(operand), name };
    Spanned::new(kind, span)
}

pub(crate) fn subquery(query: Query) -> Expr {
    let span = query.span;
    Spanned::new(ExprKind::Subquery(Box::new(query)), span)
}

pub(crate) fn case(
    operand: Option<Expr>,
    arms: Vec<CaseArm>,
    otherwise: Option<Expr>,
    l: u32,
    r: u32,
) -> Expr {
    let (operand, otherwise) = (operand.map(Box::new), otherwise.map(Box::new));
    spanned(l, ExprKind::Case { operand, arms, otherwise }, r)
}

pub(crate) fn cast(operand: Expr, target: TypeName, or_null: bool, l: u32, r: u32) -> Expr {
    let (operand, target) = (Box::new(operand), Box::new(target));
    spanned(l, ExprKind::Cast { operand, target, or_null }, r)
}

// ---- Operators

pub(crate) fn operator(cx: &mut Context<'_>, l: u32, r: u32) -> Item {
    match operator_of(&phrase(cx, l, r)) {
        Some(op) => chain::binary(op, l, r),
        // The lexer's list of operators and this one are the same.
        None => chain::postfix(Postfix::Error, l, r),
    }
}

/// Returns the operator that `text`, in upper case, spells.
pub(crate) fn operator_of(text: &str) -> Option<BinaryOp> {
    Some(match text {
        "/" => BinaryOp::Divide,
        "%" => BinaryOp::Modulo,
        "^" => BinaryOp::Power,
        "||" => BinaryOp::Concat,
        "&" => BinaryOp::BitAnd,
        "|" => BinaryOp::BitOr,
        "#" => BinaryOp::BitXor,
        "<<" => BinaryOp::ShiftLeft,
        ">>" => BinaryOp::ShiftRight,
        "<>" | "!=" => BinaryOp::NotEqual,
        "<" => BinaryOp::Less,
        "<=" => BinaryOp::LessEqual,
        ">" => BinaryOp::Greater,
        ">=" => BinaryOp::GreaterEqual,
        "~*" => BinaryOp::MatchesNoCase,
        "!~" => BinaryOp::NotMatches,
        "!~*" => BinaryOp::NotMatchesNoCase,
        "->" => BinaryOp::JsonGet,
        "->>" => BinaryOp::JsonGetText,
        "#>" => BinaryOp::JsonPath,
        "#>>" => BinaryOp::JsonPathText,
        "@>" => BinaryOp::Contains,
        "<@" => BinaryOp::ContainedBy,
        "&&" => BinaryOp::Overlap,
        "<->" => BinaryOp::Distance,
        "<=>" => BinaryOp::CosineDistance,
        "<#>" => BinaryOp::InnerProduct,
        "OVERLAPS" => BinaryOp::PeriodOverlaps,
        "CONTAINS" => BinaryOp::PeriodContains,
        "EQUALS" => BinaryOp::PeriodEquals,
        "PRECEDES" => BinaryOp::PeriodPrecedes,
        "SUCCEEDS" => BinaryOp::PeriodSucceeds,
        "IMMEDIATELY PRECEDES" => BinaryOp::PeriodImmediatelyPrecedes,
        "IMMEDIATELY SUCCEEDS" => BinaryOp::PeriodImmediatelySucceeds,
        _ => return None,
    })
}

pub(crate) fn like(cx: &mut Context<'_>, negated: bool, l: u32, r: u32) -> Item {
    let kind = match phrase(cx, l, r).as_str() {
        "LIKE" => LikeKind::Like,
        "ILIKE" => LikeKind::ILike,
        _ => LikeKind::SimilarTo,
    };
    chain::infix(Infix::Like { kind, negated }, l, r)
}

pub(crate) fn between(cx: &mut Context<'_>, negated: bool, l: u32, r: u32) -> Item {
    let symmetric = words(cx, l, r).count() == 2;
    chain::infix(Infix::Between { symmetric, negated }, l, r)
}

/// `IS UNKNOWN`; any other word after IS is a mistake.
pub(crate) fn is_unknown(cx: &mut Context<'_>, negated: bool, word: Name, l: u32, r: u32) -> Item {
    if word.node == "json" {
        cx.report(Diagnostic::not_built(word.span, "IS JSON"));
        return chain::postfix(Postfix::Error, l, r);
    }
    if word.node != "unknown" {
        let tests = ["null", "true", "false", "unknown", "distinct"];
        let near = diag::closest(&word.node, tests).map(str::to_uppercase);
        cx.report(
            Diagnostic::at(
                Code::Syntax,
                word.span,
                "IS takes NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM",
            )
            .help_opt(near.map(|near| format!("did you mean {near}?"))),
        );
        return chain::postfix(Postfix::Error, l, r);
    }
    chain::is(IsTest::Unknown, negated, l, r)
}

// ---- Calls

/// The inside of a call's parentheses.
#[derive(Default)]
pub(crate) struct CallArgs {
    pub(crate) args: Vec<(Option<Name>, Expr)>,
    pub(crate) star: bool,
    pub(crate) distinct: bool,
    pub(crate) order_by: Vec<OrderItem>,
}

fn empty_call() -> Call {
    Call {
        name: ObjectName { parts: Vec::new() },
        args: Vec::new(),
        named_args: Vec::new(),
        star: false,
        distinct: false,
        order_by: Vec::new(),
        within_group: false,
        filter: None,
        ignore_nulls: None,
        over: None,
    }
}

pub(crate) fn call(cx: &mut Context<'_>, name: ObjectName, inside: CallArgs) -> Call {
    let CallArgs { args: given, star, distinct, order_by } = inside;
    let (mut args, mut named_args) = (Vec::with_capacity(given.len()), Vec::new());
    for (name, value) in given {
        match name {
            Some(name) => named_args.push((name, value)),
            None if named_args.is_empty() => args.push(value),
            None => {
                cx.syntax(value.span, "an argument without a name stands after one with a name")
            }
        }
    }
    Call { name, args, named_args, star, distinct, order_by, ..empty_call() }
}

pub(crate) fn full_call(
    mut call: Call,
    within: Option<Vec<OrderItem>>,
    filter: Option<Expr>,
    nulls: Option<bool>,
    over: Option<WindowRef>,
    l: u32,
    r: u32,
) -> Expr {
    if let Some(order_by) = within {
        call.order_by = order_by;
        call.within_group = true;
    }
    call.filter = filter;
    call.ignore_nulls = nulls;
    call.over = over;
    spanned(l, ExprKind::Call(Box::new(call)), r)
}

/// A call by the word at `l..r`.
pub(crate) fn special(cx: &mut Context<'_>, l: u32, r: u32, args: Vec<Expr>) -> Call {
    let name = spanned(l, cx.slice(l, r).to_ascii_lowercase(), r);
    Call { name: ObjectName { parts: vec![name] }, args, ..empty_call() }
}

pub(crate) fn substring(
    cx: &mut Context<'_>,
    l: u32,
    r: u32,
    text: Expr,
    from: Option<Expr>,
    length: Option<Expr>,
) -> Call {
    let from = from.unwrap_or_else(|| literal(Literal::Integer(1), text.span.end, text.span.end));
    let args = [text, from].into_iter().chain(length).collect();
    special(cx, l, r, args)
}

pub(crate) fn overlay(
    cx: &mut Context<'_>,
    l: u32,
    r: u32,
    text: Expr,
    new: Expr,
    from: Expr,
    length: Option<Expr>,
) -> Call {
    let args = [text, new, from].into_iter().chain(length).collect();
    special(cx, l, r, args)
}

pub(crate) fn trim(
    cx: &mut Context<'_>,
    side: Option<Spanned<()>>,
    args: Vec<Expr>,
    l: u32,
    r: u32,
) -> Call {
    let side = side.map(|side| phrase(cx, side.span.start, side.span.end));
    let name = match side.as_deref() {
        Some("LEADING") => "ltrim",
        Some("TRAILING") => "rtrim",
        _ => "btrim",
    };
    let name = spanned(l, name.to_owned(), r);
    Call { name: ObjectName { parts: vec![name] }, args, ..empty_call() }
}

/// The field of EXTRACT, as the string that it is in a call.
pub(crate) fn field_name(name: Name) -> Expr {
    string_literal(name)
}

pub(crate) fn frame_units(cx: &mut Context<'_>, l: u32, r: u32) -> FrameUnits {
    match phrase(cx, l, r).as_str() {
        "RANGE" => FrameUnits::Range,
        "GROUPS" => FrameUnits::Groups,
        _ => FrameUnits::Rows,
    }
}

pub(crate) fn frame_exclusion(cx: &mut Context<'_>, l: u32, r: u32) -> FrameExclusion {
    match phrase(cx, l, r).as_str() {
        "EXCLUDE GROUP" => FrameExclusion::Group,
        "EXCLUDE TIES" => FrameExclusion::Ties,
        "EXCLUDE NO OTHERS" => FrameExclusion::NoOthers,
        _ => FrameExclusion::CurrentRow,
    }
}

// ---- Types

pub(crate) fn type_name(
    cx: &mut Context<'_>,
    parts: Vec<Name>,
    args: Option<Vec<Spanned<i64>>>,
    zone: Option<bool>,
    l: u32,
    r: u32,
) -> TypeName {
    let span = span(l, r);
    let spelled: Vec<&str> = parts.iter().map(|part| part.node.as_str()).collect();
    let mut name = spelled.join(".");
    match (zone, name.as_str()) {
        (None, _) | (Some(false), "time" | "timestamp") => {}
        (Some(true), "time" | "timestamp") => name.push_str("tz"),
        (Some(_), _) => {
            cx.syntax(span, "only TIME and TIMESTAMP have a time zone");
        }
    }
    if name == "character" {
        "char".clone_into(&mut name);
    }
    let at = parts.iter().fold(diag::Span::NONE, |all, part| all.to(part.span));
    let name = Spanned::new(name, at);
    TypeName { name, args: args.unwrap_or_default(), dimensions: 0, span }
}

pub(crate) fn type_words(
    cx: &mut Context<'_>,
    l: u32,
    m: u32,
    args: Option<Vec<Spanned<i64>>>,
    r: u32,
) -> TypeName {
    let name = if super::first_word_is(cx, l, m, "double") { "double" } else { "varchar" };
    let name = spanned(l, name.to_owned(), m);
    TypeName { name, args: args.unwrap_or_default(), dimensions: 0, span: span(l, r) }
}

pub(crate) fn array_type(mut element: TypeName, dimensions: usize) -> TypeName {
    element.dimensions = u32::try_from(dimensions).unwrap_or(u32::MAX);
    element
}

pub(crate) fn type_arg(cx: &mut Context<'_>, minus: bool, l: u32, r: u32) -> Spanned<i64> {
    let digits = words(cx, l, r).last().unwrap_or_default();
    let value = match spelling::number(&digits) {
        Ok(Number::Integer(value)) => i64::try_from(value).ok(),
        _ => None,
    };
    if value.is_none() {
        bad_number(cx, l, r, "a type takes whole numbers");
    }
    let value = value.unwrap_or(0);
    spanned(l, if minus { -value } else { value }, r)
}
