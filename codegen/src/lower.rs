//! From a typed expression to a shape, or the reason why not.
//!
//! What is not on the list here stays interpreted. Casts between decimals of different scales
//! become explicit scalings, COALESCE, NULLIF and IN become CASE and OR, so that the emitter knows
//! few operations. Lowering is cheap and done for every statement; only new shapes are compiled.

mod arithmetic;
mod cast;

pub(crate) use arithmetic::calendar;

use std::collections::HashMap;

use diag::Span;
use ir::{
    AggregateFunction, CompareOp, Function, KernelSpec, Scalar, ScalarKind, StateLayout, TruthTest,
};
use types::{DataType, Value};

use crate::error::Unsupported;
use crate::shape::{
    Argument, Bindings, Constant, Node, NodeId, Op, Output, Range, Repr, Shape, Update,
};

/// Longer lists are hashed by the interpreter faster than compared by machine code.
const IN_LIST_MAX: usize = 16;
/// More operations make functions that are slow to compile and spill every register.
const NODES_MAX: usize = 400;

type Result<T> = std::result::Result<T, Unsupported>;

/// Returns the shape of `spec` and what its statement adds to it.
pub(crate) fn lower(spec: &KernelSpec, grouped: bool) -> Result<(Shape, Bindings)> {
    let mut lowerer = Lowerer::new(&spec.inputs);
    let filter = spec.filter.as_ref().map(|filter| lowerer.scalar(filter)).transpose()?;
    let outputs = spec.outputs.iter().map(|output| lowerer.output(output));
    let outputs = outputs.collect::<Result<Vec<_>>>()?;
    let (arguments, updates, stride) = lowerer.aggregates(spec)?;
    if lowerer.nodes.len() > NODES_MAX {
        return Err(Unsupported::new("an expression of more than 400 operations"));
    }
    let constants = lowerer.constant_types;
    let nodes = lowerer.nodes;
    let shape = Shape { nodes, constants, filter, outputs, arguments, updates, stride, grouped };
    Ok((shape, lowerer.bindings))
}

/// Returns `Ok` if this expression alone can be compiled over such inputs.
pub(crate) fn check(expression: &Scalar, inputs: &[DataType]) -> Result<()> {
    Lowerer::new(inputs).scalar(expression).map(|_| ())
}

struct Lowerer<'a> {
    inputs: &'a [DataType],
    nodes: Vec<Node>,
    known: HashMap<Node, NodeId>,
    constant_types: Vec<DataType>,
    bindings: Bindings,
}

impl<'a> Lowerer<'a> {
    fn new(inputs: &'a [DataType]) -> Lowerer<'a> {
        Lowerer {
            inputs,
            nodes: Vec::new(),
            known: HashMap::new(),
            constant_types: Vec::new(),
            bindings: Bindings::default(),
        }
    }

    /// Returns the node, an older one if it is equal: the span of the first stands for both.
    fn push(&mut self, op: Op, repr: Repr, span: Span) -> NodeId {
        self.push_node(Node { op, repr, lenient: false }, span)
    }

    fn push_node(&mut self, node: Node, span: Span) -> NodeId {
        if let Some(id) = self.known.get(&node) {
            return *id;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).expect("nodes are few"));
        self.known.insert(node.clone(), id);
        self.nodes.push(node);
        self.bindings.spans.push(span);
        id
    }

    fn repr(&self, id: NodeId) -> Repr {
        self.nodes[id.index()].repr
    }

    fn range(&self, id: NodeId) -> Range {
        match self.repr(id) {
            Repr::Integer(range) => range,
            Repr::Boolean | Repr::Float32 | Repr::Float64 => {
                unreachable!("integer operators take integers")
            }
        }
    }

    fn output(&mut self, output: &Scalar) -> Result<Output> {
        if let ScalarKind::Slot(slot) = output.kind {
            return Ok(Output::Slot(slot));
        }
        Ok(Output::Computed(self.scalar(output)?, output.ty))
    }

    fn scalar(&mut self, scalar: &Scalar) -> Result<NodeId> {
        let span = scalar.span;
        match &scalar.kind {
            ScalarKind::Column(_) => Err(Unsupported::new("a column without a slot")),
            ScalarKind::Slot(slot) => self.slot(*slot, scalar.ty, span),
            ScalarKind::Literal(Value::Null) => Ok(self.null(repr_of(scalar.ty)?, span)),
            ScalarKind::Literal(value) => {
                self.constant(Constant::Literal(value.clone()), scalar.ty, span)
            }
            ScalarKind::Parameter(number) => {
                self.constant(Constant::Parameter(*number), scalar.ty, span)
            }
            ScalarKind::Not(input) => {
                let input = self.scalar(input)?;
                Ok(self.push(Op::Not(input), Repr::Boolean, span))
            }
            ScalarKind::And(list) => {
                let list = self.list(list)?;
                Ok(self.push(Op::And(list), Repr::Boolean, span))
            }
            ScalarKind::Or(list) => {
                let list = self.list(list)?;
                Ok(self.push(Op::Or(list), Repr::Boolean, span))
            }
            ScalarKind::Is { input, test, negated } => {
                let input = self.scalar(input)?;
                Ok(self.is(input, *test, *negated, span))
            }
            ScalarKind::Compare(op, left, right) => self.compare(*op, left, right, span),
            ScalarKind::Arithmetic(op, left, right) => {
                self.arithmetic(*op, left, right, scalar.ty, span)
            }
            ScalarKind::Negate(input) => self.negate(input, scalar.ty, span),
            ScalarKind::Cast { input, lenient } => self.cast(input, scalar.ty, *lenient, span),
            ScalarKind::Case { branches, otherwise } => {
                self.case(branches, otherwise.as_deref(), scalar.ty, span)
            }
            ScalarKind::In { needle, list, negated } => self.in_list(needle, list, *negated, span),
            ScalarKind::Like { .. } => Err(Unsupported::new("LIKE")),
            ScalarKind::Call(function, arguments) => {
                self.call(*function, arguments, scalar.ty, span)
            }
        }
    }

    fn list(&mut self, list: &[Scalar]) -> Result<Vec<NodeId>> {
        list.iter().map(|scalar| self.scalar(scalar)).collect()
    }

    fn slot(&mut self, slot: u32, ty: DataType, span: Span) -> Result<NodeId> {
        if self.inputs.get(slot as usize) != Some(&ty) {
            return Err(Unsupported::new(format!("slot {slot} as {ty}")));
        }
        let repr = repr_of(ty)?;
        Ok(self.push(Op::Input { slot, ty }, repr, span))
    }

    fn null(&mut self, repr: Repr, span: Span) -> NodeId {
        self.push(Op::Null, repr, span)
    }

    fn constant(&mut self, constant: Constant, ty: DataType, span: Span) -> Result<NodeId> {
        let repr = repr_of(ty)?;
        let found = self
            .bindings
            .constants
            .iter()
            .zip(&self.constant_types)
            .position(|(known, known_ty)| *known == constant && *known_ty == ty);
        let number = found.unwrap_or(self.constant_types.len());
        if found.is_none() {
            self.bindings.constants.push(constant);
            self.constant_types.push(ty);
        }
        let number = u32::try_from(number).expect("constants are few");
        Ok(self.push(Op::Constant(number), repr, span))
    }

    fn is(&mut self, input: NodeId, test: TruthTest, negated: bool, span: Span) -> NodeId {
        self.push(Op::Is { input, test, negated }, Repr::Boolean, span)
    }

    fn compare(&mut self, op: CompareOp, l: &Scalar, r: &Scalar, span: Span) -> Result<NodeId> {
        let (left, right) = (self.scalar(l)?, self.scalar(r)?);
        self.compare_nodes(op, (left, l.ty), (right, r.ty), span)
    }

    fn compare_nodes(
        &mut self,
        op: CompareOp,
        (left, left_ty): (NodeId, DataType),
        (right, right_ty): (NodeId, DataType),
        span: Span,
    ) -> Result<NodeId> {
        let scale = scale_of(left_ty).max(scale_of(right_ty));
        let left = self.rescale_exactly(left, scale_of(left_ty), scale, span)?;
        let right = self.rescale_exactly(right, scale_of(right_ty), scale, span)?;
        if std::mem::discriminant(&self.repr(left)) != std::mem::discriminant(&self.repr(right)) {
            return Err(Unsupported::new(format!("{left_ty} compared with {right_ty}")));
        }
        Ok(self.push(Op::Compare(op, left, right), Repr::Boolean, span))
    }

    fn case(
        &mut self,
        branches: &[(Scalar, Scalar)],
        otherwise: Option<&Scalar>,
        ty: DataType,
        span: Span,
    ) -> Result<NodeId> {
        let mut lowered = Vec::with_capacity(branches.len());
        for (when, then) in branches {
            let when = self.scalar(when)?;
            lowered.push((when, self.value_of_type(then, ty)?));
        }
        let otherwise = match otherwise {
            Some(otherwise) => self.value_of_type(otherwise, ty)?,
            None => self.null(repr_of(ty)?, span),
        };
        self.case_nodes(lowered, otherwise, ty, span)
    }

    fn case_nodes(
        &mut self,
        branches: Vec<(NodeId, NodeId)>,
        otherwise: NodeId,
        ty: DataType,
        span: Span,
    ) -> Result<NodeId> {
        let repr = repr_of(ty)?;
        Ok(self.push(Op::Case { branches, otherwise }, repr, span))
    }

    /// Lowers a branch of a conditional, rescaled if it is a decimal of another scale.
    fn value_of_type(&mut self, scalar: &Scalar, ty: DataType) -> Result<NodeId> {
        let id = self.scalar(scalar)?;
        if scalar.ty == ty {
            return Ok(id);
        }
        match (scalar.ty, ty) {
            (DataType::Null, _) => Ok(self.null(repr_of(ty)?, scalar.span)),
            (DataType::Decimal { .. }, DataType::Decimal { .. }) => {
                self.cast_node(id, scalar.ty, ty, false, scalar.span)
            }
            _ => Err(Unsupported::new(format!("{} as {ty} without a cast", scalar.ty))),
        }
    }

    fn in_list(
        &mut self,
        needle: &Scalar,
        list: &[Scalar],
        negated: bool,
        span: Span,
    ) -> Result<NodeId> {
        let constant = list
            .iter()
            .all(|item| matches!(item.kind, ScalarKind::Literal(_) | ScalarKind::Parameter(_)));
        if !constant || list.is_empty() || list.len() > IN_LIST_MAX {
            return Err(Unsupported::new("IN with a long list or one that is not constant"));
        }
        let mut equal = Vec::with_capacity(list.len());
        for item in list {
            equal.push(self.compare(CompareOp::Eq, needle, item, span)?);
        }
        let found = match equal.as_slice() {
            [one] => *one,
            _ => self.push(Op::Or(equal), Repr::Boolean, span),
        };
        Ok(if negated { self.push(Op::Not(found), Repr::Boolean, span) } else { found })
    }

    fn call(
        &mut self,
        function: Function,
        arguments: &[Scalar],
        ty: DataType,
        span: Span,
    ) -> Result<NodeId> {
        match (function, arguments) {
            (Function::Coalesce, [first @ .., last]) => self.coalesce(first, last, ty, span),
            (Function::NullIf, [left, right]) => {
                let equal = self.compare(CompareOp::Eq, left, right, span)?;
                let otherwise = self.value_of_type(left, ty)?;
                let null = self.null(repr_of(ty)?, span);
                self.case_nodes(vec![(equal, null)], otherwise, ty, span)
            }
            (Function::Abs, [input]) if input.ty == ty => self.absolute(input, span),
            _ => Err(Unsupported::new(format!("{function:?}"))),
        }
    }

    fn coalesce(
        &mut self,
        first: &[Scalar],
        last: &Scalar,
        ty: DataType,
        span: Span,
    ) -> Result<NodeId> {
        let mut branches = Vec::with_capacity(first.len());
        for argument in first {
            let value = self.value_of_type(argument, ty)?;
            branches.push((self.is(value, TruthTest::Null, true, span), value));
        }
        let otherwise = self.value_of_type(last, ty)?;
        self.case_nodes(branches, otherwise, ty, span)
    }

    fn aggregates(&mut self, spec: &KernelSpec) -> Result<(Vec<Argument>, Vec<Update>, u32)> {
        let layout = StateLayout::of(&spec.aggregates)
            .ok_or_else(|| Unsupported::new("an aggregate without a fixed-width state"))?;
        let (mut arguments, mut updates) = (Vec::<Argument>::new(), Vec::new());
        for (aggregate, slot) in spec.aggregates.iter().zip(&layout.slots) {
            check_aggregate(aggregate.function)?;
            let argument = match &aggregate.argument {
                None => None,
                Some(scalar) => {
                    let wanted = Argument { node: self.scalar(scalar)?, ty: scalar.ty };
                    let known = arguments.iter().position(|known| *known == wanted);
                    let place = known.unwrap_or_else(|| {
                        arguments.push(wanted);
                        arguments.len() - 1
                    });
                    Some(u32::try_from(place).expect("arguments are few"))
                }
            };
            updates.push(Update { function: aggregate.function, argument, offset: slot.offset });
        }
        Ok((arguments, updates, layout.stride))
    }
}

fn check_aggregate(function: AggregateFunction) -> Result<()> {
    match function {
        AggregateFunction::CountStar
        | AggregateFunction::Count
        | AggregateFunction::Sum
        | AggregateFunction::Avg
        | AggregateFunction::Min
        | AggregateFunction::Max => Ok(()),
        AggregateFunction::BoolAnd
        | AggregateFunction::BoolOr
        | AggregateFunction::StringAgg
        | AggregateFunction::StddevSamp
        | AggregateFunction::StddevPop
        | AggregateFunction::VarSamp
        | AggregateFunction::VarPop => Err(Unsupported::new(function.sql())),
    }
}

fn repr_of(ty: DataType) -> Result<Repr> {
    Repr::of(ty).ok_or_else(|| Unsupported::new(format!("type {ty}")))
}

/// Returns the digits after the point; 0 for what is not a decimal.
fn scale_of(ty: DataType) -> u8 {
    if let DataType::Decimal { scale, .. } = ty { scale } else { 0 }
}
