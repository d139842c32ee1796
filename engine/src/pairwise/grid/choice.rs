//! The choice between the grid and direct sums, by a model of their times.
//!
//! The constants are nanoseconds of one thread, set from measurements on machines with 256-bit and
//! with 512-bit registers. They are fixed, so that the choice, and with it the last digits of a
//! result, depends on the points and on the tolerance alone. The times of the grid are those of the
//! window of 14 cells; other windows take less time in proportion to their cells and taps.

use super::block::tile_len;
use super::lattice::{DIM, Lattice, Placed, side};
use super::stages::Stages;
use super::window::Window;
use crate::pairwise::plan::Shape;
use crate::pairwise::{Backend, PairwiseOptions, Precision};

/// With fewer pairs, `auto` does not consider the grid.
const ENOUGH_PAIRS: usize = 1 << 24;

/// The time of placing a point, and of spreading it or reading its sums in one, two and three
/// dimensions.
const PLACE: f64 = 40.0;
const POINT: [f64; DIM] = [50.0, 120.0, 1200.0];

/// The time of a value of a tile in one stage.
const VALUE: f64 = 3.0;

/// The cells per axis and the taps per side of the window whose times these are.
const CELLS: f64 = 14.0;
const TAPS: f64 = 43.0;

/// The time of a pair of a direct sum.
const PAIR: [f64; DIM] = [0.1, 0.12, 0.14];

/// The distance, in units of sigma, beyond which direct sums skip pairs. Of the pairs in tiles
/// within this distance, direct sums evaluate the share `EVALUATED`.
const SKIPPED: f64 = 7.5;
const EVALUATED: [f64; DIM] = [0.1, 0.4, 0.4];

/// True if sums of this shape may be computed on the grid. For `auto`, direct sums over all pairs
/// must at least take longer than one pass of the points over the grid.
pub fn serves(options: &PairwiseOptions, shape: &Shape) -> bool {
    let (n, m) = (shape.n, shape.m);
    match options.backend {
        _ if shape.dim > DIM => false,
        Backend::Grid => Window::of(options.tol).is_some(),
        Backend::Auto if options.precision != Precision::F64 && options.skip => {
            let Some(window) = Window::of(options.tol) else { return false };
            let pairs = n.saturating_mul(m);
            let points = (PLACE + of_point(window, shape.dim)) * (n + m) as f64;
            pairs >= ENOUGH_PAIRS && points < PAIR[shape.dim - 1] * pairs as f64
        }
        _ => false,
    }
}

/// Returns the time of spreading a point, or of reading its sums.
fn of_point(window: &Window, dim: usize) -> f64 {
    POINT[dim - 1] * (window.width as f64 / CELLS).powi(dim as i32)
}

/// Returns the time of a value of a tile in one stage.
fn of_value(window: &Window) -> f64 {
    VALUE * window.reach as f64 / TAPS
}

/// Returns the largest number of values that all tiles of a stage may have: 128 MB, and 128 bytes
/// per point. Two stages are held at a time. The number does not depend on the memory of the
/// machine, because the results must not depend on it.
fn most_values(shape: &Shape) -> usize {
    (1 << 24) + 16 * (shape.n + shape.m)
}

/// Returns an upper bound of the time of direct sums; None if the grid has too many tiles, or if
/// `auto` expects the grid to take longer than direct sums.
pub(super) fn direct_time(
    options: &PairwiseOptions,
    shape: &Shape,
    lattice: &Lattice,
    (queries, sources): (&Placed, &Placed),
) -> Option<f64> {
    let (d, values) = (shape.dim - 1, queries.tiles.len().saturating_mul(tile_len(shape.dim)));
    if values > most_values(shape) {
        return None;
    }
    if options.backend == Backend::Grid {
        return Some(f64::INFINITY);
    }
    // The tiles of the queries are convolved along at least one axis.
    let least = of_value(lattice.window) * values as f64;
    let all = PAIR[d] * shape.n as f64 * shape.m as f64;
    let time = match shape.skips(options) {
        true if least < all => all.min(PAIR[d] * EVALUATED[d] * near(lattice, queries, sources)),
        _ => all,
    };
    (least < time).then_some(time)
}

/// Returns the time of this many passes over the grid; None if there are too many tiles.
pub(super) fn grid_time(shape: &Shape, stages: &Stages, passes: usize) -> Option<f64> {
    if stages.largest() * tile_len(shape.dim) > most_values(shape) {
        return None;
    }
    let (points, passes, window) = ((shape.n + shape.m) as f64, passes as f64, stages.lattice.window);
    let values = (stages.tiles() * tile_len(shape.dim)) as f64;
    Some(PLACE * points + passes * (of_point(window, shape.dim) * points + of_value(window) * values))
}

/// Returns the number of pairs in tiles that are near each other.
fn near(lattice: &Lattice, queries: &Placed, sources: &Placed) -> f64 {
    let dim = lattice.dim;
    let reach = (SKIPPED * lattice.window.cells_per_sigma / side(dim) as f64).ceil() as i64;
    let of_tile = |key: u64| {
        let keys = (0..dim).fold(vec![key], |set, axis| lattice.widened(&set, axis, (-reach, reach)));
        let found = keys.iter().filter_map(|key| sources.tiles.binary_search_by_key(key, |tile| tile.key).ok());
        found.map(|at| sources.tiles[at].len()).sum::<usize>()
    };
    queries.tiles.iter().map(|tile| tile.len() as f64 * of_tile(tile.key) as f64).sum()
}
