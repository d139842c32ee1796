//! `run.json`: everything about a run, for programs.

mod command;
mod difference;
mod figures;
pub mod read;

pub use figures::{CheckRecord, MetricRecord, NonFinite, finite};

use crate::error_json::ErrorJson;
use crate::exit::Exit;
use crate::machine;
use sdflow::number::counted;
use sdflow::pairwise::PairwiseOptions;
use sdflow_dsl::{Diagnostic, Ending, Outcome, Param, Prepared};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The version of this format.
const SCHEMA: u32 = 1;

/// The content of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub schema: u32,
    pub status: Status,
    /// The exit code of the command; None while it runs.
    pub exit_code: Option<u8>,
    /// How the last flow ended.
    pub stop: Option<Ending>,
    /// The path of the script as the user gave it.
    pub script: PathBuf,
    /// Hash of everything that determines the results.
    pub identity: String,
    pub params: BTreeMap<String, Param>,
    pub seed: u64,
    pub quick: bool,
    pub engine: EngineRecord,
    pub machine: MachineRecord,
    pub wall_s: f64,
    pub steps: u64,
    pub nfe: u64,
    pub work: WorkRecord,
    /// True if steps and work include those of earlier attempts, which `wall_s` does not include.
    #[serde(default)]
    pub resumed: bool,
    pub metrics: BTreeMap<String, MetricRecord>,
    /// What the script printed, until 64 kB are reached.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub prints: Vec<String>,
    /// True if the script printed more than 64 kB; `log.txt` has the whole text.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub prints_cut: bool,
    pub checks: Vec<CheckRecord>,
    /// The text that the script gave to `conclude`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub conclusion: Option<String>,
    pub warnings: Vec<String>,
    /// The files that the script wrote, relative to the run folder.
    pub files: Vec<PathBuf>,
    /// What ended the script early.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<ErrorJson>,
}

/// The status of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The run is in progress, or was killed.
    Running,
    /// The script has ended.
    Done,
    /// An error ended the run.
    Failed,
    /// The user ended the run.
    Stopped,
}

/// This program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EngineRecord {
    pub version: String,
    /// The commit of its sources; None if they were not under git.
    pub commit: Option<String>,
}

/// The machine of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MachineRecord {
    pub cpu: String,
    /// The instruction set of the pairwise sums, which the environment may force.
    pub isa: String,
    /// The instruction set of nets and matrices, which the environment does not change.
    #[serde(default)]
    pub net_isa: String,
    pub backend: String,
    /// Threads of this process.
    pub threads: usize,
    /// The processes that shared the work; absent if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranks: Option<usize>,
}

impl MachineRecord {
    /// Returns the threads and ranks that did the work, as words.
    pub fn workers(&self) -> String {
        let threads = counted(self.threads, "thread");
        match self.ranks {
            Some(ranks) => format!("{ranks} ranks with {threads} each"),
            None => threads,
        }
    }
}

/// The work of the pairwise engine, and the time of each part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkRecord {
    /// The pairs of flows and metrics.
    pub pairs: u64,
    /// Of these pairs, the numbers that ranks 1, 2, .. evaluated; empty without other ranks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs_of_others: Vec<u64>,
    /// The pairs of flows per second of their time.
    pub pairs_per_s: f64,
    /// The floating-point operations of these pairs per second of the same time, in units of 1e9.
    pub gflops: f64,
    /// Seconds by part of the work.
    pub seconds: BTreeMap<String, f64>,
}

impl Record {
    /// Creates the record of a run that begins.
    pub fn start(script: PathBuf, prepared: &Prepared, quick: bool) -> Record {
        let record = Record::new(script, prepared.identity(), prepared.seed(), quick);
        let machine = MachineRecord { ranks: prepared.ranks().map(|ranks| ranks.size()), ..record.machine };
        Record { params: prepared.params().clone(), machine, ..record }
    }

    /// Creates the record of a run without parameters.
    pub fn new(script: PathBuf, identity: &str, seed: u64, quick: bool) -> Record {
        Record {
            schema: SCHEMA,
            status: Status::Running,
            exit_code: None,
            stop: None,
            script,
            identity: identity.into(),
            params: BTreeMap::new(),
            seed,
            quick,
            engine: EngineRecord::this(),
            machine: MachineRecord {
                cpu: machine::cpu(),
                isa: machine::isa().into(),
                net_isa: machine::net_isa().into(),
                backend: format!("{:?}", PairwiseOptions::default().backend).to_lowercase(),
                threads: rayon::current_num_threads(),
                ranks: None,
            },
            wall_s: 0.0,
            steps: 0,
            nfe: 0,
            work: WorkRecord::default(),
            resumed: false,
            metrics: BTreeMap::new(),
            prints: Vec::new(),
            prints_cut: false,
            checks: Vec::new(),
            conclusion: None,
            warnings: Vec::new(),
            files: Vec::new(),
            error: None,
        }
    }

    /// Completes the record with `outcome` and the wall time `wall`.
    pub fn finish(self, outcome: &Outcome, wall: Duration) -> Record {
        let exit = Exit::of_outcome(outcome);
        let status = match (exit, &outcome.failure) {
            (Exit::Interrupted, _) => Status::Stopped,
            (_, Some(_)) => Status::Failed,
            (_, None) => Status::Done,
        };
        let metrics = outcome.metrics.iter().map(|(name, reading)| {
            let (value, flag) = finite(reading.value);
            let run = outcome.metric_runs.get(name).copied();
            (name.clone(), MetricRecord { value, se: reading.se, floor: reading.floor, flag, run })
        });
        let checks = outcome.checks.iter().map(|check| {
            let (value, flag) = check.value.map_or((None, None), finite);
            CheckRecord { name: check.name.clone(), pass: check.pass, value, flag }
        });
        Record {
            status,
            exit_code: Some(exit.code()),
            stop: outcome.stop.clone(),
            params: outcome.params.clone(),
            wall_s: wall.as_secs_f64(),
            steps: outcome.steps,
            nfe: outcome.nfe,
            work: WorkRecord::of(outcome),
            resumed: outcome.resumed,
            metrics: metrics.collect(),
            prints: outcome.prints.clone(),
            prints_cut: outcome.prints_cut,
            checks: checks.collect(),
            conclusion: outcome.conclusion.clone(),
            warnings: outcome.warnings.clone(),
            files: outcome.files.clone(),
            error: outcome.failure.as_ref().map(ErrorJson::of),
            ..self
        }
    }

    /// Marks the run as failed, because of an error that came after the script had ended.
    pub fn fail(&mut self, error: &Diagnostic) {
        self.status = Status::Failed;
        self.exit_code = Some(Exit::of_diagnostic(error).code());
        self.error = Some(ErrorJson::of(error));
    }

    /// Returns the exit code of the command.
    pub fn exit(&self) -> Exit {
        Exit::of_code(self.exit_code)
    }

    /// Returns the name of the script without its folder and ending.
    pub fn name(&self) -> String {
        self.script.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl EngineRecord {
    /// Returns the description of this program.
    pub fn this() -> EngineRecord {
        let commit = option_env!("SDFLOW_COMMIT").map(String::from);
        EngineRecord { version: env!("CARGO_PKG_VERSION").into(), commit }
    }
}

impl WorkRecord {
    fn of(outcome: &Outcome) -> WorkRecord {
        let seconds = outcome.seconds.get("flow").copied().unwrap_or(0.0);
        let rate = |amount: f64| if seconds > 0.0 { amount / seconds } else { 0.0 };
        WorkRecord {
            pairs: outcome.pairs,
            pairs_of_others: Vec::new(),
            pairs_per_s: rate(outcome.flow_pairs as f64),
            gflops: rate(1e-9 * outcome.flops),
            seconds: outcome.seconds.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sdflow_dsl::Reading;

    fn record(outcome: &Outcome) -> Record {
        let begun = Record::new("a/b.rhai".into(), "0123", 7, false);
        begun.finish(outcome, Duration::from_secs(2))
    }

    #[test]
    fn a_nan_is_null_plus_a_flag_and_reads_back() {
        let mut outcome = Outcome::default();
        let nan = Reading { value: f64::NAN, se: None, floor: Some(1.0), parts: Default::default() };
        outcome.metrics.insert("energy".into(), nan);
        let json = serde_json::to_value(record(&outcome)).unwrap();
        assert_eq!(
            json["metrics"]["energy"],
            serde_json::json!({"value": null, "se": null, "floor": 1.0, "flag": "nan"})
        );
        assert_eq!(serde_json::from_value::<Record>(json).unwrap(), record(&outcome));
    }

    #[test]
    fn rates_are_of_flows_without_their_metrics() {
        let seconds = [("flow".to_string(), 4.0), ("metrics".to_string(), 100.0)].into();
        let outcome = Outcome { seconds, pairs: 800, flow_pairs: 8, flops: 4e9, ..Outcome::default() };
        let work = record(&outcome).work;
        assert_eq!((work.pairs_per_s, work.gflops), (2.0, 1.0));
    }

    #[test]
    fn the_name_is_the_scripts() {
        assert_eq!(record(&Outcome::default()).name(), "b");
    }
}
