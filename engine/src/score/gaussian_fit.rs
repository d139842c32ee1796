//! The score of one Gaussian that follows the moving cloud.

use super::covariance_shape::{Shape, apply_shape, check_ridge};
use super::{At, Form, Score, check_sigma, exact::scale};
use crate::archive::Archived;
use crate::points::check_matrix;
use crate::target::{Density, Gaussian};
use crate::{Error, Points, Result};

crate::options! {
    /// Options of `gaussian_fit`.
    pub struct GaussianFitOptions {
        /// The covariance of the Gaussian: "full" or "diagonal".
        covariance: Shape = Shape::Full,
        /// Constant added to the diagonal of the covariance, relative to its mean variance; 0 or
        /// more.
        ridge: f64 = 1e-9,
    }
}

/// The score of the Gaussian with the mean and covariance of the cloud, `-(C + sigma^2 I)^-1 (z -
/// m)`.
///
/// It is exact whenever the cloud is Gaussian. The fit moves with the cloud. Where the flow comes
/// to rest, the moments of the cloud equal those of the target, so the bias of the inverse sample
/// covariance does not affect the result. The cost is `n d^2` for the covariance and for the
/// evaluation, and `d^3` for the eigenvalues.
#[derive(Debug, Clone, Default)]
pub struct GaussianFit {
    options: GaussianFitOptions,
}

impl GaussianFit {
    /// # Errors
    /// The ridge is negative.
    pub fn new(options: GaussianFitOptions) -> Result<GaussianFit> {
        check_ridge(options.ridge)?;
        Ok(GaussianFit { options })
    }
}

impl Score for GaussianFit {
    fn name(&self) -> String {
        "Gaussian fit of the moving cloud".into()
    }

    fn dim(&self) -> Option<usize> {
        None
    }

    fn evaluate(&mut self, at: &At, form: Form, out: &mut Points) -> Result<()> {
        check_sigma(at.sigma, true, "a Gaussian fit")?;
        let (n, dim) = (at.cloud.n(), at.cloud.dim());
        if at.sigma == 0.0 && self.options.covariance == Shape::Full && n <= dim {
            let reason = format!(
                "{n} points in {dim} dimensions have a singular covariance; use more than {dim} points, \
                 a diagonal covariance, or a positive sigma"
            );
            return Err(Error::Numeric { what: "gaussian_fit".into(), reason });
        }
        check_matrix(dim)?;
        let mut cov = apply_shape(at.cloud.covariance(), self.options.covariance, self.options.ridge);
        // The covariance is smoothed before it is decomposed, so that a flat cloud has a score for
        // every positive sigma.
        (0..dim).for_each(|j| cov[(j, j)] += at.sigma * at.sigma);
        Gaussian::new(at.cloud.mean(), cov)?.score(at.z, 0.0, out)?;
        scale(out, form.scale(at.sigma));
        Ok(())
    }
}

impl Archived for GaussianFit {}
