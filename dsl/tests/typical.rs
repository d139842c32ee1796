//! Common mistakes, and the page that shows their messages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use sdflow_dsl::{Diagnostic, Outcome, execute, prepare};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// Values given by `-p`.
type Given = &'static [(&'static str, &'static str)];

/// The mistake, the given values, the script.
const MISTAKES: &[(&str, Given, &str)] = &[
    ("A misspelt option", &[], "let x = normal(100, 2);\nlet flow = sd_flow(x, #{\n    step: 0.5,\n    sgima: 1,\n});"),
    ("A misspelt function", &[], "let x = norml(100, 2);"),
    ("A misspelt variable", &[], "let particles = normal(100, 2);\nprint(partcles.n);"),
    ("A misspelt data set", &[], "let p = dataset(\"chekerboard\");"),
    (
        "A misspelt metric",
        &[],
        "let p = dataset(\"moons\");\nlet r = run(sd_flow(p.sample(100)), normal(100, 2), p, #{metrics: [\"enrgy\"]});",
    ),
    ("A comma is missing", &[], "let x = normal(100 2);"),
    ("A bracket is missing", &[], "let x = normal(100, 2;\nprint(x.n);"),
    ("A semicolon is missing", &[], "let x = normal(100, 2)\nlet y = x.mean();"),
    ("A quotient of whole numbers that is rounded to 0", &[], "let flow = sd_flow(normal(100, 2), #{sigma: 1/2});"),
    ("A number that begins with a decimal point", &[], "let sigma = .5;"),
    ("A reserved word as a name", &[], "let new = normal(100, 2);"),
    ("A value of the wrong type", &[], "let x = normal(100, true);"),
    ("A string for a number", &[], "let flow = sd_flow(normal(100, 2), #{sigma: \"0.5\"});"),
    ("Too few arguments", &[], "let x = normal(100);"),
    ("An outer variable in a function", &[], "let scale = 2.0;\nfn wide(x) { x * scale }\nprint(wide(1.0));"),
    ("A missing file", &[], "let x = load(\"tabel.csv\");"),
    ("A file with NaN in it", &[], "let x = load(\"holes.csv\");"),
    ("Text for a numeric parameter", &[("dim", "many")], "let dim = param(\"dim\", 8);\nlet x = normal(100, dim);"),
    ("A fraction for a parameter", &[("sigma", "1/2")], "let sigma = param(\"sigma\", 1.0);"),
    ("A list of values for one run", &[("dim", "2,8,32")], "let dim = param(\"dim\", 8);\nlet x = normal(100, dim);"),
    ("A range for one run", &[("sigma", "log:0.1:10:5")], "let sigma = param(\"sigma\", 1.0);"),
    ("A sigma below 0", &[], "let flow = sd_flow(normal(100, 2), #{sigma: -0.5});"),
    ("A kernel estimate with sigma 0", &[], "let flow = sd_flow(normal(100, 2), #{sigma: 0});"),
    ("Dimensions that do not match", &[], "let r = run(sd_flow(normal(100, 3)), normal(100, 2));"),
    ("A negative number of points", &[], "let x = normal(-100, 2);"),
    ("One equals sign for a comparison", &[], "let dim = 2;\nif dim = 2 { print(\"flat\"); }"),
    ("A name without quotes", &[], "let p = dataset(moons);"),
    ("A property with parentheses", &[], "let x = normal(100, 2);\nprint(x.dim());"),
];

/// The first failure of a run of the script.
fn failure(params: &[(&str, &str)], script: &str) -> Diagnostic {
    let folder = tempfile::tempdir().unwrap();
    stage::data(folder.path());
    std::fs::write(folder.path().join("holes.csv"), "a,b\n1,2\n3,NaN\n").unwrap();
    let mut request = stage::request(folder.path(), script);
    request.params = params.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let outcome = match prepare(&request) {
        Ok(prepared) => execute(&prepared, Arc::new(stage::Heard::default())),
        Err(failure) => Outcome { failure: Some(failure), ..Outcome::default() },
    };
    let mut failure = outcome.failure.unwrap_or_else(|| panic!("it runs: {script}"));
    failure.message = failure.message.replace(&format!("{}/", folder.path().display()), "");
    failure.message = failure.message.replace(&folder.path().display().to_string(), "the script's folder");
    failure
}

/// The message as the command line prints it.
fn shown(failure: &Diagnostic) -> String {
    let mut text = format!("error: {}\n", failure.message);
    if let Some(place) = &failure.place {
        let file = place.file.file_name().unwrap().to_string_lossy();
        let line = place.source.lines().nth(place.line - 1).unwrap_or_default();
        let _ = write!(text, " --> {file}:{}:{}\n  |\n{} | {line}\n", place.line, place.column, place.line);
        let _ = writeln!(text, "  | {}{}", " ".repeat(place.column - 1), "^".repeat(place.length));
    }
    let hint = failure.hint.as_ref().map(|hint| format!("help: {hint}\n"));
    let see = failure.see.as_ref().map(|see| format!("see: sdflow-engine doc {see}\n"));
    [text, hint.unwrap_or_default(), see.unwrap_or_default()].concat()
}

fn page() -> String {
    let mut text = String::from(
        "# Error messages\n\nThis file is generated: each script below contains one mistake, and the message is the one that it produces.\n\
         Every message says what is wrong and where; the line `help:` says what to write instead.\n",
    );
    for (title, params, script) in MISTAKES {
        let said = shown(&failure(params, script));
        let given: String = params.iter().map(|(name, value)| format!(" -p {name}={value}")).collect();
        let command =
            if given.is_empty() { String::new() } else { format!("With `sdflow-engine script.rhai{given}`:\n\n") };
        let _ = write!(text, "\n## {title}\n\n{command}```rhai\n{script}\n```\n\n```text\n{said}```\n");
    }
    text
}

#[test]
fn every_mistake_is_told_with_a_hint() {
    for (title, params, script) in MISTAKES {
        let failure = failure(params, script);
        assert!(failure.hint.is_some(), "{title}: {}", failure.message);
        assert!(failure.place.is_some() || !params.is_empty(), "{title}: {}", failure.message);
    }
}

/// `SDFLOW_WRITE_DOCS=1 cargo test -p sdflow-dsl --test typical` writes the file again.
#[test]
fn the_page_of_messages_is_current() {
    let (path, page) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md"), page());
    if std::env::var_os("SDFLOW_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/errors.md is stale: SDFLOW_WRITE_DOCS=1 cargo test -p sdflow-dsl --test typical");
    insta::assert_snapshot!(page);
}
