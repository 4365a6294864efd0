//! Runs the binary and reads what it prints.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs the binary with these arguments and this standard input.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Output {
    run_in(Path::new("."), arguments, input)
}

/// Runs the binary in a folder.
pub(crate) fn run_in(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_spectradb"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_vec();
    // Written from a thread of its own: a large answer must not wait for a large question.
    let writer = std::thread::spawn(move || {
        // A process that ended early (`--bail`) does not read on.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("the binary ends");
    writer.join().expect("the writer ends");
    output
}

/// Runs statements over the machine protocol in memory; one object an answer.
pub(crate) fn jsonl(input: &str) -> Vec<Value> {
    let output = run(&["--format", "jsonl"], input.as_bytes());
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is an object")).collect()
}

/// Returns the rows of an answer as compact JSON text; an error as its SQLSTATE.
pub(crate) fn rows(answer: &Value) -> String {
    match answer.get("error") {
        Some(error) => error["sqlstate"].as_str().unwrap_or_default().to_owned(),
        None => answer["rows"].to_string(),
    }
}
