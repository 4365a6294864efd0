//! TPC-H beside DuckDB: load by COPY, flush and compact, then alternate `jit = off | force | auto`
//! and the rival, a round after the other, and compare the rows.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use spectradb::{Database, Outcome, Session, Value};
use spectradb_tests::tpch::{QUERIES, TABLES, TEN_OPERATIONS, write_files};

use crate::figure::Figure;
use crate::peer::Duckdb;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Scale factor: 1 is six million line items
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Alternations that count; one more comes first, to warm caches
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Threads a query may use
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Only these queries: Q1, "ten operations"
    #[arg(long)]
    query: Vec<String>,
    /// Only these settings of `jit`
    #[arg(long, value_delimiter = ',', default_value = "off,force,auto")]
    jit: Vec<String>,
    /// Keep the databases in this folder and use them again
    #[arg(long)]
    path: Option<PathBuf>,
    /// Leave DuckDB out
    #[arg(long)]
    alone: bool,
    /// Write a table in Markdown here
    #[arg(long)]
    report: Option<PathBuf>,
}

/// One query's medians.
struct Line {
    name: String,
    /// A figure a setting of `jit`.
    ours: Vec<Figure>,
    duckdb: Option<Figure>,
}

/// Loads what is not there, runs every query, prints a line of JSON a query.
pub(crate) fn run(options: &Options) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = options.path.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let (mut session, mut duckdb) = open(options, &folder)?;
    session.sql(&format!("SET threads = {}", options.threads))?;
    let queries = QUERIES.iter().map(|query| (format!("Q{}", query.number), query.sql));
    let mut lines = Vec::new();
    for (name, sql) in queries.chain([("ten operations".to_owned(), TEN_OPERATIONS)]) {
        let wanted = |query: &String| query.eq_ignore_ascii_case(&name);
        if options.query.is_empty() || options.query.iter().any(wanted) {
            let line = alternate(options, &mut session, duckdb.as_mut(), name, sql)?;
            println!("{}", line.json(&options.jit));
            lines.push(line);
        }
    }
    if let Some(path) = &options.report {
        let rival = duckdb.as_mut().map(version).transpose()?;
        std::fs::write(path, markdown(&lines, options, rival.as_deref())?)?;
    }
    Ok(())
}

fn alternate(
    options: &Options,
    session: &mut Session,
    mut duckdb: Option<&mut Duckdb>,
    name: String,
    sql: &str,
) -> Result<Line> {
    let mut ours = vec![Vec::new(); options.jit.len()];
    let mut theirs = Vec::new();
    for round in 0..=options.rounds {
        let mut rows = Vec::new();
        for (jit, figures) in options.jit.iter().zip(&mut ours) {
            session.sql(&format!("SET jit = {jit}"))?;
            let (figure, outcome) = Figure::of(|| read(session, sql));
            figures.push(figure);
            rows = outcome?;
        }
        if let Some(duckdb) = duckdb.as_mut() {
            let (figure, expected) = duckdb.run(sql)?;
            theirs.push(figure);
            if round == 0 {
                compare(&name, &rows, &expected)?;
            }
        }
    }
    let median = |figures: &Vec<Figure>| Figure::median(&figures[1..]);
    let duckdb = (!theirs.is_empty()).then(|| median(&theirs));
    Ok(Line { name, ours: ours.iter().map(median).collect(), duckdb })
}

fn read(session: &mut Session, sql: &str) -> spectradb::Result<Vec<Vec<Value>>> {
    let mut all = Vec::new();
    if let Outcome::Rows(mut rows) = session.sql(sql)? {
        while let Some(row) = rows.next_row()? {
            all.push(row.into_values());
        }
    }
    Ok(all)
}

/// Sums of doubles differ in their last digits, and DuckDB's avg of a decimal is a double.
fn compare(name: &str, ours: &[Vec<Value>], theirs: &[Vec<Json>]) -> Result<()> {
    if ours.len() != theirs.len() {
        return Err(format!("{name}: {} rows, DuckDB has {}", ours.len(), theirs.len()).into());
    }
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        for (ours, theirs) in ours.iter().zip(theirs) {
            if !same(ours, theirs) {
                return Err(format!("{name}: row {at} has {ours}, DuckDB's {theirs}").into());
            }
        }
    }
    Ok(())
}

fn same(ours: &Value, theirs: &Json) -> bool {
    let text = match theirs {
        Json::Null => return ours.is_null(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let ours = ours.to_string();
    match (ours.parse::<f64>(), text.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-9),
        _ => ours == text,
    }
}

/// Opens both databases, loaded.
fn open(options: &Options, folder: &Path) -> Result<(Session, Option<Duckdb>)> {
    let mut session = Database::open(folder.join("db"))?.session();
    let duckdb = folder.join("duckdb.db");
    let files = tempfile::tempdir()?;
    let (ours, theirs) = (session.sql("SELECT 1 FROM lineitem LIMIT 1"), duckdb.exists());
    let wanted = ours.is_err() || (!options.alone && !theirs);
    let tables = if wanted { write_files(files.path(), options.scale)? } else { Vec::new() };
    if ours.is_err() {
        load(&mut session, &tables)?;
    }
    if options.alone {
        return Ok((session, None));
    }
    let mut peer = Duckdb::start(&duckdb, options.threads)?;
    if !theirs {
        load_duckdb(&mut peer, &tables)?;
    }
    Ok((session, Some(peer)))
}

fn load(session: &mut Session, files: &[(&'static str, PathBuf)]) -> Result<()> {
    for ((table, ddl), (_, file)) in TABLES.iter().zip(files) {
        session.sql(ddl)?;
        let copy = format!("COPY {table} FROM '{}' WITH (DELIMITER '|')", file.display());
        let (figure, outcome) = Figure::of(|| session.sql(&copy));
        let rows = match outcome? {
            Outcome::Done(done) => done.rows_affected.unwrap_or(0),
            Outcome::Rows(_) => 0,
        };
        println!("{}", loaded("spectradb", table, Some(rows), figure));
    }
    let (figure, outcome) = Figure::of(|| session.sql("VACUUM"));
    outcome?;
    println!("{}", loaded("spectradb", "VACUUM", None, figure));
    Ok(())
}

fn load_duckdb(peer: &mut Duckdb, files: &[(&'static str, PathBuf)]) -> Result<()> {
    for ((table, ddl), (_, file)) in TABLES.iter().zip(files) {
        peer.run(ddl)?;
        let copy = format!("COPY {table} FROM '{}' (DELIMITER '|', HEADER false)", file.display());
        println!("{}", loaded("duckdb", table, None, peer.run(&copy)?.0));
    }
    println!("{}", loaded("duckdb", "CHECKPOINT", None, peer.run("CHECKPOINT")?.0));
    Ok(())
}

fn loaded(engine: &str, step: &str, rows: Option<u64>, figure: Figure) -> Json {
    json!({
        "engine": engine, "load": step, "rows": rows,
        "cpu_ms": figure.cpu_ms(), "wall_ms": figure.wall_ms(),
    })
}

impl Line {
    fn json(&self, settings: &[String]) -> Json {
        let mut line = json!({ "query": self.name });
        for (jit, figure) in settings.iter().zip(&self.ours) {
            line[format!("{jit}_cpu_ms")] = json!(figure.cpu_ms());
            line[format!("{jit}_wall_ms")] = json!(figure.wall_ms());
        }
        if let Some(duckdb) = self.duckdb {
            line["duckdb_cpu_ms"] = json!(duckdb.cpu_ms());
            line["duckdb_wall_ms"] = json!(duckdb.wall_ms());
        }
        line
    }
}

fn version(peer: &mut Duckdb) -> Result<String> {
    let (_, rows) = peer.run("SELECT version()")?;
    Ok(rows[0][0].as_str().unwrap_or("?").trim_start_matches('v').to_owned())
}

/// Returns the processor's name, where the system tells it.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    line.and_then(|line| line.split_once(':')).map_or("?", |(_, name)| name.trim()).to_owned()
}

/// What was run where, then CPU milliseconds, and our last column over DuckDB's.
fn markdown(
    lines: &[Line],
    options: &Options,
    rival: Option<&str>,
) -> std::result::Result<String, std::fmt::Error> {
    let mut out = String::from("# Performance\n\n");
    writeln!(
        out,
        "Written by `cargo xtask bench tpch --scale {} --rounds {} --threads {} --report \
         docs/performance.md`.\nTimes depend on the machine and its other work; what counts are the \
         ratios of one run.\n",
        options.scale, options.rounds, options.threads
    )?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    writeln!(
        out,
        "Method: TPC-H at scale {}, loaded by `COPY` into tables with their primary keys, then \
         `VACUUM`;\n{} rounds that alternate between the columns, after one that warms caches; \
         medians of the CPU time of the whole\nprocess in milliseconds, {} thread(s) a query. DuckDB {} \
         is a process of its own with the same tables in its own file,\nand its rows are compared with \
         ours. Machine: {}, {cores} cores.\n",
        options.scale,
        options.rounds,
        options.threads,
        rival.unwrap_or("(left out)"),
        processor(),
    )?;
    out.push_str("| query |");
    for jit in &options.jit {
        write!(out, " jit = {jit} |")?;
    }
    out.push_str(" DuckDB | ratio |\n| --- |");
    out.push_str(&" ---: |".repeat(options.jit.len() + 2));
    out.push('\n');
    for line in lines {
        write!(out, "| {} |", line.name)?;
        for figure in &line.ours {
            write!(out, " {:.1} |", figure.cpu_ms())?;
        }
        match (line.duckdb, line.ours.last()) {
            (Some(theirs), Some(ours)) => {
                let ratio = ours.cpu_ms() / theirs.cpu_ms();
                writeln!(out, " {:.1} | {ratio:.2} |", theirs.cpu_ms())?;
            }
            _ => out.push_str(" | |\n"),
        }
    }
    let ours: f64 = lines.iter().filter_map(|line| line.ours.last()).map(|own| own.cpu_ms()).sum();
    let theirs: f64 = lines.iter().filter_map(|line| line.duckdb).map(Figure::cpu_ms).sum();
    if theirs > 0.0 {
        writeln!(
            out,
            "\nThe sum of our last column is {ours:.0} ms, DuckDB's {theirs:.0}: {:.2}×.",
            ours / theirs
        )?;
    }
    Ok(out)
}
