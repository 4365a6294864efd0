//! The updates of a hash aggregate that machine code can do: the plain calls whose states have a
//! fixed width, over the batches that reach the sink.

use ir::{AggregateCall, AggregateFunction, AggregateUpdate, StateLayout};
use types::DataType;

use super::{Fused, KernelId, spec_of};

/// The updates of an aggregate that machine code can do.
#[derive(Debug)]
pub(crate) struct AggregateKernel {
    pub(crate) piece: Fused,
    /// The calls whose states the piece updates, in its order.
    pub(crate) calls: Vec<usize>,
    /// Further calls that read one of those states, and which: avg(x) beside sum(x).
    pub(crate) followers: Vec<(usize, usize)>,
}

impl AggregateKernel {
    /// Cuts the updates of `calls` over rows of `inputs`.
    ///
    /// # Errors
    /// Why none of them has machine code.
    pub(crate) fn cut(
        id: KernelId,
        inputs: &[DataType],
        calls: &[AggregateCall],
        grouped: bool,
    ) -> Result<AggregateKernel, String> {
        let mut refused = "it has no aggregates".to_owned();
        let mut kept: Vec<usize> = Vec::new();
        let mut followers = Vec::new();
        for (at, call) in calls.iter().enumerate() {
            let place = kept.iter().position(|first| same_state(&calls[*first], call));
            match (supported(inputs, call, grouped), place) {
                (Ok(()), Some(place)) => followers.push((at, place)),
                (Ok(()), None) => kept.push(at),
                (Err(why), _) => refused = why,
            }
        }
        if kept.is_empty() {
            return Err(refused);
        }
        let mut spec = spec_of(inputs);
        spec.aggregates = kept.iter().map(|at| update_of(&calls[*at])).collect();
        Ok(AggregateKernel { piece: Fused::cut(id, &spec, grouped)?, calls: kept, followers })
    }
}

/// Returns the update of a call's state.
pub(crate) fn update_of(call: &AggregateCall) -> AggregateUpdate {
    AggregateUpdate { function: call.function, argument: call.args.first().cloned() }
}

/// True of supported calls that keep the same state: a sum and a count make an average too.
fn same_state(left: &AggregateCall, right: &AggregateCall) -> bool {
    let sums = |call: &AggregateCall| {
        matches!(call.function, AggregateFunction::Sum | AggregateFunction::Avg)
    };
    let alike = left.function == right.function || (sums(left) && sums(right));
    alike && left.args == right.args
}

/// Refuses calls that do not simply update their state with every row, or lack machine code.
fn supported(inputs: &[DataType], call: &AggregateCall, grouped: bool) -> Result<(), String> {
    let name = call.function.sql();
    if call.distinct || !call.order.is_empty() || call.filter.is_some() {
        return Err(format!("{name}() with DISTINCT, ORDER BY or FILTER is not compiled"));
    }
    let update = update_of(call);
    if StateLayout::of(std::slice::from_ref(&update)).is_none() {
        return Err(format!("{name}() of this type is not compiled"));
    }
    let mut spec = spec_of(inputs);
    spec.aggregates.push(update);
    Fused::cut(KernelId(0), &spec, grouped).map(drop)
}
