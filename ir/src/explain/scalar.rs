//! Expressions as SQL text, with as few parentheses as SQL's precedence allows.
//!
//! Each kind of node has its own small function: an expression may be a thousand levels deep, and
//! one large frame a level would not fit a thread's stack.

use types::DataType;

use super::literal;
use crate::{
    AggregateCall, Columns, CompareOp, Function, Scalar, ScalarKind, SortKey, TruthTest, WindowCall,
};

/// How columns and slots are written.
#[derive(Clone, Copy, Debug)]
pub enum Names<'a> {
    /// Columns as `name#id`.
    Columns(&'a Columns),
    /// Slots by the names of the input; a name that occurs twice as `name#slot`.
    Slots(&'a [String]),
    /// Slots of a left input, then those of a right one.
    Pair(&'a [String], &'a [String]),
}

/// How tightly an operator binds; a looser operand needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    And,
    Not,
    Compare,
    Add,
    Multiply,
    Unary,
    Atom,
}

/// Returns the expression as text.
pub(super) fn print(scalar: &Scalar, names: &Names<'_>) -> String {
    let mut out = String::new();
    write(scalar, names, &mut out);
    out
}

pub(super) fn print_all<'a>(
    list: impl IntoIterator<Item = &'a Scalar>,
    names: &Names<'_>,
) -> Vec<String> {
    list.into_iter().map(|scalar| print(scalar, names)).collect()
}

/// Returns conditions that hold together, each fit to stand beside AND.
pub(super) fn print_conjuncts<'a>(
    list: impl IntoIterator<Item = &'a Scalar>,
    names: &Names<'_>,
) -> Vec<String> {
    let conjunct = |scalar: &Scalar| {
        let mut out = String::new();
        operand(scalar, Binding::Not, names, &mut out);
        out
    };
    list.into_iter().map(conjunct).collect()
}

pub(super) fn print_keys(keys: &[SortKey], names: &Names<'_>) -> Vec<String> {
    keys.iter().map(|key| print_key(key, names)).collect()
}

fn print_key(key: &SortKey, names: &Names<'_>) -> String {
    let mut out = print(&key.scalar, names);
    if key.descending {
        out.push_str(" DESC");
    }
    // The default is NULLS FIRST exactly when descending.
    if key.nulls_first != key.descending {
        out.push_str(if key.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
    }
    out
}

pub(super) fn print_aggregate(call: &AggregateCall, names: &Names<'_>) -> String {
    let mut out = String::from(call.function.sql());
    out.push('(');
    if call.distinct {
        out.push_str("DISTINCT ");
    }
    if call.function == crate::AggregateFunction::CountStar {
        out.push('*');
    }
    out.push_str(&print_all(&call.args, names).join(", "));
    if !call.order.is_empty() {
        out.push_str(" ORDER BY ");
        out.push_str(&print_keys(&call.order, names).join(", "));
    }
    out.push(')');
    if let Some(filter) = &call.filter {
        out.push_str(" FILTER (WHERE ");
        out.push_str(&print(filter, names));
        out.push(')');
    }
    out
}

pub(super) fn print_window(call: &WindowCall, names: &Names<'_>) -> String {
    format!("{}({})", call.function.sql(), print_all(&call.args, names).join(", "))
}

impl Names<'_> {
    fn column(&self, column: crate::Column) -> String {
        match self {
            Names::Columns(columns) => format!("{}#{}", columns.info(column).name, column.0),
            Names::Slots(_) | Names::Pair(..) => format!("column#{}", column.0),
        }
    }

    fn slot(&self, slot: u32) -> String {
        let number = slot as usize;
        let (name, count) = match self {
            Names::Columns(_) => (None, 0),
            Names::Slots(names) => pick(names.iter(), number),
            Names::Pair(left, right) => pick(left.iter().chain(*right), number),
        };
        match name {
            Some(name) if count == 1 => name,
            Some(name) => format!("{name}#{slot}"),
            None => format!("slot#{slot}"),
        }
    }
}

/// Returns the name at a position and how often it occurs.
fn pick<'a>(
    names: impl Iterator<Item = &'a String> + Clone,
    position: usize,
) -> (Option<String>, usize) {
    let Some(found) = names.clone().nth(position) else { return (None, 0) };
    (Some(found.clone()), names.filter(|name| *name == found).count())
}

fn write(scalar: &Scalar, names: &Names<'_>, out: &mut String) {
    match &scalar.kind {
        ScalarKind::Column(column) => out.push_str(&names.column(*column)),
        ScalarKind::Slot(slot) => out.push_str(&names.slot(*slot)),
        ScalarKind::Literal(value) => out.push_str(&literal::print(value)),
        ScalarKind::Parameter(number) => out.push_str(&format!("${}", number + 1)),
        ScalarKind::Not(input) => prefix("NOT ", input, Binding::Not, names, out),
        ScalarKind::And(list) => chain(list, " AND ", Binding::And, names, out),
        ScalarKind::Or(list) => chain(list, " OR ", Binding::Or, names, out),
        ScalarKind::Is { input, test, negated } => is(input, *test, *negated, names, out),
        ScalarKind::Compare(op, left, right) => compare(*op, left, right, names, out),
        ScalarKind::Arithmetic(..) => arithmetic(scalar, names, out),
        ScalarKind::Negate(input) => prefix("-", input, Binding::Unary, names, out),
        ScalarKind::Cast { input, lenient } => cast(input, *lenient, scalar.ty, names, out),
        ScalarKind::Case { .. } => case(scalar, names, out),
        ScalarKind::In { needle, list, negated } => inside(needle, list, *negated, names, out),
        ScalarKind::Like { .. } => like(scalar, names, out),
        ScalarKind::Call(function, args) => call(*function, args, names, out),
    }
}

fn binding(scalar: &Scalar) -> Binding {
    match &scalar.kind {
        ScalarKind::Or(_) => Binding::Or,
        ScalarKind::And(_) => Binding::And,
        ScalarKind::Not(_) => Binding::Not,
        ScalarKind::Compare(..)
        | ScalarKind::Is { .. }
        | ScalarKind::In { .. }
        | ScalarKind::Like { .. } => Binding::Compare,
        ScalarKind::Arithmetic(op, ..) => match op {
            crate::ArithmeticOp::Add | crate::ArithmeticOp::Subtract => Binding::Add,
            crate::ArithmeticOp::Multiply
            | crate::ArithmeticOp::Divide
            | crate::ArithmeticOp::Modulo => Binding::Multiply,
        },
        ScalarKind::Negate(_) => Binding::Unary,
        ScalarKind::Call(function, _) if is_infix(*function) => Binding::Add,
        ScalarKind::Column(_)
        | ScalarKind::Slot(_)
        | ScalarKind::Literal(_)
        | ScalarKind::Parameter(_)
        | ScalarKind::Cast { .. }
        | ScalarKind::Case { .. }
        | ScalarKind::Call(..) => Binding::Atom,
    }
}

/// Writes an operand, in parentheses if it binds looser than `at_least`.
fn operand(scalar: &Scalar, at_least: Binding, names: &Names<'_>, out: &mut String) {
    if binding(scalar) >= at_least {
        return write(scalar, names, out);
    }
    out.push('(');
    write(scalar, names, out);
    out.push(')');
}

fn prefix(word: &str, input: &Scalar, at_least: Binding, names: &Names<'_>, out: &mut String) {
    out.push_str(word);
    operand(input, at_least, names, out);
}

fn chain(list: &[Scalar], word: &str, own: Binding, names: &Names<'_>, out: &mut String) {
    let tighter = if own == Binding::And { Binding::Not } else { Binding::And };
    for (number, item) in list.iter().enumerate() {
        if number > 0 {
            out.push_str(word);
        }
        operand(item, tighter, names, out);
    }
}

fn is(input: &Scalar, test: TruthTest, negated: bool, names: &Names<'_>, out: &mut String) {
    operand(input, Binding::Add, names, out);
    out.push_str(if negated { " IS NOT " } else { " IS " });
    out.push_str(match test {
        TruthTest::Null => "NULL",
        TruthTest::True => "TRUE",
        TruthTest::False => "FALSE",
    });
}

fn compare(op: CompareOp, left: &Scalar, right: &Scalar, names: &Names<'_>, out: &mut String) {
    operand(left, Binding::Add, names, out);
    out.push(' ');
    out.push_str(op.sql());
    out.push(' ');
    operand(right, Binding::Add, names, out);
}

fn arithmetic(scalar: &Scalar, names: &Names<'_>, out: &mut String) {
    let ScalarKind::Arithmetic(op, left, right) = &scalar.kind else { return };
    let own = binding(scalar);
    let tighter = if own == Binding::Add { Binding::Multiply } else { Binding::Unary };
    operand(left, own, names, out);
    out.push(' ');
    out.push_str(op.sql());
    out.push(' ');
    operand(right, tighter, names, out);
}

fn cast(input: &Scalar, lenient: bool, ty: DataType, names: &Names<'_>, out: &mut String) {
    out.push_str(if lenient { "TRY_CAST(" } else { "CAST(" });
    write(input, names, out);
    out.push_str(" AS ");
    out.push_str(&ty.to_string());
    out.push(')');
}

fn case(scalar: &Scalar, names: &Names<'_>, out: &mut String) {
    let ScalarKind::Case { branches, otherwise } = &scalar.kind else { return };
    out.push_str("CASE");
    for (when, then) in branches {
        out.push_str(" WHEN ");
        write(when, names, out);
        out.push_str(" THEN ");
        write(then, names, out);
    }
    if let Some(otherwise) = otherwise {
        out.push_str(" ELSE ");
        write(otherwise, names, out);
    }
    out.push_str(" END");
}

fn inside(needle: &Scalar, list: &[Scalar], negated: bool, names: &Names<'_>, out: &mut String) {
    operand(needle, Binding::Add, names, out);
    out.push_str(if negated { " NOT IN (" } else { " IN (" });
    separated(list, names, out);
    out.push(')');
}

fn separated(list: &[Scalar], names: &Names<'_>, out: &mut String) {
    for (number, item) in list.iter().enumerate() {
        if number > 0 {
            out.push_str(", ");
        }
        write(item, names, out);
    }
}

fn like(scalar: &Scalar, names: &Names<'_>, out: &mut String) {
    let ScalarKind::Like { input, pattern, escape, case_insensitive, negated } = &scalar.kind
    else {
        return;
    };
    operand(input, Binding::Add, names, out);
    out.push_str(if *negated { " NOT" } else { "" });
    out.push_str(if *case_insensitive { " ILIKE " } else { " LIKE " });
    operand(pattern, Binding::Add, names, out);
    match escape {
        Some('\\') => {}
        Some(c) => out.push_str(&format!(" ESCAPE '{c}'")),
        None => out.push_str(" ESCAPE ''"),
    }
}

fn is_infix(function: Function) -> bool {
    matches!(
        function,
        Function::ConcatOperator
            | Function::JsonGet
            | Function::JsonGetText
            | Function::JsonContains
    )
}

fn call(function: Function, args: &[Scalar], names: &Names<'_>, out: &mut String) {
    match (function, args) {
        (Function::Extract(field), [input]) => {
            out.push_str(&format!("extract({} FROM ", field.sql()));
            write(input, names, out);
            out.push(')');
        }
        (_, [left, right]) if is_infix(function) => infix(function.sql(), left, right, names, out),
        _ => {
            out.push_str(function.sql());
            out.push('(');
            if let Function::DateTrunc(field) = function {
                out.push_str(&format!("'{}', ", field.sql()));
            }
            separated(args, names, out);
            out.push(')');
        }
    }
}

fn infix(word: &str, left: &Scalar, right: &Scalar, names: &Names<'_>, out: &mut String) {
    operand(left, Binding::Add, names, out);
    out.push(' ');
    out.push_str(word);
    out.push(' ');
    operand(right, Binding::Multiply, names, out);
}
