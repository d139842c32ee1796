//! The size and the finest detail of the distribution of a score, which determine a suitable range
//! of sigma.

use crate::points::{AffineMap, RowSource, median, squared_distance};
use crate::rng::Stream;
use crate::{Points, Result};
use rayon::prelude::*;

/// Length scales of a distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Extent {
    /// The mean.
    pub centre: Vec<f64>,
    /// The standard deviation of each coordinate, or one length for all coordinates; positive.
    pub std: Vec<f64>,
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
        Extent { centre: units.shift().to_vec(), std: units.scale().to_vec(), diameter, detail, stray: 0 }
    }

    /// Returns the extent of a set of points: their units, [`diameter`] and [`spacing`].
    ///
    /// Points that are extremely far from the coordinate-wise median, such as a value that stands
    /// for a missing one, do not count. If most points coincide with another point (counts, one-hot
    /// codes), the detail is a fraction of the spacing, small enough to separate the distinct
    /// positions.
    pub fn of(points: &Points) -> Extent {
        let kept = without_stray(points);
        let stray = kept.as_ref().map_or(0, |kept| points.n() - kept.n());
        let points = kept.as_ref().unwrap_or(points);
        let detail = if mostly_coincide(points) { SHARED_PLACES * spacing(points) } else { spacing(points) };
        Extent { stray, ..Extent::new(&AffineMap::of(points), diameter(points), detail) }
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

/// A point is stray if its distance from the coordinate-wise median exceeds the median of these
/// distances by this factor. Heavy tails reach 100 times the median; values that stand for missing
/// ones lie farther away.
const ASTRAY: f64 = 1e4;

/// Returns the points that are not stray; None if no point is stray.
pub(crate) fn without_stray(points: &Points) -> Option<Points> {
    let centre: Vec<f64> = (0..points.dim()).map(|j| median(points.iter().map(|row| row[j]).collect())).collect();
    let squares: Vec<f64> = points.iter().map(|row| squared_distance(row, &centre)).collect();
    let limit = ASTRAY * ASTRAY * median(squares.clone());
    let near: Vec<usize> = (0..points.n()).filter(|i| squares[*i] <= limit).collect();
    (limit > 0.0 && near.len() < points.n()).then(|| points.select(&near))
}

/// True if more than half of the points coincide with another point.
fn mostly_coincide(points: &Points) -> bool {
    let mut order: Vec<&[f64]> = points.iter().collect();
    let by_place = |a: &&[f64], b: &&[f64]| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
    order.par_sort_unstable_by(by_place);
    let shared: usize = order.chunk_by(|a, b| a == b).map(<[_]>::len).filter(|n| *n > 1).sum();
    2 * shared > points.n()
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
mod tests {
    use super::*;
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
    fn the_spacing_of_many_points_comes_from_a_sample_for_any_number_of_threads() {
        // For n points uniform on a square, the nearest distance r has P(> r) = exp(-n pi r^2), so
        // its median is sqrt(ln 2 / (n pi)).
        let n = 20_000;
        let mut rng = Stream::new(4).rng();
        let points = Points::new((0..2 * n).map(|_| rng.uniform()).collect(), 2, "x").unwrap();
        let with =
            |threads| ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| spacing(&points));
        let want = (2f64.ln() / (n as f64 * std::f64::consts::PI)).sqrt();
        assert!((with(1) / want - 1.0).abs() < 0.04, "{} {want}", with(1));
        assert_eq!(with(1), with(3));
    }
}
