//! The actions of the grammar: small functions that turn pieces into nodes.
//!
//! The grammar gives positions; what a phrase of several words says is read here from its text.
//! An action never fails: a mistake goes to [`Context::report`] and a stand-in takes its place.

mod clause;
mod define;
mod expr;
mod session;
mod table;

use diag::{Span, Spanned};

pub(crate) use clause::{
    Clause, fetch, from_first, limit, nested, query, select, set_arm, widen, wildcard, with_query,
};
pub(crate) use define::{
    KeyPart, TableTail, create_index, create_table, create_view, drop_objects, generated,
    key_columns, period_part, references, versioning,
};
pub(crate) use expr::{
    CallArgs, array_type, between, blob, call, case, cast, column, field, field_name,
    frame_exclusion, frame_units, full_call, is_bare_function, is_unknown, like, literal, number,
    operator, overlay, parameter, paren, special, string_literal, subquery, substring, trim,
    type_arg, type_name, type_words, typed_literal,
};
pub(crate) use session::{
    bare_options, begin, copy, copy_standard, join, keyword_name, number_value, object_kind,
    option_word, set_time_zone, show_words, string_value, word_value,
};
pub(crate) use table::{
    JoinQual, Tail, derived, dimension, function_table, join_free, join_tables, named_table,
    temporal,
};

use crate::ast::Name;
use crate::context::Context;
use crate::literal;

pub(crate) fn span(l: u32, r: u32) -> Span {
    Span { start: l, end: r.max(l) }
}

pub(crate) fn spanned<T>(l: u32, node: T, r: u32) -> Spanned<T> {
    Spanned::new(node, span(l, r))
}

pub(crate) fn push<T>(mut list: Vec<T>, item: T) -> Vec<T> {
    list.push(item);
    list
}

pub(crate) fn prepend<T>(first: T, mut rest: Vec<T>) -> Vec<T> {
    rest.insert(0, first);
    rest
}

pub(crate) fn concat<T>(mut first: Vec<T>, second: Vec<T>) -> Vec<T> {
    first.extend(second);
    first
}

pub(crate) fn name(cx: &mut Context<'_>, l: u32, r: u32) -> Name {
    spanned(l, literal::name(cx.slice(l, r)), r)
}

pub(crate) fn string(cx: &mut Context<'_>, l: u32, r: u32) -> Spanned<String> {
    let text = literal::string(cx.slice(l, r)).unwrap_or_else(|why| {
        cx.syntax(span(l, r), format!("this string cannot be read: {why}"));
        String::new()
    });
    spanned(l, text, r)
}

/// Returns the words of a phrase, in lower case, without the comments between them.
pub(crate) fn words<'i>(
    cx: &Context<'i>,
    l: u32,
    r: u32,
) -> impl Iterator<Item = String> + use<'i> {
    let phrase = cx.slice(l, r);
    let tokens = crate::lexer::lex(phrase).tokens;
    tokens.into_iter().map(move |token| token.span().text(phrase).to_ascii_lowercase())
}

/// Returns the words of a phrase in upper case with one space between them.
pub(crate) fn phrase(cx: &Context<'_>, l: u32, r: u32) -> String {
    words(cx, l, r).collect::<Vec<_>>().join(" ").to_ascii_uppercase()
}

pub(crate) fn first_word_is(cx: &Context<'_>, l: u32, r: u32, word: &str) -> bool {
    words(cx, l, r).next().is_some_and(|first| first == word)
}

pub(crate) fn last_word_is(cx: &Context<'_>, l: u32, r: u32, word: &str) -> bool {
    words(cx, l, r).last().is_some_and(|last| last == word)
}
