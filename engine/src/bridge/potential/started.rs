//! A bridge with a mixture potential that starts from a known sample, so that it can be reversed.

use super::{PotentialBridge, check_source};
use crate::bridge::finite_end::FiniteEnd;
use crate::bridge::{Bridge, Coupling, ReferenceProcess};
use crate::pairwise::Pairwise;
use crate::rng::Stream;
use crate::target::{Moments, Target};
use crate::{Points, Result};
use std::sync::Arc;

/// A [`PotentialBridge`] that starts from a finite sample, with both drifts.
///
/// Let `x_i` be the points of the start with the masses `p_i`, and `phi(t, x) = sum_k w_k(t, x)`
/// with the `w_k` of the bridge. The position `x` at time `t` comes from `x_i` with the probability
/// `w_i ~ p_i / phi(0, x_i) exp(-|x - x_i|^2 / (2 epsilon t))`, and the backward drift is `b(t, x)
/// = (sum_i w_i x_i - x) / t`. At `t = 0` it is infinite, because the reversed process ends in the
/// points `x_i` themselves.
///
/// For a source that is a finite sample, the backward drift is exact. For any other source it is
/// that of the bridge from a sample of the source, with an error. The exact backward drift for a
/// source of density `p_0` is a ratio of integrals over `p_0 / phi(0, .)`. Even for a Gaussian
/// `p_0` these integrals have a closed form only if the potential has one component. The error
/// falls as `1 / sqrt(m)` for `m` points. It grows as `t` falls: once `sqrt(epsilon t)` is as small
/// as the distance between neighbouring points, the reversed process chooses one of these points.
///
/// Cost of the backward drift: `n m d` for `m` points of the start.
#[derive(Debug, Clone)]
pub struct StartedBridge {
    bridge: Arc<PotentialBridge>,
    start: FiniteEnd,
    pairwise: Pairwise,
}

impl StartedBridge {
    /// Creates the bridge from all points of a source that is a finite sample, or else from `n`
    /// points drawn from the source.
    ///
    /// # Errors
    /// The dimensions differ, or the source cannot be sampled.
    pub fn new(
        bridge: Arc<PotentialBridge>,
        source: &dyn Target,
        n: usize,
        stream: Stream,
        pairwise: &Pairwise,
    ) -> Result<StartedBridge> {
        check_source(source, bridge.dim())?;
        let (points, masses) = match source.data() {
            Some(data) => (data.points.clone(), data.weights.map(<[f64]>::to_vec)),
            None => (Arc::new(source.sample(n, stream)?), None),
        };
        let mut log_weights = bridge.weights_at(0.0).log_sums(&points);
        log_weights.iter_mut().for_each(|l| *l = -*l);
        for (l, mass) in log_weights.iter_mut().zip(masses.iter().flatten()) {
            *l += mass.ln();
        }
        let start = FiniteEnd { points, log_weights: log_weights.into() };
        Ok(StartedBridge { bridge, start, pairwise: pairwise.clone() })
    }
}

impl Bridge for StartedBridge {
    fn name(&self) -> String {
        self.bridge.name()
    }

    fn dim(&self) -> usize {
        self.bridge.dim()
    }

    fn reference(&self) -> ReferenceProcess {
        self.bridge.reference()
    }

    fn forward(&self, t: f64, points: &Points, out: &mut Points) -> Result<()> {
        self.bridge.forward(t, points, out)
    }

    fn reversed(&self) -> Option<Box<dyn Bridge + '_>> {
        Some(Box::new(Reversed(self)))
    }

    fn plan(&self) -> Option<&dyn Coupling> {
        self.bridge.plan()
    }
}

/// The same process in reversed time.
#[derive(Debug)]
struct Reversed<'a>(&'a StartedBridge);

impl Bridge for Reversed<'_> {
    fn name(&self) -> String {
        self.0.name()
    }

    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn reference(&self) -> ReferenceProcess {
        self.0.reference()
    }

    fn forward(&self, t: f64, points: &Points, out: &mut Points) -> Result<()> {
        self.0.start.drift(&self.0.pairwise, self.0.reference().epsilon(), t, points, out)
    }

    fn reversed(&self) -> Option<Box<dyn Bridge + '_>> {
        Some(Box::new(self.0.clone()))
    }

    fn plan(&self) -> Option<&dyn Coupling> {
        Some(self)
    }
}

impl Coupling for Reversed<'_> {
    fn draw(&self, points: &Points, stream: Stream, out: &mut Points) -> Result<()> {
        self.0.pairwise.interrupt().check()?;
        self.0.start.draw(self.0.reference().epsilon(), points, stream, out);
        Ok(())
    }

    fn conditional_moments(&self, x: &[f64]) -> Moments {
        self.0.start.conditional_moments(self.0.reference().epsilon(), x)
    }
}
