//! The size and the finest detail of the distribution of a score, which determine a suitable range
//! of sigma.

use crate::points::{AffineMap, RowSource, median, squared_distance, systematic};
use crate::rng::Stream;
use crate::{Points, Result};
use rayon::prelude::*;
use std::borrow::Cow;

/// Length scales of a distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Extent {
    /// The mean.
    pub centre: Vec<f64>,
    /// The standard deviation of each coordinate, or one length for all coordinates; positive.
    pub std: Vec<f64>,
    /// The root mean square of the standard deviations of the coordinates, of which constant ones
    /// have 0.
    pub width: f64,
    /// The size of the distribution: for points, twice the largest distance from their mean; for a
    /// density, four times its largest standard deviation.
    pub diameter: f64,
    /// The finest detail that an estimate can show: the distance between neighbouring samples, or
    /// the smallest standard deviation of a density.
    pub detail: f64,
    /// The number of stray points. They lie extremely far from the median and do not affect the
    /// other fields.
    pub stray: usize,
}

impl Extent {
    /// Creates the extent of a distribution with these units, given as a map from standard units.
    pub fn new(units: &AffineMap, diameter: f64, detail: f64) -> Extent {
        let (centre, std) = (units.shift().to_vec(), units.scale().to_vec());
        let width = (std.iter().map(|s| s * s).sum::<f64>() / std.len() as f64).sqrt();
        Extent { centre, std, width, diameter, detail, stray: 0 }
    }

    /// Returns the extent of a set of points: their units, [`diameter`] and [`spacing`].
    ///
    /// Points that are extremely far from the coordinate-wise median, such as a value that stands
    /// for a missing one, do not count. If most points coincide with another point (counts, one-hot
    /// codes), the detail is a fraction of the spacing, small enough to separate the distinct
    /// positions.
    pub fn of(points: &Points) -> Extent {
        let kept = without_stray(points);
        Extent { stray: points.n() - kept.n(), ..Extent::of_kept(&kept, detail(&kept)) }
    }

    /// Returns the extent of points with these shares. It is that of equally weighted points: a
    /// point of share `s` occurs `n s` times, up to rounding. The detail is that of the points that
    /// occur. If they all coincide, for instance because one point has nearly all the mass, shares
    /// say nothing of the size, and this is the extent of the points without shares.
    pub fn of_shares(points: &Points, shares: &[f64]) -> Extent {
        let mut rows = systematic(shares, points.n(), 0.5);
        let mut places = rows.clone();
        places.dedup();
        // A place with most of the mass must not decide which points are stray.
        let occurring = points.select(&places);
        let near = near_rows(&occurring);
        let is_near = |row: &usize| places.binary_search(row).is_ok_and(|place| near.binary_search(&place).is_ok());
        rows.retain(is_near);
        match detail(&occurring.select(&near)) {
            0.0 => Extent::of(points),
            detail => Extent { stray: places.len() - near.len(), ..Extent::of_kept(&points.select(&rows), detail) },
        }
    }

    fn of_kept(kept: &Points, detail: f64) -> Extent {
        let width = kept.spread() / (kept.dim() as f64).sqrt();
        Extent { width, ..Extent::new(&AffineMap::of(kept), diameter(kept), detail) }
    }

    /// Returns the extent of rows that are not all in memory. It is measured on random rows: 32 MiB
    /// of them, but at least 5,000. Only the finest detail is extrapolated to all rows: if it falls
    /// by the factor `4^-a` from a quarter of the random rows to all random rows, it is multiplied
    /// by `(random rows / all rows)^a`. If there are no more rows than these, all are measured by
    /// [`Extent::of`].
    ///
    /// # Errors
    /// Those of [`RowSource::read`].
    pub fn of_rows(rows: &dyn RowSource) -> Result<Extent> {
        let (n, dim) = (rows.n(), rows.dim());
        let count = (SAMPLED / dim).max(QUERIES.1).min(n);
        if count == n {
            return Ok(Extent::of(&rows.read(0..n)?));
        }
        let sample = rows.select(&Stream::new(0).label("extent").rng().choose(n, count))?;
        let (of_sample, of_part) = (Extent::of(&sample), Extent::of(&sample.rows(0..count / 4)));
        let fall = (of_part.detail / of_sample.detail).ln() / 4f64.ln();
        let fall = if fall.is_finite() { fall.clamp(0.0, 1.0) } else { 0.0 };
        Ok(Extent { detail: of_sample.detail * (count as f64 / n as f64).powf(fall), ..of_sample })
    }

    /// Returns the noise level at which noise has the length of the finest detail: noise of
    /// standard deviation sigma per coordinate moves a point by about `sigma sqrt(dim)`.
    pub fn detail_noise(&self) -> f64 {
        self.detail / (self.centre.len() as f64).sqrt()
    }

    /// Returns the noise level at which the generation of points ends: that of the finest detail,
    /// but at most a fifth of the width, so that the noise adds at most 4 % to the variance. In
    /// many dimensions even neighbouring points are so far apart that the noise would add more.
    pub fn last_noise(&self) -> f64 {
        self.detail_noise().min(MOST_NOISE * self.width)
    }

    /// Returns the map from standard units to the units of the distribution.
    pub fn units(&self) -> AffineMap {
        AffineMap::new(self.std.clone(), self.centre.clone())
    }
}

/// The smallest and the largest number of points whose nearest neighbour is searched.
const QUERIES: (usize, usize) = (128, 5000);

/// The largest number of coordinate differences that a search computes: about a second of work.
const BUDGET: usize = 2_000_000_000;

/// The number of values of the random rows that stand for all rows of a long file.
const SAMPLED: usize = 1 << 22;

/// The number of points searched together, so that each point is read once for all of them.
const GROUP: usize = 16;

/// The fraction of the spacing that resolves positions shared by several points.
const SHARED_PLACES: f64 = 0.05;

/// The largest noise level at which the generation of points ends, relative to their standard
/// deviation.
const MOST_NOISE: f64 = 0.2;

/// A point is stray if its distance from the coordinate-wise median exceeds the median of these
/// distances by this factor. Heavy tails reach 100 times the median; values that stand for missing
/// ones lie farther away.
const ASTRAY: f64 = 1e4;

/// Returns the points that are not stray; the given ones if no point is stray.
pub(crate) fn without_stray(points: &Points) -> Cow<'_, Points> {
    let near = near_rows(points);
    if near.len() < points.n() { Cow::Owned(points.select(&near)) } else { Cow::Borrowed(points) }
}

/// Returns the rows that are not stray, in ascending order; all rows if most points coincide.
fn near_rows(points: &Points) -> Vec<usize> {
    let centre: Vec<f64> = (0..points.dim()).map(|j| median(points.iter().map(|row| row[j]).collect())).collect();
    let squares: Vec<f64> = points.iter().map(|row| squared_distance(row, &centre)).collect();
    let limit = ASTRAY * ASTRAY * median(squares.clone());
    (0..points.n()).filter(|i| limit == 0.0 || squares[*i] <= limit).collect()
}

/// True if more than half of the points coincide with another point.
fn mostly_coincide(points: &Points) -> bool {
    let mut order: Vec<&[f64]> = points.iter().collect();
    let by_place = |a: &&[f64], b: &&[f64]| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
    order.par_sort_unstable_by(by_place);
    let shared: usize = order.chunk_by(|a, b| a == b).map(<[_]>::len).filter(|n| *n > 1).sum();
    2 * shared > points.n()
}

/// Returns the finest detail of points.
fn detail(points: &Points) -> f64 {
    if mostly_coincide(points) { SHARED_PLACES * spacing(points) } else { spacing(points) }
}

/// Returns twice the largest distance from the mean. This is at least the largest distance between
/// two points, and at most twice that distance.
pub fn diameter(points: &Points) -> f64 {
    let mean = points.mean();
    2.0 * points.iter().map(|row| squared_distance(row, &mean)).fold(0.0, f64::max).sqrt()
}

/// Returns the median distance from a point to the nearest point at another position; 0 if all
/// points coincide.
///
/// Let `q` be `2e9 / (n dim)`, but at least 128 and at most 5,000. If there are at most `q` points,
/// the median is over all of them, otherwise over a fixed random choice of `q` points. Points are
/// sorted along their widest axis, so that in few dimensions most comparisons are skipped.
///
/// ```
/// use sdflow::{Points, score::{diameter, spacing}};
/// let points = Points::from_rows(&[[0.0], [0.0], [1.0], [3.0]])?;
/// assert_eq!((spacing(&points), diameter(&points)), (1.0, 4.0));
/// # Ok::<(), sdflow::Error>(())
/// ```
pub fn spacing(points: &Points) -> f64 {
    let n = points.n();
    let axis = widest(points);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| points.row(i)[axis].total_cmp(&points.row(j)[axis]));
    let sorted = points.select(&order);
    let affordable = (BUDGET / (n * points.dim()).max(1)).clamp(QUERIES.0, QUERIES.1);
    let mut queries: Vec<usize> = match affordable < n {
        true => Stream::new(0).label("spacing").rng().choose(n, affordable),
        false => (0..n).collect(),
    };
    queries.sort_unstable();
    let mut distances: Vec<f64> =
        queries.par_chunks(GROUP).flat_map_iter(|group| nearest(&sorted, group, axis)).collect();
    distances.sort_by(f64::total_cmp);
    let middle = distances.len() / 2;
    match distances.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => distances[middle],
        _ => 0.5 * (distances[middle - 1] + distances[middle]),
    }
}

/// Returns the coordinate with the largest range.
fn widest(points: &Points) -> usize {
    let range = |j: usize| {
        let column = || points.iter().map(|row| row[j]);
        column().fold(f64::NEG_INFINITY, f64::max) - column().fold(f64::INFINITY, f64::min)
    };
    let ranges: Vec<f64> = (0..points.dim()).map(range).collect();
    (0..ranges.len()).max_by(|&a, &b| ranges[a].total_cmp(&ranges[b])).unwrap_or(0)
}

/// Returns, for each point of a group, the distance to the nearest point at another position, if
/// there is one. The points are sorted along `axis`, and the indices of the group ascend.
fn nearest(sorted: &Points, group: &[usize], axis: usize) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; group.len()];
    let mut visit = |i: usize| {
        let y = sorted.row(i);
        let mut near = false;
        for (&q, best) in group.iter().zip(&mut best) {
            let x = sorted.row(q);
            if (y[axis] - x[axis]).powi(2) < *best {
                near = true;
                *best = within(x, y, *best).filter(|d2| *d2 > 0.0).unwrap_or(*best);
            }
        }
        near
    };
    // The search begins within the group. It continues in both directions along the axis. A
    // direction ends where the distance along the axis alone exceeds the nearest distance found for
    // each point of the group.
    let (first, last) = (group[0], group[group.len() - 1]);
    (first..=last).for_each(|i| _ = visit(i));
    let _ = (0..first).rev().all(&mut visit);
    let _ = (last + 1..sorted.n()).all(&mut visit);
    best.into_iter().filter(|d2| d2.is_finite()).map(f64::sqrt).collect()
}

/// Returns `|x - y|^2` if it is less than `limit`.
fn within(x: &[f64], y: &[f64], limit: f64) -> Option<f64> {
    let mut total = 0.0;
    for (x, y) in x.chunks(64).zip(y.chunks(64)) {
        // Eight partial sums, which the compiler vectorises.
        let mut sums = [0.0; 8];
        let ((x8, x), (y8, y)) = (x.as_chunks::<8>(), y.as_chunks::<8>());
        for (x, y) in x8.iter().zip(y8) {
            for k in 0..8 {
                sums[k] += (x[k] - y[k]) * (x[k] - y[k]);
            }
        }
        total += sums.iter().sum::<f64>() + squared_distance(x, y);
        if total >= limit {
            return None;
        }
    }
    Some(total)
}

#[cfg(test)]
mod tests;
