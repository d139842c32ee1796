//! The divergences whose gradient flows are the score difference times a function of the density
//! ratio.

use serde::{Deserialize, Serialize};

/// The largest density ratio that a velocity uses.
pub(super) const LARGEST_RATIO: f64 = 10.0;

/// The divergence whose gradient flow the particles follow. Let `f(r)` be the first variation of a
/// divergence `D(p, q)` in `q`, where `r = p / q`. The velocity `-grad f(r)` is the score
/// difference times `-r f'(r)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Divergence {
    /// `KL(q|p)`: the score difference itself.
    #[default]
    ReverseKl,
    /// `KL(p|q)`: the factor `r`.
    Kl,
    /// `KL(p|q) + KL(q|p)`: the factor `(1 + r) / 2`.
    Jeffreys,
    /// The Jensen-Shannon divergence: the factor `2 r / (1 + r)`.
    Js,
    /// Pearson's chi-squared of `p` from `q`: the factor `r^2`.
    Pearson,
}

crate::choices!(Divergence);

impl Divergence {
    /// Returns the factor of the score difference at the density ratio `r`, divided by the factor
    /// at 1.
    pub fn factor(self, r: f64) -> f64 {
        match self {
            Divergence::ReverseKl => 1.0,
            Divergence::Kl => r,
            Divergence::Jeffreys => 0.5 * (1.0 + r),
            Divergence::Js => 2.0 * r / (1.0 + r),
            Divergence::Pearson => r * r,
        }
    }

    /// Returns the largest factor that a velocity can have.
    pub(super) fn largest_factor(self) -> f64 {
        self.factor(LARGEST_RATIO)
    }
}
