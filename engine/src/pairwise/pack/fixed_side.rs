//! A set of points that does not move, packed both as queries and as sources.

use crate::Points;
use crate::pairwise::loops::tile::Form;
use crate::pairwise::plan::Plan;
use crate::simd::{Buffer, Real};
use rayon::prelude::*;

/// The number of rows converted by one task.
const ROWS: usize = 512;

/// A set packed as sources and as queries, both from the same rounded numbers `scale (x - centre)`.
#[derive(Debug, Default)]
pub struct FixedSide<T> {
    /// Number of points.
    pub n: usize,
    /// Number of coordinates.
    pub dim: usize,
    /// As sources, n x dim.
    x: Buffer<T>,
    /// As queries, panels x dim x width. In product form the values are multiplied by 2. Copies of
    /// the last point fill the remaining lanes.
    panels: Buffer<T>,
    panel: usize,
    /// The squared norms, which scores in product form do not contain.
    pub squares: Vec<f64>,
}

impl<T: Real> FixedSide<T> {
    /// Packs `points` around `centre` for this plan.
    pub fn pack(points: &Points, (centre, scale): (&[f64], f64), plan: &Plan) -> FixedSide<T> {
        let (n, dim, width) = (points.n(), points.dim(), plan.width);
        let mut side = FixedSide { n, dim, panel: dim * width, ..FixedSide::default() };
        side.squares.resize(n, 0.0);
        let rows = side.x.take(n * dim).par_chunks_mut(ROWS * dim).zip(side.squares.par_chunks_mut(ROWS));
        rows.zip(points.data().par_chunks(ROWS * dim)).for_each(|((to, squares), from)| {
            let rows = to.chunks_exact_mut(dim).zip(from.chunks_exact(dim)).zip(squares);
            for ((to, from), square) in rows {
                for ((to, x), c) in to.iter_mut().zip(from).zip(centre) {
                    *to = T::from_f64((x - c) * scale);
                }
                *square = super::square(to);
            }
        });
        let factor = if plan.form == Form::Product { 2.0 } else { 1.0 };
        let x = side.x.slice(n * dim);
        let panels = side.panels.take(n.div_ceil(width) * dim * width);
        panels.par_chunks_mut(dim * width).enumerate().for_each(|(p, panel)| {
            for lane in 0..width {
                let row = &x[(p * width + lane).min(n - 1) * dim..][..dim];
                row.iter().enumerate().for_each(|(k, x)| panel[k * width + lane] = T::from_f64(factor * x.to_f64()));
            }
        });
        side
    }

    /// Returns sources `from .. from + rows`, rows x dim.
    #[inline(always)]
    pub fn rows(&self, from: usize, rows: usize) -> &[T] {
        &self.x.slice(self.n * self.dim)[from * self.dim..(from + rows) * self.dim]
    }

    /// Returns panel `p` of queries, dim x width.
    #[inline(always)]
    pub fn panel(&self, p: usize) -> &[T] {
        &self.panels.slice((p + 1) * self.panel)[p * self.panel..]
    }

    /// Returns the part that scores in product form do not contain, the squared norm of point `i`.
    /// In other forms it is 0.
    #[inline(always)]
    pub fn missing(&self, i: usize, form: Form) -> f64 {
        if form == Form::Product { self.squares[i] } else { 0.0 }
    }
}
