//! The mixture in all coordinates, from the shares of its components in each point.

use super::centre::{far_from_origin, moved};
use super::few::positive_ridge;
use super::option::MixtureFitOptions;
use crate::matrix::{multiply, product};
use crate::points::squared_distance;
use crate::score::covariance_shape::apply_shape;
use crate::score::shrinkage::{Tails, shrink};
use crate::target::{Gaussian, Mixture};
use crate::{Points, Result};
use faer::{Accum, Mat};

/// Shares below this value do not count.
const NEGLIGIBLE: f64 = 1e-9;

/// Returns the mixture with the weighted moments of the points: `shares` has one column per
/// component. Components with less than one point are left out. The components have one covariance
/// in common if `pooled`. The cost is `n d^2 + d^3`, and `d^3` per component if not `pooled`.
pub(super) fn mixture_of(
    points: &Points,
    shares: &Points,
    pooled: bool,
    options: &MixtureFitOptions,
) -> Result<Mixture> {
    if let Some(map) = far_from_origin(points) {
        return moved(&mixture_of(&map.undo(points), shares, pooled, options)?, &map);
    }
    let (n, dim) = (points.n(), points.dim());
    let ridge = positive_ridge(points, options.ridge);
    let finish = |mut cov: Mat<f64>, tails: Tails| {
        if options.shrinkage {
            shrink(&mut cov, tails);
        }
        let mut cov = apply_shape(cov, options.covariance, 0.0);
        (0..dim).for_each(|j| cov[(j, j)] += ridge);
        cov
    };
    let all: Vec<f64> = (0..shares.dim()).map(|k| shares.iter().map(|r| r[k]).sum()).collect();
    // With half of the mean mass as a bound, at least one component is kept, even if there are
    // fewer points than components.
    let least = (0.5 * n as f64 / all.len() as f64).min(1.0);
    let kept: Vec<usize> = (0..all.len()).filter(|k| all[*k] >= least).collect();
    let mass: Vec<f64> = kept.iter().map(|&k| all[k]).collect();
    let means: Vec<Vec<f64>> = kept.iter().map(|&k| mean(points, shares, k, all[k])).collect();
    let components = if pooled {
        let (cov, tails) = within(points, shares, &kept, &means);
        let first = Gaussian::new(means[0].clone(), finish(cov, tails))?;
        means.into_iter().map(|mean| first.moved_to(mean)).collect::<Result<Vec<_>>>()?
    } else {
        let own = |((&k, mass), mean): ((&usize, &f64), Vec<f64>)| {
            let (cov, tails) = around(points, shares, k, *mass, &mean);
            Gaussian::new(mean, finish(cov, tails))
        };
        kept.iter().zip(&mass).zip(means).map(own).collect::<Result<_>>()?
    };
    Mixture::new(mass.iter().map(|m| m / n as f64).collect(), components)
}

fn mean(points: &Points, shares: &Points, k: usize, mass: f64) -> Vec<f64> {
    let mut mean = vec![0.0; points.dim()];
    for (x, r) in points.iter().zip(shares.iter()).filter(|(_, r)| r[k] > NEGLIGIBLE) {
        mean.iter_mut().zip(x).for_each(|(m, x)| *m += r[k] / mass * x);
    }
    mean
}

/// Returns the covariance of one component.
fn around(points: &Points, shares: &Points, k: usize, mass: f64, mean: &[f64]) -> (Mat<f64>, Tails) {
    let dim = points.dim();
    let own: Vec<usize> = (0..points.n()).filter(|i| shares.row(*i)[k] > NEGLIGIBLE).collect();
    let share = |i: usize| shares.row(i)[k] / mass;
    let centred = Mat::from_fn(dim, own.len(), |j, i| share(own[i]).sqrt() * (points.row(own[i])[j] - mean[j]));
    let mut tails = Tails::default();
    own.iter().for_each(|&i| tails.add(share(i), squared_distance(points.row(i), mean)));
    (product(centred.as_ref(), centred.transpose()), tails)
}

/// Returns the covariance within components, `sum_ik r_ik (x_i - m_k)(x_i - m_k)^T / n`. One
/// product of `n` rows is enough for all components: this covariance is the second moment of `x_i -
/// sum_k r_ik m_k`, plus `sum_kl m_k g_kl m_l^T` with `g = (diag(mass) - r^T r) / n`.
fn within(points: &Points, shares: &Points, kept: &[usize], means: &[Vec<f64>]) -> (Mat<f64>, Tails) {
    let (n, dim) = (points.n(), points.dim());
    let mut rest = Mat::zeros(dim, n);
    let mut among = Mat::<f64>::zeros(kept.len(), kept.len());
    let mut tails = Tails::default();
    for (i, (x, row)) in points.iter().zip(shares.iter()).enumerate() {
        let total: f64 = kept.iter().map(|&k| row[k]).sum();
        if total < NEGLIGIBLE {
            continue; // The point belongs to a component that is left out.
        }
        let r: Vec<f64> = kept.iter().map(|&k| row[k] / total).collect();
        let column = rest.col_mut(i);
        column.iter_mut().zip(x).for_each(|(c, x)| *c = *x);
        for (a, mean) in means.iter().enumerate().filter(|(a, _)| r[*a] > NEGLIGIBLE) {
            rest.col_mut(i).iter_mut().zip(mean).for_each(|(c, m)| *c -= r[a] * m);
            tails.add(r[a] / n as f64, squared_distance(x, mean));
            among[(a, a)] += r[a] / n as f64;
            (0..r.len()).for_each(|b| among[(a, b)] -= r[a] * r[b] / n as f64);
        }
    }
    let mut cov = Mat::zeros(dim, dim);
    multiply(cov.as_mut(), Accum::Replace, rest.as_ref(), rest.transpose(), 1.0 / n as f64);
    let means = Mat::from_fn(dim, kept.len(), |j, k| means[k][j]);
    let half = product(means.as_ref(), among.as_ref());
    multiply(cov.as_mut(), Accum::Add, half.as_ref(), means.transpose(), 1.0);
    (cov, tails)
}
