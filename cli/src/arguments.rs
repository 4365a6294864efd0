//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::format::Format;

/// An embedded, append-only, bitemporal SQL database.
#[derive(Debug, Parser)]
#[command(name = "spectradb", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The database's directory, made if it does not exist; without it, a database in memory that
    /// ends with the process
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Option<PathBuf>,

    /// Run these statements and exit; may be given several times
    #[arg(short = 'c', value_name = "SQL")]
    pub(crate) commands: Vec<String>,

    /// Run the statements of a file and exit, after those of -c
    #[arg(short = 'f', value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// How results are printed [default: table]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<Format>,

    /// Stop at the first statement that fails
    #[arg(long)]
    pub(crate) bail: bool,
}

impl Arguments {
    /// True if the command line itself says what to run.
    pub(crate) fn is_batch(&self) -> bool {
        !self.commands.is_empty() || self.file.is_some()
    }

    /// Returns the format asked for; tables by default.
    pub(crate) fn format(&self) -> Format {
        self.format.unwrap_or(Format::Table)
    }
}
