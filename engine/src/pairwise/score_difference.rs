//! The score difference in one call: the means over targets and over particles have the same
//! queries and are written into one field.

use super::call::SoftmaxCall;
use super::grid::placements::Placements;
use super::loops::output_row::rows;
use super::{Pairwise, Softmax, Values};
use crate::points::kd_order::Orders;
use crate::{Points, Result, Subject};

/// Two smoothed empirical distributions that share `sigma`.
#[derive(Debug, Clone, Copy)]
pub struct ScoreDifference<'a> {
    /// The target's points, `x_j ~ p`.
    pub targets: &'a Points,
    /// `l_j` of the targets; None means that all are 0.
    pub target_log_weights: Option<&'a [f64]>,
    /// The particles, `y_i ~ q`.
    pub particles: &'a Points,
    /// True if query `i` excludes particle `i`.
    pub leave_out_self: bool,
    /// Standard deviation of the smoothing, positive, in the units of the data.
    pub sigma: f64,
}

/// The points at which a difference is evaluated.
#[derive(Debug, Clone, Copy)]
pub enum Queries<'a> {
    /// The particles themselves: every pair of particles can then be evaluated once.
    Particles,
    /// These points, n x dim.
    At(&'a Points),
}

impl<'a> From<&'a Points> for Queries<'a> {
    fn from(points: &'a Points) -> Queries<'a> {
        Queries::At(points)
    }
}

impl Pairwise {
    /// Writes `D_p(z_i) - D_q(z_i) = sigma^2 (grad log p_sigma - grad log q_sigma)(z_i)` into row
    /// `i` of `out`, with the softmax means `D_p` over the targets and `D_q` over the particles
    /// \[weber2023score\]. The difference is exactly 0 if both sets are equal and nothing is
    /// excluded. Time `O(n (m + n) d)`; memory: the packed copy of one set, besides inputs and
    /// output.
    ///
    /// # Errors
    /// Shapes do not match, `sigma` is not positive, or an interrupt.
    pub fn score_difference<'a>(
        &self,
        queries: impl Into<Queries<'a>>,
        difference: &ScoreDifference<'a>,
        out: &mut Points,
    ) -> Result<()> {
        let ScoreDifference { targets, target_log_weights, particles, leave_out_self, sigma } = *difference;
        let (queries, own) = match queries.into() {
            Queries::Particles => (particles, true),
            Queries::At(points) => (points, false),
        };
        particles.check_dim(Subject::several("the particles"), targets.dim(), "the target")?;
        let to_targets = Softmax { sigma, log_weights: target_log_weights, leave_out_self: false };
        let to_particles = Softmax { sigma, log_weights: None, leave_out_self };
        self.check_softmax(queries, targets, &to_targets)?;
        self.check_softmax(queries, particles, &to_particles)?;
        out.reshape(queries.n(), targets.dim());
        let (orders, placements) = (&Orders::default(), &Placements::about(targets));
        let pass = |sources, softmax, subtract, out: &mut Points| {
            let values = Some(Values::Own);
            let call = SoftmaxCall { queries, sources, values, softmax, orders, placements, subtract };
            self.softmax(&call, rows(Some(out), None, None))
        };
        // For equal sets the two passes must be the same, so that the difference vanishes to the
        // last bit.
        if !(own && !leave_out_self && targets != particles && self.own_means(particles, sigma, placements, out)?) {
            pass(particles, to_particles, false, out)?;
        }
        pass(targets, to_targets, true, out)
    }
}
