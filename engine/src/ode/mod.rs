//! Ordinary differential equations. A whole cloud takes explicit Runge-Kutta steps
//! \[hairer1993solving\] along a velocity that is given as a function. The divergence of such a
//! velocity is computed too.
//!
//! [`RungeKutta`] takes the steps and owns the buffers. It does not depend on flows, scores or
//! targets. [`Integrator`] names the methods with fixed steps. `dormand_prince` is the embedded
//! pair of orders 5 and 4, whose step follows a tolerance. `divergence` differentiates a velocity
//! numerically.

mod divergence;
mod dormand_prince;
mod integrator;
mod runge_kutta;
#[cfg(test)]
mod tests;

pub(crate) use divergence::{Divergence, MOST_COORDINATES, directions, mean_and_error};
pub use integrator::Integrator;
pub(crate) use runge_kutta::move_into;
#[doc(hidden)]
pub use runge_kutta::{RungeKutta, StepReport, Velocity};
