//! The loop that folds aggregate arguments into states, in row order.
//!
//! Without groups each aggregate runs its own loop with the state in registers; with groups one
//! loop visits a row's group and updates all its states in memory. NULL arguments change nothing,
//! without a branch. Sums of 64-bit arguments cannot overflow 128 bits; wider ones are checked.
//! See `ir::StateLayout` for the bytes.

use cranelift::codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift::codegen::ir::types::{F64, I8, I64, I128};
use cranelift::codegen::ir::{self as clif, InstBuilder};
use cranelift::frontend::FunctionBuilder;
use ir::AggregateFunction;

use super::{Mode, is_nullable, memory};
use crate::error::{Fault, FaultKind};
use crate::frame::{Frame, Sink};
use crate::shape::{Argument, Repr, Shape, Update};

/// How a state's value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Count,
    SumExact,
    SumFloat,
    Extreme { repr: StateRepr, greatest: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StateRepr {
    Integer,
    Wide,
    Float,
}

/// A state in values: the sum or extreme (none for counts) and the count.
#[derive(Clone, Copy, Debug)]
struct State {
    value: Option<clif::Value>,
    count: clif::Value,
}

/// An argument in values: absent value for counts.
#[derive(Clone, Copy, Debug)]
struct Operand {
    value: Option<clif::Value>,
    /// 0 or 1 in 64 bits; always valid without it.
    valid: Option<clif::Value>,
}

struct Updater<'a, 'b> {
    b: &'a mut FunctionBuilder<'b>,
    shape: &'a Shape,
    mode: Mode,
    frame: clif::Value,
    count: clif::Value,
    states: clif::Value,
    /// Values and validity of each argument.
    arguments: Vec<(clif::Value, clif::Value)>,
}

/// Fills `b` with `update(frame, rows) -> status`: 0, or 2 for an overflow of a sum.
pub(crate) fn emit_update(b: &mut FunctionBuilder<'_>, shape: &Shape, mode: Mode) {
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let [frame, count] = [b.block_params(entry)[0], b.block_params(entry)[1]];
    let mut updater = Updater::new(b, shape, mode, frame, count);
    if shape.grouped {
        updater.grouped();
    } else {
        for update in &shape.updates {
            updater.ungrouped(update);
        }
    }
    let status = updater.b.ins().iconst(I64, 0);
    updater.b.ins().return_(&[status]);
    updater.b.seal_all_blocks();
}

impl<'a, 'b> Updater<'a, 'b> {
    fn new(
        b: &'a mut FunctionBuilder<'b>,
        shape: &'a Shape,
        mode: Mode,
        frame: clif::Value,
        count: clif::Value,
    ) -> Updater<'a, 'b> {
        let load = |b: &mut FunctionBuilder<'b>, base, offset: usize| {
            let offset = i32::try_from(offset).expect("frames are small");
            b.ins().load(I64, memory(), base, offset)
        };
        let states = load(b, frame, Frame::STATES);
        let sinks = load(b, frame, Frame::SINKS);
        let first = shape.computed().count();
        let arguments = (0..shape.arguments.len())
            .map(|number| {
                let at = (first + number) * size_of::<Sink>();
                (load(b, sinks, at + Sink::VALUES), load(b, sinks, at + Sink::VALIDITY))
            })
            .collect();
        Updater { b, shape, mode, frame, count, states, arguments }
    }

    fn argument(&self, update: &Update) -> Option<&'a Argument> {
        update.argument.map(|number| &self.shape.arguments[number as usize])
    }

    fn kind(&self, update: &Update) -> Kind {
        let repr = self.argument(update).map(|argument| {
            let repr = Repr::of(argument.ty).expect("lowering admits only such types");
            match repr {
                Repr::Float32 | Repr::Float64 => StateRepr::Float,
                Repr::Integer(range) if range.is_wide() => StateRepr::Wide,
                Repr::Integer(_) | Repr::Boolean => StateRepr::Integer,
            }
        });
        let extreme =
            |greatest| Kind::Extreme { repr: repr.expect("min has an argument"), greatest };
        match update.function {
            AggregateFunction::Sum | AggregateFunction::Avg if repr == Some(StateRepr::Float) => {
                Kind::SumFloat
            }
            AggregateFunction::Sum | AggregateFunction::Avg => Kind::SumExact,
            AggregateFunction::Min => extreme(false),
            AggregateFunction::Max => extreme(true),
            AggregateFunction::CountStar
            | AggregateFunction::Count
            | AggregateFunction::BoolAnd
            | AggregateFunction::BoolOr
            | AggregateFunction::StringAgg
            | AggregateFunction::StddevSamp
            | AggregateFunction::StddevPop
            | AggregateFunction::VarSamp
            | AggregateFunction::VarPop => Kind::Count,
        }
    }

    /// One loop for one aggregate, the state in registers.
    fn ungrouped(&mut self, update: &Update) {
        let kind = self.kind(update);
        let nullable = self
            .argument(update)
            .is_some_and(|argument| is_nullable(self.shape, self.mode, argument.node));
        let before = self.load_state(kind, self.states, update.offset);
        if kind == Kind::Count && !nullable {
            let count = self.b.ins().iadd(before.count, self.count);
            self.store_state(kind, self.states, update.offset, State { value: None, count });
            return;
        }
        let value = before.value.map(|value| {
            let ty = self.b.func.dfg.value_type(value);
            let variable = self.b.declare_var(ty);
            self.b.def_var(variable, value);
            variable
        });
        let count = self.b.declare_var(I64);
        self.b.def_var(count, before.count);
        self.for_each_row(|updater, row| {
            let state = State {
                value: value.map(|value| updater.b.use_var(value)),
                count: updater.b.use_var(count),
            };
            let operand = updater.load_operand(update, kind, row);
            let state = updater.step(update, kind, state, operand, row);
            if let Some((variable, value)) = value.zip(state.value) {
                updater.b.def_var(variable, value);
            }
            updater.b.def_var(count, state.count);
        });
        let after =
            State { value: value.map(|value| self.b.use_var(value)), count: self.b.use_var(count) };
        self.store_state(kind, self.states, update.offset, after);
    }

    fn grouped(&mut self) {
        let groups = self.load_pointer(Frame::GROUPS);
        self.for_each_row(|updater, row| {
            let offset = updater.b.ins().ishl_imm_u(row, 2);
            let at = updater.b.ins().iadd(groups, offset);
            let group = updater.b.ins().uload32(memory(), at, 0);
            let start = updater.b.ins().imul_imm_s(group, i64::from(updater.shape.stride));
            let state_row = updater.b.ins().iadd(updater.states, start);
            for update in &updater.shape.updates {
                let kind = updater.kind(update);
                let state = updater.load_state(kind, state_row, update.offset);
                let operand = updater.load_operand(update, kind, row);
                let state = updater.step(update, kind, state, operand, row);
                updater.store_state(kind, state_row, update.offset, state);
            }
        });
    }

    fn load_pointer(&mut self, offset: usize) -> clif::Value {
        let offset = i32::try_from(offset).expect("frames are small");
        self.b.ins().load(I64, memory(), self.frame, offset)
    }

    fn for_each_row(&mut self, mut body: impl FnMut(&mut Self, clif::Value)) {
        let row = self.b.declare_var(I64);
        let zero = self.b.ins().iconst(I64, 0);
        self.b.def_var(row, zero);
        let [header, inside, exit] = std::array::from_fn(|_| self.b.create_block());
        self.b.ins().jump(header, &[]);
        self.b.switch_to_block(header);
        let at = self.b.use_var(row);
        let more = self.b.ins().icmp(IntCC::SignedLessThan, at, self.count);
        self.b.ins().brif(more, inside, &[], exit, &[]);
        self.b.switch_to_block(inside);
        body(self, at);
        let next = self.b.ins().iadd_imm_s(at, 1);
        self.b.def_var(row, next);
        self.b.ins().jump(header, &[]);
        self.b.switch_to_block(exit);
    }

    fn load_wide(&mut self, base: clif::Value, at: i32) -> clif::Value {
        let low = self.b.ins().load(I64, memory(), base, at);
        let high = self.b.ins().load(I64, memory(), base, at + 8);
        self.b.ins().iconcat(low, high)
    }

    fn load_state(&mut self, kind: Kind, base: clif::Value, offset: u32) -> State {
        let at = i32::try_from(offset).expect("state rows are small");
        let value = match kind {
            Kind::Count => None,
            Kind::SumExact | Kind::Extreme { repr: StateRepr::Wide, .. } => {
                Some(self.load_wide(base, at))
            }
            Kind::SumFloat | Kind::Extreme { repr: StateRepr::Float, .. } => {
                Some(self.b.ins().load(F64, memory(), base, at))
            }
            Kind::Extreme { repr: StateRepr::Integer, .. } => {
                Some(self.b.ins().load(I64, memory(), base, at))
            }
        };
        let count = self.b.ins().load(I64, memory(), base, count_offset(kind, at));
        State { value, count }
    }

    fn store_state(&mut self, kind: Kind, base: clif::Value, offset: u32, state: State) {
        let at = i32::try_from(offset).expect("state rows are small");
        if let Some(value) = state.value {
            if self.b.func.dfg.value_type(value) == I128 {
                let (low, high) = self.b.ins().isplit(value);
                self.b.ins().store(memory(), low, base, at);
                self.b.ins().store(memory(), high, base, at + 8);
            } else {
                self.b.ins().store(memory(), value, base, at);
            }
        }
        self.b.ins().store(memory(), state.count, base, count_offset(kind, at));
    }

    fn load_operand(&mut self, update: &Update, kind: Kind, row: clif::Value) -> Operand {
        let Some(number) = update.argument else { return Operand { value: None, valid: None } };
        let argument = &self.shape.arguments[number as usize];
        let (values, validity) = self.arguments[number as usize];
        let valid = is_nullable(self.shape, self.mode, argument.node).then(|| {
            let at = self.b.ins().iadd(validity, row);
            self.b.ins().uload8(I64, memory(), at, 0)
        });
        let repr = self.shape.node(argument.node).repr;
        let value = (kind != Kind::Count).then(|| self.load_argument(repr, values, row));
        Operand { value, valid }
    }

    fn load_argument(&mut self, repr: Repr, values: clif::Value, row: clif::Value) -> clif::Value {
        let wide = self.mode.is_wide(repr);
        let offset = self.b.ins().ishl_imm_u(row, if wide { 4 } else { 3 });
        let at = self.b.ins().iadd(values, offset);
        match repr {
            Repr::Float32 | Repr::Float64 => self.b.ins().load(F64, memory(), at, 0),
            Repr::Integer(_) if wide => self.load_wide(at, 0),
            Repr::Integer(_) | Repr::Boolean => self.b.ins().load(I64, memory(), at, 0),
        }
    }

    fn step(
        &mut self,
        update: &Update,
        kind: Kind,
        state: State,
        operand: Operand,
        row: clif::Value,
    ) -> State {
        let count = match operand.valid {
            Some(valid) => self.b.ins().iadd(state.count, valid),
            None => self.b.ins().iadd_imm_s(state.count, 1),
        };
        let value = state.value.zip(operand.value).map(|(sum, value)| match kind {
            Kind::Count => unreachable!("counts have no value"),
            Kind::SumExact => self.add_exact(update, sum, value, operand.valid, row),
            Kind::SumFloat => self.add_float(sum, value, operand.valid),
            Kind::Extreme { repr, greatest } => {
                self.extreme(repr, greatest, state.count, sum, value, operand.valid)
            }
        });
        State { value, count }
    }

    fn add_exact(
        &mut self,
        update: &Update,
        sum: clif::Value,
        value: clif::Value,
        valid: Option<clif::Value>,
        row: clif::Value,
    ) -> clif::Value {
        let narrow = self.b.func.dfg.value_type(value) == I64;
        let value = match valid {
            Some(valid) if narrow => {
                let mask = self.b.ins().ineg(valid);
                self.b.ins().band(value, mask)
            }
            Some(valid) => {
                let low = self.b.ins().iconst(I64, 0);
                let zero = self.b.ins().iconcat(low, low);
                self.b.ins().select(valid, value, zero)
            }
            None => value,
        };
        if narrow {
            let wide = self.b.ins().sextend(I128, value);
            return self.b.ins().iadd(sum, wide);
        }
        let (total, overflow) = self.b.ins().sadd_overflow(sum, value);
        self.return_overflow(update, overflow, row);
        total
    }

    fn return_overflow(&mut self, update: &Update, overflow: clif::Value, row: clif::Value) {
        let [failed, fine] = std::array::from_fn(|_| self.b.create_block());
        self.b.ins().brif(overflow, failed, &[], fine, &[]);
        self.b.set_cold_block(failed);
        self.b.switch_to_block(failed);
        let node = self.argument(update).expect("sums have an argument").node;
        let fault = Fault { node: node.0, kind: FaultKind::Overflow };
        let number = self.b.ins().iconst(I64, fault.number());
        let [fault_at, row_at] = [Frame::FAULT, Frame::FAULT_ROW]
            .map(|offset| i32::try_from(offset).expect("frames are small"));
        self.b.ins().store(memory(), number, self.frame, fault_at);
        self.b.ins().store(memory(), row, self.frame, row_at);
        let status = self.b.ins().iconst(I64, 2);
        self.b.ins().return_(&[status]);
        self.b.switch_to_block(fine);
    }

    /// A NULL leaves the sum as it is, bit for bit: adding 0.0 would turn -0.0 into 0.0.
    fn add_float(
        &mut self,
        sum: clif::Value,
        value: clif::Value,
        valid: Option<clif::Value>,
    ) -> clif::Value {
        let total = self.b.ins().fadd(sum, value);
        match valid {
            Some(valid) => self.b.ins().select(valid, total, sum),
            None => total,
        }
    }

    fn extreme(
        &mut self,
        repr: StateRepr,
        greatest: bool,
        count: clif::Value,
        best: clif::Value,
        value: clif::Value,
        valid: Option<clif::Value>,
    ) -> clif::Value {
        let value = if repr == StateRepr::Wide && self.b.func.dfg.value_type(value) == I64 {
            self.b.ins().sextend(I128, value)
        } else {
            value
        };
        let (less, more) = if greatest { (best, value) } else { (value, best) };
        let better = match repr {
            StateRepr::Float => self.float_less(less, more),
            StateRepr::Integer | StateRepr::Wide => {
                self.b.ins().icmp(IntCC::SignedLessThan, less, more)
            }
        };
        let first = self.b.ins().icmp_imm_s(IntCC::Equal, count, 0);
        let mut replace = self.b.ins().bor(better, first);
        if let Some(valid) = valid {
            let valid = self.b.ins().ireduce(I8, valid);
            replace = self.b.ins().band(replace, valid);
        }
        self.b.ins().select(replace, value, best)
    }

    /// NaN is greater than every number.
    fn float_less(&mut self, l: clif::Value, r: clif::Value) -> clif::Value {
        let less = self.b.ins().fcmp(FloatCC::LessThan, l, r);
        let left_number = self.b.ins().fcmp(FloatCC::Ordered, l, l);
        let right_nan = self.b.ins().fcmp(FloatCC::Unordered, r, r);
        let below_nan = self.b.ins().band(left_number, right_nan);
        self.b.ins().bor(less, below_nan)
    }
}

fn count_offset(kind: Kind, at: i32) -> i32 {
    match kind {
        Kind::Count => at,
        Kind::SumExact | Kind::SumFloat | Kind::Extreme { .. } => at + 16,
    }
}
