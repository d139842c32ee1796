//! The smoothed score of a target whose density and score are known only without smoothing, by
//! Monte Carlo.

use super::checks::{check_sigma, not_finite};
use super::exact::extent;
use super::{At, Extent, Form, Score};
use crate::error::MissingPart;
use crate::points::squared_distance;
use crate::{Error, Points, Result, target::Target};
use rayon::prelude::*;
use std::sync::Arc;

/// The widest noise, in sigmas, with which a query looks for the support.
const WIDEST: f64 = 1024.0;

/// Sigmas by which the first estimate may correct the second.
const FURTHEST: f64 = 3.0;

crate::options! {
    /// Options of `smoothed`.
    pub struct SmoothedOptions {
        /// Points at which the density is evaluated for each particle and step, in pairs; at
        /// least 2.
        samples: usize = 64,
    }
}

/// `grad log p_sigma(z)` from the log density and the score of `p` at `x_k = z + sigma e_k`, with
/// weights `w_k` in proportion to `p(x_k)`; the constant factor of `p` does not matter.
///
/// With `x ~ p(x) N(z; x, sigma^2 I)` both `E grad log p(x)` and `E (x - z) / sigma^2` are the
/// smoothed score \[efron2011tweedie, debortoli2024target, akhoundsadegh2024iterated\]. The first
/// is precise where sigma is small, the second where it is large. What is returned is, for each
/// coordinate, the mixture `c` to `1 - c` of both whose variance under the weights is least, at
/// most three sigma from the second. For a Gaussian with a diagonal covariance that is
/// `c = v / (v + sigma^2)` and leaves no error at all; otherwise bias and error fall with the
/// effective sample size, [`Score::ess`].
///
/// A point whose log density is NaN or -infinity has density 0; a query that meets one takes the
/// second alone, because the first does not see a jump of the density at the edge of its support.
/// Other jumps are not allowed. A query whose points all have density 0 draws them again from `N(z,
/// (k sigma)^2 I)`, `k = 2, 4, .. 1024`, with the weights `p(x) N(x; z, sigma^2 I) / N(x; z, (k
/// sigma)^2 I)` of the same estimate, until one has not. Noise comes in pairs `+-e`, new in each
/// step. At sigma = 0 this is the exact score. Cost: `samples` evaluations of density and score per
/// point.
#[derive(Debug, Clone)]
pub struct Smoothed {
    target: Arc<dyn Target>,
    pairs: usize,
    sums: Vec<Sums>,
    ess: Option<f64>,
    trouble: Option<String>,
}

/// Weighted sums of one query; weights are relative to the largest so far.
#[derive(Debug, Clone, Default)]
struct Sums {
    largest: f64,
    weight: f64,
    squares: f64,
    /// A sample had density 0.
    outside: bool,
    /// Of each coordinate.
    moments: Vec<Moments>,
}

/// With `a = sigma^2 grad log p(x)`, `b = x - z` and `d = a - b`.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    b: f64,
    d: f64,
    bd: f64,
    dd: f64,
}

impl Smoothed {
    /// # Errors
    /// A target without a score ([`crate::Error::Missing`]), or fewer than 2 samples.
    pub fn new(target: Arc<dyn Target>, options: &SmoothedOptions) -> Result<Smoothed> {
        target.expect_density(MissingPart::Score)?;
        if options.samples < 2 {
            return Err(Error::argument("samples", options.samples, "it must be at least 2"));
        }
        let pairs = options.samples.div_ceil(2);
        Ok(Smoothed { target, pairs, sums: Vec::new(), ess: None, trouble: None })
    }

    /// The sums of all queries.
    fn gather(&mut self, at: &At) -> Result<()> {
        let mut sums = std::mem::take(&mut self.sums);
        let mut done = self.gather_at(at, at.z, 1.0, &mut sums);
        let mut wide = 2.0;
        while wide <= WIDEST && done.is_ok() {
            let lost: Vec<usize> = (0..sums.len()).filter(|i| sums[*i].weight == 0.0).collect();
            if lost.is_empty() {
                break;
            }
            let mut again = Vec::new();
            done = self.gather_at(at, &at.z.select(&lost), wide, &mut again);
            lost.iter().zip(again).for_each(|(i, found)| sums[*i] = Sums { outside: true, ..found });
            wide *= 2.0;
        }
        self.sums = sums;
        done
    }

    /// The sums of the queries `z`, with noise `wide` times as large as sigma.
    fn gather_at(&self, at: &At, z: &Points, wide: f64, sums: &mut Vec<Sums>) -> Result<()> {
        let (n, dim) = (z.n(), z.dim());
        let empty = Sums { largest: f64::NEG_INFINITY, moments: vec![Moments::default(); dim], ..Sums::default() };
        sums.clear();
        sums.resize(n, empty);
        let (mut x, mut score, mut logs) = (Points::zeros(n, dim), Points::default(), Vec::new());
        let stream = if wide == 1.0 { at.stream.label("smoothing") } else { at.stream.label("wide").at(wide as u64) };
        let density = self.target.expect_density(MissingPart::Score)?;
        let variance = at.sigma * at.sigma;
        // `log N(x; z, sigma^2 I) - log N(x; z, (wide sigma)^2 I)` over `|x - z|^2`, up to a constant.
        let tilt = 0.5 * (1.0 / (wide * wide) - 1.0) / variance;
        for pair in 0..self.pairs {
            for sign in [wide * at.sigma, -wide * at.sigma] {
                at.pairwise.interrupt().check()?;
                stream.at(pair as u64).scatter_normal(z.data(), sign, x.data_mut());
                density.log_density(&x, 0.0, &mut logs)?;
                density.score(&x, 0.0, &mut score)?;
                let rows = x.data().par_chunks(dim).zip(z.data().par_chunks(dim)).zip(score.data().par_chunks(dim));
                let all = sums.par_iter_mut().zip(&logs).zip(rows).with_min_len(64);
                all.for_each(|((sums, log), ((x, z), s))| {
                    let tilted = if wide == 1.0 { *log } else { log + tilt * squared_distance(x, z) };
                    sums.add(tilted, x, z, s, variance);
                });
            }
        }
        Ok(())
    }
}

impl Sums {
    fn add(&mut self, log: f64, x: &[f64], z: &[f64], score: &[f64], variance: f64) {
        if log.is_nan() || log == f64::NEG_INFINITY {
            self.outside = true;
            return;
        }
        if log > self.largest {
            let shrunk = (self.largest - log).exp();
            self.weight *= shrunk;
            self.squares *= shrunk * shrunk;
            for m in &mut self.moments {
                *m = Moments { b: m.b * shrunk, d: m.d * shrunk, bd: m.bd * shrunk, dd: m.dd * shrunk };
            }
            self.largest = log;
        }
        let weight = (log - self.largest).exp();
        self.weight += weight;
        self.squares += weight * weight;
        for (j, m) in self.moments.iter_mut().enumerate() {
            let (a, b) = (variance * score[j], x[j] - z[j]);
            let d = a - b;
            m.b += weight * b;
            m.d += weight * d;
            m.bd += weight * b * d;
            m.dd += weight * d * d;
        }
    }

    /// `sigma^2` times the score, coordinate `j`.
    fn shift(&self, j: usize, sigma: f64) -> f64 {
        let m = self.moments[j];
        let (b, d) = (m.b / self.weight, m.d / self.weight);
        let (covariance, variance) = (m.bd / self.weight - b * d, m.dd / self.weight - d * d);
        // One sample that carries all weight tells no variance: its place is safer than its slope.
        let known = variance > 1e-12 * d * d && !self.outside;
        let share = if known { (-covariance / variance).clamp(0.0, 1.0) } else { 0.0 };
        // The mixture corrects the second estimate's error, which is below a few sigma: with few
        // effective samples in a steep tail the share is mere noise, and what it multiplies
        // enormous.
        b + (share * d).clamp(-FURTHEST * sigma, FURTHEST * sigma)
    }

    fn ess(&self) -> f64 {
        self.weight * self.weight / self.squares
    }
}

impl Score for Smoothed {
    fn name(&self) -> String {
        format!("smoothed({})", self.target.name())
    }

    fn dim(&self) -> Option<usize> {
        Some(self.target.dim())
    }

    fn evaluate(&mut self, at: &At, form: Form, out: &mut Points) -> Result<()> {
        check_sigma(at.sigma, true, "a smoothed score")?;
        if at.sigma == 0.0 {
            self.target.expect_density(MissingPart::Score)?.score(at.z, 0.0, out)?;
            super::exact::scale(out, form.scale(0.0));
        } else {
            self.gather(at)?;
            out.reshape(at.z.n(), at.z.dim());
            let sigma = at.sigma;
            let factor = form.scale(at.sigma) / (at.sigma * at.sigma);
            let rows = out.data_mut().par_chunks_mut(at.z.dim()).zip(&self.sums);
            rows.for_each(|(row, sums)| {
                row.iter_mut().enumerate().for_each(|(j, v)| *v = factor * sums.shift(j, sigma));
            });
            let mut ess: Vec<f64> = self.sums.iter().map(Sums::ess).collect();
            ess.sort_by(f64::total_cmp);
            self.ess = ess.get(ess.len() / 2).copied();
        }
        self.trouble = self.trouble.take().or_else(|| not_finite(&self.target.name(), at.z, out));
        Ok(())
    }

    fn ess(&self) -> Option<f64> {
        self.ess
    }

    fn extent(&self) -> Option<Extent> {
        extent(self.target.as_ref())
    }

    fn warnings(&self) -> Vec<String> {
        self.trouble.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairwise::{Pairwise, PairwiseOptions};
    use crate::rng::Stream;
    use crate::target::{Banana, CustomDensity, Gaussian, Mixture};

    fn evaluated(target: Arc<dyn Target>, samples: usize, z: &Points, sigma: f64, form: Form) -> (Points, Smoothed) {
        let pairwise = Pairwise::new(PairwiseOptions::default(), Default::default());
        let at = At { z, sigma, cloud: z, aligned: true, learn: true, stream: Stream::new(4), pairwise: &pairwise };
        let mut score = Smoothed::new(target, &SmoothedOptions { samples }).unwrap();
        let mut out = Points::default();
        score.evaluate(&at, form, &mut out).unwrap();
        (out, score)
    }

    /// Root mean square of the error relative to that of the exact score.
    fn error(target: impl Target + 'static, samples: usize, sigma: f64) -> f64 {
        let z = Stream::new(1).normal(300, target.dim());
        let mut want = Points::default();
        target.density().unwrap().score(&z, sigma, &mut want).unwrap();
        let (got, _) = evaluated(Arc::new(target), samples, &z, sigma, Form::Score);
        let gap: f64 = got.data().iter().zip(want.data()).map(|(a, b)| (a - b).powi(2)).sum();
        (gap / want.data().iter().map(|v| v * v).sum::<f64>()).sqrt()
    }

    #[test]
    fn a_diagonal_gaussian_is_exact_with_a_few_samples() {
        for sigma in [0.01, 0.5, 3.0] {
            let gaussian = Gaussian::diagonal(vec![1.0, -0.5], &[1.0, 2.0]).unwrap();
            let error = error(gaussian, 8, sigma);
            assert!(error < 1e-6, "sigma {sigma}: {error}");
        }
    }

    #[test]
    fn a_steep_tail_throws_nothing_far() {
        // Far above the banana's ridge slopes reach hundreds, and one or two samples carry all the
        // weight.
        let banana: Arc<dyn Target> = Arc::new(Banana::new(2, 1.5, 0.4).unwrap());
        let z = Points::new(Stream::new(9).normal(2000, 2).data().iter().map(|e| 6.0 * e).collect(), 2, "z").unwrap();
        let (shift, _) = evaluated(banana, 16, &z, 2.5, Form::Shift);
        let furthest = shift.data().iter().fold(0.0f64, |most, s| most.max(s.abs()));
        assert!(furthest < 8.0 * 2.5, "{furthest}");
    }

    #[test]
    fn the_error_falls_with_the_samples_at_small_and_large_sigma() {
        let mixture = || {
            let at = |x: f64| Gaussian::diagonal(vec![x, 0.0], &[0.6, 0.9]).unwrap();
            Mixture::new(vec![0.3, 0.7], vec![at(-1.5), at(1.0)]).unwrap()
        };
        for (sigma, most) in [(0.05, 0.01), (0.5, 0.05), (2.0, 0.05)] {
            let (few, many) = (error(mixture(), 64, sigma), error(mixture(), 4096, sigma));
            // Sixty-four times as many: an eighth of the error.
            assert!(many < most && many < 0.3 * few, "sigma {sigma}: {few} {many}");
        }
    }

    #[test]
    fn the_shift_is_the_score_times_the_variance_and_ess_is_told() {
        let gaussian: Arc<dyn Target> = Arc::new(Gaussian::diagonal(vec![0.0], &[1.0]).unwrap());
        let z = Stream::new(2).normal(20, 1);
        let (score, _) = evaluated(gaussian.clone(), 16, &z, 0.5, Form::Score);
        let (shift, told) = evaluated(gaussian.clone(), 16, &z, 0.5, Form::Shift);
        assert!(score.data().iter().zip(shift.data()).all(|(s, d)| (0.25 * s - d).abs() < 1e-12));
        assert!((1.0..=16.0).contains(&told.ess().unwrap()));
        let (exact, _) = evaluated(gaussian, 16, &z, 0.0, Form::Score);
        assert!(exact.data().iter().zip(z.data()).all(|(s, x)| s == &-x));
    }

    #[test]
    fn beyond_the_support_counts_as_zero_and_nowhere_is_told() {
        // The exponential distribution on x > 0; log(x0) is no number elsewhere.
        let p: Arc<dyn Target> = Arc::new(CustomDensity::formula(1, "-x0 + 0*log(x0)", &[]).unwrap());
        let z = Points::from_rows(&[[0.0], [-50.0], [-1e5]]).unwrap();
        let (out, told) = evaluated(p, 8192, &z, 1.0, Form::Score);
        // d/dz log(e^{-z} Phi(z - 1)) at 0, with Phi(-1) = .158655 and phi(1) = .241971.
        assert!((out.row(0)[0] - (0.241_971 / 0.158_655 - 1.0)).abs() < 0.05, "{}", out.row(0)[0]);
        // Far outside, -1 + phi(51) / Phi(-51) = 50.02, by noise that is wide enough to find the edge.
        assert!((out.row(1)[0] - 50.02).abs() < 2.0, "{}", out.row(1)[0]);
        assert!(out.row(2)[0].is_nan() && told.warnings()[0].contains("at (-100000.0000)"), "{:?}", told.warnings());
    }
}
