//! The sliced Wasserstein-2 distance.

use super::lines::{Line, Lines};
use super::{Estimate, Metric, Properties, Reference};
use crate::pairwise::Pairwise;
use crate::points::{ends, sort_projections};
use crate::{Points, Result, rng::Stream};

/// The [`Properties::floor_points`] of this metric. 200 values then take about half a minute on two
/// threads.
const FLOOR_POINTS: usize = 40_000;

crate::options! {
    /// Options of `sliced_w2`.
    pub struct SlicedW2Options {
        /// Number of random directions, from 1 to 100000; the standard error includes the variance
        /// between directions.
        directions: usize = 128,
    }
}

/// `(mean over directions u of W2(u . x, u . y)^2)^1/2` \[bonneel2015sliced\], in the units of the
/// data. The sets may differ in size, because their quantiles are coupled. The directions are drawn
/// from the stream. In one dimension there is one direction, and the value is `W2` itself. The
/// standard error combines the error over samples (delta method through the potentials of transport
/// on a line) and the error over directions. Cost `directions x (n log n + m log m + (n + m) d)`.
#[derive(Debug, Clone, Default)]
pub struct SlicedW2 {
    options: SlicedW2Options,
}

impl SlicedW2 {
    /// Creates the metric with these options.
    pub fn new(options: SlicedW2Options) -> SlicedW2 {
        SlicedW2 { options }
    }
}

impl Metric for SlicedW2 {
    fn name(&self) -> &'static str {
        "sliced_w2"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties {
            uses_weights: true,
            rate_varies: true,
            sees_units: true,
            degree: Some(1),
            floor_points: FLOOR_POINTS,
            ..Properties::default()
        }
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, stream: Stream) -> Result<Estimate> {
        let (x, y, weights) = (points, reference.points(), reference.weights());
        let (directions, sizes) = (self.options.directions, (x.n(), y.n()));
        let lines = Lines { directions, dim: x.dim(), sizes, weights, stream };
        let (squared, variance) = lines.average(pairwise.interrupt(), |u| transport(u, x, y, weights))?;
        Ok(Estimate::root(squared, variance).with_part("directions", lines.count() as f64))
    }
}

/// Returns `W2^2` of the projections, and the potentials of the optimal transport on the line.
fn transport(direction: &[f64], x: &Points, y: &Points, weights: Option<&[f64]>) -> Line {
    // A point of x has the mass m, and a point of y the mass n. Cumulative masses are then whole
    // numbers, which f64 represents exactly.
    let (n, m) = (x.n() as f64, y.n() as f64);
    let (x, y) = (sort_projections(direction, x), sort_projections(direction, y));
    let ends_of_y = ends(&y, n, weights);
    let (mut of_x, mut of_y) = (vec![0.0; x.len()], vec![0.0; y.len()]);
    let cost = |i: usize, j: usize| (x[i].0 - y[j].0) * (x[i].0 - y[j].0);
    let (mut i, mut j, mut at, mut squared) = (0, 0, 0.0, 0.0);
    // On the coupled pairs the potentials sum to the cost: f_i + g_j = c_ij.
    let (mut f, mut g) = (0.0, cost(0, 0));
    loop {
        (of_x[x[i].1], of_y[y[j].1]) = (f, g);
        let (end_x, end_y) = ((i + 1) as f64 * m, ends_of_y[j]);
        let end = end_x.min(end_y);
        squared += (end - at) * cost(i, j);
        at = end;
        let (next_x, next_y) = (end_x == end, end_y == end);
        if at == n * m {
            break;
        }
        match (next_x, next_y) {
            (true, false) => f = cost(i + 1, j) - g,
            (false, _) => g = cost(i, j + 1) - f,
            // Both sets advance. Either order of the two steps gives valid potentials, and the mean
            // of both is used.
            (true, true) => {
                f = 0.5 * (cost(i + 1, j) - g + cost(i + 1, j + 1) - cost(i, j + 1) + f);
                g = cost(i + 1, j + 1) - f;
            }
        }
        i += usize::from(next_x);
        j += usize::from(next_y);
    }
    Line { value: squared / (n * m), of_x, of_y }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::estimate::mean;

    #[test]
    fn unequal_sizes_couple_quantiles() {
        let x = Points::from_rows(&[[0.0], [3.0]]).unwrap();
        let y = Points::from_rows(&[[5.0], [1.0], [2.0]]).unwrap();
        // 0 -> 1 (1/3), 0 -> 2 (1/6), 3 -> 2 (1/6), 3 -> 5 (1/3)
        let line = transport(&[1.0], &x, &y, None);
        assert!((line.value - (1.0 / 3.0 + 4.0 / 6.0 + 1.0 / 6.0 + 4.0 / 3.0)).abs() < 1e-14);
    }

    /// Too many directions give an error; the program does not run out of memory.
    #[test]
    fn too_many_directions_are_refused() {
        let (x, options) = (Stream::new(1).normal(5, 2), SlicedW2Options { directions: 1_000_000_000_000_000 });
        let reference = Reference::new(x.clone()).unwrap();
        let told = SlicedW2::new(options).measure(&x, &reference, &Pairwise::default(), Stream::new(1)).unwrap_err();
        assert!(told.to_string().contains("`directions` is 1000000000000000"), "{told}");
    }

    #[test]
    fn potentials_prove_the_coupling_optimal() {
        let stream = Stream::new(5);
        for (n, m) in [(40, 40), (40, 60), (7, 13), (1, 5)] {
            let (x, y) = (stream.at(1).normal(n, 1), stream.at(2).normal(m, 1));
            let line = transport(&[1.0], &x, &y, None);
            let dual = mean(&line.of_x) + mean(&line.of_y);
            assert!((dual - line.value).abs() < 1e-12, "{n} and {m}: {dual} against {}", line.value);
            for (i, j) in (0..n).flat_map(|i| (0..m).map(move |j| (i, j))) {
                let slack = (x.row(i)[0] - y.row(j)[0]).powi(2) - line.of_x[i] - line.of_y[j];
                assert!(slack > -1e-12);
            }
        }
    }
}
