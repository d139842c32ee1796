//! Mean log density under the target.

use super::estimate::{mean, variance_of_mean};
use super::{Better, Estimate, Metric, Properties, Reference};
use crate::error::MissingPart;
use crate::pairwise::Pairwise;
use crate::{Points, Result, rng::Stream};

/// `1/n sum_i log p(y_i)` in nats. Larger is better only up to what the target's own samples score:
/// points that collapse onto a mode exceed it, so read it against the floor and beside a distance.
///
/// # Errors
/// A reference whose target has no closed-form density.
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
