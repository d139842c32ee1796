//! Sums with skipping against sums without skipping, on data for which the choice of blocks is
//! difficult.

use super::*;

/// Clusters on a grid, so far apart compared with sigma that most blocks have no weight, and a
/// distant group of queries.
#[test]
fn skipping_changes_nothing_but_the_work() {
    for dim in [2, 6, 16] {
        let cluster = |n: usize, spread: f64, stream: Stream| {
            let mut points = stream.normal(n, dim);
            for i in 0..n {
                let row = points.row_mut(i);
                row.iter_mut().for_each(|v| *v *= spread);
                row[0] += 2.0 * (i % 5) as f64;
                row[1] += 2.0 * ((i / 5) % 5) as f64 + if i % 97 == 0 { 1e3 } else { 0.0 };
            }
            points
        };
        let (x, y) = (cluster(1500, 0.1, Stream::new(1)), cluster(1300, 0.12, Stream::new(2)));
        // Log-weights that grow with the distance, so that the nearest block does not have the most
        // weight.
        let heavy: Vec<f64> = x.iter().map(|row| 40.0 * row[0]).collect();
        for log_weights in [None, Some(&heavy[..])] {
            for leave_out_self in [false, true] {
                let softmax = Softmax { sigma: 0.02 * (dim as f64).sqrt(), log_weights, leave_out_self };
                for isa in Isa::available() {
                    for precision in [Precision::F64, Precision::F32] {
                        for backend in [Backend::Direct, Backend::Fused] {
                            let run = |skip: bool| {
                                let options =
                                    PairwiseOptions { precision, backend, isa, skip, ..PairwiseOptions::default() };
                                let engine = Pairwise::new(options, Interrupt::default());
                                let mut out = SoftmaxMean::default();
                                engine.softmax_mean(&y, &x, Values::Own, &softmax, &mut out).unwrap();
                                (out, engine.work().pairs())
                            };
                            let ((on, few), (off, all)) = (run(true), run(false));
                            assert_eq!(all, 1500 * 1300);
                            assert!(10 * few < 9 * all, "d={dim} {precision:?} {backend:?} {few}");
                            let tolerance = if precision == Precision::F64 { 1e-12 } else { 1e-5 };
                            let tolerance = if backend == Backend::Fused { 1e3 * tolerance } else { tolerance };
                            let error = relative_error(on.mean.data(), off.mean.data());
                            assert!(error < tolerance, "d={dim} {precision:?} {backend:?} {isa:?} {error:e}");
                            let error = relative_error(&on.log_sum, &off.log_sum);
                            assert!(error < tolerance, "d={dim} {precision:?} {backend:?} {isa:?} log {error:e}");
                        }
                    }
                }
            }
        }
    }
}
