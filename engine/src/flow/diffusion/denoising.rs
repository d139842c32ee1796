//! The denoiser of a score at one noise level, with the change of coordinates before and after it.

use crate::flow::Clock;
use crate::pairwise::Pairwise;
use crate::score::{At, Form, Score};
use crate::{Points, Result};

/// Writes `D(z; sigma) - z`.
pub fn denoising(
    score: &mut dyn Score,
    z: &Points,
    sigma: f64,
    clock: &Clock,
    pairwise: &Pairwise,
    out: &mut Points,
) -> Result<()> {
    pairwise.interrupt().check()?;
    let at = At { z, sigma, cloud: z, aligned: true, learn: true, stream: clock.randomness("estimate"), pairwise };
    score.evaluate(&at, Form::Displacement, out)
}

pub fn scale(points: &mut Points, factor: f64) {
    if factor != 1.0 {
        points.data_mut().iter_mut().for_each(|v| *v *= factor);
    }
}
