//! The choice of the number of components and of their covariances, by the likelihood of points
//! that were held out.

use super::moments::mixture_of;
use super::option::MixtureFitOptions;
use super::shares::{cold_fit, warm_fit};
use crate::archive::{Archive, Archived};
use crate::pairwise::{Pairwise, Softmax, SoftmaxMean, Values};
use crate::rng::Stream;
use crate::target::{Density, Mixture};
use crate::{Points, Result};
use std::f64::consts::TAU;

/// What a larger number of components, or another estimate, must add to the log likelihood per
/// point. The present number does not have to add this again, so that the number does not change
/// back and forth with every choice.
pub(in crate::score) const MARGIN: f64 = 0.05;

/// The numbers of components that are tried, in this order.
const COUNTS: [usize; 12] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

/// The least number of points per component.
pub(super) const POINTS_PER_COMPONENT: usize = 10;

/// The search ends after this number of counts in a row without a gain.
const MISSES: usize = 2;

/// The form of a mixture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// The number of components.
    pub k: usize,
    /// True if all components have the same covariance.
    pub pooled: bool,
}

impl Archived for Form {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("k", &mut self.k)?;
        archive.part("pooled", &mut self.pooled)
    }
}

/// A cloud in two random halves: fits to one half are judged on the other half with noise.
#[derive(Debug)]
pub(in crate::score) struct Trial<'a> {
    /// The points of the fits.
    pub points: Points,
    /// The points that were held out.
    held: Points,
    /// The points that were held out, with noise of standard deviation sigma.
    noised: Points,
    sigma: f64,
    pub stream: Stream,
    pub pairwise: &'a Pairwise,
}

impl<'a> Trial<'a> {
    pub fn of(cloud: &Points, sigma: f64, stream: Stream, pairwise: &'a Pairwise) -> Trial<'a> {
        let order = stream.label("held out").rng().choose(cloud.n(), cloud.n());
        let (held, fitted) = order.split_at(cloud.n() / 2);
        let held = cloud.select(held);
        let mut noised = held.clone();
        stream.label("noise").add_normal(sigma, noised.data_mut());
        Trial { points: cloud.select(fitted), held, noised, sigma, stream, pairwise }
    }

    /// Returns the mean log density of a mixture at the noised points.
    fn likelihood(&self, mixture: &Mixture) -> Result<f64> {
        let mut logs = Vec::new();
        mixture.log_density(&self.noised, self.sigma, &mut logs)?;
        Ok(logs.iter().sum::<f64>() / logs.len() as f64)
    }

    /// Returns the mean log density of the kernel estimate at the noised points. The estimate at a
    /// point uses all points of the cloud except this point.
    pub fn kernel_likelihood(&self) -> Result<f64> {
        let all = self.held.concat(&self.points)?;
        let softmax = Softmax { sigma: self.sigma, log_weights: None, leave_out_self: true };
        let mut found = SoftmaxMean::default();
        self.pairwise.softmax_mean(&self.noised, &all, Values::Own, &softmax, &mut found)?;
        let peak = 0.5 * all.dim() as f64 * (TAU * self.sigma * self.sigma).ln() + ((all.n() - 1) as f64).ln();
        Ok(found.log_sum.iter().sum::<f64>() / found.log_sum.len() as f64 - peak)
    }
}

/// Returns the form with the largest likelihood, and this likelihood. The search goes through
/// increasing numbers of components, and begins just below the present number.
pub(super) fn best_form(
    trial: &Trial,
    present: Option<Form>,
    mixture: Option<&Mixture>,
    options: &MixtureFitOptions,
) -> Result<(Form, f64)> {
    let n = trial.points.n();
    let fixed = options.k.map(|k| [k]);
    if options.k.is_some_and(|k| k > n) {
        return Ok((unjudged(options), f64::NEG_INFINITY));
    }
    let first = present.map_or(0, |form| COUNTS.partition_point(|k| *k < form.k).saturating_sub(1));
    let counts = fixed.as_ref().map_or(&COUNTS[first..], |k| k.as_slice());
    let mut best: Option<(Form, f64)> = None;
    let mut misses = 0;
    for &k in counts {
        if fixed.is_none() && (misses == MISSES || k > 1 && k * POINTS_PER_COMPONENT > n) {
            break;
        }
        misses += 1;
        let shares = match mixture.filter(|m| m.components().len() == k) {
            Some(mixture) => warm_fit(&trial.points, mixture, options, trial.pairwise.interrupt())?,
            None => cold_fit(&trial.points, k, options, trial.stream.at(k as u64), trial.pairwise.interrupt())?,
        };
        for pooled in options.pooled.map_or(if k > 1 { vec![true, false] } else { vec![true] }, |s| vec![s]) {
            let form = Form { k, pooled };
            let found = trial.likelihood(&mixture_of(&trial.points, &shares, pooled, options)?)?;
            let costs = |best: Form| best.k < k && present.is_none_or(|present| present.k != k);
            if best.is_none_or(|(best, most)| found > most + if costs(best) { MARGIN } else { 0.0 }) {
                best = Some((form, found));
                misses = 0;
            }
        }
    }
    Ok(best.unwrap_or((unjudged(options), f64::NEG_INFINITY)))
}

/// Returns the form that is used if there are too few points for a choice.
pub(super) fn unjudged(options: &MixtureFitOptions) -> Form {
    Form { k: options.k.unwrap_or(1), pooled: options.pooled.unwrap_or(true) }
}
