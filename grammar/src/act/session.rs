//! Options, settings, COPY, BEGIN: words with and without values.

use diag::{Code, Diagnostic, Span, Spanned};

use super::{phrase, span, spanned, words};
use crate::ast::{
    Begin, Copy, CopyDirection, CopySource, CopyTarget, Expr, Name, ObjectKind, ObjectName,
    OptionItem, OptionValue, Set, SetValue, Show,
};
use crate::context::Context;
use crate::literal::{self as spelling, Number};

pub(crate) fn word_value(cx: &mut Context<'_>, l: u32, r: u32) -> Spanned<OptionValue> {
    spanned(l, OptionValue::Word(spelling::name(cx.slice(l, r))), r)
}

pub(crate) fn string_value(cx: &mut Context<'_>, l: u32, r: u32) -> Spanned<OptionValue> {
    let text = super::string(cx, l, r);
    Spanned::new(OptionValue::String(text.node), text.span)
}

/// A number with its sign, digits only: `-1000`.
pub(crate) fn number_value(cx: &mut Context<'_>, l: u32, r: u32) -> Spanned<OptionValue> {
    let spelled = words(cx, l, r).collect::<String>();
    let (sign, digits) = match spelled.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", spelled.trim_start_matches('+')),
    };
    let number = match spelling::number(digits) {
        Ok(Number::Integer(value)) => format!("{sign}{value}"),
        Ok(Number::Decimal(text)) => format!("{sign}{text}"),
        Err(why) => {
            let message = format!("\"{spelled}\" is not a number");
            cx.report(Diagnostic::at(Code::BadNumber, span(l, r), message).primary(why));
            "0".to_owned()
        }
    };
    spanned(l, OptionValue::Number(number), r)
}

pub(crate) fn keyword_name(cx: &mut Context<'_>, l: u32, r: u32) -> Name {
    super::name(cx, l, r)
}

pub(crate) fn option_word(cx: &mut Context<'_>, l: u32, r: u32) -> OptionItem {
    OptionItem { name: super::name(cx, l, r), value: None, span: span(l, r) }
}

pub(crate) fn join(mut words: Vec<OptionItem>, more: Option<Vec<OptionItem>>) -> Vec<OptionItem> {
    words.extend(more.unwrap_or_default());
    words
}

pub(crate) fn begin(cx: &mut Context<'_>, modes: Vec<Spanned<()>>, as_of: Option<Expr>) -> Begin {
    let mut begin = Begin { read_only: None, isolation: None, as_of };
    for mode in modes {
        let text = phrase(cx, mode.span.start, mode.span.end).to_ascii_lowercase();
        let text = text.trim_end_matches([',', ' ']);
        match text {
            "read only" => begin.read_only = Some(true),
            "read write" => begin.read_only = Some(false),
            _ => {
                let level = text.trim_start_matches("isolation level ").to_owned();
                begin.isolation = Some(Spanned::new(level, mode.span));
            }
        }
    }
    begin
}

pub(crate) fn set_time_zone(cx: &mut Context<'_>, l: u32, r: u32, value: SetValue) -> Set {
    let name = ObjectName { parts: vec![spanned(l, "timezone".to_owned(), r)] };
    Set { local: words(cx, l, r).any(|word| word == "local"), name, value }
}

pub(crate) fn show_words(first: Name, rest: Vec<Spanned<OptionValue>>) -> Show {
    let first = Spanned::new(OptionValue::Word(first.node), first.span);
    Show::Words(super::prepend(first, rest))
}

pub(crate) fn object_kind(cx: &mut Context<'_>, l: u32, r: u32) -> ObjectKind {
    match words(cx, l, r).last().as_deref() {
        Some("view") => ObjectKind::View,
        Some("index") => ObjectKind::Index,
        Some("schema") => ObjectKind::Schema,
        Some("column") => ObjectKind::Column,
        _ => ObjectKind::Table,
    }
}

pub(crate) fn copy_standard(cx: &mut Context<'_>, name: Name) -> CopyTarget {
    if !matches!(name.node.as_str(), "stdin" | "stdout") {
        cx.report(
            Diagnostic::at(Code::Syntax, name.span, "COPY needs a path in quotes")
                .help(format!("write '{}'", name.node)),
        );
    }
    CopyTarget::Standard
}

pub(crate) fn copy(
    cx: &mut Context<'_>,
    source: CopySource,
    direction: CopyDirection,
    target: CopyTarget,
    options: Vec<OptionItem>,
    l: u32,
    r: u32,
) -> Copy {
    for (index, option) in options.iter().enumerate() {
        let first = options[..index].iter().find(|other| other.name == option.name);
        if let Some(first) = first {
            let message = format!("option \"{}\" stands twice", option.name.node);
            cx.report(
                Diagnostic::at(Code::Syntax, option.span, message).label(first.span, "the first"),
            );
        }
    }
    Copy { source, direction, target, options, span: span(l, r) }
}

/// The bare form: `FORMAT CSV HEADER DELIMITER ',' NULL ''`. A word takes a value if it is one
/// that needs one; a format alone is `format` with that value.
pub(crate) fn bare_options(
    cx: &mut Context<'_>,
    atoms: Vec<Spanned<OptionValue>>,
) -> Vec<OptionItem> {
    let mut options = Vec::new();
    let mut atoms = atoms.into_iter().peekable();
    while let Some(atom) = atoms.next() {
        let OptionValue::Word(word) = atom.node else {
            cx.syntax(atom.span, "a value without the name of an option before it");
            continue;
        };
        if matches!(word.as_str(), "csv" | "json" | "ndjson" | "jsonl" | "parquet" | "text") {
            options.push(item("format".to_owned(), atom.span, Some((word, atom.span))));
            continue;
        }
        let valued = word == "format"
            || atoms.peek().is_some_and(|next| !matches!(next.node, OptionValue::Word(_)));
        let value = if valued { atoms.next() } else { None };
        if valued && value.is_none() {
            cx.syntax(atom.span, "FORMAT needs CSV, JSON, NDJSON or PARQUET");
        }
        let end = value.as_ref().map_or(atom.span, |value| value.span);
        let name = Spanned::new(word, atom.span);
        options.push(OptionItem { name, value, span: atom.span.to(end) });
    }
    options
}

fn item(name: String, at: Span, value: Option<(String, Span)>) -> OptionItem {
    let value = value.map(|(word, span)| Spanned::new(OptionValue::Word(word), span));
    OptionItem { name: Spanned::new(name, at), value, span: at }
}
