//! TPC-H, interpreted and compiled: load by COPY, flush and compact, then alternate.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use serde_json::json;
use spectradb::{Database, Outcome, Session};
use spectradb_tests::tpch::{QUERIES, TABLES, TEN_OPERATIONS, write_files};

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Scale factor: 1 is six million line items
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Alternations
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Threads a query may use
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Keep the database here and use it again
    #[arg(long)]
    path: Option<PathBuf>,
}

/// CPU and wall time of one run.
#[derive(Clone, Copy)]
struct Figure {
    cpu: Duration,
    wall: Duration,
}

/// Loads the database if it is not there, runs every query, prints a line of JSON a query.
pub(crate) fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let temporary = tempfile::tempdir()?;
    let path = options.path.clone().unwrap_or_else(|| temporary.path().join("tpch"));
    let mut session = Database::open(&path)?.session();
    if session.sql("SELECT 1 FROM lineitem LIMIT 1").is_err() {
        load(&mut session, options.scale)?;
    }
    session.sql(&format!("SET threads = {}", options.threads))?;
    let queries = QUERIES.iter().map(|query| (format!("Q{}", query.number), query.sql));
    for (name, sql) in queries.chain([("ten operations".to_owned(), TEN_OPERATIONS)]) {
        let mut off = Vec::new();
        let mut force = Vec::new();
        for _ in 0..=options.rounds {
            off.push(time(&mut session, "off", sql)?);
            force.push(time(&mut session, "force", sql)?);
        }
        // The first round warms caches and compiles.
        let (off, force) = (median(&off[1..]), median(&force[1..]));
        println!(
            "{}",
            json!({
                "query": name,
                "off_cpu_ms": millis(off.cpu), "off_wall_ms": millis(off.wall),
                "force_cpu_ms": millis(force.cpu), "force_wall_ms": millis(force.wall),
                "speedup_cpu": off.cpu.as_secs_f64() / force.cpu.as_secs_f64(),
            })
        );
    }
    Ok(())
}

fn load(session: &mut Session, scale: f64) -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let files = write_files(folder.path(), scale)?;
    for ((table, ddl), (_, file)) in TABLES.iter().zip(files) {
        session.sql(ddl)?;
        let start = Instant::now();
        let copy = format!("COPY {table} FROM '{}' WITH (DELIMITER '|')", file.display());
        let rows = match session.sql(&copy)? {
            Outcome::Done(done) => done.rows_affected.unwrap_or(0),
            Outcome::Rows(_) => 0,
        };
        let seconds = start.elapsed().as_secs_f64();
        println!("{}", json!({"load": table, "rows": rows, "seconds": seconds}));
    }
    let start = Instant::now();
    session.sql("VACUUM")?;
    println!("{}", json!({"vacuum_seconds": start.elapsed().as_secs_f64()}));
    Ok(())
}

fn time(session: &mut Session, jit: &str, sql: &str) -> spectradb::Result<Figure> {
    session.sql(&format!("SET jit = {jit}"))?;
    let (cpu, wall) = (ProcessTime::now(), Instant::now());
    if let Outcome::Rows(mut rows) = session.sql(sql)? {
        while rows.next_row()?.is_some() {}
    }
    Ok(Figure { cpu: cpu.elapsed(), wall: wall.elapsed() })
}

fn median(figures: &[Figure]) -> Figure {
    let middle = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    Figure {
        cpu: middle(figures.iter().map(|figure| figure.cpu).collect()),
        wall: middle(figures.iter().map(|figure| figure.wall).collect()),
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
