//! What a call's points are like: measured once, before anything is chosen.

use super::call::{KernelCall, SoftmaxCall};
use super::plan::{Shape, mean_square};
use super::rounding::{FAR, FAR_KERNEL, neighbourhood};
use crate::Points;

/// The largest error, in bandwidths, that a centre may cost a coordinate in f64.
const LOSS: f64 = 1e-9;

/// Scaled squared distances beyond this are near the largest number of f32, and what a kernel makes
/// of infinity is not always 0; one over it is near the smallest.
const LARGEST_SQUARE: f64 = 1e30;

/// How packed points relate to the caller's.
pub struct Measure {
    pub centre: Vec<f64>,
    pub scale: f64,
    /// The factor of a kernel's sums.
    pub factor: f64,
    /// Scaled lengths times this are in units of the kernel's neighbourhood.
    pub unit: f64,
    pub shape: Shape,
    /// Queries that are far from the centre.
    pub far: usize,
}

impl Measure {
    /// The sources' centre becomes 0, and a score minus a squared distance in bits.
    pub fn of_softmax(call: &SoftmaxCall) -> Measure {
        let SoftmaxCall { queries, sources, softmax, .. } = *call;
        let scale = (0.5 * std::f64::consts::LOG2_E).sqrt() / softmax.sigma;
        let (centre, own) = centre(sources, scale);
        let (others, far) = mean_square(queries, &centre, FAR / (scale * scale));
        let (n, m, dim) = (queries.n(), sources.n(), sources.dim());
        let square = scale * scale * (own + others);
        let shape = Shape { n, m, dim, value_dim: call.value_dim(), square, far: many(far, n) };
        Measure { centre, scale, factor: 1.0, unit: 1.0, shape, far }
    }

    /// The sources' centre becomes 0, and a score what the kernel's lane profile takes.
    pub fn of_kernel(call: &KernelCall) -> Measure {
        let KernelCall { queries, sources, sum } = *call;
        let spread = sources.spread();
        let (scale, factor) = sum.kernel.units(sum.part, spread);
        let unit = match sum.kernel.own_bandwidth() {
            Some(h) => 1.0 / (scale * h),
            None => neighbourhood(sources).map_or(1.0, |near| 1.0 / (scale * near)),
        };
        let (centre, square) = centre(sources, scale * unit);
        let (_, far) = mean_square(queries, &centre, FAR_KERNEL / (scale * unit).powi(2));
        let (n, m, dim) = (queries.n(), sources.n(), sources.dim());
        let beyond_f32 = scale * scale * square * m as f64 > LARGEST_SQUARE || unit * unit > LARGEST_SQUARE;
        let far = if beyond_f32 { n } else { far };
        let shape = Shape { n, m, dim, value_dim: call.value_dim(), square: 0.0, far: many(far, n) };
        Measure { centre, scale, factor, unit, shape, far }
    }

    /// Centre and scale of packed points.
    pub fn place(&self) -> (&[f64], f64) {
        (&self.centre, self.scale)
    }
}

/// What is subtracted from all coordinates, and the sources' mean square around it; `scale` times a
/// distance is in bandwidths.
///
/// The mean, so that an offset that all points have costs no digits. Where a few points are so far
/// away that even in f64 the difference from the mean rounds the others, nothing is subtracted:
/// f64 coordinates are as exact as the caller's own.
fn centre(sources: &Points, scale: f64) -> (Vec<f64>, f64) {
    let mean = sources.mean();
    let (square, _) = mean_square(sources, &mean, f64::INFINITY);
    if f64::EPSILON * scale * square.sqrt() <= LOSS {
        return (mean, square);
    }
    let origin = vec![0.0; sources.dim()];
    let (square, _) = mean_square(sources, &origin, f64::INFINITY);
    (origin, square)
}

/// Are so many of `n` queries far that computing them again would cost more than another way for
/// all?
fn many(far: usize, n: usize) -> bool {
    8 * far > n
}
