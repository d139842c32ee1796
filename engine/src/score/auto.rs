//! The score of the moving cloud by the estimate that describes the cloud best.

use super::mixture_fit::{MARGIN, Trial};
use super::{At, Form, Kde, MixtureFit, MixtureFitOptions, Score, ScoreDiagnostics, SelfTerm, check_sigma};
use crate::archive::{Archive, Archived};
use crate::{Points, Result};

/// The kernel estimate of the cloud, or a mixture fit of one or more components.
///
/// Both are judged by their mean log density, smoothed by sigma, at points that they have not seen:
/// the mixture is fitted to half of the cloud and judged on the other half, and the kernel estimate
/// at a point leaves out this point. The estimate in use is replaced by the other if the other is
/// better by 0.05 per point. The choice is made again whenever sigma has changed by a factor of
/// 1.5, and after 25 evaluations. A kernel estimate suits many modes or bent shapes in few
/// dimensions; a mixture suits a few modes in any dimension. At sigma = 0 there is no kernel
/// estimate. The choice costs about ten mixture fits and `n^2 / 2` pairs.
#[derive(Debug, Clone)]
pub struct Auto {
    kernel: Kde,
    fit: MixtureFit,
    by_kernel: bool,
}

impl Auto {
    /// Creates the estimate.
    ///
    /// # Errors
    /// It never fails.
    pub fn new() -> Result<Auto> {
        let fit = MixtureFit::new(MixtureFitOptions::default())?;
        Ok(Auto { kernel: Kde::of_cloud(), fit, by_kernel: false })
    }

    /// Returns the kernel estimate alone, for a caller that asks for one.
    pub(crate) fn into_kernel(self) -> Kde {
        self.kernel
    }

    /// Chooses the self term of the kernel estimate.
    pub fn with_self_term(mut self, self_term: SelfTerm) -> Auto {
        self.kernel = self.kernel.with_self_term(self_term);
        self
    }

    fn choose(&mut self, trial: &Trial, sigma: f64) -> Result<()> {
        let by_fit = self.fit.choose(trial)?;
        let margin = if self.by_kernel { -MARGIN } else { MARGIN };
        self.by_kernel = sigma > 0.0 && trial.kernel_likelihood()? > by_fit + margin;
        if self.by_kernel {
            self.fit.forget();
        }
        Ok(())
    }
}

impl Score for Auto {
    fn name(&self) -> String {
        "score of the moving cloud".into()
    }

    fn dim(&self) -> Option<usize> {
        None
    }

    fn evaluate(&mut self, at: &At, form: Form, out: &mut Points) -> Result<()> {
        check_sigma(at.sigma, true, "a score of the cloud")?;
        if (at.learn || !self.fit.is_chosen())
            && let Some(trial) = self.fit.trial(at)
        {
            self.choose(&trial, at.sigma)?;
        }
        match self.by_kernel && at.sigma > 0.0 {
            true => self.kernel.evaluate(at, form, out),
            false => self.fit.evaluate_chosen(at, form, out),
        }
    }

    fn diagnostics(&self) -> ScoreDiagnostics {
        if self.by_kernel { self.kernel.diagnostics() } else { ScoreDiagnostics::default() }
    }
}

impl Archived for Auto {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("by_kernel", &mut self.by_kernel)?;
        self.kernel.archive(archive)?;
        self.fit.archive(archive)
    }
}
