//! The centre that is subtracted from all coordinates.

use super::plan::mean_square;
use crate::Points;

/// The largest error, in bandwidths, that the subtraction of a centre may cause in an f64
/// coordinate.
const LOSS: f64 = 1e-9;

/// Returns the centre, which is subtracted from all coordinates, and the mean square of the sources
/// around it. `scale` times a distance is in bandwidths.
///
/// The centre is the mean, so that a common offset of all points costs no precision. If a few
/// points are so far away that subtracting the mean would round the other points even in f64,
/// nothing is subtracted: the coordinates are then as exact as those of the caller.
pub fn centre(sources: &Points, scale: f64) -> (Vec<f64>, f64) {
    let mean = sources.mean();
    let (square, _) = mean_square(sources, &mean, f64::INFINITY);
    if f64::EPSILON * scale * square.sqrt() <= LOSS {
        return (mean, square);
    }
    let origin = vec![0.0; sources.dim()];
    let (square, _) = mean_square(sources, &origin, f64::INFINITY);
    (origin, square)
}
