//! Dot commands: what the shell does beside SQL.

use std::io::{self, Write};

use spectradb::Value;

use crate::demo;
use crate::format::Format;
use crate::runner::{self, Runner};

/// What happens after a piece of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next piece.
    Statement,
    /// The end.
    Quit,
}

/// Names with their arguments and meaning, in the order of `.help`.
pub(crate) const COMMANDS: &[(&str, &str, &str)] = &[
    (".demo", "", "a two-minute tour of history and AS OF"),
    (".help", "", "this list"),
    (".mode", "FORMAT", "table, line, csv, json, jsonl or markdown"),
    (".quit", "", "leave; .exit and Ctrl-D do the same"),
    (".schema", "[NAME]", "the statements that make tables and views"),
    (".tables", "", "names of tables and views"),
    (".timer", "on|off", "print how long statements take"),
];

/// Runs a dot command.
pub(crate) fn run(runner: &mut Runner, line: &str) -> io::Result<Next> {
    let mut words = line.split_whitespace();
    let command = words.next().unwrap_or_default();
    let argument = words.next();
    match command {
        ".quit" | ".exit" => return Ok(Next::Quit),
        ".help" => help()?,
        ".mode" => mode(runner, argument)?,
        ".timer" => timer(runner, argument)?,
        ".tables" => list(runner, "SHOW TABLES", None)?,
        ".schema" => list(runner, "SHOW SCHEMA", argument)?,
        ".demo" => tour(runner)?,
        _ => unknown(command)?,
    }
    Ok(Next::Statement)
}

fn help() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (command, arguments, meaning) in COMMANDS {
        writeln!(out, "{:<18}{meaning}", format!("{command} {arguments}"))?;
    }
    writeln!(out, "Statements end with ; and may span lines.")
}

fn unknown(command: &str) -> io::Result<()> {
    let names = COMMANDS.iter().map(|(name, _, _)| *name);
    let help = diag::did_you_mean(command, names);
    let help = help.unwrap_or_else(|| ".help lists the commands".to_owned());
    writeln!(io::stderr(), "unknown command {command}: {help}")
}

fn mode(runner: &mut Runner, argument: Option<&str>) -> io::Result<()> {
    let wanted = Format::NAMES.into_iter().find(|(name, _)| Some(*name) == argument);
    match wanted {
        Some((_, format)) => runner.format = format,
        None => {
            let names = Format::NAMES.map(|(name, _)| name).join(", ");
            writeln!(io::stderr(), ".mode takes one of {names}")?;
        }
    }
    Ok(())
}

fn timer(runner: &mut Runner, argument: Option<&str>) -> io::Result<()> {
    match argument {
        Some("on") => runner.timer = true,
        Some("off") => runner.timer = false,
        _ => writeln!(io::stderr(), ".timer takes on or off")?,
    }
    Ok(())
}

/// Prints the last column of a query's rows, those named `name` in the first if one is given.
fn list(runner: &mut Runner, query: &str, name: Option<&str>) -> io::Result<()> {
    let rows = match runner::query(&mut runner.session, query) {
        Ok((_, rows)) => rows,
        Err(error) => return write!(io::stderr(), "{}", error.report(diag::Style::Plain)),
    };
    let mut out = io::stdout().lock();
    for row in rows {
        let (Some(Value::Text(first)), Some(last)) = (row.first(), row.last()) else { continue };
        if name.is_none_or(|name| name.eq_ignore_ascii_case(first)) {
            writeln!(out, "{last}")?;
        }
    }
    Ok(())
}

fn tour(runner: &mut Runner) -> io::Result<()> {
    for statement in demo::STATEMENTS {
        println!("> {statement};");
        runner.run_statement(statement)?;
    }
    println!("{}", demo::NEXT);
    Ok(())
}
