//! Spacing, extent and noise of sets of points.

use super::*;
use crate::points::weighted_mean;
use rayon::ThreadPoolBuilder;

/// Computes the spacing by its definition, pair by pair.
fn naive(points: &Points) -> f64 {
    let distance = |i: usize, j: usize| squared_distance(points.row(i), points.row(j)).sqrt();
    let nearest = |i| (0..points.n()).map(|j| distance(i, j)).filter(|d| *d > 0.0).fold(f64::INFINITY, f64::min);
    let mut all: Vec<f64> = (0..points.n()).map(nearest).collect();
    all.sort_by(f64::total_cmp);
    0.5 * (all[(all.len() - 1) / 2] + all[all.len() / 2])
}

#[test]
fn a_grid_has_its_own_spacing_and_diameter() {
    let grid: Vec<[f64; 2]> = (0..100).map(|k| [0.5 * (k / 10) as f64, 1e6 + 0.5 * (k % 10) as f64]).collect();
    let grid = Points::from_rows(&grid).unwrap();
    assert_eq!(spacing(&grid), 0.5);
    assert!((diameter(&grid) - 4.5 * 2f64.sqrt()).abs() < 1e-9);
}

#[test]
fn sorted_search_equals_the_definition() {
    for dim in [1, 2, 7, 8, 9, 70] {
        for n in [2, 3, 10, 301] {
            let points = Stream::new(n as u64).normal(n, dim);
            let (seen, want) = (spacing(&points), naive(&points));
            assert!((seen - want).abs() <= 1e-14 * want, "{dim} {n}: {seen} {want}");
        }
    }
}

#[test]
fn copies_are_not_neighbours() {
    let once = Stream::new(1).normal(40, 3);
    let thrice = once.select(&(0..120).map(|i| i % 40).collect::<Vec<_>>());
    assert_eq!(spacing(&thrice), spacing(&once));
    assert_eq!(spacing(&Points::zeros(5, 2)), 0.0);
    assert_eq!(spacing(&Points::zeros(1, 2)), 0.0);
    assert_eq!(diameter(&Points::zeros(5, 2)), 0.0);
}

#[test]
fn a_stray_point_says_nothing_of_the_size_of_the_rest() {
    let points = Stream::new(2).normal(300, 2);
    let all = points.concat(&Points::from_rows(&[[1e9, -1e9]]).unwrap()).unwrap();
    assert_eq!(Extent::of(&all), Extent { stray: 1, ..Extent::of(&points) });
    // The points of a distant cluster are not stray.
    let far = points.concat(&Points::from_rows(&[[500.0, 0.0], [501.0, 0.0]]).unwrap()).unwrap();
    assert!(Extent::of(&far).diameter > 900.0);
}

#[test]
fn positions_shared_by_points_are_separated() {
    let mut coins = Points::zeros(100, 3);
    (0..100).for_each(|i| coins.row_mut(i)[i % 3] = 1.0);
    assert!((Extent::of(&coins).detail - SHARED_PLACES * 2f64.sqrt()).abs() < 1e-15);
    let free = Stream::new(2).normal(100, 3);
    assert_eq!(Extent::of(&free).detail, spacing(&free));
    assert_eq!(Extent::of(&Points::zeros(5, 2)).detail, 0.0);
}

#[test]
fn shares_count_as_copies_of_a_point() {
    let points = Stream::new(3).normal(200, 2);
    let of = |points: &Points| Extent::of(points);
    assert_eq!(Extent::of_shares(&points, &[1.0 / 200.0; 200]), of(&points));
    // Points without a share do not count, be they far away or between the others.
    let mut far = Stream::new(4).normal(200, 2);
    (0..200).for_each(|i| far.row_mut(i)[0] += 50.0);
    let all = points.concat(&far).unwrap();
    let shares: Vec<f64> = (0..400).map(|i| if i < 200 { 1.0 / 200.0 } else { 0.0 }).collect();
    let found = Extent::of_shares(&all, &shares);
    assert!((found.width / of(&points).width - 1.0).abs() < 1e-12);
    assert!((found.diameter / of(&points).diameter - 1.0).abs() < 1e-12);
    assert_eq!(found.detail, of(&points).detail);
    // One point in four has nine tenths of the mass: the places stay apart, the width is weighted.
    let heavy: Vec<f64> = (0..200).map(|i| if i % 4 == 0 { 0.9 / 50.0 } else { 0.1 / 150.0 }).collect();
    let mut sum = [0.0; 2];
    let mean = weighted_mean(&points, Some(&heavy));
    for (row, w) in points.iter().zip(&heavy) {
        (0..2).for_each(|j| sum[j] += w * (row[j] - mean[j]).powi(2));
    }
    let found = Extent::of_shares(&points, &heavy);
    assert!((found.width / (0.5 * (sum[0] + sum[1])).sqrt() - 1.0).abs() < 0.02, "{} {sum:?}", found.width);
    assert!(found.detail > of(&points).detail, "fewer places are farther apart: {}", found.detail);
    // A stray point is left out, also if one place has more than half of the mass.
    let mut stray = points.clone();
    stray.row_mut(7)[0] = 1e9;
    let half: Vec<f64> = (0..200).map(|i| if i == 0 { 0.6 } else { 0.4 / 199.0 }).collect();
    let found = Extent::of_shares(&stray, &half);
    assert!(found.stray == 1 && found.diameter < 12.0, "{found:?}");
    // A point that has nearly all the mass has no size; the other points give it.
    let one: Vec<f64> = (0..200).map(|i| if i == 0 { 1.0 } else { 1e-9 }).collect();
    assert_eq!(Extent::of_shares(&points, &one), of(&points));
}

#[test]
fn the_spacing_of_many_points_comes_from_a_sample_for_any_number_of_threads() {
    // For n points uniform on a square, the nearest distance r has P(> r) = exp(-n pi r^2), so
    // its median is sqrt(ln 2 / (n pi)).
    let n = 20_000;
    let mut rng = Stream::new(4).rng();
    let points = Points::new((0..2 * n).map(|_| rng.uniform()).collect(), 2, "x").unwrap();
    let with = |threads| ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| spacing(&points));
    let want = (2f64.ln() / (n as f64 * std::f64::consts::PI)).sqrt();
    assert!((with(1) / want - 1.0).abs() < 0.04, "{} {want}", with(1));
    assert_eq!(with(1), with(3));
}

#[test]
fn the_last_noise_adds_little_variance() {
    // In the plane it has the length of the spacing, in 64 dimensions a fifth of the standard deviation.
    let plane = Extent::of(&Stream::new(1).normal(300, 2));
    assert_eq!(plane.last_noise(), plane.detail_noise());
    let many = Extent::of(&Stream::new(1).normal(300, 64));
    assert!(many.detail_noise() > 0.9, "{}", many.detail_noise());
    assert!((many.last_noise() - 0.2).abs() < 0.01, "{}", many.last_noise());
    // Neither the unit nor a constant coordinate changes what the noise adds.
    let small = Stream::new(1).normal(300, 64).data().iter().map(|x| 1e-3 * x).collect::<Vec<_>>();
    let rows: Vec<Vec<f64>> = small.chunks(64).map(|row| row.iter().copied().chain([5.0]).collect()).collect();
    let constant = Extent::of(&Points::from_rows(&rows).unwrap());
    let want = 1e-3 * many.last_noise() * (64f64 / 65.0).sqrt();
    assert!((constant.last_noise() - want).abs() < 1e-9, "{} {want}", constant.last_noise());
}
