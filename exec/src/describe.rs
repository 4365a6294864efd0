//! EXPLAIN (PIPELINES): one line a feed, sources first, with what each pipeline leaves for others.
//!
//! `P1: Scan → Filter → Probe P0 → Result`. Feeds of one pipeline run one after the other and share
//! its number; operators are numbered as in the physical plan, parents before their inputs.

use std::fmt;

use ir::JoinKind;

use crate::pipeline::{Feed, Pipeline, Pipelines, Sink, Source, Stage, StageKind};

impl fmt::Display for Pipelines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, pipeline) in self.list.iter().enumerate() {
            for feed in &pipeline.feeds {
                write!(f, "P{number}: ")?;
                feed_line(f, feed)?;
                writeln!(f, " → {}", sink_text(pipeline))?;
            }
        }
        match &self.write {
            Some(write) => writeln!(f, "then: write {}", write.table.name),
            None => Ok(()),
        }
    }
}

fn feed_line(f: &mut fmt::Formatter<'_>, feed: &Feed) -> fmt::Result {
    match &feed.source {
        Source::Scan(scan) => write!(f, "Scan {} as {}", scan.table.name, scan.alias)?,
        Source::Commits => f.write_str("Scan system.commits")?,
        Source::Values(rows, _) => write!(f, "Values ({} rows)", rows.len())?,
        Source::Series(_) => f.write_str("GenerateSeries")?,
        Source::External => f.write_str("External")?,
        Source::Made(id) => write!(f, "Rows of P{}", id.0)?,
        Source::Unmatched(probe) => write!(f, "Unmatched rows of P{}", probe.build.0)?,
    }
    if feed.ordered {
        f.write_str(" (in order)")?;
    }
    feed.stages.iter().try_for_each(|stage| write!(f, " → {}", stage_text(stage)))
}

fn stage_text(stage: &Stage) -> String {
    let number = stage.operator.0;
    match &stage.kind {
        StageKind::Filter(_) => format!("Filter #{number}"),
        StageKind::Project(_) => format!("Project #{number}"),
        StageKind::Probe(probe) if probe.keys.is_empty() => {
            format!("Loop #{number} over P{} ({:?})", probe.build.0, probe.kind)
        }
        StageKind::Probe(probe) => {
            format!("Probe #{number} of P{} ({})", probe.build.0, kind(probe.kind))
        }
        StageKind::Limit { .. } => format!("Limit #{number}"),
    }
}

fn sink_text(pipeline: &Pipeline) -> String {
    let number = pipeline.operator.0;
    match &pipeline.sink {
        Sink::Result => "Result".to_owned(),
        Sink::Build { .. } => format!("Build #{number}"),
        Sink::Aggregate(_) => format!("Aggregate #{number}"),
        Sink::Sort(_) => format!("Sort #{number}"),
        Sink::Top { .. } => format!("TopN #{number}"),
        Sink::Window(_) => format!("Window #{number}"),
    }
}

fn kind(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Inner => "Inner",
        JoinKind::Left => "Left",
        JoinKind::Right => "Right",
        JoinKind::Full => "Full",
        JoinKind::Semi => "Semi",
        JoinKind::Anti => "Anti",
        JoinKind::Mark(_) => "Mark",
        JoinKind::Single { .. } => "Single",
    }
}
