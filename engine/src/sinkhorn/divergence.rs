//! The debiased value of regularised transport.

use super::{Marginal, Potentials, Sinkhorn, SinkhornOptions};
use crate::Result;
use crate::pairwise::Pairwise;

/// The Sinkhorn divergence with its three problems.
#[derive(Debug, Clone)]
pub struct Divergence {
    /// `OT(a, b) - OT(a, a)/2 - OT(b, b)/2 + epsilon (m_a - m_b)^2 / 2` with the total masses `m_a`
    /// and `m_b`. It is at least 0 up to the errors of the three values of `OT`.
    pub value: f64,
    /// The problem between the sides.
    pub between: Potentials,
    /// The problems of each side with itself.
    pub own: [Potentials; 2],
}

/// Returns the Sinkhorn divergence `OT(a, b) - OT(a, a)/2 - OT(b, b)/2` of two sides
/// \[feydy2019interpolating\], with `epsilon (m_a - m_b)^2 / 2` added for total masses `m_a` and
/// `m_b` that differ \[sejourne2019sinkhorn\]. The divergence is 0 only for equal distributions.
/// Let `f_ab`, `f_aa` be the first potentials of the problems `OT(a, b)` and `OT(a, a)`, and
/// `T_ab`, `T_aa` the means of the rows of their plans. With fixed marginals, `f_ab - f_aa` is the
/// derivative of the divergence with respect to the masses of the first points. The derivative with
/// respect to `x_i` is `a_i (T_aa(x_i) - T_ab(x_i))`. Three problems are solved, all with the
/// epsilon of the problem between the sides.
///
/// # Errors
/// Those of [`Sinkhorn::new`] and [`Sinkhorn::solve`].
pub fn divergence(x: &Marginal, y: &Marginal, options: &SinkhornOptions, pairwise: &Pairwise) -> Result<Divergence> {
    divergence_with(x, y, options, pairwise, &mut |_, _, _| {})
}

/// Computes [`divergence`] and reports the progress of each problem, as [`Sinkhorn::solve_with`]
/// does.
pub(super) fn divergence_with(
    x: &Marginal,
    y: &Marginal,
    options: &SinkhornOptions,
    pairwise: &Pairwise,
    tell: &mut dyn FnMut(usize, usize, f64),
) -> Result<Divergence> {
    options.check()?;
    let epsilon = options.epsilon_for(x, y);
    let options = SinkhornOptions { epsilon: Some(epsilon), blur: None, ..options.clone() };
    let mut solve =
        |x: &Marginal, y: &Marginal| Sinkhorn::new(x.clone(), y.clone(), options.clone())?.solve_with(pairwise, tell);
    let between = solve(x, y)?;
    let own = match x.is_same(y) {
        true => [between.clone(), between.clone()],
        false => [solve(x, x)?, solve(y, y)?],
    };
    let masses = x.total() - y.total();
    let value = between.cost - 0.5 * (own[0].cost + own[1].cost) + 0.5 * epsilon * masses * masses;
    Ok(Divergence { value, between, own })
}

impl Divergence {
    /// True if all three problems converged.
    pub fn converged(&self) -> bool {
        self.between.converged && self.own.iter().all(|own| own.converged)
    }

    /// Returns the problem with the largest error.
    pub fn worst(&self) -> &Potentials {
        let [first, second] = &self.own;
        let larger = |a, b| -> &Potentials {
            let (a, b): (&Potentials, &Potentials) = (a, b);
            if b.marginal_error > a.marginal_error { b } else { a }
        };
        larger(larger(&self.between, first), second)
    }
}
