//! The probe of a join: pairs of rows that meet, tested by the residual, then what each kind makes
//! of them.
//!
//! Pairs are collected up to a batch and tested together. A probe row counts as matched only by a
//! pair that the residual lets through; outer, semi, anti and mark joins decide by that at the end of
//! the probe batch, right and full joins by the marks in the table at the end of the pipeline.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, UInt32Array};
use arrow_select::take::take;
use diag::{Code, Diagnostic, Span};
use ir::{JoinKind, Scalar, Side};
use types::{BATCH_ROWS, Batch, Mask};

use super::join_table::{END, JoinTable, ProbeKeys};
use super::{Flow, columns};
use crate::eval;
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

/// What is known of a probe row and the pairs seen so far; later ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    /// No pair.
    No,
    /// A pair of which nobody knows.
    Unknown,
    /// A pair.
    Yes,
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
    let matched = vec![Match::No; batch.rows()];
    if spec.answer == Side::Right && spec.residual.is_none() {
        mark_partners(table, &keys, &scratch.heads);
        return Ok(Flow::More);
    }
    let mut probing =
        Probing { spec, table, batch, run, condition: spec.residual.as_ref(), matched };
    if probing.pairs(&keys, scratch, emit)? == Flow::Enough {
        return Ok(Flow::Enough);
    }
    if let Some(condition) = &spec.unsure {
        probing.condition = Some(condition);
        probing.unsure(&keys, &mut scratch.pairs, emit)?;
    }
    probing.close(emit)
}

struct Probing<'a> {
    spec: &'a Probe,
    table: &'a JoinTable,
    batch: &'a Batch,
    run: &'a Run,
    /// What pairs are tested by.
    condition: Option<&'a Scalar>,
    /// By probe row.
    matched: Vec<Match>,
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
        let one_is_enough = self.only_asks() && self.condition.is_none();
        for (probe_row, &head) in scratch.heads.iter().enumerate() {
            let mut row = self.table.seek(keys, probe_row, head);
            if one_is_enough {
                if row != END {
                    self.matched[probe_row] = Match::Yes;
                }
                continue;
            }
            while row != END {
                if self.spec.answer == Side::Right && self.table.is_marked(row) {
                    row = self.table.seek(keys, probe_row, self.table.after(row));
                    continue;
                }
                pairs.push(probe_row as u32, row);
                if pairs.probe.len() == BATCH_ROWS {
                    if self.flush(pairs, emit)? == Flow::Enough {
                        return Ok(Flow::Enough);
                    }
                    if self.only_asks() && self.matched[probe_row] == Match::Yes {
                        break;
                    }
                }
                row = self.table.seek(keys, probe_row, self.table.after(row));
            }
        }
        self.flush(pairs, emit)
    }

    /// Looks, for rows without a partner, at the pairs that NULL in a key keeps open.
    fn unsure(
        &mut self,
        keys: &ProbeKeys,
        pairs: &mut Pairs,
        emit: &mut dyn FnMut(Batch) -> diag::Result<Flow>,
    ) -> diag::Result<()> {
        // With one key and nothing else such a pair is NULL, whatever the other side is.
        let certain = self.spec.keys.len() == 1 && self.spec.residual.is_none();
        for probe_row in 0..self.matched.len() {
            if self.matched[probe_row] == Match::Yes {
                continue;
            }
            let candidates = self.table.unsure(keys, probe_row);
            if certain {
                if !candidates.is_empty() {
                    self.matched[probe_row] = Match::Unknown;
                }
                continue;
            }
            for row in candidates.rows() {
                pairs.push(probe_row as u32, row);
                if pairs.probe.len() == BATCH_ROWS {
                    self.flush(pairs, emit)?;
                    if self.matched[probe_row] != Match::No {
                        break;
                    }
                }
            }
        }
        self.flush(pairs, emit).map(|_| ())
    }

    /// True of the kinds that only ask whether a probe row has a partner.
    fn only_asks(&self) -> bool {
        self.spec.answer == Side::Left
            && matches!(self.spec.kind, JoinKind::Semi | JoinKind::Anti | JoinKind::Mark(_))
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
        let truth = match self.condition {
            Some(condition) => Some(eval::eval(condition, &joined, &self.run.context.eval)?),
            None => None,
        };
        let truth = truth.as_ref().map(|truth| truth.as_boolean());
        self.note(&probe, &build, truth)?;
        if self.only_asks() || self.spec.answer == Side::Right {
            return Ok(Flow::More);
        }
        let joined = match truth {
            Some(truth) => joined.filter(&passed(truth)),
            None => joined,
        };
        if joined.rows() == 0 { Ok(Flow::More) } else { emit(joined) }
    }

    fn joined(&self, probe: &UInt32Array, build: &UInt32Array) -> Batch {
        let probed = self.batch.columns().iter().map(|column| rows_of(column, probe));
        let built = self.table.rows.columns().iter().map(|column| rows_of(column, build));
        let columns = match self.spec.answer {
            Side::Left => probed.chain(built).collect(),
            Side::Right => built.chain(probed).collect(),
        };
        Batch::new(columns, probe.len())
    }

    fn note(
        &mut self,
        probe: &UInt32Array,
        build: &UInt32Array,
        truth: Option<&BooleanArray>,
    ) -> diag::Result<()> {
        let passes = |at: usize| match truth {
            Some(truth) if truth.is_null(at) => Match::Unknown,
            Some(truth) if !truth.value(at) => Match::No,
            Some(_) | None => Match::Yes,
        };
        match self.spec.kind {
            JoinKind::Inner => return Ok(()),
            JoinKind::Left
            | JoinKind::Full
            | JoinKind::Semi
            | JoinKind::Anti
            | JoinKind::Mark(_) => {
                for (at, row) in probe.values().iter().enumerate() {
                    let known = &mut self.matched[*row as usize];
                    *known = passes(at).max(*known);
                }
            }
            JoinKind::Single { span } => {
                for (at, row) in probe.values().iter().enumerate() {
                    if passes(at) != Match::Yes {
                        continue;
                    }
                    if std::mem::replace(&mut self.matched[*row as usize], Match::Yes) == Match::Yes
                    {
                        return Err(several_rows(span));
                    }
                }
            }
            JoinKind::Right => {}
        }
        let keeps = matches!(self.spec.kind, JoinKind::Right | JoinKind::Full);
        if keeps || self.spec.answer == Side::Right {
            let rows = build.values().iter().enumerate();
            let met = rows.filter(|(at, _)| passes(*at) == Match::Yes).map(|(_, row)| *row);
            self.table.mark(met);
        }
        Ok(())
    }

    /// Emits what depends on whether rows have a partner.
    fn close(self, emit: &mut dyn FnMut(Batch) -> diag::Result<Flow>) -> diag::Result<Flow> {
        let met = || self.matched.iter().map(|known| *known == Match::Yes).collect::<Mask>();
        if self.spec.answer == Side::Right {
            return Ok(Flow::More);
        }
        let wanted = match self.spec.kind {
            JoinKind::Inner | JoinKind::Right => return Ok(Flow::More),
            JoinKind::Mark(_) => return self.marked(emit),
            JoinKind::Semi => met(),
            JoinKind::Left | JoinKind::Full | JoinKind::Anti | JoinKind::Single { .. } => !&met(),
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

    fn marked(self, emit: &mut dyn FnMut(Batch) -> diag::Result<Flow>) -> diag::Result<Flow> {
        let marks = self.matched.iter().map(|known| match known {
            Match::No => Some(false),
            Match::Unknown => None,
            Match::Yes => Some(true),
        });
        let mut columns = self.batch.columns().to_vec();
        columns.push(Arc::new(marks.collect::<BooleanArray>()));
        emit(Batch::new(columns, self.batch.rows()))
    }
}

fn several_rows(span: Span) -> Box<Diagnostic> {
    let message = "more than one row returned by a subquery used as an expression";
    let mistake = Diagnostic::at(Code::Cardinality, span, message);
    Box::new(mistake.primary("one row at most has a value"))
}

fn passed(truth: &BooleanArray) -> Mask {
    match truth.nulls() {
        Some(nulls) => truth.values() & nulls.inner(),
        None => truth.values().clone(),
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

/// Notes the build rows that have a key of the batch.
fn mark_partners(table: &JoinTable, keys: &ProbeKeys, heads: &[u32]) {
    for (probe_row, &head) in heads.iter().enumerate() {
        let mut row = table.seek(keys, probe_row, head);
        // All rows of a key are noted together: the first tells of the others.
        if row == END || table.is_marked(row) {
            continue;
        }
        while row != END {
            table.mark(std::iter::once(row));
            row = table.seek(keys, probe_row, table.after(row));
        }
    }
}

/// Returns build rows, the left side of an outer join NULL.
pub(crate) fn unmatched_batch(spec: &Probe, table: &JoinTable, rows: &[u32]) -> Batch {
    let mut columns = match spec.answer {
        Side::Left => null_columns(&spec.left, rows.len()),
        Side::Right => Vec::new(),
    };
    let rows = UInt32Array::from(rows.to_vec());
    columns.extend(table.rows.columns().iter().map(|column| rows_of(column, &rows)));
    Batch::new(columns, rows.len())
}
