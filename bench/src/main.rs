//! `cargo run --release -- tpch`: TPC-H by every setting of `jit` and by DuckDB, alternating in one run.
//!
//! Figures are CPU time of the whole process, medians over the rounds; absolute times depend on the
//! machine, the ratios are what is claimed.

mod figure;
mod peer;
mod tpch;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// TPC-H queries, interpreted and compiled, beside DuckDB
    Tpch(tpch::Options),
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Arguments::parse().bench {
        Bench::Tpch(options) => tpch::run(&options),
    }
}
