//! Compaction: runs become fewer, larger and sorted, and closed versions move to H.
//!
//! Closings up to the cut are baked; later ones are followed while the merge runs and translated by
//! a map from input ordinal to output ordinal: most of them outside the apply lock, the last ones
//! under it. Rows in equal rows out, always.

mod merge;
mod plan;

use types::CommitId;

use crate::engine::Engine;
use crate::error::Result;
use crate::install::{Installer, RunChange, record_of};
use crate::manifest::Edit;
use crate::options::Phase;
use crate::run::Run;
use merge::{Merged, Moved, merge};
pub(crate) use plan::Eagerness;
use plan::{Plan, plan};

impl Engine {
    /// Compacts until there is nothing left to do at this eagerness.
    pub(crate) fn compact(&self, eagerness: Eagerness) -> Result<()> {
        let _compacting = self.compacting.lock();
        while !self.is_stopping() {
            let cut = self.installer().cut;
            let Some(plan) = plan(&self.current(), &self.options, eagerness, cut) else {
                return Ok(());
            };
            self.observe(Phase::Compaction);
            let done = self.run_plan(&plan);
            self.observe(Phase::Idle);
            done?;
        }
        Ok(())
    }

    fn run_plan(&self, plan: &Plan) -> Result<()> {
        let cut = {
            let installer = self.installer();
            let _applying = self.apply.lock();
            plan.inputs.iter().for_each(|run| run.closings.follow(installer.cut));
            installer.cut
        };
        let done = self.merge_and_install(plan, cut);
        plan.inputs.iter().for_each(|run| run.closings.unfollow());
        done
    }

    fn merge_and_install(&self, plan: &Plan, cut: CommitId) -> Result<()> {
        let merged = merge(self, plan, cut)?;
        let mut installer = self.installer();
        let installed = self.install_compaction(&mut installer, plan, &merged);
        if installed.is_err() && !self.is_poisoned() {
            merged.runs.iter().for_each(|run| run.file.kill());
        }
        installed
    }

    fn install_compaction(
        &self,
        installer: &mut Installer,
        plan: &Plan,
        merged: &Merged,
    ) -> Result<()> {
        translate(plan, merged);
        let mut edits: Vec<_> =
            plan.inputs.iter().map(|run| Edit::RemoveRun { id: run.id }).collect();
        for run in &merged.runs {
            edits.push(Edit::AddRun(record_of(run)));
            let closings = run.closings.between(CommitId::ZERO, installer.cut);
            if !closings.is_empty() {
                edits.push(Edit::Close { run: run.id, closings });
            }
        }
        let id = self.next_id.load(std::sync::atomic::Ordering::Relaxed);
        edits.push(Edit::NextId { id });
        installer.record(self, &edits)?;
        {
            let _applying = self.apply.lock();
            translate(plan, merged);
            self.exchange_runs(&RunChange {
                added: merged.runs.clone(),
                removed: plan.inputs.iter().map(|run| run.id).collect(),
                flushed: None,
            });
            self.recount_closings(installer.cut);
        }
        self.kill_files(&plan.inputs);
        installer.shorten(self)
    }
}

/// Carries the closings that the inputs have noted over to the outputs.
fn translate(plan: &Plan, merged: &Merged) {
    for (input, moved) in plan.inputs.iter().zip(&merged.moved) {
        for closing in input.closings.drain() {
            let place = moved.get(closing.ordinal as usize);
            let Some(&Moved { output, ordinal }) = place else { continue };
            merged.runs[output as usize].closings.close(ordinal, closing.at);
        }
    }
}

/// A run's share of closed versions, in percent.
fn closed_percent(run: &Run) -> u64 {
    run.closings.count() as u64 * 100 / run.rows().max(1)
}
