//! A kernel's shape: the spec as a graph of simple typed operations, without constants and spans.
//!
//! Two statements that differ only in literal values, parameters or places in the text have one
//! shape, so one piece of machine code serves both: the shape is the key of the code cache. What
//! differs travels in [`Bindings`]. Equal sub-expressions are one node. Integers, decimals, dates
//! and timestamps are all integers here, each with the range of its values: ranges prove which
//! operations need no overflow check and which fit 64 bits.

use diag::Span;
use ir::{AggregateFunction, CompareOp, TruthTest};
use types::{DataType, Value};

/// A node of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(pub(crate) u32);

impl NodeId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The least and greatest value of an integer, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Range {
    pub(crate) lo: i128,
    pub(crate) hi: i128,
}

impl Range {
    pub(crate) const I64: Range = Range { lo: i64::MIN as i128, hi: i64::MAX as i128 };
    pub(crate) const I32: Range = Range { lo: i32::MIN as i128, hi: i32::MAX as i128 };

    pub(crate) fn new(lo: i128, hi: i128) -> Range {
        Range { lo, hi }
    }

    /// Returns `-(10^digits - 1) ..= 10^digits - 1`.
    pub(crate) fn digits(digits: u8) -> Range {
        let hi = types::pow10(digits).expect("a decimal has at most 38 digits") - 1;
        Range { lo: -hi, hi }
    }

    /// Returns the range of a type's values as integers, if it is carried by one.
    pub(crate) fn of(ty: DataType) -> Option<Range> {
        Some(match ty {
            DataType::Int16 => Range::new(i16::MIN.into(), i16::MAX.into()),
            DataType::Int32 | DataType::Date => Range::I32,
            DataType::Int64 | DataType::Timestamp => Range::I64,
            DataType::Decimal { precision, .. } => Range::digits(precision),
            DataType::Null
            | DataType::Boolean
            | DataType::Float32
            | DataType::Float64
            | DataType::Text { .. }
            | DataType::Blob
            | DataType::Interval
            | DataType::Json => return None,
        })
    }

    pub(crate) fn within(self, outer: Range) -> bool {
        outer.lo <= self.lo && self.hi <= outer.hi
    }

    pub(crate) fn is_wide(self) -> bool {
        !self.within(Range::I64)
    }

    pub(crate) fn intersect(self, other: Range) -> Range {
        Range { lo: self.lo.max(other.lo), hi: self.hi.min(other.hi) }
    }

    pub(crate) fn union(self, other: Range) -> Range {
        Range { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// Returns the range of `op` on any two values, or `None` if i128 cannot hold it.
    pub(crate) fn apply(self, op: IntegerOp, other: Range) -> Option<Range> {
        match op {
            IntegerOp::Add => {
                Some(Range::new(self.lo.checked_add(other.lo)?, self.hi.checked_add(other.hi)?))
            }
            IntegerOp::Subtract => {
                Some(Range::new(self.lo.checked_sub(other.hi)?, self.hi.checked_sub(other.lo)?))
            }
            IntegerOp::Multiply => self.product(other),
            IntegerOp::Divide | IntegerOp::DivideRounded => {
                let most = self.lo.checked_abs()?.max(self.hi.checked_abs()?);
                Some(Range::new(-most, most))
            }
            IntegerOp::Modulo => {
                let most = other.lo.checked_abs()?.max(other.hi.checked_abs()?);
                Some(Range::new(-most, most).intersect(self.union(Range::new(0, 0))))
            }
        }
    }

    fn product(self, other: Range) -> Option<Range> {
        let corners = [
            self.lo.checked_mul(other.lo)?,
            self.lo.checked_mul(other.hi)?,
            self.hi.checked_mul(other.lo)?,
            self.hi.checked_mul(other.hi)?,
        ];
        let lo = corners.into_iter().min()?;
        Some(Range::new(lo, corners.into_iter().max()?))
    }
}

/// How a value travels through machine code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Repr {
    Boolean,
    Integer(Range),
    Float32,
    Float64,
}

impl Repr {
    pub(crate) fn of(ty: DataType) -> Option<Repr> {
        match ty {
            DataType::Boolean => Some(Repr::Boolean),
            DataType::Float32 => Some(Repr::Float32),
            DataType::Float64 => Some(Repr::Float64),
            _ => Range::of(ty).map(Repr::Integer),
        }
    }

    pub(crate) fn is_wide(self) -> bool {
        matches!(self, Repr::Integer(range) if range.is_wide())
    }
}

/// Integer operators; `DivideRounded` rounds half away from zero, as decimals do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum IntegerOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    DivideRounded,
    Modulo,
}

/// Float operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FloatOp {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// What a node computes. Each is total but for the faults that `emit` reports.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Input {
        slot: u32,
        ty: DataType,
    },
    /// The n-th constant of the bindings.
    Constant(u32),
    Null,
    Not(NodeId),
    And(Vec<NodeId>),
    Or(Vec<NodeId>),
    Is {
        input: NodeId,
        test: TruthTest,
        negated: bool,
    },
    /// Both operands have one representation and scale.
    Compare(CompareOp, NodeId, NodeId),
    /// A result outside the node's range is a fault.
    Integer(IntegerOp, NodeId, NodeId),
    /// Times 10^digits; a result outside the node's range is a fault.
    ScaleUp {
        input: NodeId,
        digits: u8,
    },
    /// Divided by 10^digits, half away from zero; of 64-bit integers.
    ScaleDown {
        input: NodeId,
        digits: u8,
    },
    /// The same integer; outside the node's range it is a fault.
    Limit(NodeId),
    Float(FloatOp, NodeId, NodeId),
    /// Of an integer: 0 - x, checked; of a float: the sign flipped.
    Negate(NodeId),
    Absolute(NodeId),
    /// Divided by 10^digits; exact operands, so that it is rounded once.
    IntegerToFloat {
        input: NodeId,
        digits: u8,
    },
    /// Rounds half to even; NaN and what is out of range are faults.
    FloatToInteger(NodeId),
    FloatToFloat(NodeId),
    BooleanToInteger(NodeId),
    /// DATE plus (or minus) days; infinities stay.
    ShiftDate {
        date: NodeId,
        days: NodeId,
        negative: bool,
    },
    /// Days between two dates; an infinite operand is a fault.
    DateDifference(NodeId, NodeId),
    DateToTimestamp(NodeId),
    TimestampToDate(NodeId),
    Case {
        branches: Vec<(NodeId, NodeId)>,
        otherwise: NodeId,
    },
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) repr: Repr,
    /// True if a fault of this node makes it NULL (TRY_CAST).
    pub(crate) lenient: bool,
}

/// Where an output column comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Output {
    /// An input column, of any type: never enters machine code.
    Slot(u32),
    Computed(NodeId, DataType),
}

/// One aggregate's update.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Update {
    pub(crate) function: AggregateFunction,
    /// The place of its argument in [`Shape::arguments`]; none for `count(*)`.
    pub(crate) argument: Option<u32>,
    pub(crate) offset: u32,
}

/// A column that an aggregate reads, and the type that its state holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Argument {
    pub(crate) node: NodeId,
    pub(crate) ty: DataType,
}

/// Everything that decides the machine code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    pub(crate) nodes: Vec<Node>,
    /// Number and representation of the constants.
    pub(crate) constants: Vec<DataType>,
    pub(crate) filter: Option<NodeId>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) updates: Vec<Update>,
    /// Bytes of a group's state row.
    pub(crate) stride: u32,
    pub(crate) grouped: bool,
}

impl Shape {
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    pub(crate) fn range(&self, id: NodeId) -> Range {
        match self.node(id).repr {
            Repr::Integer(range) => range,
            Repr::Boolean | Repr::Float32 | Repr::Float64 => {
                unreachable!("integer operators take integers")
            }
        }
    }

    /// Returns the computed outputs, in order.
    pub(crate) fn computed(&self) -> impl Iterator<Item = (NodeId, DataType)> + '_ {
        self.outputs.iter().filter_map(|output| match output {
            Output::Slot(_) => None,
            Output::Computed(node, ty) => Some((*node, *ty)),
        })
    }

    /// Returns the slots that machine code reads, with their types, in order of first use.
    pub(crate) fn read_slots(&self) -> Vec<(u32, DataType)> {
        let mut found = Vec::new();
        for node in &self.nodes {
            if let Op::Input { slot, ty } = node.op {
                found.push((slot, ty));
            }
        }
        found
    }
}

/// A constant of one statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Literal(Value),
    Parameter(u32),
}

/// What a statement adds to a shape.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bindings {
    pub(crate) constants: Vec<Constant>,
    /// A span a node.
    pub(crate) spans: Vec<Span>,
}

#[cfg(test)]
mod tests {
    use super::{IntegerOp, Range};

    #[test]
    fn ranges_of_operators_hold_every_result() {
        let ranges = [Range::new(-3, 5), Range::new(2, 4), Range::new(-7, -1), Range::new(0, 0)];
        for a in ranges {
            for b in ranges {
                for op in [IntegerOp::Add, IntegerOp::Subtract, IntegerOp::Multiply] {
                    let all = a.apply(op, b).unwrap();
                    for x in a.lo..=a.hi {
                        for y in b.lo..=b.hi {
                            let z = match op {
                                IntegerOp::Add => x + y,
                                IntegerOp::Subtract => x - y,
                                _ => x * y,
                            };
                            assert!(Range::new(z, z).within(all));
                        }
                    }
                }
            }
        }
        assert_eq!(Range::digits(38).apply(IntegerOp::Add, Range::digits(38)), None);
    }
}
