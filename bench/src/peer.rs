//! A rival in a process of its own, asked over a pipe.
//!
//! The rival's wheel is installed into `bench/target/peers` on first use, so that a bench needs
//! nothing but a Python and a package registry.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::figure::Figure;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// DuckDB, reading statements from a pipe.
pub(crate) struct Duckdb {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Duckdb {
    /// Starts it on the database file at `path`.
    pub(crate) fn start(path: &Path, threads: usize) -> Result<Duckdb> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/duckdb_peer.py");
        let mut child = Command::new(python("duckdb")?)
            .arg(script)
            .arg(path)
            .arg(threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().ok_or("the peer has no input")?;
        let output = BufReader::new(child.stdout.take().ok_or("the peer has no output")?);
        Ok(Duckdb { child, input, output })
    }

    /// Runs a statement: what it cost, and its rows.
    pub(crate) fn run(&mut self, sql: &str) -> Result<(Figure, Vec<Vec<Value>>)> {
        writeln!(self.input, "{}", json!({ "sql": sql }))?;
        self.input.flush()?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let mut answer: Value = serde_json::from_str(&line)?;
        if let Some(error) = answer.get("error") {
            return Err(format!("DuckDB: {error}").into());
        }
        let millis = |name: &str| answer[name].as_f64().ok_or("the peer reports its times");
        let figure = Figure::of_millis(millis("cpu_ms")?, millis("wall_ms")?);
        Ok((figure, serde_json::from_value(answer["rows"].take())?))
    }
}

impl Drop for Duckdb {
    fn drop(&mut self) {
        // It holds nothing that is needed again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a Python that has `package`, made once.
fn python(package: &str) -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers");
    let python = folder.join("bin/python");
    if !python.exists() {
        step(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    let has = Command::new(&python).args(["-c", &format!("import {package}")]).output()?;
    if !has.status.success() {
        step(Command::new(&python).args(["-m", "pip", "install", "--quiet", package]))?;
    }
    Ok(python)
}

fn step(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}
