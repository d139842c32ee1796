//! The choice between the grid and direct sums, by a model of their times.
//!
//! The constants are nanoseconds of one thread, measured on machines with 512-bit registers. They
//! are fixed, so that the choice, and with it the last digits of a result, depends on the points
//! alone.

use super::block::tile_len;
use super::lattice::{DIM, Placed, side};
use super::stages::Stages;
use super::window::CELLS_PER_SIGMA;
use crate::pairwise::plan::Shape;
use crate::pairwise::{Backend, PairwiseOptions, Precision};
use crate::points::no_room;

/// With fewer pairs, `auto` does not consider the grid.
const ENOUGH_PAIRS: usize = 1 << 24;

/// Placing a point, and spreading it or reading its sums, in one, two and three dimensions.
const PLACE: f64 = 40.0;
const POINT: [f64; DIM] = [40.0, 60.0, 250.0];

/// A value of a tile in one stage.
const VALUE: f64 = 1.0;

/// A pair of a direct sum.
const PAIR: [f64; DIM] = [0.09, 0.11, 0.13];

/// The distance, in units of sigma, beyond which direct sums skip pairs, and the share of the pairs
/// in tiles within this distance that they evaluate.
const SKIPPED: f64 = 7.5;
const EVALUATED: [f64; DIM] = [0.1, 0.25, 0.2];

/// True if sums of this shape may be computed on the grid.
pub fn serves(options: &PairwiseOptions, shape: &Shape) -> bool {
    let enough = shape.n.saturating_mul(shape.m) >= ENOUGH_PAIRS;
    let chosen = options.backend == Backend::Auto && options.precision != Precision::F64 && options.skip && enough;
    shape.dim <= DIM && (options.backend == Backend::Grid || chosen)
}

/// True if the tiles fit into memory, and `auto` expects the grid to be faster than direct sums.
pub(super) fn pays(
    options: &PairwiseOptions,
    shape: &Shape,
    stages: &Stages,
    (queries, sources): (&Placed, &Placed),
    passes: usize,
) -> bool {
    if no_room(stages.largest() * tile_len(shape.dim), 2).is_some() {
        return false;
    }
    if options.backend == Backend::Grid {
        return true;
    }
    let d = shape.dim - 1;
    let (n, m, passes) = (shape.n as f64, shape.m as f64, passes as f64);
    let tiles = (stages.tiles() * tile_len(shape.dim)) as f64;
    let on_grid = PLACE * (n + m) + passes * (POINT[d] * (n + m) + VALUE * tiles);
    let pairs = if shape.skips(options) { EVALUATED[d] * near(stages, queries, sources) } else { n * m };
    on_grid < PAIR[d] * pairs
}

/// Returns the number of pairs in tiles that are near each other.
fn near(stages: &Stages, queries: &Placed, sources: &Placed) -> f64 {
    let dim = stages.lattice.dim;
    let reach = (SKIPPED * CELLS_PER_SIGMA / side(dim) as f64).ceil() as i64;
    let of_tile = |key: u64| {
        let keys = (0..dim).fold(vec![key], |set, axis| stages.lattice.widened(&set, axis, (-reach, reach)));
        let found = keys.iter().filter_map(|key| sources.tiles.binary_search_by_key(key, |tile| tile.key).ok());
        found.map(|at| sources.tiles[at].len()).sum::<usize>()
    };
    queries.tiles.iter().map(|tile| tile.len() as f64 * of_tile(tile.key) as f64).sum()
}
