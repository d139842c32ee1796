//! The grid against the reference, row by row.

use super::kept::Kept;
use crate::pairwise::{
    Backend, Kernel, KernelSum, KernelSums, Pairwise, PairwiseOptions, Part, Precision, Queries, ScoreDifference,
    Softmax, SoftmaxMean, Values,
};
use crate::rng::Stream;
use crate::{Interrupt, Points};

pub(super) fn engine(backend: Backend) -> Pairwise {
    engine_at(backend, PairwiseOptions::default().tol)
}

pub(super) fn engine_at(backend: Backend, tol: f64) -> Pairwise {
    let options = PairwiseOptions { backend, precision: Precision::F64, tol, ..PairwiseOptions::default() };
    Pairwise::new(options, Interrupt::default())
}

/// A set of each kind: a round cloud, a box, narrow modes of different mass, a curve, heavy tails,
/// and a cloud with one outlier.
fn sets(n: usize, dim: usize) -> Vec<(&'static str, Points)> {
    let normal = || Stream::new(7).normal(n, dim);
    let made = |f: &dyn Fn(usize, usize, f64) -> f64| {
        let mut points = normal();
        points.data_mut().iter_mut().enumerate().for_each(|(i, x)| *x = f(i / dim, i % dim, *x));
        points
    };
    vec![
        ("cloud", normal()),
        ("box", made(&|i, c, _| ((i * [7919, 104_729, 1_299_709][c]) % 10_007) as f64 / 10_007.0)),
        ("modes", made(&|i, c, x| ((i * i) % 25 / [1, 5, 25][c]) as f64 % 5.0 + 0.02 * x)),
        ("curve", made(&|i, c, x| (3e-3 * i as f64 + c as f64).sin() * [1.0, 2.0, 3.0][c] + 1e-4 * x)),
        ("tails", made(&|i, _, x| x / (1e-3 + (i % 97) as f64 / 97.0))),
        ("outlier", made(&|i, _, x| if i == 5 { 1e4 } else { 1e3 + x })),
    ]
}

/// The largest distance between two rows, in units of sigma.
fn worst(got: &Points, want: &Points, sigma: f64) -> f64 {
    got.iter().zip(want.iter()).map(|(g, w)| crate::points::squared_distance(g, w).sqrt() / sigma).fold(0.0, f64::max)
}

#[test]
fn the_worst_row_keeps_the_tolerance() {
    for dim in [1, 2, 3] {
        for (name, x) in sets(3000, dim) {
            let y = Stream::new(8).normal(700, dim);
            let mut z = x.select(&(0..300).collect::<Vec<_>>());
            z.data_mut().iter_mut().zip(y.data()).for_each(|(z, y)| *z += 0.1 * y);
            for (share, tol) in [3.0, 0.3, 0.03, 0.003].into_iter().flat_map(|share| [(share, 1e-6), (share, 1e-3)]) {
                let sigma = share * if name == "outlier" || name == "tails" { 1.0 } else { x.spread() };
                let softmax = Softmax::of(sigma);
                let (mut got, mut want) = (SoftmaxMean::default(), SoftmaxMean::default());
                let grid = engine_at(Backend::Grid, tol);
                grid.softmax_mean(&z, &x, Values::Own, &softmax, &mut got).unwrap();
                engine(Backend::Naive).softmax_mean(&z, &x, Values::Own, &softmax, &mut want).unwrap();
                let error = worst(&got.mean, &want.mean, sigma);
                let of_log = got.log_sum.iter().zip(&want.log_sum).map(|(g, w)| (g - w).abs()).fold(0.0, f64::max);
                let of_ess = got.ess.iter().zip(&want.ess).map(|(g, w)| (g / w - 1.0).abs()).fold(0.0, f64::max);
                let what = format!("{name} d={dim} {share} tol={tol}: {} of 300 directly", grid.work().repeated());
                println!("{what} mean {error:.1e} log {of_log:.1e} ess {of_ess:.1e}");
                assert!(error < 3.0 * tol && of_log < 3.0 * tol && of_ess < 10.0 * tol, "{what}");
                // A larger tolerance is another window, not a better one.
                assert!(tol < 1e-4 || grid.work().on_grid() == 0 || of_log > 1e-6, "{what}");
                // The grid computes almost all queries of a round cloud.
                assert!(name != "cloud" || share < 0.1 || grid.work().repeated() < 10, "{what}");
            }
        }
    }
}

#[test]
fn weights_values_and_left_out_queries() {
    for dim in [1, 2, 3] {
        let x = Stream::new(9).normal(2000, dim);
        let values = Stream::new(10).normal(2000, 6);
        let logs: Vec<f64> =
            (0..2000).map(|i| if i % 7 == 0 { f64::NEG_INFINITY } else { 3.0 + 4.0 * x.row(i)[0] }).collect();
        let softmax = Softmax { sigma: 0.5, log_weights: Some(&logs), leave_out_self: true };
        let (mut got, mut want) = (SoftmaxMean::default(), SoftmaxMean::default());
        engine(Backend::Grid).softmax_mean(&x, &x, &values, &softmax, &mut got).unwrap();
        engine(Backend::Naive).softmax_mean(&x, &x, &values, &softmax, &mut want).unwrap();
        assert!(worst(&got.mean, &want.mean, 1.0) < 2e-5, "{:e}", worst(&got.mean, &want.mean, 1.0));
        assert!(got.log_sum.iter().zip(&want.log_sum).all(|(g, w)| (g - w).abs() < 3e-6));
        assert!(got.ess.iter().zip(&want.ess).all(|(g, w)| (g / w - 1.0).abs() < 1e-5));
    }
}

/// Sources beyond the reach of the taps have no share in the grid. If they weigh far more than the
/// sources nearby, sums that they dominate are computed directly.
#[test]
fn heavy_sources_far_away_are_not_lost() {
    for tol in [1e-6, 1e-3] {
        let mut x = Stream::new(16).normal(2000, 2);
        let logs: Vec<f64> = (0..2000).map(|i| if i < 1000 { 0.0 } else { 90.0 }).collect();
        (1000..2000).for_each(|i| x.row_mut(i)[0] += 15.0);
        let softmax = Softmax { sigma: 1.0, log_weights: Some(&logs), leave_out_self: false };
        let z = x.rows(0..300);
        let (mut got, mut want) = (Vec::new(), Vec::new());
        engine_at(Backend::Grid, tol).log_sum_exp(&z, &x, &softmax, &mut got).unwrap();
        engine(Backend::Naive).log_sum_exp(&z, &x, &softmax, &mut want).unwrap();
        let worst = got.iter().zip(&want).map(|(got, want)| (got - want).abs()).fold(0.0, f64::max);
        assert!(worst < 3.0 * tol, "{tol}: {worst:e}");
    }
}

#[test]
fn sums_of_a_gaussian_kernel() {
    for dim in [1, 2, 3] {
        let (x, z) = (Stream::new(11).normal(1500, dim), Stream::new(12).normal(400, dim));
        let weights: Vec<f64> = (0..1500).map(|i| f64::from(i % 5)).collect();
        for part in [Part::Value, Part::Slope] {
            for weights in [None, Some(&weights[..])] {
                let kernel = Kernel::Gaussian { h: 0.4 };
                let sum = KernelSum { kernel, part, weights, values: Some(Values::Own), leave_out_self: false };
                let (mut got, mut want) = (KernelSums::default(), KernelSums::default());
                engine(Backend::Grid).kernel_sum(&z, &x, &sum, &mut got).unwrap();
                engine(Backend::Naive).kernel_sum(&z, &x, &sum, &mut want).unwrap();
                assert!(got.mass.iter().zip(&want.mass).all(|(g, w)| (g / w - 1.0).abs() < 3e-6));
                let largest = want.moment.data().iter().fold(0.0f64, |largest, v| largest.max(v.abs()));
                assert!(worst(&got.moment, &want.moment, largest) < 1e-6);
            }
        }
    }
}

/// The field between two sets that overlap in part, and the engine that computed it.
fn field(n: usize, dim: usize, backend: Backend) -> (Points, Pairwise) {
    let (y, mut x) = (Stream::new(13).normal(n, dim), Stream::new(14).normal(n, dim));
    x.data_mut().iter_mut().for_each(|v| *v = 1.0 + 0.5 * *v);
    let options = PairwiseOptions { backend, ..PairwiseOptions::default() };
    let engine = Pairwise::new(options, Interrupt::default());
    let difference =
        ScoreDifference { targets: &x, target_log_weights: None, particles: &y, leave_out_self: false, sigma: 0.4 };
    let mut field = Points::default();
    engine.score_difference(Queries::Particles, &difference, &mut field).unwrap();
    (field, engine)
}

#[test]
fn the_bytes_do_not_depend_on_the_threads() {
    for dim in [1, 2, 3] {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| field(20_000, dim, Backend::Grid).0)
        };
        let one = on(1);
        assert_eq!(one, on(2));
        assert_eq!(one, on(5));
    }
}

/// Below the smallest tolerance of the grid, sums are direct, also where the grid is requested.
#[test]
fn a_tolerance_that_the_grid_cannot_keep_is_kept_by_direct_sums() {
    let x = Stream::new(15).normal(3000, 2);
    let sums = |backend: Backend, tol: f64| {
        let (engine, mut logs) = (engine_at(backend, tol), Vec::new());
        engine.log_sum_exp(&x, &x, &Softmax::of(0.5), &mut logs).unwrap();
        (logs, engine.work().on_grid())
    };
    let want = sums(Backend::Naive, 1e-6).0;
    let worst = |logs: &[f64]| logs.iter().zip(&want).map(|(got, want)| (got - want).abs()).fold(0.0, f64::max);
    for (tol, on_grid) in [(1e-12, 0), (1e-6, 3000), (1e-3, 3000), (1.0, 3000)] {
        let (logs, used) = sums(Backend::Grid, tol);
        assert_eq!(used, on_grid, "{tol}");
        assert!(worst(&logs) < tol.clamp(1e-12, 1e-3), "{tol}: {:e}", worst(&logs));
    }
}

#[test]
fn many_points_are_put_on_the_grid_and_few_are_not() {
    for dim in [1, 2] {
        let (got, engine) = field(16_384, dim, Backend::Auto);
        assert!(engine.work().on_grid() > 32_000, "{}", engine.work().on_grid());
        let (want, direct) = field(16_384, dim, Backend::Direct);
        assert_eq!(direct.work().on_grid(), 0);
        let norm = |points: &Points| points.data().iter().map(|v| v * v).sum::<f64>().sqrt();
        let mut error = got.clone();
        error.data_mut().iter_mut().zip(want.data()).for_each(|(e, w)| *e -= w);
        assert!(norm(&error) < 1e-5 * norm(&want));
        let few = field(512, dim, Backend::Auto).1;
        assert_eq!(few.work().on_grid(), 0);
        assert!(few.work().pairs() > 0);
    }
}

/// The target of a flow is placed and spread in one step and kept for the next ones. A step without
/// anything kept has the same bytes.
#[test]
fn what_is_kept_of_a_target_changes_no_byte() {
    for dim in [1, 2, 3] {
        let targets = Stream::new(21).normal(20_000, dim);
        let kept = engine(Backend::Grid);
        let mut steps_with_kept = 0;
        for step in 0..6 {
            // The particles move, and sigma changes slowly. Some are so far from the targets that
            // the grid keeps the tolerance for a part of them only.
            let sigma = [0.8, 0.8, 2.0][dim - 1] * [1.0, 0.97, 0.94, 0.92, 0.97, 1.0][step as usize];
            let mut particles = Stream::new(22).normal(4000, dim);
            particles.data_mut().iter_mut().for_each(|y| *y += 0.1 * f64::from(step));
            (0..20).for_each(|i| particles.row_mut(i)[0] = 4.0 + sigma * (7.0 + 0.2 * i as f64));
            let difference = ScoreDifference {
                targets: &targets,
                target_log_weights: None,
                particles: &particles,
                leave_out_self: true,
                sigma,
            };
            let field = |engine: &Pairwise| {
                let mut out = Points::default();
                engine.score_difference(Queries::Particles, &difference, &mut out).unwrap();
                out
            };
            let fresh = engine(Backend::Grid);
            assert!(field(&kept) == field(&fresh), "step {step}, d = {dim}");
            assert!(fresh.work().repeated() > 0 && fresh.work().on_grid() > 4000, "step {step}, d = {dim}");
            steps_with_kept += i32::from(kept.memory.shared::<Kept>().has_spread());
        }
        assert!(steps_with_kept >= 4, "{steps_with_kept} of 6 steps");
    }
}
