//! Chores: `cargo xtask tidy` needs only cargo, `golden` a PostgreSQL, `bench` time.

mod golden;
mod layers;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "cargo xtask COMMAND

  tidy                    check the crate graph against the law; report sizes
  golden --from pg [FILE] fill the sqllogictests' rows from PostgreSQL
  bench NAME [OPTION]     run a bench of bench/";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("tidy") => tidy::run(),
        Some("golden") => golden::run(&arguments[1..]),
        Some("bench") => bench(&arguments[1..]),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Benches are a workspace of their own, built in release.
fn bench(arguments: &[String]) -> Result<(), String> {
    let status = std::process::Command::new("cargo")
        .args(["run", "--release", "--manifest-path", "bench/Cargo.toml", "--"])
        .args(arguments)
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the bench ended with {status}")) }
}
