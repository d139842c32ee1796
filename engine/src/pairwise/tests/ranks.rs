//! Sums that are divided among ranks have the bytes of one rank.

use super::*;
use crate::comm::{Comm, Threads, threads};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn hello(identity: &str) -> Hello {
    Hello { identity: identity.into(), machine: "here".into(), cores: "0-3".into() }
}

fn works(rank: &Threads) {
    assert!(join(rank, &hello("the same")).is_some());
    serve(rank).unwrap();
}

/// Runs `body` on rank 0 of `size` ranks that share every call.
fn among<R>(size: usize, body: impl FnOnce(Arc<Ranks>) -> R) -> R {
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

/// A rank that counts the bytes that it broadcasts.
#[derive(Debug)]
struct Counting(Threads, Arc<AtomicUsize>);

impl Comm for Counting {
    fn rank(&self) -> usize {
        self.0.rank()
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn send(&self, to: usize, message: &[u8]) {
        self.0.send(to, message);
    }

    fn has_message(&self, from: usize) -> bool {
        self.0.has_message(from)
    }

    fn receive(&self, from: usize) -> Vec<u8> {
        self.0.receive(from)
    }

    fn broadcast(&self, bytes: &[u8]) {
        self.1.fetch_add(bytes.len(), Ordering::Relaxed);
        self.0.broadcast(bytes);
    }

    fn receive_broadcast(&self, bytes: &mut [u8]) {
        self.0.receive_broadcast(bytes);
    }
}

#[test]
fn points_that_do_not_change_are_sent_once() {
    let mut all = threads(2);
    let (worker, sent) = (all.pop().unwrap(), Arc::<AtomicUsize>::default());
    let leader = Box::new(Counting(all.pop().unwrap(), Arc::clone(&sent)));
    std::thread::scope(|scope| {
        scope.spawn(move || works(&worker));
        let ranks = Ranks::lead(leader, &hello("the same")).unwrap().0.sharing_from(0.0);
        let engine = Pairwise::default().sharing_with(Some(Arc::new(ranks)));
        let (mut y, x) = clouds(100, 300, 3);
        let mut out = SoftmaxMean::default();
        for step in 0..10 {
            let before = sent.load(Ordering::Relaxed);
            engine.softmax_mean(&y, &x, Values::Own, &Softmax::of(1.0), &mut out).unwrap();
            engine.softmax_mean(&y, &y, Values::Own, &Softmax::of(1.0), &mut out).unwrap();
            let changed = if step == 0 { 400 } else { 100 };
            assert_eq!(sent.load(Ordering::Relaxed) - before, 8 * 3 * changed, "step {step}");
            y.data_mut()[0] += 1.0;
        }
        // Two equal sets that are different objects are two sets on every rank.
        let copy = x.clone();
        engine.softmax_mean(&x, &copy, Values::Own, &Softmax::of(1.0), &mut out).unwrap();
        let mut want = SoftmaxMean::default();
        Pairwise::default().softmax_mean(&x, &copy, Values::Own, &Softmax::of(1.0), &mut want).unwrap();
        assert_eq!(out.mean, want.mean);
    });
}

#[test]
fn an_interrupt_stops_all_ranks_and_the_next_call_works() {
    let (y, x) = clouds(20_000, 20_000, 8);
    among(3, |ranks| {
        let interrupt = Interrupt::default();
        let engine = Pairwise::new(PairwiseOptions::default(), interrupt.clone()).sharing_with(Some(ranks));
        let mut out = SoftmaxMean::default();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(20));
                interrupt.raise();
            });
            let stopped = engine.softmax_mean(&y, &x, Values::Own, &Softmax::of(3.0), &mut out);
            assert_eq!(stopped, Err(Error::Interrupted));
        });
        interrupt.lower();
        let (few, some) = (y.rows(0..300), x.rows(0..200));
        engine.softmax_mean(&few, &some, Values::Own, &Softmax::of(3.0), &mut out).unwrap();
        let mut want = SoftmaxMean::default();
        Pairwise::default().softmax_mean(&few, &some, Values::Own, &Softmax::of(3.0), &mut want).unwrap();
        assert_eq!(out.mean, want.mean);
    });
}

#[test]
fn ranks_that_differ_are_refused() {
    let mut all = threads(3).into_iter();
    let leader = Box::new(all.next().unwrap());
    std::thread::scope(|scope| {
        for (rank, identity) in all.zip(["1.0 with avx512", "1.0 with avx2"]) {
            scope.spawn(move || assert_eq!(join(&rank, &hello(identity)), None));
        }
        let refused = Ranks::lead(leader, &hello("1.0 with avx512")).unwrap_err().to_string();
        assert!(refused.starts_with("rank 2: it runs 1.0 with avx2, but rank 0 runs 1.0 with avx512"), "{refused}");
    });
}

#[test]
fn neighbours_are_counted_by_machine_and_cores() {
    let mut all = threads(4).into_iter();
    let leader = Box::new(all.next().unwrap());
    let of = |machine: &str, cores: &str| Hello { machine: machine.into(), cores: cores.into(), ..hello("same") };
    std::thread::scope(|scope| {
        let told = [("a", "0-3"), ("a", "4-7"), ("b", "0-3")];
        let others: Vec<_> = all
            .zip(told)
            .map(|(rank, (machine, cores))| {
                scope.spawn(move || {
                    let found = join(&rank, &of(machine, cores)).unwrap();
                    serve(&rank).unwrap();
                    [found.machine, found.cores]
                })
            })
            .collect();
        let (ranks, own) = Ranks::lead(leader, &of("a", "0-3")).unwrap();
        drop(ranks);
        let others: Vec<[usize; 2]> = others.into_iter().map(|other| other.join().unwrap()).collect();
        assert_eq!(([own.machine, own.cores], others), ([3, 2], vec![[3, 2], [3, 1], [1, 1]]));
    });
}

/// A plan begins and is stopped on all ranks, and the errors of its parts reach rank 0.
#[test]
fn ranks_work_apart_and_are_stopped() {
    let mut all = threads(3).into_iter();
    let leader = Box::new(all.next().unwrap());
    std::thread::scope(|scope| {
        for (number, rank) in all.enumerate() {
            scope.spawn(move || {
                join(&rank, &hello("same")).unwrap();
                work_apart(&rank, |task, interrupt| {
                    assert_eq!(task, "count");
                    while !interrupt.end_requested() {
                        std::thread::sleep(std::time::Duration::from_millis(1));
                    }
                    if number == 1 { Err("it has no numbers".into()) } else { Ok(()) }
                });
            });
        }
        let (ranks, _) = Ranks::lead(leader, &hello("same")).unwrap();
        ranks.begin("count");
        ranks.stop();
        let mut waited = 0;
        assert_eq!(ranks.wait_for_all(|| waited += 1), [(2, "it has no numbers".to_string())]);
    });
}

/// If rank 0 drops a call early, as a panic would, no reply remains for the next call.
#[test]
fn a_call_that_is_dropped_is_drained() {
    let (y, x) = clouds(300, 200, 2);
    among(3, |ranks| {
        let engine = Pairwise::default().sharing_with(Some(Arc::clone(&ranks)));
        let measure = super::measure::Measure::of_softmax(&super::call::SoftmaxCall {
            queries: &y,
            sources: &y,
            values: Some(Values::Own),
            softmax: Softmax::of(1.0),
            orders: &Default::default(),
            placements: &Default::default(),
            subtract: false,
        });
        drop(engine.start_own_means(super::plan::Arithmetic::F32, &y, 1.0, &measure).unwrap());
        let (mut got, mut want) = (SoftmaxMean::default(), SoftmaxMean::default());
        engine.softmax_mean(&y, &x, Values::Own, &Softmax::of(1.0), &mut got).unwrap();
        Pairwise::default().softmax_mean(&y, &x, Values::Own, &Softmax::of(1.0), &mut want).unwrap();
        assert_eq!(got.mean, want.mean);
    });
}
