//! Which metrics a run measures, and their floors.

use crate::metric::{self, Estimate, Metric, Reference};
use crate::options::{OptionType, OptionValue};
use crate::process::Observer;
use crate::{Points, Result, pairwise::Pairwise, rng::Stream};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A metric by its name, `"energy"`, or with options, `#{metric: "mmd", kernel: 0.5}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MetricChoice {
    /// With its defaults.
    Name(String),
    /// With options.
    Map {
        /// Its name.
        metric: String,
        /// Its options.
        #[serde(flatten)]
        options: serde_json::Map<String, serde_json::Value>,
    },
}

impl OptionValue for MetricChoice {
    const TYPE: OptionType = OptionType::Metric;
}

impl MetricChoice {
    /// The metric.
    ///
    /// # Errors
    /// An unknown name or option.
    pub fn build(&self) -> Result<Box<dyn Metric>> {
        match self {
            MetricChoice::Name(name) => metric::by_name(name, serde_json::Value::Null),
            MetricChoice::Map { metric, options } => metric::by_name(metric, options.clone().into()),
        }
    }
}

/// The metrics of a run, made once.
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

    /// Every metric of `points`, without floors.
    pub(super) fn estimates(&self, points: &Points, pairwise: &Pairwise) -> Result<BTreeMap<String, Estimate>> {
        let Some(reference) = self.reference else { return Ok(BTreeMap::new()) };
        let one = |metric: &dyn Metric| {
            let estimate = metric.estimate(points, reference, pairwise, self.stream.label(metric.name()))?;
            Ok((metric.name().to_string(), estimate))
        };
        self.metrics.iter().map(|m| one(m.as_ref())).collect()
    }

    /// Every metric of `points` with its noise floor.
    pub(super) fn with_floors(
        &self,
        points: &Points,
        pairwise: &Pairwise,
        observer: &mut dyn Observer,
    ) -> Result<BTreeMap<String, Estimate>> {
        let Some(reference) = self.reference else { return Ok(BTreeMap::new()) };
        let mut found = BTreeMap::new();
        for (i, metric) in self.metrics.iter().enumerate() {
            observer.progress("noise floors", i, self.metrics.len(), &|| metric.name().to_string());
            let reading = estimate_with_floor(metric.as_ref(), points, reference, pairwise, self.stream)?;
            found.insert(metric.name().to_string(), reading);
        }
        Ok(found)
    }
}

/// A metric of `points` together with its noise floor at their number.
///
/// # Errors
/// As the metric's.
pub fn estimate_with_floor(
    metric: &dyn Metric,
    points: &Points,
    reference: &Reference,
    pairwise: &Pairwise,
    stream: Stream,
) -> Result<Estimate> {
    let stream = stream.label(metric.name());
    let estimate = metric.estimate(points, reference, pairwise, stream)?;
    let floor = metric::floor(metric, reference, points.n(), pairwise, metric::floor_stream(metric.name()))?;
    Ok(estimate.with_floor(floor))
}
