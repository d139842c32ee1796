//! Every backend, precision and instruction set against the reference: tables of cases, and one
//! runner.

mod cases;
mod difference;
mod extent;
mod kernel;
mod kernel_softmax;
mod log_sums;
mod rank_messages;
mod ranks;
mod skipping;
mod split;

use super::*;
use crate::rng::Stream;
use crate::{Error, Interrupt, Points};
use std::io::Write;

fn engine(precision: Precision, backend: Backend, isa: Isa) -> Pairwise {
    Pairwise::new(PairwiseOptions { precision, backend, isa, ..PairwiseOptions::default() }, Interrupt::default())
}

fn reference() -> Pairwise {
    engine(Precision::F64, Backend::Naive, Isa::Auto)
}

/// Particles around 0, targets around 1 with half the spread.
fn clouds(n: usize, m: usize, dim: usize) -> (Points, Points) {
    let mut x = Stream::new(3).label("x").normal(m, dim);
    x.data_mut().iter_mut().for_each(|v| *v = 1.0 + 0.5 * *v);
    (Stream::new(3).label("y").normal(n, dim), x)
}

/// `D_p - D_q` at the particles.
fn displacement(engine: &Pairwise, y: &Points, x: &Points, softmax: &Softmax) -> Vec<f64> {
    let (mut p, mut q) = (SoftmaxMean::default(), SoftmaxMean::default());
    engine.softmax_mean(y, x, Values::Own, &Softmax { leave_out_self: false, ..*softmax }, &mut p).unwrap();
    engine.softmax_mean(y, y, Values::Own, softmax, &mut q).unwrap();
    p.mean.data().iter().zip(q.mean.data()).map(|(p, q)| p - q).collect()
}

fn relative_error(got: &[f64], want: &[f64]) -> f64 {
    let square: f64 = got.iter().zip(want).map(|(g, w)| (g - w) * (g - w)).sum();
    (square / want.iter().map(|w| w * w).sum::<f64>()).sqrt()
}

/// The largest squared distance from the sources' mean, in units of sigma.
fn reach(y: &Points, x: &Points, sigma: f64) -> f64 {
    let of = |centre: &[f64], points: &Points| {
        points.iter().map(|p| crate::points::squared_distance(p, centre)).fold(0.0, f64::max)
    };
    let (mx, my) = (x.mean(), y.mean());
    of(&mx, x).max(of(&mx, y)).max(of(&my, y)) / (sigma * sigma)
}

fn allowed(precision: Precision, y: &Points, x: &Points, sigma: f64) -> f64 {
    match precision {
        Precision::F64 => 1e-9,
        _ if sigma >= 0.05 * x.spread() => 1e-5,
        _ => 4.0 * f64::from(f32::EPSILON) * (1.0 + reach(y, x, sigma)),
    }
}

/// Reports the paths that a test leaves out.
fn tell_missing() {
    for (isa, why) in Isa::ALL.into_iter().filter_map(|isa| Some((isa, isa.missing()?))) {
        // The test does not fail if standard error is closed.
        let _ = writeln!(std::io::stderr(), "not run here: {} ({why})", isa.name());
    }
}

fn every_path(mut f: impl FnMut(Precision, Backend, Isa)) {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(tell_missing);
    for isa in Isa::available() {
        for precision in [Precision::F64, Precision::F32] {
            for backend in [Backend::Auto, Backend::Direct, Backend::Fused, Backend::Gemm] {
                f(precision, backend, isa);
            }
        }
        f(Precision::F32, Backend::Grid, isa);
    }
}

#[test]
fn log_weights_normaliser_and_sample_size() {
    for dim in [2, 9, 70] {
        let (y, x) = clouds(65, 129, dim);
        let values = Stream::new(5).normal(129, 5);
        let mut weights = Stream::new(6).normal(1, 129).data().to_vec();
        weights[3] = f64::NEG_INFINITY;
        weights[100] = f64::NEG_INFINITY;
        let softmax = Softmax { log_weights: Some(&weights), ..Softmax::of((dim as f64).sqrt()) };
        let mut want = SoftmaxMean::default();
        reference().softmax_mean(&y, &x, &values, &softmax, &mut want).unwrap();
        every_path(|precision, backend, isa| {
            let engine = engine(precision, backend, isa);
            let tolerance = if precision == Precision::F64 { 1e-12 } else { 2e-5 };
            let (mut got, mut log_sum) = (SoftmaxMean::default(), Vec::new());
            engine.softmax_mean(&y, &x, &values, &softmax, &mut got).unwrap();
            engine.log_sum_exp(&y, &x, &softmax, &mut log_sum).unwrap();
            assert!(relative_error(got.mean.data(), want.mean.data()) < tolerance);
            assert!(relative_error(&got.ess, &want.ess) < tolerance);
            assert!(relative_error(&got.log_sum, &want.log_sum) < tolerance);
            assert_eq!(log_sum, got.log_sum);
        });
    }
}

#[test]
fn points_a_thousand_sigma_away_stay_in_the_hull() {
    for dim in [1, 2, 9, 64] {
        let (mut y, x) = clouds(65, 129, dim);
        y.data_mut().iter_mut().for_each(|v| *v += 300.0 * (dim as f64).sqrt());
        let (low, high) = x.data().iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        let ones = Points::new(vec![1.0; 129], 1, "ones").unwrap();
        every_path(|precision, backend, isa| {
            let engine = engine(precision, backend, isa);
            let mut out = SoftmaxMean::default();
            engine.softmax_mean(&y, &x, Values::Own, &Softmax::of(0.3 * (dim as f64).sqrt()), &mut out).unwrap();
            assert!(out.mean.data().iter().all(|v| *v >= low - 1e-4 && *v <= high + 1e-4), "{precision:?} {backend:?}");
            engine.softmax_mean(&y, &x, &ones, &Softmax::of(0.3), &mut out).unwrap();
            assert!(out.mean.data().iter().all(|v| (v - 1.0).abs() < 1e-6));
            assert!(out.ess.iter().all(|e| *e >= 1.0 - 1e-5 && *e <= 129.01));
        });
    }
}

#[test]
fn no_source_left_gives_the_nearest_and_no_nan() {
    let (y, x) = clouds(9, 7, 3);
    let nothing = [f64::NEG_INFINITY; 7];
    let softmax = Softmax { log_weights: Some(&nothing), ..Softmax::of(1.0) };
    let mut want = SoftmaxMean::default();
    reference().softmax_mean(&y, &x, Values::Own, &softmax, &mut want).unwrap();
    every_path(|precision, backend, isa| {
        let mut got = SoftmaxMean::default();
        engine(precision, backend, isa).softmax_mean(&y, &x, Values::Own, &softmax, &mut got).unwrap();
        assert!(relative_error(got.mean.data(), want.mean.data()) < 1e-6);
        assert!(got.log_sum.iter().all(|l| *l == f64::NEG_INFINITY) && got.ess.iter().all(|e| *e == 1.0));
        let one = x.rows(0..1);
        let alone = Softmax { leave_out_self: true, ..Softmax::of(1.0) };
        engine(precision, backend, isa).softmax_mean(&one, &one, Values::Own, &alone, &mut got).unwrap();
        assert!(relative_error(got.mean.data(), one.data()) < 1e-6 && got.log_sum[0].abs() < 1e-6);
    });
}

#[test]
fn same_bytes_for_any_number_of_threads() {
    let (y, x) = clouds(1025, 700, 9);
    every_path(|precision, backend, isa| {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| displacement(&engine(precision, backend, isa), &y, &x, &Softmax::of(0.9)))
        };
        let one = run(1);
        assert_eq!(one, run(2));
        assert_eq!(one, run(5));
    });
}

#[test]
fn a_raised_interrupt_stops() {
    let (y, x) = clouds(9, 9, 2);
    let interrupt = Interrupt::default();
    interrupt.raise();
    let engine = Pairwise::new(PairwiseOptions::default(), interrupt);
    let result = engine.softmax_mean(&y, &x, Values::Own, &Softmax::of(1.0), &mut SoftmaxMean::default());
    assert_eq!(result, Err(Error::Interrupted));
}

#[test]
fn the_matrix_units_are_no_backend_to_ask_for() {
    let (y, x) = clouds(9, 9, 2);
    let result = engine(Precision::Auto, Backend::Amx, Isa::Auto).softmax_mean(
        &y,
        &x,
        Values::Own,
        &Softmax::of(1.0),
        &mut SoftmaxMean::default(),
    );
    assert!(matches!(result, Err(Error::Argument { .. })), "{result:?}");
}
