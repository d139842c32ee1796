//! The record of a run, written as it happens: parameters, metrics, checks, endings, time and
//! files.

use super::Context;
use super::outcome::{Check, Ending, Outcome, Param, Threshold};
use crate::language::{At, Fail};
use crate::run_hash::{Hasher, digest_of_file};
use crate::value::Reading;
use rhai::Position;
use std::path::Path;
use std::time::Instant;

impl Context {
    /// Records a parameter.
    pub fn record_parameter(&self, name: &str, param: &Param) {
        self.state().outcome.params.insert(name.into(), param.clone());
    }

    /// Records a metric; a later value of the same name replaces it. A warning tells if this value
    /// replaces one that a run has measured.
    pub fn record_metric(&self, name: &str, reading: Reading) {
        let was_measured = {
            let state = &mut *self.state();
            let value = reading.value;
            let last = state.outcome.metrics.insert(name.into(), reading);
            state.outcome.metric_runs.remove(name);
            state.measured.remove(name) && last.is_some_and(|last| last.value.to_bits() != value.to_bits())
        };
        if was_measured {
            self.warn_once(&format!(
                "`record` replaces the metric `{name}` that a run has measured; under another name both are kept"
            ));
        }
    }

    /// Records a metric that the run with this number, from 1, has measured. If the metric was
    /// recorded before, the number of the run is recorded too.
    pub fn record_run_metric(&self, name: &str, reading: Reading, run: u64) {
        let state = &mut *self.state();
        if state.outcome.metrics.insert(name.into(), reading).is_some() {
            state.outcome.metric_runs.insert(name.into(), run);
        }
        state.measured.insert(name.into());
    }

    /// Records a check.
    pub fn record_check(&self, name: &str, pass: bool, value: Option<f64>) {
        self.state().outcome.checks.push(Check { name: name.into(), pass, value });
    }

    /// Records a check of a metric, to be made at the end of the run.
    pub fn record_threshold(
        &self,
        name: &str,
        metric: &str,
        holds: impl Fn(f64) -> bool + Send + 'static,
        position: Position,
    ) {
        let mut state = self.state();
        let check = state.outcome.checks.len();
        state.outcome.checks.push(Check { name: name.into(), pass: false, value: None });
        state.thresholds.push(Threshold { check, metric: metric.into(), holds: Box::new(holds), position });
    }

    /// Makes the checks at the end of the run: its thresholds, and whether the script handled a
    /// divergence.
    ///
    /// # Errors
    /// The script did not handle a divergence; a threshold is for a metric that the run never
    /// measured (the first such threshold is reported, with its place).
    pub fn judge(&self) -> Result<(), (Fail, Position)> {
        let mut state = self.state();
        if let Some((advice, position)) = state.diverged.take() {
            return Err((Fail::diverged(advice), position));
        }
        for threshold in std::mem::take(&mut state.thresholds) {
            let Some(reading) = state.outcome.metrics.get(&threshold.metric) else {
                let known: Vec<&str> = state.outcome.metrics.keys().map(String::as_str).collect();
                let near = sdflow::nearest(&threshold.metric, known.iter().copied());
                let hint = match near {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None if known.is_empty() => "no metric was measured: add it to `metrics` of `run`".into(),
                    None => format!("the measured metrics are {}", known.join(", ")),
                };
                let message = format!("the run measured no metric `{}`", threshold.metric);
                let fail = Fail { see: Some("threshold"), ..Fail::script(message).hint(hint).at(At::Argument(0)) };
                return Err((fail, threshold.position));
            };
            let value = reading.value;
            let check = &mut state.outcome.checks[threshold.check];
            check.pass = (threshold.holds)(value);
            check.value = Some(value);
        }
        Ok(())
    }

    /// Records how a run of a flow ended, its steps and its evaluations.
    pub fn record_ending(&self, ending: Ending, steps: u64, nfe: u64) {
        let mut state = self.state();
        state.outcome.stop = Some(ending);
        state.outcome.steps += steps;
        state.outcome.nfe += nfe;
    }

    /// Records a divergence. A script that does not handle the divergence fails at its end.
    pub fn mark_divergence(&self, advice: &str, position: Position) {
        self.state().diverged = Some((advice.into(), position));
    }

    /// Records that the script has read how its last run ended.
    pub fn acknowledge_divergence(&self) {
        self.state().diverged = None;
    }

    /// Records that this run uses work of an earlier attempt.
    pub fn record_resumption(&self) {
        self.state().outcome.resumed = true;
    }

    /// Adds time spent on a part of the work.
    pub fn record_time(&self, part: &str, seconds: f64) {
        *self.state().outcome.seconds.entry(part.into()).or_default() += seconds;
    }

    /// Adds the pairs of a flow, with `flops` floating-point operations per pair.
    pub fn record_pairs(&self, pairs: u64, flops: f64) {
        let outcome = &mut self.state().outcome;
        outcome.flow_pairs += pairs;
        outcome.flops += flops * pairs as f64;
    }

    /// Records a data file that was read.
    pub fn record_data(&self, path: &Path) {
        self.state().read.push(path.into());
    }

    /// Returns a digest of the content of all data files that were read so far.
    pub fn data_digest(&self) -> String {
        let files = self.state().read.clone();
        let mut digest = Hasher::new();
        for path in files {
            // A file that was deleted in the meantime has an empty digest.
            digest.field("content", digest_of_file(&path).as_bytes());
        }
        digest.hex()
    }

    /// True if this run has recorded the file.
    pub fn has_recorded(&self, path: &Path) -> bool {
        let path = self.sandbox.relative(path);
        self.state().outcome.files.iter().any(|file| file == path)
    }

    /// Records a file written below the run folder.
    pub fn record_file(&self, path: &Path) {
        let path = self.sandbox.relative(path).to_path_buf();
        let again = self.state().outcome.files.contains(&path);
        if again {
            let shown = path.display();
            self.warn_once(&format!("{shown} was written more than once, and only the last content is kept"));
        } else {
            self.state().outcome.files.push(path);
        }
    }

    /// Calls `work` and adds its time to `part`.
    pub fn time<T>(&self, part: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.record_time(part, start.elapsed().as_secs_f64());
        result
    }

    /// Removes and returns the outcome so far.
    pub fn take_outcome(&self) -> Outcome {
        let mut outcome = std::mem::take(&mut self.state().outcome);
        outcome.pairs += self.pairwise.work().pairs();
        outcome
    }
}
