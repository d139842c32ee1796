//! The mean log density under the target.

use super::estimate::{mean, variance_of_mean};
use super::{Better, Estimate, Metric, Properties, Reference};
use crate::error::MissingPart;
use crate::pairwise::Pairwise;
use crate::{Points, Result, rng::Stream};

/// The mean log density `1/n sum_i log p(y_i)` in nats. The best value is that of samples of the
/// target; points that collapse onto a mode have a larger value. Compare the value with its floor,
/// and use a distance as well.
///
/// # Errors
/// The target of the reference has no closed-form density.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogDensity;

impl Metric for LogDensity {
    fn name(&self) -> &'static str {
        "log_density"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties { better: Better::Higher, ..Properties::default() }
    }

    fn measure(&self, points: &Points, reference: &Reference, _: &Pairwise, _: Stream) -> Result<Estimate> {
        let mut values = Vec::new();
        let target = reference.expect_target(self.name(), "log density")?;
        target.expect_density(MissingPart::LogDensity)?.log_density(points, 0.0, &mut values)?;
        Ok(Estimate::new(mean(&values), variance_of_mean(&values).sqrt()))
    }
}
