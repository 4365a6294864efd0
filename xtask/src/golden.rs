//! `cargo xtask golden --from pg`: fills the expected rows of the sqllogictests from PostgreSQL.
//!
//! Every query of a file is run through `psql` (connection by `PGHOST`, `PGPORT`, `PGUSER`), in a
//! schema of its own that is rolled back, and its rows replace those in the file. A file that begins
//! with `# hand-worked` says things that PostgreSQL cannot; it is left alone.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FOLDER: &str = "tests/slt";
const HAND_WORKED: &str = "# hand-worked";
const MARK: &str = "-- golden record";

/// Rewrites every file below `tests/slt`, or those named.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let [source, peer, names @ ..] = arguments else {
        return Err("cargo xtask golden --from pg [FILE…]".to_owned());
    };
    if (source.as_str(), peer.as_str()) != ("--from", "pg") {
        return Err("cargo xtask golden --from pg [FILE…]".to_owned());
    }
    let mut files: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
    if files.is_empty() {
        collect(Path::new(FOLDER), &mut files)?;
    }
    for file in files {
        rewrite(&file)?;
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    for entry in crate::tidy::entries(folder)? {
        if entry.is_dir() {
            collect(&entry, files)?;
        } else if entry.extension().is_some_and(|extension| extension == "slt") {
            files.push(entry);
        }
    }
    Ok(())
}

/// A piece of a file between empty lines.
struct Record {
    /// The line `statement …` or `query …`; comments and other directives have none.
    head: Option<String>,
    /// The lines of the statement, or of whatever it is.
    body: Vec<String>,
}

fn rewrite(file: &Path) -> Result<(), String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    if text.starts_with(HAND_WORKED) {
        return Ok(());
    }
    let records: Vec<Record> = text.split("\n\n").map(record).collect();
    let answers = ask(&records)?;
    let mut out = String::new();
    for (number, record) in records.iter().enumerate() {
        write_record(&mut out, record, answers.get(number).map_or(&[][..], Vec::as_slice), file)?;
    }
    fs::write(file, format!("{}\n", out.trim_end()))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    println!("{}: {} records", file.display(), records.len());
    Ok(())
}

fn record(text: &str) -> Record {
    let mut lines = text.trim_matches('\n').lines().map(str::to_owned).peekable();
    let is_head = |line: &String| line.starts_with("statement") || line.starts_with("query");
    let mut comments = Vec::new();
    while let Some(comment) = lines.next_if(|line| line.starts_with('#')) {
        comments.push(comment);
    }
    let head = lines.next_if(is_head);
    match head {
        Some(head) => {
            let head = comments.into_iter().chain([head]).collect::<Vec<_>>().join("\n");
            let sql = lines.take_while(|line| line != "----");
            Record { head: Some(head), body: sql.collect() }
        }
        None => Record { head: None, body: comments.into_iter().chain(lines).collect() },
    }
}

/// Runs all records in one psql; returns each one's lines of output.
fn ask(records: &[Record]) -> Result<Vec<Vec<String>>, String> {
    let mut script = String::from(
        "\\set VERBOSITY sqlstate\n\\set ON_ERROR_ROLLBACK on\n\\pset null NULL\n\
         SET client_min_messages = error;\nSET timezone = 'UTC';\nBEGIN;\nCREATE SCHEMA golden;\n\
         SET search_path = golden;\n",
    );
    for (number, record) in records.iter().enumerate() {
        script.push_str(&format!("\\echo {MARK} {number}\n"));
        if record.head.is_some() {
            script.push_str(&format!("{};\n", record.body.join("\n").trim_end_matches(';')));
        }
    }
    script.push_str(&format!("\\echo {MARK} end\nROLLBACK;\n"));
    let output = psql(&script)?;
    let mut answers = Vec::new();
    for line in output.lines() {
        if line.starts_with(MARK) {
            answers.push(Vec::new());
        } else if let Some(answer) = answers.last_mut() {
            answer.push(line.to_owned());
        }
    }
    Ok(answers)
}

fn psql(script: &str) -> Result<String, String> {
    let mut child = Command::new("sh")
        .args(["-c", "stdbuf -oL psql -X -q -A -t -F '\t' -d \"${PGDATABASE:-postgres}\" 2>&1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("psql: {error}"))?;
    let mut stdin = child.stdin.take().ok_or("psql has no input")?;
    let script = script.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(script.as_bytes()));
    let output = child.wait_with_output().map_err(|error| format!("psql: {error}"))?;
    writer.join().map_err(|_| "psql: the writer failed")?.map_err(|error| error.to_string())?;
    let text = String::from_utf8(output.stdout).map_err(|error| format!("psql: {error}"))?;
    // Failing statements leave the status alone: only a failing connection shows in it.
    if output.status.success() { Ok(text) } else { Err(format!("psql: {text}")) }
}

fn write_record(
    out: &mut String,
    record: &Record,
    answer: &[String],
    file: &Path,
) -> Result<(), String> {
    let Some(head) = &record.head else {
        out.push_str(&format!("{}\n\n", record.body.join("\n")));
        return Ok(());
    };
    let sql = record.body.join("\n");
    let error = answer.iter().find_map(|line| line.split("ERROR:  ").nth(1));
    let directive = head.lines().last().unwrap_or_default();
    let wants_error = directive.starts_with("statement error");
    match error {
        Some(state) if wants_error => {
            let comments = head.trim_end_matches(directive);
            out.push_str(&format!("{comments}statement error ({})\n{sql}\n\n", state.trim()));
        }
        Some(state) => return Err(format!("{}: {sql}\nfails with {state}", file.display())),
        None if wants_error => return Err(format!("{}: {sql}\nis no error", file.display())),
        None if directive.starts_with("query") => {
            let rows: String = answer.iter().map(|row| format!("{}\n", cells(row))).collect();
            out.push_str(&format!("{head}\n{sql}\n----\n{rows}\n"));
        }
        None => out.push_str(&format!("{head}\n{sql}\n\n")),
    }
    Ok(())
}

/// Fields apart by one space, empty text as `(empty)`: the convention of `tests/all/slt.rs`.
fn cells(row: &str) -> String {
    let cell = |text: &str| if text.is_empty() { "(empty)".to_owned() } else { text.to_owned() };
    row.split('\t').map(cell).collect::<Vec<_>>().join(" ")
}
