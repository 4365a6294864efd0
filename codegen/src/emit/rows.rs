//! The loop over the rows of a block: filter, computed columns, aggregate arguments.
//!
//! Survivors are written densely, one after the other. The exact mode branches past a row that the
//! filter rejects and returns at the first failure; the others remember failures until the end.

use cranelift::codegen::ir::condcodes::IntCC;
use cranelift::codegen::ir::types::{F64, I8, I32, I64, I64X2};
use cranelift::codegen::ir::{self as clif, InstBuilder};
use cranelift::frontend::{FunctionBuilder, Variable};
use types::DataType;

use super::faults::Faults;
use super::node::value_bytes;
use super::{Emitter, Fail, Mode, is_nullable, memory};
use crate::error::Fault;
use crate::frame::{Frame, Sink};
use crate::shape::{NodeId, Repr, Shape};

/// What a sink takes.
#[derive(Clone, Copy, Debug)]
enum SinkType {
    /// An output column in its Arrow form; booleans as bytes.
    Column(DataType),
    /// An aggregate argument: 64 bits, 128 if wide, floats as doubles.
    Argument,
}

/// A value to store and where.
struct Store {
    node: NodeId,
    ty: SinkType,
    values: clif::Value,
    /// None if the node is never NULL in this mode.
    validity: Option<clif::Value>,
}

struct Loop {
    row: Variable,
    count: Variable,
    /// Failures so far: signs and booleans, upper halves.
    sticky: [Variable; 2],
    rows: clif::Value,
    mask: clif::Value,
    groups_in: clif::Value,
    groups: clif::Value,
    next: clif::Block,
    frame: clif::Value,
}

/// Fills `b` with `rows(frame, rows) -> status`: 0, or 1 for a failure.
///
/// The vector mode takes an even number of rows.
pub(crate) fn emit_rows(b: &mut FunctionBuilder<'_>, shape: &Shape, mode: Mode) {
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let [frame, rows] = [b.block_params(entry)[0], b.block_params(entry)[1]];
    let mut emitter = Emitter::new(b, shape, mode, frame);
    let stores = emitter.stores(frame);
    let state = emitter.start_loop(frame, rows);
    let [header, body, exit] = std::array::from_fn(|_| emitter.b.create_block());
    emitter.b.ins().jump(header, &[]);

    emitter.b.switch_to_block(header);
    emitter.row = emitter.b.use_var(state.row);
    let more = emitter.b.ins().icmp(IntCC::SignedLessThan, emitter.row, rows);
    emitter.b.ins().brif(more, body, &[], exit, &[]);

    emitter.b.switch_to_block(body);
    emitter.row_body(&state, &stores);
    emitter.advance(&state, header);
    emitter.b.switch_to_block(exit);
    emitter.finish(&state);
    emitter.b.seal_all_blocks();
}

impl Emitter<'_, '_> {
    fn stores(&mut self, frame: clif::Value) -> Vec<Store> {
        let shape = self.shape;
        let sinks = self.pointer(frame, Frame::SINKS);
        let columns = shape.computed().map(|(node, ty)| (node, SinkType::Column(ty)));
        let arguments = shape.arguments.iter().map(|argument| (argument.node, SinkType::Argument));
        let all = columns.chain(arguments).enumerate();
        all.map(|(number, (node, ty))| {
            let at = number * size_of::<Sink>();
            let values = self.pointer(sinks, at + Sink::VALUES);
            let validity = is_nullable(shape, self.mode, node)
                .then(|| self.pointer(sinks, at + Sink::VALIDITY));
            Store { node, ty, values, validity }
        })
        .collect()
    }

    fn start_loop(&mut self, frame: clif::Value, rows: clif::Value) -> Loop {
        let sticky_type = if self.is_vector() { I64X2 } else { I8 };
        let [row, count] = [self.b.declare_var(I64), self.b.declare_var(I64)];
        let sticky = [self.b.declare_var(sticky_type), self.b.declare_var(sticky_type)];
        let zero = self.b.ins().iconst(I64, 0);
        self.b.def_var(row, zero);
        self.b.def_var(count, zero);
        let none = self.truth(false);
        for sticky in sticky {
            self.b.def_var(sticky, none);
        }
        let mask = self.pointer(frame, Frame::MASK);
        let groups_in = self.pointer(frame, Frame::GROUPS_IN);
        let groups = self.pointer(frame, Frame::GROUPS);
        let next = self.b.create_block();
        Loop { row, count, sticky, rows, mask, groups_in, groups, next, frame }
    }

    fn row_body(&mut self, state: &Loop, stores: &[Store]) {
        let Some(filter) = self.shape.filter else {
            self.check(state, stores.iter().map(|store| store.node), None);
            self.store_all(state, stores);
            return;
        };
        let emitted = self.node(filter);
        self.check(state, [filter], None);
        let keep = self.certainly(&emitted, true);
        let taken = self.b.create_block();
        if self.is_vector() {
            let [first, second] = self.lane_bits(keep);
            self.store_mask(state, first, 0);
            self.store_mask(state, second, 1);
            let any = self.b.ins().bor(first, second);
            self.b.ins().brif(any, taken, &[], state.next, &[]);
            self.b.switch_to_block(taken);
            self.check(state, stores.iter().map(|store| store.node), Some(keep));
            self.compact(state, stores, [first, second]);
        } else {
            let at = self.b.ins().iadd(state.mask, self.row);
            self.b.ins().store(memory(), keep, at, 0);
            self.b.ins().brif(keep, taken, &[], state.next, &[]);
            self.b.switch_to_block(taken);
            self.check(state, stores.iter().map(|store| store.node), None);
            self.store_all(state, stores);
        }
    }

    fn store_mask(&mut self, state: &Loop, bit: clif::Value, lane: i32) {
        let at = self.b.ins().iadd(state.mask, self.row);
        self.b.ins().istore8(memory(), bit, at, lane);
    }

    fn advance(&mut self, state: &Loop, header: clif::Block) {
        self.b.ins().jump(state.next, &[]);
        self.b.switch_to_block(state.next);
        let step = if self.is_vector() { 2 } else { 1 };
        let row = self.b.use_var(state.row);
        let row = self.b.ins().iadd_imm_s(row, step);
        self.b.def_var(state.row, row);
        self.b.ins().jump(header, &[]);
    }

    fn finish(&mut self, state: &Loop) {
        let mut count = self.b.use_var(state.count);
        if self.shape.filter.is_none() {
            count = state.rows;
        }
        let offset = i32::try_from(Frame::COUNT).expect("frames are small");
        self.b.ins().store(memory(), count, state.frame, offset);
        let status = self.sticky_status(state);
        self.b.ins().return_(&[status]);
    }

    fn sticky_status(&mut self, state: &Loop) -> clif::Value {
        let [sign, high] = state.sticky.map(|sticky| self.b.use_var(sticky));
        if !self.is_vector() {
            return self.b.ins().uextend(I64, sign);
        }
        let sign = self.b.ins().vhigh_bits(I64, sign);
        let [first, second] = [0_u8, 1].map(|lane| self.b.ins().extractlane(high, lane));
        let high = self.b.ins().bor(first, second);
        let high = self.b.ins().ushr_imm_u(high, 32);
        let any = self.b.ins().bor(sign, high);
        let failed = self.b.ins().icmp_imm_s(IntCC::NotEqual, any, 0);
        self.b.ins().uextend(I64, failed)
    }

    /// Emits the nodes and what happens if one fails.
    fn check(
        &mut self,
        state: &Loop,
        nodes: impl IntoIterator<Item = NodeId>,
        guard: Option<clif::Value>,
    ) {
        let mut faults = Faults::default();
        for node in nodes {
            self.node(node);
            self.faults(node, guard, &mut faults);
        }
        if faults.found.is_empty() {
            return;
        }
        if self.mode == Mode::Exact {
            self.return_fault(state, &faults.found);
            return;
        }
        for (fail, _) in faults.found {
            self.remember(state, fail);
        }
    }

    fn remember(&mut self, state: &Loop, fail: Fail) {
        let (sticky, value) = match fail {
            Fail::Boolean(value) | Fail::Sign(value) => (state.sticky[0], value),
            Fail::High(value) => (state.sticky[1], value),
        };
        let before = self.b.use_var(sticky);
        let after = self.b.ins().bor(before, value);
        self.b.def_var(sticky, after);
    }

    /// Branches on any failure to a cold block that finds the first and returns.
    fn return_fault(&mut self, state: &Loop, found: &[(Fail, Fault)]) {
        let conditions: Vec<_> = found.iter().map(|(fail, _)| self.boolean_of(*fail)).collect();
        let any = conditions.iter().copied().reduce(|l, r| self.b.ins().bor(l, r));
        let [failed, fine] = std::array::from_fn(|_| self.b.create_block());
        let any = any.expect("there are failures");
        self.b.ins().brif(any, failed, &[], fine, &[]);

        self.b.set_cold_block(failed);
        self.b.switch_to_block(failed);
        let mut number = self.b.ins().iconst(I64, 0);
        for (condition, (_, fault)) in conditions.iter().zip(found).rev() {
            let own = self.b.ins().iconst(I64, fault.number());
            number = self.b.ins().select(*condition, own, number);
        }
        let offsets = [Frame::FAULT, Frame::FAULT_ROW]
            .map(|offset| i32::try_from(offset).expect("frames are small"));
        self.b.ins().store(memory(), number, state.frame, offsets[0]);
        self.b.ins().store(memory(), self.row, state.frame, offsets[1]);
        let status = self.b.ins().iconst(I64, 1);
        self.b.ins().return_(&[status]);
        self.b.switch_to_block(fine);
    }

    /// Stores all rows of this step: no filter, or one row that passed it.
    fn store_all(&mut self, state: &Loop, stores: &[Store]) {
        let filtered = self.shape.filter.is_some();
        let at = if filtered { self.b.use_var(state.count) } else { self.row };
        for store in stores {
            let emitted = self.node(store.node);
            if self.is_vector() {
                self.store_lanes(store, emitted.value, emitted.valid, at);
            } else {
                self.store_value(store.ty, store.node, emitted.value, store.values, at);
                self.store_validity(store, emitted.valid, at);
            }
        }
        if filtered {
            self.store_group(state, self.row, at);
            let count = self.b.ins().iadd_imm_s(at, 1);
            self.b.def_var(state.count, count);
        }
    }

    fn store_validity(&mut self, store: &Store, valid: Option<clif::Value>, at: clif::Value) {
        let Some(base) = store.validity else { return };
        let valid = valid.unwrap_or_else(|| self.b.ins().iconst(I8, 1));
        let address = self.b.ins().iadd(base, at);
        self.b.ins().store(memory(), valid, address, 0);
    }

    fn store_group(&mut self, state: &Loop, row: clif::Value, at: clif::Value) {
        if !self.shape.grouped {
            return;
        }
        let from = self.address(state.groups_in, row, 4);
        let group = self.b.ins().load(I32, memory(), from, 0);
        let to = self.address(state.groups, at, 4);
        self.b.ins().store(memory(), group, to, 0);
    }

    /// Stores two rows side by side.
    fn store_lanes(
        &mut self,
        store: &Store,
        value: clif::Value,
        valid: Option<clif::Value>,
        at: clif::Value,
    ) {
        let repr = self.shape.node(store.node).repr;
        let full = repr != Repr::Boolean
            && match store.ty {
                SinkType::Argument => true,
                SinkType::Column(ty) => value_bytes(ty) == 8,
            };
        if full {
            let address = self.address(store.values, at, 8);
            self.b.ins().store(memory(), value, address, 0);
        }
        for lane in [0_u8, 1] {
            let at = self.b.ins().iadd_imm_s(at, i64::from(lane));
            if !full {
                let scalar = self.lane(repr, value, lane);
                self.store_value(store.ty, store.node, scalar, store.values, at);
            }
            if store.validity.is_some() {
                let valid = valid.map(|valid| self.lane(Repr::Boolean, valid, lane));
                self.store_validity(store, valid, at);
            }
        }
    }

    /// Stores those of two rows that passed the filter; a rejected one is overwritten by the next.
    fn compact(&mut self, state: &Loop, stores: &[Store], keep: [clif::Value; 2]) {
        let mut at = self.b.use_var(state.count);
        for (lane, keep) in [0_u8, 1].into_iter().zip(keep) {
            for store in stores {
                let repr = self.shape.node(store.node).repr;
                let emitted = self.node(store.node);
                let scalar = self.lane(repr, emitted.value, lane);
                self.store_value(store.ty, store.node, scalar, store.values, at);
                let valid = emitted.valid.map(|valid| self.lane(Repr::Boolean, valid, lane));
                self.store_validity(store, valid, at);
            }
            let row = self.b.ins().iadd_imm_s(self.row, i64::from(lane));
            self.store_group(state, row, at);
            at = self.b.ins().iadd(at, keep);
        }
        self.b.def_var(state.count, at);
    }

    /// Returns one lane as a scalar; booleans as 0 or 1.
    fn lane(&mut self, repr: Repr, value: clif::Value, lane: u8) -> clif::Value {
        let scalar = self.b.ins().extractlane(value, lane);
        if repr != Repr::Boolean {
            return scalar;
        }
        let bit = self.b.ins().band_imm_s(scalar, 1);
        self.b.ins().ireduce(I8, bit)
    }

    fn store_value(
        &mut self,
        ty: SinkType,
        node: NodeId,
        value: clif::Value,
        base: clif::Value,
        at: clif::Value,
    ) {
        let repr = self.shape.node(node).repr;
        let bytes = match ty {
            SinkType::Column(ty) => value_bytes(ty),
            SinkType::Argument if repr == Repr::Boolean => 1,
            SinkType::Argument if self.mode.is_wide(repr) => 16,
            SinkType::Argument => 8,
        };
        let address = self.address(base, at, bytes);
        match (repr, bytes) {
            (Repr::Integer(_), 2) => self.b.ins().istore16(memory(), value, address, 0),
            (Repr::Integer(_), 4) => self.b.ins().istore32(memory(), value, address, 0),
            (Repr::Integer(_), 16) => self.store_wide(value, address),
            (Repr::Float32, 8) => {
                let promoted = self.b.ins().fpromote(F64, value);
                self.b.ins().store(memory(), promoted, address, 0)
            }
            _ => self.b.ins().store(memory(), value, address, 0),
        };
    }

    fn store_wide(&mut self, value: clif::Value, address: clif::Value) -> clif::Inst {
        let (low, high) = if self.b.func.dfg.value_type(value) == I64 {
            (value, self.b.ins().sshr_imm_u(value, 63))
        } else {
            self.b.ins().isplit(value)
        };
        self.b.ins().store(memory(), low, address, 0);
        self.b.ins().store(memory(), high, address, 8)
    }
}
