//! Gives the program the commit from which it was built, if the sources are under git.
#![allow(clippy::print_stdout)] // A build script passes values to cargo by printing them.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // This log changes with every commit, unlike the file that names the branch.
    if Path::new(".git/logs/HEAD").exists() {
        println!("cargo::rerun-if-changed=.git/logs/HEAD");
    }
    let asked = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    if let Some(output) = asked.ok().filter(|output| output.status.success()) {
        println!("cargo::rustc-env=SDFLOW_COMMIT={}", String::from_utf8_lossy(&output.stdout).trim());
    }
}
