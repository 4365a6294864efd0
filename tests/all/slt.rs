//! The sqllogictest files, run as a matrix: interpreter | compiled × 1 | 4 shards × optimizer on |
//! off × memtable | flushed and compacted. All sixteen must give the rows in the file.

use std::path::{Path, PathBuf};

use spectradb::{Database, DatabaseOptions, Error, Outcome, Session, Value};
use sqllogictest::{DB, DBOutput, DefaultColumnType, Runner};

/// One corner of the matrix.
#[derive(Clone, Copy, Debug)]
struct Corner {
    compiled: bool,
    shards: usize,
    optimizer: bool,
    flushed: bool,
}

fn corners() -> Vec<Corner> {
    let mut corners = Vec::new();
    for bits in 0..16_u8 {
        corners.push(Corner {
            compiled: bits & 1 != 0,
            shards: if bits & 2 != 0 { 4 } else { 1 },
            optimizer: bits & 4 == 0,
            flushed: bits & 8 != 0,
        });
    }
    corners
}

struct Engine {
    session: Session,
    corner: Corner,
    written: bool,
}

impl Engine {
    fn new(corner: Corner) -> Result<Engine, Error> {
        let options = DatabaseOptions { shards: corner.shards, ..DatabaseOptions::default() };
        let mut session = Database::in_memory_with(options)?.session();
        let switches = [
            format!("SET jit = {}", if corner.compiled { "force" } else { "off" }),
            format!("SET optimizer = {}", if corner.optimizer { "on" } else { "off" }),
            format!("SET threads = {}", corner.shards),
        ];
        for switch in switches {
            session.sql(&switch)?;
        }
        Ok(Engine { session, corner, written: false })
    }
}

impl DB for Engine {
    type Error = Error;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Error> {
        // Every read after a write finds the rows in segments.
        if self.corner.flushed && self.written && !self.session.in_transaction() {
            self.session.sql("VACUUM")?;
            self.written = false;
        }
        match self.session.sql(sql)? {
            Outcome::Done(done) => {
                self.written = true;
                Ok(DBOutput::StatementComplete(done.rows_affected.unwrap_or(0)))
            }
            Outcome::Rows(mut rows) => {
                let types = vec![DefaultColumnType::Any; rows.columns().len()];
                let mut found = Vec::new();
                while let Some(row) = rows.next_row()? {
                    found.push(row.values().iter().map(field).collect());
                }
                Ok(DBOutput::Rows { types, rows: found })
            }
        }
    }

    fn engine_name(&self) -> &str {
        "spectradb"
    }

    fn error_sql_state(error: &Error) -> Option<String> {
        Some(error.sqlstate().to_owned())
    }
}

/// The convention of the files: NULL, `(empty)`, booleans as `t` and `f`, line breaks as `\n`.
fn field(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(true) => "t".to_owned(),
        Value::Boolean(false) => "f".to_owned(),
        Value::Text(text) if text.is_empty() => "(empty)".to_owned(),
        value => value.to_string().replace('\n', "\\n"),
    }
}

#[test]
fn every_file_in_every_corner() {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("slt"), &mut files);
    if let Ok(name) = std::env::var("SPECTRADB_SLT") {
        files.retain(|file| file.to_string_lossy().contains(&name));
    }
    assert!(!files.is_empty(), "there are files");
    let mut failures = Vec::new();
    for file in &files {
        for corner in corners() {
            let mut runner = Runner::new(|| async move { Engine::new(corner) });
            if let Err(error) = runner.run_file(file) {
                failures.push(format!("{corner:?}\n{}", error.display(false)));
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, files);
        } else if entry.extension().is_some_and(|extension| extension == "slt") {
            files.push(entry);
        }
    }
}
