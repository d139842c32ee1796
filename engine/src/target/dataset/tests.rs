//! The samples of the shapes compared with known moments and identities.

use super::*;
use crate::error::MissingPart;
use crate::points::squared_distance;
use crate::{Points, rng::Stream};
use rayon::ThreadPoolBuilder;
use std::f64::consts::PI;

fn set(name: &str, json: &str) -> Arc<dyn Target> {
    dataset(name, &serde_json::from_str(json).unwrap()).unwrap()
}

fn drawn(name: &str, json: &str) -> Points {
    set(name, json).sample(20_000, Stream::new(5).label(name)).unwrap()
}

/// Compares the mean and the variance of each coordinate of 20,000 points with known values; five
/// standard errors are allowed.
fn expect_moments(name: &str, json: &str, mean: &[f64], variance: &[f64]) {
    let x = drawn(name, json);
    let (m, c) = (x.mean(), x.covariance());
    for j in 0..x.dim() {
        let fourth: f64 = x.iter().map(|row| (row[j] - m[j]).powi(4)).sum::<f64>() / x.n() as f64;
        let (v, n) = (c[(j, j)], x.n() as f64);
        let (mean_error, variance_error) = ((v / n).sqrt(), ((fourth - v * v) / n).sqrt());
        assert!((m[j] - mean[j]).abs() < 5.0 * mean_error, "{name} mean[{j}]: {} {}", m[j], mean[j]);
        assert!((v - variance[j]).abs() < 5.0 * variance_error, "{name} variance[{j}]: {v} {}", variance[j]);
    }
}

#[test]
fn means_and_variances_are_the_exact_ones() {
    // A circle of radius r has the variance r^2 / 2 along each axis.
    expect_moments("circles", "{}", &[0.0; 2], &[(2.25 + 9.0) / 4.0 + 0.24f64.powi(2); 2]);
    let rings = 0.5625 * (1.0 + 4.0 + 9.0 + 16.0) / 8.0;
    expect_moments("rings", "{}", &[0.0; 2], &[rings + 0.08f64.powi(2); 2]);
    expect_moments("8gaussians", "{}", &[0.0; 2], &[4.0 + 0.125; 2]);
    expect_moments("8gaussians", r#"{"style": "torchcfm"}"#, &[0.0; 2], &[12.5 + 0.1f64.sqrt(); 2]);
    expect_moments("25gaussians", "{}", &[0.0; 2], &[8.01; 2]);
    expect_moments("checkerboard", "{}", &[0.0; 2], &[16.0 / 3.0; 2]);
    // On the half circles x is 1/2 -+ (1/2 - cos t) and y is 1/4 +- (sin t - 1/4), and sin t has
    // mean 2 / pi.
    let (vx, vy) = (0.75, 0.5 + 1.0 / 16.0 - 1.0 / PI);
    expect_moments("moons", "{}", &[0.0, 0.3], &[4.0 * vx + 0.04, 4.0 * vy + 0.04]);
    let shift = 0.36 / 12.0;
    expect_moments("moons", r#"{"style": "torchcfm"}"#, &[0.8, 0.05], &[9.0 * vx + shift, 9.0 * vy + shift]);
    // The band is t (cos t, sin t) / 5 for t uniform on [1.5 pi, 4.5 pi]; its moments follow by
    // integration by parts.
    let (a, b) = (1.5 * PI, 4.5 * PI);
    let swiss = |f: fn(f64) -> f64| (f(b) - f(a)) / (b - a);
    let (mx, my) = (swiss(|t| t.cos() + t * t.sin()) / 5.0, swiss(|t| t.sin() - t * t.cos()) / 5.0);
    let wave = |t: f64| t * t * (2.0 * t).sin() / 4.0 + t * (2.0 * t).cos() / 4.0 - (2.0 * t).sin() / 8.0;
    let (half, wave) = ((b.powi(3) - a.powi(3)) / 6.0 / (b - a), (wave(b) - wave(a)) / (b - a));
    let variances = [(half + wave) / 25.0 - mx * mx + 0.04, (half - wave) / 25.0 - my * my + 0.04];
    expect_moments("swissroll", "{}", &[mx, my], &variances);
    // For the torus (R, r), E[rho^2] = R^2 + 3/2 r^2 is divided equally between the two axes, and
    // the height has the variance r^2 / 2.
    expect_moments("torus", "{}", &[0.0; 3], &[5.25 + 0.01, 5.25 + 0.01, 0.5 + 0.01]);
    // The moments of x and y of the helix do not depend on the number of turns; z is uniform on
    // [-3, 3].
    expect_moments("helix", "{}", &[0.0; 3], &[2.01, 2.01, 3.01]);
    // On the sheet, sin^2 has the mean 1/2, and (1 - cos)^2 over a three-quarter circle has the
    // mean 3/2 + 4/(3 pi).
    let bend = 1.5 + 4.0 / (3.0 * PI);
    expect_moments("scurve", "{}", &[0.0; 3], &[2.01, 4.0 / 3.0 + 0.01, 4.0 * bend + 0.01]);
}

#[test]
fn without_noise_the_points_lie_on_the_shape() {
    let quiet = r#"{"noise": 0.0}"#;
    let norm = |row: &[f64]| row.iter().map(|v| v * v).sum::<f64>().sqrt();
    for row in drawn("circles", quiet).iter() {
        assert!((norm(row) - 1.5).abs() < 1e-12 || (norm(row) - 3.0).abs() < 1e-12);
    }
    for row in drawn("rings", quiet).iter() {
        let ring = norm(row) / 0.75;
        assert!((ring - ring.round()).abs() < 1e-12 && (1.0..=4.0).contains(&ring.round()));
    }
    for row in drawn("moons", quiet).iter() {
        let (x, y) = (row[0], row[1]);
        let upper = y >= -0.2 - 1e-12 && ((x + 1.0).hypot(y + 0.2) - 2.0).abs() < 1e-12;
        let lower = y <= 0.8 + 1e-12 && ((x - 1.0).hypot(y - 0.8) - 2.0).abs() < 1e-12;
        assert!(upper || lower, "{x} {y}");
    }
    for row in drawn("torus", quiet).iter() {
        assert!(((row[0].hypot(row[1]) - 3.0).hypot(row[2]) - 1.0).abs() < 1e-12);
    }
    for row in drawn("helix", quiet).iter() {
        let angle = PI * (row[2] + 3.0);
        assert!(squared_distance(&row[..2], &[2.0 * angle.cos(), 2.0 * angle.sin()]) < 1e-20);
    }
    for row in drawn("scurve", quiet).iter() {
        let centre = if row[2] < 0.0 { -2.0 } else { 2.0 };
        assert!((row[0].hypot(row[2] - centre) - 2.0).abs() < 1e-12 && row[1].abs() <= 2.0);
    }
    for row in drawn("swissroll", quiet).iter() {
        let t = 5.0 * norm(row);
        assert!(squared_distance(row, &[t * t.cos() / 5.0, t * t.sin() / 5.0]) < 1e-20);
        assert!((1.5 * PI - 1e-9..4.5 * PI + 1e-9).contains(&t));
    }
    // Without noise, each blade of the pinwheel is one point.
    let blades = drawn("pinwheel", quiet);
    let first = |k: f64| (0.4 * PI * k + 0.25 * 1f64.exp()).sin_cos();
    let near = |row: &[f64], k: i32| {
        let (sin, cos) = first(f64::from(k));
        squared_distance(row, &[2.0 * cos, -2.0 * sin]) < 1e-20
    };
    assert!(blades.iter().all(|row| (0..5).any(|k| near(row, k))));
    // |arm(t)| is t / 3 up to the jitter of at most (1/2, 1/2) / 3.
    let spirals = drawn("2spirals", quiet);
    let longest = spirals.iter().map(norm).fold(0.0, f64::max);
    assert!((PI - 0.24..PI + 0.24).contains(&longest), "{longest}");
}

#[test]
fn the_knot_is_drawn_evenly_along_its_length() {
    let x = drawn("mystery", r#"{"noise": 0.0}"#);
    let curve = |t: f64| [t.sin() + 2.0 * (2.0 * t).sin(), t.cos() - 2.0 * (2.0 * t).cos(), -(3.0 * t).sin()];
    const PARTS: usize = 6000;
    let knot: Vec<[f64; 3]> = (0..=PARTS).map(|k| curve(2.0 * PI * k as f64 / PARTS as f64)).collect();
    let steps: Vec<f64> = knot.windows(2).map(|w| squared_distance(&w[0], &w[1]).sqrt()).collect();
    let length: f64 = steps.iter().sum();
    // The parameter range has twelve equal parts: the share of points in each part is its share of
    // the length.
    let mut counts = [0.0; 12];
    for row in x.iter().take(3000) {
        let distance = |k: &usize| squared_distance(row, &knot[*k]);
        let k = (0..PARTS).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap();
        assert!(distance(&k) < 1e-5);
        counts[k * 12 / PARTS] += 1.0 / 3000.0;
    }
    for (part, count) in counts.iter().enumerate() {
        let share = steps[part * PARTS / 12..(part + 1) * PARTS / 12].iter().sum::<f64>() / length;
        let error = (share * (1.0 - share) / 3000.0).sqrt();
        assert!((count - share).abs() < 5.0 * error, "{part}: {count} {share}");
    }
}

#[test]
fn every_name_can_be_drawn_and_the_threads_do_not_matter() {
    for (name, about) in DATASETS {
        let target = set(name, "{}");
        assert!(!about.is_empty() && [2, 3].contains(&target.dim()));
        let draw = |threads, n| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| target.sample(n, Stream::new(1)).unwrap())
        };
        let x = draw(1, 3000);
        assert_eq!(x, draw(3, 3000), "{name}");
        assert_ne!(x, target.sample(3000, Stream::new(2)).unwrap(), "{name}");
        x.check_finite(name).unwrap();
        assert!(x.spread() > 1.5 && x.data().iter().all(|v| v.abs() < 8.0), "{name}");
        let twice = set(name, r#"{"scale": 2.0}"#).sample(3000, Stream::new(1)).unwrap();
        assert!(twice.data().iter().zip(x.data()).all(|(a, b)| (a - 2.0 * b).abs() < 1e-12), "{name}");
    }
}

#[test]
fn the_mixtures_know_their_modes() {
    for (name, count) in [("8gaussians", 8), ("25gaussians", 25)] {
        let target = set(name, r#"{"noise": 0.3, "scale": 0.5}"#);
        let modes = target.modes().unwrap();
        assert_eq!(modes.components().len(), count);
        assert!(modes.components().iter().all(|c| (c.cov()[(0, 0)] - 0.0225).abs() < 1e-15));
        assert!(target.density().is_some());
    }
    assert!(set("moons", "{}").modes().is_none());
}

#[test]
fn bad_names_and_options_are_refused() {
    let wrong = |name: &str, json: &str| dataset(name, &serde_json::from_str(json).unwrap()).unwrap_err().to_string();
    assert_eq!(wrong("moon", "{}"), "there is no data set `moon`; did you mean `moons`?");
    assert!(wrong("moons", r#"{"noise": -0.1}"#).contains("`noise` is -0.1"));
    assert!(wrong("moons", r#"{"scale": 0.0}"#).contains("`scale` is 0"));
    assert!(wrong("25gaussians", r#"{"noise": 0.0}"#).contains("positive for a mixture"));
    assert!(serde_json::from_str::<DatasetOptions>(r#"{"style": "other"}"#).is_err());
    let moons = set("moons", "{}");
    assert!(matches!(moons.expect_density(MissingPart::Score).err(), Some(Error::Missing { .. })));
}
