//! Cuts what has no machine code out of a spec, so that one LIKE does not keep the rest interpreted.
//!
//! Such sub-expressions become extra input slots that the caller fills by the interpreter before
//! each run. That evaluates them on every row of the batch, so only those are cut out that cannot
//! fail, or that the interpreter would evaluate on every row anyway: not behind an AND, OR or CASE
//! that may have decided the row, and not behind the filter.

use ir::{Function, KernelSpec, Scalar, ScalarKind};
use types::DataType;

use crate::error::Unsupported;
use crate::lower::{check, lower};
use crate::shape::Repr;

/// Nodes beyond which nothing is compiled: the code would not be small, and splitting looks at every
/// part of an expression that cannot be compiled as a whole.
const NODES_MAX: usize = 1_000;

/// A spec that can be compiled and what must be computed for it.
#[derive(Clone, Debug)]
pub struct Split {
    /// The spec; its inputs are the old ones, then one an element of `interpreted`.
    pub spec: KernelSpec,
    /// Expressions over the old inputs.
    pub interpreted: Vec<Scalar>,
}

/// Returns `spec` with what cannot be compiled turned into inputs.
///
/// # Errors
/// [`Unsupported`] if something can neither be compiled nor be computed before the filter.
pub fn split(spec: &KernelSpec, grouped: bool) -> Result<Split, Unsupported> {
    if nodes(spec) > NODES_MAX {
        return Err(Unsupported::new(format!("an expression of more than {NODES_MAX} operations")));
    }
    let mut splitter = Splitter { inputs: spec.inputs.clone(), interpreted: Vec::new() };
    let mut spec = spec.clone();
    let filtered = spec.filter.is_some();
    if let Some(filter) = &mut spec.filter {
        splitter.visit(filter, true)?;
    }
    for output in &mut spec.outputs {
        if !matches!(output.kind, ScalarKind::Slot(_)) {
            splitter.visit(output, !filtered)?;
        }
    }
    for aggregate in &mut spec.aggregates {
        if let Some(argument) = &mut aggregate.argument {
            splitter.visit(argument, !filtered)?;
        }
    }
    spec.inputs = splitter.inputs;
    lower(&spec, grouped)?;
    Ok(Split { spec, interpreted: splitter.interpreted })
}

/// Returns the nodes of all expressions.
fn nodes(spec: &KernelSpec) -> usize {
    let arguments = spec.aggregates.iter().filter_map(|update| update.argument.as_ref());
    let mut count = 0;
    for scalar in spec.filter.iter().chain(&spec.outputs).chain(arguments) {
        scalar.walk(&mut |_| count += 1);
    }
    count
}

struct Splitter {
    inputs: Vec<DataType>,
    interpreted: Vec<Scalar>,
}

impl Splitter {
    /// Cuts below `scalar`; `always` says whether it is evaluated on every row.
    fn visit(&mut self, scalar: &mut Scalar, always: bool) -> Result<(), Unsupported> {
        let Err(reason) = check(scalar, &self.inputs) else { return Ok(()) };
        // Children first: the less is interpreted, the better.
        let whole = scalar.clone();
        let mark = (self.inputs.len(), self.interpreted.len());
        if self.visit_children(scalar, always).is_ok() && check(scalar, &self.inputs).is_ok() {
            return Ok(());
        }
        *scalar = whole;
        self.inputs.truncate(mark.0);
        self.interpreted.truncate(mark.1);
        self.cut(scalar, always, reason)
    }

    fn visit_children(&mut self, scalar: &mut Scalar, always: bool) -> Result<(), Unsupported> {
        let lazy = is_lazy(&scalar.kind);
        for (at, child) in scalar.children_mut().into_iter().enumerate() {
            self.visit(child, always && (at == 0 || !lazy))?;
        }
        Ok(())
    }

    fn cut(
        &mut self,
        scalar: &mut Scalar,
        always: bool,
        reason: Unsupported,
    ) -> Result<(), Unsupported> {
        let known = self.interpreted.iter().position(|known| known == scalar);
        let mut movable = Repr::of(scalar.ty).is_some();
        scalar.walk(&mut |node| {
            movable &= match &node.kind {
                ScalarKind::Call(function, _) => !function.is_volatile(),
                _ => true,
            };
        });
        if !movable || !(always || is_infallible(scalar)) {
            return Err(reason);
        }
        let first = self.inputs.len() - self.interpreted.len();
        let place = known.unwrap_or(self.interpreted.len());
        let slot = u32::try_from(first + place).expect("inputs are few");
        let replaced = std::mem::replace(scalar, Scalar::slot(slot, scalar.ty));
        if known.is_none() {
            self.inputs.push(replaced.ty);
            self.interpreted.push(replaced);
        }
        Ok(())
    }
}

/// True if operands after the first may not be evaluated on some rows.
fn is_lazy(kind: &ScalarKind) -> bool {
    matches!(
        kind,
        ScalarKind::And(_)
            | ScalarKind::Or(_)
            | ScalarKind::Case { .. }
            | ScalarKind::Call(Function::Coalesce | Function::NullIf, _)
    )
}

/// True of text predicates over columns and constants, which have a value on every row.
fn is_infallible(scalar: &Scalar) -> bool {
    let own = match &scalar.kind {
        ScalarKind::Slot(_)
        | ScalarKind::Literal(_)
        | ScalarKind::Not(_)
        | ScalarKind::And(_)
        | ScalarKind::Or(_)
        | ScalarKind::Is { .. }
        | ScalarKind::Compare(..)
        | ScalarKind::Case { .. }
        | ScalarKind::In { .. } => true,
        // A pattern that ends in its escape character is an error.
        ScalarKind::Like { pattern, escape, .. } => match (pattern.as_literal(), escape) {
            (Some(types::Value::Text(text)), Some(escape)) => !text.ends_with(*escape),
            (Some(_), _) => true,
            (None, _) => false,
        },
        ScalarKind::Column(_)
        | ScalarKind::Parameter(_)
        | ScalarKind::Arithmetic(..)
        | ScalarKind::Negate(_)
        | ScalarKind::Cast { .. }
        | ScalarKind::Call(..) => false,
    };
    own && scalar.children().into_iter().all(is_infallible)
}
