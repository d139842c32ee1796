//! The score of a Gaussian mixture that follows the moving cloud.

mod axes;
mod centre;
mod choice;
mod few;
mod moments;
mod of_points;
mod option;
mod shares;

pub(super) use choice::{MARGIN, Trial};
pub use of_points::{FittedMixtureOptions, fitted_mixture};
pub use option::MixtureFitOptions;

use super::covariance_shape::check_ridge;
use super::{At, Form as ScoreForm, Score, ScoreDiagnostics, check_sigma, exact::scale};
use crate::archive::{Archive, Archived};
use crate::number::significant;
use crate::options::at_least;
use crate::points::check_matrix;
use crate::target::{Density, Gaussian, Mixture, Target};
use crate::{Error, Points, Result};
use choice::{Form, POINTS_PER_COMPONENT, best_form, unjudged};
use moments::mixture_of;
use shares::{cold_fit, warm_fit};

/// The least number of points that are divided into halves to choose the form.
const FEWEST: usize = 8;

/// The form is chosen again after this number of evaluations.
const EVALUATIONS: usize = 25;
/// The form is chosen again if sigma has changed by this factor.
const SIGMA_FACTOR: f64 = 1.5;

/// The score of a Gaussian mixture fitted to the cloud, smoothed by `sigma`.
///
/// Expectation maximisation \[dempster1977maximum\] tells the components apart in a few coordinates
/// only: the leading principal coordinates and the discriminant directions between the components
/// \[fisher1936use\]. In these coordinates, the shares of the components in each point are
/// estimated well for any dimension `d`. Means and covariances in all coordinates are moments
/// weighted by these shares, and the covariances are shrunk \[ledoit2004well\]. Each fit starts
/// from the last one, so that the components follow the cloud. The cost of an evaluation is `n
/// d^2 + d^3` for a fit with a pooled covariance, `d^3` more for each component with a covariance
/// of its own, and `k n d^2` for the score of `k` components. Choosing the form costs about ten
/// such fits. If `k` is given, a fit of twice as many components is compared with it, and a warning
/// at the end says if it describes the cloud better.
#[derive(Debug, Clone)]
pub struct MixtureFit {
    options: MixtureFitOptions,
    mixture: Option<Mixture>,
    form: Option<Form>,
    /// Sigma at the last choice of the form.
    chosen_at: f64,
    /// The number of evaluations since the last choice of the form, with the evaluation of the
    /// choice.
    since: usize,
    /// What twice the given number of components adds to the log likelihood per held-out point, if
    /// it is more than the margin of a choice.
    missed: f64,
}

impl MixtureFit {
    /// # Errors
    /// `k`, `rounds`, `first_rounds` or `coordinates` is below 1, or the ridge is negative.
    pub fn new(options: MixtureFitOptions) -> Result<MixtureFit> {
        at_least(&[
            ("k", options.k.unwrap_or(1), 1),
            ("rounds", options.rounds, 1),
            ("first_rounds", options.first_rounds, 1),
            ("coordinates", options.coordinates, 1),
        ])?;
        check_ridge(options.ridge)?;
        Ok(MixtureFit { options, mixture: None, form: None, chosen_at: 0.0, since: 0, missed: 0.0 })
    }

    /// Counts an evaluation that learns. Returns a trial if it is time to choose the form again.
    pub(super) fn trial<'a>(&mut self, at: &At<'a>) -> Option<Trial<'a>> {
        let near = at.sigma <= SIGMA_FACTOR * self.chosen_at && SIGMA_FACTOR * at.sigma >= self.chosen_at;
        self.since += 1;
        let stale = self.mixture.as_ref().is_some_and(|m| m.dim() != at.cloud.dim());
        let due = self.form.is_none() || !near || self.since > EVALUATIONS || stale;
        if !due || at.cloud.n() < FEWEST {
            return None;
        }
        (self.chosen_at, self.since) = (at.sigma, 1);
        if stale {
            self.mixture = None;
        }
        Some(Trial::of(at.cloud, at.sigma, at.stream.label("mixture fit"), at.pairwise))
    }

    /// Chooses the form, and returns the mean log density of the held-out points.
    pub(super) fn choose(&mut self, trial: &Trial) -> Result<f64> {
        let (form, likelihood) = best_form(trial, self.form, self.mixture.as_ref(), &self.options)?;
        self.missed = 0.0;
        if let Some(k) = self.options.k.filter(|k| *k <= trial.points.n() / (2 * POINTS_PER_COMPONENT)) {
            let more = MixtureFitOptions { k: Some(2 * k), ..self.options.clone() };
            // Without this fit there is only no advice.
            let found = match best_form(trial, None, None, &more) {
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                found => found.map_or(f64::NEG_INFINITY, |(_, likelihood)| likelihood),
            };
            self.missed = if found - likelihood > MARGIN { found - likelihood } else { 0.0 };
        }
        if self.form.is_none_or(|last| last.k != form.k) {
            self.mixture = None;
        }
        self.form = Some(form);
        Ok(likelihood)
    }

    /// Forgets the fit, but not its form: the next fit starts anew.
    pub(super) fn forget(&mut self) {
        self.mixture = None;
    }

    /// True if the form has been chosen.
    pub(super) fn is_chosen(&self) -> bool {
        self.form.is_some()
    }

    /// Fits the mixture in its present form, and writes its score or displacement.
    pub(super) fn evaluate_chosen(&mut self, at: &At, form: ScoreForm, out: &mut Points) -> Result<()> {
        check_matrix(at.cloud.dim())?;
        let known = self.mixture.as_ref().is_some_and(|m| m.dim() == at.cloud.dim());
        if at.learn || !known {
            self.mixture = Some(self.fit(at)?);
        }
        if let Some(mixture) = &self.mixture {
            mixture.score(at.z, at.sigma, out)?;
        }
        scale(out, form.scale(at.sigma));
        Ok(())
    }

    /// Fits the mixture to the cloud.
    fn fit(&mut self, at: &At) -> Result<Mixture> {
        let (cloud, options, interrupt) = (at.cloud, &self.options, at.pairwise.interrupt());
        let form = self.form.unwrap_or(unjudged(options));
        let shares = match self.mixture.as_ref().filter(|m| m.dim() == cloud.dim()) {
            Some(mixture) => warm_fit(cloud, mixture, options, interrupt)?,
            None => cold_fit(cloud, form.k, options, at.stream.label("mixture fit"), interrupt)?,
        };
        mixture_of(cloud, &shares, form.pooled, options)
    }
}

impl Score for MixtureFit {
    fn name(&self) -> String {
        match self.options.k {
            Some(k) => format!("{k}-component mixture fit of the moving cloud"),
            None => "mixture fit of the moving cloud".into(),
        }
    }

    fn dim(&self) -> Option<usize> {
        None
    }

    fn evaluate(&mut self, at: &At, form: ScoreForm, out: &mut Points) -> Result<()> {
        check_sigma(at.sigma, true, "a mixture fit")?;
        if (at.learn || !self.is_chosen())
            && let Some(trial) = self.trial(at)
        {
            self.choose(&trial)?;
        }
        self.evaluate_chosen(at, form, out)
    }

    fn diagnostics(&self) -> ScoreDiagnostics {
        let mut diagnostics = ScoreDiagnostics::default();
        if let (true, Some(k)) = (self.missed > 0.0, self.options.k) {
            diagnostics.warnings.push(format!(
                "a mixture of {} describes the particles better than the mixture fit of {k}, by {} in the log likelihood \
                 per particle: particles between its components can come to rest there; leave `k` out",
                2 * k,
                significant(self.missed, 2)
            ));
        }
        diagnostics
    }
}

impl Archived for MixtureFit {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.optional("mixture", &mut self.mixture, |_| {
            Mixture::new(vec![1.0], vec![Gaussian::isotropic(vec![0.0], 1.0)?])
        })?;
        archive.optional("form", &mut self.form, |_| Ok(Form { k: 1, pooled: true }))?;
        archive.part("chosen_at", &mut self.chosen_at)?;
        archive.part("since", &mut self.since)?;
        archive.part("missed", &mut self.missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interrupt;
    use crate::pairwise::{Pairwise, PairwiseOptions};
    use crate::rng::Stream;

    fn scores(cloud: &Points, ridge: f64, interrupt: &Interrupt) -> Result<Points> {
        let pairwise = Pairwise::new(PairwiseOptions::default(), interrupt.clone());
        let mut fit = MixtureFit::new(MixtureFitOptions { k: Some(3), ridge, ..MixtureFitOptions::default() })?;
        let (stream, mut out) = (Stream::new(2), Points::default());
        let at = At { z: cloud, sigma: 0.0, cloud, aligned: true, learn: true, stream, pairwise: &pairwise };
        fit.evaluate(&at, ScoreForm::Score, &mut out)?;
        Ok(out)
    }

    /// Four modes, or two with a few points on the way between them.
    #[test]
    fn too_few_components_are_told() {
        let warned = |cloud: &Points, k: usize| {
            let pairwise = Pairwise::default();
            let mut fit = MixtureFit::new(MixtureFitOptions { k: Some(k), ..MixtureFitOptions::default() }).unwrap();
            let (stream, mut out) = (Stream::new(2), Points::default());
            let at = At { z: cloud, sigma: 0.1, cloud, aligned: true, learn: true, stream, pairwise: &pairwise };
            fit.evaluate(&at, ScoreForm::Score, &mut out).unwrap();
            !fit.diagnostics().warnings.is_empty()
        };
        let mut four = Stream::new(1).normal(800, 8);
        (0..800).for_each(|i| four.row_mut(i)[i % 2] += if i % 4 < 2 { 5.0 } else { -5.0 });
        assert_eq!([2, 4].map(|k| warned(&four, k)), [true, false]);
        let mut two = Stream::new(1).normal(4000, 8);
        (0..4000).for_each(|i| two.row_mut(i)[0] += if i % 2 < 1 { 6.0 } else { -6.0 });
        assert!(!warned(&two, 2));
        (0..160).for_each(|i| two.row_mut(i)[0] *= 0.1 * f64::from(i as u32 % 6));
        assert!(warned(&two, 2));
    }

    #[test]
    fn a_mixture_fit_knows_no_units() {
        let cloud = Stream::new(1).normal(200, 3);
        for ridge in [0.0, 1e-6] {
            let want = scores(&cloud, ridge, &Interrupt::default()).unwrap();
            for scale in [2f64.powi(-40), 2f64.powi(30)] {
                let mut other = cloud.clone();
                other.data_mut().iter_mut().for_each(|x| *x *= scale);
                let found = scores(&other, ridge, &Interrupt::default()).unwrap();
                for (found, want) in found.data().iter().zip(want.data()) {
                    assert!((found * scale - want).abs() < 1e-6 * (1.0 + want.abs()), "{scale}: {found} {want}");
                }
            }
        }
        // Points that all coincide have no scale.
        for at in [0.0, 3.0] {
            let same = Points::from_rows(&vec![[at, at]; 20]).unwrap();
            assert!(scores(&same, 0.0, &Interrupt::default()).unwrap().data().iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn rounds_stop_at_an_interrupt() {
        let stop = Interrupt::default();
        stop.raise();
        assert_eq!(scores(&Stream::new(1).normal(50, 2), 1e-6, &stop), Err(Error::Interrupted));
    }
}
