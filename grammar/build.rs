//! Runs the parser generator over `src/grammar.lalrpop`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=src/grammar.lalrpop");
    println!("cargo::rerun-if-changed=build.rs");
    lalrpop::Configuration::new()
        .use_cargo_dir_conventions()
        .emit_comments(false)
        .emit_whitespace(false)
        .emit_rerun_directives(false)
        .emit_report(std::env::var_os("SPECTRADB_GRAMMAR_REPORT").is_some())
        .process()
}
