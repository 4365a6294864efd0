//! The sink of a hash aggregate: numbers the groups, then updates each call's states by number.
//!
//! A call is of one of three kinds. *Flat*: counts, sums, averages and extremes of fixed-width
//! values, in rows of the layout that compiled code shares. *Boxed*: the rest, a value a group.
//! *Deferred*: DISTINCT and ORDER BY inside the call, which keep their rows until all have come and
//! then feed one of the other two.

mod boxed;
mod compiled;
mod deferred;
mod flat;

use std::sync::Arc;

use arrow_array::ArrayRef;
use ir::{AggregateCall, Scalar, StateLayout, StateRows};
use types::{Batch, DataType};

use super::Made;
use crate::eval::{self, EvalContext};
use crate::kernel::aggregate::update_of;
use crate::keys::groups::{GroupTable, batches_of};
use crate::memory::Reservation;
use crate::operator::columns;
use crate::pipeline::Aggregation;
use crate::run::Run;
use boxed::Boxed;
use deferred::Deferred;
use flat::Flat;

/// One worker's groups.
pub(crate) struct AggregateSink {
    spec: Arc<Aggregation>,
    groups: GroupTable,
    states: States,
    deferred: Vec<Option<Deferred>>,
    numbers: Vec<u32>,
    memory: Reservation,
}

/// The states of all calls.
struct States {
    /// The states that machine code updates.
    rows: StateRows,
    calls: Vec<CallState>,
}

enum CallState {
    /// In the rows shared with the kernel.
    Flat(Flat),
    /// In the same rows, kept by an earlier call.
    Follower(Flat),
    /// In rows of its own.
    Apart(Flat, StateRows),
    Boxed(Boxed),
}

impl States {
    /// Calls of the kernel have their states in its rows; other flat calls have rows of their own.
    fn new(spec: &Aggregation) -> States {
        let kernel = spec.kernel.as_ref().ok();
        let shared = kernel.map_or(&[][..], |kernel| &kernel.piece.spec.aggregates);
        let layout = StateLayout::of(shared).expect("a kernel's updates have fixed-width states");
        let shared = |at: usize| {
            let kernel = kernel?;
            let own = kernel.calls.iter().position(|call| *call == at);
            let followed = || kernel.followers.iter().find(|(call, _)| *call == at);
            let place = own.or_else(|| followed().map(|(_, place)| *place))?;
            Some((own.is_some(), layout.slots[place].offset))
        };
        let state = |(at, call): (usize, &AggregateCall)| match shared(at) {
            Some((true, offset)) => CallState::Flat(Flat::new(call, offset)),
            Some((false, offset)) => CallState::Follower(Flat::new(call, offset)),
            None => match StateLayout::of(&[update_of(call)]) {
                Some(own) => CallState::Apart(Flat::new(call, 0), StateRows::new(&own)),
                None => CallState::Boxed(Boxed::new(call)),
            },
        };
        let calls = spec.calls.iter().enumerate().map(state).collect();
        States { calls, rows: StateRows::new(&layout) }
    }

    fn grow(&mut self, groups: usize) {
        self.rows.grow(groups);
        for call in &mut self.calls {
            match call {
                CallState::Flat(_) | CallState::Follower(_) => {}
                CallState::Apart(_, rows) => rows.grow(groups),
                CallState::Boxed(boxed) => boxed.grow(groups),
            }
        }
    }

    fn bytes(&self) -> usize {
        let boxed = self.calls.iter().map(|call| match call {
            CallState::Flat(_) | CallState::Follower(_) => 0,
            CallState::Apart(_, rows) => rows.bytes(),
            CallState::Boxed(boxed) => boxed.bytes(),
        });
        self.rows.bytes() + boxed.sum::<usize>()
    }

    /// Updates call `at` with the rows of `args`, whose groups are `numbers`.
    fn update(
        &mut self,
        at: usize,
        args: &[ArrayRef],
        numbers: &[u32],
        context: &EvalContext,
    ) -> diag::Result<()> {
        match &mut self.calls[at] {
            CallState::Flat(flat) => flat.update(&mut self.rows, args.first(), numbers),
            CallState::Follower(_) => Ok(()),
            CallState::Apart(flat, rows) => flat.update(rows, args.first(), numbers),
            CallState::Boxed(boxed) => boxed.update(args, numbers, context),
        }
    }

    fn merge(&mut self, other: States, mapping: &[u32], context: &EvalContext) -> diag::Result<()> {
        for (own, others) in self.calls.iter_mut().zip(other.calls) {
            match (own, others) {
                (CallState::Flat(own), CallState::Flat(_)) => {
                    own.merge(&mut self.rows, &other.rows, mapping)?;
                }
                (CallState::Follower(_), CallState::Follower(_)) => {}
                (CallState::Apart(own, rows), CallState::Apart(_, others)) => {
                    own.merge(rows, &others, mapping)?;
                }
                (CallState::Boxed(own), CallState::Boxed(other)) => {
                    own.merge(other, mapping, context)?;
                }
                (
                    CallState::Flat(_)
                    | CallState::Follower(_)
                    | CallState::Apart(..)
                    | CallState::Boxed(_),
                    _,
                ) => panic!("workers have the same kinds of states"),
            }
        }
        Ok(())
    }

    fn results(self, groups: usize, context: &EvalContext) -> diag::Result<Vec<ArrayRef>> {
        let rows = self.rows;
        let result = |call| match call {
            CallState::Flat(flat) | CallState::Follower(flat) => flat.results(&rows, groups),
            CallState::Apart(flat, rows) => flat.results(&rows, groups),
            CallState::Boxed(boxed) => boxed.results(context),
        };
        self.calls.into_iter().map(result).collect()
    }
}

impl AggregateSink {
    /// Returns a sink without groups.
    pub(crate) fn new(run: &Run, spec: &Arc<Aggregation>) -> diag::Result<AggregateSink> {
        let types: Vec<DataType> = spec.groups.iter().map(|group| group.ty).collect();
        let deferred = spec.calls.iter().map(Deferred::of);
        Ok(AggregateSink {
            groups: GroupTable::new(&types)?,
            states: States::new(spec),
            deferred: deferred.collect::<diag::Result<_>>()?,
            spec: Arc::clone(spec),
            numbers: Vec::new(),
            memory: run.context.governor.reservation("hash aggregate"),
        })
    }

    /// Adds a batch's rows to their groups.
    pub(crate) fn consume(&mut self, run: &Run, batch: &Batch) -> diag::Result<()> {
        let context = &run.context.eval;
        let keys = columns(&self.spec.groups, batch, context)?;
        let mut numbers = std::mem::take(&mut self.numbers);
        self.groups.assign(&keys, batch.rows(), &mut numbers)?;
        self.states.grow(self.groups.len());
        let spec = Arc::clone(&self.spec);
        let compiled = self.compiled(run, batch, &numbers)?;
        for (at, call) in spec.calls.iter().enumerate() {
            match self.states.calls[at] {
                CallState::Flat(_) if compiled => continue,
                CallState::Follower(_) => continue,
                CallState::Flat(_) | CallState::Apart(..) | CallState::Boxed(_) => {}
            }
            match &call.filter {
                None => self.add(at, call, batch, &numbers, context)?,
                Some(filter) => {
                    let mask = eval::filter(filter, batch, context)?;
                    let passed: Vec<u32> = mask.set_indices().map(|row| numbers[row]).collect();
                    let batch = batch.clone().filter(&mask);
                    self.add(at, call, &batch, &passed, context)?;
                }
            }
        }
        self.numbers = numbers;
        self.memory.grow_to(self.bytes())
    }

    /// Updates the states of the kernel's calls, if its code is to do this batch.
    fn compiled(&mut self, run: &Run, batch: &Batch, numbers: &[u32]) -> diag::Result<bool> {
        let Ok(kernel) = &self.spec.kernel else { return Ok(false) };
        let takeover = run.takeover(kernel.piece.id);
        let Some(code) = takeover.kernel(&kernel.piece, &run.context, batch.rows()) else {
            return Ok(false);
        };
        let (calls, rows) = (&self.spec.calls, &mut self.states.rows);
        compiled::update(&code, kernel, calls, rows, (batch, numbers), &run.context.eval)?;
        Ok(true)
    }

    fn bytes(&self) -> usize {
        let deferred = self.deferred.iter().flatten().map(Deferred::bytes).sum::<usize>();
        self.groups.bytes() + self.states.bytes() + deferred
    }

    fn add(
        &mut self,
        at: usize,
        call: &AggregateCall,
        batch: &Batch,
        numbers: &[u32],
        context: &EvalContext,
    ) -> diag::Result<()> {
        if batch.rows() == 0 {
            return Ok(());
        }
        let args = columns(&call.args, batch, context)?;
        match &mut self.deferred[at] {
            None => self.states.update(at, &args, numbers, context),
            Some(deferred) => {
                let order: Vec<Scalar> = call.order.iter().map(|key| key.scalar.clone()).collect();
                deferred.keep(args, columns(&order, batch, context)?, numbers)
            }
        }
    }

    fn merge(&mut self, other: AggregateSink, context: &EvalContext) -> diag::Result<()> {
        let mapping = self.groups.merge(&other.groups)?;
        self.states.grow(self.groups.len());
        self.states.merge(other.states, &mapping, context)?;
        for (own, other) in self.deferred.iter_mut().zip(other.deferred) {
            if let (Some(own), Some(other)) = (own, other) {
                own.merge(other, &mapping)?;
            }
        }
        self.memory.absorb(other.memory);
        let bytes = self.bytes();
        self.memory.grow_to(bytes)
    }
}

/// Merges the workers' groups and computes the results: group columns, then one a call.
pub(crate) fn finish(
    run: &Run,
    spec: &Arc<Aggregation>,
    mut sinks: Vec<AggregateSink>,
) -> diag::Result<Made> {
    let context = &run.context.eval;
    let mut all = match sinks.is_empty() {
        true => AggregateSink::new(run, spec)?,
        false => sinks.remove(0),
    };
    for sink in sinks {
        run.context.cancel.check()?;
        all.merge(sink, context)?;
    }
    // Without GROUP BY there is one group, whether or not a row came.
    let groups = all.groups.len().max(usize::from(spec.groups.is_empty()));
    all.states.grow(groups);
    for (at, deferred) in std::mem::take(&mut all.deferred).into_iter().enumerate() {
        if let Some(deferred) = deferred {
            deferred.feed(|args, numbers| all.states.update(at, args, numbers, context))?;
        }
    }
    let mut columns = match spec.groups.is_empty() {
        true => Vec::new(),
        false => all.groups.into_columns(),
    };
    columns.extend(all.states.results(groups, context)?);
    Ok(Made::Batches(Arc::new(batches_of(columns, groups)), Arc::new(all.memory)))
}
