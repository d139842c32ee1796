//! The three stages of a sum on the grid at some of the queries: points are spread over tiles,
//! tiles are convolved along one axis after the other, and sums are read at the queries.

use super::block::{Gather, Spread, block_len, block_side, tile_len};
use super::convolve::{Means, Tiles, convolve};
use super::fourier::Fourier;
use super::kept::SpreadTiles;
use super::lattice::{Lattice, side};
use super::order::{Occupied, Placed};
use super::window::{CHANNELS, Window};
use crate::Result;
use rayon::prelude::*;
use std::f64::consts::PI;
use std::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The number of points that one task spreads over a block, and the number of queries for which one
/// task reads sums from a block. Both numbers are fixed, so that sums are always added in the same
/// order.
const SPREAD: usize = 4096;
const GATHER: usize = 2048;

/// The sources of a sum.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// Points with values, sources x channels, in the order of the grid. The tiles over which they
    /// are spread are stored in `keep`.
    Points { placed: &'a Placed, values: &'a [f64], keep: Option<&'a OnceLock<SpreadTiles>> },
    /// Tiles over which the points were spread by an earlier sum.
    Spread(&'a SpreadTiles),
}

/// The tiles that have values after each stage, for the queries of some tiles.
#[derive(Debug)]
pub struct Stages {
    lattice: Lattice,
    /// The tiles of the queries: indices into the tiles of all queries.
    queries: Range<usize>,
    /// The number of sources near the queries.
    pub sources: usize,
    /// The tiles of these sources: indices into the tiles of all sources.
    near: Vec<usize>,
    /// Tiles over which sources near queries are spread.
    spread: Vec<u64>,
    /// Tiles after the convolution along each axis; the last ones are those of the queries.
    convolved: Vec<Vec<u64>>,
    /// The convolution of all tiles at once; None if it is along one axis after the other.
    pub fourier: Option<Fourier>,
}

impl Stages {
    /// Finds the tiles that sources reach and that the queries of these tiles need. On a lasting
    /// lattice, sources are spread over all tiles that they reach if the queries are not divided
    /// into groups, so that these tiles do not depend on the queries.
    pub fn new(lattice: &Lattice, sources: &Placed, queries: &Placed, range: Range<usize>) -> Stages {
        let (dim, reach) = (lattice.dim, lattice.reach());
        let own: Vec<u64> = queries.tiles[range.clone()].iter().map(|tile| tile.key).collect();
        let next = |set: Vec<u64>| (0..dim).fold(set, |set, axis| lattice.widened(&set, axis, (0, 1)));
        let is_whole = lattice.is_lasting && range.len() == queries.tiles.len();
        // Sources far from all queries are left out before their tiles are widened.
        let mut blocks: Vec<u64> = own.iter().map(|key| lattice.block_of_tiles(*key)).collect();
        blocks.dedup();
        let blocks = (0..dim).fold(blocks, |set, axis| lattice.widened(&set, axis, (-1, 1)));
        let is_near = |i: &usize| blocks.binary_search(&lattice.block_of_tiles(sources.tiles[*i].key)).is_ok();
        let near: Vec<usize> = (0..sources.tiles.len()).filter(|i| is_whole || is_near(i)).collect();
        let tiles = || near.iter().map(|i| &sources.tiles[*i]);
        // The tiles that values can reach after each convolution, and then the tiles among them
        // that are needed.
        let mut reached = vec![next(tiles().map(|tile| tile.key).collect())];
        for axis in 0..dim {
            reached.push(lattice.widened(&reached[axis], axis, (-reach, reach)));
        }
        let mut needed = next(own);
        needed.retain(|key| reached[dim].binary_search(key).is_ok());
        let mut convolved = vec![needed];
        for axis in (0..dim).rev() {
            let mut needed = lattice.widened(&convolved[dim - 1 - axis], axis, (-reach, reach));
            needed.retain(|key| reached[axis].binary_search(key).is_ok());
            convolved.push(needed);
        }
        let needed = convolved.pop().unwrap_or_default();
        let spread = if is_whole { reached.swap_remove(0) } else { needed };
        convolved.reverse();
        let count = tiles().map(Occupied::len).sum();
        Stages { lattice: lattice.clone(), queries: range, sources: count, near, spread, convolved, fourier: None }
    }

    /// Creates the stages of a convolution of all tiles at once: those that sources reach, and
    /// those from which queries read.
    pub fn over(fourier: Fourier, lattice: &Lattice, sources: &Placed, queries: &Placed) -> Stages {
        let next = |placed: &Placed| {
            let own: Vec<u64> = placed.tiles.iter().map(|tile| tile.key).collect();
            (0..lattice.dim).fold(own, |set, axis| lattice.widened(&set, axis, (0, 1)))
        };
        Stages {
            lattice: lattice.clone(),
            queries: 0..queries.tiles.len(),
            sources: sources.index.len(),
            near: (0..sources.tiles.len()).collect(),
            spread: next(sources),
            convolved: vec![next(queries)],
            fourier: Some(fourier),
        }
    }

    /// Returns the largest number of tiles of a stage.
    pub fn largest(&self) -> usize {
        self.convolved.iter().map(Vec::len).fold(self.spread.len(), usize::max)
    }

    /// Returns the number of tiles of all stages.
    pub fn tiles(&self) -> usize {
        self.spread.len() + self.convolved.iter().map(Vec::len).sum::<usize>()
    }

    /// Computes the sums of all channels at the queries of these stages. `sums`, all queries x
    /// channels, is in the order of the grid. Returns an upper bound of the sum of the first
    /// channel at these queries.
    ///
    /// # Errors
    /// An interrupt.
    pub fn run(&self, input: Input, (queries, sums): (&Placed, &mut [f64]), means: Means) -> Result<f64> {
        let (len, taps) = (tile_len(self.lattice.dim), self.lattice.taps());
        means.pool.with(|one| {
            means.pool.with(|other| {
                let (mut from, mut to) = (one, other);
                let (kept, bound) = match input {
                    Input::Spread(SpreadTiles { keys, values, masses }) => {
                        (Some(Tiles { keys, values }), self.bound(*masses))
                    }
                    Input::Points { placed, values, keep } => {
                        let grid = from.take(self.spread.len() * len);
                        self.spread(placed, values, grid, means)?;
                        let masses = self.masses(grid);
                        if let Some(keep) = keep {
                            keep.get_or_init(|| SpreadTiles {
                                keys: self.spread.clone(),
                                values: grid.to_vec(),
                                masses,
                            });
                        }
                        (None, self.bound(masses))
                    }
                };
                let mut input = &self.spread;
                for (axis, keys) in self.convolved.iter().enumerate() {
                    means.interrupt.check()?;
                    let tiles = kept.filter(|_| axis == 0);
                    let tiles = tiles.unwrap_or_else(|| Tiles { keys: input, values: from.slice(input.len() * len) });
                    let output = to.take(keys.len() * len);
                    match &self.fourier {
                        Some(fourier) => fourier.convolve(tiles, (keys, output), means)?,
                        None => convolve((&self.lattice, axis), &taps, tiles, (keys, output), means)?,
                    }
                    (from, to) = (to, from);
                    input = keys;
                }
                let tiles = Tiles { keys: input, values: from.slice(input.len() * len) };
                self.gather(tiles, queries, sums, means)?;
                Ok(bound)
            })
        })
    }

    /// Spreads the sources. Tiles of the same colour are so far apart that their blocks do not
    /// overlap. Their values are added at the same time, one colour after the other.
    fn spread(&self, sources: &Placed, values: &[f64], grid: &mut [f64], means: Means) -> Result<()> {
        let (dim, window) = (self.lattice.dim, self.lattice.window);
        grid.par_chunks_mut(tile_len(dim)).for_each(|tile| tile.fill(0.0));
        let places: Vec<Mutex<&mut [f64]>> = grid.chunks_exact_mut(tile_len(dim)).map(Mutex::new).collect();
        for colour in 0..1 << dim {
            let near = self.near.iter().map(|i| &sources.tiles[*i]);
            let own: Vec<&Occupied> = near.filter(|tile| self.lattice.colour(tile.key) == colour).collect();
            own.into_par_iter().try_for_each(|tile| {
                means.interrupt.check()?;
                let corners: Vec<(usize, usize)> = (0..1 << dim)
                    .filter_map(|corner| {
                        let key = self.lattice.corner(tile.key, corner);
                        Some((corner, self.spread.binary_search(&key).ok()?))
                    })
                    .collect();
                if corners.is_empty() {
                    return Ok(());
                }
                means.pool.with(|block| {
                    let block = block.take(block_len(window, dim));
                    spread_range((window, dim), (sources, values), tile.from..tile.to, block, means);
                    for (corner, at) in corners {
                        let mut tile = places[at].lock().unwrap_or_else(PoisonError::into_inner);
                        for [in_block, in_tile, count] in rows((window, dim), corner) {
                            let from = &block[in_block..in_block + count];
                            tile[in_tile..in_tile + count].iter_mut().zip(from).for_each(|(sum, part)| *sum += part);
                        }
                    }
                });
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Returns the sum of the first channel over all cells, and its largest value in a cell.
    fn masses(&self, spread: &[f64]) -> (f64, f64) {
        let of_tile = |tile: &[f64]| {
            let masses = tile.iter().step_by(CHANNELS);
            masses.fold((0.0f64, 0.0), |(sum, most), mass| (sum + mass, f64::max(most, *mass)))
        };
        let tiles: Vec<(f64, f64)> = spread.par_chunks_exact(tile_len(self.lattice.dim)).map(of_tile).collect();
        tiles.iter().fold((0.0, 0.0), |(sum, most), tile| (sum + tile.0, f64::max(most, tile.1)))
    }

    /// Returns an upper bound of the sum of the first channel at any point. It is the smaller of
    /// two bounds: one from the sum over all cells, and one as if every cell had the largest value
    /// of a cell.
    fn bound(&self, (sum, most): (f64, f64)) -> f64 {
        let Lattice { dim, window, .. } = self.lattice;
        let of_point = window.mass().powi(dim as i32);
        let cells = ((2.0 * PI).sqrt() * self.lattice.cells_per_sigma()).powi(dim as i32);
        (sum / of_point).min(cells * most / of_point)
    }

    /// Reads the sums at the queries of these stages.
    fn gather(&self, tiles: Tiles, queries: &Placed, sums: &mut [f64], means: Means) -> Result<()> {
        let (dim, window) = (self.lattice.dim, self.lattice.window);
        let own = &queries.tiles[self.queries.clone()];
        let mut parts = Vec::new();
        let mut rest = &mut sums[own.first().map_or(0, |tile| tile.from) * CHANNELS..];
        for tile in own {
            for from in (tile.from..tile.to).step_by(GATHER) {
                let to = tile.to.min(from + GATHER);
                let (own, others) = rest.split_at_mut((to - from) * CHANNELS);
                parts.push((tile.key, from..to, own));
                rest = others;
            }
        }
        parts.into_par_iter().try_for_each(|(key, range, sums)| {
            means.interrupt.check()?;
            means.pool.with(|block| {
                let block = block.take(block_len(window, dim));
                block.fill(0.0);
                for corner in 0..1 << dim {
                    let Some(tile) = tiles.find(dim, self.lattice.corner(key, corner)) else { continue };
                    for [in_block, in_tile, count] in rows((window, dim), corner) {
                        block[in_block..in_block + count].copy_from_slice(&tile[in_tile..in_tile + count]);
                    }
                }
                let begins = &queries.begins[range.start * dim..range.end * dim];
                means.isa.run(Gather { window, dim, begins, block, sums });
            });
            Ok(())
        })
    }
}

/// Spreads a range of points over a block. The two halves of a large range are spread over blocks
/// of their own.
fn spread_range(
    (window, dim): (&'static Window, usize),
    (sources, values): (&Placed, &[f64]),
    range: Range<usize>,
    block: &mut [f64],
    means: Means,
) {
    if range.len() > SPREAD {
        let middle = range.start + range.len() / 2;
        means.pool.with(|other| {
            let other = other.take(block.len());
            rayon::join(
                || spread_range((window, dim), (sources, values), range.start..middle, block, means),
                || spread_range((window, dim), (sources, values), middle..range.end, other, means),
            );
            block.iter_mut().zip(other).for_each(|(sum, part)| *sum += *part);
        });
        return;
    }
    block.fill(0.0);
    let begins = &sources.begins[range.start * dim..range.end * dim];
    let values = &values[range.start * CHANNELS..range.end * CHANNELS];
    means.isa.run(Spread { window, dim, begins, values, block });
}

/// Returns the rows that a block shares with the tile at a corner: where they begin in the block
/// and in the tile, and how many values they have.
fn rows((window, dim): (&'static Window, usize), corner: usize) -> impl Iterator<Item = [usize; 3]> {
    let is_next = move |axis: usize| corner >> axis & 1 == 1;
    let count = move |axis: usize| if is_next(axis) { window.width - 1 } else { side(dim) };
    let first = move |axis: usize| if is_next(axis) { side(dim) } else { 0 };
    let outer = [0, 1].map(|axis| if axis + 1 < dim { count(axis) } else { 1 });
    (0..outer[0] * outer[1]).map(move |row| {
        let cell = [row / outer[1], row % outer[1]];
        let (mut in_block, mut in_tile) = (0, 0);
        for (axis, cell) in cell.into_iter().enumerate().take(dim - 1) {
            in_block = in_block * block_side(window, dim) + first(axis) + cell;
            in_tile = in_tile * side(dim) + cell;
        }
        let last = dim - 1;
        let in_block = (in_block * block_side(window, dim) + first(last)) * CHANNELS;
        [in_block, in_tile * side(dim) * CHANNELS, count(last) * CHANNELS]
    })
}
