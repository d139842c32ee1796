//! The squared maximum mean discrepancy.

use super::two_sample::discrepancy;
use super::{Estimate, Metric, Reference};
use crate::pairwise::{Kernel, Pairwise};
use crate::points::squared_distance;
use crate::{Error, Points, Result, rng::Stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Points behind a median distance.
const MEDIAN_POINTS: usize = 500;

crate::options! {
    /// Squared maximum mean discrepancy.
    pub struct MmdOptions {
        /// "median" (gaussian, the reference's median distance as bandwidth), a kernel map such as `imq(0.5)`, or a list of kernels or of gaussian bandwidths, over which the mean is taken.
        kernel: KernelChoice = KernelChoice::Median,
        /// Leave the pairs of a point with itself out (U-statistic): unbiased, and it can be negative.
        unbiased: bool = false,
    }
}

/// Kernels by rule or by list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum KernelChoice {
    /// A Gaussian kernel with the median distance of the reference as its bandwidth.
    Median,
    /// These, averaged.
    Kernels(Vec<Kernel>),
}

impl KernelChoice {
    /// The kernels for this reference.
    ///
    /// # Errors
    /// A bandwidth that is not positive, an empty list, or "median" of points that all coincide.
    pub fn kernels(&self, reference: &Points) -> Result<Vec<Kernel>> {
        let kernels = match self {
            KernelChoice::Median => vec![Kernel::Gaussian { h: median_distance(reference)? }],
            KernelChoice::Kernels(list) => list.clone(),
        };
        if kernels.is_empty() {
            return Err(Error::argument("kernel", "[]", "a list of kernels needs at least one"));
        }
        kernels.iter().try_for_each(Kernel::check)?;
        Ok(kernels)
    }
}

impl TryFrom<Value> for KernelChoice {
    type Error = String;

    fn try_from(value: Value) -> std::result::Result<Self, String> {
        let one = |value: &Value| match value.as_f64() {
            Some(h) => Ok(Kernel::Gaussian { h }),
            None => Kernel::deserialize(value).map_err(|e| format!("{e} in {value}")),
        };
        match &value {
            Value::String(rule) if rule == "median" => Ok(KernelChoice::Median),
            Value::String(rule) => Err(format!("\"{rule}\" is no rule for a kernel; it can be \"median\"")),
            Value::Array(list) => {
                list.iter().map(one).collect::<std::result::Result<_, _>>().map(KernelChoice::Kernels)
            }
            value => one(value).map(|k| KernelChoice::Kernels(vec![k])),
        }
    }
}

impl From<KernelChoice> for Value {
    fn from(choice: KernelChoice) -> Value {
        match choice {
            KernelChoice::Median => "median".into(),
            KernelChoice::Kernels(list) => list.iter().map(|k| serde_json::to_value(k).unwrap_or_default()).collect(),
        }
    }
}

/// Median distance of two different rows of `points`, over at most 500 rows at even spacing: no randomness, so the
/// bandwidth is the same at every call. Cost 125,000 distances.
///
/// # Errors
/// All rows coincide, or there is only one.
pub fn median_distance(points: &Points) -> Result<f64> {
    let k = points.n().min(MEDIAN_POINTS);
    let row = |i: usize| points.row(i * points.n() / k);
    let pairs = (0..k).flat_map(|i| (0..i).map(move |j| (i, j)));
    let mut squares: Vec<f64> = pairs.map(|(i, j)| squared_distance(row(i), row(j))).filter(|d2| *d2 > 0.0).collect();
    if squares.is_empty() {
        let reason = "all its points coincide, so there is no median distance; give a kernel with its bandwidth";
        return Err(Error::Numeric { what: "the kernel of the reference".into(), reason: reason.into() });
    }
    let middle = squares.len() / 2;
    Ok(squares.select_nth_unstable_by(middle, f64::total_cmp).1.sqrt())
}

/// `MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y)` [gretton2012kernel], the mean over the kernels; its root is the part
/// `mmd`, the bandwidths are the parts `h`. Cost `(n + m)^2` kernel values in f64 per kernel.
#[derive(Debug, Clone, Default)]
pub struct Mmd {
    options: MmdOptions,
}

impl Mmd {
    /// The metric with these options.
    pub fn new(options: MmdOptions) -> Mmd {
        Mmd { options }
    }
}

impl Metric for Mmd {
    fn name(&self) -> &'static str {
        "mmd"
    }

    fn rate(&self, _dim: usize) -> f64 {
        1.0
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, _: Stream) -> Result<Estimate> {
        let kernels = self.options.kernel.kernels(reference.points())?;
        let found = discrepancy(points, reference.points(), &kernels, self.options.unbiased, pairwise)?;
        let root = found.value.max(0.0).sqrt();
        let found = found.with_part("mmd", root);
        Ok(kernels.iter().fold(found, |e, k| e.with_part("h", k.bandwidth())))
    }
}
