//! The points for the training of a discriminator.

use crate::rng::Stream;
use crate::target::Target;
use crate::{Points, Result};

/// The largest number of points sampled at each call from a target that is not an unweighted sample
/// in memory.
const DRAWN: usize = 4096;

/// Points of a target and of the moving cloud, both with fresh noise. Their buffers are reused.
#[derive(Debug, Clone, Default)]
pub struct Batches([Points; 2]);

impl Batches {
    /// Returns the data of `target` (or a fresh sample of it) and the points of `cloud`, each with
    /// noise from `N(0, sigma^2 I)` added. `random` returns the stream of a purpose: "target", "p"
    /// or "q".
    ///
    /// # Errors
    /// The target cannot be sampled.
    pub fn of(
        &mut self,
        target: &dyn Target,
        cloud: &Points,
        sigma: f64,
        random: impl Fn(&str) -> Stream,
    ) -> Result<[&Points; 2]> {
        let drawn = match target.data() {
            Some(data) if data.weights.is_none() => None,
            _ => Some(target.sample_up_to(DRAWN, random("target"))?),
        };
        let data = target.data().map(|data| &**data.points);
        let p = drawn.as_ref().or(data).unwrap_or(cloud);
        for ((points, label), noisy) in [(p, "p"), (cloud, "q")].into_iter().zip(&mut self.0) {
            noisy.copy_from(points);
            if sigma > 0.0 {
                random(label).scatter_normal(points.data(), sigma, noisy.data_mut());
            }
        }
        let [p, q] = &self.0;
        Ok([p, q])
    }
}
