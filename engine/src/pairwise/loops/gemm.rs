//! Both matrix products of a block, computed by faer, so that the speed of a general matrix product
//! can be compared with that of our tiles.

use crate::simd::Real;
use faer::{Accum, MatMut, MatRef};

/// Computes `s[j] = bias_j + q.x_j`: `q` is dim x width, `x` rows x dim, `s` rows x width.
pub fn scores<T: Real>(q: &[T], x: &[T], bias: &[T], s: &mut [T]) {
    let (rows, width) = (bias.len(), s.len() / bias.len());
    let dim = q.len() / width;
    for (s, bias) in s.chunks_exact_mut(width).zip(bias) {
        s.fill(*bias);
    }
    let (q, x) = (MatRef::from_row_major_slice(q, dim, width), MatRef::from_row_major_slice(x, rows, dim));
    T::multiply(MatMut::from_row_major_slice_mut(s, rows, width), Accum::Add, x, q);
}

/// Computes `o[c] = scale o[c] + sum_j w[j] v[j][c]`: `w` is rows x width, `v` rows x dim, `o` dim
/// x width.
pub fn accumulate<T: Real>(w: &[T], v: &[T], o: &mut [T], scale: &[T]) {
    let (width, dim) = (scale.len(), o.len() / scale.len());
    let rows = w.len() / width;
    for o in o.chunks_exact_mut(width) {
        o.iter_mut().zip(scale).for_each(|(o, scale)| *o = T::from_f64(o.to_f64() * scale.to_f64()));
    }
    let (w, v) = (MatRef::from_row_major_slice(w, rows, width), MatRef::from_row_major_slice(v, rows, dim));
    T::multiply(MatMut::from_row_major_slice_mut(o, dim, width), Accum::Add, v.transpose(), w);
}
