//! The register tile of a turned product: the values of sources lie in the lanes, and the weights
//! of queries are broadcast.

// An index shows clearly that several arrays of registers are traversed together.
#![allow(clippy::needless_range_loop)]

use super::tile::WIDTH;
use crate::simd::Real;
use pulp::Simd;

/// Computes `t[j] += sum_i w[j][i] v[i]` for the lanes `i` of a panel that contain one of the
/// `live` points. The shapes are: `w` rows x panel; `v` points x dim, with readable memory after
/// the last point; `t` rows x dim, padded to whole registers.
#[inline(always)]
pub fn turn<T: Real, S: Simd>(simd: S, w: &[T], v: &[T], (live, dim): (usize, usize), t: &mut [T]) {
    let lanes = T::lanes::<S>();
    let registers = dim.div_ceil(lanes);
    let mut c = 0;
    while c < registers {
        let at = (c * lanes, live, dim);
        c += match registers - c {
            1 => turn_columns::<T, S, 1>(simd, w, v, at, t),
            2 | 4 => turn_columns::<T, S, 2>(simd, w, v, at, t),
            _ => turn_columns::<T, S, 3>(simd, w, v, at, t),
        };
    }
}

/// Computes `C` registers of columns of all rows and returns `C`.
#[inline(always)]
fn turn_columns<T: Real, S: Simd, const C: usize>(
    simd: S,
    w: &[T],
    v: &[T],
    at: (usize, usize, usize),
    t: &mut [T],
) -> usize {
    let (lanes, width) = (T::lanes::<S>(), WIDTH * T::lanes::<S>());
    let (rows, stride) = (w.len() / width, at.2.next_multiple_of(lanes));
    let mut j = 0;
    while S::REGISTER_COUNT >= 32 && j + 8 <= rows {
        turn_rows::<T, S, C, 8>(simd, &w[j * width..], v, at, &mut t[j * stride..]);
        j += 8;
    }
    while j + 4 <= rows {
        turn_rows::<T, S, C, 4>(simd, &w[j * width..], v, at, &mut t[j * stride..]);
        j += 4;
    }
    while j < rows {
        turn_rows::<T, S, C, 1>(simd, &w[j * width..], v, at, &mut t[j * stride..]);
        j += 1;
    }
    C
}

#[inline(always)]
fn turn_rows<T: Real, S: Simd, const C: usize, const R: usize>(
    simd: S,
    w: &[T],
    v: &[T],
    (from, live, dim): (usize, usize, usize),
    t: &mut [T],
) {
    let (lanes, width) = (T::lanes::<S>(), WIDTH * T::lanes::<S>());
    let stride = dim.next_multiple_of(lanes);
    let mut weights = [w; R];
    for (r, weights) in weights.iter_mut().enumerate() {
        *weights = &w[r * width..][..live];
    }
    let mut acc = [[T::splat(simd, T::default()); C]; R];
    for i in 0..live {
        let v = &T::registers::<S>(&v[i * dim + from..][..C * lanes])[..C];
        for r in 0..R {
            let a = T::splat(simd, weights[r][i]);
            for c in 0..C {
                acc[r][c] = T::mul_add(simd, a, v[c], acc[r][c]);
            }
        }
    }
    for (r, acc) in acc.iter().enumerate() {
        let t = T::registers_mut::<S>(&mut t[r * stride + from..][..C * lanes]);
        for (t, acc) in t.iter_mut().zip(acc) {
            *t = T::add(simd, *t, *acc);
        }
    }
}
