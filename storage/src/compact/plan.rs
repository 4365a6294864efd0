//! Which runs to merge next.
//!
//! In order of need: on request everything young into C2; L0 into C1, runs of which a quarter is
//! closed, levels over their size, young H runs. A level holds ten times the one above it.

use std::sync::Arc;

use types::CommitId;

use super::closed_percent;
use crate::options::StoreOptions;
use crate::run::Run;
use crate::segment::Tier;
use crate::version::{TreeVersion, Version};

const FRESH_RUNS: usize = 4;
const CLOSED_PERCENT: u64 = 25;
const FANOUT: u64 = 10;
const HISTORY_RUNS: usize = 8;
/// An H run of this size is not merged again.
const HISTORY_BYTES: u64 = 16 << 20;

/// How much there must be to do before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Eagerness {
    /// Enough to pay.
    Usual,
    /// Anything at all.
    Everything,
}

/// A merge to be made.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) tree: Arc<TreeVersion>,
    pub(crate) inputs: Vec<Arc<Run>>,
    /// Where open versions go.
    pub(crate) target: Tier,
}

/// Returns the most needed merge; `None` if there is none.
pub(crate) fn plan(
    version: &Version,
    options: &StoreOptions,
    eagerness: Eagerness,
    cut: CommitId,
) -> Option<Plan> {
    let rules: [Rule; 5] = [settle, merge_fresh, rewrite_closed, push_down, merge_history];
    // By number, so that the order does not depend on a hash.
    let mut trees: Vec<_> = version.trees.values().filter(|tree| !tree.runs.is_empty()).collect();
    trees.sort_by_key(|tree| tree.schema.id);
    rules.iter().find_map(|rule| {
        trees.iter().find_map(|tree| {
            let (inputs, target) = rule(tree, options, eagerness, cut)?;
            Some(Plan { tree: Arc::clone(tree), inputs, target })
        })
    })
}

type Chosen = (Vec<Arc<Run>>, Tier);
type Rule = fn(&TreeVersion, &StoreOptions, Eagerness, CommitId) -> Option<Chosen>;

fn in_tier(tree: &TreeVersion, tier: Tier) -> Vec<Arc<Run>> {
    tree.runs.iter().filter(|run| run.tier == tier).cloned().collect()
}

/// Returns the runs of a level whose keys overlap those of `runs`.
fn overlapping(tree: &TreeVersion, level: u8, runs: &[Arc<Run>]) -> Vec<Arc<Run>> {
    let first = runs.iter().map(|run| run.first_key()).min();
    let last = runs.iter().map(|run| run.last_key()).max();
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let overlaps = |run: &Arc<Run>| run.first_key() <= last && first <= run.last_key();
    in_tier(tree, Tier::Current(level)).into_iter().filter(overlaps).collect()
}

/// Whoever asks for everything wants the large blocks of C2 too, which are read at a third of the
/// cost: young runs go there at once.
fn settle(
    tree: &TreeVersion,
    _options: &StoreOptions,
    eagerness: Eagerness,
    _cut: CommitId,
) -> Option<Chosen> {
    let mut inputs = in_tier(tree, Tier::Fresh);
    inputs.extend(in_tier(tree, Tier::Current(1)));
    if eagerness == Eagerness::Usual || inputs.is_empty() {
        return None;
    }
    inputs.extend(overlapping(tree, 2, &inputs));
    Some((inputs, Tier::Current(2)))
}

fn merge_fresh(
    tree: &TreeVersion,
    _options: &StoreOptions,
    _eagerness: Eagerness,
    _cut: CommitId,
) -> Option<Chosen> {
    let mut inputs = in_tier(tree, Tier::Fresh);
    if inputs.len() < FRESH_RUNS {
        return None;
    }
    inputs.extend(overlapping(tree, 1, &inputs));
    Some((inputs, Tier::Current(1)))
}

fn rewrite_closed(
    tree: &TreeVersion,
    _options: &StoreOptions,
    eagerness: Eagerness,
    cut: CommitId,
) -> Option<Chosen> {
    let needs = |run: &&Arc<Run>| match eagerness {
        Eagerness::Usual => {
            closed_percent(run) >= CLOSED_PERCENT
                && run.closings.between(CommitId::ZERO, cut).len() as u64 * 200
                    >= run.rows() * CLOSED_PERCENT
        }
        Eagerness::Everything => !run.closings.between(CommitId::ZERO, cut).is_empty(),
    };
    let mut current = tree.runs.iter().filter(|run| matches!(run.tier, Tier::Current(_)));
    let run = current.find(needs)?;
    Some((vec![Arc::clone(run)], run.tier))
}

fn push_down(
    tree: &TreeVersion,
    options: &StoreOptions,
    _eagerness: Eagerness,
    _cut: CommitId,
) -> Option<Chosen> {
    let mut most = options.memtable_bytes as u64 * FANOUT;
    for level in 1..u8::MAX {
        let runs = in_tier(tree, Tier::Current(level));
        if runs.is_empty() {
            return None;
        }
        if runs.iter().map(|run| run.bytes()).sum::<u64>() > most {
            // The oldest goes first: ids only grow, so in time every run of the level has its turn.
            let oldest = runs.into_iter().min_by_key(|run| run.id)?;
            let mut inputs = vec![oldest];
            inputs.extend(overlapping(tree, level + 1, &inputs));
            return Some((inputs, Tier::Current(level + 1)));
        }
        most = most.saturating_mul(FANOUT);
    }
    None
}

fn merge_history(
    tree: &TreeVersion,
    _options: &StoreOptions,
    eagerness: Eagerness,
    _cut: CommitId,
) -> Option<Chosen> {
    let least = if eagerness == Eagerness::Usual { HISTORY_RUNS } else { 2 };
    (0..32).map(Tier::History).find_map(|tier| {
        let mut young = in_tier(tree, tier);
        young.retain(|run| run.bytes() < HISTORY_BYTES);
        // Sorted by closing time already: neighbours are merged, so bounds stay narrow.
        let mut bytes = 0;
        let fits = young.iter().take_while(|run| {
            bytes += run.bytes();
            bytes <= 2 * HISTORY_BYTES
        });
        let count = fits.count();
        young.truncate(count);
        (young.len() >= least).then_some((young, tier))
    })
}
