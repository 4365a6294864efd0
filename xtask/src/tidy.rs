//! `cargo xtask tidy`: fails on a broken law, reports sizes that deserve a look.

use std::fs;
use std::path::{Path, PathBuf};

use crate::layers;

/// A source file longer than this is listed.
const LONG_FILE_LINES: usize = 700;

/// Checks the crate graph and prints the report.
pub(crate) fn run() -> Result<(), String> {
    let broken = layers::violations()?;
    report_files()?;
    report_generated_parser()?;
    if broken.is_empty() {
        println!("crate graph: as the law says");
        return Ok(());
    }
    Err(format!("the crate graph breaks the law:\n  {}", broken.join("\n  ")))
}

fn report_files() -> Result<(), String> {
    let mut files = Vec::new();
    collect(Path::new("."), &mut files)?;
    let mut lengths = Vec::new();
    for file in files {
        let text = read(&file)?;
        lengths.push((text.lines().count(), file));
    }
    lengths.sort_unstable();
    let all: usize = lengths.iter().map(|(lines, _)| lines).sum();
    let median = lengths.get(lengths.len() / 2).map_or(0, |(lines, _)| *lines);
    println!("source: {} files, {all} lines, median {median}", lengths.len());
    for (lines, file) in lengths.iter().rev().take_while(|(lines, _)| *lines > LONG_FILE_LINES) {
        println!("  long: {} has {lines} lines", file.display());
    }
    Ok(())
}

/// The generated parser is the dearest thing to build: its size is watched.
fn report_generated_parser() -> Result<(), String> {
    let mut found = Vec::new();
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let build = target.join("debug/build");
    for entry in entries(&build).unwrap_or_default() {
        let is_grammar = entry
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("spectradb-grammar-"));
        let parser = entry.join("out/grammar.rs");
        if let (true, Ok(text)) = (is_grammar, fs::read_to_string(parser)) {
            found.push((text.len(), text.lines().count()));
        }
    }
    if let Some((bytes, lines)) = found.iter().max() {
        println!("generated parser: {:.1} MB, {lines} lines", *bytes as f64 / 1e6);
    }
    report_parser_time(&target)
}

/// The grammar's build script leaves the seconds that its last generation took.
fn report_parser_time(target: &Path) -> Result<(), String> {
    let mut newest = None;
    for entry in entries(&target.join("debug/build")).unwrap_or_default() {
        let note = entry.join("out/generate_seconds");
        if let Ok(modified) = fs::metadata(&note).and_then(|data| data.modified()) {
            newest = newest.max(Some((modified, note)));
        }
    }
    if let Some((_, note)) = newest {
        println!("generated in: {} s", read(&note)?.trim());
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    for entry in entries(folder)? {
        let name = entry.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if entry.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&entry, files)?;
            }
        } else if name.ends_with(".rs") || name.ends_with(".lalrpop") {
            files.push(entry);
        }
    }
    Ok(())
}

pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let listing = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}
