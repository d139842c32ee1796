//! Texts that a script reports about its run: the conclusion, and numbers in text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use sdflow_dsl::{Diagnostic, check};
use stage::{nobody, request, run, told};

fn failed(text: &str) -> Diagnostic {
    run(text).0.failure.unwrap()
}

#[test]
fn the_conclusion_is_one_paragraph_with_the_numbers_of_the_run() {
    let text = "let share = 2.0 / 3;\nconclude(`A share of ${rounded(share, 2)}\n          holds,\n\n  and ${rounded(100 * share)} %.`);";
    let (outcome, _) = run(text);
    assert_eq!(outcome.failure, None);
    assert_eq!(outcome.conclusion.as_deref(), Some("A share of 0.67 holds, and 66.7 %."));
    assert_eq!(run("1").0.conclusion, None);
}

#[test]
fn a_second_conclusion_names_the_first() {
    let failure = failed("let a = 1;\n  conclude(\"one\");\nconclude(\"two\");");
    let told = told(&failure);
    assert!(told.contains("the run already has a conclusion, at") && told.contains("script.rhai:2:3"), "{told}");
    assert_eq!(failure.place.unwrap().line, 3);
    let (outcome, _) = run("conclude(\"one\");\nconclude(\"two\");");
    assert_eq!(outcome.conclusion.as_deref(), Some("one"));
}

#[test]
fn an_empty_conclusion_and_one_of_a_cell_are_refused() {
    for (text, said) in [
        ("conclude(\"\");", "`text` of `conclude` is empty, but a sentence is expected"),
        ("conclude(\" \\n \");", "is empty"),
        ("conclude(3);", "`text` of `conclude` is a whole number (3), but a string is expected"),
    ] {
        let failure = failed(text);
        assert!(failure.message.contains(said), "{}", failure.message);
        assert!(
            failure.place.is_some() && failure.hint.is_some() && failure.see.as_deref() == Some("conclude"),
            "{text}"
        );
    }
    let cell = "sweep(#{a: [1, 2]}, |p| { conclude(\"of a cell\"); #{b: p.a} });";
    let (outcome, _) = run(cell);
    assert_eq!(outcome.conclusion, None);
    let said = format!("{:?} {:?}", outcome.failure, outcome.warnings);
    assert!(said.contains("`conclude` does not work in a cell of a sweep"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let report = check(&request(folder.path(), cell), &nobody(), None);
    assert!(report.errors.iter().any(|e| e.message.contains("does not work in a cell")), "{:?}", report.errors);
}

#[test]
fn numbers_and_readings_are_rounded_for_text() {
    let (outcome, printed) = run("print(rounded(0.0123456) + \" \" + rounded(7) + \" \" + rounded(0.5, 9));\n\
         let e = energy(normal(50, 2), normal(50, 2));\nprint(rounded(e) == rounded(e.value));\nprint(rounded(0.0 / 0.0));");
    assert_eq!(outcome.failure, None);
    assert_eq!(printed, ["0.0123 7 0.5", "true", "NaN"]);
    for (text, said) in [
        ("rounded(\"2\");", "`x` of `rounded` is a string (\"2\"), but a number or a reading is expected"),
        ("rounded(2.0, 0);", "`digits` of `rounded` is 0, but it must be at least 1"),
        ("rounded(2.0, 18);", "`digits` of `rounded` is 18, but it must be at most 17"),
    ] {
        assert!(failed(text).message.contains(said), "{}", failed(text).message);
    }
}

#[test]
fn a_dry_run_accepts_unknown_numbers_in_the_text() {
    let folder = tempfile::tempdir().unwrap();
    let text = "let e = energy(normal(50, 2), normal(50, 2));\n\
                print(rounded(e) + rounded(2 * e, 2) + rounded(1.0 / 8));\n\
                conclude(`An energy of ${e}, ${rounded(e / e.floor, 2)} floors, is ${if e < 1.0 { \"small\" } else { \"large\" }}.`);";
    let heard = std::sync::Arc::new(stage::Heard::default());
    let listener: std::sync::Arc<dyn sdflow_dsl::Listener> = heard.clone();
    let report = check(&request(folder.path(), text), &listener, None);
    assert_eq!(report.errors, []);
    assert_eq!(heard.said(), ["??0.125"]);
    let report = check(
        &request(folder.path(), "let e = energy(normal(50, 2), normal(50, 2));\nrounded(e, 0);"),
        &nobody(),
        None,
    );
    assert_eq!(report.errors.len(), 1);
}
