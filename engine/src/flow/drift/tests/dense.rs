//! Every form of the field, compared with dense matrices of kernel values.

use super::*;

/// The dense form: the matrix of all pairs, its row sums and its column sums.
fn dense(kernel: Kernel, x: &Points, y: &Points, weights: &[f64], options: &DriftFlowOptions) -> Points {
    let (m, n, dim) = (x.n(), y.n(), y.dim());
    let exclude = options.self_term == Some(SelfTerm::Exclude);
    let all = x.concat(y).unwrap();
    let k = |i: usize, j: usize| match exclude && j == m + i {
        true => 0.0,
        false => kernel.value(squared_distance(y.row(i), all.row(j))),
    };
    let copies = |j: usize| if j < m { weights[j] } else { 1.0 };
    let mut out = Points::zeros(n, dim);
    for i in 0..n {
        let row: f64 = (0..m + n).map(|j| copies(j) * k(i, j)).sum();
        let weight = |j: usize| match options.normalisation {
            Normalisation::Row => copies(j) * k(i, j),
            Normalisation::Joint => {
                let column: f64 = (0..n).map(|l| k(l, j)).sum();
                copies(j) * k(i, j) / (row * column).sqrt()
            }
        };
        let mass = |from: usize, to: usize| (from..to).map(weight).sum::<f64>();
        let (to_target, to_cloud) = (mass(0, m), mass(m, m + n));
        for c in 0..dim {
            let mean = |from: usize, to: usize| (from..to).map(|j| weight(j) * all.row(j)[c]).sum::<f64>();
            out.row_mut(i)[c] = match options.normalisation {
                Normalisation::Row => mean(0, m) / to_target - mean(m, m + n) / to_cloud,
                Normalisation::Joint => to_cloud * mean(0, m) - to_target * mean(m, m + n),
            };
        }
    }
    out
}

#[test]
fn every_form_is_that_of_the_dense_matrix() {
    for (m, n, dim) in [(1, 2, 1), (9, 12, 2), (65, 33, 3), (40, 70, 9)] {
        let (x, y) = clouds(m, n, dim);
        let weights: Vec<f64> = (0..m).map(|j| 1.0 + (j % 3) as f64).collect();
        let mean = weights.iter().sum::<f64>() / m as f64;
        let relative: Vec<f64> = weights.iter().map(|w| w / mean).collect();
        for name in NAMES {
            for normalisation in [Normalisation::Row, Normalisation::Joint] {
                for self_term in [SelfTerm::Include, SelfTerm::Exclude] {
                    let options = options(name, 0.8, normalisation, self_term);
                    let kernel = named(name, 0.8).unwrap();
                    let mut flow = DriftFlow::new(x.clone(), options.clone()).unwrap();
                    let equal = vec![1.0; m];
                    let off = |flow: &mut DriftFlow, weights: &[f64]| {
                        largest_difference(&velocity(flow, &y, None), &dense(kernel, &x, &y, weights, &options))
                    };
                    assert!(off(&mut flow, &equal) < 1e-12, "{name} {options:?}");
                    let mut flow = flow.with_weights(&weights).unwrap();
                    assert!(off(&mut flow, &relative) < 1e-12, "{name} {options:?} weighted");
                }
            }
        }
    }
}

/// The column sum of a target point that is far from all particles has another order of magnitude.
/// With and without such a point, the velocity in f32 is that of the dense matrix.
#[test]
fn column_sums_of_all_sizes_give_the_dense_form() {
    for (distance, ranges) in [(1.0, true), (40.0, false)] {
        let (mut x, y) = clouds(30, 40, 3);
        x.row_mut(4)[0] += distance;
        let options = options("laplace", 0.8, Normalisation::Joint, SelfTerm::Exclude);
        let kernel = named("laplace", 0.8).unwrap();
        let columns = Columns::of(kernel, (&x, &y), true, &exact()).unwrap();
        assert_eq!(columns.roots().is_some(), ranges);
        let want = dense(kernel, &x, &y, &[1.0; 30], &options);
        let mut flow = DriftFlow::new(x, options).unwrap();
        assert!(largest_difference(&velocity(&mut flow, &y, None), &want) < 1e-12);
        let (clock, pairwise) = (Clock::at(0, 1, Stream::new(0)), Pairwise::default());
        let mut found = Points::default();
        flow.velocity(&FieldAt::cloud(&y, &clock, &pairwise), &mut found).unwrap();
        assert!(largest_difference(&found, &want) < 1e-5);
    }
}
