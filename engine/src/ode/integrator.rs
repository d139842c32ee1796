//! The Runge-Kutta methods with fixed steps.

use serde::{Deserialize, Serialize};

/// A method for `dy/dt = v(y, t)`. Tests check its order by regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Integrator {
    /// One evaluation, order 1.
    #[default]
    Euler,
    /// Two evaluations, order 2, by the mean of the velocities at both ends.
    Heun,
    /// Four evaluations, order 4.
    Rk4,
}

crate::choices!(Integrator);

impl Integrator {
    /// Returns the position of each stage, as a fraction of the step. In these methods a stage is
    /// reached from the beginning of the step along the velocity of the previous stage.
    pub fn stages(self) -> &'static [f64] {
        match self {
            Integrator::Euler => &[0.0],
            Integrator::Heun => &[0.0, 1.0],
            Integrator::Rk4 => &[0.0, 0.5, 0.5, 1.0],
        }
    }

    /// Returns the weight of the velocity of each stage; the weights sum to 1.
    pub fn weights(self) -> &'static [f64] {
        match self {
            Integrator::Euler => &[1.0],
            Integrator::Heun => &[0.5, 0.5],
            Integrator::Rk4 => &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
        }
    }
}
