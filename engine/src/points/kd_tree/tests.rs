//! Searches compared with the distances to all points.

use super::*;
use crate::rng::Stream;

/// Point sets of odd sizes: smooth, with many ties, all equal, with an outlier, and of huge or
/// tiny numbers.
fn sets() -> Vec<Points> {
    let normal = |n, dim| Stream::new(n as u64).normal(n, dim);
    let with = |mut points: Points, f: &dyn Fn(f64) -> f64| {
        points.data_mut().iter_mut().for_each(|x| *x = f(*x));
        points
    };
    let mut stray = normal(333, 2);
    stray.row_mut(7).fill(1e9);
    vec![
        normal(1, 3),
        normal(17, 1),
        normal(1_000, 2),
        normal(257, 11),
        with(normal(500, 3), &f64::round),
        with(normal(100, 2), &|_| 4.0),
        with(normal(200, 2), &|x| x * 1e145),
        with(normal(200, 2), &|x| 1e8 + x * 1e-7),
        stray,
    ]
}

#[test]
fn a_search_finds_what_all_distances_show() {
    for points in sets() {
        let (tree, n) = (KdTree::of(&points), points.n());
        let fresh = Stream::new(5).normal(20, points.dim());
        let queries: Vec<&[f64]> = fresh.iter().chain(points.iter().take(40)).collect();
        for (q, x) in queries.into_iter().enumerate() {
            let squares: Vec<f64> = points.iter().map(|y| squared_distance(x, y)).collect();
            let but = q.checked_sub(20);
            let mut sorted: Vec<f64> = (0..n).filter(|i| Some(*i) != but).map(|i| squares[i]).collect();
            sorted.sort_by(f64::total_cmp);
            for k in [1, 2, 5, n - 1, n, n + 2].into_iter().filter(|k| *k > 0) {
                let want = sorted.get(k - 1).copied().unwrap_or(f64::INFINITY);
                assert_eq!(tree.kth(x, k, but, &mut Vec::new()), want, "{n} points, query {q}, k = {k}");
            }
            let least = squares.iter().copied().fold(f64::INFINITY, f64::min);
            let (nearest, square) = tree.nearest(x);
            assert_eq!((squares[nearest], square), (least, least));
            let mut within: Vec<usize> = Vec::new();
            let limit = sorted.get(n / 3).copied().unwrap_or(0.0);
            tree.search(x, limit, |i, square| {
                assert_eq!(square, squares[i]);
                within.push(i);
                limit
            });
            within.sort_unstable();
            assert_eq!(within, (0..n).filter(|i| squares[*i] <= limit).collect::<Vec<_>>());
        }
    }
}

#[test]
fn balls_contain_the_points_within_their_radii() {
    for points in sets() {
        let tree = KdTree::of(&points);
        let size = tree.kth(points.row(0), 2, None, &mut Vec::new()).sqrt();
        let unit = if size.is_finite() { size } else { 1.0 };
        let radii: Vec<f64> = (0..points.n()).map(|i| unit * (i % 4) as f64 / 3.0).collect();
        let balls = Balls::of(&tree, &radii);
        for x in Stream::new(5).normal(100, points.dim()).iter().chain(points.iter().take(100)) {
            let inside = points.iter().zip(&radii).any(|(y, r)| squared_distance(x, y).sqrt() <= *r);
            assert_eq!(balls.contain(x), inside);
        }
    }
}

/// If all points coincide, a search does not visit all of them.
#[test]
fn many_points_at_one_place_are_not_all_visited() {
    let points = Points::zeros(100_000, 2);
    let (tree, mut visited) = (KdTree::of(&points), 0);
    tree.search(&[0.0, 0.0], f64::INFINITY, |_, square| {
        visited += 1;
        square.next_down()
    });
    assert_eq!(visited, 1);
    assert_eq!(tree.kth(&[1.0, 0.0], 1_000, Some(3), &mut Vec::new()), 1.0);
}

/// A search in the plane looks at few of the points.
#[test]
fn a_search_in_the_plane_visits_few_points() {
    let points = Stream::new(1).normal(100_000, 2);
    let (tree, mut visited) = (KdTree::of(&points), 0);
    for i in 0..100 {
        let mut best = f64::INFINITY;
        tree.search(points.row(i), f64::INFINITY, |_, square| {
            visited += 1;
            best = best.min(square);
            best
        });
    }
    assert!(visited < 100 * 20 * LEAF[0], "{visited}");
}
