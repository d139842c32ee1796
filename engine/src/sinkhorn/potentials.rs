//! The potentials that solve a transport problem.

use crate::number::number;

/// The solution of a transport problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Potentials {
    /// The potential of the first points, n.
    pub f: Vec<f64>,
    /// The potential of the second points, m.
    pub g: Vec<f64>,
    /// The regularisation.
    pub epsilon: f64,
    /// The value of the dual problem: a lower bound of `OT(a, b)`, with an error of the order of
    /// the square of the marginal error.
    pub cost: f64,
    /// Whether the error is at most the tolerance.
    pub converged: bool,
    /// An upper bound on the L1 error of the marginals of the plan of `f` and `g`. With `rho`, the
    /// relative change of the plan in the last iteration. It is at least the relative error of an
    /// entry of the plan that the rounding of the potentials causes, or 1 if that is larger.
    pub marginal_error: f64,
    /// The number of iterations over all epsilons.
    pub iterations: usize,
    /// True if the iterations were slow and Newton's method was not used, because the plan has too
    /// many entries that are not negligible.
    pub is_dense: bool,
}

impl Potentials {
    /// Returns a sentence about what to change, if the iterations did not converge.
    pub fn advice(&self, tolerance: f64) -> Option<String> {
        let dense = if self.is_dense {
            "; Newton's method was not used, because the plan has too many entries that are not negligible"
        } else {
            ""
        };
        let rounding = rounding(&self.f, &self.g, self.epsilon);
        if rounding > tolerance && rounding >= self.marginal_error {
            return Some(format!(
                "epsilon is too small for f64: the rounding of the potentials changes the entries of the plan by a \
                 share of {}, and the tolerance is {}: increase `epsilon` from {}",
                number(rounding),
                number(tolerance),
                number(self.epsilon)
            ));
        }
        (!self.converged).then(|| {
            format!(
                "the marginals have an error of {} after {} iterations, and the tolerance is {}: increase \
                 `max_iterations`, or `epsilon` from {}, or accept a larger `tolerance`{dense}",
                number(self.marginal_error),
                self.iterations,
                number(tolerance),
                number(self.epsilon)
            )
        })
    }
}

/// A smaller relative error of the entries of a plan is no reason to refuse it.
const SLIGHT: f64 = 1e-9;

/// Returns the relative error of an entry of the plan that the rounding of the potentials causes,
/// at most 1, or 0 if it is slight.
pub(super) fn rounding(f: &[f64], g: &[f64], epsilon: f64) -> f64 {
    let largest = f.iter().chain(g).fold(0.0, |most: f64, h| most.max(h.abs()));
    let share = f64::EPSILON * largest / epsilon;
    if share > SLIGHT { share.min(1.0) } else { 0.0 }
}
