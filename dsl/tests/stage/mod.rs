//! A folder with a script in it, and a listener for its run.

use sdflow_dsl::{Diagnostic, Listener, Outcome, Request, execute, prepare};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Collects the lines that a script prints.
#[derive(Default)]
pub struct Heard {
    printed: Mutex<Vec<String>>,
}

impl Heard {
    /// The printed lines.
    pub fn said(&self) -> Vec<String> {
        self.printed.lock().unwrap().clone()
    }
}

impl Listener for Heard {
    fn print(&self, text: &str) {
        self.printed.lock().unwrap().push(text.into());
    }
    fn warn(&self, _: &str) {}
    fn progress(&self, _: &str, _: usize, _: usize, _: &str) {}
    fn row(&self, _: &BTreeMap<String, f64>) {}
}

/// A listener that ignores everything.
#[allow(dead_code)]
pub fn nobody() -> Arc<dyn Listener> {
    Arc::new(Heard::default())
}

/// A request for the script in `folder`.
pub fn request(folder: &Path, text: &str) -> Request {
    let script = folder.join("script.rhai");
    std::fs::write(&script, text).unwrap();
    let run = folder.join("run");
    std::fs::create_dir_all(&run).unwrap();
    Request {
        script,
        params: vec![],
        environment: vec![],
        seed: 1,
        quick: true,
        folder: run,
        allow_read: vec![],
        pairwise: Default::default(),
        checkpoints: None,
        interrupt: Default::default(),
        ranks: None,
    }
}

/// Runs a script in a folder with small data files beside it.
#[allow(dead_code)]
pub fn run(text: &str) -> (Outcome, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), text)
}

/// Runs a script in `folder`.
pub fn run_in(folder: &Path, text: &str) -> (Outcome, Vec<String>) {
    data(folder);
    let heard = Arc::new(Heard::default());
    let outcome = match prepare(&request(folder, text)) {
        Ok(prepared) => execute(&prepared, heard.clone()),
        Err(failure) => Outcome { failure: Some(failure), ..Outcome::default() },
    };
    (outcome, heard.said())
}

/// `x.npy` and `table.csv`, which the manual's examples read.
pub fn data(folder: &Path) {
    let rows: Vec<[f64; 2]> = (0..40).map(|i| [f64::from(i % 7), f64::from(i * i % 11)]).collect();
    let points = sdflow::Points::from_rows(&rows).unwrap();
    sdflow::io::save_npy(&folder.join("x.npy"), &points).unwrap();
    sdflow::io::save_csv(&folder.join("table.csv"), Some(&["a".into(), "b".into()]), &points).unwrap();
}

/// A diagnostic as text, with a line that marks the place by carets.
#[allow(dead_code)]
pub fn told(diagnostic: &Diagnostic) -> String {
    let mut text = format!("{:?}: {}\n", diagnostic.kind, diagnostic.message);
    if let Some(place) = &diagnostic.place {
        let file = place.file.file_name().unwrap_or_default().to_string_lossy();
        text += &format!("  {file}:{}:{}\n", place.line, place.column);
        let line = place.source.lines().nth(place.line - 1).unwrap_or_default();
        text += &format!("  | {line}\n  | {}{}\n", " ".repeat(place.column - 1), "^".repeat(place.length));
    }
    for (name, value) in [("hint", &diagnostic.hint), ("see", &diagnostic.see)] {
        if let Some(value) = value {
            text += &format!("  {name}: {value}\n");
        }
    }
    text
}

/// Runs a script whose checks must hold.
#[allow(dead_code)]
pub fn holds(script: &str) -> (Outcome, Vec<String>) {
    let (outcome, said) = run(script);
    assert_eq!(outcome.failure.as_ref().map(told), None, "{script}");
    let failed: Vec<_> = outcome.checks.iter().filter(|check| !check.pass).collect();
    assert!(!outcome.checks.is_empty() && failed.is_empty(), "{script}: {failed:?} {said:?}");
    (outcome, said)
}
