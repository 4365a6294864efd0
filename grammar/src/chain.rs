//! Operator precedence: a flat list of operands and operators becomes a tree.
//!
//! The grammar reads `a + b * c` as a list; [`resolve`] runs Dijkstra's shunting yard over it with
//! PostgreSQL's table of precedences (its manual, section 4.1.6). It is iterative, so a long chain
//! costs no stack. Mistakes that need precedence to be seen (`a = b = c`, BETWEEN without AND,
//! ESCAPE without LIKE, ANY without a comparison) are reported here and leave
//! [`ExprKind::Error`].

use diag::{Diagnostic, Span, Spanned};

use crate::ast::{
    BinaryOp, Expr, ExprKind, IsTest, LikeKind, ObjectName, Quantifier, Query, TypeName, UnaryOp,
};
use crate::context::Context;

/// One element of the flat list.
pub(crate) enum Item {
    Operand(Expr),
    Prefix(Prefix, Span),
    Infix(Infix, Span),
    Postfix(Postfix, Span),
    /// `ANY (…)`: the right side of the comparison before it.
    Any(Quantifier, AnySource, Span),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    Plus,
    Minus,
    BitNot,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Infix {
    Binary(BinaryOp),
    And,
    Or,
    Like { kind: LikeKind, negated: bool },
    Between { symmetric: bool, negated: bool },
    Escape,
    IsDistinct { negated: bool },
    AtTimeZone,
}

pub(crate) enum Postfix {
    Cast(Box<TypeName>),
    Collate(ObjectName),
    AtLocal,
    Subscript(Box<Expr>),
    Slice(Option<Box<Expr>>, Option<Box<Expr>>),
    Is {
        test: IsTest,
        negated: bool,
    },
    In {
        negated: bool,
        set: InSet,
    },
    /// A mistake that the grammar reported already.
    Error,
}

pub(crate) enum InSet {
    Query(Box<Query>),
    List(Vec<Expr>),
}

pub(crate) enum AnySource {
    Query(Box<Query>),
    Array(Box<Expr>),
}

pub(crate) fn prefix(op: Prefix, l: u32, r: u32) -> Item {
    Item::Prefix(op, Span { start: l, end: r })
}

pub(crate) fn infix(op: Infix, l: u32, r: u32) -> Item {
    Item::Infix(op, Span { start: l, end: r })
}

pub(crate) fn binary(op: BinaryOp, l: u32, r: u32) -> Item {
    infix(Infix::Binary(op), l, r)
}

pub(crate) fn postfix(op: Postfix, l: u32, r: u32) -> Item {
    Item::Postfix(op, Span { start: l, end: r })
}

pub(crate) fn is(test: IsTest, negated: bool, l: u32, r: u32) -> Item {
    postfix(Postfix::Is { test, negated }, l, r)
}

pub(crate) fn in_set(negated: bool, set: InSet, l: u32, r: u32) -> Item {
    postfix(Postfix::In { negated, set }, l, r)
}

pub(crate) fn any_query(quantifier: Quantifier, query: Query, l: u32, r: u32) -> Item {
    Item::Any(quantifier, AnySource::Query(Box::new(query)), Span { start: l, end: r })
}

pub(crate) fn any_array(quantifier: Quantifier, array: Expr, l: u32, r: u32) -> Item {
    Item::Any(quantifier, AnySource::Array(Box::new(array)), Span { start: l, end: r })
}

/// How tightly an operator binds; PostgreSQL's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Power {
    Or,
    And,
    Not,
    Is,
    Comparison,
    Membership,
    Other,
    Additive,
    Multiplicative,
    Exponent,
    AtTimeZone,
    Collate,
    Sign,
    Subscript,
    Cast,
}

impl Prefix {
    fn power(self) -> Power {
        match self {
            Prefix::Plus | Prefix::Minus => Power::Sign,
            Prefix::BitNot => Power::Other,
            Prefix::Not => Power::Not,
        }
    }
}

impl Infix {
    pub(crate) fn power(self) -> Power {
        match self {
            Infix::Binary(op) => binary_power(op),
            Infix::And => Power::And,
            Infix::Or => Power::Or,
            Infix::Like { .. } | Infix::Between { .. } | Infix::Escape => Power::Membership,
            Infix::IsDistinct { .. } => Power::Is,
            Infix::AtTimeZone => Power::AtTimeZone,
        }
    }
}

/// Returns how tightly a binary operator binds.
pub(crate) fn binary_power(op: BinaryOp) -> Power {
    match op {
        BinaryOp::Power => Power::Exponent,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => Power::Multiplicative,
        BinaryOp::Add | BinaryOp::Subtract => Power::Additive,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual
        | BinaryOp::PeriodOverlaps
        | BinaryOp::PeriodContains
        | BinaryOp::PeriodEquals
        | BinaryOp::PeriodPrecedes
        | BinaryOp::PeriodSucceeds
        | BinaryOp::PeriodImmediatelyPrecedes
        | BinaryOp::PeriodImmediatelySucceeds => Power::Comparison,
        BinaryOp::Concat
        | BinaryOp::BitAnd
        | BinaryOp::BitOr
        | BinaryOp::BitXor
        | BinaryOp::ShiftLeft
        | BinaryOp::ShiftRight
        | BinaryOp::Matches
        | BinaryOp::MatchesNoCase
        | BinaryOp::NotMatches
        | BinaryOp::NotMatchesNoCase
        | BinaryOp::JsonGet
        | BinaryOp::JsonGetText
        | BinaryOp::JsonPath
        | BinaryOp::JsonPathText
        | BinaryOp::Contains
        | BinaryOp::ContainedBy
        | BinaryOp::Overlap
        | BinaryOp::Distance
        | BinaryOp::CosineDistance
        | BinaryOp::InnerProduct => Power::Other,
    }
}

fn postfix_power(op: &Postfix) -> Power {
    match op {
        Postfix::Cast(_) => Power::Cast,
        Postfix::Collate(_) => Power::Collate,
        Postfix::AtLocal => Power::AtTimeZone,
        Postfix::Subscript(_) | Postfix::Slice(..) | Postfix::Error => Power::Subscript,
        Postfix::Is { .. } => Power::Is,
        Postfix::In { .. } => Power::Membership,
    }
}

/// An operator that waits for its right operand.
enum Pending {
    Prefix(Prefix, Span),
    Infix(Infix, Span),
    /// BETWEEN and its low bound stand on the operand stack; AND has come.
    BetweenHigh {
        symmetric: bool,
        negated: bool,
    },
    /// LIKE and its pattern stand on the operand stack; ESCAPE has come.
    LikeEscape {
        kind: LikeKind,
        negated: bool,
    },
}

impl Pending {
    fn power(&self) -> Power {
        match self {
            Pending::Prefix(op, _) => op.power(),
            Pending::Infix(op, _) => op.power(),
            Pending::BetweenHigh { .. } | Pending::LikeEscape { .. } => Power::Membership,
        }
    }

    /// BETWEEN before its AND: nothing but AND and OR ends its low bound.
    fn is_open_between(&self) -> bool {
        matches!(self, Pending::Infix(Infix::Between { .. }, _))
    }
}

/// Returns the expression of a lone item.
pub(crate) fn alone(cx: &mut Context<'_>, item: Item) -> Expr {
    match item {
        Item::Operand(expr) => expr,
        other => resolve(cx, vec![other]),
    }
}

/// Returns the tree of a list that alternates as the grammar's chains do.
pub(crate) fn resolve(cx: &mut Context<'_>, items: Vec<Item>) -> Expr {
    let mut yard = Yard { cx, operands: Vec::new(), waiting: Vec::new() };
    for item in items {
        match item {
            Item::Operand(expr) => yard.operands.push(expr),
            Item::Prefix(op, span) => yard.waiting.push(Pending::Prefix(op, span)),
            Item::Infix(op, span) => yard.infix(op, span),
            Item::Postfix(op, span) => yard.postfix(op, span),
            Item::Any(quantifier, source, span) => yard.any(quantifier, source, span),
        }
    }
    yard.finish()
}

struct Yard<'c, 'i> {
    cx: &'c mut Context<'i>,
    operands: Vec<Expr>,
    waiting: Vec<Pending>,
}

impl Yard<'_, '_> {
    fn infix(&mut self, op: Infix, span: Span) {
        let power = op.power();
        self.build_tighter(power);
        match (op, self.waiting.last()) {
            (Infix::And, Some(top)) if top.is_open_between() => return self.close_between(),
            (Infix::Escape, _) => return self.escape(span),
            _ => {}
        }
        let same = self.waiting.last().is_some_and(|top| {
            top.power() == power && !top.is_open_between() && chains_not(top, op)
        });
        if same {
            self.cx.syntax(span, "comparisons cannot be chained");
            if let Some(report) = self.cx.errors.last_mut() {
                report.help = Some("join two comparisons with AND".to_owned());
            }
        }
        if self.waiting.last().is_some_and(|top| top.power() >= power && !top.is_open_between()) {
            self.build();
        }
        if power <= Power::And {
            self.fail_open_between(span);
        }
        self.waiting.push(Pending::Infix(op, span));
    }

    /// Builds what binds tighter than `power`, up to an open BETWEEN.
    fn build_tighter(&mut self, power: Power) {
        while let Some(top) = self.waiting.last() {
            if top.is_open_between() || top.power() <= power {
                break;
            }
            self.build();
        }
        // Operators of equal power that group from the left are built one at a time by the caller.
        while self
            .waiting
            .last()
            .is_some_and(|top| top.power() == power && !top.is_open_between() && groups_left(power))
        {
            self.build();
        }
    }

    fn close_between(&mut self) {
        if let Some(Pending::Infix(Infix::Between { symmetric, negated }, _)) = self.waiting.pop() {
            self.waiting.push(Pending::BetweenHigh { symmetric, negated });
        }
    }

    /// An OR (or an AND that is not its own) ends the statement of a BETWEEN that is still open.
    fn fail_open_between(&mut self, span: Span) {
        while self.waiting.last().is_some_and(Pending::is_open_between) {
            self.cx.syntax(span, "BETWEEN needs AND and an upper bound before this");
            self.build();
            while self
                .waiting
                .last()
                .is_some_and(|top| !top.is_open_between() && top.power() > Power::And)
            {
                self.build();
            }
        }
    }

    fn escape(&mut self, span: Span) {
        match self.waiting.pop() {
            Some(Pending::Infix(Infix::Like { kind, negated }, _)) => {
                self.waiting.push(Pending::LikeEscape { kind, negated });
            }
            other => {
                self.waiting.extend(other);
                self.cx.syntax(span, "ESCAPE stands after the pattern of LIKE");
                // Read on as if it were an operator, to find further mistakes.
                self.waiting.push(Pending::Infix(Infix::Escape, span));
            }
        }
    }

    fn postfix(&mut self, op: Postfix, span: Span) {
        let power = postfix_power(&op);
        while self.waiting.last().is_some_and(|top| !top.is_open_between() && top.power() >= power)
        {
            self.build();
        }
        let operand = Box::new(self.pop());
        let whole = operand.span.to(span);
        let kind = match op {
            Postfix::Cast(target) => ExprKind::Cast { operand, target, or_null: false },
            Postfix::Collate(collation) => ExprKind::Collate { operand, collation },
            Postfix::AtLocal => ExprKind::AtTimeZone { operand, zone: None },
            Postfix::Subscript(index) => ExprKind::Subscript { operand, index },
            Postfix::Slice(from, to) => ExprKind::Slice { operand, from, to },
            Postfix::Is { test, negated } => ExprKind::Is { operand, test, negated },
            Postfix::In { negated, set: InSet::Query(query) } => {
                ExprKind::InQuery { operand, query, negated }
            }
            Postfix::In { negated, set: InSet::List(list) } => {
                ExprKind::InList { operand, list, negated }
            }
            Postfix::Error => ExprKind::Error,
        };
        self.operands.push(Spanned::new(kind, whole));
    }

    /// `x = ANY (…)`: the comparison that waits takes it as its right side.
    fn any(&mut self, quantifier: Quantifier, source: AnySource, span: Span) {
        let comparison = match self.waiting.last() {
            Some(Pending::Infix(Infix::Binary(op), at)) if compares(*op) => {
                Some(Spanned::new(*op, *at))
            }
            _ => None,
        };
        let Some(op) = comparison else {
            let word = if quantifier == Quantifier::Any { "ANY" } else { "ALL" };
            if let Some(Pending::Infix(Infix::Like { .. }, at)) = self.waiting.last() {
                let (at, what) = (at.to(span), format!("LIKE {word}"));
                self.cx.report(Diagnostic::not_built(at, what));
            } else {
                self.cx.syntax(span, format!("{word} stands after a comparison such as ="));
            }
            self.operands.push(Spanned::new(ExprKind::Error, span));
            return;
        };
        self.waiting.pop();
        let operand = Box::new(self.pop());
        let whole = operand.span.to(span);
        let kind = match source {
            AnySource::Query(query) => ExprKind::QuantifiedQuery { operand, op, quantifier, query },
            AnySource::Array(array) => ExprKind::QuantifiedArray { operand, op, quantifier, array },
        };
        self.operands.push(Spanned::new(kind, whole));
    }

    fn finish(mut self) -> Expr {
        while let Some(top) = self.waiting.last() {
            if let Pending::Infix(Infix::Between { .. }, span) = top {
                let span = *span;
                self.cx.syntax(span, "BETWEEN needs AND and an upper bound");
            }
            self.build();
        }
        self.pop()
    }

    fn pop(&mut self) -> Expr {
        self.operands.pop().unwrap_or(Spanned::new(ExprKind::Error, Span::NONE))
    }

    /// Takes the last waiting operator and its operands off their stacks and puts the tree back.
    fn build(&mut self) {
        let Some(pending) = self.waiting.pop() else { return };
        let right = self.pop();
        let built = match pending {
            Pending::Prefix(op, span) => prefixed(op, span, right),
            Pending::Infix(op, span) => {
                let left = self.pop();
                infixed(op, span, left, right)
            }
            Pending::BetweenHigh { symmetric, negated } => {
                let (low, operand) = (self.pop(), self.pop());
                let span = operand.span.to(right.span);
                let kind = ExprKind::Between {
                    operand: Box::new(operand),
                    low: Box::new(low),
                    high: Box::new(right),
                    symmetric,
                    negated,
                };
                Spanned::new(kind, span)
            }
            Pending::LikeEscape { kind, negated } => {
                let (pattern, operand) = (self.pop(), self.pop());
                let span = operand.span.to(right.span);
                Spanned::new(like(kind, negated, operand, pattern, Some(Box::new(right))), span)
            }
        };
        self.operands.push(built);
    }
}

/// Whether two operators of this power group from the left; the others do not go together.
fn groups_left(power: Power) -> bool {
    match power {
        Power::Comparison | Power::Membership => false,
        Power::Or
        | Power::And
        | Power::Not
        | Power::Is
        | Power::Other
        | Power::Additive
        | Power::Multiplicative
        | Power::Exponent
        | Power::AtTimeZone
        | Power::Collate
        | Power::Sign
        | Power::Subscript
        | Power::Cast => true,
    }
}

fn chains_not(top: &Pending, op: Infix) -> bool {
    !groups_left(op.power()) && !matches!(top, Pending::Prefix(..))
}

fn compares(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual
    )
}

fn prefixed(op: Prefix, at: Span, operand: Expr) -> Expr {
    let span = at.to(operand.span);
    let operand = Box::new(operand);
    let unary = match op {
        Prefix::Not => return Spanned::new(ExprKind::Not(operand), span),
        Prefix::Plus => UnaryOp::Plus,
        Prefix::Minus => UnaryOp::Minus,
        Prefix::BitNot => UnaryOp::BitNot,
    };
    Spanned::new(ExprKind::Unary { op: Spanned::new(unary, at), operand }, span)
}

fn infixed(op: Infix, at: Span, left: Expr, right: Expr) -> Expr {
    let span = left.span.to(right.span);
    let kind = match op {
        Infix::And => return conjoin(left, right, span),
        Infix::Or => return disjoin(left, right, span),
        Infix::Binary(op) => ExprKind::Binary {
            op: Spanned::new(op, at),
            left: Box::new(left),
            right: Box::new(right),
        },
        Infix::Like { kind, negated } => like(kind, negated, left, right, None),
        Infix::IsDistinct { negated } => {
            ExprKind::IsDistinct { left: Box::new(left), right: Box::new(right), negated }
        }
        Infix::AtTimeZone => {
            ExprKind::AtTimeZone { operand: Box::new(left), zone: Some(Box::new(right)) }
        }
        // Reported where it was met.
        Infix::Between { .. } | Infix::Escape => ExprKind::Error,
    };
    Spanned::new(kind, span)
}

fn like(
    kind: LikeKind,
    negated: bool,
    operand: Expr,
    pattern: Expr,
    escape: Option<Box<Expr>>,
) -> ExprKind {
    ExprKind::Like { kind, operand: Box::new(operand), pattern: Box::new(pattern), escape, negated }
}

fn conjoin(left: Expr, right: Expr, span: Span) -> Expr {
    let mut list = match left.node {
        ExprKind::And(list) => list,
        node => vec![Spanned::new(node, left.span)],
    };
    match right.node {
        ExprKind::And(more) => list.extend(more),
        node => list.push(Spanned::new(node, right.span)),
    }
    Spanned::new(ExprKind::And(list), span)
}

fn disjoin(left: Expr, right: Expr, span: Span) -> Expr {
    let mut list = match left.node {
        ExprKind::Or(list) => list,
        node => vec![Spanned::new(node, left.span)],
    };
    match right.node {
        ExprKind::Or(more) => list.extend(more),
        node => list.push(Spanned::new(node, right.span)),
    }
    Spanned::new(ExprKind::Or(list), span)
}
