//! Extrapolation of measurements from small sizes to a large size.

/// Returns the whole number nearest to an extrapolated count; at most the largest `u64`.
pub(super) fn whole(count: f64) -> u64 {
    count.round().max(0.0) as u64
}

/// Returns the value at `x` of the polynomial through the points `(x, y)`. Its degree is one less
/// than the number of points.
pub(super) fn polynomial(points: &[(f64, f64)], x: f64) -> f64 {
    // Newton's divided differences keep integers exact as long as possible.
    let mut slopes: Vec<f64> = points.iter().map(|(_, y)| *y).collect();
    for order in 1..points.len() {
        for i in (order..points.len()).rev() {
            slopes[i] = (slopes[i] - slopes[i - 1]) / (points[i].0 - points[i - order].0);
        }
    }
    slopes.iter().zip(points).rev().fold(0.0, |value, (slope, point)| value * (x - point.0) + slope)
}

/// Returns the value at `size` on the line through two measurements `(size, value)`. The slope and
/// the value at 0 are at least 0.
pub(super) fn line([small, large]: [(f64, f64); 2], size: f64) -> f64 {
    let slope = if large.0 > small.0 { (large.1 - small.1) / (large.0 - small.0) } else { large.1 / large.0 };
    large.1 + slope.clamp(0.0, large.1 / large.0) * (size - large.0)
}

/// Returns the value at `size` from two measurements. If the value does not grow faster than the
/// size, the line through both measurements is used, and otherwise the power function through both,
/// with an exponent of at most `most`.
pub(super) fn power([small, large]: [(f64, f64); 2], size: f64, most: f64) -> f64 {
    let exponent = (large.1 / small.1).ln() / (large.0 / small.0).ln();
    if !exponent.is_finite() || exponent <= 1.0 {
        return line([small, large], size);
    }
    large.1 * (size / large.0).powf(exponent.min(most))
}

/// Returns the value at `size` of `a n + b n^2` through both measurements, for a quantity that
/// grows mostly as the square. [`power`] is used instead if the exponent between the measurements
/// is well below 2, or if `a` would be negative. This occurs if one measurement needed an
/// additional buffer.
pub(super) fn square([small, large]: [(f64, f64); 2], size: f64) -> f64 {
    const NEARLY_SQUARE: f64 = 1.7;
    let exponent = (large.1 / small.1).ln() / (large.0 / small.0).ln();
    let b = (large.1 / large.0 - small.1 / small.0) / (large.0 - small.0);
    let a = small.1 / small.0 - b * small.0;
    if exponent > NEARLY_SQUARE && a >= 0.0 { (a + b * size) * size } else { power([small, large], size, 2.0) }
}

/// Returns the value at `(n, m)` of the quadratic in two variables through six points. `nodes`
/// contains three nodes on each axis. `at(i, j)` is the value at node `i` of the first axis and
/// node `j` of the second, and is called for `i + j <= 2`. On an axis with one node the quadratic
/// is constant.
pub(super) fn quadratic(nodes: [&[f64]; 2], at: impl Fn(usize, usize) -> f64, (n, m): (f64, f64)) -> f64 {
    let [rows, columns] = nodes;
    // Newton's form along the second axis. The k-th difference along this axis is a polynomial of
    // degree `2 - k` along the first axis.
    let mut value = 0.0;
    let mut basis = 1.0;
    for k in 0..columns.len() {
        let places = rows.len().min(3 - k);
        let difference = |i: usize| {
            let column: Vec<(f64, f64)> = (0..=k).map(|j| (columns[j], at(i, j))).collect();
            leading(&column)
        };
        let points: Vec<(f64, f64)> = (0..places).map(|i| (rows[i], difference(i))).collect();
        value += basis * polynomial(&points, n);
        basis *= m - columns[k];
    }
    value
}

/// Returns the divided difference over all of `points`: the leading coefficient of the polynomial
/// through them.
fn leading(points: &[(f64, f64)]) -> f64 {
    match points {
        [] => 0.0,
        [(_, y)] => *y,
        _ => {
            let last = points.len() - 1;
            (leading(&points[1..]) - leading(&points[..last])) / (points[last].0 - points[0].0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_a_matrix_and_what_stands_beside_it() {
        let bytes = |n: f64| 8.0 * n * n + 200.0 * n;
        assert!((square([(128.0, bytes(128.0)), (256.0, bytes(256.0))], 6000.0) / bytes(6000.0) - 1.0).abs() < 1e-12);
        let noisy = [(1024.0, 1e5), (2048.0, 2.4e5)];
        assert_eq!(square(noisy, 1e6), power(noisy, 1e6, 2.0));
    }

    #[test]
    fn times_are_carried_along_a_line() {
        let found = [(100.0, 3.0), (200.0, 4.0)];
        assert_eq!(line(found, 1000.0), 12.0);
        // If a larger size took less time, the measurement was disturbed. If a larger size took
        // much more time, the line starts at 0.
        assert_eq!(line([(100.0, 4.0), (200.0, 3.0)], 1000.0), 3.0);
        assert_eq!(line([(100.0, 1.0), (200.0, 4.0)], 400.0), 8.0);
        assert_eq!(line([(1.0, 2.0), (1.0, 2.0)], 3.0), 6.0);
    }

    #[test]
    fn times_that_grow_faster_are_carried_by_a_power() {
        assert!((power([(100.0, 1.0), (200.0, 8.0)], 400.0, 3.0) - 64.0).abs() < 1e-9);
        assert_eq!(power([(100.0, 3.0), (200.0, 4.0)], 1000.0, 3.0), 12.0);
        assert_eq!(power([(100.0, 0.0), (200.0, 4.0)], 400.0, 3.0), 8.0);
        // A disturbed measurement cannot make the estimated time grow without bound.
        assert!((power([(100.0, 1.0), (200.0, 64.0)], 400.0, 3.0) - 512.0).abs() < 1e-9);
    }

    #[test]
    fn counts_are_carried_exactly() {
        let of = |n: f64| 3.0 * n * n + 100_000.0 * n + 7.0;
        let points = [64.0, 128.0, 256.0].map(|n| (n, of(n)));
        assert_eq!(polynomial(&points, 1e6), of(1e6));
        let both = |n: f64, m: f64| n * n + 2.0 * m * m + 5.0 * n * m + 11.0 * n + 3.0;
        let (rows, columns) = ([64.0, 96.0, 128.0], [50.0, 60.0, 70.0]);
        let at = |i: usize, j: usize| both(rows[i], columns[j]);
        assert_eq!(quadratic([&rows, &columns], at, (10_000.0, 3_001.0)), both(10_000.0, 3_001.0));
        assert_eq!(quadratic([&rows[..1], &columns], at, (64.0, 3_001.0)), both(64.0, 3_001.0));
    }
}
