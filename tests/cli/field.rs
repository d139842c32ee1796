//! `field` compared with a reference in this file. The reference computes from differences in f64,
//! with one pass for the maximum and one pass for the sums.

use crate::sandbox::{Sandbox, json};
use sdflow::Points;
use sdflow::io::{LoadOptions, load};
use sdflow::rng::Stream;

struct Case {
    particles: Points,
    target: Points,
    at: Option<Points>,
    weights: Option<Vec<f64>>,
    sigma: f64,
    exclude: bool,
}

impl Case {
    fn new(n: usize, m: usize, dim: usize, sigma: f64) -> Case {
        let (particles, target) = (cloud("particles", n, dim, 0.0, 1.0), cloud("target", m, dim, 1.0, 0.5));
        Case { particles, target, at: None, weights: None, sigma, exclude: false }
    }

    /// The field as the command computes it.
    fn computed(&self, flags: &str) -> Points {
        let sandbox = Sandbox::new();
        sandbox.points("y.npy", &self.particles);
        sandbox.points("x.npy", &self.target);
        let mut words = format!("field --particles y.npy --target x.npy --sigma {} -o v.npy {flags}", self.sigma);
        if let Some(at) = &self.at {
            sandbox.points("z.npy", at);
            words += " --at z.npy";
        }
        if let Some(weights) = &self.weights {
            sandbox.points("w.npy", &Points::new(weights.clone(), 1, "weights").unwrap());
            words += " --target-weights w.npy";
        }
        if self.exclude {
            words += " --self-term exclude";
        }
        sandbox.run(&words).code(0);
        load(&sandbox.path("v.npy"), &LoadOptions::default()).unwrap()
    }

    /// Calls `velocity` for each query, with the target and the particles as the two clouds around
    /// it.
    fn field(&self, velocity: impl Fn(Cloud, Cloud) -> Vec<f64>) -> Points {
        let queries = self.at.as_ref().unwrap_or(&self.particles);
        let rows = queries.iter().enumerate().map(|(i, z)| {
            let target = Cloud { z, points: &self.target, weights: self.weights.as_deref(), skip: None };
            let own = Cloud { z, points: &self.particles, weights: None, skip: self.exclude.then_some(i) };
            velocity(target, own)
        });
        Points::new(rows.flatten().collect(), queries.dim(), "the reference").unwrap()
    }

    fn score_difference(&self) -> Points {
        let s2 = self.sigma * self.sigma;
        self.field(|p, q| {
            let (p, q) = (p.softmax_mean(s2), q.softmax_mean(s2));
            p.iter().zip(&q).map(|(p, q)| (p - q) / s2).collect()
        })
    }

    /// The gradient of the witness function of a kernel `k`, with `slope(d^2) = 2 dk/d(d^2)`.
    fn witness_gradient(&self, slope: impl Fn(f64) -> f64) -> Points {
        self.field(|p, q| p.gradient(&slope).iter().zip(q.gradient(&slope)).map(|(p, q)| p - q).collect())
    }
}

#[derive(Clone, Copy)]
struct Cloud<'a> {
    z: &'a [f64],
    points: &'a Points,
    weights: Option<&'a [f64]>,
    skip: Option<usize>,
}

impl Cloud<'_> {
    /// Weight, squared distance and difference `x - z` of each source.
    fn sources(&self) -> impl Iterator<Item = (f64, f64, Vec<f64>)> {
        let (z, weights) = (self.z, self.weights);
        self.points.iter().enumerate().filter(move |(j, _)| self.skip != Some(*j)).map(move |(j, x)| {
            let difference: Vec<f64> = x.iter().zip(z).map(|(x, z)| x - z).collect();
            (weights.map_or(1.0, |w| w[j]), difference.iter().map(|d| d * d).sum(), difference)
        })
    }

    /// `D(z) - z`, where `D(z)` is the mean of the points with weights `w_j exp(-|x_j - z|^2 / 2
    /// s2)`.
    fn softmax_mean(&self, s2: f64) -> Vec<f64> {
        let nearest = self.sources().filter(|(w, ..)| *w > 0.0).map(|(_, d2, _)| d2).fold(f64::INFINITY, f64::min);
        self.mean(|d2| (-0.5 * (d2 - nearest) / s2).exp(), true)
    }

    /// `E[grad_z k(z, x)]` over the points `x`.
    fn gradient(&self, slope: impl Fn(f64) -> f64) -> Vec<f64> {
        self.mean(|d2| -slope(d2), false)
    }

    fn mean(&self, factor: impl Fn(f64) -> f64, own_normaliser: bool) -> Vec<f64> {
        let (mut total, mut sum) = (0.0, vec![0.0; self.z.len()]);
        for (w, d2, difference) in self.sources() {
            let f = factor(d2);
            total += if own_normaliser { w * f } else { w };
            sum.iter_mut().zip(difference).for_each(|(s, d)| *s += w * f * d);
        }
        sum.iter().map(|s| s / total).collect()
    }
}

fn cloud(label: &str, n: usize, dim: usize, mean: f64, std: f64) -> Points {
    let mut points = Stream::new(11).label(label).normal(n, dim);
    points.data_mut().iter_mut().for_each(|x| *x = mean + std * *x);
    points
}

/// `|a - b| / |b|`, by norm.
fn relative_error(a: &Points, b: &Points) -> f64 {
    assert_eq!((a.n(), a.dim()), (b.n(), b.dim()));
    let difference: f64 = a.data().iter().zip(b.data()).map(|(a, b)| (a - b) * (a - b)).sum();
    (difference / b.data().iter().map(|b| b * b).sum::<f64>()).sqrt()
}

#[track_caller]
fn agree(case: &Case, flags: &str, reference: &Points, tolerance: f64) {
    let error = relative_error(&case.computed(flags), reference);
    assert!(
        error <= tolerance,
        "{flags}: {} x {} x {}, sigma {}: {error:e}",
        case.particles.n(),
        case.target.n(),
        case.target.dim(),
        case.sigma
    );
}

#[test]
fn shapes_around_the_blocks() {
    for (n, m, dim) in [
        (1, 1, 1),
        (1, 9, 2),
        (7, 8, 9),
        (8, 63, 7),
        (9, 65, 1),
        (64, 64, 64),
        (65, 1025, 8),
        (63, 7, 1025),
        (1025, 65, 3),
    ] {
        let case = Case::new(n, m, dim, 0.7 * (dim as f64).sqrt());
        let reference = case.score_difference();
        agree(&case, "--precision f64", &reference, 1e-9);
        agree(&case, "--precision f32", &reference, 1e-5);
    }
}

#[test]
fn sigma_from_a_thousandth_to_a_thousand_times_the_scale() {
    for sigma in [1e-3, 0.05, 1.0, 30.0, 1e3] {
        let case = Case::new(40, 50, 3, sigma);
        let reference = case.score_difference();
        agree(&case, "--precision f64", &reference, 1e-9);
        let furthest = 6.0 / sigma;
        let tolerance = if sigma >= 0.05 { 1e-5 } else { 4.0 * f64::from(f32::EPSILON) * (1.0 + furthest * furthest) };
        agree(&case, "--precision f32", &reference, tolerance);
    }
}

#[test]
fn a_common_offset_costs_nothing() {
    let mut case = Case::new(65, 63, 5, 0.8);
    for set in [&mut case.particles, &mut case.target] {
        set.data_mut().iter_mut().for_each(|x| *x += 1e5);
    }
    agree(&case, "--precision f64", &case.score_difference(), 1e-9);
    agree(&case, "--precision f32", &case.score_difference(), 1e-5);
    let gaussian = |d2: f64| -(-0.5 * d2 / 0.64).exp() / 0.64;
    agree(&case, "--precision f32 --flow mmd", &case.witness_gradient(gaussian), 1e-5);
}

#[test]
fn a_thousand_sigma_away_the_field_is_finite_and_points_home() {
    let mut case = Case::new(20, 30, 2, 0.01);
    case.particles.data_mut().iter_mut().for_each(|y| *y += 10.0);
    for flags in ["--precision f64", "--precision f32"] {
        let field = case.computed(flags);
        assert!(field.data().iter().all(|v| v.is_finite()));
        assert!(field.iter().all(|v| v.iter().all(|v| *v < 0.0)), "{flags}");
    }
}

#[test]
fn self_term_weights_and_other_places() {
    let mut case = Case::new(33, 40, 4, 0.9);
    case.exclude = true;
    agree(&case, "--precision f64", &case.score_difference(), 1e-9);
    case.exclude = false;
    case.at = Some(cloud("places", 17, 4, 0.5, 2.0));
    agree(&case, "--precision f64", &case.score_difference(), 1e-9);
    case.weights = Some((0..40).map(|j| (j % 4) as f64).collect());
    agree(&case, "--precision f64", &case.score_difference(), 1e-9);
    agree(&case, "--precision f32", &case.score_difference(), 1e-5);
}

#[test]
fn equal_sets_have_no_field() {
    let mut case = Case::new(50, 50, 3, 0.5);
    case.target = case.particles.clone();
    assert!(case.computed("--precision f64").data().iter().all(|v| v.abs() < 1e-12));
}

#[test]
fn mmd_with_every_kernel() {
    let mut case = Case::new(30, 45, 3, 1.3);
    let h = case.sigma;
    let slopes: [(&str, &dyn Fn(f64) -> f64); 6] = [
        ("energy", &|d2| if d2 > 0.0 { -1.0 / d2.sqrt() } else { 0.0 }),
        ("gaussian", &|d2| -(-0.5 * d2 / (h * h)).exp() / (h * h)),
        ("laplace", &|d2| if d2 > 0.0 { -(-d2.sqrt() / h).exp() / (h * d2.sqrt()) } else { 0.0 }),
        ("imq", &|d2| -(1.0 + d2 / (h * h)).powf(-1.5) / (h * h)),
        ("matern32", &|d2| -3.0 * (-(3.0 * d2).sqrt() / h).exp() / (h * h)),
        ("matern52", &|d2| {
            let a = (5.0 * d2).sqrt() / h;
            -5.0 / 3.0 * (1.0 + a) * (-a).exp() / (h * h)
        }),
    ];
    for (name, slope) in slopes {
        for exclude in [false, true] {
            case.exclude = exclude;
            let reference = case.witness_gradient(slope);
            agree(&case, &format!("--flow mmd --kernel {name} --precision f64"), &reference, 1e-9);
            agree(&case, &format!("--flow mmd --kernel {name} --precision f32"), &reference, 1e-5);
        }
    }
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let case = Case::new(300, 500, 9, 1.0);
    let one = case.computed("--threads 1");
    for threads in [2, 5] {
        assert_eq!(case.computed(&format!("--threads {threads}")), one);
    }
}

#[test]
fn the_json_object_is_all_of_standard_output() {
    let case = Case::new(5, 6, 2, 1.0);
    let sandbox = Sandbox::new();
    sandbox.points("y.npy", &case.particles);
    sandbox.points("x.npy", &case.target);
    let words = "field --particles y.npy --target x.npy --sigma 1 -o v.npy --json";
    let report = json(&sandbox.run(words).code(0).stdout);
    assert_eq!((report["n"].as_u64(), report["m"].as_u64(), report["pairs"].as_u64()), (Some(5), Some(6), Some(55)));
}

#[test]
fn what_was_decided_about_a_table_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write("y.csv", ",a\n0,0.5\n1,1.5\n");
    sandbox.write("x.csv", "0\n0.5\n");
    let done = sandbox.run("field --particles y.csv --target y.csv --sigma 1 -o v.npy").code(0);
    assert!(done.stderr.contains("y.csv: 2 rows, column a; the unnamed first column was"), "{}", done.stderr);
    insta::assert_snapshot!(sandbox.run("field --particles y.csv --target x.csv --sigma 1 -o v.npy").complaint());
}

#[test]
fn contradictions_and_misfits() {
    let sandbox = Sandbox::new();
    sandbox.points("y.npy", &cloud("y", 4, 2, 0.0, 1.0));
    sandbox.points("x.npy", &cloud("x", 5, 2, 0.0, 1.0));
    sandbox.points("x3.npy", &cloud("x", 5, 3, 0.0, 1.0));
    sandbox.points("w3.npy", &Points::new(vec![1.0; 3], 1, "w").unwrap());
    sandbox.points("minus.npy", &Points::new(vec![1.0, -1.0, 1.0, 1.0, 1.0], 1, "w").unwrap());
    let refused = |flags: &str| {
        let words = format!("field --particles y.npy -o v.npy {flags}");
        let complaint = sandbox.run(&words).complaint();
        assert!(!sandbox.path("v.npy").exists());
        format!("{flags}\n{complaint}\n")
    };
    let all = [
        "--target x.npy --sigma 0",
        "--target x.npy --sigma -1",
        "--target x.npy --sigma nan",
        "--target x3.npy --sigma 1",
        "--target nowhere.npy --sigma 1",
        "--target x.npy --sigma 1 --kernel laplace",
        "--target x.npy --sigma 1 --self-term exclude --at y.npy",
        "--target x.npy --sigma 1 --at x3.npy",
        "--target x.npy --sigma 1 --target-weights w3.npy",
        "--target x.npy --sigma 1 --target-weights minus.npy",
        "--target x.npy --sigma 1 --precision f16",
    ];
    insta::assert_snapshot!(all.map(refused).join("\n"));
}
