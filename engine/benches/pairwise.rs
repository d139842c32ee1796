//! The cases of `sdflow-engine bench --matrix` that take less than a second, measured with
//! criterion. Every case is checked against the naive reference before it is timed.

#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sdflow::pairwise::{Backend, Pairwise, PairwiseOptions, Precision, Queries, ScoreDifference};
use sdflow::{Interrupt, Points, rng::Stream};
use std::hint::black_box;

/// Number of points in each set.
const N: usize = 2048;

fn engine(precision: Precision, backend: Backend) -> Pairwise {
    Pairwise::new(PairwiseOptions { precision, backend, ..PairwiseOptions::default() }, Interrupt::default())
}

fn relative_error(got: &Points, want: &Points) -> f64 {
    let square = |p: &Points| p.data().iter().map(|v| v * v).sum::<f64>();
    let mut rest = got.clone();
    rest.data_mut().iter_mut().zip(want.data()).for_each(|(g, w)| *g -= w);
    (square(&rest) / square(want)).sqrt()
}

fn score_difference(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("score_difference");
    group.sample_size(20).throughput(Throughput::Elements(2 * (N * N) as u64));
    for dim in [2usize, 3, 8, 64, 256] {
        let mut targets = Stream::new(1).normal(N, dim);
        targets.data_mut().iter_mut().for_each(|v| *v = 1.0 + 0.5 * *v);
        let particles = Stream::new(2).normal(N, dim);
        let difference = ScoreDifference {
            targets: &targets,
            target_log_weights: None,
            particles: &particles,
            leave_out_self: false,
            sigma: 0.3 * (dim as f64).sqrt(),
        };
        let (mut want, mut got) = (Points::default(), Points::default());
        let reference =
            engine(Precision::F64, Backend::Naive).score_difference(Queries::Particles, &difference, &mut want);
        assert!(reference.is_ok(), "{reference:?}");
        for (precision, name, tolerance) in
            [(Precision::F32, "f32", 1e-5), (Precision::F64, "f64", 1e-9), (Precision::Bf16x3, "bf16x3", 3e-5)]
        {
            let engine = engine(precision, Backend::Auto);
            let result = engine.score_difference(Queries::Particles, &difference, &mut got);
            assert!(result.is_ok() && relative_error(&got, &want) < tolerance, "{name} in {dim} dimensions");
            group.bench_function(BenchmarkId::new(name, dim), |b| {
                b.iter(|| black_box(engine.score_difference(Queries::Particles, &difference, &mut got)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, score_difference);
criterion_main!(benches);
