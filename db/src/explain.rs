//! EXPLAIN: the text of each stage, and what a run measured.

use std::sync::Arc;

use diag::{Diagnostic, Span};
use exec::{ExecutionProfile, Tier};
use ir::explain::{Fact, FactValue, Node};
use ir::{ExplainFormat, ExplainStage, Query, Statement};

use crate::rows::Rows;
use crate::session::Run;

const COLUMN: &str = "plan";

/// Explains a statement; `ANALYZE` runs it and keeps what it writes.
///
/// # Errors
/// A statement without a plan, or what running it meets.
pub(crate) fn explain(
    run: &mut Run<'_>,
    stage: ExplainStage,
    format: ExplainFormat,
    analyze: bool,
    statement: Statement,
    ast: &str,
) -> diag::Result<Rows> {
    if stage == ExplainStage::Ast {
        return Ok(Rows::lines(COLUMN, ast));
    }
    let Statement::Query(query) = statement else {
        let what = "EXPLAIN of a statement other than a query, INSERT, UPDATE or DELETE";
        return Err(Box::new(Diagnostic::not_built(Span::NONE, what)));
    };
    if analyze {
        return analyzed(run, query, format);
    }
    let text = match stage {
        ExplainStage::Ast => ast.to_owned(),
        ExplainStage::Logical => tree_text(ir::explain::logical_tree(&query), format),
        ExplainStage::Optimized => {
            tree_text(ir::explain::logical_tree(&run.optimized(query)), format)
        }
        ExplainStage::Physical => tree_text(ir::explain::physical_tree(&run.plan(query)?), format),
        ExplainStage::Pipelines => exec::stage(&run.plan(query)?).to_string(),
        ExplainStage::Clif => exec::stage(&run.plan(query)?).clif(),
        ExplainStage::Asm => exec::stage(&run.plan(query)?).asm(),
    };
    Ok(Rows::lines(COLUMN, &text))
}

fn tree_text(tree: ir::explain::Node, format: ExplainFormat) -> String {
    match format {
        ExplainFormat::Text => tree.text(),
        ExplainFormat::Json => tree.json(),
    }
}

/// Runs the plan to its end and prints it with what was measured.
fn analyzed(run: &mut Run<'_>, query: Query, format: ExplainFormat) -> diag::Result<Rows> {
    let writes = query.root.written_table().is_some();
    if writes {
        run.refuse_read_only()?;
    }
    let plan = run.plan(query)?;
    let pipelines = Arc::new(exec::stage(&plan));
    let mut context = run.exec_context(None);
    context.measure = true;
    let profile = if writes {
        run.open.note("EXPLAIN ANALYZE");
        exec::write(&pipelines, context, &mut run.open.store)?.profile
    } else {
        let mut rows = exec::run(&pipelines, context)?;
        rows.by_ref().try_for_each(|batch| batch.map(drop))?;
        rows.profile()
    };
    let mut tree = ir::explain::physical_tree(&plan);
    attach(&mut tree, &profile);
    let text = match format {
        ExplainFormat::Text => format!("{}{}", tree.text(), summary(&profile)),
        ExplainFormat::Json => tree.json(),
    };
    Ok(Rows::lines(COLUMN, &text))
}

/// Writes what each operator did beside what was expected of it.
fn attach(tree: &mut Node, profile: &ExecutionProfile) {
    tree.number(&mut |number, node| {
        let Some(measured) = profile.operators.get(number) else { return };
        node.measured("rows", FactValue::Count(measured.rows));
        node.measured("ms", FactValue::Number(measured.busy_ns as f64 / 1e6));
        if measured.bytes > 0 {
            node.measured("bytes", FactValue::Count(measured.bytes));
        }
        if measured.blocks_total > 0 {
            node.measured("blocks", FactValue::Count(measured.blocks_total));
            node.measured("skipped", FactValue::Count(measured.blocks_skipped));
        }
        if let Some(tier) = &measured.tier {
            node.facts.push(tier_fact(tier));
        }
    });
}

/// How an operator's expressions were computed, and from which row on.
fn tier_fact(tier: &Tier) -> Fact {
    match tier {
        Tier::Interpreted { why } => {
            Fact { name: "interpreted", value: FactValue::Text(why.clone()) }
        }
        Tier::Compiled { expressions, rows, rows_before, compile_us, code_bytes } => {
            let s = if *expressions == 1 { "" } else { "s" };
            let before = match rows_before {
                0 => String::new(),
                rows_before => format!(" after {rows_before} interpreted"),
            };
            let text = format!(
                "{expressions} expression{s} in {compile_us} µs, {code_bytes} bytes of code; \
                 {rows} rows{before}"
            );
            Fact { name: "compiled", value: FactValue::Text(text) }
        }
    }
}

/// A line a pipeline, then the memory.
fn summary(profile: &ExecutionProfile) -> String {
    let mut text = String::new();
    for (number, pipeline) in profile.pipelines.iter().enumerate() {
        let (threads, s) = (pipeline.threads, if pipeline.threads == 1 { "" } else { "s" });
        text.push_str(&format!("P{number}: {threads} thread{s}\n"));
    }
    text.push_str(&format!("memory: {} bytes at most\n", profile.memory_peak_bytes));
    text
}
