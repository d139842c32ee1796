//! Extreme sizes, positions and options give a solution, or an error that says why there is none.

use super::*;
use crate::{Error, Interrupt, pairwise::PairwiseOptions};

/// No number of the solution is NaN or infinite.
fn assert_finite(found: &Potentials, what: &str) {
    let all = found.f.iter().chain(&found.g).chain([&found.cost, &found.marginal_error]);
    assert!(all.into_iter().all(|v| v.is_finite()), "{what}");
    assert_eq!(found.converged, found.marginal_error <= 1e-6, "{what}");
    assert_eq!(found.advice(1e-6).is_none(), found.converged, "{what}");
}

#[test]
fn small_epsilons_converge_or_say_that_they_do_not() {
    let (x, y) = (cloud(1, 150, 2, 0.0), cloud(2, 130, 2, 0.5));
    let mean = mean_cost(&x, &y);
    for share in [1e-1, 1e-2, 1e-3, 1e-4] {
        let options = SinkhornOptions { max_iterations: 1500, ..with_epsilon(share * mean) };
        let found = solve(&x, &y, options);
        assert_finite(&found, &format!("{share}"));
        assert!(share < 1e-2 || found.converged, "{share}: {:e}", found.marginal_error);
        assert!(found.iterations <= 1500);
    }
    let few = solve(&x, &y, SinkhornOptions { max_iterations: 1, ..with_epsilon(1e-3 * mean) });
    assert_eq!(few.iterations, 1);
    assert!(!few.converged && few.advice(1e-6).unwrap().contains("increase `max_iterations`"));
    assert_finite(&few, "one iteration");
}

#[test]
fn an_epsilon_below_the_rounding_of_the_potentials_does_not_converge() {
    let x = Points::from_rows(&[[0.0], [1.0], [3.0]]).unwrap();
    let y = Points::from_rows(&[[0.5], [2.0]]).unwrap();
    for epsilon in [1e-14, 1e-18, 1e-20, 1e-30, 1e-300] {
        let found = solve(&x, &y, with_epsilon(epsilon));
        assert!(!found.converged && found.marginal_error > 1e-3, "{epsilon:e}: {:e}", found.marginal_error);
        assert!(found.advice(1e-6).unwrap().contains("`epsilon`"));
    }
    let found = solve(&x, &y, SinkhornOptions { max_iterations: 5000, ..with_epsilon(1e-3) });
    assert!(found.converged && (found.cost - 0.3125).abs() < 0.01, "{}", found.cost);
}

#[test]
fn an_offset_and_any_number_of_dimensions_change_nothing() {
    for dim in [1, 2, 512] {
        let (mut x, mut y) = (cloud(1, 40, dim, 0.0), cloud(2, 30, dim, 0.5));
        for points in [&mut x, &mut y] {
            points.data_mut().iter_mut().for_each(|v| *v = (*v * 1024.0).round() / 1024.0);
        }
        let options = with_epsilon(0.1 * mean_cost(&x, &y));
        let near = solve(&x, &y, options.clone());
        assert_finite(&near, "near");
        for points in [&mut x, &mut y] {
            points.data_mut().iter_mut().for_each(|v| *v += 1e6);
        }
        let far = solve(&x, &y, options);
        assert!(near.converged && far.converged);
        assert!((near.cost / far.cost - 1.0).abs() < 1e-8, "{dim}: {} {}", near.cost, far.cost);
    }
}

#[test]
fn single_points_equal_points_and_distant_sets_are_solved() {
    let (one, other) = (cloud(1, 1, 3, 0.0), cloud(2, 1, 3, 2.0));
    let found = solve(&one, &other, SinkhornOptions::default());
    let cost = 0.5 * squared_distance(one.row(0), other.row(0));
    assert!(found.converged && (found.cost / cost - 1.0).abs() < 1e-12, "{} {cost}", found.cost);
    let same = Points::from_rows(&[[1.0, 2.0]; 5]).unwrap();
    let found = solve(&same, &same, SinkhornOptions::default());
    assert!(found.converged && found.cost.abs() < 1e-12, "{}", found.cost);
    let found = solve(&same, &Points::from_rows(&[[1.0, 2.0]; 3]).unwrap(), SinkhornOptions::default());
    assert!(found.converged && found.cost.abs() < 1e-12);
    // Two sets that are far apart, with epsilon of the order of the squared size of each set.
    let (x, y) = (cloud(1, 40, 2, 0.0), cloud(2, 50, 2, 1e4));
    let found = solve(&x, &y, with_epsilon(0.5));
    assert_finite(&found, "distant");
    assert!(found.converged, "{:e} after {}", found.marginal_error, found.iterations);
    // Two clusters on each side; no mass can leave its cluster.
    let clusters = |key: u64, n: usize| cloud(key, n, 2, 0.0).concat(&cloud(key + 9, n, 2, 1e3)).unwrap();
    let found = solve(&clusters(1, 30), &clusters(2, 25), with_epsilon(0.3));
    assert_finite(&found, "clusters");
    assert!(found.converged, "{:e}", found.marginal_error);
}

#[test]
fn options_out_of_range_are_refused_with_what_is_wanted() {
    let x = cloud(1, 5, 2, 0.0);
    let said = |options: SinkhornOptions| Sinkhorn::between(&x, &x, options).unwrap_err().to_string();
    for epsilon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let told = said(with_epsilon(epsilon));
        assert!(told.contains("`epsilon`") && told.contains("positive"), "{told}");
    }
    let base = SinkhornOptions::default;
    assert!(said(SinkhornOptions { blur: Some(1.0), ..with_epsilon(1.0) }).contains("`epsilon` is given too"));
    assert!(said(SinkhornOptions { blur: Some(1e-200), ..base() }).contains("`blur`"));
    assert!(said(SinkhornOptions { rho: Some(0.0), ..base() }).contains("`rho`"));
    assert!(said(SinkhornOptions { scaling: 1.0, ..base() }).contains("below 1"));
    assert!(said(SinkhornOptions { tolerance: -1.0, ..base() }).contains("`tolerance`"));
    assert!(said(SinkhornOptions { max_iterations: 0, ..base() }).contains("`max_iterations`"));
    assert!(said(SinkhornOptions { memory: 21, ..base() }).contains("`memory`"));
    assert!(Sinkhorn::between(&x, &cloud(1, 5, 3, 0.0), base()).is_err());
    assert!(Marginal::new(&x, Some(&[1.0; 4]), "weights", false).is_err());
    // Costs that overflow when divided by epsilon.
    let wide = Points::from_rows(&[[0.0, 0.0], [1e100, 0.0]]).unwrap();
    let near = Points::from_rows(&[[1e90, 0.0], [2.0, 0.0]]).unwrap();
    let found = Sinkhorn::between(&wide, &near, with_epsilon(1e-150)).unwrap().solve(&Pairwise::default());
    assert!(found.is_err() || found.as_ref().is_ok_and(|found| found.cost.is_finite()), "{found:?}");
}

#[test]
fn results_have_the_same_bytes_for_any_number_of_threads_and_end_when_interrupted() {
    let (x, y) = (cloud(1, 600, 3, 0.0), cloud(2, 500, 3, 0.5));
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| solve(&x, &y, SinkhornOptions::default()))
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
    let interrupt = Interrupt::default();
    let stopped = Pairwise::new(PairwiseOptions::default(), interrupt.clone());
    let problem = Sinkhorn::between(&x, &y, SinkhornOptions::default()).unwrap();
    let mut told = Vec::new();
    let result = problem.solve_with(&stopped, &mut |done, _, _| {
        told.push(done);
        if done == 3 {
            interrupt.raise();
        }
    });
    assert_eq!((result, told), (Err(Error::Interrupted), vec![1, 2, 3]));
}
