//! The smoothed score, by Monte Carlo, of a target whose density and score are known only without
//! smoothing.

use super::checks::{check_sigma, not_finite};
use super::exact::extent;
use super::{At, Extent, Form, Score, ScoreDiagnostics, ScoreProperties};
use crate::archive::{Archive, Archived};
use crate::error::MissingPart;
use crate::points::squared_distance;
use crate::{Error, Points, Result, target::Target};
use rayon::prelude::*;
use std::sync::Arc;

/// The largest factor by which noise exceeds sigma when a query searches for the support.
const WIDEST: f64 = 1024.0;

/// The largest correction of the second estimate by the first, in units of sigma.
const FURTHEST: f64 = 3.0;

crate::options! {
    /// Options of `smoothed`.
    pub struct SmoothedOptions {
        /// Number of points at which the density is evaluated for each particle and evaluation, at
        /// least 2. They are drawn in pairs of opposite noise.
        samples: usize = 64,
    }
}

/// The score `grad log p_sigma(z)` from the log density and the score of `p` at `x_k = z + sigma
/// e_k`. The weights `w_k` are proportional to `p(x_k)`, so the constant factor of `p` does not
/// matter.
///
/// For `x` with the density proportional to `p(x) N(z; x, sigma^2 I)`, both `E grad log p(x)` and
/// `E (x - z) / sigma^2` are the smoothed score \[efron2011tweedie, debortoli2024target,
/// akhoundsadegh2024iterated\]. The first estimate is precise if sigma is small, the second if
/// sigma is large. The result combines both for each coordinate, with factors `c` and `1 - c` that
/// minimise its variance under the weights. In each coordinate, the displacement of the result
/// differs from that of the second estimate by at most three sigma. For a Gaussian with a diagonal
/// covariance, `c = v / (v + sigma^2)` for a coordinate of variance `v`, and the result is exact.
/// Otherwise bias and error fall as the effective sample size, [`super::ScoreDiagnostics::ess`],
/// grows.
///
/// A point whose log density is NaN or -infinity has density 0. A query with such a point uses the
/// second estimate alone, because the first ignores a jump of the density at the edge of its
/// support. Other jumps are not allowed. A query whose points all have density 0 draws them again
/// from `N(z, (k sigma)^2 I)`, `k = 2, 4, .. 1024`, until a point has a positive density. The
/// weights `p(x) N(x; z, sigma^2 I) / N(x; z, (k sigma)^2 I)` then give an estimate of the same
/// score. Noise comes in pairs `+-e`, which are new in each step. At sigma = 0 the result is the
/// exact score. The cost is `samples` evaluations of density and score per point.
#[derive(Debug, Clone)]
pub struct Smoothed {
    target: Arc<dyn Target>,
    pairs: usize,
    sums: Vec<Sums>,
    ess: Option<f64>,
    /// The number of smoothings, and the number of those whose effective sample size was too small.
    smoothings: (u64, u64),
    error: Option<String>,
}

/// If half of the particles have fewer effective samples than this, single samples decide their
/// scores.
const TOO_FEW: f64 = 1.5;

/// Weighted sums of one query. Weights are relative to the largest weight so far.
#[derive(Debug, Clone, Default)]
struct Sums {
    largest: f64,
    weight: f64,
    squares: f64,
    /// True if a sample had density 0.
    outside: bool,
    /// The moments of each coordinate.
    moments: Vec<Moments>,
}

/// Sums of one coordinate with `a = sigma^2 grad log p(x)`, `b = x - z` and `d = a - b`.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    b: f64,
    d: f64,
    bd: f64,
    dd: f64,
}

impl Smoothed {
    /// # Errors
    /// The target has no score ([`crate::Error::Missing`]), or there are fewer than 2 samples.
    pub fn new(target: Arc<dyn Target>, options: &SmoothedOptions) -> Result<Smoothed> {
        target.expect_density(MissingPart::Score)?;
        if options.samples < 2 {
            return Err(Error::argument("samples", options.samples, "it must be at least 2"));
        }
        let pairs = options.samples.div_ceil(2);
        Ok(Smoothed { target, pairs, sums: Vec::new(), ess: None, smoothings: (0, 0), error: None })
    }

    /// Computes the sums of all queries.
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

    /// Computes the sums of the queries `z`, with noise `wide` times as large as sigma.
    fn gather_at(&self, at: &At, z: &Points, wide: f64, sums: &mut Vec<Sums>) -> Result<()> {
        let (n, dim) = (z.n(), z.dim());
        let empty = Sums { largest: f64::NEG_INFINITY, moments: vec![Moments::default(); dim], ..Sums::default() };
        sums.clear();
        sums.resize(n, empty);
        let (mut x, mut score, mut logs) = (Points::zeros(n, dim), Points::default(), Vec::new());
        let stream = if wide == 1.0 { at.stream.label("smoothing") } else { at.stream.label("wide").at(wide as u64) };
        let density = self.target.expect_density(MissingPart::Score)?;
        let variance = at.sigma * at.sigma;
        // `log N(x; z, sigma^2 I) - log N(x; z, (wide sigma)^2 I)` divided by `|x - z|^2`, up to a
        // constant.
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

    /// Returns `sigma^2` times coordinate `j` of the score.
    fn displacement(&self, j: usize, sigma: f64) -> f64 {
        let m = self.moments[j];
        let (b, d) = (m.b / self.weight, m.d / self.weight);
        let (covariance, variance) = (m.bd / self.weight - b * d, m.dd / self.weight - d * d);
        // If one sample has all the weight, the variance is unknown, and the second estimate is
        // safer than the first.
        let known = variance > 1e-12 * d * d && !self.outside;
        let share = if known { (-covariance / variance).clamp(0.0, 1.0) } else { 0.0 };
        // The correction of the second estimate is limited to a few sigma: with few effective
        // samples in a steep tail, the share is mostly noise, and `d` is huge.
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

    fn properties(&self) -> ScoreProperties<'_> {
        ScoreProperties { target: Some(&*self.target), ..ScoreProperties::default() }
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
                row.iter_mut().enumerate().for_each(|(j, v)| *v = factor * sums.displacement(j, sigma));
            });
            let mut ess: Vec<f64> = self.sums.iter().map(Sums::ess).collect();
            ess.sort_by(f64::total_cmp);
            self.ess = ess.get(ess.len() / 2).copied();
            self.smoothings.0 += 1;
            self.smoothings.1 += u64::from(self.ess.is_some_and(|ess| ess < TOO_FEW));
        }
        self.error = self.error.take().or_else(|| not_finite(&self.target.name(), at.z, out));
        Ok(())
    }

    fn extent(&self) -> Option<Extent> {
        extent(self.target.as_ref())
    }

    fn diagnostics(&self) -> ScoreDiagnostics {
        let (all, lost) = self.smoothings;
        let lost = (lost > all / 4).then(|| {
            format!(
                "the Monte Carlo smoothing of {} was lost in {lost} of {all} evaluations: fewer than {TOO_FEW} of {} samples \
                 were effective, so that the score was that of single samples; use a smaller sigma, more `samples`, or \
                 `smc`, which needs no smoothing",
                self.target.name(),
                2 * self.pairs
            )
        });
        ScoreDiagnostics { ess: self.ess, warnings: self.error.iter().cloned().chain(lost).collect() }
    }
}

impl Archived for Smoothed {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("ess", &mut self.ess)?;
        archive.part("smoothings", &mut self.smoothings)?;
        archive.part("error", &mut self.error)
    }
}

#[cfg(test)]
mod tests;
