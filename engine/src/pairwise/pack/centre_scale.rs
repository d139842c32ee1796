//! From the caller's f64 points to what the loops read: centred, scaled, converted, once per call.
//!
//! The sources' mean is subtracted in f64, so that a common offset costs no digits; the scale makes the score a plain
//! negative squared distance; rounding to the working type comes last.

use super::frame::median;
use super::kd_order::Order;
use crate::Points;
use crate::pairwise::Values;
use crate::pairwise::loops::tile::Form;
use crate::simd::Buffer;
use crate::simd::Real;
use rayon::prelude::*;

/// Rows converted by one task.
const ROWS: usize = 512;

/// Numbers behind the last source that may be read, whatever they are.
const BEHIND: usize = 64;

/// Sources as the loops read them.
#[derive(Debug, Default)]
pub struct Packed<T> {
    x: Buffer<T>,
    bias: Buffer<T>,
    values: Buffer<T>,
    /// Number of sources.
    pub m: usize,
    /// Coordinates of the sources.
    pub dim: usize,
    /// Coordinates of the values; 0 without values.
    pub value_dim: usize,
    /// Mean of the sources: subtracted from sources and queries.
    pub centre: Vec<f64>,
    /// Subtracted from the values.
    pub value_centre: Vec<f64>,
    /// Factor of the coordinates.
    pub scale: f64,
    /// The values are the packed sources: what is summed is `scale` times too large.
    shared: bool,
    /// Where every block has a centre of its own: sources per block, and the centres, blocks x dim.
    block: Option<usize>,
    block_centres: Vec<f64>,
}

impl<T: Real> Packed<T> {
    /// Packs `sources` in this order (their own without one), and `values` unless they are the sources themselves.
    pub fn pack(
        &mut self,
        sources: &Points,
        values: Option<Values>,
        (centre, scale): (&[f64], f64),
        form: Form,
        log_weights: Option<&[f64]>,
        order: Option<&Order>,
    ) {
        self.block = None;
        self.begin(sources, values, (centre, scale), order);
        let size = self.m * self.dim;
        convert(sources, order, centre, scale, &mut self.x.take(size + BEHIND)[..size]);
        let (x, dim) = (self.x.slice(self.m * self.dim), self.dim);
        self.bias.take(self.m).par_chunks_mut(ROWS).zip(x.par_chunks(ROWS * dim)).enumerate().for_each(
            |(chunk, (bias, x))| {
                for (r, (b, row)) in bias.iter_mut().zip(x.chunks_exact(dim)).enumerate() {
                    let l = in_bits(log_weights, index(order, chunk * ROWS + r));
                    *b = T::from_f64(if form == Form::Product { l - square(row) } else { l });
                }
            },
        );
    }

    /// Packs `sources` in this order with a centre for every `block` of them; what scores start with is the log-weight
    /// alone. Values other than the sources keep one centre.
    pub fn pack_blocks(
        &mut self,
        sources: &Points,
        values: Option<Values>,
        (centre, scale): (&[f64], f64),
        block: usize,
        log_weights: Option<&[f64]>,
        order: &Order,
    ) {
        self.block = Some(block);
        self.begin(sources, values, (centre, scale), Some(order));
        let (m, dim) = (self.m, self.dim);
        self.block_centres.resize(m.div_ceil(block) * dim, 0.0);
        let x = self.x.take(m * dim + BEHIND)[..m * dim].par_chunks_mut(block * dim);
        let blocks = x.zip(self.bias.take(m).par_chunks_mut(block)).zip(self.block_centres.par_chunks_mut(dim));
        blocks.enumerate().for_each_init(Vec::new, |axis, (b, ((x, bias), centre))| {
            let at = |r: usize| order.index[b * block + r] as usize;
            median(bias.len(), |r| sources.row(at(r)), dim, axis, centre);
            for (r, (x, bias)) in x.chunks_exact_mut(dim).zip(bias).enumerate() {
                let row = sources.row(at(r)).iter().zip(&*centre);
                x.iter_mut().zip(row).for_each(|(t, (x, c))| *t = T::from_f64((x - c) * scale));
                *bias = T::from_f64(in_bits(log_weights, at(r)));
            }
        });
    }

    /// Sizes, centre and values.
    fn begin(
        &mut self,
        sources: &Points,
        values: Option<Values>,
        (centre, scale): (&[f64], f64),
        order: Option<&Order>,
    ) {
        (self.m, self.dim, self.scale) = (sources.n(), sources.dim(), scale);
        self.centre.clear();
        self.centre.extend_from_slice(centre);
        self.value_dim = values.map_or(0, |values| values.points(sources).dim());
        self.shared = matches!(values, Some(Values::Own));
        self.value_centre = match values {
            None => Vec::new(),
            Some(Values::Own) => self.centre.clone(),
            Some(Values::Of(values)) => values.mean(),
        };
        if let Some(Values::Of(values)) = values {
            convert(values, order, &self.value_centre, 1.0, self.values.take(self.m * self.value_dim));
        }
    }

    /// Has every block a centre of its own?
    pub fn by_blocks(&self) -> bool {
        self.block.is_some()
    }

    /// The centre, in the caller's units, around which the source at this position was packed.
    #[inline(always)]
    pub fn block_centre(&self, position: usize) -> &[f64] {
        match self.block {
            Some(block) => &self.block_centres[position / block * self.dim..][..self.dim],
            None => &self.centre,
        }
    }

    /// A source's coordinates around the common centre, scaled.
    pub fn around_all(&self, position: usize) -> impl Iterator<Item = f64> {
        let moved = self.block_centre(position).iter().zip(&self.centre).map(|(block, all)| (block - all) * self.scale);
        self.x(position, 1).iter().zip(moved).map(|(x, moved)| x.to_f64() + moved)
    }

    /// Are the values the sources themselves?
    pub fn values_are_sources(&self) -> bool {
        self.shared
    }

    /// Sources `from .. from + rows`, rows x dim.
    #[inline(always)]
    pub fn x(&self, from: usize, rows: usize) -> &[T] {
        &self.x.slice(self.m * self.dim)[from * self.dim..(from + rows) * self.dim]
    }

    /// Sources from `from` to the last, and memory behind it.
    #[inline(always)]
    pub fn from(&self, from: usize) -> &[T] {
        &self.x.slice(self.m * self.dim + BEHIND)[from * self.dim..]
    }

    /// What scores start with.
    #[inline(always)]
    pub fn bias(&self, from: usize, rows: usize) -> &[T] {
        &self.bias.slice(self.m)[from..from + rows]
    }

    /// The largest log-weight of some sources, in bits.
    pub fn top(&self, from: usize, rows: usize, form: Form) -> f64 {
        let log_weight = |j: usize| {
            let bias = self.bias(j, 1)[0].to_f64();
            if form == Form::Product && self.block.is_none() { bias + square(self.x(j, 1)) } else { bias }
        };
        (from..from + rows).map(log_weight).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Their values, rows x `value_dim`.
    #[inline(always)]
    pub fn values(&self, from: usize, rows: usize) -> &[T] {
        if self.shared {
            return self.x(from, rows);
        }
        &self.values.slice(self.m * self.value_dim)[from * self.value_dim..(from + rows) * self.value_dim]
    }

    /// What undoes the scale of summed values.
    pub fn value_scale(&self) -> f64 {
        if self.shared { 1.0 / self.scale } else { 1.0 }
    }

    /// One query around `centre` into lane `lane` of a panel `q` of `width` lanes, times 2 in product form. Returns its
    /// squared distance from the centre.
    pub fn pack_query(
        &self,
        (query, centre): (&[f64], &[f64]),
        form: Form,
        q: &mut [T],
        lane: usize,
        width: usize,
    ) -> f64 {
        let factor = if form == Form::Product { 2.0 } else { 1.0 };
        let mut total = 0.0;
        for (k, (x, c)) in query.iter().zip(centre).enumerate() {
            let rounded = T::from_f64((x - c) * self.scale).to_f64();
            total += rounded * rounded;
            q[k * width + lane] = T::from_f64(factor * rounded);
        }
        total
    }
}

/// A log-weight in bits.
fn in_bits(log_weights: Option<&[f64]>, j: usize) -> f64 {
    log_weights.map_or(0.0, |l| l[j]) * std::f64::consts::LOG2_E
}

/// The point at this position.
fn index(order: Option<&Order>, position: usize) -> usize {
    order.map_or(position, |o| o.index[position] as usize)
}

/// `scale (x - centre)`, row by row in this order.
fn convert<T: Real>(from: &Points, order: Option<&Order>, centre: &[f64], scale: f64, to: &mut [T]) {
    let dim = from.dim();
    to.par_chunks_mut(ROWS * dim).enumerate().for_each(|(chunk, to)| {
        for (r, to) in to.chunks_exact_mut(dim).enumerate() {
            let row = from.row(index(order, chunk * ROWS + r));
            to.iter_mut().zip(row).zip(centre).for_each(|((t, x), c)| *t = T::from_f64((x - c) * scale));
        }
    });
}

/// The squared norm.
pub fn square<T: Real>(row: &[T]) -> f64 {
    row.iter().map(|x| x.to_f64() * x.to_f64()).sum()
}
