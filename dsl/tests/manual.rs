//! The manual: its examples run, its names are unique, and the generated file is up to date.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod grammar;
mod stage;

use sdflow_dsl::manual::{Kind, Type, definitions, dsl_markdown, entries_of, manual, nearest};
use std::path::Path;

#[test]
fn every_example_runs() {
    for entry in manual() {
        let (outcome, _) = stage::run(entry.example);
        let told = outcome.failure.as_ref().map(stage::told);
        assert_eq!(told, None, "the example of {}", entry.synopsis());
        assert!(outcome.checks.iter().all(|c| c.pass), "the example of {}", entry.synopsis());
    }
}

#[test]
fn every_example_calls_what_it_explains_and_passes_the_check() {
    for entry in manual() {
        assert!(entry.example.contains(entry.name), "{}", entry.synopsis());
        assert!(!entry.about.is_empty() && !entry.returns_in_words().is_empty(), "{}", entry.synopsis());
        let folder = tempfile::tempdir().unwrap();
        stage::data(folder.path());
        let report = sdflow_dsl::check(&stage::request(folder.path(), entry.example), &stage::nobody(), None);
        let errors: Vec<String> = report.errors.iter().map(stage::told).collect();
        assert!(errors.is_empty(), "the example of {}: {errors:?}", entry.synopsis());
    }
}

#[test]
fn signatures_tell_the_arguments() {
    let entry = |name: &str, signature: &str| {
        let found = entries_of(name).into_iter().find(|e| e.synopsis() == signature);
        found.unwrap_or_else(|| panic!("{signature}"))
    };
    let flow = entry("sd_flow", "sd_flow(target_score[, source_score][, options])");
    assert_eq!(flow.arity(), 1..=3);
    assert_eq!(flow.argument(1), Some("source_score"));
    assert_eq!(entry("kde", "kde([points])").arity(), 0..=1);
    assert_eq!(entry("normal", "normal(n, dim)").arity(), 2..=2);
    let rows = entry("rows", "points.rows(i, j)");
    assert_eq!((rows.receiver, rows.arity(), rows.argument(2)), (Some(Type::Points), 2..=2, Some("j")));
    assert!(entry("n", "points.n").is_property);
}

#[test]
fn a_name_stands_once_per_receiver() {
    let mut seen: Vec<_> = manual().iter().map(|e| (e.name, e.receiver.map(Type::name))).collect();
    seen.sort_unstable();
    let all = seen.len();
    seen.dedup();
    assert_eq!(seen.len(), all);
    assert_eq!(nearest("gausian").as_deref(), Some("gaussian"));
    assert_eq!(Kind::of("flow"), Some(Kind::Flow));
}

#[test]
fn definitions_hold_every_name_with_every_number_of_arguments() {
    let text = definitions();
    for line in [
        "module static;",
        "fn normal(n: int, dim: int) -> points;",
        "fn uniform(n: int, dim: int, lo: int | float, hi: int | float) -> points;",
        "fn sd_flow(target_score: score | target | points) -> flow;",
        "fn sd_flow(target_score: score | target | points, source_score: score | target | points, options: Map) -> flow;",
        "fn get dim(this_points: points) -> int;",
        "fn rows(this_points: points, i: int, j: int) -> points;",
        "fn sweep(axes: Map, function: FnPtr) -> table;",
        "fn load_model(file: String) -> generator | score | bridge;",
        "fn points(rows: [[int | float]]) -> points;",
        "fn expect(name: String, condition: bool) -> bool;",
        "fn conclude(text: String) -> ();",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    let functions = text.lines().filter(|line| line.starts_with("fn ")).count();
    assert_eq!(functions, manual().iter().map(|e| e.arity().count()).sum::<usize>());
    assert_eq!(grammar::refused(&text), Vec::<String>::new());
}

#[test]
fn the_grammar_of_definitions_refuses_what_an_editor_refuses() {
    let refused = |line: &str| !grammar::refused(&format!("module static;\n{line}\n")).is_empty();
    for line in [
        "fn f(a: ?) -> int;",
        "fn f(a) -> int;",
        "fn f(a: int) -> int",
        "fn f(a: int |) -> int;",
        "fn f(a: [int) -> int;",
        "fn get f g(a: int) -> int;",
        "fn f(a: int b: int) -> int;",
        "a comment that lost its slashes",
    ] {
        assert!(refused(line), "{line}");
    }
    assert!(!refused("fn get f(a: [int | points], b: ()) -> Map | ();"));
}

/// `SDFLOW_WRITE_DOCS=1 cargo test -p sdflow-dsl --test manual` writes the file again.
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
