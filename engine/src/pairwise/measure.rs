//! What a call's points are like: measured once, before anything is chosen.

use super::call::{KernelCall, SoftmaxCall};
use super::plan::{Shape, mean_square};
use super::rounding::{FAR, FAR_KERNEL, neighbourhood};

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
    /// The sources' mean becomes 0, and a score minus a squared distance in bits.
    pub fn of_softmax(call: &SoftmaxCall) -> Measure {
        let SoftmaxCall { queries, sources, softmax, .. } = *call;
        let scale = (0.5 * std::f64::consts::LOG2_E).sqrt() / softmax.sigma;
        let centre = sources.mean();
        let (own, _) = mean_square(sources, &centre, f64::INFINITY);
        let (others, far) = mean_square(queries, &centre, FAR / (scale * scale));
        let (n, m, dim) = (queries.n(), sources.n(), sources.dim());
        let square = scale * scale * (own + others);
        let shape = Shape { n, m, dim, value_dim: call.value_dim(), square, far: many(far, n) };
        Measure { centre, scale, factor: 1.0, unit: 1.0, shape, far }
    }

    /// The sources' mean becomes 0, and a score what the kernel's lane profile takes.
    pub fn of_kernel(call: &KernelCall) -> Measure {
        let KernelCall { queries, sources, sum } = *call;
        let spread = sources.spread();
        let (scale, factor) = sum.kernel.units(sum.part, spread);
        let unit = match sum.kernel.own_bandwidth() {
            Some(h) => 1.0 / (scale * h),
            None => neighbourhood(sources).map_or(1.0, |near| 1.0 / (scale * near)),
        };
        let centre = sources.mean();
        let (_, far) = mean_square(queries, &centre, FAR_KERNEL / (scale * unit).powi(2));
        let (n, m, dim) = (queries.n(), sources.n(), sources.dim());
        let shape = Shape { n, m, dim, value_dim: call.value_dim(), square: 0.0, far: many(far, n) };
        Measure { centre, scale, factor, unit, shape, far }
    }

    /// Centre and scale of packed points.
    pub fn place(&self) -> (&[f64], f64) {
        (&self.centre, self.scale)
    }
}

/// Are so many of `n` queries far that computing them again would cost more than another way for
/// all?
fn many(far: usize, n: usize) -> bool {
    8 * far > n
}
