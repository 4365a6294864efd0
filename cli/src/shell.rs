//! The terminal: line editing, history, completion, colours, cancelling with Ctrl-C.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config, Context, Editor, Helper, Hinter};
use spectradb::Value;
use spectradb::script::{self, TokenClass};

use crate::dot::{self, Next};
use crate::input::{Piece, Statements};
use crate::runner::{self, Runner};

const ROWS_SHOWN: usize = 60;

/// Runs the shell until the user leaves.
pub(crate) fn run(runner: &mut Runner, path: Option<&Path>) -> io::Result<()> {
    runner.rows_shown = Some(ROWS_SHOWN);
    banner(path);
    let config =
        Config::builder().auto_add_history(true).max_history_size(10_000).map_err(other)?;
    let mut editor: Editor<Sql, FileHistory> =
        Editor::with_config(config.build()).map_err(other)?;
    let history = history_file();
    if let Some(file) = &history {
        // A first run has no history yet.
        let _ = editor.load_history(file);
    }
    loop {
        let names = names(runner);
        editor.set_helper(Some(Sql { names }));
        match editor.readline("spectradb> ") {
            Ok(text) => {
                if matches!(run_text(runner, &text)?, Next::Quit) {
                    break;
                }
            }
            Err(ReadlineError::Interrupted) => println!("(.quit or Ctrl-D leaves)"),
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(other(error)),
        }
    }
    if let Some(file) = &history {
        editor.save_history(file).map_err(other)?;
    }
    Ok(())
}

fn run_text(runner: &mut Runner, text: &str) -> io::Result<Next> {
    let mut statements = Statements::new(text.as_bytes());
    while let Some(piece) = statements.next()? {
        if let Piece::Statement(text) = &piece
            && text.trim().is_empty()
        {
            continue;
        }
        if matches!(runner.run_piece(piece)?, Next::Quit) {
            return Ok(Next::Quit);
        }
    }
    Ok(Next::Statement)
}

fn banner(path: Option<&Path>) {
    println!(
        "SpectraDB {}: every write is a fact, every past state a query.",
        env!("CARGO_PKG_VERSION")
    );
    match path {
        Some(path) => println!("Database {}.", path.display()),
        None => println!("A database in memory: it ends with this shell (--path DIR keeps one)."),
    }
    println!("Statements end with ;   .help lists commands   .demo is a two-minute tour");
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(error)
}

/// `~/.spectradb_history`; none without a home.
fn history_file() -> Option<PathBuf> {
    std::env::var_os("HOME").map(|home| Path::new(&home).join(".spectradb_history"))
}

/// Names to complete: tables and views.
fn names(runner: &mut Runner) -> Vec<String> {
    let rows = runner::query(&mut runner.session, "SHOW TABLES").map(|(_, rows)| rows);
    let names =
        rows.unwrap_or_default().into_iter().filter_map(|row| match row.into_iter().next() {
            Some(Value::Text(name)) => Some(name.to_string()),
            _ => None,
        });
    names.collect()
}

/// What the editor asks of SQL text.
#[derive(Helper, Hinter)]
struct Sql {
    names: Vec<String>,
}

impl Validator for Sql {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        let whole = text.trim().is_empty()
            || text.trim_start().starts_with('.')
            || script::split(text).is_complete();
        Ok(if whole { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Completer for Sql {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..at];
        let start = before
            .rfind(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '.')
            .map_or(0, |border| border + before[border..].chars().next().map_or(1, char::len_utf8));
        let word = before[start..].to_lowercase();
        if word.is_empty() {
            return Ok((at, Vec::new()));
        }
        let commands = dot::COMMANDS.iter().map(|(name, _, _)| (*name).to_owned());
        let known = commands.chain(self.names.iter().cloned()).chain(keywords());
        let found = known.filter(|name| name.to_lowercase().starts_with(&word));
        let pairs = found.map(|name| Pair { display: name.clone(), replacement: name });
        Ok((start, pairs.collect()))
    }
}

fn keywords() -> impl Iterator<Item = String> {
    script::keywords().map(str::to_uppercase)
}

impl Highlighter for Sql {
    fn highlight<'l>(&self, line: &'l str, _at: usize) -> Cow<'l, str> {
        if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
            return Cow::Borrowed(line);
        }
        let mut drawn = String::with_capacity(line.len() + 64);
        let mut end = 0;
        for token in script::tokens(line) {
            let start = token.span.start as usize;
            drawn.push_str(&line[end..start]);
            let text = token.span.text(line);
            match color(token.class) {
                Some(color) => drawn.push_str(&format!("\x1b[{color}m{text}\x1b[0m")),
                None => drawn.push_str(text),
            }
            end = token.span.end as usize;
        }
        drawn.push_str(&line[end..]);
        Cow::Owned(drawn)
    }

    fn highlight_char(&self, _line: &str, _at: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}

fn color(class: TokenClass) -> Option<u8> {
    match class {
        TokenClass::Keyword => Some(34),
        TokenClass::String => Some(32),
        TokenClass::Number | TokenClass::Parameter => Some(36),
        TokenClass::Fault => Some(31),
        TokenClass::Name
        | TokenClass::QuotedName
        | TokenClass::Operator
        | TokenClass::Punctuation => None,
    }
}
