//! A problem whose solution was computed by the log-domain solver of POT 0.9.7 with numpy 2.4.6:
//! `ot.sinkhorn(a, b, M, reg, method="sinkhorn_log", numItermax=200000, stopThr=1e-13, log=True)`
//! with `M_ij = |x_i - y_j|^2`.
//!
//! The plan of POT is `exp(log_u + log_v - M / reg)`. With the cost `M / 2` and `epsilon = reg / 2`
//! this plan is `a b exp((f + g - M / 2) / epsilon)` for `f = epsilon (log_u - log a)` and `g =
//! epsilon (log_v - log b)`. Potentials are defined up to a constant: here `sum_i a_i f_i = 0`.

use super::*;
use std::sync::Arc;

/// The points and weights of both sides, 200 and 300 in three dimensions.
fn sides() -> [(Arc<Points>, Vec<f64>); 2] {
    let row = |at: &dyn Fn(f64) -> f64| [0.0, 1.0, 2.0].map(at);
    let x = |i: f64| row(&|k| (0.7 * (i + 1.0) * (k + 1.0) + 0.3 * k).sin());
    let y = |j: f64| row(&|k| 0.8 * (0.45 * (j + 1.0) * (k + 1.0)).cos() + 0.25 * (k + 1.0) * (0.11 * j).sin());
    let x: Vec<[f64; 3]> = (0..200).map(|i| x(f64::from(i))).collect();
    let y: Vec<[f64; 3]> = (0..300).map(|j| y(f64::from(j))).collect();
    let a = (0..200).map(|i| 1.5 + (1.1 * f64::from(i)).sin()).collect();
    let b = (0..300).map(|j| 1.2 + (0.37 * f64::from(j)).cos()).collect();
    [(Arc::new(Points::from_rows(&x).unwrap()), a), (Arc::new(Points::from_rows(&y).unwrap()), b)]
}

fn solve_known(options: &SinkhornOptions) -> Coupling {
    let [x, y] = sides();
    let (x, y) = ((x.0, Some(&x.1[..])), (y.0, Some(&y.1[..])));
    let found = Coupling::solve(x, y, options, &Pairwise::default(), &mut |_, _, _| {}).unwrap();
    assert!(found.converged(), "{:e}", found.marginal_error());
    found
}

/// What POT found for one `reg`.
struct Known {
    reg: f64,
    /// `sum_ij P_ij M_ij`, and the same plus `reg KL(P | a b)`.
    transport: f64,
    regularised: f64,
    /// Potentials at rows 0, 1, 57, 123, 199 and columns 0, 1, 99, 201, 299.
    f: [f64; 5],
    g: [f64; 5],
    /// `sum_i a_i f_i^2`, `sum_j b_j g_j` and `sum_j b_j g_j^2`.
    sums: [f64; 3],
}

const KNOWN: [Known; 2] = [
    Known {
        reg: 0.4,
        transport: 0.7306950788587229,
        regularised: 1.2778809974250063,
        f: [-0.200551965778, 0.101799963826, -0.10721009407, -0.00596099275961, 0.100476572108],
        g: [0.565090258262, 0.468853537729, 0.988001221507, 0.658359304621, 0.827701784553],
        sums: [0.02740872838777789, 0.638940498712506, 0.43609941733015545],
    },
    Known {
        reg: 0.05,
        transport: 0.5135818003700852,
        regularised: 0.6443444068657207,
        f: [-0.194704443703, 0.102427120588, -0.0231623284099, -0.0503951491059, 0.125471700326],
        g: [0.284574727282, 0.132950661448, 0.658875153137, 0.352389092791, 0.519633503298],
        sums: [0.030436658740776536, 0.3221722034328599, 0.13027792632253918],
    },
];

#[test]
fn potentials_and_values_are_those_of_pot() {
    for known in KNOWN {
        let options = SinkhornOptions { tolerance: 1e-9, ..with_epsilon(known.reg / 2.0) };
        let found = solve_known(&options);
        let near = |got: f64, want: f64, what: &str| {
            assert!((got - want).abs() <= 1e-6, "{} {what}: {got} {want}", known.reg);
        };
        near(2.0 * found.transport_cost(), known.transport, "transport");
        near(2.0 * found.cost(), known.regularised, "regularised");
        let [(_, a), (_, b)] = sides().map(|(points, weights)| {
            let total: f64 = weights.iter().sum();
            (points, weights.iter().map(|w| w / total).collect::<Vec<f64>>())
        });
        let Potentials { f, g, .. } = found.potentials();
        let constant: f64 = a.iter().zip(f).map(|(a, f)| a * f).sum();
        let f: Vec<f64> = f.iter().map(|f| f - constant).collect();
        let g: Vec<f64> = g.iter().map(|g| g + constant).collect();
        for (k, i) in [0, 1, 57, 123, 199].into_iter().enumerate() {
            near(f[i], known.f[k], "f");
        }
        for (k, j) in [0, 1, 99, 201, 299].into_iter().enumerate() {
            near(g[j], known.g[k], "g");
        }
        let sum = |masses: &[f64], of: &dyn Fn(usize) -> f64| masses.iter().enumerate().map(|(i, a)| a * of(i)).sum();
        near(sum(&a, &|i| f[i] * f[i]), known.sums[0], "sum of a f^2");
        near(sum(&b, &|j| g[j]), known.sums[1], "sum of b g");
        near(sum(&b, &|j| g[j] * g[j]), known.sums[2], "sum of b g^2");
    }
}

/// OTT has the cost `|x - y|^2` and the plan `exp((f + g - c) / epsilon)` without the masses. Its
/// potentials are therefore `2 f + epsilon log a`, with the `epsilon` of OTT. Its regularised cost
/// has the entropy relative to the product of the masses. POT and OTT have the same plan.
#[test]
fn potentials_in_the_convention_of_ott_give_the_plan() {
    let [(x, a), (y, b)] = sides();
    let (total_a, total_b): (f64, f64) = (a.iter().sum(), b.iter().sum());
    let theirs = 0.4;
    let found = solve_known(&SinkhornOptions { tolerance: 1e-9, ..with_epsilon(theirs / 2.0) });
    let Potentials { f, g, .. } = found.potentials();
    let mut transport = 0.0;
    for i in 0..x.n() {
        let f = 2.0 * f[i] + theirs * (a[i] / total_a).ln();
        for j in 0..y.n() {
            let (g, cost) = (2.0 * g[j] + theirs * (b[j] / total_b).ln(), squared_distance(x.row(i), y.row(j)));
            let mass = ((f + g - cost) / theirs).exp();
            transport += mass * cost;
            assert!((mass - found.plan(i, j).unwrap()).abs() < 1e-15);
        }
    }
    assert!((transport - KNOWN[0].transport).abs() < 1e-6, "{transport}");
}

const DIVERGENCE: f64 = 0.1670936701622879;

/// GeomLoss has the cost `|x - y|^2 / 2`, `epsilon = blur^2`, and the debiased value (the Sinkhorn
/// divergence). The expected value comes from three solutions by POT, `OT(a, b) - OT(a, a) / 2 -
/// OT(b, b) / 2`.
#[test]
fn the_divergence_is_the_value_of_geomloss() {
    let options = SinkhornOptions { blur: Some(0.2_f64.sqrt()), debias: true, ..SinkhornOptions::default() };
    let divergence = solve_known(&options).divergence().unwrap();
    assert!((divergence - DIVERGENCE).abs() < 1e-6, "{divergence}");
}
