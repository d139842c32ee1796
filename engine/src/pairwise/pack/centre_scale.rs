//! The conversion of the caller's f64 points to the data of the backends: centred, scaled and
//! rounded, once per call.
//!
//! The mean of the sources is subtracted in f64, so that a common offset costs no precision. The
//! scale makes the score a plain negative squared distance. Rounding to the working type comes
//! last.

use crate::Points;
use crate::pairwise::Values;
use crate::pairwise::loops::tile::Form;
use crate::pairwise::plan::Centres;
use crate::points::kd_order::Order;
use crate::simd::Buffer;
use crate::simd::Real;
use rayon::prelude::*;

/// The number of rows converted by one task.
const ROWS: usize = 512;

/// The number of readable numbers after the last source; their values do not matter.
const BEHIND: usize = 64;

/// Sources in the form that the backends read.
#[derive(Debug, Default)]
pub struct Packed<T> {
    x: Buffer<T>,
    bias: Buffer<T>,
    values: Buffer<T>,
    /// Number of sources.
    pub m: usize,
    /// Number of coordinates of the sources.
    pub dim: usize,
    /// Number of coordinates of the values; 0 without values.
    pub value_dim: usize,
    /// The centre that is subtracted from sources and queries.
    pub centre: Vec<f64>,
    /// The centre that is subtracted from the values.
    pub value_centre: Vec<f64>,
    /// Factor of the coordinates.
    pub scale: f64,
    /// True if the values are the packed sources: the sums are then `scale` times too large.
    shared: bool,
    /// The number of centres to which coordinates are relative: one, or one per panel.
    centres: Centres,
    /// With many centres: the coordinates minus their rounded values in `x`.
    low: Buffer<T>,
}

impl<T: Real> Packed<T> {
    /// Packs `sources` in the order `order`, or in their own order if it is None. Packs `values`,
    /// too, if they are not the sources themselves. With one centre in product form, the bias of a
    /// score is the log-weight minus the squared norm. Otherwise the bias is the log-weight.
    pub fn pack(
        &mut self,
        sources: &Points,
        values: Option<Values>,
        (centre, scale): (&[f64], f64),
        (form, centres): (Form, Centres),
        log_weights: Option<&[f64]>,
        order: Option<&Order>,
    ) {
        self.centres = centres;
        self.begin(sources, values, (centre, scale), order);
        let size = self.m * self.dim;
        let x = &mut self.x.take(size + BEHIND)[..size];
        match centres {
            Centres::One => convert(sources, order, centre, scale, x),
            Centres::Many => split(sources, order, (centre, scale), x, &mut self.low.take(size + BEHIND)[..size]),
        }
        let (x, dim) = (self.x.slice(self.m * self.dim), self.dim);
        let with_square = form.has_products() && centres == Centres::One;
        self.bias.take(self.m).par_chunks_mut(ROWS).zip(x.par_chunks(ROWS * dim)).enumerate().for_each(
            |(chunk, (bias, x))| {
                for (r, (b, row)) in bias.iter_mut().zip(x.chunks_exact(dim)).enumerate() {
                    let l = in_bits(log_weights, index(order, chunk * ROWS + r));
                    *b = T::from_f64(if with_square { l - square(row) } else { l });
                }
            },
        );
    }

    /// Sets the sizes, the centre and the values.
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

    /// True if coordinates are stored in two parts, to be moved into the frame of a panel.
    pub fn in_parts(&self) -> bool {
        self.centres == Centres::Many
    }

    /// Returns the coordinates of a source relative to the common centre, scaled.
    pub fn around_all(&self, position: usize) -> impl Iterator<Item = f64> {
        let low = if self.in_parts() { self.low(position) } else { &[] };
        let low = low.iter().map(|low| low.to_f64()).chain(std::iter::repeat(0.0));
        self.x(position, 1).iter().zip(low).map(|(x, low)| x.to_f64() + low)
    }

    /// Returns the second parts of the coordinates of the sources from `from` to the last: the
    /// exact values minus those of [`Packed::from`]. Coordinates must be stored in two parts.
    #[inline(always)]
    pub fn low(&self, from: usize) -> &[T] {
        &self.low.slice(self.m * self.dim + BEHIND)[from * self.dim..]
    }

    /// True if the values are the sources themselves.
    pub fn values_are_sources(&self) -> bool {
        self.shared
    }

    /// Returns sources `from .. from + rows`, rows x dim.
    #[inline(always)]
    pub fn x(&self, from: usize, rows: usize) -> &[T] {
        &self.x.slice(self.m * self.dim)[from * self.dim..(from + rows) * self.dim]
    }

    /// Returns the sources from `from` to the last, and the memory after them.
    #[inline(always)]
    pub fn from(&self, from: usize) -> &[T] {
        &self.x.slice(self.m * self.dim + BEHIND)[from * self.dim..]
    }

    /// Returns the biases of the scores of sources `from .. from + rows`.
    #[inline(always)]
    pub fn bias(&self, from: usize, rows: usize) -> &[T] {
        &self.bias.slice(self.m)[from..from + rows]
    }

    /// Returns the largest log-weight of some sources, in bits.
    pub fn top(&self, from: usize, rows: usize, form: Form) -> f64 {
        let log_weight = |j: usize| {
            let bias = self.bias(j, 1)[0].to_f64();
            if form.has_products() && !self.in_parts() { bias + square(self.x(j, 1)) } else { bias }
        };
        (from..from + rows).map(log_weight).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Returns the values of sources `from .. from + rows`, rows x `value_dim`.
    #[inline(always)]
    pub fn values(&self, from: usize, rows: usize) -> &[T] {
        if self.shared {
            return self.x(from, rows);
        }
        &self.values.slice(self.m * self.value_dim)[from * self.value_dim..(from + rows) * self.value_dim]
    }

    /// Returns the factor that undoes the scale of summed values.
    pub fn value_scale(&self) -> f64 {
        if self.shared { 1.0 / self.scale } else { 1.0 }
    }
}

/// Returns the log-weight of source `j` in bits.
fn in_bits(log_weights: Option<&[f64]>, j: usize) -> f64 {
    log_weights.map_or(0.0, |l| l[j]) * std::f64::consts::LOG2_E
}

/// Returns the index of the point at this position.
fn index(order: Option<&Order>, position: usize) -> usize {
    order.map_or(position, |o| o.index[position] as usize)
}

/// Returns `scale (x - centre)`, row by row in this order.
fn convert<T: Real>(from: &Points, order: Option<&Order>, centre: &[f64], scale: f64, to: &mut [T]) {
    let dim = from.dim();
    to.par_chunks_mut(ROWS * dim).enumerate().for_each(|(chunk, to)| {
        for (r, to) in to.chunks_exact_mut(dim).enumerate() {
            let row = from.row(index(order, chunk * ROWS + r));
            to.iter_mut().zip(row).zip(centre).for_each(|((t, x), c)| *t = T::from_f64((x - c) * scale));
        }
    });
}

/// Returns `scale (x - centre)` in two parts: the rounded value and the remainder.
fn split<T: Real>(from: &Points, order: Option<&Order>, (centre, scale): (&[f64], f64), high: &mut [T], low: &mut [T]) {
    let dim = from.dim();
    high.par_chunks_mut(ROWS * dim).zip(low.par_chunks_mut(ROWS * dim)).enumerate().for_each(|(chunk, (high, low))| {
        for (r, (high, low)) in high.chunks_exact_mut(dim).zip(low.chunks_exact_mut(dim)).enumerate() {
            let row = from.row(index(order, chunk * ROWS + r));
            for ((high, low), (x, c)) in high.iter_mut().zip(low).zip(row.iter().zip(centre)) {
                let x = (x - c) * scale;
                *high = T::from_f64(x);
                *low = T::from_f64(x - high.to_f64());
            }
        }
    });
}

/// Returns the squared norm.
pub fn square<T: Real>(row: &[T]) -> f64 {
    row.iter().map(|x| x.to_f64() * x.to_f64()).sum()
}
