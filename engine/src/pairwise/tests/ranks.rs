//! Sums that are divided among ranks have the bytes of one rank.

use super::*;
use crate::comm::{Threads, threads};
use std::sync::Arc;

pub(super) fn hello(identity: &str) -> Hello {
    Hello { identity: identity.into(), machine: "here".into(), cores: "0-3".into() }
}

pub(super) fn works(rank: &Threads) {
    assert!(join(rank, &hello("the same")).is_some());
    serve(rank).unwrap();
}

/// Runs `body` on rank 0 of `size` ranks that share every call.
pub(super) fn among<R>(size: usize, body: impl FnOnce(Arc<Ranks>) -> R) -> R {
    let mut all = threads(size).into_iter();
    let leader = Box::new(all.next().unwrap());
    std::thread::scope(|scope| {
        for rank in all {
            scope.spawn(move || works(&rank));
        }
        body(Arc::new(Ranks::lead(leader, &hello("the same")).unwrap().0.sharing_from(0.0)))
    })
}

type Compute<'a> = Box<dyn Fn(&Pairwise) -> Vec<f64> + 'a>;

/// Returns every reduction of these sets, with all of their results in one list.
fn reductions<'a>(y: &'a Points, x: &'a Points, weights: &'a [f64], sigma: f64) -> Vec<(&'static str, Compute<'a>)> {
    let values = Arc::new(Stream::new(5).normal(x.n(), 3));
    let softmax = move |log_weights, leave_out_self| Softmax { sigma, log_weights, leave_out_self };
    let mean = move |engine: &Pairwise, (z, x): (&Points, &Points), values: Values, softmax: Softmax| {
        let mut out = SoftmaxMean::default();
        engine.softmax_mean(z, x, values, &softmax, &mut out).unwrap();
        [out.mean.data(), &out.log_sum, &out.ess].concat()
    };
    let kernel = move |engine: &Pairwise, kernel: Kernel, part: Part| {
        let sum = KernelSum { kernel, part, weights: Some(weights), values: Some(Values::Own), leave_out_self: false };
        let mut out = KernelSums::default();
        engine.kernel_sum(y, x, &sum, &mut out).unwrap();
        [out.moment.data(), &out.mass].concat()
    };
    vec![
        (
            "log sums",
            Box::new(move |engine| {
                let mut out = Vec::new();
                engine.log_sum_exp(y, x, &softmax(Some(weights), false), &mut out).unwrap();
                out
            }),
        ),
        ("means", Box::new(move |engine| mean(engine, (y, x), Values::Own, softmax(None, false)))),
        (
            "weighted means",
            Box::new(move |engine| mean(engine, (y, x), Values::Of(&values), softmax(Some(weights), false))),
        ),
        ("own means", Box::new(move |engine| mean(engine, (y, y), Values::Own, softmax(None, true)))),
        (
            "difference",
            Box::new(move |engine| {
                let both = ScoreDifference {
                    targets: x,
                    target_log_weights: None,
                    particles: y,
                    leave_out_self: false,
                    sigma,
                };
                let mut out = Points::default();
                engine.score_difference(Queries::Particles, &both, &mut out).unwrap();
                out.data().to_vec()
            }),
        ),
        (
            "log sums of fixed sets",
            Box::new(move |engine| {
                let mut sums = engine.log_sums(y, x, sigma).unwrap();
                let (mut to, mut back, mut all) = (vec![0.0; x.n()], Vec::new(), Vec::new());
                // The second round begins from expected results, and the third from wrong ones.
                for sigma in [sigma, sigma, 2.0 * sigma] {
                    sums.set_sigma(sigma).unwrap();
                    sums.at(Side::First, weights, &mut back).unwrap();
                    sums.at(Side::Second, &back, &mut to).unwrap();
                    all.extend_from_slice(&back);
                    all.extend_from_slice(&to);
                }
                all
            }),
        ),
        ("kernel sums", Box::new(move |engine| kernel(engine, Kernel::Laplace { h: sigma }, Part::Value))),
        (
            "kernel sums without self",
            Box::new(move |engine| {
                let sum = KernelSum {
                    kernel: Kernel::Energy,
                    part: Part::Value,
                    weights: None,
                    values: None,
                    leave_out_self: true,
                };
                let mut out = KernelSums::default();
                engine.kernel_sum(y, y, &sum, &mut out).unwrap();
                out.mass
            }),
        ),
        ("slopes", Box::new(move |engine| kernel(engine, Kernel::Energy, Part::Slope))),
        (
            "kernel softmax",
            Box::new(move |engine| {
                let softmax =
                    KernelSoftmax { log_weights: Some(weights), ..KernelSoftmax::of(Kernel::Laplace { h: sigma }) };
                let mut out = SoftmaxMean::default();
                engine.kernel_softmax_mean(y, x, Values::Own, &softmax, &mut out).unwrap();
                [out.mean.data(), &out.log_sum, &out.ess].concat()
            }),
        ),
    ]
}

fn log_weights(m: usize) -> Vec<f64> {
    let mut weights = Stream::new(6).normal(1, m).data().to_vec();
    weights[m / 2] = f64::NEG_INFINITY;
    weights
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// Compares every reduction on several numbers of ranks with the same reduction on one rank.
fn same_bytes(options: &PairwiseOptions, (y, x): (&Points, &Points), sigma: f64, sizes: &[usize]) {
    // A kernel sum of infinite weights would be NaN.
    let weights: Vec<f64> = log_weights(x.n()).iter().map(|w| w.max(-9.0)).collect();
    let all = reductions(y, x, &weights, sigma);
    let alone = Pairwise::new(options.clone(), Interrupt::default());
    let want: Vec<Vec<u64>> = all.iter().map(|(_, compute)| bits(&compute(&alone))).collect();
    for &size in sizes {
        among(size, |ranks| {
            let engine = Pairwise::new(options.clone(), Interrupt::default()).sharing_with(Some(ranks));
            for ((name, compute), want) in all.iter().zip(&want) {
                let got = bits(&compute(&engine));
                assert!(got == *want, "{name}: {options:?}, n={}, m={}, d={}, {size} ranks", y.n(), x.n(), x.dim());
            }
            assert_eq!(engine.work().pairs(), alone.work().pairs(), "{options:?}");
            assert_eq!(engine.work().flops(), alone.work().flops(), "{options:?}");
        });
    }
}

#[test]
fn the_bytes_are_those_of_one_rank() {
    for (n, m, dim) in [(1, 7, 2), (65, 129, 1), (1025, 300, 2), (700, 1025, 9), (500, 501, 64)] {
        let (y, x) = clouds(n, m, dim);
        for precision in [Precision::F64, Precision::F32, Precision::Auto] {
            let options = PairwiseOptions { precision, ..PairwiseOptions::default() };
            same_bytes(&options, (&y, &x), 0.5 * (dim as f64).sqrt(), &[2, 5]);
        }
    }
}

#[test]
fn every_backend_divides_its_rows() {
    let (y, x) = clouds(300, 260, 24);
    for backend in [Backend::Naive, Backend::Direct, Backend::Fused, Backend::Gemm] {
        let options = PairwiseOptions { backend, ..PairwiseOptions::default() };
        same_bytes(&options, (&y, &x), 2.0, &[3]);
    }
    for precision in [Precision::Bf16x3, Precision::Bf16x6] {
        let options = PairwiseOptions { precision, ..PairwiseOptions::default() };
        same_bytes(&options, (&y, &x), 2.0, &[3]);
    }
}

/// Blocks are skipped, far points have centres of their own, and single rows are computed again.
#[test]
fn skipping_and_repeating_rows_do_not_depend_on_the_ranks() {
    let (mut y, mut x) = clouds(3000, 2500, 2);
    for sigma in [0.01, 0.05] {
        same_bytes(&PairwiseOptions::default(), (&y, &x), sigma, &[2, 3]);
    }
    for (i, far) in [1e4, 1e6, 1e8].into_iter().enumerate() {
        y.data_mut()[2 * i] = far;
        x.data_mut()[2 * i] = far + 1.0;
    }
    same_bytes(&PairwiseOptions::default(), (&y, &x), 0.5, &[2, 3]);
    // So many rows are computed again that blocks are skipped for them, too.
    for i in 0..200 {
        y.data_mut()[2 * i] += 1e4 + 7.0 * i as f64;
    }
    let engine = Pairwise::default();
    engine.softmax_mean(&y, &x, Values::Own, &Softmax::of(0.01), &mut SoftmaxMean::default()).unwrap();
    assert!(engine.work().repeated() >= 64, "{}", engine.work().repeated());
    same_bytes(&PairwiseOptions::default(), (&y, &x), 0.01, &[2, 3]);
}

/// The matrix units with six products are used where blocks could be skipped.
#[test]
fn split_products_do_not_depend_on_the_ranks() {
    let (y, x) = clouds(1500, 1400, 24);
    let options = PairwiseOptions { precision: Precision::Bf16x6, ..PairwiseOptions::default() };
    same_bytes(&options, (&y, &x), 0.6, &[2, 3]);
}
