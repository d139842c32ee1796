//! The Rhai script language of sdflow.
//!
//! [`prepare`] compiles a script and its imports and gives the run its identity; [`execute`] runs it and reports what
//! happened as an [`Outcome`]. The crate prints nothing: what a user should see goes to a [`Listener`].

mod bind;
mod call;
mod callback;
mod check;
mod context;
mod dry;
mod error;
mod exact;
mod identity;
mod import;
mod language;
mod layout;
pub mod manual;
mod options;
mod param;
mod sandbox;
mod script;
mod source;
mod spelling;
mod syntax;

pub use check::{CheckReport, check};
pub use dry::{Cost, Work};
pub use identity::joined;
pub use layout::Layout;
pub use script::{Prepared, STACK, execute, execute_here, prepare};

use sdflow::{Interrupt, pairwise::PairwiseOptions};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where a run keeps the finished cells of its sweeps, below its folder. What [`execute`] finds there of the same run is not
/// computed again; once a run is done, nobody needs it any more.
pub const CELLS: &str = "cells";

/// What to run and with what.
#[derive(Debug, Clone)]
pub struct Request {
    /// The script.
    pub script: PathBuf,
    /// `name=value` given on the command line, in order.
    pub params: Vec<(String, String)>,
    /// `name=value` from the environment; names in upper case.
    pub environment: Vec<(String, String)>,
    /// Seed of every random stream.
    pub seed: u64,
    /// Cap particles and steps so that the script runs in seconds.
    pub quick: bool,
    /// The run folder; [`execute`] writes below it and nowhere else.
    pub folder: PathBuf,
    /// Folders that the script may read besides its own.
    pub allow_read: Vec<PathBuf>,
    /// How pairwise sums are computed.
    pub pairwise: PairwiseOptions,
    /// Stops the script and every native loop.
    pub interrupt: Interrupt,
}

/// Who is told while a script runs.
pub trait Listener: Send + Sync {
    /// The script's `print`.
    fn print(&self, text: &str);
    /// Something the user should know; also recorded in the outcome.
    fn warn(&self, warning: &str);
    /// The same with a place in the script; [`Diagnostic::line`] of it is recorded.
    fn caution(&self, warning: &Diagnostic) {
        self.warn(&warning.line());
    }
    /// Something was decided on the user's behalf: a sigma chosen from the data; also recorded in the outcome.
    fn note(&self, note: &str) {
        self.print(note);
    }
    /// A long loop has done `done` of `total` units; `what` names it ("sd_flow", "noise floor of energy"), `detail` is
    /// a short live reading ("sigma 0.31, energy 0.042").
    fn progress(&self, what: &str, done: usize, total: usize, detail: &str);
    /// One row of the run's history, to be flushed to the metrics files as it comes.
    fn row(&self, row: &BTreeMap<String, f64>);
}

/// What a script did, complete even when it failed half-way.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Outcome {
    /// Every declared parameter with its value and where that came from.
    pub params: BTreeMap<String, Param>,
    /// Final metrics by name.
    pub metrics: BTreeMap<String, Reading>,
    /// `expect` and `threshold` results in order.
    pub checks: Vec<Check>,
    /// The paragraph of `conclude`.
    pub conclusion: Option<String>,
    /// Warnings in order.
    pub warnings: Vec<String>,
    /// What was decided on the user's behalf, in order.
    pub notes: Vec<String>,
    /// How the last run of a flow ended, with a sentence of advice.
    pub stop: Option<Ending>,
    /// Steps taken by all flows.
    pub steps: u64,
    /// Evaluations of velocity fields.
    pub nfe: u64,
    /// Seconds by part of the work ("flow", "metrics", "pictures").
    pub seconds: BTreeMap<String, f64>,
    /// Pairs of a query and a source evaluated.
    pub pairs: u64,
    /// Floating-point operations of the pairwise sums, as `bench` counts them.
    pub flops: f64,
    /// Files written, relative to the run folder.
    pub files: Vec<PathBuf>,
    /// What ended the script early.
    #[serde(skip)]
    pub failure: Option<Diagnostic>,
}

/// A parameter's value and origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// The value, of the type of the script's default.
    pub value: serde_json::Value,
    /// "script", "environment" or "command line".
    pub origin: String,
}

/// A metric as recorded: its value, standard error and the noise floor of fresh reference samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The value.
    pub value: f64,
    /// Standard error, where known.
    pub se: Option<f64>,
    /// 95 % quantile over pairs of fresh reference samples, where known.
    pub floor: Option<f64>,
    /// Further numbers that the metric gives, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, f64>,
}

/// One `expect` or `threshold`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The claim.
    pub name: String,
    /// Did it hold?
    pub pass: bool,
    /// The value judged, where there is one.
    pub value: Option<f64>,
}

/// How a run of a flow ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// "finished", "converged", "diverged", "interrupted", "time up".
    pub reason: String,
    /// What to do about it, a sentence.
    pub advice: String,
}

/// An error as a user sees it: cause, place, hint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Whose fault; decides the exit code.
    pub kind: Fault,
    /// One line of cause.
    pub message: String,
    /// Where in which file.
    pub place: Option<Place>,
    /// What to type instead.
    pub hint: Option<String>,
    /// A name for `sdflow-engine doc`.
    pub see: Option<String>,
}

impl Diagnostic {
    /// All of it in one line: `a.rhai:2:5: cause: hint`.
    pub fn line(&self) -> String {
        let place = self.place.as_ref().map(|p| format!("{}:{}:{}: ", p.file.display(), p.line, p.column));
        let hint = self.hint.as_ref().map(|hint| format!(": {hint}"));
        format!("{}{}{}", place.unwrap_or_default(), self.message, hint.unwrap_or_default())
    }
}

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// A `-p` value that cannot be used (exit code 2).
    Usage,
    /// The script (3).
    Script,
    /// A flow diverged and the script did not look (5).
    Diverged,
    /// A file or its data (6).
    Data,
    /// The user stopped it (130).
    Interrupted,
    /// A defect of this program (1).
    Internal,
}

/// A place in a script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The file, as the user would name it.
    pub file: PathBuf,
    /// Its text; left out of files.
    #[serde(skip)]
    pub source: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Length of the token in characters, at least 1.
    pub length: usize,
}

impl Place {
    /// The `length` characters from `at` of the string `text` that stands here as written, if it does.
    fn inside(&self, text: &str, at: usize, length: usize) -> Option<Place> {
        let line: Vec<char> = self.source.lines().nth(self.line - 1)?.chars().skip(self.column).collect();
        let string: Vec<char> = text.chars().collect();
        line.starts_with(&string).then(|| Place { column: self.column + 1 + at, length, ..self.clone() })
    }
}
