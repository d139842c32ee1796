//! The manual: its examples run, its names are unique, its file is not stale.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use sdflow_dsl::manual::{Kind, dsl_markdown, manual, named, nearest};
use std::path::Path;

#[test]
fn every_example_runs() {
    for entry in manual() {
        let (outcome, _) = stage::run(entry.example);
        let told = outcome.failure.as_ref().map(stage::told);
        assert_eq!(told, None, "the example of {}", entry.signature);
        assert!(outcome.checks.iter().all(|c| c.pass), "the example of {}", entry.signature);
    }
}

#[test]
fn every_example_calls_what_it_explains_and_passes_the_check() {
    for entry in manual() {
        assert!(entry.example.contains(entry.name), "{}", entry.signature);
        assert!(!entry.about.is_empty() && !entry.returns.is_empty(), "{}", entry.signature);
        let folder = tempfile::tempdir().unwrap();
        let report = sdflow_dsl::check(&stage::request(folder.path(), entry.example));
        let errors: Vec<String> = report.errors.iter().map(stage::told).collect();
        assert!(errors.is_empty(), "the example of {}: {errors:?}", entry.signature);
    }
}

#[test]
fn signatures_tell_the_arguments() {
    let entry = |name: &str, signature: &str| {
        let found = named(name).into_iter().find(|e| e.signature == signature);
        found.unwrap_or_else(|| panic!("{signature}"))
    };
    let flow = entry("sd_flow", "sd_flow(target_score[, source_score][, options])");
    assert_eq!(flow.arity(), 1..=3);
    assert_eq!(flow.argument(1).as_deref(), Some("source_score"));
    assert_eq!(entry("kde", "kde([points])").arity(), 0..=1);
    assert_eq!(entry("normal", "normal(n, dim)").arity(), 2..=2);
    let rows = entry("rows", "points.rows(i, j)");
    assert_eq!((rows.receiver(), rows.arity(), rows.argument(2)), (Some("points"), 2..=2, Some("j".into())));
    assert!(entry("n", "points.n").is_property());
}

#[test]
fn a_name_stands_once_per_receiver() {
    let mut seen: Vec<_> = manual().iter().map(|e| (e.name, e.receiver())).collect();
    seen.sort_unstable();
    let all = seen.len();
    seen.dedup();
    assert_eq!(seen.len(), all);
    assert_eq!(nearest("gausian").as_deref(), Some("gaussian"));
    assert_eq!(Kind::of("flow"), Some(Kind::Flow));
}

/// `SDFLOW_WRITE_DOCS=1 cargo test -p sdflow-dsl --test manual` writes the file anew.
#[test]
fn the_manual_in_the_docs_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/DSL.md");
    if std::env::var_os("SDFLOW_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, dsl_markdown()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == dsl_markdown(),
        "docs/DSL.md is stale: SDFLOW_WRITE_DOCS=1 cargo test -p sdflow-dsl --test manual"
    );
}
