use super::*;
use crate::Error;
use crate::metric::{Fisher, Metric};
use serde_json::json;

/// Asserts that `got` differs from `want` by less than 4 of its standard errors, and that the
/// standard error is small enough to be informative.
fn assert_near(got: &Estimate, want: f64, note: &str) {
    assert!((got.value - want).abs() < 4.0 * got.se, "{note}: {got:?} against {want}");
    assert!(got.se < 0.2 * want.abs(), "{note}: the error bar {} is too wide for {want}", got.se);
}

fn samples(n: usize, m: usize) -> (Points, Reference) {
    (q().sample(n, stream().at(1)).unwrap(), Reference::sample(p(), m, stream().at(2)).unwrap())
}

#[test]
fn mmd_of_two_gaussians() {
    // det(I + 2S/h^2)^-1/2 + det(I + 2C/h^2)^-1/2 - 2 det(I + (S+C)/h^2)^-1/2 exp(-D^T (S+C+h^2
    // I)^-1 D / 2)
    let (c, s) = (q().moments().unwrap(), p().moments().unwrap());
    let (points, reference) = samples(2000, 1500);
    for h in [0.7_f64, 2.0] {
        let h2 = h * h;
        let det = |a: f64, b: f64, d: f64| ((1.0 + a / h2) * (1.0 + d / h2) - b * b / (h2 * h2)).powf(-0.5);
        let sum = |a: &Mat<f64>, b: &Mat<f64>| {
            let m = a + b;
            (m[(0, 0)], m[(0, 1)], m[(1, 1)])
        };
        let (ss, cc, (a, b, d)) = (sum(&s.cov, &s.cov), sum(&c.cov, &c.cov), sum(&s.cov, &c.cov));
        let (u, v) = (c.mean[0] - s.mean[0], c.mean[1] - s.mean[1]);
        let (ah, dh) = (a + h2, d + h2);
        let quadratic = (dh * u * u - 2.0 * b * u * v + ah * v * v) / (ah * dh - b * b);
        let want = det(ss.0, ss.1, ss.2) + det(cc.0, cc.1, cc.2) - 2.0 * det(a, b, d) * (-0.5 * quadratic).exp();
        let options = json!({ "kernel": h, "unbiased": true });
        assert_near(&try_estimate("mmd", options, &points, &reference).unwrap(), want, &format!("h = {h}"));
    }
}

#[test]
fn mmd_takes_the_mean_over_kernels() {
    let (points, reference) = samples(60, 50);
    let at = |kernel: Value| try_estimate("mmd", json!({ "kernel": kernel }), &points, &reference).unwrap();
    let both = at(json!([0.5, { "kernel": "imq", "h": 2.0 }]));
    let apart = (at(json!(0.5)).value + at(json!({ "kernel": "imq", "h": 2 })).value) / 2.0;
    assert!((both.value - apart).abs() < 1e-14);
    assert!((both.part("mmd").unwrap().powi(2) - both.value).abs() < 1e-14);
}

#[test]
fn energy_by_hand_and_of_two_gaussians_on_the_line() {
    let x = Points::from_rows(&[[0.0], [2.0]]).unwrap();
    let y = Reference::new(Points::from_rows(&[[1.0], [5.0], [6.0]]).unwrap()).unwrap();
    // 2 (1+5+6+1+3+4)/6 - (2+2)/4 - 2 (4+5+1)/9
    let by_hand = 20.0 / 3.0 - 1.0 - 20.0 / 9.0;
    assert!((estimate("energy", &x, &y).value - by_hand).abs() < 1e-14);
    let unbiased = try_estimate("energy", json!({ "unbiased": true }), &x, &y).unwrap();
    assert!((unbiased.value - (20.0 / 3.0 - 2.0 - 20.0 / 6.0)).abs() < 1e-14);

    // E|N(a, s^2)| = s sqrt(2/pi) exp(-a^2/2s^2) + a erf(a / s sqrt 2)
    let absolute = |a: f64, s2: f64| {
        (2.0 * s2 / std::f64::consts::PI).sqrt() * (-a * a / (2.0 * s2)).exp() + a * libm::erf(a / (2.0 * s2).sqrt())
    };
    let (a, t) = (1.3, 1.7_f64);
    let want = 2.0 * absolute(a, 1.0 + t * t) - absolute(0.0, 2.0) - absolute(0.0, 2.0 * t * t);
    let x = stream().at(1).normal(3000, 1);
    let mut y = stream().at(2).normal(2500, 1);
    y.data_mut().iter_mut().for_each(|v| *v = a + t * *v);
    let got = try_estimate("energy", json!({ "unbiased": true }), &x, &Reference::new(y).unwrap()).unwrap();
    assert_near(&got, want, "energy");
}

#[test]
fn identical_sets_are_at_distance_zero() {
    let x = p().sample(200, stream()).unwrap();
    let reference = Reference::new(shifted(&x, &[0.0, 0.0])).unwrap();
    for name in ["mmd", "energy", "sliced_w2", "w2", "covariance_error", "mean_error"] {
        assert_eq!(estimate(name, &x, &reference).value, 0.0, "{name}");
    }
    assert!(estimate("kl_gauss", &x, &reference).value.abs() < 1e-12);
    assert!(estimate("w2_gauss", &x, &reference).value.abs() < 1e-7);
}

#[test]
fn unexplained_variance_of_a_shift_and_of_a_point() {
    let x = q().sample(300, stream()).unwrap();
    let variance = x.spread().powi(2);
    let reference = Reference::new(x.clone()).unwrap();
    assert!(estimate("bw_uvp", &x, &reference).value < 1e-10);
    let moved = estimate("bw_uvp", &shifted(&x, &[3.0, -4.0]), &reference).value;
    assert!((moved - 100.0 * 25.0 / variance).abs() < 1e-9, "{moved}");
    let centre = Points::from_rows(&[x.mean()]).unwrap();
    assert!((estimate("bw_uvp", &centre, &reference).value - 100.0).abs() < 1e-9);
    let same = Reference::new(Points::zeros(5, 2)).unwrap();
    assert!(try_estimate("bw_uvp", Value::Null, &x, &same).unwrap_err().to_string().contains("no variance"));
}

#[test]
fn the_divergence_by_coordinates_is_the_sum_of_those_of_single_columns() {
    let (x, reference) = samples(500, 400);
    let column = |points: &Points, j: usize| Points::new(points.iter().map(|r| r[j]).collect(), 1, "x").unwrap();
    let single = |j: usize| {
        let own = Reference::new(column(reference.points(), j)).unwrap();
        estimate("kl_gauss", &column(&x, j), &own).value
    };
    let data = Reference::new(reference.points().clone()).unwrap();
    let found = estimate("kl_coordinates", &x, &data);
    assert!((found.value - single(0) - single(1)).abs() < 1e-12, "{found:?}");
    // The coordinate-wise divergence does not depend on a correlation.
    let exact = Reference::sample(p(), 10, stream()).unwrap();
    let plain: Arc<dyn Target> = Arc::new(Gaussian::diagonal(vec![0.5, -1.0], &[2f64.sqrt(), 1.0]).unwrap());
    let many = plain.sample(4000, stream().at(3)).unwrap();
    assert!(estimate("kl_coordinates", &many, &exact).value < 5.0 * 2.0 / 4000.0);
    assert!(estimate("kl_gauss", &many, &exact).value > 0.05);
}

#[test]
fn a_translation_costs_its_length() {
    let x = q().sample(300, stream()).unwrap();
    let by = [3.0, -4.0];
    let reference = Reference::new(shifted(&x, &by)).unwrap();
    for name in ["w2", "w2_gauss"] {
        assert!((estimate(name, &x, &reference).value - 5.0).abs() < 1e-12, "{name}");
    }
    // The mean of (u . by)^2 over directions u in the plane is |by|^2 / 2.
    let sliced = try_estimate("sliced_w2", json!({ "directions": 2000 }), &x, &reference).unwrap();
    assert_near(&sliced, 5.0 / 2f64.sqrt(), "sliced_w2");
    let (line, moved) = (stream().normal(200, 1), shifted(&stream().normal(200, 1), &[-2.5]));
    assert!((estimate("sliced_w2", &line, &Reference::new(moved).unwrap()).value - 2.5).abs() < 1e-12);
}

/// On the line quantiles are coupled: 0 -> 1 (1/3), 0 -> 2 (1/6), 3 -> 2 (1/6), 3 -> 5 (1/3).
#[test]
fn w2_of_unequal_sizes_is_exact() {
    let (x, y) = (Points::from_rows(&[[0.0], [3.0]]).unwrap(), Points::from_rows(&[[5.0], [1.0], [2.0]]).unwrap());
    let want = (1.0 / 3.0 + 4.0 / 6.0 + 1.0 / 6.0 + 4.0 / 3.0_f64).sqrt();
    let w2 = |x: &Points, y: &Points| estimate("w2", x, &Reference::new(y.clone()).unwrap()).value;
    assert!((w2(&x, &y) - want).abs() < 1e-14 && (w2(&y, &x) - want).abs() < 1e-14);
    let x = q().sample(70, stream()).unwrap();
    let doubled = x.concat(&x).unwrap();
    assert_eq!(w2(&x, &doubled), 0.0);
    assert_eq!(w2(&doubled, &x), 0.0);
    let y = p().sample(53, stream().at(1)).unwrap();
    assert!((w2(&x, &y) - w2(&y, &x)).abs() < 1e-12);
    assert!((w2(&x, &y) - w2(&doubled, &y)).abs() < 1e-12);
}

/// On a line the best plan keeps the order. The metric puts points in random order first, because
/// the transport takes many more steps for sorted points.
#[test]
fn w2_of_sorted_points_on_a_line() {
    let n = 1500;
    let side = |of: fn(f64) -> f64| Points::new((0..n).map(|i| of(f64::from(i))).collect(), 1, "x").unwrap();
    let (x, y) = (side(|i| i * i), side(|i| 1e-3 * i.powi(3)));
    let want = (x.iter().zip(y.iter()).map(|(a, b)| (a[0] - b[0]).powi(2)).sum::<f64>() / f64::from(n)).sqrt();
    for (x, y) in [(&x, &y), (&y, &x)] {
        let found = estimate("w2", x, &Reference::new(y.clone()).unwrap()).value;
        assert!((found / want - 1.0).abs() < 1e-12, "{found} and {want}");
    }
}

/// From larger sets, `max_points` points are drawn. The parts give the number of points used.
#[test]
fn w2_of_a_drawn_part_says_so() {
    let (points, reference) = samples(90, 120);
    let found = try_estimate("w2", json!({ "max_points": 40 }), &points, &reference).unwrap();
    assert_eq!((found.part("points"), found.part("reference_points")), (Some(40.0), Some(40.0)));
    let found = estimate("w2", &points, &reference);
    assert_eq!((found.part("points"), found.part("reference_points")), (Some(90.0), Some(120.0)));
}

#[test]
fn sliced_w2_on_the_line_is_w2() {
    let (x, y) = (stream().at(1).normal(150, 1), shifted(&stream().at(2).normal(150, 1), &[0.4]));
    let y = Reference::new(y).unwrap();
    let (sliced, exact) = (estimate("sliced_w2", &x, &y), estimate("w2", &x, &y));
    assert!((sliced.value - exact.value).abs() < 1e-12);
    // The dual prices of a finite problem are not unique, and the two metrics use slightly
    // different ones.
    assert!((sliced.se / exact.se - 1.0).abs() < 0.1, "{} and {}", sliced.se, exact.se);
}

#[test]
fn gaussian_distances_of_diagonal_covariances() {
    // The corners of a box, each equally often, have an exactly diagonal covariance. A corner has
    // the coordinates +-a_i.
    let (a, m) = ([1.5, 0.5], [0.2, -0.7]);
    let corner = |i: usize| [[a[0], a[1]], [a[0], -a[1]], [-a[0], a[1]], [-a[0], -a[1]]][i % 4];
    let points = Points::from_rows(&(0..40).map(corner).collect::<Vec<_>>()).unwrap();
    let (b, n) = ([1.0, 2.0], m);
    let target = Gaussian::new(n.to_vec(), diagonal(&[b[0] * b[0], b[1] * b[1]])).unwrap();
    let reference = Reference::sample(Arc::new(target), 10, stream()).unwrap();
    let shift2 = n[0] * n[0] + n[1] * n[1];
    let w2 = (shift2 + (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)).sqrt();
    assert!((estimate("w2_gauss", &points, &reference).value - w2).abs() < 1e-12);
    let kl = |a: f64, b: f64, n: f64| 0.5 * (a * a / (b * b) + n * n / (b * b) - 1.0 + 2.0 * (b / a).ln());
    let want = kl(a[0], b[0], n[0]) + kl(a[1], b[1], n[1]);
    assert!((estimate("kl_gauss", &points, &reference).value - want).abs() < 1e-12);
    // F = sum (1/a^2 - 1/b^2)^2 a^2 + n^2 / b^4 holds exactly for the fit of the box.
    let fisher = |a: f64, b: f64, n: f64| (a.powi(-2) - b.powi(-2)).powi(2) * a * a + (n / (b * b)).powi(2);
    let want = fisher(a[0], b[0], n[0]) + fisher(a[1], b[1], n[1]);
    assert!((estimate("fisher", &points, &reference).value - want).abs() < 1e-12);
    let frobenius = |x: f64, y: f64| (x * x + y * y).sqrt();
    let gap = frobenius(a[0] * a[0] - b[0] * b[0], a[1] * a[1] - b[1] * b[1]);
    let want = gap / frobenius(b[0] * b[0], b[1] * b[1]);
    assert!((estimate("covariance_error", &points, &reference).value - want).abs() < 1e-12);
    let mean = estimate("mean_error", &points, &reference);
    assert!((mean.value - (shift2 / 5.0).sqrt()).abs() < 1e-12);
    assert!((mean.part("absolute").unwrap() - shift2.sqrt()).abs() < 1e-12);
}

#[test]
fn kl_and_fisher_of_correlated_gaussians() {
    // 1/2 [tr(S^-1 C) + D^T S^-1 D - 2 + ln det S - ln det C] and tr(A C A^T) + |S^-1 D|^2, A =
    // C^-1 - S^-1.
    let (c, s) = (q().moments().unwrap(), p().moments().unwrap());
    let inverse = |m: &Mat<f64>| {
        let det = m[(0, 0)] * m[(1, 1)] - m[(0, 1)] * m[(1, 0)];
        (faer::mat![[m[(1, 1)], -m[(0, 1)]], [-m[(1, 0)], m[(0, 0)]]] * faer::Scale(1.0 / det), det)
    };
    let ((ci, cdet), (si, sdet)) = (inverse(&c.cov), inverse(&s.cov));
    let d = Mat::from_fn(2, 1, |i, _| c.mean[i] - s.mean[i]);
    let trace = |m: Mat<f64>| m[(0, 0)] + m[(1, 1)];
    let quadratic = (d.transpose() * &si * &d)[(0, 0)];
    let kl = 0.5 * (trace(&si * &c.cov) + quadratic - 2.0 + (sdet / cdet).ln());
    let a = &ci - &si;
    let fisher = trace(&a * &c.cov * a.transpose()) + (d.transpose() * &si * &si * &d)[(0, 0)];

    let (points, reference) = samples(20_000, 10);
    assert_near(&estimate("kl_gauss", &points, &reference), kl, "kl_gauss");
    assert_near(&estimate("fisher", &points, &reference), fisher, "fisher, fitted");
    let exact = Fisher::with_source(q()).estimate(&points, &reference, &Pairwise::default(), stream()).unwrap();
    assert_near(&exact, fisher, "fisher, exact");
    let itself = Fisher::with_source(p()).estimate(&points, &reference, &Pairwise::default(), stream()).unwrap();
    assert_eq!(itself.value, 0.0);
}

#[test]
fn log_density_of_its_own_sample_is_minus_the_entropy() {
    let points = p().sample(4000, stream()).unwrap();
    let entropy = 0.5 * ((2.0 * std::f64::consts::PI * std::f64::consts::E).powi(2) * (2.0 - 0.36_f64)).ln();
    let reference = Reference::sample(p(), 10, stream().at(3)).unwrap();
    assert_near(&estimate("log_density", &points, &reference), -entropy, "log_density");
}

#[test]
fn shares_and_hits_of_modes_by_hand() {
    // 6 points on mode 0, 2 on mode 1 (one of them far from it), none on mode 2.
    let mut rows = vec![[0.01, 0.0]; 6];
    rows.extend([[3.0, 0.1], [4.5, 0.0]]);
    let points = Points::from_rows(&rows).unwrap();
    let reference = Reference::sample(modes(), 10, stream()).unwrap();
    let weights = estimate("mode_weights", &points, &reference);
    assert!((weights.value - 0.25).abs() < 1e-12 && (weights.part("max").unwrap() - 0.25).abs() < 1e-12);
    assert_eq!([0, 1, 2].map(|k| weights.part(&format!("share {k}")).unwrap()), [0.75, 0.25, 0.0]);
    let coverage = estimate("coverage", &points, &reference);
    assert!((coverage.value - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!((coverage.part("modes_hit"), coverage.part("within")), (Some(2.0), Some(7.0 / 8.0)));
    let strict = try_estimate("coverage", json!({ "least": 0.9 }), &points, &reference).unwrap();
    assert_eq!(strict.part("modes_hit"), Some(1.0));
}

#[test]
fn what_cannot_be_answered_is_said() {
    let points = p().sample(50, stream()).unwrap();
    let bare = Reference::new(points.clone()).unwrap();
    for name in ["fisher", "log_density", "coverage", "mode_weights"] {
        assert!(matches!(try_estimate(name, Value::Null, &points, &bare), Err(Error::Missing { .. })), "{name}");
    }
    let gaussian = Reference::sample(p(), 50, stream()).unwrap();
    assert!(matches!(try_estimate("coverage", Value::Null, &points, &gaussian), Err(Error::Missing { .. })));
    let few = points.rows(0..2);
    assert!(matches!(try_estimate("kl_gauss", Value::Null, &few, &gaussian), Err(Error::Shape { .. })));
    let one_point = Points::from_rows(&[[1.0, 1.0]; 5]).unwrap();
    let degenerate = Reference::new(one_point.clone()).unwrap();
    for name in ["kl_gauss", "mmd", "covariance_error", "mean_error"] {
        assert!(matches!(try_estimate(name, Value::Null, &points, &degenerate), Err(Error::Numeric { .. })), "{name}");
    }
    assert!(try_estimate("energy", Value::Null, &stream().normal(5, 3), &gaussian).is_err());
    assert!(try_estimate("energy", Value::Null, &Points::zeros(0, 2), &gaussian).is_err());
    let mut diverged = points.clone();
    diverged.row_mut(3)[1] = f64::NAN;
    assert!(matches!(try_estimate("w2", Value::Null, &diverged, &gaussian), Err(Error::NotFinite { row: 3, .. })));
    for (name, options) in [
        ("w2", json!({ "max_points": 0 })),
        ("sliced_w2", json!({ "directions": 0 })),
        ("mmd", json!({ "kernel": -1 })),
        ("mmd", json!({ "kernel": [] })),
        ("coverage", json!({ "radius": 0 })),
    ] {
        let reference = Reference::sample(modes(), 50, stream()).unwrap();
        assert!(matches!(try_estimate(name, options, &points, &reference), Err(Error::Argument { .. })), "{name}");
    }
    assert!(estimate("energy", &one_point.rows(0..1), &gaussian).se.is_nan());
}
