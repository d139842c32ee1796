//! What is checked of the tracers of a run, before it and after it.

use super::{Dynamics, RunOptions};
use crate::points::squared_distance;
use crate::{Error, Points, Result};

/// Returns the tracers that `options` name, which `dynamics` can take along with `start`.
///
/// # Errors
/// Another dimension, a coordinate that is not finite, a sampler.
pub(super) fn checked<'a>(options: &'a RunOptions, start: &Points, dynamics: &Dynamics) -> Result<Option<&'a Points>> {
    let Some(points) = &options.carry else { return Ok(None) };
    points.check_finite("`carry`")?;
    points.check_dim("`carry`", start.dim(), "the start")?;
    match dynamics {
        Dynamics::Field(..) => Ok(Some(points)),
        Dynamics::Sampler(sampler) => Err(no_field(sampler.name())),
    }
}

fn no_field(name: &str) -> Error {
    let hint =
        "its points do not feel each other, so that a run of its own moves others alike: run(flow, points)".into();
    Error::Missing { what: format!("`{name}`"), part: "field that other points could follow".into(), hint }
}

/// Says how many carried points have ended far outside the cloud.
pub(super) fn thrown_away(carried: &Points, cloud: &Points) -> Option<String> {
    let (centre, far) = (cloud.mean(), 100.0 * cloud.spread().powi(2));
    let lost = carried.iter().filter(|x| squared_distance(x, &centre) > far).count();
    (lost > 0).then(|| {
        format!(
            "{lost} of {} carried points ended more than 10 times the cloud's spread away from it: its own score does not reach \
             them; a source that has no edge, such as mixture_fit(), would",
            carried.n()
        )
    })
}
