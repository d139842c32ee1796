//! The implementation of [`Score`] for a kernel estimate.

use super::{Kde, displacement};
use crate::archive::{Archive, Archived};
use crate::number::counted;
use crate::score::{At, Extent, Form, Score, ScoreDiagnostics, ScoreProperties, SigmaRange, check_sigma};
use crate::{Points, Result};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Returns the extent of points. The last result is kept, because every flow builds an estimate of
/// its own from the same points, and measuring a million points takes seconds.
fn extent_of(points: &Arc<Points>) -> Extent {
    static LAST: Mutex<Option<(Weak<Points>, Extent)>> = Mutex::new(None);
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match last.filter(|(known, _)| known.upgrade().is_some_and(|known| Arc::ptr_eq(&known, points))) {
        Some((_, extent)) => extent,
        None => {
            let extent = Extent::of(points);
            *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::downgrade(points), extent.clone()));
            extent
        }
    }
}

impl Score for Kde {
    fn name(&self) -> String {
        match &self.points {
            Some(points) => format!("kde of {}", counted(points.n(), "point")),
            None => "kde of the moving cloud".into(),
        }
    }

    fn dim(&self) -> Option<usize> {
        self.points.as_ref().map(|points| points.dim())
    }

    fn evaluate(&mut self, at: &At, form: Form, out: &mut Points) -> Result<()> {
        if let Some(mean) = self.denoised(at)? {
            displacement(mean, at, form, out);
        }
        Ok(())
    }

    fn denoised(&mut self, at: &At) -> Result<Option<&Points>> {
        check_sigma(at.sigma, false, "a kernel estimate")?;
        let available = self.points.as_deref().unwrap_or(at.cloud).n();
        match self.batch.filter(|&b| b < available) {
            Some(batch) => self.softmax_over_batch(at, batch.max(1))?,
            None => self.softmax_over_all(at)?,
        }
        Ok(Some(&self.mean.mean))
    }

    fn diagnostics(&self) -> ScoreDiagnostics {
        ScoreDiagnostics::of_ess(self.mean.median_ess())
    }

    fn properties(&self) -> ScoreProperties<'_> {
        let sigma_range = SigmaRange::POSITIVE;
        let is_of_points = self.points.is_some();
        ScoreProperties { kernel: Some(self), data: self.points(), is_of_points, sigma_range, target: None }
    }

    fn extent(&self) -> Option<Extent> {
        let points = self.points.as_ref()?;
        let measure = || match self.shares() {
            Some(shares) => Extent::of_shares(points, &shares),
            None => extent_of(points),
        };
        Some(self.extent.get_or_init(measure).clone())
    }
}

impl Archived for Kde {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("ess", &mut self.mean.ess)
    }
}
