//! The choice between the grid and direct sums, by a model of their times.
//!
//! The constants are nanoseconds of one thread, set from measurements on machines with 256-bit and
//! with 512-bit registers. They are fixed, so that the choice, and with it the last digits of a
//! result, depends on the points and on the tolerance alone. The times of the grid are those of the
//! window of 14 cells; other windows take less time in proportion to their cells and taps.

use super::block::tile_len;
use super::fourier::Fourier;
use super::lattice::{DIM, Lattice, side};
use super::order::Placed;
use super::parts::Parts;
use super::window::{CHANNELS, Window};
use crate::Points;
use crate::pairwise::plan::Shape;
use crate::pairwise::{Backend, PairwiseOptions, Precision};
use rayon::prelude::*;

/// Coordinates that are compared together, and rows of one task.
const LANES: usize = 12;
const ROWS: usize = 4096;

/// With fewer pairs, `auto` does not consider the grid.
const ENOUGH_PAIRS: usize = 1 << 24;

/// The time of placing a point, and of spreading it or reading its sums in one, two and three
/// dimensions.
const PLACE: f64 = 40.0;
const POINT: [f64; DIM] = [50.0, 120.0, 1200.0];

/// The time of a value of a tile in one stage.
const VALUE: f64 = 7.0;

/// The time of a cell of a box whose sums are computed by Fourier transforms, for all channels, and
/// of a pair of a direct sum with a kernel that is no Gaussian.
const TRANSFORMED: f64 = 100.0;
const KERNEL_PAIR: f64 = 0.25;

/// The cells per axis, the cells per sigma and the taps per side of the window whose times these
/// are.
const CELLS: f64 = 14.0;
const CELLS_PER_SIGMA: f64 = 4.0;
const TAPS: f64 = 43.0;

/// The time of a pair of a direct sum.
const PAIR: [f64; DIM] = [0.1, 0.12, 0.14];

/// The longest time of the grid if it was requested: a part that does not depend on the points, and
/// a part per point. If the grid would take longer, because the points lie in too many tiles, sums
/// are computed directly.
const REQUESTED: (f64, f64) = (1e9, 2e4);

/// The distance, in units of sigma, beyond which direct sums skip pairs.
const SKIPPED: f64 = 7.5;

/// The time of a direct sum that skips pairs: a part per query, and a part per pair in tiles within
/// the distance [`SKIPPED`], for tiles as wide as those of the window of [`CELLS`] cells.
const QUERY: [f64; DIM] = [0.0, 0.0, 1500.0];
const NEAR_PAIR: [f64; DIM] = [0.01, 0.048, 0.27];

/// The number of queries in whose neighbourhood sources are counted. They are equally spaced in the
/// order of the grid, so that a tile with many queries counts as often as it has queries.
const SOME_QUERIES: usize = 1024;

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
fn of_value(lattice: &Lattice) -> f64 {
    VALUE * lattice.window.reach(lattice.cells_per_sigma()) as f64 / TAPS
}

/// True if smaller cells would cost little for a sum over these queries and sources: the
/// convolutions of all cells of the boxes around the points take at most half as long as placing
/// and spreading the sources.
pub(super) fn may_last(lattice: &Lattice, (queries, sources): (&Points, &Points)) -> bool {
    let dim = lattice.dim;
    let boxed = if std::ptr::eq(queries, sources) { 0.0 } else { cells_of_box(lattice, queries) };
    let cells = cells_of_box(lattice, sources).max(boxed);
    let convolved = of_value(lattice) * cells * (CHANNELS * (dim + 1)) as f64;
    convolved <= 0.5 * (PLACE + of_point(lattice.window, dim)) * sources.n() as f64
}

/// Returns the number of cells of the box around these points and their windows.
fn cells_of_box(lattice: &Lattice, points: &Points) -> f64 {
    // One number of lanes is a multiple of every number of dimensions, so that a lane belongs to
    // one axis.
    let widened = |mut ends: [(f64, f64); LANES], lanes: &[f64]| {
        for ((low, high), x) in ends.iter_mut().zip(lanes) {
            *low = if *x < *low { *x } else { *low };
            *high = if *x > *high { *x } else { *high };
        }
        ends
    };
    let empty = || [(f64::INFINITY, f64::NEG_INFINITY); LANES];
    let of_rows = |rows: &[f64]| rows.chunks(LANES).fold(empty(), widened);
    let both = |a, b: [(f64, f64); LANES]| widened(widened(a, &b.map(|end| end.0)), &b.map(|end| end.1));
    let lanes = points.data().par_chunks(ROWS * lattice.dim).map(of_rows).reduce(empty, both);
    let cells = |axis: usize| {
        let own = lanes.iter().skip(axis).step_by(lattice.dim);
        let (low, high) = own.fold(empty()[0], |a, b| (a.0.min(b.0), a.1.max(b.1)));
        ((high - low) / lattice.cell()).ceil() + lattice.window.width as f64
    };
    (0..lattice.dim).map(cells).product()
}

/// Returns the time that the grid may take: an upper bound of the time of direct sums or, if the
/// grid was requested, a time according to [`REQUESTED`]. None if the grid is expected to take
/// longer.
pub(super) fn longest_time(
    options: &PairwiseOptions,
    shape: &Shape,
    lattice: &Lattice,
    (queries, sources): (&Placed, &Placed),
) -> Option<f64> {
    let (d, values) = (shape.dim - 1, queries.tiles.len().saturating_mul(tile_len(shape.dim)));
    // Tiles near the queries have values after spreading and after each convolution.
    let least = of_value(lattice) * values as f64 * (shape.dim + 1) as f64;
    if options.backend == Backend::Grid {
        let time = REQUESTED.0 + REQUESTED.1 * (shape.n + shape.m) as f64;
        return (least < time).then_some(time);
    }
    let all = PAIR[d] * shape.n as f64 * shape.m as f64;
    let time = match shape.skips(options) {
        true if least < all => {
            all.min(QUERY[d] * shape.n as f64 + NEAR_PAIR[d] * near_pairs(lattice, queries, sources))
        }
        _ => all,
    };
    (least < time).then_some(time)
}

/// Returns the time that a box may take for a sum over this many kernels: that of direct sums, and
/// that of as many grids with few tiles.
pub(super) fn longest_time_of_kernels(
    options: &PairwiseOptions,
    shape: &Shape,
    window: &Window,
    kernels: usize,
    passes: usize,
) -> f64 {
    let points = (shape.n + shape.m) as f64;
    let direct = match options.backend {
        Backend::Grid => REQUESTED.0 + REQUESTED.1 * points,
        _ => KERNEL_PAIR * shape.n as f64 * shape.m as f64 * kernels as f64,
    };
    if kernels == 1 {
        return direct;
    }
    direct.min(kernels as f64 * (PLACE + passes as f64 * of_point(window, shape.dim)) * points)
}

/// Returns the largest number of values that all tiles of a stage may have: 128 MB, and 128 bytes
/// per point. The number does not depend on the memory of the machine, because the results must not
/// depend on it.
pub(super) fn most_values(n: usize, m: usize) -> usize {
    (1 << 24) + 16 * (n + m)
}

/// Returns the largest number of bytes that the tiles of a sum over `m` sources at `n` queries
/// have. Two stages are held at a time.
pub fn most_bytes(n: usize, m: usize) -> usize {
    2 * size_of::<f64>() * most_values(n, m)
}

/// Returns the largest number of tiles for which the grid takes at most this time.
pub(super) fn most_tiles(lattice: &Lattice, time: f64) -> usize {
    (time / (of_value(lattice) * tile_len(lattice.dim) as f64)) as usize
}

/// Returns the time of this many passes over the grid.
pub(super) fn grid_time(shape: &Shape, parts: &Parts, passes: usize) -> f64 {
    let (placed, visited, passes) = ((shape.n + shape.m) as f64, (shape.n + parts.sources()) as f64, passes as f64);
    let values = (parts.tiles() * tile_len(shape.dim)) as f64;
    let window = parts.lattice.window;
    let convolved = of_value(&parts.lattice) * values + TRANSFORMED * parts.fourier().map_or(0.0, Fourier::cells);
    PLACE * placed + passes * (of_point(window, shape.dim) * visited + convolved)
}

/// Returns the number of pairs in tiles within the distance [`SKIPPED`], estimated from
/// [`SOME_QUERIES`] queries. Wider tiles have more pairs; their number is reduced to that of the
/// tiles for which the times hold.
fn near_pairs(lattice: &Lattice, queries: &Placed, sources: &Placed) -> f64 {
    let dim = lattice.dim;
    let reach = |per_sigma: f64| (SKIPPED * per_sigma / side(dim) as f64).ceil();
    let width = |per_sigma: f64| (2.0 * reach(per_sigma) + 1.0) / per_sigma;
    let own = lattice.cells_per_sigma();
    let share = (width(CELLS_PER_SIGMA) / width(own)).powf(0.5 * dim as f64);
    let reach = reach(own) as i64;
    let of_tile = |key: u64| {
        let keys = (0..dim).fold(vec![key], |set, axis| lattice.widened(&set, axis, (-reach, reach)));
        let found = keys.iter().filter_map(|key| sources.tiles.binary_search_by_key(key, |tile| tile.key).ok());
        found.map(|at| sources.tiles[at].len()).sum::<usize>()
    };
    let n = queries.index.len();
    let some = n.min(SOME_QUERIES);
    let tile = |position: usize| queries.tiles[queries.tiles.partition_point(|tile| tile.to <= position)].key;
    let found: f64 = (0..some).map(|i| of_tile(tile(i * n / some)) as f64).sum();
    share * found * n as f64 / some.max(1) as f64
}
