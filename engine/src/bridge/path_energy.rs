//! The energy of the paths of a bridge.

use super::Bridge;
use super::simulate::diffuse;
use crate::metric::Estimate;
use crate::options::at_least;
use crate::rng::Stream;
use crate::{Interrupt, Points, Result};
use rayon::prelude::*;

/// Returns `E int_0^1 |u(t, X_t) - f(X_t)|^2 / (2 epsilon) dt` over paths from the given starts,
/// with its standard error over the paths. The drift of the reference process is `f(x) = -pull x`.
/// By Girsanov's theorem this is the relative entropy of the bridge to the reference process from
/// the same starts. Of all diffusions between the two ends, the Schroedinger bridge has the
/// smallest value. The sum over `steps` Euler steps has an error of order `1 / steps`.
///
/// # Errors
/// `steps` is 0, the points do not fit the bridge, the drift fails, or an interrupt.
pub fn path_energy(
    bridge: &dyn Bridge,
    start: &Points,
    steps: usize,
    stream: Stream,
    interrupt: &Interrupt,
) -> Result<Estimate> {
    at_least(&[("steps", steps, 1)])?;
    bridge.check_points(start)?;
    let (reference, dim) = (bridge.reference(), start.dim());
    let (mut energy, mut before) = (vec![0.0; start.n()], start.clone());
    let share = 1.0 / (2.0 * reference.epsilon() * steps as f64);
    diffuse(bridge, start.clone(), (steps, false), stream, interrupt, &mut |_, points, drift| {
        let rows = before.data().par_chunks(dim).zip(drift.data().par_chunks(dim));
        energy.par_iter_mut().zip(rows).for_each(|(energy, (x, u))| {
            *energy += share * x.iter().zip(u).map(|(x, u)| (u + reference.pull() * x).powi(2)).sum::<f64>();
        });
        before.copy_from(points);
    })?;
    Ok(Estimate::of_mean(&energy))
}
