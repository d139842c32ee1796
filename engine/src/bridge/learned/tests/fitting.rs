//! The fitting of chains between Gaussians, with affine regressions in place of nets. The iterates
//! of this fitting are known.

use super::*;
use crate::Points;
use crate::bridge::learned::chain::{Chain, Trace};
use crate::bridge::{GaussianIpf, ReferenceProcess};

const STEPS: usize = 20;
const PARTICLES: usize = 100_000;

/// A drift `value + slope x` for each step.
type Drifts = Vec<[f64; 2]>;

/// Returns the means `m`, `m'`, the variances `v`, `v'` and the covariance `c` of paired numbers:
/// `[m, m', v, c, v']`.
fn joint(x: &[f64], y: &[f64]) -> [f64; 5] {
    let n = x.len() as f64;
    let (a, b) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let mut sums = [0.0; 3];
    for (x, y) in x.iter().zip(y) {
        let (x, y) = (x - a, y - b);
        sums.iter_mut().zip([x * x, x * y, y * y]).for_each(|(sum, v)| *sum += v / n);
    }
    [a, b, sums[0], sums[1], sums[2]]
}

/// `KL(p | q)` of two Gaussians in the plane.
fn relative_entropy(p: [f64; 5], q: [f64; 5]) -> f64 {
    let det = |m: [f64; 5]| m[2] * m[4] - m[3] * m[3];
    let (inverse, off) = ([q[4] / det(q), -q[3] / det(q), q[2] / det(q)], [p[0] - q[0], p[1] - q[1]]);
    let trace = inverse[0] * p[2] + 2.0 * inverse[1] * p[3] + inverse[2] * p[4];
    let form = inverse[0] * off[0] * off[0] + 2.0 * inverse[1] * off[0] * off[1] + inverse[2] * off[1] * off[1];
    0.5 * (trace + form - 2.0 + (det(q) / det(p)).ln())
}

/// Computes half iterations from the Brownian motion of variance 1. Returns the joint moments of
/// source and target after each half iteration; the first moments are those of the Brownian motion.
fn half_iterations(count: usize, regression: Regression) -> Vec<[f64; 5]> {
    let ends = shifted(1, 0.1);
    let mut drifts: Drifts = vec![[0.0; 2]; STEPS];
    let mut moments = Vec::new();
    for half in 0..=count {
        let stream = Stream::new(9).at(half as u64);
        let start = ends[half % 2].sample(PARTICLES, stream.label("start")).unwrap();
        let drift = |k: usize, points: &Points, out: &mut Points| {
            out.clone_from(points);
            out.data_mut().iter_mut().for_each(|x| *x = drifts[k][0] + drifts[k][1] * *x);
            Ok(())
        };
        let (mut points, mut trace) = (start.clone(), Trace::new());
        let chain = Chain { steps: STEPS, epsilon: 1.0, drift: &drift, stream, interrupt: &Interrupt::default() };
        chain.run(&mut points, Some((regression, &mut trace))).unwrap();
        moments.push(match half % 2 {
            0 => joint(start.data(), points.data()),
            _ => joint(points.data(), start.data()),
        });
        // The reversed process visits the steps in the opposite order.
        let fit = |[x, y]: &[Points; 2]| {
            let m = joint(x.data(), y.data());
            let slope = m[3] / m[2];
            [m[1] - slope * m[0], slope]
        };
        drifts = trace.iter().rev().map(fit).collect();
        let last = &trace[STEPS - 1][0];
        assert!(last.n() == 2 * PARTICLES && last.data()[..PARTICLES] == *points.data());
    }
    moments
}

#[test]
fn iterates_are_those_of_the_exact_fitting() {
    let [source, target] = shifted(1, 0.1);
    let found = half_iterations(6, Regression::Mean);
    let mut exact = GaussianIpf::new(&source, &target, ReferenceProcess::brownian(1.0).unwrap()).unwrap();
    for half in [2, 4, 6] {
        exact.half_step().unwrap();
        exact.half_step().unwrap();
        let (end, cross) = (exact.end(), exact.cross_covariance()[(0, 0)]);
        let [_, mean, _, c, variance] = found[half];
        // The discretisation into 20 steps changes mean and variance by 0.01.
        assert!((mean - end.mean[0]).abs() < 0.02, "{half}: {mean} {:?}", end.mean);
        assert!((variance - end.cov[(0, 0)]).abs() < 0.03, "{half}: {variance} {:?}", end.cov);
        assert!((c - cross).abs() < 0.03, "{half}: {c} {cross}");
    }
}

#[test]
fn the_limit_of_20_steps_is_known_for_both_regressions() {
    // Process 13 runs backward: it starts from the target and ends near the source. With mean
    // matching its end has the mean -0.0908, where the source has -0.1.
    for (regression, want) in
        [(Regression::Mean, [-0.0908, 1.0119, 0.6163]), (Regression::Increment, [-0.1, 1.0, 0.5988])]
    {
        let found = half_iterations(13, regression);
        let [mean, _, variance, c, _] = found[13];
        let off = [mean - want[0], variance - want[1], c - want[2]];
        assert!(off.iter().all(|v| v.abs() < 0.015), "{regression:?}: {mean} {variance} {c}, {want:?}");
    }
}

#[test]
fn the_distance_between_iterates_never_grows() {
    let found = half_iterations(8, Regression::Mean);
    let distances: Vec<f64> = found.windows(2).map(|pair| relative_entropy(pair[1], pair[0])).collect();
    // Below 5e-4 only the noise of the regressions remains.
    assert!(distances.windows(2).all(|d| d[1] < d[0].max(5e-4)), "{distances:?}");
    assert!(distances[0] > 0.05 && distances[7] < 1e-3, "{distances:?}");
}
