//! Typed scalar expressions.
//!
//! Every operator has one signature: casts are explicit nodes, so that the interpreter, the rules
//! and the code generator never guess a type. What a node means is said in `exec::eval`; this file
//! says which operand types it takes.

use std::hash::{Hash, Hasher};

use diag::Span;
use types::{DataType, Value};

use crate::{Column, Function};

/// An expression, its type, and the text behind it (for errors at run time).
///
/// Equality and hash ignore the span.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// What it computes.
    pub kind: ScalarKind,
    /// The type of its value.
    pub ty: DataType,
    /// Where it stands in the statement.
    pub span: Span,
}

/// The operators of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ScalarKind {
    /// A column of the query (logical plans only).
    Column(Column),
    /// A position in the operator's input batch (physical plans only).
    Slot(u32),
    /// A constant; its value is NULL or of exactly the node's type.
    Literal(Value),
    /// The n-th parameter, from 0.
    Parameter(u32),
    /// Three-valued NOT of a BOOLEAN.
    Not(Box<Scalar>),
    /// Three-valued AND of two or more BOOLEANs.
    And(Vec<Scalar>),
    /// Three-valued OR of two or more BOOLEANs.
    Or(Vec<Scalar>),
    /// `IS [NOT] NULL | TRUE | FALSE | UNKNOWN`: never NULL.
    Is {
        /// The operand.
        input: Box<Scalar>,
        /// The test.
        test: TruthTest,
        /// True for `IS NOT`.
        negated: bool,
    },
    /// A comparison of two operands of one type (decimals may differ in precision and scale).
    Compare(CompareOp, Box<Scalar>, Box<Scalar>),
    /// Arithmetic. Operands: both the node's type for integers and floats; decimals of any scales,
    /// rescaled to the node's; JSON × JSON → JSON; DATE ± BIGINT → DATE; DATE - DATE → BIGINT;
    /// TIMESTAMP ± INTERVAL → TIMESTAMP; TIMESTAMP - TIMESTAMP → INTERVAL; INTERVAL ± INTERVAL;
    /// INTERVAL × DOUBLE → INTERVAL.
    Arithmetic(ArithmeticOp, Box<Scalar>, Box<Scalar>),
    /// Unary minus.
    Negate(Box<Scalar>),
    /// A cast to the node's type; NULL instead of an error if `lenient` (TRY_CAST).
    Cast {
        /// The operand.
        input: Box<Scalar>,
        /// True for TRY_CAST.
        lenient: bool,
    },
    /// `CASE WHEN … THEN … ELSE … END`: the first true branch; later ones are not evaluated.
    Case {
        /// Conditions and values.
        branches: Vec<(Scalar, Scalar)>,
        /// ELSE; NULL without it.
        otherwise: Option<Box<Scalar>>,
    },
    /// `needle [NOT] IN (list)`, all of one type, three-valued.
    In {
        /// What is looked for.
        needle: Box<Scalar>,
        /// The list.
        list: Vec<Scalar>,
        /// True for NOT IN.
        negated: bool,
    },
    /// `input [NOT] LIKE | ILIKE pattern [ESCAPE c]` on text.
    Like {
        /// The text.
        input: Box<Scalar>,
        /// The pattern.
        pattern: Box<Scalar>,
        /// The escape character; none for `ESCAPE ''`.
        escape: Option<char>,
        /// True for ILIKE.
        case_insensitive: bool,
        /// True for NOT LIKE.
        negated: bool,
    },
    /// A function of the closed list.
    Call(Function, Vec<Scalar>),
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `IS DISTINCT FROM`: never NULL.
    Distinct,
    /// `IS NOT DISTINCT FROM`: never NULL.
    NotDistinct,
}

impl CompareOp {
    /// Returns the operator that holds when the operands change sides.
    #[must_use]
    pub fn flipped(self) -> CompareOp {
        match self {
            CompareOp::Lt => CompareOp::Gt,
            CompareOp::Le => CompareOp::Ge,
            CompareOp::Gt => CompareOp::Lt,
            CompareOp::Ge => CompareOp::Le,
            CompareOp::Eq | CompareOp::Ne | CompareOp::Distinct | CompareOp::NotDistinct => self,
        }
    }

    /// Returns the operator that is true where this one is false; both are NULL together.
    #[must_use]
    pub fn inverse(self) -> CompareOp {
        match self {
            CompareOp::Eq => CompareOp::Ne,
            CompareOp::Ne => CompareOp::Eq,
            CompareOp::Lt => CompareOp::Ge,
            CompareOp::Le => CompareOp::Gt,
            CompareOp::Gt => CompareOp::Le,
            CompareOp::Ge => CompareOp::Lt,
            CompareOp::Distinct => CompareOp::NotDistinct,
            CompareOp::NotDistinct => CompareOp::Distinct,
        }
    }

    /// Returns the operator as SQL.
    pub fn sql(self) -> &'static str {
        match self {
            CompareOp::Eq => "=",
            CompareOp::Ne => "<>",
            CompareOp::Lt => "<",
            CompareOp::Le => "<=",
            CompareOp::Gt => ">",
            CompareOp::Ge => ">=",
            CompareOp::Distinct => "IS DISTINCT FROM",
            CompareOp::NotDistinct => "IS NOT DISTINCT FROM",
        }
    }
}

/// Arithmetic operators. Integer division truncates; overflow and division by zero are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArithmeticOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

impl ArithmeticOp {
    /// Returns the operator as SQL.
    pub fn sql(self) -> &'static str {
        match self {
            ArithmeticOp::Add => "+",
            ArithmeticOp::Subtract => "-",
            ArithmeticOp::Multiply => "*",
            ArithmeticOp::Divide => "/",
            ArithmeticOp::Modulo => "%",
        }
    }
}

/// What IS tests for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TruthTest {
    /// `IS NULL` on any type; `IS UNKNOWN` is the same on BOOLEAN.
    Null,
    /// `IS TRUE`.
    True,
    /// `IS FALSE`.
    False,
}

impl Scalar {
    /// Returns a node.
    pub fn new(kind: ScalarKind, ty: DataType, span: Span) -> Scalar {
        Scalar { kind, ty, span }
    }

    /// Returns a reference to a query column.
    pub fn column(column: Column, ty: DataType, span: Span) -> Scalar {
        Scalar::new(ScalarKind::Column(column), ty, span)
    }

    /// Returns a reference to a slot of the input batch.
    pub fn slot(slot: u32, ty: DataType) -> Scalar {
        Scalar::new(ScalarKind::Slot(slot), ty, Span::NONE)
    }

    /// Returns a constant of type `ty`.
    pub fn literal(value: Value, ty: DataType, span: Span) -> Scalar {
        Scalar::new(ScalarKind::Literal(value), ty, span)
    }

    /// Returns TRUE or FALSE.
    pub fn boolean(value: bool) -> Scalar {
        Scalar::literal(Value::Boolean(value), DataType::Boolean, Span::NONE)
    }

    /// Returns the constant's value, if the node is one.
    pub fn as_literal(&self) -> Option<&Value> {
        match &self.kind {
            ScalarKind::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the operands, in order of evaluation.
    pub fn children(&self) -> Vec<&Scalar> {
        match &self.kind {
            ScalarKind::Column(_)
            | ScalarKind::Slot(_)
            | ScalarKind::Literal(_)
            | ScalarKind::Parameter(_) => Vec::new(),
            ScalarKind::Not(input)
            | ScalarKind::Negate(input)
            | ScalarKind::Is { input, .. }
            | ScalarKind::Cast { input, .. } => vec![input],
            ScalarKind::And(list) | ScalarKind::Or(list) | ScalarKind::Call(_, list) => {
                list.iter().collect()
            }
            ScalarKind::Compare(_, left, right) | ScalarKind::Arithmetic(_, left, right) => {
                vec![left, right]
            }
            ScalarKind::Case { branches, otherwise } => {
                let pairs = branches.iter().flat_map(|(when, then)| [when, then]);
                pairs.chain(otherwise.as_deref()).collect()
            }
            ScalarKind::In { needle, list, .. } => {
                std::iter::once(needle.as_ref()).chain(list).collect()
            }
            ScalarKind::Like { input, pattern, .. } => vec![input, pattern],
        }
    }

    /// Returns the operands for rewriting, in the order of [`Scalar::children`].
    pub fn children_mut(&mut self) -> Vec<&mut Scalar> {
        match &mut self.kind {
            ScalarKind::Column(_)
            | ScalarKind::Slot(_)
            | ScalarKind::Literal(_)
            | ScalarKind::Parameter(_) => Vec::new(),
            ScalarKind::Not(input)
            | ScalarKind::Negate(input)
            | ScalarKind::Is { input, .. }
            | ScalarKind::Cast { input, .. } => vec![input],
            ScalarKind::And(list) | ScalarKind::Or(list) | ScalarKind::Call(_, list) => {
                list.iter_mut().collect()
            }
            ScalarKind::Compare(_, left, right) | ScalarKind::Arithmetic(_, left, right) => {
                vec![left, right]
            }
            ScalarKind::Case { branches, otherwise } => {
                let pairs = branches.iter_mut().flat_map(|(when, then)| [when, then]);
                pairs.chain(otherwise.as_deref_mut()).collect()
            }
            ScalarKind::In { needle, list, .. } => {
                std::iter::once(needle.as_mut()).chain(list).collect()
            }
            ScalarKind::Like { input, pattern, .. } => vec![input, pattern],
        }
    }

    /// Calls `visit` on this node and all below it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Scalar)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// Calls `visit` on this node and all below it, children first.
    pub fn walk_mut(&mut self, visit: &mut impl FnMut(&mut Scalar)) {
        for child in self.children_mut() {
            child.walk_mut(visit);
        }
        visit(self);
    }

    /// Returns the query columns that the expression reads, each once, in order of first use.
    pub fn columns(&self) -> Vec<Column> {
        let mut found = Vec::new();
        self.walk(&mut |node| {
            if let ScalarKind::Column(column) = node.kind
                && !found.contains(&column)
            {
                found.push(column);
            }
        });
        found
    }

    /// True if the value is the same for every row of one execution: no column, nothing volatile.
    pub fn is_constant(&self) -> bool {
        let mut constant = true;
        self.walk(&mut |node| match &node.kind {
            ScalarKind::Column(_) | ScalarKind::Slot(_) => constant = false,
            ScalarKind::Call(function, _) if function.is_volatile() => constant = false,
            _ => {}
        });
        constant
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Scalar) -> bool {
        self.ty == other.ty && self.kind == other.kind
    }
}

impl Hash for Scalar {
    /// A cheap hash that equal expressions share: the node's shape, not the constants in it.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ty.hash(state);
        std::mem::discriminant(&self.kind).hash(state);
        match &self.kind {
            ScalarKind::Column(column) => column.hash(state),
            ScalarKind::Slot(slot) => slot.hash(state),
            ScalarKind::Parameter(number) => number.hash(state),
            _ => {}
        }
        for child in self.children() {
            child.hash(state);
        }
    }
}
