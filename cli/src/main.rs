//! The binary `spectradb`: an interactive shell at a terminal, batch mode everywhere else.
//!
//! `main` decides where statements come from and how results look; [`runner`] executes them;
//! [`format`] prints; [`shell`] is the terminal. Nothing here knows how a statement runs.

mod arguments;
mod demo;
mod dot;
mod format;
mod input;
mod runner;
mod shell;

use std::io::{self, BufReader, IsTerminal};
use std::process::ExitCode;

use arguments::Arguments;
use clap::Parser;
use input::Statements;
use runner::Runner;
use spectradb::{Database, Error};

/// A binary may choose its allocator; the library never does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Statement) => ExitCode::FAILURE,
        Err(Failure::Open(error)) => {
            eprint!("{}", error.report(runner::report_style(&io::stderr())));
            ExitCode::FAILURE
        }
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Io(error)) => {
            eprintln!("spectradb: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why the process ends with status 1.
enum Failure {
    /// A statement failed; it has been reported.
    Statement,
    /// The database could not be opened.
    Open(Error),
    /// The terminal, a script or standard output failed.
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Io(error)
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let database = match &arguments.path {
        Some(path) => Database::open(path),
        None => Database::in_memory(),
    };
    let database = database.map_err(Failure::Open)?;
    let interactive = !arguments.is_batch() && io::stdin().is_terminal();
    let mut runner = Runner::new(&database, arguments.format(), arguments.bail);
    if interactive {
        shell::run(&mut runner, arguments.path.as_deref())?;
        return Ok(());
    }
    batch(&mut runner, arguments)?;
    if runner.failed() { Err(Failure::Statement) } else { Ok(()) }
}

/// Runs `-c` statements and `-f` files in the order given, or standard input without them.
fn batch(runner: &mut Runner, arguments: &Arguments) -> Result<(), Failure> {
    for text in &arguments.commands {
        runner.run_all(&mut Statements::new(text.as_bytes()))?;
    }
    if let Some(file) = &arguments.file {
        let named = |error: io::Error| {
            Failure::Io(io::Error::new(error.kind(), format!("{}: {error}", file.display())))
        };
        let script = std::fs::File::open(file).map_err(named)?;
        runner.run_all(&mut Statements::new(BufReader::new(script)))?;
    }
    if !arguments.is_batch() {
        runner.run_all(&mut Statements::new(io::stdin().lock()))?;
    }
    Ok(())
}
