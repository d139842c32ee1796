//! Tells the program which commit it was built from, where the sources are under git.
#![allow(clippy::print_stdout)] // This is how a build script speaks to cargo.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // This log grows with every commit; a branch's name alone would not change.
    if Path::new(".git/logs/HEAD").exists() {
        println!("cargo::rerun-if-changed=.git/logs/HEAD");
    }
    let asked = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    if let Some(output) = asked.ok().filter(|output| output.status.success()) {
        println!("cargo::rustc-env=SDFLOW_COMMIT={}", String::from_utf8_lossy(&output.stdout).trim());
    }
}
