//! The closed form compared with integrals, finite differences and samples.

use super::*;

fn board() -> Checkerboard {
    Checkerboard::new(2.0, 0.0)
}

fn log_density(at: &[[f64; 2]], sigma: f64) -> Vec<f64> {
    let mut out = vec![];
    board().log_density(&Points::from_rows(at).unwrap(), sigma, &mut out).unwrap();
    out
}

fn score(at: &[[f64; 2]], sigma: f64) -> Points {
    let mut out = Points::default();
    board().score(&Points::from_rows(at).unwrap(), sigma, &mut out).unwrap();
    out
}

#[test]
fn the_density_integrates_to_one() {
    for sigma in [0.0, 0.1, 0.7, 3.0] {
        // The grid has points at cell centres, so that no point lies on an edge of the squares.
        let step: f64 = 0.05;
        let half = 4.0 + 10.0 * sigma;
        let count = (2.0 * half / step).round() as usize;
        let axis = |i: usize| (i as f64 + 0.5) * step - half;
        let grid: Vec<[f64; 2]> = (0..count * count).map(|k| [axis(k / count), axis(k % count)]).collect();
        let mass: f64 = log_density(&grid, sigma).iter().map(|l| l.exp()).sum::<f64>() * step * step;
        assert!((mass - 1.0).abs() < 1e-9, "{sigma}: {mass}");
    }
}

#[test]
fn the_score_is_the_gradient() {
    for sigma in [0.05, 0.3, 2.0, 40.0] {
        for x in [[0.1, 0.2], [-3.9, 3.7], [1.0, -1.0], [4.5, 0.3], [-9.0, 2.0], [60.0, -80.0]] {
            let exact = score(&[x], sigma);
            let h = 1e-5 * sigma;
            for j in 0..2 {
                let mut ends = [x, x];
                ends[0][j] += h;
                ends[1][j] -= h;
                let ends = log_density(&ends, sigma);
                // Finite differences of a log density of size L have an error of about L eps / h.
                let tolerance = 1e-5 / sigma + 1e-15 * ends[0].abs() / h;
                let (slope, s) = ((ends[0] - ends[1]) / (2.0 * h), exact.row(0)[j]);
                assert!((slope - s).abs() < tolerance + 1e-6 * s.abs(), "{sigma} {x:?}: {slope} {s}");
            }
        }
    }
}

#[test]
fn far_and_wide_it_is_a_gaussian_or_an_edge() {
    // With wide smoothing, the distribution is N(0, Cov + sigma^2 I) to first order.
    let sigma = 1e8;
    let s = score(&[[1e8, -2e8]], sigma);
    assert!((s.row(0)[0] * 1e8 + 1.0).abs() < 1e-6 && (s.row(0)[1] * 1e8 - 2.0).abs() < 1e-6, "{s:?}");
    // Far to the right of the edge at 4, the score of the tail is -(x - 4) / sigma^2 to first
    // order, and nothing underflows.
    let s = score(&[[1004.0, 3.0]], 1.0);
    assert!((s.row(0)[0] + 1000.0).abs() < 2e-3, "{s:?}");
    assert!(log_density(&[[1e6, 1e6]], 1e-3)[0].is_finite());
    // The two formulas for Mills' ratio agree where they meet.
    assert!((tail(35.0 - 1e-9) / tail(35.0) - 1.0).abs() < 1e-10);
}

#[test]
fn samples_agree_with_the_density_and_the_moments() {
    let noisy = Checkerboard::new(2.0, 0.3);
    let n = 100_000;
    let x = noisy.sample(n, Stream::new(3)).unwrap();
    let (want, seen) = (noisy.moments().unwrap(), x.covariance());
    for (i, j) in [(0, 0), (0, 1), (1, 1)] {
        assert!((want.cov[(i, j)] - seen[(i, j)]).abs() < 0.08, "{i} {j}");
    }
    // The share of points in a box across an edge is the integral of the density over the box.
    let (lower, step, count) = ([-0.5, 0.5], 0.02, 50);
    let mut grid = vec![];
    for i in 0..count * count {
        let at = |k: usize, from: f64| from + (k as f64 + 0.5) * step;
        grid.push([at(i / count, lower[0]), at(i % count, lower[1])]);
    }
    let share: f64 = log_density(&grid, 0.3).iter().map(|l| l.exp()).sum::<f64>() * step * step;
    let inside = |row: &[f64]| row.iter().zip(lower).all(|(x, l)| (l..l + 1.0).contains(x));
    let seen = x.iter().filter(|row| inside(row)).count() as f64 / n as f64;
    assert!((seen - share).abs() < 5.0 * (share / n as f64).sqrt(), "{seen} {share}");
    // Without noise every point is on a square, and the density there is 1 divided by the area of
    // the squares.
    let bare = board().sample(5000, Stream::new(4)).unwrap();
    assert!(bare.iter().all(|row| board().holds(row)));
    assert_eq!(
        log_density(&[[0.5, 0.5], [0.5, 2.5], [4.5, 0.5]], 0.0),
        [-(32f64.ln()), f64::NEG_INFINITY, f64::NEG_INFINITY]
    );
}

#[test]
fn what_it_cannot_answer_it_refuses() {
    let x = Points::zeros(1, 2);
    assert!(matches!(board().score(&x, 0.0, &mut Points::default()), Err(Error::Argument { .. })));
    assert!(board().log_density(&x, -1.0, &mut vec![]).is_err());
    assert!(matches!(board().log_density(&Points::zeros(1, 3), 1.0, &mut vec![]), Err(Error::Shape { .. })));
    assert!(Checkerboard::new(2.0, 0.1).score(&x, 0.0, &mut Points::default()).is_ok());
}
