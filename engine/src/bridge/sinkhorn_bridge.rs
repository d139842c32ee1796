//! The Schroedinger bridge between two sets of points, from the potentials of Sinkhorn's algorithm.

use super::finite_end::FiniteEnd;
use super::{Bridge, Coupling, ReferenceProcess};
use crate::pairwise::Pairwise;
use crate::rng::Stream;
use crate::sinkhorn;
use crate::target::Moments;
use crate::{Error, Points, Result};
use std::sync::Arc;

/// The bridge between two finite samples relative to a Brownian motion of variance `epsilon`,
/// without training \[pooladian2024plugin\]. With the masses `b_j` and the potential `g` of the
/// target's points `y_j`, the drift of the bridge is
///
/// ```text
/// u(t, x) = (sum_j w_j y_j - x) / (1 - t),
/// w_j ~ b_j exp(g_j / epsilon - |x - y_j|^2 / (2 epsilon (1 - t)))
/// ```
///
/// At `t = 1` the drift is infinite, because the process ends in the points of the target
/// themselves. Cost: `n m d` per evaluation, memory `O(n + m)`.
#[derive(Debug, Clone)]
pub struct SinkhornBridge {
    start: FiniteEnd,
    /// The points of the end, each with `log b_j + g_j / epsilon`.
    end: FiniteEnd,
    reference: ReferenceProcess,
    pairwise: Pairwise,
}

impl SinkhornBridge {
    /// Creates the bridge whose plan is this solution of a transport problem.
    ///
    /// # Errors
    /// The problem is unbalanced. Its plan then does not have the two samples as marginals.
    pub fn new(plan: &sinkhorn::Coupling, pairwise: &Pairwise) -> Result<SinkhornBridge> {
        if plan.is_unbalanced() {
            return Err(Error::argument("rho", "given", "a bridge begins and ends in the given points; leave it out"));
        }
        let side = |i: usize| {
            let (points, log_weights) = plan.side(i);
            FiniteEnd { points: Arc::clone(points), log_weights: log_weights.into() }
        };
        let reference = ReferenceProcess::brownian(plan.potentials().epsilon)?;
        Ok(SinkhornBridge { start: side(0), end: side(1), reference, pairwise: pairwise.clone() })
    }
}

impl Bridge for SinkhornBridge {
    fn name(&self) -> String {
        format!("a bridge between {} and {} points", self.start.points.n(), self.end.points.n())
    }

    fn dim(&self) -> usize {
        self.end.points.dim()
    }

    fn reference(&self) -> ReferenceProcess {
        self.reference
    }

    fn forward(&self, t: f64, points: &Points, out: &mut Points) -> Result<()> {
        self.end.drift(&self.pairwise, self.reference.epsilon(), t, points, out)
    }

    fn reversed(&self) -> Option<Box<dyn Bridge + '_>> {
        let (start, end) = (self.end.clone(), self.start.clone());
        Some(Box::new(SinkhornBridge { start, end, ..self.clone() }))
    }

    fn plan(&self) -> Option<&dyn Coupling> {
        Some(self)
    }
}

impl Coupling for SinkhornBridge {
    fn draw(&self, points: &Points, stream: Stream, out: &mut Points) -> Result<()> {
        self.pairwise.interrupt().check()?;
        self.end.draw(self.reference.epsilon(), points, stream, out);
        Ok(())
    }

    fn conditional_moments(&self, x: &[f64]) -> Moments {
        self.end.conditional_moments(self.reference.epsilon(), x)
    }
}
