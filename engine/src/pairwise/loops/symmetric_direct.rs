//! A pair of chunks of few coordinates, in one pass: the weights stay in registers.

// An index shows clearly that several arrays of registers are traversed together.
#![allow(clippy::needless_range_loop)]

use super::tile::{self, WIDTH};
use crate::simd::{Buffer, Real};
use pulp::{Simd, bytemuck};

/// Buffers of one pair of chunks.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    pub queries: Buffer<T>,
    pub squares: Buffer<T>,
    pub scores: Buffer<T>,
    /// Sums of the points of the first chunk: `[panel][1 + dim][lane]`.
    pub sums: Buffer<T>,
    /// Sums of the points of the second chunk, `[point][dim]`, padded to whole registers.
    pub turned: Buffer<T>,
    /// Masses of the points of the second chunk, one register each.
    pub masses: Buffer<T>,
}

/// Computes scores, weights and sums in one pass for `D` coordinates: `R` points of the second
/// chunk at a time with all points of the first. `BOTH` is true if the chunks differ.
#[inline(always)]
pub fn direct<T: Real, S: Simd, const D: usize, const R: usize, const BOTH: bool>(
    simd: S,
    panels: usize,
    x: &[T],
    scratch: &mut Scratch<T>,
) {
    let mut j = 0;
    let points = x.as_chunks::<D>().0;
    while j + R <= points.len() {
        direct_rows::<T, S, D, R, BOTH>(simd, panels, &points[j..j + R], j, scratch);
        j += R;
    }
    while j < points.len() {
        direct_rows::<T, S, D, 1, BOTH>(simd, panels, &points[j..=j], j, scratch);
        j += 1;
    }
}

#[inline(always)]
fn direct_rows<T: Real, S: Simd, const D: usize, const R: usize, const BOTH: bool>(
    simd: S,
    panels: usize,
    points: &[[T; D]],
    j: usize,
    scratch: &mut Scratch<T>,
) {
    let lanes = T::lanes::<S>();
    let width = WIDTH * lanes;
    let zero = T::splat(simd, T::default());
    let mut x = [[zero; D]; R];
    for (x, point) in x.iter_mut().zip(points) {
        for c in 0..D {
            x[c] = T::splat(simd, point[c]);
        }
    }
    let (mut mass, mut turned) = ([zero; R], [[zero; D]; R]);
    let queries = tile::rows::<T, S>(scratch.queries.slice(panels * D * width)).chunks_exact(D);
    let sums = tile::rows_mut::<T, S>(scratch.sums.take(panels * (D + 1) * width)).chunks_exact_mut(D + 1);
    for (q, o) in queries.zip(sums) {
        for v in 0..WIDTH {
            let mut own = o[0][v];
            let mut sum = [zero; D];
            let mut y = [zero; D];
            for c in 0..D {
                (y[c], sum[c]) = (q[c][v], o[c + 1][v]);
            }
            for r in 0..R {
                let mut score = zero;
                for c in 0..D {
                    let t = T::sub(simd, y[c], x[r][c]);
                    score = T::negate_mul_add(simd, t, t, score);
                }
                let w = T::exp2(simd, score);
                own = T::add(simd, own, w);
                for c in 0..D {
                    sum[c] = T::mul_add(simd, w, x[r][c], sum[c]);
                }
                if BOTH {
                    mass[r] = T::add(simd, mass[r], w);
                    for c in 0..D {
                        turned[r][c] = T::mul_add(simd, w, y[c], turned[r][c]);
                    }
                }
            }
            o[0][v] = own;
            for c in 0..D {
                o[c + 1][v] = sum[c];
            }
        }
    }
    if BOTH {
        let stride = D.next_multiple_of(lanes);
        let masses = scratch.masses.slice_mut((j + R) * lanes);
        T::registers_mut::<S>(&mut masses[j * lanes..]).copy_from_slice(&mass);
        let rows = scratch.turned.slice_mut((j + R) * stride)[j * stride..].chunks_exact_mut(stride);
        for (row, turned) in rows.zip(&turned) {
            for (value, sum) in row.iter_mut().zip(turned) {
                let parts: &[T] = bytemuck::cast_slice(std::slice::from_ref(sum));
                *value = T::from_f64(parts.iter().map(|part| part.to_f64()).sum());
            }
        }
    }
}
