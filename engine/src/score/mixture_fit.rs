//! The score of a Gaussian mixture that follows the moving cloud, fitted by expectation
//! maximisation.

use super::covariance_shape::{Shape, apply_shape, check_ridge};
use super::{At, Form, Score, check_sigma, exact::scale};
use crate::archive::Archive;
use crate::matrix::multiply;
use crate::number::counted;
use crate::options::at_least;
use crate::points::squared_distance;
use crate::rng::Stream;
use crate::target::{Density, Gaussian, Mixture, Target};
use crate::{Error, Interrupt, Points, Result};
use faer::Mat;

crate::options! {
    /// Options of `mixture_fit`.
    pub struct MixtureFitOptions {
        /// Number of components, at least 1. Left out: one for every `10 dim` points of the cloud,
        /// but at least 1 and at most 4.
        k: Option<usize> = None,
        /// The covariances of the components: "full" or "diagonal".
        covariance: Shape = Shape::Full,
        /// Constant added to the diagonal of each covariance, relative to the mean variance of the
        /// cloud; 0 or more.
        ridge: f64 = 1e-6,
        /// Iterations of expectation maximisation per evaluation, at least 1; each evaluation
        /// starts from the result of the previous one.
        rounds: usize = 3,
        /// Iterations at the first evaluation, which starts from k-means++ centres.
        first_rounds: usize = 50,
    }
}

/// The default number of points per coordinate and component, and the largest default number of
/// components. With fewer points, the fit describes the sample rather than its distribution.
const POINTS_PER_COORDINATE: usize = 10;
const MOST_COMPONENTS: usize = 4;

/// The score of a Gaussian mixture fitted to the cloud by expectation maximisation
/// \[dempster1977maximum\], smoothed by `sigma`. Each fit starts from the last one, so that the
/// components follow the cloud. Cost per iteration: `k n d^2`.
#[derive(Debug, Clone)]
pub struct MixtureFit {
    options: MixtureFitOptions,
    mixture: Option<Mixture>,
}

impl MixtureFit {
    /// # Errors
    /// `k` or `rounds` is below 1, or the ridge is negative.
    pub fn new(options: MixtureFitOptions) -> Result<MixtureFit> {
        let counts = [("k", options.k), ("rounds", Some(options.rounds)), ("first_rounds", Some(options.first_rounds))];
        at_least(&counts.map(|(name, value)| (name, value.unwrap_or(1), 1)))?;
        check_ridge(options.ridge)?;
        Ok(MixtureFit { options, mixture: None })
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

    fn evaluate(&mut self, at: &At, form: Form, out: &mut Points) -> Result<()> {
        check_sigma(at.sigma, true, "a mixture fit")?;
        let (start, rounds) = match self.mixture.take() {
            Some(mixture) if mixture.dim() == at.cloud.dim() => {
                (mixture, if at.learn { self.options.rounds } else { 0 })
            }
            _ => (first_guess(at.cloud, &self.options, at.stream.label("mixture fit"))?, self.options.first_rounds),
        };
        let mixture = improve(at.cloud, start, rounds, &self.options, at.pairwise.interrupt())?;
        mixture.score(at.z, at.sigma, out)?;
        self.mixture = Some(mixture);
        scale(out, form.scale(at.sigma));
        Ok(())
    }

    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.optional("mixture", &mut self.mixture, |_| {
            Mixture::new(vec![1.0], vec![Gaussian::isotropic(vec![0.0], 1.0)?])
        })
    }
}

/// Returns a mixture with k-means++ centres \[arthur2007kmeans\]. Its isotropic covariance is the
/// spread within all clusters.
fn first_guess(points: &Points, options: &MixtureFitOptions, stream: Stream) -> Result<Mixture> {
    let n = points.n();
    let k = options.k.unwrap_or_else(|| (n / (POINTS_PER_COORDINATE * points.dim())).clamp(1, MOST_COMPONENTS));
    if n < k {
        return Err(Error::shape("the cloud", counted(n, "point"), format!("a mixture of {k} needs at least {k}")));
    }
    let mut rng = stream.rng();
    let mut centres = vec![rng.below(n)];
    let mut nearest: Vec<f64> = points.iter().map(|x| squared_distance(x, points.row(centres[0]))).collect();
    while centres.len() < k {
        let total: f64 = nearest.iter().sum();
        let mut left = rng.uniform() * total;
        let next = nearest.iter().position(|d| {
            left -= d;
            left < 0.0
        });
        centres.push(next.unwrap_or_else(|| rng.below(n)));
        let centre = points.row(centres[centres.len() - 1]);
        nearest.iter_mut().zip(points.iter()).for_each(|(d, x)| *d = d.min(squared_distance(x, centre)));
    }
    let variance = nearest.iter().sum::<f64>() / (n * points.dim()) as f64;
    let std = variance.max(least(1e-12, points)).sqrt();
    let components =
        centres.iter().map(|&i| Gaussian::isotropic(points.row(i).to_vec(), std)).collect::<Result<_>>()?;
    Mixture::new(vec![1.0; k], components)
}

fn improve(
    points: &Points,
    mut mixture: Mixture,
    rounds: usize,
    options: &MixtureFitOptions,
    interrupt: &Interrupt,
) -> Result<Mixture> {
    // The covariance is never exactly singular, because a component on a single point would have no
    // density.
    let ridge = (options.ridge * points.spread().powi(2) / points.dim() as f64).max(least(1e-14, points));
    let mut shares = Points::default();
    for _ in 0..rounds {
        interrupt.check()?;
        mixture.responsibilities(points, 0.0, &mut shares)?;
        mixture = maximise(points, &shares, &mixture, options.covariance, ridge)?;
    }
    Ok(mixture)
}

/// Returns the smallest variance that counts as positive. It is a share of the variance of the
/// cloud, and above the rounding errors caused by the distance of the cloud from the origin. If all
/// points lie at the origin, it is the share itself.
fn least(share: f64, points: &Points) -> f64 {
    let away: f64 = points.mean().iter().map(|m| m * m).sum();
    let floor = share * points.spread().powi(2) + (4.0 * f64::EPSILON).powi(2) * away;
    if floor > 0.0 { floor } else { share }
}

/// Takes the M step: computes weighted moments. A component without points keeps its position and
/// gets a vanishing weight.
fn maximise(points: &Points, shares: &Points, last: &Mixture, shape: Shape, ridge: f64) -> Result<Mixture> {
    let (n, dim) = (points.n(), points.dim());
    let mut weights = Vec::with_capacity(shares.dim());
    let mut components = Vec::with_capacity(shares.dim());
    for (k, component) in last.components().iter().enumerate() {
        let mass: f64 = shares.iter().map(|r| r[k]).sum();
        weights.push((mass / n as f64).max(1e-12));
        if mass < 1.0 {
            components.push(component.clone());
            continue;
        }
        let mut mean = vec![0.0; dim];
        for (x, r) in points.iter().zip(shares.iter()) {
            mean.iter_mut().zip(x).for_each(|(m, x)| *m += r[k] * x / mass);
        }
        let centred = Mat::from_fn(n, dim, |i, j| shares.row(i)[k].sqrt() * (points.row(i)[j] - mean[j]));
        let mut cov = Mat::zeros(dim, dim);
        multiply(cov.as_mut(), faer::Accum::Replace, centred.transpose(), centred.as_ref(), 1.0 / mass);
        let mut cov = apply_shape(cov, shape, 0.0);
        (0..dim).for_each(|j| cov[(j, j)] += ridge);
        components.push(Gaussian::new(mean, cov)?);
    }
    Mixture::new(weights, components)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairwise::{Pairwise, PairwiseOptions};

    fn scores(cloud: &Points, ridge: f64, interrupt: &Interrupt) -> Result<Points> {
        let pairwise = Pairwise::new(PairwiseOptions::default(), interrupt.clone());
        let mut fit = MixtureFit::new(MixtureFitOptions { k: Some(3), ridge, ..MixtureFitOptions::default() })?;
        let (stream, mut out) = (Stream::new(2), Points::default());
        let at = At { z: cloud, sigma: 0.0, cloud, aligned: true, learn: true, stream, pairwise: &pairwise };
        fit.evaluate(&at, Form::Score, &mut out)?;
        Ok(out)
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
