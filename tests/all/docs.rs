//! Documentation is executed: every `sql` block of README and docs runs, every Rust block of README
//! is a doctest of the crate `spectradb`.
//!
//! A block is a script for one new database in memory. Blocks marked `sql,error` end with a
//! statement that fails; a line `-- error: 42703` before a statement names its SQLSTATE; a line
//! `-- → text` after one is its expected answer, a row a line, fields joined by `|`.

use std::path::{Path, PathBuf};

use crate::support::{memory, try_rows};

#[test]
fn every_block_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = vec![root.join("README.md")];
    collect(&root.join("docs"), &mut files);
    let mut blocks = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("it is there");
        for (line, block) in sql_blocks(&text) {
            run(&file, line, &block);
            blocks += 1;
        }
    }
    assert!(blocks > 0, "the documentation has examples");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, files);
        } else if entry.extension().is_some_and(|extension| extension == "md") {
            files.push(entry);
        }
    }
}

/// The text of every ```sql block and the line on which it starts.
fn sql_blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        match &mut open {
            None if line.trim() == "```sql" => open = Some((number + 1, String::new())),
            None => {}
            Some(_) if line.trim() == "```" => blocks.extend(open.take()),
            Some((_, block)) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    blocks
}

/// One statement of a block and what is said of it.
#[derive(Default)]
struct Example {
    sql: String,
    error: Option<String>,
    answer: Vec<String>,
}

fn examples(block: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut current = Example::default();
    for line in block.lines() {
        let trimmed = line.trim();
        if let Some(state) = trimmed.strip_prefix("-- error: ") {
            current.error = Some(state.to_owned());
        } else if let Some(row) = trimmed.strip_prefix("-- →") {
            let last: &mut Example = examples.last_mut().expect("an answer follows a statement");
            last.answer.push(row.trim().to_owned());
        } else if !trimmed.starts_with("--") {
            let code = line.split(" -- ").next().unwrap_or(line);
            current.sql.push_str(code);
            current.sql.push('\n');
            if code.trim_end().ends_with(';') {
                examples.push(std::mem::take(&mut current));
            }
        }
    }
    assert!(current.sql.trim().is_empty(), "a statement ends with a semicolon: {}", current.sql);
    examples
}

fn run(file: &Path, line: usize, block: &str) {
    let mut session = memory();
    for example in examples(block) {
        let sql = example.sql.trim().trim_end_matches(';');
        let place = format!("{}:{line}: {sql}", file.display());
        match (try_rows(&mut session, sql), &example.error) {
            (Ok(rows), None) => {
                if !example.answer.is_empty() {
                    assert_eq!(rows, example.answer, "{place}");
                }
            }
            (Err(error), Some(state)) => assert_eq!(error.sqlstate(), state, "{place}"),
            (Ok(_), Some(state)) => panic!("{place}: no error {state}"),
            (Err(error), None) => panic!("{place}: {error:?}"),
        }
    }
}
