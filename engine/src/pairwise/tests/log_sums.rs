//! Sums between fixed sets against the reference, call after call.

use super::*;

/// Log-weights of a few nats; one of them excludes its source.
fn logs(n: usize, key: u64) -> Vec<f64> {
    let mut logs: Vec<f64> = Stream::new(key).normal(n, 1).data().iter().map(|l| 2.0 * l).collect();
    if n > 1 {
        logs[n / 2] = f64::NEG_INFINITY;
    }
    logs
}

fn reference_sums(at: &Points, sources: &Points, sigma: f64, logs: &[f64]) -> Vec<f64> {
    let mut want = Vec::new();
    let softmax = Softmax { log_weights: Some(logs), ..Softmax::of(sigma) };
    reference().log_sum_exp(at, sources, &softmax, &mut want).unwrap();
    want
}

fn worst(got: &[f64], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    got.iter().zip(want).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f64::max)
}

fn allowed(precision: Precision) -> f64 {
    if precision == Precision::F64 { 1e-11 } else { 1e-5 }
}

/// The first call, calls with expected results, calls after all weights changed by many orders of
/// magnitude, and calls at another sigma.
#[test]
fn every_call_agrees_with_the_reference() {
    for (n, m, dim) in [(1, 1, 1), (7, 3, 2), (65, 129, 3), (130, 51, 4), (50, 100, 5), (97, 200, 17), (9, 8, 513)] {
        let (y, x) = clouds(n, m, dim);
        let sigma = 0.3 * (dim as f64).sqrt();
        every_path(|precision, backend, isa| {
            let engine = engine(precision, backend, isa);
            let mut sums = engine.log_sums(&y, &x, sigma).unwrap();
            let mut out = Vec::new();
            for (round, sigma) in [(0, sigma), (1, sigma), (2, 2.0 * sigma), (3, 2.0 * sigma), (4, sigma)] {
                sums.set_sigma(sigma).unwrap();
                // Shifts far beyond the range of f32, up and down.
                let raise = [0.0, 0.0, 0.0, 300.0, -900.0][round as usize];
                let raised = |logs: Vec<f64>| logs.into_iter().map(|l| l + raise).collect::<Vec<f64>>();
                let (of_x, of_y) = (raised(logs(m, round)), raised(logs(n, 10 + round)));
                let both = [(Side::First, &y, &x, of_x), (Side::Second, &x, &y, of_y)];
                for (side, at, sources, logs) in both {
                    sums.at(side, &logs, &mut out).unwrap();
                    let error = worst(&out, &reference_sums(at, sources, sigma, &logs));
                    let what = format!("{n} {m} {dim} round {round} {precision:?} {backend:?} {isa:?}");
                    assert!(error <= allowed(precision), "{what}: {error:e}");
                }
            }
        });
    }
}

/// Blocks are skipped at a sigma where few blocks matter, and not at a sigma where all blocks
/// matter.
#[test]
fn small_sigma_agrees_with_the_reference() {
    for (dim, n, sigma) in [(2, 3000, 0.01), (24, 1100, 0.2)] {
        let (m, (y, x)) = (n + 100, clouds(n, n + 100, dim));
        for precision in [Precision::F32, Precision::F64] {
            let engine = engine(precision, Backend::Auto, Isa::Auto);
            let mut sums = engine.log_sums(&y, &x, sigma).unwrap();
            let mut out = Vec::new();
            for round in 0..3 {
                let logs = logs(m, round);
                let before = engine.work().pairs();
                sums.at(Side::First, &logs, &mut out).unwrap();
                let error = worst(&out, &reference_sums(&y, &x, sigma, &logs));
                assert!(error <= allowed(precision), "{dim} {round} {precision:?}: {error:e}");
                let evaluated = (engine.work().pairs() - before) as f64 / (n * m) as f64;
                assert!(if dim == 2 { evaluated < 0.5 } else { evaluated > 0.9 }, "{dim}: {evaluated}");
            }
        }
    }
}

#[test]
fn an_offset_costs_no_digits_and_nothing_to_sum_is_minus_infinity() {
    let (mut y, mut x) = clouds(65, 129, 3);
    for p in [&mut y, &mut x] {
        p.data_mut().iter_mut().for_each(|v| *v = (*v * 1024.0).round() / 1024.0 + 1e6);
    }
    let mut out = Vec::new();
    for precision in [Precision::F32, Precision::F64] {
        let engine = engine(precision, Backend::Auto, Isa::Auto);
        let mut sums = engine.log_sums(&y, &x, 0.5).unwrap();
        sums.at(Side::First, &[0.0; 129], &mut out).unwrap();
        assert!(worst(&out, &reference_sums(&y, &x, 0.5, &[0.0; 129])) <= allowed(precision));
        sums.at(Side::First, &[f64::NEG_INFINITY; 129], &mut out).unwrap();
        assert!(out.iter().all(|l| *l == f64::NEG_INFINITY));
        sums.at(Side::First, &[1.0; 129], &mut out).unwrap();
        assert!(worst(&out, &reference_sums(&y, &x, 0.5, &[1.0; 129])) <= allowed(precision));
    }
}

#[test]
fn fixed_sums_have_the_same_bytes_for_any_number_of_threads() {
    let (y, x) = clouds(1025, 700, 9);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let engine = engine(Precision::F32, Backend::Auto, Isa::Auto);
            let (mut sums, mut out) = (engine.log_sums(&y, &x, 0.9).unwrap(), Vec::new());
            (0..2).for_each(|round| sums.at(Side::First, &logs(700, round), &mut out).unwrap());
            out
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
}

#[test]
fn wrong_shapes_and_sigmas_are_refused() {
    let (y, x) = clouds(9, 8, 2);
    let engine = engine(Precision::F32, Backend::Auto, Isa::Auto);
    assert!(engine.log_sums(&y, &x, 0.0).is_err() && engine.log_sums(&y, &x, f64::NAN).is_err());
    assert!(engine.log_sums(&y, &clouds(3, 3, 3).0, 1.0).is_err());
    let mut sums = engine.log_sums(&y, &x, 1.0).unwrap();
    assert!(sums.at(Side::First, &[0.0; 9], &mut Vec::new()).is_err());
    sums.at(Side::Second, &[0.0; 9], &mut Vec::new()).unwrap();
}
