//! From a shape to Cranelift IR.
//!
//! A kernel is two functions a mode: `rows` computes the filter, output columns and aggregate
//! arguments of one block of rows, `update` folds the arguments into the states. Every node is
//! total and branch-free: it yields a value, a validity and conditions under which it fails; a
//! failure counts only on rows that the interpreter would evaluate ([`faults`]).
//!
//! | mode | lanes | NULLs | integers past 64 bits | a failure |
//! |---|---|---|---|---|
//! | exact | 1 | yes | 128 bits | stops at the row and names it |
//! | narrow | 1 | no | assumed to fit 64 | is remembered; the block runs again in exact mode |
//! | vector | 2 | no | assumed to fit 64 | the same |
//!
//! The vector mode uses only operations that the x64 backend lowers for every SSE 4.2 machine.

mod faults;
mod float;
mod integer;
mod lanes;
mod logic;
mod node;
mod rows;
mod time;
mod update;

use std::collections::HashMap;

use cranelift::codegen::ir::{self as clif, InstBuilder, MemFlagsData};
use cranelift::frontend::FunctionBuilder;

use crate::error::FaultKind;
use crate::frame::{ColumnView, Frame};
use crate::shape::{Node, NodeId, Op, Repr, Shape};

pub(crate) use rows::emit_rows;
pub(crate) use update::emit_update;

/// How a function treats rows; the table above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mode {
    Exact,
    Narrow,
    Vector,
}

impl Mode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mode::Exact => "exact",
            Mode::Narrow => "narrow",
            Mode::Vector => "vector",
        }
    }

    /// Returns the rows of one step.
    pub(crate) fn lanes(self) -> usize {
        match self {
            Mode::Exact | Mode::Narrow => 1,
            Mode::Vector => 2,
        }
    }

    /// True if a value of this representation takes 128 bits.
    pub(crate) fn is_wide(self, repr: Repr) -> bool {
        self == Mode::Exact && repr.is_wide()
    }
}

/// Returns the fastest mode for batches without NULLs: none if only the exact one can do it.
pub(crate) fn fast_mode(shape: &Shape, simd: bool) -> Option<Mode> {
    let scales_far = |op: &Op| matches!(op, Op::ScaleUp { digits, .. } if *digits > 18);
    // A lenient value past 64 bits would become NULL where it has to be computed again.
    let gives_up = |node: &Node| node.lenient && node.repr.is_wide();
    if shape.nodes.iter().any(|node| scales_far(&node.op) || gives_up(node)) {
        return None;
    }
    let single = |repr: Repr| repr == Repr::Float32;
    if simd && !shape.nodes.iter().any(|node| single(node.repr)) {
        return Some(Mode::Vector);
    }
    Some(Mode::Narrow)
}

/// Returns true if `id` may be NULL in this mode, where inputs and constants are never NULL but
/// in exact mode.
pub(crate) fn is_nullable(shape: &Shape, mode: Mode, id: NodeId) -> bool {
    let node = shape.node(id);
    let any = |list: &[NodeId]| list.iter().any(|id| is_nullable(shape, mode, *id));
    let own = node.lenient;
    own || match &node.op {
        Op::Input { .. } | Op::Constant(_) => mode == Mode::Exact,
        Op::Null => true,
        Op::Is { .. } => false,
        Op::Compare(op, l, r) => !logic::is_total(*op) && any(&[*l, *r]),
        Op::And(list) | Op::Or(list) => any(list),
        Op::Integer(_, l, r) | Op::Float(_, l, r) | Op::DateDifference(l, r) => any(&[*l, *r]),
        Op::ShiftDate { date, days, .. } => any(&[*date, *days]),
        Op::Not(input)
        | Op::ScaleUp { input, .. }
        | Op::ScaleDown { input, .. }
        | Op::Limit(input)
        | Op::Negate(input)
        | Op::Absolute(input)
        | Op::IntegerToFloat { input, .. }
        | Op::FloatToInteger(input)
        | Op::FloatToFloat(input)
        | Op::BooleanToInteger(input)
        | Op::DateToTimestamp(input)
        | Op::TimestampToDate(input) => any(&[*input]),
        Op::Case { branches, otherwise } => {
            any(&[*otherwise]) || branches.iter().any(|(_, then)| any(&[*then]))
        }
    }
}

/// A condition under which a node fails.
#[derive(Clone, Copy, Debug)]
enum Fail {
    /// The mode's boolean.
    Boolean(clif::Value),
    /// Lanes with the sign bit set.
    Sign(clif::Value),
    /// Lanes with one of the upper 32 bits set.
    High(clif::Value),
}

/// What a node became.
#[derive(Clone, Debug)]
struct Emitted {
    value: clif::Value,
    /// The mode's boolean; always valid without it.
    valid: Option<clif::Value>,
    fails: Vec<(Fail, FaultKind)>,
}

impl Emitted {
    fn sure(value: clif::Value, valid: Option<clif::Value>) -> Emitted {
        Emitted { value, valid, fails: Vec::new() }
    }
}

/// Where an input column lies, in values that the entry block loaded.
#[derive(Clone, Copy, Debug)]
struct Column {
    values: clif::Value,
    validity: clif::Value,
    value_bit: clif::Value,
    validity_bit: clif::Value,
}

/// The state of emitting one `rows` function.
struct Emitter<'a, 'b> {
    b: &'a mut FunctionBuilder<'b>,
    shape: &'a Shape,
    mode: Mode,
    columns: HashMap<u32, Column>,
    constants: Vec<Emitted>,
    nodes: Vec<Option<Emitted>>,
    row: clif::Value,
}

/// Memory that kernels touch is always mapped, aligned or not, and never shared while they run.
fn memory() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

impl<'a, 'b> Emitter<'a, 'b> {
    /// Loads the addresses of columns and the constants, in the entry block.
    fn new(
        b: &'a mut FunctionBuilder<'b>,
        shape: &'a Shape,
        mode: Mode,
        frame: clif::Value,
    ) -> Emitter<'a, 'b> {
        let row = b.ins().iconst(clif::types::I64, 0);
        let nodes = vec![None; shape.nodes.len()];
        let columns = HashMap::new();
        let mut emitter = Emitter { b, shape, mode, columns, constants: Vec::new(), nodes, row };
        emitter.load_columns(frame);
        emitter.load_constants(frame);
        emitter
    }

    fn pointer(&mut self, base: clif::Value, offset: usize) -> clif::Value {
        let offset = i32::try_from(offset).expect("frames are small");
        self.b.ins().load(clif::types::I64, memory(), base, offset)
    }

    fn load_columns(&mut self, frame: clif::Value) {
        let views = self.pointer(frame, Frame::COLUMNS);
        for (number, (slot, _)) in self.shape.read_slots().into_iter().enumerate() {
            let at = number * size_of::<ColumnView>();
            let column = Column {
                values: self.pointer(views, at + ColumnView::VALUES),
                validity: self.pointer(views, at + ColumnView::VALIDITY),
                value_bit: self.pointer(views, at + ColumnView::VALUE_BIT),
                validity_bit: self.pointer(views, at + ColumnView::VALIDITY_BIT),
            };
            self.columns.insert(slot, column);
        }
    }

    fn load_constants(&mut self, frame: clif::Value) {
        let base = self.pointer(frame, Frame::CONSTANTS);
        for (number, ty) in self.shape.constants.iter().enumerate() {
            let repr = Repr::of(*ty).expect("lowering admits only types with a representation");
            let at = i32::try_from(number * Frame::CONSTANT_BYTES).expect("constants are few");
            let value = self.load_constant(repr, base, at);
            let valid = (self.mode == Mode::Exact).then(|| {
                let validity = at + 16;
                self.b.ins().load(clif::types::I8, memory(), base, validity)
            });
            self.constants.push(Emitted::sure(value, valid));
        }
    }

    fn load_constant(&mut self, repr: Repr, base: clif::Value, at: i32) -> clif::Value {
        let ty = match repr {
            Repr::Integer(_) if self.mode.is_wide(repr) => return self.load_wide(base, at),
            Repr::Integer(_) => clif::types::I64,
            Repr::Boolean => clif::types::I8,
            Repr::Float32 => clif::types::F32,
            Repr::Float64 => clif::types::F64,
        };
        let value = self.b.ins().load(ty, memory(), base, at);
        self.broadcast(repr, value)
    }

    /// Loads 128 bits as two halves, which any alignment allows.
    fn load_wide(&mut self, base: clif::Value, at: i32) -> clif::Value {
        let low = self.b.ins().load(clif::types::I64, memory(), base, at);
        let high = self.b.ins().load(clif::types::I64, memory(), base, at + 8);
        self.b.ins().iconcat(low, high)
    }
}
