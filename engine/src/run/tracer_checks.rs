//! Checks of the tracers of a run, before and after it.

use super::{Dynamics, RunOptions};
use crate::error::MissingPart;
use crate::points::squared_distance;
use crate::{Error, Points, Result, Subject};

/// Returns the tracers in `options`, checked against `start` and `dynamics`.
///
/// # Errors
/// The dimension differs, a coordinate is not finite, or the flow is a sampler.
pub(super) fn check_tracers<'a>(
    options: &'a RunOptions,
    start: &Points,
    dynamics: &Dynamics,
) -> Result<Option<&'a Points>> {
    let Some(points) = &options.carry else { return Ok(None) };
    points.check_finite("`carry`")?;
    points.check_dim(Subject::option("carry"), start.dim(), "the start")?;
    match dynamics {
        Dynamics::Field(..) => Ok(Some(points)),
        // A sampler has no velocity field along which tracers could move.
        Dynamics::Sampler(sampler) => Err(Error::missing(format!("`{}`", sampler.name()), MissingPart::Field)),
    }
}

/// Warns about tracers that ended far outside the cloud.
pub(super) fn far_tracers(tracers: &Points, cloud: &Points) -> Option<String> {
    let (centre, far) = (cloud.mean(), 100.0 * cloud.spread().powi(2));
    let lost = tracers.iter().filter(|x| squared_distance(x, &centre) > far).count();
    (lost > 0).then(|| {
        format!(
            "{lost} of {} tracers ended farther from the cloud than 10 times its spread: a kernel \
             estimate of the score of the cloud is not accurate outside the cloud; use a \
             parametric estimate, such as a mixture fit",
            tracers.n()
        )
    })
}
