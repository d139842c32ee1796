//! The column sums of the joint normalisation.

use crate::pairwise::{Kernel, KernelSoftmax, Pairwise};
use crate::{Points, Result};

/// If the logarithms of column sums differ by more than this, a mean in f32 would lose the roots of
/// the smallest sums.
const RANGE: f64 = 6.0;

/// The logarithms of the column sums of the joint normalisation: for every point, the sum of the
/// kernel over all particles.
pub struct Columns {
    pub target: Vec<f64>,
    pub cloud: Vec<f64>,
}

impl Columns {
    /// # Errors
    /// Those of the pairwise sums.
    pub fn of(
        kernel: Kernel,
        (target, cloud): (&Points, &Points),
        leave_out_self: bool,
        pairwise: &Pairwise,
    ) -> Result<Columns> {
        let mut own = Vec::new();
        let softmax = KernelSoftmax { leave_out_self, ..KernelSoftmax::of(kernel) };
        pairwise.kernel_log_sum(cloud, cloud, &softmax, &mut own)?;
        Ok(Columns { target: log_sums(kernel, (target, cloud), None, pairwise)?, cloud: own })
    }

    /// Returns the largest logarithm of a column sum of the target.
    pub fn most(&self) -> f64 {
        self.target.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// Returns the roots of the column sums of the target, relative to the largest; None if they
    /// differ so much that a mean of them would lose the small ones.
    pub fn roots(&self) -> Option<Vec<f64>> {
        let most = self.most();
        let roots = self.target.iter().map(|sum| (0.5 * (sum - most)).exp());
        self.target.iter().all(|sum| most - sum <= RANGE).then(|| roots.collect())
    }
}

/// Returns, for every query, the logarithm of the sum of the kernel over the sources.
///
/// # Errors
/// Those of the pairwise sums.
pub fn log_sums(
    kernel: Kernel,
    (queries, sources): (&Points, &Points),
    log_weights: Option<&[f64]>,
    pairwise: &Pairwise,
) -> Result<Vec<f64>> {
    let mut sums = Vec::new();
    pairwise.kernel_log_sum(
        queries,
        sources,
        &KernelSoftmax { log_weights, ..KernelSoftmax::of(kernel) },
        &mut sums,
    )?;
    Ok(sums)
}

/// Returns `log(e^a + e^b)`.
pub fn log_of_sum(a: f64, b: f64) -> f64 {
    let (most, least) = (a.max(b), a.min(b));
    if least == f64::NEG_INFINITY { most } else { most + (least - most).exp().ln_1p() }
}
