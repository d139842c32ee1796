//! One whole score difference: targets and particles against the same queries, straight into one field.

use super::loops::output_row::RowOut;
use super::{Backend, Pairwise, Softmax, SoftmaxMean};
use crate::{Points, Result};

/// Two smoothed empirical distributions that share `sigma`.
#[derive(Debug, Clone, Copy)]
pub struct ScoreDifference<'a> {
    /// The target's points, `x_j ~ p`.
    pub targets: &'a Points,
    /// `l_j` of the targets; None is all zero.
    pub target_log_weights: Option<&'a [f64]>,
    /// The particles, `y_i ~ q`.
    pub particles: &'a Points,
    /// Query `i` leaves particle `i` out.
    pub leave_out_self: bool,
    /// Standard deviation of the smoothing, positive, in the data's units.
    pub sigma: f64,
}

impl Pairwise {
    /// Row `i` of `out` becomes `D_p(z_i) - D_q(z_i) = sigma^2 (grad log p_sigma - grad log q_sigma)(z_i)` with the softmax
    /// means `D_p` over the targets and `D_q` over the particles [weber2023score]. Identically 0 when both sets are equal
    /// and nothing is left out. Time `O(n (m + n) d)`; memory: the packed copy of one set beside inputs and output.
    ///
    /// # Errors
    /// Shapes that do not fit, `sigma` not positive, or an interrupt.
    pub fn score_difference(&self, queries: &Points, difference: &ScoreDifference, out: &mut Points) -> Result<()> {
        let ScoreDifference { targets, target_log_weights, particles, leave_out_self, sigma } = *difference;
        particles.check_dim("the particles", targets.dim(), "the target")?;
        let to_targets = Softmax { sigma, log_weights: target_log_weights, leave_out_self: false };
        let to_particles = Softmax { sigma, log_weights: None, leave_out_self };
        self.check_softmax(queries, targets, &to_targets)?;
        self.check_softmax(queries, particles, &to_particles)?;
        out.reshape(queries.n(), targets.dim());
        // Of equal sets the two passes must be the same, for the difference to vanish to the last bit.
        let turned = std::ptr::eq(queries, particles) && !leave_out_self && targets != particles;
        let own = turned && self.options.backend != Backend::Naive && self.own_means(particles, sigma, out)?;
        for (sources, softmax, subtract) in [(particles, &to_particles, false), (targets, &to_targets, true)] {
            if own && !subtract {
                continue;
            }
            if self.options.backend == Backend::Naive {
                let mut mean = SoftmaxMean::default();
                self.softmax_mean(queries, sources, sources, softmax, &mut mean)?;
                for (o, m) in out.data_mut().iter_mut().zip(mean.mean.data()) {
                    *o = if subtract { m - *o } else { *m };
                }
                continue;
            }
            let rows = out.data_mut().chunks_exact_mut(sources.dim());
            let rows = rows.map(|values| RowOut { values, ..RowOut::default() }).collect();
            self.softmax(queries, sources, Some(sources), softmax, rows, subtract)?;
        }
        Ok(())
    }
}
