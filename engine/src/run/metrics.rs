//! The metrics of a run, and their noise floors.

use crate::metric::{self, Better, Estimate, Metric, Reference};
use crate::options::{OptionType, OptionValue};
use crate::process::Observer;
use crate::{Error, Points, Result, pairwise::Pairwise, rng::Stream};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A metric by its name, such as `"energy"`, or with options, such as `#{metric: "mmd", kernel:
/// 0.5}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MetricChoice {
    /// A metric with its default options.
    Name(String),
    /// A metric with options.
    Map {
        /// The name of the metric.
        metric: String,
        /// The options of the metric.
        #[serde(flatten)]
        options: serde_json::Map<String, serde_json::Value>,
    },
}

impl OptionValue for MetricChoice {
    const TYPE: OptionType = OptionType::Metric;
}

impl MetricChoice {
    /// Builds the metric.
    ///
    /// # Errors
    /// The name or an option is unknown.
    pub fn build(&self) -> Result<Box<dyn Metric>> {
        match self {
            MetricChoice::Name(name) => metric::by_name(name, serde_json::Value::Null),
            MetricChoice::Map { metric, options } => metric::by_name(metric, options.clone().into()),
        }
    }
}

/// The metrics of a run, built once.
pub(super) struct Measures<'a> {
    metrics: Vec<Box<dyn Metric>>,
    reference: Option<&'a Reference>,
    stream: Stream,
}

impl<'a> Measures<'a> {
    pub(super) fn new(choices: &[MetricChoice], reference: Option<&'a Reference>, stream: Stream) -> Result<Self> {
        let metrics = choices.iter().map(MetricChoice::build).collect::<Result<Vec<_>>>()?;
        if let (Some(first), None) = (metrics.first(), reference) {
            let want = "metrics compare with a reference: pass unseen points or a target after the start";
            return Err(crate::Error::argument("metrics", first.name(), want));
        }
        Ok(Measures { metrics, reference, stream })
    }

    /// True if this value of the measurement `name` is at or below `bound`. For a metric of which
    /// larger values are better, true if the value is at or above `bound`.
    pub(super) fn reaches(&self, name: &str, value: f64, bound: f64) -> bool {
        let metric = self.metrics.iter().find(|metric| metric.name() == name);
        match metric.map(|metric| metric.properties(1).better) {
            Some(Better::Higher) => value >= bound,
            Some(Better::Lower) | None => value <= bound,
        }
    }

    /// Warns about metrics that hardly depend on some columns.
    pub(super) fn units_warning(&self) -> Option<String> {
        metric::units_warning(self.metrics.iter().map(AsRef::as_ref), self.reference?)
    }

    /// Returns all metrics of `points` that can be measured, without floors.
    ///
    /// # Errors
    /// An interrupt.
    pub(super) fn estimates(&self, points: &Points, pairwise: &Pairwise) -> Result<Measured> {
        let mut found = Measured::default();
        let Some(reference) = self.reference else { return Ok(found) };
        for metric in &self.metrics {
            let stream = self.stream.label(metric.name());
            found.take(metric.name(), metric.estimate(points, reference, pairwise, stream))?;
        }
        Ok(found)
    }

    /// Returns all metrics of `points` that can be measured, with their noise floors if these
    /// exist.
    ///
    /// # Errors
    /// An interrupt.
    pub(super) fn with_floors(
        &self,
        points: &Points,
        pairwise: &Pairwise,
        observer: &mut dyn Observer,
    ) -> Result<Measured> {
        let Some(reference) = self.reference.filter(|_| !self.metrics.is_empty()) else {
            return Ok(Measured::default());
        };
        observer.progress("metrics", 0, 1, &String::new);
        let mut found = self.estimates(points, pairwise)?;
        observer.progress("metrics", 1, 1, &String::new);
        for metric in &self.metrics {
            let (name, metric) = (metric.name(), metric.as_ref());
            let Some(estimate) = found.estimates.get_mut(name) else { continue };
            let what = format!("noise floor of {name}");
            let mut tell = |done, total| observer.progress(&what, done, total, &String::new);
            let before = pairwise.work().pairs();
            let floor = metric::floor_observed(metric, reference, points.n(), pairwise, &mut tell);
            found.floor_pairs += pairwise.work().pairs() - before;
            match floor {
                Ok(floor) => *estimate = std::mem::take(estimate).with_floor(floor),
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                Err(error) => {
                    found.failed.insert(format!("the noise floor of {name}"), error);
                }
            }
        }
        Ok(found)
    }
}

/// The metrics that were measured, and the errors of those that could not be measured.
#[derive(Default)]
pub(super) struct Measured {
    pub estimates: BTreeMap<String, Estimate>,
    /// The errors, by the name of the metric.
    pub failed: BTreeMap<String, Error>,
    /// The pairs evaluated for noise floors.
    pub floor_pairs: u64,
}

impl Measured {
    fn take(&mut self, name: &str, outcome: Result<Estimate>) -> Result<()> {
        match outcome {
            Ok(estimate) => {
                self.estimates.insert(name.to_string(), estimate);
            }
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => {
                self.failed.insert(name.to_string(), error);
            }
        }
        Ok(())
    }

    /// Returns the first error that no motion of the points can remove: the reference lacks a part,
    /// there are too few points, or an option is out of range.
    pub(super) fn hopeless(&mut self) -> Option<Error> {
        let hopeless = |error: &Error| !matches!(error, Error::Numeric { .. } | Error::NotFinite { .. });
        let name = self.failed.iter().find(|(_, error)| hopeless(error)).map(|(name, _)| name.clone())?;
        self.failed.remove(&name)
    }
}

/// Returns a metric of `points`, together with the noise floor for the number of points.
///
/// # Errors
/// Those of the metric.
pub fn estimate_with_floor(
    metric: &dyn Metric,
    points: &Points,
    reference: &Reference,
    pairwise: &Pairwise,
    stream: Stream,
) -> Result<Estimate> {
    let stream = stream.label(metric.name());
    let estimate = metric.estimate(points, reference, pairwise, stream)?;
    Ok(estimate.with_floor(metric::floor(metric, reference, points.n(), pairwise)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{DatasetOptions, dataset};

    /// If larger values of a metric are better, its threshold is a lower bound. All other
    /// measurements have upper bounds; this includes the standard error of such a metric.
    #[test]
    fn a_threshold_is_met_from_the_worse_side() {
        let target = dataset("8gaussians", &DatasetOptions::default()).unwrap();
        let reference = Reference::sample(target, 20, Stream::new(1)).unwrap();
        let higher = ["coverage", "precision_recall", "log_density"];
        let lower = ["energy", "sigma", "coverage_se"];
        let choices = higher.iter().chain(&lower[..1]).map(|name| MetricChoice::Name((*name).into()));
        let choices: Vec<MetricChoice> = choices.collect();
        let measures = Measures::new(&choices, Some(&reference), Stream::new(2)).unwrap();
        for (names, better) in [(higher, 0.6), (lower, 0.4)] {
            for name in names {
                assert!(measures.reaches(name, better, 0.5) && measures.reaches(name, 0.5, 0.5), "{name}");
                assert!(!measures.reaches(name, 1.0 - better, 0.5), "{name}");
                assert!(!measures.reaches(name, f64::NAN, 0.5), "{name}");
            }
        }
    }
}
