//! The entries of a plan that are not negligible, and linear equations with them.

use super::Marginal;
use crate::points::{dot, squared_distance};
use crate::{Interrupt, Result};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The largest number of entries; an entry takes 8 bytes.
const MOST_ENTRIES: usize = 2 << 20;

/// An entry is kept if its share of its row or of its column is larger than this number. The second
/// number is used if the first one keeps too many entries.
const SHARES: [f64; 2] = [1e-8, 1e-4];

/// Number of blocks of rows; it is fixed, so that results do not depend on the number of threads.
const BLOCKS: usize = 8;

/// Conjugate gradients stop when the preconditioned norm of the residual is at most `REDUCTION`
/// times its first value, or after `MOST_ITERATIONS` iterations.
const REDUCTION: f64 = 0.03;
const MOST_ITERATIONS: usize = 500;

/// The plan of potentials `f` and `g` without its negligible entries.
#[derive(Debug)]
pub struct SparsePlan<'a> {
    masses: &'a [f64],
    blocks: Vec<Block>,
    /// The masses of the columns, and the same masses divided by the column sums of the shares (0
    /// for a column without entries).
    columns: &'a [f64],
    scaled: Vec<f64>,
    /// The row sums `r` of the entries, and the diagonal of the operator without damping.
    rows: Vec<f64>,
    diagonal: Vec<f64>,
}

/// The entries of some rows, as shares of the masses of their columns.
#[derive(Debug, Default)]
struct Block {
    /// For every row, the index after its last entry.
    ends: Vec<usize>,
    columns: Vec<u32>,
    shares: Vec<f32>,
}

impl Block {
    /// Adds the entries of row `i` whose share of their row or of their column exceeds
    /// `exp(least)`.
    fn add_row(
        &mut self,
        (x, i, f): (&Marginal, usize, f64),
        (y, g): (&Marginal, &[f64]),
        (epsilon, least): (f64, f64),
    ) {
        let (point, mass) = (x.points.row(i), x.logs()[i]);
        if mass == f64::NEG_INFINITY {
            return;
        }
        for (j, (other, g)) in y.points.iter().zip(g).enumerate() {
            let exponent = mass + (f + g - 0.5 * squared_distance(point, other)) / epsilon;
            if exponent > least + (mass - y.logs()[j]).min(0.0) {
                self.columns.push(j as u32);
                self.shares.push(exponent.exp() as f32);
            }
        }
    }

    /// Returns the columns and shares of every row.
    fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = (usize, f64)>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| {
            let entries = self.columns[start..*end].iter().zip(&self.shares[start..*end]);
            entries.map(|(j, share)| (*j as usize, f64::from(*share)))
        })
    }
}

impl<'a> SparsePlan<'a> {
    /// Returns the plan; None if it has too many entries. Time `n m d`.
    ///
    /// # Errors
    /// An interrupt.
    pub fn new(
        (x, y): (&'a Marginal, &'a Marginal),
        (f, g): (&[f64], &[f64]),
        epsilon: f64,
        interrupt: &Interrupt,
    ) -> Result<Option<SparsePlan<'a>>> {
        for share in SHARES {
            let total = AtomicUsize::new(0);
            let height = f.len().div_ceil(BLOCKS);
            let starts: Vec<usize> = (0..f.len()).step_by(height).collect();
            let blocks = starts.into_par_iter().map(|first| {
                let mut block = Block::default();
                for (i, f) in f.iter().enumerate().skip(first).take(height) {
                    interrupt.check()?;
                    block.add_row((x, i, *f), (y, g), (epsilon, share.ln()));
                    let before = block.ends.last().copied().unwrap_or(0);
                    let added = block.columns.len() - before;
                    block.ends.push(block.columns.len());
                    // The sum over all blocks decides, so that the answer does not depend on their
                    // order.
                    if total.fetch_add(added, Ordering::Relaxed) + added > MOST_ENTRIES {
                        break;
                    }
                }
                Ok(block)
            });
            let blocks = blocks.collect::<Result<Vec<Block>>>()?;
            if total.into_inner() <= MOST_ENTRIES {
                return Ok(Some(SparsePlan::of(blocks, x.masses(), y.masses())));
            }
        }
        Ok(None)
    }

    /// Computes the sums and the diagonal of these entries.
    fn of(blocks: Vec<Block>, masses: &'a [f64], columns: &'a [f64]) -> SparsePlan<'a> {
        let mut sums = vec![0.0; columns.len()];
        for (j, share) in blocks.iter().flat_map(Block::rows).flatten() {
            sums[j] += share;
        }
        let scaled = columns.iter().zip(&sums).map(|(b, sum)| if *sum > 0.0 { b / sum } else { 0.0 }).collect();
        let (mut rows, mut diagonal) = (Vec::with_capacity(masses.len()), Vec::with_capacity(masses.len()));
        for row in blocks.iter().flat_map(Block::rows) {
            let (mut sum, mut rest) = (0.0, 0.0);
            for (j, share) in row {
                sum += columns[j] * share;
                rest += columns[j] * share * (1.0 - share / sums[j]);
            }
            rows.push(sum);
            diagonal.push(rest);
        }
        SparsePlan { masses, blocks, columns, scaled, rows, diagonal }
    }

    /// Writes `(diag(r) - P diag(1 / c) P^T) v` with the row sums `r` and the column sums `c`.
    /// Sums over blocks are combined in order.
    pub fn apply(&self, v: &[f64], out: &mut Vec<f64>) {
        let height = v.len().div_ceil(BLOCKS);
        let parts = self.blocks.par_iter().zip(v.par_chunks(height)).map(|(block, v)| {
            let mut part = vec![0.0; self.columns.len()];
            for (row, v) in block.rows().zip(v) {
                row.for_each(|(j, share)| part[j] += share * v);
            }
            part
        });
        let parts: Vec<Vec<f64>> = parts.collect();
        let mean = |j: usize| self.scaled[j] * parts.iter().map(|part| part[j]).sum::<f64>();
        let means: Vec<f64> = (0..self.columns.len()).into_par_iter().map(mean).collect();
        out.resize(v.len(), 0.0);
        let rows = self.rows.par_chunks(height).zip(v.par_chunks(height));
        let tasks = self.blocks.par_iter().zip(rows).zip(out.par_chunks_mut(height));
        tasks.for_each(|((block, (sums, v)), out)| {
            for ((row, out), (sum, v)) in block.rows().zip(out).zip(sums.iter().zip(v)) {
                *out = sum * v - row.map(|(j, share)| share * means[j]).sum::<f64>();
            }
        });
    }

    /// Returns the solution `d` of `(diag(r + damping a) - P diag(1 / c) P^T) d = right`, by
    /// conjugate gradients with a diagonal (Jacobi) preconditioner, stopped early. The time per
    /// iteration is proportional to the number of entries.
    ///
    /// # Errors
    /// An interrupt.
    pub fn solve(&self, right: &[f64], damping: f64, interrupt: &Interrupt) -> Result<Vec<f64>> {
        let diagonal = self.diagonal.iter().zip(self.masses).map(|(d, a)| d + damping * a);
        let inverse: Vec<f64> = diagonal.map(|d| if d > 0.0 { 1.0 / d } else { 0.0 }).collect();
        let mut found = vec![0.0; right.len()];
        let mut residual = right.to_vec();
        let mut direction: Vec<f64> = residual.iter().zip(&inverse).map(|(r, d)| r * d).collect();
        let mut square = dot(&residual, &direction);
        let goal = REDUCTION * REDUCTION * square;
        let mut image = Vec::new();
        for _ in 0..MOST_ITERATIONS {
            interrupt.check()?;
            self.apply(&direction, &mut image);
            image.iter_mut().zip(&direction).zip(self.masses).for_each(|((q, p), a)| *q += damping * a * p);
            let curvature = dot(&direction, &image);
            if !(curvature > 0.0 && square > goal) {
                break;
            }
            let length = square / curvature;
            found.iter_mut().zip(&direction).for_each(|(d, p)| *d += length * p);
            residual.iter_mut().zip(&image).for_each(|(r, q)| *r -= length * q);
            let next: f64 = residual.iter().zip(&inverse).map(|(r, d)| r * r * d).sum();
            let ratio = next / square;
            square = next;
            direction.iter_mut().zip(residual.iter().zip(&inverse)).for_each(|(p, (r, d))| *p = r * d + ratio * *p);
        }
        Ok(found)
    }
}
