//! The probe of a join: pairs of rows that meet, tested by the residual, then what each kind makes
//! of them.
//!
//! Pairs are collected up to a batch and tested together. A probe row counts as matched only by a
//! pair that the residual lets through; outer, semi and anti joins decide by that at the end of the
//! probe batch, right and full joins by the marks in the table at the end of the pipeline.

use arrow_array::{ArrayRef, UInt32Array};
use arrow_select::take::take;
use ir::JoinKind;
use types::{BATCH_ROWS, Batch, Mask};

use super::join_table::{END, JoinTable, ProbeKeys};
use super::{Flow, all_true, columns};
use crate::pipeline::Probe;
use crate::run::Run;
use crate::stage::null_columns;

/// Scratch space of one worker at one probe.
#[derive(Default)]
pub(crate) struct ProbeScratch {
    heads: Vec<u32>,
    pairs: Pairs,
}

/// Pairs of a probe row and a build row.
#[derive(Default)]
struct Pairs {
    probe: Vec<u32>,
    build: Vec<u32>,
}

/// Joins one probe batch with the table; every batch of the output goes to `emit`.
pub(crate) fn probe(
    spec: &Probe,
    table: &JoinTable,
    batch: &Batch,
    scratch: &mut ProbeScratch,
    run: &Run,
    emit: &mut dyn FnMut(Batch) -> diag::Result<Flow>,
) -> diag::Result<Flow> {
    let key_columns = columns(&spec.keys, batch, &run.context.eval)?;
    let keys = table.probe(&key_columns, batch.rows(), &mut scratch.heads)?;
    let mut probing = Probing { spec, table, batch, run, matched: vec![false; batch.rows()] };
    if probing.pairs(&keys, scratch, emit)? == Flow::Enough {
        return Ok(Flow::Enough);
    }
    probing.close(emit)
}

struct Probing<'a> {
    spec: &'a Probe,
    table: &'a JoinTable,
    batch: &'a Batch,
    run: &'a Run,
    /// Which probe rows have a partner.
    matched: Vec<bool>,
}

impl Probing<'_> {
    fn pairs(
        &mut self,
        keys: &ProbeKeys,
        scratch: &mut ProbeScratch,
        emit: &mut dyn FnMut(Batch) -> diag::Result<Flow>,
    ) -> diag::Result<Flow> {
        let pairs = &mut scratch.pairs;
        pairs.clear();
        let one_is_enough = self.only_asks() && self.spec.residual.is_empty();
        for (probe_row, &head) in scratch.heads.iter().enumerate() {
            let mut row = self.table.seek(keys, probe_row, head);
            if one_is_enough {
                self.matched[probe_row] = row != END;
                continue;
            }
            while row != END {
                pairs.push(probe_row as u32, row);
                if pairs.probe.len() == BATCH_ROWS && self.flush(pairs, emit)? == Flow::Enough {
                    return Ok(Flow::Enough);
                }
                row = self.table.seek(keys, probe_row, self.table.after(row));
            }
        }
        self.flush(pairs, emit)
    }

    /// True of the kinds that only ask whether there is a partner.
    fn only_asks(&self) -> bool {
        matches!(self.spec.kind, JoinKind::Semi | JoinKind::Anti)
    }

    fn flush(
        &mut self,
        pairs: &mut Pairs,
        emit: &mut dyn FnMut(Batch) -> diag::Result<Flow>,
    ) -> diag::Result<Flow> {
        if pairs.probe.is_empty() {
            return Ok(Flow::More);
        }
        self.run.context.cancel.check()?;
        let (probe, build) = pairs.take();
        let joined = self.joined(&probe, &build);
        let passed = all_true(&self.spec.residual, &joined, &self.run.context.eval)?;
        self.note(&probe, &build, passed.as_ref());
        if self.only_asks() {
            return Ok(Flow::More);
        }
        let joined = match &passed {
            Some(mask) => joined.filter(mask),
            None => joined,
        };
        if joined.rows() == 0 { Ok(Flow::More) } else { emit(joined) }
    }

    fn joined(&self, probe: &UInt32Array, build: &UInt32Array) -> Batch {
        let left = self.batch.columns().iter().map(|column| rows_of(column, probe));
        let right = self.table.rows.columns().iter().map(|column| rows_of(column, build));
        Batch::new(left.chain(right).collect(), probe.len())
    }

    fn note(&mut self, probe: &UInt32Array, build: &UInt32Array, passed: Option<&Mask>) {
        let passes = |at: usize| passed.is_none_or(|mask| mask.value(at));
        match self.spec.kind {
            JoinKind::Inner => return,
            JoinKind::Left | JoinKind::Full | JoinKind::Semi | JoinKind::Anti => {
                for (at, row) in probe.values().iter().enumerate() {
                    self.matched[*row as usize] |= passes(at);
                }
            }
            JoinKind::Right => {}
        }
        if matches!(self.spec.kind, JoinKind::Right | JoinKind::Full) {
            let rows = build.values().iter().enumerate();
            self.table.mark(rows.filter(|(at, _)| passes(*at)).map(|(_, row)| *row));
        }
    }

    /// Emits what depends on rows without a partner.
    fn close(self, emit: &mut dyn FnMut(Batch) -> diag::Result<Flow>) -> diag::Result<Flow> {
        let wanted = match self.spec.kind {
            JoinKind::Inner | JoinKind::Right => return Ok(Flow::More),
            JoinKind::Semi => Mask::from(self.matched),
            JoinKind::Left | JoinKind::Full | JoinKind::Anti => !&Mask::from(self.matched),
        };
        let rows = self.batch.clone().filter(&wanted);
        if rows.rows() == 0 {
            return Ok(Flow::More);
        }
        if matches!(self.spec.kind, JoinKind::Semi | JoinKind::Anti) {
            return emit(rows);
        }
        let mut columns = rows.columns().to_vec();
        columns.extend(null_columns(&self.spec.right, rows.rows()));
        let count = rows.rows();
        emit(Batch::new(columns, count))
    }
}

impl Pairs {
    fn clear(&mut self) {
        self.probe.clear();
        self.build.clear();
    }

    fn push(&mut self, probe: u32, build: u32) {
        self.probe.push(probe);
        self.build.push(build);
    }

    fn take(&mut self) -> (UInt32Array, UInt32Array) {
        let probe = std::mem::take(&mut self.probe);
        (UInt32Array::from(probe), UInt32Array::from(std::mem::take(&mut self.build)))
    }
}

fn rows_of(column: &ArrayRef, rows: &UInt32Array) -> ArrayRef {
    take(column, rows, None).expect("row numbers lie in the column")
}

/// Returns the build rows that no probe row met, their left side NULL, from number `start` on.
pub(crate) fn unmatched_batch(spec: &Probe, table: &JoinTable, rows: &[u32]) -> Batch {
    let mut columns = null_columns(&spec.left, rows.len());
    let rows = UInt32Array::from(rows.to_vec());
    columns.extend(table.rows.columns().iter().map(|column| rows_of(column, &rows)));
    Batch::new(columns, rows.len())
}
