//! The options of Sinkhorn's algorithm.

use super::Marginal;
use crate::points::squared_distance;
use crate::{Error, Result, Rule};
use serde::{Deserialize, Serialize};

/// The default of epsilon, relative to the mean cost.
const SHARE: f64 = 0.05;

/// The largest limit of the iterations.
const MOST: usize = 1_000_000;

/// Arithmetic of the iterations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SinkhornPrecision {
    /// Single precision until its rounding error is reached, then double precision.
    #[default]
    Auto,
    /// Single precision only.
    F32,
    /// Double precision only.
    F64,
}

crate::choices!(SinkhornPrecision);

crate::options! {
    /// Options of Sinkhorn's algorithm.
    pub struct SinkhornOptions {
        /// The strength of the regularisation, in the units of the cost `|x - y|^2 / 2`; positive.
        /// The default is 1/20 of the mean cost between the two sides.
        epsilon: Option<f64> = None,
        /// The regularisation expressed as a length, `blur = sqrt(epsilon)`: the plan does not
        /// resolve smaller distances. Give `epsilon` or `blur`, not both.
        blur: Option<f64> = None,
        /// The strength of the penalty on the marginals, in the units of the cost, for unbalanced
        /// transport. Over a distance `d`, a share of about `exp(-d^2 / (4 rho))` of the mass is
        /// transported. With `rho`, masses are used as given. Without `rho`, the marginals are
        /// fixed, and masses are divided by their sum.
        rho: Option<f64> = None,
        /// The iterations end when the L1 error of the marginals is at most this.
        tolerance: f64 = 1e-6,
        /// Largest total number of iterations over all epsilons, at most 1,000,000. An iteration
        /// updates both potentials.
        max_iterations: usize = 2000,
        /// The iterations begin with a large epsilon, the squared diagonal of the box around both
        /// sets, and multiply it by this factor until it is `epsilon`; at least 0 and below 1. With
        /// 0, all iterations are made with `epsilon`.
        scaling: f64 = 0.25,
        /// The number of earlier iterates from which the next iterate is extrapolated, at most 20;
        /// 0 for plain iterations.
        memory: usize = 12,
        /// Whether Newton's method takes over if the iterations are slow. It uses only the
        /// non-negligible entries of the plan, so it is possible only if these are few, as with a
        /// small epsilon. It is not used with `rho` or with the precision "f32".
        newton: bool = true,
        /// Whether the Sinkhorn divergence is also computed. For this, two further plans are
        /// computed: one of each side with itself.
        debias: bool = false,
        /// Arithmetic: "auto" (f32 until its rounding error is reached, then f64), "f32", "f64".
        precision: SinkhornPrecision = SinkhornPrecision::Auto,
    }
}

impl SinkhornOptions {
    /// Checks the options.
    ///
    /// # Errors
    /// An option is out of range, or both `epsilon` and `blur` are given.
    pub fn check(&self) -> Result<()> {
        let lengths = [("epsilon", self.epsilon), ("blur", self.blur), ("rho", self.rho)];
        for (name, value) in lengths.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::argument(name, value, Rule::Positive));
            }
        }
        if let (Some(_), Some(blur)) = (self.epsilon, self.blur) {
            return Err(Error::argument("blur", blur, "`epsilon` is given too; give only one of them"));
        }
        if let Some(blur) = self.blur.filter(|blur| !(blur * blur > 0.0 && (blur * blur).is_finite())) {
            return Err(Error::argument("blur", blur, "its square must be a positive number"));
        }
        if !(self.tolerance >= 0.0 && self.tolerance.is_finite()) {
            return Err(Error::argument("tolerance", self.tolerance, Rule::NotNegative));
        }
        if !(0.0..1.0).contains(&self.scaling) {
            return Err(Error::argument("scaling", self.scaling, "it must be at least 0 and below 1"));
        }
        if self.max_iterations > MOST {
            let want = format!("it must be at most {MOST}");
            return Err(Error::argument("max_iterations", self.max_iterations, want));
        }
        if self.memory > 20 {
            return Err(Error::argument("memory", self.memory, "it must be at most 20"));
        }
        crate::options::at_least(&[("max_iterations", self.max_iterations, 1)])
    }

    /// Returns epsilon for these two sides: the given value, or 1/20 of the mean cost. If all
    /// points coincide, all costs are 0, and epsilon is 1.
    pub fn epsilon_for(&self, x: &Marginal, y: &Marginal) -> f64 {
        self.given().unwrap_or_else(|| {
            let (mean_x, mean_y) = (x.mean(), y.mean());
            let cost = 0.5 * (x.variance(&mean_x) + y.variance(&mean_y) + squared_distance(&mean_x, &mean_y));
            if SHARE * cost > 0.0 { SHARE * cost } else { 1.0 }
        })
    }

    /// Returns the epsilon that the option `epsilon` or `blur` gives, if one of them is given.
    pub fn given(&self) -> Option<f64> {
        self.epsilon.or(self.blur.map(|blur| blur * blur))
    }
}
