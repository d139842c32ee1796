//! Every script of the gallery runs, all its checks hold, and it writes a conclusion and a picture.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn gallery() -> Vec<PathBuf> {
    let files = std::fs::read_dir(root().join("scripts")).unwrap().map(|entry| entry.unwrap().path());
    let mut scripts: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "rhai")).collect();
    scripts.sort();
    scripts
}

#[test]
fn every_script_holds_what_it_claims() {
    let out = tempfile::tempdir().unwrap();
    assert!(!gallery().is_empty());
    for script in gallery() {
        let name = script.file_stem().unwrap().to_string_lossy().into_owned();
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("sdflow-engine"));
        command
            .arg(script.strip_prefix(root()).unwrap())
            .args(["--quick", "--no-check", "--json", "--out"])
            .arg(out.path().join(&name));
        let output = command.current_dir(root()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{name}: {stderr}");
        let record: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(record["quick"], true);
        assert!(record["conclusion"].is_string(), "{name} concludes nothing");
        assert!(!record["checks"].as_array().unwrap().is_empty(), "{name} claims nothing");
        let files = record["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap());
        let pictures: Vec<&str> = files.filter(|file| file.ends_with(".svg") || file.ends_with(".png")).collect();
        assert!(!pictures.is_empty(), "{name} leaves no picture");
        assert!(pictures.iter().all(|file| out.path().join(&name).join(file).metadata().unwrap().len() > 0), "{name}");
    }
}

#[test]
fn every_script_has_its_place_in_the_gallery_s_readme() {
    let readme = std::fs::read_to_string(root().join("scripts/README.md")).unwrap();
    for script in gallery() {
        let name = script.file_name().unwrap().to_string_lossy().into_owned();
        assert!(readme.contains(&name), "scripts/README.md does not mention {name}");
    }
}
