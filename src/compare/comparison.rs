//! The comparison of two runs.

use crate::record::{MetricRecord, NonFinite, Record, Status};
use sdflow::metric::{Better, better};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A change by more than this number of standard errors is not noise.
const NOISE: f64 = 2.0;

/// The comparison, as `--json` prints it.
#[derive(Debug, Serialize)]
pub struct Comparison {
    pub schema: u32,
    pub a: Side,
    pub b: Side,
    /// Everything else that differs: the script, parameters, seed, versions, machine, stop reason.
    pub differing: BTreeMap<String, (String, String)>,
    pub metrics: BTreeMap<String, Change>,
    /// The relative change for the worse above which a metric fails.
    pub fail_above: Option<f64>,
    /// The metrics that fail.
    pub failed: Vec<String>,
    pub exit_code: u8,
}

/// One of the runs.
#[derive(Debug, Serialize)]
pub struct Side {
    pub folder: PathBuf,
    pub status: Status,
    pub wall_s: f64,
    pub steps: u64,
    pub nfe: u64,
    pub pairs: u64,
}

/// One metric in both runs.
#[derive(Debug, Serialize)]
pub struct Change {
    pub a: Option<MetricRecord>,
    pub b: Option<MetricRecord>,
    /// `b - a`
    pub change: Option<f64>,
    /// `(b - a) / |a|`
    pub relative: Option<f64>,
    /// `(b - a) / sqrt(se_a^2 + se_b^2)`; None if neither value has a standard error.
    pub z: Option<f64>,
    /// The direction that is better; None for a recorded quantity that is not a metric.
    pub better: Option<Better>,
    pub verdict: Verdict,
}

/// The meaning of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Better,
    Worse,
    /// No change, or a change within two standard errors.
    Same,
    /// Changed, but it is not known which direction is better.
    Changed,
    /// Only the first run has the metric.
    Missing,
    /// Only the second run has the metric.
    New,
}

impl Comparison {
    /// Compares run `a` with run `b`, each a folder and its record.
    pub fn of(a: (PathBuf, &Record), b: (PathBuf, &Record), fail_above: Option<f64>) -> Comparison {
        let metrics = Change::all(a.1, b.1);
        let fails = |change: &Change| fail_above.is_some_and(|limit| change.fails(limit));
        let failed = metrics.iter().filter(|(_, change)| fails(change)).map(|(name, _)| name.clone()).collect();
        let differing = differing(a.1, b.1);
        Comparison {
            schema: 1,
            a: Side::of(a.0, a.1),
            b: Side::of(b.0, b.1),
            differing,
            metrics,
            fail_above,
            failed,
            exit_code: 0,
        }
    }
}

impl Side {
    fn of(folder: PathBuf, record: &Record) -> Side {
        let Record { status, wall_s, steps, nfe, .. } = *record;
        Side { folder, status, wall_s, steps, nfe, pairs: record.work.pairs }
    }
}

impl Change {
    /// Returns the changes of all metrics from `a` to `b`.
    pub fn all(a: &Record, b: &Record) -> BTreeMap<String, Change> {
        let names: BTreeSet<&String> = a.metrics.keys().chain(b.metrics.keys()).collect();
        let change = |name: &String| Change::of(name, a.metrics.get(name), b.metrics.get(name));
        names.into_iter().map(|name| (name.clone(), change(name))).collect()
    }

    fn of(name: &str, a: Option<&MetricRecord>, b: Option<&MetricRecord>) -> Change {
        let values = a.zip(b).and_then(|(a, b)| Some((a.value?, b.value?)));
        let change = values.map(|(a, b)| b - a);
        let relative = values.and_then(|(a, b)| (a != 0.0).then(|| (b - a) / a.abs()));
        let error = a.zip(b).map_or(0.0, |(a, b)| a.se.unwrap_or(0.0).hypot(b.se.unwrap_or(0.0)));
        let z = change.filter(|_| error > 0.0).map(|change| change / error);
        let better = better(name);
        let verdict = match (a, b, change) {
            (Some(_), None, _) => Verdict::Missing,
            (None, ..) => Verdict::New,
            (_, _, Some(change)) => judge(change, z, better),
            (Some(a), Some(b), None) => judge_non_finite(a.flag, b.flag),
        };
        Change { a: a.cloned(), b: b.cloned(), change, relative, z, better, verdict }
    }

    /// True if the metric is missing, or if it is worse by more than the share `limit` and by more
    /// than noise.
    pub fn fails(&self, limit: f64) -> bool {
        match self.verdict {
            Verdict::Missing => true,
            // A change from 0 has no relative size: it exceeds every share.
            Verdict::Worse => self.relative.is_none_or(|relative| relative.abs() > limit),
            _ => false,
        }
    }
}

fn judge(change: f64, z: Option<f64>, better: Option<Better>) -> Verdict {
    if change == 0.0 || z.is_some_and(|z| z.abs() <= NOISE) {
        return Verdict::Same;
    }
    match better {
        None => Verdict::Changed,
        Some(Better::Lower) if change < 0.0 => Verdict::Better,
        Some(Better::Higher) if change > 0.0 => Verdict::Better,
        Some(_) => Verdict::Worse,
    }
}

/// Judges two values if at least one of them is not finite.
fn judge_non_finite(a: Option<NonFinite>, b: Option<NonFinite>) -> Verdict {
    match (a, b) {
        (a, b) if a == b => Verdict::Same,
        (_, Some(_)) => Verdict::Worse,
        (_, None) => Verdict::Better,
    }
}

fn differing(a: &Record, b: &Record) -> BTreeMap<String, (String, String)> {
    let of = |record: &Record| -> BTreeMap<String, String> {
        let stop = record.stop.as_ref().map_or("none", |stop| stop.reason.as_str());
        let failed = record.checks.iter().filter(|check| !check.pass).map(|check| check.name.as_str());
        let fixed = [
            ("script", record.script.display().to_string()),
            ("status", crate::summary::status(record.status).to_string()),
            ("stop", stop.to_string()),
            ("failed checks", failed.collect::<Vec<_>>().join(", ")),
            ("seed", record.seed.to_string()),
            ("quick", record.quick.to_string()),
            ("version", record.engine.version.clone()),
            ("commit", record.engine.commit.clone().unwrap_or_default()),
            ("cpu", record.machine.cpu.clone()),
            ("isa", record.machine.isa.clone()),
            ("net isa", record.machine.net_isa.clone()),
            ("threads", record.machine.threads.to_string()),
        ];
        let params = record.params.iter().map(|(name, param)| (format!("-p {name}"), param.value.to_string()));
        fixed.into_iter().map(|(name, value)| (name.to_string(), value)).chain(params).collect()
    };
    let (a, b) = (of(a), of(b));
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let value = |side: &BTreeMap<String, String>, name: &String| {
        side.get(name).filter(|value| !value.is_empty()).cloned().unwrap_or_else(|| "-".into())
    };
    let pairs = names.into_iter().map(|name| (name.clone(), (value(&a, name), value(&b, name))));
    pairs.filter(|(_, (a, b))| a != b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(value: f64, se: Option<f64>) -> MetricRecord {
        let (value, flag) = crate::record::finite(value);
        MetricRecord { value, se, floor: None, flag, run: None }
    }

    fn verdict(name: &str, a: MetricRecord, b: MetricRecord) -> (Verdict, bool) {
        let change = Change::of(name, Some(&a), Some(&b));
        (change.verdict, change.fails(0.05))
    }

    #[test]
    fn a_change_counts_beyond_noise_and_beyond_the_limit() {
        let se = |value: f64, se: f64| metric(value, Some(se));
        assert_eq!(verdict("energy", se(1.0, 0.01), se(1.2, 0.01)), (Verdict::Worse, true));
        assert_eq!(verdict("energy", se(1.0, 0.1), se(1.2, 0.1)), (Verdict::Same, false));
        assert_eq!(verdict("energy", se(1.0, 0.001), se(1.04, 0.001)), (Verdict::Worse, false));
        assert_eq!(verdict("energy", se(1.0, 0.01), se(0.8, 0.01)), (Verdict::Better, false));
        assert_eq!(verdict("coverage", se(1.0, 0.01), se(0.8, 0.01)), (Verdict::Worse, true));
        assert_eq!(verdict("far_energy", metric(1.0, None), metric(2.0, None)), (Verdict::Worse, true));
        assert_eq!(verdict("temperature", metric(1.0, None), metric(2.0, None)), (Verdict::Changed, false));
        assert_eq!(verdict("energy", metric(0.0, None), metric(0.1, None)), (Verdict::Worse, true));
        assert_eq!(verdict("energy", metric(1.0, None), metric(f64::NAN, None)), (Verdict::Worse, true));
        assert_eq!(verdict("energy", metric(f64::NAN, None), metric(f64::NAN, None)), (Verdict::Same, false));
    }

    #[test]
    fn z_is_against_both_errors() {
        let change = Change::of("w2", Some(&metric(1.0, Some(0.3))), Some(&metric(2.0, Some(0.4))));
        assert!((change.z.unwrap() - 2.0).abs() < 1e-12 && (change.relative.unwrap() - 1.0).abs() < 1e-12);
    }
}
