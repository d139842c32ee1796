//! Scripts, which are parsed and executed as dry runs.

use super::file::File;
use sdflow::{Interrupt, Points};
use sdflow_dsl::{Diagnostic, Fault, Listener, Request, check};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// The time after which a script is interrupted. A slow script is not a fault of the program, but a
/// script that the interrupt does not stop is a fault.
const BUDGET: Duration = Duration::from_millis(500);

/// A script: it is checked as by `check`, without an internal error, and every reported place is in
/// its text.
pub fn script(bytes: &[u8]) {
    let file = File::new("script.rhai", bytes);
    let points = Points::from_rows(&(0..20).map(|i| [f64::from(i % 7), f64::from(i * i % 11)]).collect::<Vec<_>>());
    sdflow::io::save_npy(&file.beside("x.npy"), &points.unwrap()).unwrap();
    let interrupt = Interrupt::default();
    let request = Request {
        script: file.path.clone(),
        params: vec![],
        environment: vec![],
        seed: 1,
        quick: true,
        folder: file.beside("run"),
        allow_read: vec![],
        pairwise: Default::default(),
        checkpoints: None,
        interrupt: interrupt.clone(),
        ranks: None,
    };
    let (ended, end) = channel::<()>();
    let watch = std::thread::spawn(move || {
        if end.recv_timeout(BUDGET) == Err(RecvTimeoutError::Timeout) {
            interrupt.raise();
        }
    });
    let nobody: Arc<dyn Listener> = Arc::new(Nobody);
    let report = check(&request, &nobody, None);
    drop(ended);
    watch.join().unwrap();
    report.errors.iter().chain(&report.warnings).chain(&report.notes).for_each(check_diagnostic);
    assert!(!request.folder.exists(), "a dry run wrote");
}

fn check_diagnostic(said: &Diagnostic) {
    assert_ne!(said.kind, Fault::Internal, "{}", said.message);
    assert!(said.message.len() < 20_000, "a message of {} bytes", said.message.len());
    if let Some(place) = &said.place {
        let line = place.source.lines().nth(place.line - 1).unwrap_or_default();
        let end = line.chars().count();
        assert!(place.column >= 1 && place.length >= 1 && place.column <= end + 1, "{place:?}: {}", said.message);
    }
}

/// A listener that ignores everything.
struct Nobody;

impl Listener for Nobody {
    fn print(&self, _: &str) {}
    fn warn(&self, _: &str) {}
    fn progress(&self, _: &str, _: usize, _: usize, _: &str) {}
    fn row(&self, _: &BTreeMap<String, f64>) {}
}
