//! Points that a run takes along.

use super::RunOptions;
use crate::flow::{Flow, no_field};
use crate::points::squared_distance;
use crate::{Points, Result};

/// Those that `options` name, which `flow` can take along with `start`.
///
/// # Errors
/// Another dimension, a coordinate that is not finite, a flow that is no velocity field.
pub(super) fn checked<'a>(options: &'a RunOptions, start: &Points, flow: &dyn Flow) -> Result<Option<&'a Points>> {
    let Some(points) = &options.carry else { return Ok(None) };
    points.check_finite("`carry`")?;
    points.check_dim("`carry`", start.dim(), "the start")?;
    if flow.is_velocity() { Ok(Some(points)) } else { Err(no_field(flow.name())) }
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
