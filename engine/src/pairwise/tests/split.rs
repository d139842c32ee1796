//! Split products on the matrix units.

use super::*;

#[test]
fn split_products_keep_their_digits() {
    tell_missing();
    for (n, m, dim) in [(1, 7, 9), (65, 33, 1), (64, 64, 64), (33, 1025, 65), (300, 700, 31), (1025, 129, 130)] {
        for leave_out_self in [false, true] {
            let (y, x) = clouds(n, m, dim);
            let weights = Stream::new(6).normal(1, m).data().to_vec();
            let sigma = 0.3 * (dim as f64).sqrt();
            for log_weights in [None, Some(&weights[..])] {
                let difference = ScoreDifference {
                    targets: &x,
                    target_log_weights: log_weights,
                    particles: &y,
                    leave_out_self,
                    sigma,
                };
                let mut want = Points::default();
                reference().score_difference(&y, &difference, &mut want).unwrap();
                for (precision, tolerance) in
                    [(Precision::Bf16x3, 3e-5), (Precision::Bf16x6, 1e-5), (Precision::Auto, 3e-5)]
                {
                    let mut got = Points::default();
                    engine(precision, Backend::Auto, Isa::Auto).score_difference(&y, &difference, &mut got).unwrap();
                    let error = relative_error(got.data(), want.data());
                    assert!(error < tolerance, "{precision:?} n={n} m={m} d={dim}: {error:e}");
                }
            }
        }
    }
}

#[test]
fn split_products_give_normalisers_and_the_same_bytes() {
    let (y, x) = clouds(300, 200, 40);
    let softmax = Softmax::of(2.0);
    let (mut want, mut got) = (SoftmaxMean::default(), SoftmaxMean::default());
    reference().softmax_mean(&y, &x, Values::Own, &softmax, &mut want).unwrap();
    let mut first = None;
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let engine = engine(Precision::Bf16x3, Backend::Auto, Isa::Auto);
        pool.install(|| engine.softmax_mean(&y, &x, Values::Own, &softmax, &mut got)).unwrap();
        assert!(relative_error(&got.log_sum, &want.log_sum) < 1e-5);
        assert!(relative_error(&got.ess, &want.ess) < 1e-4);
        assert_eq!(first.get_or_insert(got.mean.clone()), &got.mean);
    }
    let nothing = [f64::NEG_INFINITY; 200];
    let softmax = Softmax { log_weights: Some(&nothing), ..softmax };
    engine(Precision::Bf16x3, Backend::Auto, Isa::Auto).softmax_mean(&y, &x, Values::Own, &softmax, &mut got).unwrap();
    assert!(got.mean.data().iter().all(|v| v.is_finite()));
}

/// The maximum of every block is far above that of the block before it, or no source of the first
/// blocks has weight.
#[test]
fn maxima_that_keep_rising() {
    for (n, m, dim) in [(70, 1500, 64), (600, 1100, 33)] {
        let (y, x) = clouds(n, m, dim);
        let rising: Vec<f64> = (0..m).map(|j| if j < m / 2 { f64::NEG_INFINITY } else { 0.7 * j as f64 }).collect();
        let steady: Vec<f64> = (0..m).map(|j| 0.2 * j as f64).collect();
        for log_weights in [&rising, &steady] {
            let softmax = Softmax { log_weights: Some(log_weights), ..Softmax::of(0.5 * (dim as f64).sqrt()) };
            let (mut want, mut got) = (SoftmaxMean::default(), SoftmaxMean::default());
            reference().softmax_mean(&y, &x, Values::Own, &softmax, &mut want).unwrap();
            engine(Precision::Bf16x6, Backend::Auto, Isa::Auto)
                .softmax_mean(&y, &x, Values::Own, &softmax, &mut got)
                .unwrap();
            let errors = [
                relative_error(got.mean.data(), want.mean.data()),
                relative_error(&got.log_sum, &want.log_sum),
                relative_error(&got.ess, &want.ess),
            ];
            assert!(errors.iter().all(|e| *e < 2e-4), "n={n} m={m} d={dim}: {errors:?}");
        }
    }
}
