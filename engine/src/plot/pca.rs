//! Projection of many coordinates to two.

use crate::Points;
use crate::points::{dot, squared_distance};
use crate::rng::Stream;

/// The number of rows from which principal axes are estimated. More rows would make no visible
/// difference.
const ROWS: usize = 1000;

/// A projection of points of more than three coordinates onto the two directions of largest
/// variance.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    mean: Vec<f64>,
    /// The unit of each coordinate.
    units: Vec<f64>,
    axes: [Vec<f64>; 2],
    /// Share of the variance along each axis.
    pub shares: [f64; 2],
    /// True if the coordinates were standardised, because their units differ.
    pub is_standardised: bool,
}

/// The largest number of coordinates that can be columns of different units. More coordinates are
/// pixels or similar data: they have one unit, and some of them are constant.
const COLUMNS: usize = 40;

impl View {
    /// Computes the first two principal axes of `points` (of up to 1,000 rows) by power iteration.
    /// The largest coefficient of each axis is positive. Up to 40 coordinates are standardised
    /// first if the largest standard deviation is more than 20 times the lower quartile of all
    /// standard deviations.
    pub fn of(points: &Points) -> View {
        let mut centred = points.select(&thin(points.n(), ROWS, 0));
        // In units of the largest value, no square overflows.
        let unit = centred.data().iter().fold(0.0, |a: f64, v| a.max(v.abs())).max(f64::MIN_POSITIVE);
        centred.data_mut().iter_mut().for_each(|v| *v /= unit);
        let mean = centred.mean();
        for i in 0..centred.n() {
            centred.row_mut(i).iter_mut().zip(&mean).for_each(|(x, m)| *x -= m);
        }
        let units = units(&centred);
        for i in 0..centred.n() {
            centred.row_mut(i).iter_mut().zip(&units).for_each(|(x, u)| *x /= u);
        }
        let total: f64 = centred.iter().map(|row| dot(row, row)).sum();
        let first = leading(&centred, None);
        let second = leading(&centred, Some(&first));
        let share = |axis: &[f64]| {
            let along: f64 = centred.iter().map(|row| dot(row, axis).powi(2)).sum();
            if total > 0.0 { along / total } else { 0.0 }
        };
        let shares = [share(&first), share(&second)];
        let mean = mean.into_iter().map(|m| m * unit).collect();
        let is_standardised = units.iter().any(|u| *u != 1.0);
        // Without standardisation, coordinates keep the unit of the caller.
        let units = if is_standardised { units.into_iter().map(|u| u * unit).collect() } else { units };
        View { mean, units, axes: [first, second], shares, is_standardised }
    }

    /// Returns the coordinates of a point along both axes, relative to the mean.
    pub fn project(&self, row: &[f64]) -> [f64; 2] {
        let places = row.iter().zip(&self.mean).zip(&self.units);
        places.zip(self.axes[0].iter().zip(&self.axes[1])).fold([0.0, 0.0], |sum, (((x, m), u), (a, b))| {
            let place = (x - m) / u;
            [sum[0] + a * place, sum[1] + b * place]
        })
    }

    /// Returns the number of input coordinates.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }
}

/// Returns the standard deviation of each centred coordinate if these differ much, and otherwise 1.
fn units(centred: &Points) -> Vec<f64> {
    let dim = centred.dim();
    let mut squares = vec![0.0; dim];
    centred.iter().for_each(|row| squares.iter_mut().zip(row).for_each(|(sum, x)| *sum += x * x));
    let deviations: Vec<f64> = squares.iter().map(|sum| (sum / centred.n().max(1) as f64).sqrt()).collect();
    let mut sorted: Vec<f64> = deviations.iter().copied().filter(|d| *d > 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    match (sorted.get(sorted.len() / 4), sorted.last()) {
        (Some(quartile), Some(largest)) if dim <= COLUMNS && *largest > 20.0 * quartile => {
            deviations.into_iter().map(|d| if d > 0.0 { d } else { 1.0 }).collect()
        }
        _ => vec![1.0; dim],
    }
}

/// Returns the unit vector of largest variance of the centred rows that is orthogonal to `not`.
fn leading(rows: &Points, not: Option<&[f64]>) -> Vec<f64> {
    let mut axis = Stream::new(0).label("principal axis").normal(1, rows.dim()).data().to_vec();
    for _ in 0..200 {
        let mut next = vec![0.0; rows.dim()];
        for row in rows.iter() {
            let along = dot(row, &axis);
            next.iter_mut().zip(row).for_each(|(a, x)| *a += along * x);
        }
        unit(&mut next, not);
        if dot(&next, &next) == 0.0 {
            break;
        }
        let still = squared_distance(&axis, &next) < 1e-18;
        axis = next;
        if still {
            break;
        }
    }
    unit(&mut axis, not);
    let largest = axis.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
    axis.iter_mut().for_each(|a| *a *= largest.signum());
    axis
}

/// Removes the component along `not`, and scales the rest to length 1 unless it is 0.
fn unit(axis: &mut [f64], not: Option<&[f64]>) {
    if let Some(other) = not {
        let along = dot(axis, other);
        axis.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
    }
    let norm = dot(axis, axis).sqrt();
    if norm > 0.0 {
        axis.iter_mut().for_each(|a| *a /= norm);
    }
}

/// Returns at most `most` of the indices below `n`, in order. They are a fixed random choice,
/// because a regular choice could be in phase with a period in the data.
pub fn thin(n: usize, most: usize, key: u64) -> Vec<usize> {
    if n <= most {
        return (0..n).collect();
    }
    let mut chosen = Stream::new(0).label("thinning").at(key).rng().choose(n, most);
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principal_axes_of_a_stretched_gaussian() {
        let mut points = Stream::new(3).normal(5000, 6);
        for i in 0..points.n() {
            points.row_mut(i)[4] *= 10.0;
            points.row_mut(i)[1] *= 5.0;
        }
        let view = View::of(&points);
        assert!(view.axes[0][4] > 0.99 && view.axes[1][1] > 0.98, "{view:?}");
        let total = 100.0 + 25.0 + 4.0;
        assert!((view.shares[0] - 100.0 / total).abs() < 0.03 && (view.shares[1] - 25.0 / total).abs() < 0.03);
        assert!(dot(&view.axes[0], &view.axes[1]).abs() < 1e-12);
    }

    #[test]
    fn equal_points_have_a_view() {
        let view = View::of(&Points::new(vec![7.0; 40], 4, "x").unwrap());
        assert_eq!(view.shares, [0.0, 0.0]);
        assert_eq!(view.project(&[7.0; 4]).map(|v| v.abs() < 1e-12), [true, true]);
    }

    #[test]
    fn thinning_keeps_order_and_count() {
        let kept = thin(20_000, 5_000, 1);
        assert_eq!(kept.len(), 5_000);
        assert!(kept.windows(2).all(|w| w[0] < w[1]));
        assert_eq!(thin(3, 5, 0), [0, 1, 2]);
    }
}
