//! The exact smoothed score of a target.

use super::checks::{check_sigma, not_finite};
use super::{At, Extent, Form, Score, ScoreDiagnostics, ScoreProperties};
use crate::archive::{Archive, Archived};
use crate::error::MissingPart;
use crate::matrix::Spectrum;
use crate::points::AffineMap;
use crate::{Points, Result, target::Target};
use std::sync::Arc;

/// The score `grad log p_sigma` in closed form.
#[derive(Debug, Clone)]
pub struct Exact {
    target: Arc<dyn Target>,
    error: Option<String>,
}

impl Exact {
    /// # Errors
    /// [`crate::Error::Missing`] if the target has no closed-form score.
    pub fn new(target: Arc<dyn Target>) -> Result<Exact> {
        target.expect_density(MissingPart::Score)?;
        Ok(Exact { target, error: None })
    }
}

impl Score for Exact {
    fn name(&self) -> String {
        format!("exact({})", self.target.name())
    }

    fn dim(&self) -> Option<usize> {
        Some(self.target.dim())
    }

    fn properties(&self) -> ScoreProperties<'_> {
        ScoreProperties { target: Some(&*self.target), ..ScoreProperties::default() }
    }

    fn evaluate(&mut self, at: &At, form: Form, out: &mut Points) -> Result<()> {
        check_sigma(at.sigma, true, "an exact score")?;
        self.target.expect_density(MissingPart::Score)?.score(at.z, at.sigma, out)?;
        self.error = self.error.take().or_else(|| not_finite(&self.target.name(), at.z, out));
        scale(out, form.scale(at.sigma));
        Ok(())
    }

    fn diagnostics(&self) -> ScoreDiagnostics {
        ScoreDiagnostics { ess: None, warnings: self.error.iter().cloned().collect() }
    }

    fn extent(&self) -> Option<Extent> {
        extent(self.target.as_ref())
    }
}

impl Archived for Exact {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("error", &mut self.error)
    }
}

/// Returns the length scales given by the moments and modes of a target.
pub(super) fn extent(target: &dyn Target) -> Option<Extent> {
    let moments = target.moments()?;
    let (mut largest, mut smallest) = (0.0f64, f64::INFINITY);
    let mut widen = |cov: &faer::Mat<f64>| {
        if let Ok(spectrum) = Spectrum::of(cov, "the covariance") {
            for &v in spectrum.values() {
                largest = largest.max(v);
                smallest = smallest.min(v.max(0.0));
            }
        }
    };
    widen(&moments.cov);
    if let Some(mixture) = target.modes() {
        mixture.components().iter().for_each(|c| widen(&c.cov()));
    }
    let units = AffineMap::of_moments(moments.mean, &moments.cov);
    Some(Extent::new(&units, 4.0 * largest.sqrt(), smallest.sqrt()))
}

pub(super) fn scale(points: &mut Points, factor: f64) {
    if factor != 1.0 {
        points.data_mut().iter_mut().for_each(|v| *v *= factor);
    }
}
