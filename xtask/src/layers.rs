//! The law of the house: which crate may use which. docs/ARCHITECTURE.md draws it.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// A crate's folder and the folders that it may use, test dependencies included.
const LAW: &[(&str, &[&str])] = &[
    ("diag", &[]),
    ("types", &[]),
    ("grammar", &["diag"]),
    ("ir", &["types", "diag"]),
    ("frontend", &["grammar", "ir", "types", "diag"]),
    ("codegen", &["ir", "types", "diag"]),
    ("storage", &["types"]),
    ("exec", &["codegen", "storage", "ir", "types", "diag"]),
    ("interchange", &["types"]),
    (
        "db",
        &[
            "grammar",
            "frontend",
            "ir",
            "codegen",
            "storage",
            "exec",
            "interchange",
            "types",
            "diag",
        ],
    ),
    ("cli", &["db", "diag", "interchange"]),
    ("tests", ANYTHING),
    ("xtask", &[]),
];

const ANYTHING: &[&str] = &["*"];

/// Returns every edge that the law forbids, one sentence each.
pub(crate) fn violations() -> Result<Vec<String>, String> {
    let law: BTreeMap<&str, &[&str]> = LAW.iter().copied().collect();
    let mut broken = Vec::new();
    for (folder, uses) in graph()? {
        match law.get(folder.as_str()) {
            None => broken.push(format!("the crate {folder} has no line in the law")),
            Some(&allowed) if allowed == ANYTHING => {}
            Some(allowed) => {
                let forbidden = uses.iter().filter(|used| !allowed.contains(&used.as_str()));
                broken.extend(forbidden.map(|used| format!("{folder} must not use {used}")));
            }
        }
    }
    Ok(broken)
}

/// Returns each workspace crate's folder with the folders of the workspace crates it names.
fn graph() -> Result<BTreeMap<String, Vec<String>>, String> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata printed no JSON: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    Ok(packages.iter().map(|package| (folder(package), uses(package))).collect())
}

fn folder(package: &Value) -> String {
    let manifest = package["manifest_path"].as_str().unwrap_or_default();
    last_part(manifest.trim_end_matches("/Cargo.toml"))
}

fn uses(package: &Value) -> Vec<String> {
    let dependencies = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
    dependencies.iter().filter_map(|used| used["path"].as_str()).map(last_part).collect()
}

fn last_part(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}
