//! All metrics by name.

use super::units::{in_units, take_units, with_units};
use super::{
    Better, BwUvp, C2st, C2stOptions, CovarianceError, Coverage, CoverageOptions, Energy, EnergyOptions, Fisher,
    Frechet, KlCoordinates, KlGauss, KlKnn, KlKnnOptions, LogDensity, MeanError, Metric, Mmd, MmdOptions, ModeWeights,
    PrecisionRecall, PrecisionRecallOptions, SinkhornDivergence, SinkhornDivergenceOptions, SlicedW2, SlicedW2Options,
    W2, W2Gauss, W2Options,
};
use crate::options::{Key, Options};
use crate::{Error, Result};
use serde_json::Value;

crate::options! {
    /// The options of a metric that has none.
    pub struct NoOptions {}
}

/// An entry of the list of metrics.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The name in scripts, such as "energy".
    pub name: &'static str,
    /// The meaning of the metric, in one line.
    pub summary: &'static str,
    /// The options of the metric.
    pub keys: &'static [Key],
    make: fn(&str, Value) -> Result<Box<dyn Metric>>,
}

macro_rules! entry {
    ($name:literal, $options:ty, $make:expr, $summary:literal) => {
        Entry {
            name: $name,
            summary: $summary,
            keys: <$options as Options>::KEYS,
            make: |name, value| {
                let make: fn($options) -> Box<dyn Metric> = $make;
                Ok(make(parse_options::<$options>(name, value, <$options as Options>::KEYS)?))
            },
        }
    };
}

/// Declares a distance, which can be measured in any units.
macro_rules! distance {
    ($name:literal, $options:ty, $make:expr, $summary:literal) => {{
        const KEYS: [Key; <$options as Options>::KEYS.len() + 1] = with_units(<$options as Options>::KEYS);
        Entry {
            name: $name,
            summary: $summary,
            keys: &KEYS,
            make: |name, mut value| {
                let make: fn($options) -> Box<dyn Metric> = $make;
                let units = take_units(&mut value)?;
                Ok(in_units(make(parse_options::<$options>(name, value, &KEYS)?), units))
            },
        }
    }};
}

/// All metrics, in the order of the manual.
pub const METRICS: &[Entry] = &[
    distance!("mmd", MmdOptions, |o| Box::new(Mmd::new(o)), "squared maximum mean discrepancy under a kernel"),
    distance!("energy", EnergyOptions, |o| Box::new(Energy::new(o)), "energy distance 2E|x-y| - E|x-x'| - E|y-y'|"),
    distance!(
        "sliced_w2",
        SlicedW2Options,
        |o| Box::new(SlicedW2::new(o)),
        "root mean square Wasserstein-2 distance between projections onto random lines"
    ),
    distance!("w2", W2Options, |o| Box::new(W2::new(o)), "Wasserstein-2 distance, computed by exact optimal transport"),
    distance!(
        "sinkhorn_divergence",
        SinkhornDivergenceOptions,
        |o| Box::new(SinkhornDivergence::new(o)),
        "debiased cost of entropic transport, half of a smoothed squared Wasserstein-2 distance"
    ),
    distance!(
        "w2_gauss",
        NoOptions,
        |_| Box::new(W2Gauss),
        "Wasserstein-2 distance between two Gaussians, one with the moments of each set"
    ),
    distance!(
        "frechet",
        NoOptions,
        |_| Box::new(Frechet),
        "square of `w2_gauss`; on features of images it is the Frechet inception distance"
    ),
    distance!(
        "bw_uvp",
        NoOptions,
        |_| Box::new(BwUvp),
        "unexplained variance in percent: `w2_gauss` squared, relative to the variance of the reference"
    ),
    entry!(
        "kl_gauss",
        NoOptions,
        |_| Box::new(KlGauss),
        "KL divergence between two Gaussians, one with the moments of each set"
    ),
    entry!(
        "kl_coordinates",
        NoOptions,
        |_| Box::new(KlCoordinates),
        "KL divergence between two Gaussians with independent coordinates, one with the means and variances of each set"
    ),
    distance!(
        "kl_knn",
        KlKnnOptions,
        |o| Box::new(KlKnn::new(o)),
        "KL divergence, estimated from the distances to nearest neighbours"
    ),
    entry!(
        "fisher",
        NoOptions,
        |_| Box::<Fisher>::default(),
        "Fisher divergence between the Gaussian with the moments of the points and the target, whose score is exact; if \
         the target is not Gaussian, it is above 0 even for a perfect sample, so compare it with the noise floor"
    ),
    entry!(
        "coverage",
        CoverageOptions,
        |o| Box::new(Coverage::new(o)),
        "share of the target's modes that the points reach"
    ),
    distance!(
        "precision_recall",
        PrecisionRecallOptions,
        |o| Box::new(PrecisionRecall::new(o)),
        "harmonic mean of precision (share of points near the reference) and recall (share of the reference near points)"
    ),
    distance!(
        "c2st",
        C2stOptions,
        |o| Box::new(C2st::new(o)),
        "held-out accuracy of the best of four classifiers that tell the points from the reference: 1/2 if none tells them apart, 1 if one always does"
    ),
    entry!(
        "mode_weights",
        NoOptions,
        |_| Box::new(ModeWeights),
        "total variation distance between the shares of the points in the modes and the weights of the modes"
    ),
    distance!(
        "mean_error",
        NoOptions,
        |_| Box::new(MeanError),
        "error of the mean, relative to the spread of the reference"
    ),
    distance!(
        "covariance_error",
        NoOptions,
        |_| Box::new(CovarianceError),
        "relative Frobenius error of the covariance"
    ),
    entry!("log_density", NoOptions, |_| Box::new(LogDensity), "mean log density of the points under the target"),
];

/// Returns the metric of this name with these options: a map, or null for the defaults.
///
/// ```
/// let options = serde_json::json!({ "kernel": [0.5, 1, 2], "unbiased": true });
/// let mmd = sdflow::metric::by_name("mmd", options)?;
/// assert_eq!(mmd.name(), "mmd");
/// # Ok::<(), sdflow::Error>(())
/// ```
///
/// # Errors
/// A name or an option is unknown (the error gives the nearest known one), or an option has the
/// wrong type.
pub fn by_name(name: &str, options: Value) -> Result<Box<dyn Metric>> {
    match METRICS.iter().find(|m| m.name == name) {
        Some(entry) => (entry.make)(name, options),
        None => Err(Error::unknown("metric", name, METRICS.iter().map(|m| m.name))),
    }
}

/// Returns the direction in which the quantity recorded as `name` improves. It is the direction of
/// the metric with this name, or of a metric whose name is the beginning or the end of `name`, as
/// in `far_energy`. None if the name contains no name of a metric.
pub fn better(name: &str) -> Option<Better> {
    let holds = |metric: &str| {
        let rest = name.strip_suffix(metric).map(|rest| rest.is_empty() || rest.ends_with('_'));
        rest.or_else(|| name.strip_prefix(metric).map(|rest| rest.starts_with('_'))).unwrap_or(false)
    };
    // Memorisation compares three sets, so `by_name` does not create it.
    let others = holds("memorisation").then_some(Better::Lower);
    let held = METRICS.iter().filter(|m| holds(m.name)).max_by_key(|m| m.name.len());
    held.and_then(|m| Some(by_name(m.name, Value::Null).ok()?.properties(1).better)).or(others)
}

fn parse_options<O: Options>(metric: &str, value: Value, keys: &[Key]) -> Result<O> {
    if value.is_null() {
        return Ok(O::default());
    }
    let known = || keys.iter().map(|k| k.name);
    let given = value.as_object().into_iter().flat_map(|map| map.keys());
    if let Some(key) = given.into_iter().find(|key| !known().any(|k| k == key.as_str())) {
        return Err(Error::unknown("metric option", key, known()));
    }
    let shown = value.to_string();
    serde_json::from_value(value)
        .map_err(|e| Error::argument(&format!("the options of {metric}"), shown, e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_entry_makes_the_metric_of_its_name() {
        for entry in METRICS {
            assert_eq!(by_name(entry.name, Value::Null).unwrap().name(), entry.name);
            assert_eq!(by_name(entry.name, json!({})).unwrap().name(), entry.name);
        }
    }

    #[test]
    fn the_better_way_is_found_in_the_name() {
        use Better::{Higher, Lower};
        let cases = [("energy", Some(Lower)), ("coverage", Some(Higher)), ("far_log_density", Some(Higher))];
        let more =
            [("w2_gauss_near", Some(Lower)), ("memorisation", Some(Lower)), ("energyless", None), ("steps", None)];
        cases.into_iter().chain(more).for_each(|(name, want)| assert_eq!(better(name), want, "{name}"));
    }

    #[test]
    fn a_wrong_name_or_option_gets_the_nearest() {
        let near = |r: Result<Box<dyn Metric>>| match r {
            Err(Error::Unknown { near, .. }) => near,
            _ => None,
        };
        assert_eq!(near(by_name("enrgy", Value::Null)).as_deref(), Some("energy"));
        assert_eq!(near(by_name("mmd", json!({ "kernal": 1 }))).as_deref(), Some("kernel"));
        assert!(by_name("mmd", json!({ "kernel": "mean" })).is_err());
        assert!(by_name("mmd", json!({ "kernel": [{ "kernel": "imq", "h": 1 }, 2] })).is_ok());
        assert!(by_name("coverage", json!({ "radius": "far" })).is_err());
    }
}
