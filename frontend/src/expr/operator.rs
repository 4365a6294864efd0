//! Infix operators: each symbol finds the node that computes it.

use diag::{Code, Diagnostic, Result, Span, Spanned};
use grammar::ast::{BinaryOp, Expr, ExprKind};
use ir::{ArithmeticOp, CompareOp, Function, Scalar, ScalarKind};
use types::{DataType, Value};

use super::{Clause, as_double, not_built};
use crate::binder::Binder;
use crate::coerce::{is_unknown, to_text};

/// What a symbol does.
enum Meaning {
    Compare(CompareOp),
    Arithmetic(ArithmeticOp),
    Power,
    Concat,
    JsonGet(Function),
    Contains { flipped: bool },
    NotBuilt(&'static str),
}

/// Returns the comparison that a symbol stands for.
pub(super) fn comparison(op: BinaryOp) -> Option<CompareOp> {
    match meaning(op) {
        Meaning::Compare(compare) => Some(compare),
        Meaning::Arithmetic(_)
        | Meaning::Power
        | Meaning::Concat
        | Meaning::JsonGet(_)
        | Meaning::Contains { .. }
        | Meaning::NotBuilt(_) => None,
    }
}

impl Binder<'_> {
    pub(super) fn binary(
        &mut self,
        op: Spanned<BinaryOp>,
        left: &Expr,
        right: &Expr,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        if let (ExprKind::Row(left), ExprKind::Row(right)) = (&left.node, &right.node) {
            return self.compare_rows(op, left, right, span, clause);
        }
        if let (ExprKind::Row(left), ExprKind::Subquery(query)) = (&left.node, &right.node) {
            return self.compare_row_of(op, left, query, span, clause);
        }
        let left = self.expr(left, clause)?;
        let right = self.expr(right, clause)?;
        self.operator(op, left, right, span)
    }

    fn operator(
        &mut self,
        op: Spanned<BinaryOp>,
        left: Scalar,
        right: Scalar,
        span: Span,
    ) -> Result<Scalar> {
        match meaning(op.node) {
            Meaning::Compare(compare) => self.compare(compare, left, right, span),
            Meaning::Arithmetic(arithmetic) => self.arithmetic(arithmetic, left, right, span),
            Meaning::Power => self.power(left, right, span),
            Meaning::Concat => self.concat(left, right, span),
            Meaning::JsonGet(function) => self.json_get(function, left, right, span),
            Meaning::Contains { flipped: false } => self.contains(left, right, span),
            Meaning::Contains { flipped: true } => self.contains(right, left, span),
            Meaning::NotBuilt(symbol) => not_built(op.span, symbol),
        }
    }

    /// `(a, b) = (c, d)`: all pairs equal; `<>`: some pair unequal.
    fn compare_rows(
        &mut self,
        op: Spanned<BinaryOp>,
        left: &[Expr],
        right: &[Expr],
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let compare = match meaning(op.node) {
            Meaning::Compare(compare @ (CompareOp::Eq | CompareOp::Ne)) => compare,
            _ => return not_built(op.span, "this operator on row values"),
        };
        let pairs = self.row_pairs(left, right, compare, span, clause)?;
        let kind = match compare {
            CompareOp::Eq => ScalarKind::And(pairs),
            _ => ScalarKind::Or(pairs),
        };
        Ok(Scalar::new(kind, DataType::Boolean, span))
    }

    /// `(a, b) = (SELECT c, d …)`: NULL if there is no row.
    fn compare_row_of(
        &mut self,
        op: Spanned<BinaryOp>,
        left: &[Expr],
        query: &grammar::ast::Query,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let compare = match meaning(op.node) {
            Meaning::Compare(compare @ (CompareOp::Eq | CompareOp::Ne)) => compare,
            _ => return not_built(op.span, "this operator on row values"),
        };
        let mut row = Vec::with_capacity(left.len());
        for part in left {
            row.push(self.expr(part, clause)?);
        }
        let bound = self.inner_query(query, query.span, clause)?;
        let columns = self.row_of(bound, row.len(), query.span, clause)?;
        let mut pairs = Vec::with_capacity(row.len());
        for (left, column) in row.into_iter().zip(columns) {
            let right = self.columns.scalar(column, self.place(query.span));
            pairs.push(self.compare(compare, left, right, span)?);
        }
        if pairs.len() == 1 {
            return Ok(pairs.remove(0));
        }
        let kind = match compare {
            CompareOp::Eq => ScalarKind::And(pairs),
            _ => ScalarKind::Or(pairs),
        };
        Ok(Scalar::new(kind, DataType::Boolean, span))
    }

    /// Compares two row values of two or more columns element by element.
    pub(super) fn row_pairs(
        &mut self,
        left: &[Expr],
        right: &[Expr],
        op: CompareOp,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Vec<Scalar>> {
        if left.len() != right.len() {
            let message = format!("row values of {} and {} columns", left.len(), right.len());
            return Err(Diagnostic::at(Code::ColumnCount, span, message).into());
        }
        if left.len() < 2 {
            return not_built(span, "a row value of one column");
        }
        let mut pairs = Vec::with_capacity(left.len());
        for (left, right) in left.iter().zip(right) {
            let span = left.span.to(right.span);
            let left = self.expr(left, clause)?;
            let right = self.expr(right, clause)?;
            pairs.push(self.compare(op, left, right, span)?);
        }
        Ok(pairs)
    }

    /// `x ^ y` is DOUBLE.
    fn power(&mut self, left: Scalar, right: Scalar, span: Span) -> Result<Scalar> {
        for side in [&left, &right] {
            if !(is_unknown(side) || side.ty.is_numeric() || side.ty == DataType::Json) {
                return Err(super::arithmetic::no_operator("^", &left, &right, span).into());
            }
        }
        let args = vec![as_double(self, left)?, as_double(self, right)?];
        Ok(Scalar::new(ScalarKind::Call(Function::Power, args), DataType::Float64, span))
    }

    /// `||` joins the texts of both sides.
    fn concat(&mut self, left: Scalar, right: Scalar, span: Span) -> Result<Scalar> {
        if left.ty == DataType::Json && right.ty == DataType::Json {
            let is_path = |side: &Scalar| matches!(side.kind, ScalarKind::Call(..));
            if !is_path(&left) && !is_path(&right) {
                return not_built(span, "|| of two JSON values");
            }
        }
        if left.ty == DataType::Blob || right.ty == DataType::Blob {
            return not_built(span, "|| of BLOBs");
        }
        let args = vec![self.texted(left)?, self.texted(right)?];
        Ok(Scalar::new(ScalarKind::Call(Function::ConcatOperator, args), DataType::TEXT, span))
    }

    /// Returns the text of a value of any type.
    pub(crate) fn texted(&mut self, scalar: Scalar) -> Result<Scalar> {
        if is_unknown(&scalar) {
            return self.adopt(scalar, DataType::TEXT);
        }
        Ok(to_text(scalar))
    }

    /// `->`, `->>`: by key, or by position from 0.
    pub(crate) fn json_get(
        &mut self,
        function: Function,
        document: Scalar,
        key: Scalar,
        span: Span,
    ) -> Result<Scalar> {
        let symbol = if function == Function::JsonGet { "->" } else { "->>" };
        let document = self.json_operand(document, &key, symbol, span)?;
        let key = match key.ty {
            DataType::Null => self.adopt(key, DataType::TEXT)?,
            DataType::Json => to_text(key),
            ty if ty.is_integer() => crate::coerce::cast(key, DataType::Int64),
            ty if ty.is_text() => key,
            _ => return Err(super::arithmetic::no_operator(symbol, &document, &key, span).into()),
        };
        let ty = if function == Function::JsonGet { DataType::Json } else { DataType::TEXT };
        Ok(Scalar::new(ScalarKind::Call(function, vec![document, key]), ty, span))
    }

    fn contains(&mut self, whole: Scalar, part: Scalar, span: Span) -> Result<Scalar> {
        let part = self.json_operand(part, &whole, "@>", span)?;
        let whole = self.json_operand(whole, &part, "@>", span)?;
        let kind = ScalarKind::Call(Function::JsonContains, vec![whole, part]);
        Ok(Scalar::new(kind, DataType::Boolean, span))
    }

    /// An operand that must be JSON; a string literal is read as JSON text.
    fn json_operand(
        &mut self,
        scalar: Scalar,
        other: &Scalar,
        symbol: &str,
        span: Span,
    ) -> Result<Scalar> {
        match scalar.ty {
            DataType::Json => Ok(scalar),
            DataType::Null => self.adopt(scalar, DataType::Json),
            _ => Err(super::arithmetic::no_operator(symbol, &scalar, other, span)
                .help("only JSON has fields: CAST(… AS JSON) reads text as JSON")
                .into()),
        }
    }
}

fn meaning(op: BinaryOp) -> Meaning {
    match op {
        BinaryOp::Equal => Meaning::Compare(CompareOp::Eq),
        BinaryOp::NotEqual => Meaning::Compare(CompareOp::Ne),
        BinaryOp::Less => Meaning::Compare(CompareOp::Lt),
        BinaryOp::LessEqual => Meaning::Compare(CompareOp::Le),
        BinaryOp::Greater => Meaning::Compare(CompareOp::Gt),
        BinaryOp::GreaterEqual => Meaning::Compare(CompareOp::Ge),
        BinaryOp::Add => Meaning::Arithmetic(ArithmeticOp::Add),
        BinaryOp::Subtract => Meaning::Arithmetic(ArithmeticOp::Subtract),
        BinaryOp::Multiply => Meaning::Arithmetic(ArithmeticOp::Multiply),
        BinaryOp::Divide => Meaning::Arithmetic(ArithmeticOp::Divide),
        BinaryOp::Modulo => Meaning::Arithmetic(ArithmeticOp::Modulo),
        BinaryOp::Power => Meaning::Power,
        BinaryOp::Concat => Meaning::Concat,
        BinaryOp::JsonGet => Meaning::JsonGet(Function::JsonGet),
        BinaryOp::JsonGetText => Meaning::JsonGet(Function::JsonGetText),
        BinaryOp::Contains => Meaning::Contains { flipped: false },
        BinaryOp::ContainedBy => Meaning::Contains { flipped: true },
        BinaryOp::JsonPath => Meaning::NotBuilt("the operator #>"),
        BinaryOp::JsonPathText => Meaning::NotBuilt("the operator #>>"),
        BinaryOp::BitAnd => Meaning::NotBuilt("the operator &"),
        BinaryOp::BitOr => Meaning::NotBuilt("the operator |"),
        BinaryOp::BitXor => Meaning::NotBuilt("the operator #"),
        BinaryOp::ShiftLeft => Meaning::NotBuilt("the operator <<"),
        BinaryOp::ShiftRight => Meaning::NotBuilt("the operator >>"),
        BinaryOp::Matches
        | BinaryOp::MatchesNoCase
        | BinaryOp::NotMatches
        | BinaryOp::NotMatchesNoCase => Meaning::NotBuilt("matching a regular expression"),
        BinaryOp::Overlap => Meaning::NotBuilt("the operator &&"),
        BinaryOp::Distance | BinaryOp::CosineDistance | BinaryOp::InnerProduct => {
            Meaning::NotBuilt("a vector distance")
        }
        BinaryOp::PeriodOverlaps
        | BinaryOp::PeriodContains
        | BinaryOp::PeriodEquals
        | BinaryOp::PeriodPrecedes
        | BinaryOp::PeriodSucceeds
        | BinaryOp::PeriodImmediatelyPrecedes
        | BinaryOp::PeriodImmediatelySucceeds => Meaning::NotBuilt("a period predicate"),
    }
}

/// Returns the value of a constant TEXT.
pub(crate) fn constant_text(scalar: &Scalar) -> Option<&str> {
    match scalar.as_literal() {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}
