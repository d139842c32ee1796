//! Measurements of the points of a call, made once, before anything is chosen.

use super::call::{KernelCall, SoftmaxCall};
use super::centre::centre;
use super::plan::{Shape, mean_square};
use super::rounding::{FAR, FAR_KERNEL, FAR_SOFTMAX, neighbourhood};

/// The largest scaled squared distance for which f32 is used. A larger number, or its inverse, may
/// exceed the range of f32, and a kernel need not vanish at such a distance.
const LARGEST_SQUARE: f64 = 1e30;

/// The relation of packed points to those of the caller.
pub struct Measure {
    pub centre: Vec<f64>,
    pub scale: f64,
    /// The factor by which the sums of a kernel are multiplied.
    pub factor: f64,
    /// The factor that converts scaled lengths to units of the width of the kernel.
    pub unit: f64,
    pub shape: Shape,
    /// The sum of the mean squares of sources and queries around the centre, scaled.
    pub extent: f64,
    /// The number of queries far from the centre.
    pub far: usize,
}

impl Measure {
    /// Returns the measurements for a softmax: the centre of the sources becomes 0, and a score
    /// becomes a negative squared distance in bits.
    pub fn of_softmax(call: &SoftmaxCall) -> Measure {
        let SoftmaxCall { queries, sources, softmax, .. } = *call;
        let scale = (0.5 * std::f64::consts::LOG2_E).sqrt() / softmax.sigma;
        let (centre, own) = centre(sources, scale);
        let (others, far) = mean_square(queries, &centre, FAR / (scale * scale));
        let (n, m, dim) = (queries.n(), sources.n(), sources.dim());
        let square = scale * scale * (own + others);
        let shape = Shape { n, m, dim, value_dim: call.value_dim(), square, far: many(far, n) };
        Measure { centre, scale, factor: 1.0, unit: 1.0, shape, extent: square, far }
    }

    /// Returns the measurements for a kernel: the centre of the sources becomes 0, and a score
    /// becomes the argument of the lane profile of the kernel.
    pub fn of_kernel(call: &KernelCall) -> Measure {
        let KernelCall { queries, sources, sum, is_softmax } = *call;
        let spread = sources.spread();
        let (scale, factor) = sum.kernel.units(sum.part, spread);
        let unit = match sum.kernel.own_bandwidth() {
            Some(h) => 1.0 / (scale * h),
            None => neighbourhood(sources).map_or(1.0, |near| 1.0 / (scale * near)),
        };
        let (centre, square) = centre(sources, scale * unit);
        let limit = if is_softmax { FAR_SOFTMAX } else { FAR_KERNEL };
        let (others, far) = mean_square(queries, &centre, limit / (scale * unit).powi(2));
        let (n, m, dim) = (queries.n(), sources.n(), sources.dim());
        let beyond_f32 = scale * scale * square * m as f64 > LARGEST_SQUARE || unit * unit > LARGEST_SQUARE;
        let far = if beyond_f32 { n } else { far };
        let shape = Shape { n, m, dim, value_dim: call.value_dim(), square: 0.0, far: many(far, n) };
        Measure { centre, scale, factor, unit, shape, extent: scale * scale * (square + others), far }
    }

    /// Returns the centre and scale of packed points.
    pub fn place(&self) -> (&[f64], f64) {
        (&self.centre, self.scale)
    }
}

/// True if so many of `n` queries are far that computing these again would cost more than computing
/// all by another method.
fn many(far: usize, n: usize) -> bool {
    8 * far > n
}
